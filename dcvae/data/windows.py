"""Windows of a table: their rows, and the split into training and validation.

A window is `window_length` consecutive rows, named by the index of its first row, its *start*. With
10 rows, windows of 4 and a stride of 1 there are 7 windows. The last row of each gets a score, so
the first 3 rows have none::

    row     0 1 2 3 4 5 6 7 8 9
    start 0 x x x S                     S: the row that gets a score
    start 1   x x x S
    ...
    start 6             x x x S

The validation part is the end of the series, and no window crosses the border::

    rows    |------------ training ------------|---- validation ----|

Some windows are left out of training and validation: those that cross a gap in time, whose rows do
not follow each other, and those with a labeled anomaly, which the network would be trained to
reconstruct as normal.

Windows are gathered from one array when they are needed; rows are not stored once for each window.
"""

from bisect import bisect_left
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from dcvae._arrays import BoolArray, Int32Array
from dcvae.errors import InputError

Cell = TypeVar("Cell", bound=np.generic)

_MOST_ROWS = 10**18  # that anybody is told to have
_SHORTEST_WINDOW = 2  # rows: one of a past, and the one that gets a score


class WindowSplit(NamedTuple):
    """Starts of the windows to train on and of those to validate on.

    Attributes:
        train: (windows,) int32, row indices.
        validation: (windows,) int32, row indices.
        across_gaps: number of windows that are left out because they cross a gap.
        labeled: number of windows that cross no gap and are left out because of a labeled row.

    Examples:
        >>> import numpy as np
        >>> from dcvae.data import WindowSplit
        >>> starts = np.arange(5, dtype=np.int32)
        >>> WindowSplit(starts[:3], starts[3:], across_gaps=2).notices()
        ['2 of 7 windows are left out of training: 2 cross a gap longer than `max_gap`.']
    """

    train: Int32Array
    validation: Int32Array
    across_gaps: int = 0
    labeled: int = 0

    def notices(self) -> list[str]:
        """Tell how many windows were left out and why, in at most one sentence."""
        if not self.across_gaps + self.labeled:
            return []
        total = len(self.train) + len(self.validation) + self.across_gaps + self.labeled
        reasons = _reasons(self.across_gaps, self.labeled)
        left_out = self.across_gaps + self.labeled
        return [f"{left_out:,} of {total:,} windows are left out of training: {reasons}."]


def num_windows(num_rows: int, window_length: int) -> int:
    """Return the number of windows with stride 1, which is also the number of scored rows.

    Args:
        num_rows: rows of the table.
        window_length: rows of a window, T.

    Returns:
        `num_rows` - T + 1; 0 if the table is shorter than a window.

    Examples:
        >>> from dcvae.data import num_windows
        >>> num_windows(num_rows=10, window_length=4)
        7
    """
    return max(num_rows - window_length + 1, 0)


def longest_window(num_rows: int, asked: int, validation_share: float) -> tuple[int, float]:
    """Choose the longest windows that fit a number of training rows.

    Args:
        num_rows: rows of the training table, at least 4.
        asked: rows of a window that the settings ask for.
        validation_share: share of the rows that validates, 0 to 1.

    Returns:
        The rows of a window: at most `asked`, and so many that the validation part holds one window
        and the training part two side by side. And the share of the rows that validates: 0 if that
        part could not hold a window of 2 rows.

    Examples:
        Of 100 rows, 20 validate, and can hold no longer window:

        >>> from dcvae.data import longest_window
        >>> longest_window(num_rows=100, asked=128, validation_share=0.2)
        (20, 0.2)
    """
    share = validation_share
    held_out = int(num_rows * share)
    if held_out < _SHORTEST_WINDOW:
        share, held_out = 0.0, 0
    longest = (num_rows - held_out) // 2
    if held_out:
        longest = min(longest, held_out)
    return max(min(asked, longest), _SHORTEST_WINDOW), share


def windows_with(marked: BoolArray, window_length: int) -> BoolArray:
    """Tell which windows have a marked row.

    Args:
        marked: (rows,) bool.
        window_length: rows of a window, T.

    Returns:
        (rows - T + 1,) bool, by the windows' starts; with stride 1.

    Examples:
        >>> import numpy as np
        >>> from dcvae.data import windows_with
        >>> windows_with(np.array([False, True, False, False]), window_length=2).tolist()
        [True, True, False]
    """
    counts = np.concatenate([[0], np.cumsum(marked)])
    has_marked: BoolArray = counts[window_length:] > counts[:-window_length]
    return has_marked


def windows_across(after_gap: BoolArray, window_length: int) -> BoolArray:
    """Tell which windows cross a gap.

    Args:
        after_gap: (rows,) bool, True where a gap lies before the row. A window may start there.
        window_length: rows of a window, T, at least 2.

    Returns:
        (rows - T + 1,) bool, by the windows' starts; with stride 1.

    Examples:
        A window that starts after the gap does not cross it:

        >>> import numpy as np
        >>> from dcvae.data import windows_across
        >>> windows_across(np.array([False, True, False, False]), window_length=2).tolist()
        [True, False, False]
    """
    return windows_with(after_gap[1:], window_length - 1)


def split_windows(
    num_rows: int,
    window_length: int,
    validation_share: float,
    stride: int,
    source: object,
    *,
    after_gap: BoolArray | None = None,
    labeled: BoolArray | None = None,
) -> WindowSplit:
    """Split the windows of a table into those to train on and those to validate on.

    Args:
        num_rows: rows of the table.
        window_length: rows of a window, T.
        validation_share: share of the rows, 0 to 1, at the end, that validates; 0 for none.
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
        InputError: there are too few rows for a window in each part that should have some, or none
            of the windows of a part is left.

    Examples:
        Ten rows, the last four of them for validation; windows of three rows:

        >>> from dcvae.data import split_windows
        >>> split = split_windows(10, 3, validation_share=0.4, stride=1, source="pump.csv")
        >>> split.train.tolist(), split.validation.tolist()
        ([0, 1, 2, 3], [6, 7])
    """
    fewest = _fewest_rows(window_length, validation_share)
    if num_rows < fewest:
        parts, advice = "", "."
        if validation_share > 0:
            parts = f", and the part that validates (`val_percent` {validation_share:g}) holds one"
            advice = ", or set `val_percent` to 0 to train without validation."
        raise InputError(
            f"{source} has {num_rows:,} rows, but at least {fewest:,} are needed: a window is `T` "
            f"= {window_length} rows{parts}. Use more data or a smaller `T`{advice}"
        )
    validation_rows = int(num_rows * validation_share)
    border = num_rows - validation_rows
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
    usable = ~(across | anomalous)
    return WindowSplit(
        train[usable[train]],
        validation[usable[validation]],
        int(np.count_nonzero(across[both])),
        int(np.count_nonzero(anomalous[both])),
    )


def _fewest_rows(window_length: int, validation_share: float) -> int:
    """Return the fewest rows of which each part that has rows holds a window."""
    if validation_share == 0:
        return window_length

    def hold(num_rows: int) -> bool:
        validation = int(num_rows * validation_share)
        return min(validation, num_rows - validation) >= window_length

    enough = window_length
    while enough < _MOST_ROWS and not hold(enough):
        enough *= 2
    return bisect_left(range(enough), True, key=hold)


def _reasons(across_gaps: int, labeled: int) -> str:
    """Say why windows were left out."""
    parts = []
    if across_gaps:
        parts.append(f"{across_gaps:,} cross a gap longer than `max_gap`")
    if labeled:
        parts.append(f"{labeled:,} have a labeled anomaly")
    return " and ".join(parts)


def gather_windows(values: NDArray[Cell], starts: Int32Array, window_length: int) -> NDArray[Cell]:
    """Copy the windows with the given starts out of a table.

    Args:
        values: (rows, series), scaled, or a mask of the cells.
        starts: (batch,) int32, row indices.
        window_length: rows of a window, T.

    Returns:
        (batch, T, series), of the dtype of `values`.

    Examples:
        >>> import numpy as np
        >>> from dcvae.data import gather_windows
        >>> values = np.arange(5)[:, None]
        >>> gather_windows(values, np.array([2, 0], dtype=np.int32), window_length=3)[:, :, 0]
        array([[2, 3, 4],
               [0, 1, 2]])
    """
    windows: NDArray[Cell] = values[starts[:, None] + np.arange(window_length)]
    return windows


def starts_of_epoch(
    starts: Int32Array,
    seed: int,
    epoch: int,
    batch_size: int,
    steps: int | None = None,
    *,
    whole_batches: bool = True,
) -> Int32Array:
    """Draw the windows of one epoch, by its number and the seed alone.

    A resumed training therefore has the batches that the uninterrupted one would have had.

    Args:
        starts: (windows,) int32, of the training part.
        seed: of the order.
        epoch: number of the epoch, from 1.
        batch_size: windows in a step.
        steps: steps in the epoch: pass follows pass, and an epoch goes on where the last one ended.
            None for one pass.
        whole_batches: whether a pass goes without the windows that do not fill a batch.

    Returns:
        (steps · batch_size,) int32, or (windows,) for a pass of all windows.

    Examples:
        Two epochs of two steps draw each of four windows twice:

        >>> import numpy as np
        >>> from dcvae.data import starts_of_epoch
        >>> starts = np.array([0, 1, 2, 3], dtype=np.int32)
        >>> drawn = [starts_of_epoch(starts, 123, epoch, batch_size=2, steps=2) for epoch in (1, 2)]
        >>> sorted(np.concatenate(drawn).tolist())
        [0, 0, 1, 1, 2, 2, 3, 3]
    """
    if steps is None:
        count = len(starts) // batch_size * batch_size if whole_batches else len(starts)
        return shuffled(starts, seed, epoch)[:count]
    count = steps * batch_size
    first = (epoch - 1) * count
    before, skipped = divmod(first, len(starts))
    last = (first + count - 1) // len(starts)
    passes = [shuffled(starts, seed, number + 1) for number in range(before, last + 1)]
    return np.concatenate(passes)[skipped : skipped + count]


def spread_evenly(starts: Int32Array, most: int) -> Int32Array:
    """Select evenly spread starts, the first and the last among them.

    Args:
        starts: (windows,) int32.
        most: number of starts to select, at most.

    Returns:
        (min(windows, most),) int32.

    Examples:
        >>> import numpy as np
        >>> from dcvae.data import spread_evenly
        >>> spread_evenly(np.arange(10, dtype=np.int32), most=4).tolist()
        [0, 3, 6, 9]
    """
    if len(starts) <= most:
        return starts
    kept: Int32Array = starts[np.linspace(0, len(starts) - 1, most).astype(int)]
    return kept


def shuffled(starts: Int32Array, seed: int, number: int) -> Int32Array:
    """Return the starts in random order, by the seed and the number of the pass, from 1."""
    return np.random.default_rng((seed, number)).permutation(starts)
