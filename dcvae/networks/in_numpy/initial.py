"""Untrained weights of DC-VAE, drawn as `build_network` draws them on TensorFlow."""

import math
import random

import numpy as np

from dcvae._arrays import Float32Array
from dcvae.config import NetworkKeys
from dcvae.networks.in_numpy import draws
from dcvae.networks.in_numpy.weights import Convolution, ConvolutionSide, NetworkWeights, Norm
from dcvae.networks.plan import (
    BATCH_NORM_MOMENTUM,
    DECODER_ACTIVATION,
    SidePlan,
    decoder_plan,
    encoder_momentum,
    encoder_plan,
)

_LARGEST_SEED = 10**9  # that Keras gives an initializer


def initial_weights(keys: NetworkKeys) -> NetworkWeights:
    """Draw the weights of an untrained DC-VAE from its seed.

    They are those of `build_network` on TensorFlow, bit for bit. No global random state is used.

    Args:
        keys: of `architecture` "dc-vae", with a known `num_series`.

    Returns:
        The weights: kernels uniform within the bounds of Glorot and Bengio (2010), biases 0, batch
        normalization that changes nothing.

    Raises:
        ValueError: the keys are of another architecture, or `num_series` is None.

    Examples:
        >>> from dcvae.config import NetworkKeys
        >>> keys = NetworkKeys(T=8, M=2, cnn_units=(4,), dil_rate=(1, 2), J=3)
        >>> weights = initial_weights(keys)
        >>> [layer.kernel.shape for layer in (*weights.encoder.hidden, *weights.encoder.heads)]
        [(2, 2, 4), (2, 4, 3), (2, 4, 3)]
    """
    if keys.architecture != "dc-vae" or keys.num_series is None:
        raise ValueError(
            "Expected settings of dc-vae with a known `num_series`. Received: `architecture` "
            f"{keys.architecture!r}, `num_series` {keys.num_series}."
        )
    seeds = random.Random(keys.seed)
    encoder = _draw_side(
        seeds,
        encoder_plan(keys),
        keys.kernel,
        keys.activation,
        (keys.num_series, keys.latent_size),
        encoder_momentum(keys),
    )
    decoder = _draw_side(
        seeds,
        decoder_plan(keys),
        keys.kernel,
        DECODER_ACTIVATION,
        (keys.latent_size, keys.num_series),
        BATCH_NORM_MOMENTUM,
    )
    return NetworkWeights(
        keys.architecture,
        keys.window_length,
        keys.num_series,
        keys.latent_size,
        encoder,
        decoder,
        spread_convention=keys.fidelity_spread,
        bounded=keys.fidelity_bounds == "paper",
        seed=keys.seed,
        draw_state=np.array([keys.seed, 0], dtype=np.uint32),
    )


def _draw_side(
    seeds: random.Random,
    plan: SidePlan,
    taps: int,
    activation: str,
    channels: tuple[int, int],
    momentum: float,
) -> ConvolutionSide:
    """Draw hidden layers and heads, in the order in which Keras builds them."""
    hidden = []
    width = channels[0]
    for units, dilation in plan.hidden:
        kernel, bias = _draw_convolution(seeds, taps, width, units)
        zeros, ones = np.zeros(units, np.float32), np.ones(units, np.float32)
        norm = Norm(ones, zeros, zeros.copy(), ones.copy(), momentum=momentum)
        hidden.append(Convolution(kernel, bias, dilation, activation, norm))
        width = units
    first, second = (
        Convolution(*_draw_convolution(seeds, taps, width, channels[1]), plan.head_dilation)
        for _ in range(2)
    )
    return ConvolutionSide(tuple(hidden), (first, second))


def _draw_convolution(
    seeds: random.Random, taps: int, channels: int, units: int
) -> tuple[Float32Array, Float32Array]:
    """Draw a kernel (taps, channels, units) of Glorot and Bengio (2010), with biases of 0."""
    limit = math.sqrt(3.0 / max(1.0, taps * (channels + units) / 2.0))
    seed = seeds.randint(1, _LARGEST_SEED)
    kernel = draws.uniform((taps, channels, units), (seed, 0), -limit, limit)
    return kernel, np.zeros(units, dtype=np.float32)
