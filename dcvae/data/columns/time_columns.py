"""Columns of the time: found by looking, and joined where the time stands in several.

The time is the first column. Where it is not, a column that holds nothing but times is taken in its
place, with a notice; a date with a clock or an hour beside it, and a year with a month and a day,
are joined. The key `time_column` names them where looking does not tell.
"""

import difflib
import re
from collections.abc import Sequence
from typing import NoReturn

import pandas as pd

from dcvae._text import SHOWN, all_quoted, quoted, shortened, words_of
from dcvae.data.files.messages import MISSING, File, refuse
from dcvae.data.times.reading import reads_as_time

_LOOKED_AT = 6  # different cells of a column that must all be times
_CLOCK = re.compile(r"\d{1,2}([:.,h])\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?")
_HOUR_NAMES = ("hour", "hr", "hrs", "he", "h", "stunde", "hora", "heure", "ora", "time", "clock")
_CLOCK_NAMES = ("time", "clock", "hour", "uhrzeit", "zeit", "hora", "heure", "ora")
_TIME_NAMES = ("time", "date", "stamp", "epoch", "clock", "datetime", "ts", "when", "zeit", "hora")
_PARTS = ("year", "month", "day", "hour", "minute", "second")
_NUMBER = re.compile(r"[+-]?\d+(?:\.0*)?")


def time_columns(file: File, look: pd.DataFrame, named: Sequence[str]) -> tuple[list[str], str]:
    """Return the columns that the time is joined from, in order, and a notice.

    Args:
        file: the file.
        look: rows of it as text, from `File.look`.
        named: value of the key `time_column`; empty to look for them.

    Returns:
        One or more names, and a sentence on what was decided; "" if it is the first column.

    Raises:
        InputError: a named column is missing, or no column holds times, or more than one might.
    """
    if named:
        return _named(file, named), ""
    names = [name for name in look.columns if name]
    if not names:
        refuse(file.path, "no column is left to be the time: `ignore` and `by` name all of them")
    first = names[0]
    parts = _parts(names)
    if parts and not _holds_times(look, first, is_first=True):
        return parts, f"The time is joined from the columns {all_quoted(parts)}."
    if look.empty or _holds_times(look, first, is_first=True):
        clock = _clock_beside(look, first)
        if clock is None:
            return [first], ""
        return [first, clock], f"The time is joined from the columns `{first}` and `{clock}`."
    others = [name for name in names[1:] if _holds_times(look, name)]
    likely = [name for name in others if sounds_like_time(name)] or others
    if len(likely) == 1:
        if clock := _clock_beside(look, likely[0]):
            return [likely[0], clock], (
                f"The time is joined from the columns `{likely[0]}` and `{clock}`."
            )
        return likely, (
            f"The time is taken from the column `{likely[0]}`, as the first, `{first}`, "
            f"{_what(look, first)}; `time_column` would name another."
        )
    if likely:
        refuse(
            file.path,
            f"the first column, `{first}`, {_what(look, first)}, and {len(likely)} others hold "
            f"times: {shortened(quoted(likely), SHOWN)}; name the time in the settings, as in "
            f'`"time_column": "{likely[0]}"`',
        )
    if not _mostly_times(look, first):
        _refuse_timeless(file, look, first)
    return [first], ""  # the reader of times refuses it, with the cells that are none


def _refuse_timeless(file: File, look: pd.DataFrame, first: str) -> NoReturn:
    refuse(
        file.path,
        f"no column holds the time of the rows: the first, `{first}`, {_what(look, first)}; "
        "expected times such as `2021-01-31 13:05:00` or seconds since 1970 in the first column, "
        "or in one that the key `time_column` names. If the rows were recorded one step apart "
        "without their times, add a column of times in front",
    )


def joined_times(columns: pd.DataFrame) -> pd.Series:
    """Join the columns of the time to one text a row.

    Args:
        columns: (rows, columns) text, or datetimes if it is one column.

    Returns:
        (rows,) the column itself if it is one; otherwise text: a date, a blank and a clock. An
        hour alone is a clock; numbers of year, month, day, hour, minute and second are written as
        ISO 8601.
    """
    if columns.shape[1] == 1:
        return columns.iloc[:, 0]
    parts = [_as_text(columns[name]) for name in columns]
    missing = pd.concat(parts, axis=1).isna().any(axis=1)
    are_numbers = [bool(part.dropna().str.fullmatch(_NUMBER).all()) for part in parts]
    whole = [
        part.str.replace(r"\.0*$", "", regex=True) if is_number else part
        for part, is_number in zip(parts, are_numbers, strict=True)
    ]
    first = whole[0].dropna()
    begins_with_year = are_numbers[0] and are_numbers[1] and bool((first.str.len() == 4).all())
    in_date = min(sum(are_numbers), 3) if begins_with_year else 1
    text = whole[0].str.replace(r"[ T]00:00(:00(\.0+)?)?$", "", regex=True)
    for part in whole[1:in_date]:
        text = text + "-" + part.str.zfill(2)
    if begins_with_year and in_date == 2:
        text = text + "-01"
    mark = " "
    for part, is_number in zip(whole[in_date:], are_numbers[in_date:], strict=True):
        text = text + mark + (_clock(part) if is_number else part)
        mark = ":" if is_number else " "
    if len(parts) == in_date + 1 and are_numbers[-1] and whole[-1].dropna().str.len().max() <= 2:
        text = text + ":00"  # an hour alone
    joined: pd.Series = text.mask(missing)
    return joined.rename("time")


def _clock(numbers: pd.Series) -> pd.Series:
    """Write hours or minutes with two digits, and clocks without marks, as 930, with colons."""
    longest = int(numbers.dropna().str.len().max())
    if longest <= 2:
        return numbers.str.zfill(2)
    width = 4 if longest <= 4 else 6
    padded = numbers.str.zfill(width)
    return padded.str.replace(r"(\d\d)(?=\d)", r"\1:", regex=True)


def _as_text(column: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column):
        days: pd.Series = column.dt.strftime("%Y-%m-%d")
        return days
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    text: pd.Series = column.astype("str").str.strip()
    return text.mask(text.isin(MISSING) | column.isna())


def _named(file: File, named: Sequence[str]) -> list[str]:
    lacking = [name for name in named if name not in file.names]
    if lacking:
        near = difflib.get_close_matches(lacking[0], file.names, n=1)
        hint = f" (is it `{near[0]}`?)" if near else ""
        refuse(
            file.path,
            f"`time_column` names `{lacking[0]}`{hint}, but the columns are "
            f"{shortened(quoted(file.names))}",
        )
    return list(named)


def _parts(names: Sequence[str]) -> list[str]:
    """Return the columns year, month, day and so on; empty without the first three."""
    plain = {name.strip().casefold(): name for name in reversed(names)}
    found = []
    for part in _PARTS:
        if part not in plain:
            break
        found.append(plain[part])
    return found if len(found) >= 3 else []


def _cells(look: pd.DataFrame, name: str) -> list[str]:
    """Return different cells of a column, of the whole file, without missing ones."""
    cells = look.loc[:, name]
    column = cells if isinstance(cells, pd.Series) else cells.iloc[:, 0]
    seen = [cell for cell in column.dropna().unique().tolist() if cell not in MISSING]
    step = max(len(seen) // _LOOKED_AT, 1)
    return seen[::step][:_LOOKED_AT]


def _holds_times(look: pd.DataFrame, name: str, *, is_first: bool = False) -> bool:
    """Tell whether a column holds times; bare numbers only where the name or place says so."""
    cells = _cells(look, name)
    if not cells or not all(reads_as_time(cell) for cell in cells):
        return False
    are_numbers = all(_NUMBER.fullmatch(cell) for cell in cells)
    return is_first or not are_numbers or sounds_like_time(name)


def _mostly_times(look: pd.DataFrame, name: str) -> bool:
    cells = _cells(look, name)
    return any(reads_as_time(cell) or re.match(r"\d+[-/:]\d|\d+\.\d+\.\d", cell) for cell in cells)


def sounds_like_time(name: str) -> bool:
    """Tell whether the name of a column is that of a time, in some languages."""
    words = words_of(name)
    return any(word.endswith(_TIME_NAMES) or word.startswith(("time", "date")) for word in words)


def _clock_beside(look: pd.DataFrame, date: str) -> str | None:
    """Return the column of clocks or hours beside a column of dates; None if there is none."""
    dates = look[date]
    if isinstance(dates, pd.DataFrame) or dates.duplicated().sum() == 0:
        return None
    if dates.str.contains(":", regex=False).any() or dates.str.len().max() > 12:
        return None
    for name in look.columns:
        column = look[name]
        if name == date or isinstance(column, pd.DataFrame):
            continue
        cells = [cell for cell in column.tolist() if cell not in MISSING]
        plain = name.strip().casefold()
        if not cells:
            continue
        clocks = [_CLOCK.fullmatch(cell) for cell in cells]
        if all(clocks) and (
            plain in _CLOCK_NAMES or any(match is not None and match[1] == ":" for match in clocks)
        ):
            return name
        is_hour = plain in _HOUR_NAMES or set(words_of(name)) & set(_HOUR_NAMES)
        if is_hour and all(_NUMBER.fullmatch(cell) for cell in cells):
            hours = [float(cell) for cell in cells]
            is_clock = plain in _CLOCK_NAMES and all(hour % 100 < 60 for hour in hours)
            if min(hours) >= 0 and (max(hours) <= 24 or (is_clock and max(hours) <= 2359)):
                return name
    return None


def _what(look: pd.DataFrame, name: str) -> str:
    """Say what a column that is no time holds."""
    cells = look[name]
    column = cells if isinstance(cells, pd.Series) else cells.iloc[:, 0]
    numbers = pd.to_numeric(column.iloc[:20], errors="coerce")
    if len(numbers) > 1 and numbers.notna().all() and (numbers.diff().iloc[1:] == 1).all():
        return f"counts rows ({', '.join(column.iloc[:3])}, …)"
    shown = [f"`{cell}`" for cell in column.iloc[:2] if cell]
    return f"holds {', '.join(shown)}" if shown else "is empty"
