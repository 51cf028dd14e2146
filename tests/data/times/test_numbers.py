"""Times written as numbers: against exact arithmetic and the standard library."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

from dcvae.data.times.layouts import NOT_A_TIME
from dcvae.data.times.numbers import Numbers, as_counts, as_dates, is_number, number_advice
from dcvae.data.times.numbers import numbers_of as numbers_of_shape
from dcvae.data.times.shapes import groups_by_shape

MICROSECONDS = {"s": 10**6, "ms": 10**3, "us": 1}


def numbers_of(texts):
    result = Numbers(*(np.zeros(len(texts), dtype=np.int64) for _ in Numbers._fields))
    for group in groups_by_shape(pd.Series(texts, dtype="str")):
        assert is_number(group.shape)
        read = numbers_of_shape(group.shape, group.characters)
        for target, values in zip(result, read, strict=True):
            target[group.rows] = values
    return result


def counted(texts):
    times, units = as_counts(numbers_of(texts))
    return [None if time == NOT_A_TIME else time for time in times.tolist()], units.tolist()


@pytest.mark.parametrize(
    ("text", "whole", "billionths"),
    [
        ("0", 0, 0),
        ("1709510400", 1709510400, 0),
        ("1709510400.25", 1709510400, 250_000_000),
        ("1709510400,25", 1709510400, 250_000_000),
        ("1709510400.", 1709510400, 0),
        ("1709510400.0123456789", 1709510400, 12_345_678),
        ("1.7095104e9", 1709510400, 0),
        ("1.7095104e+09", 1709510400, 0),
        ("1.70951040025E9", 1709510400, 250_000_000),
        ("17095104e2", 1709510400, 0),
        ("1709510400000000001", 1709510400000000001, 0),
        ("9223372036854775807", 9223372036854775807, 0),
        ("9223372036854775808", -1, 0),
        ("9999999999999999999", -1, 0),
        ("1e30", -1, 0),
    ],
)
def test_numbers_are_read_exactly(text, whole, billionths):
    numbers = numbers_of([text])
    assert numbers.whole.tolist() == [whole]
    assert whole < 0 or numbers.billionths.tolist() == [billionths]
    assert numbers.digits.tolist() == [len(text) if text.isdigit() else 0]


@pytest.mark.parametrize("shape", ["", "-0", "0x0", "0.0.0", "0e-0", "0" * 20, "e0", ".0"])
def test_what_is_no_number(shape):
    assert not is_number(shape)


@pytest.mark.parametrize("unit", MICROSECONDS)
def test_counts_are_those_of_exact_arithmetic(unit):
    random = np.random.default_rng(0)
    texts = []
    for seconds in random.integers(631_152_000, 7_258_118_400, 300).tolist():
        whole = seconds * 10**6 // MICROSECONDS[unit] + int(random.integers(0, 10))
        part = "".join(map(str, random.integers(0, 10, random.integers(0, 9)).tolist()))
        texts.append(f"{whole}.{part}" if part else str(whole))
    half_up = decimal.ROUND_HALF_UP
    expected = [
        int((decimal.Decimal(text) * MICROSECONDS[unit]).quantize(decimal.Decimal(1), half_up))
        for text in texts
    ]
    times, units = counted(texts)
    assert times == expected
    assert set(units) == {list(MICROSECONDS).index(unit)}


def test_nanoseconds_are_exact_to_the_microsecond():
    # As float64, 1709510400123456789 is a multiple of 256 nanoseconds.
    times, units = counted(["1709510400123456789", "1709510400123457001"])
    assert times == [1709510400123456, 1709510400123457]
    assert units == [3, 3]


def test_units_are_told_by_size():
    bounds = [631_152_000, 7_258_118_400]
    texts = [str(bound * 1000**unit) for unit in range(4) for bound in bounds]
    assert counted(texts)[1] == [0, 0, 1, 1, 2, 2, 3, 3]
    beyond = [str(bounds[0] * 1000**unit - 1) for unit in range(4)]
    beyond += [str(bounds[1] * 1000**unit + 1) for unit in range(4)]
    assert counted(beyond) == ([None] * 8, [-1] * 8)


@pytest.mark.parametrize("form", ["%Y%m%d", "%Y%m%d%H", "%Y%m%d%H%M", "%Y%m%d%H%M%S"])
def test_dates_without_separators_are_those_of_the_standard_library(form):
    start = datetime.datetime(1999, 12, 30, tzinfo=datetime.UTC)
    texts = [
        (start + datetime.timedelta(seconds=86_399 * 3 * n)).strftime(form) for n in range(2000)
    ]
    expected = [
        int(datetime.datetime.strptime(text + "+0000", form + "%z").timestamp()) * 10**6
        for text in texts
    ]
    assert as_dates(numbers_of(texts)).tolist() == expected
    if form != "%Y%m%d%H":  # ten digits are seconds since 1970 as well
        assert set(counted(texts)[1]) == {-1}


@pytest.mark.parametrize(
    "text", ["20240230", "2024030425", "202403041360", "20240304240001", "18990101", "2024064"]
)
def test_numbers_that_are_no_dates(text):
    assert as_dates(numbers_of([text])).tolist() == [NOT_A_TIME]


def test_hour_24_is_the_end_of_the_day():
    assert as_dates(numbers_of(["2024030424"])) == as_dates(numbers_of(["20240305"]))


@pytest.mark.parametrize(
    ("texts", "advice"),
    [
        (["45355.5", "45355.25"], "numbers like these are days since 1900, as spreadsheets store"),
        (["2023", "2024"], "these may be years or just numbers; if they are dates, write `2024-01"),
        (["2024064", "2024065"], "these may be days of a year or just numbers; if they are dates,"),
        (["1", "2"], ""),
        (["2024", "1"], ""),
    ],
)
def test_advice(texts, advice):
    found = number_advice(numbers_of(texts))
    assert found.startswith(advice)
    assert bool(found) == bool(advice)
