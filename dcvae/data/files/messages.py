"""Messages about a file: refusals, and the places of wrong cells."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import numpy as np
import pandas as pd

from dcvae._text import SHOWN, quoted, shortened
from dcvae.errors import InputError

if TYPE_CHECKING:
    from dcvae.data.files.cells import CellRules

MISSING = (
    *("", "NA", "na", "N/A", "n/a", "#N/A", "NaN", "nan", "NAN", "-nan", "-NaN"),
    *("null", "Null", "NULL", "(null)", "None", "none", "NONE", "nil", "-", "--", "---", "?", "U"),
    *("\\N", "<NA>", "NaT", "#DIV/0!", "#VALUE!", "#REF!", "1.#IND", "-1.#IND", "1.#QNAN"),
)
"""Words that mean a missing value in every file."""
_STARTS_AS_NUMBER = re.compile(r"[+-]?[.,]?[0-9]")


class RowPlaces(Protocol):
    """Places of rows in a file, for messages.

    Attributes:
        path: of the file.
        names: of its columns, stripped.
    """

    path: Path
    names: list[str]

    def places(self, rows: Sequence[int]) -> list[str]:
        """Say where rows are, given by number from 0 in ascending order."""

    def texts(self, rows: Sequence[int]) -> list[list[str]]:
        """Return the cells of rows as text, stripped; `rows` as in `places`."""


class File(RowPlaces, Protocol):
    """What every reader of files gives: named columns of cells, and where they are.

    Attributes:
        notices: one sentence each, for the user; `read` may add some.
    """

    notices: list[str]

    def look(self) -> pd.DataFrame:
        """Return some rows as text, of the start and of places spread over the file."""

    def read(
        self, texts: Sequence[str], numbers: Sequence[str], rules: "CellRules"
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return some columns as they are written, and others as numbers."""


def refuse(path: Path, *problems: str) -> NoReturn:
    """Raise all problems of a file as one error; sentences without its name and a last period."""
    raise InputError(f"{path}: " + ".\n".join(problems) + ".")


def describe_cells(
    wrong: np.ndarray, names: Sequence[str], file: RowPlaces, expected: str
) -> list[str]:
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
    examples: list[str] = []
    words: dict[str, None] = {}
    for row, column in np.argwhere(wrong[rows])[:SHOWN].tolist():
        # The text of the cell, as its number may not show it: 1e400 is read as infinite.
        text = texts[row][file.names.index(names[column])]
        held = "is empty" if text in MISSING else f"holds `{text}`"
        examples.append(f"{places[row]}, column `{names[column]}` {held}")
        if text not in MISSING and not _STARTS_AS_NUMBER.match(text):
            words[text] = None
    sentence = f"{shortened(examples, SHOWN, int(wrong.sum()))}; expected {expected}"
    if words and expected.endswith("or empty"):
        sentence += (
            f"; if {' or '.join(quoted(words))} means that nothing was measured, add it to the key "
            f'`missing_values`, as in "missing_values": {json.dumps([*words], ensure_ascii=False)}'
        )
    return [sentence]


def row_numbers(wrong: Any) -> list[int]:
    """Return the numbers, from 0, of the rows where a mask (rows,) is True."""
    return [int(row) for row in np.flatnonzero(wrong)]
