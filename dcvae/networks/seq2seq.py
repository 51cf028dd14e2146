"""Sequence-to-sequence autoencoder: a window encoded into one vector and decoded from it.

The network is that of published experiments on water treatment data. The decoder gets the last
state of the encoder alone.
"""

from typing import Any

import keras
from keras import ops

from dcvae._arrays import Tensor
from dcvae.config import Loss, NetworkKeys
from dcvae.networks.base import PACKAGE, Autoencoder
from dcvae.networks.interface import Reconstruction
from dcvae.networks.layers import RECURRENT_LAYERS
from dcvae.networks.losses import distance_terms


@keras.saving.register_keras_serializable(PACKAGE)
class SequenceAutoencoder(Autoencoder):
    """Plain autoencoder of one embedding per window.

    It predicts no spread: its sigma is 1 (scaled) everywhere, until scoring replaces it by one that
    is fitted to the errors of the validation part (`scoring.sigma`).

    Args:
        encoder: model (batch, time, series) -> (batch, embedding).
        decoder: model (batch, embedding) -> (batch, time, series).
        distance: what training minimizes: the mean absolute ("mae") or squared ("mse") error of a
            cell.

    Input shape:
        (batch, time, series), scaled.

    Output shape:
        A dictionary of `mean` (batch, time, series).
    """

    def __init__(
        self, encoder: keras.Model, decoder: keras.Model, distance: Loss, **kwargs: Any
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        self.distance: Loss = distance
        self.build(encoder.input_shape)

    def call(self, inputs: Tensor, training: bool = False) -> dict[str, Tensor]:
        """Encode and decode windows.

        Args:
            inputs: (batch, time, series), scaled.
            training: whether layers act as in training.

        Returns:
            `mean` (batch, time, series), scaled.
        """
        return {"mean": self.decoder(self.encoder(inputs, training=training), training=training)}

    def losses_of(self, windows: Tensor, outputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the mean distance of a cell, and 0, as the embedding has no loss.

        Args:
            windows: (batch, time, series), scaled.
            outputs: of `call` for these windows.

        Returns:
            Two tensors (batch,); the first is scaled, for "mse" squared.
        """
        return distance_terms(windows, outputs, self.distance)

    def reconstruct(self, windows: Tensor, noise: Tensor = None) -> Reconstruction:
        """Reconstruct windows from their embeddings, which are the latent vectors.

        Args:
            windows: (batch, time, series), scaled.
            noise: not used, as the embedding is not drawn.

        Returns:
            Mean and sigma 1, (batch, time, series), scaled, and the embedding (batch, embedding).
        """
        embedding = self.encoder(windows, training=False)
        mean = self.decoder(embedding, training=False)
        return Reconstruction(mean, ops.ones_like(mean), embedding)

    def get_config(self) -> dict[str, Any]:
        """Return what builds the network again: encoder, decoder, and the distance."""
        return {**super().get_config(), "distance": self.distance}


def build(keys: NetworkKeys, num_series: int) -> SequenceAutoencoder:
    """Build the sequence-to-sequence autoencoder, untrained.

    Two recurrent layers encode, of `hidden_size` and `embedding_size` units; the last state of the
    second is the embedding. Repeated for every row, it is decoded by two layers of the same sizes
    in reverse and a linear map of each row to the series.

    Args:
        keys: of `architecture` "seq2seq".
        num_series: number of series, M.

    Returns:
        A network of windows (batch, T, M).
    """
    layer = RECURRENT_LAYERS[keys.layer_type]
    length, hidden, embedding = (
        keys.window_length,
        keys.hidden_size,
        keys.embedding_size,
    )
    inputs = keras.Input((length, num_series), name="encoder_input")
    encoded = layer(hidden, return_sequences=True, name="encoder_1")(inputs)
    encoder = keras.Model(inputs, layer(embedding, name="encoder_2")(encoded), name="encoder")
    latent = keras.Input((embedding,), name="decoder_input")
    decoded = keras.layers.RepeatVector(length, name="repeat")(latent)
    decoded = layer(embedding, return_sequences=True, name="decoder_1")(decoded)
    decoded = layer(hidden, return_sequences=True, name="decoder_2")(decoded)
    outputs = keras.layers.Dense(num_series, name="x_mean")(decoded)
    decoder = keras.Model(latent, outputs, name="decoder")
    return SequenceAutoencoder(encoder, decoder, keys.loss, name="seq2seq")
