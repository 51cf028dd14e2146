"""Description of a network that is in Keras, by its layers."""

import importlib
from typing import Any

import numpy as np

from dcvae._arrays import Float32Array
from dcvae.config import LayerType
from dcvae.networks.in_numpy.weights import (
    Convolution,
    ConvolutionSide,
    Dense,
    NetworkWeights,
    Norm,
    Recurrent,
    RecurrentSide,
)

_LAYER_TYPES: dict[str, LayerType] = {"SimpleRNN": "rnn", "GRU": "gru", "LSTM": "lstm"}
_HEADS = (["z_mean", "z_log_var"], ["x_mean", "x_spread"])  # of RNN-VAE


def describe(network: Any) -> NetworkWeights:
    """Copy the layers and weights of a network in Keras.

    Args:
        network: an `Autoencoder`.
    """
    sides = []
    for side in (network.encoder, network.decoder):
        kinds = [type(layer).__name__ for layer in side.layers]
        sides.append(_convolutions(side) if "ConvHeads" in kinds else _recurrent(side))
    encoder, decoder = sides
    _, window_length, num_series = network.encoder.input_shape
    shared = (int(window_length), int(num_series), network.latent_size, encoder, decoder)
    if hasattr(network, "distance"):
        return NetworkWeights("seq2seq", *shared, distance=network.distance)
    return NetworkWeights(
        "dc-vae" if isinstance(encoder, ConvolutionSide) else "rnn-vae",
        *shared,
        spread_convention=network.spread_convention,
        bounded=network.bounded,
        gradient_norm=network.gradient_norm,
        seed=network.sampling.seed,
        draw_state=_values(network.sampling.seed_generator.state).astype(np.uint32),
    )


def _convolutions(side: Any) -> ConvolutionSide:
    hidden: list[Convolution] = []
    for layer, norm in _with_norms(side.layers, ("DilatedCausalConv",)):
        hidden.append(_convolution(layer, norm))
    [joint] = [layer for layer in side.layers if type(layer).__name__ == "ConvHeads"]
    first, second = (_convolution(head, None) for head in joint.heads)
    return ConvolutionSide(tuple(hidden), (first, second))


def _convolution(layer: Any, norm: Norm | None) -> Convolution:
    kernel, bias = _values(layer.kernel), _values(layer.bias)
    return Convolution(kernel, bias, layer.dilation, _name_of(layer.activation), norm)


def _recurrent(side: Any) -> RecurrentSide:
    layers: dict[str, Recurrent | Dense] = {}
    for layer, norm in _with_norms(side.layers, (*_LAYER_TYPES, "Dense")):
        weights = [_values(weight) for weight in layer.weights]
        kind = type(layer).__name__
        if kind == "Dense":
            layers[layer.name] = Dense(*weights)
        else:
            kernel, recurrent_kernel, bias = weights
            layers[layer.name] = Recurrent(
                *(_LAYER_TYPES[kind], kernel, recurrent_kernel, bias),
                *(_name_of(layer.activation), norm),
            )
    # By their names, as Keras lists layers by their depth; of seq2seq the head is the last.
    heads = next((names for names in _HEADS if set(names) <= set(layers)), [*layers][-1:])
    hidden = (layer for name, layer in layers.items() if name not in heads)
    return RecurrentSide(
        tuple(layer for layer in hidden if isinstance(layer, Recurrent)),
        tuple(layers[name] for name in heads),
    )


def _with_norms(layers: Any, kinds: tuple[str, ...]) -> list[tuple[Any, Norm | None]]:
    """Pair each layer of some kinds with the batch normalization that follows it, if one does."""
    found: list[tuple[Any, Norm | None]] = []
    for layer in layers:
        if type(layer).__name__ in kinds:
            found.append((layer, None))
        elif type(layer).__name__ == "BatchNormalization":
            found[-1] = (found[-1][0], _norm(layer))
    return found


def _norm(layer: Any) -> Norm:
    return Norm(
        *(_values(layer.gamma), _values(layer.beta)),
        *(_values(layer.moving_mean), _values(layer.moving_variance)),
        *(float(layer.epsilon), float(layer.momentum)),
    )


def _name_of(activation: Any) -> str:
    """Return the name that the key `activation` has for a function of Keras."""
    return str(activation.__name__)


def _values(weight: Any) -> Float32Array:
    convert = importlib.import_module("keras").ops.convert_to_numpy
    return np.array(convert(weight))
