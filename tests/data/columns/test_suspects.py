"""Columns that are not what they seem: told where they are, and not where they only look alike."""

import numpy as np
import pandas as pd
import pytest

from dcvae.data.columns.overview import Summary
from dcvae.data.columns.suspects import (
    label_notices,
    labels_notice,
    step_notices,
    suspect_notices,
)

ROWS = 400
TIMES = pd.date_range("2024-03-04", periods=ROWS, freq="5min")
RANDOM = np.random.default_rng(5)
NOISE = RANDOM.normal(20.0, 3.0, ROWS)


def with_code(code, series=NOISE, places=(30, 31, 90, 91, 200, 333)):
    values = series.copy()
    values[list(places)] = code
    return values


def told(values, name="a", **more):
    table = pd.DataFrame({name: values, **more}, TIMES).astype("float64")
    return suspect_notices(table, Summary.of(table), ())


@pytest.mark.parametrize(
    "code", [-999, -200, -1, -9999, 9999, 99999, 2147483647, -2147483648, 65535, 1e30, 777777.5]
)
def test_codes_are_told_with_the_key(code):
    (notice,) = told(with_code(float(code)))
    assert f'"missing_values": [{code:.17g}]' in notice
    assert "`a` 6 times" in notice


@pytest.mark.parametrize("code", ["3276.7", "1.70141183460469e+38", "9.223372036854776e+18"])
def test_codes_are_written_as_short_as_they_are_read_back(code):
    assert f'"missing_values": [{code}]' in told(with_code(float(code)))[0]


@pytest.mark.parametrize(
    "codes", [(-127.0, 85.0), (-999.0, -998.0), (-999.0, 9999.0), (300.0, 301)]
)
def test_two_codes_in_one_series_are_told_each(codes):
    values = with_code(codes[1], with_code(codes[0]), (5, 50, 51, 120, 121, 390))
    notices = " ".join(told(values))
    for code in codes:
        assert f"{code:.0f} stands apart in `a` 6 times" in notices
        assert f'"missing_values": [{code:.0f}]`, in one list with others' in notices
    assert f"all others from {NOISE.min():.6g} to" in notices


def test_minus_one_is_told_as_the_only_value_below_zero():
    shares = RANDOM.random(ROWS)
    assert '"missing_values": [-1]' in told(with_code(-1.0, shares))[0]


def test_negative_zero_is_told_where_nothing_is_below_zero():
    assert '"missing_values": [-0.0]' in told(with_code(-0.0, np.abs(NOISE)))[0]
    assert told(with_code(-0.0, NOISE - 20)) == []


SQUARE = np.tile(np.repeat([0.0, 5.0], 10), 20)
HARMLESS = {
    "noise": NOISE,
    "spikes": with_code(60.0, places=(7,)),
    "one long incident": with_code(500.0, places=range(100, 130)),
    "a busy processor": np.minimum(with_code(100.0, 80 + 10 * RANDOM.random(ROWS)), 100),
    "zeros": with_code(0.0, np.abs(NOISE)),
    "zeros far from all others": with_code(0.0, 1000 + RANDOM.random(ROWS), range(0, 400, 3)),
    "two values": np.where(RANDOM.random(ROWS) < 0.1, -1.0, 1.0),
    "a code in most cells": with_code(-999.0, NOISE, range(220)),
    "a drift": 20 + np.cumsum(RANDOM.random(ROWS)) / 100,
    "a steady drift": 0.03 * np.arange(ROWS) + np.sort(RANDOM.random(ROWS)) / 1_000,
    "a drift in whole numbers": np.cumsum(RANDOM.random(ROWS) < 0.2) + 20.0,
    "two hours": np.repeat([3.0, 4.0], ROWS // 2),
    "four states": RANDOM.choice([0.0, 50.0, 51.0, 100.0], ROWS),
    "square wave": SQUARE,
    "walk": np.cumsum(RANDOM.normal(size=ROWS)),
    "negative temperatures": with_code(-1.0, NOISE - 20),
    "constant": np.full(ROWS, 3.0),
    "steps up and down": np.round(np.cumsum(RANDOM.choice([-1, 1], ROWS))),
}


@pytest.mark.parametrize("values", HARMLESS.values(), ids=HARMLESS)
def test_ordinary_series_are_not_told(values):
    assert told(values) == []


TOTAL = np.cumsum(RANDOM.integers(900, 1100, ROWS)).astype(float)
COUNTERS = {
    "counter": (TOTAL, "only grows"),
    "restarted": (np.concatenate([TOTAL[:150], TOTAL[:250]]), "only grows"),
    "rarely growing": (np.cumsum(RANDOM.random(ROWS) < 0.2).astype(float), "only grows"),
    "tips of a gauge": (0.2 * np.cumsum(RANDOM.integers(0, 5, ROWS)), "only grows"),
    "a total with fractions": (np.cumsum(RANDOM.random(ROWS)), "only grows"),
    "row numbers down": (ROWS - np.arange(ROWS) * 1.0, "counts rows"),
    "row numbers, some missing": (
        np.where(np.arange(ROWS) % 50 == 7, np.nan, np.arange(ROWS) * 1.0),
        "counts rows",
    ),
    "date": (TIMES.strftime("%Y%m%d").to_numpy(float), "repeats the time"),
    "date and time": (TIMES.strftime("%Y%m%d%H%M").to_numpy(float), "repeats the time"),
    "days of a spreadsheet": (
        (TIMES - pd.Timestamp("1899-12-30")) / pd.Timedelta("1D"),
        "repeats the time",
    ),
    "seconds since the start": (np.arange(ROWS) * 300.0, "repeats the time"),
    "hour": (TIMES.hour.to_numpy(float), "repeats the time, an hour"),
    "hour of another zone": ((TIMES.hour.to_numpy(float) + 5) % 24, "repeats the time, an hour"),
    "minute": (TIMES.minute.to_numpy(float), "repeats the time, an hour"),
    "minute of the day": (TIMES.hour * 60.0 + TIMES.minute, "repeats the time, an hour"),
    "row numbers": (np.arange(ROWS) + 700.0, "counts rows"),
    "epoch": (TIMES.as_unit("s").asi8.astype(float), "repeats the time"),
    "epoch in ms": (TIMES.as_unit("ms").asi8.astype(float), "repeats the time"),
}


@pytest.mark.parametrize(("values", "words"), COUNTERS.values(), ids=COUNTERS)
def test_growing_series_are_told_with_the_key(values, words):
    (notice,) = told(values, "total")
    assert words in notice
    assert '["total"]' in notice
    key = "counters" if words == "only grows" else "ignore"
    assert f"with `{key}`" in notice


@pytest.mark.parametrize("part", ["month", "day_of_week", "day", "quarter", "year", "week"])
def test_parts_of_days_that_repeat_the_time_are_told(part):
    days = pd.date_range("2023-06-05", periods=ROWS, freq="D")
    values = days.isocalendar().week if part == "week" else getattr(days, part)
    start = 1.0 if part == "day_of_week" else 0.0  # Monday is 1
    table = pd.DataFrame({"a": np.array(values, dtype=float) + start, "b": NOISE}, days)
    (notice,) = suspect_notices(table, Summary.of(table), ())
    assert notice.startswith("`a` repeats the time")


def test_counters_without_a_name_are_told_where_they_grow_in_most_rows():
    assert "only grows" in told(TOTAL)[0]
    assert "only grows" in told(0.2 * np.cumsum(RANDOM.integers(0, 5, ROWS)))[0]


def test_counters_that_are_read_as_such_are_not_told():
    table = pd.DataFrame({"total": TOTAL}, TIMES)
    assert suspect_notices(table, Summary.of(table), ("total",)) == []


LABEL_NAMES = [
    *("label", "is_anomaly", "isAnomaly", "y", "attack", "Outlier", "ATT_FLAG", "Normal/Attack"),
    *("machine failure", "anomalía", "Etiqueta", "Störung", "Stoerung", "fraud", "gt", "is_broken"),
    *("event", "y_true", "attack_P1", "ground truth", "flag", "class"),
]


@pytest.mark.parametrize("name", LABEL_NAMES)
@pytest.mark.parametrize("share", [0.0, 0.1])
def test_columns_named_like_labels_are_told(name, share):
    table = pd.DataFrame({name: (RANDOM.random(ROWS) < share) * 1.0, "a": NOISE}, TIMES)
    (notice,) = label_notices(table, Summary.of(table))
    assert f"`{name}` is 0 or 1 and named like a label" in notice
    assert f'["{name}"]' in notice


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (1, 2), (0, 3), (-999, 1)])
def test_labels_of_other_values_are_told(low, high):
    table = pd.DataFrame({"label": np.where(NOISE > 22, high, low).astype(float)}, TIMES)
    (notice,) = label_notices(table, Summary.of(table))
    assert f"`label` is {low} or {high} and named like a label" in notice


@pytest.mark.parametrize(
    ("name", "two"),
    [
        *[(name, (0, 1)) for name in ("event_rate", "normal_pressure", "class_a_load", "y2")],
        *[(name, (0, 1)) for name in ("is_open", "gt_power", "target speed", "fault_current")],
        *[("label", (20.5, 21.5)), ("ano", (2023, 2024)), ("anomaly", (3, 3)), ("player", (0, 1))],
    ],
)
def test_columns_of_two_values_with_other_names_are_not_told(name, two):
    table = pd.DataFrame({name: np.where(NOISE > 22, *two).astype(float)}, TIMES)
    assert label_notices(table, Summary.of(table)) == []


def test_labels_of_three_values_are_not_told():
    table = pd.DataFrame({"label": np.arange(ROWS) % 3.0}, TIMES)
    assert label_notices(table, Summary.of(table)) == []


def test_columns_equal_to_the_labels_are_told_and_those_named_like_one_not_again():
    truth = RANDOM.random(ROWS) < 0.1
    columns = {
        "x9": truth * 1.0,
        "valve": 1.0 - truth,
        "mode": np.where(truth, 20.5, 3.0),
        "anomaly": truth * 1.0,
        "other": np.roll(truth, 1) * 1.0,
        "a": NOISE,
    }
    table = pd.DataFrame(columns, TIMES)
    table.loc[TIMES[7], "mode"] = np.nan
    (notice,) = label_notices(table, Summary.of(table))
    assert '`["anomaly"]`' in notice
    labels = pd.DataFrame(dict.fromkeys(table, truth), TIMES)
    (notice,) = label_notices(table, Summary.of(table), labels)
    assert notice.startswith(
        "WARNING: `x9` is equal to the labels; `valve` is equal to the labels, with 0 for an "
        "anomaly and 1 for normal; `mode` is equal to the labels, with 20.5 for an anomaly and 3 "
        "for normal: a model that is shown the answer"
    )
    assert '`["x9", "valve", "mode"]`' in notice
    assert label_notices(table, Summary.of(table), labels & False) == []


def test_labels_the_other_way_round_are_told():
    labels = pd.DataFrame({"a": np.arange(ROWS) >= 100}, TIMES)
    assert labels_notice(labels)[0].startswith("75% of the rows are labeled 1")
    assert labels_notice(~labels) == []


@pytest.mark.parametrize(("every", "max_fill", "is_told"), [(15, 12, True), (12, 12, False)])
def test_series_with_a_value_every_kth_row(every, max_fill, is_told):
    sparse = np.where(np.arange(ROWS) % every == 0, NOISE, np.nan)
    table = pd.DataFrame({"rare": sparse, "a": NOISE}, TIMES)
    notices = step_notices(table, Summary.of(table), max_fill)
    assert len(notices) == is_told
    assert all(f"`rare` has a value every {every} rows" in notice for notice in notices)
    assert all(f'"max_fill": {every}' in notice for notice in notices)
    assert step_notices(table, Summary.of(table), None) == []


def test_two_resolutions_are_told():
    old = pd.date_range("2024-01-01", periods=100, freq="h")
    new = pd.date_range(old[-1] + pd.Timedelta("5min"), periods=300, freq="5min")
    table = pd.DataFrame({"a": NOISE}, old.append(new))
    (notice,) = step_notices(table, Summary.of(table), 12)
    assert f"its rows are 1 h apart until {old[-1]}, then 5 min" in notice
    assert '`"resample": "1h"`' in notice
    even = pd.DataFrame({"a": NOISE}, TIMES)
    assert step_notices(even, Summary.of(even), 12) == []
    pauses = TIMES + pd.to_timedelta(np.repeat(np.arange(20), 20), unit="h")
    uneven = pd.DataFrame({"a": NOISE}, pauses)
    assert step_notices(uneven, Summary.of(uneven), 12) == []
