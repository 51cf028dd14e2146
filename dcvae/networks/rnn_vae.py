"""RNN-VAE: the variational autoencoder with recurrent layers in place of the convolutions.

The authors of DC-VAE published RNN-VAE beside it. An output of a recurrent layer depends on all
rows of a window up to its own, whatever the window's length, so there are no dilations and there is
no receptive field to choose.

Layers are Keras's own. On a GPU, GRU and LSTM layers with tanh run as a fused kernel; the heads,
which have no activation, run step by step.
"""

from typing import Any

import keras
from keras import ops

from dcvae._arrays import Tensor
from dcvae.config import NetworkKeys
from dcvae.networks.base import PACKAGE
from dcvae.networks.layers import RECURRENT_LAYERS
from dcvae.networks.losses import LOG_VARIANCE_BOUND
from dcvae.networks.plan import BATCH_NORM_MOMENTUM, encoder_momentum
from dcvae.networks.vae import VariationalAutoencoder

# The state of a recurrent head without activation is not bounded. Keras's orthogonal recurrent
# weights keep the norm of a state, so it adds up over the whole window: after hundreds of rows
# exp(z_log_var) is infinite before the first step of training. Weights of half that size let the
# influence of a row fade within a few rows, and training may change them.
_HEAD_GAIN = 0.5
# A gradient through hundreds of rows explodes now and then; cut to this norm (Pascanu et al. 2013).
_GRADIENT_NORM = 1.0


@keras.saving.register_keras_serializable(PACKAGE)  # type: ignore[untyped-decorator]
def bounded_log_variance(log_variance: Tensor) -> Tensor:
    """Bound the log variance of the latent: a single step may still be large."""
    return ops.clip(log_variance, -LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND)


def build(keys: NetworkKeys, num_series: int) -> VariationalAutoencoder:
    """Build RNN-VAE, untrained.

    With L entries in `rnn_units`, the encoder has L - 1 hidden layers with the units of the first
    L - 1 entries, the decoder L, with those of all entries in reverse; both have two heads.

    Args:
        keys: of `architecture` "rnn-vae".
        num_series: number of series, M.

    Returns:
        A network of windows (batch, T, M).
    """
    length, bounded = keys.window_length, keys.fidelity_bounds == "paper"
    inputs, encoded = _hidden_layers(
        "encoder", keys, keys.rnn_units[:-1], (length, num_series), encoder_momentum(keys)
    )
    z_mean = _head("z_mean", keys, keys.latent_size)(encoded)
    z_log_var = _head("z_log_var", keys, keys.latent_size)(encoded)
    if bounded:
        # A layer with a name: Keras numbers what has none through the life of the process, and the
        # same network would be other bytes on disk.
        bound = keras.layers.Activation(bounded_log_variance, name="z_log_var_bounded")
        z_log_var = bound(z_log_var)
    encoder = keras.Model(inputs, [z_mean, z_log_var], name="encoder")
    latent, decoded = _hidden_layers(
        "decoder", keys, keys.rnn_units[::-1], (length, keys.latent_size), BATCH_NORM_MOMENTUM
    )
    heads = [_head(name, keys, num_series)(decoded) for name in ("x_mean", "x_spread")]
    decoder = keras.Model(latent, heads, name="decoder")
    return VariationalAutoencoder(
        encoder,
        decoder,
        keys.fidelity_spread,
        keys.seed,
        gradient_norm=_GRADIENT_NORM if bounded else None,
        bounded=bounded,
        name="rnn_vae",
    )


def _hidden_layers(
    side: str,
    keys: NetworkKeys,
    units: tuple[int, ...],
    input_shape: tuple[int, int],
    momentum: float,
) -> tuple[Tensor, Tensor]:
    """Build recurrent layers over the whole sequence, BatchNorm after each: input and output."""
    inputs = keras.Input(input_shape, name=f"{side}_input")
    hidden = inputs
    for number, width in enumerate(units, start=1):
        recurrent = RECURRENT_LAYERS[keys.layer_type](
            width,
            activation=keys.activation,
            return_sequences=True,
            name=f"{side}_{keys.layer_type}_{number}",
        )
        hidden = recurrent(hidden)
        norm = keras.layers.BatchNormalization(momentum=momentum, name=f"{side}_norm_{number}")
        hidden = norm(hidden)
    return inputs, hidden


def _head(name: str, keys: NetworkKeys, units: int) -> Any:
    """Build a recurrent layer without activation; see `_HEAD_GAIN`."""
    gain = _HEAD_GAIN if keys.fidelity_bounds == "paper" else 1.0
    return RECURRENT_LAYERS[keys.layer_type](
        units,
        activation="linear",
        recurrent_initializer=keras.initializers.Orthogonal(gain=gain),
        return_sequences=True,
        name=name,
    )
