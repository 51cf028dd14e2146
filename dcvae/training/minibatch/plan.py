"""Plan of a training over batches of rows, and what a training has made."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dcvae._arrays import Float32Array, Float64Array
from dcvae.training.minibatch.objective import Weights

_AVERAGE_WARMS_UP = 10.0  # steps, about: the first weights are soon forgotten


@dataclass(frozen=True)
class Plan:
    """Plan of a training with Adam.

    Attributes:
        epochs: passes over the rows.
        batch_size: rows of a step; of fewer rows than that, all.
        learning_rate: of every epoch, or a function of the number of the epoch, from 0.
        beta_1: share of the first moment that is kept.
        beta_2: share of the second moment that is kept.
        weight_decay: times each weight, added to its gradient (L2).
        average_decay: share of the average of the weights that a step keeps; None for no average.
    """

    epochs: int
    batch_size: int
    learning_rate: float | Callable[[int], float] = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    weight_decay: float = 0.0
    average_decay: float | None = None

    def steps_of_epoch(self, rows: int) -> int:
        """Return the number of steps of a pass over so many rows."""
        return math.ceil(rows / self.batch_of(rows))

    def batch_of(self, rows: int) -> int:
        """Return the rows of a batch, of so many rows."""
        return min(self.batch_size, rows)

    def rates(self, first: int, steps: int, steps_of_epoch: int) -> Float32Array:
        """Return what the steps need to know of their place.

        Args:
            first: number of the first step, from 0.
            steps: number of steps.
            steps_of_epoch: steps of an epoch.

        Returns:
            (steps, 2) float32: the learning rate with both corrections of Adam for moments that
            began at 0, and the share of the average of the weights that is kept.
        """
        number = np.arange(first, first + steps)
        rate = np.full(steps, self.learning_rate if not callable(self.learning_rate) else np.nan)
        if callable(self.learning_rate):
            epochs = number // steps_of_epoch
            for epoch in np.unique(epochs):
                rate[epochs == epoch] = self.learning_rate(int(epoch))
        done = number + 1.0
        rate *= np.sqrt(1.0 - self.beta_2**done) / (1.0 - self.beta_1**done)
        kept = np.minimum(self.average_decay or 0.0, done / (done + _AVERAGE_WARMS_UP))
        return np.column_stack([rate, kept]).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Minimized:
    """What a training has made.

    Attributes:
        weights: by their names.
        average: of the weights over the steps; None unless the plan asks for one.
        losses: (epochs,) float64, mean loss of the batches of each epoch, before their steps.
        moments: first and second moments of Adam, to go on from.
        steps: number of steps so far.
    """

    weights: Weights
    average: Weights | None
    losses: Float64Array
    moments: tuple[Weights, Weights]
    steps: int
