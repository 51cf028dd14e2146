"""RNN-VAE against a NumPy twin, and the bounds that keep a recurrent network from running away."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from dcvae.networks import build_network
from support import recurrent_oracles as oracles
from support.builders import random_network
from support.network_tools import as_numpy, fix_noise, rnn_vae_settings, windows_of

TOLERANCE = 1e-5
KINDS = ["rnn", "gru", "lstm"]


@pytest.mark.parametrize("units", [[6, 5], [6, 5, 4]], ids=str)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("kind", KINDS)
def test_equals_the_twin(kind: str, activation: str, units: list[int], monkeypatch: Any) -> None:
    settings = rnn_vae_settings(layer_type=kind, activation=activation, rnn_units=units, T=16, M=3)
    network = random_network(settings, seed=3)
    x = windows_of(settings, count=3)
    noise = np.random.default_rng(1).normal(size=(3, settings.window_length, 2))
    expected = oracles.rnn_vae(x.astype(np.float64), noise, settings, oracles.weights_of(network))
    fix_noise(network, noise, monkeypatch)
    actual = as_numpy(network(x))
    assert set(actual) == set(expected)
    for name, value in expected.items():
        assert actual[name].shape == value.shape
        assert value.std() > 0.01, f"{name} says nothing: it does not vary"
        np.testing.assert_allclose(actual[name], value, rtol=1e-6, atol=TOLERANCE, err_msg=name)


@pytest.mark.parametrize(
    ("units", "encoder", "decoder"), [([8, 4], [8], [4, 8]), ([6, 5, 4], [6, 5], [4, 5, 6])]
)
@pytest.mark.parametrize("fidelity", ["paper", "code"])
def test_the_decoder_has_a_layer_for_every_entry(
    fidelity: str, units: list[int], encoder: list[int], decoder: list[int]
) -> None:
    network = build_network(rnn_vae_settings(rnn_units=units, fidelity=fidelity))
    for side, expected in ((network.encoder, encoder), (network.decoder, decoder)):
        assert [layer.units for layer in side.layers if "_gru_" in layer.name] == expected


def test_parameters_of_the_published_file_by_hand() -> None:
    """GRU: 3 gates of inputs, states and two biases; batch normalization: four numbers a unit."""

    def gru(inputs: int, units: int) -> int:
        return 3 * units * (inputs + units + 2)

    encoder = gru(12, 8) + 4 * 8 + 2 * gru(8, 4)
    decoder = gru(4, 4) + 4 * 4 + gru(4, 8) + 4 * 8 + 2 * gru(8, 12)
    network = build_network(rnn_vae_settings(rnn_units=[8, 4], J=4, M=12, T=16))
    assert (network.encoder.count_params(), network.decoder.count_params()) == (encoder, decoder)
    assert encoder + decoder == 2984


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_bounded_in_the_published_program(kind: str, monkeypatch: Any) -> None:
    settings = rnn_vae_settings(layer_type=kind, T=16, fidelity_bounds="code")
    network = random_network(settings)
    assert (network.bounded, network.gradient_norm) == (False, None)
    for side, name in ((network.encoder, "z_log_var"), (network.decoder, "x_spread")):
        weights = oracles.weights_of(network)[name][1]  # orthogonal: rows of norm 1
        np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 1.0, rtol=1e-5)
        assert side.get_layer(name).activation is keras.activations.linear
    if kind != "rnn":
        return
    network.encoder.get_layer("z_log_var").cell.bias.assign([20.0, -20.0])
    x = windows_of(settings, count=2)
    noise = np.ones((2, settings.window_length, 2))
    expected = oracles.rnn_vae(x.astype(np.float64), noise, settings, oracles.weights_of(network))
    assert np.abs(expected["z_log_var"]).max() > 20
    _, z_log_var = network.encoder(x)
    found = ops.convert_to_numpy(z_log_var)
    np.testing.assert_allclose(found, expected["z_log_var"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_equals_the_twin_over_a_published_window(kind: str, monkeypatch: Any) -> None:
    settings = rnn_vae_settings(layer_type=kind, T=512, rnn_units=[8, 4], J=4, M=12)
    network = random_network(settings, seed=3)
    x = windows_of(settings, count=1)
    noise = np.random.default_rng(1).normal(size=(1, 512, 4))
    expected = oracles.rnn_vae(x.astype(np.float64), noise, settings, oracles.weights_of(network))
    fix_noise(network, noise, monkeypatch)
    actual = network.predict_on_batch(x)  # as a graph: step by step it takes ten times as long
    for name, value in expected.items():
        np.testing.assert_allclose(actual[name], value, rtol=0, atol=TOLERANCE, err_msg=name)


def test_a_log_variance_of_the_latent_is_bounded() -> None:
    settings = rnn_vae_settings(layer_type="rnn", T=16)
    network = random_network(settings)
    head = network.encoder.get_layer("z_log_var")
    head.cell.bias.assign([400.0, -400.0])
    x = windows_of(settings, count=2)
    noise = np.ones((2, settings.window_length, 2))
    expected = oracles.rnn_vae(x.astype(np.float64), noise, settings, oracles.weights_of(network))
    assert set(np.unique(expected["z_log_var"][:, -1])) == {10.0, -10.0}
    _, z_log_var = network.encoder(x)
    np.testing.assert_allclose(ops.convert_to_numpy(z_log_var), expected["z_log_var"], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_losses_are_finite_before_the_first_step_whatever_the_length(kind: str) -> None:
    """Without a gain below 1 in the heads the KL divergence of a simple layer is infinite here."""
    settings = rnn_vae_settings(layer_type=kind, T=1024, M=12, rnn_units=[8, 4], J=4)
    network = build_network(settings)
    x = windows_of(settings, count=2)
    outputs = network.predict_on_batch(x)
    reconst, kl = (ops.convert_to_numpy(part) for part in network.losses_of(x, outputs))
    assert np.isfinite(reconst).all()
    assert (np.abs(reconst) < 100).all()
    assert (kl < 10).all()


def test_xla_stays_away_from_kernels_of_their_own() -> None:
    network = build_network(rnn_vae_settings(layer_type="lstm"))
    assert network.supports_xla
    network.decoder.get_layer("decoder_lstm_1").supports_jit = False  # as on a GPU
    assert not network.supports_xla


@pytest.mark.parametrize(("backend", "expected"), [("jax", False), ("tensorflow", "auto")])
def test_on_jax_the_steps_of_an_lstm_are_our_own(
    backend: str, expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    network = build_network(rnn_vae_settings(layer_type="lstm"))
    read = type(network).from_config(network.get_config())
    for each in (network, read):
        layers = [*each.encoder.layers, *each.decoder.layers]
        found = [layer.use_cudnn for layer in layers if isinstance(layer, keras.layers.LSTM)]
        assert found
        assert set(found) == {expected}


def test_its_gradient_is_cut() -> None:
    assert build_network(rnn_vae_settings()).gradient_norm == 1.0
