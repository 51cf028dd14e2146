"""Mixtures, against scipy's and torch's normal distributions and against loops over rows."""

from types import ModuleType

import numpy as np
import pytest
from keras import ops as keras_ops
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from dcvae.detectors.deep import numpy_ops
from dcvae.detectors.deep.density.mixture import (
    LEAST_VARIANCE,
    VARIANCE_SHARE,
    Mixture,
    Moments,
    energies,
    inverse_variances,
    mixture_of,
)

COMPONENTS, FEATURES = 3, 4
SHARE = 3e-4  # of a variance, added to it: what tolerances must allow for


def shares(num_rows: int, seed: int, sharp: float = 1.0) -> np.ndarray:
    """Draw responsibilities (rows, components)."""
    logits = sharp * np.random.default_rng(seed).normal(size=(num_rows, COMPONENTS))
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def features_of(num_rows: int, seed: int) -> np.ndarray:
    """Draw features (rows, features) that depend on each other."""
    random = np.random.default_rng(seed)
    return random.normal(size=(num_rows, FEATURES)) @ random.normal(size=(FEATURES, FEATURES)) + 2


def tensor(ops: ModuleType, values: np.ndarray) -> object:
    """Return values as numbers of the array library."""
    return values if ops is numpy_ops else ops.convert_to_tensor(values)


def a_mixture() -> Mixture:
    random = np.random.default_rng(5)
    roots = random.normal(size=(COMPONENTS, FEATURES, FEATURES))
    return Mixture(
        np.array([0.5, 0.3, 0.2]),
        random.normal(size=(COMPONENTS, FEATURES)),
        roots @ roots.transpose(0, 2, 1) + 0.1 * np.eye(FEATURES),
    )


def test_energy_is_minus_the_logarithm_of_the_density() -> None:
    rows, mixture = features_of(50, 0), a_mixture()
    densities = [
        np.log(weight) + multivariate_normal(mean, covariance).logpdf(rows)
        for weight, mean, covariance in zip(*mixture, strict=True)
    ]
    expected = -logsumexp(densities, axis=0)
    np.testing.assert_allclose(energies(numpy_ops, rows, mixture), expected, rtol=1e-10)
    single = Mixture(*(tensor(keras_ops, part.astype(np.float32)) for part in mixture))
    found = energies(keras_ops, tensor(keras_ops, rows.astype(np.float32)), single)
    np.testing.assert_allclose(keras_ops.convert_to_numpy(found), expected, rtol=1e-4)


def test_energy_is_that_of_torch() -> None:
    torch = pytest.importorskip("torch")
    rows, mixture = features_of(50, 0), a_mixture()
    weights, means, covariances = (torch.tensor(part) for part in mixture)
    normals = torch.distributions.MultivariateNormal(means, covariance_matrix=covariances)
    together = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(weights), normals
    )
    expected = -together.log_prob(torch.tensor(rows)).numpy()
    np.testing.assert_allclose(energies(numpy_ops, rows, mixture), expected, rtol=1e-10)


def test_energy_of_rows_far_out_is_finite() -> None:
    """The exponents of densities are far below those of float32, and of float64."""
    far = energies(numpy_ops, np.full((1, FEATURES), 1e6), a_mixture())
    assert np.isfinite(far).all()
    assert far > 1e9


@pytest.mark.parametrize("ops", [numpy_ops, keras_ops])
def test_moments_are_weighted_means_and_covariances(ops: ModuleType) -> None:
    rows, of_rows = features_of(60, 1).astype(np.float32), shares(60, 2).astype(np.float32)
    found = mixture_of(ops, tensor(ops, of_rows), tensor(ops, rows))
    mixture = [np.asarray(part) for part in found]
    for component in range(COMPONENTS):
        weights = of_rows[:, component].astype(np.float64)
        np.testing.assert_allclose(mixture[0][component], weights.mean(), rtol=1e-5)
        mean = sum(weight * row for weight, row in zip(weights, rows, strict=True)) / weights.sum()
        np.testing.assert_allclose(mixture[1][component], mean, rtol=1e-4, atol=1e-6)
        covariance = np.cov(rows.T.astype(np.float64), aweights=weights, ddof=0)
        scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
        error = np.abs(mixture[2][component] - covariance) / scale
        assert error.max() < SHARE
        assert np.diag(mixture[2][component] - covariance).min() > 0.3 * LEAST_VARIANCE


def test_inverse_variances_are_summed() -> None:
    mixture = a_mixture()
    expected = sum(1 / covariance[i, i] for covariance in mixture[2] for i in range(FEATURES))
    np.testing.assert_allclose(inverse_variances(numpy_ops, mixture), expected)


@pytest.mark.parametrize("origin", [0.0, 1e6])
@pytest.mark.parametrize("size", [1, 7, 60])
def test_moments_of_parts_are_those_of_all_rows(size: int, origin: float) -> None:
    rows, of_rows = features_of(60, 1) + origin, shares(60, 2)
    moments = Moments(COMPONENTS, FEATURES)
    for first in range(0, 60, size):
        part = slice(first, first + size)
        assert moments.add(of_rows[part], rows[part]) is moments
    mixture = moments.mixture()
    np.testing.assert_allclose(mixture.weights.sum(), 1.0)
    for component in range(COMPONENTS):
        weights = of_rows[:, component]
        mean = np.average(rows, axis=0, weights=weights)
        np.testing.assert_allclose(mixture.means[component], mean, rtol=1e-9)
        expected = np.cov(rows.T, aweights=weights, ddof=0)
        added = LEAST_VARIANCE + VARIANCE_SHARE * np.diag(expected)
        found = mixture.covariances[component]
        np.testing.assert_allclose(found, expected + np.diag(added), rtol=1e-6, atol=1e-7)


def test_moments_of_no_rows_are_none() -> None:
    with pytest.raises(ValueError, match="no rows were added"):
        Moments(COMPONENTS, FEATURES).mixture()


@pytest.mark.parametrize("ops", [numpy_ops, keras_ops])
def test_an_empty_component_adds_nothing(ops: ModuleType) -> None:
    rows = features_of(60, 1).astype(np.float32)
    of_rows = shares(60, 2).astype(np.float32)[:, :2]
    of_rows /= of_rows.sum(axis=1, keepdims=True)
    with_empty = np.concatenate([of_rows, np.zeros((60, 1), np.float32)], axis=1)
    given = tensor(ops, rows)
    found = mixture_of(ops, tensor(ops, with_empty), given)
    for part in found:
        assert np.isfinite(np.asarray(part)).all()
    expected = energies(ops, given, mixture_of(ops, tensor(ops, of_rows), given))
    np.testing.assert_allclose(energies(ops, given, found), expected, rtol=1e-4)
    in_parts = Moments(3, FEATURES).add(with_empty.astype(np.float64), rows.astype(np.float64))
    energy = energies(numpy_ops, rows.astype(np.float64), in_parts.mixture())
    np.testing.assert_allclose(energy, expected, rtol=2e-3)


def hard_features(num_rows: int, num_features: int, seed: int) -> dict[str, np.ndarray]:
    """Draw features whose covariances are singular, or nearly so."""
    random = np.random.default_rng(seed)
    one = random.normal(size=(num_rows, 1)) @ random.normal(size=(1, num_features))
    outlier = 1e-3 * random.normal(size=(num_rows, num_features))
    outlier[0] = 1e4 * random.normal(size=num_features)
    two = np.repeat(one[:1], num_rows, axis=0)
    two[-1] += 1.0
    return {
        "one factor": one,
        "far from 0": 1e3 * one + 5,
        "units": one * 10.0 ** random.uniform(-4, 4, (1, num_features)) + 100,
        "an outlier": outlier,
        "one row many times": np.repeat(one[:1], num_rows, axis=0),
        "two rows many times": two,
        "zeros": np.zeros((num_rows, num_features)),
    }


@pytest.mark.parametrize("num_features", [3, 6, 12])
@pytest.mark.parametrize("num_rows", [1, 2, 128, 1024, 4096])
def test_covariances_have_cholesky_factors_in_float32(num_rows: int, num_features: int) -> None:
    for seed, sharp in enumerate((0.1, 3.0, 50.0)):
        of_rows = shares(num_rows, seed, sharp).astype(np.float32)
        for name, values in hard_features(num_rows, num_features, seed).items():
            rows = tensor(keras_ops, values.astype(np.float32))
            mixture = mixture_of(keras_ops, tensor(keras_ops, of_rows), rows)
            found = keras_ops.convert_to_numpy(energies(keras_ops, rows, mixture))
            assert np.isfinite(found).all(), name
            moments = Moments(COMPONENTS, num_features).add(of_rows.astype(float), values).mixture()
            assert np.isfinite(energies(numpy_ops, values, moments)).all(), name
