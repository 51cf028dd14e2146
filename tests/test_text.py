"""Words for messages: lists cut short, quoted names, spans of time."""

import pytest

from dcvae._text import NAMED, SHOWN, all_quoted, duration, quoted, shortened


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
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (7.26, "7.3 s"),
        (59.94, "59.9 s"),
        (59.97, "1 min 00 s"),
        (60, "1 min 00 s"),
        (125.4, "2 min 05 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (3780, "1 h 03 min"),
        (100 * 3600, "100 h 00 min"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_duration_never_shows_sixty():
    for hundredth in range(0, 361_000, 7):
        text = duration(hundredth / 100)
        assert not text.startswith("60"), text
        assert " 60" not in text, text
