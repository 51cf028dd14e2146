"""RecForest: rows far from the middle of the cells that random trees put them in (Xu 2021)."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from dcvae._arrays import AnyFloatArray, BoolArray, Float64Array, IntArray
from dcvae.detectors.base import AnomalyDetector
from dcvae.detectors.parameters import whole_number
from dcvae.detectors.scaling import Standardization

_CELLS = 131_072  # of the rows that go through the trees at a time: their bounds stay in a cache


class RecForestDetector(AnomalyDetector):
    """Reconstruction by a forest of completely random trees.

    Each tree cuts its rows by a random series at a random value, again and again, until each row
    is alone. A new row lies in one leaf of each tree, that is, in a box of values; x' is the middle
    of what all its boxes and the range of the training rows have in common, and

        score(x) = |x - x'|^2,   score of a cell = (x_j - x'_j)^2

    on standardized rows (Xu, Pang, et al.: RecForest, AAAI 2021). Where many training rows lie, the
    boxes are small.

    Departures: each tree is grown from at most `rows_a_tree` rows, drawn for it without
    replacement, as isolation forests do; with all rows the boxes are small everywhere, and the
    forest grows with the table. A value on a cut goes the same way when it is scored as in the fit:
    the program of the paper compares `x < cut` in double precision where its trees had split by
    `x <= cut` in single precision.

    Cost: a fit takes trees x rows_a_tree x series, memory trees x rows_a_tree; a score takes trees
    x log(rows_a_tree) for a row and memory that does not grow with the rows.

    Args:
        trees: number of trees.
        rows_a_tree: training rows that a tree is grown from, at most; None for all.
        scale: whether each series is standardized first; False for rows that are scaled already.
        contamination: share of the training rows that `threshold_` leaves above it.
        seed: seed of rows and cuts.

    Raises:
        InputError: `fit` finds a parameter that it cannot use.
    """

    name = "rec-forest"
    title = "RecForest"
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        data_set: {"trees": 100, "rows_a_tree": None}
        for data_set in ("thyroid", "arrhythmia", "kdd", "nsl-kdd")
    }
    state = {  # noqa: RUF012
        "children": ("trees", "nodes", "two"),
        "series_cut": ("trees", "nodes"),
        "cuts": ("trees", "nodes"),
        "range": ("two", "series"),
        "scaling": ("three", "series"),
    }

    def __init__(
        self,
        trees: int = 100,
        rows_a_tree: int | None = 256,
        scale: bool = True,
        contamination: float = 0.05,
        seed: int = 123,
    ) -> None:
        self.trees = trees
        self.rows_a_tree = rows_a_tree
        self.scale = scale
        self.contamination = contamination
        self.seed = seed

    def _fit(self, values: AnyFloatArray) -> None:
        number = whole_number(self, "trees")
        size = len(values)
        if self.rows_a_tree is not None:
            size = min(whole_number(self, "rows_a_tree", least=2), size)
        random = np.random.default_rng(self.seed)
        scaling = Standardization.of(values, scale=self.scale)
        grown = []
        for _ in range(number):
            drawn = random.choice(len(values), size, replace=False)
            grown.append(_grown(scaling.apply(values[drawn]), random))
        shape = number, max(len(cuts) for _, _, cuts in grown)
        # A leaf leads to itself, and so does what fills up a smaller tree.
        self._children = np.tile(np.arange(shape[1])[:, None], (number, 1, 2))
        self._series_cut, self._cuts = np.zeros(shape, dtype=np.int64), np.zeros(shape)
        for tree, (children, series_cut, cuts) in enumerate(grown):
            nodes = slice(len(cuts))
            self._children[tree, nodes] = children
            self._series_cut[tree, nodes], self._cuts[tree, nodes] = series_cut, cuts
        self._scaling = scaling.stored()
        self._range = scaling.apply(np.stack([values.min(axis=0), values.max(axis=0)]))

    def _score(self, values: AnyFloatArray) -> Float64Array:
        scores = np.empty(len(values))
        for part in _parts(values):
            scores[part] = self._terms(values[part]).sum(axis=1)
        return scores

    def _score_series(self, values: AnyFloatArray) -> Float64Array:
        terms = np.empty(values.shape)
        for part in _parts(values):
            terms[part] = self._terms(values[part])
        return terms

    def _terms(self, values: AnyFloatArray) -> Float64Array:
        """Return the squared distance of each cell from the middle of its box, (rows, series)."""
        scaled = Standardization.restored(self._scaling).apply(values)
        # Two limits of each cell, both to be lowered: the least value with the other sign, and the
        # largest.
        limits = np.empty((*scaled.shape, 2))
        limits[:, :, 0], limits[:, :, 1] = -self._range[0], self._range[1]
        cells, flat = scaled.ravel(), limits.ravel()
        nodes = np.arange(self._cuts.shape[1])
        for children, series_cut, cuts in zip(
            self._children, self._series_cut, self._cuts, strict=True
        ):
            both, is_leaf = children.ravel(), children[:, 0] == nodes
            row = np.arange(len(scaled)) * scaled.shape[1]
            node = np.zeros(len(scaled), dtype=np.int64)
            while True:
                inner = np.flatnonzero(~is_leaf.take(node))
                if not inner.size:
                    break
                if inner.size < node.size:
                    row, node = row.take(inner), node.take(inner)
                cell = row + series_cut.take(node)
                cut = cuts.take(node)
                is_above = cells.take(cell) > cut
                limit = 2 * cell + ~is_above
                flat[limit] = np.minimum(flat.take(limit), np.where(is_above, -cut, cut))
                node = both.take(2 * node + is_above)
        middle = (limits[:, :, 1] - limits[:, :, 0]) / 2.0
        terms: Float64Array = (scaled - middle) ** 2
        return terms

    def _restore(self) -> None:
        Standardization.restored(self._scaling)
        nodes = np.arange(self._children.shape[1])[:, None]
        leads_down = (self._children >= nodes) & (self._children < len(nodes))
        is_leaf = self._children == nodes
        leads_down &= is_leaf[:, :, :1] == is_leaf[:, :, 1:]
        series = (self._series_cut >= 0) & (self._series_cut < self.n_features_in_)
        are_whole = {self._children.dtype.kind, self._series_cut.dtype.kind} == {"i"}
        if not (are_whole and leads_down.all() and series.all()):
            raise ValueError("a tree leads nowhere")


def _parts(values: AnyFloatArray) -> list[slice]:
    step = max(_CELLS // values.shape[1], 1)
    return [slice(first, first + step) for first in range(0, len(values), step)]


def _grown(
    rows: Float64Array, random: np.random.Generator
) -> tuple[IntArray, IntArray, Float64Array]:
    """Grow a tree until each row is alone, or among its equals, one level at a time.

    Args:
        rows: (rows, series), scaled.
        random: draws series and cuts.

    Returns:
        Nodes below each node, (nodes, 2), those of a leaf being itself; the series that it cuts,
        (nodes,); the value up to which rows go to the first of the two, (nodes,).
    """
    children, series_cut, cuts = [], [], []
    number = 1  # of nodes so far, and among them those of the level
    first, row, node = 0, np.arange(len(rows)), np.zeros(len(rows), dtype=np.int64)
    while first < number:
        starts = np.flatnonzero(np.diff(node, prepend=-1))
        cells = rows[row]
        least, largest = (f.reduceat(cells, starts, axis=0) for f in (np.minimum, np.maximum))
        varies: BoolArray = np.asarray(largest > least)
        inner: BoolArray = np.asarray(varies.any(axis=1))
        # Of the series that vary among the rows of a node, one; of its values, one below the last.
        rank = random.random(len(starts)) * varies.sum(axis=1)
        chosen = (varies.cumsum(axis=1) > np.floor(rank)[:, None]).argmax(axis=1)
        at = np.arange(len(starts)), chosen
        share = random.random(len(starts))
        cut = least[at] + share * (largest[at] - least[at])
        cut = np.where(cut < largest[at], cut, least[at])
        nodes = np.arange(first, number)
        below = np.asarray(number + 2 * (np.cumsum(inner) - inner), dtype=np.int64)
        children.append(np.where(inner, [below, below + 1], nodes).T)
        series_cut.append(np.where(inner, chosen, 0))
        cuts.append(np.where(inner, cut, 0.0))
        here = node - first
        goes_on = inner[here]
        row, here = row[goes_on], here[goes_on]
        node = below[here] + (rows[row, chosen[here]] > cut[here])
        order = np.argsort(node, kind="stable")
        row, node = row[order], node[order]
        first, number = number, number + 2 * int(inner.sum())
    return np.concatenate(children), np.concatenate(series_cut), np.concatenate(cuts)
