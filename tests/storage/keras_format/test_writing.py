"""Networks that are written without Keras, against those that Keras writes, and read by it."""

import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dcvae.config import NetworkKeys
from dcvae.networks import NetworkWeights, build_network, initial_weights
from dcvae.networks.in_numpy.weights import Dense, RecurrentSide
from dcvae.storage.keras_format import writing
from dcvae.storage.keras_format.writing import save_weights
from dcvae.storage.network_file import check_network, load_network, save_network
from support.network_tools import arrays_of, varied_keys

ROOT = Path(__file__).parents[3]


def trained_weights(keys: NetworkKeys) -> NetworkWeights:
    """Weights that are as different from those of an untrained network as trained ones are."""
    weights, random = initial_weights(keys), np.random.default_rng(keys.seed)
    for array in [*arrays_of(weights.encoder), *arrays_of(weights.decoder)]:
        array += random.uniform(0.1, 1, array.shape).astype(np.float32)
    return weights


def network_with(keys: NetworkKeys, weights: NetworkWeights) -> keras.Model:
    network = build_network(keys)
    network.set_weights([*arrays_of(weights.encoder), *arrays_of(weights.decoder)])
    return network


def content_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def plain(config: dict[str, Any]) -> Any:
    """Lists for tuples, which Keras uses in some configurations and not in others."""
    return json.loads(json.dumps(config))


@pytest.mark.parametrize("number", range(12))
def test_the_bytes_are_those_that_keras_writes(number, tmp_path):
    keys = varied_keys(number)
    weights = trained_weights(keys)
    save_network(network_with(keys, weights), tmp_path / "keras.keras")
    save_weights(weights, tmp_path / "numpy.keras")
    ours, theirs = (content_of(tmp_path / f"{name}.keras") for name in ("numpy", "keras"))
    for name in ("metadata.json", "config.json"):
        assert json.loads(ours[name]) == json.loads(theirs[name])
    assert ours == theirs
    assert (tmp_path / "numpy.keras").read_bytes() == (tmp_path / "keras.keras").read_bytes()


@pytest.mark.parametrize("number", range(0, 12, 3))
def test_keras_reads_the_network(number, tmp_path):
    keys = varied_keys(number)
    weights = trained_weights(keys)
    path = tmp_path / "model.keras"
    save_weights(weights, path)
    loaded = keras.saving.load_model(path)
    assert plain(loaded.get_config()) == plain(build_network(keys).get_config())
    arrays = [*arrays_of(weights.encoder), *arrays_of(weights.decoder)]
    for ours, theirs in zip(arrays, loaded.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)
    check_network(path)
    again = load_network(path, (keys.window_length, keys.num_series, keys.latent_size))
    windows = np.ones((3, keys.window_length, keys.num_series), np.float32)
    expected = network_with(keys, weights).reconstruct(windows)
    for part, other in zip(again.reconstruct(windows), expected, strict=True):
        assert np.array_equal(part, other)


def test_a_norm_for_training_is_kept(tmp_path):
    """What no key sets is written as it is in the weights, not as it mostly is."""
    weights = replace(trained_weights(varied_keys(0)), gradient_norm=5.0)
    norm = replace(weights.encoder.hidden[0].norm, momentum=0.9, epsilon=0.01)
    first = replace(weights.encoder.hidden[0], norm=norm)
    encoder = replace(weights.encoder, hidden=(first, *weights.encoder.hidden[1:]))
    save_weights(replace(weights, encoder=encoder), tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.gradient_norm == 5.0
    layer = loaded.encoder.get_layer("encoder_norm_1")
    assert (layer.momentum, layer.epsilon) == (0.9, 0.01)


def test_without_keras_the_version_of_the_format_is_written(tmp_path, monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(writing, "version", missing)
    save_weights(initial_weights(varied_keys(0)), tmp_path / "model.keras")
    metadata = json.loads(content_of(tmp_path / "model.keras")["metadata.json"])
    # The format of one minor version is one; requirements.txt allows no other.
    assert metadata["keras_version"].split(".")[:2] == keras.version().split(".")[:2]
    assert keras.saving.load_model(tmp_path / "model.keras").name == "dc_vae"


def test_no_framework_is_imported(tmp_path):
    code = (
        "import sys; from pathlib import Path; from dcvae.config import NetworkKeys;"
        "from dcvae.networks import initial_weights;"
        "from dcvae.storage.keras_format.writing import save_weights;"
        "save_weights(initial_weights(NetworkKeys(M=2)), Path(sys.argv[1]));"
        "print(sorted({'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)))"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "model.keras")]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    check_network(tmp_path / "model.keras")


def test_a_network_of_another_architecture_is_refused_and_the_earlier_file_left(tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(b"old")
    side = RecurrentSide((), (Dense(np.ones((1, 1), np.float32), np.ones(1, np.float32)),))
    weights = replace(
        initial_weights(varied_keys(0)), architecture="rnn-vae", encoder=side, decoder=side
    )
    with pytest.raises(ValueError, match=r"Expected a network of convolutions\. Received: rnn-vae"):
        save_weights(weights, path)
    assert path.read_bytes() == b"old"
