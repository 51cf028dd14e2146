"""Networks read without Keras: what Keras would read, and nothing that is not understood whole."""

import dataclasses
import functools
import importlib
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from dcvae import InputError
from dcvae.networks import build_network, network_in_numpy
from dcvae.storage.keras_format.reading import load_weights
from dcvae.storage.network_file import save_network
from support.builders import randomized, settings_with
from support.network_tools import rnn_vae_settings, seq2seq_settings, windows_of

ROOT = Path(__file__).parents[3]
CASES = {
    "paper": settings_with(),
    "code": settings_with(fidelity="code"),
    "three latents": settings_with(J=3),
    "kernel 3, swish": settings_with(kernel=3, activation="swish"),
    **{f"rnn-vae, {kind}": rnn_vae_settings(layer_type=kind) for kind in ("rnn", "gru", "lstm")},
    "rnn-vae, unbounded": rnn_vae_settings(fidelity="code", rnn_units=[4, 3, 2]),
    "seq2seq, gru": seq2seq_settings(loss="mse"),
    "seq2seq, lstm": seq2seq_settings(layer_type="lstm"),
}


@functools.cache
def built(name):
    """A network and the bytes of its file, built once."""
    network = randomized(build_network(CASES[name]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        save_network(network, path)
        return network, path.read_bytes()


def saved(path, name="paper"):
    network, content = built(name)
    path.write_bytes(content)
    settings = CASES[name]
    return network, (settings.window_length, settings.num_series, network.latent_size)


def assert_same(one, other, place="network"):
    """Compare descriptions part by part: the same classes, numbers and bytes."""
    assert type(one) is type(other), place
    if dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            name = field.name
            assert_same(getattr(one, name), getattr(other, name), f"{place}.{name}")
    elif isinstance(one, tuple):
        assert len(one) == len(other), place
        for number, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            assert_same(mine, theirs, f"{place}[{number}]")
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype, place
        np.testing.assert_array_equal(one, other, place)
    else:
        assert one == other, place


@pytest.mark.parametrize("name", CASES)
def test_what_is_read_is_what_was_written(tmp_path, name):
    path = tmp_path / "model.keras"
    network, shape = saved(path, name)
    expected = network.describe()
    assert expected.architecture == CASES[name].architecture
    assert_same(load_weights(path, shape), expected)
    content = path.read_bytes()
    path.unlink()
    assert_same(load_weights(path, shape, content), expected)


def test_a_network_in_numpy_is_written_as_one_in_keras(tmp_path):
    network, shape = saved(tmp_path / "a.keras")
    save_network(network_in_numpy(network.describe()), tmp_path / "b.keras")
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()
    assert_same(load_weights(tmp_path / "b.keras", shape), network.describe())


def test_a_recurrent_network_of_earlier_versions_is_read(tmp_path):
    """Their decoders lack the layer of the first entry: the file has its own layers."""
    settings = rnn_vae_settings(rnn_units=[3, 2])
    whole = randomized(build_network(settings))

    def again(name):
        layer = whole.decoder.get_layer(name)
        return type(layer).from_config(layer.get_config())

    inputs = keras.Input((6, 2), name="decoder_input")
    hidden = again("decoder_norm_1")(again("decoder_gru_1")(inputs))
    heads = [again(name)(hidden) for name in ("x_mean", "x_spread")]
    decoder = keras.Model(inputs, heads, name="decoder")
    then = type(whole)(whole.encoder, decoder, "paper", 7, gradient_norm=1.0, name="rnn_vae")
    save_network(then, tmp_path / "a.keras")
    loaded = load_weights(tmp_path / "a.keras", (6, 2, 2))
    assert len(loaded.decoder.hidden) == 1
    windows = windows_of(settings, 5)
    mine, theirs = network_in_numpy(loaded).reconstruct(windows), then.reconstruct(windows)
    for found, expected in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(found, keras.ops.convert_to_numpy(expected), atol=1e-5)


def test_no_framework_is_imported(tmp_path):
    path = tmp_path / "model.keras"
    _, shape = saved(path)
    code = (
        "import sys; from pathlib import Path; "
        "from dcvae.storage.keras_format.reading import load_weights; "
        f"load_weights(Path({str(path)!r}), {shape}); "
        "print(sorted({'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# ------------------------------------------------------------ refusals


def edited(path, config=None, weights=None):
    """Change configuration and weights of a saved network in place."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if config is not None:
        content = json.loads(members["config.json"])
        config(content)
        members["config.json"] = json.dumps(content).encode()
    if weights is not None:
        hdf = importlib.import_module("h5py")
        stream = io.BytesIO(members["model.weights.h5"])
        with hdf.File(stream, "r+") as file:
            weights(file)
        members["model.weights.h5"] = stream.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def layer_of(config, side, name):
    layers = config["config"][side]["config"]["layers"]
    return next(layer for layer in layers if layer["name"] == name)


def setting(side, name, **options):
    """Change options of one layer."""
    return lambda config: layer_of(config, side, name)["config"].update(options)


def swapped(config):
    layers = config["config"]["encoder"]["config"]["layers"]
    layers[1], layers[3] = layers[3], layers[1]


def rewired(config):
    node = layer_of(config, "encoder", "encoder_conv_2")["inbound_nodes"][0]
    node["args"][0]["config"]["keras_history"][0] = "encoder_input"


def renamed(name):
    return lambda config: config.update(class_name=name)


def top(**values):
    return lambda config: config["config"].update(values)


def outputs(config):
    config["config"]["encoder"]["config"]["output_layers"].reverse()


CONVOLUTIONS = [
    (setting("encoder", "encoder_conv_1", activation="mish"), "an activation 'mish'"),
    (setting("encoder", "encoder_conv_1", dilation=0), "dilation 0"),
    (setting("encoder", "encoder_conv_1", dilation=1.5), "dilation 1.5"),
    (setting("encoder", "encoder_norm_1", axis=1), "axis = 1 of layer 'encoder_norm_1'"),
    (setting("encoder", "encoder_norm_1", scale=False), "scale = False of"),
    (setting("encoder", "encoder_heads", names=["z_log_var", "z_mean"]), "heads 'encoder_heads'"),
    (setting("encoder", "encoder_conv_1", dtype="mixed_float16"), "numbers of 'mixed_float16'"),
    (swapped, "layer 'encoder_conv_2' after others"),
    (rewired, "layer 'encoder_conv_2' after others"),
    (renamed("SequenceAutoencoders"), "a network 'SequenceAutoencoders'"),
    (top(spread_reading="program"), "a spread 'program'"),
    (top(bounded="yes"), "bounds 'yes'"),
]
RECURRENT = [
    (setting("encoder", "encoder_gru_1", reset_after=False), "reset_after = False of"),
    (setting("encoder", "encoder_gru_1", go_backwards=True), "go_backwards = True of"),
    (setting("encoder", "encoder_gru_1", use_bias=False), "use_bias = False of"),
    (
        setting("encoder", "z_mean", return_sequences=False),
        "return_sequences = False of",
    ),
    (setting("decoder", "decoder_gru_1", recurrent_activation="tanh"), "recurrent_activation = 't"),
    (outputs, "outputs ['z_log_var_bounded', 'z_mean']"),
]
SEQUENCES = [
    (setting("encoder", "encoder_2", return_sequences=True), "return_sequences = True of"),
    (setting("decoder", "x_mean", activation="tanh"), "activation = 'tanh' of layer 'x_mean'"),
    (setting("decoder", "repeat", n=5), "layer 'repeat' of 'RepeatVector'"),
    (top(distance="huber"), "a distance 'huber'"),
]


@pytest.mark.parametrize(
    ("name", "change", "what"),
    [
        *(("paper", *case) for case in CONVOLUTIONS),
        *(("rnn-vae, gru", *case) for case in RECURRENT),
        *(("seq2seq, gru", *case) for case in SEQUENCES),
    ],
)
def test_what_is_not_known_is_left_to_keras(tmp_path, name, change, what):
    path = tmp_path / "model.keras"
    _, shape = saved(path, name)
    edited(path, change)
    with pytest.raises(
        InputError, match=r"damaged, or was written by another version: it has"
    ) as e:
        load_weights(path, shape)
    assert what in str(e.value)
    assert "DCVAE_ENGINE=keras reads it with Keras, if that knows it; else train" in str(e.value)


def without(name):
    def change(file):
        del file[name]

    return change


def replaced(name, shape):
    def change(file):
        del file[name]
        file[name] = np.zeros(shape, dtype=np.float32)

    return change


KERNEL = "encoder/layers/dilated_causal_conv/vars/0"


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        (without(KERNEL), ""),
        (without("decoder"), ""),
        (without("encoder/layers/conv_heads/heads/dilated_causal_conv_1"), "'encoder_heads'"),
        (replaced(KERNEL, (2, 2, 5)), "the weights of layer 'encoder_conv_1' have other shapes"),
        (replaced("encoder/layers/batch_normalization/vars/3", (1,)), "layer 'encoder_norm_1'"),
        (replaced("decoder/layers/conv_heads/heads/dilated_causal_conv/vars/1", ()), "'decoder_he"),
        (
            lambda file: file.create_dataset("x", (10**12,), "f4", chunks=(1024,)),
            "bytes of weights",
        ),
    ],
)
def test_weights_that_do_not_fit_are_damage(tmp_path, weights, reason):
    path = tmp_path / "model.keras"
    _, shape = saved(path)
    edited(path, weights=weights)
    with pytest.raises(
        InputError, match=r"model\.keras is damaged: it does not load \(.+\)\. T"
    ) as e:
        load_weights(path, shape)
    assert reason in str(e.value)


def test_another_network_is_refused(tmp_path):
    path = tmp_path / "model.keras"
    saved(path, "three latents")
    message = r"expected \(T, M, J\) = \(8, 2, 2\), received \(8, 2, 3\)\. Train the model again"
    with pytest.raises(InputError, match=message):
        load_weights(path, (8, 2, 2))


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04"])
def test_a_damaged_file_is_refused(tmp_path, content):
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"model\.keras is damaged \(.+\)\. Train"):
        load_weights(path, (8, 2, 2))
    with pytest.raises(
        InputError, match=r"model\.keras is damaged: it does not load \(.+\)\. Train"
    ):
        load_weights(path, (8, 2, 2), content)


def test_a_file_that_is_gone_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.keras"):
        load_weights(tmp_path / "nothing.keras", (8, 2, 2))
