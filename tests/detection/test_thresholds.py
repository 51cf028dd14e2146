"""What is defined by labels and without, and what a trained model begins with."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.builders import random_network, random_rows, settings_with

from dcvae.data.loading import TrainingData
from dcvae.data.preprocessing import Preprocessor
from dcvae.data.tables import Table
from dcvae.data.windows import split_windows
from dcvae.detection.alphas import alphas_from_labels
from dcvae.detection.alphas_from_normal import alphas_from_normal, expected_events
from dcvae.detection.band import AlarmRules, standardized_residual
from dcvae.detection.system_alarm import SystemAlarm
from dcvae.detection.thresholds import begin, define
from dcvae.scoring.causal import Scorer

SERIES = ("a", "b")
STEP = 300.0
LENGTH = 8  # of the tiny settings' windows


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


def define_on(error, labels=None, **keys):
    return define(error, error * 2, SERIES, settings_with(**keys), step_seconds=STEP, labels=labels)


def learned(error, **keys):
    settings = settings_with(**keys)
    return SystemAlarm.learn(
        error,
        AlarmRules.of(settings),
        false_alarms_per_week=settings.system_false_alarms_per_week,
        step_seconds=STEP,
    )


def test_without_labels_all_rows_are_normal():
    error = errors()
    defined = define_on(error, false_alarms_per_week=5.0)
    expected, _ = alphas_from_normal(
        error * 2,
        SERIES,
        method="budget",
        default_alpha=3.0,
        step_seconds=STEP,
        false_alarms_per_week=5.0,
        quantile=0.999,
    )
    np.testing.assert_array_equal(defined.alphas.up, expected.up)
    np.testing.assert_array_equal(
        defined.events_per_week, expected_events(error * 2, defined.alphas, STEP)
    )
    alarm = learned(error)
    assert defined.alarm.threshold == alarm.threshold
    np.testing.assert_array_equal(defined.alarm.level, alarm.level)


def test_with_labels_alphas_are_those_with_the_best_f1():
    error, labels = labeled_errors()
    defined = define_on(error, labels, custom_metrics=False)
    expected = alphas_from_labels(
        error * 2,
        labels[LENGTH - 1 :],
        SERIES,
        measure="point-wise",
        search="grid",
        default_alpha=3.0,
    )
    np.testing.assert_array_equal(defined.alphas.up, expected.up)
    assert defined.alphas.method == expected.method == ("grid point-wise", "default")
    assert defined.alarm.method == "labels"


def test_what_is_labeled_does_not_teach_what_is_normal():
    """Nor do the rows after it, whose windows still hold it; other series teach on."""
    error, labels = labeled_errors()
    defined = define_on(error, labels, tune_alarms=False)
    normal = error.copy()
    for row in np.flatnonzero(labels[:, 0]):
        normal[max(row - LENGTH + 1, 0) : row + 1, 0] = np.nan
    alarm = learned(normal)
    np.testing.assert_array_equal(defined.alarm.level, alarm.level)
    assert (defined.alarm.threshold, defined.alarm.method) == (alarm.threshold, "budget")
    assert alarm.level[0] < learned(error).level[0] / 5


def test_labels_without_an_anomaly_tune_nothing():
    error, labels = labeled_errors()
    assert define_on(error, labels & False).alarm.method == "budget"


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
    split = split_windows(400, 8, 0.25, 1, "x", after_gap=after_gap, labeled=labeled)
    data = TrainingData(
        Table(Path("x.csv"), frame.mask(labels), []),
        Table(Path("l.csv"), labels, []) if with_labels else None,
        split,
        settings,
        [],
    )
    preprocessor = Preprocessor.learn(data.table.frame, settings)
    beginning = begin(network, settings, preprocessor, data, STEP)

    scores = Scorer.of(network, settings).score(
        preprocessor.transform(data.table.frame), preprocessor.observed(data.table.frame)
    )
    left_out = np.array(
        [after_gap[s + 1 : s + 8].any() or labeled[s : s + 8].any() for s in range(393)]
    )
    assert left_out.sum() == 7 * with_gap + 10 * with_labels
    scores.error[left_out] = np.nan
    expected = define(
        scores.error,
        standardized_residual(scores.error, scores.sigma),
        SERIES,
        settings,
        step_seconds=STEP,
    )
    np.testing.assert_array_equal(beginning.definition.alphas.up, expected.alphas.up)
    np.testing.assert_array_equal(beginning.definition.alarm.level, expected.alarm.level)
    assert beginning.calibration.learned_on == "93 rows of the validation part"
