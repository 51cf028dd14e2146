"""Shapes of texts: against a twin with regular expressions."""

import re

import numpy as np
import pandas as pd
import pytest

from dcvae.data.times import shapes
from dcvae.data.times.shapes import LONGEST_TEXT, groups_by_shape, number_at

TEXTS = [
    "2021-01-31 13:05",
    "31 Jan 2021 1:05 PM",
    "",
    "1",
    "2021-01-31 13:06",
    "12345678",
    "1/2/2021",
    "31 JAN 2021 1:07 pm",
    "123456789",
    "é",
]


@pytest.mark.parametrize("at_once", [1, 3, 7, 1000])
@pytest.mark.parametrize("storage", ["python", "pyarrow"])
def test_every_row_is_in_the_group_of_its_shape(monkeypatch, storage, at_once):
    if storage == "pyarrow":
        pytest.importorskip("pyarrow")
    monkeypatch.setattr(shapes, "_ROWS_AT_ONCE", at_once)
    texts = TEXTS * 5
    column = pd.Series(texts, dtype=pd.StringDtype(storage, na_value=np.nan))
    seen = []
    for group in groups_by_shape(column):
        seen += group.rows.tolist()
        for row, characters in zip(group.rows, group.characters, strict=True):
            lower = texts[row].lower().replace("é", "\x7f")
            assert re.sub("[0-9]", "0", lower) == group.shape
            assert characters.tobytes().rstrip(b"\0").decode() == lower
    assert sorted(seen) == list(range(len(texts)))


def test_a_blank_that_does_not_break_is_a_blank():
    [group] = groups_by_shape(pd.Series(["1:05\u202fPM", "1:06\u00a0PM"], dtype="str"))
    assert group.shape == "0:00 pm"


def test_texts_that_are_no_times_take_no_memory():
    [long, short] = groups_by_shape(pd.Series(["x" * 100_000, "1"], dtype="str"))
    assert LONGEST_TEXT < len(long.shape) <= LONGEST_TEXT + 8
    assert long.characters.shape[1] == len(long.shape)
    assert short.shape == "0"


def test_digits_are_read_as_numbers():
    [group] = groups_by_shape(pd.Series(["ab0042", "cd9907", "ef0000"], dtype="str").str[2:])
    assert number_at(group.characters, (0, 4)).tolist() == [42, 9907, 0]
    assert number_at(group.characters, (1, 3)).tolist() == [4, 90, 0]
    assert number_at(group.characters, (0, 0)).tolist() == [0, 0, 0]
