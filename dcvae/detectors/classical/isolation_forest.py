"""Isolation forest: rows that few random cuts isolate are strange (Liu et al. 2008)."""

from collections.abc import Mapping
from typing import Self

import numpy as np

from dcvae._arrays import AnyArray, AnyFloatArray, Float32Array, Float64Array
from dcvae.detectors.base import AnomalyDetector
from dcvae.detectors.scaling import thinned

_CHUNK = 65_536
_MOST_COLUMNS = 1_000_000  # that a file may claim
_EULER = 0.5772156649015329
_LARGEST = float(np.finfo(np.float32).max)


class IsolationForestDetector(AnomalyDetector):
    """Isolation forest (Liu et al. 2008): rows that few random cuts isolate score high.

    No tree can cut a series that never changes in training. Where the share p of the series of a
    row are such ones with another value than in training, a tree that cut any series as often as
    any other would have isolated it at each level with probability p, so that of d cuts are
    expected (1 - (1 - p)^d) / p: fewer, and d where p is 0.

    The trees are scikit-learn's; they are kept and read as arrays, so that a stored forest needs no
    version of it.

    Args:
        seed: seed of the cuts.
    """

    name = "isolation-forest"
    title = "isolation forest"
    state = {  # noqa: RUF012
        "children": ("trees", "nodes", "two"),
        "series_cut": ("trees", "nodes"),
        "cuts": ("trees", "nodes"),
        "cuts_needed": ("trees", "nodes"),
        "usual_cuts": ("one",),
        "range": ("two", "series"),
    }

    def __init__(self, seed: int = 123) -> None:
        self.seed = seed

    def _fit(self, values: AnyFloatArray) -> None:
        from sklearn.ensemble import IsolationForest

        fitted = thinned(values)
        forest = IsolationForest(random_state=self.seed).fit(fitted)
        # Least and largest value of the series that no tree can cut, in all rows; no limits of
        # the others.
        limits = np.stack([_single(values.min(axis=0)), _single(values.max(axis=0))])
        is_cut = _single(fitted.min(axis=0)) < _single(fitted.max(axis=0))
        self._range = np.where(is_cut, [[-_LARGEST], [_LARGEST]], limits).astype(np.float64)
        trees = [tree.tree_ for tree in forest.estimators_]
        shape = len(trees), max(tree.node_count for tree in trees)
        # A leaf leads to itself, and so does what fills up a smaller tree.
        self._children = np.tile(np.arange(shape[1])[:, None], (shape[0], 1, 2))
        self._series_cut = np.zeros(shape, dtype=np.int64)
        self._cuts, self._cuts_needed = np.zeros(shape), np.zeros(shape)
        for number, tree in enumerate(trees):
            nodes = np.arange(tree.node_count)
            children = np.column_stack([tree.children_left, tree.children_right])
            is_leaf = children[:, 0] < 0
            self._children[number, nodes] = np.where(is_leaf[:, None], nodes[:, None], children)
            self._series_cut[number, nodes] = np.where(is_leaf, 0, tree.feature)
            self._cuts[number, nodes] = np.where(is_leaf, 0.0, tree.threshold)
            depth = np.zeros(tree.node_count)
            for node in np.flatnonzero(~is_leaf):  # parents come before their children
                depth[children[node]] = depth[node] + 1
            self._cuts_needed[number, nodes] = depth + _cuts_of(tree.n_node_samples)
        self._usual_cuts = _cuts_of(np.array([forest.max_samples_]))

    def _score(self, values: AnyFloatArray) -> Float64Array:
        single = _single(values)
        needed = np.zeros(len(single))
        for first in range(0, len(single), _CHUNK):
            part = single[first : first + _CHUNK]
            cells, row = part.ravel(), np.arange(len(part)) * part.shape[1]
            share = ((part < self._range[0]) | (part > self._range[1])).mean(axis=1)
            moved = np.flatnonzero(share)
            for tree, (children, series_cut, cuts) in enumerate(
                zip(self._children, self._series_cut, self._cuts, strict=True)
            ):
                both = children.ravel()  # below each node on the left, and on the right
                node = np.zeros(len(part), dtype=np.int64)
                while True:
                    value = cells.take(row + series_cut.take(node))
                    below = both.take(2 * node + (value > cuts.take(node)))
                    if (below == node).all():
                        break
                    node = below
                cuts_needed = self._cuts_needed[tree].take(node)
                stays = 1.0 - share[moved]
                cuts_needed[moved] = (1.0 - stays ** cuts_needed[moved]) / share[moved]
                needed[first : first + len(part)] += cuts_needed
        scores: Float64Array = 2.0 ** (-needed / (len(self._children) * self._usual_cuts[0]))
        return scores

    def from_arrays(self, arrays: Mapping[str, AnyArray]) -> Self:
        """See `AnomalyDetector`; earlier versions kept no range, and noticed no constant series."""
        if "range" not in arrays and "columns" in arrays:
            columns = min(int(arrays["columns"][0]), _MOST_COLUMNS)
            unknown = np.array([[-_LARGEST], [_LARGEST]]).repeat(columns, axis=1)
            arrays = {**arrays, "range": unknown}
        return super().from_arrays(arrays)

    def _restore(self) -> None:
        nodes = np.arange(self._children.shape[1])[:, None]
        leads_down = (self._children >= nodes) & (self._children < len(nodes))
        series = (self._series_cut >= 0) & (self._series_cut < self.n_features_in_)
        are_whole = {self._children.dtype.kind, self._series_cut.dtype.kind} == {"i"}
        if not (are_whole and leads_down.all() and series.all() and self._usual_cuts[0] > 0):
            raise ValueError("a tree leads nowhere")


def _single(values: AnyFloatArray) -> Float32Array:
    """Return values as the trees are fitted to them; what is beyond float32 is beyond every cut."""
    single: Float32Array = np.clip(values, -_LARGEST, _LARGEST).astype(np.float32)
    return single


def _cuts_of(sizes: np.ndarray) -> Float64Array:
    """Return the mean number of cuts that isolate a row among so many, by theory."""
    sizes = np.asarray(sizes, dtype=np.float64)
    many = np.maximum(sizes, 3.0)
    cuts = 2.0 * (np.log(many - 1.0) + _EULER) - 2.0 * (many - 1.0) / many
    return np.where(sizes <= 1, 0.0, np.where(sizes <= 2, 1.0, cuts))
