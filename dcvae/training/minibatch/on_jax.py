"""Steps over batches of rows on JAX: a loop, compiled as one program."""

from collections.abc import Callable

import jax
from jax import lax
from jax import numpy as jnp

from dcvae._arrays import Tensor
from dcvae.training.minibatch.objective import Tensors
from dcvae.training.minibatch.steps import Loop, State, Step


def differentiate(
    loss: Callable[[dict[str, Tensor]], Tensor], weights: dict[str, Tensor]
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return a loss and its gradients; see `steps.Framework`."""
    value, gradients = jax.value_and_grad(loss)(weights)
    return value, gradients


def loop(step: Step) -> Loop:
    """Compile many steps as one program; see `steps.Framework`."""

    def steps(
        state: State,
        batches: Tensor,
        rates: Tensor,
        draws: Tensors,
        constants: Tensors,
        count: int,
    ) -> tuple[State, Tensor]:
        def one(number: Tensor, carried: tuple[State, Tensor]) -> tuple[State, Tensor]:
            state, losses = carried
            drawn = {name: values[number] for name, values in draws.items()}
            state, loss = step(state, batches[number], rates[number], {**constants, **drawn})
            return state, losses.at[number].set(loss)

        losses = jnp.full(len(batches), jnp.nan, dtype=jnp.float32)
        done: tuple[State, Tensor] = lax.fori_loop(0, count, one, (state, losses))
        return done

    made: Loop = jax.jit(steps)
    return made
