"""Activations of the key `activation`, in NumPy.

Values of float32 agree with Keras's to a few units of their last place at 1. Nothing overflows.
"""

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from dcvae._arrays import AnyFloatArray

Activation = Callable[[AnyFloatArray], AnyFloatArray]

SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772
LEAKY_SLOPE = 0.2
_CACHED = 65_536  # numbers that, with what is computed of them, fit a second-level cache


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
    for block, below in _blocks(values):
        _exponential(block, below)
        np.maximum(block, below, out=block)  # e^x - 1 >= x: whichever is larger is the value
    return values


def _selu(values: AnyFloatArray) -> AnyFloatArray:
    for block, below in _blocks(values):
        _exponential(block, below)
        below *= SELU_ALPHA
        np.maximum(block, 0, out=block)
        block += below
        block *= SELU_SCALE
    return values


def _blocks(values: AnyFloatArray) -> Iterator[tuple[AnyFloatArray, AnyFloatArray]]:
    """Yield some rows at a time, with an array of their shape: both stay in the cache."""
    step = max(_CACHED * len(values) // max(values.size, 1), 1)
    others = np.empty_like(values[:step])
    for first in range(0, len(values), step):
        block = values[first : first + step]
        yield block, others[: len(block)]


def _exponential(values: AnyFloatArray, out: AnyFloatArray) -> None:
    """Compute e^x - 1 below 0, and 0 above.

    Not by expm1, for which NumPy has vector instructions on few processors.
    """
    np.minimum(values, 0, out=out)
    np.exp(out, out=out)
    out -= 1


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
