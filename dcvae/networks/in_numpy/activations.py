"""Activations of the key `activation`, in NumPy.

Values of float32 agree with Keras's to a few units of their last place at 1. Nothing overflows.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np

from dcvae._arrays import AnyFloatArray

Activation = Callable[[AnyFloatArray], AnyFloatArray]

SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772
LEAKY_SLOPE = 0.2


def _linear(values: AnyFloatArray) -> AnyFloatArray:
    return values


def _tanh(values: AnyFloatArray) -> AnyFloatArray:
    np.tanh(values, out=values)
    return values


def _relu(values: AnyFloatArray) -> AnyFloatArray:
    np.maximum(values, 0, out=values)
    return values


def _leaky_relu(values: AnyFloatArray) -> AnyFloatArray:
    np.maximum(values, values * LEAKY_SLOPE, out=values)
    return values


def _elu(values: AnyFloatArray) -> AnyFloatArray:
    below = np.minimum(values, 0)
    np.exp(below, out=below)  # not expm1, which takes ten times as long where it has no AVX512
    below -= 1
    np.maximum(values, 0, out=values)
    values += below
    return values


def _selu(values: AnyFloatArray) -> AnyFloatArray:
    below = np.minimum(values, 0)
    np.exp(below, out=below)
    below -= 1
    below *= SELU_ALPHA
    np.maximum(values, 0, out=values)
    values += below
    values *= SELU_SCALE
    return values


def _sigmoid(values: AnyFloatArray) -> AnyFloatArray:
    values *= 0.5  # by tanh, which cannot overflow
    np.tanh(values, out=values)
    values *= 0.5
    values += 0.5
    return values


def _silu(values: AnyFloatArray) -> AnyFloatArray:
    small = np.exp(-np.abs(values))
    values *= np.where(values < 0, small, 1) / (1 + small)  # `_sigmoid` is not as close far below 0
    return values


def _gelu(values: AnyFloatArray) -> AnyFloatArray:
    from scipy.special import erf  # NumPy has none, and no other activation needs it

    values *= 0.5 * (1 + erf(values * math.sqrt(0.5)))
    return values


def _softplus(values: AnyFloatArray) -> AnyFloatArray:
    least = np.log1p(np.exp(-np.abs(values)))
    np.maximum(values, 0, out=values)
    values += least
    return values


def _softsign(values: AnyFloatArray) -> AnyFloatArray:
    values /= 1 + np.abs(values)
    return values


ACTIVATIONS: Mapping[str, Activation] = {
    "linear": _linear,
    "tanh": _tanh,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "silu": _silu,
    "swish": _silu,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "softsign": _softsign,
}
"""Functions that apply an activation to an array of float32 or float64 in place, and return it."""
