"""Deep SVDD: the distance of a row's image from a center (Ruff et al. 2018)."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from dcvae._arrays import Float32Array, Float64Array, Tensor
from dcvae.detectors.deep import numpy_ops
from dcvae.detectors.deep.base import Arrays, DeepDetector
from dcvae.detectors.deep.formula import Formula
from dcvae.detectors.deep.layers import dense, dense_weights, hidden_then_linear
from dcvae.detectors.deep.one_class.constant import beside_constant, width_with
from dcvae.detectors.parameters import check_widths, number, one_of, whole_number
from dcvae.training import Minimized, Objective, Plan, Tensors, Weights

_LEAST_OF_CENTER = 0.1
_COLLAPSED = 1e-4  # of the first loss
_CHUNK = 4096
_OF_ALL = {"epochs": 200, "learning_rate": 1e-4, "constant": 0.0}  # published hyperparameters


@dataclass(frozen=True)
class DeepSVDDFormula(Formula):
    """Formula of Deep SVDD: mean |f(x) - c|².

    Attributes:
        widths: of the rows with the constant column, of the hidden layers, of the image.
        activation: of the hidden layers.
        constant: value of the constant column; 0 for none.
        has_biases: whether layers have biases.
    """

    widths: tuple[int, ...]
    activation: str
    constant: float = 0.0
    has_biases: bool = False

    def initial(self, random: np.random.Generator) -> Weights:
        """Draw the weights of the network."""
        return dense_weights(random, "encoder", self.widths, bias=self.has_biases)

    def made(self) -> Mapping[str, tuple[int, ...]]:
        """Return the shape of the center."""
        return {"center": (self.widths[-1],)}

    def shown(self, ops: ModuleType, rows: Tensor) -> Tensor:
        """Return rows as the network takes them."""
        return beside_constant(ops, rows, self.constant)

    def image(self, ops: ModuleType, weights: Tensors, rows: Tensor) -> Tensor:
        """Map rows: (rows, image)."""
        activations = hidden_then_linear(self.activation, self.widths)
        return dense(ops, weights, "encoder", self.shown(ops, rows), activations)

    def score(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Return squared distances from the center, |f(x) - c|²."""
        away = self.image(ops, weights, rows) - given["center"]
        return ops.sum(ops.square(away), axis=-1)

    def loss(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Compute the mean loss of a batch."""
        return ops.mean(self.score(ops, weights, rows, given))


@dataclass(frozen=True)
class PretrainingObjective(Objective):
    """Loss of an autoencoder whose encoder is the network of Deep SVDD: mean |x - x'|².

    Attributes:
        formula: of the network.
    """

    formula: DeepSVDDFormula

    def initial(self, random: np.random.Generator) -> Weights:
        """Draw the weights of the decoder."""
        widths = self.formula.widths[::-1]
        return dense_weights(random, "decoder", widths, bias=self.formula.has_biases)

    def loss(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Compute the mean loss of a batch."""
        image = self.formula.image(ops, weights, rows)
        activations = hidden_then_linear(self.formula.activation, self.formula.widths)
        again = dense(ops, weights, "decoder", image, activations)
        return ops.mean(ops.sum(ops.square(self.formula.shown(ops, rows) - again), axis=-1))


class DeepSVDDDetector(DeepDetector):
    """Deep SVDD: a network maps normal rows near a center; the distance from it is the score.

    The score is |f(x) - c|², the loss its mean over a batch, with a weight decay of 1e-6. The
    center c is the mean of the images of the training rows under the first weights, drawn anew in
    each fit; coordinates within 0.1 of 0 are moved to 0.1 or -0.1, as a coordinate of 0 is one that
    a network can reach by doing nothing. Layers have no biases and no bounded activation: f could
    become the constant c otherwise. A loss that falls under 1e-4 of its start is warned of.

    Source: "Deep One-Class Classification" (Ruff et al. 2018), without its soft boundary. It
    departs in its rows: they lie around 0, from -0.5 to 0.5, beside a column that is `constant`
    everywhere, as the columns of a one-hot group add up to 1. `constant=0` has rows from 0 to 1 and
    nothing beside them, as published: a row twice as long then has an image twice as long.
    `fidelity="code"` is the network of the program of arXiv 2207.03576: biases, no weight decay,
    half and a quarter of the columns as widths; its loss falls towards 0 in long trainings. Its
    center, kept from the first run for all others, is not there.

    Cost: a step takes time in proportion to the weights, whatever the number of rows; epochs and
    scores grow in proportion to the rows; weights grow with series times the first hidden layer.

    Args:
        epochs: passes over the rows; None: as many as make about 1,000 steps, from 20 to 500.
        batch_size: rows of a step.
        learning_rate: of Adam.
        hidden: widths of the hidden layers. None: 64.
        latent: numbers of an image. None: 32.
        activation: of the hidden layers, "relu" or "leaky_relu".
        constant: value of the constant column beside the rows; 0: none, as published.
        pretraining_epochs: passes over the rows as the encoder of an autoencoder, before the center
            is found.
        contamination: share of the training rows that the threshold leaves above it.
        seed: of the weights and of the order of the rows.
        fidelity: "paper", or "code" for biases, no decay and the widths of the program above.
    """

    name = "deep-svdd"
    title = "DeepSVDD"
    usual_steps = 1000  # longer trainings are worse
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "arrhythmia": {"hidden": (137,), "latent": 68, "batch_size": 32, **_OF_ALL},
        "thyroid": {"hidden": (3,), "latent": 1, "batch_size": 64, **_OF_ALL},
        "kdd": {"hidden": (59,), "latent": 29, "batch_size": 1024, **_OF_ALL},
        "nsl-kdd": {"hidden": (61,), "latent": 30, "batch_size": 1024, **_OF_ALL},
    }

    def __init__(
        self,
        epochs: int | None = None,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        hidden: Sequence[int] | None = None,
        latent: int | None = None,
        activation: str = "relu",
        constant: float = 1.0,
        pretraining_epochs: int = 0,
        contamination: float = 0.05,
        seed: int = 123,
        fidelity: str = "paper",
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.hidden = hidden
        self.latent = latent
        self.activation = activation
        self.constant = constant
        self.pretraining_epochs = pretraining_epochs
        self.contamination = contamination
        self.seed = seed
        self.fidelity = fidelity

    def _formula(self, columns: int) -> DeepSVDDFormula:
        is_code = self.fidelity == "code"
        hidden, latent = self.hidden, self.latent
        if hidden is None:
            hidden = (max(columns // 2, 1),) if is_code else (64,)
        if latent is None:
            latent = max(columns // 4, 1) if is_code else 32
        constant = 0.0 if is_code else float(self.constant)
        widths = (width_with(columns, constant), *(int(width) for width in hidden), int(latent))
        return DeepSVDDFormula(widths, self.activation, constant, has_biases=is_code)

    def _plan(self, rows: int) -> Plan:
        decay = 0.0 if self.fidelity == "code" else 1e-6
        return Plan(self._epochs(rows), self.batch_size, self.learning_rate, weight_decay=decay)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_widths(self)
        if self.latent is not None:
            whole_number(self, "latent")
        one_of(self, "activation", ("relu", "leaky_relu"))
        number(self, "constant", 0.0)
        whole_number(self, "pretraining_epochs", 0)
        one_of(self, "fidelity", ("paper", "code"))

    def _prepare(
        self, formula: Any, weights: Weights, rows: Float32Array, random: np.random.Generator
    ) -> Arrays:
        if self.pretraining_epochs:
            weights.update(self._pretrained(formula, weights, rows, random))
        total = sum(image.sum(axis=0) for image in _images(formula, weights, rows))
        return {"center": moved_from_zero(total / len(rows)).astype(np.float32)}

    def _pretrained(
        self,
        formula: DeepSVDDFormula,
        weights: Weights,
        rows: Float32Array,
        random: np.random.Generator,
    ) -> Weights:
        """Return the weights of the network as the encoder of a trained autoencoder."""
        from dcvae.training import minimize

        objective = PretrainingObjective(formula)
        plan = Plan(self.pretraining_epochs, self.batch_size, self.learning_rate)
        begin = {**weights, **objective.initial(random)}
        title = f"pretraining {self.title}"
        made = minimize(objective, begin, rows, plan, random, title=title).weights
        return {name: made[name] for name in weights}

    def _train(
        self,
        formula: Any,
        weights: Weights,
        rows: Float32Array,
        given: Arrays,
        random: np.random.Generator,
    ) -> Minimized:
        center = given["center"]
        images = _images(formula, weights, rows)
        first = sum(float(np.square(image - center).sum()) for image in images) / len(rows)
        trained = super()._train(formula, weights, rows, given, random)
        last = trained.losses[-1]
        if last < _COLLAPSED * first:
            warnings.warn(
                f"The loss of {self.title} fell from {first:.2g} to {last:.2g}: the network maps "
                "all training rows to nearly one point, and may do so with strange ones. Make "
                "`epochs` or `learning_rate` smaller, and compare with another detector.",
                UserWarning,
                stacklevel=2,
            )
        return trained


def moved_from_zero(center: Float64Array) -> Float64Array:
    """Return a center whose coordinates within 0.1 of 0 are 0.1 or -0.1; 0 becomes 0.1."""
    least = np.where(center < 0, -_LEAST_OF_CENTER, _LEAST_OF_CENTER)
    moved: Float64Array = np.where(np.abs(center) < _LEAST_OF_CENTER, least, center)
    return moved


def _images(
    formula: DeepSVDDFormula, weights: Weights, rows: Float32Array
) -> Iterator[Float64Array]:
    """Map rows, in parts that fit in memory."""
    exact = {name: value.astype(np.float64) for name, value in weights.items()}
    for first in range(0, len(rows), _CHUNK):
        part = rows[first : first + _CHUNK].astype(np.float64)
        yield formula.image(numpy_ops, exact, part)
