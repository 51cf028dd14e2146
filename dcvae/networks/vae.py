"""Variational autoencoder, trained on the ELBO (García González et al. 2022).

It takes any encoder that gives a mean and a log variance of the latent, and any decoder that gives
a mean and a spread of every cell.
"""

from typing import Any, Self

import keras
from keras import ops

from dcvae._arrays import Tensor
from dcvae.config import Fidelity
from dcvae.networks.base import PACKAGE, Autoencoder
from dcvae.networks.interface import Reconstruction
from dcvae.networks.losses import elbo_terms, sigma_from

_STORED_CONVENTION = "spread_reading"  # as saved networks call it


@keras.saving.register_keras_serializable(PACKAGE)
class Sampling(keras.layers.Layer):
    """Layer that draws `z = z_mean + exp(z_log_var / 2)·eps`, eps ~ N(0, 1) for every number.

    The layer has its own random generator: the seed fixes the sequence of draws. The state of the
    generator is a variable of the model, so that a resumed training continues the sequence.

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
        # Without a name, its variable would be named by the number of generators made before.
        self.seed_generator = keras.random.SeedGenerator(seed, name="latent_draws")
        self.built = True  # no weights; JAX would run a network with an unbuilt layer twice

    def call(self, z_mean: Tensor, z_log_var: Tensor) -> Tensor:
        """Draw one latent sequence per window (Kingma and Welling 2014, section 2.4).

        Args:
            z_mean: (batch, time, latent).
            z_log_var: (batch, time, latent).

        Returns:
            (batch, time, latent).
        """
        return z_mean + ops.exp(0.5 * z_log_var) * self.draw(ops.shape(z_mean))

    def draw(self, shape: Any) -> Tensor:
        """Draw standard normal numbers of a shape, the next of the generator."""
        return keras.random.normal(shape, seed=self.seed_generator)

    def compute_output_shape(self, z_mean_shape: Any, z_log_var_shape: Any) -> Any:
        """Return the shape of either input."""
        return z_mean_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable(PACKAGE)
class VariationalAutoencoder(Autoencoder):
    """Encoder, random latent draw and decoder, trained on the ELBO.

    Args:
        encoder: model (batch, time, series) -> z_mean, z_log_var, each (batch, time, latent).
        decoder: model (batch, time, latent) -> mean and spread, each (batch, time, series).
        spread_convention: meaning of the spread head in the loss, see `losses.log_variance_from`.
        seed: seed of the latent draws.
        gradient_norm: see `Autoencoder`.
        bounded: see `Autoencoder`.

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
        spread_convention: Fidelity,
        seed: int,
        gradient_norm: float | None = None,
        bounded: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        self.spread_convention: Fidelity = spread_convention
        self.gradient_norm = gradient_norm
        self.bounded = bounded
        self.sampling = Sampling(seed, name="sampling")
        self.build(encoder.input_shape)

    def call(self, inputs: Tensor, training: bool = False) -> dict[str, Tensor]:
        """Encode windows, draw a latent sequence of each, and decode it.

        Args:
            inputs: (batch, time, series), scaled.
            training: whether BatchNorm acts as in training; the latent is drawn in any case.

        Returns:
            `z_mean` and `z_log_var` (batch, time, latent), `mean` and `spread` (batch, time,
            series).
        """
        z_mean, z_log_var = self.encoder(inputs, training=training)
        z = self.sampling(z_mean, z_log_var)
        mean, spread = self.decoder(z, training=training)
        return {"z_mean": z_mean, "z_log_var": z_log_var, "mean": mean, "spread": spread}

    def losses_of(self, windows: Tensor, outputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the terms of the negative ELBO, each (batch,); see `losses.elbo_terms`.

        Args:
            windows: (batch, time, series), scaled.
            outputs: of `call` for these windows.

        Returns:
            Two tensors (batch,), nats per cell and nats per latent number.
        """
        return elbo_terms(windows, outputs, self.spread_convention, bounded=self.bounded)

    def reconstruct(self, windows: Tensor, noise: Tensor = None) -> Reconstruction:
        """Reconstruct windows from z_mean, or from a draw of z.

        Args:
            windows: (batch, time, series), scaled.
            noise: (batch, time, latent), standard normal; None for z_mean.

        Returns:
            Mean and sigma (batch, time, series), scaled, and z at the last row (batch, latent).
        """
        z, z_log_var = self.encoder(windows, training=False)
        if noise is not None:
            z = z + ops.exp(0.5 * z_log_var) * noise
        mean, spread = self.decoder(z, training=False)
        return Reconstruction(mean, sigma_from(spread, bounded=self.bounded), z[:, -1])

    def get_config(self) -> dict[str, Any]:
        """Return what builds the network again: encoder, decoder, and the other arguments."""
        return {
            **super().get_config(),
            _STORED_CONVENTION: self.spread_convention,
            "seed": self.sampling.seed,
            "gradient_norm": self.gradient_norm,
            # Only where it is not as ever: what is saved stays the same bytes.
            **({} if self.bounded else {"bounded": False}),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Build a network, its weights untrained, from the values of `get_config`."""
        convention = config[_STORED_CONVENTION]
        others = {key: value for key, value in config.items() if key != _STORED_CONVENTION}
        return super().from_config({**others, "spread_convention": convention})
