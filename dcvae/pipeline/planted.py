"""Planted faults in normal rows, by which detectors are compared without labels.

Those of `with_planted_faults` are in scaled rows, for the weights of an ensemble. Those of
`planted_events` are in data units, of the kinds of data/make_sample.py, one after the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle

import numpy as np

from dcvae._arrays import BoolArray, Float32Array, Float64Array, IntArray
from dcvae.data import ModelInput

_APART = 4  # rows from one fault to the next, in longest faults
_MOST_FAULTS = 60
_SERIES = 3  # of a fault, at most
_SIZES = (0.5, 3.0)  # of a shift, in standard deviations of training

# Rows that an event lasts, and its size in spreads of a series (of a drop: the share that is lost);
# both ends included.
_EVENTS: Mapping[str, tuple[tuple[int, int], tuple[float, float]]] = {
    "spike": ((1, 2), (5.0, 18.0)),
    "level shift": ((6, 48), (4.0, 10.0)),
    "drop": ((4, 36), (0.6, 1.0)),
    "ramp": ((12, 30), (6.0, 14.0)),
    "flat": ((15, 30), (1.0, 1.0)),
    "burst": ((6, 24), (5.0, 10.0)),
}
EVENT_KINDS = tuple(_EVENTS)
_LEAST_CHANGE = 2.0  # spreads that an event changes its rows by on the mean, else it is none
_LEAST_SPREAD = 0.05  # of a series, in its standard deviations
_LONGEST = 8  # events of a kind that fit into a table, at least
_TRIES = 20  # of places for an event


def with_planted_faults(
    inputs: ModelInput, window_length: int, seed: int
) -> tuple[ModelInput, BoolArray]:
    """Plant faults in a table that is taken to be normal.

    Each lasts up to half a window, in up to three series: a shift, a ramp, a value that stays,
    noise, or rows of another time in place of its own.

    Args:
        inputs: the table.
        window_length: rows of a window, T.
        seed: seed of places, kinds and sizes.

    Returns:
        The table with faults, and (rows,) bool, the rows of faults.
    """
    values, random = inputs.values.copy(), np.random.default_rng(seed)
    longest = max(window_length // 2, 3)
    truth = np.zeros(len(values), dtype=bool)
    moving = np.flatnonzero(values.std(axis=0) > 1e-6)
    starts = np.arange(window_length, len(values) - longest, _APART * longest)
    if len(starts) > _MOST_FAULTS:
        starts = starts[np.linspace(0, len(starts) - 1, _MOST_FAULTS).astype(int)]
    for number, start in enumerate(starts if len(moving) else ()):
        rows = slice(start, start + int(random.integers(3, longest + 1)))
        count = int(random.integers(1, min(_SERIES, len(moving)) + 1))
        for column in random.choice(moving, count, replace=False):
            values[rows, column] = _fault(inputs.values, rows, column, number % 5, random)
        truth[rows] = True
    return replace(inputs, values=values, far=None), truth


def _fault(
    values: Float32Array, rows: slice, column: int, kind: int, random: np.random.Generator
) -> Float32Array:
    """Return what a series shows in place of its values while a fault lasts."""
    own = values[rows, column].astype(np.float64)
    size = float(random.uniform(*_SIZES) * random.choice([-1.0, 1.0]))
    if kind == 0:
        own += size
    elif kind == 1:
        own += size * np.linspace(0.0, 1.0, len(own))
    elif kind == 2:
        own[:] = values[rows.start - 1, column]
    elif kind == 3:
        own += random.normal(0.0, abs(size), len(own))
    else:
        other = int(random.integers(0, len(values) - len(own) + 1))
        own = values[other : other + len(own), column].astype(np.float64)
    return own.astype(np.float32)


@dataclass(frozen=True, eq=False)
class PlantedEvent:
    """An event, planned for some rows of some series.

    Attributes:
        kind: one of `EVENT_KINDS`.
        start: its first row.
        columns: (k,) int64, its series.
        values: (rows, k) float64, data units, what is seen in place of the values that are there.
    """

    kind: str
    start: int
    columns: IntArray
    values: Float64Array

    @property
    def stop(self) -> int:
        """The row after the last."""
        return self.start + len(self.values)

    def plant(self, values: Float64Array) -> None:
        """Put the event into a table (rows, series), in place; missing cells stay missing."""
        there = values[self.start : self.stop, self.columns]
        seen = np.where(np.isnan(there), np.nan, self.values)
        values[self.start : self.stop, self.columns] = seen


def planted_events(
    values: Float64Array, kinds: Sequence[str], apart: int, seed: Sequence[int]
) -> Iterator[PlantedEvent]:
    """Plan events in rows that are taken to be normal, each in up to three series.

    Sizes are in spreads: the standard deviation of what a series does from row to row, at least a
    twentieth of its standard deviation. What stays within two spreads of the rows that are there,
    such as a flat stretch where nothing moves, is no event and is planned elsewhere. Counts stay
    whole, and what was never negative stays so.

    Args:
        values: (rows, series), data units, NaN where missing.
        kinds: some of `EVENT_KINDS`, which take turns.
        apart: rows between events, and before the first and after the last.
        seed: of places, sizes and series.

    Yields:
        Events in no order of time, as long as rows are left for them.

    Examples:
        >>> rows = np.random.default_rng(1).normal(10.0, 1.0, (500, 2))
        >>> events = list(planted_events(rows, ["spike", "burst"], apart=16, seed=[1]))
        >>> [event.kind for event in events[:4]]
        ['spike', 'burst', 'spike', 'burst']
    """
    random, of_series = np.random.default_rng(seed), _Traits.of(values)
    if not len(of_series.moving):
        return
    free, failed = np.ones(len(values), dtype=bool), 0
    for kind in cycle(kinds):
        event = _placed(values, free, kind, apart, of_series, random)
        failed = 0 if event is not None else failed + 1
        if failed == len(kinds):
            return
        if event is not None:
            free[event.start : event.stop] = False
            yield event


@dataclass(frozen=True, eq=False)
class _Traits:
    """Traits of series: which move, how much from row to row, their least value, if all whole."""

    moving: IntArray  # numbers of series
    spread: Float64Array  # (series,)
    lowest: Float64Array  # (series,)
    whole: BoolArray  # (series,)

    @classmethod
    def of(cls, values: Float64Array) -> "_Traits":
        known = ~np.isnan(values)
        deviation, lowest, step = np.zeros((3, values.shape[1]))
        whole = np.zeros(values.shape[1], dtype=bool)
        for column in np.flatnonzero(known.any(axis=0)):
            own = values[known[:, column], column]
            deviation[column], lowest[column] = own.std(), own.min()
            whole[column] = bool((own % 1 == 0).all())
            steps = np.diff(values[:, column])
            steps = steps[~np.isnan(steps)]
            if len(steps):
                step[column] = np.median(np.abs(steps - np.median(steps)))
        # Median of absolute deviations to a standard deviation, of differences to one of values.
        spread = np.maximum(1.4826 * step / np.sqrt(2.0), _LEAST_SPREAD * deviation)
        return cls(np.flatnonzero(deviation > 0), spread, lowest, whole)


def _placed(
    values: Float64Array,
    free: BoolArray,
    kind: str,
    apart: int,
    of_series: _Traits,
    random: np.random.Generator,
) -> PlantedEvent | None:
    """Plan one event in free rows; None if no place was found."""
    (shortest, longest), sizes = _EVENTS[kind]
    longest = max(min(longest, len(values) // _LONGEST - 2 * apart), shortest)
    for _ in range(_TRIES):
        # Short ones are the common ones.
        length = int(shortest * ((longest + 1) / shortest) ** (random.random() ** 2))
        length = min(length, longest)
        start = _free_start(free, length, apart, random)
        if start is None:
            continue
        count = int(random.integers(1, min(_SERIES, len(of_series.moving)) + 1))
        size = sizes[0] * (sizes[1] / sizes[0]) ** random.random()
        seen, changed = [], []
        for column in random.choice(of_series.moving, count, replace=False):
            own = values[start : start + length, column]
            made = _seen(own, kind, size, of_series, column, random)
            change = np.abs(made - own)[~np.isnan(own)]
            if len(change) and change.mean() >= _LEAST_CHANGE * of_series.spread[column]:
                seen.append(made)
                changed.append(column)
        if changed:
            return PlantedEvent(kind, start, np.array(changed), np.column_stack(seen))
    return None


def _free_start(
    free: BoolArray, length: int, apart: int, random: np.random.Generator
) -> int | None:
    """Draw a start of free rows, with as many free on either side; None if there is none."""
    last = len(free) - length - apart
    if last < apart:
        return None
    for start in random.integers(apart, last + 1, _TRIES).tolist():
        if free[start - apart : start + length + apart].all():
            return int(start)
    # Crowded: among all that are left, which takes as long as the table is.
    taken = np.concatenate([[0], np.cumsum(~free)])
    starts = np.arange(apart, last + 1)
    starts = starts[taken[starts + length + apart] == taken[starts - apart]]
    return int(random.choice(starts)) if len(starts) else None


def _seen(
    own: Float64Array,
    kind: str,
    size: float,
    of_series: _Traits,
    column: int,
    random: np.random.Generator,
) -> Float64Array:
    """Return what a series shows in an event in place of its own values, NaN where missing."""
    reach, lowest = size * of_series.spread[column], of_series.lowest[column]
    sign = float(random.choice([-1.0, 1.0]))
    if lowest >= 0 and np.nanmin(own, initial=np.inf) < reach:
        sign = 1.0  # below zero it would be swallowed
    if kind in ("spike", "level shift"):
        seen = own + sign * reach
    elif kind == "drop":
        seen = own - size * (own - lowest)
    elif kind == "ramp":
        seen = own + sign * reach * np.linspace(0.25, 1.0, len(own))
    elif kind == "flat":
        known = own[~np.isnan(own)]
        seen = np.full(len(own), known[0] if len(known) else np.nan)
    else:
        seen = own + reach * random.standard_t(6, len(own)) * np.sqrt(4.0 / 6.0)
    if lowest >= 0:
        seen = np.maximum(seen, 0.0)
    rounded: Float64Array = np.round(seen)
    return rounded if of_series.whole[column] else seen
