"""Recall of the labeled events of one series, for all pairs of cuts of a box at once.

The recall of an event is the weight of its rows that alarm, divided by the number of pieces that
they come in. It changes only at the levels of the event's own cells, so it is worked out on a small
grid of these, and its changes are added to the table of all cuts. The grids of many events lie one
after the other in flat arrays: nothing loops over events.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dcvae._arrays import Float64Array, IntArray, Segments
from dcvae.detection.range_cuts.tables import Lines, sum_changes

_MOST_PLACES = 1 << 20
"""Of the grids that are worked out together: bounds the memory, at some 100 MiB."""


class LabeledCells(NamedTuple):
    """The labeled cells of a series in time order, all (cells,).

    event: int64, which event a cell belongs to. weight: float64, its share of the event, front
    bias. down, up: int64, its levels.
    """

    event: IntArray
    weight: Float64Array
    down: IntArray
    up: IntArray


def labeled_cells(down_level: IntArray, up_level: IntArray, events: Segments) -> LabeledCells:
    """List the labeled cells with their levels (rows,) on both sides."""
    length = events.stops - events.starts
    event = np.repeat(np.arange(length.size), length)
    number = np.arange(event.size) - (np.cumsum(length) - length)[event]  # within its event
    row = events.starts[event] + number
    total = (length * (length + 1) // 2)[event]
    return LabeledCells(event, (length[event] - number) / total, down_level[row], up_level[row])


def recall_of_blocks(cells: LabeledCells, down: Lines, up: Lines) -> Float64Array:
    """Bound the mean recall of all events in each block of cuts; exact where all lines are drawn.

    The weight that some cut of the block covers is divided by the fewest pieces it can have: a cell
    that alarms at every cut ends a piece where the next one of the event alarms at none.

    Args:
        cells: the labeled cells, at least one.
        down: lines of the cuts below the mean.
        up: lines of the cuts above the mean.

    Returns:
        (blocks down, blocks up) float64.
    """
    shape = (down.first.size, up.first.size)
    places, changes = [], []
    for part in _parts(cells, shape):
        place, change = _changes(part, down, up)
        places.append(place)
        changes.append(change)
    total = sum_changes(np.concatenate(places), np.concatenate(changes), shape)
    return total / float(cells.event[-1] + 1)


def _parts(cells: LabeledCells, shape: tuple[int, int]) -> Iterator[LabeledCells]:
    """Split the cells, between events, so that the grids of a part stay small."""
    length = np.bincount(cells.event)
    size = np.minimum(2 * length + 1, shape[0] + 1) * np.minimum(2 * length + 1, shape[1] + 1)
    part = (np.cumsum(size) // _MOST_PLACES)[cells.event]
    begins = np.flatnonzero(np.diff(part, prepend=-1))
    for start, stop in zip(begins, np.append(begins[1:], part.size), strict=True):
        part_of = slice(start, stop)
        event = cells.event[part_of] - cells.event[start]
        yield LabeledCells(event, cells.weight[part_of], cells.down[part_of], cells.up[part_of])


class _Axis(NamedTuple):
    """One axis of the grids of all events, (lines of all grids,) each: where something changes.

    event: the event of a line. block: the block it stands for. begins: (events,) the first line of
    each event. counts: (events,) lines of each. some, every: (cells,) the line of each cell: at all
    lines before it in its event it alarms at some cut, or at every cut.
    """

    event: IntArray
    block: IntArray
    begins: IntArray
    counts: IntArray
    some: IntArray
    every: IntArray


def _axis(lines: Lines, level: IntArray, event: IntArray) -> _Axis:
    width = lines.first.size + 1
    num_events, offset = int(event[-1]) + 1, event * width
    keys, places = np.unique(
        np.concatenate(
            [np.arange(num_events) * width, offset + lines.some[level], offset + lines.every[level]]
        ),
        return_inverse=True,
    )
    counts = np.bincount(keys // width)
    some, every = places[num_events:].reshape(2, -1)
    return _Axis(keys // width, keys % width, np.cumsum(counts) - counts, counts, some, every)


def _changes(cells: LabeledCells, down: Lines, up: Lines) -> tuple[IntArray, Float64Array]:
    """Return places in the table of blocks, and how much the sum of recalls changes there."""
    rows, columns = _axis(down, cells.down, cells.event), _axis(up, cells.up, cells.event)
    # Flat grids: place = origin of the row + column within the grid.
    width = columns.counts[rows.event]
    origin = np.cumsum(width) - width
    row = np.repeat(np.arange(width.size), width)
    within = np.arange(row.size) - origin[row]
    column = columns.begins[rows.event][row] + within

    covered = _above(rows, rows.some, cells.weight)[row]
    covered += _above(columns, columns.some, cells.weight)[column]
    follows = np.flatnonzero(cells.event[1:] == cells.event[:-1])
    pieces = _pieces_alone(rows, follows)[row] + _pieces_alone(columns, follows)[column]
    # Neighbors of which one is below and one above the mean.
    corners = [
        origin[below] + above - columns.begins[rows.event[below]]
        for below, above in (
            (rows.every[follows], columns.some[follows + 1]),
            (rows.some[follows + 1], columns.every[follows]),
        )
    ]
    counts = np.bincount(np.concatenate(corners), minlength=row.size)
    pieces -= _above_both(counts, rows, columns, row, within, origin)
    recall = covered / np.maximum(pieces, 1)

    places = np.arange(row.size)
    change = recall - np.where(within > 0, recall[places - 1], 0.0)
    first_row = row == rows.begins[rows.event[row]]
    change -= np.where(first_row, 0.0, change[places - width[row]])
    return rows.block[row] * (up.first.size + 1) + columns.block[column], change


def _above(axis: _Axis, lines: IntArray, weights: Float64Array | None = None) -> Float64Array:
    """Sum the weights, by default 1, of the cells whose line is after each line of its event."""
    sums = np.bincount(lines, weights, axis.event.size).cumsum()
    above: Float64Array = sums[(axis.begins + axis.counts - 1)[axis.event]] - sums
    return above


def _pieces_alone(axis: _Axis, follows: IntArray) -> Float64Array:
    """Return the fewest pieces by line of one axis, as if the other had no alarms."""
    joined = np.minimum(axis.every[follows], axis.some[follows + 1])
    return _above(axis, axis.every) - _above(axis, joined)


def _above_both(
    counts: IntArray,
    rows: _Axis,
    columns: _Axis,
    row: IntArray,
    within: IntArray,
    origin: IntArray,
) -> IntArray:
    """Sum, for each place of flat grids, the counts in later rows and columns of its grid."""
    width, height = columns.counts[rows.event][row], rows.counts[rows.event][row]
    sums = counts.cumsum()
    later: IntArray = sums[origin[row] + width - 1] - sums
    # The same grids, column after column.
    event = rows.event[row]
    grid = origin[rows.begins[event]]
    turned = grid + within * height + row - rows.begins[event]
    by_column = np.empty_like(later)
    by_column[turned] = later
    sums = by_column.cumsum()
    both: IntArray = sums[grid + (within + 1) * height - 1] - sums[turned]
    return both
