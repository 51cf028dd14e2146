"""The windowed forward pass that every fast way of scoring is held against."""

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
