"""Events, delays, nearness: by hand, against slow twins, against telemeval."""

import numpy as np
import numpy.typing as npt
import pytest
from support import oracles
from telemeval.sklearn import (
    affiliation_precision_score,
    affiliation_recall_score,
    event_wise_precision_score,
    event_wise_recall_score,
)

from dcvae.metrics.event_based import (
    EventWise,
    affiliation,
    detection_delay,
    event_wise,
    point_adjusted,
)
from dcvae.metrics.range_based import PrecisionRecallF1, point_wise

BoolArray = npt.NDArray[np.bool_]

MEASURES = (event_wise, detection_delay, affiliation, point_adjusted)


def mask(picture: str) -> BoolArray:
    """Read a drawing such as ``"..##."``."""
    return np.array([character == "#" for character in picture], dtype=bool)


def random_mask(generator: np.random.Generator, rows: int) -> BoolArray:
    """Draw a mask with runs, from almost empty to almost full, now and then empty or full."""
    if generator.random() < 0.05:
        return np.full(rows, bool(generator.integers(2)))
    change = generator.uniform(0.05, 0.9)
    start = bool(generator.integers(2))
    return (np.cumsum(generator.random(rows) < change) + start) % 2 == 1


# ---------------------------------------------------------------- event-wise


def test_event_wise_by_hand() -> None:
    # Three events, the first and the last detected. Five alarm segments: rows 0, 4-5 and 15 are
    # false. Ten normal rows, four of them with an alarm.
    truth = mask("..##..##..##....")
    alarm = mask("#.#.##....##...#")
    expected = EventWise(
        precision=2 / 5,
        recall=2 / 3,
        f05=10 / 23,  # 5·2 / (5·2 + 1 missed + 4·3 false)
        f1=4 / 8,  # 2·2 / (2·2 + 1 + 3)
        corrected_precision=2 / 5 * 6 / 10,
        corrected_f05=30 / 109,  # 1.25 · 6/25 · 2/3 / (6/100 + 2/3) = (1/5) / (218/300)
        num_events=3,
        num_alarms=5,
        detected_events=2,
        false_alarms=3,
    )
    assert event_wise(truth, alarm) == pytest.approx(expected, abs=1e-15)


def test_many_alarms_within_an_event_are_one_detection() -> None:
    # Three of four alarm segments are true; the benchmark's precision counts one event.
    result = event_wise(mask("#####.."), mask("#.#.#.#"))
    assert result[:2] == (1 / 2, 1.0)
    assert (result.num_alarms, result.false_alarms) == (4, 1)


def test_one_alarm_across_events_is_many_detections_and_the_correction_takes_them_away() -> None:
    result = event_wise(mask("#.#.#"), mask("#####"))
    assert result[:4] == (1.0, 1.0, 1.0, 1.0)
    assert (result.corrected_precision, result.corrected_f05) == (0.0, 0.0)
    assert result.num_alarms == 1


def test_hundreds_of_false_alarms_for_six_events() -> None:
    # Measured with the published rule on real service data: 690 alarms, 6 events, F0.5 0.011.
    alarm = np.tile(mask("#."), 690)
    truth = np.zeros_like(alarm)
    truth[[0, 200, 400, 600, 800, 1000]] = True
    result = event_wise(truth, alarm)
    assert (result.num_alarms, result.false_alarms, result.detected_events) == (690, 684, 6)
    assert result.precision == pytest.approx(6 / 690, abs=1e-15)
    assert round(result.f05, 3) == 0.011


def f_beta(precision: float, recall: float, beta: float) -> float:
    weighted = beta**2 * precision + recall
    return (1 + beta**2) * precision * recall / weighted if weighted else 0.0


def test_event_wise_equals_a_walk_over_the_rows() -> None:
    generator = np.random.default_rng(1)
    for _ in range(400):
        rows = int(generator.integers(1, 40))
        truth, alarm = random_mask(generator, rows), random_mask(generator, rows)
        if not (truth.any() or alarm.any()):
            continue
        counts = oracles.event_counts(truth, alarm)
        result = event_wise(truth, alarm)
        whole = ("num_events", "num_alarms", "detected_events", "false_alarms")
        for field, name in zip(whole, ("events", "alarms", "detected", "false"), strict=True):
            value = getattr(result, field)
            assert isinstance(value, int)
            assert value == counts[name]
        judged = counts["detected"] + counts["false"]
        precision = counts["detected"] / judged if judged else 0.0
        recall = counts["detected"] / counts["events"] if counts["events"] else 0.0
        corrected = precision * counts["true_negative_rate"]
        expected = (
            precision,
            recall,
            f_beta(precision, recall, 0.5),
            f_beta(precision, recall, 1.0),
            corrected,
            f_beta(corrected, recall, 0.5),
        )
        assert result[:6] == pytest.approx(expected, abs=1e-12)


def test_event_wise_agrees_with_telemeval() -> None:
    # Recall is the same. Its precision is the share of alarm segments that meet an event.
    generator = np.random.default_rng(2)
    for _ in range(40):
        rows = int(generator.integers(1, 60))
        truth, alarm = random_mask(generator, rows), random_mask(generator, rows)
        if not (truth.any() and alarm.any()):
            continue
        result = event_wise(truth, alarm)
        share = 1 - result.false_alarms / result.num_alarms
        assert result.recall == pytest.approx(event_wise_recall_score(truth, alarm), abs=1e-12)
        assert share == pytest.approx(event_wise_precision_score(truth, alarm), abs=1e-12)


# ---------------------------------------------------------------- delay


@pytest.mark.parametrize(
    ("truth", "alarm", "expected"),
    [
        ("..###..##.", "....#..##.", 1.0),  # 2 and 0 rows
        ("..###..##.", "...##.....", 1.0),  # the second event is missed and does not count
        ("..###..##.", "####....##", 0.5),  # on before the event: 0; then 1
        ("..###", "..#.#", 0.0),  # the first alarm of an event decides
        ("#", "#", 0.0),
    ],
)
def test_delay_by_hand(truth: str, alarm: str, expected: float) -> None:
    assert detection_delay(mask(truth), mask(alarm)) == expected


@pytest.mark.parametrize(("truth", "alarm"), [("", ""), ("..", ".."), ("#.", ".#"), ("..", "##")])
def test_no_detection_has_no_delay(truth: str, alarm: str) -> None:
    assert np.isnan(detection_delay(mask(truth), mask(alarm)))


def test_delay_equals_a_walk_over_the_rows() -> None:
    generator = np.random.default_rng(3)
    for _ in range(300):
        rows = int(generator.integers(1, 60))
        truth, alarm = random_mask(generator, rows), random_mask(generator, rows)
        expected = oracles.event_counts(truth, alarm)["delay"]
        assert detection_delay(truth, alarm) == pytest.approx(expected, abs=1e-12, nan_ok=True)


# ---------------------------------------------------------------- affiliation


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


@pytest.mark.parametrize(
    ("truth", "alarm", "expected"),
    [
        ("....", "....", (1.0, 1.0, 1.0)),
        (".", ".", (1.0, 1.0, 1.0)),
        ("", "", (1.0, 1.0, 1.0)),
        (".##.", "....", (0.0, 0.0, 0.0)),
        ("#", ".", (0.0, 0.0, 0.0)),
        ("....", ".##.", (0.0, 0.0, 0.0)),
        ("....", "####", (0.0, 0.0, 0.0)),
        (".", "#", (0.0, 0.0, 0.0)),
        ("####", "####", (1.0, 1.0, 1.0)),
        ("#", "#", (1.0, 1.0, 1.0)),
        (".##.", ".##.", (1.0, 1.0, 1.0)),
    ],
)
def test_constant_and_empty_masks(
    truth: str, alarm: str, expected: tuple[float, float, float]
) -> None:
    judged = mask(truth), mask(alarm)
    assert affiliation(*judged) == PrecisionRecallF1(*expected)
    assert point_adjusted(*judged) == PrecisionRecallF1(*expected)
    result = event_wise(*judged)
    assert (result.precision, result.recall, result.f1) == expected
    assert (result.corrected_precision, result.corrected_f05, result.f05) == expected
    assert result.num_events == result.detected_events + ("#" in truth and "#" not in alarm)


def test_masks_are_not_changed() -> None:
    truth, alarm = mask(".####..##."), mask("##.#...###")
    for measure in MEASURES:
        measure(truth, alarm)
    np.testing.assert_array_equal(truth, mask(".####..##."))
    np.testing.assert_array_equal(alarm, mask("##.#...###"))


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("measure", MEASURES)
def test_lengths_must_agree(measure: object) -> None:
    assert callable(measure)
    with pytest.raises(ValueError, match=r"`truth` and `alarm`.*Received: 3 and 2 rows"):
        measure(mask("#.."), mask("#."))


@pytest.mark.parametrize("measure", MEASURES)
def test_masks_must_be_bool_and_flat(measure: object) -> None:
    assert callable(measure)
    with pytest.raises(ValueError, match=r"`truth` must be .* bool array.*dtype int64"):
        measure(np.array([0, 1]), mask("#."))
    with pytest.raises(ValueError, match=r"`alarm` must be .*shape \(1, 2\)"):
        measure(mask("#."), mask("#.")[None])
