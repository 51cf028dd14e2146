"""Runs of True in a mask, and the overlaps of two kinds of runs."""

import numpy as np
import pytest

from dcvae._arrays import find_overlaps, segments
from support.masks import mask, random_mask


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        ("", []),
        ("...", []),
        ("###", [(0, 3)]),
        ("#", [(0, 1)]),
        ("#.#", [(0, 1), (2, 3)]),
        (".##..#", [(1, 3), (5, 6)]),
    ],
)
def test_segments_are_half_open(picture: str, expected: list[tuple[int, int]]) -> None:
    starts, stops = segments(mask(picture))
    assert list(zip(starts.tolist(), stops.tolist(), strict=True)) == expected
    assert starts.dtype == stops.dtype == np.int64


def test_segments_rebuild_the_mask() -> None:
    generator = np.random.default_rng(1)
    for _ in range(200):
        original = random_mask(generator, int(generator.integers(0, 40)))
        rebuilt = np.zeros_like(original)
        for start, stop in zip(*segments(original), strict=True):
            rebuilt[start:stop] = True
        np.testing.assert_array_equal(rebuilt, original)


def test_overlaps_are_the_shared_rows_of_every_pair_in_time_order() -> None:
    generator = np.random.default_rng(2)
    for _ in range(300):
        rows = int(generator.integers(0, 40))
        truth, alarm = (
            segments(random_mask(generator, rows)),
            segments(random_mask(generator, rows)),
        )
        expected = []
        for i, (start, stop) in enumerate(zip(*truth, strict=True)):
            for j, (first, last) in enumerate(zip(*alarm, strict=True)):
                shared = set(range(start, stop)) & set(range(first, last))
                if shared:
                    expected.append((i, j, min(shared), max(shared) + 1))
        assert list(zip(*find_overlaps(truth, alarm), strict=True)) == expected


def test_segments_needs_a_mask() -> None:
    with pytest.raises(ValueError, match=r"`mask` must be a one-dimensional bool array"):
        segments(np.array([0.0, 1.0]))
