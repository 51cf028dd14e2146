"""The variational autoencoder: its draws, its loss in both conventions, what a file keeps of it."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from dcvae.config import Settings
from dcvae.networks.losses import sigma_from
from dcvae.networks.vae import Sampling, VariationalAutoencoder
from support import oracles
from support.builders import head_of, random_network, settings_with, weights_of
from support.network_tools import as_numpy, fix_noise, windows_of

# ------------------------------------------------------------------- sampling


def test_draws_have_the_mean_and_the_deviation_asked_for() -> None:
    z_mean = np.zeros((500, 40, 2), dtype=np.float32) + np.array([1.0, -2.0], dtype=np.float32)
    z_log_var = np.zeros_like(z_mean) + np.log(np.array([4.0, 0.25], dtype=np.float32))
    z = ops.convert_to_numpy(Sampling(seed=3)(z_mean, z_log_var))
    assert z.shape == z_mean.shape
    # 20,000 draws a channel: four standard errors
    np.testing.assert_allclose(z.mean(axis=(0, 1)), [1, -2], atol=4 * 2 / np.sqrt(20000))
    np.testing.assert_allclose(z.std(axis=(0, 1)), [2, 0.5], rtol=4 / np.sqrt(40000))


def test_draws_are_independent_over_windows_steps_and_channels() -> None:
    zeros = np.zeros((60, 50, 3), dtype=np.float32)
    z = ops.convert_to_numpy(Sampling(seed=3)(zeros, zeros))
    assert len(np.unique(z)) > 0.99 * z.size
    for later, earlier in (
        (z[1:], z[:-1]),
        (z[:, 1:], z[:, :-1]),
        (z[:, :, 1:], z[:, :, :-1]),
    ):
        correlation = np.corrcoef(later.ravel(), earlier.ravel())[0, 1]
        assert abs(correlation) < 4 / np.sqrt(later.size)


def test_same_seed_same_sequence_of_draws() -> None:
    zeros = np.zeros((2, 3, 1), dtype=np.float32)
    one, same, other = Sampling(seed=5), Sampling(seed=5), Sampling(seed=6)
    first, second = (ops.convert_to_numpy(one(zeros, zeros)) for _ in range(2))
    assert (first != second).all()
    np.testing.assert_array_equal(first, ops.convert_to_numpy(same(zeros, zeros)))
    np.testing.assert_array_equal(second, ops.convert_to_numpy(same(zeros, zeros)))
    assert (first != ops.convert_to_numpy(other(zeros, zeros))).all()


def test_sampling_config_and_shape() -> None:
    layer = Sampling(seed=5)
    assert Sampling.from_config(layer.get_config()).seed == 5
    assert layer.compute_output_shape((2, 3, 1), (2, 3, 1)) == (2, 3, 1)


# ------------------------------------------------------------------- the loss


@pytest.mark.parametrize("convention", ["paper", "code"])
@pytest.mark.parametrize("training", [True, False])
def test_loss_with_fixed_draws_equals_the_twin(
    convention: str, training: bool, monkeypatch: Any
) -> None:
    settings = settings_with(fidelity_spread=convention)
    network = random_network(settings, seed=2)
    x = windows_of(settings, count=5)
    noise = np.random.default_rng(9).normal(size=(5, settings.window_length, settings.latent_size))
    fix_noise(network, noise, monkeypatch)
    expected = oracles.forward(
        x.astype(np.float64), noise, settings, weights_of(network), training=training
    )
    reconst, kl = oracles.loss_parts(x.astype(np.float64), expected, convention)

    loss = network.compute_loss(x=x, y_pred=network(x, training=training))
    np.testing.assert_allclose(float(network.reconst_tracker.result()), reconst, rtol=1e-5)
    np.testing.assert_allclose(float(network.kl_tracker.result()), kl, rtol=1e-5)
    np.testing.assert_allclose(float(loss), reconst + kl, rtol=1e-5)


def test_the_two_conventions_give_different_losses(monkeypatch: Any) -> None:
    losses = []
    for convention in ("paper", "code"):
        settings = settings_with(fidelity_spread=convention)
        network = random_network(settings, seed=2)
        x = windows_of(settings, count=5)
        fix_noise(network, np.zeros((5, 8, 2)), monkeypatch)
        losses.append(float(network.compute_loss(x=x, y_pred=network(x))))
    assert abs(losses[0] - losses[1]) > 0.01


def test_a_step_reaches_every_trainable_weight(tiny_settings: Settings) -> None:
    network = random_network(tiny_settings)
    network.compile(optimizer=keras.optimizers.SGD(0.1))
    before = weights_of(network)
    network.train_on_batch(windows_of(tiny_settings, 8))
    after = weights_of(network)
    unmoved = [name for name in before if np.array_equal(before[name], after[name])]
    assert unmoved == []


# ------------------------------------------------------------- the network at rest


def test_reconstruction_is_the_decoded_mean_or_a_decoded_draw(tiny_settings: Settings) -> None:
    network = random_network(tiny_settings)
    x = windows_of(tiny_settings, count=3)
    assert network.latent_size == tiny_settings.latent_size
    z_mean, z_log_var = (ops.convert_to_numpy(part) for part in network.encoder(x))
    noise = np.random.default_rng(4).normal(size=z_mean.shape).astype(np.float32)
    means = []
    for drawn, z in ((None, z_mean), (noise, z_mean + np.exp(z_log_var / 2) * noise)):
        made = [ops.convert_to_numpy(part) for part in network.reconstruct(x, drawn)]
        mean, spread = network.decoder(z)
        for found, expected in zip(made, (mean, sigma_from(spread), z[:, -1]), strict=True):
            np.testing.assert_allclose(found, ops.convert_to_numpy(expected), atol=1e-5)
        again = [ops.convert_to_numpy(part) for part in network.reconstruct(x, drawn)]
        for first, second in zip(made, again, strict=True):
            np.testing.assert_array_equal(first, second)
        means.append(made[0])
    assert np.abs(means[0] - means[1]).max() > 0.01


# ------------------------------------------------------------- saving and loading


@pytest.mark.parametrize("fidelity", ["paper", "code"])
def test_saved_and_loaded_network_is_the_same(fidelity: str, tmp_path: Path) -> None:
    settings = settings_with(fidelity=fidelity)
    network = random_network(settings)
    x = windows_of(settings, count=3)
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    assert isinstance(loaded, VariationalAutoencoder)
    assert loaded.spread_convention == fidelity
    assert loaded.name == network.name
    assert loaded.sampling.seed == settings.seed
    for left, right in zip(network.variables, loaded.variables, strict=True):
        assert left.path == right.path
        np.testing.assert_array_equal(ops.convert_to_numpy(left), ops.convert_to_numpy(right))
    left, right = as_numpy(network(x)), as_numpy(loaded(x))
    for name in left:
        np.testing.assert_array_equal(left[name], right[name])


@pytest.mark.parametrize("convention", ["paper", "code"])
def test_config_calls_the_convention_as_networks_saved_earlier_do(convention: str) -> None:
    """Files of before the move say `spread_reading`; they must go on loading, and so must ours."""
    config = random_network(settings_with(fidelity_spread=convention)).get_config()
    assert config["spread_reading"] == convention
    assert "spread_convention" not in config
    assert VariationalAutoencoder.from_config(config).spread_convention == convention


def test_bounds_are_kept_and_the_files_of_before_have_them() -> None:
    """What is saved without a word on bounds, as ever, is bounded."""
    usual, unbounded = (
        random_network(settings_with(fidelity_bounds=fidelity)) for fidelity in ("paper", "code")
    )
    assert "bounded" not in usual.get_config()
    assert VariationalAutoencoder.from_config(usual.get_config()).bounded
    assert not VariationalAutoencoder.from_config(unbounded.get_config()).bounded
    unbounded.set_weights(usual.get_weights())
    head_of(unbounded.decoder, "x_spread").bias.assign([30.0, -30.0])
    head_of(usual.decoder, "x_spread").bias.assign([30.0, -30.0])
    x = windows_of(settings_with(), count=3)
    spread = ops.convert_to_numpy(usual(x)["spread"])
    assert np.abs(spread).min() > 10
    wide, narrow = ops.convert_to_numpy(usual.reconstruct(x).sigma[0, -1]).tolist()
    np.testing.assert_allclose([wide, narrow], np.exp([5, -5]), rtol=1e-5)
    sigma = ops.convert_to_numpy(unbounded.reconstruct(x).sigma)
    np.testing.assert_allclose(np.log(sigma) * 2, spread_at_rest(unbounded, x), rtol=1e-4)


def spread_at_rest(network: VariationalAutoencoder, x: Any) -> Any:
    """The spread that `reconstruct` decodes of z_mean."""
    z_mean, _ = network.encoder(x)
    return ops.convert_to_numpy(network.decoder(z_mean)[1])
