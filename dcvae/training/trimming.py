"""Trimming: training windows that the network finds strange are left out of an epoch.

A network that is trained on what is wrong learns to reconstruct it. Windows with anomalies are few
and have large losses while the network has not learned them, so that an epoch goes without the
share of its windows that have the largest loss by the weights before it. A window that is left out
once can come back; the first epoch, whose weights know nothing, has all.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dcvae._arrays import BoolArray, Float64Array, Int32Array, IntArray, segments

LossesOf = Callable[[Int32Array], Float64Array]
"""Takes first rows of windows (windows,) and returns their losses (windows,), as weights are now;
a training that is resumed gets the same."""

_MOSTLY = 0.5  # of the windows with a row, that are left out: then it is a suspect
_CORE = 0.95  # of the largest share of a run of rows: where in it the reason lies


class SuspectRows(NamedTuple):
    """A run of training rows whose windows were left out.

    Attributes:
        start: first row.
        stop: row after the last one.
        share: share of the windows with such a row that were left out, of all epochs, 0 to 1.
    """

    start: int
    stop: int
    share: float


def largest(losses: Float64Array, share: float) -> BoolArray:
    """Tell which windows have the largest losses.

    Args:
        losses: (windows,); one that is no number is larger than all.
        share: share of the windows, 0 to 1; rounded down to whole windows.

    Returns:
        (windows,) bool.

    Examples:
        >>> largest(np.array([3.0, 1.0, 9.0, 4.0]), 0.5).tolist()
        [False, False, True, True]
    """
    count = int(len(losses) * share + 1e-9)  # 0.29 of 100 is less than 29 by rounding
    is_largest = np.zeros(len(losses), dtype=bool)
    is_largest[np.argsort(losses, kind="stable")[len(losses) - count :]] = True
    return is_largest


def counted(counts: IntArray, windows: Int32Array, drawn: Int32Array, out: BoolArray) -> IntArray:
    """Count what happened to the windows of an epoch.

    Args:
        counts: (2, windows) int64, how often each training window was ranked, and was left out; or
            (2, 0) before the first epoch that ranks any.
        windows: (windows,) int32, first rows of all training windows, in order.
        drawn: (n,) int32, first rows of those of the epoch.
        out: (n,) bool, which of them are left out.

    Returns:
        (2, windows) int64.
    """
    total = np.zeros((2, len(windows)), dtype=np.int64)
    if counts.shape[1]:
        total += counts
    places = np.searchsorted(windows, drawn)
    np.add.at(total[0], places, 1)
    np.add.at(total[1], places[out], 1)
    return total


def suspect_rows(
    counts: IntArray, windows: Int32Array, window_length: int, num_rows: int
) -> list[SuspectRows]:
    """Find the rows because of which windows were left out.

    Args:
        counts: from `counted`.
        windows: (windows,) int32, first rows of all training windows.
        window_length: rows of a window, T.
        num_rows: rows of the training table.

    Returns:
        Runs of rows that most of their windows were left out with, of each run those with nearly
        the largest share: all windows with a strange row are strange, and few of those with its
        neighbors. The largest share first.

    Examples:
        Three windows of three rows were left out whenever they came, those with row 4:

        >>> windows = np.arange(8, dtype=np.int32)
        >>> out = np.array([0, 0, 5, 5, 5, 0, 0, 0])
        >>> suspect_rows(np.array([[5] * 8, out]), windows, window_length=3, num_rows=10)
        [SuspectRows(start=4, stop=5, share=1.0)]
    """
    if not counts.shape[1]:
        return []
    changes = np.zeros((2, num_rows + 1), dtype=np.int64)
    for line, numbers in zip(changes, counts, strict=True):
        np.add.at(line, windows, numbers)
        np.subtract.at(line, windows + window_length, numbers)
    ranked, out = np.cumsum(changes, axis=1)[:, :-1]
    shares = out / np.maximum(ranked, 1)
    found = []
    for start, stop in zip(*segments(shares > _MOSTLY), strict=True):
        most = float(shares[start:stop].max())
        core = segments(shares[start:stop] >= _CORE * most)
        found += [
            SuspectRows(int(start + first), int(start + last), most)
            for first, last in zip(*core, strict=True)
        ]
    return sorted(found, key=lambda rows: (-rows.share, rows.start))
