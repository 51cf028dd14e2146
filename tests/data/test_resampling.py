"""Resampling: against a slow twin, by hand, and without a look ahead."""

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data import Table
from dcvae.data.inputs.gaps import after_gap
from dcvae.data.resampling import resample, resample_joined
from support.builders import settings_with
from support.tables import resampled_slowly, uneven_frame

MINUTE = pd.Timedelta(1, unit="min")


def table_of(frame, path="data.csv"):
    return Table(path, frame, ["before"])


@pytest.mark.parametrize("max_gap", [1, 2, 12, None])
@pytest.mark.parametrize("step", [MINUTE, 5 * MINUTE])
@pytest.mark.parametrize("seed", [0, 1])
def test_resampling_is_that_of_a_slow_twin(seed, step, max_gap):
    frame = uneven_frame(seed=seed)
    table = resample(table_of(frame), step, max_gap)
    pd.testing.assert_frame_equal(table.frame, resampled_slowly(frame, step, max_gap))
    labels = frame > 0.5
    marked = resample(table_of(labels), step, max_gap)
    pd.testing.assert_frame_equal(marked.frame, resampled_slowly(labels, step, max_gap))
    assert marked.frame.index.equals(table.frame.index)
    assert marked.notices == ["before"]


def test_a_row_is_made_of_what_is_known_by_its_time():
    times = pd.DatetimeIndex(
        ["2021-01-01 00:00:00", "2021-01-01 00:00:01", "2021-01-01 00:05:00", "2021-01-01 00:05:01"]
    )
    frame = pd.DataFrame({"a": [1.0, 2.0, 4.0, 8.0]}, times.as_unit("us"))
    table = resample(table_of(frame), 5 * MINUTE, 12)
    assert table.frame["a"].to_dict() == {
        pd.Timestamp("2021-01-01 00:00"): 1.0,
        pd.Timestamp("2021-01-01 00:05"): 3.0,
        pd.Timestamp("2021-01-01 00:10"): 8.0,
    }
    assert table.notices[-1] == (
        "Its 4 rows are brought to one step of 5 min (`resample`): 3 rows, 0 of them empty."
    )


def test_resampling_does_not_look_ahead():
    """However a file goes on, rows whose time has come stay as they are."""
    frame = uneven_frame()
    whole = resample(table_of(frame), MINUTE, 3).frame
    for rows in range(2, len(frame)):
        part = resample(table_of(frame.iloc[:rows]), MINUTE, 3).frame
        known = part.loc[: frame.index[rows - 1]]
        pd.testing.assert_frame_equal(known, whole.loc[: known.index[-1]], check_freq=False)


def test_an_even_table_on_the_grid_stays_as_it_is():
    times = pd.date_range("2021-01-01", periods=50, freq="5min", unit="us", name="time")
    frame = pd.DataFrame({"a": np.arange(50.0)}, times)
    pd.testing.assert_frame_equal(
        resample(table_of(frame), 5 * MINUTE, 1).frame, frame, check_freq=False
    )


def test_the_mean_of_the_largest_numbers_is_a_number():
    times = pd.date_range("2021-01-01 00:00:01", periods=2, freq="s", unit="us", name="time")
    frame = pd.DataFrame({"a": [1.7e308, 1.7e308]}, times)
    assert resample(table_of(frame), MINUTE, 1).frame["a"].iloc[0] > 1.6e308


@pytest.mark.parametrize(("max_gap", "step"), [(None, "1s"), (10**6, "1s")])
def test_a_step_far_too_short_is_refused(max_gap, step):
    times = pd.date_range("2021-01-01", periods=50, freq="5min", unit="us", name="time")
    table = table_of(pd.DataFrame({"a": np.arange(50.0)}, times))
    message = r"`resample` would make 14,651 empty rows beside the 50 that data\.csv .*5 min in"
    with pytest.raises(InputError, match=message):
        resample(table, pd.Timedelta(step), max_gap)


# --- Together with a context -----------------------------------------------------------------


def test_rows_of_the_context_stay_in_front():
    """Half of the data's first step was measured in the context: it is a row of the data."""
    times = pd.date_range("2021-01-01 00:00:30", periods=60, freq="30s", unit="us", name="time")
    frame = pd.DataFrame({"a": np.arange(60.0), "b": 1.0}, times)
    keys = settings_with(resample="1min")  # windows of 8 rows
    context, data = table_of(frame.iloc[:41], "c.csv"), table_of(frame.iloc[41:])
    joined = resample_joined(data, context, MINUTE, keys, allow_empty=False)
    assert (len(joined.frame), joined.context_rows) == (20 + 10, 20)
    assert joined.frame["a"].iloc[0] == (0 + 1) / 2
    assert joined.frame["a"].iloc[20] == (40 + 41) / 2  # one row of each
    assert joined.path == "data.csv"
    assert (
        "Its 19 rows are brought to one step of 1 min (`resample`): 10 rows, 0 of them "
        in (joined.notices[-1])
    )  # those of the data alone


def test_data_alone_are_only_resampled():
    frame = uneven_frame()
    joined = resample_joined(table_of(frame), None, MINUTE, settings_with(), allow_empty=False)
    alone = resample(table_of(frame), MINUTE, settings_with().max_gap)
    pd.testing.assert_frame_equal(joined.frame, alone.frame)
    assert joined.context_rows == 0
    assert joined.notices == alone.notices


def test_a_series_that_is_never_there_is_refused_unless_it_may_be_missing():
    times = pd.date_range("2021-01-01", periods=40, freq="min", unit="us", name="time")
    frame = pd.DataFrame({"a": np.arange(40.0), "b": np.nan}, times)
    context, data = table_of(frame.iloc[:20], "c.csv"), table_of(frame.iloc[20:])
    with pytest.raises(InputError, match=r"even after the end of its context c\.csv, column"):
        resample_joined(data, context, MINUTE, settings_with(), allow_empty=False)
    joined = resample_joined(data, context, MINUTE, settings_with(), allow_empty=True)
    assert (len(joined.frame), joined.context_rows) == (40, 20)


# --- Local days ------------------------------------------------------------------------------

DAY = pd.Timedelta(1, unit="D")


def hours_of(start, days, zone, freq="1h"):
    """A row every hour, whose value is the day of the month of its local date."""
    local = pd.date_range(start, periods=24 * days, freq=freq, tz=zone)
    utc = local.tz_convert("UTC").tz_localize(None).as_unit("us")
    return pd.DataFrame({"a": local.day.astype(float), "b": 1.0}, utc.rename("time"))


def local_days_slowly(frame, zone, days=1):
    """Row by row: the mean by local date; midnight itself is of the day before."""
    local = frame.index.tz_localize("UTC").tz_convert(zone)
    start = pd.Timestamp("1970-01-01")
    sums = {}
    for time, value in zip(local, frame["a"], strict=True):
        wall = time.tz_localize(None)
        number = (wall - start).days + (wall != wall.normalize())
        number = -(-number // days) * days
        sums.setdefault(number, []).append(value)
    ends = [(start + number * DAY).tz_localize(zone).tz_convert("UTC") for number in sums]
    return {
        end.tz_localize(None): sum(values) / len(values)
        for end, values in zip(ends, sums.values(), strict=True)
    }


@pytest.mark.parametrize("days", [1, 2, 7])
@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Europe/Madrid", "2024-03-20 00:30"),
        ("Europe/Madrid", "2024-10-15 00:00"),
        ("America/New_York", "2024-10-25 13:10"),
        ("Asia/Kolkata", "2024-10-25 00:00"),
    ],
)
def test_steps_of_whole_days_are_those_of_a_slow_twin(zone, start, days):
    frame = hours_of(start, 20, zone)
    table = resample(table_of(frame), days * DAY, 12, zone)
    expected = local_days_slowly(frame, zone, days)
    assert table.frame["a"].to_dict() == pytest.approx(expected)
    assert table.frame.index.unit == "us"
    assert f" (`resample`), which ends at midnight in {zone}: " in table.notices[-1]
    labels = resample(table_of(frame == frame.iloc[30]), days * DAY, 12, zone)
    assert labels.frame.index.equals(table.frame.index)


@pytest.mark.parametrize("start", ["2024-03-29 00:05", "2024-10-25 00:05"])
def test_a_closed_sunday_is_sunday(start):
    """The clocks change on this Sunday: its row has its 23 or 25 hours, and none of Monday's."""
    zone = "Europe/Madrid"
    frame = hours_of(start, 6, zone)
    sunday = frame.index.tz_localize("UTC").tz_convert(zone).day_of_week == 6
    assert sunday.sum() in (23, 25)
    frame = pd.DataFrame({"open": 1.0 - sunday}, frame.index)
    days = resample(table_of(frame), DAY, 1, zone).frame
    ends = days.index.tz_localize("UTC").tz_convert(zone)
    assert days["open"].to_numpy().tolist() == [
        0.0 if end.day_of_week == 0 else 1.0 for end in ends
    ]
    assert (ends == ends.normalize()).all()
    assert days["open"].tolist().count(0.0) == 1
    in_utc = resample(table_of(frame), DAY, 1).frame["open"]
    assert not set(in_utc) <= {0.0, 1.0}


def test_local_days_of_other_lengths_leave_no_empty_row_and_no_gap():
    frame = hours_of("2024-03-20 00:30", 20, "Europe/Madrid")
    days = resample(table_of(frame), DAY, 1, "Europe/Madrid").frame
    assert days.notna().all(axis=None)
    assert set(np.diff(days.index) // np.timedelta64(1, "h")) == {23, 24}
    assert not after_gap(days.index, 86_400.0, max_gap=1).any()
    dropped = frame[(frame["a"] != 25) & (frame["a"] != 31)]
    days = resample(table_of(dropped), DAY, 2, "Europe/Madrid").frame
    assert days["a"].isna().sum() == 2  # a row of the day that the clocks changed, too


def test_other_steps_do_not_ask_for_the_zone():
    frame = uneven_frame()
    for step in ("1h", "5min", "36h"):
        alone = resample(table_of(frame), pd.Timedelta(step), 12)
        table = resample(table_of(frame), pd.Timedelta(step), 12, "Asia/Kolkata")
        pd.testing.assert_frame_equal(table.frame, alone.frame)
        assert table.notices == alone.notices


def test_local_days_do_not_depend_on_where_a_file_is_cut():
    frame = hours_of("2024-10-15 00:30", 20, "Europe/Madrid", freq="47min")
    keys = settings_with(resample="1d", time_zone="Europe/Madrid", T=4)
    whole = resample(table_of(frame), DAY, keys.max_gap, keys.time_zone).frame
    for cut in (150, 290, 291, 292, 400):
        data, context = table_of(frame.iloc[cut:]), table_of(frame.iloc[:cut], "c.csv")
        joined = resample_joined(data, context, DAY, keys, allow_empty=False)
        pd.testing.assert_frame_equal(joined.frame, whole, check_freq=False)
        end = joined.frame.index[joined.context_rows]
        assert end >= data.frame.index[0] > end - pd.Timedelta(25, unit="h")
