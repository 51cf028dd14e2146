"""Autoencoder of windows: the interface of every architecture.

A window (time, series) is encoded into a latent and reconstructed from it, with a mean and a sigma
for every cell. Training and scoring use the members of `Autoencoder` alone.

Written with `keras.ops`, so that it runs on any Keras backend. Every class is registered, so that a
saved `.keras` file loads without custom code.
"""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import keras
from keras import ops

from dcvae._arrays import Tensor
from dcvae.networks.in_numpy import from_keras
from dcvae.networks.in_numpy.weights import NetworkWeights
from dcvae.networks.interface import Reconstruction

PACKAGE = "dcvae"


class Autoencoder(keras.Model):
    """Encoder and decoder of windows, with the losses that training minimizes.

    Args:
        encoder: model of windows (batch, time, series).
        decoder: model of the encoder's output, or of a draw from it.

    Attributes:
        gradient_norm: norm to which training clips the gradient of a step; None for no clipping.
        bounded: whether log variances of cells are bounded, see `losses.log_variance_from`.
        sampling: layer that draws the latent; None for a network that has no distribution of it.

    Input shape:
        (batch, time, series), scaled.

    Output shape:
        A dictionary of tensors for `losses_of`.

    Examples:
        Losses are per window:

        >>> import numpy as np
        >>> from dcvae.config import NetworkKeys
        >>> from dcvae.networks import build_network
        >>> network = build_network(NetworkKeys(T=8, M=2, cnn_units=(4,), dil_rate=(1, 2), J=3))
        >>> windows = np.zeros((5, 8, 2), dtype=np.float32)
        >>> [tuple(part.shape) for part in network.losses_of(windows, network(windows))]
        [(5,), (5,)]
    """

    gradient_norm: float | None = None
    bounded: bool = True
    sampling: Any = None

    def __init__(self, encoder: keras.Model, decoder: keras.Model, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        if keras.backend.backend() == "jax":
            # On a GPU Keras takes cuDNN's LSTM there, which gave a result that was off by 0.1 when
            # compiled (benchmarks/README.md); of the other layers JAX has no such kernel.
            for layer in (*encoder.layers, *decoder.layers):
                if isinstance(layer, keras.layers.LSTM):
                    layer.use_cudnn = False
        self.reconst_tracker = keras.metrics.Mean(name="reconst")
        self.kl_tracker = keras.metrics.Mean(name="kl")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Mark the model as built, once all parts are set; encoder and decoder are built before."""

    @abstractmethod
    def losses_of(self, windows: Tensor, outputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the two parts of the loss of every window.

        Args:
            windows: (batch, time, series), scaled.
            outputs: of `call` for these windows.

        Returns:
            The reconstruction loss and the latent loss, each (batch,); training minimizes their
            sum.
        """

    @abstractmethod
    def reconstruct(self, windows: Tensor, noise: Tensor = None) -> Reconstruction:
        """Reconstruct windows deterministically: the same result for the same arguments.

        Args:
            windows: (batch, time, series), scaled.
            noise: (batch, time, latent), standard normal, for a draw of the latent from a network
                that has a distribution of it. None takes the mean of the latent.

        Returns:
            Mean, sigma, and the latent vector of the last row.
        """

    @property
    def latent_size(self) -> int:
        """Length of a latent vector, which the decoder takes."""
        return int(self.decoder.input_shape[-1])

    @property
    def ops(self) -> Any:
        """The module of its operations on tensors."""
        return ops

    def copy(self) -> Self:
        """Return a network of the same layers, with a copy of the weights."""
        made = type(self).from_config(self.get_config())
        made.set_weights(self.get_weights())
        return made

    def describe(self) -> NetworkWeights:
        """Copy layers and weights, for what needs no Keras."""
        return from_keras.describe(self)

    @contextmanager
    def keeping_draws(self) -> Iterator[None]:
        """Leave the state of its random draws as it was.

        Yields:
            None.
        """
        states = self.non_trainable_variables  # the draws', and statistics, which scoring reads
        before = [ops.convert_to_numpy(state).copy() for state in states]
        try:
            yield
        finally:
            for state, value in zip(states, before, strict=True):
                state.assign(value)

    @property
    def supports_xla(self) -> bool:
        """Whether XLA may compile a step: not if a layer has a GPU kernel of its own."""
        return all(x.supports_jit for x in [*self.encoder.layers, *self.decoder.layers])

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Any = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """Return the mean loss, both parts added, over the windows of a batch.

        Args:
            x: windows (batch, time, series), scaled.
            y: (batch,) weight of each window, 0 to leave it out; None for 1.
            y_pred: of `call` for `x`.
            sample_weight: not used.
            training: not used.

        Returns:
            A scalar.
        """
        x = ops.convert_to_tensor(x)
        # Weights are 1, or 0 for windows that only fill up a batch (see training).
        weights = ops.ones_like(x[:, 0, 0]) if y is None else ops.convert_to_tensor(y)
        num_windows = ops.sum(weights)
        reconst, kl = (ops.sum(part * weights) / num_windows for part in self.losses_of(x, y_pred))
        self.reconst_tracker.update_state(reconst, sample_weight=num_windows)
        self.kl_tracker.update_state(kl, sample_weight=num_windows)
        return reconst + kl

    def reset_metrics(self) -> None:
        """Do nothing: Keras's `train_on_batch` calls this at every step, and means would be lost.

        `begin_means` resets. Keras's `fit` and `evaluate` rely on this method, so the losses that
        they report include earlier calls. `KerasEpochs` uses neither.
        """

    def begin_means(self) -> None:
        """Reset the mean losses: batches then return means since this call."""
        super().reset_metrics()

    def get_config(self) -> dict[str, Any]:
        """Return what builds the network again: encoder and decoder with their layers."""
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Build a network, its weights untrained, from the values of `get_config`."""
        parts = {
            part: keras.saving.deserialize_keras_object(config[part])
            for part in ("encoder", "decoder")
        }
        return cls(**{**config, **parts})
