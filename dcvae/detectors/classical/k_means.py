"""K-means: windows far from the nearest of a few typical ones are strange."""

from collections.abc import Mapping
from numbers import Integral

import numpy as np

from dcvae._arrays import AnyFloatArray, Float32Array, Float64Array
from dcvae._threads import one_thread_a_product
from dcvae.detectors.base import AnomalyDetector
from dcvae.detectors.scaling import Scaling, thinned
from dcvae.errors import InputError

_CHUNK = 4096
MOST_ROWS_OF_WINDOW = 40  # of a model: longer ones are farther from every center
_CENTERS = 10
_LEAST_DISTANCE = 1e-9


class KMeansDetector(AnomalyDetector):
    """A detector by the distance of windows from the nearest of their k-means centers.

    The score of a row is the mean over the windows that contain it, the last of which looks
    `window` - 1 rows ahead. Rows of data shorter than a window score 0. A residual is the share of
    its series in that distance, over the root mean square of training; a causal one is that of the
    window that ends in its row, or of the first window for the rows before.

    Args:
        window: rows of a window.
        centers: number of centers, at most.
        scale: whether each series is standardized first; False for rows that are scaled already.
        seed: seed of their first places.

    Raises:
        InputError: `fit` finds a parameter that is no whole number of at least 1.
        ValueError: `fit` is given fewer rows than two windows, by scikit-learn's check.
    """

    name = "k-means"
    title = "k-means"
    needs_order = True
    looks_ahead = True

    _scaling: Scaling | None

    def __init__(
        self,
        window: int = MOST_ROWS_OF_WINDOW,
        centers: int = _CENTERS,
        scale: bool = True,
        seed: int = 123,
    ) -> None:
        self.window = window
        self.centers = centers
        self.scale = scale
        self.seed = seed

    @property
    def fewest_rows(self) -> int:
        """Two windows: the center of one alone tells nothing."""
        for parameter in ("window", "centers"):
            value = getattr(self, parameter)
            if not isinstance(value, Integral) or value < 1:
                raise InputError(
                    f"Expected `{parameter}` of k-means to be a whole number of at least 1. "
                    f"Received: {value!r}."
                )
        return 2 * self.window

    def _state(self) -> Mapping[str, tuple[str, ...]]:
        state = {"places": ("centers", "series", "window"), "typical": ("series",)}
        return {**state, "scaling": ("two", "series")} if self.scale else state

    def _restore(self) -> None:
        self._scaling = Scaling.restored(self._scaling) if self.scale else None
        if not (self._typical > 0).all() or self._places.shape[2] != self.window:
            raise ValueError("centers of other windows, or a distance that is not above 0")

    def _fit(self, values: AnyFloatArray) -> Float64Array:
        from sklearn.cluster import KMeans
        from threadpoolctl import threadpool_limits

        self._scaling = Scaling.of(values) if self.scale else None
        windows = self._windows(values)
        fitted = thinned(windows)
        flat = fitted.reshape(len(fitted), -1).astype(np.float32, copy=False)
        centers = min(self.centers, len(np.unique(flat, axis=0)))
        # Threads would add up in an order of their own: other bits on every number of cores.
        with one_thread_a_product(), threadpool_limits(limits=1, user_api="openmp"):
            means = KMeans(centers, n_init=1, random_state=self.seed).fit(flat)
        places = means.cluster_centers_.reshape(centers, *fitted.shape[1:])
        self._places: Float64Array = places.astype(np.float64)
        squares = self._squares(windows)
        self._typical = np.maximum(np.sqrt(squares.mean(axis=0)), _LEAST_DISTANCE)
        return self._of_rows(squares)

    def _score(self, values: AnyFloatArray) -> Float64Array:
        if len(values) < self.window:
            return np.zeros(len(values))
        return self._of_rows(self._squares(self._windows(values)))

    def _of_rows(self, squares: Float64Array) -> Float64Array:
        """Return the scores of rows by the squared distances of windows (windows, series)."""
        scores: Float64Array = self._means_of_rows(np.sqrt(squares.sum(axis=1))[:, None])[:, 0]
        return scores

    def _score_series(self, values: AnyFloatArray) -> Float64Array:
        if len(values) < self.window:
            return np.zeros(values.shape)
        return self._means_of_rows(np.sqrt(self._squares(self._windows(values))))

    def _residuals(self, values: AnyFloatArray) -> Float32Array:
        return _single(self._score_series(values) / self._typical)

    def _causal_residuals(self, values: AnyFloatArray) -> Float32Array:
        if len(values) < self.window:
            return np.zeros(values.shape, dtype=np.float32)
        distances = np.sqrt(self._squares(self._windows(values))) / self._typical
        return _single(np.pad(distances, [(self.window - 1, 0), (0, 0)], mode="edge"))

    def _squares(self, windows: AnyFloatArray) -> Float64Array:
        """Compute squared distances from the nearest center by series, (windows, series).

        In float64: the squares of very far values are beyond float32.
        """
        places = self._places.reshape(len(self._places), -1)
        lengths = (places**2).sum(axis=1)
        squares = np.empty(windows.shape[:2])
        for first in range(0, len(windows), _CHUNK):
            part = windows[first : first + _CHUNK].astype(np.float64)
            with one_thread_a_product():  # of ten columns: threads would wait for each other
                products = part.reshape(len(part), -1) @ places.T
            part -= self._places[np.argmin(lengths - 2.0 * products, axis=1)]
            part *= part
            squares[first : first + len(part)] = part.sum(axis=2)
        return squares

    def _means_of_rows(self, distances: Float64Array) -> Float64Array:
        """Average distances of windows (windows, columns) over those that contain each row."""
        # Rows at the ends are in fewer windows. No running sum: one very far window would leave
        # nothing but rounding of all that follow it.
        rows = len(distances) + self.window - 1
        total = np.zeros((rows, distances.shape[1]))
        for offset in range(self.window):
            total[offset : offset + len(distances)] += distances
        row = np.arange(rows)
        first, stop = np.maximum(row - self.window + 1, 0), np.minimum(row + 1, len(distances))
        means: Float64Array = total / (stop - first)[:, None]
        return means

    def _windows(self, values: AnyFloatArray) -> AnyFloatArray:
        """Return all windows, (rows - window + 1, series, window), without copying."""
        if self._scaling is not None:
            values = self._scaling.apply(values)
        windows: AnyFloatArray = np.lib.stride_tricks.sliding_window_view(
            values, self.window, axis=0
        )
        return windows


def _single(numbers: Float64Array) -> Float32Array:
    """Return numbers as float32; those beyond it are its largest."""
    limit = float(np.finfo(np.float32).max)
    single: Float32Array = np.minimum(np.nan_to_num(numbers, nan=limit), limit).astype(np.float32)
    return single
