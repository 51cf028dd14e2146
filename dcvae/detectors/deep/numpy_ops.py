"""Functions of `keras.ops` in NumPy, as far as formulas of detectors need them, for float64.

Names, arguments and results are those of Keras. What is not here is not to be used in a formula.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special
from numpy import (
    abs,
    arange,
    clip,
    concatenate,
    cos,
    diagonal,
    einsum,
    exp,
    expand_dims,
    eye,
    log,
    matmul,
    max,
    maximum,
    mean,
    min,
    minimum,
    ones_like,
    prod,
    repeat,
    reshape,
    sign,
    sin,
    sqrt,
    square,
    squeeze,
    stack,
    sum,
    take,
    tanh,
    transpose,
    where,
    zeros_like,
)
from scipy.special import expit as sigmoid
from scipy.special import logsumexp

from dcvae._arrays import AnyArray

__all__ = [
    "abs",
    "arange",
    "cast",
    "cholesky",
    "clip",
    "concatenate",
    "cos",
    "diagonal",
    "einsum",
    "exp",
    "expand_dims",
    "eye",
    "fori_loop",
    "leaky_relu",
    "log",
    "log_softmax",
    "logsumexp",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "norm",
    "one_hot",
    "ones_like",
    "prod",
    "relu",
    "repeat",
    "reshape",
    "selu",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "softplus",
    "solve_triangular",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "stop_gradient",
    "sum",
    "take",
    "tanh",
    "transpose",
    "where",
    "zeros_like",
]

_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def cast(x: AnyArray, dtype: str) -> AnyArray:
    """Return numbers as another type; float32 stays what the scores are computed in."""
    return x.astype(np.float64 if dtype == "float32" else dtype)


def cholesky(x: AnyArray) -> AnyArray:
    """Return the lower triangular factors of symmetric positive definite matrices (..., n, n)."""
    return np.linalg.cholesky(x)


def fori_loop(lower: int, upper: int, body: Callable[[int, Any], Any], start: Any) -> Any:
    """Return what a body makes of a value, number after number."""
    for number in range(lower, upper):
        start = body(number, start)
    return start


def leaky_relu(x: AnyArray, negative_slope: float = 0.2) -> AnyArray:
    """Return positive numbers as they are, negative ones times a slope."""
    return np.where(x > 0, x, negative_slope * x)


def log_softmax(x: AnyArray, axis: int = -1) -> AnyArray:
    """Return the logarithms of `softmax`."""
    logarithms: AnyArray = scipy.special.log_softmax(x, axis=axis)
    return logarithms


def norm(
    x: AnyArray, ord: int | None = None, axis: int | None = None, keepdims: bool = False
) -> Any:
    """Return the norms of vectors along an axis."""
    return np.linalg.norm(x, ord=ord, axis=axis, keepdims=keepdims)


def one_hot(x: AnyArray, num_classes: int) -> AnyArray:
    """Return whole numbers as vectors with a single 1."""
    return np.eye(num_classes)[x]


def relu(x: AnyArray) -> AnyArray:
    """Return positive numbers as they are, 0 for negative ones."""
    return np.maximum(x, 0.0)


def selu(x: AnyArray) -> AnyArray:
    """Return scaled exponential linear units."""
    bent = _SELU_ALPHA * np.expm1(np.minimum(x, 0.0))
    return _SELU_SCALE * np.where(x > 0, x, bent)


def softmax(x: AnyArray, axis: int = -1) -> AnyArray:
    """Return shares that add up to 1 along an axis."""
    shares: AnyArray = scipy.special.softmax(x, axis=axis)
    return shares


def softplus(x: AnyArray) -> AnyArray:
    """Return log(1 + exp(x))."""
    return np.logaddexp(x, 0.0)


def solve_triangular(a: AnyArray, b: AnyArray, lower: bool = False) -> AnyArray:
    """Solve a x = b for triangular matrices a (..., n, n) and b (..., n, k)."""
    kept = np.tril(a) if lower else np.triu(a)
    return np.linalg.solve(kept, b)


def stop_gradient(x: AnyArray) -> AnyArray:
    """Return what is given: nothing is differentiated here."""
    return x
