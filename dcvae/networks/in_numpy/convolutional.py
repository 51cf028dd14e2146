"""Dilated causal convolutions of a trained network in NumPy, batch normalization folded in."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dcvae._arrays import Float32Array, Float64Array
from dcvae.networks.in_numpy.activations import ACTIVATIONS
from dcvae.networks.in_numpy.weights import Convolution, ConvolutionSide, Norm

_BLOCK = 16  # windows at a time: what a layer reads and writes stays in the processor's cache


class FoldedConvolution(NamedTuple):
    """One convolution of a side, ready to be applied.

    The batch normalization in front of it is folded in: once trained it is `scale·h + shift`, and a
    tap of the convolution reads zeros, not `shift`, where it reads padding.
    """

    kernel: Float32Array  # (tap, channels_in, channels_out), times the scale in front
    bias: Float32Array  # (channels_out,)
    tap_shift: Float32Array  # (tap, channels_out): what the shift in front adds to each tap
    taps: tuple[int, ...]  # how many rows back each tap reads
    activation: str

    def bias_at(self, positions: Sequence[int]) -> Float32Array:
        """Bias at each position, (position, channels_out): taps on padding add no shift."""
        reads = np.array([[position >= back for back in self.taps] for position in positions])
        bias: Float32Array = self.bias + reads.astype(np.float32) @ self.tap_shift
        return bias


def folded(side: ConvolutionSide, num_heads: int = 2) -> list[FoldedConvolution]:
    """List the convolutions of a side, ready to be applied, the heads as one.

    Args:
        side: encoder or decoder.
        num_heads: heads that are wanted, 1 or 2.

    Returns:
        The hidden layers, then the heads, their channels side by side.
    """
    norms = [None, *(layer.norm for layer in side.hidden)]
    layers = [*((layer,) for layer in side.hidden), side.heads[:num_heads]]
    return [_folded(parts, norm) for parts, norm in zip(layers, norms, strict=True)]


def _folded(parts: Sequence[Convolution], norm: Norm | None) -> FoldedConvolution:
    kernel = np.concatenate([part.kernel for part in parts], axis=-1).astype(np.float64)
    bias = np.concatenate([part.bias for part in parts])
    channels = kernel.shape[1]
    scale, shift = (
        (np.ones(channels), np.zeros(channels)) if norm is None else scale_and_shift(norm)
    )
    return FoldedConvolution(
        kernel=(kernel * scale[:, None]).astype(np.float32),
        bias=bias.astype(np.float32),
        tap_shift=(shift @ kernel).astype(np.float32),
        taps=tuple((len(kernel) - 1 - tap) * parts[0].dilation for tap in range(len(kernel))),
        activation=parts[0].activation,
    )


def scale_and_shift(norm: Norm) -> tuple[Float64Array, Float64Array]:
    """Return what batch normalization is once trained, `scale·h + shift`, each (channels,)."""
    variance = norm.variance.astype(np.float64) + norm.epsilon
    scale: Float64Array = norm.gamma.astype(np.float64) / np.sqrt(variance)
    return scale, norm.beta.astype(np.float64) - norm.mean.astype(np.float64) * scale


class Convolutions:
    """The forward pass of an encoder or a decoder over whole windows.

    Args:
        side: its layers.
        window_length: rows of a window, T.
    """

    def __init__(self, side: ConvolutionSide, window_length: int) -> None:
        self._length = window_length
        self._layers = [
            (layer, layer.bias_at(range(window_length))[:, None]) for layer in folded(side)
        ]

    def __call__(self, inputs: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Convolve (batch, time, channels) into the two heads, each (batch, time, units)."""
        units = self._layers[-1][0].kernel.shape[-1]
        heads = np.empty((len(inputs), self._length, units), dtype=np.float32)
        for first in range(0, len(inputs), _BLOCK):
            block = slice(first, first + _BLOCK)
            heads[block] = self._block(inputs[block]).transpose(1, 0, 2)
        return heads[..., : units // 2], heads[..., units // 2 :]

    def _block(self, inputs: Float32Array) -> Float32Array:
        """Convolve a few windows: (time, batch, units).

        With time first, the rows that a tap reads lie side by side, whatever the dilation.
        """
        batch = len(inputs)
        hidden = np.ascontiguousarray(inputs.transpose(1, 0, 2)).reshape(-1, inputs.shape[-1])
        for layer, bias in self._layers:
            total = hidden @ layer.kernel[-1]
            for kernel, back in zip(layer.kernel[:-1], layer.taps[:-1], strict=True):
                later = back * batch
                if back < self._length:
                    total[later:] += hidden[: len(hidden) - later] @ kernel
            by_time = total.reshape(self._length, batch, -1)
            by_time += bias
            hidden = ACTIVATIONS[layer.activation](total)
        return hidden.reshape(self._length, batch, -1)
