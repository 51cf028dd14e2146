"""Alarm segments that touch labels: every pair of cuts of small series, by masks."""

import numpy as np
import pytest

from dcvae._arrays import BoolArray, IntArray, segments
from dcvae.detection.range_cuts import precision as module
from dcvae.detection.range_cuts.precision import PossibleSegments, possible_segments
from dcvae.metrics import range_based


def listed(down: IntArray, up: IntArray, truth: BoolArray) -> PossibleSegments:
    """Put the parts together."""
    parts = list(possible_segments(down, up, truth, segments(truth)))
    *values, _, _ = (np.concatenate(fields) for fields in zip(*parts, strict=True))
    return PossibleSegments(*values, parts[0].down_levels, parts[0].up_levels)


@pytest.mark.parametrize("most", [1, 20, 1 << 18])
def test_each_pair_of_cuts_has_its_segments(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_SEGMENTS", most)
    generator = np.random.default_rng(32)
    for _ in range(60):
        rows = int(generator.integers(1, 25))
        side = generator.integers(0, 3, size=rows)  # 0 never alarms
        down = np.where(side == 1, generator.integers(1, 6, size=rows), 0)
        up = np.where(side == 2, generator.integers(1, 6, size=rows), 0)
        # Levels number the values that there are.
        down, up = (np.searchsorted(np.unique([0, *x.tolist()]), x) for x in (down, up))
        truth = generator.random(rows) < 0.4
        truth[generator.integers(rows)] = True
        found = listed(down, up, truth)
        for cut_down in range(down.max() + 1):
            for cut_up in range(up.max() + 1):
                alarm = (down > cut_down) | (up > cut_up)
                runs = segments(alarm)
                touching = [truth[a:b].any() for a, b in zip(runs.starts, runs.stops, strict=True)]
                here = (found.down_from <= cut_down) & (cut_down < found.down_to)
                here &= (found.up_from <= cut_up) & (cut_up < found.up_to)
                assert here.sum() == sum(touching)
                precision = range_based(truth, alarm).precision
                assert found.reward[here].sum() == pytest.approx(
                    precision * len(touching), abs=1e-12
                )


def test_lines_are_where_something_changes() -> None:
    # Only the cell next to the labels can end a segment that touches them: 3, not 4 behind it.
    up = np.array([1, 2, 3, 4])
    truth = np.array([False, True, False, False])
    found = listed(np.zeros(4, dtype=np.int64), up, truth)
    assert found.up_levels.tolist() == [0, 1, 2, 3]
    assert found.down_levels.tolist() == [0]


def test_a_segment_may_span_events() -> None:
    # All alarm at cut 0: one segment of 3 rows, two events. Front bias: (3 + 1) / 6, divided by 2.
    up, truth = np.array([2, 1, 2]), np.array([True, False, True])
    found = listed(np.zeros(3, dtype=np.int64), up, truth)
    at_zero = found.reward[(found.up_from <= 0) & (found.up_to > 0)]
    assert at_zero.tolist() == [pytest.approx(1 / 3)]
    at_one = found.reward[(found.up_from <= 1) & (found.up_to > 1)]
    assert at_one.tolist() == [1.0, 1.0]
