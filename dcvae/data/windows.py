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

Not every window is fit to learn from. One that crosses a gap in time holds rows that do not follow
each other, and one with a labeled anomaly would teach that the anomaly is normal: they are left
out.

Windows are gathered from the one resident array when they are needed; there is never a copy of the
series for every window.
"""

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from dcvae.errors import InputError

Cell = TypeVar("Cell", bound=np.generic)


class WindowSplit(NamedTuple):
    """Starts (row indices, int32) of the windows that train and of those that validate.

    `across_gaps` and `labeled` count the windows of both parts that are in neither, because they
    cross a gap or (those that cross none) because they have a labeled row.
    """

    train: NDArray[np.int32]
    validation: NDArray[np.int32]
    across_gaps: int = 0
    labeled: int = 0

    def notices(self) -> list[str]:
        """Tell how many windows were left out and why, in a sentence at most."""
        if not self.across_gaps + self.labeled:
            return []
        total = len(self.train) + len(self.validation) + self.across_gaps + self.labeled
        reasons = _reasons(self.across_gaps, self.labeled)
        left_out = self.across_gaps + self.labeled
        return [f"{left_out:,} of {total:,} windows are left out of training: {reasons}."]


def num_windows(num_rows: int, window_length: int) -> int:
    """Count the windows with stride 1, which is also the number of judged rows."""
    return max(num_rows - window_length + 1, 0)


def windows_with(marked: NDArray[np.bool_], window_length: int) -> NDArray[np.bool_]:
    """Tell which windows have a marked row.

    Args:
        marked: (rows,) bool.
        window_length: rows of a window, T.

    Returns:
        (windows,) bool, by the windows' starts; with stride 1.
    """
    counts = np.concatenate([[0], np.cumsum(marked)])
    has_marked: NDArray[np.bool_] = counts[window_length:] > counts[:-window_length]
    return has_marked


def windows_across(after_gap: NDArray[np.bool_], window_length: int) -> NDArray[np.bool_]:
    """Tell which windows cross a gap.

    Args:
        after_gap: (rows,) bool, True where a gap lies before the row. A window may start there.
        window_length: rows of a window, T, at least 2.

    Returns:
        (windows,) bool, by the windows' starts; with stride 1.
    """
    return windows_with(after_gap[1:], window_length - 1)


def split_windows(
    num_rows: int,
    window_length: int,
    validation_share: float,
    stride: int,
    source: object,
    *,
    after_gap: NDArray[np.bool_] | None = None,
    labeled: NDArray[np.bool_] | None = None,
) -> WindowSplit:
    """Divide a series into windows to train on and windows to validate on.

    Args:
        num_rows: rows of the series, N.
        window_length: rows of a window, T.
        validation_share: share of the rows, at the end, that validates; 0 for none.
        stride: distance between the starts of training windows, in rows. Validation windows
            always have stride 1.
        source: names the data in messages.
        after_gap: (rows,) bool, True where a gap lies before the row; None for no gaps. Windows
            that cross one are in neither part.
        labeled: (rows,) bool, True where a row has a labeled anomaly; None for none. Windows with
            such a row are in neither part.

    Returns:
        The starts of both parts; `validation` is empty when the share is 0.

    Raises:
        InputError: a part that should give windows has fewer than `window_length` rows, or none of
            its windows is left.
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
    across = np.zeros(num_windows(num_rows, window_length), dtype=bool)
    anomalous = across.copy()
    if after_gap is not None:
        across = windows_across(after_gap, window_length)
    if labeled is not None:
        anomalous = windows_with(labeled, window_length) & ~across
    for part, starts in (("training", train), ("validation", validation)):
        if len(starts) and (across | anomalous)[starts].all():
            counts = (int(np.count_nonzero(marks[starts])) for marks in (across, anomalous))
            raise InputError(
                f"No window of the {part} part of {source} is left, of {len(starts):,}: "
                f"{_reasons(*counts)}. Use more data, a smaller `T` or a larger `max_gap`, bring "
                "uneven steps to one with `resample`, or change `val_percent`."
            )
    both = np.concatenate([train, validation])
    fit = ~(across | anomalous)
    return WindowSplit(
        train[fit[train]],
        validation[fit[validation]],
        int(np.count_nonzero(across[both])),
        int(np.count_nonzero(anomalous[both])),
    )


def _reasons(across_gaps: int, labeled: int) -> str:
    """Say why windows were left out."""
    parts = []
    if across_gaps:
        parts.append(f"{across_gaps:,} cross a gap longer than `max_gap`")
    if labeled:
        parts.append(f"{labeled:,} have a labeled anomaly")
    return " and ".join(parts)


def gather_windows(
    series: NDArray[Cell], starts: NDArray[np.int32], window_length: int
) -> NDArray[Cell]:
    """Copy the windows with the given starts out of the series.

    Args:
        series: (rows, series), scaled; or a mask of such cells.
        starts: (batch,), row indices.
        window_length: rows of a window, T.

    Returns:
        (batch, window_length, series), of the same kind.
    """
    windows: NDArray[Cell] = series[starts[:, None] + np.arange(window_length)]
    return windows


def starts_of_epoch(
    starts: NDArray[np.int32], seed: int, epoch: int, batch_size: int, steps: int | None = None
) -> NDArray[np.int32]:
    """Draw the windows of one epoch: the same for the same seed and epoch, whatever came before.

    A resumed training therefore sees the batches that the uninterrupted one would have seen.

    Args:
        starts: (windows,) int32, of the training part.
        seed: of the order.
        epoch: number of the epoch, from 1.
        batch_size: windows in a step.
        steps: steps in the epoch: pass follows pass, and an epoch goes on where the last one ended.
            None for one pass, from which the windows that fill no batch are left out.

    Returns:
        (steps · batch_size,) int32.
    """
    if steps is None:
        return shuffled(starts, seed, epoch)[: len(starts) // batch_size * batch_size]
    count = steps * batch_size
    first = (epoch - 1) * count
    before, skipped = divmod(first, len(starts))
    last = (first + count - 1) // len(starts)
    passes = [shuffled(starts, seed, number + 1) for number in range(before, last + 1)]
    return np.concatenate(passes)[skipped : skipped + count]


def spread_evenly(starts: NDArray[np.int32], most: int) -> NDArray[np.int32]:
    """Thin starts out to so many at most, the first and the last among them."""
    if len(starts) <= most:
        return starts
    kept: NDArray[np.int32] = starts[np.linspace(0, len(starts) - 1, most).astype(int)]
    return kept


def shuffled(starts: NDArray[np.int32], seed: int, number: int) -> NDArray[np.int32]:
    """Order the starts for one pass over them, counted from 1."""
    return np.random.default_rng((seed, number)).permutation(starts)
