"""LOF: rows around which training rows are sparser than around their neighbors (Breunig 2000)."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from dcvae._arrays import AnyArray, AnyFloatArray, Float64Array, IntArray
from dcvae.detectors.base import AnomalyDetector
from dcvae.detectors.parameters import whole_number
from dcvae.detectors.scaling import Standardization, drawn

_CHUNK = 65_536
_CELLS = 4_000_000  # distances that are held at once where all are computed
_SAME = 1e-6  # relative difference of two distances that are taken for one
_LEAST = 1e-10  # as in scikit-learn: what keeps a density finite


class LOFDetector(AnomalyDetector):
    """Local outlier factor: how much sparser it is around a row than around its neighbors.

    With d the Euclidean distance between standardized rows, k(y) the distance of y from its
    `neighbors`-th nearest training row, and N(x) the training rows no farther from x than k(x):

        density(x) = 1 / mean over y in N(x) of max(d(x, y), k(y))
        score(x)   = mean over y in N(x) of density(y) / density(x)

    (Breunig, Kriegel, Ng, Sander: LOF, SIGMOD 2000, definitions 3 to 7). A score around 1 is usual.
    Scores of the fit leave a row out of its own neighbors, so they are not those that
    `decision_function` gives to the same rows.

    Training rows that repeat are counted once for k and by their number for the means, as the paper
    has it in a remark (k-distinct-distance): 20 copies in one place would have an infinite density.
    All rows at the distance k are neighbors, so that no order among equals decides. Without copies
    and equal distances the scores are those of scikit-learn's `LocalOutlierFactor`, whose search
    for neighbors is used; with them, it takes 20 rows of those that there are.

    Cost: a fit grows with the square of the rows beyond 15 columns or so and faster than the rows
    below that; a score grows with the training rows. Therefore at most `most_rows` distinct rows
    are kept, drawn by the seed, with a UserWarning.

    Args:
        neighbors: training rows that a row is compared with; all but one if there are fewer.
        scale: whether each series is standardized first; False for rows that are scaled already.
        most_rows: distinct training rows that are kept, at most; None for all.
        contamination: share of the training rows that `threshold_` leaves above it.
        seed: seed of what is drawn.

    Raises:
        InputError: `fit` finds a parameter that it cannot use.
    """

    name = "lof"
    title = "LOF"
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        data_set: {"neighbors": 20, "most_rows": None}
        for data_set in ("thyroid", "arrhythmia", "kdd", "nsl-kdd")
    }
    state = {  # noqa: RUF012
        "places": ("places", "series"),
        "copies": ("places",),
        "reach": ("places",),
        "density": ("places",),
        "scaling": ("three", "series"),
    }

    def __init__(
        self,
        neighbors: int = 20,
        scale: bool = True,
        most_rows: int | None = 20_000,
        contamination: float = 0.05,
        seed: int = 123,
    ) -> None:
        self.neighbors = neighbors
        self.scale = scale
        self.most_rows = most_rows
        self.contamination = contamination
        self.seed = seed

    def _fit(self, values: AnyFloatArray) -> Float64Array:
        whole_number(self, "neighbors")
        scaling = Standardization.of(values, scale=self.scale)
        self._scaling = scaling.stored()
        places, place, copies = np.unique(
            scaling.apply(values), axis=0, return_inverse=True, return_counts=True
        )
        kept = drawn(self, len(places), "distinct training rows")
        self._places, self._copies = places[kept], copies[kept].astype(np.int64)
        self._restore()
        nearest = self._nearest(None)
        self._reach, density = np.zeros(len(kept)), np.full(len(kept), 1.0 / _LEAST)
        for part in self._around(None, nearest):
            self._reach[part.rows] = part.reach
        for part in self._around(None, nearest):
            density[part.rows] = part.density(self._reach)
        self._density = density
        # A place that was not kept is scored as any other row; one that was, without itself.
        scores = self._factors(places) if len(kept) < len(places) else np.empty(len(places))
        scores[kept] = self._factors(None, nearest)
        by_row: Float64Array = scores[place.reshape(-1)]
        return by_row

    def _score(self, values: AnyFloatArray) -> Float64Array:
        scaling = Standardization.restored(self._scaling)
        scores = np.empty(len(values))
        for first in range(0, len(values), _CHUNK):
            part = slice(first, first + _CHUNK)
            scores[part] = self._factors(scaling.apply(values[part]))
        return scores

    def _restore(self) -> None:
        from sklearn.neighbors import NearestNeighbors

        Standardization.restored(self._scaling)
        if not (self._copies > 0).all() or self._copies.dtype.kind != "i":
            raise ValueError("a place has no training row")
        if hasattr(self, "_density") and not ((self._density > 0) & (self._reach >= 0)).all():
            raise ValueError("a density is not above 0")
        self._index = NearestNeighbors().fit(self._places)

    def _factors(
        self, points: Float64Array | None, nearest: "_Nearest | None" = None
    ) -> Float64Array:
        """Return the factors of scaled points (points, series), or of the places without them."""
        factors = np.ones(len(self._places if points is None else points))
        for part in self._around(points, nearest or self._nearest(points)):
            factors[part.rows] = part.mean(self._density[part.near]) / part.density(self._reach)
        return factors

    def _nearest(self, points: Float64Array | None) -> "_Nearest":
        """Find the nearest places of points, or those of each place without itself."""
        among = len(self._places) - (points is None)
        if not among:  # one place alone
            return _Nearest(0, np.zeros((1, 0)), np.zeros((1, 0), dtype=np.int64))
        number = min(int(self.neighbors), max(len(self._places) - 1, 1))
        asked = min(number + 1, among)  # the one beyond tells whether the last stands alone
        return _Nearest(number, *self._index.kneighbors(points, n_neighbors=asked))

    def _around(self, points: Float64Array | None, found: "_Nearest") -> Iterator["_Around"]:
        """Yield the neighbors of points, some at a time."""
        number, distances, near = found
        if not number:
            return
        reach = distances[:, number - 1]
        stands_alone = reach * (1.0 + _SAME) + _LEAST < distances[:, -1]
        stands_alone |= distances.shape[1] == number
        rows = np.flatnonzero(stands_alone)
        near, distances = near[rows, :number], distances[rows, :number]
        weights = self._copies[near]
        if points is None:  # the other copies of a row are at no distance
            near = np.column_stack([near, rows])
            distances = np.column_stack([distances, np.zeros(len(rows))])
            weights = np.column_stack([weights, self._copies[rows] - 1])
        yield _Around(rows, near, distances, weights.astype(np.float64), reach[rows])
        several = np.flatnonzero(~stands_alone)
        step = max(_CELLS // len(self._places), 1)
        for first in range(0, len(several), step):
            yield self._all_around(several[first : first + step], points, number)

    def _all_around(self, rows: IntArray, points: Float64Array | None, number: int) -> "_Around":
        """Return the neighbors of some points of which several may be at the same distance."""
        from scipy.spatial.distance import cdist

        chosen = (self._places if points is None else points)[rows]
        distances: Float64Array = cdist(chosen, self._places)
        weights = np.tile(self._copies.astype(np.float64), (len(rows), 1))
        itself = np.arange(len(rows)), rows
        if points is None:
            weights[itself] -= 1.0
            distances[itself] = np.inf
        reach = np.partition(distances, number - 1, axis=1)[:, number - 1]
        if points is None:
            distances[itself] = 0.0
        weights[distances > (reach * (1.0 + _SAME) + _LEAST)[:, None]] = 0.0
        return _Around(rows, slice(None), distances, weights, reach)


class _Nearest(NamedTuple):
    """Places nearest to some points.

    Attributes:
        number: how many of them are neighbors at least.
        distances: (points, `number` or one more) float64, the nearest first.
        places: (points, `number` or one more) int64.
    """

    number: int
    distances: Float64Array
    places: IntArray


class _Around(NamedTuple):
    """Neighbors of some points.

    Attributes:
        rows: (points,) int64, which points.
        near: (points, neighbors) int64, places; or all of them.
        distances: (points, neighbors) float64.
        weights: (points, neighbors) float64, rows of training in each place; 0 where it is none.
        reach: (points,) float64, distance of the last neighbor.
    """

    rows: IntArray
    near: Any
    distances: Float64Array
    weights: Float64Array
    reach: Float64Array

    def mean(self, of_neighbors: AnyArray) -> Float64Array:
        """Average numbers over the neighbors of each point."""
        total: Float64Array = (self.weights * of_neighbors).sum(axis=1)
        mean: Float64Array = total / self.weights.sum(axis=1)
        return mean

    def density(self, reach: Float64Array) -> Float64Array:
        """Return the density around each point, by the reach of all places."""
        density: Float64Array = 1.0 / (
            self.mean(np.maximum(self.distances, reach[self.near])) + _LEAST
        )
        return density
