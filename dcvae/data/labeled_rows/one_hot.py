"""One-hot columns of words: a column of 0 and 1 for each different word."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from dcvae._arrays import Float64Array

NO_WORD = "(none)"
"""Name of the column of empty cells."""
_ROWS_AT_ONCE = 2_048


class WordColumn:
    """A column of words, as columns of 0 and 1.

    Args:
        name: of the column.
        words: (rows,) text, missing where there is none.

    Attributes:
        names: of the columns of 0 and 1, `name=word`, words in alphabetical order.
    """

    def __init__(self, name: str, words: pd.Series) -> None:
        text = words.astype("str").str.strip()
        text = text.where(text.notna() & (text != ""), NO_WORD)
        self._codes, different = pd.factorize(text, sort=True)
        self.names = [f"{name}={word}" for word in different]

    def write_to(self, columns: Float64Array, first: int) -> None:
        """Set the cells that are 1 in zeros (some rows, names), of the rows from `first` on."""
        codes = self._codes[first : first + len(columns)]
        columns[np.arange(len(codes)), codes] = 1.0


def side_by_side(
    rows: int, parts: Sequence[tuple[str, Float64Array | WordColumn]]
) -> tuple[Float64Array, list[str]]:
    """Put columns of numbers and of words side by side.

    Args:
        rows: number of rows.
        parts: a name and its column each: (rows,) numbers, or words.

    Returns:
        (rows, columns) float64, and the names.
    """
    names = list(_names(parts))
    values = np.zeros((rows, len(names)))
    for first in range(0, rows, _ROWS_AT_ONCE):  # as cells of a row lie beside each other
        some = values[first : first + _ROWS_AT_ONCE]
        at = 0
        for _, part in parts:
            if isinstance(part, WordColumn):
                part.write_to(some[:, at : at + len(part.names)], first)
                at += len(part.names)
            else:
                some[:, at] = part[first : first + _ROWS_AT_ONCE]
                at += 1
    return values, names


def _names(parts: Iterable[tuple[str, Float64Array | WordColumn]]) -> Iterable[str]:
    for name, part in parts:
        if isinstance(part, WordColumn):
            yield from part.names
        else:
            yield name
