"""From what Python holds, an array or a DataFrame, to a table like those that are read from files.

A DataFrame with a DatetimeIndex keeps its times, under the rules of `tables`: strictly increasing,
converted to UTC where they have a time zone. Rows without times, those of an array or of any other
index, are given some: one sampling step apart, from `FIRST_TIME` on. Series of an array are called
x0, x1 and so on.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae.data.tables import Table, describe_table
from dcvae.errors import InputError

Rows: TypeAlias = "pd.DataFrame | NDArray[np.floating] | Sequence[Sequence[float]]"

NAME = "X"  # in messages, in place of a file's
FIRST_TIME = pd.Timestamp("2000-01-01")
MADE_UP_STEP = pd.Timedelta(minutes=1)


def table_of(
    values: NDArray[np.float64], given: object, series: Sequence[str], step: pd.Timedelta
) -> Table:
    """Make a table of checked numbers, with the times of what they came from.

    Args:
        values: (rows, series) float64, data units, NaN where missing.
        given: what they came from: the times of a DataFrame are used if it has some.
        series: names of the columns.
        step: from a row to the next if there are no times.

    Raises:
        InputError: times are missing, repeat or go backwards.
    """
    index = pd.date_range(FIRST_TIME, periods=len(values), freq=step, unit="us")
    index.name = "time"
    notices: list[str] = []
    if isinstance(given, pd.DataFrame) and isinstance(given.index, pd.DatetimeIndex):
        index, notices = _checked_times(given.index)
    frame = pd.DataFrame(values, index, pd.Index(series))
    return Table(Path(NAME), frame, notices + describe_table(frame))


def series_names(given: object, num_series: int) -> list[str]:
    """Name the columns: as a DataFrame does, or x0, x1, ... as scikit-learn does for arrays."""
    if isinstance(given, pd.DataFrame):
        return [str(name) for name in given.columns]
    return [f"x{column}" for column in range(num_series)]


def in_order_of(given: object, series: Sequence[str]) -> object:
    """Bring the columns of a DataFrame into the order of a trained model, by their names.

    Anything else is returned as it is: an array has no names, its columns are taken in order.

    Raises:
        InputError: a series is missing, or a name repeats.
    """
    if not isinstance(given, pd.DataFrame):
        return given
    names = [str(column) for column in given.columns]
    repeated = sorted({column for column in names if names.count(column) > 1})
    if repeated:
        raise InputError(
            f"Expected every column of {NAME} once. Received several called `{repeated[0]}`: "
            "rename or drop them."
        )
    lacking = [column for column in series if column not in names]
    if lacking:
        raise InputError(
            f"{len(lacking)} of the {len(series)} series that the detector was fitted on are not "
            f"among the columns of {NAME}: `{'`, `'.join(lacking[:5])}`. Give them under the same "
            "names, in any order, or an array with the columns in the order of the fit."
        )
    return given.set_axis(names, axis=1)[list(series)]


def _checked_times(times: pd.DatetimeIndex) -> tuple[pd.DatetimeIndex, list[str]]:
    """Return naive times in UTC and microseconds, and what to tell about them."""
    notices = []
    if times.tz is not None:
        times = times.tz_convert("UTC").tz_localize(None)
        notices.append("Its times carry a time zone and are converted to UTC.")
    if times.hasnans:
        row = int(np.flatnonzero(times.isna())[0])
        raise InputError(f"Expected a time for every row of {NAME}. Received none in row {row}.")
    times = times.as_unit("us").rename(times.name or "time")
    back = np.flatnonzero(np.diff(times.asi8) <= 0)
    if len(back):
        row = int(back[0]) + 1
        raise InputError(
            f"Expected the times of {NAME} to increase from row to row. Received {times[row]} in "
            f"row {row} after {times[row - 1]} ({len(back):,} such rows): sort the rows by time "
            "and keep one row a time."
        )
    return times, notices
