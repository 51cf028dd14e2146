"""DC-VAE: an encoder and a decoder of dilated causal convolutions (García González et al. 2022).

The layout of the layers (how many, how wide, which dilation) is decided by the settings file and
read from `Settings.encoder_plan` and `Settings.decoder_plan`; this module turns a plan into layers.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from dcvae.config.settings import Settings, SidePlan
from dcvae.networks.base import PACKAGE, VariationalAutoencoder
from dcvae.networks.losses import Tensor

DECODER_ACTIVATION = "elu"


@keras.saving.register_keras_serializable(PACKAGE)
class DilatedCausalConv(keras.layers.Layer):
    """Causal dilated 1-D convolution over time: `y[p] = b + sum_j W_j · x[p - (k-1-j)·d]`.

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
        """Create kernel and bias, initialized as Keras initializes a Conv1D."""
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
        """Same batch and time, `units` channels."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """Everything needed to build the layer again."""
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_size": self.kernel_size,
            "dilation": self.dilation,
            "activation": keras.activations.serialize(self.activation),
        }


@keras.saving.register_keras_serializable(PACKAGE)
class ConvHeads(keras.layers.Layer):
    """Linear `DilatedCausalConv` layers that read the same input, computed as one.

    Each head has weights of its own; laying their kernels side by side spares reading the input
    once a head, forward and backward.

    Args:
        names: name of each head.
        units: number of output channels of every head.
        kernel_size: number of taps.
        dilation: distance between taps, in rows.

    Input shape:
        (batch, time, channels_in)

    Output shape:
        One tensor (batch, time, units) a head.
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
        """Kernel (kernel_size, channels_in, heads·units) and bias (heads·units,) of all heads."""
        kernel = ops.concatenate([ops.convert_to_tensor(x.kernel) for x in self.heads], axis=-1)
        return kernel, ops.concatenate([ops.convert_to_tensor(x.bias) for x in self.heads])

    def call(self, inputs: Tensor) -> list[Tensor]:
        """Convolve (batch, time, channels_in) into one (batch, time, units) a head."""
        joint = convolve(inputs, *self.joint_weights(), self.heads[0].dilation)
        outputs: list[Tensor] = ops.split(joint, len(self.heads), axis=-1)
        return outputs

    def compute_output_shape(
        self, input_shape: tuple[int | None, ...]
    ) -> list[tuple[int | None, ...]]:
        """Same batch and time, the units of each head."""
        return [head.compute_output_shape(input_shape) for head in self.heads]

    def get_config(self) -> dict[str, Any]:
        """Everything needed to build the layer again."""
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

    One matrix product gives what every row contributes to each tap; the contributions are then
    moved to the rows they belong to and added. On a CPU that is faster, forward and backward, than
    a dilated convolution (benchmarks/README.md).

    Args:
        inputs: (batch, time, channels_in).
        kernel: (k, channels_in, units).
        bias: (units,).
        dilation: d, in rows.

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


def build(settings: Settings, num_series: int) -> VariationalAutoencoder:
    """Build DC-VAE, untrained.

    Args:
        settings: those of `architecture` "dc-vae".
        num_series: number of series, M.
    """
    encoder = _build_side(
        "encoder",
        settings.encoder_plan,
        settings.kernel,
        settings.activation,
        (settings.window_length, num_series),
        ("z_mean", "z_log_var"),
        settings.latent_size,
    )
    decoder = _build_side(
        "decoder",
        settings.decoder_plan,
        settings.kernel,
        DECODER_ACTIVATION,
        (settings.window_length, settings.latent_size),
        ("x_mean", "x_spread"),
        num_series,
    )
    return VariationalAutoencoder(
        encoder, decoder, settings.fidelity_spread, settings.seed, name="dc_vae"
    )


def _build_side(
    name: str,
    plan: SidePlan,
    kernel_size: int,
    activation: str,
    input_shape: tuple[int, int],
    head_names: Sequence[str],
    head_units: int,
) -> keras.Model:
    """Hidden layers (convolution, activation, BatchNorm), then linear heads side by side."""
    inputs = keras.Input(input_shape, name=f"{name}_input")
    hidden = inputs
    for number, (units, dilation) in enumerate(plan.hidden, start=1):
        convolution = DilatedCausalConv(
            units, kernel_size, dilation, activation, name=f"{name}_conv_{number}"
        )
        hidden = convolution(hidden)
        hidden = keras.layers.BatchNormalization(name=f"{name}_norm_{number}")(hidden)
    heads = ConvHeads(head_names, head_units, kernel_size, plan.head_dilation, name=f"{name}_heads")
    return keras.Model(inputs, heads(hidden), name=name)
