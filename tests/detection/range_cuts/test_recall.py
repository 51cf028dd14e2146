"""Recall by pairs of cuts, against the recall of the alarms of each pair."""

import numpy as np
import pytest

from dcvae._arrays import BoolArray, Float64Array, IntArray, segments
from dcvae.detection.range_cuts import recall as module
from dcvae.detection.range_cuts.recall import labeled_cells, recall_of_blocks
from dcvae.detection.range_cuts.tables import draw_lines
from dcvae.metrics import range_based


def random_levels(generator: np.random.Generator) -> tuple[IntArray, IntArray, BoolArray]:
    rows = int(generator.integers(1, 30))
    side = generator.integers(0, 3, size=rows)
    down = np.where(side == 1, generator.integers(1, 8, size=rows), 0)
    up = np.where(side == 2, generator.integers(1, 8, size=rows), 0)
    truth = generator.random(rows) < 0.6
    truth[generator.integers(rows)] = True
    return down, up, truth


def recall_of_pairs(down: IntArray, up: IntArray, truth: BoolArray) -> Float64Array:
    return np.array(
        [
            [range_based(truth, (down > i) | (up > j)).recall for j in range(up.max() + 1)]
            for i in range(down.max() + 1)
        ]
    )


@pytest.mark.parametrize("most_places", [1, 200, 1 << 20])
def test_recall_of_every_pair(most_places: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_PLACES", most_places)
    generator = np.random.default_rng(33)
    for _ in range(40):
        down, up, truth = random_levels(generator)
        cells = labeled_cells(down, up, segments(truth))
        lines = [draw_lines(0, x.max() + 1, np.arange(9), int(x.max()), 99) for x in (down, up)]
        np.testing.assert_allclose(
            recall_of_blocks(cells, *lines), recall_of_pairs(down, up, truth), atol=1e-12
        )


def test_recall_of_a_block_is_not_below_that_of_its_pairs() -> None:
    generator = np.random.default_rng(34)
    looser = 0
    for _ in range(40):
        down, up, truth = random_levels(generator)
        cells = labeled_cells(down, up, segments(truth))
        start = [int(generator.integers(0, x.max() + 1)) for x in (down, up)]
        lines = [
            draw_lines(first, x.max() + 1, np.arange(9), int(x.max()), 3)
            for first, x in zip(start, (down, up), strict=True)
        ]
        bound = recall_of_blocks(cells, *lines)
        pairs = recall_of_pairs(down, up, truth)
        for i, j in np.ndindex(bound.shape):
            block = pairs[
                lines[0].first[i] : lines[0].until[i], lines[1].first[j] : lines[1].until[j]
            ]
            assert bound[i, j] >= block.max() - 1e-12
            looser += bound[i, j] > block.max() + 1e-12
    assert looser > 0


def test_weights_of_labeled_cells_by_hand() -> None:
    truth = np.array([True, True, False, True])
    cells = labeled_cells(np.array([1, 0, 0, 0]), np.array([0, 3, 1, 2]), segments(truth))
    assert cells.event.tolist() == [0, 0, 1]
    assert cells.weight.tolist() == pytest.approx([2 / 3, 1 / 3, 1.0])
    assert (cells.down.tolist(), cells.up.tolist()) == ([1, 0, 0], [0, 3, 2])
