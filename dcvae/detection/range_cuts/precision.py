"""Precision of every alarm segment of one series that touches labels, with its pairs of cuts.

A run of rows is an alarm segment at a pair of cuts if all its cells alarm and the cells before and
after it do not. Each cell alarms below one cut of its own side, so the pairs of cuts at which a run
is a segment form a rectangle. A run has one only if the cell before it and the cell after it lie
below all the run's cells of their side; on average there are a few such runs a cell.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dcvae._arrays import BoolArray, Float64Array, IntArray, Segments

_ALWAYS = np.int64(1) << 31
"""Level of a cell on the side that it is not on: no cut there silences it."""


_MOST_SEGMENTS = 1 << 18
"""About as many are listed at once: bounds the memory, at some 40 MiB."""


class PossibleSegments(NamedTuple):
    """Segments that touch labels, each with its rectangle of cuts, half-open.

    down_from, down_to, up_from, up_to: (segments,) int64. reward: (segments,) float64, what the
    segment adds to the sum of precisions. down_levels, up_levels: int64, ascending: cuts at which
    segments or the covered labels change.
    """

    down_from: IntArray
    down_to: IntArray
    up_from: IntArray
    up_to: IntArray
    reward: Float64Array
    down_levels: IntArray
    up_levels: IntArray


def possible_segments(
    down_level: IntArray, up_level: IntArray, truth: BoolArray, events: Segments
) -> Iterator[PossibleSegments]:
    """List every alarm segment that touches labels at some pair of cuts, in parts.

    Nearly always there is one part. Where values above the mean rise steadily while those between
    them below it fall, there are as many segments as pairs of cells: they are never all in memory.

    Args:
        down_level: (rows,) int64, the levels of the cells below the mean, from 1; 0 elsewhere.
        up_level: (rows,) int64, the same above the mean. Cells with 0 in both never alarm.
        truth: (rows,) bool, the labels.
        events: the segments of `truth`.

    Yields:
        Segments, in no particular order; at least one part, which may be empty.
    """
    down = np.where(up_level > 0, _ALWAYS, down_level)
    up = np.where(down_level > 0, _ALWAYS, up_level)
    kept = np.flatnonzero(truth | _that_can_end(down, up, truth))
    # Beyond the first and the last row nothing alarms.
    row = np.concatenate([[-1], kept, [truth.size]])
    down = np.concatenate([[0], down[kept], [0]])
    up = np.concatenate([[0], up[kept], [0]])
    # A silenced cell of the other side leaves the cut free.
    down_quiet, up_quiet = np.where(down < _ALWAYS, down, 0), np.where(up < _ALWAYS, up, 0)
    levels = np.unique(down_quiet), np.unique(up_quiet)
    labeled = np.concatenate([[0], np.cumsum(truth)])
    moments = np.concatenate([[0], np.cumsum(truth * np.arange(truth.size))])
    tops = int(down_level.max(initial=0)) + 1, int(up_level.max(initial=0)) + 1
    for before, after, down_top, up_top in _ends_of_segments(down, up, tops):
        start, stop = row[before] + 1, row[after]
        touching = np.flatnonzero(labeled[stop] > labeled[start])
        before, after, start, stop = (x[touching] for x in (before, after, start, stop))
        yield PossibleSegments(
            np.maximum(down_quiet[before], down_quiet[after]),
            down_top[touching],
            np.maximum(up_quiet[before], up_quiet[after]),
            up_top[touching],
            _reward(start, stop, labeled, moments, events),
            *levels,
        )


def _reward(
    start: IntArray, stop: IntArray, labeled: IntArray, moments: IntArray, events: Segments
) -> Float64Array:
    """Return the precision of each segment: front bias, divided by the events that it meets.

    The row r of a segment weighs `stop - r`, so all sums come from cumulative ones: of the labels,
    and of the labels times their row.
    """
    weight = stop * (labeled[stop] - labeled[start]) - (moments[stop] - moments[start])
    length = stop - start
    met = np.searchsorted(events.starts, stop) - np.searchsorted(events.stops, start, side="right")
    reward: Float64Array = weight / (length * (length + 1) // 2) / met
    return reward


def _that_can_end(down: IntArray, up: IntArray, truth: BoolArray) -> BoolArray:
    """Mark the unlabeled cells at which a segment that touches labels can end.

    On the way from labels, a cell at which such a segment ends for some cuts lies below all
    cells of its side that were passed before, up to the next labels.
    """
    gap = np.cumsum(np.diff(truth, prepend=False) & truth)  # events that have begun
    marks = np.zeros(truth.size, dtype=bool)
    # Gaps that are reached later lie lower as a whole: so their running minimum begins anew.
    drop = gap * (_ALWAYS + 1)
    labeled = np.flatnonzero(truth)
    behind, ahead = slice(labeled[0], None), slice(labeled[-1], None, -1)
    for level in (down, up):
        level = np.where(truth, _ALWAYS, level)  # labels do not count
        on_side = level < _ALWAYS
        marks[behind] |= _is_lowest(level[behind] - drop[behind]) & on_side[behind]
        marks[ahead] |= _is_lowest(level[ahead] + drop[ahead]) & on_side[ahead]
    return marks


def _is_lowest(values: IntArray) -> BoolArray:
    """Tell of each value but the first whether it is lower than all before it."""
    lowest = np.minimum.accumulate(values)
    return np.concatenate([[False], values[1:] < lowest[:-1]])


def _ends_of_segments(
    down: IntArray, up: IntArray, tops: tuple[int, int]
) -> Iterator[tuple[IntArray, IntArray, IntArray, IntArray]]:
    """Follow every cell forward, from one possible end of a segment to the next.

    All cells advance together. One goes on while it can be silent and the end it reached alarm.

    Args:
        down: (cells,) int64, levels below the mean; the first and the last cell never alarm.
        up: (cells,) int64, levels above the mean.
        tops: number of cuts of both sides.

    Yields:
        Cells before and after each segment, and the cuts, of both sides, from which on its own
        cells no longer all alarm.
    """
    next_down, next_up = _next_lower(down), _next_lower(up)
    before = np.arange(down.size - 1)
    quiet_down = np.where(down[:-1] < _ALWAYS, down[:-1], 0)
    quiet_up = np.where(up[:-1] < _ALWAYS, up[:-1], 0)
    # The next cell of either side below the lowest of the segment so far, and that lowest.
    end_down = np.where(down[1:] < _ALWAYS, before + 1, next_down[1:])
    end_up = np.where(up[1:] < _ALWAYS, before + 1, next_up[1:])
    top_down, top_up = np.full(before.size, tops[0]), np.full(before.size, tops[1])
    found, size = [], 0
    while before.size:
        end = np.minimum(end_down, end_up)
        found.append((before, end, top_down, top_up))
        size += before.size
        on = (down[end] > quiet_down) & (up[end] > quiet_up)
        before, end, quiet_down, quiet_up, end_down, end_up, top_down, top_up = (
            x[on] for x in (before, end, quiet_down, quiet_up, end_down, end_up, top_down, top_up)
        )
        top_down, top_up = np.minimum(top_down, down[end]), np.minimum(top_up, up[end])
        end_down = np.where(end_down == end, next_down[end], end_down)
        end_up = np.where(end_up == end, next_up[end], end_up)
        if size >= _MOST_SEGMENTS or not before.size:
            first, after, down_to, up_to = map(np.concatenate, zip(*found, strict=True))
            yield first, after, down_to, up_to
            found, size = [], 0


def _next_lower(values: IntArray) -> IntArray:
    """Return for each value the place of the next lower one; the last place if there is none.

    Minima of stretches of 1, 2, 4, .. values let all places leap ahead at once.
    """
    size = values.size
    minima, width = [np.append(values, -1)], 1
    while 2 * width <= size:
        last = minima[-1]
        longer = np.full(size + 1, -1)
        longer[: size + 1 - width] = np.minimum(last[: size + 1 - width], last[width:])
        minima.append(longer)
        width *= 2
    place = np.arange(1, size + 1)
    for stretch in reversed(minima):
        place += (stretch[np.minimum(place, size)] >= values) * width
        width //= 2
    return np.minimum(place, size - 1)
