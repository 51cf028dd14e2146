"""Adam (Kingma and Ba 2015, algorithm 1, with its bias correction in the step size), in place."""

import math
from dataclasses import dataclass

import numpy as np

from dcvae._arrays import Float32Array
from dcvae.config import TrainingKeys

_FIRST, _SECOND = 0.9, 0.999
_EPSILON = 1e-7


@dataclass(frozen=True)
class LearningRate:
    """Learning rate of every step.

    Attributes:
        first: of the first step.
        factor: on it at each stair; 1 for a rate that stays.
        steps: between two stairs.
    """

    first: float
    factor: float = 1.0
    steps: int = 1

    @classmethod
    def of(cls, keys: TrainingKeys) -> "LearningRate":
        """Return the learning rate that some keys ask for."""
        if not keys.lr_decay:
            return cls(keys.lr)
        return cls(keys.lr, keys.decay_rate, keys.decay_step)

    def at(self, step: int) -> float:
        """Return the learning rate of a step, in float32 precision.

        Args:
            step: number of the steps before it.
        """
        return float(np.float32(self.first * self.factor ** (step // self.steps)))


def update(
    values: Float32Array,
    gradients: Float32Array,
    momenta: Float32Array,
    velocities: Float32Array,
    scratch: Float32Array,
    *,
    step: int,
    learning_rate: float,
) -> None:
    """Make one step of Adam.

    Args:
        values: (parameters,) float32, changed in place; `momenta` and `velocities` likewise.
        gradients: (parameters,) float32, overwritten.
        momenta: (parameters,) float32, first moments.
        velocities: (parameters,) float32, second moments.
        scratch: (parameters,) float32, overwritten.
        step: number of this step, from 1.
        learning_rate: of this step.
    """
    size = learning_rate * math.sqrt(1.0 - _SECOND**step) / (1.0 - _FIRST**step)
    np.subtract(gradients, momenta, out=scratch)
    scratch *= np.float32(1.0 - _FIRST)
    momenta += scratch
    np.square(gradients, out=gradients)
    gradients -= velocities
    gradients *= np.float32(1.0 - _SECOND)
    velocities += gradients
    np.sqrt(velocities, out=scratch)
    scratch += np.float32(_EPSILON)
    np.divide(momenta, scratch, out=scratch)
    scratch *= np.float32(size)
    values -= scratch
