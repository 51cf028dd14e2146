"""The network on disk: the same bytes for the same weights, refused when it is another one."""

import importlib
import io
import json
import re
import time
import zipfile

import keras
import numpy as np
import pytest

from dcvae import InputError
from dcvae.config import Settings
from dcvae.networks import build_network
from dcvae.storage.keras_format import writing
from dcvae.storage.network_file import load_network, save_network
from support.builders import random_network, random_rows
from support.stored_models import Network, contents

T, M, J = 4, 2, 3
KEYS = {
    "dc-vae": {"cnn_units": [3, 3], "dil_rate": [1, 1, 1], "J": J},
    "rnn-vae": {"rnn_units": [3, 2], "J": J},
    "seq2seq": {"architecture": "seq2seq", "hidden_size": 3, "embedding_size": J},
}


def settings_of(name="dc-vae", **keys):
    text = json.dumps({"model_name": "toy", "T": T, "M": M} | KEYS[name] | keys)
    return Settings.from_text(text, "given.txt")


def saved(path, name="dc-vae", seed=0):
    network = random_network(settings_of(name), seed)
    save_network(network, path)
    return network


@pytest.mark.parametrize("name", KEYS)
def test_the_same_weights_are_the_same_bytes_at_any_time(name, tmp_path, monkeypatch):
    network = saved(tmp_path / "now.keras", name)
    time.sleep(1.1)  # for clocks that cannot be put forward
    later = time.time() + 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    again = build_network(settings_of(name))
    again.set_weights(network.get_weights())
    save_network(again, tmp_path / "later.keras")
    files = contents(tmp_path)
    assert files.keys() == {"now.keras", "later.keras"}
    assert files["now.keras"] == files["later.keras"]


def test_no_time_is_written(tmp_path):
    saved(tmp_path / "a.keras")
    with zipfile.ZipFile(tmp_path / "a.keras") as archive:
        assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert json.loads(archive.read("metadata.json")) == {"keras_version": keras.version()}


def test_no_address_in_memory_is_written(tmp_path):
    """Keras numbers what layers may share, such as how weights begin, by where it lies."""
    saved(tmp_path / "a.keras", "seq2seq")
    with zipfile.ZipFile(tmp_path / "a.keras") as archive:
        config = archive.read("config.json").decode()
    numbers = [int(number) for number in re.findall(r'"shared_object_id": (\d+)', config)]
    assert len(numbers) > 3
    assert set(numbers) == set(range(1, max(numbers) + 1))


def test_the_optimizer_of_a_training_is_not_written(tmp_path):
    network = saved(tmp_path / "a.keras")
    network.compile(optimizer=keras.optimizers.Adam(name="adam"))
    network.optimizer.build(network.trainable_variables)
    save_network(network, tmp_path / "b.keras")
    files = contents(tmp_path)
    assert files["a.keras"] == files["b.keras"]


def test_other_weights_are_other_bytes(tmp_path):
    for seed in (0, 1):
        saved(tmp_path / f"{seed}.keras", seed=seed)
    one, other = contents(tmp_path).values()
    assert one != other


@pytest.mark.parametrize("name", KEYS)
def test_it_is_the_same_network_when_read_back(name, tmp_path):
    network = saved(tmp_path / "a.keras", name)
    again = load_network(tmp_path / "a.keras", (T, M, J))
    for mine, theirs in zip(network.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    windows = random_rows(3 * T, M).reshape(3, T, M)
    before, after = network.reconstruct(windows), again.reconstruct(windows)
    np.testing.assert_array_equal(before.mean, after.mean)


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failure_leaves_the_earlier_file(tmp_path, error):
    path = tmp_path / "model.keras"
    path.write_bytes(b"old")
    with pytest.raises(type(error)):
        save_network(Network(b"half", error), path)
    assert contents(tmp_path) == {"model.keras": b"old"}


def test_a_failure_while_the_times_are_taken_out_leaves_the_earlier_file(tmp_path, monkeypatch):
    path = tmp_path / "model.keras"
    path.write_bytes(b"old")

    def full(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr(writing, "whole_file", full)
    with pytest.raises(OSError, match="disk full"):
        save_network(Network(), path)
    assert contents(tmp_path) == {"model.keras": b"old"}


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04"])
def test_a_damaged_file_is_refused(tmp_path, content):
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"model\.keras is damaged \(.+\)\. Train"):
        load_network(path, (T, M, J))


def test_half_a_file_is_refused(tmp_path):
    path = tmp_path / "model.keras"
    saved(path)
    path.write_bytes(path.read_bytes()[:-99])
    with pytest.raises(InputError, match=r"model\.keras is damaged \("):
        load_network(path, (T, M, J))


def test_another_network_is_refused(tmp_path):
    path = tmp_path / "model.keras"
    message = r"expected \(T, M, J\) = \(4, 2, 3\), received \(4, 2, 2\)\. Train the model again"
    save_network(build_network(settings_of(J=2)), path)
    with pytest.raises(InputError, match=message):
        load_network(path, (T, M, J))


def weights_with(path, change):
    """Change the file of weights of a saved network."""
    h5 = importlib.import_module("h5py")
    saved(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    (name,) = (name for name in members if name.startswith("model.weights"))
    stream = io.BytesIO(members[name])
    with h5.File(stream, "r+") as weights:
        change(h5, weights)
    members[name] = stream.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda h5, weights: weights.create_dataset("x", (10**12,), "f4", chunks=(1024,)),
            "bytes of weights in",
        ),
        (
            lambda h5, weights: weights.__setitem__("x", h5.ExternalLink("a.h5", "/a")),
            "weights 'x' are elsewhere",
        ),
        (
            lambda h5, weights: weights.__setitem__("x", h5.SoftLink("/nothing")),
            "weights 'x' are elsewhere",
        ),
        (
            lambda h5, weights: weights.create_dataset("x", (2,), "f4", external=[("a.raw", 0, 8)]),
            "weights 'x' are no array of numbers",
        ),
        (
            lambda h5, weights: weights.create_dataset("x", data=["text"]),
            "weights 'x' are no array of numbers",
        ),
    ],
)
def test_weights_beyond_their_file_are_refused(tmp_path, monkeypatch, change, reason):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.keras"
    weights_with(path, change)
    with pytest.raises(InputError, match=rf"model\.keras is damaged.*{reason}"):
        load_network(path, (T, M, J))


def test_a_recurrent_network_of_earlier_versions_is_read(tmp_path):
    """Their decoders lack the layer of the first entry: the file has its own layers."""
    settings = settings_of("rnn-vae", rnn_units=[3, 2])
    whole = random_network(settings)

    def again(name):
        layer = whole.decoder.get_layer(name)
        return type(layer).from_config(layer.get_config())

    inputs = keras.Input((T, J), name="decoder_input")
    hidden = again("decoder_norm_1")(again("decoder_gru_1")(inputs))
    heads = [again(name)(hidden) for name in ("x_mean", "x_spread")]
    decoder = keras.Model(inputs, heads, name="decoder")
    saved_then = type(whole)(whole.encoder, decoder, "paper", 7, gradient_norm=1.0, name="rnn_vae")
    save_network(saved_then, tmp_path / "a.keras")
    loaded = load_network(tmp_path / "a.keras", (T, M, J))
    assert loaded.count_params() < whole.count_params()
    x = random_rows(5 * T, M).reshape(5, T, M)
    for found, expected in zip(loaded.reconstruct(x), saved_then.reconstruct(x), strict=True):
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (found, expected)))
