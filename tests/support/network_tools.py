"""What several test files do to networks: windows to show them, draws that are known."""

import json
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from dcvae.config import Settings
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
