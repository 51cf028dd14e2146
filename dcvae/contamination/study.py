"""Study: every detector at every share of contamination in every run, continued if it stopped."""

import io
import platform
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dcvae._backend import version_of
from dcvae._engine import versions
from dcvae._progress import counted
from dcvae._text import all_quoted
from dcvae._threads import processor
from dcvae._version import __version__
from dcvae.contamination.experiment import CONSTANTS, Experiment, check_detectors, check_rho
from dcvae.contamination.results.folder import FIGURE, PAGE, SUMMARY, SUSPECTS, StudyFolder
from dcvae.contamination.results.found import StudyResults
from dcvae.contamination.results.suspects import suspects
from dcvae.contamination.results.table import Cell, Line
from dcvae.contamination.rows import (
    POOL,
    RowsExperiment,
    SplitKeys,
    check_published,
    known_detectors,
    studied_detectors,
)
from dcvae.contamination.running.measuring import MeasuringKeys, measured_experiments
from dcvae.data import LabeledRows, rows_from_arrays
from dcvae.detectors import AnomalyDetector
from dcvae.errors import InputError

SHARES = (0.0, 0.02, 0.05, 0.12)
RUNS = 5
ASSUMED = 0.05
THRESHOLDS = ("training", "published")
_NAME = re.compile(r"[\w.+-]+")  # of a detector


@dataclass(frozen=True)
class StudyKeys:
    """What a study does, whatever its units are.

    Attributes:
        detectors: names, the references among them.
        rho: shares of contamination, ascending, 0 among them.
        runs: how many splits.
        assumed: share of the training units above the threshold from training scores.
        is_published: whether F1 by the published protocol is measured too.
        jobs: processes that share the experiments.
    """

    detectors: tuple[str, ...]
    rho: tuple[float, ...] = SHARES
    runs: int = RUNS
    assumed: float = ASSUMED
    is_published: bool = False
    jobs: int = 1


def study_keys(
    detectors: Sequence[str],
    known: Sequence[str],
    *,
    rho: Sequence[float],
    runs: int,
    assumed: float,
    threshold: str,
    jobs: int,
) -> StudyKeys:
    """Check what a study is asked to do.

    Args:
        detectors: names that are asked for.
        known: names that there are.
        rho: shares of contamination.
        runs: how many splits.
        assumed: share of the training units above the threshold from training scores.
        threshold: "training" or "published".
        jobs: processes that share the experiments.

    Raises:
        InputError: one of these cannot be used.
    """
    for name, number in (("runs", runs), ("jobs", jobs)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise InputError(f"Expected `{name}`, a whole number of at least 1. Received: {number}")
    if not 0.0 < assumed < 1.0:
        raise InputError(f"Expected `assumed`, a share between 0 and 1. Received: {assumed}")
    if threshold not in THRESHOLDS:
        raise InputError(
            f"Expected `threshold`, one of {all_quoted(THRESHOLDS)}. Received: {threshold!r}"
        )
    names, shares = check_detectors(detectors, known), check_rho(rho)
    return StudyKeys(names, shares, runs, assumed, threshold == "published", jobs)


class Step(NamedTuple):
    """A step of a study: one experiment that was made.

    Attributes:
        number: how many were made, this one too.
        total: how many there are to make.
        line: its line of results.csv.
        seconds_left: estimate of what the others take.
    """

    number: int
    total: int
    line: Line
    seconds_left: float


def run_study(
    experiment: Experiment,
    keys: StudyKeys,
    path: Path,
    tell: Callable[[Step], None] = lambda step: None,
    quietly: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> StudyResults:
    """Make the experiments of a study that its folder has no line of yet, and sum all of it up.

    Args:
        experiment: makes them.
        keys: which, and how they are measured.
        path: of the folder, which is made or continued.
        tell: is given each step after its line is on the disk.
        quietly: makes a context for experiments in which a framework may be imported; it is called
            in other processes too, if there are several jobs.

    Returns:
        Results of all that the folder has now; the same is in its files.

    Raises:
        InputError: the folder holds something else.
    """
    about = {
        **experiment.describe(),
        "assumed": keys.assumed,
        "threshold": "published" if keys.is_published else "training",
        "dcvae": __version__,
    }
    more = {
        "versions": _versions(),
        "machine": f"{platform.platform()}; {processor()}",
    }
    measuring = MeasuringKeys(keys.assumed, keys.is_published, max(keys.rho), quietly)
    with StudyFolder(path, about) as folder:
        done = folder.done()
        # Those of an earlier command, whose lines stay, and of this one.
        runs = max([keys.runs, *(cell.run for cell in done)])
        shares = sorted({*keys.rho, *(cell.rho for cell in done)})
        names = dict.fromkeys([*keys.detectors, *sorted(cell.detector for cell in done)])
        folder.record({**more, "detectors": [*names], "rho": shares, "runs": runs})
        folder.write_splits(experiment.splits(runs, shares))
        cells = [cell for cell in cells_of(keys) if cell not in done]
        left = _Estimate(cells, keys.jobs)
        made = measured_experiments(experiment, cells, measuring, keys.jobs)
        with closing(made):
            shown = counted(made, "studying contamination", len(cells)) if cells else made
            for number, (line, strangest) in enumerate(shown, start=1):
                folder.keep(line, strangest)
                tell(Step(number, len(cells), line, left.after(line)))
        at, ranked = folder.ranked()
        found = StudyResults(about, folder.results(), suspects(experiment, ranked, at))
        folder.write_table(SUMMARY, found.summary)
        folder.write_table(SUSPECTS, found.suspects)
        folder.write_bytes(PAGE, found.page().encode("utf-8"))
        stream = io.BytesIO()
        found.figure().savefig(stream, format="png", dpi=150)
        folder.write_bytes(FIGURE, stream.getvalue())
    return found


def _versions() -> dict[str, str]:
    """Return the versions of what may have computed, without importing it."""
    found = {"python": platform.python_version(), "scikit-learn": version_of("scikit-learn")}
    try:
        return {**found, **versions("keras")}
    except InputError:  # no framework is installed, and none is needed for some detectors
        return {**found, **versions("numpy")}


def cells_of(keys: StudyKeys) -> list[Cell]:
    """Return all experiments of a study: run after run, so that a part of it compares them all."""
    return [
        Cell(detector, rho, run)
        for run in range(1, keys.runs + 1)
        for detector in keys.detectors
        for rho in keys.rho
    ]


class _Estimate:
    """Estimate of the seconds that the experiments left take, from those of each detector."""

    def __init__(self, cells: Sequence[Cell], jobs: int) -> None:
        self._left = [cell.detector for cell in cells]
        self._jobs = jobs
        self._seconds: dict[str, list[float]] = {}

    def after(self, line: Line) -> float:
        """Return it after one more was made."""
        name = str(line["detector"])
        self._left.remove(name)
        self._seconds.setdefault(name, []).append(float(str(line["seconds"])))
        means = {known: float(np.mean(taken)) for known, taken in self._seconds.items()}
        usual = float(np.mean([*means.values()]))
        return sum(means.get(other, usual) for other in self._left) / self._jobs


def _checked_seed(seed: Any) -> int:
    if isinstance(seed, bool) or not isinstance(seed, Integral) or int(seed) < 0:
        raise InputError(f"Expected `seed`, a whole number of at least 0. Received: {seed!r}")
    return int(seed)


def _check_own(names: Iterable[str]) -> None:
    """Refuse names of detectors of one's own that no file may have, or that something else has."""
    for name in names:
        if name in CONSTANTS:
            raise InputError(
                f"`{name}` is in every study, and is no detector that is fitted. Give yours "
                "another name."
            )
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InputError(
                "Expected names of detectors of letters, digits and any of `_ . + -`, as files are "
                f"called by them. Received: {name!r}"
            )


class RobustnessStudy:
    """A study of contamination, from Python: what anomalies among training rows cost detectors.

    Args:
        detectors: names of registered detectors, or detectors that are not fitted by names of
            one's own; None for those that are studied by default. References are added.
        rho: shares of contamination, from 0 to 0.5; 0 is added.
        runs: splits of the rows, each seeded by its number.
        seed: of the first.
        pool: share of the anomalies that may contaminate.
        assumed: share of the training rows above the threshold from training scores.
        published: data set whose published hyperparameters detectors have, if they have some.
        full_training: whether a share that is out of reach with all normal training rows is
            refused; otherwise fewer of them are used.
        most_rows: rows that are used at most, drawn at random.
        threshold: "training", or "published" to measure F1 by the published protocol too.
        jobs: processes that share the experiments.

    Raises:
        InputError: a parameter cannot be used.

    Examples:
        >>> from dcvae.contamination import RobustnessStudy
        >>> random = np.random.default_rng(1)
        >>> X = np.concatenate([random.normal(size=(400, 3)), random.normal(2, 1, (40, 3))])
        >>> y = np.repeat([0, 1], [400, 40])
        >>> study = RobustnessStudy(["z-score"], rho=[0, 0.05], runs=2)
        >>> study.run(X, y).table("auroc").loc["z-score"].round(3).tolist()
        [0.972, 0.961]
    """

    def __init__(
        self,
        detectors: Sequence[str] | Mapping[str, AnomalyDetector] | None = None,
        *,
        rho: Sequence[float] = SHARES,
        runs: int = RUNS,
        seed: int = 123,
        pool: float = POOL,
        assumed: float = ASSUMED,
        published: str | None = None,
        full_training: bool = False,
        most_rows: int | None = None,
        threshold: str = "training",
        jobs: int = 1,
    ) -> None:
        self._made = dict(detectors) if isinstance(detectors, Mapping) else {}
        _check_own(self._made)
        asked = studied_detectors() if detectors is None else tuple(detectors)
        self.keys = study_keys(
            asked,
            [*known_detectors(), *self._made],
            rho=rho,
            runs=runs,
            assumed=assumed,
            threshold=threshold,
            jobs=jobs,
        )
        self._split = SplitKeys(self.keys.rho, _checked_seed(seed), pool, full_training, most_rows)
        self._published = published
        self.notices = check_published(published, self.keys.detectors)

    def run(
        self,
        X: ArrayLike,  # noqa: N803
        y: ArrayLike,
        *,
        folder: str | Path | None = None,
    ) -> StudyResults:
        """Make the study, or what its folder has no line of yet.

        Args:
            X: (rows, columns) numbers, finite.
            y: (rows,) 0 or 1, 1 for an anomaly.
            folder: where results are kept; None to keep no file.

        Raises:
            InputError: rows or labels cannot be used, a share is out of reach, or the folder holds
                something else.
        """
        experiment = self.experiment(rows_from_arrays(X, y))
        if folder is not None:
            return run_study(experiment, self.keys, Path(folder))
        with tempfile.TemporaryDirectory(prefix="dcvae-") as place:
            return run_study(experiment, self.keys, Path(place))

    def experiment(self, rows: LabeledRows) -> RowsExperiment:
        """Return the experiment on some rows, for `run_study`.

        Raises:
            InputError: rows or anomalies are too few, or a share is out of reach.
        """
        return RowsExperiment(rows, self._split, published=self._published, made=self._made)
