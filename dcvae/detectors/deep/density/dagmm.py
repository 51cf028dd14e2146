"""DAGMM: a mixture of Gaussians in the code and the errors of an autoencoder (Zong et al. 2018)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from dcvae._arrays import Float32Array, Tensor
from dcvae.detectors.deep import numpy_ops
from dcvae.detectors.deep.base import DeepDetector
from dcvae.detectors.deep.parameters import check_hidden, check_number, check_word
from dcvae.detectors.deep.density.mixture import (
    Mixture,
    Moments,
    energies,
    inverse_variances,
    mixture_of,
)
from dcvae.detectors.deep.formula import Formula
from dcvae.detectors.deep.layers import dense, dense_weights, hidden_then_linear
from dcvae.training import Plan, Tensors, Weights

_ESTIMATION_UNITS = 10
_KEPT = 0.5  # share of the units of the estimation network that a step of training keeps
_LEAST_NORM = 1e-8
# Of an error to the length of its row: a row of zeros would set the covariances by itself.
_MOST_RELATIVE = 10.0
_CHUNK = 4096


@dataclass(frozen=True)
class DAGMMFormula(Formula):
    """Formula of DAGMM.

    Attributes:
        columns: of rows that the autoencoder is shown.
        hidden: widths of the encoder's layers before the code.
        latent: numbers of the code.
        components: of the mixture.
        energy_weight: of the mean energy in the loss.
        variance_weight: of the inverse variances in the loss.
        mean_of_cells: whether the error in the loss is the mean over the cells of a row, in place
            of their sum.
        positions: further columns of rows, which join the features as they are.
    """

    columns: int
    hidden: tuple[int, ...]
    latent: int
    components: int
    energy_weight: float
    variance_weight: float
    mean_of_cells: bool = False
    positions: int = 0

    @property
    def features(self) -> int:
        """Numbers of a row in which the mixture is."""
        return self.positions + self.latent + 2

    @property
    def _widths(self) -> tuple[int, ...]:
        return self.columns, *self.hidden, self.latent

    def initial(self, random: np.random.Generator) -> Weights:
        """Draw the weights of encoder, decoder and estimation network."""
        estimation = self.features, _ESTIMATION_UNITS, self.components
        return {
            **dense_weights(random, "encoder", self._widths),
            **dense_weights(random, "decoder", self._widths[::-1]),
            **dense_weights(random, "estimation", estimation),
        }

    def draws(self, random: np.random.Generator, steps: int, batch: int) -> Weights:
        """Draw the dropout of the estimation network."""
        kept = random.random((steps, batch, _ESTIMATION_UNITS), dtype=np.float32) < _KEPT
        return {"kept": kept.astype(np.float32) / np.float32(_KEPT)}

    def made(self) -> Mapping[str, tuple[int, ...]]:
        """Return the shapes of the mixture of the training rows."""
        return {
            "weights": (self.components,),
            "means": (self.components, self.features),
            "covariances": (self.components, self.features, self.features),
        }

    def loss(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Return error + energy + inverse variances, with the mixture of the batch itself."""
        features, errors = self.encoded(ops, weights, rows)
        mixture = mixture_of(ops, self.responsibilities(ops, weights, features, given), features)
        return (
            ops.mean(errors) / (self.columns if self.mean_of_cells else 1)
            + self.energy_weight * ops.mean(energies(ops, features, mixture))
            + self.variance_weight * inverse_variances(ops, mixture)
        )

    def score(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Return the energy of rows in the mixture of the training rows."""
        features, _ = self.encoded(ops, weights, rows)
        mixture = Mixture(given["weights"], given["means"], given["covariances"])
        return energies(ops, features, mixture)

    def encoded(self, ops: ModuleType, weights: Tensors, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Compute features and errors of rows.

        Args:
            ops: array library.
            weights: by their names.
            rows: (rows, columns + positions).

        Returns:
            (rows, features): positions, code, |x - x'| / |x|, cosine of x and x'; and (rows,),
            |x - x'|².
        """
        shown, positions = rows[:, : self.columns], rows[:, self.columns :]
        activations = hidden_then_linear("tanh", self._widths)
        code = dense(ops, weights, "encoder", shown, activations)
        reconstructed = dense(ops, weights, "decoder", code, activations)
        errors = ops.sum(ops.square(shown - reconstructed), axis=-1)
        length, of_reconstruction, distance = (
            ops.sqrt(ops.maximum(squares, _LEAST_NORM**2))
            for squares in (
                ops.sum(ops.square(shown), axis=-1),
                ops.sum(ops.square(reconstructed), axis=-1),
                errors,
            )
        )
        relative = ops.minimum(distance / length, _MOST_RELATIVE)
        cosine = ops.sum(shown * reconstructed, axis=-1) / (length * of_reconstruction)
        parts = [positions] if self.positions else []
        parts += [code, relative[:, None], cosine[:, None]]
        return ops.concatenate(parts, axis=-1), errors

    def responsibilities(
        self, ops: ModuleType, weights: Tensors, features: Tensor, given: Tensors
    ) -> Tensor:
        """Estimate the shares of components in rows, (rows, components).

        Args:
            ops: array library.
            weights: by their names.
            features: (rows, features).
            given: with "kept" in training, without it there is no dropout.
        """
        units = dense(ops, weights, "estimation", features, ("tanh",))
        if "kept" in given:
            units = units * given["kept"]
        logits = ops.matmul(units, weights["estimation/1/kernel"]) + weights["estimation/1/bias"]
        return ops.softmax(logits, axis=-1)


class DAGMMDetector(DeepDetector):
    """DAGMM.

    Args:
        epochs: passes over the rows; None: as many as make about 4,000 steps, from 20 to 500.
        batch_size: rows of a step.
        learning_rate: of Adam.
        hidden: widths of the hidden layers of the encoder; the decoder has them in reverse. None:
            by the number of series.
        latent: numbers of the code.
        components: Gaussians of the mixture.
        energy_weight: of the mean energy in the loss.
        variance_weight: of the inverse variances in the loss.
        fidelity: "paper", or "code": see above.
        contamination: share of the training rows that the threshold leaves above it.
        seed: of the weights, of the order of the rows and of the dropout.
    """

    name = "dagmm"
    title = "DAGMM"
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "kdd": {
            **{"hidden": (60, 30, 10), "latent": 1, "components": 4},
            **{"epochs": 200, "batch_size": 1024, "learning_rate": 1e-4},
        },
        "thyroid": {
            **{"hidden": (12, 4), "latent": 1, "components": 2},
            **{"epochs": 20_000, "batch_size": 1024, "learning_rate": 1e-4},
        },
        "arrhythmia": {
            **{"hidden": (10,), "latent": 2, "components": 2},
            **{"epochs": 10_000, "batch_size": 128, "learning_rate": 1e-4},
        },
    }

    def __init__(
        self,
        epochs: int | None = None,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        hidden: Sequence[int] | None = None,
        latent: int = 1,
        components: int = 4,
        energy_weight: float = 0.1,
        variance_weight: float = 0.005,
        fidelity: str = "paper",
        contamination: float = 0.05,
        seed: int = 123,
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.hidden = hidden
        self.latent = latent
        self.components = components
        self.energy_weight = energy_weight
        self.variance_weight = variance_weight
        self.fidelity = fidelity
        self.contamination = contamination
        self.seed = seed

    _positions: ClassVar[int] = 0

    def _formula(self, columns: int) -> DAGMMFormula:
        hidden = (12, 4) if self.hidden is None else self.hidden
        return DAGMMFormula(
            columns,
            tuple(int(width) for width in hidden),
            self.latent,
            self.components,
            self.energy_weight,
            self.variance_weight,
            mean_of_cells=self.fidelity == "code",
            positions=self._positions,
        )

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_hidden(self)
        check_number(self, "latent", least=1, whole=True)
        check_number(self, "components", least=1, whole=True)
        check_number(self, "energy_weight", least=0.0)
        check_number(self, "variance_weight", least=0.0)
        check_word(self, "fidelity", ("paper", "code"))

    def _finish(
        self, formula: DAGMMFormula, weights: Weights, rows: Float32Array, given: Weights
    ) -> Weights:
        """Compute the mixture of the training rows, or of the last batch of them."""
        if self.fidelity == "code":
            batch = min(self.batch_size, len(rows))
            rows = rows[(len(rows) - 1) // batch * batch :]
        wide = {name: value.astype(np.float64) for name, value in weights.items()}
        moments = Moments(formula.components, formula.features)
        for first in range(0, len(rows), _CHUNK):
            part = rows[first : first + _CHUNK].astype(np.float64)
            features, _ = formula.encoded(numpy_ops, wide, part)
            moments.add(formula.responsibilities(numpy_ops, wide, features, {}), features)
        mixture = moments.mixture()
        return {name: value.astype(np.float32) for name, value in mixture._asdict().items()}
