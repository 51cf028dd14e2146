"""Histories of blocks: what references are made of, and what was judged against them.

A search runs through a file once per limit, and the runs differ in a few blocks only. What a run
comes by is kept for the next ones, up to a bound: the history after each block that it learned from
and the strangeness of each block that it judged.
"""

from collections.abc import Callable

import numpy as np

from dcvae._arrays import Float64Array
from dcvae.detection.alarms.following import BLOCKS, FEWEST_BLOCKS, rank

_KEPT = 4_000_000  # numbers
_RANK_OF_ALL = int(rank(np.array(BLOCKS)))


class Memory:
    """Count of the numbers that are kept, up to a bound.

    Attributes:
        free: numbers that still may be kept.
    """

    def __init__(self) -> None:
        self.free, self._has_begun = 0, False

    def begin(self) -> None:
        """Begin to keep: there is somebody who may use it again."""
        if not self._has_begun:
            self.free, self._has_begun = _KEPT, True

    def takes(self, numbers: int) -> bool:
        """Tell whether so many numbers may be kept, which then are."""
        fits = numbers <= self.free
        if fits:
            self.free -= numbers
        return fits


class History:
    """The last blocks of each series, and the references that they make.

    Args:
        blocks: (series, BLOCKS) float64, the newest last, NaN in front where there are fewer.
        lowest: (series,) float64, below which no reference falls.
        memory: where what follows from it is kept.

    Attributes:
        blocks: as given.
        reference: (series,) float64, NaN with too few blocks.
    """

    __slots__ = ("_after", "_is_full", "_judged", "_lowest", "_memory", "blocks", "reference")

    def __init__(
        self, blocks: Float64Array, lowest: Float64Array, memory: Memory, *, is_full: bool = False
    ) -> None:
        self.blocks, self._lowest, self._memory = blocks, lowest, memory
        self._is_full = is_full or not np.isnan(blocks).any()
        # An order statistic; of full histories it has always the same rank.
        found = (
            np.partition(blocks, _RANK_OF_ALL, axis=1)[:, _RANK_OF_ALL]
            if self._is_full
            else _quantile_of(blocks)
        )
        self.reference: Float64Array = np.maximum(found, lowest)
        self._after: dict[int, History] = {}
        self._judged: dict[int, Float64Array] = {}

    def after(self, number: int, values: Float64Array) -> "History":
        """Return the history with a block at its end, for the series that have one.

        Args:
            number: of the block in its file.
            values: (series,) float64, NaN where there is none.
        """
        known = self._after.get(number)
        if known is not None:
            return known
        fed = np.empty_like(self.blocks)
        fed[:, :-1], fed[:, -1] = self.blocks[:, 1:], values
        there = ~np.isnan(values)
        is_whole = bool(there.all())
        if not is_whole:
            fed[~there] = self.blocks[~there]
        is_full = self._is_full  # what was there is replaced, or stays
        history = History(fed, self._lowest, self._memory, is_full=is_full)
        if self._memory.takes(fed.size):
            self._after[number] = history
        return history

    def judged(self, number: int, judge: Callable[[], Float64Array]) -> Float64Array:
        """Return the strangeness of the rows of a block by these references.

        Args:
            number: of the block in its file.
            judge: what works it out.
        """
        known = self._judged.get(number)
        if known is None:
            known = judge()
            if self._memory.takes(known.size):
                self._judged[number] = known
        return known


def _quantile_of(history: Float64Array) -> Float64Array:
    """Return an order statistic of each line (series, blocks); NaN with too few blocks."""
    counts = np.count_nonzero(~np.isnan(history), axis=1)
    ordered = np.sort(history, axis=1)  # NaN last
    chosen: Float64Array = ordered[np.arange(len(history)), rank(np.maximum(counts, 1))]
    return np.where(counts < FEWEST_BLOCKS, np.nan, chosen)
