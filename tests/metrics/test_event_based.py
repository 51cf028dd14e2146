"""Events found, false alarms, delays: by hand, against a slow walk, against telemeval."""

import numpy as np
import pytest
from telemeval.sklearn import event_wise_precision_score, event_wise_recall_score

from dcvae.metrics.event_based import EventWise, detection_delay, event_wise
from support import oracles
from support.masks import mask, random_mask

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


# ---------------------------------------------------------------- nothing to judge


@pytest.mark.parametrize(
    ("truth", "alarm", "expected"),
    [("....", "....", 1.0), (".##.", "....", 0.0), ("....", ".##.", 0.0), ("####", "####", 1.0)],
)
def test_corrected_metrics_of_constant_masks(truth: str, alarm: str, expected: float) -> None:
    result = event_wise(mask(truth), mask(alarm))
    assert (result.corrected_precision, result.corrected_f05, result.f05) == (expected,) * 3
    assert result.num_events == result.detected_events + ("#" in truth and "#" not in alarm)
