"""Following: each series' errors over its own recent past, so that alarms hold when normal moves.

A threshold that is learned once is exceeded all day when the level of the errors has moved since
training. Here every series is judged against what it did lately, before the strangest are combined,
so that one series at a new level does not hide the others::

    relative squares (rows, series)   mean squares over the trained reference level
      -> largest of each block        a 48th of the window, by the clock
      -> reference                    90 % quantile of the last 48 blocks, never below the trained
      -> ratio                        squares over the reference, over what is usual in training
      -> product of 1 + ratio         of the largest few series
      =  strangeness (rows,)          its root less 1 is the relative score

This module has what is learned in training; `past` goes through a file.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dcvae._arrays import Float64Array, IntArray

BLOCKS = 48  # in a window
_LONGEST_BLOCK = 2**62  # microseconds, that int64 can hold
FEWEST_BLOCKS = 12  # of a series' past, before it is judged
QUANTILE = 0.9
_USUAL_QUANTILE = 0.99
_MOST_ROWS = 1_000_000_000  # that a file of a model may give
_LONGEST_STEP = 4e9  # seconds
_LARGEST_POWER = 1e6
_LOWEST_REFERENCE = 1e-9
_LOWEST_USUAL = 1e-3
_ABOVE_LEVEL = 1.2


class Clock(NamedTuple):
    """Rows cut into blocks by the clock.

    Attributes:
        starts: (blocks,) int64, the first row of each block that has rows.
        block: (rows,) int64, the block of each row.
        first_time: (blocks,) float64, time of the block's first row, in steps.
        last_time: (blocks,) float64, time of its last row, in steps.
    """

    starts: IntArray
    block: IntArray
    first_time: Float64Array
    last_time: Float64Array

    @classmethod
    def of(cls, times: IntArray, step_seconds: float, window: int) -> "Clock":
        """Cut rows into blocks.

        Args:
            times: (rows,) int64, microseconds, ascending; at least one.
            step_seconds: sampling step, in seconds.
            window: rows of a window.

        Examples:
            >>> times = np.arange(5) * 60_000_000  # every minute, from a full hour on
            >>> Clock.of(times, step_seconds=60.0, window=96).starts  # two rows a block
            array([0, 2, 4])
        """
        step = max(round(step_seconds * 1e6), 1)
        number = times // min(step * block_rows(window), _LONGEST_BLOCK)
        starts = np.flatnonzero(np.diff(number, prepend=number[0] - 1))
        block = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(times)))
        in_steps = times / step
        last = np.append(starts[1:], len(times)) - 1
        return cls(starts, block, in_steps[starts], in_steps[last])


def block_rows(window: int) -> int:
    """Return the rows of a block for a window of so many rows."""
    return max(round(window / BLOCKS), 1)


@dataclass(frozen=True, eq=False)
class Following:
    """What references are learned in training, and how they follow.

    Attributes:
        window: rows of the recent past that the references are made of, >= 1.
        longest: rows after which what is in alarm is taken for the new normal, >= 1.
        series: number of series that are combined, >= 1.
        lowest: (series,) float64 > 0, the reference of each series in training, below which none
            falls; in trained reference levels.
        usual: (series,) float64 > 0, what the ratio of squares to reference exceeds in 1 % of
            training rows.
        middle: (series,) float64 > 0, the median in training of what `lowest` is a quantile of.
        calm: strangeness that nine of ten training rows are below; an alarm ends there at the
            latest.
        step_seconds: sampling step of the training data, in seconds.
        trained_until: time of the last row that the network was trained on, in microseconds; the
            past begins anew after it. None where it is not known.
        alone: power of a strangeness that one of a single row is worth, >= 1: squares of single
            rows vary more than means of several.
    """

    window: int
    longest: int
    series: int
    lowest: Float64Array
    usual: Float64Array
    middle: Float64Array
    calm: float
    step_seconds: float
    trained_until: int | None = None
    alone: float = 1.0

    @classmethod
    def fit(
        cls,
        relative: Float64Array,
        clock: Clock,
        *,
        window: int,
        longest: int,
        series: int,
        step_seconds: float,
    ) -> "Following":
        """Learn lowest references and usual ratios from rows taken to be normal.

        Args:
            relative: (rows, series) float64, mean squares over their level; NaN where unknown.
            clock: the blocks of the rows.
            window: rows of the recent past.
            longest: rows after which what is in alarm is taken for the new normal.
            series: number of series that are combined, at most those there are.
            step_seconds: sampling step, in seconds.
        """
        blocks = np.fmax.reduceat(relative, clock.starts, axis=0)
        known = (blocks > 0).any(axis=0)  # that nothing was ever off says nothing of what is usual
        lowest, middle, usual = (np.ones(relative.shape[1]) for _ in range(3))
        if known.any():
            found = np.nanquantile(blocks[:, known], [QUANTILE, 0.5], axis=0)
            lowest[known], middle[known] = found
        lowest, middle = (np.maximum(part, _LOWEST_REFERENCE) for part in (lowest, middle))
        references = np.maximum(unbroken(blocks, BLOCKS, QUANTILE), lowest)
        for column in np.flatnonzero(known):
            ratio = relative[:, column] / references[clock.block, column]
            ratio = ratio[np.isfinite(ratio)]
            if ratio.size:
                usual[column] = max(float(np.quantile(ratio, _USUAL_QUANTILE)), _LOWEST_USUAL)
        combined = min(series, relative.shape[1])
        return cls(window, longest, combined, lowest, usual, middle, 1.0, step_seconds)

    @property
    def longest_blocks(self) -> int:
        """Blocks after which what is in alarm is taken for the new normal."""
        return max(math.ceil(self.longest / block_rows(self.window)), 1)

    def clock(self, times: IntArray) -> Clock:
        """Cut the rows of a file into blocks: times (rows,) int64 in microseconds, ascending."""
        return Clock.of(times, self.step_seconds, self.window)

    def relative_score(self, strangeness: Float64Array) -> Float64Array:
        """Return a strangeness as the times over the usual that one series would have."""
        score: Float64Array = strangeness ** (1.0 / self.series) - 1.0
        return score

    def limit(self, relative_score: float) -> float:
        """Return the strangeness of a relative score."""
        return float((1.0 + relative_score) ** self.series)

    @property
    def level(self) -> float:
        """Strangeness of series that are at their references, as at any steady level."""
        return float(np.prod(1.0 + np.sort(1.0 / self.usual)[-self.series :]))

    @property
    def lowest_limit(self) -> float:
        """Limit that a steady level does not reach, however far from that of training."""
        relative = float(self.relative_score(np.array(self.level)))
        return self.limit(_ABOVE_LEVEL * relative)

    def lower(self, limit: float, leave: float) -> float:
        """Return what ends an alarm: a power of its limit, but neither below calm nor a level."""
        return float(min(max(limit**leave, self.calm, self.level), limit))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON; those of the series in the order of the model."""
        return {
            "window": self.window,
            "longest": self.longest,
            "series": self.series,
            "lowest": self.lowest.tolist(),
            "usual": self.usual.tolist(),
            "middle": self.middle.tolist(),
            "calm": self.calm,
            "step_seconds": self.step_seconds,
            "trained_until": self.trained_until,
            "alone": self.alone,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any], num_series: int) -> "Following":
        """Read what was learned from the values of `to_dict`.

        Raises:
            KeyError: a value is missing.
            TypeError: a value is of another type.
            ValueError: a value is out of range, or there are more or fewer series.
            OverflowError: a number is beyond all bounds.
        """
        lowest, usual, middle = of_series = [
            np.array(stored[name], dtype=np.float64) for name in ("lowest", "usual", "middle")
        ]
        window, longest, series = (int(stored[name]) for name in ("window", "longest", "series"))
        step_seconds, calm = float(stored["step_seconds"]), float(stored["calm"])
        until = stored.get("trained_until")
        until = None if until is None else int(until)
        alone = float(stored.get("alone", 1.0))
        made = cls(window, longest, series, lowest, usual, middle, calm, step_seconds, until, alone)
        counts = (
            1 <= made.window <= _MOST_ROWS
            and 1 <= made.longest <= _MOST_ROWS
            and 1 <= made.series <= num_series
        )
        shapes = all(part.shape == (num_series,) for part in of_series)
        numbers = (
            0 < made.step_seconds < _LONGEST_STEP
            and math.isfinite(made.calm)
            and 1 <= made.alone <= _LARGEST_POWER
            and abs(made.trained_until or 0) < 2**63
        )
        if not (counts and shapes and numbers):
            raise ValueError(f"nothing that follows {num_series} series")
        if not all((np.isfinite(part) & (part > 0)).all() for part in of_series):
            raise ValueError("references must be above 0")
        return made


def rank(counts: IntArray, quantile: float = QUANTILE) -> IntArray:
    """Return which of so many ordered values is the quantile, from 0."""
    ranks: IntArray = np.floor(quantile * (counts - 1) + 0.5).astype(np.int64)
    return ranks


def unbroken(blocks: Float64Array, size: int, quantile: float) -> Float64Array:
    """Return a quantile of the last blocks before each, (blocks, series); NaN with too few.

    Missing blocks are passed over: they age nothing.
    """
    references = np.full(blocks.shape, np.nan)
    # Series that are missing in the same blocks, as most are, are gone through together.
    alike: dict[bytes, list[int]] = {}
    for column in range(blocks.shape[1]):
        alike.setdefault(np.isnan(blocks[:, column]).tobytes(), []).append(column)
    for columns in alike.values():
        there = ~np.isnan(blocks[:, columns[0]])
        known = np.ascontiguousarray(blocks[there][:, columns].T)
        after = _after_each(known, size, quantile)
        references[:, columns] = after[:, np.cumsum(there) - there].T
    return references


def _after_each(known: Float64Array, size: int, quantile: float) -> Float64Array:
    """Return a quantile of the last blocks after none, one, two and so on of those known.

    Args:
        known: (series, blocks) float64, without NaN.
        size: blocks that count, at most.
        quantile: which one.

    Returns:
        (series, blocks + 1) float64, NaN with too few blocks.
    """
    count = known.shape[1]
    after = np.full((len(known), count + 1), np.nan)
    for first in range(FEWEST_BLOCKS, min(size, count + 1)):
        at = int(rank(np.array(first), quantile))
        after[:, first] = np.partition(known[:, :first], at, axis=1)[:, at]
    at = int(rank(np.array(size), quantile))
    for series, blocks in enumerate(known):
        for first in range(0, count - size + 1, 4096):  # sorting makes a copy of each window
            part = blocks[first : first + 4096 + size - 1]
            windows = np.lib.stride_tricks.sliding_window_view(part, size)
            last = first + size + len(windows)
            after[series, first + size : last] = np.partition(windows, at, axis=1)[:, at]
    return after
