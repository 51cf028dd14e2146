"""Steps on TensorFlow: a loop over batches in one graph, which XLA compiles where it pays."""

from collections.abc import Callable
from typing import cast

import keras
import numpy as np
import tensorflow as tf

from dcvae._arrays import Float32Array, Tensor
from dcvae.networks import Autoencoder
from dcvae.training.in_keras.steps import mean_losses, windows_at


class TensorFlowSteps:
    """Steps on TensorFlow; see `steps.Steps`."""

    def __init__(
        self,
        network: Autoencoder,
        optimizer: keras.optimizers.Optimizer,
        table: Float32Array,
        *,
        by_xla: bool,
    ) -> None:
        self._network = network
        self._by_xla = by_xla
        self._optimizer = optimizer
        self._table = tf.convert_to_tensor(table)
        self._length = int(network.encoder.input_shape[1])
        self._train_program = tf.function(self._train, jit_compile=by_xla, autograph=False)
        self._validation_program = tf.function(self._validate, jit_compile=by_xla, autograph=False)

    def train(self, starts: Tensor, first: int, count: int) -> Float32Array:
        """Make training steps; see `steps.Steps`."""
        losses = self._train_program(self._table, starts, tf.constant(first), tf.constant(count))
        found: Float32Array = losses.numpy()[first : first + count]
        return found

    def validate(self, starts: Tensor, weights: Tensor, first: int, count: int) -> Float32Array:
        """Compute losses without training; see `steps.Steps`."""
        losses = self._validation_program(
            self._table, starts, weights, tf.constant(first), tf.constant(count)
        )
        found: Float32Array = losses.numpy()[first : first + count]
        return found

    def _train(self, table: Tensor, starts: Tensor, first: Tensor, count: Tensor) -> Tensor:
        network = self._network

        def step(number: Tensor, losses: Tensor) -> tuple[Tensor, Tensor]:
            windows = windows_at(table, starts[number], self._length)
            with tf.GradientTape() as tape:
                outputs = self._outputs(windows, training=True)
                means = mean_losses(network.losses_of(windows, outputs))
                loss = tf.reduce_sum(means)
            gradients = tape.gradient(loss, network.trainable_weights)
            self._optimizer.apply(gradients, network.trainable_weights)
            return number + 1, tf.tensor_scatter_nd_update(losses, [[number]], [means])

        return _loop(step, starts, first, count)

    def _validate(
        self, table: Tensor, starts: Tensor, weights: Tensor, first: Tensor, count: Tensor
    ) -> Tensor:
        network = self._network

        def look(number: Tensor, losses: Tensor) -> tuple[Tensor, Tensor]:
            windows = windows_at(table, starts[number], self._length)
            outputs = self._outputs(windows, training=False)
            means = mean_losses(network.losses_of(windows, outputs), weights[number])
            return number + 1, tf.tensor_scatter_nd_update(losses, [[number]], [means])

        return _loop(look, starts, first, count)

    def _outputs(self, windows: Tensor, *, training: bool) -> dict[str, Tensor]:
        """Call the network, the latent drawn by XLA in any case.

        XLA makes other normal numbers of the same seed than TensorFlow. What a training draws must
        not depend on its length, by which it is compiled.
        """
        network, sampling = self._network, self._network.sampling
        if sampling is None or self._by_xla:
            return cast(dict[str, Tensor], network(windows, training=training))
        sampling.draw = tf.function(sampling.draw, jit_compile=True, autograph=False)
        try:
            return cast(dict[str, Tensor], network(windows, training=training))
        finally:
            del sampling.draw  # which leaves the method


def _loop(
    body: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
    starts: Tensor,
    first: Tensor,
    count: Tensor,
) -> Tensor:
    losses = tf.fill((starts.shape[0], 2), np.float32(np.nan))
    _, losses = tf.while_loop(
        lambda number, losses: number < first + count,
        body,
        (first, losses),
        parallel_iterations=1,
    )
    return losses
