"""A step in NumPy against the gradients that TensorFlow finds for the network in Keras."""

import itertools
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from dcvae.config import TrainingKeys
from dcvae.data.windows import gather_windows
from dcvae.networks import Autoencoder, build_network
from dcvae.networks.in_numpy.from_keras import describe
from dcvae.training import NumpyEpochs
from dcvae.training.in_numpy import batches
from support.builders import random_rows, randomized
from support.network_tools import varied_keys

tf = pytest.importorskip("tensorflow")
if keras.backend.backend() != "tensorflow":
    pytest.skip("gradients are TensorFlow's", allow_module_level=True)

BATCH = 7
STARTS = np.array([3, 17, 0, 9, 9, 30, 25], dtype=np.int32)


def with_noise(network: Autoencoder, noise: Any) -> None:
    """Let a network draw these numbers."""
    network.sampling.call = lambda mean, log: mean + ops.exp(0.5 * log) * noise


def gradients_of(network: Autoencoder, windows: Any) -> tuple[list[float], list[Any]]:
    with tf.GradientTape() as tape:
        parts = network.losses_of(windows, network(windows, training=True))
        means = [tf.reduce_mean(part) for part in parts]
        total = means[0] + means[1]
    return [float(x) for x in means], tape.gradient(total, network.trainable_variables)


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("number", range(12))
def test_losses_gradients_and_statistics(number: int, parts: int, monkeypatch: Any) -> None:
    keys = varied_keys(number)
    rows = random_rows(50, keys.num_series or 0)
    network = randomized(build_network(keys), number)
    shape = BATCH, keys.window_length, keys.latent_size
    noise = np.random.default_rng(number).normal(size=shape).astype(np.float32)
    monkeypatch.setattr(batches, "standard_normal_of_steps", lambda *_, **__: noise[np.newaxis])
    edges = [BATCH * part // parts for part in range(parts + 1)]
    cut = [slice(a, b) for a, b in itertools.pairwise(edges)]
    monkeypatch.setattr(batches, "_parts", lambda *_: cut)
    runner = NumpyEpochs(describe(network), rows, TrainingKeys(lr=1e-3))
    (losses,) = runner.train(STARTS, BATCH)

    with_noise(network, noise)
    windows = gather_windows(rows, STARTS, keys.window_length)
    expected, gradients = gradients_of(network, windows)
    np.testing.assert_allclose(losses[0], expected, rtol=2e-5)
    values = runner.values()
    # After one step from nothing Adam's first moment is a tenth of the gradient.
    found = [10 * value for name, value in values.items() if name.endswith("_momentum")]
    scale = max(float(np.abs(gradient).max()) for gradient in gradients)
    for own, other in zip(found, gradients, strict=True):
        np.testing.assert_allclose(own, other, rtol=2e-3, atol=2e-5 * scale)
    statistics = [value for name, value in values.items() if "/moving_" in name]
    kept = [x for x in network.non_trainable_variables if x.name.startswith("moving_")]
    for own, variable in zip(statistics, kept, strict=True):
        np.testing.assert_allclose(own, variable, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("number", [1, 2])
def test_validation_has_the_losses_of_the_network(number: int, monkeypatch: Any) -> None:
    keys = varied_keys(number)
    rows = random_rows(50, keys.num_series or 0)
    network = randomized(build_network(keys), number)
    shape = 4, keys.window_length, keys.latent_size
    noise = np.random.default_rng(number).normal(size=(2, *shape)).astype(np.float32)
    monkeypatch.setattr(batches, "standard_normal_of_steps", lambda *_, **__: noise)
    runner = NumpyEpochs(describe(network), rows, TrainingKeys())
    losses = np.concatenate(list(runner.validate(STARTS, 4)))
    for number, (first, count) in enumerate([(0, 4), (4, 3)]):  # the second is filled up
        with_noise(network, noise[number, :count])
        windows = gather_windows(rows, STARTS[first : first + count], keys.window_length)
        parts = network.losses_of(windows, network(windows, training=False))
        expected = [float(np.mean(ops.convert_to_numpy(part))) for part in parts]
        np.testing.assert_allclose(losses[number], expected, rtol=2e-5)
    assert runner.values()["optimizer/000/iteration"] == 0
