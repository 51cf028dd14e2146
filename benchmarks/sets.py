"""Labeled data sets to measure on: the sample, and folders in three common forms.

A folder of servers has, in each subfolder, train.csv, and val.csv and test.csv with labels_val.csv
and labels_test.csv. A folder of services has, in each subfolder, train.csv, and test.csv with
labels_test.csv alone, which labels the system. A folder in the form of TSB-AD-M has one CSV per
set, its last column `Label`, and in each name `tr_N`, the number of leading rows to train on.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae import InputError

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
STEP_SECONDS = 300.0  # of all sets here that have times


class LabeledSet(NamedTuple):
    """A labeled set to train on and to evaluate on.

    Attributes:
        name: name in tables.
        training: (rows, series) float64 by time, the rows to train on.
        judged: (rows, series) float64 by time, the rows to score.
        labels: (rows, series) bool of the rows to score; a single column where only the system is
            labeled.
        has_times: whether the sampling step is known, so that rates per week can be given.
        num_choosing: rows at the start of `judged` on which thresholds may be chosen by labels.
        family: name of the folder that it came from, whose sets resemble each other.
    """

    name: str
    training: pd.DataFrame
    judged: pd.DataFrame
    labels: NDArray[np.bool_]
    has_times: bool
    num_choosing: int = 0
    family: str = ""

    @property
    def later(self) -> int:
        """First row of `judged` that is later than training."""
        return int(self.judged.index.searchsorted(self.training.index[-1], side="right"))

    @property
    def of_system(self) -> NDArray[np.bool_]:
        """Rows with any label, (rows,) bool."""
        rows: NDArray[np.bool_] = np.logical_or.reduce(self.labels, axis=1)
        return rows


def sample() -> LabeledSet:
    """Read the sample of this project."""
    return _server(SAMPLE, "sample")._replace(family="sample")


def servers(folder: Path) -> Iterator[LabeledSet]:
    """Read a folder of servers or of services, one after the other."""
    for train in sorted(folder.glob("*/train.csv")):
        yield _server(train.parent, train.parent.name)._replace(family=folder.name)


def tsb_ad_m(folder: Path) -> Iterator[LabeledSet]:
    """Read a folder in the form of TSB-AD-M, one file after the other."""
    for path in sorted(folder.glob("*_tr_*.csv")):
        yield tsb_ad_m_file(path)._replace(family=folder.name)


def tsb_ad_m_file(path: Path) -> LabeledSet:
    """Read a file in the form of TSB-AD-M; its rows have no times, so some are made up.

    Raises:
        InputError: it has no column `Label` of 0 and 1, or no `tr_N` in its name.
    """
    table = pd.read_csv(path)
    found = re.search(r"_tr_(\d+)", path.name)
    if "Label" not in table or not table["Label"].isin([0, 1]).all():
        raise InputError(f"Expected a column `Label` of 0 and 1 in {path}.")
    if found is None or not 0 < int(found[1]) <= len(table):
        raise InputError(
            f"Expected `tr_N` in the name of {path}, the number of rows to train on, at most "
            f"{len(table):,}. Received: {path.name}."
        )
    labels = table.pop("Label").to_numpy()[:, None] == 1
    table.index = pd.date_range("2000-01-01", periods=len(table), freq="min", name="time")
    name = "_".join(path.name.split("_")[:4])
    rows = int(found[1])
    return LabeledSet(name, table.iloc[:rows].astype(float), table.astype(float), labels, False)


def all_sets(folders: list[Path]) -> Iterator[LabeledSet]:
    """Yield the sample, then the sets in the folders, whatever their form."""
    yield sample()
    for folder in folders:
        yield from servers(folder)
        yield from tsb_ad_m(folder)


def _server(folder: Path, name: str) -> LabeledSet:
    names = [part for part in ("val", "test") if (folder / f"{part}.csv").exists()]
    parts = [_read(folder / f"{part}.csv") for part in names]
    labels = pd.concat([_read(folder / f"labels_{part}.csv") for part in names])
    truth = labels.to_numpy() == 1
    num_choosing = len(parts[0]) if len(parts) > 1 else 0
    return LabeledSet(
        name, _read(folder / "train.csv"), pd.concat(parts), truth, True, num_choosing
    )


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, index_col=0, parse_dates=True)
