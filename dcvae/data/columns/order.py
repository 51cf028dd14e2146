"""Order of rows: times that repeat or go backwards, with the likely cause found by looking."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dcvae._text import SHOWN, quoted, shortened
from dcvae.data.columns.taking_turns import entity_columns, entity_pair
from dcvae.data.files.messages import RowPlaces, row_numbers
from dcvae.data.times.steps import steps_between

_MANY = 0.3  # of the times repeated: not a mistake here and there, but the way of the file
_FEW = 10


def order_problems(
    index: pd.DatetimeIndex,
    file: RowPlaces,
    columns: pd.DataFrame,
    time_zone: str | None,
    time_columns: Sequence[str] = (),
) -> list[str]:
    """Name times that repeat, and the first that goes backwards, with the likely cause.

    Args:
        index: (rows,) times.
        file: the file that they are from.
        columns: (rows, columns) text or numbers of all other columns.
        time_zone: zone by which the times were converted to UTC; None if they were not.
        time_columns: names of the columns that the time is from.

    Returns:
        Sentences for `refuse`; none if times strictly increase.
    """
    if index.is_monotonic_increasing and index.is_unique:
        return []
    repeats = row_numbers(index.duplicated())
    backwards = row_numbers(steps_between(index) < 0)
    found = _first_places(index, file, repeats, backwards)
    part = _part_of_day(columns, index)
    if part and time_columns:
        name, periods = part
        if periods == 24:
            joined = ", ".join(f'"{column}"' for column in (*time_columns, name))
            return [
                f"{found}: the column `{name}` seems to be the hour; join it to the time, as in "
                f'`"time_column": [{joined}]`'
            ]
        return [
            f"{found}: the column `{name}` seems to number the {periods} periods of a day; write "
            "the time at which each begins into the column of the time"
        ]
    entities = entity_columns(columns, index)[:1] or entity_pair(columns, index)
    if entities:
        values = list(dict.fromkeys(columns[entities[0]].map(_as_word)))
        told = shortened(quoted(values), SHOWN)
        named = " and ".join(quoted(entities))
        key = f'"{entities[0]}"' if len(entities) == 1 else '["' + '", "'.join(entities) + '"]'
        return [
            f"{found}: the rows of {len(values):,} machines or metrics stand below each other, "
            f"told apart by the column {named} ({told}). Name it in the settings, as in "
            f'`"by": {key}`; every one becomes series of its own, or `entity` chooses one'
        ]
    clock = "; if the clocks were set back here, write the times in UTC or with their offset "
    clock += "instead, or name their zone in `time_zone`"
    clock = "" if time_zone else clock
    if repeats and not backwards:
        copies = columns.assign(_time=index.to_numpy()).duplicated().to_numpy()
        if copies[repeats].all():
            advice = "these rows are copies, cell by cell, of rows before them: remove the copies"
        elif len(repeats) > max(_MANY * len(index), _FEW):
            each = len(index) / index.nunique()
            advice = (
                f"every time stands about {each:.0f} times, as where the clock has lost its "
                "seconds or minutes: write them, or, if several machines stand below each other, "
                "name the column that tells them apart in `by`"
            )
        else:
            advice = (
                "give each row its own time; if they are rows of several machines, name the column "
                "that tells them apart in `by`"
            )
        return [f"{found}; {advice}{clock}"]
    return [f"{found}; sort the rows by time{clock}"]


def _first_places(
    index: pd.DatetimeIndex, file: RowPlaces, repeats: Sequence[int], backwards: Sequence[int]
) -> str:
    """Say which rows are the first to repeat a time and to go backwards."""
    parts = []
    if repeats:
        earlier = int(np.flatnonzero(index == index[repeats[0]])[0])
        first, second = file.places([earlier, repeats[0]])
        parts.append(
            f"{first} and {second} have the same time, {index[earlier]} ({len(repeats):,} repeated "
            "in all)"
        )
    if backwards:
        row = backwards[0]
        before, after = file.places([row, row + 1])
        parts.append(
            f"time goes backwards from {before}, {index[row]}, to {after}, {index[row + 1]} "
            f"({_times(len(backwards))} in all)"
        )
    return "; ".join(parts)


def _part_of_day(columns: pd.DataFrame, index: pd.DatetimeIndex) -> tuple[str, int] | None:
    """Return the column that numbers the hours, halves or quarters of hours of each day."""
    if not (index == index.normalize()).all():
        return None
    for name in columns:
        numbers = pd.to_numeric(columns[name], errors="coerce").to_numpy(dtype="float64")
        if np.isnan(numbers).any():
            continue
        for periods in (24, 48, 96):
            values = np.unique(numbers)
            is_whole = len(values) == periods and values[0] in (0, 1)
            if is_whole and (np.diff(values) == 1).all():
                return str(name), periods
    return None


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _as_word(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
