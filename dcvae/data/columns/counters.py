"""Counters: totals that only grow, turned into how fast they grow.

A counter starts again at 0 when its machine does: its growth since the row before is not known, and
missing. At the largest number of 32 or 64 bits it goes on from 0, or from the smallest number if it
has a sign. Both are told apart by the value before: only a counter in the last quarter of its
range, or of the positive numbers, that comes out in the first quarter of the range has overflowed.
"""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import pandas as pd

from dcvae._arrays import Float64Array
from dcvae._text import quoted, shortened

_RANGES = (2.0**32, 2.0**64)
_LARGEST = np.finfo(np.float64).max


def growth(frame: pd.DataFrame, counters: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """Replace counters by their growth per second since the row before.

    A missing cell stays missing; the growth of the next observed one is that since the last
    observed one, over all the seconds between them. The first observed cell has none.

    Args:
        frame: (rows, series), data units, by time.
        counters: names of columns of it.

    Returns:
        The frame with those columns in units a second, and a notice.

    Examples:
        It grows by 60 in a minute, then its machine restarts, and it grows by 30:

        >>> import pandas as pd
        >>> from dcvae.data.columns.counters import growth
        >>> times = pd.date_range("2024-01-01", periods=4, freq="min")
        >>> table = pd.DataFrame({"bytes": [1000.0, 1060.0, 5.0, 35.0]}, times)
        >>> growth(table, ["bytes"])[0]["bytes"]
        2024-01-01 00:00:00    NaN
        2024-01-01 00:01:00    1.0
        2024-01-01 00:02:00    NaN
        2024-01-01 00:03:00    0.5
        Freq: min, Name: bytes, dtype: float64
    """
    if not counters:
        return frame, []
    seconds = pd.DatetimeIndex(frame.index).as_unit("us").asi8 / 1e6
    resets, overflows, rates = 0, 0, {}
    for name in counters:
        values = frame[name].to_numpy(dtype=np.float64)
        rows = np.flatnonzero(~np.isnan(values))
        change, is_reset, is_overflow = _growth_between(values[rows])
        rate = np.full(len(values), np.nan)
        with np.errstate(over="ignore"):
            rate[rows[1:]] = np.clip(change / np.diff(seconds[rows]), -_LARGEST, _LARGEST)
        rates[name] = rate
        resets, overflows = resets + int(is_reset.sum()), overflows + int(is_overflow.sum())
    notice = (
        f"Counters are read as their growth per second: {shortened(quoted(counters))}; they start "
        f"again {resets:,} times and overflow {overflows:,} times."
    )
    return frame.assign(**rates), [notice]


def counters_in(series: Iterable[Hashable], counters: Sequence[str]) -> list[str]:
    """Return the series that a list of counters names, by their names or by those of their columns.

    Machines side by side have a series for each column: `bytes` names `web1 bytes` too.
    """
    return [
        str(name)
        for name in series
        if any(str(name) == counter or str(name).endswith(f" {counter}") for counter in counters)
    ]


def _growth_between(values: Float64Array) -> tuple[Float64Array, np.ndarray, np.ndarray]:
    """Return (values - 1,) the growth between neighbors, and where it restarts and overflows."""
    before, after = values[:-1], values[1:]
    with np.errstate(over="ignore"):
        change = after - before
    falls = change < 0
    overflow = np.zeros(len(change), dtype=bool)
    for size in _RANGES:
        for end in (size / 2, size):  # with and without a sign
            is_late = (before >= 0.75 * end) & (before <= end)
            is_early = (after >= end - size) & (after < end - 0.75 * size)
            wraps = falls & is_late & is_early
            change = np.where(wraps, change + size, change)
            overflow |= wraps
    reset = falls & ~overflow
    return np.where(reset, np.nan, change), reset, overflow
