"""Steps over batches of rows on TensorFlow: a loop in one graph, which XLA compiles."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from dcvae._arrays import Tensor
from dcvae.training.minibatch.objective import Tensors
from dcvae.training.minibatch.steps import Loop, State, Step


def differentiate(
    loss: Callable[[dict[str, Tensor]], Tensor], weights: dict[str, Tensor]
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return a loss and its gradients; see `steps.Framework`."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(weights)
        value = loss(weights)
    return value, tape.gradient(value, weights, unconnected_gradients="zero")


def loop(step: Step) -> Loop:
    """Compile many steps as one program; see `steps.Framework`."""

    def steps(
        state: State,
        batches: Tensor,
        rates: Tensor,
        draws: Tensors,
        constants: Tensors,
        count: Tensor,
    ) -> tuple[State, Tensor]:
        def one(number: Tensor, state: State, losses: Tensor) -> tuple[Tensor, State, Tensor]:
            drawn = {name: values[number] for name, values in draws.items()}
            state, loss = step(state, batches[number], rates[number], {**constants, **drawn})
            return number + 1, state, tf.tensor_scatter_nd_update(losses, [[number]], [loss])

        losses = tf.fill((batches.shape[0],), np.float32(np.nan))
        _, state, losses = tf.while_loop(
            lambda number, *_: number < count,
            one,
            (tf.constant(0), state, losses),
            parallel_iterations=1,
        )
        return state, losses

    program = tf.function(steps, jit_compile=True, autograph=False)

    def called(
        state: State,
        batches: Tensor,
        rates: Tensor,
        draws: Tensors,
        constants: Tensors,
        count: int,
    ) -> tuple[State, Tensor]:
        # A number of Python would be a constant of the program: another one, another program.
        done: tuple[State, Tensor] = program(
            state, batches, rates, draws, constants, tf.constant(count)
        )
        return done

    return called
