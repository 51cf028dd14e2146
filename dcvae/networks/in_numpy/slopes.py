"""Slopes of the activations, for the gradients of a training in NumPy."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from dcvae._arrays import Float32Array
from dcvae.networks.in_numpy.activations import LEAKY_SLOPE, SELU_ALPHA, SELU_SCALE

Slope = Callable[[Float32Array, Float32Array], None]


def _tanh(results: Float32Array, slope: Float32Array) -> None:
    np.multiply(results, results, out=slope)
    np.subtract(1.0, slope, out=slope)


def _relu(results: Float32Array, slope: Float32Array) -> None:
    np.greater(results, 0.0, out=slope)


def _leaky_relu(results: Float32Array, slope: Float32Array) -> None:
    np.greater(results, 0.0, out=slope)
    slope *= 1.0 - LEAKY_SLOPE
    slope += LEAKY_SLOPE


def _elu(results: Float32Array, slope: Float32Array) -> None:
    np.minimum(results, 0.0, out=slope)
    slope += 1.0


def _selu(results: Float32Array, slope: Float32Array) -> None:
    # Below 0 it is scale·alpha·(exp(x) - 1).
    slope[...] = np.where(results > 0.0, SELU_SCALE, results + SELU_SCALE * SELU_ALPHA)


def _sigmoid(results: Float32Array, slope: Float32Array) -> None:
    np.subtract(1.0, results, out=slope)
    slope *= results


def _softplus(results: Float32Array, slope: Float32Array) -> None:
    np.negative(results, out=slope)
    np.expm1(slope, out=slope)
    np.negative(slope, out=slope)


def _softsign(results: Float32Array, slope: Float32Array) -> None:
    np.abs(results, out=slope)
    np.subtract(1.0, slope, out=slope)
    np.square(slope, out=slope)


def _linear(results: Float32Array, slope: Float32Array) -> None:
    slope.fill(1.0)


def _silu(values: Float32Array, slope: Float32Array) -> None:
    np.multiply(values, 0.5, out=slope)
    np.tanh(slope, out=slope)
    slope *= 0.5
    slope += 0.5  # the sigmoid s; the slope is s·(1 + x·(1 - s))
    slope *= 1.0 + values * (1.0 - slope)


def _gelu(values: Float32Array, slope: Float32Array) -> None:
    from scipy.special import erf  # no other activation needs it

    density = np.exp(-0.5 * np.square(values)) / math.sqrt(2.0 * math.pi)
    slope[...] = 0.5 * (1.0 + erf(values * math.sqrt(0.5))) + values * density


SLOPES_BY_RESULT: Mapping[str, Slope] = {
    "tanh": _tanh,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "selu": _selu,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "softsign": _softsign,
    "linear": _linear,
}
"""Functions of an activation's results that write its slopes into a second array."""

SLOPES_BY_INPUT: Mapping[str, Slope] = {"silu": _silu, "swish": _silu, "gelu": _gelu}
"""The same for activations whose results do not tell: functions of what they were applied to."""

BOUNDED_ACTIVATIONS = frozenset({"tanh", "sigmoid", "softsign"})
"""Activations whose results lie between -1 and 1."""
