"""Suspects: training units that detectors find strange, whether they were contaminated or not."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from dcvae._arrays import Float64Array, IntArray
from dcvae.contamination.experiment import Experiment

KEPT = 5_000  # strangest training units of each experiment; those below are no suspects
MOST_LINES = 1_000
_LEAST_TOP = 0.01


class Ranked(NamedTuple):
    """The strangest training units of one detector and run.

    Attributes:
        run: number of the run.
        units: (at most KEPT,) int64, numbers of units, the strangest first.
    """

    run: int
    units: IntArray


def strangest(training: IntArray, scores: Float64Array) -> IntArray:
    """Return the units with the largest training scores, the largest first."""
    order = np.argsort(-scores, kind="stable")[:KEPT]
    return training[order]


def suspects(experiment: Experiment, ranked: Sequence[Ranked], rho: float) -> pd.DataFrame:
    """Rank training units by the median of their ranks over detectors and runs.

    Args:
        experiment: knows the training units of every run, and where units are in the file.
        ranked: of each detector and run at the largest share of contamination.
        rho: that share.

    Returns:
        One line for each of the first units: `place` from 1, what `Experiment.places` says,
        `contaminated` (whether it was put there on purpose, in the runs that it was in), `runs`
        (in how many it was among the training units), `median_rank` (as a share of the training
        units: 0.01 is the strangest hundredth) and `in_top` (in what share of detectors and runs
        it is among the strangest rho of them, or hundredth if rho is less).
    """
    by_run = {run: experiment.training(run, rho) for run in sorted({one.run for one in ranked})}
    last = max((int(training.units.max()) for training in by_run.values()), default=-1)
    runs, rankings, dirty = (np.zeros(last + 1, dtype=np.int64) for _ in range(3))
    for training in by_run.values():
        runs[training.units] += 1
        dirty[training.units[training.contaminated]] = 1
    units, ranks = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
    for run, strange in ranked:
        members = by_run[run].units
        rankings[members] += 1
        units.append(strange)
        ranks.append(np.arange(1, len(strange) + 1) / len(members))
    found, median, in_top = _by_unit(
        np.concatenate(units), np.concatenate(ranks), rankings, max(rho, _LEAST_TOP)
    )
    order = np.lexsort((found, -in_top, median))[:MOST_LINES]
    order = order[np.isfinite(median[order])]
    chosen = found[order]
    return pd.DataFrame(
        {
            "place": np.arange(1, len(chosen) + 1),
            **{name: [*cells] for name, cells in experiment.places(chosen).items()},
            "contaminated": dirty[chosen] == 1,
            "runs": runs[chosen],
            "median_rank": median[order],
            "in_top": in_top[order],
        }
    )


def _by_unit(
    units: IntArray, ranks: Float64Array, rankings: IntArray, top: float
) -> tuple[IntArray, Float64Array, Float64Array]:
    """Return the units that are ranked, the median rank of each, and how often it is in the top.

    A ranking that a unit is in and that does not name it has it below all that it names: where the
    median is among those, it is infinite.
    """
    order = np.lexsort((ranks, units))
    units, ranks = units[order], ranks[order]
    starts = np.flatnonzero(np.diff(units, prepend=-1))
    found, known = units[starts], np.diff(np.append(starts, len(units)))
    total = rankings[found]
    middle = []
    for place in ((total - 1) // 2, total // 2):
        at = np.minimum(starts + place, max(len(ranks) - 1, 0))
        middle.append(np.where(place < known, ranks[at], np.inf))
    within = np.add.reduceat(ranks <= top, starts, dtype=np.int64) if len(starts) else known
    return found, (middle[0] + middle[1]) / 2, within / np.maximum(total, 1)
