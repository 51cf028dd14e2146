"""Cells of long files as bytes: those of printf and of the csv module, many rows at once."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from dcvae.report import cells

RANDOM = np.random.default_rng(0)
ODD = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e300, 5e-324, 9.9999995, 0.99999995, 9999999.5]
ODD += [9999999.4, 99999.995, 1e-4, 9.9999999e-5, 0.00099999999, 1e7, 1e15, 123456789012345678.0]
POWERS = 10.0 ** np.arange(-20, 21)
NUMBERS = {
    "float32": RANDOM.normal(size=2000).astype(np.float32),
    "of any size": np.exp(RANDOM.normal(size=2000) * 20) * RANDOM.choice([-1, 1], 2000),
    "halves": np.arange(-500, 500) / 256,  # of a last digit, exactly
    "next to halves": np.arange(-500, 500) / 1000 + 0.0005,
    "odd": np.array(ODD),
    "powers": np.concatenate([POWERS, np.nextafter(POWERS, 0), np.nextafter(POWERS, np.inf)]),
    "few digits": RANDOM.integers(0, 10**8, 2000) / 10.0 ** RANDOM.integers(0, 12, 2000),
    "nothing known": np.full(3, np.nan),
    "no rows": np.array([]),
}


def texts_of(*columns):
    return cells.joined(columns).decode().splitlines()


def printed(numbers, form):
    return ["" if np.isnan(number) else form % number for number in numbers]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("decimals", [0, 1, 4, 7, 15, 22, 30])
def test_decimals_are_those_of_printf(name, decimals):
    found = texts_of(cells.fixed(NUMBERS[name], decimals))
    assert found == printed(NUMBERS[name], f"%.{decimals}f")


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("digits", [1, 4, 7])
def test_significant_digits_are_those_of_printf(name, digits):
    found = texts_of(cells.general(NUMBERS[name], digits))
    assert found == printed(NUMBERS[name], f"%.{digits}g")


def test_what_logarithms_round_over_a_power_of_ten_is_written_right():
    below = np.nextafter(POWERS, 0)
    assert (np.log10(below) == np.log10(POWERS)).any()
    assert texts_of(cells.general(below, 7)) == printed(below, "%.7g")


def test_columns_are_joined_with_commas_and_fill_nothing():
    numbers, marks = np.array([-1.5, np.nan, 1000.0]), np.array([True, False, True])
    found = texts_of(cells.fixed(numbers, 1), cells.truth_values(marks), cells.fixed(numbers, 0))
    assert found == ["-1.5,True,-2", ",False,", "1000.0,True,1000"]
    assert texts_of(cells.fixed(np.array([3, 0, 12]), 0)) == ["3", "0", "12"]


def test_words_are_quoted_as_by_the_csv_module():
    texts = ["", "plain", "a, b", 'with "quotes"', "two\nlines", "a; b", " led", "é"]
    numbers = np.array([7, 0, 2, 3, 4, 5, 6, 1, 2])
    found = cells.joined([cells.words(texts, numbers), cells.fixed(numbers, 0)]).decode()
    expected = io.StringIO()
    writer = csv.writer(expected, lineterminator="\n")
    writer.writerows([texts[number], number] for number in numbers)
    assert found == expected.getvalue()


def test_each_text_once():
    known, numbers = cells.numbers_of(np.array(["b", "", "b", "a"], dtype=object))
    assert [known[number] for number in numbers] == ["b", "", "b", "a"]
    assert sorted(known) == ["", "a", "b"]


@pytest.mark.parametrize("unit", ["s", "us"])
@pytest.mark.parametrize("start", ["1969-12-30", "0044-03-15", "9999-12-30"])
def test_times_are_those_of_numpy(unit, start):
    step = np.timedelta64(3_701_000_000 + (unit == "us"), "us")
    times = np.datetime64(start, "us") + np.arange(100) * step
    index = pd.Index(times)
    expected = np.strings.replace(np.datetime_as_string(times, unit=unit), "T", " ")
    assert texts_of(cells.times(index, unit)) == expected.tolist()
    assert texts_of(cells.times(index[:0], unit)) == []
