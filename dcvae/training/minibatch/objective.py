"""Objective of a training over batches of rows: a loss in the functions of `keras.ops`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import ModuleType

import numpy as np

from dcvae._arrays import Float32Array, Tensor

Weights = dict[str, Float32Array]
Tensors = Mapping[str, Tensor]


class Objective(ABC):
    """A loss as a function of weights and of a batch of rows.

    Equal objectives share a compiled program: they are to be frozen dataclasses of all that the
    formulas depend on. Python's control flow must not depend on values.
    """

    @abstractmethod
    def loss(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Compute the mean loss of a batch.

        Args:
            ops: `keras.ops`.
            weights: by their names.
            rows: (batch, columns) float32.
            given: constants of the training, what was drawn for this step, what was prepared.

        Returns:
            () float32.
        """

    def prepared(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensors:
        """Compute what the loss takes as given: no gradient passes through it.

        Args:
            ops: as `loss`.
            weights: as `loss`.
            rows: as `loss`.
            given: constants of the training and what was drawn for this step.

        Returns:
            Tensors by name.
        """
        return {}

    def draws(self, random: np.random.Generator, steps: int, batch: int) -> Weights:
        """Draw what a number of steps take.

        Args:
            random: what to draw from.
            steps: number of steps.
            batch: rows of a batch.

        Returns:
            Arrays by name, (steps, ...) float32: each step is given its own.
        """
        return {}
