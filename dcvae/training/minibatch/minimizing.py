"""Minimizing an objective over batches of rows, in as few calls of a compiled program as fit."""

import importlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

import keras
import numpy as np
from keras import ops

from dcvae import _progress
from dcvae._arrays import AnyFloatArray, Float32Array, Int32Array, IntArray
from dcvae._precision import float32_products
from dcvae.training.minibatch.objective import Objective, Weights
from dcvae.training.minibatch.plan import Minimized, Plan
from dcvae.training.minibatch.steps import (
    AVERAGE,
    FIRST,
    SECOND,
    WEIGHTS,
    Framework,
    Loop,
    Rule,
    State,
    plain_loop,
    step_of,
)

# Compiling takes as long as about so many steps take by themselves, in TensorFlow on a CPU.
_FEWEST_COMPILED = 100
# Of a call: more steps save nothing, and fewer are another program.
_STEPS_OF_CALL = 256
_BYTES_OF_CALL = 2**25  # of what it is given
_PROGRAMS = 64


def minimize(
    objective: Objective,
    weights: Weights,
    rows: Float32Array,
    plan: Plan,
    random: np.random.Generator,
    constants: Mapping[str, AnyFloatArray] | None = None,
    *,
    before: Minimized | None = None,
    chosen: IntArray | None = None,
    steps_to_come: int = 0,
    title: str = "training",
) -> Minimized:
    """Minimize the mean loss of batches of rows.

    Every epoch has an order of its own. Its last batch is filled up with its first rows, so that
    all batches have one size.

    Args:
        objective: the loss.
        weights: to begin from.
        rows: (rows, columns) float32.
        plan: epochs, batches, rates.
        random: draws the orders, and what the objective draws.
        constants: what every step is given, by name.
        before: a training to go on from, in place of `weights`.
        chosen: numbers of the rows that are trained on; None for all.
        steps_to_come: of later calls for the same training, about: many steps are compiled.
        title: of the training, for progress.

    Returns:
        Weights after the last step, and more.
    """
    numbers = np.arange(len(rows)) if chosen is None else chosen
    batch, steps_of_epoch = plan.batch_of(len(rows)), plan.steps_of_epoch(len(numbers))
    total, done = plan.epochs * steps_of_epoch, 0 if before is None else before.steps
    call_steps = _steps_of_call(objective, batch, rows.shape[1])
    loop = _loop(
        objective,
        Rule(plan.beta_1, plan.beta_2, plan.weight_decay),
        keras.backend.backend(),
        total + steps_to_come >= _FEWEST_COMPILED,
    )
    state = _state(weights, before, with_average=plan.average_decay is not None)
    given = {
        name: ops.convert_to_tensor(x.astype(np.float32)) for name, x in (constants or {}).items()
    }
    orders = _Orders(random, numbers, batch)
    losses = np.empty(total)
    firsts = range(0, total, call_steps)
    for first in _progress.counted(firsts, title, len(firsts)):
        count = min(call_steps, total - first)
        # Gathered here, not by the program, so that it is that of tables of any length.
        batches = np.zeros((call_steps, batch, *rows.shape[1:]), dtype=np.float32)
        batches[:count] = rows[orders.take(count)]
        rates = plan.rates(done + first, call_steps, steps_of_epoch)
        drawn = objective.draws(random, call_steps, batch)
        with float32_products():
            state, found = loop(
                state,
                ops.convert_to_tensor(batches),
                ops.convert_to_tensor(rates),
                {name: ops.convert_to_tensor(x) for name, x in drawn.items()},
                given,
                count,
            )
        losses[first : first + count] = ops.convert_to_numpy(found)[:count]
    made = {part: _in_numpy(values) for part, values in state.items()}
    return Minimized(
        made[WEIGHTS],
        made.get(AVERAGE),
        losses.reshape(plan.epochs, steps_of_epoch).mean(axis=1),
        (made[FIRST], made[SECOND]),
        done + total,
    )


class _Orders:
    """Orders of rows, one an epoch, each filled up to whole batches."""

    def __init__(self, random: np.random.Generator, numbers: IntArray, batch: int) -> None:
        self._random, self._numbers, self._batch = random, numbers.astype(np.int32), batch
        self._left: Int32Array = np.empty((0, batch), dtype=np.int32)

    def take(self, count: int) -> Int32Array:
        """Return the rows of the next steps, (count, batch) int32."""
        parts = []
        while count:
            if not len(self._left):
                order = self._random.permutation(self._numbers)
                filled = np.resize(order, len(order) + -len(order) % self._batch)
                self._left = filled.reshape(-1, self._batch)
            parts.append(self._left[:count])
            self._left = self._left[count:]
            count -= len(parts[-1])
        return np.concatenate(parts)


@lru_cache(maxsize=_PROGRAMS)
def _loop(objective: Objective, rule: Rule, backend: str, is_long: bool) -> Loop:
    """Return the loop of an objective; equal ones share what is compiled."""
    module: Any = importlib.import_module(f"{__package__}.on_{backend}")
    framework = cast(Framework, module)
    step = step_of(objective, rule, framework)
    return framework.loop(step) if is_long else plain_loop(step)


def _steps_of_call(objective: Objective, batch: int, columns: int) -> int:
    """Return how many steps a call makes at most: what they are given must fit in memory."""
    drawn = objective.draws(np.random.default_rng(0), 1, batch)
    size = 4 * batch * columns + sum(values.nbytes for values in drawn.values())
    return max(1, min(_STEPS_OF_CALL, _BYTES_OF_CALL // size))


def _state(weights: Weights, before: Minimized | None, *, with_average: bool) -> State:
    zeros = {name: np.zeros_like(value) for name, value in weights.items()}
    parts = {WEIGHTS: weights, FIRST: zeros, SECOND: zeros}
    if before is not None:
        parts = {WEIGHTS: before.weights, FIRST: before.moments[0], SECOND: before.moments[1]}
    if with_average:
        average = None if before is None else before.average
        parts[AVERAGE] = parts[WEIGHTS] if average is None else average
    return {
        part: {name: ops.convert_to_tensor(value) for name, value in values.items()}
        for part, values in parts.items()
    }


def _in_numpy(values: dict[str, Any]) -> Weights:
    return {name: ops.convert_to_numpy(value) for name, value in values.items()}
