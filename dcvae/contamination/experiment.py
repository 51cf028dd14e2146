"""Experiment: one split, one share of contamination, one detector, its scores; the interface.

A study asks an experiment for the outcome of every detector, run and share of contamination, and
knows neither rows nor windows nor how a detector is made. An experiment may be sent to another
process, so that its attributes are arrays and plain values.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from dcvae._arrays import AnyArray, AnyFloatArray, BoolArray, Float64Array, IntArray
from dcvae._text import all_quoted
from dcvae.errors import InputError

RANDOM, SQUARED_NORM = "random", "squared-norm"
CONSTANTS = (RANDOM, SQUARED_NORM)
"""References that learn nothing, or next to nothing."""

REFERENCES = (*CONSTANTS, "ecod", "isolation-forest")
"""Detectors that are in every study, so that the others are seen against them."""

_LEAST_SPREAD = 1e-9


class Training(NamedTuple):
    """Training units of one split. A unit is a row or a window.

    Attributes:
        units: (n,) int64, their numbers.
        contaminated: (n,) bool, which of them are anomalies that were put among them.
    """

    units: IntArray
    contaminated: BoolArray


class Outcome(NamedTuple):
    """What a detector said of the units of one split.

    Attributes:
        training: (n,) int64, numbers of the training units.
        contaminated: (n,) bool, which of them are anomalies that were put among them.
        training_scores: (n,) float64, finite, larger is stranger.
        test: (m,) int64, numbers of the test units; none is in `training`.
        labels: (m,) bool, which of them are anomalies.
        scores: (m,) float64, finite, larger is stranger.
    """

    training: IntArray
    contaminated: BoolArray
    training_scores: Float64Array
    test: IntArray
    labels: BoolArray
    scores: Float64Array


class Experiment(Protocol):
    """Data, their splits, and detectors on them.

    The splits of a run are the same for every detector and every share: the contamination of a
    larger share contains that of a smaller one, the test units and the normal training units are
    the same. Neither the training units nor the test units are in an order that tells of labels, as
    ties between scores are broken by it.

    Attributes:
        unit: what is scored, "rows" or "windows".
        seed: seed of the splits; a detector of a run has `seed_of_run(seed, run)`.
    """

    unit: str
    seed: int

    def describe(self) -> dict[str, Any]:
        """Return what the results rest on, as plain values for run.json.

        The results of an earlier study are continued if this is equal. Keys that every experiment
        has: `data`, in words, of one line; `anomaly`, which class is the anomaly, in words;
        `notices`, sentences that a reader has to know.
        """

    def largest_rho(self) -> float:
        """Return the largest share of contamination that the splits can have."""

    def training(self, run: int, rho: float) -> Training:
        """Return the training units of a run at a share of contamination; nothing is fitted."""

    def outcome(self, detector: str, run: int, rho: float) -> Outcome:
        """Fit a detector to the training units and score these and the test units.

        Args:
            detector: its name, one of `REFERENCES` or another that the experiment knows.
            run: number of the run, from 1.
            rho: share of contamination among the training units.
        """

    def splits(self, runs: int, rho: Sequence[float]) -> dict[str, AnyArray]:
        """Return the units of the splits for splits.npz, from which a study can be repeated.

        Args:
            runs: how many runs, from the first.
            rho: shares of contamination, ascending.
        """

    def places(self, units: IntArray) -> Mapping[str, Sequence[Any]]:
        """Return where units are in the file, as columns for suspects.csv, such as `row`."""


def seed_of_run(seed: int, run: int) -> int:
    """Return the seed of the detectors of a run, the same at every share of contamination.

    Args:
        seed: of the study.
        run: number of the run, from 1.
    """
    return seed + run - 1


def injected(normal: int, rho: float) -> int:
    """Return how many anomalies among some normal training units make a share of them all.

    Args:
        normal: number of normal training units.
        rho: share, from 0 to below 1.

    Examples:
        >>> injected(337, 0.12)
        46
    """
    return round(normal * rho / (1.0 - rho))


def random_scores(units: int, seed: int, run: int) -> Float64Array:
    """Return a random score for each unit, (units,), the same at every share of contamination."""
    return np.random.default_rng([seed, run, 1]).random(units)


def squared_norms(training: AnyFloatArray, rows: AnyFloatArray) -> Float64Array:
    """Return the squared length of rows in standard deviations from the mean of training rows.

    Args:
        training: (n, columns) float, contaminated as it is.
        rows: (m, columns) float.

    Returns:
        (m,) float64. A column that is constant in training counts in its own unit.

    Examples:
        >>> squared_norms(np.array([[0.0], [2.0]]), np.array([[1.0], [4.0]]))
        array([0., 9.])
    """
    mean, spread = training.mean(axis=0), training.std(axis=0)
    spread[spread < _LEAST_SPREAD] = 1.0
    with np.errstate(over="ignore"):
        squared: Float64Array = (((rows - mean) / spread) ** 2).sum(axis=1, dtype=np.float64)
    return np.nan_to_num(squared, copy=False)


def check_detectors(asked: Iterable[str], known: Sequence[str]) -> tuple[str, ...]:
    """Check names of detectors, and put the references before them.

    Args:
        asked: names that a user gave.
        known: names that there are.

    Returns:
        The references that are known, then the others in the order given.

    Raises:
        InputError: a name is unknown, given twice, or there is none.
    """
    names = [*asked]
    if not names:
        raise InputError(
            f"Expected names of detectors, some of {all_quoted(known)}. Received none."
        )
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(str(name).casefold(), known, n=1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise InputError(
                f"Expected names of detectors, each one of {all_quoted(known)}. Received: "
                f"{name!r}.{hint}"
            )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"Each detector is studied once. Given twice: {all_quoted(twice)}.")
    references = [name for name in REFERENCES if name in known]
    return (*references, *(name for name in names if name not in references))


def check_rho(rho: Iterable[float]) -> tuple[float, ...]:
    """Check shares of contamination, and add 0, from which losses are measured.

    Args:
        rho: shares.

    Returns:
        The shares in ascending order, 0 among them.

    Raises:
        InputError: one is not from 0 to 0.5, or given twice.
    """
    shares = [float(share) for share in rho]
    wrong = [share for share in shares if not 0.0 <= share <= 0.5]
    if wrong:
        hint = " For percent, divide by 100: 0.05 is 5 %." if 0.5 < wrong[0] <= 100 else ""
        raise InputError(
            "A share of contamination is a number from 0 to 0.5 (with more, the anomalies would be "
            f"the majority). Received: {wrong[0]:g}.{hint}"
        )
    twice = sorted({share for share in shares if shares.count(share) > 1})
    if twice:
        raise InputError(f"Each share of contamination is studied once. Given twice: {twice[0]:g}.")
    return tuple(sorted({0.0, *shares}))
