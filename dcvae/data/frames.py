"""Times of DataFrames: in the index, or in a column that holds nothing else.

They are read by the rules of files (`times`). What an index or a column holds is told by looking at
some of its cells; from then on every cell must be a time. A frame in which nothing is a time has
none.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dcvae._text import SHOWN, all_quoted, quoted, shortened
from dcvae.data.columns.time_columns import joined_times, sounds_like_time
from dcvae.data.times.reading import read_times, reads_as_time
from dcvae.errors import InputError

NAME = "X"  # in messages, in place of a file's
_LOOKED_AT = 6  # cells of an index or a column that must all be times


class _Rows:
    """Rows of an index or a column, for messages; rows are counted from 0, as by pandas."""

    def __init__(self, cells: pd.Series) -> None:
        self.path, self.names = Path(NAME), [str(cells.name or "time")]
        self._cells = cells

    def places(self, rows: Sequence[int]) -> list[str]:
        return [f"row {row:,}" for row in rows]

    def texts(self, rows: Sequence[int]) -> list[list[str]]:
        return [[str(self._cells.iloc[row])] for row in rows]


def timed_rows(
    given: object, series: Collection[str] = (), time_columns: Sequence[str] = ()
) -> tuple[object, list[str]]:
    """Find the times of a DataFrame, and make them its index.

    They are in the index, or in a column: one of datetimes or of texts that are times, or the first
    one if it has the name of a time and counts from 1970.

    Args:
        given: a DataFrame, of pandas or anything with `to_pandas`; anything else is returned as it
            is.
        series: names of columns that are no times, whatever they hold.
        time_columns: names of the columns that the time is joined from; empty to look for it.

    Returns:
        The frame with a DatetimeIndex and without the column of the time; as it is if it has a
        DatetimeIndex or if nothing is a time. And notices of what was taken for the time.

    Raises:
        InputError: a cell is no time where others are, several columns might be the time, or the
            index has times in one of several levels, or durations.

    Examples:
        >>> import pandas as pd
        >>> from dcvae.data import timed_rows
        >>> given = pd.DataFrame({"time": ["2024-01-01 00:00", "2024-01-01 00:05"], "flow": 1.0})
        >>> rows, notices = timed_rows(given)
        >>> list(rows.columns), str(rows.index[1])
        (['flow'], '2024-01-01 00:05:00')
        >>> notices
        ['The time is taken from the column `time` of X: 2024-01-01 00:00:00 to ... 00:05:00.']
    """
    frame = _as_pandas(given)
    if not isinstance(frame, pd.DataFrame):
        return given, []
    names = [str(name) for name in frame.columns]
    if time_columns and set(time_columns) <= set(names):
        return _by_columns(frame, [names.index(name) for name in time_columns])
    index = frame.index
    if isinstance(index, pd.DatetimeIndex):
        return frame, []
    if isinstance(index, pd.PeriodIndex):
        told = f"The periods in the index of {NAME} are taken for the times at which they begin."
        return frame.set_axis(index.to_timestamp(), axis=0), [told]
    _refuse_index(index)
    if len(index) and _are_times(index.to_series(), allow_numbers=True):
        times, told_by_reader = _read(pd.Series(index, name=str(index.name or "index")))
        times = times.rename(index.name or "time")
        told = f"The index of {NAME} is read as times: {times[0]} to {times[-1]}."
        return frame.set_axis(times, axis=0), [told, *told_by_reader]
    if time_columns:
        raise InputError(
            f"`time_column` names {all_quoted(time_columns)}, but the columns of {NAME} are "
            f"{shortened(quoted(names))}, and its index holds no times."
        )
    place = _time_column(frame, names, series)
    return (frame, []) if place is None else _by_columns(frame, [place])


def _as_pandas(given: object) -> object:
    """Return a frame of another library as one of pandas."""
    convert = getattr(given, "to_pandas", None)
    if isinstance(given, pd.DataFrame | pd.Series | pd.Index) or not callable(convert):
        return given
    try:
        return convert()
    except ImportError as error:  # as of polars, which needs pyarrow for it
        raise InputError(
            f"{NAME} could not be made a pandas DataFrame ({error}). Give one, or an array."
        ) from error


def _refuse_index(index: pd.Index) -> None:
    """Refuse an index that has times which are not those of single rows."""
    if isinstance(index, pd.TimedeltaIndex):
        raise InputError(
            f"The index of {NAME} holds durations, such as {index[0]}; expected times. Add the "
            'time that they count from: X.index + pandas.Timestamp("2024-01-01").'
        )
    if not isinstance(index, pd.MultiIndex):
        return
    for number, name in enumerate(index.names):
        if _are_times(index.get_level_values(number).to_series()):
            raise InputError(
                f"The index of {NAME} has {index.nlevels} levels, of which "
                f"{f'`{name}`' if name else f'the {number + 1}.'} holds times; expected one level "
                "with a time for every row. Give the rows of each machine in columns of their own "
                "(pandas' unstack), or drop the other levels (droplevel)."
            )


def _time_column(frame: pd.DataFrame, names: list[str], series: Collection[str]) -> int | None:
    """Return the number of the column that holds the time, from 0; None if none does."""
    found = [
        place
        for place, name in enumerate(names)
        if name not in series
        and _are_times(frame.iloc[:, place], allow_numbers=place == 0 and sounds_like_time(name))
    ]
    if not found or found[0] == 0:
        return found[0] if found else None
    likely = [place for place in found if sounds_like_time(names[place])] or found
    if len(likely) > 1:
        several = shortened(quoted(names[place] for place in likely), SHOWN)
        raise InputError(
            f"The columns {several} of {NAME} hold times, and its index holds none. Make one the "
            f'index, as by X.set_index("{names[likely[0]]}"), and drop the others.'
        )
    return likely[0]


def _are_times(cells: pd.Series, *, allow_numbers: bool = False) -> bool:
    """Tell by some cells whether all are times; numbers may count from 1970 if they are allowed."""
    kind = cells.dtype
    if pd.api.types.is_datetime64_any_dtype(kind):
        return True
    is_number = pd.api.types.is_numeric_dtype(kind)
    if pd.api.types.is_bool_dtype(kind) or pd.api.types.is_timedelta64_dtype(kind):
        return False
    if is_number and not allow_numbers:
        return False
    known = cells.dropna()
    spread = np.linspace(0, len(known) - 1, min(len(known), _LOOKED_AT)).astype(int)
    texts = [_text(cell) for cell in known.iloc[spread]]
    if not all(reads_as_time(text) for text in texts):
        return False
    are_counts = all(text.replace(".", "", 1).isdigit() for text in texts)
    return bool(texts) and (allow_numbers or not are_counts)


def _text(cell: Any) -> str:
    """Write a cell as a file would have it: whole numbers without a point."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _read(cells: pd.Series) -> tuple[pd.DatetimeIndex, list[str]]:
    if pd.api.types.is_float_dtype(cells.dtype):
        cells = cells.map(_text, na_action="ignore")
    return read_times(cells, _Rows(cells), None)


def _by_columns(frame: pd.DataFrame, places: list[int]) -> tuple[pd.DataFrame, list[str]]:
    """Read the time from columns, and return the frame without them, by it."""
    columns = frame.iloc[:, places].reset_index(drop=True)
    columns.columns = pd.Index([str(name) for name in columns.columns])
    times, told = _read(joined_times(columns))
    others = [place for place in range(frame.shape[1]) if place not in places]
    rest = frame.iloc[:, others].set_axis(times, axis=0)
    word = "columns" if len(places) > 1 else "column"
    named = all_quoted([str(name) for name in columns.columns])
    span = f"{times[0]} to {times[-1]}"
    return rest, [f"The time is taken from the {word} {named} of {NAME}: {span}.", *told]
