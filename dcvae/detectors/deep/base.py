"""Deep detector: a formula fitted by the common training, and scored in NumPy."""

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from dcvae import _backend
from dcvae._arrays import AnyArray, AnyFloatArray, Float32Array, Float64Array
from dcvae._threads import one_thread_a_product
from dcvae.detectors.base import AnomalyDetector
from dcvae.detectors.deep import numpy_ops
from dcvae.detectors.deep.formula import Formula, ReconstructionFormula
from dcvae.detectors.deep.scaling import KINDS, Kind, RowScaling
from dcvae.detectors.parameters import number, one_of, whole_number
from dcvae.detectors.state import check_state
from dcvae.errors import InputError
from dcvae.training import Minimized, Plan, Weights

Arrays = dict[str, AnyFloatArray]

_CHUNK = 4096
_FEWEST_EPOCHS, _MOST_EPOCHS = 20, 500


class DeepDetector(AnomalyDetector):
    """A detector whose network is trained on batches of rows.

    A subclass says its formula and, where it differs, its plan and what is made before and after
    the training. Rows are scaled by the training rows as they are given (`RowScaling`). A series
    that is constant in training is not shown to the network; one that moves by its own size adds as
    much to the score as lies between the least and the largest of the training scores.

    Attributes:
        usual_steps: of a training without a number of epochs, about.
        scaling: what the rows are scaled by.
        loss_history_: (epochs,) float64, mean loss of the batches of each epoch.
    """

    needs_keras = True
    usual_steps: ClassVar[int] = 4000
    scaling: Kind = "min-max"  # or a parameter of a subclass

    epochs: int | None
    batch_size: int
    learning_rate: float
    seed: int

    loss_history_: Float64Array
    _scaler: RowScaling
    _weights: Weights
    _made: Arrays
    _worth: float

    @abstractmethod
    def _formula(self, columns: int) -> Formula:
        """Return the formula for rows of so many columns that vary."""

    def _kind_of_scaling(self) -> Kind:
        """Return what the rows are scaled by, with these parameters."""
        return self.scaling

    def _plan(self, rows: int) -> Plan:
        """Return the plan of the training on so many rows."""
        return Plan(self._epochs(rows), self.batch_size, self.learning_rate)

    def _epochs(self, rows: int) -> int:
        """Return the epochs of the training on so many rows."""
        if self.epochs is not None:
            return self.epochs
        wanted = math.ceil(self.usual_steps / math.ceil(rows / self.batch_size))
        return min(max(wanted, _FEWEST_EPOCHS), _MOST_EPOCHS)

    def _prepare(
        self, formula: Any, weights: Weights, rows: Float32Array, random: np.random.Generator
    ) -> Arrays:
        """Make what every step of the training is given."""
        return {}

    def _train(
        self,
        formula: Any,
        weights: Weights,
        rows: Float32Array,
        given: Arrays,
        random: np.random.Generator,
    ) -> Minimized:
        """Train the weights."""
        from dcvae.training import minimize

        plan = self._plan(len(rows))
        return minimize(formula, weights, rows, plan, random, given, title=f"training {self.title}")

    def _finish(self, formula: Any, weights: Weights, rows: Float32Array, given: Arrays) -> Arrays:
        """Make what scores take beside the weights, by the names of `Formula.made`."""
        return given

    def _fit(self, values: AnyFloatArray) -> None:
        self._check_parameters()
        _backend.start()
        random = np.random.default_rng(self.seed)
        self._scaler = RowScaling.of(values, self._kind_of_scaling())
        rows = self._shown(values).astype(np.float32)
        formula = self._formula(self._scaler.columns)
        weights = formula.initial(random)
        given = self._prepare(formula, weights, rows, random)
        trained = self._train(formula, weights, rows, given, random)
        self._weights = trained.weights if trained.average is None else trained.average
        self.loss_history_ = trained.losses
        if not all(np.isfinite(value).all() for value in self._weights.values()):
            raise InputError(
                f"The training of {self.title} left numbers that are not finite after "
                f"{len(trained.losses)} epochs. Make `learning_rate` smaller; received "
                f"{self.learning_rate}."
            )
        self._made = self._finish(formula, self._weights, rows, given)
        self._worth = 0.0
        scores = self._score(values)
        self._worth = float(max(np.ptp(scores), np.finfo(float).tiny))

    def _check_parameters(self) -> None:
        """Refuse parameters that no training can have.

        Raises:
            InputError: one is not.
        """
        if self.epochs is not None:
            whole_number(self, "epochs")
        whole_number(self, "batch_size")
        number(self, "learning_rate", 0.0, above=True)
        one_of(self, "scaling", KINDS)

    def _shown(self, values: AnyFloatArray) -> Float64Array:
        """Return what the network is shown of rows."""
        return self._scaler.apply(values)

    def _score(self, values: AnyFloatArray) -> Float64Array:
        formula = self._formula(self._scaler.columns)
        scores = np.empty(len(values))
        for part, weights, made in self._parts(values):
            shown = self._shown(values[part])
            scores[part] = formula.score(numpy_ops, weights, shown, made)
            scores[part] += self._of_moved(self._scaler.moved(values[part])).sum(axis=1)
        return scores

    def _parts(self, values: AnyFloatArray) -> Any:
        """Yield slices of rows, with weights and what was made in float64."""
        weights = {name: value.astype(np.float64) for name, value in self._weights.items()}
        made = {name: value.astype(np.float64) for name, value in self._made.items()}
        with one_thread_a_product():
            for first in range(0, len(values), _CHUNK):
                yield slice(first, first + _CHUNK), weights, made

    def _of_moved(self, moved: Float64Array) -> Float64Array:
        """Return what series that were constant add to a score, (rows, constant series)."""
        return moved * self._worth

    # ------------------------------------------------------------ state

    def _state(self) -> Mapping[str, tuple[str, ...]]:
        formula = self._formula(self._scaler.columns)
        shapes = {
            f"weights/{name}": value.shape
            for name, value in formula.initial(np.random.default_rng(0)).items()
        }
        shapes |= {f"made/{name}": shape for name, shape in formula.made().items()}
        words = {name: tuple(str(size) for size in shape) for name, shape in shapes.items()}
        return {"scaling": ("four", "series"), "worth": ("one",), **words}

    def _stored(self) -> dict[str, AnyArray]:
        return {
            "scaling": self._scaler.to_array(),
            "worth": np.array([self._worth]),
            **{f"weights/{name}": value for name, value in self._weights.items()},
            **{f"made/{name}": value for name, value in self._made.items()},
        }

    def from_arrays(self, arrays: Mapping[str, AnyArray]) -> "DeepDetector":
        """Take what a fit of a detector with the same parameters has made; see the base class."""
        known = {name: arrays[name] for name in ("scaling",) if name in arrays}
        check_state(known, {"scaling": ("four", "series")}, four=4)
        self._scaler = RowScaling.restored(known["scaling"])
        return super().from_arrays(arrays)

    def _accept(self, arrays: Mapping[str, AnyArray]) -> None:
        parts: dict[str, Arrays] = {"weights": {}, "made": {}}
        for name, value in arrays.items():
            part, _, rest = name.partition("/")
            if part in parts:
                parts[part][rest] = value
        self._weights = {name: x.astype(np.float32) for name, x in parts["weights"].items()}
        self._made = parts["made"]
        self._worth = float(arrays["worth"][0])


class ReconstructionDetector(DeepDetector):
    """A deep detector whose score is the squared error of a reconstruction, by its cells."""

    @abstractmethod
    def _formula(self, columns: int) -> ReconstructionFormula: ...

    def _score_series(self, values: AnyFloatArray) -> Float64Array:
        formula = self._formula(self._scaler.columns)
        cells = np.empty(values.shape)
        constant = self._scaler.is_constant
        for part, weights, made in self._parts(values):
            shown = self._shown(values[part])
            cells[part, ~constant] = formula.cells(numpy_ops, weights, shown, made)
            cells[part, constant] = self._of_moved(self._scaler.moved(values[part]))
        return cells
