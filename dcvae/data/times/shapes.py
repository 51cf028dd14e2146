"""Shapes of the texts of a column, such as `00/00/0000 00:00`, and the rows of each shape.

A shape is a text in lower case with every digit written as 0. A column of millions of times has a
handful of shapes, and in all rows of one shape each number stands in the same place: a shape is
taken apart once (`layouts`), and the numbers of all of its rows are read together.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from dcvae._arrays import IntArray

Characters = npt.NDArray[np.uint8]  # (rows, width) ASCII codes, lower case, 0 after the end

LONGEST_TEXT = 80  # characters of a time; no form has more
_ROWS_AT_ONCE = 65_536  # bounds the memory that characters take
_OTHER = 127  # stands for every character that no time has
_NO_BREAK_SPACES = (0x00A0, 0x2009, 0x202F)  # browsers write one of them before AM and PM


class Group(NamedTuple):
    """Rows of one shape.

    Attributes:
        shape: the text in lower case, with every digit written as 0.
        rows: (rows,) int64, their numbers in the column.
        characters: (rows, width) uint8, their texts in lower case.
    """

    shape: str
    rows: IntArray
    characters: Characters


def groups_by_shape(text: pd.Series) -> Iterator[Group]:
    """Part the rows of a column by the shape of their text; a shape may come several times.

    Args:
        text: (rows,) str, without missing values.

    Yields:
        Every row in one group. Texts of more than `LONGEST_TEXT` characters are cut behind it.
    """
    for start in range(0, len(text), _ROWS_AT_ONCE):
        cells = text.iloc[start : start + _ROWS_AT_ONCE].to_numpy(dtype=object)
        characters = _characters(cells)
        shapes = _SHAPE[characters]
        numbers, first = _numbered(shapes)
        if len(first) == 1:
            yield Group(_text(shapes[0]), np.arange(start, start + len(cells)), characters)
            continue
        order = np.argsort(numbers, kind="stable")
        bounds = np.searchsorted(numbers[order], np.arange(1, len(first)))
        for row, members in zip(first, np.split(order, bounds), strict=True):
            yield Group(_text(shapes[row]), start + members, characters[members])


def number_at(characters: Characters, span: tuple[int, int]) -> IntArray:
    """Read the digits between two places as whole numbers.

    Args:
        characters: (rows, width) ASCII codes.
        span: the first place and the one after the last, at most 18 apart.

    Returns:
        (rows,) int64.
    """
    number: IntArray = np.zeros(len(characters), dtype=np.int64)
    for place in range(*span):
        number *= 10
        number += characters[:, place]
        number -= ord("0")
    return number


def _characters(cells: npt.NDArray[np.object_]) -> Characters:
    """Return (cells, width) codes in lower case, the width a multiple of 8."""
    longest = min(max(map(len, cells)), LONGEST_TEXT + 1)
    width = max(-(-longest // 8) * 8, 8)
    codes = cells.astype(f"U{width}").view(np.uint32).reshape(len(cells), width)
    if (codes >= _OTHER).any():
        codes = np.where(np.isin(codes, _NO_BREAK_SPACES), ord(" "), np.minimum(codes, _OTHER))
    return _LOWER[codes.astype(np.uint8)]


def _numbered(shapes: Characters) -> tuple[IntArray, IntArray]:
    """Number the distinct rows of a matrix; return the number of each row, and one row of each."""
    numbers: IntArray = np.zeros(len(shapes), dtype=np.int64)
    for word in np.ascontiguousarray(shapes).view(np.uint64).T:
        if (word == word[0]).all():
            continue
        parts, distinct = pd.factorize(word)
        numbers, _ = pd.factorize(numbers * len(distinct) + parts)
    _, first = np.unique(numbers, return_index=True)
    return numbers, first


def _text(codes: Characters) -> str:
    return codes.tobytes().rstrip(b"\0").decode("ascii")


def _tables() -> tuple[Characters, Characters]:
    """Return tables (128,) of each character's lower case, and of what stands for it in a shape."""
    lower = np.arange(128, dtype=np.uint8)
    lower[ord("A") : ord("Z") + 1] += ord("a") - ord("A")
    shape = lower.copy()
    shape[ord("0") : ord("9") + 1] = ord("0")
    return lower, shape


_LOWER, _SHAPE = _tables()
