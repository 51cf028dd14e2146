"""Readers: what makes a file, a cell, a number; and what a file is refused for before its times."""

import ast
import gzip
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data.files import csv_file
from dcvae.data.files.cells import CellRules
from dcvae.data.files.opening import open_file
from dcvae.data.tables import check_names, read_table
from support.tables import GOOD, TIMES, VALUES

pytestmark = pytest.mark.usefixtures("engine")


def test_first_column_stays_as_written_and_the_others_become_numbers(write):
    file = open_file(write(" when ,a,note,b\nnow,1,x,\n 007,2.5,y,-3\n"))
    assert file.names == ["when", "a", "note", "b"]
    first, cells = file.read(["when"], ["b", "a"], CellRules())
    assert list(first["when"]) == ["now", " 007"]
    assert list(cells.columns) == ["b", "a"]
    np.testing.assert_array_equal(cells, [[np.nan, 1.0], [-3.0, 2.5]])
    assert file.places([0, 1]) == ["row 1 (line 2)", "row 2 (line 3)"]


@pytest.mark.parametrize("cell", [" 4 ", " NA ", "4", "99999999999999999999"])
def test_an_untidy_cell_does_not_change_the_other_columns(write, cell):
    numbers = np.random.default_rng(0).normal(size=50)
    rows = "".join(f"{n},{number!r},{n}\n" for n, number in enumerate(numbers.tolist()))
    _, cells = open_file(write("t,a,b\n" + rows + f"50,1,{cell}\n")).read(
        ["t"], ["a", "b"], CellRules()
    )
    assert cells.dtypes.eq("float64").all()
    np.testing.assert_array_equal(cells["a"], [*numbers, 1.0])
    np.testing.assert_array_equal(cells["b"], [*range(50), float(cell.replace("NA", "nan"))])


@pytest.mark.parametrize("words", ["True FALSE 0", "on off 0", "Yes no 0", "TRUE false 0"])
def test_words_of_truth_are_one_and_zero(write, words):
    cells = words.split()
    path = write("t,a,b\n" + "".join(f"{n},{cell},{n}\n" for n, cell in enumerate(cells)))
    file = open_file(path)
    _, values = file.read(["t"], ["a", "b"], CellRules())
    np.testing.assert_array_equal(values["a"], [1, 0, 0])
    assert file.notices == ["Words are read as 1 (true, on, yes) and 0 in `a`."]


def test_words_of_truth_beside_others_are_refused(write):
    path = write("t,a\n1,True\n2,high\n3,0\n")
    message = r"row 1 \(line 2\), column `a` holds `True`, .* `high`; expected a number"
    with pytest.raises(InputError, match=message):
        open_file(path).read(["t"], ["a"], CellRules("a number"))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_texts_are_the_cells_of_rows_as_written(write, tmp_path, suffix):
    path = write('t,a,b\n1, 2.50 ,\n\n2,"x, y",1e400\n3,0,0\n')
    if suffix == "parquet":
        path = tmp_path / "data.parquet"
        columns = {"t": ["1", "2", "3"], "a": ["2.50", "x, y ", "0"], "b": [None, "1e400", "0"]}
        pd.DataFrame(columns).to_parquet(path)
    file = open_file(path)
    assert file.texts([0, 1]) == [["1", "2.50", ""], ["2", "x, y", "1e400"]]
    assert file.texts([2]) == [["3", "0", "0"]]
    assert file.texts([]) == file.places([]) == []


@pytest.mark.parametrize("separator", ["\t", "|", ";"])
def test_other_separators(write, separator):
    table = read_table(write(GOOD.replace(",", separator)))
    np.testing.assert_array_equal(table.frame, VALUES)


def test_a_tab_within_a_name_is_no_separator(write):
    assert open_file(write("time,a\tb\n1,2\n")).names == ["time", "a\tb"]


def test_a_short_row_is_found_behind_a_long_one(write):
    path = write("t,a,b\n1,2,3\n4,5\n6,7,8,9\n")
    with pytest.raises(InputError, match=r"row 2 \(line 3\) has 2, row 3 \(line 4\) has 4"):
        open_file(path).read(["t"], ["a", "b"], CellRules())


def test_a_byte_order_mark_alone_is_an_empty_file(write):
    with pytest.raises(InputError, match="the file is empty"):
        open_file(write(b"\xef\xbb\xbf\n"))


def test_a_parquet_index_named_as_a_column_is_refused(tmp_path):
    path = tmp_path / "data.parquet"
    pd.DataFrame({"a": [1.0], "b": [2.0]}, pd.Index([7.0], name="a")).to_parquet(path)
    with pytest.raises(InputError, match="the column name `a` is repeated"):
        check_names(open_file(path))


@pytest.mark.parametrize("rows", ["2021-01-01,0,0\n2021-01-02,0,0\n", "2021-01-01,1,2\n"])
def test_a_missing_header_is_told_before_what_follows_from_it(write, rows):
    with pytest.raises(InputError, match="the first line starts with the time `2021-01-01`"):
        read_table(write(rows))


def test_files_do_not_know_tables():
    for module in Path(csv_file.__file__).parent.glob("*.py"):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        own = {name for name in imported if name.startswith("dcvae.data")}
        assert all(name.startswith(("dcvae.data.files", "dcvae.data.exports")) for name in own)


# --- Through to a table ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD, id="plain"),
        pytest.param("\ufeff" + GOOD, id="byte order mark"),
        pytest.param(GOOD.replace(",", ";"), id="semicolons"),
        pytest.param(GOOD.replace("\n", "\r\n"), id="Windows line ends"),
        pytest.param(GOOD.replace("\n", "\r"), id="old Macintosh line ends"),
        pytest.param(GOOD + "\n\n \n", id="trailing blank lines"),
        pytest.param("\n\n" + GOOD, id="leading blank lines"),
        pytest.param(GOOD.replace("\n2021", "\n\n2021"), id="blank lines between"),
        pytest.param(GOOD.rstrip("\n"), id="no last line end"),
        pytest.param(GOOD.replace(",", " , "), id="spaces around cells"),
        pytest.param(re.sub(r"(2021[^,]*),", r'"\1",', GOOD), id="quoted times"),
        pytest.param(re.sub(r"([^,\n]+)", r'"\1"', GOOD), id="everything quoted"),
        pytest.param(gzip.compress(GOOD.encode()), id="gzip"),
        pytest.param(GOOD.replace("time,", ","), id="time without a name"),
    ],
)
def test_forms_of_one_file_read_the_same(write, content):
    table = read_table(write(content))
    expected = pd.DataFrame(VALUES, TIMES, ["a", "b"])
    pd.testing.assert_frame_equal(table.frame, expected, check_freq=False)
    assert table.notices == []


def test_numbers_are_exact(write):
    numbers = np.random.default_rng(0).normal(size=300) * 10.0 ** np.arange(-150, 150)
    index = pd.date_range("2021-01-01", periods=300, freq="min")
    text = pd.DataFrame({"a": numbers}, index).to_csv()
    np.testing.assert_array_equal(read_table(write(text)).frame["a"], numbers)


@pytest.mark.parametrize(
    "cell", ["", "NA", "NaN", "nan", "-nan", "null", "NULL", '""', " ", " NA "]
)
def test_missing_cells(write, cell):
    table = read_table(write(f"time,a,b\n2021-01-01,{cell},1\n2021-01-02,2,{cell}\n"))
    np.testing.assert_array_equal(table.frame, [[np.nan, 1], [2, np.nan]])


@pytest.mark.parametrize("last", ["2,5", "", "NA", "1e1", "7"])
def test_decimal_commas_in_a_semicolon_file(write, last):
    table = read_table(write(f"time;a;b\n2021-01-01;1,5;-3\n2021-01-02;2;{last}\n"))
    np.testing.assert_array_equal(table.frame["a"], [1.5, 2.0])
    assert table.notices[0] == "Its numbers have a decimal comma: `2,5` is read as 2.5."


def test_decimal_commas_beside_a_blank_cell_take_the_careful_path(write):
    table = read_table(write("time;a\n2021-01-01;1,5\n2021-01-02; NA \n"))
    np.testing.assert_array_equal(table.frame["a"], [1.5, np.nan])
    assert "decimal comma" in table.notices[0]


def test_commas_in_a_column_left_out_do_not_make_decimal_commas(write):
    path = write("time;a;note\n2021-01-01;1.5;x, y\n2021-01-02;2;z\n")
    table = read_table(path, series=["a"])
    np.testing.assert_array_equal(table.frame["a"], [1.5, 2.0])
    assert not any("decimal" in notice for notice in table.notices)


@pytest.mark.parametrize("kept", ["index", "column", "text", "zone"])
def test_parquet(tmp_path, kept):
    frame = pd.DataFrame({"a": [1, 2, 3], "b": pd.array([4, None, 6], dtype="Int64")}, TIMES)
    if kept == "zone":
        frame.index = frame.index.tz_localize("UTC").tz_convert("Europe/Madrid")
    if kept in ("column", "text"):
        frame = frame.reset_index()
    if kept == "text":
        frame = frame.astype({"time": "str", "a": "str"})
    frame.to_parquet(tmp_path / "data.parquet")
    table = read_table(tmp_path / "data.parquet")
    expected = pd.DataFrame({"a": [1.0, 2, 3], "b": [4, np.nan, 6]}, TIMES)
    pd.testing.assert_frame_equal(table.frame, expected, check_freq=False)


REFUSED = {
    "text": (
        "time,a,b\n2021-01-01,1,2\n2021-01-02,1,high\n",
        r"row 2 \(line 3\), column `b` holds `high`; expected a number or empty",
    ),
    "much text": (
        "time,a,b\n2021-01-01,1,x\n\n2021-01-02,y,2\n2021-01-03,z,w\n",
        r"row 1 \(line 2\), column `b` holds `x`, row 2 \(line 4\), column `a` holds `y`, "
        r"row 3 \(line 5\), column `a` holds `z` and 1 more",
    ),
    "hexadecimal": ("time,a\n2021-01-01,0x1F\n", "`0x1F`"),
    "underscore": ("time,a\n2021-01-01,1_000\n", "`1_000`"),
    "both decimal marks": (
        "time;a;b\n2021-01-01;1,5;1\n2021-01-02;1.5;1\n",
        "column `a` holds `1,5`; expected a number",
    ),
    "infinity": (
        "time,a,b\n2021-01-01,1,inf\n2021-01-02,-inf,2\n",
        r"row 1 \(line 2\), column `b` holds `inf`, row 2 \(line 3\), column `a` holds `-inf`; "
        "expected a finite",
    ),
    "overflow": (
        "time,b,a\n2021-01-01,1,0\n2021-01-02,2, -1e400\n",
        r"row 2 \(line 3\), column `a` holds `-1e400`; expected a finite number or empty",
    ),
    "overflow with decimal commas": (
        "time;a\n2021-01-01;1,5\n2021-01-02;1,5e400\n",
        r"row 2 \(line 3\), column `a` holds `1,5e400`; expected a finite",
    ),
    "blanks": (
        "time a b\n2021-01-01 1 2\n2021-01-02 1 2\n",
        "its only column is `time a b`; its cells seem to be separated by blanks: write commas",
    ),
    "empty file": ("", "the file is empty"),
    "blank file": ("\n \n", "the file is empty"),
    "header only": ("time,a\n\n", "it has a header but no rows"),
    "short row": (
        "time,a,b\n2021-01-01,1,2\n2021-01-02,1\n",
        r"the header has 3 columns but row 2 \(line 3\) has 2",
    ),
    "long row": ("time,a\n2021-01-01,1\n2021-01-02,1,5\n", r"2 columns but row 2 \(line 3\) has 3"),
    "long first row": ("time,a\n2021-01-01,1,5\n", r"row 1 \(line 2\) has 3"),
    "all rows short": ("time,a,b\n2021-01-01,1\n2021-01-02,1\n", r"row 1 \(line 2\) has 2, row 2"),
    "short row among quotes": (
        'time,a,b\n"2021-01-01",1,2\n"2021-01-02",1\n',
        r"row 2 \(line 3\) has 2",
    ),
    "short and long rows": (
        "time,a,b\n2021-01-01,1\n2021-01-02,1,2,3\n2021-01-03,1,2\n",
        r"row 1 \(line 2\) has 2, row 2 \(line 3\) has 4",
    ),
    "open quote": (
        'time,a,b\n2021-01-01,"1,2\n2021-01-02,1,2\n',
        r"row 1 \(line 2\) has 2; .*\(is a quote open",
    ),
    "open quote at the end": (GOOD + '2021-01-01 00:03,1,"2', "cannot be read as CSV"),
    "huge cell": ("time,a\n2021-01-01," + "9" * 200_000 + '"x\n', "cannot be read as CSV"),
    "image": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "this is not a text file"),
    "damaged archive": (b"PK\x03\x04\x14\x00\x06\x00", "the zip archive is damaged or cut off"),
    "UTF-16": (GOOD.encode("utf-16"), "save it as CSV in UTF-8"),
    "Latin-1": (
        "time,a\n2021-01-01,1\n2021-01-02,\xe9\n".encode("latin-1"),
        "line 3 is not UTF-8",
    ),
    "broken gzip": (gzip.compress(GOOD.encode())[:30], "cannot be read"),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(write, content, message):
    path = write(content)
    with pytest.raises(InputError, match=message) as error:
        read_table(path)
    assert str(path) in str(error.value)


def test_missing_file_and_directory(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv does not exist"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a directory"):
        read_table(tmp_path)


def test_parquet_refusals(tmp_path, monkeypatch):
    path = tmp_path / "data.parquet"
    path.write_bytes(b"PAR1 and nothing more")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        read_table(path)
    pd.DataFrame({"time": ["2021-01-01", "2021-01-02"], "a": ["1", "x"]}).to_parquet(path)
    with pytest.raises(InputError, match=r"row 2, column `a` holds `x`"):
        read_table(path)
    pd.DataFrame({"time": [], "a": []}).to_parquet(path)
    with pytest.raises(InputError, match="columns but no rows"):
        read_table(path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match="pip install pyarrow"):
        read_table(path)
