"""Dense layers as functions of named weights, for any array library."""

import math
from collections.abc import Sequence
from itertools import pairwise
from types import ModuleType
from typing import Literal

import numpy as np

from dcvae._arrays import Float32Array, Tensor
from dcvae.training import Tensors, Weights

Initial = Literal["glorot_uniform", "xavier_normal", "he_normal", "normal_0.02"]

_LEAKY_SLOPE = 0.2


def dense_weights(
    random: np.random.Generator,
    name: str,
    widths: Sequence[int],
    *,
    bias: bool = True,
    initial: Initial = "glorot_uniform",
) -> Weights:
    """Draw the weights of dense layers.

    Args:
        random: what to draw from.
        name: of the layers together.
        widths: of the input, then of each layer.
        bias: whether layers have biases, which begin at 0.
        initial: rule of the kernels.

    Returns:
        `name/0/kernel` (inputs, outputs), `name/0/bias` (outputs,), and so on.

    Examples:
        >>> weights = dense_weights(np.random.default_rng(1), "encoder", [3, 2])
        >>> {key: value.shape for key, value in weights.items()}
        {'encoder/0/kernel': (3, 2), 'encoder/0/bias': (2,)}
    """
    weights: Weights = {}
    for number, (inputs, outputs) in enumerate(pairwise(widths)):
        weights[f"{name}/{number}/kernel"] = _kernel(random, inputs, outputs, initial)
        if bias:
            weights[f"{name}/{number}/bias"] = np.zeros(outputs, dtype=np.float32)
    return weights


def dense(
    ops: ModuleType, weights: Tensors, name: str, x: Tensor, activations: Sequence[str]
) -> Tensor:
    """Pass rows through dense layers.

    Args:
        ops: array library.
        weights: from `dense_weights`, and others.
        name: of the layers together.
        x: (..., inputs).
        activations: of each layer, by name.

    Returns:
        (..., outputs of the last layer).
    """
    for number, activation in enumerate(activations):
        x = ops.matmul(x, weights[f"{name}/{number}/kernel"])
        if f"{name}/{number}/bias" in weights:
            x = x + weights[f"{name}/{number}/bias"]
        x = activated(ops, activation, x)
    return x


def activated(ops: ModuleType, activation: str, x: Tensor) -> Tensor:
    """Return an activation of numbers; leaky ReLU with a slope of 0.2."""
    if activation == "linear":
        return x
    if activation == "leaky_relu":
        return ops.leaky_relu(x, negative_slope=_LEAKY_SLOPE)
    return getattr(ops, activation)(x)


def hidden_then_linear(activation: str, widths: Sequence[int]) -> tuple[str, ...]:
    """Return the activations of layers of which the last is linear.

    Args:
        activation: of the others.
        widths: of the input, then of each layer.
    """
    return (activation,) * (len(widths) - 2) + ("linear",)


def _kernel(
    random: np.random.Generator, inputs: int, outputs: int, initial: Initial
) -> Float32Array:
    shape = inputs, outputs
    if initial == "glorot_uniform":
        limit = math.sqrt(6.0 / (inputs + outputs))
        return random.uniform(-limit, limit, shape).astype(np.float32)
    deviations = {
        "xavier_normal": math.sqrt(2.0 / (inputs + outputs)),
        "he_normal": math.sqrt(2.0 / inputs),
        "normal_0.02": 0.02,
    }
    return random.normal(0.0, deviations[initial], shape).astype(np.float32)
