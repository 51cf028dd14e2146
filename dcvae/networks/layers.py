"""Layers: dilated causal convolutions, parallel linear heads, recurrent layers by name."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from dcvae._arrays import Tensor
from dcvae.config import LayerType
from dcvae.networks.base import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class DilatedCausalConv(keras.layers.Layer):
    """Dilated causal convolution over time: `y[p] = b + sum_j W_j · x[p - (k-1-j)·d]`.

    Rows before the window count as zeros; the sequence keeps its length. Weights have the shapes of
    `keras.layers.Conv1D`: kernel (kernel_size, channels_in, units), bias (units,).

    Args:
        units: number of output channels.
        kernel_size: number of taps k.
        dilation: distance d between taps, in rows.
        activation: name of a Keras activation applied to the result.

    Input shape:
        (batch, time, channels_in)

    Output shape:
        (batch, time, units)

    Examples:
        With two taps of weight 1 and a dilation of 3, each row adds the row three rows before it;
        no row depends on a later one:

        >>> import keras
        >>> import numpy as np
        >>> from dcvae.networks import DilatedCausalConv
        >>> layer = DilatedCausalConv(units=1, kernel_size=2, dilation=3)
        >>> layer.build((None, 5, 1))
        >>> layer.set_weights([np.ones((2, 1, 1)), np.zeros(1)])
        >>> rows = np.array([1.0, 2.0, 3.0, 4.0, 5.0], dtype=np.float32)
        >>> keras.ops.convert_to_numpy(layer(rows[None, :, None])).ravel().tolist()
        [1.0, 2.0, 3.0, 5.0, 7.0]
    """

    def __init__(
        self,
        units: int,
        kernel_size: int,
        dilation: int,
        activation: str = "linear",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create kernel and bias, initialized like those of Keras's Conv1D."""
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.kernel_size, input_shape[-1], self.units),
            initializer="glorot_uniform",
        )
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")

    def call(self, inputs: Tensor) -> Tensor:
        """Convolve (batch, time, channels_in) into (batch, time, units)."""
        return self.activation(convolve(inputs, self.kernel, self.bias, self.dilation))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return (batch, time, units)."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_size": self.kernel_size,
            "dilation": self.dilation,
            "activation": keras.activations.serialize(self.activation),
        }


@keras.saving.register_keras_serializable(PACKAGE)
class ConvHeads(keras.layers.Layer):
    """Linear `DilatedCausalConv` layers with the same input, computed as one.

    Each head has its own weights; their kernels are concatenated, so that the input is read once
    and not once per head, forward and backward.

    Args:
        names: name of each head.
        units: number of output channels of every head.
        kernel_size: number of taps.
        dilation: distance between taps, in rows.

    Input shape:
        (batch, time, channels_in)

    Output shape:
        One tensor (batch, time, units) per head.

    Examples:
        >>> import numpy as np
        >>> from dcvae.networks import ConvHeads
        >>> heads = ConvHeads(["z_mean", "z_log_var"], units=4, kernel_size=2, dilation=1)
        >>> [tuple(part.shape) for part in heads(np.zeros((1, 8, 3), dtype=np.float32))]
        [(1, 8, 4), (1, 8, 4)]
    """

    def __init__(
        self, names: Sequence[str], units: int, kernel_size: int, dilation: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.heads = [
            DilatedCausalConv(units, kernel_size, dilation, name=head_name) for head_name in names
        ]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the weights of every head."""
        for head in self.heads:
            head.build(input_shape)

    def joint_weights(self) -> tuple[Tensor, Tensor]:
        """Return the weights of all heads, concatenated along their units.

        Returns:
            Kernel (kernel_size, channels_in, heads·units) and bias (heads·units,).
        """
        kernel = ops.concatenate([ops.convert_to_tensor(x.kernel) for x in self.heads], axis=-1)
        return kernel, ops.concatenate([ops.convert_to_tensor(x.bias) for x in self.heads])

    def call(self, inputs: Tensor) -> list[Tensor]:
        """Convolve (batch, time, channels_in) into one (batch, time, units) per head."""
        joint = convolve(inputs, *self.joint_weights(), self.heads[0].dilation)
        outputs: list[Tensor] = ops.split(joint, len(self.heads), axis=-1)
        return outputs

    def compute_output_shape(
        self, input_shape: tuple[int | None, ...]
    ) -> list[tuple[int | None, ...]]:
        """Return (batch, time, units) for each head."""
        return [head.compute_output_shape(input_shape) for head in self.heads]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        first = self.heads[0]
        return {
            **super().get_config(),
            "names": [head.name for head in self.heads],
            "units": first.units,
            "kernel_size": first.kernel_size,
            "dilation": first.dilation,
        }


def convolve(inputs: Tensor, kernel: Tensor, bias: Tensor, dilation: int) -> Tensor:
    """Convolve causally: `y[p] = b + sum_j W_j · x[p - (k-1-j)·d]`, zeros before the window.

    One matrix product gives the contribution of every row to each tap; the contributions are then
    shifted to their rows and added. On a CPU that is faster, forward and backward, than a dilated
    convolution (benchmarks/README.md).

    Args:
        inputs: (batch, time, channels_in).
        kernel: (k, channels_in, units).
        bias: (units,).
        dilation: distance d between taps, in rows.

    Returns:
        (batch, time, units).
    """
    length, channels = inputs.shape[1:]
    kernel_size, _, units = kernel.shape
    side_by_side = ops.concatenate([kernel[tap] for tap in range(kernel_size)], axis=-1)
    products = ops.matmul(ops.reshape(inputs, (-1, channels)), side_by_side)
    products = ops.reshape(products, (-1, length, kernel_size * units))
    total = bias
    for tap in range(kernel_size):
        rows_later = (kernel_size - 1 - tap) * dilation
        if rows_later < length:
            part = products[:, : length - rows_later, tap * units : (tap + 1) * units]
            total = total + ops.pad(part, [[0, 0], [rows_later, 0], [0, 0]])
    return total


RECURRENT_LAYERS: dict[LayerType, type[keras.layers.Layer]] = {
    "rnn": keras.layers.SimpleRNN,
    "gru": keras.layers.GRU,
    "lstm": keras.layers.LSTM,
}
