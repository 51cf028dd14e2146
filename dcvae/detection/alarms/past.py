"""Past of a file: references that follow, kept from learning what is in alarm, and their limits.

The references learn from every block but those in alarm, or an incident would soon be normal. They
are kept out for a bounded time, `longest`, or no lasting shift would ever be accepted: then they
are taken for the new normal, all at once. Should errors become as small as before within another
`longest`, the references of before return.

All is causal, and a function of the rows since the first one only. Blocks are cut by the clock and
not by the file, and references are order statistics, so that a file in pieces has, bit by bit, the
scores of the whole. Missing rows and gaps age nothing. Nothing is judged until a series has a
quarter of a window behind it: rows that the network was trained on are no past, their errors are
smaller than any later ones.

Without an alarm the references of all blocks are computed at once; only where one has been is the
file gone through, block by block.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from dcvae._arrays import BoolArray, Float64Array
from dcvae.detection.alarms.following import (
    BLOCKS,
    FEWEST_BLOCKS,
    QUANTILE,
    Clock,
    Following,
    block_rows,
    unbroken,
)
from dcvae.detection.alarms.histories import History, Memory

_HIGHEST_RATIO = 1e6
_HIGHEST_PRODUCT_DIGITS = 300.0
_CHECKED_EVERY = 8  # blocks after which it is looked whether the past is an unbroken one again


class Followed(NamedTuple):
    """The rows of a file, judged against their recent past.

    Attributes:
        strangeness: (rows,) float64 >= 1, see the module; NaN where nothing is judged.
        references: (blocks, series) float64, trained reference levels, NaN where a series is not
            judged.
        held: (blocks,) bool, an alarm kept the block out of the references.
        accepted: rows, last ones of their blocks, with which an alarm became the new normal.
        returned: rows, likewise, with which the references of before came back.
    """

    strangeness: Float64Array
    references: Float64Array
    held: BoolArray
    accepted: list[int]
    returned: list[int]


class Past:
    """A file's references as they are without any alarm; `run` adds the alarms of a limit.

    Args:
        following: what was learned.
        relative: takes first row and stop, returns (rows, series) float64, mean squares over their
            level, NaN where unknown; so that a long file is never there twice.
        clock: the blocks of the rows.
        moves: whether references move; otherwise they are those of training, in every row.
    """

    def __init__(
        self,
        following: Following,
        relative: Callable[[int, int], Float64Array],
        clock: Clock,
        *,
        moves: bool = True,
    ) -> None:
        self._following, self._relative, self.clock = following, relative, clock
        self._moves = moves
        self._has_run, self._memory = False, Memory()
        self._histories: dict[int, History] = {}  # unbroken ones, by the block after
        self._squares: dict[int, Float64Array] = {}  # by block
        self._stops = np.append(clock.starts[1:], len(clock.block))
        parts = list(self._parts())
        self._blocks = np.concatenate(
            [
                np.fmax.reduceat(relative(first, stop), clock.starts[part] - first, axis=0)
                for part, first, stop in parts
            ]
        )
        self._there = ~np.isnan(self._blocks)
        self._is_empty = ~self._there.any(axis=1)
        self._before = np.cumsum(self._there, axis=0) - self._there  # known blocks before each
        self._known = [
            column[there] for column, there in zip(self._blocks.T, self._there.T, strict=True)
        ]
        references = unbroken(self._blocks, BLOCKS, QUANTILE) if moves else 0.0
        self._references = np.maximum(references, np.tile(following.lowest, (len(self._stops), 1)))
        self.strangeness = np.empty(len(clock.block))
        """(rows,) float64 >= 1, as if no alarm ever held the references."""
        for _, first, stop in parts:
            references = self._references[clock.block[first:stop]]
            self.strangeness[first:stop] = self._judge(relative(first, stop), references)
        self.largest = np.fmax.reduceat(self.strangeness, clock.starts)
        """(blocks,) float64, the largest strangeness of each block; NaN where nothing is judged."""

    def _parts(self) -> Iterator[tuple[slice, int, int]]:
        """Yield parts of the file that are no second copy of it: blocks, first row and stop."""
        size = max(65_536 // block_rows(self._following.window), 1)
        for first in range(0, len(self._stops), size):
            part = slice(first, first + size)
            yield part, int(self.clock.starts[first]), int(self._stops[part][-1])

    def widths(self) -> Float64Array:
        """Return how many times as wide as in training the bands are, (blocks, series) >= 1.

        That is the root of the median of the blocks of twice `longest`, over that in training: an
        incident shorter than `longest` moves it little, and a lasting shift does after as long.
        """
        if not self._moves:
            return np.ones(self._blocks.shape)
        size = max(2 * self._following.longest_blocks, FEWEST_BLOCKS)
        medians = unbroken(self._blocks, size, 0.5) / self._following.middle
        return np.sqrt(np.maximum(np.nan_to_num(medians, nan=1.0), 1.0))

    def _judge(self, relative: Float64Array, references: Float64Array) -> Float64Array:
        ratio = relative / (references * self._following.usual)
        missing = np.isnan(ratio)
        nothing = missing.all(axis=1)
        count = min(self._following.series, ratio.shape[1])
        highest = min(_HIGHEST_RATIO, 10.0 ** (_HIGHEST_PRODUCT_DIGITS / count) - 1.0)
        ratio = np.minimum(np.where(missing, 0.0, ratio), highest)
        # Sorted, and multiplied in that order: the same bits however many rows come at once.
        strangest = np.sort(ratio, axis=1)[:, -count:]
        product = np.ones(len(ratio))
        for column in range(count):
            product *= 1.0 + strangest[:, column]
        product[nothing] = np.nan
        return product

    def learned(self, following: Following) -> None:
        """Take what was learned from this past itself: where alarms end, and of single rows.

        Args:
            following: as before, but for `calm` and `alone`, which nothing so far depends on.
        """
        self._following = following
        self._has_run, self._memory = False, Memory()

    def run(self, limit: float, leave: float, hold: int) -> Followed:
        """Judge the file with alarms beginning above a limit.

        From the second run on, what is worked out is kept for the runs after it.

        Args:
            limit: strangeness above which an alarm begins, > 1.
            leave: the power of the limit below which it ends, in (0, 1].
            hold: steps after which a gap ends an alarm.
        """
        clock = self.clock
        if self._has_run:
            self._memory.begin()
        self._has_run = True
        machine = _Machine(self, limit, self._following.lower(limit, leave), hold)
        block, count = 0, len(clock.starts)
        while block < count and self._moves:
            beyond = np.flatnonzero(self.largest[block:] > limit)
            if not beyond.size:
                break
            block = machine.go_through(block + int(beyond[0]))
        return Followed(
            machine.strangeness,
            machine.references,
            machine.held,
            [int(self._stops[block]) - 1 for block in machine.accepted],
            [int(self._stops[block]) - 1 for block in machine.returned],
        )

    def against(
        self, followed: Followed, relative: Callable[[int, int], Float64Array]
    ) -> Float64Array:
        """Judge other squares of the same rows by references that are known, (rows,) >= 1."""
        found = np.empty(len(self.clock.block))
        for _, first, stop in self._parts():
            references = followed.references[self.clock.block[first:stop]]
            found[first:stop] = self._judge(relative(first, stop), references)
        return found

    def _history(self, block: int) -> History:
        """Return the last blocks before one, as if no alarm held any."""
        known = self._histories.get(block)
        if known is not None:
            return known
        blocks = np.full((len(self._known), BLOCKS), np.nan)
        for column, values in enumerate(self._known):
            stop = self._before[block, column]
            last = values[max(stop - BLOCKS, 0) : stop]
            if last.size:
                blocks[column, -last.size :] = last
        history = History(blocks, self._following.lowest, self._memory)
        if self._memory.takes(blocks.size):
            self._histories[block] = history
        return history

    def _of_block(self, block: int) -> Float64Array:
        """Return the squares of the rows of a block, (rows, series)."""
        known = self._squares.get(block)
        if known is None:
            known = self._relative(int(self.clock.starts[block]), int(self._stops[block]))
            if self._memory.takes(known.size):
                self._squares[block] = known
        return known

    def _judged(self, block: int, history: History) -> Float64Array:
        """Judge the rows of a block by a history, (rows,) >= 1."""
        return history.judged(
            block, lambda: self._judge(self._of_block(block), history.reference[np.newaxis])
        )


class _Machine:
    """The state of alarms and references, block by block where an alarm has been."""

    def __init__(self, past: Past, limit: float, lower: float, hold: int) -> None:
        self._past, self._limit, self._lower, self._hold = past, limit, lower, hold
        self.strangeness = past.strangeness.copy()
        self.references = past._references.copy()
        self.held = np.zeros(len(past._blocks), dtype=bool)
        self.accepted: list[int] = []
        self.returned: list[int] = []

    def go_through(self, block: int) -> int:
        """Go from a block with an alarm until the past is an unbroken one again.

        Returns:
            The next block, or the number of blocks at the end of the file.
        """
        past, following, clock = self._past, self._past._following, self._past.clock
        longest = following.longest_blocks
        history = past._history(block)
        kept: list[int] = []  # blocks
        before: History | None = None  # from before what was accepted
        waited, in_alarm, last_time = 0, False, -np.inf
        for here in range(block, len(clock.starts)):
            rows = slice(int(clock.starts[here]), int(past._stops[here]))
            values = past._blocks[here]
            if past._is_empty[here]:  # missing rows age nothing
                self.references[here] = history.reference
                continue
            if in_alarm and clock.first_time[here] - last_time > self._hold + 1:
                kept, in_alarm = [], False
            last_time = clock.last_time[here]
            strangeness = past._judged(here, history)
            self.strangeness[rows], self.references[here] = strangeness, history.reference
            largest = _largest(strangeness)
            waited += 1
            if before is not None and waited > longest:
                before = None
            if before is not None and _largest(past._judged(here, before)) <= self._lower:
                # The old level is back, and from the next block on so are its references.
                self.returned.append(here)
                history, before = before.after(here, values), None
                kept, in_alarm = [], False
                continue
            if not np.isnan(largest):
                in_alarm = largest > (self._lower if in_alarm else self._limit)
            if in_alarm:
                self.held[here] = True
                kept.append(here)
                if len(kept) >= longest:
                    before, waited = history, 0
                    self.accepted.append(here)
                    for number in kept:
                        history = history.after(number, past._blocks[number])
                    kept, in_alarm = [], False
                continue
            kept, history = [], history.after(here, values)
            if (
                before is None
                and here % _CHECKED_EVERY == 0
                and here + 1 < len(clock.starts)
                and np.array_equal(history.blocks, past._history(here + 1).blocks, equal_nan=True)
            ):
                return here + 1
        return len(clock.starts)


def _largest(strangeness: Float64Array) -> float:
    return float(np.fmax.reduce(strangeness))
