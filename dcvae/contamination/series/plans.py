"""Plans of runs: training rows with their contamination event by event, and the rows of the test.

All detectors of a run, at every share of contamination, have the same normal training windows and
the same test windows. The events of the pool stand in one order, and a share takes the first few of
them, so that a larger share contains a smaller one. A labeled event that is not taken is missing,
with its surroundings: nothing is trained on it. An invented one that is not taken is not planted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from dcvae._arrays import BoolArray, Float64Array, IntArray
from dcvae.pipeline import PlantedEvent

# Shares that the order of events makes as nearly as it can. They do not depend on those that are
# asked for, so that a study can be continued with others.
_SHARES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5)
_TOO_MUCH = 1.05  # factor on such a share


class PoolEvent(NamedTuple):
    """An event that may contaminate the training rows.

    Attributes:
        rows: its first row, and the row after its last, with its surroundings.
        ends: (windows,) int64, the last rows of the windows that touch it.
        planted: what it does to the rows; None for one that is there.
    """

    rows: tuple[int, int]
    ends: IntArray
    planted: PlantedEvent | None


def in_order(drawn: Sequence[PoolEvent], normal: int) -> tuple[PoolEvent, ...]:
    """Put events in the order in which they contaminate.

    They stay as drawn, but for those that would take too large a step: with one event of two days
    first, the smallest share would be that of two days. An event waits until it fits.

    Args:
        drawn: in random order.
        normal: number of training windows that touch none.
    """
    ordered, waiting, touched = [], [*drawn], 0
    for share in _SHARES:
        left = []
        for event in waiting:
            more = touched + len(event.ends)
            if more / (normal + more) <= share * _TOO_MUCH:
                ordered.append(event)
                touched = more
            else:
                left.append(event)
        waiting = left
    return (*ordered, *waiting)


@dataclass(frozen=True, eq=False)
class Material:
    """What a detector is fitted to and scores, at one share of contamination.

    Attributes:
        training: (rows, series), data units; NaN where nothing may be trained on.
        excluded: (rows,) bool, rows of the training table that are never trained on.
        known: (rows,) bool, rows of the events that contaminate, which labels would tell of.
        ends: (n,) int64, last rows of the training windows, in no order that tells of labels.
        contaminated: (n,) bool, which of them touch an event.
        test: (rows, series), data units.
        test_ends: (m,) int64, last rows of the test windows, likewise.
        test_labels: (m,) bool, whether their last rows are labeled.
    """

    training: pd.DataFrame
    excluded: BoolArray
    known: BoolArray
    ends: IntArray
    contaminated: BoolArray
    test: pd.DataFrame
    test_ends: IntArray
    test_labels: BoolArray


@dataclass(frozen=True, eq=False)
class Plan:
    """One run: its training rows, its pool of events, its test.

    Attributes:
        training: (rows, series), data units: the training rows as they are.
        rows: (rows,) int64, their numbers in the file.
        never: (rows,) bool, training rows that nothing is trained on at any share.
        normal: (n,) int64, last rows of the training windows that touch no event of the pool.
        pool: events that may contaminate, in the order in which they are taken.
        test: (rows, series), data units.
        test_rows: (rows,) int64, their numbers; none is in `rows`.
        test_ends: (m,) int64, last rows of the test windows.
        test_labels: (m,) bool, whether their last rows are labeled.
        seed: of the order of windows.
    """

    training: pd.DataFrame
    rows: IntArray
    never: BoolArray
    normal: IntArray
    pool: tuple[PoolEvent, ...]
    test: pd.DataFrame
    test_rows: IntArray
    test_ends: IntArray
    test_labels: BoolArray
    seed: tuple[int, ...]

    @cached_property
    def shares(self) -> Float64Array:
        """Share of the training windows that the first k events touch, (events,), from k = 1."""
        touched = np.cumsum([len(event.ends) for event in self.pool])
        shares: Float64Array = touched / (len(self.normal) + touched)
        return shares

    def taken(self, rho: float) -> int:
        """Return how many events make a share, as nearly as whole events can; 0 only for 0."""
        if rho == 0:
            return 0
        return int(np.abs(self.shares - rho).argmin()) + 1

    def material(self, rho: float) -> Material:
        """Return what a detector is given at a share of contamination."""
        count = self.taken(rho)
        excluded, known = self.never.copy(), np.zeros(len(self.never), dtype=bool)
        values = self.training.to_numpy(copy=True)
        for number, event in enumerate(self.pool):
            rows = slice(*event.rows)
            if number < count:
                known[rows] = True
                if event.planted is not None:
                    event.planted.plant(values)
            elif event.planted is None:
                excluded[rows] = True
        values[excluded] = np.nan
        training = pd.DataFrame(values, self.training.index, self.training.columns)
        ends = np.concatenate([self.normal, *(event.ends for event in self.pool[:count])])
        contaminated = np.arange(len(ends)) >= len(self.normal)
        order = np.random.default_rng([*self.seed, count]).permutation(len(ends))
        shuffled = np.random.default_rng(self.seed).permutation(len(self.test_ends))
        return Material(
            training,
            excluded,
            known,
            ends[order],
            contaminated[order],
            self.test,
            self.test_ends[shuffled],
            self.test_labels[shuffled],
        )
