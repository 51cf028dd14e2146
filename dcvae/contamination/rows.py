"""Experiment on rows with labels: seeded splits, and detectors of rows fitted to them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dcvae._arrays import AnyArray, BoolArray, Float64Array, IntArray
from dcvae._text import all_quoted
from dcvae.contamination.experiment import (
    RANDOM,
    SQUARED_NORM,
    Outcome,
    Training,
    injected,
    random_scores,
    seed_of_run,
    squared_norms,
)
from dcvae.data import LabeledRows
from dcvae.detectors import AnomalyDetector, detector_names, make_detector
from dcvae.errors import InputError
from dcvae.storage import sha256_of

POOL = 0.5  # share of the anomalies that may be put among the training rows
FEWEST_NORMAL = 20  # training rows; with fewer no detector has anything to learn from
_STUDIED = (  # those of the study this one follows, and one that was made for dirty rows
    *("ae", "alad", "dagmm", "deep-svdd", "dsebm", "drocc", "duad", "lof", "mem-ae", "neutralad"),
    *("oc-svm", "rec-forest", "som-dagmm", "dae-lr"),
)


@dataclass(frozen=True)
class SplitKeys:
    """How rows are split.

    Attributes:
        rho: shares of contamination that are studied.
        seed: of the first split; run r has the seed of its number.
        pool: share of the anomalies that may contaminate; the others are in the test.
        full_training: whether a share that is out of reach is refused; otherwise fewer normal
            training rows are taken.
        most_rows: rows that are used at most, drawn at random; None for all.
    """

    rho: tuple[float, ...]
    seed: int = 123
    pool: float = POOL
    full_training: bool = False
    most_rows: int | None = None


class RowsExperiment:
    """Detectors of rows, fitted to half of the normal rows and some of the anomalies.

    In each run half of the normal rows train and the others are in the test. Of the anomalies a
    share is the pool of the contamination, in an order of its own, of which a share of
    contamination takes the first; the others are in the test. Fewer normal rows train, the same
    at every share, if the largest share would need more anomalies than the pool has.

    Args:
        rows: the rows.
        keys: how they are split.
        published: data set whose published hyperparameters detectors have, if they have some.
        made: detectors of one's own, by their names; each is cloned for every fit, with its seed.

    Raises:
        InputError: rows or anomalies are too few, or a share is out of reach.
    """

    unit = "rows"

    def __init__(
        self,
        rows: LabeledRows,
        keys: SplitKeys,
        *,
        published: str | None = None,
        made: Mapping[str, AnomalyDetector] | None = None,
    ) -> None:
        self.seed = keys.seed
        self._rows, self._keys, self._published = rows, keys, published
        self._made = dict(made or {})
        self._numbers = _drawn(rows.labels, keys)
        labels = rows.labels[self._numbers]
        self._normal, self._anomalies = self._numbers[~labels], self._numbers[labels]
        self._half = len(self._normal) // 2
        if not 0.0 < keys.pool < 1.0:
            raise InputError(
                "Expected the share of the anomalies that may contaminate (--pool), between 0 and "
                f"1. Received: {keys.pool:g}"
            )
        self._pool = round(len(self._anomalies) * keys.pool)
        self._check_rows()
        self._training_rows = self._reachable(max(keys.rho, default=0.0))
        self._split: tuple[int, IntArray, IntArray, IntArray] | None = None

    def _check_rows(self) -> None:
        normal, anomalies = len(self._normal), len(self._anomalies)
        if self._half < FEWEST_NORMAL:
            raise InputError(
                f"{self._rows.path} has {normal:,} normal rows, of which half train: expected at "
                f"least {2 * FEWEST_NORMAL}. Give more rows."
            )
        if anomalies - self._pool < 1 or (max(self._keys.rho, default=0.0) > 0 and not self._pool):
            raise InputError(
                f"{self._rows.path} has {anomalies:,} anomalies, of which {self._pool:,} may "
                f"contaminate and {anomalies - self._pool:,} are in the test: expected at least "
                "one of each. Give more anomalies, or another share with --pool."
            )

    def largest_rho(self) -> float:
        """Return the largest share of contamination, with all normal training rows."""
        return self._pool / (self._half + self._pool)

    def _reachable(self, rho: float) -> int:
        """Return how many normal training rows there can be at a share of contamination."""
        if injected(self._half, rho) <= self._pool:
            return self._half
        # As many as the pool is enough for; the share is above 0, or all would be.
        normal = round((self._pool + 0.5) * (1.0 - rho) / rho) + 1
        while injected(normal, rho) > self._pool:
            normal -= 1
        if self._keys.full_training or normal < FEWEST_NORMAL:
            least = FEWEST_NORMAL if not self._keys.full_training else self._half
            reach = self._pool / (least + self._pool)
            fewer = "" if not self._keys.full_training else ", or leave --full-training out"
            raise InputError(
                f"A share of contamination of {rho:g} is out of reach: {self._pool:,} anomalies of "
                f"{self._rows.path} may contaminate, beside at least {least:,} normal training "
                f"rows. In reach: up to {np.floor(reach * 1e4) / 1e4:g}. Ask for less{fewer}."
            )
        return normal

    def describe(self) -> dict[str, Any]:
        """Return what the results rest on: data, their hash, how they are split."""
        rows, keys = self._rows, self._keys
        digest = hashlib.sha256(np.ascontiguousarray(rows.values, dtype="<f8").tobytes())
        digest.update(rows.labels.tobytes())
        path = rows.path if isinstance(rows.path, Path) else None
        return {
            "unit": self.unit,
            "data": str(path.name if path else rows.path),
            "file_sha256": None if path is None else sha256_of(path),
            "rows_sha256": digest.hexdigest(),
            "anomaly": rows.anomaly,
            "columns": len(rows.columns),
            "rows": len(self._numbers),
            "anomalies": len(self._anomalies),
            "normal_training_rows": self._training_rows,
            "pool": self._pool,
            "test_rows": len(self._normal) - self._half + len(self._anomalies) - self._pool,
            "test_anomalies": len(self._anomalies) - self._pool,
            "seed": keys.seed,
            "most_rows": keys.most_rows,
            "published": self._published,
            "parameters": {name: repr(made) for name, made in self._made.items()},
            "notices": self.notices(),
        }

    def notices(self) -> list[str]:
        """Return sentences that a reader of the results has to know."""
        said = [*self._rows.notices]
        if len(self._numbers) < len(self._rows.labels):
            said.append(
                f"{len(self._numbers):,} of {len(self._rows.labels):,} rows are used, drawn at "
                "random with the same share of anomalies."
            )
        if self._training_rows < self._half:
            said.append(
                f"{self._training_rows:,} of {self._half:,} normal training rows are used, the "
                f"same number at every share: with all of them a share of {self.largest_rho():.4f} "
                f"would be the largest in reach, as {self._pool:,} anomalies may contaminate."
            )
        return said

    def training(self, run: int, rho: float) -> Training:
        """Return the training rows of a run at a share of contamination."""
        normal, pool, _ = self._split_of(run)
        units = np.concatenate([normal, pool[: injected(len(normal), rho)]])
        # In an order that tells of neither labels nor places in the file: ties are broken by it.
        order = np.random.default_rng([self.seed, run, 3]).permutation(len(self._rows.labels))
        place = np.argsort(order[units], kind="stable")
        return Training(units[place], place >= len(normal))

    def _split_of(self, run: int) -> tuple[IntArray, IntArray, IntArray]:
        """Return normal training rows, the pool in its order, and the test rows of a run."""
        if self._split is None or self._split[0] != run:
            random = np.random.default_rng([self.seed, run])
            normal, anomalies = (
                random.permutation(kind) for kind in (self._normal, self._anomalies)
            )
            test = np.concatenate([normal[self._half :], anomalies[self._pool :]])
            self._split = (
                run,
                normal[: self._training_rows],
                anomalies[: self._pool],
                random.permutation(test),
            )
        return self._split[1:]

    def outcome(self, detector: str, run: int, rho: float) -> Outcome:
        """Fit a detector to the training rows of a run and score these and the test rows."""
        units, contaminated = self.training(run, rho)
        test = self._split_of(run)[2]
        scores = self._scores(detector, run, units, test)
        return Outcome(units, contaminated, scores[0], test, self._rows.labels[test], scores[1])

    def _scores(
        self, detector: str, run: int, units: IntArray, test: IntArray
    ) -> tuple[Float64Array, Float64Array]:
        values = self._rows.values
        if detector == RANDOM:
            drawn = random_scores(len(values), self.seed, run)
            return drawn[units], drawn[test]
        training = values[units]
        if detector == SQUARED_NORM:
            return squared_norms(training, training), squared_norms(training, values[test])
        fitted = self._detector(detector, seed_of_run(self.seed, run)).fit(training)
        return fitted.decision_scores_, fitted.decision_function(values[test])

    def _detector(self, name: str, seed: int) -> AnomalyDetector:
        """Make a detector that is not fitted yet."""
        if name in self._made:
            from sklearn.base import clone

            own: AnomalyDetector = clone(self._made[name])
            return own.set_params(seed=seed) if "seed" in own.get_params(deep=False) else own
        kind = type(make_detector(name))
        seeded = {"seed": seed} if "seed" in kind._get_param_names() else {}
        if self._published is not None and self._published in published_sets(kind):
            return kind.as_published(self._published, **seeded)
        return kind(**seeded)

    def splits(self, runs: int, rho: Sequence[float]) -> dict[str, AnyArray]:
        """Return rows by run: the normal training rows, the pool in its order, the test rows."""
        found = [self._split_of(run) for run in range(1, runs + 1)]
        names = ("normal_training", "pool", "test")
        arrays: dict[str, AnyArray] = {
            name: np.stack([split[place] for split in found]) for place, name in enumerate(names)
        }
        counts = [injected(self._training_rows, share) for share in rho]
        return {**arrays, "rho": np.array(rho), "contaminated": np.array(counts)}

    def places(self, units: IntArray) -> Mapping[str, Sequence[Any]]:
        """Return the rows by their number among the data, from 1, and their labels."""
        return {
            "row": [int(unit) + 1 for unit in units],
            "labeled": [bool(label) for label in self._rows.labels[units]],
        }


def known_detectors() -> tuple[str, ...]:
    """Return the names of detectors that score rows by themselves, and of the references."""
    kinds = {name: type(make_detector(name)) for name in detector_names()}
    rows = [name for name, kind in kinds.items() if not (kind.needs_order or kind.is_fixed)]
    return tuple(sorted({*rows, RANDOM, SQUARED_NORM}))


def studied_detectors() -> tuple[str, ...]:
    """Return the names of the detectors that are studied unless others are asked for."""
    return tuple(name for name in _STUDIED if name in detector_names())


def published_sets(kind: type[AnomalyDetector]) -> tuple[str, ...]:
    """Return the data sets for which a detector has published hyperparameters."""
    return tuple(kind.published)


def check_published(data_set: str | None, detectors: Iterable[str]) -> list[str]:
    """Check the name of a data set whose published hyperparameters are asked for.

    Args:
        data_set: its name; None for none.
        detectors: names of the detectors.

    Returns:
        Notices: which detectors have none, and keep their own defaults.

    Raises:
        InputError: no detector has any.
    """
    if data_set is None:
        return []
    registered = [name for name in detectors if name in detector_names() and name != RANDOM]
    sets = {name: published_sets(type(make_detector(name))) for name in registered}
    without = [name for name, known in sets.items() if data_set not in known]
    if len(without) == len(sets):
        known = sorted({one for each in sets.values() for one in each})
        raise InputError(
            f"No detector of these has hyperparameters that were published for {data_set!r}. "
            f"Expected one of {all_quoted(known) or 'none: ask for other detectors'}."
        )
    if not without:
        return []
    return [
        f"Nothing was published for `{data_set}` of {all_quoted(without)}: defaults are used there."
    ]


def _drawn(labels: BoolArray, keys: SplitKeys) -> IntArray:
    """Draw rows, if there are too many: as many of each class as its share asks for."""
    numbers = np.arange(len(labels))
    if keys.most_rows is None or keys.most_rows >= len(labels):
        return numbers
    random = np.random.default_rng([keys.seed, 0])
    share = keys.most_rows / len(labels)
    kinds = (numbers[~labels], numbers[labels])
    kept = [random.permutation(kind)[: max(round(len(kind) * share), 1)] for kind in kinds]
    return np.sort(np.concatenate(kept))
