"""Messages about a file: refusals, and the places of wrong cells."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol

import numpy as np
import pandas as pd

from dcvae._text import SHOWN, shortened
from dcvae.errors import InputError

MISSING = ("", "NA", "na", "NaN", "nan", "NAN", "-nan", "null", "Null", "NULL")


class File(Protocol):
    """What every reader of files gives: named columns of cells, and where they are.

    Attributes:
        path: of the file.
        names: of its columns, stripped.
        notices: one sentence each, for the user.
    """

    path: Path
    names: list[str]
    notices: list[str]

    def read(
        self, series: Sequence[str], expected: str, words: Mapping[str, str]
    ) -> tuple[pd.Series, pd.DataFrame]:
        """Return the first column, and the given ones as numbers."""

    def places(self, rows: Sequence[int]) -> list[str]:
        """Say where rows are, given by number from 0 in ascending order."""

    def texts(self, rows: Sequence[int]) -> list[list[str]]:
        """Return the cells of rows as text, stripped; `rows` as in `places`."""


def refuse(path: Path, *problems: str) -> NoReturn:
    """Raise all problems of a file as one error; sentences without its name and a last period."""
    raise InputError(f"{path}: " + ".\n".join(problems) + ".")


def describe_cells(wrong: np.ndarray, names: Sequence[str], file: File, expected: str) -> list[str]:
    """Say where the first wrong cells are and what they hold.

    Args:
        wrong: (rows, columns) bool.
        names: (columns,) names of these columns of the file.
        file: the file.
        expected: what the cells should be.

    Returns:
        One sentence for `refuse`; none if no cell is wrong.
    """
    if not wrong.any():
        return []
    rows = row_numbers(wrong.any(axis=1))[:SHOWN]
    places, texts = file.places(rows), file.texts(rows)
    examples = []
    for row, column in np.argwhere(wrong[rows])[:SHOWN].tolist():
        # The text of the cell, as its number may not show it: 1e400 is read as infinite.
        text = texts[row][file.names.index(names[column])]
        held = "is empty" if text in MISSING else f"holds `{text}`"
        examples.append(f"{places[row]}, column `{names[column]}` {held}")
    return [f"{shortened(examples, SHOWN, int(wrong.sum()))}; expected {expected}"]


def row_numbers(wrong: Any) -> list[int]:
    """Return the numbers, from 0, of the rows where a mask (rows,) is True."""
    return [int(row) for row in np.flatnonzero(wrong)]
