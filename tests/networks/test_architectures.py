"""Every architecture by its entry, and in what all go through: files, training, scores.

What convolutions share when they score is tested beside it (scoring/test_shared_convolutions.py);
here are the recurrent networks, which run on every window by itself.
"""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from keras import ops

from dcvae.config import Settings
from dcvae.data.windows import gather_windows, split_windows
from dcvae.networks import ARCHITECTURES, build_network, entry_of, register_layers
from dcvae.networks.seq2seq import SequenceAutoencoder
from dcvae.scoring import causal as scoring
from dcvae.scoring import model_fit, window_average
from dcvae.scoring.causal import CausalScorer, latent_noise
from dcvae.training import KerasEpochs, TrainingResult, TrainingState, train
from support import recurrent_oracles as oracles
from support.builders import (
    inputs_of,
    random_network,
    random_rows,
    randomized,
    settings_with,
    weights_of,
)
from support.network_tools import rnn_vae_settings, seq2seq_settings, windows_of

TOLERANCE = 1e-5


def every_recurrent() -> list[Any]:
    """Functions that make settings of every recurrent network, with other keys too."""

    def made(name: str, settings: Callable[..., Settings], kind: str) -> Any:
        return pytest.param(lambda **keys: settings(layer_type=kind, **keys), id=f"{name} {kind}")

    return [
        *(made("rnn-vae", rnn_vae_settings, kind) for kind in ("rnn", "gru", "lstm")),
        *(made("seq2seq", seq2seq_settings, kind) for kind in ("gru", "lstm")),
    ]


# ------------------------------------------------------------- entries and builders


@pytest.mark.parametrize(
    ("settings", "class_", "latent_channels"),
    [
        (settings_with(J=3), "VariationalAutoencoder", 3),
        (rnn_vae_settings(J=3), "VariationalAutoencoder", 3),
        (seq2seq_settings(embedding_size=5), "SequenceAutoencoder", 5),
    ],
    ids=lambda x: getattr(x, "architecture", None),
)
def test_an_entry_knows_what_its_builder_will_build(
    settings: Settings, class_: str, latent_channels: int
) -> None:
    network = build_network(settings)
    assert type(network).__name__ == class_
    assert entry_of(settings) is ARCHITECTURES[settings.architecture]
    assert entry_of(settings).latent_channels(settings) == latent_channels == network.latent_size
    shape = (None, settings.window_length, settings.num_series)
    assert network.encoder.input_shape == shape
    assert ops.convert_to_numpy(network.reconstruct(windows_of(settings, 2)).mean).shape == (
        2,
        *shape[1:],
    )


@pytest.mark.parametrize("settings", [rnn_vae_settings(), seq2seq_settings()])
def test_recurrent_networks_have_the_whole_window_in_reach(settings: Settings) -> None:
    entry = entry_of(settings)
    assert entry.reach(settings) == "every row of the window (T = 6) in reach"
    assert entry.notices(settings) == []
    assert entry.shorter(settings, 3) == {}


def test_same_settings_same_weights_other_seed_others(tiny_settings: Settings) -> None:
    first, again = build_network(tiny_settings), build_network(tiny_settings)
    other = build_network(settings_with(seed=8))
    for left, right in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)
    name = "encoder_conv_1/kernel"
    assert (weights_of(first)[name] != weights_of(other)[name]).all()


def test_random_numbers_of_the_caller_stay_as_they_are(tiny_settings: Settings) -> None:
    before = random.getstate(), np.random.get_state()  # noqa: NPY002
    build_network(tiny_settings)
    after = random.getstate(), np.random.get_state()  # noqa: NPY002
    assert before[0] == after[0]
    np.testing.assert_equal(after[1], before[1])


def test_number_of_series_must_be_known() -> None:
    with pytest.raises(ValueError, match=r"known `num_series`\. Received: None"):
        build_network(settings_with(M=None))


@pytest.mark.parametrize("settings_of", every_recurrent())
def test_saved_and_loaded_network_is_the_same(
    settings_of: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = settings_of()
    network = random_network(settings)
    network.save(tmp_path / "network.keras")
    register_layers()
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    assert type(loaded) is type(network)
    assert loaded.name == network.name
    assert loaded.gradient_norm == network.gradient_norm
    if isinstance(loaded, SequenceAutoencoder):
        assert loaded.distance == settings.loss
    else:
        assert loaded.spread_convention == "paper"
        assert loaded.sampling.seed == settings.seed
    x = windows_of(settings, count=2)
    for left, right in zip(network.reconstruct(x), loaded.reconstruct(x), strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(left), ops.convert_to_numpy(right))


# ------------------------------------------------------------- training


class Trained(NamedTuple):
    """A training, made once for all that is asked of it: tracing its step takes seconds."""

    settings: Settings
    rows: np.ndarray
    result: TrainingResult
    states: list[TrainingState]
    global_clipnorm: float | None


def trained_on(rows: np.ndarray, settings: Settings, **more: Any) -> tuple[TrainingResult, Any]:
    network = build_network(settings)
    split = split_windows(len(rows), settings.window_length, settings.val_percent, 1, "rows")
    runner = KerasEpochs(network, inputs_of(rows).values, settings)
    result = train(runner, split, settings, **more)
    return result, runner.optimizer.global_clipnorm


@pytest.fixture(scope="module", params=every_recurrent())
def trained(request: pytest.FixtureRequest) -> Trained:
    settings = request.param(epochs=5, lr=5e-3, patience=8, val_percent=0.25)
    rows = np.sin(np.arange(80)[:, None] / 5 + np.arange(2)).astype(np.float32)
    states: list[TrainingState] = []
    result, clipnorm = trained_on(rows, settings, keep=states.append)
    return Trained(settings, rows, result, states, clipnorm)


def test_training_lowers_the_loss_and_cuts_the_gradient(trained: Trained) -> None:
    settings, history = trained.settings, trained.result.state.history
    losses = [epoch.val_loss for epoch in history]
    if keras.backend.backend() == "jax" and settings.layer_type == "lstm":
        losses = [epoch.loss for epoch in history]  # its first weights there have the best val_loss
    assert min(losses[1:]) < losses[0]
    expected = None if trained.settings.architecture == "seq2seq" else 1.0
    assert trained.global_clipnorm == expected


def test_resumed_training_is_the_uninterrupted_one(trained: Trained) -> None:
    build_network(rnn_vae_settings())  # other layers were made in between
    resumed, _ = trained_on(trained.rows, trained.settings, state=trained.states[0])
    whole = trained.result.state
    assert resumed.state.history == whole.history
    assert list(resumed.state.last) == list(whole.last)
    for name, values in whole.last.items():
        np.testing.assert_array_equal(resumed.state.last[name], values, err_msg=name)


# ------------------------------------------------------------- scoring


@pytest.mark.parametrize("settings_of", every_recurrent())
def test_scores_are_those_of_every_window_by_itself(
    settings_of: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "PASS_WINDOWS", 8)
    settings = settings_of()
    length = settings.window_length
    network = random_network(settings)
    rows = random_rows(length + 20, 2)
    weights = oracles.weights_of(network)
    means, sigmas, latents = [], [], []
    for start in range(21):
        window = rows[None, start : start + length].astype(np.float64)
        if settings.architecture == "seq2seq":
            embedding, mean = oracles.sequence_autoencoder(window, settings, weights)
            sigma, latent = np.ones_like(mean), embedding[0]
        else:
            still = np.zeros((1, length, 2))
            made = oracles.rnn_vae(window, still, settings, weights)
            mean, latent = made["mean"], made["z_mean"][0, -1]
            sigma = np.exp(np.clip(made["spread"], -10, 10) / 2)
        means.append(mean[0, -1])
        sigmas.append(sigma[0, -1])
        latents.append(latent)
    scorer = CausalScorer.of(network, settings)
    randomized(network, seed=99)  # what becomes of the network later does not reach its scorer
    scores = scorer.score(inputs_of(rows))
    error = rows[length - 1 :] - np.array(means)
    np.testing.assert_allclose(scores.mean, means, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(scores.sigma, sigmas, rtol=1e-4, atol=TOLERANCE)
    np.testing.assert_allclose(scores.latent, latents, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(scores.error, error, rtol=0, atol=TOLERANCE)


def test_drawn_latents_are_each_windows_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "PASS_WINDOWS", 8)
    settings = rnn_vae_settings(layer_type="gru", fidelity_latent="code")
    length = settings.window_length
    network = random_network(settings)
    rows = random_rows(length + 11, 2)
    noise = latent_noise(settings.seed, 0, 12, length, 2).astype(np.float64)
    windows = gather_windows(rows, np.arange(12, dtype=np.int32), length).astype(np.float64)
    expected = oracles.rnn_vae(windows, noise, settings, oracles.weights_of(network))
    scores = CausalScorer.of(network, settings).score(inputs_of(rows))
    np.testing.assert_allclose(scores.mean, expected["mean"][:, -1], rtol=0, atol=TOLERANCE)
    z = expected["z_mean"] + np.exp(expected["z_log_var"] / 2) * noise
    np.testing.assert_allclose(scores.latent, z[:, -1], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("settings_of", every_recurrent())
def test_losses_and_squares_of_windows_are_those_of_their_reconstructions(
    settings_of: Callable[..., Settings],
) -> None:
    settings = settings_of()
    length = settings.window_length
    network = random_network(settings)
    inputs = inputs_of(random_rows(60, 2))
    starts = np.array([0, 7, 40], dtype=np.int32)
    windows = gather_windows(inputs.values, starts, length)
    made = network.reconstruct(windows)
    error = windows - ops.convert_to_numpy(made.mean)
    squares = window_average.WindowAverageScorer(network, length).squares(inputs, starts)
    for found, residual in zip(squares, (error / made.sigma, error), strict=True):
        np.testing.assert_allclose(found, np.square(residual).mean(axis=1), rtol=1e-4)
    losses = model_fit.window_losses(network, inputs, starts, length)
    assert losses.windows == 3
    if settings.architecture == "seq2seq":
        assert losses.reconst == pytest.approx(np.abs(error).mean(), rel=1e-5)
        assert losses.kl == 0
    else:
        z_mean, z_log_var = (ops.convert_to_numpy(part) for part in network.encoder(windows))
        kl = -0.5 * (1 + z_log_var - z_mean**2 - np.exp(z_log_var)).mean()
        assert losses.kl == pytest.approx(kl, rel=1e-4)
