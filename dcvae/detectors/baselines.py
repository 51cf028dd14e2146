"""Baselines: trivial and simple detectors, with which the network is compared.

A metric means little without that of a simple detector beside it. Each detector here is fitted to
the same training rows and scores the same rows as DC-VAE. Its residuals are in sigmas of its own,
so that its thresholds are found exactly as DC-VAE's alphas are (same labels, same measure, same
search, same rule), and every metric is computed by the same code.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from dcvae._arrays import AnyFloatArray, Float32Array
from dcvae.detectors.base import AnomalyDetector
from dcvae.detectors.cells import CellDetector
from dcvae.detectors.classical.isolation_forest import IsolationForestDetector
from dcvae.detectors.classical.k_means import MOST_ROWS_OF_WINDOW, KMeansDetector
from dcvae.detectors.scaling import Scaling, mean_and_spread, thinned

_CHUNK = 4096
_EVERYTHING = np.float32(1e30)  # beyond any alpha


class AlwaysDetector(CellDetector):
    """The detector that flags every row.

    Examples:
        >>> AlwaysDetector().fit([[1.0]]).decision_function([[1.0], [3.0]]) > 1e6
        array([ True,  True])
    """

    name = "always"
    title = "always"
    is_fixed = True
    fewest_rows = 1

    def _fit(self, values: AnyFloatArray) -> None:
        """Nothing to fit."""

    def _residuals(self, values: AnyFloatArray) -> Float32Array:
        return np.full(values.shape, _EVERYTHING)


class NeverDetector(CellDetector):
    """The detector that flags no row.

    Examples:
        >>> NeverDetector().fit([[1.0]]).decision_function([[1.0], [3.0]])
        array([0., 0.])
    """

    name = "never"
    title = "never"
    is_fixed = True
    fewest_rows = 1

    def _fit(self, values: AnyFloatArray) -> None:
        """Nothing to fit."""

    def _residuals(self, values: AnyFloatArray) -> Float32Array:
        return np.zeros(values.shape, dtype=np.float32)


class RandomDetector(CellDetector):
    """A detector of chance level: standard normal residuals, one sequence per seed.

    Args:
        seed: seed of the residuals.

    Examples:
        >>> detector = RandomDetector(seed=1).fit([[1.0]])
        >>> detector.residuals([[1.0], [1.0]]).round(1).ravel()  # equal values, other scores
        array([ 1.7, -1.4], dtype=float32)
    """

    name = "random"
    title = "random"
    needs_order = True  # a score depends on the place of a row alone
    fewest_rows = 1

    def __init__(self, seed: int = 123) -> None:
        self.seed = seed

    def _fit(self, values: AnyFloatArray) -> None:
        """Nothing to fit."""

    def _residuals(self, values: AnyFloatArray) -> Float32Array:
        numbers: Float32Array = np.random.default_rng(self.seed).standard_normal(
            values.shape, dtype=np.float32
        )
        return numbers


class ZScoreDetector(CellDetector):
    """A detector by the distance of each value from its training mean, in standard deviations.

    Examples:
        >>> detector = ZScoreDetector().fit([[1.0], [3.0]])  # mean 2, standard deviation 1
        >>> detector.decision_function([[2.0], [5.0]])
        array([0., 3.])
    """

    name = "z-score"
    title = "z-score"
    state = {"mean": ("series",), "spread": ("series",)}  # noqa: RUF012

    def _fit(self, values: AnyFloatArray) -> None:
        self._mean, self._spread = mean_and_spread(values)

    def _residuals(self, values: AnyFloatArray) -> Float32Array:
        return ((values - self._mean) / self._spread).astype(np.float32, copy=False)


class PersistenceDetector(CellDetector):
    """A detector by the step to each value from the one before it, in standard deviations of steps.

    Examples:
        >>> detector = PersistenceDetector().fit([[0.0], [2.0], [2.0]])  # steps 2 and 0
        >>> detector.decision_function([[7.0], [7.0], [10.0]])
        array([0., 0., 3.])
    """

    name = "persistence"
    title = "persistence"
    needs_order = True
    state = {"spread": ("series",)}  # noqa: RUF012

    def _fit(self, values: AnyFloatArray) -> None:
        _, self._spread = mean_and_spread(np.diff(values, axis=0))

    def _residuals(self, values: AnyFloatArray) -> Float32Array:
        steps = np.diff(values, axis=0, prepend=values[:1])
        return (steps / self._spread).astype(np.float32, copy=False)


class PCADetector(CellDetector):
    """A detector by what the principal components with 90 % of the variance leave of each value.

    Args:
        scale: whether each series is standardized first; False for rows that are scaled already.

    Examples:
        >>> alike = np.array([[-1.0, -2.1], [0.0, 0.1], [1.0, 2.0]])  # two series rise together
        >>> near, far = PCADetector().fit(alike).decision_function([[1.0, 2.0], [1.0, -2.0]])
        >>> bool(far > 10 * near)  # one rises while the other falls
        True
    """

    name = "pca"
    title = "PCA"
    fewest_series = 2

    _scaling: Scaling | None

    def __init__(self, scale: bool = True) -> None:
        self.scale = scale

    def _fit(self, values: AnyFloatArray) -> None:
        from sklearn.decomposition import PCA

        self._scaling = Scaling.of(values) if self.scale else None
        fitted = thinned(self._scaled(values))
        # No warning for series that never change: they have no component, nothing is left of them.
        with np.errstate(invalid="ignore", divide="ignore"):
            pca = PCA(n_components=0.9, svd_solver="full").fit(fitted.astype(np.float64))
        # One fewer than the series: all components together would leave nothing but rounding.
        self._components, self._center = pca.components_[: values.shape[1] - 1], pca.mean_
        _, self._spread = mean_and_spread(self._left_over(fitted))

    @property
    def expected_spread(self) -> AnyFloatArray:
        """The unit of the residuals, in units of X."""
        return self._spread if self._scaling is None else self._spread * self._scaling.spread

    def _state(self) -> Mapping[str, tuple[str, ...]]:
        state = {"components": ("axes", "series"), "center": ("series",), "spread": ("series",)}
        return {**state, "scaling": ("two", "series")} if self.scale else state

    def _restore(self) -> None:
        super()._restore()
        self._scaling = Scaling.restored(self._scaling) if self.scale else None

    def _left_over(self, values: AnyFloatArray) -> AnyFloatArray:
        rest = np.empty_like(values)
        for first in range(0, len(values), _CHUNK):
            deviation = values[first : first + _CHUNK] - self._center
            projection = deviation @ self._components.T @ self._components
            rest[first : first + _CHUNK] = deviation - projection
        return rest

    def _scaled(self, values: AnyFloatArray) -> AnyFloatArray:
        return values if self._scaling is None else self._scaling.apply(values)

    def _residuals(self, values: AnyFloatArray) -> Float32Array:
        return (self._left_over(self._scaled(values)) / self._spread).astype(np.float32, copy=False)


BASELINES: tuple[type[AnomalyDetector], ...] = (
    AlwaysDetector,
    NeverDetector,
    RandomDetector,
    ZScoreDetector,
    PersistenceDetector,
    PCADetector,
    IsolationForestDetector,
    KMeansDetector,
)
"""The detectors that a model is compared with, in the order of tables."""


def fit_baselines(
    training: AnyFloatArray,
    seed: int,
    window_length: int = MOST_ROWS_OF_WINDOW,
    but: str = "",
) -> Iterator[AnomalyDetector]:
    """Fit the baselines one after the other, but those that need more rows or series.

    Args:
        training: (rows, series) float, scaled, without NaN.
        seed: seed of the baselines that draw.
        window_length: rows of the windows of those that have some, at most.
        but: title of one to leave out.

    Yields:
        Fitted baselines, in the order of `BASELINES`.

    Examples:
        >>> training = np.random.default_rng(1).standard_normal((50, 1))
        >>> [detector.name for detector in fit_baselines(training, seed=1)][-2:]  # one series
        ['persistence', 'isolation-forest']
    """
    for detector in unfitted_baselines(training.shape, seed, window_length, but):
        yield detector.fit(training)


def unfitted_baselines(
    shape: tuple[int, ...], seed: int, window_length: int, but: str
) -> list[AnomalyDetector]:
    """Make the baselines that can be fitted to training rows of a shape; see `fit_baselines`."""
    rows, series = shape
    made = [for_scaled_rows(kind, seed=seed, window_length=window_length) for kind in BASELINES]
    return [
        detector
        for detector in made
        if rows >= detector.fewest_rows
        and series >= detector.fewest_series
        and detector.title != but
    ]


def for_scaled_rows(
    kind: type[AnomalyDetector], *, seed: int, window_length: int
) -> AnomalyDetector:
    """Make a detector for rows that are scaled already, as models and comparisons use it.

    Args:
        kind: of the detector.
        seed: its seed, if it draws.
        window_length: rows of its windows, if it has some, at most.
    """
    window = min(window_length, MOST_ROWS_OF_WINDOW)
    asked = {"seed": seed, "scale": False, "window": window}
    known = kind._get_param_names()
    return kind(**{key: asked[key] for key in asked if key in known})
