"""DC-VAE: an encoder and a decoder of dilated causal convolutions (García González et al. 2022).

`plan` derives the layers (how many, how wide, with which dilation) from the settings; this module
builds them.
"""

from collections.abc import Sequence

import keras

from dcvae.config import NetworkKeys
from dcvae.networks.layers import ConvHeads, DilatedCausalConv
from dcvae.networks.plan import (
    BATCH_NORM_MOMENTUM,
    DECODER_ACTIVATION,
    SidePlan,
    decoder_plan,
    encoder_momentum,
    encoder_plan,
)
from dcvae.networks.vae import VariationalAutoencoder


def build(keys: NetworkKeys, num_series: int) -> VariationalAutoencoder:
    """Build DC-VAE, untrained.

    Args:
        keys: of `architecture` "dc-vae".
        num_series: number of series, M.

    Returns:
        A network of windows (batch, T, M).
    """
    encoder = _build_side(
        "encoder",
        encoder_plan(keys),
        keys.kernel,
        keys.activation,
        (keys.window_length, num_series),
        ("z_mean", "z_log_var"),
        keys.latent_size,
        encoder_momentum(keys),
    )
    decoder = _build_side(
        "decoder",
        decoder_plan(keys),
        keys.kernel,
        DECODER_ACTIVATION,
        (keys.window_length, keys.latent_size),
        ("x_mean", "x_spread"),
        num_series,
        BATCH_NORM_MOMENTUM,
    )
    return VariationalAutoencoder(
        encoder,
        decoder,
        keys.fidelity_spread,
        keys.seed,
        bounded=keys.fidelity_bounds == "paper",
        name="dc_vae",
    )


def _build_side(
    name: str,
    plan: SidePlan,
    kernel_size: int,
    activation: str,
    input_shape: tuple[int, int],
    head_names: Sequence[str],
    head_units: int,
    momentum: float,
) -> keras.Model:
    """Build hidden layers (convolution, activation, BatchNorm) and parallel linear heads."""
    inputs = keras.Input(input_shape, name=f"{name}_input")
    hidden = inputs
    for number, (units, dilation) in enumerate(plan.hidden, start=1):
        convolution = DilatedCausalConv(
            units, kernel_size, dilation, activation, name=f"{name}_conv_{number}"
        )
        hidden = convolution(hidden)
        norm = keras.layers.BatchNormalization(momentum=momentum, name=f"{name}_norm_{number}")
        hidden = norm(hidden)
    heads = ConvHeads(head_names, head_units, kernel_size, plan.head_dilation, name=f"{name}_heads")
    return keras.Model(inputs, heads(hidden), name=name)
