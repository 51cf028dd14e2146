"""DSEBM: an energy whose slope is learned by taking noise away (Zhai et al. 2016)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from dcvae._arrays import Float32Array, Tensor
from dcvae.detectors.deep.base import DeepDetector
from dcvae.detectors.deep.formula import Formula
from dcvae.detectors.deep.layers import dense_weights
from dcvae.detectors.deep.parameters import check_hidden, check_number, check_word
from dcvae.training import Tensors, Weights


@dataclass(frozen=True)
class DSEBMFormula(Formula):
    """Formula of DSEBM.

    Attributes:
        widths: of rows, then of the layers.
        is_chain: whether the layers are followed by their inverses, with the same kernels.
        noise: standard deviation of what is added to rows in training, in units of scaled rows.
        learns_center: whether the center b' is a weight; otherwise it is given.
        scores_energy: whether the score is the energy, in place of the length of its slope.
    """

    widths: tuple[int, ...]
    is_chain: bool
    noise: float
    learns_center: bool = True
    scores_energy: bool = False

    def initial(self, random: np.random.Generator) -> Weights:
        """Draw the kernels; biases and center begin at 0."""
        weights = dense_weights(random, "layers", self.widths, initial="xavier_normal")
        if self.is_chain:
            for number, width in enumerate(self.widths[-2::-1]):
                weights[f"inverse/{number}/bias"] = np.zeros(width, dtype=np.float32)
        if self.learns_center:
            weights["center"] = np.zeros(self.widths[0], dtype=np.float32)
        return weights

    def made(self) -> Mapping[str, tuple[int, ...]]:
        """Return the shape of the center, if it is no weight."""
        return {} if self.learns_center else {"center": (self.widths[0],)}

    def draws(self, random: np.random.Generator, steps: int, batch: int) -> Weights:
        """Draw the noise."""
        noise = random.standard_normal((steps, batch, self.widths[0]), dtype=np.float32)
        return {"noise": np.float32(self.noise) * noise}

    def loss(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Return mean |x - (x~ - dE/dx~)|² of rows x~ with noise."""
        noisy = rows + given["noise"]
        restored = noisy - self.slope(ops, weights, noisy, given)
        return ops.mean(ops.sum(ops.square(rows - restored), axis=-1))

    def score(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Return the length of the slope, |dE/dx|, or the energy."""
        if self.scores_energy:
            return self.energy(ops, weights, rows, given)
        return ops.sqrt(ops.sum(ops.square(self.slope(ops, weights, rows, given)), axis=-1))

    def energy(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Compute E(x) = |x - b'|² / 2 - sum of the last layer's softplus, (rows,)."""
        center = weights["center"] if self.learns_center else given["center"]
        last = ops.softplus(self._before_activations(ops, weights, rows)[-1])
        return 0.5 * ops.sum(ops.square(rows - center), axis=-1) - ops.sum(last, axis=-1)

    def slope(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Compute dE/dx in closed form, (rows, columns)."""
        center = weights["center"] if self.learns_center else given["center"]
        layers = self._layers(ops, weights)
        before = self._before_activations(ops, weights, rows)
        downward = ops.ones_like(before[-1])
        for (kernel, _), values in zip(layers[::-1], before[::-1], strict=True):
            downward = ops.matmul(downward * ops.sigmoid(values), ops.transpose(kernel))
        return rows - center - downward

    def _before_activations(self, ops: ModuleType, weights: Tensors, rows: Tensor) -> list[Tensor]:
        """Compute what each layer takes the softplus of."""
        before: list[Tensor] = []
        for kernel, bias in self._layers(ops, weights):
            entering = ops.softplus(before[-1]) if before else rows
            before.append(ops.matmul(entering, kernel) + bias)
        return before

    def _layers(self, ops: ModuleType, weights: Tensors) -> list[tuple[Tensor, Tensor]]:
        """Return kernels (inputs, outputs) and biases of all layers."""
        numbers = range(len(self.widths) - 1)
        kernels = [weights[f"layers/{number}/kernel"] for number in numbers]
        layers = [(kernels[number], weights[f"layers/{number}/bias"]) for number in numbers]
        if self.is_chain:
            layers += [
                (ops.transpose(kernel), weights[f"inverse/{number}/bias"])
                for number, kernel in enumerate(kernels[::-1])
            ]
        return layers


class DSEBMDetector(DeepDetector):
    """DSEBM."""

    name = "dsebm"
    title = "DSEBM"
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def __init__(
        self,
        epochs: int | None = None,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        hidden: Sequence[int] | None = None,
        layers: str = "plain",
        noise: float = 0.2,
        score: str = "reconstruction",
        fidelity: str = "paper",
        contamination: float = 0.05,
        seed: int = 123,
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.hidden = hidden
        self.layers = layers
        self.noise = noise
        self.score = score
        self.fidelity = fidelity
        self.contamination = contamination
        self.seed = seed

    def _formula(self, columns: int) -> DSEBMFormula:
        hidden = (128, 512) if self.hidden is None else self.hidden
        return DSEBMFormula(
            (columns, *(int(width) for width in hidden)),
            self.layers == "chain",
            self.noise,
            learns_center=self.fidelity == "paper",
            scores_energy=self.score == "energy",
        )

    def _prepare(
        self,
        formula: DSEBMFormula,
        weights: Weights,
        rows: Float32Array,
        random: np.random.Generator,
    ) -> Weights:
        """Draw the center, if it is not learned: one, as their program draws one a row of a batch."""
        if formula.learns_center:
            return {}
        columns = formula.widths[0]
        deviation = np.sqrt(2.0 / (self.batch_size + columns))
        return {"center": random.normal(0.0, deviation, columns).astype(np.float32)}

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_hidden(self)
        check_number(self, "noise", least=0.0, above=True)
        check_word(self, "layers", ("plain", "chain"))
        check_word(self, "score", ("reconstruction", "energy"))
        check_word(self, "fidelity", ("paper", "code"))
