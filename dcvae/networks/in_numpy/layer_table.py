"""Layers of a network for people: a line for each, with its results and parameters."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from dcvae.networks.in_numpy.weights import (
    Convolution,
    ConvolutionSide,
    Dense,
    NetworkWeights,
    Norm,
    Recurrent,
    RecurrentSide,
)

_TITLES = {"rnn": "simple recurrent", "gru": "GRU", "lstm": "LSTM"}
_HEADS: Mapping[str, tuple[str, ...]] = {
    "encoder": ("z_mean", "z_log_var"),
    "decoder": ("x_mean", "x_spread"),
}


class LayerLine(NamedTuple):
    """A layer, as it is shown.

    Attributes:
        name: side of the network, kind and number, or what it gives.
        kind: what it computes.
        channels: numbers that it gives for each row.
        parameters: weights, and statistics of batch normalization.
    """

    name: str
    kind: str
    channels: int
    parameters: int


def layer_lines(weights: NetworkWeights) -> list[LayerLine]:
    """Return a line for each layer, those of the encoder first.

    Args:
        weights: of a network of any architecture.

    Examples:
        >>> from dcvae.config import NetworkKeys
        >>> from dcvae.networks import initial_weights, layer_lines
        >>> keys = NetworkKeys(T=8, M=2, cnn_units=(4,), dil_rate=(1, 2), J=3, activation="tanh")
        >>> for line in layer_lines(initial_weights(keys))[:3]:
        ...     print(*line, sep=" | ")
        encoder_conv_1 | convolution, 2 taps, dilation 1, tanh | 4 | 20
        encoder_norm_1 | batch normalization | 4 | 16
        z_mean | convolution, 2 taps, dilation 2, linear | 3 | 27
    """
    return [
        *_side_lines("encoder", weights.encoder),
        *_side_lines("decoder", weights.decoder),
    ]


def num_parameters(weights: NetworkWeights) -> int:
    """Return how many weights and statistics of batch normalization a network has.

    Args:
        weights: of a network of any architecture.
    """
    return sum(line.parameters for line in layer_lines(weights))


def _side_lines(name: str, side: ConvolutionSide | RecurrentSide) -> Iterator[LayerLine]:
    hidden: tuple[Convolution | Recurrent, ...] = side.hidden
    for number, layer in enumerate(hidden, start=1):
        kind = layer.layer_type if isinstance(layer, Recurrent) else "conv"
        yield _layer_line(f"{name}_{kind}_{number}", layer)
        if layer.norm is not None:
            yield _norm_line(f"{name}_norm_{number}", layer.norm)
    names = _HEADS[name]
    if name == "encoder" and len(side.heads) == 1:
        names = ("embedding",)
    heads: tuple[Convolution | Recurrent | Dense, ...] = side.heads
    for head_name, head in zip(names, heads, strict=False):  # Seq2seq has no second one
        yield _layer_line(head_name, head)


def _layer_line(name: str, layer: Convolution | Recurrent | Dense) -> LayerLine:
    parameters = layer.kernel.size + layer.bias.size
    if isinstance(layer, Recurrent):
        parameters += layer.recurrent_kernel.size
        kind = f"{_TITLES[layer.layer_type]} layer, {layer.activation}"
        return LayerLine(name, kind, len(layer.recurrent_kernel), parameters)
    kind = "linear map"
    if isinstance(layer, Convolution):
        kind = (
            f"convolution, {len(layer.kernel)} taps, dilation {layer.dilation}, {layer.activation}"
        )
    return LayerLine(name, kind, layer.kernel.shape[-1], parameters)


def _norm_line(name: str, norm: Norm) -> LayerLine:
    return LayerLine(name, "batch normalization", len(norm.gamma), 4 * len(norm.gamma))
