"""Neural transformation learning: views of a row that tell each other apart (Qiu et al. 2021)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from dcvae._arrays import AnyFloatArray, Float32Array, Tensor
from dcvae.detectors.deep import numpy_ops
from dcvae.detectors.deep.base import Arrays, DeepDetector
from dcvae.detectors.deep.formula import Formula
from dcvae.detectors.deep.layers import dense_weights
from dcvae.detectors.deep.one_class.constant import beside_constant, width_with
from dcvae.detectors.deep.scaling import Kind
from dcvae.detectors.parameters import check_widths, number, one_of, whole_number
from dcvae.training import Plan, Tensors, Weights

_SMALL_SQUARE = 1e-12  # under the root of a length, which may be 0
_LEAST_VARIANCE = 1e-5  # beside a variance that is divided by
_FAR = 1e9  # from a similarity that is left out of a sum of exponentials
_WEIGHT_DECAY = 1e-5
_CHUNK = 4096
_KDD = {
    "batch_size": 1000,
    "learning_rate": 5e-4,
    "hidden": (64,) * 4,
    "latent": 32,
    "transformation_hidden": 100,
    "transformation": "multiply",
    "constant": 0.0,
}


@dataclass(frozen=True)
class NeuTraLADFormula(Formula):
    """Formula of NeuTraL AD: a contrastive loss between views of one row, and no other rows.

    Attributes:
        widths: of the rows with the constant column, of the hidden layers, of the code.
        transformations: number of views beside the row itself.
        transformation_hidden: width of the hidden layer of a transformation.
        multiplies: whether a view is x · sigmoid(M(x)), rather than x + M(x).
        temperature: what similarities are divided by.
        constant: value of the constant column; 0 for none.
        normalizes: whether hidden layers of the encoder normalize batches.
        is_code: whether the encoder has biases, and a view is x + sigmoid(M(x)).
    """

    widths: tuple[int, ...]
    transformations: int
    transformation_hidden: int
    multiplies: bool = False
    temperature: float = 0.1
    constant: float = 0.0
    normalizes: bool = False
    is_code: bool = False

    def initial(self, random: np.random.Generator) -> Weights:
        """Draw the weights of the encoder and of the transformations."""
        weights = dense_weights(random, "encoder", self.widths, bias=self.is_code)
        widths = self.widths[0], self.transformation_hidden, self.widths[0]
        drawn = [
            dense_weights(random, "transformation", widths, bias=False)
            for _ in range(self.transformations)
        ]
        return weights | {name: np.stack([one[name] for one in drawn]) for name in drawn[0]}

    def made(self) -> Mapping[str, tuple[int, ...]]:
        """Return the shapes of the statistics of normalized layers."""
        if not self.normalizes:
            return {}
        hidden = enumerate(self.widths[1:-1])
        return {f"{number}/{of}": (width,) for number, width in hidden for of in _STATISTICS}

    def views(self, ops: ModuleType, weights: Tensors, rows: Tensor) -> Tensor:
        """Return rows and their views: (1 + transformations, rows, columns)."""
        rows = beside_constant(ops, rows, self.constant)[None]
        # Kernels have a first axis, of the transformations.
        inner = ops.relu(ops.matmul(rows, weights["transformation/0/kernel"]))
        outer = ops.matmul(inner, weights["transformation/1/kernel"])
        if self.is_code:
            views = rows + ops.sigmoid(outer)
        else:
            views = rows * ops.sigmoid(outer) if self.multiplies else rows + outer
        return ops.concatenate([rows, views], axis=0)

    def layer(
        self, ops: ModuleType, weights: Tensors, number: int, x: Tensor, given: Tensors
    ) -> Tensor:
        """Pass views (views, rows, inputs) through a layer of the encoder."""
        x = self.before_activation(ops, weights, number, x)
        if number == len(self.widths) - 2:
            return x
        if self.normalizes:
            if f"{number}/mean" in given:
                mean, variance = (given[f"{number}/{of}"] for of in _STATISTICS)
            else:
                mean = ops.mean(x, axis=(0, 1))
                variance = ops.mean(ops.square(x - mean), axis=(0, 1))
            x = (x - mean) / ops.sqrt(variance + _LEAST_VARIANCE)
        return ops.relu(x)

    def before_activation(
        self, ops: ModuleType, weights: Tensors, number: int, x: Tensor
    ) -> Tensor:
        """Return what a layer of the encoder normalizes and then bends."""
        x = ops.matmul(x, weights[f"encoder/{number}/kernel"])
        return x + weights[f"encoder/{number}/bias"] if self.is_code else x

    def similarities(
        self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensor
    ) -> Tensor:
        """Return cosines of the codes of views with those of the row and of all views.

        Returns:
            (rows, transformations, 1 + transformations), the row first.
        """
        x = self.views(ops, weights, rows)
        for depth in range(len(self.widths) - 1):
            x = self.layer(ops, weights, depth, x, given)
        x = x / ops.sqrt(ops.sum(ops.square(x), axis=-1, keepdims=True) + _SMALL_SQUARE)
        codes = ops.transpose(x, (1, 0, 2))
        return ops.matmul(codes[:, 1:], ops.transpose(codes, (0, 2, 1)))

    def score(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Return -sum over views k of log h(k, row) / (h(k, row) + sum over l≠k of h(k, l))."""
        similar = self.similarities(ops, weights, rows, given) / self.temperature
        own = ops.eye(self.transformations, self.transformations + 1, 1)
        total = ops.logsumexp(similar - _FAR * own, axis=-1)
        return ops.sum(total - similar[:, :, 0], axis=-1)

    def loss(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Compute the mean loss of a batch, over that of views that cannot be told apart."""
        of_chance = self.transformations * math.log(self.transformations)
        return ops.mean(self.score(ops, weights, rows, given)) / of_chance


_STATISTICS = "mean", "variance"


class NeuTraLADDetector(DeepDetector):
    """NeuTraL AD: views of a normal row resemble the row and differ from each other.

    Transformations T_1 .. T_K and an encoder f are learned together. With
    h(a, b) = exp(cos(f(a), f(b)) / tau), x_k = T_k(x) and x itself as one more view,
    s(x) = -sum_k log[h(x_k, x) / (h(x_k, x) + sum over l≠k of h(x_k, x_l))]
    is the score; the loss is its mean over a batch, divided by K log K. T_k(x) is x + M_k(x) or
    x · sigmoid(M_k(x)), M_k a network of one hidden layer; no layer has biases. The decay
    of weights is 1e-5.

    Source: "Neural Transformation Learning for Deep Anomaly Detection Beyond Images" (Qiu et al.
    2021). It departs in its rows: they lie around 0, from -0.5 to 0.5, beside a column that is
    `constant` everywhere, as the columns of a one-hot group add up to 1. Published are standardized
    rows and nothing beside them (`constant=0`): a row and 3 times that row then have one score, so
    that a row far off may look normal. `fidelity="code"` has what the program of arXiv 2207.03576
    made of it: rows from 0 to 1, an encoder with biases, x + sigmoid(M_k(x)) whatever
    `transformation` says, tau 0.07.

    With `batch_normalization` a step normalizes by its batch; the statistics of all training rows
    are fixed after the training, so that a score does not depend on other rows.

    Cost: a step takes time in proportion to batch_size times (K + 1) times the weights of the
    encoder, plus K times batch_size times series times `transformation_hidden`; epochs and scores
    grow in proportion to the rows.

    Args:
        epochs: passes over the rows; None: as many as make about 1,000 steps, from 20 to 500.
        batch_size: rows of a step.
        learning_rate: of Adam.
        hidden: widths of the hidden layers of the encoder. None: four of 64.
        latent: numbers of a code. None: 32.
        transformations: K.
        transformation: "residual" for x + M_k(x), "multiply" for x · sigmoid(M_k(x)).
        transformation_hidden: width of the hidden layer of M_k. None: 64.
        temperature: tau. None: 0.1.
        batch_normalization: whether hidden layers of the encoder normalize batches.
        constant: value of the constant column beside the rows; 0: none, as published.
        contamination: share of the training rows that the threshold leaves above it.
        seed: of the weights and of the order of the rows.
        fidelity: "paper", or "code" for the program above.
    """

    name = "neutralad"
    title = "NeuTraLAD"
    usual_steps = 1000
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "arrhythmia": {
            "learning_rate": 5e-4,
            "hidden": (64,) * 4,
            "latent": 32,
            "transformation_hidden": 200,
            "batch_normalization": True,
            "constant": 0.0,
        },
        "thyroid": {
            "epochs": 200,
            "batch_size": 128,
            "learning_rate": 1e-3,
            "hidden": (24,) * 4,
            "latent": 24,
            "transformation_hidden": 24,
            "constant": 0.0,
        },
        "kdd": {"epochs": 10, **_KDD},
        "kdd-rev": {"epochs": 30, **_KDD},
    }

    def __init__(
        self,
        epochs: int | None = None,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        hidden: Sequence[int] | None = None,
        latent: int | None = None,
        transformations: int = 11,
        transformation: str = "residual",
        transformation_hidden: int | None = None,
        temperature: float | None = None,
        batch_normalization: bool = False,
        constant: float = 1.0,
        contamination: float = 0.05,
        seed: int = 123,
        fidelity: str = "paper",
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.hidden = hidden
        self.latent = latent
        self.transformations = transformations
        self.transformation = transformation
        self.transformation_hidden = transformation_hidden
        self.temperature = temperature
        self.batch_normalization = batch_normalization
        self.constant = constant
        self.contamination = contamination
        self.seed = seed
        self.fidelity = fidelity

    def _formula(self, columns: int) -> NeuTraLADFormula:
        is_code = self.fidelity == "code"
        hidden = (64,) * 4 if self.hidden is None else self.hidden
        latent = 32 if self.latent is None else self.latent
        inner = 64 if self.transformation_hidden is None else self.transformation_hidden
        temperature = (0.07 if is_code else 0.1) if self.temperature is None else self.temperature
        constant = 0.0 if is_code else float(self.constant)
        return NeuTraLADFormula(
            (width_with(columns, constant), *(int(width) for width in hidden), int(latent)),
            int(self.transformations),
            int(inner),
            self.transformation == "multiply",
            float(temperature),
            constant,
            normalizes=bool(self.batch_normalization),
            is_code=is_code,
        )

    def _kind_of_scaling(self) -> Kind:
        return "standard" if not self.constant and self.fidelity == "paper" else "min-max"

    def _plan(self, rows: int) -> Plan:
        return Plan(
            self._epochs(rows), self.batch_size, self.learning_rate, weight_decay=_WEIGHT_DECAY
        )

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_widths(self)
        for name in ("latent", "transformation_hidden"):
            if getattr(self, name) is not None:
                whole_number(self, name)
        whole_number(self, "transformations", 2)
        one_of(self, "transformation", ("residual", "multiply"))
        if self.temperature is not None:
            number(self, "temperature", 0.0, above=True)
        number(self, "constant", 0.0)
        one_of(self, "fidelity", ("paper", "code"))

    def _finish(self, formula: Any, weights: Weights, rows: Float32Array, given: Arrays) -> Arrays:
        if not self.batch_normalization:
            return {}
        return statistics(formula, weights, rows)


def statistics(formula: NeuTraLADFormula, weights: Weights, rows: Float32Array) -> Arrays:
    """Compute what normalized layers are normalized by, over all rows and their views.

    Args:
        formula: that normalizes.
        weights: trained.
        rows: (rows, columns), scaled.

    Returns:
        Mean and variance of each hidden layer, by the names of `NeuTraLADFormula.made`.
    """
    exact = {name: value.astype(np.float64) for name, value in weights.items()}
    made: Arrays = {}
    # A layer's statistics rest on those of the layers before it.
    for depth in range(len(formula.widths) - 2):
        total, squares = np.zeros((2, formula.widths[depth + 1]))
        for first in range(0, len(rows), _CHUNK):
            x: AnyFloatArray = formula.views(
                numpy_ops, exact, rows[first : first + _CHUNK].astype(np.float64)
            )
            for before in range(depth):
                x = formula.layer(numpy_ops, exact, before, x, made)
            x = formula.before_activation(numpy_ops, exact, depth, x)
            total += x.sum(axis=(0, 1))
            squares += np.square(x).sum(axis=(0, 1))
        mean = total / (len(rows) * (formula.transformations + 1))
        variance = squares / (len(rows) * (formula.transformations + 1)) - mean**2
        made |= {f"{depth}/mean": mean, f"{depth}/variance": np.maximum(variance, 0.0)}
    return made
