"""Autoencoder of rows, and DAE-LR: the same with a learned center of its code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from dcvae._arrays import Tensor
from dcvae.detectors.deep.base import ReconstructionDetector
from dcvae.detectors.deep.formula import ReconstructionFormula
from dcvae.detectors.deep.layers import dense, dense_weights, hidden_then_linear
from dcvae.detectors.deep.scaling import Kind
from dcvae.detectors.parameters import check_widths, number, one_of, whole_number
from dcvae.training import Tensors, Weights

_OF_ALL = {  # published hyperparameters
    "epochs": 200,
    "learning_rate": 1e-4,
    "latent": 1,
    "activation": "relu",
    "scaling": "min-max",
}
_CENTER_DEVIATION = 0.02  # of the first center of the code: near 0


@dataclass(frozen=True)
class AutoEncoderFormula(ReconstructionFormula):
    """Formula of an autoencoder: mean |x - x'|² + penalty · mean |z - c|.

    Attributes:
        widths: of the rows, of the hidden layers, of the code.
        activation: of all layers but the last of each side, which are linear.
        penalty: times the mean absolute value of the code, or the mean of its squared distance from
            the center.
        has_center: whether the code has a center that is learned.
    """

    widths: tuple[int, ...]
    activation: str
    penalty: float = 0.0
    has_center: bool = False

    def initial(self, random: np.random.Generator) -> Weights:
        """Draw the weights of both sides, and the center of the code."""
        weights = dense_weights(random, "encoder", self.widths)
        weights |= dense_weights(random, "decoder", self.widths[::-1])
        if self.has_center:
            center = random.normal(0.0, _CENTER_DEVIATION, self.widths[-1])
            weights["center"] = center.astype(np.float32)
        return weights

    def code(self, ops: ModuleType, weights: Tensors, rows: Tensor) -> Tensor:
        """Encode rows: (rows, code)."""
        activations = hidden_then_linear(self.activation, self.widths)
        return dense(ops, weights, "encoder", rows, activations)

    def decoded(self, ops: ModuleType, weights: Tensors, code: Tensor) -> Tensor:
        """Decode codes: (rows, columns)."""
        activations = hidden_then_linear(self.activation, self.widths)
        return dense(ops, weights, "decoder", code, activations)

    def reconstruction(
        self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors
    ) -> Tensor:
        """Reconstruct rows (rows, columns)."""
        return self.decoded(ops, weights, self.code(ops, weights, rows))

    def loss(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Compute the mean loss of a batch."""
        code = self.code(ops, weights, rows)
        squares = ops.square(rows - self.decoded(ops, weights, code))
        if self.has_center:
            # Means over features, as in the paper: the weight of the center is relative to them.
            away = ops.mean(ops.square(code - weights["center"]))
            return ops.mean(squares) + self.penalty * away
        loss = ops.mean(ops.sum(squares, axis=-1))
        return loss + self.penalty * ops.mean(ops.abs(code)) if self.penalty else loss


class AutoEncoderDetector(ReconstructionDetector):
    """Autoencoder of rows: what a narrow code cannot hold is strange.

    The score is |x - x'|², summed over the series; its cells are the terms of that sum. The loss is
    its mean over a batch, plus `latent_penalty` times the mean absolute value of the code.

    Source: the autoencoder of "Deep Learning for Network Anomaly Detection: Robustness Evaluation
    under Data Contamination" (arXiv 2207.03576). Its program means to add 0.5 times the mean
    absolute value of the code, but adds a constant; here the penalty is one, and 0 unless it is
    asked for. Its code has one number: the decoder then draws a curve through the data, which bears
    contamination well and shows little else.

    Cost: a step takes time in proportion to the weights, whatever the number of rows; epochs and
    scores grow in proportion to the rows; weights grow with series times the first hidden layer.

    Args:
        epochs: passes over the rows; None: as many as make about 1,000 steps, from 20 to 500.
        batch_size: rows of a step.
        learning_rate: of Adam.
        hidden: widths of the hidden layers of the encoder; the decoder has them in reverse. None:
            by the number of series.
        latent: numbers of the code; None: by the number of series.
        activation: of the hidden layers, "relu" or "tanh".
        scaling: of the series, "standard" or, as published, "min-max".
        latent_penalty: times the mean absolute value of the code, in the loss.
        contamination: share of the training rows that the threshold leaves above it.
        seed: of the weights and of the order of the rows.
    """

    name = "ae"
    title = "AE"
    usual_steps = 1000  # longer trainings learn what is rare, and what contaminates
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "arrhythmia": {"hidden": (10,), "batch_size": 32, **_OF_ALL},
        "thyroid": {"hidden": (12, 4), "batch_size": 64, **_OF_ALL},
        "kdd": {"hidden": (60, 30, 10), "batch_size": 1024, **_OF_ALL, "activation": "tanh"},
    }

    def __init__(
        self,
        epochs: int | None = None,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        hidden: Sequence[int] | None = None,
        latent: int | None = None,
        activation: str = "tanh",
        scaling: Kind = "standard",
        latent_penalty: float = 0.0,
        contamination: float = 0.05,
        seed: int = 123,
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.hidden = hidden
        self.latent = latent
        self.activation = activation
        self.scaling = scaling
        self.latent_penalty = latent_penalty
        self.contamination = contamination
        self.seed = seed

    def _formula(self, columns: int) -> AutoEncoderFormula:
        widths = autoencoder_widths(columns, self.hidden, self.latent)
        return AutoEncoderFormula(widths, self.activation, self.latent_penalty)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_network(self, ("relu", "tanh"))
        number(self, "latent_penalty", 0.0)


class DAELRDetector(ReconstructionDetector):
    """DAE-LR: an autoencoder whose codes are drawn to a center that is learned with them.

    loss = mean (x - x')² + center_weight · mean (z - c)², score |x - x'|². The center c begins near
    0. The remedy against contaminated training rows of arXiv 2407.08838; its weight and layers are
    not known from there, and are those of the autoencoder here.

    Cost: as the autoencoder.

    Args:
        epochs: as `AutoEncoderDetector`, and so are those without a line here.
        batch_size: rows of a step.
        learning_rate: of Adam.
        hidden: widths of the hidden layers of the encoder.
        latent: numbers of the code.
        activation: of the hidden layers, "relu" or "tanh".
        scaling: of the series, "standard" or, as published, "min-max".
        center_weight: of the squared distance from the center, in the loss.
        contamination: share of the training rows that the threshold leaves above it.
        seed: of the weights, of the center and of the order of the rows.
    """

    name = "dae-lr"
    title = "DAE-LR"
    usual_steps = 1000
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = AutoEncoderDetector.published

    def __init__(
        self,
        epochs: int | None = None,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        hidden: Sequence[int] | None = None,
        latent: int | None = None,
        activation: str = "tanh",
        scaling: Kind = "standard",
        center_weight: float = 1.0,
        contamination: float = 0.05,
        seed: int = 123,
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.hidden = hidden
        self.latent = latent
        self.activation = activation
        self.scaling = scaling
        self.center_weight = center_weight
        self.contamination = contamination
        self.seed = seed

    def _formula(self, columns: int) -> AutoEncoderFormula:
        widths = autoencoder_widths(columns, self.hidden, self.latent)
        return AutoEncoderFormula(widths, self.activation, self.center_weight, has_center=True)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_network(self, ("relu", "tanh"))
        number(self, "center_weight", 0.0)


def autoencoder_widths(
    columns: int, hidden: Sequence[int] | None, latent: int | None
) -> tuple[int, ...]:
    """Return the widths of an encoder: of the rows, of hidden layers, of the code.

    Args:
        columns: of the rows.
        hidden: of the hidden layers; None: twice the columns up to 64, and half of that.
        latent: of the code; None: a third of the columns, from 1 to 16.
    """
    if hidden is None:
        first = min(max(2 * columns, 16), 64)
        hidden = (first, first // 2)
    if latent is None:
        latent = min(max(columns // 3, 1), 16)
    return (columns, *(int(width) for width in hidden), int(latent))


def check_network(detector: Any, activations: Sequence[str]) -> None:
    """Refuse a network that cannot be.

    Raises:
        InputError: `hidden`, `latent` or `activation` of the detector is no such thing.
    """
    check_widths(detector)
    if detector.latent is not None:
        whole_number(detector, "latent")
    one_of(detector, "activation", activations)
