"""DUAD: an autoencoder of the rows that lie in tight clusters, chosen again as it learns."""

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from dcvae._arrays import AnyFloatArray, BoolArray, Float32Array, Float64Array, IntArray, Tensor
from dcvae._threads import one_thread_a_product
from dcvae.detectors.deep import numpy_ops
from dcvae.detectors.deep.base import Arrays, ReconstructionDetector
from dcvae.detectors.deep.reconstruction.autoencoder import (
    AutoEncoderFormula,
    autoencoder_widths,
    check_network,
)
from dcvae.detectors.parameters import number, one_of, whole_number
from dcvae.training import Minimized, Plan, Tensors, Weights

_CLUSTERS = 20
_ROWS_OF_CLUSTER = 20  # at least, on average: fewer do not tell a covariance
_MOST_ROWS = 20_000  # that a mixture is fitted to
_CHUNK = 16_384
_LEAST_VARIANCE = 1e-5  # of a component, added to the diagonal, relative to the largest variance
_LEAST_LENGTH = 1e-8
_PENALTY = 0.5  # of the program of arXiv 2207.03576
_OF_ALL = {"epochs": 200, "learning_rate": 1e-4, "activation": "tanh", "hidden": (60, 30, 10)}


@dataclass(frozen=True)
class DUADFormula(AutoEncoderFormula):
    """Formula of an autoencoder whose rows are clustered by codes and cosines.

    Attributes:
        is_penalized: whether the loss has half the length of [code, cosine] added.
    """

    is_penalized: bool = False

    def clustered(self, ops: ModuleType, weights: Tensors, rows: Tensor) -> Tensor:
        """Return codes with cosines of rows and reconstructions, (rows, code + 1)."""
        code = self.code(ops, weights, rows)
        again = self.decoded(ops, weights, code)
        lengths = _length(ops, rows) * _length(ops, again)
        cosine = ops.sum(rows * again, axis=-1, keepdims=True) / lengths
        return ops.concatenate([code, cosine], axis=-1)

    def loss(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        """Compute the mean loss of a batch."""
        loss = super().loss(ops, weights, rows, given)
        if not self.is_penalized:
            return loss
        return loss + _PENALTY * ops.mean(_length(ops, self.clustered(ops, weights, rows)))


class DUADDetector(ReconstructionDetector):
    """DUAD: an autoencoder trained on the rows of tight clusters alone, chosen as it learns.

    At first a Gaussian mixture of 20 components parts the rows; the rows of the clusters whose
    variance (mean squared distance from their mean) is at or below the `1 - first_dropped` quantile
    of those of all clusters are trained on. Every `reselect_every` epochs they are chosen again, by
    clusters of [code, cosine of x and x'] of all training rows and `dropped`, until a choice is the
    same as the one before. loss = mean |x - x'|², score |x - x'|², summed over the series; its
    cells are the terms of that sum. The training rows that were left out are the first to look at:
    `~detector.selections_[-1]`.

    Source: Li et al. 2021, "Deep Unsupervised Anomaly Detection", WACV. The quantile is one of
    clusters, not of rows: any share of the rows may be left out, and a row that is a cluster by
    itself is kept. Departures: fewer components where there are fewer than 20 rows for each;
    empty ones do not count; mixtures are fitted to at most 20,000 rows, drawn once; the diagonals
    of covariances have 1e-5 added, times the largest variance of a column if that is above 1. Adam
    goes on with its moments from one choice to the next.

    `fidelity="code"` is the program of arXiv 2207.03576: it begins with all rows, and adds half the
    mean length of [code, cosine] to the loss, which rewards reconstructions that are *not* like the
    row. Its later choices leave out as many clusters as the paper's first one, which is
    `dropped=0.35` here. Its loop, which goes on while the choice stays the same and ends when it
    changes, is not reproduced.

    With `center_weight` above 0 codes are drawn to a learned center, as in `DAELRDetector`
    (DUAD-LR of arXiv 2407.08838).

    Cost: as `AutoEncoderDetector`, and each choice a mixture: time in proportion to the rows, at
    most 20,000, times the square of the latent numbers; at first, of the series.

    Args:
        epochs: passes over the chosen rows, at most; None: as many as make about 4,000 steps with
            all rows, from 20 to 500.
        batch_size: rows of a step.
        learning_rate: of Adam.
        hidden: widths of the hidden layers of the encoder; the decoder has them in reverse. None:
            by the number of series.
        latent: numbers of the code; None: by the number of series.
        activation: of the hidden layers, "relu" or "tanh".
        reselect_every: epochs between choices.
        first_dropped: share of the clusters that are left out at first.
        dropped: share of the clusters that are left out later.
        center_weight: of the squared distance from a learned center, in the loss; 0 for none.
        fidelity: "paper" or "code".
        contamination: share of the training rows that the threshold leaves above it.
        seed: of the weights, of the mixtures and of the order of the rows.

    Attributes:
        selections_: (choices, training rows) bool, the rows that each choice kept.
    """

    name = "duad"
    title = "DUAD"
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "arrhythmia": {"latent": 1, "batch_size": 32, **_OF_ALL},
        "thyroid": {"latent": 1, "batch_size": 64, **_OF_ALL},
        "kdd": {"latent": 1, "batch_size": 1024, **_OF_ALL},
    }

    selections_: BoolArray

    def __init__(
        self,
        epochs: int | None = None,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        hidden: Sequence[int] | None = None,
        latent: int | None = None,
        activation: str = "relu",
        reselect_every: int = 10,
        first_dropped: float = 0.35,
        dropped: float = 0.3,
        center_weight: float = 0.0,
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
        self.reselect_every = reselect_every
        self.first_dropped = first_dropped
        self.dropped = dropped
        self.center_weight = center_weight
        self.fidelity = fidelity
        self.contamination = contamination
        self.seed = seed

    def _formula(self, columns: int) -> DUADFormula:
        return DUADFormula(
            autoencoder_widths(columns, self.hidden, self.latent),
            self.activation,
            float(self.center_weight),
            has_center=self.center_weight > 0,
            is_penalized=self.fidelity == "code",
        )

    def _train(
        self,
        formula: DUADFormula,
        weights: Weights,
        rows: Float32Array,
        given: Arrays,
        random: np.random.Generator,
    ) -> Minimized:
        from dcvae.training import minimize

        left = self._epochs(len(rows))
        clusters = _Clusters(len(rows), random)
        if self.fidelity == "code":
            selections = [np.ones(len(rows), dtype=bool)]
        else:
            selections = [clusters.tight(rows, self.first_dropped)]
        trained: Minimized | None = None
        losses: list[Float64Array] = []
        while True:
            epochs = min(int(self.reselect_every), left)
            left -= epochs
            plan = Plan(epochs, self.batch_size, self.learning_rate)
            chosen = np.flatnonzero(selections[-1])
            trained = minimize(
                formula,
                weights,
                rows,
                plan,
                random,
                given,
                before=trained,
                chosen=chosen,
                steps_to_come=left * plan.steps_of_epoch(len(chosen)),
                title=f"training {self.title}",
            )
            losses.append(trained.losses)
            if not left or not _are_finite(trained.weights):
                break
            selections.append(clusters.tight(_clustered(formula, trained, rows), self.dropped))
            if (selections[-1] == selections[-2]).all():
                break
        self.selections_ = np.stack(selections)
        return dataclasses.replace(trained, losses=np.concatenate(losses))

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_network(self, ("relu", "tanh"))
        whole_number(self, "reselect_every")
        number(self, "first_dropped", 0.0, 1.0)
        number(self, "dropped", 0.0, 1.0)
        number(self, "center_weight", 0.0)
        one_of(self, "fidelity", ("paper", "code"))


class _Clusters:
    """Clusters of rows by Gaussian mixtures, which begin from the same draws each time."""

    def __init__(self, rows: int, random: np.random.Generator) -> None:
        self._count = max(1, min(_CLUSTERS, rows // _ROWS_OF_CLUSTER))
        self._seed = int(random.integers(2**31))
        self._fitted = np.arange(rows)
        if rows > _MOST_ROWS:
            self._fitted = np.sort(random.choice(rows, _MOST_ROWS, replace=False))

    def tight(self, values: AnyFloatArray, dropped: float) -> BoolArray:
        """Return which rows lie in clusters that are not among the loosest.

        Args:
            values: (rows, columns), what rows are clustered by.
            dropped: share of the clusters that are left out.
        """
        cluster = self._cluster_of(values.astype(np.float64))
        sizes = np.bincount(cluster, minlength=self._count)
        variances = np.full(self._count, np.nan)
        for filled in np.flatnonzero(sizes):
            variances[filled] = values[cluster == filled].var(axis=0, dtype=np.float64).sum()
        is_tight = variances <= np.quantile(variances[sizes > 0], 1.0 - dropped)
        kept: BoolArray = is_tight[cluster]
        return kept

    def _cluster_of(self, values: Float64Array) -> IntArray:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture
        from threadpoolctl import threadpool_limits

        fitted = values[self._fitted]
        mixture = GaussianMixture(
            self._count,
            reg_covar=_LEAST_VARIANCE * max(1.0, float(fitted.var(axis=0).max())),
            random_state=self._seed,
        )
        # So small products take longest to share; and the same clusters whatever the cores.
        with (
            one_thread_a_product(),
            threadpool_limits(limits=1, user_api="openmp"),
            warnings.catch_warnings(),
        ):
            # Fewer distinct rows than components, or steps that are not the last: clusters anyway.
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(fitted)
            firsts = range(0, len(values), _CHUNK)
            return np.concatenate([mixture.predict(values[at : at + _CHUNK]) for at in firsts])


def _clustered(formula: DUADFormula, trained: Minimized, rows: Float32Array) -> Float64Array:
    """Return what all training rows are clustered by, (rows, code + 1)."""
    weights = {name: value.astype(np.float64) for name, value in trained.weights.items()}
    return np.concatenate(
        [
            formula.clustered(numpy_ops, weights, rows[at : at + _CHUNK].astype(np.float64))
            for at in range(0, len(rows), _CHUNK)
        ]
    )


def _length(ops: ModuleType, x: Tensor) -> Tensor:
    """Return the lengths of rows, (rows, 1), at least a little: its derivative is finite at 0."""
    return ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis=-1, keepdims=True), _LEAST_LENGTH**2))


def _are_finite(weights: Weights) -> bool:
    return all(bool(np.isfinite(value).all()) for value in weights.values())
