"""Parsing of whole columns: against pandas, and of columns that are no times."""

import numpy as np
import pandas as pd
import pytest

from dcvae.data.times import parsing
from dcvae.data.times.layouts import NOT_A_TIME
from dcvae.data.times.parsing import parse


def column(texts):
    return pd.Series(list(texts), dtype="str")


@pytest.mark.parametrize(
    "form",
    ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y-%m-%d %H"],
)
def test_iso_is_read_as_pandas_reads_it(form):
    microseconds = np.random.default_rng(0).integers(-(10**15), 5 * 10**15, 2000)
    texts = pd.to_datetime(microseconds, unit="us").strftime(form)
    parsed = parse(column(texts))
    expected = pd.to_datetime(texts, format=form).as_unit("us").asi8
    assert list(parsed.readings) == [""]
    assert (parsed.readings[""] == expected).all()
    assert not parsed.is_number.any()
    assert not parsed.has_offset.any()
    assert parsed.words == []


def test_three_numbers_are_read_in_every_order():
    parsed = parse(column(["2024-01-02", "01/02/2024", "01/02/24", "13/02/2024"]))
    days = {
        order: [str(day) for day in times.astype("datetime64[us]").astype("datetime64[D]")]
        for order, times in parsed.readings.items()
    }
    assert days == {
        "dmy": ["2024-01-02", "2024-02-01", "2024-02-01", "2024-02-13"],
        "mdy": ["2024-01-02", "2024-01-02", "2024-01-02", "NaT"],
        "ymd": ["2024-01-02", "NaT", "2001-02-24", "NaT"],
    }
    assert parsed.short_years == [2]


def test_zones_and_halves_are_kept_by_row():
    parsed = parse(
        column(["2024-01-02 1:00 AM", "2024-01-02 01:00 CET", "2024-01-02 01:00+01", "2024-01-02Z"])
    )
    assert parsed.has_offset.tolist() == [False, False, True, False]
    assert parsed.offsets.tolist() == [0, 0, 3_600_000_000, 0]
    assert (parsed.words, parsed.word_numbers.tolist()) == (["CET"], [-1, 0, -1, -1])
    assert parsed.has_halves
    assert parsed.readings[""][3] == NOT_A_TIME  # a date has no zone without a clock


def test_utc_and_gmt_are_words_too_but_clear():
    parsed = parse(column(["2024-01-02 01:00 GMT", "2024-07-02 01:00 BST"]))
    assert parsed.words == ["GMT", "BST"]
    assert parsed.unclear_words == ["BST"]
    assert parsed.has_offset.tolist() == [True, False]


def test_numbers_stand_beside_times():
    parsed = parse(column(["1709510400.5", "2024-01-02"]))
    assert parsed.is_number.tolist() == [True, False]
    assert [int(values[0]) for values in parsed.numbers] == [1709510400, 500_000_000, 0]


def test_a_column_of_all_kinds_of_texts_is_given_up(monkeypatch):
    """Each shape that is no form is looked at once, and no more than so many of them."""
    asked = []
    monkeypatch.setattr(parsing, "_MOST_FORMLESS", 20)
    monkeypatch.setattr(parsing, "layout_of", lambda shape: asked.append(shape))
    parsed = parse(column("abcdefgh"[: n % 8 + 1] * (n // 8 % 9 + 1) for n in range(5000)))
    assert len(asked) == len(set(asked)) == 21
    assert (parsed.readings[""] == NOT_A_TIME).all()
