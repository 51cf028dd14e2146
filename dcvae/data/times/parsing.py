"""Texts of a column as times in every order that three numbers may stand in, and as numbers.

Nothing is decided or refused here: `reading` looks at all rows before it does.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from dcvae._arrays import BoolArray, IntArray
from dcvae.data.times.layouts import (
    NOT_A_TIME,
    ORDERS,
    UTC_WORDS,
    Layout,
    added,
    clock_of,
    days_of,
    layout_of,
    offset_of,
)
from dcvae.data.times.numbers import Numbers, is_number, numbers_of
from dcvae.data.times.shapes import LONGEST_TEXT, Characters, groups_by_shape

_MOST_FORMLESS = 1000  # distinct shapes that are no form of a time; no column of times has as many


@dataclass(eq=False)
class Parsed:
    """What the texts of a column may mean.

    Attributes:
        readings: (rows,) int64 microseconds since 1970 as written, NOT_A_TIME where the text is
            none, by order (`ORDERS`); by "" alone where no row leaves the order open.
        offsets: (rows,) int64 microseconds, the UTC offset; 0 where there is none.
        has_offset: (rows,) bool, whether a row has a UTC offset or the word UTC.
        words: distinct words of time zones but Z, in upper case.
        word_numbers: (rows,) int64, which of them a row has; -1 for none.
        numbers: (rows,) what is written as a plain number.
        is_number: (rows,) bool, whether it is.
        short_years: first rows with a year of two digits; at most a few.
        has_halves: whether any row says AM or PM.
    """

    readings: dict[str, IntArray]
    offsets: IntArray
    has_offset: BoolArray
    word_numbers: IntArray
    numbers: Numbers
    is_number: BoolArray
    words: list[str] = field(default_factory=list)
    short_years: list[int] = field(default_factory=list)
    has_halves: bool = False

    @property
    def unclear_words(self) -> list[str]:
        """Words of time zones other than UTC and GMT."""
        return [word for word in self.words if word.lower() not in UTC_WORDS]


def parse(text: pd.Series) -> Parsed:
    """Parse a column of texts.

    Args:
        text: (rows,) str, without missing values.

    Returns:
        What each row may mean.
    """
    rows = len(text)
    # Pages of zeros take no memory until something is written to them.
    parsed = Parsed(
        {"": np.full(rows, NOT_A_TIME)},
        offsets=np.zeros(rows, dtype=np.int64),
        has_offset=np.zeros(rows, dtype=bool),
        word_numbers=np.zeros(rows, dtype=np.int64),
        numbers=Numbers(*(np.zeros(rows, dtype=np.int64) for _ in Numbers._fields)),
        is_number=np.zeros(rows, dtype=bool),
    )
    formless: set[str] = set()
    for group in groups_by_shape(text):
        if len(group.shape) > LONGEST_TEXT:
            continue
        if is_number(group.shape):
            parsed.is_number[group.rows] = True
            read = numbers_of(group.shape, group.characters)
            for target, values in zip(parsed.numbers, read, strict=True):
                target[group.rows] = values
        elif group.shape in formless:
            continue
        elif layout := layout_of(group.shape):
            _read_group(parsed, layout, group.rows, group.characters)
        else:
            formless.add(group.shape)
            if len(formless) > _MOST_FORMLESS:
                break
    parsed.word_numbers -= 1
    return parsed


def _read_group(parsed: Parsed, layout: Layout, rows: IntArray, characters: Characters) -> None:
    """Read the rows of one layout into all readings."""
    clock = clock_of(layout, characters)
    if layout.sign or layout.word in UTC_WORDS:
        offsets = offset_of(layout, characters)
        clock = np.where(offsets == NOT_A_TIME, NOT_A_TIME, clock)
        parsed.offsets[rows] = offsets
        parsed.has_offset[rows] = True
    if layout.word and layout.word != "z":
        word = layout.word.upper()
        if word not in parsed.words:
            parsed.words.append(word)
        parsed.word_numbers[rows] = parsed.words.index(word) + 1
    if layout.has_short_year and len(parsed.short_years) < 3:
        parsed.short_years.append(int(rows[0]))
    parsed.has_halves |= bool(layout.half)
    if layout.has_order and "" in parsed.readings:
        so_far = parsed.readings.pop("")
        parsed.readings.update({order: so_far.copy() for order in ORDERS.values()})
    if layout.has_order:
        for order, times in parsed.readings.items():
            times[rows] = added(days_of(layout, characters, order), clock)
        return
    read = added(days_of(layout, characters, ""), clock)
    for times in parsed.readings.values():
        times[rows] = read
