"""Step of a training over batches of rows, in `keras.ops`: gradients, then Adam."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from keras import ops

from dcvae._arrays import Tensor
from dcvae.training.minibatch.objective import Objective, Tensors

_EPSILON = 1e-7  # as Keras's Adam

State = dict[str, dict[str, Tensor]]  # weights, both moments, and their average if there is one
WEIGHTS, FIRST, SECOND, AVERAGE = "weights", "first", "second", "average"


@dataclass(frozen=True)
class Rule:
    """Rule of the steps: what a compiled program depends on beside the objective."""

    beta_1: float
    beta_2: float
    weight_decay: float


class Framework(Protocol):
    """What differs between the frameworks under Keras."""

    def differentiate(
        self, loss: Callable[[dict[str, Tensor]], Tensor], weights: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return a loss and its gradients by weight."""

    def loop(self, step: "Step") -> "Loop":
        """Compile many steps as one program, or return a plain loop over them."""


class Step(Protocol):
    """A step: takes a state and what one step is given."""

    def __call__(
        self, state: State, rows: Tensor, rates: Tensor, given: Tensors
    ) -> tuple[State, Tensor]:
        """Return the next state, and the loss at the one that was given."""


class Loop(Protocol):
    """Many steps."""

    def __call__(
        self,
        state: State,
        batches: Tensor,
        rates: Tensor,
        draws: Tensors,
        constants: Tensors,
        count: int,
    ) -> tuple[State, Tensor]:
        """Make steps.

        Args:
            state: to begin from.
            batches: (steps, batch, columns) float32, rows of each step.
            rates: (steps, 2) float32, from `Plan.rates`.
            draws: (steps, ...) each, what each step is given.
            constants: what all steps are given.
            count: steps to make, of those that there are numbers for.

        Returns:
            The state after them, and their losses (steps,), of which `count` are set.
        """


def step_of(objective: Objective, rule: Rule, framework: Framework) -> Step:
    """Return the step of an objective.

    Args:
        objective: what is minimized.
        rule: of Adam.
        framework: what differentiates.
    """

    def step(state: State, rows: Tensor, rates: Tensor, given: Tensors) -> tuple[State, Tensor]:
        weights = state[WEIGHTS]
        fixed = {name: ops.stop_gradient(value) for name, value in weights.items()}
        given = {**given, **objective.prepared(ops, fixed, rows, given)}
        loss, gradients = framework.differentiate(
            lambda weights: objective.loss(ops, weights, rows, given), weights
        )
        return _adam(state, gradients, rule, rates), loss

    return step


def plain_loop(step: Step) -> Loop:
    """Return a loop that makes one step after the other, as they are."""

    def loop(
        state: State,
        batches: Tensor,
        rates: Tensor,
        draws: Tensors,
        constants: Tensors,
        count: int,
    ) -> tuple[State, Tensor]:
        losses = []
        for number in range(count):
            drawn = {name: values[number] for name, values in draws.items()}
            state, loss = step(state, batches[number], rates[number], {**constants, **drawn})
            losses.append(loss)
        return state, ops.stack(losses)

    return loop


def _adam(state: State, gradients: dict[str, Tensor], rule: Rule, rates: Tensor) -> State:
    """Make one step of Adam (Kingma and Ba 2015), corrections being part of the rate."""
    after: State = {part: {} for part in state}
    for name, weight in state[WEIGHTS].items():
        gradient = gradients[name]
        if rule.weight_decay:
            gradient = gradient + rule.weight_decay * weight
        first = state[FIRST][name] + (gradient - state[FIRST][name]) * (1.0 - rule.beta_1)
        second = state[SECOND][name]
        second = second + (ops.square(gradient) - second) * (1.0 - rule.beta_2)
        moved = weight - rates[0] * first / (ops.sqrt(second) + _EPSILON)
        after[FIRST][name], after[SECOND][name], after[WEIGHTS][name] = first, second, moved
        if AVERAGE in state:
            average = state[AVERAGE][name]
            after[AVERAGE][name] = moved + (average - moved) * rates[1]
    return after
