"""Untrained weights against those of Keras on TensorFlow, over the keys that change them."""

import random

import keras
import numpy as np
import pytest

from dcvae.config import NetworkKeys
from dcvae.networks import build_network
from dcvae.networks.in_numpy import draws
from dcvae.networks.in_numpy.initial import initial_weights
from support.network_tools import arrays_of, varied_keys

# Others draw other numbers, for which there is no twin in NumPy.
on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="draws are those of TensorFlow"
)


@on_tensorflow
@pytest.mark.parametrize("number", range(12))
def test_weights_are_those_of_keras(number):
    keys = varied_keys(number)
    network, weights = build_network(keys), initial_weights(keys)
    for side, expected in ((weights.encoder, network.encoder), (weights.decoder, network.decoder)):
        drawn = arrays_of(side)
        assert len(drawn) == len(expected.weights)
        for ours, theirs in zip(drawn, expected.weights, strict=True):
            assert ours.dtype == np.float32
            assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("number", range(12))
def test_what_is_known_of_a_network_is_that_of_keras(number):
    keys = varied_keys(number)
    network, weights = build_network(keys), initial_weights(keys)
    rows = (None, keys.window_length)
    assert network.encoder.input_shape == (*rows, weights.num_series)
    assert network.decoder.input_shape == (*rows, weights.latent_size)
    assert weights.window_length == keys.window_length
    assert weights.architecture == "dc-vae"
    config = network.get_config()
    assert weights.spread_convention == config["spread_reading"]
    assert weights.bounded == config.get("bounded", True)
    assert weights.gradient_norm == config["gradient_norm"]
    assert weights.seed == config["seed"]
    assert np.array_equal(weights.draw_state, network.sampling.seed_generator.state)
    for side, expected in ((weights.encoder, network.encoder), (weights.decoder, network.decoder)):
        norms = [x for x in expected.layers if isinstance(x, keras.layers.BatchNormalization)]
        convolutions = [x for x in expected.layers if "_conv_" in x.name]
        heads = expected.layers[-1].heads
        assert [x.norm.momentum for x in side.hidden] == [x.momentum for x in norms]
        assert [x.norm.epsilon for x in side.hidden] == [x.epsilon for x in norms]
        for ours, theirs in zip(side.hidden, convolutions, strict=True):
            assert keras.activations.get(ours.activation) is theirs.activation
        assert [x.dilation for x in side.hidden] == [x.dilation for x in convolutions]
        assert [x.dilation for x in side.heads] == [x.dilation for x in heads]
        assert {x.activation for x in side.heads} == {"linear"}


def test_nothing_that_is_global_is_drawn_from():
    states = random.getstate(), np.random.get_state()  # noqa: NPY002
    initial_weights(varied_keys(0))
    assert random.getstate() == states[0]
    assert np.array_equal(np.random.get_state()[1], states[1][1])  # noqa: NPY002


def test_weights_of_a_norm_can_be_changed_one_by_one():
    norm = initial_weights(varied_keys(0)).encoder.hidden[0].norm
    norm.beta[:] = 2
    norm.gamma[:] = 3
    assert (norm.mean == 0).all()
    assert (norm.variance == 1).all()


def test_another_architecture_is_refused():
    with pytest.raises(ValueError, match=r"of dc-vae .* `architecture` 'rnn-vae', `num_series` 2"):
        initial_weights(NetworkKeys(architecture="rnn-vae", M=2))


def test_a_number_of_series_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match="`num_series` None"):
        initial_weights(NetworkKeys())


def test_kernels_lie_within_the_bounds_of_glorot():
    keys = NetworkKeys(T=8, M=10, cnn_units=(50,), dil_rate=(1, 2), kernel=2, J=3)
    kernel = initial_weights(keys).encoder.hidden[0].kernel
    limit = np.sqrt(6 / (2 * 10 + 2 * 50))
    assert 0.99 * limit < np.abs(kernel).max() <= limit
    assert abs(kernel.mean()) < 0.05 * limit
    assert draws.advanced((1, 0)) == (1, 1)
