"""How numbers travel into the page: they decode to what went in, and nothing extreme is lost."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from dcvae.report.page import encoding
from support.page_decoder import (
    assert_within_half_a_step,
    decoded,
    decoded_flags,
    decoded_times,
    moments_of,
    unpack,
)

NAN, INF = math.nan, math.inf


def noise(count, seed=0):
    return np.random.default_rng(seed).normal(size=count)


# --- Rows that a point stands for --------------------------------------------------------------


def test_a_point_is_a_row_where_all_fit():
    assert encoding.rows_per_point(1000, 10, 1_000_000) == 1
    assert encoding.rows_per_point(1, 1, 1_000_000) == 1


def test_points_stand_for_more_rows_the_smaller_the_room():
    rows = [encoding.rows_per_point(1_000_000, 24, room) for room in (10**9, 10**8, 10**7, 10**6)]
    assert rows == sorted(rows)
    assert rows[0] == 1
    assert rows[1] >= 2


@pytest.mark.parametrize("num_series", [1, 24, 300])
@pytest.mark.parametrize("num_rows", [90_000, 2_000_000])
def test_the_points_fit_into_the_room(num_rows, num_series):
    room = 12_000_000
    rows = encoding.rows_per_point(num_rows, num_series, room)
    assert size_of(num_rows, num_series, rows) <= room
    if rows > 2:  # and the room is used
        assert size_of(num_rows, num_series, rows - 1) > 0.9 * room


def size_of(num_rows, num_series, rows):
    """Two bytes for a number, eight for a time at most; four characters for three bytes."""
    points, channels = math.ceil(num_rows / rows), 4 if rows == 1 else 5
    return points * (num_series * channels * 2 + 8) * 4 / 3


# --- Numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-200, 1e-6, 1.0, 1e9, 1e200])
def test_numbers_are_within_half_a_step(scale):
    numbers = scale * noise(5000)
    channel = encoding.quantized(numbers)
    assert_within_half_a_step(channel, numbers)
    assert channel["step"] <= np.ptp(numbers) / 65_000


def test_the_ends_of_the_range_are_numbers_of_it():
    numbers = np.array([-3.0, 0.0, 5.0])
    channel = encoding.quantized(numbers)
    np.testing.assert_allclose(decoded(channel), numbers, rtol=1e-4, atol=1e-4)
    assert decoded(channel)[0] == -3.0


def test_what_is_no_number_is_missing():
    numbers = np.array([1.0, NAN, 2.0, INF, -INF])
    assert np.isnan(decoded(encoding.quantized(numbers))).tolist() == [
        False,
        True,
        False,
        True,
        True,
    ]
    assert np.isnan(decoded(encoding.quantized(np.full(3, NAN)))).all()
    assert len(decoded(encoding.quantized(np.array([])))) == 0


def test_a_number_that_never_changes_is_exact():
    for number in (0.0, 7.25, -1e300):
        np.testing.assert_array_equal(decoded(encoding.quantized(np.full(9, number))), number)


@pytest.mark.parametrize("far", [1e6, -1e9, 1e300, 1.7e308])
@pytest.mark.parametrize("count", [5, 2000])
def test_a_number_far_out_is_exact_and_costs_no_resolution(far, count):
    numbers = noise(count)
    numbers[3] = far
    channel = encoding.quantized(numbers)
    assert decoded(channel)[3] == far
    assert unpack(channel["far_places"], "<u4").tolist() == [3]
    assert channel["step"] < 25 * np.abs(np.delete(numbers, 3)).max() / 65_000
    assert_within_half_a_step(channel, numbers)


def test_a_range_wider_than_a_float_can_say():
    """Its ends are exact, and what lies between them stays there."""
    numbers = np.array([-1.7e308, -1.0, 1e307, 1.2e308, 1.7e308] * 5)
    channel = encoding.quantized(numbers)
    assert math.isfinite(channel["step"] * encoding.STEPS)
    np.testing.assert_allclose(decoded(channel), numbers, atol=channel["step"])


def test_nothing_but_numbers_far_out():
    numbers = np.array([1.1e308, 1.7e308, 1.2e308])
    np.testing.assert_array_equal(decoded(encoding.quantized(numbers)), numbers)


# --- Times -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "bits", "unit"),
    [
        (["2021-01-01 00:00", "2021-01-01 00:05", "2021-01-01 00:20"], 32, 300_000),
        (["2021-01-01", "2021-01-01 00:00:00.000001"], 32, 0.001),
        (["1700-01-01", "1700-01-01 00:00:00.001", "2021-01-01"], 64, 1),
        (["2021-01-01"], 32, 0.001),
        (["2021-01-02", "2021-01-01", "2021-01-02"], 32, 86_400_000),  # any order
    ],
)
def test_times_are_exact(texts, bits, unit):
    times = pd.DatetimeIndex(pd.to_datetime(texts, format="ISO8601"))
    packed = encoding.packed_times(encoding.milliseconds(times))
    assert (packed["bits"], packed["unit"]) == (bits, unit)
    np.testing.assert_array_equal(decoded_times(packed), moments_of(times))


@pytest.mark.parametrize("seed", range(4))
def test_times_of_rows_are_exact_as_runs_or_one_by_one(seed):
    random = np.random.default_rng(seed)
    regular = np.arange(5000) * 300_000.0 + 1.7e12
    kept = np.sort(random.choice(5000, 4900, replace=False))
    fine = 1.7e12 + np.arange(50) / 1000.0  # microseconds
    uneven = 1.7e12 + np.cumsum(random.integers(1, 1000, 3000)) * 1.0
    for times in (regular, regular[kept], fine, regular[:1], regular[:2], uneven, regular[:0]):
        packed = encoding.row_times(times)
        found = decoded_times(packed) if len(times) else np.empty(0)
        np.testing.assert_array_equal(found, times)
    assert len(encoding.row_times(regular)["runs"]) == 1
    assert "numbers" in encoding.row_times(uneven)  # shorter than as runs


def test_no_times():
    packed = encoding.packed_times(np.array([]))
    assert (packed["numbers"], packed["bits"]) == ("", 32)


def test_lines_break_at_gaps():
    even = np.arange(100.0)
    assert encoding.break_after(even, 1.0) == 1.5
    assert encoding.break_after(np.r_[even, 200 + even], 1.0) == 1.5
    assert encoding.break_after(even[:1], 7.0) == 7.0


def test_lines_of_uneven_times_break_only_where_it_is_long():
    pace = np.random.default_rng(0).exponential(60.0, 500).cumsum()
    longest = encoding.break_after(pace, float(np.median(np.diff(pace))))
    assert np.mean(np.diff(pace) > longest) < 0.05
    assert longest < 1000


# --- Runs --------------------------------------------------------------------------------------


TIMES = pd.date_range("2021-01-01", periods=6, freq="min")


@pytest.mark.parametrize("text", ["000000", "111111", "100001", "011010", "000001"])
def test_runs_are_exact(text):
    marks = np.array([[mark == "1", False] for mark in text])
    packed = encoding.runs(moments_of(TIMES), marks)
    assert packed["rows"] == 1
    assert packed["cells"] == [text.count("1"), 0]
    assert len(decoded_times(packed["series"][0])) == 2 * len([x for x in text.split("0") if x])
    np.testing.assert_array_equal(decoded_flags(packed, TIMES), marks)


def test_too_many_runs_are_rounded_outwards_and_said_to_be(monkeypatch):
    monkeypatch.setattr(encoding, "MAX_RUNS", 50)
    times = pd.date_range("2021-01-01", periods=1001, freq="min")
    marks = np.random.default_rng(0).random((1001, 3)) < 0.5
    packed = encoding.runs(moments_of(times), marks)
    assert packed["rows"] > 1
    assert sum(len(decoded_times(series)) for series in packed["series"]) <= 2 * 50
    assert packed["cells"] == marks.sum(axis=0).tolist()
    assert decoded_flags(packed, times)[marks].all()


# --- Tables and texts --------------------------------------------------------------------------


def test_a_table_has_nothing_where_a_number_is_not_defined():
    frame = pd.DataFrame({"a": [1, 2], 7: [NAN, INF]}, index=pd.Index([np.int64(3), "x"]))
    assert encoding.table(frame) == {
        "index": [3, "x"],
        "columns": ["a", "7"],
        "values": [[1.0, None], [2.0, None]],
    }


def test_json_cannot_end_its_script_and_is_the_same_in_every_run():
    text = encoding.as_json({"</script>": "<!--", "σ": {"b", "a"}, "n": np.float32(0.5)})
    assert "<" not in text
    assert text.isascii()
    assert json.loads(text) == {"</script>": "<!--", "σ": ["a", "b"], "n": 0.5}


def test_whatever_json_does_not_know_becomes_text():
    given = {"nan": NAN, "path": pd.Timestamp("2021-01-01"), "pairs": ((1, 2), range(2)), 3: None}
    assert json.loads(encoding.as_json(given)) == {
        "nan": "nan",
        "path": "2021-01-01 00:00:00",
        "pairs": [[1, 2], [0, 1]],
        "3": None,
    }
