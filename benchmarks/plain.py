"""Plain port, the reference of the measurements: DC-VAE as first written in Keras 3.

Conv1D layers with causal padding, windows by `timeseries_dataset_from_array`, batches of 32, `fit`
and `predict`. Same layers, same weights, same losses as ours; nothing in `dcvae` uses it.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from dcvae.config import Settings
from dcvae.networks.plan import decoder_plan, encoder_plan

BATCH = 32


def build_side(
    plan: Any, kernel: int, activation: str, shape: tuple[int, int], heads: list[int]
) -> keras.Model:
    """Stack Conv1D and BatchNormalization by the plan, then one Conv1D per head."""
    inputs = keras.Input(shape)
    hidden = inputs
    for units, dilation in plan.hidden:
        hidden = keras.layers.Conv1D(
            units, kernel, padding="causal", dilation_rate=dilation, activation=activation
        )(hidden)
        hidden = keras.layers.BatchNormalization()(hidden)
    outputs = [
        keras.layers.Conv1D(units, kernel, padding="causal", dilation_rate=plan.head_dilation)(
            hidden
        )
        for units in heads
    ]
    return keras.Model(inputs, outputs)


class PlainVAE(keras.Model):
    """The VAE with its loss in `compute_loss`, as is usual in Keras 3."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        length, latent, series = (
            settings.window_length,
            settings.latent_size,
            settings.num_series or 1,
        )
        self.encoder = build_side(
            encoder_plan(settings),
            settings.kernel,
            settings.activation,
            (length, series),
            [latent] * 2,
        )
        self.decoder = build_side(
            decoder_plan(settings), settings.kernel, "elu", (length, latent), [series] * 2
        )
        self.seed_generator = keras.random.SeedGenerator(settings.seed)
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        z_mean, z_log_var = self.encoder(inputs, training=training)
        noise = keras.random.normal(ops.shape(z_mean), seed=self.seed_generator)
        mean, log_var = self.decoder(z_mean + ops.exp(z_log_var / 2) * noise, training=training)
        return z_mean, z_log_var, mean, log_var

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        z_mean, z_log_var, mean, log_var = y_pred
        nll = ops.mean(0.5 * ((x - mean) ** 2 * ops.exp(-log_var) + log_var))
        kl = ops.mean(-0.5 * (1 + z_log_var - z_mean**2 - ops.exp(z_log_var)))
        return nll + kl

    def copy_weights(self, network: Any) -> None:
        """Copy the weights of one of our networks."""
        self.encoder.set_weights(network.encoder.get_weights())
        self.decoder.set_weights(network.decoder.get_weights())


def windows_of(series: np.ndarray, length: int, *, shuffle: bool = False) -> Any:
    """Return batches of all windows of values (rows, series)."""
    return keras.utils.timeseries_dataset_from_array(
        series, None, length, batch_size=BATCH, shuffle=shuffle, seed=1
    )
