"""Table of a file in memory: Parquet, or an export that one of the readers has taken apart."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dcvae._arrays import IntArray
from dcvae.data.files.cells import CellRules, to_numbers
from dcvae.data.files.messages import refuse

_LOOKED_AT = 200  # rows of the start, and as many spread over the table


class FrameFile:
    """Named columns in memory, used like a `CsvFile`.

    Args:
        path: of the file that they are from.
        frame: (rows, columns) of any types; the time is in the first column, as text or as
            datetime64, if `time_column` names no other.
        kind: what the file was taken for, such as "sadf -d (sysstat)"; "" if there is no question.
        notices: one sentence each, on what was left out, joined or decided.
        lines: (rows,) number of the line of each row, from 1, where rows have lines.

    Attributes:
        path: of the file.
        names: of the columns, stripped.
        kind: as given.
        notices: as given.
    """

    def __init__(
        self,
        path: Path,
        frame: pd.DataFrame,
        kind: str = "",
        notices: Sequence[str] = (),
        lines: IntArray | None = None,
    ) -> None:
        self.path = path
        self.kind = kind
        self.notices = list(notices)
        self.names = [str(name).strip() for name in frame.columns]
        self._frame = frame.set_axis(pd.Index(self.names, dtype="str"), axis=1)
        self._lines = lines

    def look(self) -> pd.DataFrame:
        """Return rows spread over the table, as text; see `CsvFile.look`."""
        rows = np.unique(np.linspace(0, max(len(self._frame) - 1, 0), _LOOKED_AT).astype(int))
        head = np.arange(min(_LOOKED_AT, len(self._frame)))
        rows = np.union1d(rows, head) if len(self._frame) else head
        return pd.DataFrame(self.texts(rows.tolist()), columns=self._frame.columns, dtype="str")

    def read(
        self, texts: Sequence[str], numbers: Sequence[str], rules: CellRules
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return some columns in their own types and some as numbers; as `CsvFile.read`."""
        if self._frame.empty:
            refuse(self.path, "it has columns but no rows")
        values, told = to_numbers(self._frame[list(numbers)], rules, self)
        self.notices += told
        return self._frame[list(texts)], values

    def places(self, rows: Sequence[int]) -> list[str]:
        """Say where rows are, given by number from 0."""
        if self._lines is None:
            return [f"row {row + 1:,}" for row in rows]
        return [f"row {row + 1:,} (line {self._lines[row]:,})" for row in rows]

    def texts(self, rows: Sequence[int]) -> list[list[str]]:
        """Return the cells of rows, given by number from 0, as text; empty where missing."""
        return [
            ["" if pd.isna(cell) else str(cell).strip() for cell in cells]
            for cells in self._frame.iloc[list(rows)].astype("object").to_numpy()
        ]
