"""Reading of networks in the format of Keras, without Keras: JSON and arrays, no code run.

What is read is what this project writes. A layer that it does not build, an option that changes
what a layer computes, or layers joined in another way are refused, not guessed.
"""

import importlib
import io
import json
import lzma
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, cast, get_args

import numpy as np

from dcvae._archives import reason_of
from dcvae._arrays import Float32Array
from dcvae.config import Fidelity, LayerType, Loss
from dcvae.errors import InputError, describe_os_error
from dcvae.networks import (
    ACTIVATIONS,
    Convolution,
    ConvolutionSide,
    Dense,
    NetworkWeights,
    Norm,
    Recurrent,
    RecurrentSide,
)
from dcvae.storage.keras_format.configuration import HEADS
from dcvae.storage.keras_format.writing import CONFIG
from dcvae.storage.network_file import check_network, check_weights, name_of_weights

_BY_KERAS = "DCVAE_ENGINE=keras"
_LAYER_TYPES: dict[str, LayerType] = {"SimpleRNN": "rnn", "GRU": "gru", "LSTM": "lstm"}
_GATES: dict[LayerType, int] = {"rnn": 1, "gru": 3, "lstm": 4}
_BOUNDED = "z_log_var_bounded"
# Options that change what a layer computes once it is trained, with the one value that is known.
_OF_STATES = {
    "use_bias": True,
    "go_backwards": False,
    "stateful": False,
    "return_state": False,
    "recurrent_activation": "sigmoid",
    "reset_after": True,
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "BatchNormalization": {"axis": -1, "center": True, "scale": True, "renorm": False},
    "Dense": {"activation": "linear", "use_bias": True},
    "SimpleRNN": _OF_STATES,
    "GRU": _OF_STATES,
    "LSTM": _OF_STATES,
}


class _UnknownError(ValueError):
    """What is in a file is no network that is known without Keras."""


def load_weights(
    path: Path, expected: tuple[int, int, int], content: bytes | None = None
) -> NetworkWeights:
    """Read a network.

    Args:
        path: a file that `save_network` or `save_weights` wrote.
        expected: window length T, number of series M, and numbers of a latent vector J.
        content: what the file held when the model was read; None to read it now.

    Raises:
        InputError: the file is damaged, holds another network than expected, or one that only Keras
            knows.
    """
    if content is None:  # else it was checked when the model was opened
        check_network(path)
    try:
        source = path if content is None else io.BytesIO(content)
        with zipfile.ZipFile(source) as archive:
            check_weights(archive)
            config = json.loads(archive.read(CONFIG))
            hdf = importlib.import_module("h5py")
            member = io.BytesIO(archive.read(name_of_weights(archive.namelist())))
            with hdf.File(member, "r") as weights:
                network = _network(config, weights)
    except _UnknownError as error:
        raise InputError(
            f"{path} is damaged, or was written by another version: {error}. {_BY_KERAS} reads it "
            "with Keras, if that knows it; else train the model again."
        ) from error
    except (
        *(OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, RuntimeError),
        *(OverflowError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    ) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise InputError(describe_os_error(error)) from error
        raise InputError(
            f"{path} is damaged: it does not load ({reason_of(error)}). Train the model again."
        ) from error
    shape = (network.window_length, network.num_series, network.latent_size)
    if shape != expected:
        raise InputError(
            f"{path} does not belong to this folder: expected (T, M, J) = {expected}, received "
            f"{shape}. Train the model again."
        )
    return network


class _Layer(NamedTuple):
    """A layer of a side: its configuration, its arrays, and the names of the layers it reads."""

    kind: str
    name: str
    config: Mapping[str, Any]
    arrays: tuple[Float32Array, ...]
    sources: tuple[str, ...]


class _Side(NamedTuple):
    """Layers of an encoder or a decoder, what its input is, and which layers it gives."""

    layers: list[_Layer]
    input_name: str
    input_shape: Sequence[int | None]
    outputs: list[str]


def _network(config: Mapping[str, Any], weights: Any) -> NetworkWeights:
    """Describe a network by the content of its file."""
    own = config["config"]
    encoder = _side("encoder", own["encoder"], weights["encoder"])
    decoder = _side("decoder", own["decoder"], weights["decoder"])
    _, window_length, num_series = encoder.input_shape
    shape = (int(window_length or 0), int(num_series or 0), int(decoder.input_shape[-1] or 0))
    if config["class_name"] == "SequenceAutoencoder":
        return NetworkWeights(
            *("seq2seq", *shape),
            *(_sequence_side(encoder, shape[1]), _sequence_side(decoder, shape[2], shape[0])),
            distance=cast("Loss", _one_of(own["distance"], get_args(Loss), "a distance")),
        )
    _known(config["class_name"] == "VariationalAutoencoder", f"a network {config['class_name']!r}")
    _known(decoder.input_shape[1] == window_length, f"latents of {decoder.input_shape[1]!r} rows")
    bounded = own.get("bounded", True)
    _known(isinstance(bounded, bool), f"bounds {bounded!r}")
    is_convolutional = any(layer.kind == "ConvHeads" for layer in encoder.layers)
    sides: list[Any] = []
    for name, side, channels in (("encoder", encoder, shape[1]), ("decoder", decoder, shape[2])):
        if is_convolutional:
            sides.append(_convolutions(side, HEADS[name], channels))
        else:
            sides.append(_recurrent(side, HEADS[name], channels, bounded and name == "encoder"))
    gradient_norm = own["gradient_norm"]
    seed = int(own["seed"])
    return NetworkWeights(
        "dc-vae" if is_convolutional else "rnn-vae",
        *(*shape, sides[0], sides[1]),
        spread_convention=cast(
            "Fidelity", _one_of(own["spread_reading"], get_args(Fidelity), "a spread")
        ),
        bounded=bounded,
        gradient_norm=None if gradient_norm is None else float(gradient_norm),
        seed=seed,
        draw_state=np.array([seed, 0], dtype=np.uint32),  # as a network that was just made
    )


def _side(name: str, config: Mapping[str, Any], weights: Any) -> _Side:
    """Read the layers of a side with their arrays, which Keras numbers by the class of a layer."""
    numbers: Counter[str] = Counter()
    layers = []
    input_name = ""
    input_shape: Sequence[int | None] = ()
    for part in config["config"]["layers"]:
        kind, own = part["class_name"], part["config"]
        place = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind).lower()
        suffix = f"_{numbers[place]}" if numbers[place] else ""
        numbers[place] += 1
        if kind == "InputLayer":
            _known(not input_shape, f"two inputs of the {name}")
            input_name, input_shape = part["name"], own["batch_shape"]
            continue
        dtype = own["dtype"]
        dtype = dtype["config"]["name"] if isinstance(dtype, dict) else dtype
        _known(dtype == "float32", f"numbers of {dtype!r} in layer {part['name']!r}")
        for option, value in _OPTIONS.get(kind, {}).items():
            given = own.get(option, value)
            _known(given == value, f"{option} = {given!r} of layer {part['name']!r}")
        arrays = tuple(_arrays(weights["layers"][place + suffix]))
        layers.append(_Layer(kind, part["name"], own, arrays, tuple(_sources(part))))
    outputs = config["config"]["output_layers"]
    if isinstance(outputs[0], str):  # of a single one
        outputs = [outputs]
    return _Side(layers, input_name, input_shape, [output[0] for output in outputs])


def _sources(part: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the layers whose output a layer is given."""
    for node in part["inbound_nodes"]:
        for argument in node["args"]:
            yield argument["config"]["keras_history"][0]


def _arrays(group: Any) -> Iterator[Float32Array]:
    """Yield the arrays of a layer: its own, those of its cell, those of its parts."""
    if "vars" in group:
        for number in range(len(group["vars"])):
            yield np.asarray(group["vars"][str(number)][()], dtype=np.float32)
    for name in ("cell", "heads"):
        if name in group:
            # Keras numbers parts: x, x_1, ..., of which there are two at most.
            yield from _arrays(group[name])
    if "vars" not in group:
        for name in sorted(group, key=lambda part: (len(part), part)):
            yield from _arrays(group[name])


def _convolutions(side: _Side, heads: Sequence[str], channels: int) -> ConvolutionSide:
    """Describe a chain of convolutions, each with its norm, and the joint heads at its end."""
    hidden: list[Convolution] = []
    *chain, last = _chain(side)
    for layer in chain:
        if layer.kind == "BatchNormalization":
            _known(bool(hidden) and hidden[-1].norm is None, f"layer {layer.name!r} there")
            hidden[-1] = _replaced_norm(hidden[-1], layer)
            continue
        _known(layer.kind == "DilatedCausalConv", f"layer {layer.name!r} of {layer.kind!r}")
        hidden.append(
            _convolution(layer.config, layer.arrays, channels, layer.config["activation"])
        )
        channels = hidden[-1].kernel.shape[-1]
    _known(last.kind == "ConvHeads" and last.config["names"] == [*heads], f"heads {last.name!r}")
    _known(side.outputs == [last.name] * 2, f"outputs {side.outputs}")
    _expect(len(last.arrays) == 4, last.name)
    first, second = (
        _convolution(last.config, last.arrays[start : start + 2], channels, "linear")
        for start in (0, 2)
    )
    return ConvolutionSide(tuple(hidden), (first, second))


def _convolution(
    config: Mapping[str, Any], arrays: Sequence[Float32Array], channels: int, activation: Any
) -> Convolution:
    kernel, bias = arrays
    units, dilation = config["units"], config["dilation"]
    _known(isinstance(dilation, int) and dilation >= 1, f"dilation {dilation!r}")
    _expect(kernel.shape == (config["kernel_size"], channels, units), config["name"])
    _expect(bias.shape == (units,), config["name"])
    return Convolution(kernel, bias, dilation, _activation(activation))


def _replaced_norm(layer: Any, norm: _Layer) -> Any:
    """Return a layer with the batch normalization that follows it."""
    units = layer.bias.shape[-1] if isinstance(layer, Convolution) else len(layer.recurrent_kernel)
    _expect([array.shape for array in norm.arrays] == [(units,)] * 4, norm.name)
    gamma, beta, mean, variance = norm.arrays
    epsilon, momentum = (float(norm.config[name]) for name in ("epsilon", "momentum"))
    return replace(layer, norm=Norm(gamma, beta, mean, variance, epsilon, momentum))


def _recurrent(side: _Side, heads: Sequence[str], channels: int, is_bounded: bool) -> RecurrentSide:
    """Describe a chain of recurrent layers, each with its norm, and two heads of its last one."""
    by_name = {layer.name: layer for layer in side.layers}
    wanted = [by_name[name] for name in heads]
    _known(len({head.sources for head in wanted}) == 1, "heads of different layers")
    outputs = [*heads]
    others = [layer for layer in side.layers if layer.name not in heads]
    if is_bounded:
        bound = by_name[_BOUNDED]
        _known(bound.kind == "Activation" and bound.sources == (heads[1],), f"{_BOUNDED} there")
        others.remove(bound)
        outputs[1] = _BOUNDED
    _known(side.outputs == outputs, f"outputs {side.outputs}")
    hidden = _hidden(_chain(side._replace(layers=[*others, wanted[0]]))[:-1], channels)
    channels = len(hidden[-1].recurrent_kernel)
    return RecurrentSide(hidden, tuple(_states(head, channels) for head in wanted))


def _sequence_side(side: _Side, channels: int, repeated: int = 0) -> RecurrentSide:
    """Describe a chain of two recurrent layers; of a decoder a repetition, two layers and a map."""
    *chain, last = _chain(side)
    _known(side.outputs == [last.name], f"outputs {side.outputs}")
    _known((last.kind == "Dense") == (repeated > 0), f"layer {last.name!r} at the end")
    if repeated:
        first, *chain = chain
        _known(first.config.get("n") == repeated, f"layer {first.name!r} of {first.kind!r}")
    hidden = _hidden(chain, channels)
    channels = len(hidden[-1].recurrent_kernel)
    if not repeated:
        return RecurrentSide(hidden, (_states(last, channels, are_all=False),))
    kernel, bias = last.arrays
    units = last.config["units"]
    _expect(kernel.shape == (channels, units) and bias.shape == (units,), last.name)
    return RecurrentSide(hidden, (Dense(kernel, bias),))


def _hidden(chain: Sequence[_Layer], channels: int) -> tuple[Recurrent, ...]:
    hidden: list[Recurrent] = []
    for layer in chain:
        if layer.kind == "BatchNormalization":
            _known(bool(hidden) and hidden[-1].norm is None, f"layer {layer.name!r} there")
            hidden[-1] = _replaced_norm(hidden[-1], layer)
            continue
        hidden.append(_states(layer, channels))
        channels = len(hidden[-1].recurrent_kernel)
    _known(bool(hidden), "no hidden layer")
    return tuple(hidden)


def _states(layer: _Layer, channels: int, *, are_all: bool = True) -> Recurrent:
    """Describe a recurrent layer that gives all its states, or the last one."""
    _known(layer.kind in _LAYER_TYPES, f"layer {layer.name!r} of {layer.kind!r}")
    gives_all = layer.config["return_sequences"]
    _known(gives_all is are_all, f"return_sequences = {gives_all!r} of layer {layer.name!r}")
    kernel, recurrent_kernel, bias = layer.arrays
    layer_type, units = _LAYER_TYPES[layer.kind], layer.config["units"]
    width = _GATES[layer_type] * units
    shapes = [(channels, width), (units, width), (2, width) if layer_type == "gru" else (width,)]
    _expect([array.shape for array in layer.arrays] == shapes, layer.name)
    activation = _activation(layer.config["activation"])
    return Recurrent(layer_type, kernel, recurrent_kernel, bias, activation)


def _chain(side: _Side) -> list[_Layer]:
    """Return the layers of a side in their order, each given the output of the one before."""
    names = [side.input_name, *(layer.name for layer in side.layers)]
    for before, layer in zip(names, side.layers, strict=False):
        _known(layer.sources == (before,), f"layer {layer.name!r} after others")
    return side.layers


def _activation(name: Any) -> str:
    return _one_of(name, tuple(ACTIVATIONS), "an activation")


def _one_of(value: Any, known: Sequence[str], what: str) -> str:
    _known(isinstance(value, str) and value in known, f"{what} {value!r}")
    return str(value)


def _known(condition: bool, what: str) -> None:
    """Raise for what is no part of a network that this project builds."""
    if not condition:
        raise _UnknownError(f"it has {what}, which is not known without Keras")


def _expect(condition: bool, name: str) -> None:
    """Raise for arrays that are not those of a layer."""
    if not condition:
        raise ValueError(f"the weights of layer {name!r} have other shapes")
