"""ECOD: tails of empirical distributions, without a parameter (Li et al. 2022)."""

import numpy as np

from dcvae._arrays import AnyFloatArray, Float32Array, Float64Array
from dcvae.detectors.base import AnomalyDetector


class ECODDetector(AnomalyDetector):
    """A detector by the probabilities of the tails in which each value of a row lies.

    For every series, the shares of training rows at or below a value, and at or above it, estimate
    the probabilities of its two tails. Three sums over the series of the negative logarithms are
    taken: of the left tails, of the right tails, and of the tail that the skewness of the training
    rows makes the longer one. The score is the largest of the three (Li, Zhao, Hu, Botta, Ionescu,
    Chen: ECOD, TKDE 2022, algorithm 1).

    One departure: probabilities are those of the training rows and the row itself, (1 + count) /
    (1 + training rows). The paper counts a row among the training rows because it scores those
    alone; a new row beyond all of them would have an infinite score there. No other row of a batch
    is counted, so the score of a row does not depend on its batch.

    A series that is constant in training adds nothing while it keeps its value, and log(1 +
    training rows) when it leaves it. Cost: sorting at the fit, then log(training rows) per cell.

    Examples:
        The middle of the training values, and a value beyond all of them.

        >>> normal = [[value] for value in range(1, 10)]
        >>> detector = ECODDetector().fit(normal)
        >>> detector.decision_function([[5.0], [100.0]]).round(3)
        array([0.511, 2.303])
    """

    name = "ecod"
    title = "ECOD"
    has_direction = True
    state = {"sorted": ("rows", "series"), "longer_is_left": ("series",)}  # noqa: RUF012

    def _fit(self, values: AnyFloatArray) -> None:
        self._sorted = np.sort(values.astype(np.float64), axis=0)
        centered = self._sorted - self._sorted.mean(axis=0)
        skewness = (centered**3).sum(axis=0)
        self._longer_is_left = (skewness < 0).astype(np.int64)

    def _score(self, values: AnyFloatArray) -> Float64Array:
        left, right = self._tails(values)
        longer = np.where(self._longer_is_left == 1, left, right)
        sums = [part.sum(axis=1) for part in (left, right, longer)]
        scores: Float64Array = np.max(sums, axis=0)
        return scores

    def _score_series(self, values: AnyFloatArray) -> Float64Array:
        return np.maximum(*self._tails(values))

    def _residuals(self, values: AnyFloatArray) -> Float32Array:
        left, right = self._tails(values)
        return np.where(left > right, -left, right).astype(np.float32)

    def _restore(self) -> None:
        if (np.diff(self._sorted, axis=0) < 0).any():
            raise ValueError("training values are not in order")

    def _tails(self, values: AnyFloatArray) -> tuple[Float64Array, Float64Array]:
        """Compute -log of the probabilities of left and right tail, (rows, series) each."""
        size = len(self._sorted)
        left, right = np.empty(values.shape), np.empty(values.shape)
        for column in range(values.shape[1]):
            known, cells = self._sorted[:, column], values[:, column]
            left[:, column] = np.searchsorted(known, cells, side="right")
            right[:, column] = size - np.searchsorted(known, cells, side="left")
        return -np.log((1 + left) / (1 + size)), -np.log((1 + right) / (1 + size))
