"""Detectors that score each cell by its distance from what they expect."""

from abc import abstractmethod

import numpy as np

from dcvae._arrays import AnyFloatArray, Float32Array, Float64Array
from dcvae.detectors.base import AnomalyDetector


class CellDetector(AnomalyDetector):
    """A detector that scores each cell by its distance from what it expects.

    A subclass writes `_fit` and `_residuals`; the score of a row is the largest of its cells. One
    that expects a value sets `_spread`, the unit of its residuals.
    """

    has_direction = True

    _spread: AnyFloatArray

    @property
    def expected_spread(self) -> AnyFloatArray | None:
        """The unit of the residuals; None for a detector that expects nothing."""
        return self._spread if "spread" in self._state() else None

    def _restore(self) -> None:
        if "spread" in self._state() and not (self._spread > 0).all():
            raise ValueError("a spread is not above 0")

    @abstractmethod
    def _residuals(self, values: AnyFloatArray) -> Float32Array: ...

    def _score_series(self, values: AnyFloatArray) -> Float64Array:
        return np.abs(self._residuals(values)).astype(np.float64)

    def _score(self, values: AnyFloatArray) -> Float64Array:
        scores: Float64Array = self._score_series(values).max(axis=1)
        return scores
