"""What every architecture is: a network that gives windows back, and what the others ask of it.

A window (time, series) becomes a latent and is reconstructed from it, with a mean and a spread for
every cell. `Autoencoder` says what training, scoring and the losses of a file need to know of a
network, and nothing else of it is known outside this package. Two kinds are here: the variational
autoencoder of García González et al. (2022), whatever its sides are made of, and a plain
autoencoder that reconstructs whole sequences from one embedding.

Written with `keras.ops` alone, so that it runs on any Keras backend. Every class is registered, so
that a saved `.keras` file loads without custom code.
"""

from abc import abstractmethod
from typing import Any, Literal, NamedTuple, Self

import keras
from keras import ops

from dcvae.networks.losses import (
    SpreadReading,
    Tensor,
    gaussian_nll,
    kl_divergence,
    log_variance_from,
    sigma_from,
)

PACKAGE = "dcvae"

# A pass over a file takes less time than XLA takes to compile it. But what is not compiled JAX runs
# one operation after the other, a recurrent layer a hundred times as slowly.
COMPILES_PASSES = keras.backend.backend() == "jax"


class Reconstruction(NamedTuple):
    """What a network at rest says of whole windows.

    Attributes:
        mean: (batch, time, series), scaled.
        sigma: (batch, time, series), scaled: the standard deviation of the band.
        latent: (batch, latent): the latent vector of the last row.
    """

    mean: Tensor
    sigma: Tensor
    latent: Tensor


class Autoencoder(keras.Model):
    """An encoder, a decoder, and the losses that are minimized.

    Args:
        encoder: model of windows (batch, time, series).
        decoder: model of what the encoder gives.

    Input shape:
        (batch, time, series), scaled.

    Output shape:
        A dictionary of what `losses_of` reads.
    """

    # Norm to which the gradient of a step is cut; None leaves it as it is.
    gradient_norm: float | None = None

    def __init__(self, encoder: keras.Model, decoder: keras.Model, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.reconst_tracker = keras.metrics.Mean(name="reconst")
        self.kl_tracker = keras.metrics.Mean(name="kl")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Nothing to create: encoder and decoder arrive built. Called when all parts are set."""

    @abstractmethod
    def losses_of(self, windows: Tensor, outputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Give the two parts of the loss of every window, each (batch,).

        Args:
            windows: (batch, time, series), scaled.
            outputs: what `call` gave for them.

        Returns:
            The reconstruction's part and the latent's; their sum is what training minimizes.
        """

    @abstractmethod
    def reconstruct(self, windows: Tensor, noise: Tensor = None) -> Reconstruction:
        """Reconstruct windows, the network at rest: the same answer every time.

        Args:
            windows: (batch, time, series), scaled.
            noise: (batch, time, latent), standard normal: draws of the latent, for a network that
                draws one. None takes the latent's mean.
        """

    @property
    @abstractmethod
    def latent_size(self) -> int:
        """Numbers of a latent vector."""

    @property
    def supports_xla(self) -> bool:
        """Tell whether XLA may compile a step: not where a layer has a GPU kernel of its own."""
        return all(x.supports_jit for x in [*self.encoder.layers, *self.decoder.layers])

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Any = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """Mean of both parts of the loss over the windows of a batch.

        Args:
            x: windows (batch, time, series), scaled.
            y: weight of each window (batch,), 0 for those that do not count; None: all count.
            y_pred: what `call` gave for `x`.
            sample_weight: not used.
            training: not used.
        """
        x = ops.convert_to_tensor(x)
        # Windows weigh the same, but for those that only fill up a batch (see training).
        weights = ops.ones_like(x[:, 0, 0]) if y is None else ops.convert_to_tensor(y)
        num_windows = ops.sum(weights)
        reconst, kl = (ops.sum(part * weights) / num_windows for part in self.losses_of(x, y_pred))
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
        """Encoder and decoder whole."""
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Build from what `get_config` gave."""
        parts = {
            part: keras.saving.deserialize_keras_object(config[part])
            for part in ("encoder", "decoder")
        }
        return cls(**{**config, **parts})


@keras.saving.register_keras_serializable(PACKAGE)
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
        self.built = True  # it has no weights; JAX would run a network with an unbuilt layer twice

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


@keras.saving.register_keras_serializable(PACKAGE)
class VariationalAutoencoder(Autoencoder):
    """An encoder, a sampling step and a decoder, trained on the ELBO.

    Any encoder that gives (z_mean, z_log_var) and any decoder that gives (mean, spread) will do.

    Args:
        encoder: model (batch, time, series) -> z_mean, z_log_var, each (batch, time, latent).
        decoder: model of z -> mean and spread, each (batch, time, series).
        spread_reading: how the loss reads the spread head, see `losses.log_variance_from`.
        seed: seed of the latent draws.
        gradient_norm: see `Autoencoder`.

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
        gradient_norm: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        self.spread_reading: SpreadReading = spread_reading
        self.gradient_norm = gradient_norm
        self.sampling = Sampling(seed, name="sampling")
        self.build(encoder.input_shape)

    @property
    def latent_size(self) -> int:
        """Channels of the latent sequence, J."""
        return int(self.decoder.input_shape[-1])

    def call(self, inputs: Tensor, training: bool = False) -> dict[str, Tensor]:
        """Encode, draw a latent sequence, decode."""
        z_mean, z_log_var = self.encoder(inputs, training=training)
        z = self.sampling(z_mean, z_log_var)
        mean, spread = self.decoder(z, training=training)
        return {"z_mean": z_mean, "z_log_var": z_log_var, "mean": mean, "spread": spread}

    def losses_of(self, windows: Tensor, outputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Negative ELBO: mean negative log-likelihood of a cell, mean KL of a latent number.

        Both terms are means, not sums (over time and series; over time and latent channels): that
        fixes their relative weight. The ELBO of García González et al. 2022.
        """
        log_variance = log_variance_from(outputs["spread"], self.spread_reading)
        nll = gaussian_nll(windows, outputs["mean"], log_variance)
        kl = kl_divergence(outputs["z_mean"], outputs["z_log_var"])
        return ops.mean(nll, axis=(1, 2)), ops.mean(kl, axis=(1, 2))

    def reconstruct(self, windows: Tensor, noise: Tensor = None) -> Reconstruction:
        """Reconstruct from z_mean, or from a draw of z; the latent vector is z at the last row."""
        z, z_log_var = self.encoder(windows, training=False)
        if noise is not None:
            z = z + ops.exp(0.5 * z_log_var) * noise
        mean, spread = self.decoder(z, training=False)
        return Reconstruction(mean, sigma_from(spread), z[:, -1])

    def get_config(self) -> dict[str, Any]:
        """Encoder and decoder whole, and the numbers."""
        return {
            **super().get_config(),
            "spread_reading": self.spread_reading,
            "seed": self.sampling.seed,
            "gradient_norm": self.gradient_norm,
        }


Distance = Literal["mae", "mse"]


@keras.saving.register_keras_serializable(PACKAGE)
class SequenceAutoencoder(Autoencoder):
    """A window becomes one embedding, and the embedding a window: the plain autoencoder.

    It says nothing of a spread: its sigma is 1 (scaled) everywhere, to be given a meaning by what
    the validation part is off by (`sigma.calibrate`).

    Args:
        encoder: model (batch, time, series) -> (batch, embedding).
        decoder: model of the embedding -> (batch, time, series).
        distance: what is minimized: the mean absolute ("mae") or squared ("mse") error of a cell.

    Output shape:
        A dictionary of `mean` (batch, time, series).
    """

    def __init__(
        self, encoder: keras.Model, decoder: keras.Model, distance: Distance, **kwargs: Any
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        self.distance: Distance = distance
        self.build(encoder.input_shape)

    @property
    def latent_size(self) -> int:
        """Numbers of the embedding."""
        return int(self.decoder.input_shape[-1])

    def call(self, inputs: Tensor, training: bool = False) -> dict[str, Tensor]:
        """Encode and decode."""
        return {"mean": self.decoder(self.encoder(inputs, training=training), training=training)}

    def losses_of(self, windows: Tensor, outputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Mean distance of a cell, and 0: nothing is asked of the embedding."""
        error = windows - outputs["mean"]
        distance = ops.abs(error) if self.distance == "mae" else ops.square(error)
        reconst = ops.mean(distance, axis=(1, 2))
        return reconst, ops.zeros_like(reconst)

    def reconstruct(self, windows: Tensor, noise: Tensor = None) -> Reconstruction:
        """Reconstruct from the embedding, which is the latent vector; `noise` is not read."""
        embedding = self.encoder(windows, training=False)
        mean = self.decoder(embedding, training=False)
        return Reconstruction(mean, ops.ones_like(mean), embedding)

    def get_config(self) -> dict[str, Any]:
        """Encoder and decoder whole, and the distance."""
        return {**super().get_config(), "distance": self.distance}
