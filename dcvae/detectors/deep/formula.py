"""Formula of a deep detector: loss and score as functions of weights, for any array library."""

from abc import abstractmethod
from collections.abc import Mapping
from types import ModuleType

import numpy as np

from dcvae._arrays import Tensor
from dcvae.training import Objective, Tensors, Weights


class Formula(Objective):
    """Loss and score of a detector; a frozen dataclass of what they depend on."""

    @abstractmethod
    def initial(self, random: np.random.Generator) -> Weights:
        """Draw the weights to begin from."""

    @abstractmethod
    def score(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Score rows, larger is stranger.

        Args:
            ops: array library; `numpy_ops` where rows are scored.
            weights: by their names.
            rows: (rows, columns), scaled.
            given: what the fit has made beside the weights.

        Returns:
            (rows,).
        """

    def made(self) -> Mapping[str, tuple[int, ...]]:
        """Return names and shapes of what a fit makes beside the weights."""
        return {}


class ReconstructionFormula(Formula):
    """A formula whose score is the squared error of a reconstruction."""

    @abstractmethod
    def reconstruction(
        self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors
    ) -> Tensor:
        """Reconstruct rows (rows, columns)."""

    def score(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Return the squared distance of rows from their reconstructions, |x - x'|²."""
        return ops.sum(self.cells(ops, weights, rows, given), axis=-1)

    def cells(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Return the squared errors of cells (rows, columns)."""
        return ops.square(rows - self.reconstruction(ops, weights, rows, given))
