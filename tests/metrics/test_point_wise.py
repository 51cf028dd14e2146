"""Counting rows: by hand, against a walk over the rows, and refusals."""

import numpy as np
import pytest

from dcvae.metrics.point_wise import point_adjusted, point_wise
from support import oracles
from support.masks import mask, random_mask

# ---------------------------------------------------------------- point-wise


def test_point_wise_by_hand() -> None:
    # 2 hits, 3 alarms, 4 labels: P = 2/3, R = 2/4, F1 = 2*2/(4+3) = 4/7.
    result = point_wise(mask("####..."), mask("##....#"))
    assert result == pytest.approx((2 / 3, 1 / 2, 4 / 7), abs=1e-15)


def test_point_wise_f1_is_the_harmonic_mean() -> None:
    generator = np.random.default_rng(2)
    for _ in range(300):
        truth, alarm = random_mask(generator, 30), random_mask(generator, 30)
        precision, recall, f1 = point_wise(truth, alarm)
        if precision + recall > 0:
            assert f1 == pytest.approx(2 * precision * recall / (precision + recall), abs=1e-12)


def test_swapping_truth_and_alarm_swaps_precision_and_recall() -> None:
    generator = np.random.default_rng(7)
    for _ in range(100):
        truth, alarm = random_mask(generator, 50), random_mask(generator, 50)
        precision, recall, f1 = point_wise(truth, alarm)
        assert point_wise(alarm, truth) == pytest.approx((recall, precision, f1), abs=1e-12)


# ---------------------------------------------------------------- point-adjusted


def test_point_adjusted_by_hand() -> None:
    # One row finds the whole first event; the second is missed; one row is false.
    result = point_adjusted(mask(".####..##."), mask("...#.#...."))
    assert result == pytest.approx((4 / 5, 4 / 6, 8 / 11), abs=1e-15)


def test_point_adjusted_equals_a_walk_over_the_rows() -> None:
    generator = np.random.default_rng(7)
    for _ in range(300):
        rows = int(generator.integers(1, 40))
        truth, alarm = random_mask(generator, rows), random_mask(generator, rows)
        counts = oracles.event_counts(truth, alarm)
        hits, called = counts["adjusted_hits"], counts["adjusted_hits"] + counts["false_rows"]
        if truth.any() or alarm.any():
            expected = (hits / called if called else 0.0, hits / truth.sum() if hits else 0.0)
            assert point_adjusted(truth, alarm)[:2] == pytest.approx(expected, abs=1e-12)


def test_point_adjustment_flatters_chance() -> None:
    # Why the docstring warns: one alarm in fifty rows, at random, ten events of 300 rows.
    generator = np.random.default_rng(8)
    truth = np.tile(np.arange(3000) < 300, 10)
    alarm = generator.random(truth.size) < 0.02
    assert point_adjusted(truth, alarm).f1 > 0.9
    assert point_wise(truth, alarm).f1 < 0.1


# ---------------------------------------------------------------- nothing to judge
