"""DROCC: a classifier of rows against points near them that look normal (Goyal et al. 2020)."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from dcvae._arrays import Float32Array, Tensor
from dcvae.detectors.deep.base import Arrays, DeepDetector
from dcvae.detectors.deep.formula import Formula
from dcvae.detectors.deep.layers import dense, dense_weights
from dcvae.detectors.deep.scaling import Kind
from dcvae.detectors.parameters import number, one_of, whole_number
from dcvae.errors import InputError
from dcvae.training import Minimized, Plan, Tensors, Weights

_MOST_PLAIN_EPOCHS = 50
_STEPS_OF_ROUND = 10  # of the ascent, after which points return between the two radii
_LEAST_LENGTH = 1e-12
# Shares of the epochs with an ascent, and what the learning rate is multiplied by until then.
_SCHEDULE = ((0.3, 1.0), (0.6, 0.1), (0.9, 0.01), (math.inf, 0.001))


@dataclass(frozen=True)
class DROCCFormula(Formula):
    """Formula of DROCC: a logit l(x) of "normal", of one hidden layer of ReLU.

    Attributes:
        columns: of the rows.
        hidden: width of the hidden layer.
        radius: least distance of a point from its row; 0 before there are points.
        radius_ratio: times `radius`, the largest distance.
        weight: of the points in the loss.
        rate: length of a step of the ascent.
        steps: of the ascent.
        towards_normal: whether it climbs towards normal.
    """

    columns: int
    hidden: int
    radius: float = 0.0
    radius_ratio: float = 2.0
    weight: float = 1.0
    rate: float = 0.001
    steps: int = 50
    towards_normal: bool = True

    def initial(self, random: np.random.Generator) -> Weights:
        """Draw the weights of the network."""
        return dense_weights(random, "network", (self.columns, self.hidden, 1))

    def logit(self, ops: ModuleType, weights: Tensors, rows: Tensor) -> Tensor:
        """Return the logit of "normal", (rows,)."""
        return dense(ops, weights, "network", rows, ("relu", "linear"))[:, 0]

    def score(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Return the logit of "anomalous"."""
        return -self.logit(ops, weights, rows)

    def loss(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Compute the mean loss of a batch: rows are normal, the points around them anomalous."""
        loss = ops.mean(ops.softplus(-self.logit(ops, weights, rows)))
        if not self.radius:
            return loss
        points = self.logit(ops, weights, rows + given["away"])
        return loss + self.weight * ops.mean(ops.softplus(points))

    def draws(self, random: np.random.Generator, steps: int, batch: int) -> Weights:
        """Draw where the ascents begin, beside the rows."""
        if not self.radius:
            return {}
        begin = random.standard_normal((steps, batch, self.columns), dtype=np.float32)
        return {"begin": begin}

    def prepared(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensors:
        """Climb to points around the rows that look normal: `away`, the steps from row to point."""
        if not self.radius:
            return {}
        rate = self.rate if self.towards_normal else -self.rate

        def step(_: Any, away: Tensor) -> Tensor:
            return away + rate * self.direction(ops, weights, rows + away)

        def climb(_: Any, away: Tensor, steps: int = _STEPS_OF_ROUND) -> Tensor:
            return self.between_radii(ops, ops.fori_loop(0, steps, step, away))

        rounds, rest = divmod(self.steps, _STEPS_OF_ROUND)
        away = ops.fori_loop(0, rounds, climb, given["begin"])
        return {"away": climb(0, away, rest) if rest or not rounds else away}

    def direction(self, ops: ModuleType, weights: Tensors, points: Tensor) -> Tensor:
        """Return the direction in which points look more normal: the gradient of l, of length 1.

        With a = x V + v and output weights w it is ((a > 0) w) V' / |.|, on any framework.
        """
        inner, outer = weights["network/0/kernel"], weights["network/1/kernel"]
        reached = ops.matmul(points, inner) + weights["network/0/bias"]
        passed = ops.cast(reached > 0, "float32") * ops.transpose(outer)
        gradient = ops.matmul(passed, ops.transpose(inner))
        return gradient / ops.maximum(_length(ops, gradient), _LEAST_LENGTH)

    def between_radii(self, ops: ModuleType, away: Tensor) -> Tensor:
        """Return steps from rows, brought to lengths from `radius` to `radius_ratio` times it."""
        length = _length(ops, away)
        kept = ops.clip(length, self.radius, self.radius * self.radius_ratio)
        return away * (kept / ops.maximum(length, _LEAST_LENGTH))


class DROCCDetector(DeepDetector):
    """DROCC: a classifier of rows against points near them that it takes for normal.

    The score is the logit of "anomalous" of a network with one hidden layer of ReLU. At first the
    rows alone are its examples, all of them normal. Then each step has as many anomalous ones:
    points h away from the rows, h ~ N(0, I), which climb 50 steps in the direction in which they
    look normal and return to distances from r to `radius_ratio` · r after each 10:
    loss = BCE(l(x), normal) + adversarial_weight · BCE(l(x + h), anomalous).
    The direction is written in closed form. The learning rate is kept for 30 % of the epochs with
    points, is then a tenth up to 60 %, a hundredth up to 90 % and a thousandth after that.

    Source: "DROCC: Deep Robust One-Class Classification" (Goyal et al. 2020). Rows are
    standardized, and r is √D/2 for D series that vary, unless it is given. `fidelity="code"` climbs
    towards "anomalous", as the program of arXiv 2207.03576 does after it swapped the classes: its
    points are easy. What else that program does is not there: it passes the labels of contaminated
    rows into the loss, and stops with an error at epoch 51.

    Cost: a step takes time in proportion to batch_size times series times `hidden`, about 17 times
    that of an ordinary step of the same network; epochs and scores grow in proportion to the rows.

    Args:
        epochs: passes over the rows; None: as many as make about 4,000 steps, from 20 to 500.
        batch_size: rows of a step.
        learning_rate: of Adam, before its schedule.
        hidden: width of the hidden layer.
        plain_epochs: epochs of the rows alone; None: half of all, 50 at most.
        radius: r, in standard deviations of the series. None: √D/2.
        radius_ratio: the largest distance over the least.
        adversarial_weight: of the points in the loss.
        ascent_rate: length of a step of the ascent, in standard deviations.
        ascent_steps: steps of the ascent.
        contamination: share of the training rows that the threshold leaves above it.
        seed: of the weights, of the points and of the order of the rows.
        fidelity: "paper", or "code" for an ascent in the wrong direction.
    """

    name = "drocc"
    title = "DROCC"
    scaling: Kind = "standard"
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "arrhythmia": {
            "epochs": 200,
            "batch_size": 256,
            "learning_rate": 1e-4,
            "plain_epochs": 50,
            "radius": 16.0,
        },
        "thyroid": {
            "epochs": 100,
            "batch_size": 256,
            "learning_rate": 1e-3,
            "plain_epochs": 50,
            "radius": 2.5,
        },
    }

    def __init__(
        self,
        epochs: int | None = None,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        hidden: int = 128,
        plain_epochs: int | None = None,
        radius: float | None = None,
        radius_ratio: float = 2.0,
        adversarial_weight: float = 1.0,
        ascent_rate: float = 0.001,
        ascent_steps: int = 50,
        contamination: float = 0.05,
        seed: int = 123,
        fidelity: str = "paper",
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.hidden = hidden
        self.plain_epochs = plain_epochs
        self.radius = radius
        self.radius_ratio = radius_ratio
        self.adversarial_weight = adversarial_weight
        self.ascent_rate = ascent_rate
        self.ascent_steps = ascent_steps
        self.contamination = contamination
        self.seed = seed
        self.fidelity = fidelity

    def _formula(self, columns: int) -> DROCCFormula:
        return DROCCFormula(
            columns,
            int(self.hidden),
            math.sqrt(columns) / 2 if self.radius is None else float(self.radius),
            float(self.radius_ratio),
            float(self.adversarial_weight),
            float(self.ascent_rate),
            int(self.ascent_steps),
            towards_normal=self.fidelity == "paper",
        )

    def _check_parameters(self) -> None:
        super()._check_parameters()
        whole_number(self, "hidden")
        if self.plain_epochs is not None:
            whole_number(self, "plain_epochs", 0)
        if self.radius is not None:
            number(self, "radius", 0.0, above=True)
        number(self, "radius_ratio", 1.0)
        number(self, "adversarial_weight", 0.0)
        number(self, "ascent_rate", 0.0)
        whole_number(self, "ascent_steps", 0)
        one_of(self, "fidelity", ("paper", "code"))

    def _train(
        self,
        formula: Any,
        weights: Weights,
        rows: Float32Array,
        given: Arrays,
        random: np.random.Generator,
    ) -> Minimized:
        from dcvae.training import minimize

        epochs = self._epochs(len(rows))
        plain = self.plain_epochs
        if plain is None:
            plain = min(epochs // 2, _MOST_PLAIN_EPOCHS)
        if plain >= epochs:
            raise InputError(
                f"Expected `plain_epochs` of {self.title} to be fewer than its {epochs} epochs, as "
                f"the epochs after them are what it is about. Received: {plain}."
            )
        rate_of = scheduled(self.learning_rate, plain, epochs)
        before = None
        if plain:
            plan = Plan(plain, self.batch_size, rate_of)
            title = f"training {self.title}, rows alone"
            alone = replace(formula, radius=0.0)
            before = minimize(alone, weights, rows, plan, random, title=title)
        plan = Plan(epochs - plain, self.batch_size, rate_of)
        title = f"training {self.title}"
        trained = minimize(formula, weights, rows, plan, random, before=before, title=title)
        if before is None:
            return trained
        return replace(trained, losses=np.concatenate([before.losses, trained.losses]))


def scheduled(rate: float, plain: int, epochs: int) -> Callable[[int], float]:
    """Return the learning rate by the number of the epoch, from 0.

    Args:
        rate: of the first epochs.
        plain: epochs of the rows alone.
        epochs: of all.
    """

    def rate_of(epoch: int) -> float:
        share = (epoch - plain) / (epochs - plain)
        return rate * next(factor for until, factor in _SCHEDULE if share < until)

    return rate_of


def _length(ops: ModuleType, x: Tensor) -> Tensor:
    return ops.sqrt(ops.sum(ops.square(x), axis=-1, keepdims=True))
