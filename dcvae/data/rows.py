"""Rows of a file in the order of time: one row a time, machines chosen or put side by side."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dcvae._arrays import IntArray
from dcvae.config import DataKeys
from dcvae.data.columns.long_form import chosen_rows, side_by_side, texts_of
from dcvae.data.columns.order import order_problems
from dcvae.data.columns.roles import Roles
from dcvae.data.columns.time_columns import joined_times
from dcvae.data.files.cells import CellRules, without_codes
from dcvae.data.files.messages import File, RowPlaces, describe_cells
from dcvae.data.files.selection import SelectedRows
from dcvae.data.times.reading import read_times
from dcvae.data.times.steps import steps_between
from dcvae.errors import InputError

_NEWEST_FIRST = 0.9  # share of steps back in a file that is written from its end


def read_rows(
    file: File, roles: Roles, wanted: Sequence[str], keys: DataKeys, labels: str = ""
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Read the rows of a file in the order of time, one row a time.

    Args:
        file: the file.
        roles: of its columns.
        wanted: names of the columns of numbers.
        keys: `time_zone`, `missing_values`, `by`, `entity` and `resample`.
        labels: what a cell of labels should be; "" for a table of values.

    Returns:
        (rows, series) float64 by time, notices, and problems of its times and cells.
    """
    words = tuple(code for code in keys.missing_values if isinstance(code, str))
    rules = CellRules(labels or "a number or empty", words)
    texts, frame = file.read([*roles.times, *roles.by], wanted, rules)
    cells = joined_times(texts[list(roles.times)])
    rows, notices = _filled_rows(cells, frame)
    here: RowPlaces = file
    if len(rows) < len(frame):
        here = SelectedRows(file, rows)
        cells, frame, texts = cells.iloc[rows], frame.iloc[rows], texts.iloc[rows]
    names = texts_of(texts[list(roles.by)], here)
    times, told = _times_of(cells.reset_index(drop=True), here, names, keys.time_zone)
    notices += told
    problems = []
    if labels:
        problems += describe_cells(~frame.isin([0.0, 1.0]).to_numpy(), wanted, here, labels)
    else:
        problems += _endless_problems(frame, here)
        frame = without_codes(frame, keys.missing_values)
    if roles.by:
        chosen = chosen_rows(here, names, keys.entity)
        rows, frame, times = rows[chosen], frame.iloc[chosen], times[chosen]
        here = SelectedRows(file, rows)
        kept = list(roles.by if keys.entity is None else roles.by[1:])
        if kept:
            if problems:  # which come first
                return frame.set_axis(times, axis=0), notices, problems
            may_differ = keys.resample is not None
            names = names[kept].iloc[chosen]
            wide, told = side_by_side(here, times, names, frame, may_differ=may_differ)
            return wide, notices + told, []
    if len(times) > 2 and (steps_between(times) < 0).mean() > _NEWEST_FIRST:
        frame, times, rows = frame.iloc[::-1], times[::-1], rows[::-1]
        here = SelectedRows(file, rows)
        notices.append("Its newest row stands first; it is read from the last row on.")
    if not (times.is_monotonic_increasing and times.is_unique):
        # Machines may be told apart by a column that is no series.
        others = [name for name in file.names if name and name not in (*roles.times, *roles.by)]
        columns = file.read(others, [], rules)[0].iloc[rows]
        problems += order_problems(times, here, columns, keys.time_zone, roles.times)
    return frame.set_axis(times, axis=0), notices, problems


def _times_of(
    cells: pd.Series, file: RowPlaces, names: pd.DataFrame, time_zone: str | None
) -> tuple[pd.DatetimeIndex, list[str]]:
    """Read times; where the clocks go back, machine by machine and from the oldest row on.

    Which of two equal hours of autumn a time is of is told by the order of the rows, which is that
    of each machine, and backward in a file with its newest row first.
    """
    try:
        return read_times(cells, file, time_zone)
    except InputError:
        if time_zone is None:
            raise
        naive, _ = read_times(cells, file, None)
        codes = np.zeros(len(cells), dtype=int)
        if names.shape[1]:
            codes = pd.factorize(pd.MultiIndex.from_frame(names))[0]
        instants = np.zeros(len(cells), dtype=np.int64)
        for code in range(int(codes.max()) + 1):
            rows = np.flatnonzero(codes == code)
            if len(rows) > 2 and (steps_between(naive[rows]) < 0).mean() > _NEWEST_FIRST:
                rows = rows[::-1]
            part = cells.iloc[rows].reset_index(drop=True)
            times, told = read_times(part, SelectedRows(file, rows), time_zone)
            instants[rows] = times.as_unit("us").asi8
        index = pd.DatetimeIndex(instants.astype("datetime64[us]"), name=times.name)
        return index, told


def _filled_rows(cells: pd.Series, frame: pd.DataFrame) -> tuple[IntArray, list[str]]:
    """Return the rows that have anything in them, and a notice of those that have nothing."""
    timeless = np.flatnonzero(cells.isna() | (cells == ""))
    if not len(timeless) or frame.iloc[timeless].notna().to_numpy().any():
        return np.arange(len(cells)), []
    rows = np.delete(np.arange(len(cells)), timeless)
    if not len(rows):
        return np.arange(len(cells)), []
    return rows, [f"{len(timeless):,} rows without a time or a value are left out."]


def _endless_problems(frame: pd.DataFrame, file: RowPlaces) -> list[str]:
    """Name cells that are infinite, looking at all of them only if there are some."""
    if all(np.isfinite(np.nansum(column.to_numpy())) for _, column in frame.items()):
        return []
    names = [str(name) for name in frame.columns]
    return describe_cells(np.isinf(frame.to_numpy()), names, file, "a finite number or empty")
