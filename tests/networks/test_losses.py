"""Losses against SciPy, the two conventions of the spread head, the bound."""

import numpy as np
import pytest
from keras import ops
from scipy import integrate, stats

from dcvae.config import Fidelity
from dcvae.networks.losses import (
    LOG_VARIANCE_BOUND,
    gaussian_nll,
    kl_divergence,
    log_variance_from,
    sigma_from,
)

CONVENTIONS: tuple[Fidelity, ...] = ("paper", "code")


def test_nll_is_the_normal_density_without_its_constant() -> None:
    random = np.random.default_rng(0)
    x, mean, log_variance = random.normal(size=(3, 4, 5, 2))
    expected = -stats.norm.logpdf(x, mean, np.exp(log_variance / 2)) - 0.5 * np.log(2 * np.pi)
    actual = ops.convert_to_numpy(gaussian_nll(x, mean, log_variance))
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


def test_nll_by_hand() -> None:
    # sigma² = 4, residual 2: half of (4 / 4 + log 4)
    actual = ops.convert_to_numpy(gaussian_nll(np.array([3.0]), np.array([1.0]), np.log([4.0])))
    np.testing.assert_allclose(actual, [0.5 * (1 + np.log(4))], rtol=1e-6)


@pytest.mark.parametrize(
    ("z_mean", "z_log_var"), [(0.0, 0.0), (1.5, 0.0), (-0.3, 1.2), (2.0, -3.0)]
)
def test_kl_is_the_integral(z_mean: float, z_log_var: float) -> None:
    posterior, prior = stats.norm(z_mean, np.exp(z_log_var / 2)), stats.norm(0, 1)

    def integrand(z: float) -> float:
        return float(posterior.pdf(z) * (posterior.logpdf(z) - prior.logpdf(z)))

    reach = 12 * posterior.std()
    expected, _ = integrate.quad(integrand, z_mean - reach, z_mean + reach, points=[z_mean])
    actual = ops.convert_to_numpy(kl_divergence(np.array([z_mean]), np.array([z_log_var])))
    np.testing.assert_allclose(actual, [expected], atol=1e-5)


def test_kl_is_never_negative_and_zero_for_the_prior() -> None:
    z_mean, z_log_var = np.meshgrid(np.linspace(-3, 3, 13), np.linspace(-4, 4, 17))
    divergence = ops.convert_to_numpy(kl_divergence(z_mean, z_log_var))
    assert (divergence >= 0).all()
    assert (divergence == 0).sum() == 1
    assert divergence[8, 6] == 0


def test_kl_works_on_each_number_alone() -> None:
    random = np.random.default_rng(1)
    z_mean, z_log_var = random.normal(size=(2, 3, 4, 2))
    whole = ops.convert_to_numpy(kl_divergence(z_mean, z_log_var))
    assert whole.shape == (3, 4, 2)
    one = ops.convert_to_numpy(kl_divergence(z_mean[1:2, 2:3], z_log_var[1:2, 2:3]))
    np.testing.assert_allclose(one, whole[1:2, 2:3], rtol=1e-6)


# ------------------------------------------------- the conventions of the spread head


def test_paper_reads_the_head_as_log_variance_everywhere() -> None:
    spread = np.linspace(-3, 3, 7)
    x, mean = np.full(7, 1.7), np.full(7, 0.2)
    sigma = ops.convert_to_numpy(sigma_from(spread))
    loss = ops.convert_to_numpy(gaussian_nll(x, mean, log_variance_from(spread, "paper")))
    np.testing.assert_allclose(sigma, np.exp(spread / 2), rtol=1e-6)
    np.testing.assert_allclose(loss, 0.5 * ((x - mean) / sigma) ** 2 + np.log(sigma), rtol=1e-5)


def test_code_reads_the_head_as_log_sigma_in_the_loss_and_log_variance_in_the_band() -> None:
    spread = np.linspace(-3, 3, 7)
    x, mean = np.full(7, 1.7), np.full(7, 0.2)
    loss = ops.convert_to_numpy(gaussian_nll(x, mean, log_variance_from(spread, "code")))
    np.testing.assert_allclose(
        loss, 0.5 * ((x - mean) / np.exp(spread)) ** 2 + spread, rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(
        ops.convert_to_numpy(sigma_from(spread)), np.exp(spread / 2), rtol=1e-6
    )


def test_paper_is_the_default_convention() -> None:
    spread = np.linspace(-3, 3, 7)
    default, paper = log_variance_from(spread), log_variance_from(spread, "paper")
    np.testing.assert_array_equal(default, paper)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_log_variance_is_bounded(convention: Fidelity) -> None:
    spread = np.array([-1e6, -11.0, 11.0, 1e6])
    expected = np.array([-1, -1, 1, 1]) * LOG_VARIANCE_BOUND
    np.testing.assert_array_equal(
        ops.convert_to_numpy(log_variance_from(spread, convention)), expected
    )


def test_sigma_is_bounded_and_rises_with_the_spread() -> None:
    sigma = ops.convert_to_numpy(sigma_from(np.array([-1e6, -10.0, 0.0, 10.0, 1e6])))
    np.testing.assert_allclose(sigma, np.exp([-5, -5, 0, 5, 5]), rtol=1e-6)


def test_without_the_bound_the_log_variance_is_the_published_one() -> None:
    spread = np.array([-60.0, -5.5, 0.0, 5.5, 60.0])
    for convention, factor in (("paper", 1), ("code", 2)):
        log_variance = log_variance_from(spread, convention, bounded=False)
        np.testing.assert_array_equal(ops.convert_to_numpy(log_variance), factor * spread)
    sigma = ops.convert_to_numpy(sigma_from(spread, bounded=False))
    np.testing.assert_allclose(sigma, np.exp(spread / 2), rtol=1e-5)


def test_without_the_bound_sigma_stays_a_number_to_divide_by() -> None:
    spread = np.array([-1e6, 1e6], dtype=np.float32)
    sigma = ops.convert_to_numpy(sigma_from(spread, bounded=False))
    np.testing.assert_allclose(sigma, [1.04e-15, 9.6e14], rtol=0.01)
    largest = np.float32(1e18) / sigma  # of an error, see LARGEST_SCALED
    assert np.isfinite(largest).all()


def test_loss_of_a_perfect_reconstruction_cannot_run_away() -> None:
    spread = np.array([-10.0, -100.0, -1e4])
    for convention in CONVENTIONS:
        zero = np.zeros(3)
        loss = ops.convert_to_numpy(gaussian_nll(zero, zero, log_variance_from(spread, convention)))
        np.testing.assert_array_equal(loss, -LOG_VARIANCE_BOUND / 2)
