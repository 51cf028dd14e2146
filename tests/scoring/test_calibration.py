"""What a trained model learns from normal rows: which rows, and what is kept of it."""

import json

import numpy as np
import pytest
from support.builders import random_network, random_rows, settings_with

from dcvae import InputError
from dcvae.data.windows import WindowSplit
from dcvae.scoring import window_average as offline
from dcvae.scoring.calibration import Calibration, learn
from dcvae.scoring.causal import Scorer
from dcvae.scoring.sigma import calibrate, shares_outside

SETTINGS = settings_with()
SERIES = ("a", "b")


def starts(*parts):
    return np.concatenate([np.arange(*part) for part in parts]).astype(np.int32)


def learned(split, rows=200):
    network = random_network(SETTINGS)
    scaled, observed = random_rows(rows, 2), np.ones((rows, 2), dtype=bool)
    return network, scaled, observed, learn(network, SETTINGS, SERIES, scaled, observed, split)


def test_the_validation_part_teaches_sigmas_and_all_windows_the_offline_level():
    split = WindowSplit(starts((0, 100)), starts((120, 160)))
    network, scaled, observed, (scores, calibration) = learned(split)
    every_row = Scorer.of(network, SETTINGS).score(scaled, observed)
    np.testing.assert_array_equal(scores.error, every_row.error)
    assert calibration.learned_on == "40 rows of the validation part"
    validation = slice(120, 160)  # judged row i ends the window that starts in row i
    wanted_readings = calibrate(every_row.error[validation], every_row.sigma[validation])
    for found, wanted in zip(calibration.readings, wanted_readings, strict=True):
        assert found.exponent == wanted.exponent
        np.testing.assert_array_equal(found.factor, wanted.factor)
    every = starts((0, 100), (120, 160))
    squares = offline.OfflineScorer(network, 8).squares(scaled, observed, every)
    wanted_level = np.quantile(squares, 0.99, axis=1)
    np.testing.assert_allclose(calibration.offline_level, wanted_level, rtol=1e-5)
    scores = offline.scores_from(squares, calibration.offline_level, every, 200, 8)
    assert calibration.offline_threshold == pytest.approx(1.5 * np.nanmax(scores.row), rel=1e-5)


def test_rows_whose_windows_were_left_out_teach_nothing():
    split = WindowSplit(starts((0, 100)), starts((120, 130), (145, 160)))
    *_, (scores, calibration) = learned(split)
    kept = np.r_[120:130, 145:160]
    assert calibration.learned_on == "25 rows of the validation part"
    for found, wanted in zip(
        calibration.readings, calibrate(scores.error[kept], scores.sigma[kept]), strict=True
    ):
        np.testing.assert_array_equal(found.factor, wanted.factor)


def test_without_a_validation_part_the_training_rows_teach():
    *_, (scores, calibration) = learned(WindowSplit(starts((0, 100, 2)), starts((0, 0))))
    assert calibration.learned_on == "50 rows of the training part"
    wanted = shares_outside(scores.error[0:100:2], scores.sigma[0:100:2])
    assert calibration.shares_outside["predicted"] == wanted


def test_stored_values_come_back():
    *_, (_, first) = learned(WindowSplit(starts((0, 100)), starts((120, 160))))
    second = Calibration.from_dict(json.loads(json.dumps(first.to_dict())), SERIES, "c.json")
    assert second.to_dict() == first.to_dict()
    assert second.sigma("predicted").exponent == 1.0
    assert second.sigma("constant").exponent == 0.0


@pytest.mark.parametrize(
    "change",
    [
        {"sigma": {}},
        {"sigma": {"calibrated": [1]}},
        {"series": ["b", "a"]},
        {"offline_level": [1.0]},
        {"offline_level": [1.0, 1.0]},
        {"offline_level": [[1.0, 1.0], [1.0, 0.0]]},
        {"offline_level": "ten"},
        {"offline_threshold": 0.0},
        {"offline_threshold": None},
        {"learned_on": None, "shares_outside_1_2_3_sigmas": 3},
    ],
)
def test_damaged_values_are_refused(change):
    *_, (_, calibration) = learned(WindowSplit(starts((0, 100)), starts((120, 160))))
    with pytest.raises(InputError, match=r"c.json is damaged.*Train the model again\."):
        Calibration.from_dict(calibration.to_dict() | change, SERIES, "c.json")
