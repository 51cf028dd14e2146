"""Counters: growth per second, by hand."""

import numpy as np
import pandas as pd
import pytest

from dcvae.data.columns.counters import growth


def rates(values, seconds=None):
    seconds = np.arange(len(values)) * 10 if seconds is None else seconds
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta(seconds, unit="s")
    table, notices = growth(pd.DataFrame({"n": values, "a": 1.0}, times), ["n"])
    assert table["a"].eq(1.0).all()
    return table["n"].tolist(), notices[0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 100, 300], [np.nan, 10, 20]),
        ([500, 600, 50, 60], [np.nan, 10, np.nan, 1]),  # a restart
        ([2**32 - 40, 60], [np.nan, 10]),  # an overflow at 32 bits
        ([2.0**64 - 40960, 40960], [np.nan, 8192]),  # and at 64
        ([2.0**64, 40960], [np.nan, 4096]),  # whose largest number is rounded up
        ([2**31, 60], [np.nan, np.nan]),  # half way: a restart
        ([2**31 - 1, -(2**31), 2 - 2**31], [np.nan, 0.1, 0.2]),  # an overflow with a sign
        ([2**31 - 50, 50 - 2**31], [np.nan, 10]),
        ([2.0**63, -(2.0**63) + 40960], [np.nan, 4096]),
        ([2**31 - 50, -1], [np.nan, np.nan]),  # a code, no overflow
        ([2**30, 50 - 2**31], [np.nan, np.nan]),
        ([-1.7e308, 1.7e308], [np.nan, 1.7976931348623157e308]),
        ([100, np.nan, 300], [np.nan, np.nan, 10]),
        ([np.nan, 100, 200], [np.nan, np.nan, 10]),
    ],
)
def test_growth_per_second(values, expected):
    np.testing.assert_allclose(rates(np.array(values, dtype=float))[0], expected)


def test_uneven_steps_and_the_notice():
    values, notice = rates(np.array([0.0, 10, 5, 2**32 - 5, 5]), np.array([0, 10, 20, 30, 50]))
    np.testing.assert_allclose(values, [np.nan, 1, np.nan, (2**32 - 10) / 10, 0.5])
    assert notice.endswith("they start again 1 times and overflow 1 times.")


def test_an_overflow_with_a_sign_is_counted():
    _, notice = rates(np.array([2147483647.0, -2147483648.0, -2147483000.0]))
    assert notice.endswith("they start again 0 times and overflow 1 times.")


def test_rates_are_finite():
    values, _ = rates(np.array([0.0, 1.7e308, 0.0]), np.array([0, 1e-6, 2e-6]))
    assert values[1] == np.finfo(float).max
    assert np.isnan(values[2])


def test_nothing_to_do():
    table = pd.DataFrame({"a": [1.0]}, pd.to_datetime(["2024-01-01"]))
    assert growth(table, []) == (table, [])
