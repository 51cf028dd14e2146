"""All figures of a judged file: one case worked out by hand, slow twins, and what is said of them.

The metrics themselves have tests of their own; here it is whether each stands under its name, in
its unit, of the right rows and series.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, f1_score
from support import oracles
from support.builders import detector_of

from dcvae.detection.alphas import Alphas
from dcvae.detectors.baselines import Baseline
from dcvae.evaluation import metrics_table as evaluation
from dcvae.evaluation.metrics_table import (
    ANY_FLAG,
    BETTER,
    HEADLINES,
    MEAN,
    METRIC_NOTES,
    SYSTEM,
    SYSTEM_NOTES,
    Detector,
    Finding,
    comparison_findings,
    ranking_findings,
    title,
)

OURS = "DC-VAE"
OFFLINE = OURS + evaluation.LOOKS_AHEAD
NAN = np.nan
STEP = 8640.0  # ten rows a day


def mask(text: str) -> np.ndarray:
    return np.array([character == "1" for character in text])


def judge(truth: str, alarm: str, score: list[float], buffer: int = 3) -> dict[str, float]:
    return evaluation.judge(
        mask(truth), mask(alarm), np.array(score, np.float32), buffer=buffer, step_seconds=STEP
    )


SCORE = [5.0, 0.0, 1.0, 6.0, 7.0, 2.0, 0.0, 3.0, 0.0, 1.0]


def test_all_figures_by_hand() -> None:
    """Events: rows 2-4 and 7. Alarms: rows 0 and 3-4."""
    result = judge("0011100100", "1001100000", SCORE)
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
    result = judge("0000000000", "1001100000", SCORE)
    check(result, UNDEFINED_WITHOUT_TRUTH, 0, labeled_rows=0, flagged_rows=3)
    assert result["false_alarms_per_day"] == 2
    result = judge("0000000000", "0000000000", SCORE)
    check(result, UNDEFINED_WITHOUT_TRUTH, 1, labeled_rows=0, flagged_rows=0)
    assert result["false_alarms_per_week"] == 0


def test_empty_alarms() -> None:
    result = judge("0011100100", "0000000000", SCORE)
    ranked = judge("0011100100", "1001100000", SCORE)
    free = {name: ranked[name] for name in ("roc_auc", "average_precision", "vus_roc", "vus_pr")}
    check(result, {"delay_seconds"}, 0, labeled_rows=4, flagged_rows=0, **free)


def test_everything_is_labeled_and_flagged() -> None:
    result = judge("111", "111", [1, 2, 3])
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
    check(judge(truth, alarm, [0.5]), undefined, others, **special)


def cells(seed: int, rows: int = 60) -> tuple[np.ndarray, Detector]:
    """Labels of three series, the last without any, and what a detector said; some missing."""
    random = np.random.default_rng(seed)
    labels = np.repeat(random.random((rows // 5, 3)) < 0.3, 5, axis=0)
    labels[:, 2] = False
    labels[0, :2] = [True, False]  # never all or nothing
    residual = (random.normal(size=(rows, 3)) * 2 + 2 * labels).astype(np.float32)
    residual[random.random(residual.shape) < 0.1] = NAN
    return labels, detector_of(residual, Alphas.default(("a", "b", "c"), 3.0))


def raised(detector: Detector, seed: int = 0) -> Detector:
    """The same with an alarm and a score of the system's own, missing in some rows."""
    random = np.random.default_rng(seed)
    score = random.random(len(detector.score))
    score[::7] = NAN
    return detector._replace(score=score, alarm=random.random(len(score)) < 0.3)


def any_by_loop(table: np.ndarray) -> np.ndarray:
    return np.array([any(row) for row in table.tolist()])


def farthest_by_loop(residual: np.ndarray) -> np.ndarray:
    return np.array([max([0.0, *(abs(x) for x in row if x == x)]) for row in residual.tolist()])


@pytest.mark.parametrize("seed", range(5))
def test_the_published_rule_is_any_series(seed: int) -> None:
    labels, detector = cells(seed)
    result = evaluation.system_metrics(labels, detector, buffer=4, step_seconds=STEP)
    truth, score = any_by_loop(labels), farthest_by_loop(detector.residual)
    expected = evaluation.judge(
        truth,
        any_by_loop(detector.flags),
        score.astype(np.float32),
        buffer=4,
        step_seconds=STEP,
    )
    assert result == pytest.approx(expected, nan_ok=True)
    assert result["average_precision"] == pytest.approx(average_precision_score(truth, score))


@pytest.mark.parametrize("seed", range(5))
def test_the_system_is_judged_by_its_own_alarm_and_score(seed: int) -> None:
    labels, detector = cells(seed)
    detector = raised(detector, seed)
    result = evaluation.system_metrics(labels, detector, buffer=4, step_seconds=STEP)
    score = np.nan_to_num(detector.score)
    expected = evaluation.judge(
        any_by_loop(labels), detector.alarm, score, buffer=4, step_seconds=STEP
    )
    assert result == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("seed", range(5))
def test_table_of_series(seed: int) -> None:
    labels, published = cells(seed)
    detector = raised(published, seed)
    table = evaluation.metrics_table(
        ("a", "b", "c"), labels, detector, buffers=(2, 5, 7), step_seconds=STEP
    )
    assert table.index.tolist() == [SYSTEM, ANY_FLAG, MEAN, "a", "b", "c"]
    assert table.columns.tolist() == list(METRIC_NOTES)
    for column, (name, buffer) in enumerate([("a", 2), ("b", 5), ("c", 7)]):
        score = np.nan_to_num(np.abs(detector.residual[:, column]))
        expected = evaluation.judge(
            labels[:, column], detector.flags[:, column], score, buffer=buffer, step_seconds=STEP
        )
        assert dict(table.loc[name]) == pytest.approx(expected, nan_ok=True)
    system = evaluation.system_metrics(labels, detector, buffer=2, step_seconds=STEP)
    assert dict(table.loc[SYSTEM]) == pytest.approx(system, nan_ok=True)
    any_flag = evaluation.system_metrics(labels, published, buffer=2, step_seconds=STEP)
    assert dict(table.loc[ANY_FLAG]) == pytest.approx(any_flag, nan_ok=True)
    for metric in METRIC_NOTES:  # c has no label
        known = [
            table.loc[name, metric] for name in ("a", "b") if labels[:, "ab".index(name)].any()
        ]
        known = [value for value in known if not np.isnan(value)]
        mean = sum(known) / len(known) if known else NAN
        assert table.loc[MEAN, metric] == pytest.approx(mean, nan_ok=True), metric


def test_table_without_any_label() -> None:
    _, detector = cells(0)
    table = evaluation.metrics_table(
        ("a", "b", "c"),
        np.zeros((60, 3), bool),
        detector,
        buffers=(2, 2, 2),
        step_seconds=STEP,
    )
    assert table.loc[MEAN].isna().all()
    assert table.loc[SYSTEM, "false_alarms_per_day"] > 0


def fake(name: str, factor: float) -> Baseline:
    return Baseline(name, lambda rows: rows * np.float32(factor))


def test_comparison_judges_everyone_alike() -> None:
    labels, ours = cells(3)
    asked = []

    def judged(baseline: Baseline) -> Detector:
        asked.append(baseline.name)
        residual = baseline.judge(ours.residual)
        return detector_of(residual, Alphas.default(("a", "b", "c"), 3.0))

    table = evaluation.compare(
        labels,
        ours,
        iter([fake("twin", 1.0), fake("deaf", 0.0), fake("loud", 100.0)]),
        judged,
        name=OURS,
        offline=ours.score[::-1],
        buffer=4,
        step_seconds=STEP,
    )
    assert table.index.tolist() == [OURS, OFFLINE, "twin", "deaf", "loud"]
    backwards = evaluation.judge(
        any_by_loop(labels), ours.alarm, ours.score[::-1], buffer=4, step_seconds=STEP
    )
    assert {name: table.loc[OFFLINE, name] for name in METRIC_NOTES} == pytest.approx(backwards)
    assert sorted(table.columns) == sorted([*METRIC_NOTES, *SYSTEM_NOTES])
    assert table.columns[:3].tolist() == ["series_f1", "f1", "event_f05_corrected"]
    assert asked == ["twin", "deaf", "loud"]
    pd.testing.assert_series_equal(table.loc["twin"], table.loc[OURS], check_names=False)
    system = evaluation.system_metrics(labels, ours, buffer=4, step_seconds=STEP)
    assert {name: table.loc[OURS, name] for name in METRIC_NOTES} == pytest.approx(system)
    labeled = [column for column in range(3) if labels[:, column].any()]
    score = np.nan_to_num(np.abs(ours.residual))
    f1 = [f1_score(labels[:, c], ours.flags[:, c]) for c in labeled]
    average = [average_precision_score(labels[:, c], score[:, c]) for c in labeled]
    assert table.loc[OURS, "series_f1"] == pytest.approx(sum(f1) / len(f1))
    expected = sum(average) / len(average)
    assert table.loc[OURS, "series_average_precision"] == pytest.approx(expected)
    assert table.loc["deaf", ["flagged_rows", "recall", "series_f1"]].tolist() == [0, 0, 0]
    # A factor moves flags, not the order of the scores.
    assert table.loc["loud", "flagged_rows"] > table.loc[OURS, "flagged_rows"]
    assert table.loc["loud", "roc_auc"] == pytest.approx(table.loc[OURS, "roc_auc"])


def test_comparison_without_labels() -> None:
    _, ours = cells(0)
    table = evaluation.compare(
        np.zeros((60, 3), bool),
        ours,
        [fake("x", 0.0)],
        lambda _: ours,
        name="RNN-VAE",
        offline=None,
        buffer=2,
        step_seconds=STEP,
    )
    assert table[list(SYSTEM_NOTES)].isna().all(axis=None)
    assert comparison_findings(table) == []


# --- What is said ----------------------------------------------------------------------------


def comparison_of(*, labeled: float = 9, **lines: list[float]) -> pd.DataFrame:
    table = pd.DataFrame(lines, index=list(HEADLINES)).T
    return table.rename(index={"ours": OURS}).assign(labeled_rows=float(labeled))


def test_who_looks_ahead_is_held_against_the_line_that_looks_ahead() -> None:
    table = comparison_of(
        ours=[0.2, 0.2, 0.2, 0.2],
        offline=[0.6, 0.1, 0.2, 0.2],
        seer=[0.5, 0.15, 0.1, 0.1],
    ).rename(index={"offline": OFFLINE, "seer": "seer (looks ahead)"})
    [finding] = comparison_findings(table)
    # Behind offline in the first figure though ahead of causal; ahead of offline in the second.
    assert finding.text.endswith("file. Average precision: seer (looks ahead) 0.150, DC-VAE 0.100.")
    table.loc["seer (looks ahead)"] = 0.1
    [finding] = comparison_findings(table)
    assert finding.text.startswith("None of the 1 baselines does better than DC-VAE in VUS-PR")


def test_a_baseline_that_is_ahead_is_named_with_both_figures() -> None:
    [finding] = comparison_findings(
        comparison_of(
            ours=[0.5, 0.25, 0.75, 0.5],
            low=[0.6, 0.1, 0.1, 0.1],
            high=[0.7, 0.2, 0.2, 0.1256],
        )
    )
    assert finding == Finding(
        "bad",
        "A simpler detector does better than DC-VAE on this file. VUS-PR: high 0.700, DC-VAE "
        "0.500.",
    )
    [finding] = comparison_findings(
        comparison_of(ours=[0.5, 0.2, 0.7, 0.5], x=[0.1, 0.3, 0.8, 0.5], y=[0, 0.1, 0.9, 0.625])
    )
    assert finding.text.removeprefix(
        "A simpler detector does better than DC-VAE on this file. "
    ) == (
        "Average precision: x 0.300, DC-VAE 0.200; "
        "Event F0.5 corrected: y 0.900, DC-VAE 0.700; "
        "Series F1: y 0.625, DC-VAE 0.500."
    )


def test_nobody_is_ahead() -> None:
    [finding] = comparison_findings(
        comparison_of(ours=[0.5, 0.2, 0.7, 0.5], x=[0.1, 0.1, 0.1, 0.1], y=[0.2, 0, 0, 0])
    )
    assert finding == Finding(
        "good",
        "None of the 2 baselines does better than DC-VAE in VUS-PR, Average precision, Event F0.5 "
        "corrected, Series F1.",
    )


def test_ties_are_not_ahead_and_not_behind() -> None:
    [finding] = comparison_findings(comparison_of(ours=[0.5] * 4, x=[0.5] * 4))
    assert finding.level == "good"
    assert "ahead" not in finding.text


def test_nothing_is_said_of_figures_that_are_not_defined() -> None:
    [finding] = comparison_findings(
        comparison_of(ours=[NAN, 0.5, 0.5, NAN], x=[0.9, NAN, 0.4, 0.9], y=[0.9, NAN, NAN, 0.1])
    )
    assert finding.level == "good"
    assert finding.text.endswith("than DC-VAE in Event F0.5 corrected.")
    [finding] = comparison_findings(comparison_of(ours=[0.5] * 4, x=[NAN] * 4, y=[0.6] * 4))
    assert finding.level == "bad"
    assert comparison_findings(comparison_of(ours=[NAN] * 4, x=[0.5] * 4)) == []


def test_silence_is_not_praised_where_nothing_is_labeled() -> None:
    table = comparison_of(labeled=0, ours=[NAN, NAN, 0, NAN], never=[NAN, NAN, 1, NAN])
    assert comparison_findings(table) == []


def table_of(average_precision: float, labeled_rows: float) -> pd.DataFrame:
    line = {"average_precision": average_precision, "labeled_rows": labeled_rows}
    return pd.DataFrame([line], index=[SYSTEM])


@pytest.mark.parametrize(
    ("average_precision", "labeled_rows", "is_told"),
    [
        (0.1, 10, True),
        (0.19, 10, True),
        (0.21, 10, False),
        (1.0, 10, False),
        (0.79, 60, True),  # chance 0.6; halfway to 1 is 0.8
        (0.81, 60, False),
        (1.0, 100, False),
    ],
)
def test_scores_that_rank_hardly_better_than_chance(
    average_precision: float, labeled_rows: float, is_told: bool
) -> None:
    findings = ranking_findings(table_of(average_precision, labeled_rows), 100)
    assert [finding.level for finding in findings] == ["bad"] * is_told
    if is_told:
        chance = labeled_rows / 100
        assert findings[0].text == (
            "The scores hardly tell labeled rows from normal ones: average precision "
            f"{average_precision:.3f}, where chance reaches {chance:.3f}."
        )


def test_no_labeled_row_is_said() -> None:
    [finding] = ranking_findings(table_of(NAN, 0), 100)
    assert finding.level == "info"
    assert finding.text.startswith("No judged row is labeled")


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("f1", "F1"),
        ("event_f05_corrected", "Event F0.5 corrected"),
        ("roc_auc", "ROC-AUC"),
        ("vus_pr", "VUS-PR"),
        ("average_precision", "Average precision"),
        ("false_alarms_per_day", "False alarms per day"),
        ("series_f1", "Series F1"),
    ],
)
def test_titles(column: str, text: str) -> None:
    assert title(column) == text


def test_every_note_is_of_a_metric() -> None:
    assert set(BETTER) <= set(METRIC_NOTES)
    assert set(HEADLINES) <= {*METRIC_NOTES, *SYSTEM_NOTES}
    for note in (*METRIC_NOTES.values(), *SYSTEM_NOTES.values()):
        assert note.endswith(".")
