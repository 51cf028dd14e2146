"""Which rows make a window, and which windows train and which validate.

A window is `window_length` consecutive rows, named by the index of its first row, its *start*. With
10 rows, windows of 4 and a stride of 1 there are 7 windows; the last row of each is judged, so the
first 3 rows never are:

    row     0 1 2 3 4 5 6 7 8 9
    start 0 x x x J                     J: the row that the window judges
    start 1   x x x J
    ...
    start 6             x x x J

The validation part is the end of the series, and no window crosses the border:

    rows    |------------ training ------------|---- validation ----|

Windows are gathered from the one resident array when they are needed; there is never a copy of the
series for every window.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcvae import InputError


class WindowSplit(NamedTuple):
    """Starts (row indices, int32) of the windows that train and of those that validate."""

    train: NDArray[np.int32]
    validation: NDArray[np.int32]


def num_windows(num_rows: int, window_length: int) -> int:
    """Count the windows with stride 1, which is also the number of judged rows."""
    return max(num_rows - window_length + 1, 0)


def split_windows(
    num_rows: int, window_length: int, validation_share: float, stride: int, source: object
) -> WindowSplit:
    """Divide a series into windows to train on and windows to validate on.

    Args:
        num_rows: rows of the series, N.
        window_length: rows of a window, T.
        validation_share: share of the rows, at the end, that validates; 0 for none.
        stride: distance between the starts of training windows, in rows. Validation windows
            always have stride 1.
        source: names the data in messages.

    Returns:
        The starts of both parts; `validation` is empty when the share is 0.

    Raises:
        InputError: a part that should give windows has fewer than `window_length` rows.
    """
    validation_rows = int(num_rows * validation_share)
    border = num_rows - validation_rows
    if border < window_length:
        raise InputError(
            f"The training part of {source} has {border:,} rows ({num_rows:,} less the last "
            f"{validation_rows:,} for validation), expected at least `T` = {window_length}. Use "
            "more data, a smaller `T` or a smaller `val_percent`."
        )
    if validation_share > 0 and validation_rows < window_length:
        raise InputError(
            f"The validation part of {source} has {validation_rows:,} rows (`val_percent` "
            f"{validation_share:g} of {num_rows:,}), expected at least `T` = {window_length}. Use "
            "more data, a larger `val_percent`, or 0 to train without validation."
        )
    train = np.arange(0, border - window_length + 1, stride, dtype=np.int32)
    validation = np.arange(
        border, border + num_windows(validation_rows, window_length), dtype=np.int32
    )
    return WindowSplit(train, validation)


def gather_windows(
    series: NDArray[np.float32], starts: NDArray[np.int32], window_length: int
) -> NDArray[np.float32]:
    """Copy the windows with the given starts out of the series.

    Args:
        series: (rows, series), scaled.
        starts: (batch,), row indices.
        window_length: rows of a window, T.

    Returns:
        (batch, window_length, series), scaled.
    """
    windows: NDArray[np.float32] = series[starts[:, None] + np.arange(window_length)]
    return windows


def shuffled(starts: NDArray[np.int32], seed: int, epoch: int) -> NDArray[np.int32]:
    """Order the starts for one epoch: the same for the same seed and epoch, whatever came before.

    A resumed training therefore sees the batches that the uninterrupted one would have seen.
    """
    return np.random.default_rng((seed, epoch)).permutation(starts)
