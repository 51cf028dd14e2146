"""The windowed forward pass that every fast way of scoring is held against."""

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from dcvae.config import Settings
from dcvae.data import gather_windows, num_windows
from dcvae.networks import Autoencoder, sigma_from
from dcvae.scoring import Scores
from dcvae.scoring.causal import latent_noise

FIELDS = ("mean", "sigma", "error", "latent")
TOLERANCE = 1e-5  # of the spread of an output over the rows
SHAPES: dict[str, dict[str, Any]] = {
    "tiny": {},
    "exactly T": {"T": 16, "cnn_units": [4, 4, 4], "dil_rate": [1, 2, 4, 8]},
    "T below the field": {"T": 10, "cnn_units": [4, 5, 6], "dil_rate": [1, 2, 4, 8]},
    "T far above the field": {"T": 30, "cnn_units": [4], "dil_rate": [1, 2]},
    "one dilation beyond T": {"T": 6, "cnn_units": [4, 3], "dil_rate": [1, 9, 2]},
    "all dilations beyond T": {"T": 4, "cnn_units": [4, 3], "dil_rate": [5, 7, 9]},
    "falling dilations": {"T": 14, "cnn_units": [4, 3, 5], "dil_rate": [6, 3, 1]},
    "equal dilations": {"T": 12, "cnn_units": [3, 3], "dil_rate": [3, 3, 3]},
    "kernel 3": {"T": 20, "kernel": 3, "cnn_units": [5, 4, 6], "dil_rate": [1, 3, 9]},
    "kernel 4": {"T": 17, "kernel": 4, "cnn_units": [5, 4], "dil_rate": [2, 1, 3]},
    "one series": {"T": 9, "M": 1, "J": 1, "cnn_units": [4, 3, 2], "dil_rate": [1, 2, 3]},
    "wide": {"T": 11, "M": 5, "J": 4, "cnn_units": [7, 6], "dil_rate": [1, 4], "kernel": 3},
    "shortest": {"T": 2, "M": 3, "J": 3, "cnn_units": [4, 4], "dil_rate": [1, 1]},
    "relu": {"T": 12, "activation": "relu", "cnn_units": [8, 8], "dil_rate": [1, 2, 4]},
}


def windowed(network: Autoencoder, rows: NDArray[np.float32], settings: Settings) -> Scores:
    """Run the network on every window, whole, and keep the last row."""
    length = settings.window_length
    count = num_windows(len(rows), length)
    windows = gather_windows(rows, np.arange(count, dtype=np.int32), length)
    z, z_log_var = network.encoder(windows, training=False)
    if settings.fidelity_latent == "code":
        noise = latent_noise(settings.seed, 0, count, length, settings.latent_size)
        z = z + ops.exp(0.5 * z_log_var) * noise
    mean, spread = network.decoder(z, training=False)
    mean, sigma, z = (ops.convert_to_numpy(part)[:, -1] for part in (mean, sigma_from(spread), z))
    return Scores(mean, sigma, rows[length - 1 :] - mean, z)


def assert_same_scores(actual: Scores, expected: Scores) -> None:
    for name in FIELDS:
        left, right = getattr(actual, name), getattr(expected, name)
        assert left.shape == right.shape
        assert left.dtype == np.float32
        spread = right.std()
        assert spread > 1e-3, f"{name} says nothing: it does not vary"
        assert np.abs(left - right).max() / spread < TOLERANCE, name
