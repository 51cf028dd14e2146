"""One-class SVM: rows outside a boundary that is drawn around training rows (Schölkopf 2001)."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from dcvae._arrays import AnyFloatArray, Float64Array
from dcvae.detectors.base import AnomalyDetector
from dcvae.detectors.parameters import number
from dcvae.detectors.scaling import Standardization, drawn

_LARGEST_NU = 0.999  # with 1, scikit-learn finds no finite offset
_CELLS = 4_000_000  # values of kernels that are held at once


class OCSVMDetector(AnomalyDetector):
    """One-class support vector machine with a Gaussian kernel, on standardized rows.

        score(x) = offset - sum over support vectors v of weight(v) exp(-gamma |x - v|^2)

    (Schölkopf, Platt, Shawe-Taylor, Smola, Williamson: Estimating the support of a
    high-dimensional distribution, 2001). Weights and offset are scikit-learn's `OneClassSVM`, with
    the other sign; they are kept as arrays, so that a stored detector needs no version of it. Rows
    far from all training rows have the offset for their score, however far they are.

    Cost: a fit grows with the square of the rows and a score with the number of support vectors,
    at least the share `nu` of the training rows. Therefore it is fitted to at most `most_rows`
    rows, drawn by the seed, with a UserWarning.

    Args:
        nu: share of the rows that may lie outside the boundary, and least share of support vectors;
            above 0, at most 0.999. It is not the share of strange rows: 0.5 is the usual choice
            whatever that is.
        gamma: of the kernel, above 0; None for 1 / (series x variance of the scaled rows).
        scale: whether each series is standardized first; False for rows that are scaled already.
        most_rows: training rows that the boundary is fitted to, at most; None for all.
        contamination: share of the training rows that `threshold_` leaves above it.
        seed: seed of what is drawn.

    Raises:
        InputError: `fit` finds a parameter that it cannot use.
    """

    name = "oc-svm"
    title = "OC-SVM"
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        data_set: {"nu": 0.5, "gamma": None}
        for data_set in ("thyroid", "arrhythmia", "kdd", "nsl-kdd")
    }
    state = {  # noqa: RUF012
        "vectors": ("vectors", "series"),
        "weights": ("vectors",),
        "offset": ("one",),
        "width": ("one",),
        "scaling": ("three", "series"),
    }

    def __init__(
        self,
        nu: float = 0.5,
        gamma: float | None = None,
        scale: bool = True,
        most_rows: int | None = 10_000,
        contamination: float = 0.05,
        seed: int = 123,
    ) -> None:
        self.nu = nu
        self.gamma = gamma
        self.scale = scale
        self.most_rows = most_rows
        self.contamination = contamination
        self.seed = seed

    def _fit(self, values: AnyFloatArray) -> None:
        from sklearn.svm import OneClassSVM

        nu = number(self, "nu", 0.0, _LARGEST_NU, above=True)
        asked = None if self.gamma is None else number(self, "gamma", 0.0, above=True)
        scaling = Standardization.of(values, scale=self.scale)
        rows = scaling.apply(values[drawn(self, len(values), "training rows")])
        variance = float(rows.var())
        gamma = asked or 1.0 / (rows.shape[1] * variance if variance > 0 else 1.0)
        machine = OneClassSVM(nu=nu, gamma=gamma).fit(rows)
        self._scaling = scaling.stored()
        self._vectors, self._weights = machine.support_vectors_, machine.dual_coef_[0]
        self._offset, self._width = -machine.intercept_, np.array([gamma])

    def _score(self, values: AnyFloatArray) -> Float64Array:
        scaling = Standardization.restored(self._scaling)
        squares = (self._vectors**2).sum(axis=1)
        scores = np.empty(len(values))
        step = max(_CELLS // len(self._vectors), 1)
        for first in range(0, len(values), step):
            rows = scaling.apply(values[first : first + step])
            distances = rows @ self._vectors.T
            distances *= -2.0
            distances += squares
            distances += (rows**2).sum(axis=1)[:, None]
            np.maximum(distances, 0.0, out=distances)
            distances *= -self._width[0]
            kernel = np.exp(distances, out=distances)
            scores[first : first + step] = self._offset[0] - kernel @ self._weights
        return scores

    def _restore(self) -> None:
        Standardization.restored(self._scaling)
        if not ((self._weights >= 0).all() and self._width[0] > 0):
            raise ValueError("a weight is below 0, or the kernel has no width")
