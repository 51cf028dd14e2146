"""Tables over pairs of cuts, against loops over every place."""

import numpy as np
import pytest

from dcvae.detection.range_cuts.tables import (
    count_above,
    count_above_both,
    draw_lines,
    sum_changes,
    sum_rectangles,
)


@pytest.mark.parametrize("most_lines", [1, 2, 3, 100])
@pytest.mark.parametrize(("start", "stop"), [(0, 21), (0, 1), (4, 17), (20, 21)])
def test_lines_divide_the_cuts(start: int, stop: int, most_lines: int) -> None:
    num_levels, candidates = 20, np.array([0, 2, 3, 7, 11, 16, 19, 20])
    lines = draw_lines(start, stop, candidates, num_levels, most_lines)
    assert lines.first[0] == start
    assert lines.until[-1] == stop
    np.testing.assert_array_equal(lines.first[1:], lines.until[:-1])
    assert lines.first.size <= most_lines
    inside = [int(c) for c in candidates if start < c < stop]
    assert set(lines.first[1:].tolist()) <= set(inside)
    assert lines.all_drawn == (lines.first.size == len(inside) + 1)
    blocks = [range(a, b) for a, b in zip(lines.first, lines.until, strict=True)]
    for level in range(num_levels + 2):
        alarms = [[level > cut for cut in block] for block in blocks]
        assert lines.some[level] == sum(map(any, alarms))
        assert lines.every[level] == sum(map(all, alarms))


def test_counts_and_sums_equal_loops() -> None:
    generator = np.random.default_rng(31)
    for _ in range(20):
        shape = (int(generator.integers(1, 7)), int(generator.integers(1, 7)))
        rows = np.sort(generator.integers(0, shape[0] + 1, size=(2, 9)), axis=0)
        columns = np.sort(generator.integers(0, shape[1] + 1, size=(2, 9)), axis=0)
        weight = generator.normal(size=9)
        above, sums = np.zeros(shape, dtype=int), np.zeros(shape)
        for i, j in np.ndindex(shape):
            above[i, j] = np.sum((rows[0] > i) & (columns[0] > j))
            inside = (rows[0] <= i) & (i < rows[1]) & (columns[0] <= j) & (j < columns[1])
            sums[i, j] = weight[inside].sum()
        np.testing.assert_array_equal(count_above_both(rows[0], columns[0], shape), above)
        np.testing.assert_allclose(
            sum_rectangles((rows[0], rows[1]), (columns[0], columns[1]), weight, shape),
            sums,
            atol=1e-12,
        )
        expected = [int(np.sum(rows[1] > cut)) for cut in range(shape[0])]
        assert count_above(rows[1], shape[0]).tolist() == expected


def test_a_change_holds_down_and_right_of_its_place() -> None:
    # Width 4: place 5 is row 1, column 1; place 3 is beyond the last column.
    table = sum_changes(np.array([5, 3]), np.array([2.0, 9.0]), (2, 3))
    assert table.tolist() == [[0.0, 0.0, 0.0], [0.0, 2.0, 2.0]]
