"""Recurrent relatives of DC-VAE: RNN-VAE, and an autoencoder from sequence to sequence.

RNN-VAE is the sibling that the authors of DC-VAE published beside it: the same model with
recurrent layers for the convolutions. A recurrent layer sees every row of a window before its own,
whatever the window's length, so there are no dilations and there is no receptive field to choose.

The sequence-to-sequence autoencoder (after the experiments on water treatment data that made it
common) squeezes a whole window through one vector, the last state of its encoder, and unrolls that
vector again.

Layers are Keras's own: on a GPU they take its fused kernel where there is one for what they are
asked, which is a GRU or an LSTM with tanh. The heads of RNN-VAE, which have no activation, run
step by step.
"""

from typing import Any

import keras
from keras import ops

from dcvae.config.settings import LayerType, Settings
from dcvae.networks.base import SequenceAutoencoder, VariationalAutoencoder
from dcvae.networks.losses import Tensor

_LAYERS: dict[LayerType, type[keras.layers.Layer]] = {
    "rnn": keras.layers.SimpleRNN,
    "gru": keras.layers.GRU,
    "lstm": keras.layers.LSTM,
}

# A recurrent head without activation has nothing that bounds its state. With Keras's orthogonal
# weights, whose every direction keeps its length, a state adds up over the whole window: hundreds
# of rows of it make exp(z_log_var) infinite before the first step is taken. Half of that length
# forgets a row within a few, and training may change it.
_HEAD_GAIN = 0.5
# What is left to happen in a single step is bounded: a log variance of 10 is a sigma of 148.
_LOG_VARIANCE_BOUND = 10.0
# A gradient through hundreds of rows explodes now and then; cut to this norm (Pascanu et al. 2013).
_GRADIENT_NORM = 1.0


def build_variational(settings: Settings, num_series: int) -> VariationalAutoencoder:
    """Build RNN-VAE, untrained.

    With L entries in `rnn_units`, the encoder has L - 1 hidden layers of the first of them, the
    decoder L - 1 of the last, in reverse; two heads each.

    Args:
        settings: those of `architecture` "rnn-vae".
        num_series: number of series, M.
    """
    length, hidden = settings.window_length, len(settings.rnn_units) - 1
    inputs, encoded = _hidden_layers(
        "encoder", settings, settings.rnn_units[:hidden], (length, num_series)
    )
    z_mean = _head("z_mean", settings, settings.latent_size)(encoded)
    z_log_var = ops.clip(
        _head("z_log_var", settings, settings.latent_size)(encoded),
        -_LOG_VARIANCE_BOUND,
        _LOG_VARIANCE_BOUND,
    )
    encoder = keras.Model(inputs, [z_mean, z_log_var], name="encoder")
    latent, decoded = _hidden_layers(
        "decoder", settings, settings.rnn_units[::-1][:hidden], (length, settings.latent_size)
    )
    heads = [_head(name, settings, num_series)(decoded) for name in ("x_mean", "x_spread")]
    decoder = keras.Model(latent, heads, name="decoder")
    return VariationalAutoencoder(
        encoder,
        decoder,
        settings.fidelity_spread,
        settings.seed,
        gradient_norm=_GRADIENT_NORM,
        name="rnn_vae",
    )


def build_sequence_to_sequence(settings: Settings, num_series: int) -> SequenceAutoencoder:
    """Build the sequence-to-sequence autoencoder, untrained.

    Two recurrent layers encode, of `hidden_size` and `embedding_size` units; the last state of the
    second is the embedding. Repeated for every row, it is decoded by two layers of the same sizes
    in reverse and a linear map of each row to the series.

    Args:
        settings: those of `architecture` "seq2seq".
        num_series: number of series, M.
    """
    layer = _LAYERS[settings.layer_type]
    length, hidden, embedding = (
        settings.window_length,
        settings.hidden_size,
        settings.embedding_size,
    )
    inputs = keras.Input((length, num_series), name="encoder_input")
    encoded = layer(hidden, return_sequences=True, name="encoder_1")(inputs)
    encoder = keras.Model(inputs, layer(embedding, name="encoder_2")(encoded), name="encoder")
    latent = keras.Input((embedding,), name="decoder_input")
    decoded = keras.layers.RepeatVector(length, name="repeat")(latent)
    decoded = layer(embedding, return_sequences=True, name="decoder_1")(decoded)
    decoded = layer(hidden, return_sequences=True, name="decoder_2")(decoded)
    outputs = keras.layers.Dense(num_series, name="x_mean")(decoded)
    decoder = keras.Model(latent, outputs, name="decoder")
    return SequenceAutoencoder(encoder, decoder, settings.loss, name="seq2seq")


def _hidden_layers(
    side: str, settings: Settings, units: tuple[int, ...], input_shape: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Recurrent layers over the whole sequence, BatchNorm after each: input and output."""
    inputs = keras.Input(input_shape, name=f"{side}_input")
    hidden = inputs
    for number, width in enumerate(units, start=1):
        recurrent = _LAYERS[settings.layer_type](
            width,
            activation=settings.activation,
            return_sequences=True,
            name=f"{side}_{settings.layer_type}_{number}",
        )
        hidden = recurrent(hidden)
        hidden = keras.layers.BatchNormalization(name=f"{side}_norm_{number}")(hidden)
    return inputs, hidden


def _head(name: str, settings: Settings, units: int) -> Any:
    """Give a recurrent layer without activation, which begins to forget early."""
    return _LAYERS[settings.layer_type](
        units,
        activation="linear",
        recurrent_initializer=keras.initializers.Orthogonal(gain=_HEAD_GAIN),
        return_sequences=True,
        name=name,
    )
