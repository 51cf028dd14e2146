"""Window-average scores: a row by windows that contain it, for files known to their end.

A live alarm has only the window that ends in its row. A file known to its end also has the windows
that begin in the row, and they hold more rows of an anomaly that begins there. One window in every
T / 8 rows scores a file: more of them rank its rows no better::

    error (rows, series) in every window     in predicted sigmas, and scaled as it is
      -> squared, mean over the window's rows
      -> over the series' reference level    what it exceeds in 1 % of normal windows
      -> log(1 + x), mean of both            a sigma that grows hides what a plain error shows
      -> mean of the three largest series    an anomaly is seldom in one series alone, or in all
      -> mean over the windows that contain a row
      =  score (rows,)

so a normal row is below log 2 = 0.69 or so. The same without the step over series is the score of
a cell (rows, series). benchmarks/README.md measures alternatives to each step.

A score looks ahead up to T - 1 rows here: it is for ranking and for study, never for an alarm.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dcvae._arrays import AnyArray, BoolArray, Float64Array, Int32Array, Tensor
from dcvae.data import ModelInput, gather_windows, num_windows, windows_across
from dcvae.scoring.levels import reference_level

if TYPE_CHECKING:
    from dcvae.networks import Network
    from dcvae.scoring.batched import Pass

# Windows that begin within T rows. More of them rank rows no better, and each costs a pass.
WINDOWS_PER_LENGTH = 8
STRANGEST_SERIES = 3  # the series of largest scores, whose mean is the score of a window
_MARGIN = 1.5  # factor of the threshold over the largest score of the training rows
_BATCH = 64  # windows of a pass on a CPU
_LOWEST_LEVEL = 1e-8  # squared, in sigmas as well as scaled
_LARGEST = 1e15  # bound of an error: the sum of such squares over a window fits float32


class WindowAverageScores(NamedTuple):
    """Scores of rows and cells, each by windows that contain it; larger is stranger.

    Attributes:
        row: (rows,) float64 >= 0; NaN for rows in no window that has an observed cell.
        cell: (rows, series) float64 >= 0; NaN where a series has no observed cell in any window
            that contains the row.
    """

    row: Float64Array
    cell: Float64Array


class WindowSquares(NamedTuple):
    """Mean squared errors of some windows of a file.

    Attributes:
        starts: (windows,) int32, first rows of the windows, ascending.
        squares: (2, windows, series) float64, in predicted sigmas squared and scaled squared; NaN
            where a series has no cell with a score.
    """

    starts: Int32Array
    squares: Float64Array


class WindowAverageScorer:
    """A scorer of files with a trained network, by windows all over each; z is its mean.

    Args:
        network: the trained network, read at every call.
        window_length: rows of a window, T.
    """

    def __init__(self, network: "Network", window_length: int) -> None:
        from dcvae.scoring.batched import batched_pass, pass_size

        self._window_length = window_length
        self._pass = batched_pass(_window_sums(network), pass_size(_BATCH, network), network)

    def score(
        self,
        inputs: ModelInput,
        reference_levels: Float64Array,
        known: WindowSquares | None = None,
    ) -> WindowAverageScores:
        """Score every row of a file by windows that contain it, the first T - 1 rows too.

        Args:
            inputs: the table.
            reference_levels: (2, series) float64 from `reference_levels`.
            known: windows of the table that need not be computed again; None for none.

        Returns:
            Scores of all rows and cells of the table.
        """
        return scored_by_windows(self.squares, inputs, reference_levels, self._window_length, known)

    def squares(self, inputs: ModelInput, starts: Int32Array) -> Float64Array:
        """Average the squared errors over the rows of windows, in sigmas and scaled.

        Args:
            inputs: the table.
            starts: (windows,) int32, first rows.

        Returns:
            (2, windows, series) float64: predicted sigmas squared, and scaled squared, over the
            cells that have a score; NaN where a window has none.
        """
        from dcvae.scoring.batched import filled_up

        length, num_series = self._window_length, inputs.values.shape[1]
        scorable = inputs.scorable(length)

        def gathered(first: int, count: int) -> dict[str, AnyArray]:
            size = self._pass.batch_size
            filled = filled_up(starts, first, count, size)
            parts: dict[str, AnyArray] = {
                "windows": gather_windows(inputs.values, filled, length),
                "observed": gather_windows(scorable, filled, length).astype(np.float32),
            }
            if inputs.far is not None:
                lowest = int(filled[0])
                rows = inputs.measured(lowest, int(filled[-1]) + length)
                parts["measured"] = gather_windows(rows, filled - lowest, length)
            if inputs.constant is not None:
                parts["constant"] = np.broadcast_to(inputs.constant, (size, 1, num_series))
            return parts

        squares = np.empty((2, len(starts), num_series))
        for windows, (*totals, count) in self._pass.run(len(starts), gathered):
            for place, total in enumerate(totals):
                squares[place, windows] = np.divide(
                    total, count, np.full(total.shape, np.nan), where=count > 0, dtype=np.float64
                )
        return squares


def scored_by_windows(
    squares_of: Callable[[ModelInput, Int32Array], Float64Array],
    inputs: ModelInput,
    reference_levels: Float64Array,
    window_length: int,
    known: WindowSquares | None = None,
) -> WindowAverageScores:
    """Score every row of a table by windows that contain it, the first T - 1 rows too.

    Args:
        squares_of: as `WindowAverageScorer.squares`.
        inputs: the table.
        reference_levels: (2, series) float64 from `reference_levels`.
        window_length: rows of a window, T.
        known: windows of the table that need not be computed again; None for none.
    """
    num_rows = len(inputs.values)
    starts = window_starts(num_rows, window_length, inputs.gaps)
    squares = np.empty((2, len(starts), inputs.values.shape[1]))
    left = np.arange(len(starts))
    if known is not None:
        _, here, there = np.intersect1d(starts, known.starts, return_indices=True)
        squares[:, here] = known.squares[:, there]
        left = np.setdiff1d(left, here)
    squares[:, left] = squares_of(inputs, starts[left])
    return scores_from(squares, reference_levels, starts, num_rows, window_length)


def window_starts(num_rows: int, window_length: int, gaps: BoolArray | None = None) -> Int32Array:
    """List the windows that score a file: one per T / 8 rows, and the last one before each gap.

    Args:
        num_rows: rows of the file.
        window_length: rows of a window, T.
        gaps: (rows,) bool, True where a gap lies before the row; None for no gaps.

    Returns:
        (windows,) int32, the first rows, ascending; empty if no window is whole.

    Examples:
        >>> window_starts(num_rows=40, window_length=16)  # every 2 rows; the last window ends at 39
        array([ 0,  2,  4,  6,  8, 10, 12, 14, 16, 18, 20, 22, 24], dtype=int32)
        >>> window_starts(num_rows=10, window_length=16)
        array([], dtype=int32)
    """
    whole = np.arange(num_windows(num_rows, window_length), dtype=np.int32)
    if gaps is not None and len(whole):
        whole = whole[~windows_across(gaps, window_length)]
    last_ones = whole[np.diff(whole, append=num_rows + window_length) > 1]
    return np.union1d(thinned(whole, window_length), last_ones).astype(np.int32)


def thinned(starts: Int32Array, window_length: int) -> Int32Array:
    """Keep the first of these windows in every T / 8 rows, and the last of all."""
    stride = max(window_length // WINDOWS_PER_LENGTH, 1)
    _, kept = np.unique(starts // stride, return_index=True)
    return starts[np.unique(np.append(kept, len(starts) - 1))] if len(starts) else starts


def reference_levels(squares: Float64Array) -> Float64Array:
    """Compute the reference levels of windows: the 99 % quantile of each series' mean squares.

    Args:
        squares: (2, windows, series) float64 from `WindowAverageScorer.squares`, of normal data.

    Returns:
        (2, series) float64 > 0: sigmas squared, and scaled squared.
    """
    return np.stack([reference_level(part, _LOWEST_LEVEL) for part in squares])


def threshold(normal: Float64Array) -> float:
    """Compute the score above which a row is anomalous: 1.5 times the largest of normal rows.

    Normal rows of later files score higher than those of training, by how much is not known from
    training alone. The factor was chosen on the sets that benchmarks/README.md names.

    Args:
        normal: (rows,) float64, scores of the training rows; NaN where there is none.

    Returns:
        The threshold, > 0; 1.5 log 2, of rows at their reference levels, if no row has a score.

    Examples:
        >>> threshold(np.array([0.2, 0.4, np.nan]))
        0.6000000000000001
    """
    known = normal[~np.isnan(normal)]
    return _MARGIN * float(known.max() if known.size else np.log(2.0))


def scores_from(
    squares: Float64Array,
    reference_levels: Float64Array,
    starts: Int32Array,
    num_rows: int,
    window_length: int,
) -> WindowAverageScores:
    """Score each row by the mean over the windows that contain it.

    Args:
        squares: (2, windows, series) float64 from `WindowAverageScorer.squares`.
        reference_levels: (2, series) float64 from `reference_levels`.
        starts: (windows,) int32, first rows of the windows, ascending.
        num_rows: rows of the file.
        window_length: rows of a window, T.

    Returns:
        Scores of all rows and cells of the file.

    Examples:
        Two windows of 2 rows share row 1; the second one is far above its reference level.

        >>> squares = np.array([[[0.0], [3.0]], [[0.0], [3.0]]])
        >>> starts = np.array([0, 1], dtype=np.int32)
        >>> scores = scores_from(squares, np.ones((2, 1)), starts, num_rows=4, window_length=2)
        >>> scores.row.round(2)  # row 3 is in no window
        array([0.  , 0.69, 1.39,  nan])
    """
    strangeness = np.log1p(squares / reference_levels[:, np.newaxis]).mean(axis=0)
    row, cell = (
        row_means(values, starts, num_rows, window_length)
        for values in (_strangest(strangeness)[:, np.newaxis], strangeness)
    )
    return WindowAverageScores(row[:, 0], cell)


def _strangest(strangeness: Float64Array) -> Float64Array:
    """Average the few largest scores of series in each window: (windows,); NaN where none is."""
    # Descending, NaN last.
    ordered = -np.sort(-strangeness, axis=1)[:, :STRANGEST_SERIES]
    known = ~np.isnan(ordered)
    count = known.sum(axis=1)
    total = np.where(known, ordered, 0.0).sum(axis=1)
    means: Float64Array = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    return means


def row_means(
    values: Float64Array, starts: Int32Array, num_rows: int, window_length: int
) -> Float64Array:
    """Average the values of the windows that contain each row.

    Args:
        values: (windows, columns) float64; NaN is left out.
        starts: (windows,) int32, first rows of the windows, ascending.
        num_rows: rows of the file.
        window_length: rows of a window, T.

    Returns:
        (rows, columns) float64; NaN for rows in no window with a value.
    """
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    # The same windows contain all rows from where one begins or has ended to where the next does.
    ends = starts.astype(np.int64) + window_length
    row = np.unique(np.concatenate([np.zeros(min(num_rows, 1), np.int64), starts, ends]))
    row = row[row < num_rows]
    total, count = (np.zeros((len(row), values.shape[1])) for _ in range(2))
    # No running sum over the file: one very large value would leave nothing but rounding of all
    # that follow it.
    last = np.searchsorted(starts, row, side="right") - 1
    first = np.searchsorted(starts, row - window_length, side="right")
    for back in range(int((last - first).max(initial=-1)) + 1):
        window = last - back
        here = np.flatnonzero(window >= first)
        total[here] += filled[window[here]]
        count[here] += known[window[here]]
    means: Float64Array = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return np.repeat(means, np.diff(row, append=num_rows), axis=0)


def _window_sums(network: "Network") -> "Pass":
    """Make a pass of sums of squared errors, and numbers of cells, per window and series.

    Inputs are `windows` and `observed`, each (windows, T, series); `measured` likewise, where that
    is not what the windows show; and `constant` (windows, 1, series), where a series never changed
    in training, and is expected as it is shown. Outputs are (windows, series) three times: sums in
    sigmas squared, sums in scaled squared, numbers of cells.
    """
    ops = network.ops

    def sums_of(inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        mean, sigma, _ = network.reconstruct(inputs["windows"])
        if "constant" in inputs:
            mean = ops.where(inputs["constant"], inputs["windows"], mean)
            sigma = ops.where(inputs["constant"], 1.0, sigma)
        error = inputs.get("measured", inputs["windows"]) - mean
        sums = [
            ops.sum(ops.square(ops.clip(part, -_LARGEST, _LARGEST)) * inputs["observed"], axis=1)
            for part in (error / sigma, error)
        ]
        return sums[0], sums[1], ops.sum(inputs["observed"], axis=1)

    return sums_of
