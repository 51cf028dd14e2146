"""A model among simple detectors: the same metrics on the same rows, thresholds found alike."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, f1_score

from dcvae.data.tables import Table, read_table
from dcvae.data.truth.labels import read_labels
from dcvae.detection import Alphas, fit_thresholds, microseconds
from dcvae.detectors.baselines import AlwaysDetector, RandomDetector, ZScoreDetector
from dcvae.evaluation.baselines import BaselineThresholds
from dcvae.evaluation.comparison import (
    LOOKS_AHEAD,
    RANDOM,
    BaselinePredictions,
    comparison_table,
)
from dcvae.evaluation.findings import comparison_findings
from dcvae.evaluation.metrics_table import (
    METRIC_NOTES,
    RANKING,
    SYSTEM_NOTES,
    Predictions,
    all_metrics,
    chance_levels,
    system_metrics,
)
from support.builders import predictions_of
from support.review_content import BEFORE, SERIES, Files, detection_of_table
from support.scored_cells import any_by_loop, cells

OURS = "DC-VAE"
OFFLINE = OURS + LOOKS_AHEAD
STEP = 8640.0  # ten rows a day


def test_all_are_compared_alike_one_after_the_other() -> None:
    labels, ours = cells(3)
    asked = []

    def others() -> Iterator[tuple[str, Predictions]]:
        for name, factor in (("twin", 1.0), ("deaf", 0.0), ("loud", 100.0)):
            asked.append(name)
            residual = ours.residual * np.float32(factor)
            yield name, predictions_of(residual, Alphas.default(("a", "b", "c"), 3.0))

    table = comparison_table(
        labels, OURS, ours, others(), offline=ours.score[::-1], buffer=4, step_seconds=STEP
    )
    assert table.index.tolist() == [OURS, OFFLINE, "twin", "deaf", "loud"]
    backwards = all_metrics(
        any_by_loop(labels), ours.alarm, ours.score[::-1], buffer=4, step_seconds=STEP
    )
    assert {name: table.loc[OFFLINE, name] for name in METRIC_NOTES} == pytest.approx(backwards)
    assert sorted(table.columns) == sorted([*METRIC_NOTES, *SYSTEM_NOTES])
    assert table.columns[:3].tolist() == ["series_f1", "f1", "event_f05_corrected"]
    assert asked == ["twin", "deaf", "loud"]
    pd.testing.assert_series_equal(table.loc["twin"], table.loc[OURS], check_names=False)
    system = system_metrics(labels, ours, buffer=4, step_seconds=STEP)
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


def test_random_ranks_by_chance_and_not_as_one_draw_does() -> None:
    labels, ours = cells(3)
    table = comparison_table(
        labels, OURS, ours, [(RANDOM, ours)], offline=None, buffer=4, step_seconds=STEP
    )
    levels = chance_levels(any_by_loop(labels), 4)
    for figure in RANKING:
        assert table.loc[RANDOM, figure] == levels[f"{figure}_chance"]
    of_series = [
        chance_levels(labels[:, column], 0)["average_precision_chance"]
        for column in range(3)
        if labels[:, column].any()
    ]
    mean = sum(of_series) / len(of_series)
    assert table.loc[RANDOM, "series_average_precision"] == pytest.approx(mean)
    alike = ["f1", "series_f1", "flagged_rows"]  # its flags and alarms are those of its scores
    assert table.loc[RANDOM, alike].tolist() == table.loc[OURS, alike].tolist()
    assert RandomDetector.title == RANDOM


def test_comparison_without_labels() -> None:
    _, ours = cells(0)
    table = comparison_table(
        np.zeros((60, 3), bool),
        "RNN-VAE",
        ours,
        [("x", ours)],
        offline=None,
        buffer=2,
        step_seconds=STEP,
    )
    assert table.index.tolist() == ["RNN-VAE", "x"]
    assert table[list(SYSTEM_NOTES)].isna().all(axis=None)
    assert comparison_findings(table) == []


# ---------------------------------------------------------------- thresholds of the others


def z_scores(files: Files) -> tuple[ZScoreDetector, np.ndarray, np.ndarray]:
    """Fit to the training file; what it says of it and of the data, by hand."""
    training, data = (
        pd.read_csv(path)[list(SERIES)].to_numpy(np.float32)
        for path in (files.training, files.data)
    )
    mean, spread = training.mean(axis=0), training.std(axis=0)
    detector = ZScoreDetector().fit(training)
    return detector, (training - mean) / spread, (data - mean) / spread


@pytest.mark.parametrize("with_labels", [False, True])
def test_thresholds_are_found_where_and_as_the_models_were(files: Files, with_labels: bool) -> None:
    detector, of_training, of_data = z_scores(files)
    table = read_table(files.data, series=SERIES)
    detection = detection_of_table(table, Alphas.default(SERIES, 3.0))
    labels = read_labels(files.labels, table) if with_labels else None
    fitted_to = (table, labels) if with_labels else (read_table(files.training), None)
    baseline = BaselineThresholds(files.model, fitted_to, None).of(detector)
    found = BaselinePredictions(files.model, detection).of(baseline)

    residual = (of_data if with_labels else of_training)[BEFORE:].astype(np.float32)
    expected = fit_thresholds(
        residual,
        residual,
        SERIES,
        files.model.settings,
        times=microseconds(fitted_to[0].frame.index[BEFORE:]),
        step_seconds=60.0,
        labels=None if labels is None else labels.frame.to_numpy(),
    )
    scored = of_data[BEFORE:].astype(np.float32)
    judged = expected.alarm.judge(scored, microseconds(detection.times))
    scored = scored / judged.widths
    np.testing.assert_allclose(found.residual, scored, rtol=1e-4, atol=1e-6)
    outside = (scored > expected.alphas.up) | (scored < -expected.alphas.down)
    np.testing.assert_array_equal(found.flags, outside)
    np.testing.assert_allclose(found.score, judged.score, rtol=1e-4)
    np.testing.assert_array_equal(
        found.alarm, expected.alarm.alarms(judged, scored, expected.alphas)[0]
    )
    assert 0 < np.count_nonzero(outside) < outside.size / 2


def test_without_the_data_and_without_a_threshold_to_look_for_it_is_the_default(
    files: Files,
) -> None:
    detector, _, of_data = z_scores(files)
    detection = detection_of_table(read_table(files.data), Alphas.default(SERIES, 3.0))
    predictions = BaselinePredictions(files.model, detection)
    np.testing.assert_array_equal(
        predictions.of(BaselineThresholds(files.model, None, None).of(detector)).flags,
        np.abs(of_data[BEFORE:]) > files.model.settings.default_alpha,
    )
    always = AlwaysDetector().fit(of_data)
    fitted_to = (read_table(files.training), None)
    found = predictions.of(BaselineThresholds(files.model, fitted_to, None).of(always))
    assert found.flags.all()
    assert found.alarm.all()


def test_what_is_missing_is_missing_for_everybody(files: Files) -> None:
    detector, _, _ = z_scores(files)
    table = read_table(files.data)
    table.frame.iloc[20:25, 1] = np.nan
    detection = detection_of_table(
        Table(table.path, table.frame, table.notices), Alphas.default(SERIES, 3.0)
    )
    baseline = BaselineThresholds(files.model, None, None).of(detector)
    found = BaselinePredictions(files.model, detection).of(baseline)
    np.testing.assert_array_equal(
        np.isnan(found.residual), table.frame.iloc[BEFORE:].isna().to_numpy()
    )
