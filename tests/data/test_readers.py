import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data import readers as files
from dcvae.data.readers import check_names, open_file
from dcvae.data.tables import read_table


@pytest.fixture(params=["arrow", "pandas"], autouse=True)
def engine(request, monkeypatch):
    """Everything holds whichever engine reads CSV files."""
    if request.param == "pandas":
        monkeypatch.setattr(files, "_arrow", lambda: None)


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "data.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_first_column_stays_as_written_and_the_others_become_numbers(write):
    file = open_file(write(" when ,a,note,b\nnow,1,x,\n 007,2.5,y,-3\n"))
    assert file.names == ["when", "a", "note", "b"]
    first, cells = file.read(["b", "a"], "a number", {})
    assert list(first) == ["now", " 007"]
    assert list(cells.columns) == ["b", "a"]
    np.testing.assert_array_equal(cells, [[np.nan, 1.0], [-3.0, 2.5]])
    assert file.places([0, 1]) == ["row 1 (line 2)", "row 2 (line 3)"]


@pytest.mark.parametrize("cell", [" 4 ", " NA ", "4", "99999999999999999999"])
def test_an_untidy_cell_does_not_change_the_other_columns(write, cell):
    numbers = np.random.default_rng(0).normal(size=50)
    rows = "".join(f"{n},{number!r},{n}\n" for n, number in enumerate(numbers.tolist()))
    _, cells = open_file(write("t,a,b\n" + rows + f"50,1,{cell}\n")).read(["a", "b"], "", {})
    assert cells.dtypes.eq("float64").all()
    np.testing.assert_array_equal(cells["a"], [*numbers, 1.0])
    np.testing.assert_array_equal(cells["b"], [*range(50), float(cell.replace("NA", "nan"))])


def test_words_stand_for_numbers_only_where_given(write):
    path = write("t,a\n1,True\n2,FALSE\n3,0\n")
    _, cells = open_file(path).read(["a"], "a truth", {"true": "1", "false": "0"})
    np.testing.assert_array_equal(cells["a"], [1, 0, 0])
    message = r"row 1 \(line 2\), column `a` holds `True`, .* `FALSE`; expected a number"
    with pytest.raises(InputError, match=message):
        open_file(path).read(["a"], "a number", {})


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


@pytest.mark.parametrize("header", ["time\ta\tb", "time\tflow, l/s\tb", "2021-01-01\t1"])
def test_tabs_are_told(write, header):
    with pytest.raises(
        InputError, match=r"separated by tabs; save it with .* commas or semicolons"
    ):
        open_file(write(header + "\n2021-01-02\t1\t2\n"))


def test_a_tab_within_a_name_is_no_separator(write):
    assert open_file(write("time,a\tb\n1,2\n")).names == ["time", "a\tb"]


def test_a_short_row_is_found_behind_a_long_one(write):
    path = write("t,a,b\n1,2,3\n4,5\n6,7,8,9\n")
    with pytest.raises(InputError, match=r"row 2 \(line 3\) has 2, row 3 \(line 4\) has 4"):
        open_file(path).read(["a", "b"], "a number", {})


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
    code = "import sys, dcvae.data.readers; sys.exit('dcvae.data.tables' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
