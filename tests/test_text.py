"""Words for messages: lists cut short, quoted names, values with units, spans of time."""

import math
import re

import numpy as np
import pytest

from dcvae._text import (
    NAMED,
    SHOWN,
    all_quoted,
    duration,
    quantities,
    quantity,
    quoted,
    rows_lasting,
    shortened,
)

NAN, INFINITY = math.nan, math.inf


@pytest.mark.parametrize(
    ("count", "listed"),
    [
        (0, ""),
        (1, "a"),
        (5, "a, b, c, d, e"),
        (6, "a, b, c, d, e and 1 more"),
        (26, "a, b, c, d, e and 21 more"),
    ],
)
def test_a_list_names_five_and_counts_the_rest(count, listed):
    assert NAMED == 5
    assert shortened("abcdefghijklmnopqrstuvwxyz"[:count]) == listed


@pytest.mark.parametrize(
    ("shown", "total", "listed"),
    [
        (SHOWN, None, "a, b, c and 1 more"),
        (4, None, "a, b, c, d"),
        (9, None, "a, b, c, d"),
        (3, 4, "a, b, c and 1 more"),
        (3, 3, "a, b, c"),
        (3, 12_345, "a, b, c and 12,342 more"),
        (5, 2_000, "a, b, c, d and 1,996 more"),  # not all of them are given
    ],
)
def test_a_list_may_be_shorter_or_a_part_of_one(shown, total, listed):
    assert SHOWN == 3
    assert shortened(list("abcd"), shown, total) == listed


def test_names_stand_between_backticks():
    assert quoted(["a", "b, c"]) == ["`a`", "`b, c`"]
    assert quoted(name for name in "ab") == ["`a`", "`b`"]
    assert all_quoted(["a", "b, c"]) == "`a`, `b, c`"
    assert (quoted([]), all_quoted([])) == ([], "")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "", "0"),
        (-0.0, "V", "0 V"),
        (42, "", "42"),
        (42.0, "bar", "42 bar"),
        (-273.0, "°C", "-273 °C"),
        (0.5, "", "0.5"),
        (0.012, "", "0.012"),
        (12.345, "", "12.3"),
        (999.6, "", "1,000"),
        (1896.4, "", "1,896"),  # digits before the point are kept
        (9996, "", "9,996"),
        (9999.7, "", "10 k"),
        (9999.7, "kB", "10,000 kB"),
        (13_042, "", "13 k"),
        (37_168.4, "", "37.2 k"),
        (-13_042, "W", "-13 kW"),
        (999_600, "", "1 M"),
        (1.3e6, "", "1.3 M"),
        (2.5e18, "", "2.5 E"),
        (9.995e20, "", "1e21"),
        (1.8e300, "V", "1.8e300 V"),
        (37_200, "B/s", "37.2 kB/s"),
        (37_200, "kB/s", "37,200 kB/s"),
        (37_200, "KiB", "37,200 KiB"),
        (101_325, "Pa", "101 kPa"),
        (101_325, "hPa", "101,325 hPa"),
        (37_200, "requests/s", "37.2 k requests/s"),
        (37_200, "m³/h", "37,200 m³/h"),
        (13_000, "rpm", "13,000 rpm"),
        (13_000, "s", "13,000 s"),
        (13_000, "min", "13,000 min"),
        (13_000, "m/s", "13 km/s"),
        (150_000, "1/min", "150,000 1/min"),
        (1.5e15, "°C", "1.5e15 °C"),
        (99.95, "%", "100 %"),
        (0.05, "V", "50 mV"),
        (0.5, "V", "0.5 V"),
        (0.000_025, "s", "25 µs"),
        (0.01, "B", "0.01 B"),  # no part of a byte
        (0.000_12, "bar", "0.00012 bar"),
        (0.000_012_34, "", "1.23e-5"),
        (5e-324, "V", "4.94e-324 V"),
        (NAN, "bar", "nothing"),
        (INFINITY, "", "infinity"),
        (-INFINITY, "W", "-infinity W"),
    ],
)
def test_quantity(value, unit, text):
    assert quantity(value, unit) == text
    if isinstance(value, float):
        assert quantity(np.float64(value), unit) == text


def test_quantity_is_right_to_its_digits():
    powers = dict(zip("kMGTPE", range(3, 19, 3), strict=True))
    draws = np.random.default_rng(7)
    for value in draws.choice([-1, 1], 500) * 10 ** draws.uniform(-6, 18, 500):
        number, _, prefix = quantity(float(value)).partition(" ")
        read = float(number.replace(",", "")) * 10 ** powers.get(prefix, 0)
        assert read == pytest.approx(value, rel=0.005)
        assert len(number) <= len("-0.000123")


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([13_042.0, 37_168.0], ["13 k", "37.2 k"]),
        ([230.12, 230.31], ["230.1", "230.3"]),
        ([50.0, 49.9999], ["50", "49.9999"]),
        ([1e9, 1e9 + 1], ["1 G", "1.000000001 G"]),
        ([5.0, 5.0], ["5", "5"]),
        ([NAN, 5.0], ["nothing", "5"]),
        ([0.0, -0.0], ["0", "0"]),
        ([0.1 + 0.2, 0.3], ["0.30000000000000004", "0.29999999999999999"]),
        ([], []),
    ],
)
def test_values_that_differ_look_different(values, texts):
    assert quantities(values) == texts


DAY, WEEK, YEAR = 86_400, 604_800, 31_557_600


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.000_01, "10 µs"),
        (0.25, "250 ms"),
        (0.9996, "1 s"),
        (7.26, "7.3 s"),
        (59.94, "59.9 s"),
        (59.97, "1 min"),
        (60, "1 min"),
        (125.4, "2 min 5 s"),
        (3599, "59 min 59 s"),
        (3599.5, "1 h"),
        (3780, "1 h 3 min"),
        (8400, "2 h 20 min"),
        (DAY - 1, "1 day"),
        (DAY + 3600, "1 day 1 h"),
        (1.5 * DAY, "1 day 12 h"),
        (3 * DAY, "3 days"),
        (7 * DAY, "7 days"),
        (10 * DAY - 1801, "9 days 23 h"),
        (10 * DAY - 1800, "10 days"),
        (13.4 * DAY, "13 days"),
        (13.5 * DAY, "2 weeks"),
        (15 * DAY, "2 weeks 1 day"),
        (10 * WEEK - 0.5 * DAY, "10 weeks"),
        (1896 * 3600, "11 weeks"),
        (2 * YEAR - 1, "104 weeks"),
        (2 * YEAR, "2 years"),
        (2.54 * YEAR, "2.5 years"),
        (NAN, "an unknown time"),
        (INFINITY, "an unknown time"),
        (-65, "-1 min 5 s"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_duration_has_two_parts_at_most_and_is_right_to_the_smaller():
    sizes = {"s": 1, "min": 60, "h": 3600, "day": DAY, "week": WEEK}
    for seconds in 10 ** np.random.default_rng(7).uniform(0, 7.7, 1000):
        parts = re.findall(r"(\d+(?:\.\d)?) (s|min|h|day|week)s?", duration(seconds))
        assert 1 <= len(parts) <= 2
        numbers = [(float(number), sizes[unit]) for number, unit in parts]
        read = sum(number * size for number, size in numbers)
        # A part that is not written is 0, or was rounded away from ten days or weeks on.
        smaller = {1: 0.1, 60: 1, 3600: 60, DAY: 3600, WEEK: DAY}
        number, size = numbers[-1]
        step = size if len(parts) == 2 or (size >= DAY and number >= 10) else smaller[size]
        assert abs(read - seconds) <= step / 2 * (1 + 1e-9), (seconds, duration(seconds))
        assert len(parts) == 1 or numbers[1][0] * numbers[1][1] < numbers[0][1]


def test_rows_and_how_long_they_last():
    assert rows_lasting(288, 300.0) == "288 rows (1 day)"
    assert rows_lasting(1, 0.1) == "1 row (100 ms)"
    assert rows_lasting(1896, DAY) == "1,896 rows (5.2 years)"
