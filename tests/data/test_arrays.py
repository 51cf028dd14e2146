"""Tables from arrays and DataFrames: times kept or made up, names, columns in order."""

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data import MADE_UP_STEP, columns_in_order, refuse_words, series_names, table_from_array
from dcvae.data.arrays import FIRST_TIME

VALUES = np.array([[1.0, 2.0], [3.5, np.nan], [5.0, -60.0]])
FIVE_MINUTES = pd.Timedelta(5, unit="min")


def frame_at(times, columns=("a", "b")):
    return pd.DataFrame(VALUES, pd.DatetimeIndex(times), list(columns))


def table_at(times):
    return table_from_array(VALUES, frame_at(times), ["a", "b"], FIVE_MINUTES)


# --- Times -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(VALUES, id="array"),
        pytest.param(VALUES.tolist(), id="lists"),
        pytest.param(pd.DataFrame(VALUES), id="frame without times"),
        pytest.param(pd.DataFrame(VALUES, ["x", "y", "z"]), id="frame with other names of rows"),
    ],
)
def test_rows_without_times_are_given_some_a_step_apart(given):
    table = table_from_array(VALUES, given, ["a", "b"], FIVE_MINUTES)
    times = pd.date_range("2000-01-01", periods=3, freq="5min", unit="us", name="time")
    pd.testing.assert_frame_equal(
        table.frame, pd.DataFrame(VALUES, times, ["a", "b"]), check_freq=False
    )
    assert str(table.path) == "X"
    assert pd.Timestamp("2000-01-01") == FIRST_TIME
    assert pd.Timedelta(1, unit="min") == MADE_UP_STEP


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_a_frame_are_kept_in_microseconds(unit):
    times = pd.date_range("2021-05-01", periods=3, freq="7s", unit=unit, name="when")
    table = table_at(times)
    assert table.frame.index.dtype == "datetime64[us]"
    assert table.frame.index.tolist() == times.tolist()
    assert table.frame.index.name == "when"
    assert table_at(times.rename(None)).frame.index.name == "time"
    assert table.notices == ["Cells are missing in 1 of 2 series: `b` 1 (33.33%)."]


def test_times_with_a_zone_become_utc_and_it_is_told():
    utc = pd.date_range("2021-10-30 23:30", periods=3, freq="h", tz="UTC")  # clocks go back
    table = table_at(utc.tz_convert("Europe/Madrid"))
    assert table.frame.index.tolist() == utc.tz_localize(None).tolist()
    assert table.notices[0] == "Its times carry a time zone and are converted to UTC."


def test_what_is_unusual_is_told_as_of_a_file():
    table = table_at(["2021-01-01 00:00", "2021-01-01 00:01", "2021-01-01 00:05"])
    assert table.notices[1:] == [
        "The sampling step is 1 min, but 1 of 2 steps differ from it; the longest is 4 min, "
        "after 2021-01-01 00:01:00."
    ]


def test_a_row_without_a_time_is_refused():
    message = r"^Expected a time for every row of X\. Received none in row 1\.$"
    with pytest.raises(InputError, match=message):
        table_at(["2021-01-01", None, "2021-01-02"])


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (
            ["2021-01-01", "2021-01-03", "2021-01-02"],
            r"^Expected the times of X to increase from row to row\. Received 2021-01-02 00:00:00 "
            r"in row 2 after 2021-01-03 00:00:00 \(1 such rows\): sort the rows by time, and "
            r"give each a time of its own; rows of several machines belong in columns of their own",
        ),
        (
            ["2021-01-01", "2021-01-01", "2021-01-01"],
            r"Received 2021-01-01 00:00:00 in row 1 after 2021-01-01 00:00:00 \(2 such rows\)",
        ),
    ],
)
def test_times_that_do_not_increase_are_refused(times, message):
    with pytest.raises(InputError, match=message):
        table_at(times)


def test_what_it_is_made_of_is_not_changed():
    frame = frame_at(pd.date_range("2021-01-01", periods=3, freq="D", name="when"))
    before = frame.copy()
    table = table_from_array(VALUES.copy(), frame, ["c", "d"], FIVE_MINUTES)
    table.frame.iloc[0, 0] = 9.0
    pd.testing.assert_frame_equal(frame, before)


# --- Names and order -------------------------------------------------------------------------


def test_series_are_called_as_their_columns_or_by_their_number():
    assert series_names(VALUES, 2) == ["x0", "x1"]
    assert series_names([[1.0]], 1) == ["x0"]
    assert series_names(pd.DataFrame(VALUES, columns=["b", 7]), 2) == ["b", "7"]


def test_columns_are_brought_into_order_by_their_names():
    frame = pd.DataFrame({"note": [1.0], "b": [2.0], 7: [3.0], "a": [4.0]})
    ordered = columns_in_order(frame, ["a", "7", "b"])
    assert list(ordered.columns) == ["a", "7", "b"]
    np.testing.assert_array_equal(ordered, [[4.0, 3.0, 2.0]])
    assert list(frame.columns) == ["note", "b", 7, "a"]  # not changed


@pytest.mark.parametrize("given", [VALUES, [[1.0, 2.0]], "anything"])
def test_what_has_no_names_stays_as_it_is(given):
    assert columns_in_order(given, ["a", "b"]) is given


def test_a_column_given_twice_is_refused():
    frame = pd.DataFrame([[1.0, 2.0, 3.0]], columns=["a", 1, "1"])
    message = (
        r"^Expected every column of X once\. Received several called `1`: rename or drop them\.$"
    )
    with pytest.raises(InputError, match=message):
        columns_in_order(frame, ["a"])


def test_missing_series_are_named_five_at_most():
    frame = pd.DataFrame({"a": [1.0]})
    message = (
        r"^6 of the 7 series that the detector was fitted on are not among the columns of X: "
        r"`b`, `c`, `d`, `e`, `f`\. Give them under the same names, in any order, or an array "
        r"with the columns in the order of the fit\.$"
    )
    with pytest.raises(InputError, match=message):
        columns_in_order(frame, list("abcdefg"))


def test_a_column_of_words_is_refused_by_its_name():
    frame = pd.DataFrame({"a": [1.0, 2.0], "n": ["1", "2"], "host": ["web1", "web2"]})
    refuse_words(frame[["a", "n"]])
    with pytest.raises(InputError, match="column `host` of X holds words such as `web1`"):
        refuse_words(frame)


def test_an_index_of_texts_that_look_like_times_is_told():
    frame = pd.DataFrame({"a": [1.0, 2.0]}, ["2024-01-01", "2024-01-02"])
    (notice,) = table_from_array(frame.to_numpy(), frame, ["a"]).notices
    assert "holds texts such as `2024-01-01` and no times" in notice
    assert table_from_array(frame.to_numpy(), frame.set_axis(["x", "y"]), ["a"]).notices == []


def test_two_resolutions_of_a_frame_are_told():
    old = pd.date_range("2024-01-01", periods=100, freq="h")
    new = pd.date_range(old[-1] + pd.Timedelta("5min"), periods=300, freq="5min")
    frame = pd.DataFrame({"a": np.arange(400.0) % 7}, old.append(new))
    notices = table_from_array(frame.to_numpy(), frame, ["a"]).notices
    assert any("resolutions" in notice for notice in notices)
