"""Best range-based F1 of one series over all pairs of alphas, by branch and bound.

The alarms change only where an alpha crosses a residual, so each side has as many cuts as it has
distinct values, and one more: cut `c` lets the values of a level above `c` alarm, where levels
number the distinct values from 1, ascending. For a pair of cuts, F1 = 2 N R / (N + S R), with N the
sum of the precisions of the alarm segments, S their number and R the recall:

* N: only segments that touch labels have one. They are listed once, each with the rectangle of
  cuts at which it is a segment (see `dcvae.detection.range_cuts.precision`).
* R: of each event, the weight of the rows that alarm and the number of pieces they come in.
* S: cells that alarm less pairs of neighbors that both alarm: a count on either side alone, less
  the pairs across the sides, which are counted for all pairs of cuts at once by cumulative sums.

N and R change only at the levels of labeled cells and of few others, so lines drawn at those levels
make blocks of cuts in which only S varies. Each block gets an upper bound of F1, from a lower bound
of S; the blocks whose bound reaches the best F1 found so far are divided further, down to single
cuts. Where the levels are too many for one table, every so many of them make a line, and N and R
are bounded too. A block that is left out cannot hold the optimum: the result is proven.
"""

from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from dcvae._arrays import (
    AnyArray,
    BoolArray,
    Float32Array,
    Float64Array,
    IntArray,
    segments,
)
from dcvae.detection.range_cuts.precision import possible_segments
from dcvae.detection.range_cuts.recall import labeled_cells, recall_of_blocks
from dcvae.detection.range_cuts.tables import (
    Lines,
    count_above,
    count_above_both,
    draw_lines,
    sum_rectangles,
)
from dcvae.metrics import range_based_from_segments

_MOST_LINES = 512
"""On either side of one table of blocks: bounds the memory of a table, at some 20 MiB."""

_MOST_SINGLE_BLOCKS = 64
"""More blocks than that are divided together with their neighbors."""

_TRIED = 8
"""Pairs of cuts that are evaluated one by one where a table has bounds of N and R only."""

_TOLERANCE = 1e-10
"""F1 that differ by less, as a share, are equal: sums in another order round otherwise."""


class Cut(NamedTuple):
    """Where one side is cut, in distances from the mean.

    quiet: the highest value that does not alarm, 0 if all do. lowest: the lowest that alarms, None
    if none does.
    """

    quiet: np.float32
    lowest: np.float32 | None


def best_cuts(residual: Float32Array, truth: BoolArray, term: float = 0.0) -> tuple[Cut, Cut]:
    """Find the pair of cuts with the best range-based F1; of equal ones, one with fewest alarms.

    Args:
        residual: (rows,) float32, in sigmas; NaN where the cell was missing.
        truth: (rows,) bool, the labels of the same rows, at least one True.
        term: added to the denominator of F1, not negative.

    Returns:
        The cuts below and above the mean. Where no pair finds anything, nothing alarms.

    Examples:
        >>> residual = np.array([0.5, 4.2, 4.8, -2.0], dtype=np.float32)
        >>> for cut in best_cuts(residual, np.array([False, False, True, False])):
        ...     print(cut.quiet, cut.lowest)
        2.0 None
        4.2 4.8
    """
    return _Search(residual, truth, term).run()


class _Side(NamedTuple):
    """The cells of one side. Their levels count from 1; cells of the other side have 0.

    values: (levels,) float32, ascending. level: (rows,) int64. runs: (cuts,) int64, alarm segments
    if the other side has no alarms. alarms: (cuts,) int64.
    """

    values: Float32Array
    level: IntArray
    runs: IntArray
    alarms: IntArray


def _side(scores: Float32Array) -> _Side:
    here = scores > 0
    values, position = np.unique(scores[here], return_inverse=True)
    level = np.zeros(scores.size, dtype=np.int64)
    level[here] = position + 1
    size = values.size + 1
    alarms = count_above(level, size)
    return _Side(values, level, alarms - count_above(_lower(level), size), alarms)


def _cut(side: _Side, cut: int) -> Cut:
    quiet = side.values[cut - 1] if cut else np.float32(0.0)
    return Cut(quiet, side.values[cut] if cut < side.values.size else None)


def _lower(level: IntArray) -> IntArray:
    """Return for each pair of neighboring rows the level up to which both of them alarm."""
    return np.minimum(level[1:], level[:-1])


class _Box(NamedTuple):
    """Cuts that are searched together, half-open on both sides.

    bound: F1 that no pair of them exceeds. single: lines are drawn at single cuts, no longer at
    levels where N or R changes. known: N and R, where they are the same for all pairs.
    """

    bound: float
    down: tuple[int, int]
    up: tuple[int, int]
    single: bool
    known: tuple[float, float] | None = None


class _Search:
    """The search in one series: what is known of it, and the best pair of cuts so far."""

    def __init__(self, residual: Float32Array, truth: BoolArray, term: float) -> None:
        self.term = term
        self.events = segments(truth)
        self.down, self.up = _side(-residual), _side(residual)
        # One part is kept; more are listed anew whenever they are needed.
        self.list_parts = partial(
            possible_segments, self.down.level, self.up.level, truth, self.events
        )
        self.parts = list(islice(self.list_parts(), 2))
        self.cells = labeled_cells(self.down.level, self.up.level, self.events)
        # Neighbors of which one is below and one above the mean.
        down, up = self.down.level, self.up.level
        across = ((down[1:] > 0) & (up[:-1] > 0)) | ((up[1:] > 0) & (down[:-1] > 0))
        pairs = np.flatnonzero(across)
        self.pairs_down = down[pairs] + down[pairs + 1]  # one of the two is 0
        self.pairs_up = up[pairs] + up[pairs + 1]
        # No alarms at all, unless something better is found.
        self.best = (self.down.values.size, self.up.values.size)
        self.best_f1 = 0.0
        self.fewest_alarms = 0

    def run(self) -> tuple[Cut, Cut]:
        """Divide boxes, those with the highest bounds first, until none can hold a better pair."""
        waiting: list[_Box] = []
        if any(part.reward.size for part in self.parts):
            whole = (0, self.down.alarms.size), (0, self.up.alarms.size)
            waiting.append(_Box(1.0, *whole, single=False))
        while waiting:
            box = waiting.pop()
            if self._may_hold(box.bound):
                # Last, the most promising.
                waiting += sorted(self._divide(box), key=lambda part: part.bound)
        return _cut(self.down, self.best[0]), _cut(self.up, self.best[1])

    def _may_hold(self, bound: Any) -> Any:
        """Tell, for a number or an array of bounds, whether the best F1 so far is not above it."""
        return bound >= self.best_f1 * (1 - _TOLERANCE)

    def _divide(self, box: _Box) -> list[_Box]:
        """Bound F1 in the blocks of a box and return those that may hold something better."""
        down = self._lines(box.down, self.down, self.parts[0].down_levels, box.single)
        up = self._lines(box.up, self.up, self.parts[0].up_levels, box.single)
        shape = (down.first.size, up.first.size)
        if box.known is None:
            precisions, recall = self._precisions(down, up), recall_of_blocks(self.cells, down, up)
        else:
            precisions, recall = (np.full(shape, value) for value in box.known)
        # Sums of rounded numbers may end just below 0.
        precisions, recall = np.maximum(precisions, 0.0), np.maximum(recall, 0.0)
        across = count_above_both(down.some[self.pairs_down], up.some[self.pairs_up], shape)
        lowest = np.add.outer(_lowest(self.down.runs, down), _lowest(self.up.runs, up)) - across
        bound = self._f1(precisions, recall, np.maximum(lowest, precisions))
        table = _Table(down, up, precisions, recall, across, bound)

        places = np.array([bound.argmax()])
        if not self._may_hold(bound.flat[places]).any():
            return []
        exact = down.all_drawn and up.all_drawn
        if exact:
            # The most promising block first, so that few others need a look.
            self._look_at(table, places)
            places = np.flatnonzero(self._may_hold(bound))
            self._look_at(table, places)
        else:
            self._try_some(table)
            places = np.flatnonzero(self._may_hold(bound))
        open_places = places[self._may_hold(bound.flat[places])]
        return _boxes(table, open_places, exact=exact, single=box.single or exact)

    def _look_at(self, table: "_Table", places: IntArray) -> None:
        """Keep the best of the first pairs of cuts of some blocks, whose N and R are exact."""
        i, j = np.unravel_index(places, table.bound.shape)
        down, up = table.down.first[i], table.up.first[j]
        runs = self.down.runs[down] + self.up.runs[up] - table.across[i, j]
        f1 = self._f1(table.precisions[i, j], table.recall[i, j], runs)
        highest = float(f1.max())
        equal = np.flatnonzero(f1 >= highest * (1 - _TOLERANCE))
        alarms = self.down.alarms[down[equal]] + self.up.alarms[up[equal]]
        pick = int(np.argmin(alarms))
        self._keep(highest, int(down[equal][pick]), int(up[equal][pick]), int(alarms[pick]))

    def _lines(self, cuts: tuple[int, int], side: _Side, levels: IntArray, single: bool) -> Lines:
        candidates = np.arange(*cuts) if single else levels
        return draw_lines(*cuts, candidates, side.values.size, _MOST_LINES)

    def _f1(self, precisions: Float64Array, recall: Float64Array, runs: AnyArray) -> Float64Array:
        """Return F1; 0 where nothing is found."""
        below = recall + self.term
        below *= runs
        below += precisions
        f1 = 2 * precisions
        f1 *= recall
        f1 /= np.maximum(below, np.finfo(np.float64).tiny, out=below)
        return f1

    def _precisions(self, down: Lines, up: Lines) -> Float64Array:
        """Sum, by block, the precisions of the segments that some cut of the block makes."""
        total = np.zeros((down.first.size, up.first.size))
        for part in self.parts if len(self.parts) == 1 else self.list_parts():
            down_from = np.searchsorted(down.until, part.down_from, side="right")
            up_from = np.searchsorted(up.until, part.up_from, side="right")
            down_to, up_to = down.some[part.down_to], up.some[part.up_to]
            here = np.flatnonzero((down_from < down_to) & (up_from < up_to))
            total += sum_rectangles(
                (down_from[here], down_to[here]),
                (up_from[here], up_to[here]),
                part.reward[here],
                total.shape,
            )
        return total

    def _keep(self, f1: float, down: int, up: int, alarms: int) -> None:
        better = f1 > self.best_f1 * (1 + _TOLERANCE)
        if better or (self._may_hold(f1) and alarms < self.fewest_alarms):
            self.best, self.fewest_alarms = (down, up), alarms
        self.best_f1 = max(self.best_f1, f1)

    def _try_some(self, table: "_Table") -> None:
        """Evaluate the first cuts of the blocks with the highest bounds."""
        for place in np.argsort(table.bound, axis=None)[-_TRIED:]:
            i, j = np.unravel_index(place, table.bound.shape)
            cuts = int(table.down.first[i]), int(table.up.first[j])
            alarms = (self.down.level > cuts[0]) | (self.up.level > cuts[1])
            precision, recall, _ = range_based_from_segments(self.events, segments(alarms))
            if precision * recall > 0:
                f1 = 2 * precision * recall / (precision + recall + self.term)
                self._keep(f1, *cuts, int(np.count_nonzero(alarms)))


class _Table(NamedTuple):
    """What is known of the blocks of a box, all but the lines (blocks down, blocks up).

    precisions, recall: N and R, or bounds of them. across: neighbors on different sides of which
    both alarm at the first pair of cuts. bound: F1 that no pair of cuts exceeds.
    """

    down: Lines
    up: Lines
    precisions: Float64Array
    recall: Float64Array
    across: IntArray
    bound: Float64Array


def _boxes(table: _Table, places: IntArray, *, exact: bool, single: bool) -> list[_Box]:
    """Make boxes of blocks: one of each, or of many one of all in the same part of the table."""
    down, up = table.down, table.up
    i, j = np.unravel_index(places, table.bound.shape)
    # Of a single pair of cuts all is known.
    wide = (down.until - down.first > 1)[i] | (up.until - up.first > 1)[j]
    i, j = i[wide], j[wide]
    size = 1 if i.size <= _MOST_SINGLE_BLOCKS else max(_MOST_LINES // 16, 1)
    tile = (i // size) * _MOST_LINES + j // size
    order = np.argsort(tile, kind="stable")
    i, j, tile = i[order], j[order], tile[order]
    begins = np.flatnonzero(np.diff(tile, prepend=-1))
    boxes = []
    for part in map(slice, begins, np.append(begins[1:], i.size)):
        rows, columns = i[part], j[part]
        known = None
        if exact and rows.size == 1:
            known = (
                float(table.precisions[rows[0], columns[0]]),
                float(table.recall[rows[0], columns[0]]),
            )
        boxes.append(
            _Box(
                float(table.bound[rows, columns].max()),
                (int(down.first[rows.min()]), int(down.until[rows.max()])),
                (int(up.first[columns.min()]), int(up.until[columns.max()])),
                single,
                known,
            )
        )
    return boxes


def _lowest(runs: IntArray, lines: Lines) -> IntArray:
    """Return the lowest number of runs in each block of one side."""
    return np.minimum.reduceat(runs[: lines.until[-1]], lines.first)
