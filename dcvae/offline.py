"""The score of a row by the windows that contain it, for files that are known to their end.

A live alarm has only the window that ends in its row. Whoever looks at a file afterwards also has
the windows that begin in it, and they tell more: an anomaly that began in a row is in full view of
them::

    error (rows, series) in every window     in sigmas
      -> squared, mean over the window's rows
      -> over the series' own level          what it exceeds in 1 % of normal windows
      -> log(1 + x), mean over series        one series that is far out does not speak for all
      -> mean over the windows that contain a row
      =  score (rows,)

so most normal rows are well below log 2 = 0.69. benchmarks/severity.md has what other readings
are worth.

A row looks ahead up to T - 1 rows here: this is for ranking and for study, never for an alarm.
"""

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from dcvae import system_alarm
from dcvae.losses import Tensor
from dcvae.network.autoencoders import COMPILES_PASSES, Autoencoder
from dcvae.windows import gather_windows, num_windows, windows_across

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]

WINDOWS_A_LENGTH = 8  # windows that begin within T rows; more rank no better, and each costs a pass
_BATCH = 64
_LOWEST_LEVEL = 1e-8  # sigmas, squared
_LARGEST = 1e15  # sigmas; the sum of their squares over a window fits float32


def scores_of_file(
    network: Autoencoder,
    scaled: Float32Array,
    observed: NDArray[np.bool_],
    level: Float64Array,
    window_length: int,
    gaps: NDArray[np.bool_] | None = None,
) -> Float64Array:
    """Score every row of a file by the windows that contain it; arguments as below.

    Args:
        gaps: (rows,) bool, before which rows a gap lies, that no window may cross; None for none.

    Returns:
        (rows,) float64, the first T - 1 rows too; NaN for rows in no window.
    """
    starts = window_starts(len(scaled), window_length, gaps)
    squares = window_squares(network, scaled, observed, starts, window_length)
    return row_scores(squares, level, starts, len(scaled), window_length)


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


def window_squares(
    network: Autoencoder,
    scaled: Float32Array,
    observed: NDArray[np.bool_],
    starts: NDArray[np.int32],
    window_length: int,
) -> Float64Array:
    """Average the squared errors, in sigmas, over the rows of windows; z is its mean.

    Args:
        network: the trained network.
        scaled: (rows, series) float32, scaled, without NaN.
        observed: (rows, series) bool, False where a cell was missing and has been filled.
        starts: (windows,) first rows.
        window_length: rows of a window, T.

    Returns:
        (windows, series) float64, over the observed cells; NaN where a window has none.
    """
    judge = _WindowPass(network)
    judge.compile(jit_compile=COMPILES_PASSES)
    squares = np.empty((len(starts), scaled.shape[1]))
    for first in range(0, len(starts), _BATCH):
        batch = starts[first : first + _BATCH]
        # Filled up with the last window: another shape would be traced anew.
        filled = np.pad(batch, (0, _BATCH - len(batch)), mode="edge")
        inputs = {
            "windows": gather_windows(scaled, filled, window_length),
            "observed": gather_windows(observed, filled, window_length).astype(np.float32),
        }
        total, count = (part[: len(batch)] for part in judge.predict_on_batch(inputs))
        rows = slice(first, first + len(batch))
        squares[rows] = np.divide(
            total, count, out=np.full(total.shape, np.nan), where=count > 0, dtype=np.float64
        )
    return squares


def normal_level(squares: Float64Array) -> Float64Array:
    """Tell what the mean square of a window exceeds in 1 % of normal windows.

    Args:
        squares: (windows, series) from `window_squares`.

    Returns:
        (series,) float64, sigmas squared, > 0.
    """
    return system_alarm.normal_level(squares, _LOWEST_LEVEL)


def row_scores(
    squares: Float64Array,
    level: Float64Array,
    starts: NDArray[np.int32],
    num_rows: int,
    window_length: int,
) -> Float64Array:
    """Give each row the mean over the windows that contain it.

    Args:
        squares: (windows, series) from `window_squares`.
        level: (series,) from `normal_level`.
        starts: (windows,) first rows of the windows, ascending.
        num_rows: rows of the file.
        window_length: rows of a window, T.

    Returns:
        (rows,) float64 >= 0; NaN where no window has a cell.
    """
    strangeness = np.log1p(squares / level)
    known = ~np.isnan(strangeness)
    series = known.sum(axis=1)
    of_window = np.divide(
        np.where(known, strangeness, 0.0).sum(axis=1),
        series,
        out=np.zeros(len(squares)),
        where=series > 0,
    )
    counted = (series > 0).astype(np.float64)
    row = np.arange(num_rows)
    total, count = np.zeros(num_rows), np.zeros(num_rows)
    # Rows in one stretch between borders are in the same windows. No running sum over the file: one
    # very far window would leave nothing but rounding of all that follow it.
    last = np.searchsorted(starts, row, side="right") - 1
    first = np.searchsorted(starts, row - window_length, side="right")
    for back in range(int((last - first).max()) + 1):
        window = last - back
        here = window >= first
        window = np.where(here, window, 0)
        total += np.where(here, of_window[window], 0.0)
        count += np.where(here, counted[window], 0.0)
    scores: Float64Array = np.divide(total, count, out=np.full(num_rows, np.nan), where=count > 0)
    return scores


class _WindowPass(keras.Model):
    """Sum of squared errors in sigmas, and number of observed cells, of each window and series.

    Input: `windows` and `observed` (window, T, series). Output: twice (window, series).
    """

    def __init__(self, network: Autoencoder) -> None:
        super().__init__(name="window_pass")
        self._network = network
        self.built = True  # it has no weights of its own

    def call(self, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        mean, sigma, _ = self._network.reconstruct(inputs["windows"])
        sigmas = (inputs["windows"] - mean) / sigma
        squares = ops.square(ops.clip(sigmas, -_LARGEST, _LARGEST)) * inputs["observed"]
        return ops.sum(squares, axis=1), ops.sum(inputs["observed"], axis=1)
