"""All figures of a scored file: one case worked out by hand, and slow twins.

The metrics themselves have tests of their own; here it is whether each stands under its name, in
its unit, of the right rows and series.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from dcvae.evaluation.metrics_table import (
    ANY_FLAG,
    BETTER,
    CHANCE_NOTES,
    HEADLINES,
    MEAN,
    METRIC_NOTES,
    RANKING,
    SYSTEM,
    SYSTEM_NOTES,
    TABLE_COLUMNS,
    Predictions,
    all_metrics,
    buffers_of,
    chance_levels,
    evaluate,
    metrics_of_series,
    system_metrics,
)
from support import oracles
from support.builders import detection_of, inputs_of
from support.scored_cells import NAN, any_by_loop, cells

STEP = 8640.0  # ten rows a day


def mask(text: str) -> np.ndarray:
    return np.array([character == "1" for character in text])


def metrics_of(truth: str, alarm: str, score: list[float], buffer: int = 3) -> dict[str, float]:
    return all_metrics(
        mask(truth), mask(alarm), np.array(score, np.float32), buffer=buffer, step_seconds=STEP
    )


SCORE = [5.0, 0.0, 1.0, 6.0, 7.0, 2.0, 0.0, 3.0, 0.0, 1.0]


def test_all_figures_by_hand() -> None:
    """Events: rows 2-4 and 7. Alarms: rows 0 and 3-4."""
    result = metrics_of("0011100100", "1001100000", SCORE)
    pr, roc = oracles.volume_under_surface(mask("0011100100"), np.array(SCORE), 3, 250)
    expected = {
        "labeled_rows": 4,
        "flagged_rows": 3,
        "precision": 2 / 3,  # rows 3 and 4 of 0, 3, 4
        "recall": 2 / 4,
        "f1": 4 / 7,
        "range_precision": 1 / 2,  # the first alarm is all wrong, the second all right
        "range_recall": 1 / 4,  # front weights 3, 2, 1: (2 + 1) / 6 of the first event, and 0
        "range_f1": 1 / 3,
        "event_precision": 1 / 2,
        "event_recall": 1 / 2,
        "event_f1": 1 / 2,
        "event_f05": 1 / 2,
        # precision 1/2 times 5/6 of the normal rows: 5/12
        "event_f05_corrected": 1.25 * (5 / 12) * (1 / 2) / (0.25 * 5 / 12 + 1 / 2),
        # Zones end at 6. Two rows of alarm in the event score 1, moment t of row 0 scores t / 6.
        "affiliation_precision": (1 + 1 + 1 / 12) / 3,
        # Two rows under the alarm score 1, moment t of row 2 scores t / 3; the second event 0.
        "affiliation_recall": ((1 + 1 + 5 / 6) / 3 + 0) / 2,
        "delay_seconds": STEP,
        "false_alarms_per_day": 1,
        "false_alarms_per_week": 7,
        "roc_auc": (3.5 + 6 + 6 + 5) / 24,  # normal rows below the scores 1, 6, 7, 3
        "average_precision": (1 / 1 + 2 / 2 + 3 / 4 + 4 / 7) / 4,
        "vus_roc": roc,
        "vus_pr": pr,
        "vus_buffer": 3,
        "point_adjusted_f1": 6 / 8,  # rows 2, 3, 4 are found, row 0 is wrong, row 7 is missed
    }
    assert result == pytest.approx(expected, rel=1e-9)
    assert list(result) == list(METRIC_NOTES)


UNDEFINED_WITHOUT_TRUTH = {
    "delay_seconds",
    "roc_auc",
    "average_precision",
    "vus_roc",
    "vus_pr",
}


COUNTS = {
    "labeled_rows",
    "flagged_rows",
    "false_alarms_per_day",
    "false_alarms_per_week",
    "vus_buffer",
}


def check(result: Mapping[str, float], undefined: set[str], others: float, **counts: float) -> None:
    assert set(result) == set(METRIC_NOTES)
    assert all(isinstance(value, float) for value in result.values())
    assert {name for name, value in result.items() if np.isnan(value)} == undefined
    for name, value in result.items():
        if name not in undefined | COUNTS | set(counts):
            assert value == others, name
    for name, value in counts.items():
        assert result[name] == pytest.approx(value), name


def test_empty_truth() -> None:
    result = metrics_of("0000000000", "1001100000", SCORE)
    check(result, UNDEFINED_WITHOUT_TRUTH, 0, labeled_rows=0, flagged_rows=3)
    assert result["false_alarms_per_day"] == 2
    result = metrics_of("0000000000", "0000000000", SCORE)
    check(result, UNDEFINED_WITHOUT_TRUTH, 1, labeled_rows=0, flagged_rows=0)
    assert result["false_alarms_per_week"] == 0


def test_empty_alarms() -> None:
    result = metrics_of("0011100100", "0000000000", SCORE)
    ranked = metrics_of("0011100100", "1001100000", SCORE)
    free = {name: ranked[name] for name in ("roc_auc", "average_precision", "vus_roc", "vus_pr")}
    check(result, {"delay_seconds"}, 0, labeled_rows=4, flagged_rows=0, **free)


def test_everything_is_labeled_and_flagged() -> None:
    result = metrics_of("111", "111", [1, 2, 3])
    check(result, {"roc_auc", "vus_roc", "vus_pr"}, 1, delay_seconds=0, false_alarms_per_day=0)


@pytest.mark.parametrize(
    ("truth", "alarm", "undefined", "others", "special"),
    [
        ("1", "1", {"roc_auc", "vus_roc", "vus_pr"}, 1, {"delay_seconds": 0}),
        (
            "1",
            "0",
            {"roc_auc", "vus_roc", "vus_pr", "delay_seconds"},
            0,
            {"average_precision": 1},
        ),
        ("0", "1", UNDEFINED_WITHOUT_TRUTH, 0, {"false_alarms_per_day": 10}),
        ("0", "0", UNDEFINED_WITHOUT_TRUTH, 1, {"false_alarms_per_day": 0}),
    ],
)
def test_one_row(
    truth: str, alarm: str, undefined: set[str], others: float, special: dict[str, float]
) -> None:
    check(metrics_of(truth, alarm, [0.5]), undefined, others, **special)


def raised(predictions: Predictions, seed: int = 0) -> Predictions:
    """The same with an alarm and a score of the system's own, missing in some rows."""
    random = np.random.default_rng(seed)
    score = random.random(len(predictions.score))
    score[::7] = NAN
    return predictions._replace(score=score, alarm=random.random(len(score)) < 0.3)


def farthest_by_loop(residual: np.ndarray) -> np.ndarray:
    return np.array([max([0.0, *(abs(x) for x in row if x == x)]) for row in residual.tolist()])


@pytest.mark.parametrize("seed", range(5))
def test_the_published_rule_is_any_series(seed: int) -> None:
    labels, predictions = cells(seed)
    result = system_metrics(labels, predictions, buffer=4, step_seconds=STEP)
    truth, score = any_by_loop(labels), farthest_by_loop(predictions.residual)
    expected = all_metrics(
        truth,
        any_by_loop(predictions.flags),
        score.astype(np.float32),
        buffer=4,
        step_seconds=STEP,
    )
    assert result == pytest.approx(expected, nan_ok=True)
    assert result["average_precision"] == pytest.approx(average_precision_score(truth, score))


@pytest.mark.parametrize("seed", range(5))
def test_the_system_is_judged_by_its_own_alarm_and_score(seed: int) -> None:
    labels, predictions = cells(seed)
    predictions = raised(predictions, seed)
    result = system_metrics(labels, predictions, buffer=4, step_seconds=STEP)
    score = np.nan_to_num(predictions.score)
    expected = all_metrics(
        any_by_loop(labels), predictions.alarm, score, buffer=4, step_seconds=STEP
    )
    assert result == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("seed", range(5))
def test_table_of_series(seed: int) -> None:
    labels, published = cells(seed)
    predictions = raised(published, seed)
    table = metrics_of_series(
        ("a", "b", "c"), labels, predictions, buffers=(2, 5, 7), step_seconds=STEP
    )
    assert table.index.tolist() == [SYSTEM, ANY_FLAG, MEAN, "a", "b", "c"]
    assert table.columns.tolist() == list(TABLE_COLUMNS)
    assert set(TABLE_COLUMNS) == {*METRIC_NOTES, *CHANCE_NOTES}
    for column, (name, buffer) in enumerate([("a", 2), ("b", 5), ("c", 7)]):
        score = np.nan_to_num(np.abs(predictions.residual[:, column]))
        expected = all_metrics(
            labels[:, column], predictions.flags[:, column], score, buffer=buffer, step_seconds=STEP
        ) | chance_levels(labels[:, column], buffer)
        assert dict(table.loc[name]) == pytest.approx(expected, nan_ok=True)
    levels = chance_levels(any_by_loop(labels), 2)
    system = system_metrics(labels, predictions, buffer=2, step_seconds=STEP) | levels
    assert dict(table.loc[SYSTEM]) == pytest.approx(system, nan_ok=True)
    any_flag = system_metrics(labels, published, buffer=2, step_seconds=STEP) | levels
    assert dict(table.loc[ANY_FLAG]) == pytest.approx(any_flag, nan_ok=True)
    for metric in TABLE_COLUMNS:  # c has no label
        known = [
            table.loc[name, metric] for name in ("a", "b") if labels[:, "ab".index(name)].any()
        ]
        known = [value for value in known if not np.isnan(value)]
        mean = sum(known) / len(known) if known else NAN
        assert table.loc[MEAN, metric] == pytest.approx(mean, nan_ok=True), metric


def test_chance_levels_are_those_of_random_scores_and_of_a_constant() -> None:
    truth = mask("0011100100")
    levels = chance_levels(truth, 3)
    assert list(levels) == list(CHANCE_NOTES)
    constant = metrics_of("0011100100", "0000000000", [2.0] * 10)
    for figure in RANKING:
        assert levels[f"{figure}_constant"] == pytest.approx(constant[figure])
    # Figures of many random scores: the mean is theirs within what the few draws allow.
    generator = np.random.default_rng(0)
    drawn = [metrics_of("0011100100", "0000000000", list(generator.random(10))) for _ in range(300)]
    for figure in RANKING:
        values = np.array([line[figure] for line in drawn])
        error = values.std() * np.sqrt(1 / 8 + 1 / 300)
        assert abs(levels[f"{figure}_chance"] - values.mean()) < 4 * error


def test_table_without_any_label() -> None:
    _, predictions = cells(0)
    table = metrics_of_series(
        ("a", "b", "c"),
        np.zeros((60, 3), bool),
        predictions,
        buffers=(2, 2, 2),
        step_seconds=STEP,
    )
    assert table.loc[MEAN].isna().all()
    assert table.loc[SYSTEM, "false_alarms_per_day"] > 0


def test_every_note_is_of_a_metric() -> None:
    assert set(BETTER) <= {*METRIC_NOTES, *CHANCE_NOTES}
    assert set(RANKING) <= set(METRIC_NOTES)
    assert set(HEADLINES) <= {*METRIC_NOTES, *SYSTEM_NOTES}
    for note in (*METRIC_NOTES.values(), *CHANCE_NOTES.values(), *SYSTEM_NOTES.values()):
        assert note.endswith(".")


def test_a_detection_is_evaluated_with_the_periods_of_what_filled_its_rows() -> None:
    """Seven rows before the first scored one belong to the file, not to the periods."""
    labels, _ = cells(1, rows=200)
    row = np.arange(207)
    filled = np.column_stack([np.sin(2 * np.pi * row / every) for every in (10, 25, 40)])
    filled[:7] = 99.0
    residual = np.random.default_rng(0).normal(size=(200, 3)) * 2
    detection = detection_of(residual, inputs=inputs_of(filled))
    assert buffers_of(detection) == [10, 25, 40]
    table = evaluate(detection, labels, step_seconds=STEP)
    expected = metrics_of_series(
        "abc", labels, Predictions.of(detection), buffers=(10, 25, 40), step_seconds=STEP
    )
    pd.testing.assert_frame_equal(table, expected)
