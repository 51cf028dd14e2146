"""What several test files do to networks: windows to show them, draws that are known."""

import json
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from dcvae.config import NetworkKeys, Settings
from dcvae.networks.in_numpy.activations import ACTIVATIONS
from dcvae.networks.in_numpy.weights import ConvolutionSide
from dcvae.networks.vae import VariationalAutoencoder
from support.builders import random_rows

RECURRENT = {"model_name": "tiny", "M": 2, "T": 6, "batch_size": 8, "epochs": 2, "seed": 7}


def rnn_vae_settings(**keys: Any) -> Settings:
    """Tiny settings of RNN-VAE: one hidden layer a side, two latent channels."""
    return Settings.from_text(json.dumps(RECURRENT | {"rnn_units": [4, 3], "J": 2} | keys), "tiny")


def seq2seq_settings(**keys: Any) -> Settings:
    """Tiny settings of the sequence-to-sequence autoencoder."""
    own = {"architecture": "seq2seq", "hidden_size": 5, "embedding_size": 4}
    return Settings.from_text(json.dumps(RECURRENT | own | keys), "tiny")


def windows_of(settings: Settings, count: int, seed: int = 0) -> NDArray[np.float32]:
    """Random windows (count, T, series)."""
    rows = random_rows(count * settings.window_length, settings.num_series or 0, seed)
    return rows.reshape(count, settings.window_length, -1)


def as_numpy(outputs: dict[str, Any]) -> dict[str, NDArray[np.float32]]:
    return {name: ops.convert_to_numpy(value) for name, value in outputs.items()}


def fix_noise(network: VariationalAutoencoder, noise: Any, monkeypatch: Any) -> None:
    """Let the network draw these numbers, so that its answer can be compared."""

    def draw(z_mean: Any, z_log_var: Any) -> Any:
        return z_mean + ops.exp(0.5 * z_log_var) * ops.convert_to_tensor(noise, "float32")

    monkeypatch.setattr(network.sampling, "call", draw)


def arrays_of(side: ConvolutionSide) -> list[NDArray[np.float32]]:
    """Weights of a side in the order in which Keras lists them."""
    arrays: list[NDArray[np.float32]] = []
    for layer in (*side.hidden, *side.heads):
        arrays += [layer.kernel, layer.bias]
        if layer.norm is not None:
            norm = layer.norm
            arrays += [norm.gamma, norm.beta, norm.mean, norm.variance]
    return arrays


def varied_keys(number: int) -> NetworkKeys:
    """Keys of a DC-VAE, other ones for each number: sizes, activations, conventions, seeds."""
    random = np.random.default_rng(number)
    fidelity = ["paper", "code"]
    units = [int(x) for x in random.integers(1, 9, random.integers(2, 4))]
    count = len(units) + (number % 2 if number % 3 else 1)
    return NetworkKeys(
        T=int(random.integers(4, 13)),
        M=int(random.integers(1, 6)),
        J=int(random.integers(1, 5)),
        cnn_units=units,
        dil_rate=[int(x) for x in random.integers(1, 6, count)],
        kernel=2 + number % 2,
        activation=tuple(ACTIVATIONS)[number % len(ACTIVATIONS)],
        seed=[number, 123, 2**31 - 1, 2**32 - 1][number % 4],
        **{
            key: fidelity[int(random.integers(2))]
            for key in ("fidelity_spread", "fidelity_encoder", "fidelity_decoder")
        },
        fidelity_bounds=fidelity[number // 2 % 2],
        fidelity_norm=fidelity[number // 3 % 2],
    )
