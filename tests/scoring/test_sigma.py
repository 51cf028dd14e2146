"""Modes of sigma, against simulated errors whose sigma is known."""

import math

import numpy as np
import pytest

from dcvae import InputError
from dcvae.scoring.sigma import SMALLEST, SigmaCalibration, fit_sigmas, shares_outside


def errors_and_sigmas(*, factor, exponent, rows=20_000, seed=0):
    """Errors whose true sigma is factor · predicted ** exponent, one series for each factor."""
    random = np.random.default_rng(seed)
    shape = (rows, len(factor))
    predicted = np.exp(random.normal(0.0, 0.7, shape)).astype(np.float32)
    true = np.asarray(factor) * predicted**exponent
    return (random.normal(size=shape) * true).astype(np.float32), predicted


def by_mode(error, sigma):
    return {calibration.mode: calibration for calibration in fit_sigmas(error, sigma)}


def test_published_mode_is_the_networks_own_sigma():
    sigma = np.array([[0.001, 2.0]], dtype=np.float32)
    assert SigmaCalibration.published(2).apply(sigma) is sigma


def test_the_true_factor_and_exponent_are_found():
    found = by_mode(*errors_and_sigmas(factor=[0.5, 1.0, 3.0], exponent=0.4))["tempered"]
    assert found.exponent == pytest.approx(0.4, abs=0.051)
    np.testing.assert_allclose(found.factor, [0.5, 1.0, 3.0], rtol=0.06)


def test_a_sigma_that_is_right_up_to_a_factor_is_calibrated_by_that_factor():
    found = by_mode(*errors_and_sigmas(factor=[0.2, 4.0], exponent=1.0))
    np.testing.assert_allclose(found["calibrated"].factor, [0.2, 4.0], rtol=0.05)
    assert found["calibrated"].exponent == 1.0
    assert found["tempered"].exponent == pytest.approx(1.0, abs=0.051)


def test_a_constant_sigma_does_not_depend_on_the_prediction():
    error, sigma = errors_and_sigmas(factor=[2.0], exponent=0.0)
    constant = by_mode(error, sigma)["constant"]
    assert constant.exponent == 0.0
    np.testing.assert_allclose(constant.apply(sigma), constant.factor[0])
    assert constant.factor[0] == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("mode", ["calibrated", "tempered", "constant"])
def test_two_sigmas_hold_what_a_gaussian_promises_whatever_the_errors(mode):
    random = np.random.default_rng(1)
    error = random.standard_t(3, (10_000, 2)).astype(np.float32)  # heavy tails
    sigma = np.exp(random.normal(size=(10_000, 2))).astype(np.float32)
    applied = by_mode(error, sigma)[mode].apply(sigma)
    inside = np.mean(np.abs(error) <= 2 * applied, axis=0)
    np.testing.assert_allclose(inside, math.erf(2 / math.sqrt(2)), atol=2e-4)


def test_missing_cells_and_series_are_not_fitted_to():
    error, sigma = errors_and_sigmas(factor=[1.5, 1.0], exponent=1.0)
    whole = by_mode(error[:5000], sigma[:5000])["calibrated"]
    error[5000:], error[:, 1] = np.nan, np.nan
    found = by_mode(error, sigma)["calibrated"]
    assert found.factor[0] == pytest.approx(whole.factor[0])
    assert found.factor[1] == 1.0
    assert all(part.exponent in (0.0, 1.0) for part in fit_sigmas(error * np.nan, sigma))


def test_a_series_predicted_exactly_keeps_a_band_with_width():
    error, sigma = np.zeros((50, 1), np.float32), np.full((50, 1), 0.01, np.float32)
    for calibration in fit_sigmas(error, sigma):
        np.testing.assert_allclose(calibration.apply(sigma), SMALLEST, rtol=1e-6)


def test_a_series_without_any_error_has_no_say_in_the_exponent():
    error, sigma = errors_and_sigmas(factor=[0.5, 1.0, 3.0], exponent=0.4)
    alone = by_mode(error[:, 1:], sigma[:, 1:])["tempered"]
    error[:, 0], sigma[:, 0] = 0.0, np.exp(np.linspace(-5, 5, len(sigma)))
    assert by_mode(error, sigma)["tempered"].exponent == alone.exponent


def test_shares_outside_are_counts_over_observed_cells():
    error = np.array([[0.5, -1.5], [2.5, np.nan], [0.0, 4.0]], dtype=np.float32)
    assert shares_outside(error, np.ones_like(error)) == [3 / 5, 2 / 5, 1 / 5]
    assert all(math.isnan(share) for share in shares_outside(error * np.nan, np.ones_like(error)))


def test_stored_numbers_come_back():
    first = SigmaCalibration("tempered", 0.35, np.array([0.5, 2.0]))
    second = SigmaCalibration.from_dict("tempered", first.to_dict(), 2, "calibration.json")
    assert (second.mode, second.exponent) == ("tempered", 0.35)
    np.testing.assert_array_equal(second.factor, first.factor)


@pytest.mark.parametrize(
    "stored",
    [
        {"factor": [1.0, 1.0]},
        {"exponent": 1.0, "factor": [1.0]},
        {"exponent": 1.0, "factor": [1.0, 0.0]},
        {"exponent": 1.0, "factor": "1, 1"},
        {"exponent": "1", "factor": [1.0, 1.0]},
    ],
)
def test_damaged_numbers_are_refused(stored):
    with pytest.raises(
        InputError,
        match=r"calibration.json is damaged: expected an exponent and 2 factors above 0 for "
        r'`sigma` "tempered". Train the model again.',
    ):
        SigmaCalibration.from_dict("tempered", stored, 2, "calibration.json")
