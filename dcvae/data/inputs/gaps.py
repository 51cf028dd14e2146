"""Gaps: times without rows that no window may cross, and missing cells that are filled.

Two keys rule them. A step from a row to the next that is longer than `max_gap` sampling steps is a
gap. A missing cell takes the value before it for `max_fill` rows at most, and after that the mean
of the training data, which is usual to the network and depends on no later row. The published
program crosses every gap and carries values forward without limit, and backward at the start of a
file; null in place of either number repeats that.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dcvae._arrays import BoolArray, Float64Array


def after_gap(times: pd.DatetimeIndex, step_seconds: float, max_gap: int | None) -> BoolArray:
    """Tell before which rows a gap lies: a step longer than `max_gap` sampling steps.

    Steps are rounded to whole sampling steps first, as no clock is exact.

    Args:
        times: (rows,) times.
        step_seconds: the sampling step, in seconds; 0, that of a single row, for no gaps.
        max_gap: longest step that is no gap, in sampling steps; None for no gaps.

    Returns:
        (rows,) bool, True where a gap lies before the row.

    Examples:
        Steps of 1, 2 and 3 days between rows a day apart; up to two days are no gap:

        >>> import pandas as pd
        >>> from dcvae.data import after_gap
        >>> times = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-04", "2024-01-07"])
        >>> after_gap(times, step_seconds=86400, max_gap=2).tolist()
        [False, False, False, True]
    """
    gaps = np.zeros(len(times), dtype=bool)
    if max_gap is not None and step_seconds > 0:
        seconds = np.diff(times.as_unit("us").asi8) / 1e6
        gaps[1:] = seconds >= (max_gap + 0.5) * step_seconds
    return gaps


def fill_missing(
    frame: pd.DataFrame, max_fill: int | None, center: Sequence[float]
) -> Float64Array:
    """Fill the missing cells of a table.

    Args:
        frame: (rows, series), data units, NaN where missing. It is not changed.
        max_fill: rows for which a missing cell takes the value before it; None for all rows, and
            for the value after it at the start of a file.
        center: (series,) data units, what all other missing cells take.

    Returns:
        (rows, series) float64, data units, without NaN.

    Examples:
        >>> import numpy as np
        >>> import pandas as pd
        >>> from dcvae.data import fill_missing
        >>> frame = pd.DataFrame({"flow": [np.nan, 1.0, np.nan, np.nan]})
        >>> fill_missing(frame, max_fill=1, center=[5.0])[:, 0]
        array([5., 1., 1., 5.])
    """
    if max_fill is None:
        frame = frame.ffill().bfill()
    elif max_fill > 0:
        frame = frame.ffill(limit=max_fill)
    values = frame.to_numpy(dtype=np.float64)
    return np.where(np.isnan(values), center, values)
