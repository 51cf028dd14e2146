"""Times written as plain numbers: counts since 1970, and dates without separators.

The unit of a count is told by its size: between 1990 and 2200 a number of seconds is smaller than
any of milliseconds, and so on, and no date written as `20240304` or `202403041305` is among them.
Only ten digits, year to hour, are also seconds since 1970, of the years from 2030 on.
"""

import re
from typing import NamedTuple

import numpy as np

from dcvae._arrays import IntArray
from dcvae.data.times.layouts import HOUR, NOT_A_TIME, SECOND, added, days_from
from dcvae.data.times.shapes import Characters, number_at

# Seconds since 1970 of the years 1990 to 2200.
EPOCH_SECONDS = (631_152_000, 7_258_118_400)
UNITS = ("seconds", "milliseconds", "microseconds", "nanoseconds")  # each 1000 of the next
_SHEET_DAYS = (25_000, 80_000)  # days since 1900 of the years 1968 to 2119, as spreadsheets count

_NUMBER = re.compile("(?P<whole>0{1,19})(?:[.,](?P<part>0*))?(?:e[+]?(?P<power>0{1,2}))?")
_DATE_DIGITS = (8, 10, 12, 14)  # year to day, hour, minute, second
_YEARS = (1900, 2200)
_BILLION = 10**9


class Numbers(NamedTuple):
    """Numbers, exactly as written.

    Attributes:
        whole: (rows,) int64; -1 for a number that is too large.
        billionths: (rows,) int64, the part after the point, in 1e-9, cut off there.
        digits: (rows,) int64, how many digits a number without a point has; else 0.
    """

    whole: IntArray
    billionths: IntArray
    digits: IntArray


def is_number(shape: str) -> bool:
    """Tell whether a shape is that of a number without a sign."""
    return _NUMBER.fullmatch(shape) is not None


def numbers_of(shape: str, characters: Characters) -> Numbers:
    """Read numbers of one shape, such as `1709510400`, `1709510400.25` or `1.7095104e+09`.

    Args:
        shape: one that `is_number` knows.
        characters: (rows, width) the texts.

    Returns:
        (rows,) numbers.
    """
    found = _NUMBER.fullmatch(shape)
    places = [*range(*found.span("whole")), *range(*found.span("part"))] if found else []
    point = found.end("whole") if found else 0
    rows = len(characters)
    result = Numbers(*(np.zeros(rows, dtype=np.int64) for _ in Numbers._fields))
    powers = np.zeros(rows, dtype=np.int64)
    if found and found["power"]:
        powers = number_at(characters, found.span("power"))
    elif shape.isdigit():
        result.digits[:] = point
    for power in np.unique(powers) if powers.any() else (0,):
        members = np.flatnonzero(powers == power)
        written = characters[members]
        shift = point + int(power)
        result.whole[members] = _joined(written, places[:shift], shift)
        result.billionths[members] = _joined(written, places[shift : shift + 9], 9)
    return result


def as_counts(numbers: Numbers) -> tuple[IntArray, IntArray]:
    """Read counts since 1970.

    Returns:
        (rows,) int64 microseconds since 1970, rounded (nanoseconds are cut off), NOT_A_TIME where
        no unit fits, and (rows,) int64 the number of the unit in `UNITS`, -1 for none.
    """
    whole, billionths = numbers.whole, numbers.billionths
    units = np.full(len(whole), -1)
    times = np.full(len(whole), NOT_A_TIME)
    for unit in range(len(UNITS)):
        least, most = (bound * 1000**unit for bound in EPOCH_SECONDS)
        fits = (whole >= least) & (whole <= most)
        if not fits.any():
            continue
        units[fits] = unit
        if unit == 3:
            times[fits] = whole[fits] // 1000
        else:
            size = 1000 ** (2 - unit)  # microseconds
            part = (billionths[fits] * size + _BILLION // 2) // _BILLION
            times[fits] = whole[fits] * size + part
    return times, units


def as_dates(numbers: Numbers) -> IntArray:
    """Read dates without separators, from year and day to year and second.

    Returns:
        (rows,) int64 microseconds since 1970; NOT_A_TIME for all others.
    """
    times = np.full(len(numbers.whole), NOT_A_TIME)
    for digits in _DATE_DIGITS:
        least, most = (year * 10 ** (digits - 4) for year in (_YEARS[0], _YEARS[1] + 1))
        whole = numbers.whole
        members = np.flatnonzero((numbers.digits == digits) & (whole >= least) & (whole < most))
        if not len(members):
            continue
        left = whole[members] * 10 ** (14 - digits)
        fields = []
        for _ in range(5):
            left, field = np.divmod(left, 100)
            fields.append(field)
        second, minute, hour, day, month = fields
        within = minute * 60 * SECOND + second * SECOND
        exists = (minute < 60) & (second <= 60)
        exists &= (hour < 24) | ((hour == 24) & (within == 0))
        clock = np.where(exists, hour * HOUR + within, NOT_A_TIME)
        times[members] = added(days_from(left, month, day), clock)
    return times


def number_advice(numbers: Numbers) -> str:
    """Say what numbers that are no times probably are, and what to do; "" where that is unclear."""
    whole, digits = numbers.whole, numbers.digits
    if ((whole >= _SHEET_DAYS[0]) & (whole <= _SHEET_DAYS[1])).all():
        return (
            "numbers like these are days since 1900, as spreadsheets store dates; give the column "
            "a format of date and time there and save it again"
        )
    for length, words, form in ((4, "years", "2024-01-01"), (7, "days of a year", "2024-064")):
        year = whole // 10 ** (length - 4)
        if ((digits == length) & (year >= _YEARS[0]) & (year <= _YEARS[1])).all():
            return f"these may be {words} or just numbers; if they are dates, write `{form}`"
    return ""


def _joined(characters: Characters, places: list[int], width: int) -> IntArray:
    """Read the digits in some places as one whole number, with zeros up to a width."""
    if width > 19:
        return np.full(len(characters), -1)
    number = np.zeros(len(characters), dtype=np.uint64)  # holds any 19 digits
    for place in places:
        number = number * np.uint64(10) + (characters[:, place] - np.uint8(ord("0")))
    number *= np.uint64(10 ** (width - len(places)))
    most = np.uint64(np.iinfo(np.int64).max)
    return np.where(number > most, -1, np.minimum(number, most).astype(np.int64))
