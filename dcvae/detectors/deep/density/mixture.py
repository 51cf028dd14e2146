"""Mixture of Gaussians in a network's features: its moments, and the energy of a row under it.

Functions take `ops`: `keras.ops` where a network is trained, in float32, and its counterpart in
NumPy where rows are scored, in float64.
"""

import math
from types import ModuleType
from typing import NamedTuple, Self

import numpy as np

from dcvae._arrays import Float64Array, Tensor
from dcvae.detectors.deep import numpy_ops

# What is added to each variance: a part that no feature's unit changes, and a share of the
# variance. Without the share, Cholesky's decomposition in float32 fails for features that depend
# on each other: of 4,800 such mixtures, in 16 at a share of 1e-4, all of 4,096 rows, whose sums
# round more; in none at 1e-3.
LEAST_VARIANCE = 1e-6
VARIANCE_SHARE = 1e-4
_SHARE_OF_ROUNDING = 2.5e-7  # a row of the sums
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


def mixture_of(ops: ModuleType, responsibilities: Tensor, features: Tensor) -> Mixture:
    """Compute the mixture of a batch of rows.

    Args:
        ops: array library.
        responsibilities: (rows, components), each row sums to 1.
        features: (rows, features).

    Returns:
        Weights mean_i g_ik, means sum_i g_ik z_i / sum_i g_ik, and covariances about them. A
        component without rows has mean 0 and variances of `LEAST_VARIANCE`.
    """
    sums = ops.maximum(ops.sum(responsibilities, axis=0), _LEAST_WEIGHT)
    means = ops.matmul(ops.transpose(responsibilities), features) / sums[:, None]
    centered = features[:, None, :] - means[None]
    weighted = responsibilities[:, :, None] * centered
    covariances = ops.einsum("bki,bkj->kij", weighted, centered) / sums[:, None, None]
    share = VARIANCE_SHARE + _SHARE_OF_ROUNDING * features.shape[0]
    return Mixture(ops.mean(responsibilities, axis=0), means, _widened(ops, covariances, share))


def _widened(ops: ModuleType, covariances: Tensor, share: float) -> Tensor:
    """Add to the variances of covariances (components, features, features)."""
    variances = ops.diagonal(covariances, axis1=-2, axis2=-1)
    identity = ops.eye(covariances.shape[-1], dtype=covariances.dtype)
    return covariances + (LEAST_VARIANCE + share * variances)[:, :, None] * identity


def energies(ops: ModuleType, features: Tensor, mixture: Mixture) -> Tensor:
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


def inverse_variances(ops: ModuleType, mixture: Mixture) -> Tensor:
    """Sum 1 / S_k,dd over components and features: what keeps a covariance from collapsing."""
    return ops.sum(1.0 / ops.diagonal(mixture.covariances, axis1=-2, axis2=-1))


class Moments:
    """Moments of rows that come in parts, from which their mixture is computed.

    Each part is centered by itself before it is joined to those before it (Chan, Golub, LeVeque
    1979), so that features far from 0 lose no digits.

    Args:
        components: of the mixture.
        features: numbers of a row.
    """

    def __init__(self, components: int, features: int) -> None:
        self._rows = 0
        self._sums = np.zeros(components)
        self._means = np.zeros((components, features))
        self._scatter = np.zeros((components, features, features))

    def add(self, responsibilities: Float64Array, features: Float64Array) -> Self:
        """Add rows.

        Args:
            responsibilities: (rows, components) float64.
            features: (rows, features) float64.

        Returns:
            The object itself.
        """
        self._rows += len(features)
        for component, weights in enumerate(responsibilities.T):
            size, before = weights.sum(), self._sums[component]
            mean = weights @ features / max(size, _LEAST_WEIGHT)
            centered = features - mean
            moved = mean - self._means[component]
            share = size / max(before + size, _LEAST_WEIGHT)
            self._scatter[component] += (weights[:, None] * centered).T @ centered
            self._scatter[component] += share * before * np.outer(moved, moved)
            self._means[component] += share * moved
            self._sums[component] += size
        return self

    def mixture(self) -> Mixture:
        """Compute the mixture of all rows that were added, as `mixture_of` does of one batch."""
        if not self._rows:
            raise ValueError("no rows were added")
        sums = np.maximum(self._sums, _LEAST_WEIGHT)
        covariances = self._scatter / sums[:, None, None]
        covariances = _widened(numpy_ops, covariances, VARIANCE_SHARE)
        return Mixture(self._sums / self._rows, self._means, covariances)
