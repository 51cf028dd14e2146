"""Resampling: against a slow twin, by hand, and without a look ahead."""

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data import Table
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
        "Its 4 rows are brought to one step of 00:05:00 (`resample`): 3 rows, 0 of them empty."
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
    message = r"`resample` would make 14,651 empty rows beside the 50 that data\.csv .*00:05:00 in"
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
