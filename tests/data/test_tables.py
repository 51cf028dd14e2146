import gzip
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data import readers as files
from dcvae.data.tables import (
    Table,
    describe_table,
    prepend_context,
    read_labels,
    read_table,
    sampling_step,
    step_notice,
)

GOOD = "time,a,b\n2021-01-01 00:00,1,2\n2021-01-01 00:01,3.5,4\n2021-01-01 00:02,5,-6e1\n"
TIMES = pd.date_range("2021-01-01", periods=3, freq="min", unit="us", name="time")
VALUES = [[1.0, 2.0], [3.5, 4.0], [5.0, -60.0]]


@pytest.fixture(params=["arrow", "pandas"])
def engine(request, monkeypatch):
    """Everything holds whichever engine reads CSV files."""
    if request.param == "pandas":
        monkeypatch.setattr(files, "_arrow", lambda: None)
    return request.param


@pytest.fixture
def write(tmp_path, engine):
    def write(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def table_of(values, start="2021-01-01", name="data.csv", columns=("a", "b")):
    values = np.asarray(values, dtype=float)
    index = pd.date_range(start, periods=len(values), freq="min", unit="us", name="time")
    return Table(Path(name), pd.DataFrame(values, index, list(columns)), [])


# --- What is accepted ------------------------------------------------------------------------


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


def test_series_names_are_text_and_the_time_keeps_its_name(write):
    table = read_table(write("when,0,NA\n2021-01-01,1,2\n2021-01-02,2,3\n"))
    assert list(table.frame.columns) == ["0", "NA"]
    assert table.frame.index.name == "when"


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


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(["2021-02-03T04:05:06", "2021-02-13T04:05:06"], id="ISO"),
        pytest.param(["2021-02-03 04:05:06.000", "2021-02-13 04:05:06.000"], id="fractions"),
        pytest.param(["1612325106", "1613189106"], id="seconds"),
        pytest.param(["1612325106.0", "1613189106.0"], id="float seconds"),
        pytest.param(["1612325106000", "1613189106000"], id="milliseconds"),
        pytest.param(["2021/2/3 4:05:06", "2021/2/13 4:05:06"], id="Y/m/d"),
        pytest.param(["3/2/2021 4:05:06", "13/2/2021 4:05:06"], id="d/m/Y"),
        pytest.param(["2/3/2021 4:05:06", "2/13/2021 4:05:06"], id="m/d/Y"),
        pytest.param(["03.02.2021 04:05:06", "13.02.2021 04:05:06"], id="d.m.Y"),
        pytest.param(["03-02-2021 04:05:06", "13-02-2021 04:05:06"], id="d-m-Y"),
        pytest.param(["02/03/2021 04:05:06 AM", "02/13/2021 04:05:06 am"], id="AM"),
        pytest.param(["2021-02-03T04:05:06Z", "2021-02-13T04:05:06Z"], id="Z"),
        pytest.param(["2021-02-03 06:05:06+02:00", "2021-02-13 06:05:06+02:00"], id="offset"),
        pytest.param(["2021-02-03 06:05:06+0200", "2021-02-13 05:05:06+0100"], id="offsets"),
    ],
)
def test_times(write, texts):
    table = read_table(write(f"time,a\n{texts[0]},1\n{texts[1]},2\n"))
    expected = pd.DatetimeIndex(["2021-02-03 04:05:06", "2021-02-13 04:05:06"], name="time")
    pd.testing.assert_index_equal(table.frame.index, expected.as_unit("us"))
    has_offset = bool(re.search(r"Z|\+", texts[0]))
    assert ("Its times carry a UTC offset and are converted to UTC." in table.notices) == has_offset


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["31/01/2021", "01/02/2021"], "2021-01-31"),
        (["2/1/2021 23:00", "3/1/2021 01:00", "1/2/2021 00:00"], "2021-01-02 23:00"),
        (["1/2/2021 11:59 PM", "1/3/2021 12:00 AM", "1/13/2021 12:00 PM"], "2021-01-02 23:59"),
        (["31.12.2020 10:00", "01.01.2021 10:00"], "2020-12-31 10:00"),
        (["2021/12/31 9:00", "2022/1/1 9:00"], "2021-12-31 09:00"),
        (["05/05/2021", "13/05/2021"], "2021-05-05"),
        (["1600000000.25", "1600000001"], "2020-09-13 12:26:40.250"),
    ],
)
def test_common_formats(write, texts, expected):
    rows = "".join(f"{text},{n}\n" for n, text in enumerate(texts))
    assert read_table(write("time,a\n" + rows)).frame.index[0] == pd.Timestamp(expected)


def test_day_or_month_first_is_the_order_in_which_time_goes_forward(write):
    # As months these would be January, February and again January.
    table = read_table(write("time,a\n01/01/2021,1\n02/01/2021,2\n01/02/2021,3\n"))
    expected = pd.DatetimeIndex(["2021-01-01", "2021-01-02", "2021-02-01"])
    assert list(table.frame.index) == list(expected)


# --- What is refused -------------------------------------------------------------------------

REFUSED = {
    "unreadable time": (
        "time,a\n2021-01-01,1\nyesterday,2\n",
        r"column `time` is not a time everywhere: row 2 \(line 3\) holds `yesterday`; the first",
    ),
    "a time pandas would read as the present": (
        "time,a\n2021-01-01,1\nnow,2\n",
        r"row 2 \(line 3\) holds `now`",
    ),
    "unreadable time in a common format": (
        "time,a\n13/01/2021,1\n14/01/2021,2\n15/13/2021,3\n",
        r"row 3 \(line 4\) holds `15/13/2021`",
    ),
    "many unreadable times": (
        "time,a\n2021-01-01,1\n" + "x,1\n" * 5,
        r"row 2 \(line 3\) holds `x`, row 3 .* row 4 \(line 5\) holds `x` and 2 more",
    ),
    "missing times": (
        "time,a\n2021-01-01,1\n,2\nNaT,3\nNA,4\n",
        r"the time is missing in row 2 \(line 3\), row 4 \(line 5\)",
    ),
    "no time column": (
        "0,1\n0.53,0.2\n0.54,0.3\n",
        r"row 1 \(line 2\) holds `0.53`.*the first column must be the time",
    ),
    "counter": ("t,a\n1,0.2\n2,0.3\n", "the first column must be the time"),
    "epoch that jumps": ("t,a\n1612325106,1\n1612325,2\n", r"row 2 \(line 3\) holds `1612325`"),
    "duplicate times": (
        "time,a\n2021-01-01,1\n2021-01-02,2\n2021-01-02,3\n",
        r"row 2 \(line 3\) and row 3 \(line 4\) have the same time, 2021-01-02 00:00:00 \(1 rep",
    ),
    "backwards": (
        "time,a\n2021-01-03,1\n2021-01-02,2\n2021-01-04,3\n",
        r"backwards from row 1 \(line 2\), 2021-01-03 00:00:00, to row 2 \(line 3\), 2021-01-02 00",
    ),
    "ambiguous": (
        "time,a\n01/02/2021,1\n02/03/2021,2\n",
        r"ambiguous: `01/02/2021` may be 2021-02-01 00:00:00 or 2021-01-02 .* ISO 8601",
    ),
    "some offsets": (
        "time,a\n2021-01-01T00:00:00,1\n2021-01-01T00:01:00Z,2\n",
        r"some do not: row 1 \(line 2\) holds `2021-01-01T00:00:00`, row 2 \(line 3\) holds",
    ),
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
    "truth in data": ("time,a\n2021-01-01,True\n", "`True`"),
    "thousands": ('time,a\n2021-01-01,"1,000"\n', "`1,000`"),
    "both decimal marks": ("time;a;b\n2021-01-01;1,5;1.5\n", r"column `a` holds `1,5`"),
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
    "duplicate names": ("time,a,b,a\n2021-01-01,1,2,3\n", "the column name `a` is repeated"),
    "time and series of one name": ("a,a\n2021-01-01,1\n", "the column name `a` is repeated"),
    "empty name": ("time,a,,\n2021-01-01,1,2,3\n", "column 3, 4 has no name"),
    "empty column": ("time,a,b\n2021-01-01,1,\n2021-01-02,1,NA\n", "column `b` is empty in every"),
    "no series": ("time\n2021-01-01\n", "its only column is `time`; expected the time and"),
    "tabs": ("time\ta\n2021-01-01\t1\n", "its columns are separated by tabs; save it"),
    "no header": ("2021-01-01 00:00,1,2\n2021-01-01 00:01,2,3\n", "the first line starts with"),
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
    "workbook": (b"PK\x03\x04\x14\x00\x06\x00", "this is not a text file .an Excel workbook"),
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


def test_too_few_rows(write):
    message = r"it has 3 rows but at least 1,024 are needed: a window is `T` rows"
    with pytest.raises(InputError, match=message):
        read_table(write(GOOD), minimum_rows=1024)
    assert len(read_table(write(GOOD), minimum_rows=3).frame) == 3


def test_problems_are_reported_together(write):
    path = write("time,a,b\n2021-01-02,inf,\n2021-01-01,2,\n2021-01-01,2,\n")
    with pytest.raises(InputError) as error:
        read_table(path, minimum_rows=5)
    for part in ("same time", "backwards", "holds `inf`", "`b` is empty", "at least 5"):
        assert part in str(error.value)


CLOCKS = (
    r"; if the clocks were set back here, write the times in UTC or with their offset instead, or "
    r"name their zone in `time_zone`\.$"
)


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(["01:00", "02:00", "02:00", "03:00"], id="every hour"),
        pytest.param(["02:00", "02:30", "02:00", "02:30", "03:00"], id="every half hour"),
        pytest.param(["02:15", "02:45", "02:10", "02:40"], id="without repeats"),
    ],
)
@pytest.mark.parametrize("day", ["2021-10-31 ", "31/10/2021 "])
def test_clocks_set_back_are_thought_of(write, day, times):
    path = write("time,a\n" + "".join(f"{day}{time},1\n" for time in times))
    with pytest.raises(InputError, match=CLOCKS) as error:
        read_table(path)
    assert str(error.value).count("if the clocks") == 1
    with pytest.raises(InputError, match=CLOCKS):
        read_labels(path, table_of([[1]], columns="a"))


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


# --- Series of a trained model ---------------------------------------------------------------


def test_series_are_matched_by_name(write):
    path = write("time,c,note,a,b\n2021-01-01,1,hello,2,3\n2021-01-02,4,,5,6\n")
    table = read_table(path, series=["a", "b", "c"])
    assert list(table.frame.columns) == ["a", "b", "c"]
    np.testing.assert_array_equal(table.frame, [[2, 3, 1], [5, 6, 4]])
    assert table.notices == ["Columns that are not among the series are left out: `note`."]


SILENT = "time,a,b\n2021-01-01,1,\n2021-01-02,1,NA\n"


def test_a_trained_series_without_any_value_is_needed(write):
    message = (
        r"data\.csv: column `b` is empty in every row, but the model needs at least one value of "
        r"every series; give a longer file, .* \(--context of test\.py\), or train a model without"
    )
    with pytest.raises(InputError, match=message) as error:
        read_table(write(SILENT), series=["b", "a"])
    assert "take it out" not in str(error.value)
    assert list(read_table(write(SILENT), series=["a"]).frame.columns) == ["a"]


def test_a_series_without_any_value_may_pass_until_it_is_joined(write):
    table = read_table(write(SILENT), series=["b", "a"], allow_empty=True)
    assert table.frame["b"].isna().all()
    assert "Cells are missing in 1 of 2 series: `b` 2 (100.00%)." in table.notices


def test_missing_series_are_named_with_near_misses(write):
    path = write("time,Flow Rate,x\n2021-01-01,1,2\n")
    message = r"2 of the 3 series are missing: `flow_rate` \(is it `Flow Rate`\?\), `pressure`;"
    with pytest.raises(InputError, match=message):
        read_table(path, series=["flow_rate", "pressure", "x"])


# --- Time zones ------------------------------------------------------------------------------


def local_text(utc, zone, time_format="%Y-%m-%d %H:%M:%S"):
    """A file with the local times of a zone: what a logger without an offset writes."""
    local = utc.tz_localize("UTC").tz_convert(zone)
    rows = [f"{time.strftime(time_format)},{row}" for row, time in enumerate(local)]
    return "time,a\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize("freq", ["5min", "7min", "30min", "1h"])
@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Europe/Madrid", "2021-10-30 18:00"),
        ("Europe/Madrid", "2021-03-27 18:00"),
        ("America/New_York", "2021-11-06 18:00"),
        ("America/New_York", "2021-03-13 18:00"),
        ("Asia/Kolkata", "2021-03-27 18:00"),  # never
    ],
)
def test_local_times_become_the_utc_they_were_made_of(write, zone, start, freq):
    utc = pd.date_range(start, periods=200, freq=freq, unit="us", name="time")
    table = read_table(write(local_text(utc, zone)), time_zone=zone)
    assert table.frame.index.equals(utc)
    assert table.notices[0] == f"Its times are those of {zone} (`time_zone`) and converted to UTC."
    assert not [notice for notice in table.notices if "steps differ" in notice]


@pytest.mark.parametrize("time_format", ["%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p"])
def test_day_and_month_are_told_apart_although_the_clocks_go_back(write, time_format):
    zone = "America/New_York"
    utc = pd.date_range("2021-11-05", periods=1500, freq="10min", unit="us", name="time")
    assert read_table(write(local_text(utc, zone, time_format)), time_zone=zone).frame.index.equals(
        utc
    )
    # Both readings fit the days up to the twelfth, and in both time goes forward.
    path = write(local_text(utc[:600], zone, time_format))
    with pytest.raises(InputError, match="are ambiguous: `"):
        read_table(path, time_zone=zone)


def test_labels_have_the_same_zone(write):
    utc = pd.date_range("2021-10-30 18:00", periods=150, freq="5min", unit="us", name="time")
    zone = "Europe/Madrid"
    text = local_text(utc, zone)
    data = read_table(write(text), time_zone=zone)
    path = write(re.sub(r",\d+\n", ",1\n", text), "labels.csv")
    table = read_labels(path, data, time_zone=zone)
    assert table.frame.index.equals(utc)
    assert table.frame["a"].all()
    with pytest.raises(InputError, match="same time, 2021-10-31 02:00:00"):
        read_labels(path, data)


@pytest.mark.parametrize(
    ("text", "notice"),
    [
        ("time,a\n2021-07-01T00:00+02:00,1\n", "`time_zone` has no effect on them."),
        (
            "time,a\n1625090400,1\n",
            "Its times count from 1970 in UTC; `time_zone` has no effect on them.",
        ),
    ],
)
def test_times_that_say_what_they_mean_are_left_alone(write, text, notice):
    path = write(text)
    table = read_table(path, time_zone="America/New_York")
    assert notice in table.notices
    assert table.frame.index.equals(read_table(path).frame.index)


def test_naive_parquet_times_are_local_too(tmp_path):
    pytest.importorskip("pyarrow")
    times = pd.date_range("2021-07-01", periods=3, freq="h", name="time")
    pd.DataFrame({"time": times, "a": 1.0}).to_parquet(tmp_path / "data.parquet")
    table = read_table(tmp_path / "data.parquet", time_zone="Europe/Madrid")
    assert table.frame.index[0] == pd.Timestamp("2021-06-30 22:00")


def test_times_that_the_clocks_skip_are_refused(write):
    path = write("time,a\n2021-03-28 01:50,1\n2021-03-28 02:00,1\n2021-03-28 02:10,1\n")
    message = (
        r"data\.csv: the clocks of Europe/Madrid were put forward over 2 of its times: row 2 "
        r"\(line 3\) holds 2021-03-28 02:00:00, row 3 .*; is `time_zone` the zone of this file\?"
    )
    with pytest.raises(InputError, match=message):
        read_table(path, time_zone="Europe/Madrid")


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(["01:50", "02:10", "02:20", "03:10"], id="once only"),
        pytest.param(["01:50", "02:10", "03:10"], id="a single row"),
        pytest.param(["02:10", "02:10", "02:10"], id="three times"),
    ],
)
def test_an_hour_that_may_be_either_is_refused(write, times):
    path = write("time,a\n" + "".join(f"2021-10-31 {time},1\n" for time in times))
    message = (
        r"data\.csv: the clocks of Europe/Madrid were set back in an hour that this file has not "
        r"twice in full, so that \d of its times may mean either hour: row \d \(line \d\) holds "
        r"2021-10-31 02:10:00.*; write the times in UTC or with their offset, or leave out the rows"
    )
    with pytest.raises(InputError, match=message):
        read_table(path, time_zone="Europe/Madrid")


def test_with_a_zone_given_nobody_is_told_to_give_one(write):
    path = write("time,a\n2021-05-01 02:00,1\n2021-05-01 02:00,1\n")
    with pytest.raises(InputError, match="same time") as error:
        read_table(path, time_zone="Europe/Madrid")
    assert "time_zone" not in str(error.value)


# --- Notices ---------------------------------------------------------------------------------


def test_a_tidy_table_has_no_notices():
    assert describe_table(table_of(VALUES).frame) == []
    assert describe_table(table_of([[1, 2]]).frame) == []


def test_missing_cells_are_told():
    values = np.arange(56.0).reshape(8, 7)
    values[0] = np.nan
    values[1, 0] = np.nan
    [notice] = describe_table(table_of(values, columns="abcdefg").frame)
    assert notice == (
        "Cells are missing in 7 of 7 series: `a` 2 (25.00%), `b` 1 (12.50%), `c` 1 (12.50%), "
        "`d` 1 (12.50%), `e` 1 (12.50%) and 2 more."
    )


def test_constant_series_are_told():
    [_, notice] = describe_table(table_of([[1, 2], [np.nan, 3], [1, 4]]).frame)
    assert notice == "1 of 2 series never change: `a`."


def test_irregular_steps_are_told():
    frame = table_of(np.arange(12.0).reshape(6, 2)).frame.iloc[[0, 1, 2, 5]]
    [notice] = describe_table(frame)
    assert notice == (
        "The sampling step is 00:01:00, but 1 of 3 steps differ from it; the longest is 00:03:00, "
        "after 2021-01-01 00:02:00."
    )


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_sampling_step(unit):
    index = pd.DatetimeIndex(["2021-01-01", "2021-01-02", "2021-01-03", "2021-01-09"]).as_unit(unit)
    assert sampling_step(index) == pd.Timedelta("1D")
    assert sampling_step(index[2:]) == pd.Timedelta("6D")
    assert sampling_step(index[:1]) == pd.Timedelta(0)


@pytest.mark.parametrize("trained", [60.0, 60.5, 59.5, 0.0])
def test_the_step_of_training_is_not_told(trained):
    assert step_notice(TIMES, trained) == []


def test_a_single_row_has_no_step_to_tell_of():
    assert step_notice(TIMES[:1], 60.0) == []


@pytest.mark.parametrize(
    ("trained", "expected"),
    [(300.0, "00:05:00"), (59.0, "00:00:59"), (0.25, "00:00:00.250000"), (86400.0, "1 days 00:")],
)
def test_another_step_than_that_of_training_is_told(trained, expected):
    [notice] = step_notice(TIMES, trained)
    assert notice.startswith(
        f"The sampling step is 00:01:00, but the model was trained on steps of {expected}"
    )


# --- Labels ----------------------------------------------------------------------------------


@pytest.fixture
def data():
    return table_of(VALUES)


def labels_text(*cells, header="time,a,b", times=TIMES):
    return "\n".join([header, *(f"{t},{c}" for t, c in zip(times, cells, strict=True))]) + "\n"


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("time,a,b", ("0,1", "0,0", "1,1")),
        ("time,b,a", ("1,0", "0,0", "1,1")),
        ("time,a,b", ("false,True", "FALSE,false", "true,TRUE")),
        ("time,a,b", ("0.0,1.0", "0,0", "1,1.0")),
        ("time,a,b", (" 0 ,true", "0.0,0", "1,1")),
    ],
)
def test_labels(write, data, header, cells):
    table = read_labels(write(labels_text(*cells, header=header)), data)
    expected = pd.DataFrame([[False, True], [False, False], [True, True]], TIMES, ["a", "b"])
    pd.testing.assert_frame_equal(table.frame, expected, check_freq=False)
    assert table.notices == []


def test_one_label_column_stands_for_all_series(write, data):
    table = read_labels(write(labels_text("0", "1", "0", header="t,anomaly")), data)
    np.testing.assert_array_equal(table.frame, [[False] * 2, [True] * 2, [False] * 2])
    assert table.notices == ["The only label column, `anomaly`, stands for all series."]
    table.frame.iloc[0, 0] = True  # a frame of its own, not a view that repeats one column
    assert not table.frame.iloc[0, 1]


def test_labels_in_another_notation_of_the_same_times(write, data):
    seconds = TIMES.astype("int64") // 10**6
    table = read_labels(write(labels_text("0,1", "1,0", "0,0", times=seconds)), data)
    pd.testing.assert_index_equal(table.frame.index, data.frame.index)


def test_labels_extra_columns_are_told(write, data):
    path = write(labels_text("0,1,x", "1,0,y", "0,0,z", header="time,a,b,c"))
    assert "left out: `c`" in read_labels(path, data).notices[0]


def test_parquet_labels(tmp_path, data):
    pd.DataFrame({"a": [True, False, True], "b": [0, 1, 0]}, TIMES).to_parquet(
        tmp_path / "l.parquet"
    )
    table = read_labels(tmp_path / "l.parquet", data)
    np.testing.assert_array_equal(table.frame, [[1, 0], [0, 1], [1, 0]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (labels_text("0,1", "0,2", "1,1"), r"row 2 \(line 3\), column `b` holds `2`; expected 0"),
        (labels_text("0,1", "0,", "1,1"), r"row 2 \(line 3\), column `b` is empty; expected 0 or"),
        (labels_text("0,1", "0,yes", "1,1"), r"row 2 \(line 3\), column `b` holds `yes`; expected"),
        (labels_text("0,0.5", "0,1", "1,1"), r"column `b` holds `0.5`; expected 0 or 1"),
        (labels_text("0,inf", "0,1", "1,1"), r"column `b` holds `inf`; expected 0 or 1"),
        (labels_text("0", "0", "0", header="time,a"), r"1 of the 2 series are missing: `b`"),
        (labels_text("0,0", "0,0", "0,0", header="time,a,B"), r"`b` \(is it `B`\?\)"),
        (
            labels_text("0,1", "0,0", times=TIMES[:2]),
            r"1 times of data.csv are not in the labels: 2021-01-01 00:02:00",
        ),
        (
            labels_text(*["0,1"] * 7, times=pd.date_range("2021-01-01", periods=7, freq="30s")),
            r"4 times of the labels are not in data.csv: 2021-01-01 00:00:30, .* and 1 more",
        ),
        (
            labels_text(*["0,1"] * 9, times=pd.date_range("2022-01-01", periods=9, freq="1s")),
            r"(?s)3 times of data.csv .*9 times of the labels .* and 6 more",
        ),
        (labels_text("0,1", "0,0", "1,1", times=TIMES[[0, 1, 1]]), "have the same time"),
    ],
)
def test_labels_refused(write, data, text, message):
    with pytest.raises(InputError, match=message):
        read_labels(write(text, "labels.csv"), data)


# --- Context ---------------------------------------------------------------------------------


def test_context_is_put_in_front():
    context = table_of(np.arange(10.0).reshape(5, 2), name="context.csv")
    data = table_of(VALUES, "2021-01-01 00:05")
    joined = prepend_context(data, context, 2)
    np.testing.assert_array_equal(joined.frame, [[6, 7], [8, 9], *VALUES])
    assert joined.frame.index.equals(pd.date_range("2021-01-01 00:03", periods=5, freq="min"))
    assert joined.path == data.path
    assert joined.notices == []
    assert len(data.frame) == 3
    assert len(prepend_context(data, context, 0).frame) == 3


def test_too_little_context_and_a_gap_are_told():
    context = table_of(VALUES, name="context.csv")
    joined = prepend_context(table_of(VALUES, "2021-01-01 01:00"), context, 5)
    assert len(joined.frame) == 6
    assert joined.notices == [
        "The context context.csv has 3 rows where 5 would be used: the first 2 rows of the data "
        "get no verdict.",
        "Between the context context.csv and the data lies a gap of 00:58:00, where the sampling "
        "step is 00:01:00.",
    ]


def test_context_fills_what_the_data_lack():
    nan = np.nan
    context = table_of([[1, nan], [nan, 4], [3, nan]], name="c.csv")
    joined = prepend_context(table_of([[nan, 5]], "2021-01-01 00:03"), context, 2)
    np.testing.assert_array_equal(joined.frame, [[nan, 4], [3, nan], [nan, 5]])
    # A context may be silent where the data are not.
    joined = prepend_context(table_of(VALUES, "2021-01-01 00:03"), table_of([[nan, 1]]), 2)
    assert len(joined.frame) == 4
    # Only the rows of context that are used count.
    message = r"data\.csv: even after .* c\.csv, column `a` is empty in every row, but the model"
    context = table_of([[1, 2], [nan, 4], [nan, 6]], name="c.csv")
    with pytest.raises(InputError, match=message):
        prepend_context(table_of([[nan, 5]], "2021-01-01 00:03"), context, 2)


def test_context_refused():
    data = table_of(VALUES, "2021-01-01 00:02")
    with pytest.raises(InputError, match=r"c.csv must end before data.csv starts, but it ends at"):
        prepend_context(data, table_of(VALUES, name="c.csv"), 2)
    with pytest.raises(InputError, match="must have the same series"):
        prepend_context(data, table_of(VALUES, columns="ba"), 2)
    later = table_of(VALUES, "2021-01-01 01:00")
    with pytest.raises(InputError, match=r"have 6 rows together, but at least 7 are needed"):
        prepend_context(later, table_of(VALUES, name="c.csv"), 6)


def test_importing_the_module_does_not_import_tensorflow():
    code = "import sys, dcvae.data.tables; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
