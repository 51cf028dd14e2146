"""Steps on JAX: a loop over batches, compiled as one program."""

import jax
import keras
import numpy as np
from jax import lax
from jax import numpy as jnp

from dcvae._arrays import Float32Array, Tensor
from dcvae.networks import Autoencoder
from dcvae.training.in_keras.steps import mean_losses, windows_at

_Values = list[jax.Array]
_All = tuple[_Values, _Values, _Values]  # of weights, of other variables, of the optimizer


class JaxSteps:
    """Steps on JAX; see `steps.Steps`. They are always compiled by XLA."""

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
        self._table = jnp.asarray(table)
        self._length = int(network.encoder.input_shape[1])
        self._train_program = jax.jit(self._train)
        self._validation_program = jax.jit(self._validate)

    def train(self, starts: Tensor, first: int, count: int) -> Float32Array:
        """Make training steps; see `steps.Steps`."""
        trainable = self._network.trainable_variables
        others = self._network.non_trainable_variables
        variables = trainable, others, self._optimizer.variables
        values = _values_of(trainable), _values_of(others), _values_of(self._optimizer.variables)
        values, losses = self._train_program(values, self._table, starts, first, count)
        # Waits for the steps: if Ctrl-C ends the wait, variables are as they were before.
        found = np.asarray(losses)[first : first + count]
        for some, new in zip(variables, values, strict=True):
            _assign(some, new)
        return found

    def validate(self, starts: Tensor, weights: Tensor, first: int, count: int) -> Float32Array:
        """Compute losses without training; see `steps.Steps`."""
        others = self._network.non_trainable_variables
        values, losses = self._validation_program(
            _values_of(self._network.trainable_variables),
            _values_of(others),
            self._table,
            starts,
            weights,
            first,
            count,
        )
        found = np.asarray(losses)[first : first + count]
        _assign(others, values)
        return found

    def _train(
        self,
        values: _All,
        table: jax.Array,
        starts: jax.Array,
        first: int,
        count: int,
    ) -> tuple[_All, jax.Array]:
        network = self._network

        def loss(
            trainable: _Values, others: _Values, windows: jax.Array
        ) -> tuple[jax.Array, tuple[jax.Array, _Values]]:
            outputs, others = network.stateless_call(trainable, others, windows, training=True)
            means = mean_losses(network.losses_of(windows, outputs))
            return jnp.sum(means), (means, others)

        def step(number: int, carried: tuple[_All, jax.Array]) -> tuple[_All, jax.Array]:
            (trainable, others, moments), losses = carried
            windows = windows_at(table, starts[number], self._length)
            gradients, (means, others) = jax.grad(loss, has_aux=True)(trainable, others, windows)
            trainable, moments = self._optimizer.stateless_apply(moments, gradients, trainable)
            return (trainable, others, moments), losses.at[number].set(means)

        done: tuple[_All, jax.Array] = lax.fori_loop(
            first, first + count, step, (values, _no_losses(starts))
        )
        return done

    def _validate(
        self,
        trainable: _Values,
        others: _Values,
        table: jax.Array,
        starts: jax.Array,
        weights: jax.Array,
        first: int,
        count: int,
    ) -> tuple[_Values, jax.Array]:
        network = self._network

        def look(number: int, carried: tuple[_Values, jax.Array]) -> tuple[_Values, jax.Array]:
            others, losses = carried
            windows = windows_at(table, starts[number], self._length)
            outputs, others = network.stateless_call(trainable, others, windows, training=False)
            means = mean_losses(network.losses_of(windows, outputs), weights[number])
            return others, losses.at[number].set(means)

        done: tuple[_Values, jax.Array] = lax.fori_loop(
            first, first + count, look, (others, _no_losses(starts))
        )
        return done


def _no_losses(starts: jax.Array) -> jax.Array:
    return jnp.full((len(starts), 2), jnp.nan, dtype=jnp.float32)


def _values_of(variables: list[keras.Variable]) -> _Values:
    return [variable.value for variable in variables]


def _assign(variables: list[keras.Variable], values: _Values) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
