"""Trivial and simple detectors, to hold the network's figures against.

A figure says little until one knows what it takes to reach it. Each detector here learns from the
same training rows and judges the same rows as DC-VAE. What it says of a cell is put in sigmas of
its own, so that its thresholds are found exactly as DC-VAE's alphas are (same labels, same measure,
same search, same rule), and every metric is computed by the same code.

Detectors that give a row one number (isolation forest, k-means) say the same of every series.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]
Judge = Callable[[Float32Array], Float32Array]

WINDOW = 40  # rows of a k-means window
CENTERS = 10
_FITTED_ROWS = 20_000  # at most, evenly spread: more do not change these detectors
_CHUNK = 4096
_EVERYTHING = np.float32(1e30)  # beyond any alpha


class Baseline(NamedTuple):
    """A detector that has learned what it needs.

    Attributes:
        name: for tables.
        judge: (rows, series) float32, scaled, without NaN, to (rows, series) float32: how far each
            cell is from what the detector expects, in sigmas of the training rows, signed where
            the detector knows a direction.
        is_fixed: it says always or never, whatever the threshold: none is looked for.
    """

    name: str
    judge: Judge
    is_fixed: bool = False


def fit_all(training: Float32Array, seed: int) -> Iterator[Baseline]:
    """Fit the detectors, one after the other (scikit-learn is imported here).

    Args:
        training: (rows, series) float32, scaled, without NaN, at least two rows.
        seed: of those that draw.
    """
    yield Baseline("always", lambda rows: np.full_like(rows, _EVERYTHING), is_fixed=True)
    yield Baseline("never", np.zeros_like, is_fixed=True)
    yield Baseline("random", lambda rows: _random(rows, seed))
    yield Baseline("z-score", _z_score(training))
    yield Baseline("persistence", _persistence(training))
    if training.shape[1] > 1:
        yield Baseline("PCA", _pca(training))
    yield Baseline("isolation forest", _isolation_forest(training, seed))
    if len(training) >= 2 * WINDOW:
        yield Baseline("k-means (looks ahead)", _k_means(training, seed))


def _random(rows: Float32Array, seed: int) -> Float32Array:
    numbers: Float32Array = np.random.default_rng(seed).standard_normal(
        rows.shape, dtype=np.float32
    )
    return numbers


def _z_score(training: Float32Array) -> Judge:
    """Distance of the value from its training mean."""
    mean, spread = _mean_and_spread(training)
    return lambda rows: (rows - mean) / spread


def _persistence(training: Float32Array) -> Judge:
    """Distance from the value of the row before."""
    _, spread = _mean_and_spread(np.diff(training, axis=0))

    def judge(rows: Float32Array) -> Float32Array:
        changes: Float32Array = np.diff(rows, axis=0, prepend=rows[:1]) / spread
        return changes

    return judge


def _pca(training: Float32Array) -> Judge:
    """What principal components with 90 % of the variance leave of a row."""
    from sklearn.decomposition import PCA

    # No warning for series that never change: they have no component, and nothing is left of them.
    with np.errstate(invalid="ignore", divide="ignore"):
        pca = PCA(n_components=0.9, svd_solver="full").fit(_thinned(training).astype(np.float64))
    # All components together leave nothing but rounding.
    components, center = pca.components_[: training.shape[1] - 1], pca.mean_

    def left_over(rows: Float32Array) -> Float32Array:
        rest = np.empty_like(rows)
        for first in range(0, len(rows), _CHUNK):
            deviation = rows[first : first + _CHUNK] - center
            rest[first : first + _CHUNK] = deviation - deviation @ components.T @ components
        return rest

    _, spread = _mean_and_spread(left_over(_thinned(training)))
    return lambda rows: left_over(rows) / spread


def _isolation_forest(training: Float32Array, seed: int) -> Judge:
    """How easily random cuts single out a row."""
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(random_state=seed).fit(_thinned(training))
    return _of_rows(lambda rows: -forest.score_samples(rows), training)


def _k_means(training: Float32Array, seed: int) -> Judge:
    """Mean distance of the windows that contain a row from their nearest centers.

    The last of those windows begins with the row: this looks up to `WINDOW` - 1 rows ahead.
    """
    from sklearn.cluster import KMeans

    windows = _windows(training)
    fitted = _flat(_thinned(windows), np.float32)
    centers = min(CENTERS, len(np.unique(fitted, axis=0)))
    means = KMeans(centers, n_init=1, random_state=seed).fit(fitted)

    def distance(rows: Float32Array) -> NDArray[np.float64]:
        if len(rows) < WINDOW:
            return np.zeros(len(rows))
        windows = _windows(rows)
        # In float64: the squares of very far values are beyond float32.
        nearest = np.concatenate(
            [
                means.transform(_flat(windows[first : first + _CHUNK], np.float64)).min(axis=1)
                for first in range(0, len(windows), _CHUNK)
            ]
        )
        # A row gets the mean over the windows that contain it; the ends are in fewer. No running
        # sum: one very far window would leave nothing but rounding of all that follow it.
        containing = np.lib.stride_tricks.sliding_window_view(np.pad(nearest, WINDOW - 1), WINDOW)
        row = np.arange(len(rows))
        first, stop = np.maximum(row - WINDOW + 1, 0), np.minimum(row + 1, len(windows))
        means_of_rows: NDArray[np.float64] = containing.sum(axis=1) / (stop - first)
        return means_of_rows

    return _of_rows(distance, training)


def _of_rows(score: Callable[[Float32Array], NDArray[np.float64]], training: Float32Array) -> Judge:
    """Make a judge of a score of rows: standardized on training rows, the same for every series."""
    known = score(training)
    mean, spread = known.mean(), max(float(known.std()), 1e-9)

    def judge(rows: Float32Array) -> Float32Array:
        standardized = (score(rows) - mean) / spread
        # Only the stranger side can be an alarm; the other keeps its order, close to 0.
        positive = np.maximum(standardized, 1e-3 * np.exp(np.minimum(standardized, 0.0)))
        return np.repeat(positive.astype(np.float32)[:, None], rows.shape[1], axis=1)

    return judge


def _windows(rows: Float32Array) -> Float32Array:
    """All windows, (rows - WINDOW + 1, series, WINDOW), without copying."""
    windows: Float32Array = np.lib.stride_tricks.sliding_window_view(rows, WINDOW, axis=0)
    return windows


def _flat(windows: Float32Array, dtype: type[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Write each window as one line."""
    return windows.reshape(len(windows), -1).astype(dtype, copy=False)


def _thinned(rows: Float32Array) -> Float32Array:
    """At most `_FITTED_ROWS` entries, evenly spread."""
    if len(rows) <= _FITTED_ROWS:
        return rows
    thinned: Float32Array = rows[np.linspace(0, len(rows) - 1, _FITTED_ROWS).astype(int)]
    return thinned


def _mean_and_spread(values: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Mean and standard deviation a series, (series,) each; a series that never changes counts 1.

    One that changes later has then left its band, as it should.
    """
    mean = values.mean(axis=0, dtype=np.float64)
    spread = values.std(axis=0, dtype=np.float64)
    spread[spread < 1e-9] = 1.0
    return mean.astype(np.float32), spread.astype(np.float32)
