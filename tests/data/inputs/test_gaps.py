"""Gaps in time by hand, and missing cells filled by the rule as a sentence."""

import numpy as np
import pandas as pd
import pytest

from dcvae.data.inputs.gaps import after_gap, fill_missing

TIMES = pd.date_range("2021-01-01", periods=4, freq="min")

# ------------------------------------------------------------------- gaps in time


@pytest.mark.parametrize(
    ("max_gap", "expected"),
    [
        (1, [False, False, False, True, True, True]),
        (2, [False, False, False, False, True, True]),
        (5, [False, False, False, False, False, True]),
        (None, [False] * 6),
    ],
)
def test_gaps_are_counted_in_whole_steps(max_gap, expected):
    """Steps of 1, 1.4, 1.6, 5 and 60 minutes, where one of a minute is usual."""
    minutes = pd.to_timedelta([0, 1, 2.4, 4.0, 9.0, 69.0], unit="min")
    times = pd.DatetimeIndex(pd.Timestamp("2021-01-01") + minutes)
    assert after_gap(times, 60.0, max_gap).tolist() == expected
    assert after_gap(times.as_unit("s"), 60.0, max_gap).tolist() == expected


def test_a_single_row_has_no_gap():
    assert after_gap(TIMES[:1], 0.0, 1).tolist() == [False]
    assert after_gap(TIMES[:0], 60.0, 1).tolist() == []


@pytest.mark.parametrize(("seconds", "is_gap"), [(179.9, False), (180.0, True), (180.1, True)])
def test_half_a_step_more_than_the_longest_begins_a_gap(seconds, is_gap):
    """At most 2 steps of 72 s: 180 s are two and a half, which round to three."""
    times = pd.DatetimeIndex(pd.Timestamp("2021-01-01") + pd.to_timedelta([0, seconds], unit="s"))
    assert after_gap(times, 72.0, 2).tolist() == [False, is_gap]


# ------------------------------------------------------------------- missing cells


def filled_by_hand(values: list[float], max_fill: int | None, center: float) -> list[float]:
    """The last value if it is at most so many rows old, or else the center."""
    filled = []
    for row in range(len(values)):
        oldest = 0 if max_fill is None else max(row - max_fill, 0)
        known = [x for x in values[oldest : row + 1] if not np.isnan(x)]
        later = [x for x in values[row:] if not np.isnan(x)]
        if max_fill is None and not known:
            known = later[:1]
        filled.append(known[-1] if known else center)
    return filled


@pytest.mark.parametrize("max_fill", [None, 0, 1, 2, 5, 100])
def test_a_missing_cell_takes_a_value_that_is_not_too_old(max_fill: int | None) -> None:
    generator = np.random.default_rng(5)
    values = generator.normal(size=(60, 3))
    values[generator.random(values.shape) < 0.6] = np.nan
    values[:, 2] = np.nan
    frame = pd.DataFrame(values, columns=list("abc"))
    expected = [
        filled_by_hand(column.tolist(), max_fill, center)
        for column, center in zip(values.T, (7.0, 8.0, 9.0), strict=True)
    ]
    found = fill_missing(frame, max_fill, (7.0, 8.0, 9.0))
    np.testing.assert_array_equal(found, np.transpose(expected))
    np.testing.assert_array_equal(frame, values)
