"""Steps on PyTorch: one after the other, read by the host when they are done."""

import keras
import torch
from keras import ops

from dcvae._arrays import Float32Array, Tensor
from dcvae.networks import Autoencoder
from dcvae.training.in_keras.steps import mean_losses, windows_at


class TorchSteps:
    """Steps on PyTorch; see `steps.Steps`. Its compiler, slow to start, is not used."""

    def __init__(
        self,
        network: Autoencoder,
        optimizer: keras.optimizers.Optimizer,
        table: Float32Array,
        *,
        by_xla: bool,
    ) -> None:
        self._network = network
        self._optimizer = optimizer
        self._table = ops.convert_to_tensor(table)
        self._length = int(network.encoder.input_shape[1])

    def train(self, starts: Tensor, first: int, count: int) -> Float32Array:
        """Make training steps; see `steps.Steps`."""
        network, losses = self._network, []
        weights = network.trainable_weights
        for batch in starts[first : first + count]:
            windows = windows_at(self._table, batch, self._length)
            means = mean_losses(network.losses_of(windows, network(windows, training=True)))
            gradients = torch.autograd.grad(torch.sum(means), [weight.value for weight in weights])
            with torch.no_grad():
                self._optimizer.apply(gradients, weights)
            losses.append(means.detach())
        return _read(losses)

    def validate(self, starts: Tensor, weights: Tensor, first: int, count: int) -> Float32Array:
        """Compute losses without training; see `steps.Steps`."""
        network, losses = self._network, []
        chosen = slice(first, first + count)
        with torch.no_grad():
            for batch, of_batch in zip(starts[chosen], weights[chosen], strict=True):
                windows = windows_at(self._table, batch, self._length)
                parts = network.losses_of(windows, network(windows, training=False))
                losses.append(mean_losses(parts, of_batch))
        return _read(losses)


def _read(losses: list[torch.Tensor]) -> Float32Array:
    """Copy losses to the host, all at once."""
    found: Float32Array = ops.convert_to_numpy(torch.stack(losses))
    return found
