"""Slow, obvious NumPy versions, in float64, of what the package does with tensors.

Nothing here calls the package: layouts, convolutions, losses are written down again from the paper
(García González et al. 2022) and from the description of the published program, so that an error
would have to be made twice. Loops are preferred to tricks.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dcvae.settings import Settings

Array = NDArray[np.float64]
Weights = dict[str, Array]
Layout = tuple[list[tuple[int, int]], int]  # (units, dilation) of the hidden layers, the heads'

BATCH_NORM_EPSILON = 1e-3

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "tanh": np.tanh,
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "elu": lambda x: np.where(x > 0, x, np.exp(np.minimum(x, 0.0)) - 1),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}


def dilated_causal_convolution(x: Array, kernel: Array, bias: Array, dilation: int) -> Array:
    """Convolve (batch, time, channels_in): `y[p] = b + sum_j W_j · x[p - (k-1-j)·d]`, zeros before.

    Kernel (taps, channels_in, units), bias (units,).
    """
    num_windows, length, _ = x.shape
    taps, _, units = kernel.shape
    result = np.zeros((num_windows, length, units))
    for window in range(num_windows):
        for position in range(length):
            total = bias.astype(np.float64)
            for tap in range(taps):
                source = position - (taps - 1 - tap) * dilation
                if source >= 0:
                    total = total + x[window, source] @ kernel[tap]
            result[window, position] = total
    return result


def encoder_layout(settings: Settings) -> Layout:
    """Paper: a layer for every dilation. Program: `cnn_units` less one, its last dilation again."""
    units, dilations = settings.cnn_units, settings.dil_rate
    if settings.fidelity_encoder == "paper":
        return [(units[i], dilations[i]) for i in range(len(dilations) - 1)], dilations[-1]
    hidden = [(units[i], dilations[i]) for i in range(len(units) - 1)]
    return hidden, hidden[-1][1]


def decoder_layout(settings: Settings) -> Layout:
    """Both walk `cnn_units` and `dil_rate` from their ends; they differ in the number of layers."""
    units, dilations = settings.cnn_units, settings.dil_rate
    paper = settings.fidelity_decoder == "paper"
    num_hidden = (len(dilations) if paper else len(units)) - 1
    return [(units[-1 - i], dilations[-1 - i]) for i in range(num_hidden)], dilations[0]


def reachable_offsets(layout: Layout, taps: int) -> set[int]:
    """How many rows back an output can see: every way to take one tap in each layer."""
    hidden, head_dilation = layout
    offsets = {0}
    for dilation in [*(dilation for _, dilation in hidden), head_dilation]:
        offsets = {offset + tap * dilation for offset in offsets for tap in range(taps)}
    return offsets


def batch_norm(x: Array, weights: Weights, name: str, training: bool) -> Array:
    """Per channel: by the stored statistics, or while training by those of the batch itself."""
    mean, variance = weights[f"{name}/moving_mean"], weights[f"{name}/moving_variance"]
    if training:
        mean, variance = x.mean(axis=(0, 1)), x.var(axis=(0, 1))
    normalized = (x - mean) / np.sqrt(variance + BATCH_NORM_EPSILON)
    return normalized * weights[f"{name}/gamma"] + weights[f"{name}/beta"]


def side(
    x: Array,
    weights: Weights,
    name: str,
    layout: Layout,
    activation: str,
    heads: tuple[str, str],
    training: bool,
) -> tuple[Array, Array]:
    """Hidden layers (convolution, activation, BatchNorm), then the two heads."""
    hidden, head_dilation = layout
    for number, (units, dilation) in enumerate(hidden, start=1):
        kernel, bias = (weights[f"{name}_conv_{number}/{part}"] for part in ("kernel", "bias"))
        assert kernel.shape[2] == units
        x = ACTIVATIONS[activation](dilated_causal_convolution(x, kernel, bias, dilation))
        x = batch_norm(x, weights, f"{name}_norm_{number}", training)
    first, second = (
        dilated_causal_convolution(
            x, weights[f"{head}/kernel"], weights[f"{head}/bias"], head_dilation
        )
        for head in heads
    )
    return first, second


def encode(
    x: Array, settings: Settings, weights: Weights, training: bool = False
) -> tuple[Array, Array]:
    """z_mean and z_log_var (batch, time, latent) of windows (batch, time, series)."""
    layout = encoder_layout(settings)
    heads = ("z_mean", "z_log_var")
    return side(x, weights, "encoder", layout, settings.activation, heads, training)


def decode(
    z: Array, settings: Settings, weights: Weights, training: bool = False
) -> tuple[Array, Array]:
    """Mean and spread (batch, time, series) of latent sequences (batch, time, latent)."""
    layout = decoder_layout(settings)
    return side(z, weights, "decoder", layout, "elu", ("x_mean", "x_spread"), training)


def forward(
    x: Array, noise: Array, settings: Settings, weights: Weights, training: bool = False
) -> dict[str, Array]:
    """The whole network with given standard normal numbers (batch, time, latent) for the draw."""
    z_mean, z_log_var = encode(x, settings, weights, training)
    z = z_mean + np.sqrt(np.exp(z_log_var)) * noise
    mean, spread = decode(z, settings, weights, training)
    return {"z_mean": z_mean, "z_log_var": z_log_var, "mean": mean, "spread": spread}


def loss_parts(x: Array, outputs: dict[str, Array], spread_reading: str) -> tuple[float, float]:
    """Mean negative log-likelihood of a cell and mean KL of a latent number, by loops."""
    log_likelihoods = []
    for cell in np.ndindex(x.shape):
        residual, spread = x[cell] - outputs["mean"][cell], outputs["spread"][cell]
        if spread_reading == "paper":
            log_likelihoods.append(0.5 * (residual**2 / np.exp(spread) + spread))
        else:
            log_likelihoods.append(0.5 * (residual / np.exp(spread)) ** 2 + spread)
    divergences = []
    for place in np.ndindex(outputs["z_mean"].shape):
        mean, log_variance = outputs["z_mean"][place], outputs["z_log_var"][place]
        divergences.append(0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1))
    return float(np.mean(log_likelihoods)), float(np.mean(divergences))
