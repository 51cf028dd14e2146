"""The recurrent networks against NumPy twins, and through the doors that all networks share."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops
from support import recurrent_oracles as oracles
from support.builders import random_network, random_rows, randomized

from dcvae.config.settings import Settings
from dcvae.data.windows import gather_windows, split_windows
from dcvae.networks import build_network
from dcvae.networks.base import SequenceAutoencoder, VariationalAutoencoder
from dcvae.scoring import causal as scoring
from dcvae.scoring import model_fit as elbo
from dcvae.scoring import window_average as offline
from dcvae.scoring.causal import Scorer, latent_noise
from dcvae.training.loop import train

TOLERANCE = 1e-5
KINDS = ["rnn", "gru", "lstm"]
TINY = {"model_name": "tiny", "M": 3, "T": 16, "batch_size": 16, "epochs": 2, "seed": 7}
RNN_VAE = TINY | {"rnn_units": [6, 5], "J": 2}
SEQ2SEQ = TINY | {"architecture": "seq2seq", "hidden_size": 6, "embedding_size": 4}


def settings_with(base: dict[str, Any], **keys: Any) -> Settings:
    return Settings.from_text(json.dumps(base | keys), "tiny.txt")


def every_architecture() -> list[Any]:
    return [
        *(pytest.param(RNN_VAE | {"layer_type": kind}, id=f"rnn-vae {kind}") for kind in KINDS),
        *(pytest.param(SEQ2SEQ | {"layer_type": kind}, id=f"seq2seq {kind}") for kind in KINDS[1:]),
    ]


def windows_of(settings: Settings, count: int) -> np.ndarray:
    rows = random_rows(count * settings.window_length, settings.num_series or 0)
    return rows.reshape(count, settings.window_length, -1)


def fix_noise(network: VariationalAutoencoder, noise: np.ndarray, monkeypatch: Any) -> None:
    def draw(z_mean: Any, z_log_var: Any) -> Any:
        return z_mean + ops.exp(0.5 * z_log_var) * ops.convert_to_tensor(noise, "float32")

    monkeypatch.setattr(network.sampling, "call", draw)


# ------------------------------------------------------------- against the twins


@pytest.mark.parametrize("units", [[6, 5], [6, 5, 4]], ids=str)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("kind", KINDS)
def test_rnn_vae_equals_the_twin(
    kind: str, activation: str, units: list[int], monkeypatch: Any
) -> None:
    settings = settings_with(RNN_VAE, layer_type=kind, activation=activation, rnn_units=units)
    network = random_network(settings, seed=3)
    x = windows_of(settings, count=3)
    noise = np.random.default_rng(1).normal(size=(3, settings.window_length, 2))
    expected = oracles.rnn_vae(x.astype(np.float64), noise, settings, oracles.weights_of(network))
    fix_noise(network, noise, monkeypatch)
    actual = {name: ops.convert_to_numpy(value) for name, value in network(x).items()}
    assert set(actual) == set(expected)
    for name, value in expected.items():
        assert actual[name].shape == value.shape
        assert value.std() > 0.01, f"{name} says nothing: it does not vary"
        np.testing.assert_allclose(actual[name], value, rtol=0, atol=TOLERANCE, err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_rnn_vae_equals_the_twin_over_a_published_window(kind: str, monkeypatch: Any) -> None:
    settings = settings_with(RNN_VAE, layer_type=kind, T=512, rnn_units=[8, 4], J=4, M=12)
    network = random_network(settings, seed=3)
    x = windows_of(settings, count=1)
    noise = np.random.default_rng(1).normal(size=(1, 512, 4))
    expected = oracles.rnn_vae(x.astype(np.float64), noise, settings, oracles.weights_of(network))
    fix_noise(network, noise, monkeypatch)
    actual = network.predict_on_batch(x)  # as a graph: step by step it takes ten times as long
    for name, value in expected.items():
        np.testing.assert_allclose(actual[name], value, rtol=0, atol=TOLERANCE, err_msg=name)


def test_a_log_variance_of_the_latent_is_bounded(monkeypatch: Any) -> None:
    settings = settings_with(RNN_VAE, layer_type="rnn")
    network = random_network(settings)
    head = network.encoder.get_layer("z_log_var")
    head.cell.bias.assign([400.0, -400.0])
    x = windows_of(settings, count=2)
    noise = np.ones((2, settings.window_length, 2))
    expected = oracles.rnn_vae(x.astype(np.float64), noise, settings, oracles.weights_of(network))
    assert set(np.unique(expected["z_log_var"][:, -1])) == {10.0, -10.0}
    _, z_log_var = network.encoder(x)
    np.testing.assert_allclose(ops.convert_to_numpy(z_log_var), expected["z_log_var"], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_sequence_autoencoder_equals_the_twin(kind: str) -> None:
    settings = settings_with(SEQ2SEQ, layer_type=kind)
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


@pytest.mark.parametrize(("loss", "expected"), [("mae", (0 + 1 + 2 + 3) / 4), ("mse", 14 / 4)])
def test_what_a_sequence_autoencoder_minimizes(loss: str, expected: float) -> None:
    network = build_network(settings_with(SEQ2SEQ, loss=loss))
    windows = np.array([[[0.0, -1.0], [2.0, -3.0]]], dtype=np.float32)
    reconst, kl = network.losses_of(windows, {"mean": ops.zeros((1, 2, 2))})
    assert ops.convert_to_numpy(reconst).tolist() == [expected]
    assert ops.convert_to_numpy(kl).tolist() == [0.0]


# ------------------------------------------------------------- building


@pytest.mark.parametrize("keys", every_architecture())
def test_saved_and_loaded_network_is_the_same(keys: dict[str, Any], tmp_path: Path) -> None:
    settings = settings_with(keys)
    network = random_network(settings)
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    assert type(loaded) is type(network)
    assert loaded.name == network.name
    assert loaded.gradient_norm == network.gradient_norm
    if isinstance(loaded, SequenceAutoencoder):
        assert loaded.distance == settings.loss
    else:
        assert loaded.spread_reading == "paper"
        assert loaded.sampling.seed == settings.seed
    x = windows_of(settings, count=2)
    for left, right in zip(network.reconstruct(x), loaded.reconstruct(x), strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(left), ops.convert_to_numpy(right))


@pytest.mark.parametrize("kind", KINDS)
def test_losses_are_finite_before_the_first_step_whatever_the_length(kind: str) -> None:
    """Without a gain below 1 in the heads the KL divergence of a simple layer is infinite here."""
    settings = settings_with(RNN_VAE, layer_type=kind, T=1024, M=12, rnn_units=[8, 4], J=4)
    network = build_network(settings)
    x = windows_of(settings, count=2)
    outputs = network.predict_on_batch(x)
    reconst, kl = (ops.convert_to_numpy(part) for part in network.losses_of(x, outputs))
    assert np.isfinite(reconst).all()
    assert (np.abs(reconst) < 100).all()
    assert (kl < 10).all()


def test_xla_stays_away_from_kernels_of_their_own() -> None:
    network = build_network(settings_with(RNN_VAE, layer_type="lstm"))
    assert network.supports_xla
    network.decoder.get_layer("decoder_lstm_1").supports_jit = False  # as on a GPU
    assert not network.supports_xla


# ------------------------------------------------------------- training and scoring


@pytest.mark.parametrize("keys", every_architecture())
def test_training_lowers_the_loss_and_cuts_the_gradient(keys: dict[str, Any]) -> None:
    settings = settings_with(keys, epochs=8, lr=5e-3, patience=8, val_percent=0.25)
    rows = np.sin(np.arange(240)[:, None] / 5 + np.arange(3)).astype(np.float32)
    network = build_network(settings)
    split = split_windows(len(rows), settings.window_length, 0.25, 1, "rows")
    result = train(network, rows, split, settings)
    losses = [epoch.val_loss for epoch in result.state.history]
    assert min(losses[1:]) < losses[0]
    expected = None if "seq2seq" in keys.values() else 1.0
    assert network.optimizer.global_clipnorm == expected


@pytest.mark.parametrize("keys", every_architecture())
def test_resumed_training_is_the_uninterrupted_one(keys: dict[str, Any]) -> None:
    settings = settings_with(keys, epochs=2, val_percent=0.25)
    rows = random_rows(80, 3)
    split = split_windows(len(rows), settings.window_length, 0.25, 1, "rows")
    states = []
    whole = train(build_network(settings), rows, split, settings, keep=states.append)
    build_network(settings_with(RNN_VAE))  # other layers were made in between
    resumed = train(build_network(settings), rows, split, settings, state=states[0])
    assert resumed.state.history == whole.state.history
    assert list(resumed.state.last) == list(whole.state.last)
    for name, values in whole.state.last.items():
        np.testing.assert_array_equal(resumed.state.last[name], values, err_msg=name)


@pytest.mark.parametrize("keys", every_architecture())
def test_scores_are_those_of_every_window_by_itself(
    keys: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "PASS_WINDOWS", 8)
    settings = settings_with(keys)
    network = random_network(settings)
    rows = random_rows(16 + 20, 3)
    weights = oracles.weights_of(network)
    means, sigmas, latents = [], [], []
    for start in range(21):
        window = rows[None, start : start + 16].astype(np.float64)
        if settings.architecture == "seq2seq":
            embedding, mean = oracles.sequence_autoencoder(window, settings, weights)
            sigma, latent = np.ones_like(mean), embedding[0]
        else:
            still = np.zeros((1, 16, 2))
            made = oracles.rnn_vae(window, still, settings, weights)
            mean, latent = made["mean"], made["z_mean"][0, -1]
            sigma = np.exp(np.clip(made["spread"], -10, 10) / 2)
        means.append(mean[0, -1])
        sigmas.append(sigma[0, -1])
        latents.append(latent)
    scorer = Scorer.of(network, settings)
    randomized(network, seed=99)  # what becomes of the network later does not reach its scorer
    scores = scorer.score(rows, np.ones(rows.shape, bool))
    np.testing.assert_allclose(scores.mean, means, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(scores.sigma, sigmas, rtol=1e-4, atol=TOLERANCE)
    np.testing.assert_allclose(scores.latent, latents, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(scores.error, rows[15:] - np.array(means), rtol=0, atol=TOLERANCE)


def test_drawn_latents_are_each_windows_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "PASS_WINDOWS", 8)
    settings = settings_with(RNN_VAE, layer_type="gru", fidelity_latent="code")
    network = random_network(settings)
    rows = random_rows(16 + 11, 3)
    noise = latent_noise(settings.seed, 0, 12, 16, 2).astype(np.float64)
    windows = gather_windows(rows, np.arange(12, dtype=np.int32), 16).astype(np.float64)
    expected = oracles.rnn_vae(windows, noise, settings, oracles.weights_of(network))
    scores = Scorer.of(network, settings).score(rows, np.ones(rows.shape, bool))
    np.testing.assert_allclose(scores.mean, expected["mean"][:, -1], rtol=0, atol=TOLERANCE)
    z = expected["z_mean"] + np.exp(expected["z_log_var"] / 2) * noise
    np.testing.assert_allclose(scores.latent, z[:, -1], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("keys", every_architecture())
def test_losses_of_a_file_and_windows_looked_at_offline(keys: dict[str, Any]) -> None:
    settings = settings_with(keys)
    network = random_network(settings)
    rows = random_rows(60, 3)
    starts = np.array([0, 7, 40], dtype=np.int32)
    windows = gather_windows(rows, starts, 16)
    made = network.reconstruct(windows)
    error = windows - ops.convert_to_numpy(made.mean)
    squares = offline.OfflineScorer(network, 16).squares(rows, np.ones(rows.shape, bool), starts)
    for found, residual in zip(squares, (error / made.sigma, error), strict=True):
        np.testing.assert_allclose(found, np.square(residual).mean(axis=1), rtol=1e-4)
    losses = elbo.window_losses(network, rows, starts, 16)
    assert losses.windows == 3
    if settings.architecture == "seq2seq":
        assert losses.reconst == pytest.approx(np.abs(error).mean(), rel=1e-5)
        assert losses.kl == 0
    else:
        z_mean, z_log_var = (ops.convert_to_numpy(part) for part in network.encoder(windows))
        kl = -0.5 * (1 + z_log_var - z_mean**2 - np.exp(z_log_var)).mean()
        assert losses.kl == pytest.approx(kl, rel=1e-4)
