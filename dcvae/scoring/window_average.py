"""The score of a row by the windows that contain it, for files that are known to their end.

A live alarm has only the window that ends in its row. Whoever looks at a file afterwards also has
the windows that begin in it, and they tell more: an anomaly that began in a row is in full view of
them::

    error (rows, series) in every window     in predicted sigmas, and scaled as it is
      -> squared, mean over the window's rows
      -> over the series' own level          what it exceeds in 1 % of normal windows
      -> log(1 + x), mean of both readings   a sigma that grows hides what a plain error shows
      -> mean of the three strangest series  an anomaly is seldom in one series alone, or in all
      -> mean over the windows that contain a row
      =  score (rows,)

so a normal row is below log 2 = 0.69 or so. The same without the step over series is the score of
a cell (rows, series). benchmarks/README.md has what other readings are worth.

A row looks ahead up to T - 1 rows here: this is for ranking and for study, never for an alarm.
"""

from typing import NamedTuple

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from dcvae.data.windows import gather_windows, num_windows, windows_across
from dcvae.detection import system_alarm
from dcvae.networks.base import COMPILES_PASSES, Autoencoder
from dcvae.networks.losses import Tensor

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]

WINDOWS_A_LENGTH = 8  # windows that begin within T rows; more rank no better, and each costs a pass
STRANGEST_SERIES = 3  # whose mean is the score of a window
_MARGIN = 1.5  # of the threshold over the strangest training row
_BATCH = 64
_LOWEST_LEVEL = 1e-8  # squared, in sigmas as well as scaled
_LARGEST = 1e15  # of an error; the sum of their squares over a window fits float32


class OfflineScores(NamedTuple):
    """What the windows that contain it say of every row; larger is stranger.

    Attributes:
        row: (rows,) float64 >= 0; NaN for rows in no window that has an observed cell.
        cell: (rows, series) float64 >= 0; NaN where a series has no observed cell in any window.
    """

    row: Float64Array
    cell: Float64Array


class OfflineScorer:
    """Looks at the windows of files with a trained network; z is its mean.

    Args:
        network: the trained network.
        window_length: rows of a window, T.
    """

    def __init__(self, network: Autoencoder, window_length: int) -> None:
        self._window_length = window_length
        self._pass = _WindowPass(network)
        self._pass.compile(jit_compile=COMPILES_PASSES)

    def score(
        self,
        scaled: Float32Array,
        observed: NDArray[np.bool_],
        level: Float64Array,
        gaps: NDArray[np.bool_] | None = None,
    ) -> OfflineScores:
        """Score every row of a file by the windows that contain it, the first T - 1 rows too.

        Args:
            scaled: (rows, series) float32, scaled, without NaN.
            observed: (rows, series) bool, False where a cell was missing and has been filled.
            level: (2, series) from `normal_level`.
            gaps: (rows,) bool, before which rows a gap lies, that no window may cross; None for
                none.
        """
        starts = window_starts(len(scaled), self._window_length, gaps)
        squares = self.squares(scaled, observed, starts)
        return scores_from(squares, level, starts, len(scaled), self._window_length)

    def squares(
        self, scaled: Float32Array, observed: NDArray[np.bool_], starts: NDArray[np.int32]
    ) -> Float64Array:
        """Average the squared errors over the rows of windows, in both readings.

        Args:
            scaled: (rows, series) float32, scaled, without NaN.
            observed: (rows, series) bool, False where a cell was missing and has been filled.
            starts: (windows,) first rows.

        Returns:
            (2, windows, series) float64, in predicted sigmas and scaled, over the observed cells;
            NaN where a window has none.
        """
        length = self._window_length
        squares = np.empty((2, len(starts), scaled.shape[1]))
        for first in range(0, len(starts), _BATCH):
            batch = starts[first : first + _BATCH]
            # Filled up with the last window: another shape would be traced anew.
            filled = np.pad(batch, (0, _BATCH - len(batch)), mode="edge")
            inputs = {
                "windows": gather_windows(scaled, filled, length),
                "observed": gather_windows(observed, filled, length).astype(np.float32),
            }
            *totals, count = (part[: len(batch)] for part in self._pass.predict_on_batch(inputs))
            rows = slice(first, first + len(batch))
            for reading, total in enumerate(totals):
                squares[reading, rows] = np.divide(
                    total, count, np.full(total.shape, np.nan), where=count > 0, dtype=np.float64
                )
        return squares


def window_starts(
    num_rows: int, window_length: int, gaps: NDArray[np.bool_] | None = None
) -> NDArray[np.int32]:
    """List the windows that are looked at: every T / 8 rows, and the last one before each gap.

    Args:
        num_rows: rows of the file.
        window_length: rows of a window, T.
        gaps: (rows,) bool, before which rows a gap lies; None for no gaps.

    Returns:
        (windows,) int32, the first rows, ascending; empty if no window is whole.
    """
    whole = np.arange(num_windows(num_rows, window_length), dtype=np.int32)
    if gaps is not None and len(whole):
        whole = whole[~windows_across(gaps, window_length)]
    last_ones = whole[np.diff(whole, append=num_rows + window_length) > 1]
    return np.union1d(thinned(whole, window_length), last_ones).astype(np.int32)


def thinned(starts: NDArray[np.int32], window_length: int) -> NDArray[np.int32]:
    """Keep the first of these windows in every stretch of T / 8 rows, and the last one."""
    stride = max(window_length // WINDOWS_A_LENGTH, 1)
    _, kept = np.unique(starts // stride, return_index=True)
    return starts[np.unique(np.append(kept, len(starts) - 1))] if len(starts) else starts


def normal_level(squares: Float64Array) -> Float64Array:
    """Tell what the mean square of a window exceeds in 1 % of normal windows.

    Args:
        squares: (2, windows, series) from `OfflineScorer.squares`.

    Returns:
        (2, series) float64, > 0: sigmas squared, and scaled and squared.
    """
    return np.stack([system_alarm.normal_level(part, _LOWEST_LEVEL) for part in squares])


def threshold(normal: Float64Array) -> float:
    """Tell above which score a row counts as anomalous: half as much again as the strangest.

    A network knows the rows it was trained on; how much stranger the normal rows are that it will
    be shown, it cannot know. The factor was chosen on the sets that benchmarks/README.md names.

    Args:
        normal: (rows,) scores of the training rows, NaN where there is none.

    Returns:
        The threshold, > 0; that of rows at their levels if no row has a score.
    """
    known = normal[~np.isnan(normal)]
    return _MARGIN * float(known.max() if known.size else np.log(2.0))


def scores_from(
    squares: Float64Array,
    level: Float64Array,
    starts: NDArray[np.int32],
    num_rows: int,
    window_length: int,
) -> OfflineScores:
    """Give each row the mean over the windows that contain it.

    Args:
        squares: (2, windows, series) from `OfflineScorer.squares`.
        level: (2, series) from `normal_level`.
        starts: (windows,) first rows of the windows, ascending.
        num_rows: rows of the file.
        window_length: rows of a window, T.
    """
    strangeness = np.log1p(squares / level[:, np.newaxis]).mean(axis=0)
    both = np.column_stack([_strangest(strangeness), strangeness])
    means = row_means(both, starts, num_rows, window_length)
    return OfflineScores(means[:, 0], means[:, 1:])


def _strangest(strangeness: Float64Array) -> Float64Array:
    """Average the strangest few series of each window: (windows,); NaN where there is none."""
    # Descending, what is not known last.
    ordered = -np.sort(-strangeness, axis=1)[:, :STRANGEST_SERIES]
    known = ~np.isnan(ordered)
    count = known.sum(axis=1)
    total = np.where(known, ordered, 0.0).sum(axis=1)
    means: Float64Array = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    return means


def row_means(
    values: Float64Array, starts: NDArray[np.int32], num_rows: int, window_length: int
) -> Float64Array:
    """Average what is known of the windows that contain each row.

    Args:
        values: (windows, columns) float64; NaN is left out.
        starts: (windows,) first rows of the windows, ascending.
        num_rows: rows of the file.
        window_length: rows of a window, T.

    Returns:
        (rows, columns) float64; NaN where nothing is known.
    """
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    row = np.arange(num_rows)
    total, count = np.zeros((num_rows, values.shape[1])), np.zeros((num_rows, values.shape[1]))
    # Rows in one stretch between borders are in the same windows. No running sum over the file: one
    # very far window would leave nothing but rounding of all that follow it.
    last = np.searchsorted(starts, row, side="right") - 1
    first = np.searchsorted(starts, row - window_length, side="right")
    for back in range(int((last - first).max()) + 1):
        window = last - back
        here = np.flatnonzero(window >= first)
        total[here] += filled[window[here]]
        count[here] += known[window[here]]
    means: Float64Array = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return means


class _WindowPass(keras.Model):
    """Sums of squared errors, and number of observed cells, of each window and series.

    Input: `windows` and `observed` (window, T, series). Output: (window, series) three times: sums
    in predicted sigmas, sums of what is scaled, numbers of cells.
    """

    def __init__(self, network: Autoencoder) -> None:
        super().__init__(name="window_pass")
        self._network = network
        self.built = True  # it has no weights of its own

    def call(self, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        mean, sigma, _ = self._network.reconstruct(inputs["windows"])
        error = inputs["windows"] - mean
        sums = [
            ops.sum(ops.square(ops.clip(part, -_LARGEST, _LARGEST)) * inputs["observed"], axis=1)
            for part in (error / sigma, error)
        ]
        return sums[0], sums[1], ops.sum(inputs["observed"], axis=1)
