"""Tables from arrays and DataFrames.

A DataFrame keeps its times, wherever they are (`frames`), under the rules of `times`: strictly
increasing, converted to UTC where they have a time zone. Rows without times, those of an array for
one, get times that are one sampling step apart, from `FIRST_TIME` on. The series of an array are
named x0, x1 and so on.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TypeAlias

import numpy as np
import pandas as pd

from dcvae._arrays import AnyFloatArray, Float64Array
from dcvae._text import all_quoted
from dcvae.data.frames import NAME, timed_rows
from dcvae.data.tables import Table, describe_table
from dcvae.data.times.reading import reads_as_time
from dcvae.data.times.steps import resolution_notice
from dcvae.errors import InputError

Rows: TypeAlias = "pd.DataFrame | AnyFloatArray | Sequence[Sequence[float]]"

FIRST_TIME = pd.Timestamp("2000-01-01")
MADE_UP_STEP = pd.Timedelta(minutes=1)


def table_from_array(
    values: Float64Array,
    given: object,
    series: Sequence[str],
    step: pd.Timedelta = MADE_UP_STEP,
) -> Table:
    """Make a table of checked values, with the times of the object that they came from.

    Args:
        values: (rows, series) float64, data units, NaN where missing.
        given: the object that they came from; if it is a DataFrame with times, in its index or in a
            column that is none of the series, they are used.
        series: names of the columns.
        step: from a row to the next if there are no times, a minute by default.

    Returns:
        The table, with notices about missing cells, constant series and uneven steps.

    Raises:
        InputError: times are missing, repeat or go backwards, or as `timed_rows`.

    Examples:
        >>> import numpy as np
        >>> from dcvae.data import table_from_array
        >>> values = np.array([[1.0], [np.nan], [3.0], [5.0]])
        >>> table = table_from_array(values, values, ["flow"])
        >>> table.frame.index[1]
        Timestamp('2000-01-01 00:01:00')
        >>> table.notices
        ['Cells are missing in 1 of 1 series: `flow` 1 (25.00%).']
    """
    index = pd.date_range(FIRST_TIME, periods=len(values), freq=step, unit="us")
    index.name = "time"
    given, notices = timed_rows(given, series)
    if isinstance(given, pd.DataFrame) and isinstance(given.index, pd.DatetimeIndex):
        index, told = _checked_times(given.index)
        notices = notices + told
    frame = pd.DataFrame(values, index, pd.Index(series))
    return Table(Path(NAME), frame, notices + describe_table(frame) + resolution_notice(index))


def series_names(given: object, num_series: int) -> list[str]:
    """Return the names of a DataFrame's columns; x0, x1, ... for arrays, as in scikit-learn.

    Args:
        given: a DataFrame or anything else.
        num_series: number of its columns.

    Returns:
        One name per column.

    Examples:
        >>> import pandas as pd
        >>> from dcvae.data import series_names
        >>> series_names(pd.DataFrame({"flow": [1.0], "level": [2.0]}), 2)
        ['flow', 'level']
        >>> series_names([[1.0, 2.0]], 2)
        ['x0', 'x1']
    """
    if isinstance(given, pd.DataFrame):
        return [str(name) for name in given.columns]
    return [f"x{column}" for column in range(num_series)]


def columns_in_order(given: object, series: Sequence[str]) -> object:
    """Select the columns of a DataFrame in the order of a trained model, by their names.

    An array has no names, so its columns are taken in the order that they have.

    Args:
        given: a DataFrame or anything else.
        series: names of the model's series, in its order.

    Returns:
        A DataFrame with these columns alone; anything else than a DataFrame as it is.

    Raises:
        InputError: a series is missing, or a name repeats.

    Examples:
        >>> import pandas as pd
        >>> from dcvae.data import columns_in_order
        >>> given = pd.DataFrame({"level": [2.0], "note": [0.0], "flow": [1.0]})
        >>> list(columns_in_order(given, ["flow", "level"]).columns)
        ['flow', 'level']
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
            f"among the columns of {NAME}: {all_quoted(lacking[:5])}. Give them under the same "
            "names, in any order, or an array with the columns in the order of the fit."
        )
    return given.set_axis(names, axis=1)[list(series)]


def refuse_words(given: object) -> None:
    """Refuse a DataFrame with a column of words, times or durations, by its name.

    Args:
        given: a DataFrame or anything else, which is passed over.

    Raises:
        InputError: a column holds anything but numbers.

    Examples:
        >>> import pandas as pd
        >>> from dcvae.data import refuse_words
        >>> refuse_words(pd.DataFrame({"flow": [1.0, 2.0]}))
        >>> refuse_words(pd.DataFrame({"flow": [1.0], "host": ["web1"]}))
        Traceback (most recent call last):
        dcvae.errors.InputError: The column `host` of X holds words such as `web1`, where ...
    """
    if not isinstance(given, pd.DataFrame):
        return
    for name, column in given.items():
        if pd.api.types.is_timedelta64_dtype(column.dtype):
            raise InputError(
                f"The column `{name}` of {NAME} holds durations, where a series is numbers: give "
                "it in seconds (pandas' dt.total_seconds), or drop it."
            )
        if pd.api.types.is_datetime64_any_dtype(column.dtype):
            _refuse_times(name, column)
        if not (pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column)):
            continue
        words = column[pd.to_numeric(column, errors="coerce").isna() & column.notna()]
        if len(words):
            if reads_as_time(str(words.iloc[0])):
                _refuse_times(name, words)
            raise InputError(
                f"The column `{name}` of {NAME} holds words such as `{words.iloc[0]}`, where a "
                "series is numbers: drop it, or give the rows of each machine in columns of their "
                "own (pandas' pivot)."
            )


def _refuse_times(name: object, column: pd.Series) -> NoReturn:
    raise InputError(
        f"The column `{name}` of {NAME} holds times such as `{column.iloc[0]}`, where a series is "
        f'numbers: make it the index if it is the time of the rows (X.set_index("{name}")), or '
        "drop it."
    )


def _checked_times(times: pd.DatetimeIndex) -> tuple[pd.DatetimeIndex, list[str]]:
    """Return naive times in UTC, in microseconds, and the notices about them."""
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
            f"row {row} after {times[row - 1]} ({len(back):,} such rows): sort the rows by time, "
            "and give each a time of its own; rows of several machines belong in columns of their "
            "own (pandas' pivot)."
        )
    return times, notices
