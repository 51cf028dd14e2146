"""Forms of dates and clocks: where in a text of a given shape each number stands, and its time.

The forms are those of ISO 8601 (extended, basic, week and ordinal dates), three numbers in any
usual order, and names of months, each with or without a clock, AM or PM, and a UTC offset or the
word of a time zone.
"""

import functools
import re
from dataclasses import dataclass

import numpy as np

from dcvae._arrays import BoolArray, IntArray
from dcvae.data.times.shapes import Characters, number_at

NOT_A_TIME = np.iinfo(np.int64).min  # what NaT is in NumPy
SECOND = 1_000_000  # microseconds
HOUR = 3600 * SECOND
DAY = 24 * HOUR
# Orders of three numbers; a form that says itself what is the day has the same time in each.
ORDERS = {"day first": "dmy", "month first": "mdy", "year first": "ymd"}
UTC_WORDS = ("z", "utc", "gmt")

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    "(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_WEEKDAY = (
    r"(?:(?:mon|tue(?:s)?|wed(?:nes)?|thu(?:r)?(?:s)?|fri|sat(?:ur)?|sun)(?:day)?(?:, *|\. *| +))?"
)
_TH = "(?:st|nd|rd|th)?"
_DATES = {
    "iso": r"(?P<year>0000)(?P<dash>[-/.])(?P<month>00?)(?P=dash)(?P<day>00?)",
    "basic": "(?P<year>0000)(?P<month>00)(?P<day>00)",
    "numbers": r"(?P<one>00?)(?P<dash>[-/.])(?P<two>00?)(?P=dash)(?P<last>0000|00)",
    "named": rf"(?P<day>00?){_TH}[-/. ]*{_MONTH}[-/., ]*(?P<year>0000|00)",
    "american": rf"{_MONTH}[-. ]*(?P<day>00?){_TH}(?:, *| +|-)(?P<year>0000)",
    "year and name": rf"(?P<year>0000)[-/. ]?{_MONTH}[-/. ]?(?P<day>00?)",
    "week": "(?P<year>0000)-?w(?P<week>00)(?:-?(?P<weekday>0))?",
    "ordinal": "(?P<year>0000)-?(?P<ordinal>000)",
}
_CLOCK = (
    # A decimal comma put in by a program turns 12.00.00 into 12,00.00.
    r"(?P<hour>00?)(?:(?P<colon>[:.]?|,(?=00\.00))(?P<minute>00)"
    r"(?:(?:(?P=colon)|(?<=,00)\.)(?P<second>00)(?:[.,:](?P<fraction>0+))?)?)?"
    r"(?: ?(?P<half>[ap])\.? ?m\.?)?"
)
_ZONE = (
    "(?: ?(?:(?:utc|gmt)? ?(?P<sign>[-+])(?P<zone_hour>00)(?::?(?P<zone_minute>00))?"
    r"(?: ?\([a-z ]+\)| [a-z]{2,5}|\[[a-z_/]+\])?|(?P<word>z|[a-z]{2,5})))?"
)
# With two digits for the year, `13.05.00 04.03.24` might be a date and a clock either way round.
_WITH_CENTURY = {name: date.replace("0000|00", "0000") for name, date in _DATES.items()}
_BETWEEN = "(?: *t *| *@ *| +at +|,? +|_)"
_FORMS = [
    *(
        re.compile(f"{_WEEKDAY}{date}(?:{_BETWEEN}{_CLOCK}{_ZONE})?", re.ASCII)
        for date in _DATES.values()
    ),
    re.compile("(?P<year>0000)-(?P<month>00)", re.ASCII),
    # 04/Mar/2024:13:05:00 +0100, as web servers write
    re.compile(f"{_WITH_CENTURY['named']}:{_CLOCK}{_ZONE}", re.ASCII),
    # Mon Mar  4 13:05:00 CET 2024, as ctime and date write
    re.compile(f"{_WEEKDAY}{_MONTH} +(?P<day>00?) {_CLOCK}{_ZONE} (?P<year>0000)", re.ASCII),
    *(
        re.compile(f"{_CLOCK}{_ZONE},? +{_WEEKDAY}{_WITH_CENTURY[date]}", re.ASCII)
        for date in ("iso", "numbers", "named", "american")
    ),
]


@dataclass(frozen=True)
class Layout:
    """Where in the texts of one shape the numbers stand, and what its letters say.

    Attributes:
        spans: place of each number: its first character and the one after its last.
        month: 1 to 12 where the month is named; 0 where it is a number.
        half: `a` for AM, `p` for PM, "" for a clock of 24 hours.
        word: of the time zone, in lower case, such as `cet`; "" for none.
        sign: of the UTC offset; 0 for none.
        dash: what stands between three numbers.
    """

    spans: dict[str, tuple[int, int]]
    month: int = 0
    half: str = ""
    word: str = ""
    sign: int = 0
    dash: str = ""

    @property
    def has_order(self) -> bool:
        """Whether it is open which of three numbers is the day."""
        return "one" in self.spans

    @property
    def has_short_year(self) -> bool:
        """Whether the year has two digits."""
        start, stop = self.spans.get("year", self.spans.get("last", (0, 4)))
        return stop - start == 2


@functools.lru_cache(maxsize=10_000)
def layout_of(shape: str) -> Layout | None:
    """Take a shape apart.

    Args:
        shape: a text in lower case, its digits written as 0.

    Returns:
        Its layout; None if it is no form of a time.
    """
    for form in _FORMS:
        found = form.fullmatch(shape)
        if found:
            break
    else:
        return None
    words = {key: value or "" for key, value in found.groupdict().items()}
    spans = {key: found.span(key) for key, value in words.items() if value.startswith("0")}
    bare_clock = "minute" in spans and not words.get("colon")
    if bare_clock and len(words["hour"]) == 1:
        return None  # 905 may be five past nine, but 30 would be hour 30
    if words.get("sign") and "minute" not in spans:
        return None  # `01-02` is rather from one o'clock to two
    return Layout(
        spans,
        month=_MONTHS.index(words["name"][:3]) + 1 if words.get("name") else 0,
        half=words.get("half", ""),
        word=words.get("word", ""),
        sign={"+": 1, "-": -1}.get(words.get("sign", ""), 0),
        dash=words.get("dash", ""),
    )


def days_of(layout: Layout, characters: Characters, order: str) -> IntArray:
    """Read dates.

    Args:
        layout: of the shape.
        characters: (rows, width) the texts.
        order: `dmy`, `mdy` or `ymd`, of three numbers whose order is open.

    Returns:
        (rows,) int64, days since 1970; NOT_A_TIME where there is no such day.
    """
    number = {key: number_at(characters, span) for key, span in layout.spans.items()}
    if layout.has_order:
        first, second, third = number["one"], number["two"], number["last"]
        if order == "ymd":
            written_so = layout.has_short_year and layout.dash != "." and _width(layout, "one") == 2
            day, month, year = third, second, first
        else:
            written_so = order == "dmy" or layout.dash != "."  # nobody writes 12.31.2024
            day, month = (first, second) if order == "dmy" else (second, first)
            year = third
        if not written_so:
            return np.full(len(characters), NOT_A_TIME)
    else:
        year = number["year"]
        month = number.get("month", np.full_like(year, layout.month or 1))
        day = number.get("day", np.ones_like(year))
    if layout.has_short_year:
        year = year + np.where(year < 69, 2000, 1900)
    if "week" in number:
        return _week_day(year, number["week"], number.get("weekday", np.ones_like(year)))
    if "ordinal" in number:
        return _ordinal_day(year, number["ordinal"])
    return days_from(year, month, day)


def clock_of(layout: Layout, characters: Characters) -> IntArray:
    """Read clocks: 24:00 is the end of the day, and second 60 the first of the next minute.

    Returns:
        (rows,) int64, microseconds since midnight, 0 without a clock; NOT_A_TIME where there is no
        such time.
    """
    if "hour" not in layout.spans:
        return np.zeros(len(characters), dtype=np.int64)
    hour, minute, second = (
        number_at(characters, layout.spans.get(key, (0, 0))) for key in ("hour", "minute", "second")
    )
    start, stop = layout.spans.get("fraction", (0, 0))
    digits = min(stop - start, 6)  # finer than a microsecond is left out
    fraction = number_at(characters, (start, start + digits)) * 10 ** (6 - digits)
    within = minute * 60 * SECOND + second * SECOND + fraction
    if layout.half:
        exists = hour <= 12
        hour = hour % 12 + (12 if layout.half == "p" else 0)
    else:
        exists = (hour < 24) | ((hour == 24) & (within == 0))
    exists &= (minute < 60) & (second <= 60)
    return np.where(exists, hour * HOUR + within, NOT_A_TIME)


def offset_of(layout: Layout, characters: Characters) -> IntArray:
    """Read UTC offsets of a layout that has one.

    Returns:
        (rows,) int64, microseconds, 0 for the word UTC; NOT_A_TIME where no zone has such an
        offset.
    """
    if not layout.sign:
        return np.zeros(len(characters), dtype=np.int64)
    hours = number_at(characters, layout.spans["zone_hour"])
    minutes = number_at(characters, layout.spans.get("zone_minute", (0, 0)))
    offset = layout.sign * (hours * 60 + minutes)
    exists = (offset >= -12 * 60) & (offset <= 14 * 60) & (minutes < 60)
    return np.where(exists, offset * 60 * SECOND, NOT_A_TIME)


def days_from(year: IntArray, month: IntArray, day: IntArray) -> IntArray:
    """Return (rows,) int64, days since 1970 of dates; NOT_A_TIME where there is no such day."""
    months = (year - 1970) * 12 + month - 1
    start = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    end = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    days = start + day - 1
    exists = (month >= 1) & (month <= 12) & (day >= 1) & (days < end) & (year >= 1)
    return np.where(exists, days, NOT_A_TIME)


def added(days: IntArray, clock: IntArray) -> IntArray:
    """Return (rows,) int64, microseconds since 1970 of dates and clocks; NOT_A_TIME is kept."""
    exists: BoolArray = (days != NOT_A_TIME) & (clock != NOT_A_TIME)
    return np.where(exists, np.where(exists, days, 0) * DAY + clock, NOT_A_TIME)


def _week_day(year: IntArray, week: IntArray, weekday: IntArray) -> IntArray:
    """Return days since 1970 of ISO weeks: the first is that of 4 January, and starts on Monday."""
    ones = np.ones_like(year)
    fourth = days_from(year, ones, 4 * ones)
    monday = fourth - (fourth + 3) % 7  # day 0, 1 January 1970, was a Thursday
    days = monday + (week - 1) * 7 + weekday - 1
    thursday = monday + (week - 1) * 7 + 3  # lies in the year that the week is counted in
    exists = (week >= 1) & (weekday >= 1) & (weekday <= 7) & (fourth != NOT_A_TIME)
    return np.where(exists & (thursday < days_from(year + 1, ones, ones)), days, NOT_A_TIME)


def _ordinal_day(year: IntArray, number: IntArray) -> IntArray:
    """Return days since 1970 of the numbered days of years."""
    ones = np.ones_like(year)
    days = days_from(year, ones, ones) + number - 1
    exists = (number >= 1) & (days < days_from(year + 1, ones, ones)) & (year >= 1)
    return np.where(exists, days, NOT_A_TIME)


def _width(layout: Layout, key: str) -> int:
    start, stop = layout.spans[key]
    return stop - start
