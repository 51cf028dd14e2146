"""Roles of columns, through to a table: the time wherever it stands, machines below each other."""

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.config import DataKeys
from dcvae.data.tables import read_table

TIMES = pd.date_range("2024-03-12", periods=30, freq="h")
VALUES = np.arange(30.0) ** 2


def frame(**columns):
    return pd.DataFrame({**columns, "a": VALUES})


def read(path, table, **keys):
    table.to_csv(path / "data.csv", index=False)
    return read_table(path / "data.csv", DataKeys(**keys))


DATES, CLOCKS = TIMES.strftime("%d/%m/%Y"), TIMES.strftime("%H:%M:%S")
PLACES = {
    "last": (VALUES, {"when": TIMES}, "The time is taken from the column `when`, as the first"),
    "behind an index": (np.arange(30), {"time": TIMES}, "The column `first` counts rows and is"),
    "date and clock": (DATES, {"clock": CLOCKS}, "joined from the columns `first` and `clock`"),
    "date and hour": (DATES, {"Hour": TIMES.hour}, "joined from the columns `first` and `Hour`"),
    "parts": (
        np.arange(30) % 7,
        {"year": TIMES.year, "month": TIMES.month, "day": TIMES.day, "hour": TIMES.hour},
        "joined from the columns `year`, `month`, `day`, `hour`",
    ),
}


@pytest.mark.parametrize(("first", "more", "notice"), PLACES.values(), ids=PLACES)
def test_the_time_is_found_where_it_stands(tmp_path, first, more, notice):
    table = read(tmp_path, frame(first=first, **more))
    assert table.frame.index.equals(TIMES.as_unit("us"))
    assert table.frame["a"].tolist() == VALUES.tolist()
    assert any(notice in told for told in table.notices)


@pytest.mark.parametrize(
    ("key", "columns"),
    [
        ("when", {"other": TIMES + pd.Timedelta("1D"), "when": TIMES}),
        (["date", "clock"], {"other": VALUES, "clock": CLOCKS, "date": DATES}),
        (
            ["y", "m", "d", "h"],
            {"other": VALUES, "h": TIMES.hour, "d": TIMES.day, "m": TIMES.month, "y": TIMES.year},
        ),
    ],
)
def test_the_time_is_named(tmp_path, key, columns):
    table = read(tmp_path, frame(**columns), time_column=key, ignore="other")
    assert table.frame.index.equals(TIMES.as_unit("us"))
    assert list(table.frame) == ["a"]


REFUSED = {
    "row numbers": (frame(n=np.arange(30)), {}, r"`n`, counts rows \(0, 1, 2, …\); expected times"),
    "two columns of times": (
        frame(n=VALUES, start=TIMES, end=TIMES),
        {},
        r"2 others hold times: `start`, `end`; name the time .*\"time_column\": \"start\"",
    ),
    "a time that is not there": (
        frame(time=TIMES),
        {"time_column": "tme"},
        r"`time_column` names `tme` \(is it `time`\?\), but the columns are `time`, `a`",
    ),
    "words": (
        frame(time=TIMES, host=["web1"] * 30),
        {},
        r"column `host` holds words \(`web1`\), where .*`ignore`: \[\"host\"\], or, .*`by`: \"host",
    ),
    "more times": (
        frame(time=TIMES, end=TIMES.strftime("%Y-%m-%d %H:%M")),
        {},
        r"column `end` holds times, such as `2024-03-12 00:00`; leave it out with `ignore`",
    ),
    "no such column": (
        frame(time=TIMES),
        {"by": "host"},
        "`by` names `host`, but the columns are `time`, `a`",
    ),
    "no such counter": (
        frame(time=TIMES),
        {"counters": ["b"]},
        "`counters` names `b`, but the series are `a`",
    ),
}


@pytest.mark.parametrize(("table", "keys", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(tmp_path, table, keys, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, table, **keys)


def test_ignored_columns_are_no_series(tmp_path):
    table = read(tmp_path, frame(time=TIMES, note="x", b=VALUES), ignore=["note", "b"])
    assert list(table.frame) == ["a"]
    roles = {column.name: column.role for column in table.columns}
    assert roles == {"time": "time", "note": "ignored", "b": "ignored", "a": "series"}


# --- Machines below each other ---------------------------------------------------------------

DEVICES = pd.DataFrame(
    {
        "time": np.tile(TIMES, 3),
        "device": np.repeat([1, 2, 3], 30),
        "cpu": np.arange(90.0) % 17,
        "mem": np.arange(90.0) % 13,
    }
)


def own_times(table):
    return table.assign(time=table["time"] + pd.to_timedelta(table["device"], unit="min"))


FORMS = {
    "blocks": DEVICES,
    "by time": DEVICES.sort_values(["time", "device"], kind="stable"),
    "own times": own_times(DEVICES).sort_values("time"),
    "blocks with own times": own_times(DEVICES),
    "words": DEVICES.assign(device="web" + DEVICES["device"].astype("str")),
}


@pytest.mark.parametrize("table", FORMS.values(), ids=FORMS)
def test_machines_below_each_other_are_refused_with_the_key_that_reads_them(tmp_path, table):
    with pytest.raises(InputError, match=r'`device`.*"device"') as error:
        read(tmp_path, table)
    assert "keep one row" not in str(error.value)
    assert "by" in str(error.value)


@pytest.mark.parametrize("form", ["blocks", "by time"])
def test_machines_side_by_side(tmp_path, form):
    table = read(tmp_path, FORMS[form], by="device")
    assert list(table.frame) == ["1 cpu", "1 mem", "2 cpu", "2 mem", "3 cpu", "3 mem"]
    for device in (1, 2, 3):
        cpu = DEVICES["cpu"][DEVICES["device"] == device]
        np.testing.assert_array_equal(table.frame[f"{device} cpu"], cpu)
    assert "stand side by side" in " ".join(table.notices)


@pytest.mark.parametrize("table", FORMS.values(), ids=FORMS)
def test_one_machine_is_chosen(tmp_path, table):
    name = "web2" if table["device"].dtype != "int64" else 2
    chosen = read(tmp_path, table, by=["device"], entity=name)
    rows = table[table["device"] == name]
    np.testing.assert_array_equal(chosen.frame, rows[["cpu", "mem"]])
    assert list(chosen.frame.index) == list(rows["time"])


def test_metrics_below_each_other(tmp_path):
    long = DEVICES.melt(["time", "device"], var_name="metric", value_name="value")
    table = read(tmp_path, long, by="device")
    assert list(table.frame) == ["1 cpu", "2 cpu", "3 cpu", "1 mem", "2 mem", "3 mem"]
    np.testing.assert_array_equal(table.frame["2 mem"], DEVICES["mem"][30:60])
    one = read(tmp_path, long, by="device", entity=3)
    assert list(one.frame) == ["cpu", "mem"]
    np.testing.assert_array_equal(one.frame["cpu"], DEVICES["cpu"][60:])


@pytest.mark.parametrize(
    ("table", "keys", "message"),
    [
        (FORMS["own times"], {}, "have times of their own: 90 in all, 30 at most of one; bring"),
        (DEVICES, {"entity": 9}, '`entity` is "9", but .* 3 other values: `1`, `2`, `3`'),
        (
            pd.concat([DEVICES, DEVICES[:1]]),
            {},
            "same time, 2024-03-12 00:00:00, and the same `device`, `1` .*name in `by` what else",
        ),
    ],
)
def test_machines_refused(tmp_path, table, keys, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, table, by="device", **keys)


def test_ignoring_the_column_that_tells_machines_apart_is_told(tmp_path):
    table = read(tmp_path, FORMS["own times"], ignore=["device"])
    assert any("WARNING: the column `device`" in notice for notice in table.notices)


def test_models_find_their_series_among_machines(tmp_path):
    DEVICES.to_csv(tmp_path / "data.csv", index=False)
    keys, names = DataKeys(by="device"), ["2 mem", "1 cpu"]
    assert list(read_table(tmp_path / "data.csv", keys, series=names).frame) == names
    with pytest.raises(InputError, match="`7 cpu`"):
        read_table(tmp_path / "data.csv", keys, series=["7 cpu"])


def test_words_beside_the_key_that_tells_machines_apart_are_no_key(tmp_path):
    table = DEVICES.assign(state=np.where(DEVICES["cpu"] > 8, "warn", "ok"))
    with pytest.raises(
        InputError, match=r"column `state` holds words .*leave it out with `ignore`"
    ):
        read(tmp_path, table, by="device")
