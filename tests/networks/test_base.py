"""The contract of every network with training: the loss in parts, means of batches, the config."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from dcvae.config import Settings
from dcvae.networks import build_network
from dcvae.networks.base import Autoencoder
from dcvae.networks.layers import ConvHeads, DilatedCausalConv
from dcvae.networks.seq2seq import SequenceAutoencoder
from dcvae.networks.vae import Sampling, VariationalAutoencoder
from support.builders import random_network, settings_with
from support.network_tools import windows_of


@pytest.fixture
def network(tiny_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Autoencoder:
    """A network whose z is its mean, so that a loss can be worked out twice."""
    made = random_network(tiny_settings)
    monkeypatch.setattr(made.sampling, "call", lambda z_mean, z_log_var: z_mean)
    made.compile(run_eagerly=True)
    return made


def parts_of(network: Autoencoder, windows: np.ndarray) -> np.ndarray:
    """Both parts of the loss of each window: (2, windows)."""
    parts = network.losses_of(windows, network(windows, training=False))
    return np.stack([ops.convert_to_numpy(part) for part in parts])


def test_reported_parts_sum_to_the_loss_over_unequal_batches(tiny_settings: Settings) -> None:
    network = random_network(tiny_settings)
    network.compile()
    for count in (7, 2):
        logs = network.test_on_batch(windows_of(tiny_settings, count, seed=count), return_dict=True)
    assert set(logs) == {"loss", "reconst", "kl"}
    np.testing.assert_allclose(logs["loss"], logs["reconst"] + logs["kl"], rtol=1e-5)


def test_loss_is_the_mean_over_the_windows_of_a_batch(
    network: Autoencoder, tiny_settings: Settings
) -> None:
    windows = windows_of(tiny_settings, 6)
    reconst, kl = parts_of(network, windows)
    assert reconst.shape == kl.shape == (6,)
    loss = network.compute_loss(x=windows, y_pred=network(windows, training=False))
    assert float(loss) == pytest.approx(reconst.mean() + kl.mean(), rel=1e-5)


def test_windows_of_no_weight_count_for_nothing(
    network: Autoencoder, tiny_settings: Settings
) -> None:
    windows = windows_of(tiny_settings, 6)
    reconst, kl = parts_of(network, windows)
    network.begin_means()
    weights = np.array([1, 1, 1, 1, 0, 0], dtype=np.float32)
    logs = network.test_on_batch(windows, weights, return_dict=True)
    assert logs["reconst"] == pytest.approx(reconst[:4].mean(), rel=1e-5)
    assert logs["kl"] == pytest.approx(kl[:4].mean(), rel=1e-5)


def test_means_go_on_over_batches_by_their_windows_until_they_begin_anew(
    network: Autoencoder, tiny_settings: Settings
) -> None:
    windows = windows_of(tiny_settings, 9)
    reconst, kl = parts_of(network, windows)
    network.begin_means()
    network.test_on_batch(windows[:7])
    network.reset_metrics()  # Keras calls it before every batch: it must do nothing
    logs = network.test_on_batch(windows[7:], return_dict=True)
    assert logs["reconst"] == pytest.approx(reconst.mean(), rel=1e-5)
    assert logs["kl"] == pytest.approx(kl.mean(), rel=1e-5)
    network.begin_means()
    logs = network.test_on_batch(windows[7:], return_dict=True)
    assert logs["reconst"] == pytest.approx(reconst[7:].mean(), rel=1e-5)


def test_xla_stays_away_from_kernels_of_their_own(tiny_settings: Settings) -> None:
    network = build_network(tiny_settings)
    assert network.supports_xla
    network.decoder.get_layer("decoder_conv_1").supports_jit = False
    assert not network.supports_xla


def test_no_gradient_is_cut_unless_an_architecture_asks_for_it(tiny_settings: Settings) -> None:
    assert Autoencoder.gradient_norm is None
    assert build_network(tiny_settings).gradient_norm is None


@pytest.mark.parametrize(
    "class_",
    [DilatedCausalConv, ConvHeads, Sampling, VariationalAutoencoder, SequenceAutoencoder],
)
def test_classes_are_registered_under_the_package_name(class_: type) -> None:
    """Not under their modules, which may move: saved networks name them so."""
    name = f"dcvae>{class_.__name__}"
    assert keras.saving.get_registered_name(class_) == name
    assert keras.saving.get_registered_object(name) is class_


def test_config_holds_both_sides_whole(tiny_settings: Settings) -> None:
    network = random_network(tiny_settings)
    config: dict[str, Any] = network.get_config()
    again = VariationalAutoencoder.from_config(config)
    assert set(config) >= {"encoder", "decoder", "name"}
    assert again.name == network.name
    for left, right in ((network.encoder, again.encoder), (network.decoder, again.decoder)):
        assert [layer.get_config() for layer in left.layers] == [
            layer.get_config() for layer in right.layers
        ]
    again.set_weights(network.get_weights())
    x = windows_of(tiny_settings, 2)
    for before, after in zip(network.reconstruct(x), again.reconstruct(x), strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(before), ops.convert_to_numpy(after))


def test_loading_leaves_the_config_as_it_was() -> None:
    network = build_network(settings_with())
    config = network.get_config()
    kept = dict(config)
    VariationalAutoencoder.from_config(config)
    assert config == kept
