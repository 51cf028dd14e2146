"""Forms of dates and clocks: against the standard library, day by day."""

import datetime

import numpy as np
import pandas as pd
import pytest

from dcvae.data.times.layouts import (
    HOUR,
    NOT_A_TIME,
    SECOND,
    clock_of,
    days_of,
    layout_of,
    offset_of,
)
from dcvae.data.times.shapes import groups_by_shape

EPOCH = datetime.date(1970, 1, 1)
EVERY_DAY = [datetime.date(1899, 12, 1) + datetime.timedelta(n) for n in range(0, 75_000, 7)]
SOME_YEARS = [datetime.date(2019, 12, 20) + datetime.timedelta(n) for n in range(1900)]


def read(function, texts, *arguments):
    """Apply a function to texts of any shapes."""
    result = np.zeros(len(texts), dtype=np.int64)
    for group in groups_by_shape(pd.Series(texts, dtype="str")):
        layout = layout_of(group.shape)
        assert layout, group.shape
        result[group.rows] = function(layout, group.characters, *arguments)
    return [None if number == NOT_A_TIME else number for number in result.tolist()]


@pytest.mark.parametrize(
    ("form", "order"),
    [
        ("%Y-%m-%d", ""),
        ("%Y/%m/%d", ""),
        ("%Y%m%dT00", ""),
        ("%d/%m/%Y", "dmy"),
        ("%m/%d/%Y", "mdy"),
        ("%d.%m.%Y", "dmy"),
        ("%d %b %Y", ""),
        ("%B %d, %Y", ""),
        ("%Y-%b-%d", ""),
        ("%G-W%V-%u", ""),
        ("%GW%V%u", ""),
        ("%Y-%j", ""),
    ],
)
def test_dates_are_those_of_the_standard_library(form, order):
    for days in (EVERY_DAY, SOME_YEARS):
        expected = [(day - EPOCH).days for day in days]
        assert read(days_of, [day.strftime(form) for day in days], order) == expected


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("04/03/24", "dmy", "2024-03-04"),
        ("04/03/24", "mdy", "2024-04-03"),
        ("24-03-04", "ymd", "2024-03-04"),
        ("04/03/68", "dmy", "2068-03-04"),
        ("04/03/69", "dmy", "1969-03-04"),
        ("4-Mar-24", "", "2024-03-04"),
        ("Monday, 4th of March 2024", "", None),
        ("Mon, 4th March 2024", "", "2024-03-04"),
        ("Mar. 4, 2024", "", "2024-03-04"),
        ("2024-W10", "", "2024-03-04"),
        ("2024-03", "", "2024-03-01"),
        ("2024-02-30", "", None),
        ("2023-02-29", "", None),
        ("2100-02-29", "", None),
        ("2024-13-01", "", None),
        ("2024-00-01", "", None),
        ("2024-01-00", "", None),
        ("0000-01-01", "", None),
        ("2024-W00-1", "", None),
        ("2024-W53-1", "", None),
        ("2020-W53-1", "", "2020-12-28"),
        ("2024-W10-8", "", None),
        ("2024-W10-0", "", None),
        ("2024-366", "", "2024-12-31"),
        ("2023-366", "", None),
        ("2024-000", "", None),
        ("31.12.2024", "mdy", None),  # no number of three with points starts with the month
        ("04.03.24", "ymd", None),
        ("4/3/24", "ymd", None),
        ("04/03/2024", "ymd", None),
    ],
)
def test_single_dates(text, order, expected):
    if layout_of("".join("0" if letter.isdigit() else letter.lower() for letter in text)) is None:
        assert expected is None
        return
    days = None if expected is None else (datetime.date.fromisoformat(expected) - EPOCH).days
    assert read(days_of, [text], order) == [days]


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("", 0),
        (" 7", 7 * 3600),
        (" 24", 24 * 3600),
        (" 25", None),
        ("T13:05", 13 * 3600 + 300),
        (" 13.05.09", 13 * 3600 + 309),
        (" 13,05.09", 13 * 3600 + 309),
        ("T130509", 13 * 3600 + 309),
        (" 1305", 13 * 3600 + 300),
        (" 00:00:00,5", 0.5),
        (" 00:00:00.1234567", 0.123456),
        ("T000000.25", 0.25),
        (" 24:00", 24 * 3600),
        (" 24:00:00.0", 24 * 3600),
        (" 24:00:01", None),
        (" 23:59:60", 24 * 3600),
        (" 23:59:61", None),
        (" 23:60", None),
        (" 12:05 AM", 300),
        (" 12:05 PM", 12 * 3600 + 300),
        (" 1:05:00pm", 13 * 3600 + 300),
        (" 11:05 a.m.", 11 * 3600 + 300),
        (" 0:30 PM", 12 * 3600 + 1800),
        (" 13:05 PM", None),
        (" @ 13:05:00.000", 13 * 3600 + 300),
    ],
)
def test_clocks(clock, expected):
    expected = None if expected is None else round(expected * SECOND)
    assert read(clock_of, ["2024-03-04" + clock]) == [expected]


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [
        ("Z", 0),
        (" UTC", 0),
        ("gmt", 0),
        ("+01:00", 60),
        (" +0530", 330),
        ("-03", -180),
        (" UTC+02:00", 120),
        (" GMT+0100 (Central European Standard Time)", 60),
        (" +0100 CET", 60),
        ("+01:00[Europe/Madrid]", 60),
        ("+14:00", 840),
        ("+15:00", None),
        ("-13:00", None),
        ("+01:60", None),
    ],
)
def test_offsets(zone, minutes):
    expected = None if minutes is None else minutes * HOUR // 60
    assert read(offset_of, ["2024-03-04T13:05:00" + zone]) == [expected]


@pytest.mark.parametrize(
    "shape",
    [
        "",
        "0",
        "yesterday",
        "0000-00-00 0:",
        "00:00:00",
        "mar 0 00:00:00",  # no year
        "0000-00-00 00-00",  # from one hour to another, or an hour and an offset
        "0000-00-00 000",  # 905 may be five past nine, but 30?
        "00.00.00 00.00.00 00.00",
        "0000/00-00",
        "0000-00-00 00,00",
        "0000-00-00 00,00,00",
        "00/foo/0000",
        "0000-00-00 00:00 central time",
        "0000-00-00\x7f00:00",
    ],
)
def test_what_is_no_form_of_a_time(shape):
    assert layout_of(shape) is None
