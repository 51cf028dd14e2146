"""Windows as rows: a detector of single rows that is shown the last rows of a series at once.

Such a detector knows no order. Shown w rows side by side, w times as many columns, it sees how
values follow each other::

    rows       0 1 2 3 4 5
    window 2   x x S            w = 3; S: the row that gets the score of the window
    window 3     x x S
    ...
    window 5         x x S
"""

from collections.abc import Mapping
from numbers import Integral
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import clone

from dcvae._arrays import AnyArray, AnyFloatArray, Float64Array, IntArray
from dcvae.detectors.base import CONTAMINATION, AnomalyDetector
from dcvae.detectors.state import whole_or_unchanged
from dcvae.errors import InputError

MOST_ROWS = 8  # of a window, as a rule: longer ones have more columns than tell a detector anything
_FITTED_WINDOWS = 20_000
_FITTED_NUMBERS = 2**26  # of the windows of a fit: 256 MB of float32
_CHUNK_NUMBERS = 2**22  # of the windows that are scored at once
_STATE = "detector/"  # how the names of what the wrapped detector has made begin
_SUMMARIES = 5  # of each series


class WindowedDetector(AnomalyDetector):
    """A detector of series in time order by one of rows, which is shown windows of them.

    The score of a row is that of the window that ends in it, so that no later row is used. Rows
    before the end of the first whole window take its score; data shorter than a window are taken to
    have been as in their first row before it.

    The wrapped detector is fitted to at most 20,000 windows, evenly spread. A fit and a score take
    what it takes for `window` times as many columns, or 5 times with `summaries`; windows are made
    some at a time.

    Args:
        detector: scores each row by itself; stays as it is, a clone of it is fitted.
        window: rows of a window, w.
        summaries: whether a window is shown by last value, mean, standard deviation, slope and
            range of each series in place of all its rows.

    Attributes:
        detector_: the fitted clone.

    Raises:
        InputError: `fit` finds a window that is no whole number of at least 1, or a detector that
            is none or looks at other rows already.

    Examples:
        Each value is usual, a high one after a low one is not:

        >>> from dcvae import make_detector
        >>> level = np.array([0.0, 0.1, 0.2, 5.0, 5.1, 5.2] * 20)[:, np.newaxis]
        >>> level = np.sort(level, axis=0)  # it is low, then high
        >>> detector = WindowedDetector(make_detector("pca"), window=2).fit(level)
        >>> usual, strange = detector.decision_function([[5.1], [5.1], [0.0], [5.1]])[[1, 3]]
        >>> bool(strange > 5 * usual)
        True
    """

    needs_order = True

    detector_: AnomalyDetector

    def __init__(
        self, detector: AnomalyDetector, window: int = MOST_ROWS, summaries: bool = False
    ) -> None:
        self.detector = detector
        self.window = window
        self.summaries = summaries

    @property
    def described(self) -> str:
        """Title of the wrapped detector, and what it is shown."""
        shown = "summaries of " if self.summaries else ""
        return f"{self.detector.title} of {shown}{self.window} rows"

    @property
    def contamination(self) -> float:
        """Share of the windows of a fit that are assumed strange: that of the wrapped detector."""
        return float(getattr(self.detector, "contamination", CONTAMINATION))

    @property
    def fewest_rows(self) -> int:
        """As many as have the windows that the wrapped detector needs rows."""
        self._check_parameters()
        return self.window - 1 + self.detector.fewest_rows

    def fit_windows(self, X: ArrayLike | pd.DataFrame, ends: ArrayLike) -> Self:  # noqa: N803
        """Fit to chosen windows, such as those that cross no gap; see `fit`.

        Args:
            X: (rows, series), data units, in time order.
            ends: (windows,) whole numbers, the last row of each window, counted from 0; in any
                order. None may end before row `window` - 1.

        Returns:
            The detector itself; its `decision_scores_` are of these windows, (windows,) float64.

        Raises:
            InputError: there are too few windows, or one that X does not have; or as `fit`.
            ValueError: as `fit`.
        """
        with whole_or_unchanged(self):
            self._check_parameters()
            values = self._validated(X, reset=True, fewest=self.window)
            chosen = self._checked(ends, len(values))
            if len(chosen) < self.detector.fewest_rows:
                raise InputError(
                    f"{self.detector.title} needs at least {self.detector.fewest_rows} windows. "
                    f"Received `ends` of {len(chosen)}: choose more, or use another detector."
                )
            self._keep_scores(self._fit_to(values, chosen))
            self.threshold_ = self._quantile(self.decision_scores_)
        return self

    def score_windows(self, X: ArrayLike | pd.DataFrame, ends: ArrayLike) -> Float64Array:  # noqa: N803
        """Score chosen windows, larger is stranger.

        Args:
            X: (rows, series), columns and units as in the fit, in time order.
            ends: as for `fit_windows`.

        Returns:
            (windows,) float64, finite, in the order of `ends`.

        Raises:
            InputError: there is a window that X does not have; or as `decision_function`.
            ValueError: as `decision_function`.
        """
        values = self._to_score(X)
        return self._scores_at(values, self._checked(ends, len(values)))

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return what a fit has made, that of the wrapped detector under names of its own."""
        own = super().to_arrays()
        wrapped = self.detector_.to_arrays()
        return {**own, **{f"{_STATE}{name}": array for name, array in wrapped.items()}}

    def from_arrays(self, arrays: Mapping[str, AnyArray]) -> Self:
        """Take what a fit of a detector with the same parameters has made; see the base class."""
        self._check_parameters()
        own = {name: array for name, array in arrays.items() if not name.startswith(_STATE)}
        wrapped = {
            name.removeprefix(_STATE): array
            for name, array in arrays.items()
            if name.startswith(_STATE)
        }
        detector = clone(self.detector).from_arrays(wrapped)
        with whole_or_unchanged(self):
            super().from_arrays(own)
            columns = self.n_features_in_ * (_SUMMARIES if self.summaries else self.window)
            if detector.n_features_in_ != columns:
                raise ValueError(f"a detector of {detector.n_features_in_} columns, not {columns}")
            self.detector_ = detector
        return self

    def _fit(self, values: AnyFloatArray) -> Float64Array:
        scores = self._fit_to(values, np.arange(self.window - 1, len(values)))
        return np.pad(scores, (self.window - 1, 0), mode="edge")

    def _score(self, values: AnyFloatArray) -> Float64Array:
        missing = max(self.window - len(values), 0)
        filled = np.pad(values, [(missing, 0), (0, 0)], mode="edge") if missing else values
        scores = self._scores_at(filled, np.arange(self.window - 1, len(filled)))
        return np.pad(scores, (len(values) - len(scores), 0), mode="edge")

    def _fit_to(self, values: AnyFloatArray, ends: IntArray) -> Float64Array:
        """Fit the wrapped detector to windows of checked rows; return the scores of all of them."""
        columns = values.shape[1] * (_SUMMARIES if self.summaries else self.window)
        most = int(np.clip(_FITTED_NUMBERS // columns, 1000, _FITTED_WINDOWS))
        chosen = np.ones(len(ends), dtype=bool)
        if len(ends) > most:
            chosen[:] = False
            chosen[np.linspace(0, len(ends) - 1, most).astype(int)] = True
        detector = clone(self.detector)
        detector.fit(windows_as_rows(values, ends[chosen], self.window, summaries=self.summaries))
        self.detector_ = detector
        # What it was fitted to may not be compared with itself.
        scores = np.empty(len(ends))
        scores[chosen] = detector.decision_scores_
        scores[~chosen] = self._scores_at(values, ends[~chosen])
        return scores

    def _scores_at(self, values: AnyFloatArray, ends: IntArray) -> Float64Array:
        """Score the windows of checked rows that end in some of them, a chunk at a time."""
        scores = np.empty(len(ends))
        chunk = max(_CHUNK_NUMBERS // (values.shape[1] * self.window), 1)
        for first in range(0, len(ends), chunk):
            part = ends[first : first + chunk]
            rows = windows_as_rows(values, part, self.window, summaries=self.summaries)
            scores[first : first + chunk] = self.detector_.decision_function(rows)
        return scores

    def _check_parameters(self) -> None:
        is_detector = isinstance(self.detector, AnomalyDetector)
        if not is_detector or self.detector.needs_order:
            why = ", which looks at other rows already: use it as it is" if is_detector else ""
            raise InputError(
                "Expected `detector` of WindowedDetector to be a detector that scores each row by "
                f"itself, such as make_detector('ecod'). Received: {self.detector!r}{why}."
            )
        is_number = isinstance(self.window, Integral) and not isinstance(self.window, bool)
        if not is_number or self.window < 1:
            raise InputError(
                "Expected `window` of WindowedDetector to be a whole number of at least 1. "
                f"Received: {self.window!r}."
            )

    def _checked(self, ends: ArrayLike, num_rows: int) -> IntArray:
        """Check that there are windows that end in these rows."""
        chosen = np.asarray(ends)
        if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
            raise InputError(
                "Expected `ends` to be whole numbers, the last row of each window. Received: an "
                f"array of {chosen.dtype} of the shape {chosen.shape}."
            )
        outside = chosen[(chosen < self.window - 1) | (chosen >= num_rows)]
        if len(outside):
            raise InputError(
                f"Expected `ends` from {self.window - 1} to {num_rows - 1}: X has {num_rows} rows, "
                f"and a window {self.window}. Received: {outside[0]}"
                f"{f' and {len(outside) - 1:,} more' if len(outside) > 1 else ''}. Leave them out."
            )
        return chosen.astype(np.int64)


def windows_as_rows(
    values: AnyFloatArray, ends: IntArray, window: int, *, summaries: bool = False
) -> AnyFloatArray:
    """Make one row of each of some windows.

    Args:
        values: (rows, series), in time order.
        ends: (windows,) int64, the last row of each window; at least `window` - 1.
        window: rows of a window, w.
        summaries: whether to sum up each series instead: last value, mean, standard deviation,
            slope (least squares, a row) and range, largest less least.

    Returns:
        (windows, w · series) of the type of `values`, all series of the oldest row first; or
        (windows, 5 · series) float64, the last values of all series first.

    Examples:
        >>> values = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 20.0]])
        >>> windows_as_rows(values, np.array([1, 2]), window=2).tolist()
        [[1.0, 10.0, 2.0, 20.0], [2.0, 20.0, 4.0, 20.0]]
        >>> windows_as_rows(values, np.array([2]), window=2, summaries=True).tolist()
        [[4.0, 20.0, 3.0, 20.0, 1.0, 0.0, 2.0, 0.0, 2.0, 0.0]]
    """
    # (windows, w, series)
    windows: AnyFloatArray = values[ends[:, np.newaxis] + np.arange(1 - window, 1)]
    if not summaries:
        return windows.reshape(len(windows), -1)
    windows = windows.astype(np.float64)
    centered = np.arange(window) - (window - 1) / 2
    with np.errstate(over="ignore", invalid="ignore"):
        moved = windows - windows[:, :1]  # a series that stands still has exactly no deviation
        parts = (
            windows[:, -1],
            windows[:, 0] + moved.mean(axis=1),
            moved.std(axis=1),
            np.einsum("w,nws->ns", centered, moved) / ((centered**2).sum() or 1.0),
            np.ptp(moved, axis=1),
        )
    # Values that have no square have no deviation: as far out as can be.
    largest = float(np.finfo(np.float64).max)
    summed_up: AnyFloatArray = np.nan_to_num(np.concatenate(parts, axis=1), nan=largest)
    return summed_up
