"""Times of rows, read from a column and decided on all of its rows.

Times are always naive with a resolution of microseconds. Times with a UTC offset are converted to
UTC, and so are local times whose time zone is given, with a notice. In UTC no hour is missing in
spring and none is repeated in autumn.
"""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from dcvae._arrays import BoolArray, IntArray
from dcvae._text import SHOWN, shortened
from dcvae.data.files.messages import MISSING, RowPlaces, refuse, row_numbers
from dcvae.data.times.layouts import DAY, HOUR, NOT_A_TIME, ORDERS
from dcvae.data.times.numbers import UNITS, as_counts, as_dates, number_advice
from dcvae.data.times.parsing import Parsed, parse
from dcvae.data.times.shapes import LONGEST_TEXT
from dcvae.data.times.zones import local_to_utc, refuse_words, words_to_utc

_LARGEST_CLOCK_CHANGE = 2 * HOUR  # an hour nearly everywhere
_TIME_ADVICE = (
    "the first column must be the time, or `time_column` must name it: ISO 8601 such as "
    "`2021-01-31 13:05:00`, or seconds, milliseconds, microseconds or nanoseconds since 1970"
)
_FROM_OFFSET = "Its times carry a UTC offset and are converted to UTC."
_PLAIN = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[-+]\d\d:\d\d)?", re.ASCII)
_LOOKED_AT = 1000  # rows, spread over a file
_PRESENT = ("now", "today")  # as pandas takes them
_SHORTEST_DATE = 8  # characters
_CLOCK_ALONE = re.compile(
    r"\d\d?(:\d\d(:\d\d([.,]\d+)?)?|\.\d\d\.\d\d)( ?[ap]\.?m\.?)?", re.ASCII | re.IGNORECASE
)
_NO_YEAR = re.compile(r"([a-z]{3} +\d\d?|\d\d? +[a-z]{3}) \d\d?:\d\d(:\d\d.*)?", re.IGNORECASE)


class _Read(NamedTuple):
    """A column of texts as times.

    Attributes:
        times: (rows,) int64, microseconds since 1970, as written; in UTC if `is_utc`.
        is_utc: whether the times say themselves which instants they are.
        parsed: what was found in the texts; None where they count from 1970.
        notices: one sentence each.
    """

    times: IntArray
    is_utc: bool
    parsed: Parsed | None
    notices: list[str]


def read_times(
    cells: pd.Series, file: RowPlaces, time_zone: str | None
) -> tuple[pd.DatetimeIndex, list[str]]:
    """Convert the time column to naive times in microseconds.

    Args:
        cells: (rows,) text, or times as stored in Parquet. Its name, if it has one, is that of the
            column; else that of the file's first column is.
        file: the file that they are from, for messages.
        time_zone: IANA name of the zone of local times without UTC offset; None takes times as
            they are.

    Returns:
        (rows,) times, named as the column, and notices about a conversion to UTC and about what
        the texts were taken for.

    Raises:
        InputError: a cell is missing or no time, or it is unclear which time it is.
    """
    name = cells.name if isinstance(cells.name, str) and cells.name else file.names[0]
    is_time = pd.api.types.is_datetime64_any_dtype(cells)
    if not is_time:
        cells = cells.astype("str").str.strip()
        is_word = cells.isin((*MISSING, *_PRESENT))
        if is_word.any():
            cells = cells.mask(cells.isin(MISSING))
    missing = row_numbers(cells.isna())
    if missing:
        places = shortened(file.places(missing[:SHOWN]), SHOWN, len(missing))
        refuse(file.path, f"the time is missing in {places}; {_TIME_ADVICE}")
    notices: list[str] = []
    is_utc, parsed = False, None
    if not is_time:
        read = _read_text(cells, name, file, time_zone, may_be_plain=not is_word.any())
        times = pd.Series(read.times.astype("datetime64[us]"))
        is_utc, parsed, notices = read.is_utc, read.parsed, read.notices
    elif cells.dt.tz is not None:
        times = cells.dt.tz_convert("UTC").dt.tz_localize(None)
        is_utc, notices = True, [_FROM_OFFSET]
    else:
        times = cells
    if is_utc and time_zone:
        unused = "`time_zone` has no effect on them."
        notices.insert(1, unused if notices else f"Its times count from 1970 in UTC; {unused}")
    elif time_zone:
        times = times.dt.as_unit("us")
        if parsed and parsed.unclear_words:
            times = words_to_utc(times, parsed.words, parsed.word_numbers, time_zone, file)
        else:
            times = local_to_utc(times, time_zone, file)
        notices.append(f"Its times are those of {time_zone} (`time_zone`) and converted to UTC.")
    return pd.DatetimeIndex(times, name=name).as_unit("us"), notices


def reads_as_time(name: str) -> bool:
    """Tell whether a column name is a time, as it is if the header is missing.

    Args:
        name: of the first column.

    Returns:
        True for a time in any format that is read.
    """
    parsed = parse(pd.Series([name.strip()], dtype="str"))
    readings = [*parsed.readings.values(), as_counts(parsed.numbers)[0], as_dates(parsed.numbers)]
    return any(bool(reading[0] != NOT_A_TIME) for reading in readings)


def _read_text(
    text: pd.Series, name: str, file: RowPlaces, time_zone: str | None, *, may_be_plain: bool
) -> _Read:
    """Read texts, in the one way that fits all rows."""
    plain = _read_plain(text) if may_be_plain else None
    if plain is not None:
        is_utc = plain.dt.tz is not None
        times = pd.DatetimeIndex(plain).as_unit("us").asi8
        if not is_utc:
            _refuse_clock_of_twelve_hours(times, file)
        return _Read(times, is_utc, None, [_FROM_OFFSET] if is_utc else [])
    if any(cell[0] in "\"'" for cell in _spread(text)):
        text = text.str.strip("\"' ")
    parsed = parse(text)
    if 2 * np.count_nonzero(parsed.is_number) > len(text):
        counted = _read_counts(parsed, text, name, file)
        if counted:
            return counted
    notices = _add_dates_without_separators(parsed, text)
    _refuse_some_offsets(parsed, text, file)
    if parsed.unclear_words and not time_zone:
        refuse_words(parsed.unclear_words, name, file)
    is_utc = not parsed.unclear_words and bool(parsed.has_offset.any())
    if is_utc:
        notices.insert(0, _FROM_OFFSET)
        for times in parsed.readings.values():
            np.subtract(times, parsed.offsets, out=times, where=times != NOT_A_TIME)
    times = _in_one_order(parsed, text, name, file, time_zone)
    if parsed.short_years:
        row = parsed.short_years[0]
        notices.append(
            f"Its years have two digits: `{text.iloc[row]}` is taken for {_shown(times[row])}."
        )
    if not parsed.has_halves and not is_utc:
        _refuse_clock_of_twelve_hours(times, file)
    return _Read(times, is_utc, parsed, notices)


def _read_plain(text: pd.Series) -> pd.Series | None:
    """Read the form that nearly all files have, with pandas, which takes a third of the time.

    None where a row is of another form. Rows that nobody looked at may also be a year or a month
    alone, which pandas takes for the first day of it.
    """
    if not all(_PLAIN.fullmatch(cell) for cell in _spread(text)):
        return None
    try:
        times = pd.to_datetime(text, format="ISO8601", errors="coerce")
    except ValueError:  # raised in spite of `coerce`, for offsets that differ
        return None
    if times.isna().any():
        return None
    naive = times if times.dt.tz is None else times.dt.tz_localize(None)
    midnights = pd.DatetimeIndex(naive).as_unit("us").asi8 % DAY == 0
    if midnights.any() and text[midnights].str.len().min() < _SHORTEST_DATE:
        return None
    return times


def _spread(text: pd.Series) -> pd.Series:
    """Return some rows, spread over the column."""
    return text.iloc[np.linspace(0, len(text) - 1, min(len(text), _LOOKED_AT)).astype(np.int64)]


# --- Numbers ---------------------------------------------------------------------------------


def _read_counts(parsed: Parsed, text: pd.Series, name: str, file: RowPlaces) -> _Read | None:
    """Read counts since 1970; None if the numbers are rather dates without separators."""
    times, units = as_counts(parsed.numbers)
    is_date = as_dates(parsed.numbers) != NOT_A_TIME
    if 2 * np.count_nonzero(is_date) >= len(text):
        return None  # ten digits are seconds of the years from 2030 on, too
    present = np.unique(units[units >= 0])
    if len(present) > 1:
        rows = sorted(int(np.argmax(units == unit)) for unit in present)
        shown = zip(file.places(rows), text.iloc[rows], units[rows], strict=True)
        cells = [f"{place} holds `{cell}` ({UNITS[unit]})" for place, cell, unit in shown]
        refuse(
            file.path,
            f"the numbers in column `{name}` count from 1970 in different units: "
            f"{', '.join(cells)}; write all of them in one unit",
        )
    if (units < 0).any():
        _refuse_unreadable(units < 0, text, name, file, number_advice(parsed.numbers))
    return _Read(times, True, None, [])


def _add_dates_without_separators(parsed: Parsed, text: pd.Series) -> list[str]:
    """Put dates such as `20240304` into all readings; tell of ten digits, which may be seconds."""
    if not parsed.is_number.any():
        return []
    dates = as_dates(parsed.numbers)
    rows = np.flatnonzero(parsed.is_number & (dates != NOT_A_TIME))
    for times in parsed.readings.values():
        times[rows] = dates[rows]
    ten = rows[parsed.numbers.digits[rows] == 10]
    if not len(ten):
        return []
    row = int(ten[0])
    return [
        f"Its times of ten digits are taken for year, month, day and hour: `{text.iloc[row]}` for "
        f"{_shown(dates[row])}, not for seconds since 1970."
    ]


# --- Decisions on all rows -------------------------------------------------------------------


def _refuse_some_offsets(parsed: Parsed, text: pd.Series, file: RowPlaces) -> None:
    """Refuse a column in which some times say their UTC offset or zone and some do not."""
    marked, words = parsed.has_offset, "some times carry a UTC offset and some do not"
    if parsed.unclear_words:
        marked, words = parsed.word_numbers >= 0, "some times name a time zone and some do not"
    if not marked.any():
        return
    is_read = np.any([times != NOT_A_TIME for times in parsed.readings.values()], axis=0)
    if marked[is_read].all():
        return
    rows = sorted((int(np.argmax(marked)), int(np.argmax(is_read & ~marked))))
    both = zip(file.places(rows), text.iloc[rows], strict=True)
    cells = ", ".join(f"{place} holds `{cell}`" for place, cell in both)
    refuse(file.path, f"{words}: {cells}; write all of them one way")


def _in_one_order(
    parsed: Parsed, text: pd.Series, name: str, file: RowPlaces, time_zone: str | None
) -> IntArray:
    """Decide on all rows whether the day or the month stands first.

    A number above 12 decides, else the order in which time goes forward.
    """
    readings = parsed.readings
    complete = {order: times for order, times in readings.items() if (times != NOT_A_TIME).all()}
    if not complete:
        wrong = min((times == NOT_A_TIME for times in readings.values()), key=np.count_nonzero)
        _refuse_unreadable(wrong, text, name, file)
    complete = _without_leaps(complete)
    if len(complete) == 1:
        return next(iter(complete.values()))
    # Where no order goes forward all the time, as in a file of several devices, the one in which
    # time goes back less often is right, but for the hour that autumn repeats.
    back = -_LARGEST_CLOCK_CHANGE if time_zone else 0
    steps = {order: np.diff(times) for order, times in complete.items()}
    falls = {order: int(np.count_nonzero(step <= back)) for order, step in steps.items()}
    if min(falls.values()) > 0:
        falls = {order: int(np.count_nonzero(step < 0)) for order, step in steps.items()}
    best, *rivals = [order for order in complete if falls[order] == min(falls.values())]
    for rival in rivals:
        differs = complete[rival] != complete[best]
        if differs.any():  # `01/01/2026` does not
            row = int(np.argmax(differs))
            words = {order: word for word, order in ORDERS.items()}
            refuse(
                file.path,
                f"the times in column `{name}` are ambiguous: `{text.iloc[row]}` may be "
                f"{_shown(complete[best][row])} ({words[best]}) or "
                f"{_shown(complete[rival][row])} ({words[rival]}), and neither any number nor the "
                "order of the rows decides; write them as ISO 8601, such as `2021-01-31 13:05:00`",
            )
    return complete[best]


def _without_leaps(readings: dict[str, IntArray]) -> dict[str, IntArray]:
    """Leave out orders in which rows of one day lie a year from those of the next.

    In `13/02/24 23:55` and `14/02/24 00:00` the first number might be the year as well.
    """
    calm = {}
    for order, times in readings.items():
        steps = np.diff(times)
        if not len(steps) or steps.max() < 300 * DAY or np.median(steps) >= DAY:
            calm[order] = times
    return calm or readings


def _refuse_clock_of_twelve_hours(times: IntArray, file: RowPlaces) -> None:
    """Refuse times that go back by twelve hours less a step, and know no hour after 12."""
    steps = np.diff(times)
    back = np.flatnonzero(steps < 0)
    if not len(back) or (times % DAY // HOUR).max() > 12 or not (steps > 0).any():
        return
    usual = np.median(steps[steps > 0])
    same_day = times[back] // DAY == times[back + 1] // DAY
    if not (same_day & (np.abs(steps[back] + 12 * HOUR - usual) <= usual)).all():
        return
    row = int(back[0])
    before, after = file.places([row, row + 1])
    refuse(
        file.path,
        f"time goes backwards from {before}, {_shown(times[row])}, to {after}, "
        f"{_shown(times[row + 1])} ({len(back):,} times in all), each time by twelve hours less a "
        "step, and no hour is after 12: this is a clock of twelve hours without AM or PM. Write "
        "the times with AM and PM, or with hours from 0 to 23",
    )


def _refuse_unreadable(
    wrong: BoolArray, text: pd.Series, name: str, file: RowPlaces, advice: str = ""
) -> None:
    """Name the first cells that are no time, with the reason where the first of them shows it."""
    rows = row_numbers(wrong)
    first = text.iloc[rows[0]]
    if _CLOCK_ALONE.fullmatch(first):
        advice = "this is a clock without its date; name the columns of both in `time_column`"
    elif _NO_YEAR.fullmatch(first):
        advice = "the year is missing; write it with the date"
    shown = zip(file.places(rows[:SHOWN]), text.iloc[rows[:SHOWN]], strict=True)
    cells = [f"{place} holds `{_cut(cell)}`" for place, cell in shown]
    examples = shortened(cells, SHOWN, len(rows))
    refuse(
        file.path,
        f"column `{name}` is not a time everywhere: {examples}; {advice or _TIME_ADVICE}",
    )


def _cut(cell: str) -> str:
    return cell if len(cell) <= LONGEST_TEXT else cell[:LONGEST_TEXT] + "..."


def _shown(microseconds: int | np.int64) -> str:
    return str(pd.Timestamp(int(microseconds), unit="us"))
