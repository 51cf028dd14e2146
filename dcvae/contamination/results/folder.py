"""Folder of a study: robustness/<name>/, continued where an earlier command stopped."""

import io
import json
import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from dcvae._arrays import AnyArray, IntArray
from dcvae.contamination.results.suspects import Ranked
from dcvae.contamination.results.table import Cell, Line, ResultsTable
from dcvae.errors import InputError
from dcvae.storage import LockedError, as_json, check_writable, lock, whole_file, write_text

RESULTS, SUMMARY, SUSPECTS = "results.csv", "summary.csv", "suspects.csv"
SPLITS, RECORD, FIGURE, PAGE = "splits.npz", "run.json", "robustness.png", "page.html"
RANKS = "ranks"
_LOCK = ".lock"
_OF_A_STUDY = "rests_on"
# Told in the record and free to differ: hashes say what the data are.
_ONLY_TOLD = ("data", "notices")
_MOST_SHOWN = 3
_RANKED = re.compile(r"(.+)-rho-([\d.e-]+)-run-(\d+)\.npy")


class StudyFolder:
    """A folder of results; a context manager that holds its lock.

    What results rest on (data, splits, settings) is in run.json from the beginning. A folder whose
    record differs is not continued, and one that is no study's is not touched.

    Args:
        path: of the folder, which is made.
        rests_on: what must be equal for results to stand in one table, as plain values.

    Raises:
        InputError: something else is there, another study, or one that another process writes.
    """

    def __init__(self, path: Path, rests_on: Mapping[str, Any]) -> None:
        self.path = path
        # As they are read again: tuples are lists in a file.
        self._rests_on: dict[str, Any] = json.loads(json.dumps(dict(rests_on)))
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        """Make the folder, hold its lock, check what is there, and write run.json."""
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file; expected a folder. Give another with --out.")
        self.path.mkdir(parents=True, exist_ok=True)
        check_writable(self.path)
        try:
            self._exits.enter_context(lock(self.path / _LOCK))
        except LockedError as error:
            raise InputError(
                f"{self.path} is being written by {error}. Wait until that study has ended, or "
                "give another folder with --out."
            ) from error
        try:
            self._check()
            self._table = ResultsTable(self.path / RESULTS)
            if not (self.path / RECORD).exists():
                self.record({})
            (self.path / RANKS).mkdir(exist_ok=True)
        except BaseException:
            self._exits.close()
            raise
        return self

    def __exit__(self, *details: object) -> None:
        """Give the lock back."""
        self._exits.close()

    def _check(self) -> None:
        record = self.path / RECORD
        if not record.is_file():
            others = sorted(one.name for one in self.path.iterdir() if one.name != _LOCK)
            if others:
                raise InputError(
                    f"{self.path} is not empty and holds no study of contamination ({RECORD} is "
                    f"missing, {others[0]} is there). Give another folder with --out."
                )
            return
        try:
            before = json.loads(record.read_text(encoding="utf-8"))[_OF_A_STUDY]
            differing = [
                name
                for name in sorted({*before, *self._rests_on})
                if name not in _ONLY_TOLD and before.get(name) != self._rests_on.get(name)
            ]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{record} is not the record of a study of contamination. Move it elsewhere, or "
                "give another folder with --out."
            ) from error
        if differing:
            shown = "; ".join(
                f"`{name}` is {_short(before.get(name))} there and "
                f"{_short(self._rests_on.get(name))} now"
                for name in differing[:_MOST_SHOWN]
            )
            more = len(differing) - _MOST_SHOWN
            raise InputError(
                f"{self.path} holds a study of other data or settings, whose lines cannot stand in "
                f"one table with these: {shown}{f'; and {more} more' if more > 0 else ''}. Give "
                "another folder with --out, or the same data and settings to continue that study."
            )

    def record(self, about: Mapping[str, Any]) -> None:
        """Write run.json: what results rest on, and what else there is to say of them."""
        write_text(self.path / RECORD, as_json({**about, _OF_A_STUDY: self._rests_on}))

    def done(self) -> set[Cell]:
        """Return the experiments that need not be made again."""
        return self._table.done()

    def results(self) -> pd.DataFrame:
        """Return results.csv, the last line of each experiment."""
        return self._table.frame()

    def keep(self, line: Line, strangest: IntArray | None) -> None:
        """Keep the line of an experiment, and its strangest training units, if they are ranked."""
        if strangest is not None:
            name = "{detector}-rho-{rho}-run-{run}.npy".format_map(line)
            with whole_file(self.path / RANKS / name) as stream:
                np.save(stream, strangest, allow_pickle=False)
        self._table.append(line)

    def ranked(self) -> tuple[float, list[Ranked]]:
        """Return the largest share at which training units are ranked, and the rankings there."""
        done, found = self._table.done(), list[tuple[Cell, Path]]()
        for path in sorted((self.path / RANKS).iterdir()):
            if name := _RANKED.fullmatch(path.name):
                cell = Cell(name[1], float(name[2]), int(name[3]))
                found += [(cell, path)] if cell in done else []
        largest = max((cell.rho for cell, _ in found), default=0.0)
        return largest, [
            Ranked(cell.run, np.load(path, allow_pickle=False))
            for cell, path in found
            if cell.rho == largest
        ]

    def write_table(self, name: str, table: pd.DataFrame) -> None:
        """Write a table as CSV, whole or not at all."""
        write_text(self.path / name, table.to_csv(index=False, lineterminator="\n"))

    def write_splits(self, splits: Mapping[str, AnyArray]) -> None:
        """Write splits.npz, whole or not at all."""
        stream = io.BytesIO()
        np.savez_compressed(stream, **dict(splits))  # type: ignore[arg-type]
        self.write_bytes(SPLITS, stream.getvalue())

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        with whole_file(self.path / name) as stream:
            stream.write(content)


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:37]}..."
