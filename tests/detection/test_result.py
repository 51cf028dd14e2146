"""Verdicts: the same in whatever blocks, in the units of the data, calibration by counting."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from support.builders import verdicts_of

from dcvae.data.preprocessing import Preprocessor
from dcvae.detection.alphas import Alphas
from dcvae.detection.band import AlarmRules
from dcvae.detection.result import CALIBRATION_SIGMAS, PROMISED, TOGETHER, Verdicts
from dcvae.detection.system_alarm import SystemAlarm
from dcvae.scoring.causal import Scores

NAN = np.nan
LEVELS = (10.0, -1.0)
PREPROCESSOR = Preprocessor(
    ("a", "b"), LEVELS, (2.0, 0.5), None, "training", 12, LEVELS, (None, None)
)
ALPHAS = Alphas.default(("a", "b"), 1.5)


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


def filled(scores: Scores, block: int) -> tuple[Verdicts, list[np.ndarray]]:
    rows = len(scores.mean)
    verdicts = Verdicts.awaiting(frame_with(rows), ALPHAS, 3, PREPROCESSOR)
    returned = []
    rest = scores
    while len(rest.mean):
        head, rest = rest.split(block)
        returned.append(verdicts.add(head))
    return verdicts, returned


PARTS = ("mean", "sigma", "residual", "flags", "latent")


@pytest.mark.parametrize("block", [1, 2, 7, 22, 23, 100])
def test_any_blocks_give_the_same(block: int) -> None:
    scores = scores_with(23)
    at_once, _ = filled(scores, 23)
    verdicts, returned = filled(scores, block)
    for part in PARTS:
        np.testing.assert_array_equal(getattr(verdicts, part), getattr(at_once, part))
        assert getattr(verdicts, part).dtype == getattr(at_once, part).dtype
    np.testing.assert_array_equal(np.concatenate(returned), verdicts.flags)
    assert len(returned) == -(-23 // block)


def test_cell_by_cell_from_the_definition() -> None:
    """What was expected is scaled back; a flag is x outside mean - 1.5 sigma .. mean + 1.5 sigma.

    Error and sigma have the same scale, so their quotient has none.
    """
    scores = scores_with(50, seed=1)
    verdicts, _ = filled(scores, 8)
    for row in range(50):
        for column, (mean, scale) in enumerate([(10.0, 2.0), (-1.0, 0.5)]):
            cell = (row, column)
            expected, sigma = verdicts.expected(column)
            assert expected[row] == mean + scale * float(scores.mean[cell])
            assert sigma[row] == scale * float(scores.sigma[cell])
            sigmas = float(scores.error[cell]) / float(scores.sigma[cell])
            np.testing.assert_equal(verdicts.residual[cell], np.float32(sigmas))
            assert verdicts.flags[cell] == (not np.isnan(sigmas) and abs(sigmas) > 1.5)
    assert verdicts.flags.any()
    assert np.isnan(verdicts.residual).any()
    np.testing.assert_array_equal(verdicts.latent, scores.latent)


def test_a_large_level_costs_no_digits() -> None:
    """A counter of 1.7e9 that moves by ones: float32 knows it to 128."""
    preprocessor = replace(PREPROCESSOR, mean=(1.7e9, 0.0), scale=(1.0, 1.0))
    scores = scores_with(9)
    verdicts = Verdicts.awaiting(frame_with(9), ALPHAS, 3, preprocessor)
    verdicts.add(scores)
    moves = verdicts.expected(0)[0] - 1.7e9
    np.testing.assert_allclose(moves, scores.mean[:, 0], atol=1e-6)
    assert len(np.unique(verdicts.expected(0)[0])) == 9


def test_one_row_by_hand() -> None:
    scores = Scores(
        mean=np.array([[1.0, 2.0]], np.float32),
        sigma=np.array([[0.5, 4.0]], np.float32),
        error=np.array([[-1.0, NAN]], np.float32),
        latent=np.array([[7.0, 8.0, 9.0]], np.float32),
    )
    verdicts, _ = filled(scores, 1)
    assert [float(part[0]) for part in verdicts.expected(0)] == [12.0, 1.0]
    assert [float(part[0]) for part in verdicts.expected(1)] == [0.0, 2.0]
    np.testing.assert_equal(verdicts.residual.tolist(), [[-2.0, NAN]])
    assert verdicts.flags.tolist() == [[True, False]]
    assert verdicts.latent.tolist() == [[7.0, 8.0, 9.0]]
    assert verdicts.series == ("a", "b")
    assert verdicts.times.tolist() == [pd.Timestamp("2021-01-01")]


def test_the_table_is_not_touched() -> None:
    frame = frame_with(5)
    verdicts = Verdicts.awaiting(frame, ALPHAS, 3, PREPROCESSOR)
    verdicts.add(scores_with(5))
    pd.testing.assert_frame_equal(frame, frame_with(5))


def test_calibration_by_hand() -> None:
    """Exactly k sigmas away is not outside."""
    residual = [[1.0, -1.2], [-1.5, NAN], [3.1, 0.0], [-9.0, 0.0]]
    table = verdicts_of(residual).calibration()
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
    verdicts = verdicts_of(residual)
    table = verdicts.calibration()
    for limit in CALIBRATION_SIGMAS:
        all_outside = all_seen = 0
        for column, name in enumerate("abc"):
            seen = outside = 0
            for value in verdicts.residual[:, column]:
                if not np.isnan(value):
                    seen += 1
                    outside += bool(abs(value) > limit)
            assert table.loc[limit, name] == outside / seen
            all_outside, all_seen = all_outside + outside, all_seen + seen
        assert table.loc[limit, TOGETHER] == all_outside / all_seen


def test_the_promise_is_that_of_a_gaussian() -> None:
    promised = verdicts_of(np.zeros((1, 1))).calibration()[PROMISED]
    np.testing.assert_allclose(promised, 2 * norm.sf(CALIBRATION_SIGMAS), rtol=1e-12)


def test_gaussian_residuals_keep_the_promise() -> None:
    residual = np.random.default_rng(0).standard_normal((200_000, 1))
    table = verdicts_of(residual).calibration()
    np.testing.assert_allclose(table["a"], table[PROMISED], atol=2e-3)


@pytest.mark.parametrize("rows", [1, 6])
def test_a_series_that_is_entirely_missing_has_no_share(rows: int) -> None:
    residual = np.full((rows, 2), NAN)
    residual[:, 1] = 2.2
    table = verdicts_of(residual).calibration()
    assert table["a"].isna().all()
    assert table["b"].tolist() == table[TOGETHER].tolist() == [1, 1, 1, 0, 0, 0, 0]
    table = verdicts_of(np.full((rows, 2), NAN)).calibration()
    assert table[["a", "b", TOGETHER]].isna().all(axis=None)
    assert table[PROMISED].notna().all()


def test_until_alarms_are_raised_any_flag_is_an_alarm() -> None:
    residual = np.array([[0.0, 1.0], [np.nan, -4.0], [5.0, np.nan]])
    verdicts = verdicts_of(residual)
    assert verdicts.alarm.tolist() == [False, True, True]
    assert verdicts.score.tolist() == [1.0, 4.0, 5.0]
    np.testing.assert_array_equal(verdicts.series_alarms, verdicts.flags)
    assert verdicts.offline is None


def test_raised_alarms_are_made_of_scaled_errors() -> None:
    """Sigma 0.5: residuals in sigmas are twice the errors that the alarm counts."""
    residual = np.array([[2.0, 4.0], [6.0, 0.0], [0.0, 0.0]])
    verdicts = verdicts_of(residual)
    verdicts.sigma[:] = 0.5
    alarm = SystemAlarm(AlarmRules("weighted", 2, 1, (1, 1), 1.0, 1, 0), np.ones(2), 3.0, "budget")
    verdicts.raise_alarms(alarm, np.array([0.1, 0.2, 0.3]))
    assert verdicts.score.tolist() == [(1 + 4) / 2, 9 / 2, 0.0]
    assert verdicts.alarm.tolist() == [False, True, False]
    assert verdicts.series_alarms.tolist() == [[False, True], [True, False], [False, False]]
    assert verdicts.offline.tolist() == [0.1, 0.2, 0.3]


def test_the_score_is_of_the_errors_themselves_not_of_rounded_quotients() -> None:
    """A threshold that no row exceeded when it was learned is exceeded by none of the same rows."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        np.zeros((200, 2)), pd.date_range("2021", periods=200, freq="5min"), ["a", "b"]
    )
    rules = AlarmRules("weighted", 2, 1, (1, 1), 1.0, 1, 0)
    for _ in range(20):
        error, sigma = random.normal(size=(2, 200, 2)).astype(np.float32)
        scores = Scores(error, np.abs(sigma) + np.float32(0.1), error, error)
        verdicts = Verdicts.awaiting(frame, Alphas.default(["a", "b"], 3.0), 2, PREPROCESSOR)
        verdicts.add(scores)
        alarm = SystemAlarm.learn(error, rules, false_alarms_per_week=0.0, step_seconds=300.0)
        verdicts.raise_alarms(alarm, np.zeros(200))
        np.testing.assert_array_equal(verdicts.score, alarm.score(error))
        assert not verdicts.alarm.any()
