"""Steps of a training in Keras: windows of a table, their losses, and steps of each framework."""

from typing import Protocol

import keras
from keras import ops

from dcvae._arrays import Float32Array, Tensor
from dcvae.networks import Autoencoder


class Steps(Protocol):
    """Steps of one network on one table, many in one call.

    Args:
        network: the network, built.
        optimizer: of its trainable variables, built.
        table: (rows, series) float32, scaled.
        by_xla: whether XLA compiles them, where the framework can do without.
    """

    def __init__(
        self,
        network: Autoencoder,
        optimizer: keras.optimizers.Optimizer,
        table: Float32Array,
        *,
        by_xla: bool,
    ) -> None: ...

    def train(self, starts: Tensor, first: int, count: int) -> Float32Array:
        """Make training steps, which change the variables of network and optimizer.

        Args:
            starts: (batches, windows) int32, those of a whole epoch: another shape is compiled
                anew, other numbers of steps are not.
            first: number of the batch of the first step.
            count: number of steps.

        Returns:
            (count, 2) float32: mean reconstruction loss and mean latent loss of each batch.
        """

    def validate(self, starts: Tensor, weights: Tensor, first: int, count: int) -> Float32Array:
        """Compute losses without training; of the variables only the state of the draws changes.

        Args:
            starts: (batches, windows) int32, as `train`.
            weights: (batches, windows) float32, 1, or 0 for windows that only fill up a batch.
            first: number of the first batch.
            count: number of batches.

        Returns:
            (count, 2) float32, as `train`.
        """


def windows_at(table: Tensor, starts: Tensor, length: int) -> Tensor:
    """Gather windows (batch, length, series) of a table (rows, series) by their starts (batch,)."""
    return ops.take(table, starts[:, None] + ops.arange(length, dtype="int32"), axis=0)


def mean_losses(parts: tuple[Tensor, Tensor], weights: Tensor = None) -> Tensor:
    """Return the means (2,) of the two parts of the loss of each window, each (batch,).

    Args:
        parts: from `Autoencoder.losses_of`.
        weights: (batch,) float32; None for 1.
    """
    both = ops.stack(parts)
    if weights is None:
        return ops.mean(both, axis=1)
    return ops.sum(both * weights, axis=1) / ops.sum(weights)
