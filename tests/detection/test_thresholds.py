"""What is fitted by labels and without, and what a trained model begins with."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae.data import Table, training_data
from dcvae.detection.alarms.rules import AlarmRules
from dcvae.detection.alarms.system import SystemAlarm
from dcvae.detection.alphas_from_labels import alphas_from_labels
from dcvae.detection.alphas_from_normal import alphas_from_normal, expected_events
from dcvae.detection.band import standardized_residual
from dcvae.detection.result import microseconds
from dcvae.detection.thresholds import fit_thresholds
from dcvae.scoring.causal import CausalScorer
from support.builders import random_network, random_rows, settings_with
from support.untrained import untrained_model

SERIES = ("a", "b")
STEP = 300.0
LENGTH = 8  # of the tiny settings' windows
FIXED = {"threshold": "fixed"}


def errors(rows=3000, seed=0):
    error = random_rows(rows, 2, seed)
    error[np.random.default_rng(seed).random(error.shape) < 0.02] = np.nan
    return error


def labeled_errors(rows=3000):
    """Errors with incidents of 10 rows in series a, and the labels of whole windows."""
    error = errors(rows)
    labels = np.zeros((rows + LENGTH - 1, 2), dtype=bool)
    for start in range(200, rows - 50, 300):
        error[start : start + 10, 0] += 8.0
        labels[LENGTH - 1 + start : LENGTH - 1 + start + 10, 0] = True
    return error, labels


def times_of(rows):
    return np.arange(rows) * int(STEP * 1e6)


def fitted_to(error, labels=None, *, incidents=None, **keys):
    return fit_thresholds(
        error,
        error * 2,
        SERIES,
        settings_with(**keys),
        times=times_of(len(error)),
        step_seconds=STEP,
        labels=labels,
        incidents=incidents,
    )


def alarm_fitted_to(error, **keys):
    settings = settings_with(**FIXED, **keys)
    return SystemAlarm.fit(
        error,
        AlarmRules.of(settings, STEP),
        false_alarms_per_week=settings.system_budget,
        step_seconds=STEP,
    )


def test_without_labels_all_rows_are_normal():
    error = errors()
    fitted = fitted_to(error, false_alarms_per_week=5.0, **FIXED)
    expected, _ = alphas_from_normal(
        error * 2,
        SERIES,
        method="budget",
        default_alpha=3.0,
        step_seconds=STEP,
        false_alarms_per_week=5.0,
        quantile=0.999,
        lowest=1.0,
    )
    np.testing.assert_array_equal(fitted.alphas.up, expected.up)
    np.testing.assert_array_equal(
        fitted.events_per_week, expected_events(error * 2, fitted.alphas, STEP)
    )
    alarm = alarm_fitted_to(error)
    assert fitted.alarm.following is None
    assert fitted.alarm.threshold == alarm.threshold
    np.testing.assert_array_equal(fitted.alarm.reference_level, alarm.reference_level)


def test_with_labels_alphas_are_those_with_the_best_f1():
    error, labels = labeled_errors()
    fitted = fitted_to(error, labels, custom_metrics=False, **FIXED)
    expected = alphas_from_labels(
        error * 2,
        labels[LENGTH - 1 :],
        SERIES,
        measure="point-wise",
        search="grid",
        default_alpha=3.0,
    )
    np.testing.assert_array_equal(fitted.alphas.up, expected.up)
    assert fitted.alphas.method == expected.method == ("grid point-wise", "default")
    assert fitted.alarm.method == "labels"


def test_what_is_labeled_does_not_teach_what_is_normal():
    """Nor do the rows after it, whose windows still hold it; other series teach on."""
    error, labels = labeled_errors()
    fitted = fitted_to(error, labels, tune_alarms=False, **FIXED)
    normal = error.copy()
    for row in np.flatnonzero(labels[:, 0]):
        normal[max(row - LENGTH + 1, 0) : row + 1, 0] = np.nan
    alarm = alarm_fitted_to(normal)
    np.testing.assert_array_equal(fitted.alarm.reference_level, alarm.reference_level)
    assert (fitted.alarm.threshold, fitted.alarm.method) == (alarm.threshold, "budget")
    assert alarm.reference_level[0] < alarm_fitted_to(error).reference_level[0] / 5


@pytest.mark.parametrize("threshold", ["following", "fixed"])
def test_labels_without_an_anomaly_tune_nothing(threshold):
    error, labels = labeled_errors()
    assert fitted_to(error, labels & False, threshold=threshold).alarm.method == "budget"


@pytest.mark.parametrize("threshold", ["following", "fixed"])
def test_incidents_are_left_out_of_all_that_is_fitted(threshold):
    error, labels = labeled_errors()
    incidents = labels[LENGTH - 1 :, 0]
    emptied = np.where(incidents[:, None], np.float32(np.nan), error)
    fitted = fitted_to(error, incidents=incidents, threshold=threshold)
    expected = fitted_to(emptied, threshold=threshold)
    np.testing.assert_array_equal(fitted.alarm.reference_level, expected.alarm.reference_level)
    assert fitted.alarm.threshold == expected.alarm.threshold
    if threshold == "fixed":  # otherwise bands are as wide as the errors before made them
        np.testing.assert_array_equal(fitted.alphas.up, expected.alphas.up)
    assert fitted.alphas.up[0] < fitted_to(error, threshold=threshold).alphas.up[0] - 5


def test_alphas_that_follow_are_of_residuals_over_the_widths_of_the_bands():
    error = errors()
    error[2000:] *= 3
    fitted = fitted_to(error)
    widths = fitted.alarm.judge(error, times_of(len(error))).widths
    assert widths.max() > 1.5
    expected, _ = alphas_from_normal(
        error * 2 / widths,
        SERIES,
        method="budget",
        default_alpha=3.0,
        step_seconds=STEP,
        false_alarms_per_week=14.0,
        quantile=0.999,
        lowest=1.0,
    )
    np.testing.assert_array_equal(fitted.alphas.up, expected.up)


@pytest.mark.parametrize("with_gap", [False, True])
@pytest.mark.parametrize("with_labels", [False, True])
def test_a_trained_model_begins_with_its_whole_file_but_for_what_was_left_out(
    with_gap, with_labels
):
    settings = settings_with(max_gap=3)
    network = random_network(settings)
    times = pd.date_range("2021-01-01", periods=400, freq="5min", name="time")
    if with_gap:
        times = times[:100].append(times[100:] + pd.Timedelta("1h"))
    frame = pd.DataFrame(random_rows(400, 2).astype(float), times, list(SERIES))
    labels = pd.DataFrame(False, times, list(SERIES))
    after_gap, labeled = np.zeros(400, dtype=bool), np.zeros(400, dtype=bool)
    after_gap[100] = with_gap
    if with_labels:
        labels.iloc[200:203, 1] = True
        labeled[200:203] = True
    data = training_data(
        Table(Path("x.csv"), frame, []),
        settings,
        Table(Path("l.csv"), labels, []) if with_labels else None,
    )
    model = untrained_model(data, settings, network)

    whole = data.preprocessor.transform(frame.mask(labels), np.zeros(400, dtype=bool))
    scores = CausalScorer.of(network, settings).score(whole)
    ends = microseconds(times[LENGTH - 1 :])
    left_out = np.array(
        [after_gap[s + 1 : s + 8].any() or labeled[s : s + 8].any() for s in range(393)]
    )
    assert left_out.sum() == 7 * with_gap + 10 * with_labels
    scores.error[left_out] = np.nan
    expected = fit_thresholds(
        scores.error,
        standardized_residual(scores.error, scores.sigma),
        SERIES,
        settings,
        times=ends,
        step_seconds=STEP,
        trained_until=int(ends[-1]),
    )
    np.testing.assert_array_equal(model.thresholds.alphas.up, expected.alphas.up)
    np.testing.assert_array_equal(
        model.thresholds.alarm.reference_level, expected.alarm.reference_level
    )
    assert model.thresholds.alarm.threshold == expected.alarm.threshold
    assert model.calibration.fitted_on == "93 rows of the validation part"
