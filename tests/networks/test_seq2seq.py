"""The sequence-to-sequence autoencoder against a NumPy twin, and what it minimizes."""

import numpy as np
import pytest
from keras import ops

from dcvae.networks import build_network
from support import recurrent_oracles as oracles
from support.builders import random_network
from support.network_tools import as_numpy, seq2seq_settings, windows_of

TOLERANCE = 1e-5


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_equals_the_twin(kind: str) -> None:
    settings = seq2seq_settings(layer_type=kind, T=16, M=3)
    network = random_network(settings, seed=3)
    x = windows_of(settings, count=3)
    weights = oracles.weights_of(network)
    embedding, mean = oracles.sequence_autoencoder(x.astype(np.float64), settings, weights)
    assert embedding.std() > 0.01
    assert mean.std() > 0.01
    made = network.reconstruct(x)
    np.testing.assert_allclose(ops.convert_to_numpy(made.mean), mean, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(ops.convert_to_numpy(made.latent), embedding, rtol=0, atol=TOLERANCE)
    np.testing.assert_array_equal(ops.convert_to_numpy(made.sigma), np.ones_like(mean))
    assert embedding.shape == (3, network.latent_size)
    outputs = as_numpy(network(x))
    assert list(outputs) == ["mean"]
    np.testing.assert_allclose(outputs["mean"], mean, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(("loss", "expected"), [("mae", (0 + 1 + 2 + 3) / 4), ("mse", 14 / 4)])
def test_what_it_minimizes(loss: str, expected: float) -> None:
    network = build_network(seq2seq_settings(loss=loss))
    windows = np.array([[[0.0, -1.0], [2.0, -3.0]]], dtype=np.float32)
    reconst, kl = network.losses_of(windows, {"mean": ops.zeros((1, 2, 2))})
    assert ops.convert_to_numpy(reconst).tolist() == [expected]
    assert ops.convert_to_numpy(kl).tolist() == [0.0]


def test_draws_of_a_latent_are_not_read() -> None:
    """It draws none: whoever scores with draws may give them to any architecture."""
    settings = seq2seq_settings(layer_type="gru")
    network = random_network(settings)
    x = windows_of(settings, count=2)
    noise = np.ones((2, settings.window_length, network.latent_size), dtype=np.float32)
    for left, right in zip(network.reconstruct(x), network.reconstruct(x, noise), strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(left), ops.convert_to_numpy(right))
