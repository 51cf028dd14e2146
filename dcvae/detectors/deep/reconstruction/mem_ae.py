"""MemAE: an autoencoder that decodes mixtures of a few remembered codes (Gong et al. 2019)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from dcvae._arrays import Tensor
from dcvae.detectors.deep.base import ReconstructionDetector
from dcvae.detectors.deep.reconstruction.autoencoder import (
    AutoEncoderFormula,
    autoencoder_widths,
    check_network,
)
from dcvae.detectors.parameters import number, one_of, whole_number
from dcvae.training import Tensors, Weights

_TINY = 1e-12
_LEAST_LATENT, _MOST_LATENT = 8, 16
_OF_ALL = {"epochs": 200, "learning_rate": 1e-4, "activation": "tanh"}


@dataclass(frozen=True)
class MemAEFormula(AutoEncoderFormula):
    """Formula of MemAE: mean (x - x')² + entropy_weight · mean entropy of the attention.

    Attributes:
        memory: number of remembered codes.
        shrinkage: attention at or below it is none; 0 for dense attention.
        entropy_weight: of the entropy of the attention, in the loss.
    """

    memory: int = 50
    shrinkage: float = 0.0
    entropy_weight: float = 2e-4

    def initial(self, random: np.random.Generator) -> Weights:
        """Draw the weights of both sides and of the memory."""
        weights = super().initial(random)
        bound = 1.0 / math.sqrt(self.widths[-1])
        memory = random.uniform(-bound, bound, (self.memory, self.widths[-1]))
        weights["memory"] = memory.astype(np.float32)
        return weights

    def attention(self, ops: ModuleType, weights: Tensors, rows: Tensor) -> Tensor:
        """Compute how much of each remembered code stands for each row: (rows, memory)."""
        code = self.code(ops, weights, rows)
        shares = ops.softmax(ops.matmul(code, ops.transpose(weights["memory"])), axis=-1)
        if not self.shrinkage:
            return shares
        kept = ops.where(shares > self.shrinkage, shares, 0.0)
        return kept / ops.maximum(ops.sum(kept, axis=-1, keepdims=True), _TINY)

    def reconstruction(
        self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors
    ) -> Tensor:
        """Reconstruct rows (rows, columns) from what is remembered."""
        shares = self.attention(ops, weights, rows)
        return self.decoded(ops, weights, ops.matmul(shares, weights["memory"]))

    def loss(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Compute the mean loss of a batch."""
        shares = self.attention(ops, weights, rows)
        again = self.decoded(ops, weights, ops.matmul(shares, weights["memory"]))
        entropy = -ops.sum(shares * ops.log(shares + _TINY), axis=-1)
        return ops.mean(ops.square(rows - again)) + self.entropy_weight * ops.mean(entropy)


class MemAEDetector(ReconstructionDetector):
    """MemAE: rows that no mixture of a few remembered codes reconstructs are strange.

    The code q of a row is replaced by a mixture of the rows of a memory M that is learned:
    w = softmax(q M'), shares at or below `shrinkage` are set to 0 and the others divided by their
    sum, z = w M is decoded. loss = mean (x - x')² + entropy_weight · mean entropy(w), score
    |x - x'|², summed over the series; its cells are the terms of that sum.

    Source: Gong et al. 2019, "Memorizing Normality to Detect Anomaly", arXiv 1904.02639. There the
    shares are cut by relu(w - s) w / (|w - s| + 1e-12), which is what is used here but for shares
    within 1e-12 of s, where its derivative is up to 1e10.

    `fidelity="code"` is the program of arXiv 2207.03576, which leaves the cut out: attention is
    dense, as under a shrinkage of 0, and the code can be nearly any. Its shrinkage of 0.0025 is
    stated but not used.

    Cost: as `AutoEncoderDetector`, and for each row the remembered codes times the latent numbers.

    Args:
        epochs: passes over the rows; None: as many as make about 4,000 steps, from 20 to 500.
        batch_size: rows of a step.
        learning_rate: of Adam.
        hidden: widths of the hidden layers of the encoder; the decoder has them in reverse. None:
            by the number of series.
        latent: numbers of a code; None: a third of the series, from 8 to 16. The memory is what
            narrows, so that there may be more of them than series.
        activation: of the hidden layers, "relu" or "tanh".
        memory: number of remembered codes.
        shrinkage: share of attention at or below which a remembered code is left out; None: 1 /
            memory, the share of each where all count alike.
        entropy_weight: of the mean entropy of the attention, in the loss.
        fidelity: "paper", or "code" for dense attention.
        contamination: share of the training rows that the threshold leaves above it.
        seed: of the weights and of the order of the rows.
    """

    name = "mem-ae"
    title = "MemAE"
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "arrhythmia": {"hidden": (137, 68, 45), "latent": 10, "batch_size": 32, **_OF_ALL},
        "thyroid": {"hidden": (4, 2), "latent": 1, "batch_size": 64, **_OF_ALL},
        "kdd": {"hidden": (60, 30, 10), "latent": 3, "batch_size": 1024, **_OF_ALL},
    }

    def __init__(
        self,
        epochs: int | None = None,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        hidden: Sequence[int] | None = None,
        latent: int | None = None,
        activation: str = "relu",
        memory: int = 50,
        shrinkage: float | None = None,
        entropy_weight: float = 2e-4,
        fidelity: str = "paper",
        contamination: float = 0.05,
        seed: int = 123,
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.hidden = hidden
        self.latent = latent
        self.activation = activation
        self.memory = memory
        self.shrinkage = shrinkage
        self.entropy_weight = entropy_weight
        self.fidelity = fidelity
        self.contamination = contamination
        self.seed = seed

    def _formula(self, columns: int) -> MemAEFormula:
        latent = self.latent
        if latent is None:
            latent = min(max(columns // 3, _LEAST_LATENT), _MOST_LATENT)
        shrinkage = 1.0 / self.memory if self.shrinkage is None else self.shrinkage
        return MemAEFormula(
            autoencoder_widths(columns, self.hidden, latent),
            self.activation,
            memory=int(self.memory),
            shrinkage=0.0 if self.fidelity == "code" else float(shrinkage),
            entropy_weight=float(self.entropy_weight),
        )

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_network(self, ("relu", "tanh"))
        whole_number(self, "memory", 2)
        number(self, "entropy_weight", 0.0)
        one_of(self, "fidelity", ("paper", "code"))
        if self.shrinkage is not None:
            # All shares are at or below a larger one where they are alike: nothing would be left.
            number(self, "shrinkage", 0.0, 3.0 / self.memory)
