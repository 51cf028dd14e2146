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
        ([500, 600, 50, 60], [np.nan, 10, 5, 1]),  # a restart
        ([2**32 - 40, 60], [np.nan, 10]),  # an overflow at 32 bits
        ([2.0**64 - 40960, 40960], [np.nan, 8192]),  # and at 64
        ([2**31, 60], [np.nan, 6]),  # half way: a restart
        ([100, np.nan, 300], [np.nan, np.nan, 10]),
        ([np.nan, 100, 200], [np.nan, np.nan, 10]),
    ],
)
def test_growth_per_second(values, expected):
    np.testing.assert_allclose(rates(np.array(values, dtype=float))[0], expected)


def test_uneven_steps_and_the_notice():
    values, notice = rates(np.array([0.0, 10, 5, 2**32 - 5, 5]), np.array([0, 10, 20, 30, 50]))
    np.testing.assert_allclose(values, [np.nan, 1, 0.5, (2**32 - 10) / 10, 0.5])
    assert notice.endswith("they start again 1 times and overflow 1 times.")


def test_nothing_to_do():
    table = pd.DataFrame({"a": [1.0]}, pd.to_datetime(["2024-01-01"]))
    assert growth(table, []) == (table, [])
