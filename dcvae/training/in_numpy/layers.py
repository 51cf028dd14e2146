"""Convolutions in training: forward and backward for one part of a batch.

Arrays are (channels, time·windows): a channel is a row, and within it all windows of the first time
come first, then all of the second. A convolution is then one product of matrices, for all its taps,
and a tap that reads d rows back reads a slice d·windows further left; nothing is moved or copied
to be multiplied. Everything else runs along whole rows.

Batch normalization is `scale·h + shift` once the batch's mean and variance are known, so it is
folded into the kernel of the next convolution. A row of ones below the channels carries bias and
shift: where a tap reads padding it reads no ones, and no shift. Their gradients come out of the
same product as that of the kernel, and so do those of mean and variance.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dcvae._arrays import Float32Array
from dcvae.networks import ACTIVATIONS, SLOPES_BY_INPUT, SLOPES_BY_RESULT


@dataclass(frozen=True, eq=False)
class Normalization:
    """Batch normalization of the results of a layer, in training.

    Attributes:
        gamma: (channels,) float32, a view of the parameters; `beta` likewise.
        beta: (channels,) float32.
        gamma_gradient: (channels,) float32, a view of the gradients; `beta_gradient` likewise.
        beta_gradient: (channels,) float32.
        mean: (channels,) float32, the moving mean.
        variance: (channels,) float32, the moving variance.
        epsilon: added to a variance.
        momentum: of the moving statistics.
    """

    gamma: Float32Array
    beta: Float32Array
    gamma_gradient: Float32Array
    beta_gradient: Float32Array
    mean: Float32Array
    variance: Float32Array
    epsilon: float
    momentum: float

    def fixed(self) -> tuple[Float32Array, Float32Array]:
        """Return scale and shift by the moving statistics, each (channels,)."""
        scale = self.gamma / np.sqrt(self.variance + np.float32(self.epsilon))
        return scale, self.beta - self.mean * scale


@dataclass(frozen=True, eq=False)
class Layer:
    """A convolution, or parallel ones that are computed as one, with views of parameters.

    Attributes:
        kernels: of each, (taps, channels_in, units) float32.
        biases: of each, (units,) float32.
        kernel_gradients: as `kernels`.
        bias_gradients: as `biases`.
        dilation: rows between two taps.
        activation: name of the activation.
        before: batch normalization of what the layer reads; None for none.
    """

    kernels: Sequence[Float32Array]
    biases: Sequence[Float32Array]
    kernel_gradients: Sequence[Float32Array]
    bias_gradients: Sequence[Float32Array]
    dilation: int
    activation: str = "linear"
    before: Normalization | None = None
    units: int = field(init=False)
    taps: int = field(init=False)
    channels: int = field(init=False)

    def __post_init__(self) -> None:
        taps, channels, _ = self.kernels[0].shape
        object.__setattr__(self, "units", sum(kernel.shape[2] for kernel in self.kernels))
        object.__setattr__(self, "taps", taps)
        object.__setattr__(self, "channels", channels)

    def kernel(self) -> Float32Array:
        """Return the kernels side by side, (taps, channels_in, units)."""
        return self.kernels[0] if len(self.kernels) == 1 else np.concatenate(self.kernels, axis=2)

    def bias(self) -> Float32Array:
        """Return the biases side by side, (units,)."""
        return self.biases[0] if len(self.biases) == 1 else np.concatenate(self.biases)

    def fold(
        self, joint: Float32Array, scale: Float32Array | None, shift: Float32Array | None
    ) -> Float32Array:
        """Write kernel and bias as one matrix, what is in front folded in.

        Args:
            joint: (taps·units, channels_in + 1), written to: a tap's units below each other, and
                in the last column what a row of ones adds.
            scale: (channels_in,) of what the layer reads; None for 1.
            shift: (channels_in,) likewise; None for 0.

        Returns:
            (taps·units, channels_in), the kernel alone, for `unfold`.
        """
        rows = self.kernel().transpose(0, 2, 1).reshape(-1, self.channels)
        joint[:, :-1] = rows if scale is None else rows * scale
        joint[:, -1] = 0.0 if shift is None else rows @ shift
        joint[-self.units :, -1] += self.bias()
        return rows

    def unfold(
        self,
        gradient: Float32Array,
        rows: Float32Array,
        scale: Float32Array | None,
        shift: Float32Array | None,
        *,
        keep: bool,
    ) -> tuple[Float32Array, Float32Array] | None:
        """Return the gradients of scale and shift from that of the folded matrix.

        Args:
            gradient: (taps·units, channels_in + 1), of `fold`'s matrix.
            rows: (taps·units, channels_in), from `fold`.
            scale: as in `fold`.
            shift: as in `fold`.
            keep: whether to write the gradients of kernel and bias.

        Returns:
            Gradients of scale and shift, each (channels_in,); None without them.
        """
        of_rows, of_ones = gradient[:, :-1], np.ascontiguousarray(gradient[:, -1])
        if keep:
            whole = of_rows
            if scale is not None and shift is not None:
                whole = of_rows * scale + np.outer(of_ones, shift)
            by_tap = whole.reshape(self.taps, self.units, self.channels).transpose(0, 2, 1)
            first = 0
            for kernel, bias in zip(self.kernel_gradients, self.bias_gradients, strict=True):
                last = first + kernel.shape[2]
                kernel[...] = by_tap[:, :, first:last]
                bias[...] = of_ones[len(of_ones) - self.units :][first:last]
                first = last
        if scale is None:
            return None
        of_scale: Float32Array = np.einsum("rc,rc->c", rows, of_rows)
        return of_scale, of_ones @ rows


class LayerPart:
    """A layer's arrays for one part of a batch.

    Args:
        layer: shared by all parts.
        length: rows of a window, T.
        num_windows: windows of the part.
        products: (at least taps·units·T·windows,) float32, overwritten: products of the forward
            pass, and then gradients. No neighboring layer may have it too, but all others: what is
            used again soon is still in the processor's cache.

    Attributes:
        layer: shared by all parts.
        inputs: (channels_in + 1, T·windows) float32: what the layer reads, and the row of ones.
        gradient: (units, T·windows) float32, of the loss by the results before the activation:
            `backward` reads it.
    """

    def __init__(self, layer: Layer, length: int, num_windows: int, products: Float32Array) -> None:
        self.layer = layer
        columns = length * num_windows
        self.inputs = np.ones((layer.channels + 1, columns), dtype=np.float32)
        size = layer.taps * layer.units * columns
        self._by_tap = products[:size].reshape(layer.taps, layer.units, columns)
        self._flat = self._by_tap.reshape(-1, columns)
        self.gradient = self._by_tap[-1]
        self._back = [
            min((layer.taps - 1 - tap) * layer.dilation * num_windows, columns)
            for tap in range(layer.taps - 1)
        ]
        self._columns = columns
        self._slope: Float32Array | None = None
        if layer.activation in SLOPES_BY_INPUT:
            self._slope = np.empty((layer.units, columns), dtype=np.float32)

    def forward(self, joint: Float32Array, results: Float32Array) -> None:
        """Convolve `inputs`, and apply the activation.

        Args:
            joint: (taps·units, channels_in + 1) float32, from `Layer.fold`.
            results: (units, T·windows), written to.
        """
        np.matmul(joint, self.inputs, out=self._flat)
        own = self._by_tap[-1]
        if not self._back:
            results[...] = own
        for tap, back in enumerate(self._back):
            here = own if tap == 0 else results
            np.add(
                here[:, back:],
                self._by_tap[tap, :, : self._columns - back],
                out=results[:, back:],
            )
            if tap == 0:
                results[:, :back] = own[:, :back]
        if self._slope is not None:
            SLOPES_BY_INPUT[self.layer.activation](results, self._slope)
        if self.layer.activation == "elu" and self._back:
            below = self._by_tap[0]  # free from here on; new memory would be slow to come
            np.minimum(results, 0.0, out=below)
            np.exp(below, out=below)
            below -= np.float32(1.0)
            np.maximum(results, below, out=results)
        else:
            ACTIVATIONS[self.layer.activation](results)

    def backward(
        self,
        joint: Float32Array,
        joint_gradient: Float32Array,
        inputs_gradient: Float32Array | None,
    ) -> None:
        """Compute the gradients by weights and inputs from `gradient`.

        Args:
            joint: (taps·units, channels_in + 1) float32, as in `forward`.
            joint_gradient: (taps·units, channels_in + 1), written to.
            inputs_gradient: (channels_in, T·windows), written to; None where nobody asks for it.
        """
        for tap, back in enumerate(self._back):
            shifted = self._by_tap[tap]
            shifted[:, : self._columns - back] = self.gradient[:, back:]
            shifted[:, self._columns - back :] = 0.0
        np.matmul(self._flat, self.inputs.T, out=joint_gradient)
        if inputs_gradient is not None:
            np.matmul(joint[:, :-1].T, self._flat, out=inputs_gradient)

    def through_activation(self, results: Float32Array, scratch: Float32Array) -> None:
        """Multiply `gradient`, of the results, by the slope of the activation.

        Args:
            results: (units, T·windows), of `forward`.
            scratch: (units, T·windows), overwritten.
        """
        slope = self._slope
        if slope is None:
            slope = scratch
            SLOPES_BY_RESULT[self.layer.activation](results, slope)
        self.gradient *= slope
