"""Table of results: results.csv, one line for each detector, share and run, appended at once."""

import csv
import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from dcvae.contamination.metrics import METRICS
from dcvae.errors import InputError

_COUNTS = ("run", "seed", "rows", "contaminated_rows")
COLUMNS = (
    *("detector", "rho", "run", "seed", "rows", "contaminated_rows", "anomaly_share"),
    *METRICS,
    *("seconds", "device", "notes", "failure"),
)
_TEXTS = ("detector", "device", "notes", "failure")


class Cell(NamedTuple):
    """One experiment of a study.

    Attributes:
        detector: name of the detector.
        rho: share of contamination.
        run: number of the run, from 1.
    """

    detector: str
    rho: float
    run: int


Line = Mapping[str, object]
"""A line of results.csv, by `COLUMNS`; a column that is missing or None is empty."""


def cell_of(line: Line) -> Cell:
    """Return which experiment a line is of."""
    return Cell(str(line["detector"]), float(str(line["rho"])), int(str(line["run"])))


def as_frame(lines: Iterable[Line]) -> pd.DataFrame:
    """Return lines as a table, the last of each experiment, with the columns of results.csv."""
    last = {cell_of(line): line for line in lines}.values()
    columns = {name: [_filled(line.get(name)) for line in last] for name in COLUMNS}
    frame = pd.DataFrame(columns, dtype=object)
    frame[[*_TEXTS]] = frame[[*_TEXTS]].astype(str)
    numbers = [name for name in COLUMNS if name not in _TEXTS]
    frame[numbers] = frame[numbers].replace("", np.nan).apply(pd.to_numeric)
    return frame.astype(dict.fromkeys(_COUNTS, "Int64"))


def _filled(cell: object) -> object:
    """Return a cell as the file has it: nothing for None and NaN."""
    return "" if cell is None or cell != cell else cell


class ResultsTable:
    """The file results.csv, which is only appended to.

    A line is written and on the disk before the next experiment begins. An experiment that failed
    is tried again when a study is continued, and has another line then: the last one counts.

    Args:
        path: of the file.

    Raises:
        InputError: the file is there and is no such table.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = self._read() if path.exists() else []

    def done(self) -> set[Cell]:
        """Return the experiments that have a line without a failure."""
        return {cell_of(line) for line in self._lines if not line["failure"]}

    def frame(self) -> pd.DataFrame:
        """Return the table, the last line of each experiment."""
        return as_frame(self._lines)

    def append(self, line: Line) -> None:
        """Write a line, whole, with the header before the first."""
        first = [] if self._path.exists() and self._path.stat().st_size else [[*COLUMNS]]
        kept = {name: line.get(name) for name in COLUMNS}
        text = _written([*first, [*kept.values()]])
        with self._path.open("ab") as stream:
            stream.write(text.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())  # a power cut loses what is being computed, and no more
        self._lines.append({name: "" if cell is None else cell for name, cell in kept.items()})

    def _read(self) -> list[dict[str, object]]:
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        lines: list[dict[str, object]] = []
        try:
            table = csv.reader(io.StringIO(whole.decode("utf-8"), newline=""), strict=True)
            header = next(table, [*COLUMNS])  # not even the header was written whole
            if header != [*COLUMNS]:
                raise ValueError(f"columns {', '.join(header)}")
            lines += [dict(zip(COLUMNS, row, strict=True)) for row in table]
            as_frame(lines)
            torn = content[len(whole) :]
            if not whole and not ",".join(COLUMNS).encode().startswith(torn):
                raise ValueError("no header")
        except (ValueError, csv.Error) as error:
            raise InputError(
                f"{self._path} is not the table of results of a study of contamination, or of "
                f"another version of this program: {error}. Move it elsewhere, or give another "
                "folder with --out."
            ) from error
        if torn:  # a line that a power cut has torn; of a table that is one of ours
            with self._path.open("r+b") as stream:
                stream.truncate(len(whole))
        return lines


def _written(rows: Iterable[Iterable[object]]) -> str:
    """Write lines of a CSV; numbers with all of their digits, so that a table is read as it was."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    for row in rows:
        writer.writerow([_filled(cell) for cell in row])
    return stream.getvalue()
