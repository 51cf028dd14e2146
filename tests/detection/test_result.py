"""Detections: the same in whatever blocks, in the units of the data, calibration by counting."""

from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from dcvae.data import Preprocessor
from dcvae.detection.alarms.rules import AlarmRules
from dcvae.detection.alarms.system import SystemAlarm
from dcvae.detection.alphas import Alphas
from dcvae.detection.result import (
    CALIBRATION_SIGMAS,
    PROMISED,
    TOGETHER,
    Detection,
    DetectionBuilder,
)
from dcvae.detection.thresholds import Thresholds
from dcvae.scoring.scores import Scores
from support.builders import detection_of, inputs_of

NAN = np.nan
LEVELS = (10.0, -1.0)
PREPROCESSOR = Preprocessor(
    ("a", "b"), LEVELS, (2.0, 0.5), None, "training", 12, LEVELS, (None, None)
)
ALPHAS = Alphas.default(("a", "b"), 1.5)
PUBLISHED = SystemAlarm.published(2)
WEIGHTED = AlarmRules("weighted", 2, 1, (1, 1), 1.0, 1, 0)


def scores_with(rows: int, seed: int = 0) -> Scores:
    random = np.random.default_rng(seed)
    error = random.normal(0.0, 2.0, (rows, 2)).astype(np.float32)
    error[random.random(error.shape) < 0.2] = NAN
    return Scores(
        mean=random.normal(size=(rows, 2)).astype(np.float32),
        sigma=random.uniform(0.5, 2.0, (rows, 2)).astype(np.float32),
        error=error,
        latent=random.normal(size=(rows, 3)).astype(np.float32),
    )


def frame_with(rows: int) -> pd.DataFrame:
    times = pd.date_range("2021-01-01", periods=rows, freq="min", name="time")
    return pd.DataFrame(np.arange(2.0 * rows).reshape(rows, 2), times, ["a", "b"])


def built(
    scores: Scores,
    block: int = 100,
    *,
    alphas: Alphas = ALPHAS,
    alarm: SystemAlarm = PUBLISHED,
    preprocessor: Preprocessor = PREPROCESSOR,
) -> Detection:
    """Add scores block by block; the offline score of a row is its number."""
    frame, rest = frame_with(len(scores.mean)), scores
    inputs = inputs_of(frame.to_numpy())
    builder = DetectionBuilder(frame, inputs, Thresholds(alphas, alarm), preprocessor, 3)
    while len(rest.mean):
        head, rest = rest.split(block)
        builder.add(head)
    return builder.build(np.arange(float(len(frame))))


# ---------------------------------------------------------------- in whatever blocks, cell by cell


PARTS = ("mean", "sigma", "error", "residual", "flags", "latent", "score", "alarm", "series_alarms")


@pytest.mark.parametrize("block", [1, 2, 7, 22, 23, 100])
def test_any_blocks_give_the_same(block: int) -> None:
    scores = scores_with(23)
    at_once, detection = built(scores, 23), built(scores, block)
    for part in PARTS:
        np.testing.assert_array_equal(getattr(detection, part), getattr(at_once, part))
        assert getattr(detection, part).dtype == getattr(at_once, part).dtype


def test_cell_by_cell_from_the_definition() -> None:
    """What was expected is scaled back; a flag is x outside mean - 1.5 sigma .. mean + 1.5 sigma.

    Error and sigma have the same scale, so their quotient has none.
    """
    scores = scores_with(50, seed=1)
    detection = built(scores, 8)
    for row in range(50):
        for column, (mean, scale) in enumerate([(10.0, 2.0), (-1.0, 0.5)]):
            cell = (row, column)
            expected, sigma = detection.expected(column)
            assert expected[row] == mean + scale * float(scores.mean[cell])
            assert sigma[row] == scale * float(scores.sigma[cell])
            sigmas = float(scores.error[cell]) / float(scores.sigma[cell])
            np.testing.assert_equal(detection.residual[cell], np.float32(sigmas))
            assert detection.flags[cell] == (not np.isnan(sigmas) and abs(sigmas) > 1.5)
    assert detection.flags.any()
    assert np.isnan(detection.residual).any()
    np.testing.assert_array_equal(detection.latent, scores.latent)
    np.testing.assert_array_equal(detection.error, scores.error)


def test_a_large_level_costs_no_digits() -> None:
    """A counter of 1.7e9 that moves by ones: float32 knows it to 128."""
    preprocessor = replace(PREPROCESSOR, mean=(1.7e9, 0.0), scale=(1.0, 1.0))
    scores = scores_with(9)
    expected, _ = built(scores, preprocessor=preprocessor).expected(0)
    np.testing.assert_allclose(expected - 1.7e9, scores.mean[:, 0], atol=1e-6)
    assert len(np.unique(expected)) == 9


def test_one_row_by_hand() -> None:
    scores = Scores(
        mean=np.array([[1.0, 2.0]], np.float32),
        sigma=np.array([[0.5, 4.0]], np.float32),
        error=np.array([[-1.0, NAN]], np.float32),
        latent=np.array([[7.0, 8.0, 9.0]], np.float32),
    )
    detection = built(scores)
    assert [float(part[0]) for part in detection.expected(0)] == [12.0, 1.0]
    assert [float(part[0]) for part in detection.expected(1)] == [0.0, 2.0]
    np.testing.assert_equal(detection.residual.tolist(), [[-2.0, NAN]])
    assert detection.flags.tolist() == [[True, False]]
    assert detection.latent.tolist() == [[7.0, 8.0, 9.0]]
    assert detection.series == ("a", "b")
    assert detection.times.tolist() == [pd.Timestamp("2021-01-01")]


def test_the_table_is_not_touched() -> None:
    frame = frame_with(5)
    inputs = inputs_of(frame.to_numpy())
    builder = DetectionBuilder(frame, inputs, Thresholds(ALPHAS, PUBLISHED), PREPROCESSOR, 3)
    builder.add(scores_with(5))
    detection = builder.build(np.zeros(5))
    pd.testing.assert_frame_equal(frame, frame_with(5))
    assert detection.frame is frame
    assert detection.inputs is inputs


def test_a_detection_is_made_once() -> None:
    detection = built(scores_with(5))
    for field in fields(Detection):
        with pytest.raises(FrozenInstanceError, match=f"cannot assign to field '{field.name}'"):
            setattr(detection, field.name, None)


# ---------------------------------------------------------------- alarms


def test_by_the_published_rule_any_flag_is_an_alarm() -> None:
    """Sigma 1: the score is the square of the strangest cell."""
    error = np.array([[0.0, 1.0], [NAN, -4.0], [5.0, NAN], [NAN, NAN]], dtype=np.float32)
    sigma, latent = np.ones((4, 2), np.float32), np.zeros((4, 3), np.float32)
    detection = built(Scores(sigma * 0, sigma, error, latent))
    assert detection.alarm.tolist() == [False, True, True, False]
    assert detection.score.tolist()[:3] == [1.0, 16.0, 25.0]
    assert np.isnan(detection.score[3])
    np.testing.assert_array_equal(detection.series_alarms, detection.flags)
    assert detection.system is PUBLISHED


def test_raised_alarms_are_made_of_scaled_errors() -> None:
    """Sigma 0.5: residuals in sigmas are twice the errors that the alarm counts."""
    error = np.array([[1.0, 2.0], [3.0, 0.0], [0.0, 0.0]], dtype=np.float32)
    scores = Scores(error * 0, error * 0 + np.float32(0.5), error, np.zeros((3, 3), np.float32))
    alarm = SystemAlarm(WEIGHTED, np.ones(2), 3.0, "budget")
    detection = built(scores, alphas=Alphas.default(("a", "b"), 3.0), alarm=alarm)
    assert detection.residual.tolist() == [[2.0, 4.0], [6.0, 0.0], [0.0, 0.0]]
    assert detection.score.tolist() == [(1 + 4) / 2, 9 / 2, 0.0]
    assert detection.alarm.tolist() == [False, True, False]
    assert detection.series_alarms.tolist() == [[False, True], [True, False], [False, False]]
    assert detection.offline.tolist() == [0.0, 1.0, 2.0]


def test_the_score_is_of_the_errors_themselves_not_of_rounded_quotients() -> None:
    """A threshold that no row exceeded when it was learned is exceeded by none of the same rows."""
    random = np.random.default_rng(0)
    latent = np.zeros((200, 3), np.float32)
    for _ in range(20):
        error, sigma = random.normal(size=(2, 200, 2)).astype(np.float32)
        scores = Scores(error, np.abs(sigma) + np.float32(0.1), error, latent)
        alarm = SystemAlarm.fit(error, WEIGHTED, false_alarms_per_week=0.0, step_seconds=300.0)
        detection = built(scores, alphas=Alphas.default(("a", "b"), 3.0), alarm=alarm)
        np.testing.assert_array_equal(detection.score, alarm.score(error))
        assert not detection.alarm.any()


# ---------------------------------------------------------------- calibration


def test_calibration_by_hand() -> None:
    """Exactly k sigmas away is not outside."""
    residual = [[1.0, -1.2], [-1.5, NAN], [3.1, 0.0], [-9.0, 0.0]]
    table = detection_of(residual).calibration()
    assert table.index.tolist() == [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0]
    assert table.index.name == "sigmas"
    assert table.columns.tolist() == [PROMISED, "a", "b", TOGETHER]
    assert table["a"].tolist() == [3 / 4, 2 / 4, 2 / 4, 2 / 4, 2 / 4, 1 / 4, 1 / 4]
    assert table["b"].tolist() == [1 / 3, 0, 0, 0, 0, 0, 0]
    assert table[TOGETHER].tolist() == [
        4 / 7,
        2 / 7,
        2 / 7,
        2 / 7,
        2 / 7,
        1 / 7,
        1 / 7,
    ]


@pytest.mark.parametrize("seed", range(10))
def test_calibration_equals_a_loop_over_cells(seed: int) -> None:
    random = np.random.default_rng(seed)
    residual = random.normal(0.0, 2.0, (80, 3)).round(1)
    residual[random.random(residual.shape) < 0.2] = NAN
    detection = detection_of(residual)
    table = detection.calibration()
    for limit in CALIBRATION_SIGMAS:
        all_outside = all_seen = 0
        for column, name in enumerate("abc"):
            seen = outside = 0
            for value in detection.residual[:, column]:
                if not np.isnan(value):
                    seen += 1
                    outside += bool(abs(value) > limit)
            assert table.loc[limit, name] == outside / seen
            all_outside, all_seen = all_outside + outside, all_seen + seen
        assert table.loc[limit, TOGETHER] == all_outside / all_seen


def test_the_promise_is_that_of_a_gaussian() -> None:
    promised = detection_of(np.zeros((1, 1))).calibration()[PROMISED]
    np.testing.assert_allclose(promised, 2 * norm.sf(CALIBRATION_SIGMAS), rtol=1e-12)


def test_gaussian_residuals_keep_the_promise() -> None:
    residual = np.random.default_rng(0).standard_normal((200_000, 1))
    table = detection_of(residual).calibration()
    np.testing.assert_allclose(table["a"], table[PROMISED], atol=2e-3)


@pytest.mark.parametrize("rows", [1, 6])
def test_a_series_that_is_entirely_missing_has_no_share(rows: int) -> None:
    residual = np.full((rows, 2), NAN)
    residual[:, 1] = 2.2
    table = detection_of(residual).calibration()
    assert table["a"].isna().all()
    assert table["b"].tolist() == table[TOGETHER].tolist() == [1, 1, 1, 0, 0, 0, 0]
    table = detection_of(np.full((rows, 2), NAN)).calibration()
    assert table[["a", "b", TOGETHER]].isna().all(axis=None)
    assert table[PROMISED].notna().all()
