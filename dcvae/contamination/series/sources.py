"""Sources of events: labeled ones of a file, or invented ones planted in copies of its rows."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from dcvae._arrays import BoolArray, IntArray
from dcvae.config import Settings
from dcvae.contamination.series.events import (
    ends_touching,
    ends_within,
    events_of,
    surroundings,
)
from dcvae.contamination.series.networks import rows_looked_back
from dcvae.contamination.series.plans import Plan, PoolEvent, in_order
from dcvae.contamination.series.splits import split_by_event, split_by_time
from dcvae.data import Table, after_gap, sampling_step, windows_across
from dcvae.errors import InputError
from dcvae.pipeline import EVENT_KINDS, PlantedEvent, planted_events
from dcvae.storage import sha256_of

SplitBy = Literal["time", "event"]
WINDOW = 8  # rows of a window that a detector of rows is shown
TEST_SHARE = 0.4
FEWEST_NORMAL = 50  # training windows that touch no event
_CONTAMINATING_KINDS = 3  # of the invented ones; all are tested
_LABELED_SHARE = 0.05  # of the test rows, that invented events take


@dataclass(frozen=True)
class SeriesKeys:
    """How series are split and contaminated.

    Attributes:
        window: rows of a window that a detector of rows is shown, w.
        summaries: whether such a window is shown by five numbers of each series instead.
        split: whether the test is what comes last, or blocks of events drawn in every run.
        test_share: share of the rows, or of the blocks, that tests; not used with a test file.
        seed: of the first run; run r has the seed of its number.
    """

    window: int = WINDOW
    summaries: bool = False
    split: SplitBy = "time"
    test_share: float = TEST_SHARE
    seed: int = 123


class Source(ABC):
    """Training rows and their events, from which the plan of every run is made.

    Args:
        table: (rows, series), data units, the training file.
        settings: of the networks, for gaps and for how far a score looks back.
        keys: how rows are split.

    Attributes:
        table: as given.
        reach: rows that any score depends on, the row itself included.
    """

    def __init__(self, table: Table, settings: Settings, keys: SeriesKeys) -> None:
        self.table, self.keys = table, keys
        self._max_gap = settings.max_gap
        self._step = sampling_step(pd.DatetimeIndex(table.frame.index)).total_seconds()
        self.reach = max(keys.window, rows_looked_back(settings, self._step))

    @abstractmethod
    def plan(self, run: int) -> Plan:
        """Make the plan of a run, counted from 1."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return what the events are, in words, and the hashes of files, for run.json."""

    @property
    def test_table(self) -> Table:
        """The table that test windows are of."""
        return self.table

    def notices(self) -> list[str]:
        """Return sentences that a reader of the results has to know."""
        return []

    def _ends(self, frame: pd.DataFrame, numbers: IntArray) -> BoolArray:
        """Tell in which rows a window that all detectors can score ends, (rows,) bool.

        Args:
            frame: (rows, series), data units.
            numbers: (rows,) int64, of the rows in their file: one that is left out is a gap.
        """
        gaps = after_gap(pd.DatetimeIndex(frame.index), self._step, self._max_gap)
        gaps |= np.diff(numbers, prepend=numbers[:1] - 1) > 1
        ends = ends_within(np.ones(len(frame), dtype=bool), self.reach)
        if len(frame) >= self.reach:
            ends[self.reach - 1 :] &= ~windows_across(gaps, self.reach)
        return ends & frame.notna().any(axis=1).to_numpy()

    def _test_ends(self, frame: pd.DataFrame, numbers: IntArray, labeled: BoolArray) -> IntArray:
        """Return the last rows of the windows that are tested.

        One that ends after an event and still touches it is neither: it is not tested.
        """
        after = ends_touching(labeled, self.keys.window) & ~labeled
        return np.flatnonzero(self._ends(frame, numbers) & ~after)

    def _check(self, plan: Plan) -> Plan:
        """Refuse a plan that nothing can be learned or tested with."""
        if len(plan.normal) < FEWEST_NORMAL:
            raise InputError(
                f"{self.table.path} leaves {len(plan.normal):,} windows to train on that are "
                f"near no event, of {len(plan.training):,} training rows. Expected at least "
                f"{FEWEST_NORMAL}: a score looks back {self.reach:,} rows (`T` of the settings and "
                "the smoothing of the alarm, or --window). Give longer data, or make it less."
            )
        if not plan.test_labels.any() or plan.test_labels.all():
            kind = "labeled" if not plan.test_labels.any() else "normal"
            raise InputError(
                f"Expected rows of both kinds to be tested. Received no {kind} row among the "
                f"{len(plan.test_ends):,} rows of {self.test_table.path} that have a whole window "
                f"of {self.reach:,} rows: give longer data, or use a smaller `T`."
            )
        return plan


class LabeledSource(Source):
    """Events that are labeled in the training file.

    Args:
        table: the training file.
        labels: (rows, series) bool, of the same rows.
        settings: of the networks.
        keys: how rows are split.
        test: another file with its labels, to test on; None to split the training file.

    Raises:
        InputError: no row is labeled, or the test file has times of the training file.
    """

    def __init__(
        self,
        table: Table,
        labels: Table,
        settings: Settings,
        keys: SeriesKeys,
        test: tuple[Table, Table] | None = None,
    ) -> None:
        super().__init__(table, settings, keys)
        self._labels, self._test = labels, test
        self._labeled = labels.frame.any(axis=1).to_numpy()
        if not self._labeled.any():
            raise InputError(
                f"No row of {labels.path} is labeled an anomaly, so that there is nothing to "
                "contaminate with. Label events, or have some invented (--invent)."
            )
        if test is not None:
            both = table.frame.index.intersection(test[0].frame.index)
            if len(both):
                raise InputError(
                    f"{test[0].path} and {table.path} have {len(both):,} times in common, such as "
                    f"{both[0]}. Expected a test file of other times, as what is trained on tells "
                    "nothing when it is tested: leave these rows out of one of them."
                )
        self.events = events_of(self._labeled, keys.window)

    @property
    def test_table(self) -> Table:
        """The test file, or the training file, of which a part tests."""
        return self.table if self._test is None else self._test[0]

    def notices(self) -> list[str]:
        """Return what is unusual of the labels, and of the test file."""
        tables = [self._labels, *(self._test or ())]
        return [f"{table.path.name}: {told}" for table in tables for told in table.notices]

    def plan(self, run: int) -> Plan:
        """Make the plan of a run; see `Source.plan`."""
        keys, frame, window = self.keys, self.table.frame, self.keys.window
        num_rows, source = len(frame), str(self._labels.path)
        testing = np.zeros(num_rows, dtype=bool)
        if self._test is None and keys.split == "time":
            testing = split_by_time(self.events, num_rows, keys.test_share, source)
        elif self._test is None:
            seed = [keys.seed, run, 1]
            testing = split_by_event(
                self.events, num_rows, keys.test_share, self.reach, seed, source
            )
        rows = np.flatnonzero(~testing)
        ends = np.zeros(num_rows, dtype=bool)
        ends[rows] = self._ends(frame.iloc[rows], rows)
        trained = np.flatnonzero(~testing[self.events.starts])
        touched = ends & ends_touching(self._labeled, window)
        place = np.cumsum(~testing) - 1  # of a row of the file among the training rows
        pool, unseen = [], []
        for event in np.random.default_rng([keys.seed, run, 2]).permutation(trained):
            first, stop = int(self.events.starts[event]), int(self.events.stops[event])
            its_ends = first + np.flatnonzero(touched[first : stop + window - 1])
            if not len(its_ends):  # it has no score: it is never trained on
                unseen.append(event)
                continue
            # A border is at least a window away, so that these rows are all of training.
            around = (max(first - window, 0), min(stop + window, num_rows))
            span = (int(place[around[0]]), int(place[around[1] - 1]) + 1)
            pool.append(PoolEvent(span, place[its_ends], None))
        near = ends_touching(surroundings(self.events, trained, window, num_rows), window)
        never = surroundings(self.events, np.array(unseen, dtype=np.int64), window, num_rows)
        if self._test is None:
            tested, numbers, truth = frame[testing], np.flatnonzero(testing), self._labeled
        else:
            tested, truth = self._test[0].frame, self._test[1].frame.any(axis=1).to_numpy()
            numbers = np.arange(len(tested))
        test_ends = self._test_ends(tested, numbers, truth[numbers])
        normal = place[np.flatnonzero(ends & ~near)]
        return self._check(
            Plan(
                frame.iloc[rows],
                rows,
                never[rows],
                normal,
                in_order(pool, len(normal)),
                tested,
                numbers + (0 if self._test is None else num_rows),
                test_ends,
                truth[numbers[test_ends]],
                (keys.seed, run, 3),
            )
        )

    def describe(self) -> dict[str, Any]:
        """Return what the events are; see `Source.describe`."""
        count, labels = len(self.events.starts), self._labels.path
        files = {"training": self.table.path, "labels": labels}
        tested = f"the last events of {self.table.path.name}"
        if self._test is not None:
            files |= {"test": self._test[0].path, "test_labels": self._test[1].path}
            tested = self._test[0].path.name
        elif self.keys.split == "event":
            tested = f"blocks of events of {self.table.path.name}, drawn in every run"
        return {
            "data": f"{_described(self.table)}; tested on {tested}",
            "anomaly": f"an event of {labels.name}, of which there are {count:,}",
            "files_sha256": {role: sha256_of(path) for role, path in files.items()},
            "events": count,
        }


class InventedSource(Source):
    """Events that are invented, and planted in copies of the rows of a file without labels.

    The first rows train and the last ones test. In each run three kinds of events contaminate, and
    all kinds are tested. What the file itself holds of anomalies is not known: it stays among the
    training rows at every share, and counts as normal in the test.

    Args:
        table: the file, taken to be normal.
        settings: of the networks.
        keys: how rows are split.
        largest: the largest share of contamination that is asked for.
    """

    def __init__(self, table: Table, settings: Settings, keys: SeriesKeys, largest: float) -> None:
        super().__init__(table, settings, keys)
        self._largest = largest

    def plan(self, run: int) -> Plan:
        """Make the plan of a run; see `Source.plan`."""
        keys, frame = self.keys, self.table.frame
        border = len(frame) - round(keys.test_share * len(frame))
        training, test = frame.iloc[:border], frame.iloc[border:]
        rows = np.arange(len(frame))
        ends = self._ends(training, rows[:border])
        pool, near = self._pool(training, ends, run)
        normal = np.flatnonzero(ends & ~near)
        values = test.to_numpy(copy=True)
        labeled = np.zeros(len(test), dtype=bool)
        for event in self._tested(test, run):
            event.plant(values)
            labeled[event.start : event.stop] = True
        test_ends = self._test_ends(test, rows[border:], labeled)
        return self._check(
            Plan(
                training,
                rows[:border],
                np.zeros(border, dtype=bool),
                normal,
                in_order(pool, len(normal)),
                pd.DataFrame(values, test.index, test.columns),
                rows[border:],
                test_ends,
                labeled[test_ends],
                (keys.seed, run, 3),
            )
        )

    def notices(self) -> list[str]:
        """Tell what invented events can say, and what not."""
        return [
            f"Events are invented: in each run {_CONTAMINATING_KINDS} of {len(EVENT_KINDS)} kinds "
            "contaminate, and all are tested. What the rows hold of real anomalies is not known; "
            "it is trained on at every share, and counts as normal."
        ]

    def kinds(self, run: int) -> tuple[str, ...]:
        """Return the kinds of events that contaminate in a run."""
        drawn = np.random.default_rng([self.keys.seed, run, 0]).permutation(len(EVENT_KINDS))
        return tuple(EVENT_KINDS[kind] for kind in drawn[:_CONTAMINATING_KINDS])

    def _pool(
        self, training: pd.DataFrame, ends: BoolArray, run: int
    ) -> tuple[list[PoolEvent], BoolArray]:
        """Plan events until the largest share is reached, and mark the windows near them."""
        window, total = self.keys.window, int(ends.sum())
        near, pool, touched = np.zeros(len(training), dtype=bool), [], 0
        for event in self._planted(training, self.kinds(run), [self.keys.seed, run, 1]):
            its_ends = event.start + np.flatnonzero(ends[event.start : event.stop + window - 1])
            if len(its_ends):
                pool.append(PoolEvent((event.start, event.stop), its_ends, event))
                near[event.start : event.stop + window - 1] = True
                touched += len(its_ends)
            if touched > self._largest * total:
                break
        return pool, near

    def _tested(self, test: pd.DataFrame, run: int) -> Iterable[PlantedEvent]:
        """Plan events of all kinds for the test, at least one of each if they fit."""
        labeled, planted = 0, 0
        for event in self._planted(test, EVENT_KINDS, [self.keys.seed, run, 4]):
            yield event
            labeled, planted = labeled + event.stop - event.start, planted + 1
            if planted >= len(EVENT_KINDS) and labeled >= _LABELED_SHARE * len(test):
                return

    def _planted(
        self, frame: pd.DataFrame, kinds: tuple[str, ...], seed: list[int]
    ) -> Iterable[PlantedEvent]:
        """Plan events where they have a score, two windows apart."""
        later = frame.iloc[self.reach - 1 :].to_numpy()
        for event in planted_events(later, kinds, 2 * self.keys.window, seed):
            yield PlantedEvent(
                event.kind, event.start + self.reach - 1, event.columns, event.values
            )

    def describe(self) -> dict[str, Any]:
        """Return what the events are; see `Source.describe`."""
        return {
            "data": f"{_described(self.table)}; tested on its last {self.keys.test_share:.0%}, "
            "events invented",
            "anomaly": "an invented event: " + ", ".join(EVENT_KINDS),
            "invented_share": self._largest,
            "files_sha256": {"training": sha256_of(self.table.path)},
        }


def _described(table: Table) -> str:
    rows, series = table.frame.shape
    return f"{table.path.name}, {rows:,} rows of {series} series"
