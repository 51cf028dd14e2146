"""Labels of a data table, read from a file of their own and matched to its rows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dcvae._text import SHOWN, shortened
from dcvae.config import DataKeys
from dcvae.data.columns.suspects import labels_notice
from dcvae.data.files.messages import File, refuse
from dcvae.data.rows import read_rows
from dcvae.data.tables import Table, match_names, match_series, open_table


def read_labels(path: Path, data: Table, keys: DataKeys | None = None) -> Table:
    """Read the labels of a data table.

    The label file has exactly the data's times and, matched by name, one column per series, or a
    single column under another name that labels all series.

    Args:
        path: of the label file.
        data: the table that is labeled.
        keys: as in `read_table`.

    Returns:
        (rows, series) bool, True where a cell is an anomaly, rows and series as in `data.frame`.

    Raises:
        InputError: times or series do not match, or a cell is missing or anything but 0, 1,
            true or false.
    """
    keys = keys or DataKeys()
    file, roles, _ = open_table(Path(path), keys, lenient=True)
    series = list(data.frame.columns)
    columns = list(roles.series)
    shared = not roles.by and len(columns) == 1 and columns[0] not in series
    notices = [*roles.notices]
    if shared:
        notices.append(f"The only label column, `{columns[0]}`, stands for all series.")
    elif not roles.by:
        notices += match_series(file, roles, series)
        columns = series
    expected = "0 or 1 (or true or false)"
    frame, told, problems = read_rows(file, roles, columns, keys, expected)
    if roles.by:
        frame, shared = _of_series(file, frame, series)
    if not problems and frame.isna().to_numpy().any():
        problems = [
            "it has no label for some of the times of its machines; label every time of each"
        ]
    is_anomaly = frame == 1
    if not problems:
        problems = _other_times_problems(pd.DatetimeIndex(frame.index), data)
    if problems:
        refuse(file.path, *problems)
    anomalies = np.broadcast_to(is_anomaly, data.frame.shape)  # from (rows, 1) where shared
    labels = pd.DataFrame(anomalies, data.frame.index, data.frame.columns, copy=True)
    said = [notice for notice in file.notices if not notice.startswith("Words are read")]
    return Table(file.path, labels, [*notices, *said, *told, *labels_notice(labels)])


def _of_series(file: File, frame: pd.DataFrame, series: Sequence[str]) -> tuple[pd.DataFrame, bool]:
    """Return the labels of machines for the series of data, and whether one column is for all."""
    if set(series) <= set(frame.columns):
        return frame[list(series)], False
    if frame.shape[1] == 1:
        return frame, True
    # One column of labels: side by side it has the name of the machine alone.
    of = {name: [m for m in frame.columns if name.startswith(f"{m} ")] for name in series}
    if all(of.values()):
        return pd.DataFrame({name: frame[max(m, key=len)] for name, m in of.items()}), False
    match_names(file, list(frame.columns), series)
    return frame[list(series)], False


def _other_times_problems(index: pd.DatetimeIndex, data: Table) -> list[str]:
    """Name times of labels without data and of data without labels."""
    if index.equals(data.frame.index):
        return []
    problems = []
    data_index = pd.DatetimeIndex(data.frame.index)
    for missing, present, absent in (
        (data_index.difference(index), data.path, "the labels"),
        (index.difference(data_index), "the labels", data.path),
    ):
        if len(missing):
            examples = shortened([str(time) for time in missing[:SHOWN]], SHOWN, len(missing))
            problems.append(f"{len(missing):,} times of {present} are not in {absent}: {examples}")
    return problems
