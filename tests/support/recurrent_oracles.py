"""Slow, obvious NumPy versions of the recurrent networks, in float64, from their recurrences.

SimpleRNN: Elman 1990. GRU: Cho et al. 2014, in the form with the reset after the product that
fused kernels have. LSTM: Hochreiter and Schmidhuber 1997, with forget gates. One row after the
other, one gate a line; the package is not called.
"""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from dcvae.config import Settings
from support.oracles import ACTIVATIONS, batch_norm

Array = NDArray[np.float64]
LayerWeights = dict[str, list[Array]]


def weights_of(network: Any) -> LayerWeights:
    """The weights of every layer of both sides, by the layer's name, in Keras's order."""
    return {
        layer.name: [keras.ops.convert_to_numpy(w).astype(np.float64) for w in layer.weights]
        for side in (network.encoder, network.decoder)
        for layer in side.layers
    }


def recurrent(x: Array, weights: list[Array], layer_type: str, activation: str) -> Array:
    """All states (batch, time, units) of a recurrent layer over (batch, time, channels)."""
    kernel, recurrent_kernel, bias = weights
    units = recurrent_kernel.shape[0]
    act, sigmoid = ACTIVATIONS[activation], ACTIVATIONS["sigmoid"]

    def gate(values: Array, number: int) -> Array:
        return values[..., number * units : (number + 1) * units]

    state = np.zeros((len(x), units))
    memory = np.zeros((len(x), units))
    states = []
    for position in range(x.shape[1]):
        row = x[:, position]
        if layer_type == "rnn":
            state = act(row @ kernel + bias + state @ recurrent_kernel)
        elif layer_type == "gru":
            from_row = row @ kernel + bias[0]
            from_state = state @ recurrent_kernel + bias[1]
            update = sigmoid(gate(from_row, 0) + gate(from_state, 0))
            reset = sigmoid(gate(from_row, 1) + gate(from_state, 1))
            candidate = act(gate(from_row, 2) + reset * gate(from_state, 2))
            state = update * state + (1 - update) * candidate
        else:
            both = row @ kernel + state @ recurrent_kernel + bias
            take, forget, show = (sigmoid(gate(both, number)) for number in (0, 1, 3))
            memory = forget * memory + take * act(gate(both, 2))
            state = show * act(memory)
        states.append(state)
    return np.stack(states, axis=1)


def rnn_vae(x: Array, noise: Array, settings: Settings, weights: LayerWeights) -> dict[str, Array]:
    """RNN-VAE at rest, with given standard normal numbers (batch, time, latent) for the draw.

    The decoder has a hidden layer for every entry of `rnn_units`, the encoder none for the last.
    """
    units, kind = list(settings.rnn_units), settings.layer_type

    def side(x: Array, name: str, hidden: list[int], heads: tuple[str, str]) -> list[Array]:
        for number, width in enumerate(hidden, start=1):
            x = recurrent(x, weights[f"{name}_{kind}_{number}"], kind, settings.activation)
            assert x.shape[-1] == width
            parts = ("gamma", "beta", "moving_mean", "moving_variance")
            stored = weights[f"{name}_norm_{number}"]
            norm = {f"n/{part}": value for part, value in zip(parts, stored, strict=True)}
            x = batch_norm(x, norm, "n", training=False)
        return [recurrent(x, weights[head], kind, "linear") for head in heads]

    z_mean, z_log_var = side(x, "encoder", units[:-1], ("z_mean", "z_log_var"))
    if settings.fidelity_bounds == "paper":
        z_log_var = np.minimum(np.maximum(z_log_var, -10.0), 10.0)
    z = z_mean + np.exp(z_log_var / 2) * noise
    mean, spread = side(z, "decoder", units[::-1], ("x_mean", "x_spread"))
    return {"z_mean": z_mean, "z_log_var": z_log_var, "mean": mean, "spread": spread}


def sequence_autoencoder(
    x: Array, settings: Settings, weights: LayerWeights
) -> tuple[Array, Array]:
    """Embedding (batch, embedding) and reconstruction (batch, time, series)."""
    kind = settings.layer_type
    first = recurrent(x, weights["encoder_1"], kind, "tanh")
    embedding = recurrent(first, weights["encoder_2"], kind, "tanh")[:, -1]
    repeated = np.stack([embedding] * x.shape[1], axis=1)
    third = recurrent(repeated, weights["decoder_1"], kind, "tanh")
    fourth = recurrent(third, weights["decoder_2"], kind, "tanh")
    kernel, bias = weights["x_mean"]
    return embedding, fourth @ kernel + bias
