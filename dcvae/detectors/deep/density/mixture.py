"""Mixture of Gaussians in a network's features: its moments, and the energy of a row under it.

Functions take `ops`: `keras.ops` where a network is trained, in float32, and its counterpart in
NumPy where rows are scored, in float64.
"""

import math
from typing import Any, NamedTuple, Self

import numpy as np

from dcvae._arrays import Float64Array, Tensor

# What is added to each variance: a part that no feature's unit changes, and a share of the
# variance. Without the share, Cholesky's decomposition in float32 fails for features that depend
# on each other: in 658 of 1,920 such mixtures at 3e-7, in 19 at 1e-5, in none from 3e-5 on.
LEAST_VARIANCE = 1e-6
VARIANCE_SHARE = 1e-4
# An empty component has moments all the same, and no density.
_LEAST_WEIGHT = 1e-10  # rows
_LEAST_SHARE = 1e-30  # of the rows


class Mixture(NamedTuple):
    """A mixture of Gaussians.

    Attributes:
        weights: (components,), shares of the rows; they sum to 1.
        means: (components, features).
        covariances: (components, features, features), with what is added to the variances.
    """

    weights: Tensor
    means: Tensor
    covariances: Tensor


def mixture_of(ops: Any, responsibilities: Tensor, features: Tensor) -> Mixture:
    """Compute the mixture of a batch of rows.

    Args:
        ops: array library.
        responsibilities: (rows, components), each row sums to 1.
        features: (rows, features).

    Returns:
        Weights mean_i g_ik, means sum_i g_ik z_i / sum_i g_ik, and covariances about them. A
        component without rows has mean 0 and variances of `LEAST_VARIANCE`.
    """
    sums = ops.sum(responsibilities, axis=0) + _LEAST_WEIGHT
    means = ops.matmul(ops.transpose(responsibilities), features) / sums[:, None]
    centered = features[:, None, :] - means[None]
    weighted = responsibilities[:, :, None] * centered
    covariances = ops.einsum("bki,bkj->kij", weighted, centered) / sums[:, None, None]
    return Mixture(ops.mean(responsibilities, axis=0), means, _widened(ops, covariances))


def _widened(ops: Any, covariances: Tensor) -> Tensor:
    """Add to the variances of covariances (components, features, features)."""
    variances = ops.diagonal(covariances, axis1=-2, axis2=-1)
    identity = ops.eye(covariances.shape[-1], dtype=covariances.dtype)
    return covariances + (LEAST_VARIANCE + VARIANCE_SHARE * variances)[:, :, None] * identity


def energies(ops: Any, features: Tensor, mixture: Mixture) -> Tensor:
    """Compute -log of the density of rows under a mixture.

    Args:
        ops: array library.
        features: (rows, features).
        mixture: with covariances that are positive definite.

    Returns:
        (rows,), -log sum_k w_k N(z; m_k, S_k).
    """
    factors = ops.cholesky(mixture.covariances)
    centered = ops.transpose(features[None] - mixture.means[:, None], (0, 2, 1))
    whitened = ops.solve_triangular(factors, centered, lower=True)
    half_distances = 0.5 * ops.sum(ops.square(whitened), axis=1)
    log_scales = ops.sum(ops.log(ops.diagonal(factors, axis1=-2, axis2=-1)), axis=-1)
    constant = 0.5 * features.shape[-1] * math.log(2 * math.pi)
    log_weights = ops.log(ops.maximum(mixture.weights, _LEAST_SHARE))
    exponents = (log_weights - log_scales - constant)[:, None] - half_distances
    return -ops.logsumexp(exponents, axis=0)


def inverse_variances(ops: Any, mixture: Mixture) -> Tensor:
    """Sum 1 / S_k,dd over components and features: what keeps a covariance from collapsing."""
    return ops.sum(1.0 / ops.diagonal(mixture.covariances, axis1=-2, axis2=-1))


class Moments:
    """Moments of rows that come in parts, from which their mixture is computed.

    Sums are taken about the mean of the first part, so that features far from 0 lose no digits.

    Args:
        components: of the mixture.
        features: numbers of a row.
    """

    def __init__(self, components: int, features: int) -> None:
        self._rows = 0
        self._sums = np.zeros(components)
        self._first = np.zeros((components, features))
        self._second = np.zeros((components, features, features))
        self._origin: Float64Array | None = None

    def add(self, responsibilities: Float64Array, features: Float64Array) -> Self:
        """Add rows.

        Args:
            responsibilities: (rows, components) float64.
            features: (rows, features) float64.

        Returns:
            The object itself.
        """
        if self._origin is None:
            self._origin = features.mean(axis=0)
        from_origin = features - self._origin
        self._rows += len(features)
        self._sums += responsibilities.sum(axis=0)
        self._first += responsibilities.T @ from_origin
        for component, of_rows in enumerate(responsibilities.T):
            self._second[component] += (of_rows[:, None] * from_origin).T @ from_origin
        return self

    def mixture(self) -> Mixture:
        """Compute the mixture of all rows that were added, as `mixture_of` does of one batch."""
        from dcvae.detectors.deep import numpy_ops

        if self._origin is None:
            raise ValueError("no rows were added")
        sums = self._sums + _LEAST_WEIGHT
        means = self._first / sums[:, None]
        covariances = self._second / sums[:, None, None] - means[:, :, None] * means[:, None]
        # Rounding may leave a variance below 0.
        variances = np.einsum("kii->ki", covariances)
        np.maximum(variances, 0.0, out=variances)
        return Mixture(
            self._sums / self._rows,
            means + self._origin * (self._sums / sums)[:, None],
            _widened(numpy_ops, covariances),
        )
