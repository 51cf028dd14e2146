"""ALAD: adversarially learned reconstruction, compared in a discriminator (Zenati et al. 2018)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar, NamedTuple

import numpy as np

from dcvae._arrays import Tensor
from dcvae.detectors.deep.base import DeepDetector
from dcvae.detectors.deep.formula import Formula
from dcvae.detectors.deep.layers import Initial, dense, dense_weights
from dcvae.detectors.parameters import number, one_of, whole_number
from dcvae.training import Plan, Tensors, Weights

_LEAST_VARIANCE = 1e-3  # added to that of a batch, as the authors' program has it
_DROPPED_XZ, _DROPPED_XX, _DROPPED_ZZ = 0.5, 0.2, 0.2
_ONE_LEAKY = ("leaky_relu",)
_DISCRIMINATORS = ("xz_", "xx/", "zz/")
_OF_ALL = {"epochs": 200, "batch_size": 50, "learning_rate": 1e-5}


class Exchanged(NamedTuple):
    """What encoder and generator make of rows x and of drawn codes z.

    Attributes:
        code: E(x), (batch, latent).
        made: G(z), (batch, columns).
        again: G(E(x)), (batch, columns).
        code_again: E(G(z)), (batch, latent).
    """

    code: Tensor
    made: Tensor
    again: Tensor
    code_again: Tensor


@dataclass(frozen=True)
class ALADFormula(Formula):
    """Formula of ALAD: the losses of both players as one sum.

    Discriminators see encoder and generator as constants, and these see the discriminators so: the
    gradients of the sum are those that each player's own loss has.

    Attributes:
        columns: of the rows.
        latent: numbers of a code.
        width: of the hidden layers of the discriminators of rows, and of the generator's last.
        initial_weights: rule of the kernels.
        norm: of the score, 1 or 2.
    """

    columns: int
    latent: int
    width: int
    initial_weights: Initial
    norm: int

    def initial(self, random: np.random.Generator) -> Weights:
        """Draw the weights of encoder, generator and discriminators."""
        columns, latent, width = self.columns, self.latent, self.width
        # What is normalized needs no bias.
        weights = dense_weights(
            random, "xz_row", (columns, width), bias=False, initial=self.initial_weights
        )
        for name, widths in {
            "encoder": (columns, 2 * latent, latent),
            "generator": (latent, 2 * latent, width, columns),
            "xz_code": (latent, width),
            "xz_both": (2 * width, width),
            "xz_end": (width, 1),
            "xx/hidden": (2 * columns, width),
            "xx/end": (width, 1),
            "zz/hidden": (2 * latent, latent),
            "zz/end": (latent, 1),
        }.items():
            weights |= dense_weights(random, name, widths, initial=self.initial_weights)
        scale = np.ones(width)
        if self.initial_weights == "normal_0.02":
            scale = random.normal(0.0, 0.02, width)
        weights["xz_scale"] = scale.astype(np.float32)
        weights["xz_shift"] = np.zeros(width, dtype=np.float32)
        return weights

    def draws(self, random: np.random.Generator, steps: int, batch: int) -> Weights:
        """Draw codes, and which units are dropped: the same of a true and of a made pair."""

        def kept(width: int, dropped: float) -> Any:
            drawn = random.random((steps, batch, width), dtype=np.float32) >= dropped
            return drawn * np.float32(1.0 / (1.0 - dropped))

        return {
            "drawn": random.standard_normal((steps, batch, self.latent), dtype=np.float32),
            "kept_code": kept(self.width, _DROPPED_XZ),
            "kept_both": kept(self.width, _DROPPED_XZ),
            "kept_xx": kept(self.width, _DROPPED_XX),
            "kept_zz": kept(self.latent, _DROPPED_ZZ),
        }

    def encoded(self, ops: ModuleType, weights: Tensors, rows: Tensor) -> Tensor:
        """Encode rows: (rows, latent)."""
        return dense(ops, weights, "encoder", rows, ("leaky_relu", "linear"))

    def generated(self, ops: ModuleType, weights: Tensors, codes: Tensor) -> Tensor:
        """Generate rows from codes: (rows, columns)."""
        return dense(ops, weights, "generator", codes, ("relu", "relu", "linear"))

    def of_row_and_code(
        self, ops: ModuleType, weights: Tensors, rows: Tensor, codes: Tensor, given: Tensors
    ) -> Tensor:
        """Return logits that pairs of a row and a code are true ones, (rows, 1)."""
        row = dense(ops, weights, "xz_row", rows, ("linear",))
        centered = row - ops.mean(row, axis=0, keepdims=True)
        variance = ops.mean(ops.square(centered), axis=0, keepdims=True)
        row = centered / ops.sqrt(variance + _LEAST_VARIANCE)
        row = ops.leaky_relu(row * weights["xz_scale"] + weights["xz_shift"], negative_slope=0.2)
        code = dense(ops, weights, "xz_code", codes, _ONE_LEAKY) * given["kept_code"]
        both = ops.concatenate([row, code], axis=-1)
        hidden = dense(ops, weights, "xz_both", both, _ONE_LEAKY) * given["kept_both"]
        return dense(ops, weights, "xz_end", hidden, ("linear",))

    def features(self, ops: ModuleType, weights: Tensors, rows: Tensor, others: Tensor) -> Tensor:
        """Return what the discriminator of two rows sees of pairs, (rows, width)."""
        return dense(
            ops, weights, "xx/hidden", ops.concatenate([rows, others], axis=-1), _ONE_LEAKY
        )

    def of_two_rows(
        self, ops: ModuleType, weights: Tensors, rows: Tensor, others: Tensor, given: Tensors
    ) -> Tensor:
        """Return logits that pairs of rows are a row and itself, (rows, 1)."""
        hidden = self.features(ops, weights, rows, others) * given["kept_xx"]
        return dense(ops, weights, "xx/end", hidden, ("linear",))

    def of_two_codes(
        self, ops: ModuleType, weights: Tensors, codes: Tensor, others: Tensor, given: Tensors
    ) -> Tensor:
        """Return logits that pairs of codes are a code and itself, (rows, 1)."""
        both = ops.concatenate([codes, others], axis=-1)
        hidden = dense(ops, weights, "zz/hidden", both, _ONE_LEAKY) * given["kept_zz"]
        return dense(ops, weights, "zz/end", hidden, ("linear",))

    def exchanged(
        self, ops: ModuleType, weights: Tensors, rows: Tensor, codes: Tensor
    ) -> Exchanged:
        """Return what encoder and generator make of rows x and of drawn codes z."""
        code, made = self.encoded(ops, weights, rows), self.generated(ops, weights, codes)
        again = self.generated(ops, weights, code)
        return Exchanged(code, made, again, self.encoded(ops, weights, made))

    def loss(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Compute the sum of both players' mean losses of a batch."""
        exchanged = self.exchanged(ops, weights, rows, given["drawn"])
        held = Exchanged(*(ops.stop_gradient(value) for value in exchanged))
        fixed = {
            name: ops.stop_gradient(value) if name.startswith(_DISCRIMINATORS) else value
            for name, value in weights.items()
        }
        return self.discriminator_loss(ops, weights, rows, given, held) + self.generator_loss(
            ops, fixed, rows, given, exchanged
        )

    def discriminator_loss(
        self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors, of: Exchanged
    ) -> Tensor:
        """Compute what the discriminators minimize: logistic losses of pairs, true and made."""
        codes = given["drawn"]
        return (
            _taken_for_true(ops, self.of_row_and_code(ops, weights, rows, of.code, given))
            + _taken_for_made(ops, self.of_row_and_code(ops, weights, of.made, codes, given))
            + _taken_for_true(ops, self.of_two_rows(ops, weights, rows, rows, given))
            + _taken_for_made(ops, self.of_two_rows(ops, weights, rows, of.again, given))
            + _taken_for_true(ops, self.of_two_codes(ops, weights, codes, codes, given))
            + _taken_for_made(ops, self.of_two_codes(ops, weights, codes, of.code_again, given))
        )

    def generator_loss(
        self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors, of: Exchanged
    ) -> Tensor:
        """Compute what encoder and generator minimize."""
        codes = given["drawn"]
        return (
            _taken_for_made(ops, self.of_row_and_code(ops, weights, rows, of.code, given))
            + _taken_for_true(ops, self.of_row_and_code(ops, weights, of.made, codes, given))
            + _taken_for_true(ops, self.of_two_rows(ops, weights, rows, of.again, given))
            + _taken_for_true(ops, self.of_two_codes(ops, weights, codes, of.code_again, given))
        )

    def score(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Return how far pairs of a row and its reconstruction are from the row and itself."""
        again = self.generated(ops, weights, self.encoded(ops, weights, rows))
        away = self.features(ops, weights, rows, rows) - self.features(ops, weights, rows, again)
        if self.norm == 1:
            return ops.sum(ops.abs(away), axis=-1)
        return ops.sqrt(ops.sum(ops.square(away), axis=-1))


class ALADDetector(DeepDetector):
    """ALAD: rows that a discriminator tells from their reconstructions are strange.

    An encoder E and a generator G play against discriminators of pairs: (x, E(x)) against
    (G(z), z), (x, x) against (x, G(E(x))), (z, z) against (z, E(G(z))), z drawn from N(0, I), each
    with logistic losses. The score is |f(x, x) - f(x, G(E(x)))|, the sum of absolute values, f
    being the hidden layer of the discriminator of two rows.

    Source: Zenati et al. 2018, "Adversarially Learned Anomaly Detection", arXiv 1812.02288. Both
    players step at once, by the gradients of their own losses, where the authors' program takes
    turns; dropout leaves out the same units of a true and of a made pair; the average of the
    weights, which scores, forgets the first ones sooner; there is no spectral normalization. The
    authors' test calls 20 % of the rows strange: the threshold here is of the training scores.
    Rows are standardized, as the codes are. Batches of fewer rows than 2 leave no batch
    statistics: such a discriminator of rows and codes sees the codes alone.

    `fidelity="code"` is the program of arXiv 2207.03576: weights, and the scale of the batch
    normalization, begin as N(0, 0.02), the last weights score, and the score has the Euclidean
    norm.

    Cost: steps and scores take time in proportion to the weights, which grow with series times
    `width`, whatever the number of rows; epochs and scores of all grow in proportion to the rows.

    Args:
        epochs: passes over the rows; None: as many as make about 4,000 steps, from 20 to 500.
        batch_size: rows of a step.
        learning_rate: of Adam, whose first moment keeps 0.5 of itself.
        latent: numbers of a code; None: half of the series.
        width: of the hidden layers of the discriminators of rows, and of the generator's last.
        average_decay: share of the average of the weights that a step keeps.
        fidelity: "paper" or "code".
        contamination: share of the training rows that the threshold leaves above it.
        seed: of the weights, the order of the rows, the codes and the dropout.
    """

    name = "alad"
    title = "ALAD"
    scaling = "standard"
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "arrhythmia": {"latent": 64, **_OF_ALL},
        "thyroid": {"latent": 32, **_OF_ALL},
        "kdd": {"latent": 32, **_OF_ALL},
    }

    def __init__(
        self,
        epochs: int | None = None,
        batch_size: int = 128,
        learning_rate: float = 1e-4,
        latent: int | None = None,
        width: int = 128,
        average_decay: float = 0.999,
        fidelity: str = "paper",
        contamination: float = 0.05,
        seed: int = 123,
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.latent = latent
        self.width = width
        self.average_decay = average_decay
        self.fidelity = fidelity
        self.contamination = contamination
        self.seed = seed

    def _formula(self, columns: int) -> ALADFormula:
        latent = max(columns // 2, 1) if self.latent is None else int(self.latent)
        if self.fidelity == "code":
            return ALADFormula(columns, latent, int(self.width), "normal_0.02", 2)
        return ALADFormula(columns, latent, int(self.width), "xavier_normal", 1)

    def _plan(self, rows: int) -> Plan:
        return Plan(
            self._epochs(rows),
            self.batch_size,
            self.learning_rate,
            beta_1=0.5,
            average_decay=None if self.fidelity == "code" else self.average_decay,
        )

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.latent is not None:
            whole_number(self, "latent")
        whole_number(self, "width")
        number(self, "average_decay", 0.0, 1.0)
        one_of(self, "fidelity", ("paper", "code"))


def _taken_for_true(ops: ModuleType, logits: Tensor) -> Tensor:
    """Return the mean logistic loss of logits where 1 is right."""
    return ops.mean(ops.softplus(-logits))


def _taken_for_made(ops: ModuleType, logits: Tensor) -> Tensor:
    """Return the mean logistic loss of logits where 0 is right."""
    return ops.mean(ops.softplus(logits))
