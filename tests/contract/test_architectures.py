"""Every architecture that has an entry, held to the contract of dcvae/networks/base.py."""

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from keras import ops

from dcvae import Settings
from dcvae.config import ARCHITECTURE_TRAITS, Architecture
from dcvae.networks import ARCHITECTURES, Autoencoder, build_network, entry_of
from dcvae.storage.network_file import load_network, save_network
from support.builders import random_rows, randomized
from support.network_tools import windows_of

NAMES = get_args(Architecture)
LENGTH, SERIES = 8, 3
# Keys that make a network small; without an entry here it has the size of its defaults.
SMALL: dict[str, dict[str, Any]] = {
    "dc-vae": {"cnn_units": [4, 4], "dil_rate": [1, 2, 4], "J": 2},
    "rnn-vae": {"rnn_units": [5, 4], "J": 2},
    "seq2seq": {"hidden_size": 6, "embedding_size": 5},
}


def settings_of(name: str) -> Settings:
    keys = {"model_name": "toy", "architecture": name, "T": LENGTH, "M": SERIES}
    return Settings.from_values(keys | SMALL.get(name, {}), "the keys of the test")


def arrays_of(network: Autoencoder, windows: np.ndarray) -> tuple[np.ndarray, ...]:
    """Mean, sigma and latent of windows."""
    return tuple(ops.convert_to_numpy(part) for part in network.reconstruct(windows))


@pytest.fixture(scope="module", params=NAMES)
def settings(request: pytest.FixtureRequest) -> Settings:
    return settings_of(request.param)


@pytest.fixture(scope="module")
def network(settings: Settings) -> Autoencoder:
    """A network with weights as large as those of a trained one."""
    return randomized(build_network(settings), seed=1)


def test_every_architecture_has_an_entry_and_its_traits() -> None:
    assert set(ARCHITECTURES) == set(ARCHITECTURE_TRAITS) == set(NAMES)


def test_windows_come_back_with_mean_sigma_and_latent(
    network: Autoencoder, settings: Settings
) -> None:
    mean, sigma, latent = arrays_of(network, windows_of(settings, 4))
    assert mean.shape == sigma.shape == (4, LENGTH, SERIES)
    assert latent.shape == (4, network.latent_size)
    assert all(part.dtype == np.float32 for part in (mean, sigma, latent))
    assert all(np.isfinite(part).all() for part in (mean, sigma, latent))
    assert (sigma > 0).all()


def test_a_window_by_itself_is_what_it_is_among_others(
    network: Autoencoder, settings: Settings
) -> None:
    windows = windows_of(settings, 4)
    together, alone = arrays_of(network, windows), arrays_of(network, windows[2:3])
    for left, right in zip(together, alone, strict=True):
        np.testing.assert_allclose(left[2:3], right, rtol=1e-5, atol=1e-6)


def test_what_is_known_without_building_holds(network: Autoencoder, settings: Settings) -> None:
    entry = entry_of(settings)
    assert entry.latent_channels(settings) == network.latent_size
    assert entry.reach(settings)
    shorter = settings.model_copy(update=entry.shorter(settings, 4) | {"window_length": 4})
    assert build_network(shorter).encoder.input_shape == (None, 4, SERIES)


def test_a_network_predicts_sigma_if_its_traits_say_so(
    network: Autoencoder, settings: Settings
) -> None:
    traits = ARCHITECTURE_TRAITS[settings.architecture]
    _, sigma, _ = arrays_of(network, windows_of(settings, 4))
    assert (sigma == 1).all() != traits.predicts_sigma
    assert (settings.sigma == "predicted") == traits.predicts_sigma


def test_both_parts_of_the_loss_are_of_every_window(
    network: Autoencoder, settings: Settings
) -> None:
    windows = ops.convert_to_tensor(windows_of(settings, 4))
    parts = network.losses_of(windows, network(windows, training=True))
    assert len(parts) == 2
    for part in map(ops.convert_to_numpy, parts):
        assert part.shape == (4,)
        assert np.isfinite(part).all()


def test_same_seed_same_weights(settings: Settings) -> None:
    first, again = (build_network(settings).get_weights() for _ in range(2))
    for left, right in zip(first, again, strict=True):
        np.testing.assert_array_equal(left, right)


def test_no_series_and_no_row_is_ignored(network: Autoencoder, settings: Settings) -> None:
    """The last row of a window is scored: every series of it changes what comes back."""
    rows = random_rows(LENGTH, SERIES)[None]
    before = arrays_of(network, rows)
    for series in range(SERIES):
        moved = rows.copy()
        moved[0, -1, series] += 1.0
        assert any(
            (left != right).any()
            for left, right in zip(before, arrays_of(network, moved), strict=True)
        )


def test_saved_and_loaded_it_is_the_same(
    network: Autoencoder, settings: Settings, tmp_path: Path
) -> None:
    save_network(network, tmp_path / "model.keras")
    loaded = load_network(tmp_path / "model.keras", (LENGTH, SERIES, network.latent_size))
    assert loaded.gradient_norm == network.gradient_norm
    windows = windows_of(settings, 2)
    for left, right in zip(arrays_of(network, windows), arrays_of(loaded, windows), strict=True):
        np.testing.assert_array_equal(left, right)
    save_network(loaded, tmp_path / "again.keras")
    assert (tmp_path / "again.keras").read_bytes() == (tmp_path / "model.keras").read_bytes()
