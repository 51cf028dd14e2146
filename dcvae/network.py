"""The network: dilated causal convolutions, an encoder, a decoder, and the VAE around them.

A window (time, series) becomes a latent *sequence* (time, latent), one small vector a time step,
and is reconstructed from it with a mean and a spread for every cell (García González et al. 2022).
The layout of the layers (how many, how wide, which dilation) is decided by the settings file and
read from `Settings.encoder_plan` and `Settings.decoder_plan`; this module turns a plan into layers.

Written with `keras.ops` alone, so that it runs on any Keras backend. Every class is registered, so
that a saved `.keras` file loads without custom code.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from dcvae.losses import (
    SpreadReading,
    Tensor,
    gaussian_nll,
    kl_divergence,
    log_variance_from,
)
from dcvae.settings import Settings, SidePlan

DECODER_ACTIVATION = "elu"
_PACKAGE = "dcvae"


@keras.saving.register_keras_serializable(_PACKAGE)
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


@keras.saving.register_keras_serializable(_PACKAGE)
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


@keras.saving.register_keras_serializable(_PACKAGE)
class Sampling(keras.layers.Layer):
    """Draw `z = z_mean + exp(z_log_var / 2)·eps`, eps ~ N(0, 1), independently for every number.

    The layer owns its randomness: one seed, one sequence of draws. The state of the generator is a
    variable of the model, so that a resumed training goes on with the draws that would have come.

    Args:
        seed: seed of the draws.

    Input shape:
        Two tensors (batch, time, latent): z_mean and z_log_var.

    Output shape:
        (batch, time, latent)
    """

    def __init__(self, seed: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        # Named, or its variable would be called by the number of generators made before it.
        self.seed_generator = keras.random.SeedGenerator(seed, name="latent_draws")

    def call(self, z_mean: Tensor, z_log_var: Tensor) -> Tensor:
        """Sample one latent sequence a window (Kingma and Welling 2014, section 2.4)."""
        noise = keras.random.normal(ops.shape(z_mean), seed=self.seed_generator)
        return z_mean + ops.exp(0.5 * z_log_var) * noise

    def compute_output_shape(self, z_mean_shape: Any, z_log_var_shape: Any) -> Any:
        """Shape of either input."""
        return z_mean_shape

    def get_config(self) -> dict[str, Any]:
        """Everything needed to build the layer again."""
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable(_PACKAGE)
class VariationalAutoencoder(keras.Model):
    """An encoder, a sampling step and a decoder, trained on the ELBO.

    Knows nothing of convolutions: any encoder that gives (z_mean, z_log_var) and any decoder that
    gives (mean, spread) will do.

    Args:
        encoder: model (batch, time, series) -> z_mean, z_log_var.
        decoder: model of z -> mean and spread, each (batch, time, series).
        spread_reading: how the loss reads the spread head, see `losses.log_variance_from`.
        seed: seed of the latent draws.

    Input shape:
        (batch, time, series), scaled.

    Output shape:
        A dictionary of `z_mean`, `z_log_var` (batch, time, latent), `mean`, `spread` (batch, time,
        series).
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        spread_reading: SpreadReading,
        seed: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.spread_reading: SpreadReading = spread_reading
        self.sampling = Sampling(seed, name="sampling")
        self.reconst_tracker = keras.metrics.Mean(name="reconst")
        self.kl_tracker = keras.metrics.Mean(name="kl")
        self.build(encoder.input_shape)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Nothing to create: encoder and decoder arrive built."""

    def call(self, inputs: Tensor, training: bool = False) -> dict[str, Tensor]:
        """Encode, draw a latent sequence, decode."""
        z_mean, z_log_var = self.encoder(inputs, training=training)
        z = self.sampling(z_mean, z_log_var)
        mean, spread = self.decoder(z, training=training)
        return {"z_mean": z_mean, "z_log_var": z_log_var, "mean": mean, "spread": spread}

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Any = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """Negative ELBO: mean negative log-likelihood of a cell plus mean KL of a latent number.

        Both terms are means, not sums (over batch, time and series; over batch, time and latent
        channels): that fixes their relative weight. The ELBO of García González et al. 2022.

        Args:
            x: windows (batch, time, series), scaled.
            y: weight of each window (batch,), 0 for those that do not count; None: all count.
            y_pred: what `call` gave for `x`.
            sample_weight: not used.
            training: not used.
        """
        log_variance = log_variance_from(y_pred["spread"], self.spread_reading)
        nll = gaussian_nll(x, y_pred["mean"], log_variance)
        kl = kl_divergence(y_pred["z_mean"], y_pred["z_log_var"])
        # Windows weigh the same, but for those that only fill up a batch (see training).
        weights = ops.ones_like(x[:, 0, 0]) if y is None else y
        num_windows = ops.sum(weights)
        reconst, kl = (
            ops.sum(ops.mean(part, axis=(1, 2)) * weights) / num_windows for part in (nll, kl)
        )
        self.reconst_tracker.update_state(reconst, sample_weight=num_windows)
        self.kl_tracker.update_state(kl, sample_weight=num_windows)
        return reconst + kl

    def reset_metrics(self) -> None:
        """Do nothing: `train_on_batch` calls this every time, and the means of an epoch are wanted.

        It would also cost 4 % of a step. `begin_means` is what starts anew. `fit` and `evaluate`
        rely on this method, so the losses that they report go on from earlier calls.
        """

    def begin_means(self) -> None:
        """Forget the losses so far: what batches return from now on are means since this call."""
        super().reset_metrics()

    def get_config(self) -> dict[str, Any]:
        """Encoder and decoder whole, and the two numbers."""
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "spread_reading": self.spread_reading,
            "seed": self.sampling.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "VariationalAutoencoder":
        """Build from what `get_config` gave."""
        parts = {
            part: keras.saving.deserialize_keras_object(config[part])
            for part in ("encoder", "decoder")
        }
        return cls(**{**config, **parts})


def build_network(settings: Settings) -> VariationalAutoencoder:
    """Build the untrained network that a settings file describes.

    Weights are drawn from `settings.seed`: the same settings give the same network.

    Args:
        settings: settings whose `num_series` is known.
    """
    if settings.num_series is None:
        raise ValueError("Expected settings with a known `num_series`. Received: None.")
    keras.utils.set_random_seed(settings.seed)
    encoder = _build_side(
        "encoder",
        settings.encoder_plan,
        settings.kernel,
        settings.activation,
        (settings.window_length, settings.num_series),
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
        settings.num_series,
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
