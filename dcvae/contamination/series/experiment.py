"""Experiment on series: training rows contaminated event by event, windows scored by detectors.

Detectors of rows are shown the last rows of a window side by side, networks whole windows of their
own length. All are scored at the same rows: those that have a whole window of every detector.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dcvae._arrays import AnyArray, AnyFloatArray, Float64Array, IntArray
from dcvae.config import Settings
from dcvae.contamination.experiment import (
    RANDOM,
    SQUARED_NORM,
    Outcome,
    Training,
    random_scores,
    seed_of_run,
    squared_norms,
)
from dcvae.contamination.series.networks import network_detector, network_names
from dcvae.contamination.series.plans import Material, Plan
from dcvae.contamination.series.sources import Source
from dcvae.data import Preprocessor, after_gap, sampling_step
from dcvae.detectors import (
    AnomalyDetector,
    WindowedDetector,
    detector_names,
    make_detector,
    windows_as_rows,
)
from dcvae.errors import InputError

_LARGEST = 1e6  # bound of a scaled value: squares of such stay exact enough to compare
_FAR = 0.1  # share of an asked share, by which whole events may miss it without a notice


class SeriesExperiment:
    """Detectors fitted to the windows of series, some of which touch events.

    Args:
        source: the rows and their events.
        settings: of the networks, and of how rows are read and preprocessed.
        rho: shares of contamination that are studied.
        runs: how many plans are made.

    Attributes:
        unit: "windows"; a window has the number of its last row, from 0. Rows of a test file of its
            own are counted after those of the training file.
        seed: of the first run.

    Raises:
        InputError: rows or events are too few, or a share is out of reach.
    """

    unit = "windows"

    def __init__(self, source: Source, settings: Settings, rho: Sequence[float], runs: int) -> None:
        self.seed = source.keys.seed
        self._source, self._settings = source, settings
        self._rho = tuple(rho)
        self._planned: tuple[int, Plan] | None = None
        self._shares = np.array([self._shares_of(run) for run in range(1, runs + 1)])

    def _shares_of(self, run: int) -> list[float]:
        """Return the shares that whole events make of those asked for, and the largest of all."""
        plan = self._plan(run)
        largest = float(plan.shares[-1]) if plan.pool else 0.0
        asked = max(self._rho, default=0.0)
        if asked > largest:
            raise InputError(
                f"A share of contamination of {asked:g} is out of reach: all {len(plan.pool):,} "
                f"events of the training rows together touch {largest:.4f} of the training "
                f"windows in run {run}. In reach: up to {np.floor(largest * 1e4) / 1e4:g}. Ask for "
                "less, or give data with more events."
            )
        taken = [plan.taken(rho) for rho in self._rho]
        return [*(float(plan.shares[k - 1]) if k else 0.0 for k in taken), largest]

    def largest_rho(self) -> float:
        """Return the largest share of contamination that every run can have."""
        return float(self._shares[:, -1].min())

    def check(self, detectors: Sequence[str]) -> None:
        """Check that detectors can be fitted, before any is.

        Raises:
            InputError: a detector is unknown, has a defense that there is not, needs more windows
                or columns, or no window is left for a network.
        """
        plan = self._plan(1)
        material = plan.material(0.0)
        for name in detectors:
            network = network_detector(name, self._settings)
            if network is not None:
                try:
                    network.prepared(material, self._source.table.path)
                except InputError as error:
                    raise InputError(
                        f"{name} cannot be trained without contamination, where no event of the "
                        f"training rows may be trained on: {error} Or leave it out of --detectors."
                    ) from None
            elif name not in (RANDOM, SQUARED_NORM):
                detector = _made(name, self.seed)
                if len(plan.normal) < detector.fewest_rows:
                    raise InputError(
                        f"{detector.title} needs at least {detector.fewest_rows} windows to be "
                        f"fitted to. Received {len(plan.normal):,}: give longer data, or use other "
                        "detectors."
                    )

    def describe(self) -> dict[str, Any]:
        """Return what the results rest on: data, hashes, how they are split; see `Experiment`."""
        keys, plan = self._source.keys, self._plan(1)
        return {
            "unit": self.unit,
            **self._source.describe(),
            "window": keys.window,
            "summaries": keys.summaries,
            "split": keys.split,
            "test_share": keys.test_share,
            "seed": self.seed,
            "rows_looked_back": self._source.reach,
            "series": [str(name) for name in self._source.table.frame.columns],
            "normal_training_windows": len(plan.normal),
            "test_windows": len(plan.test_ends),
            "test_anomalies": int(plan.test_labels.sum()),
            "settings": self._settings.to_dict(),
            "notices": [*self._source.table.notices, *self._source.notices()],
        }

    def notices(self) -> list[str]:
        """Return sentences that a reader of the results has to know."""
        said = [*self._source.table.notices, *self._source.notices()]
        for place, rho in enumerate(self._rho):
            made = self._shares[:, place]
            if rho and np.abs(made - rho).max() > _FAR * rho:
                said.append(
                    f"Whole events contaminate: a share of {rho:g} is {made.min():.3g} to "
                    f"{made.max():.3g} of the training windows, by run."
                )
        return said

    def training(self, run: int, rho: float) -> Training:
        """Return the training windows of a run at a share of contamination."""
        plan = self._plan(run)
        material = plan.material(rho)
        return Training(plan.rows[material.ends], material.contaminated)

    def outcome(self, detector: str, run: int, rho: float) -> Outcome:
        """Fit a detector to the training windows of a run and score these and the test windows."""
        plan = self._plan(run)
        material = plan.material(rho)
        training_scores, scores = self._scores(detector, run, plan, material)
        return Outcome(
            plan.rows[material.ends],
            material.contaminated,
            training_scores,
            plan.test_rows[material.test_ends],
            material.test_labels,
            scores,
        )

    def splits(self, runs: int, rho: Sequence[float]) -> dict[str, AnyArray]:
        """Return windows by run and share: training, which of them touch an event, and test."""
        arrays: dict[str, AnyArray] = {"rho": np.array(rho)}
        for run in range(1, runs + 1):
            plan = self._plan(run)
            arrays[f"run_{run}/test"] = plan.test_rows[plan.test_ends]
            arrays[f"run_{run}/test_labels"] = plan.test_labels
            arrays[f"run_{run}/normal_training"] = plan.rows[plan.normal]
            pool = [plan.rows[event.ends] for event in plan.pool]
            arrays[f"run_{run}/pool"] = np.concatenate([np.empty(0, dtype=np.int64), *pool])
            arrays[f"run_{run}/pool_windows"] = np.array([len(ends) for ends in pool])
            arrays[f"run_{run}/events"] = np.array([plan.taken(share) for share in rho])
        return arrays

    def places(self, units: IntArray) -> Mapping[str, Sequence[Any]]:
        """Return the last row of each window, from 1, its time, and that of the first row."""
        num_rows, own = len(self._source.table.frame), self._source.table.frame.index
        other, places = self._source.test_table.frame.index, []
        for unit in units.tolist():
            times, row = (own, unit) if unit < num_rows else (other, unit - num_rows)
            first = times[max(row - self._source.keys.window + 1, 0)]
            places.append((row + 1, str(first), str(times[row])))
        columns = zip(*places, strict=True) if places else ((), (), ())
        return dict(zip(("row", "from", "to"), map(list, columns), strict=True))

    def _plan(self, run: int) -> Plan:
        if self._planned is None or self._planned[0] != run:
            self._planned = (run, self._source.plan(run))
        return self._planned[1]

    def _scores(
        self, name: str, run: int, plan: Plan, material: Material
    ) -> tuple[Float64Array, Float64Array]:
        ends, test_ends = material.ends, material.test_ends
        if name == RANDOM:
            numbers = len(self._source.table.frame) + len(self._source.test_table.frame)
            drawn = random_scores(numbers, self.seed, run)
            return drawn[plan.rows[ends]], drawn[plan.test_rows[test_ends]]
        network = network_detector(name, self._settings)
        if network is not None:
            path = self._source.table.path
            return network.scores(material, path, seed_of_run(self.seed, run))
        values, tested = self._scaled(material)
        keys = self._source.keys
        if name == SQUARED_NORM:
            training, test = (
                windows_as_rows(rows, at, keys.window, summaries=keys.summaries)
                for rows, at in ((values, ends), (tested, test_ends))
            )
            return squared_norms(training, training), squared_norms(training, test)
        detector = _made(name, seed_of_run(self.seed, run))
        if detector.needs_order:
            return _scores_in_order(detector, (values, ends), (tested, test_ends), keys.window)
        windowed = WindowedDetector(detector, keys.window, keys.summaries)
        windowed.fit_windows(values, ends)
        return windowed.decision_scores_, windowed.score_windows(tested, test_ends)

    def _scaled(self, material: Material) -> tuple[AnyFloatArray, AnyFloatArray]:
        """Standardize training and test rows by the training rows, and fill missing cells."""
        plain: dict[str, Any] = {"scale": True, "wo_outliers": False}
        plain |= {"fidelity_outliers": "paper", "fidelity_missing": "paper"}
        if "robust_scale" in type(self._settings).model_fields:
            plain |= {"robust_scale": False}
        keys = self._settings.model_copy(update=plain)
        fitted = Preprocessor.fit(material.training, keys)
        times = pd.DatetimeIndex(material.training.index)
        step = sampling_step(times).total_seconds()
        scaled = []
        for table in (material.training, material.test):
            gaps = after_gap(pd.DatetimeIndex(table.index), step, keys.max_gap)
            measured = fitted.transform(table, gaps).measured()
            scaled.append(np.clip(measured, -_LARGEST, _LARGEST))
        return scaled[0], scaled[1]


def known_detectors() -> tuple[str, ...]:
    """Return the names of the detectors that can be studied on series, and of the references."""
    kinds = {name: type(make_detector(name)) for name in detector_names()}
    networks = network_names()
    rows = [name for name, kind in kinds.items() if not kind.is_fixed and name not in networks]
    return (*networks, *sorted({*rows, RANDOM, SQUARED_NORM}))


def _made(name: str, seed: int) -> AnomalyDetector:
    """Make a detector that is not fitted, with a seed if it draws."""
    kind = type(make_detector(name))
    return kind(seed=seed) if "seed" in kind._get_param_names() else kind()


def _scores_in_order(
    detector: AnomalyDetector,
    training: tuple[AnyFloatArray, IntArray],
    test: tuple[AnyFloatArray, IntArray],
    window: int,
) -> tuple[Float64Array, Float64Array]:
    """Fit a detector that looks at several rows by itself; score from no later rows.

    It is fitted to the rows of the training windows one after the other: where others lie between
    them, rows follow each other that did not.
    """
    values, ends = training
    kept = np.zeros(len(values), dtype=bool)
    for back in range(window):
        kept[ends - back] = True
    detector.fit(values[kept])
    found = []
    for rows, at in (training, test):
        residuals = np.abs(detector.causal_residuals(rows)).astype(np.float64)
        found.append(residuals.max(axis=1)[at])
    return found[0], found[1]
