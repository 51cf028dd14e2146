"""Assembly of exports: cells to numbers, and the join of series by time."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data.exports.assembly import Assembly, distinct, numbered_rows
from dcvae.data.files.cells import CellRules


@pytest.fixture
def assembly():
    return Assembly(Path("file"), "a kind")


def utc(*seconds):
    return pd.Series(pd.to_datetime(list(seconds), unit="s", utc=True)).dt.as_unit("us")


def test_words_of_the_tools_are_missing(assembly):
    words = ["1", "-", "U", "N/A", "None", "null", "-nan", "", "?", "undefined", " NaN "]
    np.testing.assert_array_equal(assembly.floats(words, "a"), [1] + [np.nan] * 10)


def test_truth_values_are_0_and_1(assembly):
    np.testing.assert_array_equal(assembly.floats([True, None, False], "a"), [1, np.nan, 0])
    np.testing.assert_array_equal(assembly.floats(["true", "False"], "a"), [1, 0])
    np.testing.assert_array_equal(assembly.floats(["on", "off"], "a"), [1, 0])
    assert assembly.floats(["idle", "busy"], "a") is None


def test_times_since_1970_are_exact(assembly):
    for unit, digits in (("s", 0), ("ms", 3), ("us", 6), ("ns", 9)):
        times = assembly.epochs([f"1709510400{'0' * digits}", f"1709510401{'0' * digits}"], unit)
        assert list(times) == list(utc(1709510400, 1709510401))
    assert assembly.epochs(["1709510400000001999"], "ns")[0].microsecond == 1
    for wrong in ("-1", "x", "1e40", None):
        with pytest.raises(InputError, match=r"row 1 holds .* as its time; expected s since 1970"):
            assembly.epochs([wrong])


def test_series_are_joined_in_the_order_of_time(assembly):
    assembly.add(utc(300, 200, 100), {"x": [3, 2, 1]}, "b")
    assembly.add(utc(100, 250), {"x": [5, 6]}, "a")
    file = assembly.file()
    assert file.names == ["time", "b x", "a x"]
    times, values = file.read(file.names[:1], ["b x", "a x"], CellRules())
    assert list(times.iloc[:, 0]) == list(utc(100, 200, 250, 300))
    np.testing.assert_array_equal(values, [[1, 5], [2, np.nan], [np.nan, 6], [3, np.nan]])
    assert "Its rows were not in the order of time and are put in it." in file.notices
    assert any("named by entity and metric: `b x`, `a x`" in notice for notice in file.notices)


def test_order_of_local_times_is_left_to_the_reader_of_times(assembly):
    hour = pd.Series(pd.to_datetime(["2024-10-27 02:30", "2024-10-27 02:00", "2024-10-27 03:00"]))
    assembly.add(hour, {"x": [1, 2, 3]}, "", np.array([2, 3, 4]))
    file = assembly.file()
    assert list(file.read(file.names[:1], ["x"], CellRules())[0].iloc[:, 0]) == list(hour)
    assert file.places([1]) == ["row 2 (line 3)"]
    assembly.add(hour, {"x": [1, 2, 3]}, "b")
    with pytest.raises(InputError, match=r"02:00:00.* after 2024-10-27 02:30:00; .* autumn"):
        assembly.file()


def test_one_value_a_time(assembly):
    assembly.add(utc(100, 100), {"x": [3, 2]}, "b", np.array([4, 5]))
    with pytest.raises(InputError, match=r"b has 1970-01-01 00:01:40\+00:00 \(line 5\) after"):
        assembly.file()


def test_rows_of_quoted_cells_keep_their_lines(assembly):
    rows, lines = numbered_rows('\na,"x\ny"\r\n\n"b,c",2\n')
    cells, where = assembly.cells(rows, lines, ["s", "t"], ",")
    assert [list(column) for column in cells] == [["a", "b,c"], ["x\ny", "2"]]
    assert where.tolist() == [2, 5]
    with pytest.raises(InputError, match="line 2 cannot be read as CSV"):
        assembly.cells(['a,"b'], np.array([2]), ["s", "t"], ",")


def test_json_that_is_cut_off(assembly):
    with pytest.raises(InputError, match=r"line 2 cannot be read as JSON .* it is cut off"):
        assembly.json('{"a":\n[1, 2')
    with pytest.raises(InputError, match=r"line 1 cannot be read as JSON .*\): export it again"):
        assembly.json('{"a" 1, "b": 2}')
    with pytest.raises(InputError, match="cannot be read as JSON"):
        assembly.json("[" * 100_000)


def test_names_that_repeat_are_numbered():
    assert distinct(["a", "b", "a", "a"]) == ["a", "b", "a (2)", "a (3)"]
