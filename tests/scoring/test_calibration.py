"""Calibration on normal rows: which rows, and what is kept of it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from dcvae import InputError
from dcvae.data.windows import WindowSplit
from dcvae.scoring import window_average
from dcvae.scoring.calibration import Calibration, _levels, calibrate
from dcvae.scoring.causal import CausalScorer
from dcvae.scoring.sigma import fit_sigmas, shares_outside
from support.builders import inputs_of, random_network, random_rows, settings_with

SETTINGS = settings_with()
SERIES = ("a", "b")


def starts(*parts):
    return np.concatenate([np.arange(*part) for part in parts]).astype(np.int32)


def calibrated(split, inputs=None):
    network = random_network(SETTINGS)
    inputs = inputs_of(random_rows(200, 2)) if inputs is None else inputs
    scorer = window_average.WindowAverageScorer(network, SETTINGS.window_length)
    scores = CausalScorer.of(network, SETTINGS).score(inputs)
    return (
        network,
        inputs,
        scores,
        calibrate(scores, scorer.squares, SETTINGS, SERIES, inputs, split),
    )


@pytest.fixture(scope="module")
def calibration():
    *_, run = calibrated(WindowSplit(starts((0, 100)), starts((120, 160))))
    return run.calibration


def test_sigmas_are_fitted_to_the_validation_part_and_levels_to_all_windows():
    split = WindowSplit(starts((0, 100)), starts((120, 160)))
    network, inputs, scores, (calibration, (measured, squares), incidents) = calibrated(split)
    assert not incidents.any()
    assert calibration.series == SERIES
    assert calibration.fitted_on == "40 rows of the validation part"
    validation = slice(120, 160)  # scored row i ends the window that starts in row i
    wanted_modes = fit_sigmas(scores.error[validation], scores.sigma[validation])
    for found, wanted in zip(calibration.modes, wanted_modes, strict=True):
        assert (found.mode, found.exponent) == (wanted.mode, wanted.exponent)
        np.testing.assert_array_equal(found.factor, wanted.factor)
    every = starts((0, 100), (120, 160))
    np.testing.assert_array_equal(measured, every)
    np.testing.assert_allclose(
        squares, window_average.WindowAverageScorer(network, 8).squares(inputs, every), rtol=1e-5
    )
    wanted_level = np.quantile(squares, 0.99, axis=1)
    np.testing.assert_allclose(calibration.reference_levels, wanted_level, rtol=1e-5)
    normal = window_average.scores_from(squares, calibration.reference_levels, every, 200, 8)
    assert calibration.threshold == pytest.approx(1.5 * np.nanmax(normal.row), rel=1e-5)


def test_rows_whose_windows_were_left_out_are_not_fitted_to():
    split = WindowSplit(starts((0, 100)), starts((120, 130), (145, 160)))
    *_, scores, (calibration, (measured, _), _) = calibrated(split)
    kept = np.r_[120:130, 145:160]
    assert calibration.fitted_on == "25 rows of the validation part"
    assert measured.tolist() == [*range(100), *kept]
    for found, wanted in zip(
        calibration.modes, fit_sigmas(scores.error[kept], scores.sigma[kept]), strict=True
    ):
        np.testing.assert_array_equal(found.factor, wanted.factor)


def test_cells_that_were_missing_are_not_fitted_to():
    values = random_rows(200, 2)
    observed = np.ones((200, 2), dtype=bool)
    observed[130:150, 1] = False
    inputs = inputs_of(values, observed)
    split = WindowSplit(starts((0, 100)), starts((120, 160)))
    *_, scores, (calibration, *_) = calibrated(split, inputs)
    assert np.flatnonzero(np.isnan(scores.error[:, 1])).tolist() == list(range(123, 143))
    there = ~np.isnan(scores.error[120:160])
    distance = np.abs(scores.error[120:160] / scores.sigma[120:160])[there]
    expected = [np.mean(distance > limit) for limit in (1, 2, 3)]
    assert calibration.shares_outside["predicted"] == pytest.approx(expected)


def test_without_a_validation_part_the_training_rows_are_fitted_to():
    *_, scores, (calibration, *_) = calibrated(WindowSplit(starts((0, 100, 2)), starts((0, 0))))
    assert calibration.fitted_on == "50 rows of the training part"
    wanted = shares_outside(scores.error[0:100:2], scores.sigma[0:100:2])
    assert calibration.shares_outside["predicted"] == wanted


def test_stored_values_come_back(calibration):
    stored = json.loads(json.dumps(calibration.to_dict()))
    second = Calibration.from_dict(stored, SERIES, "c.json")
    assert second.to_dict() == calibration.to_dict()
    assert second.sigma("predicted").exponent == 1.0
    assert second.sigma("constant").exponent == 0.0


def test_what_has_no_sigma_is_stored_as_json_has_it(calibration):
    unknown = replace(calibration, shares_outside={"predicted": [float("nan"), 0.25]})
    stored = json.loads(json.dumps(unknown.to_dict(), allow_nan=False))
    assert stored["shares_outside_1_2_3_sigmas"] == {"predicted": [None, 0.25]}
    again = Calibration.from_dict(stored, SERIES, "c.json").shares_outside
    np.testing.assert_array_equal(again["predicted"], [np.nan, 0.25])


def test_names_in_the_file_are_those_of_models_trained_earlier(calibration):
    assert list(calibration.to_dict()) == [
        "learned_on",
        "series",
        "sigma",
        "shares_outside_1_2_3_sigmas",
        "offline_level",
        "offline_threshold",
    ]
    assert list(calibration.to_dict()["sigma"]) == ["calibrated", "tempered", "constant"]


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
def test_damaged_values_are_refused(change, calibration):
    with pytest.raises(InputError, match=r"c.json is damaged.*Train the model again\."):
        Calibration.from_dict(calibration.to_dict() | change, SERIES, "c.json")


# ------------------------------------------------------------------- incidents


def calibrated_on(values, **options):
    network = random_network(SETTINGS)
    scorer = window_average.WindowAverageScorer(network, SETTINGS.window_length)
    split = WindowSplit(starts((0, 300)), starts((308, 393)))
    inputs = inputs_of(values)
    scores = CausalScorer.of(network, SETTINGS).score(inputs)
    return calibrate(scores, scorer.squares, SETTINGS, SERIES, inputs, split, **options)


def test_a_strange_training_row_does_not_count_once_for_each_of_its_windows():
    values = random_rows(400, 2)
    usual = calibrated_on(values).calibration
    values[320:323] += 100.0
    found = calibrated_on(values, find_incidents=True)
    assert found.incidents[313:316].all()
    without, taken = found.calibration, calibrated_on(values).calibration
    for name in ("reference_levels", "threshold"):
        clean = getattr(usual, name)
        np.testing.assert_allclose(getattr(without, name), clean, rtol=0.15)
    assert (taken.reference_levels > 2 * usual.reference_levels).all()
    for kept, clean, dirty in zip(without.modes, usual.modes, taken.modes, strict=True):
        np.testing.assert_allclose(kept.factor, clean.factor, rtol=0.15)
        assert not np.allclose(dirty.factor, clean.factor, rtol=0.15)


def test_windows_of_an_incident_are_those_that_contain_one_of_its_rows():
    """Scored row i ends the window that starts in row i; its own row is i + 7."""
    values = random_rows(400, 2)
    values[150:153] += 100.0
    run = calibrated_on(values, find_incidents=True)
    measured, squares = run.windows
    strange = np.flatnonzero(run.incidents) + 7
    usual = [not any(start <= row < start + 8 for row in strange) for start in measured.tolist()]
    expected = np.quantile(squares[:, usual], 0.99, axis=1)
    np.testing.assert_allclose(run.calibration.reference_levels, expected)


def test_a_series_that_is_still_but_for_its_incidents_keeps_their_level():
    squares = np.random.default_rng(0).uniform(0.5, 1.0, (2, 200, 2))
    squares[:, :, 1] *= 1e-3  # predicted to a thirtieth of its deviation
    squares[:, :4] = 9.0
    levels = _levels(squares, np.arange(200) >= 4)
    np.testing.assert_allclose(levels[:, 0], np.quantile(squares[:, 4:, 0], 0.99, axis=1))
    np.testing.assert_allclose(levels[:, 1], 9.0)


def test_a_share_of_the_rows_is_left_out_when_asked_for():
    run = calibrated_on(random_rows(400, 2), contamination=0.05)
    assert run.incidents.sum() == round(0.05 * 393)
    kept = 85 - run.incidents[308:393].sum()
    assert run.calibration.fitted_on == f"{kept} rows of the validation part"


def test_rows_that_are_all_left_out_are_fitted_to_after_all():
    values = random_rows(400, 2)
    values[308:] += 100.0
    run = calibrated_on(values, contamination=0.4)
    assert run.incidents[308:393].all()
    assert run.calibration.fitted_on == "85 rows of the validation part"
