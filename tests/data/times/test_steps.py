"""Steps between rows: the sampling step, and what differs from it."""

import numpy as np
import pandas as pd
import pytest

from dcvae.config.values import duration_of
from dcvae.data.tables import describe_table
from dcvae.data.times.steps import (
    describe_steps,
    resolution_notice,
    sampling_step,
    step_notice,
    time_span,
)
from support.tables import TIMES, table_of


def test_irregular_steps_are_told():
    frame = table_of(np.arange(12.0).reshape(6, 2)).frame.iloc[[0, 1, 2, 5]]
    [notice] = describe_table(frame)
    assert notice == (
        "The sampling step is 1 min, but 1 of 3 steps differ from it; the longest is 3 min, "
        "after 2021-01-01 00:02:00."
    )


def test_the_shortest_step_is_told_where_none_is_longer():
    times = pd.date_range("2021-01-01", periods=9, freq="10min").delete(8)
    assert describe_steps(times.insert(4, times[3] + pd.Timedelta("4min"))) == [
        "The sampling step is 10 min, but 2 of 8 steps differ from it; the shortest is 4 min, "
        "after 2021-01-01 00:30:00."
    ]


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
    [(300.0, "5 min"), (59.0, "59 s"), (0.25, "250 ms"), (86400.0, "1 day:")],
)
def test_another_step_than_that_of_training_is_told(trained, expected):
    [notice] = step_notice(TIMES, trained)
    assert notice.startswith(
        f"The sampling step is 1 min, but the model was trained on steps of {expected}"
    )


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (pd.Timedelta(5, unit="min"), "5 min"),
        (pd.Timedelta(61, unit="s"), "1 min 1 s"),
        (pd.Timedelta("23:59:59.999999"), "23 h 59 min 59.999999 s"),
        (pd.Timedelta(250, unit="ms"), "250 ms"),
        (pd.Timedelta(1, unit="us"), "1 µs"),
        (pd.Timedelta(1, unit="D"), "1 day"),
        (pd.Timedelta(0), "0 s"),
        (pd.Timedelta(-5, unit="min"), "-5 min"),
        (pd.Timedelta("1 days 00:00:00.2"), "1 day 200 ms"),
        (pd.Timedelta("400 days 05:00:00"), "400 days 5 h"),
        (pd.Timedelta(10, unit="D"), "10 days"),
    ],
)
def test_spans_are_written_whole_and_in_words(span, words):
    assert time_span(span) == words


# --- Local days ------------------------------------------------------------------------------


def local_days(start, days, zone="Europe/Madrid"):
    """Midnights of a zone as naive UTC."""
    return pd.date_range(start, periods=days, freq="D", tz=zone).tz_convert("UTC").tz_localize(None)


@pytest.mark.parametrize("start", ["2024-03-29", "2024-10-25"])
def test_days_of_23_and_25_hours_are_one_step(start):
    days = local_days(start, 6)
    assert set(np.diff(days) // np.timedelta64(1, "h")) in ({23, 24}, {24, 25})
    assert describe_steps(days) == []
    weeks = local_days(start, 22)[::7]
    assert describe_steps(weeks) == []


def test_a_missing_local_day_is_told():
    days = local_days("2024-03-29", 6).delete(4)
    assert describe_steps(days) == [
        "The sampling step is 1 day, but 1 of 4 steps differ from it; the longest is "
        "2 days, after 2024-03-31 22:00:00."
    ]


def test_hourly_steps_have_no_such_tolerance():
    hours = pd.DatetimeIndex(["2024-03-29 00:00", "2024-03-29 01:00", "2024-03-29 03:00"])
    assert len(describe_steps(hours)) == 1


def test_a_table_of_one_long_day_has_the_step_of_days():
    days = local_days("2024-10-27", 2)
    assert sampling_step(days) == pd.Timedelta(25, unit="h")
    assert step_notice(days, 86_400.0) == []
    assert len(step_notice(days, 3600.0 * 26)) == 1


# --- Calendar months -------------------------------------------------------------------------


@pytest.mark.parametrize("frequency", ["MS", "ME", "QS", "QE", "YS", "YE"])
def test_calendar_months_quarters_and_years_are_even(frequency):
    assert describe_steps(pd.date_range("1950-01-01", periods=60, freq=frequency)) == []


@pytest.mark.parametrize("start", ["2020-01-15 06:00", "2020-01-30 00:00", "2020-01-31 12:00"])
def test_months_by_day_are_even(start):
    times = [pd.Timestamp(start) + pd.DateOffset(months=number) for number in range(40)]
    assert describe_steps(pd.DatetimeIndex(times)) == []


def test_months_of_a_zone_are_even():
    local = pd.date_range("2020-06-01", periods=40, freq="MS", tz="Europe/Madrid")
    assert describe_steps(local.tz_convert("UTC").tz_localize(None)) == []


def test_a_missing_month_is_told():
    times = pd.date_range("2020-01-01", periods=40, freq="MS").delete([6, 7])
    assert describe_steps(times) == [
        "The sampling step is 1 calendar month, but 1 of 37 steps differ from it; the longest is "
        "3 months, after 2020-06-01 00:00:00."
    ]


def test_steps_of_about_a_month_are_no_months():
    times = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(30) * 30, unit="D")
    assert describe_steps(times) == []
    assert len(describe_steps(times.delete(5))) == 1


# --- Resolutions -----------------------------------------------------------------------------


def joined(*parts):
    """Times of rows at one step after the other: pairs of a number and a step."""
    steps = np.concatenate([np.full(number, pd.Timedelta(step)) for number, step in parts])
    return pd.Timestamp("2024-01-01") + pd.to_timedelta(np.cumsum(steps))


@pytest.mark.parametrize("step", ["1D", "7D", "1h", "90min", "15min", "30s", "250ms"])
def test_two_resolutions_are_told_with_the_value_of_the_key(step):
    times = joined((100, step), (300, pd.Timedelta(step) / 5))
    (notice,) = resolution_notice(times)
    assert notice.startswith(
        f"The file has two resolutions: its rows are {time_span(pd.Timedelta(step))} apart until "
        f"{times[99]}, then {time_span(pd.Timedelta(step) / 5)}."
    )
    assert duration_of(notice.split('"')[3]) == pd.Timedelta(step)
    assert describe_steps(times) == []


@pytest.mark.parametrize("order", [("1h", "15min", "5min"), ("5min", "1h", "5min")])
def test_more_resolutions_are_several(order):
    (notice,) = resolution_notice(joined(*((150, step) for step in order)))
    spans = ", then ".join(time_span(pd.Timedelta(step)) for step in order)
    assert notice.startswith(
        f"The file has several resolutions: its rows are {spans.replace(',', ' apart,', 1)}."
    )
    assert notice.endswith('`"resample": "1h"`.')


def test_steps_that_vary_are_no_resolutions():
    days = joined(*[(144, "5min"), (12, "1h")] * 20)
    assert resolution_notice(days) == []
    assert len(describe_steps(days)) == 1
    seconds = np.random.default_rng(3).exponential(60, 500) + 1
    assert resolution_notice(pd.Timestamp(0) + pd.to_timedelta(seconds.cumsum(), unit="s")) == []
