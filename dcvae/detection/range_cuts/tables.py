"""Tables over pairs of cuts: a box of cuts divided into blocks, and sums for all blocks at once.

A cut `c` of a side lets its cells of a level above `c` alarm; levels count the distinct values from
1, and a cell has the level 0 on the side that it is not on.
"""

from typing import NamedTuple

import numpy as np

from dcvae._arrays import Float64Array, IntArray


class Lines(NamedTuple):
    """Where one side of a box is divided: block b has the cuts from `first[b]` to `until[b]`.

    first, until: (blocks,) int64, ascending. all_drawn: no line was left out.
    some: (levels + 2,) int64, by level: how many blocks, from the first, have a cut that lets it
    alarm. every: the same, for blocks with all their cuts. Both are equal where a line is drawn.
    """

    first: IntArray
    until: IntArray
    all_drawn: bool
    some: IntArray
    every: IntArray


def draw_lines(
    start: int, stop: int, candidates: IntArray, num_levels: int, most_lines: int
) -> Lines:
    """Divide the cuts of one side of a box.

    Args:
        start: the first cut.
        stop: the cut after the last one.
        candidates: cuts to draw lines at, ascending; those outside do not matter.
        num_levels: of this side.
        most_lines: if there are more candidates, every so many of them are taken.

    Examples:
        >>> lines = draw_lines(0, 6, np.array([2, 3, 5]), 5, most_lines=2)
        >>> lines.first, lines.until, lines.all_drawn
        (array([0, 3]), array([3, 6]), False)
        >>> lines.some  # levels 1, 2 and 3 can alarm in the first block alone
        array([0, 1, 1, 1, 2, 2, 2])
        >>> lines.every  # and level 3 at all three cuts of it
        array([0, 0, 0, 1, 1, 1, 2])
    """
    inside = candidates[
        np.searchsorted(candidates, start, side="right") : np.searchsorted(candidates, stop)
    ]
    stride = -(-(inside.size + 1) // most_lines)
    first = np.concatenate([[start], inside[stride - 1 :: stride]])
    until = np.append(first[1:], stop)
    some = np.bincount(first + 1, minlength=num_levels + 2).cumsum()
    every = np.bincount(until, minlength=num_levels + 2).cumsum()
    return Lines(first, until, stride == 1, some, every)


def count_above(levels: IntArray, num_cuts: int) -> IntArray:
    """Count the levels above each cut 0, 1, .., num_cuts - 1.

    Examples:
        >>> count_above(np.array([1, 3, 3]), 4)
        array([3, 2, 2, 0])
    """
    counts: IntArray = levels.size - np.bincount(levels, minlength=num_cuts).cumsum()[:num_cuts]
    return counts


def count_above_both(rows: IntArray, columns: IntArray, shape: tuple[int, int]) -> IntArray:
    """Count, for each place of a table, the points with a higher row and a higher column.

    Args:
        rows: (points,) int64, from 0 to shape[0].
        columns: (points,) int64, from 0 to shape[1].
        shape: of the table.

    Examples:
        >>> count_above_both(np.array([1, 2]), np.array([2, 1]), (2, 2))
        array([[2, 1],
               [1, 0]])
    """
    width = shape[1] + 1
    points = np.bincount(rows * width + columns, minlength=(shape[0] + 1) * width)
    # Turned around, the points above both are those before both.
    turned = points[::-1].reshape(-1, width)[:-1, :-1]
    counts: IntArray = turned.cumsum(axis=0).cumsum(axis=1)[::-1, ::-1]
    return counts


def sum_rectangles(
    rows: tuple[IntArray, IntArray],
    columns: tuple[IntArray, IntArray],
    weight: Float64Array,
    shape: tuple[int, int],
) -> Float64Array:
    """Add a weight to every place of a rectangle of a table, for many rectangles.

    Args:
        rows: the first rows, and the rows after the last ones.
        columns: the same of columns.
        weight: (rectangles,) float64.
        shape: of the table.

    Examples:
        >>> one = np.array([1])
        >>> sum_rectangles((0 * one, one), (one, 3 * one), np.array([2.0]), (2, 3))
        array([[0., 2., 2.],
               [0., 0., 0.]])
    """
    width = shape[1] + 1
    corners = np.concatenate([rows[a] * width + columns[b] for a in (0, 1) for b in (0, 1)])
    weights = np.concatenate([weight, -weight, -weight, weight])
    return sum_changes(corners, weights, shape)


def sum_changes(places: IntArray, changes: Float64Array, shape: tuple[int, int]) -> Float64Array:
    """Return the table whose values change by so much from given places on, down and right.

    Args:
        places: row * (shape[1] + 1) + column of each change; beyond the table they do not matter.
        changes: float64.
        shape: of the table.
    """
    width = shape[1] + 1
    table = np.bincount(places, changes, (shape[0] + 1) * width).reshape(-1, width)
    sums: Float64Array = table[:-1, :-1].cumsum(axis=0).cumsum(axis=1)
    return sums
