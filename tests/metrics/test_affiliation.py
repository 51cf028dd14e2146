"""Nearness of alarms and events: by hand, against counting moments, against telemeval."""

import numpy as np
import pytest
from telemeval.sklearn import affiliation_precision_score, affiliation_recall_score

from dcvae.metrics.affiliation import affiliation
from support import oracles
from support.masks import mask, random_mask


@pytest.mark.parametrize(
    ("truth", "alarm", "precision", "recall"),
    [
        # Zone 0-10, event 4-6, alarm 7-8. A moment of alarm at distance d (1 to 2) is beaten by
        # 2 + 2d of 10: 1/2 on average. A moment t of the event is 7 - t (1 to 3) from the alarm,
        # beaten by 2(7 - t) of 10: 3/5 on average.
        ("....##....", ".......#..", 1 / 2, 3 / 5),
        # The border of the zones, 2.5, cuts the alarm 2-3. In each zone a moment of alarm is
        # beaten by 1 + d of 2.5 (d from 1 to 1.5): 1/10. From the event, 0-1, at distance 2 - t
        # of the alarm, 2 - t lies towards it and t away from it: 2 of 2.5 beat it: 1/5.
        ("#...#", "..#..", 1 / 10, 1 / 5),
        # Only the zone of the first event holds an alarm: precision is its 1, recall (1 + 0)/2.
        ("##......##", "##........", 1.0, 1 / 2),
        # The outer thirds of the event, say t in 0-1, are d = 1 - t from the alarm; t lies on the
        # other side, so d + min(d, t) of 3 beat it: 2d up to d = 1/2, then 1, 3/4 on average. Both
        # thirds lose a third of (3/4) / 3, together 1/6.
        ("###", ".#.", 1.0, 5 / 6),
    ],
)
def test_affiliation_by_hand(truth: str, alarm: str, precision: float, recall: float) -> None:
    result = affiliation(mask(truth), mask(alarm))
    f1 = 2 * precision * recall / (precision + recall)
    assert result == pytest.approx((precision, recall, f1), abs=1e-15)


def test_affiliation_equals_telemeval() -> None:
    # telemeval carries the implementation of the authors.
    generator = np.random.default_rng(4)
    compared = 0
    for _ in range(110):
        rows = int(generator.integers(1, 80))
        truth, alarm = random_mask(generator, rows), random_mask(generator, rows)
        if not (truth.any() and alarm.any()):
            continue
        compared += 1
        expected = (
            affiliation_precision_score(truth, alarm),
            affiliation_recall_score(truth, alarm),
        )
        assert affiliation(truth, alarm)[:2] == pytest.approx(expected, abs=1e-12)
    assert compared > 80


def test_affiliation_is_near_what_counting_moments_gives() -> None:
    generator = np.random.default_rng(5)
    for _ in range(60):
        rows = int(generator.integers(1, 25))
        truth, alarm = random_mask(generator, rows), random_mask(generator, rows)
        if truth.any() and alarm.any():
            expected = oracles.affiliation_by_sampling(truth, alarm, moments=40)
            assert affiliation(truth, alarm)[:2] == pytest.approx(expected, abs=0.03)


def test_affiliation_forgets_direction_and_unit_of_time() -> None:
    generator = np.random.default_rng(6)
    for _ in range(100):
        truth, alarm = random_mask(generator, 50), random_mask(generator, 50)
        expected = pytest.approx(affiliation(truth, alarm), abs=1e-12)
        assert affiliation(truth[::-1], alarm[::-1]) == expected
        assert affiliation(np.repeat(truth, 3), np.repeat(alarm, 3)) == expected


def test_affiliation_of_a_long_series_keeps_its_digits() -> None:
    # The first case by hand with a million rows for one: the sums are of the order of 10^13.
    truth, alarm = (np.repeat(mask(picture), 1_000_000) for picture in ("....##....", ".......#.."))
    assert affiliation(truth, alarm)[:2] == pytest.approx((1 / 2, 3 / 5), abs=1e-12)
