"""Lists of true events: columns, times, series, rows and labels of them; every refusal."""

import re

import numpy as np
import pandas as pd
import pytest

from dcvae.config import DataKeys
from dcvae.data.tables import Table
from dcvae.data.truth.true_events import TrueEvents, read_true_events
from dcvae.errors import InputError
from support.tables import table_of

SERIES = ("LIT301", "P101", "flow, left", "Flow-Left", "flow left")
DATA = table_of(np.zeros((10, 5)), columns=SERIES)  # 2021-01-01 00:00 to 00:09, every minute


def read(write, text: str, data: Table = DATA, keys: DataKeys | None = None) -> TrueEvents:
    return read_true_events(write(text, "events.csv"), data, keys)


def test_a_list_in_its_plain_form(write) -> None:
    events = read(
        write,
        "event,start,end,series,description\n"
        "7,2021-01-01 00:01,2021-01-01 00:03,LIT301;P101,closed\n"
        "b,2021-01-01 00:05:30,2021-01-01 00:06:30,P101,\n",
    )
    assert events.notices == []
    assert events.table.to_dict("list") == {
        "event": ["7", "b"],
        "start": [pd.Timestamp("2021-01-01 00:01"), pd.Timestamp("2021-01-01 00:05:30")],
        "end": [pd.Timestamp("2021-01-01 00:03"), pd.Timestamp("2021-01-01 00:06:30")],
        "series": [("LIT301", "P101"), ("P101",)],
        "others": [(), ()],
        "description": ["closed", ""],
    }
    found = events.rows(DATA.frame.index)
    assert found.starts.tolist() == [1, 6]
    assert found.stops.tolist() == [4, 7]


def test_a_list_of_attacks_under_its_own_names(write) -> None:
    events = read(
        write,
        "Attack #;Start Time;End Time;Attack Point;Actual Change\n"
        "1;13/01/2021 00:01;13/01/2021 00:02;LIT-301, p 101;Yes\n"
        "2;13/01/2021 00:04;13/01/2021 00:05;MV-504;No\n",
        table_of(np.zeros((10, 2)), "2021-01-13", columns=SERIES[:2]),
    )
    assert events.table["series"].tolist() == [("LIT301", "P101"), ()]
    assert events.table["others"].tolist() == [(), ("MV-504",)]
    assert events.notices == [
        "Its columns `Actual Change` are not used.",
        "Not among the series, and so never found by their ranking: `MV-504` (event 2).",
        "1 of 2 events name no series of the data, and are judged by their times alone: 2.",
    ]


@pytest.mark.parametrize(
    ("cell", "series", "others"),
    [
        ("flow, left", ("flow, left",), ()),  # a name, though it has a comma
        ("P101;LIT301;", ("P101", "LIT301"), ()),
        ("p-101, P101", ("P101",), ()),
        ("FLOW LEFT", (), ("FLOW LEFT",)),  # three series may be meant
        ("LIT-30", (), ("LIT-30",)),
        ("-", (), ()),
    ],
)
def test_series_are_matched_where_one_alone_is_meant(write, cell, series, others) -> None:
    events = read(write, f'start,end,series\n2021-01-01 00:01,2021-01-01 00:03,"{cell}"\n')
    assert events.table["series"].tolist() == [series]
    assert events.table["others"].tolist() == [others]
    text = " ".join(events.notices)
    assert ("is it `LIT301`?" in text) == (cell == "LIT-30")
    assert ("is it `flow, left` or `Flow-Left` or `flow left`?" in text) == (cell == "FLOW LEFT")


def test_events_out_of_order_and_over_each_other(write) -> None:
    events = read(
        write,
        "start,end\n2021-01-01 00:05,2021-01-01 00:09\n2021-01-01 00:01,2021-01-01 00:02\n"
        "2021-01-01 00:02,2021-01-01 00:06\n",
    )
    assert events.table["event"].tolist() == ["2", "3", "1"]  # by their places in the file
    assert events.notices == [
        "Its events are not in the order of time; they are put into it.",
        "3 of 3 events name no series of the data, and are judged by their times alone: 2, 3, 1.",
        "Events begin before an earlier one has ended: 1. An alarm there counts for each of them.",
    ]


def test_times_are_read_as_those_of_the_data(write) -> None:
    text = "start,end\n2021-01-01T01:01+01:00,2021-01-01T01:03+01:00\n"
    assert read(write, text).table["start"].tolist() == [pd.Timestamp("2021-01-01 00:01")]
    keys = DataKeys(time_zone="Europe/Berlin")
    text = "start,end\n2021-01-01 01:01,2021-01-01 01:03\n"
    assert read(write, text, keys=keys).table["end"].tolist() == [pd.Timestamp("2021-01-01 00:03")]
    # The end alone tells that the day stands first, and so it does in the start.
    data = table_of(np.zeros((9, 1)), "2021-02-28 23:58", columns=["a"])
    [start] = read(write, "start,end\n01/03/2021 00:01,28/03/2021 00:03\n", data).table["start"]
    assert start == pd.Timestamp("2021-03-01 00:01")


# ---------------------------------------------------------------- rows and labels


def rows_by_hand(times, start, end, step, of_steps: bool) -> list[int]:
    """The rows, looked at one by one: whether what a row stands for meets the event."""
    if of_steps:  # all of (t - step, t]
        return [row for row, time in enumerate(times) if start <= time and time - step < end]
    rows = [row for row, time in enumerate(times) if start <= time <= end]
    after = [row for row, time in enumerate(times) if end < time < end + step]
    return rows or after[:1]


@pytest.mark.parametrize("of_steps", [False, True])
def test_rows_of_events(of_steps: bool) -> None:
    generator = np.random.default_rng(0)
    seconds = np.concatenate([np.arange(40), np.arange(90, 130)]) * 60  # with a gap
    times = pd.DatetimeIndex(np.datetime64("2021-01-01") + seconds.astype("timedelta64[s]"))
    starts = times[0] + pd.to_timedelta(generator.integers(-300, 9000, 200), unit="s")
    lengths = generator.choice([0, 20, 60, 300, 1200], 200)
    table = pd.DataFrame({"start": starts, "end": starts + pd.to_timedelta(lengths, unit="s")})
    events = TrueEvents("e.csv", table, [])
    found = events.rows(times, DataKeys(resample="1min") if of_steps else None)
    empty = 0
    for (start, end), first, stop in zip(table.to_numpy(), *found, strict=True):
        expected = rows_by_hand(times, start, end, pd.Timedelta("1min"), of_steps)
        assert list(range(first, stop)) == expected
        empty += not expected
    assert empty > 20


def test_labels_of_events(write) -> None:
    data = table_of(np.zeros((6, 3)), columns=["a", "b", "c"])
    events = read(
        write,
        "start,end,series\n2021-01-01 00:01,2021-01-01 00:02,a\n"
        "2021-01-01 00:02,2021-01-01 00:03,b;x\n2021-01-01 00:05,2021-01-01 00:09,x\n",
        data,
    )
    labels = events.labels(data)
    assert labels.frame.to_numpy().astype(int).tolist() == [
        [0, 0, 0],
        [1, 0, 0],
        [1, 1, 0],
        [0, 1, 0],
        [0, 0, 0],
        [1, 1, 1],  # its series are not known
    ]
    assert labels.frame.index.equals(data.frame.index)
    assert labels.notices == [f"The events of {events.path} serve as labels."]


@pytest.mark.parametrize(
    ("labeled", "told"),
    [
        ([2, 3, 4], None),
        ([1, 2, 3, 4, 5], None),  # a row at either end is nothing
        ([4], None),
        ([], "no row is labeled in event 1"),
        ([3, 7, 8], "2 labeled rows are in no event"),
        ([7], "no row is labeled in event 1 and 1 labeled rows are in no event"),
    ],
)
def test_labels_that_say_something_else(write, labeled, told) -> None:
    events = read(write, "start,end\n2021-01-01 00:02,2021-01-01 00:04\n")
    frame = pd.DataFrame(False, DATA.frame.index, DATA.frame.columns)
    frame.iloc[labeled, 1] = True
    labels = Table("labels.csv", frame, [])
    expected = f"labels.csv and {events.path} contradict each other: {told}. Metrics go by the "
    expected += "labels, detected events and their ranking by the events."
    assert events.contradictions(labels) == ([] if told is None else [expected])


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "time,series\n2021-01-01 00:01,a\n",
            "it has no column `start`, `end`, but `time`, `series`; a list of true events has a "
            "line per event with `start` and `end`, `series` (one or several, separated by `;`) "
            "and, if wanted, `event` and `description`.",
        ),
        (
            "start,end\n2021-01-01 00:01,00:03\n",
            "row 1 (line 2), column `end` holds `00:03`; expected a time with its date, such as "
            "2021-01-31 13:05:00.",
        ),
        (
            "start,end\n2021-01-01 00:01,2021-01-01 00:03\n2021-01-01 00:05,\n",
            "row 2 (line 3), column `end` is empty; expected a time with its date, such as "
            "2021-01-31 13:05:00; a line without both is no event: leave it out.",
        ),
        (
            "start,end\n2021-01-01 00:05,2021-01-01 00:03\n",
            "an event ends before it starts in row 1 (line 2), from 2021-01-01 00:05:00 to "
            "2021-01-01 00:03:00; expected `end` at or after `start`.",
        ),
        (
            "start,end\n2022-01-01 00:05,2022-01-01 00:06\n",
            "none of its 1 events, from 2022-01-01 00:05:00 to 2022-01-01 00:06:00, lies in the "
            "times of data.csv, 2021-01-01 00:00:00 to 2021-01-01 00:09:00; give the list of this "
            "file. If only the time zone differs, say it with `time_zone`, or with an offset such "
            "as +01:00 in each time.",
        ),
        (
            "event,start,end\n1,2021-01-01 00:01,2021-01-01 00:03\n"
            "1,2021-01-01 00:05,2021-01-01 00:06\n",
            "column `event` has the same event more than once: row 1 (line 2) `1`, row 2 (line 3) "
            "`1`; give every event a number of its own.",
        ),
        (
            "event,start,end\n,2021-01-01 00:01,2021-01-01 00:03\n",
            "row 1 (line 2), column `event` is empty; expected the number or the name of the "
            "event.",
        ),
        (
            "start,end\n2021-01-01 00:01Z,2021-01-01 00:03\n",
            "some times carry a UTC offset and some do not: row 1 (line 2) holds `2021-01-01 "
            "00:01Z`, row 1 (line 2) holds `2021-01-01 00:03`; write all of them one way.",
        ),
    ],
)
def test_refusals(write, text: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message) + "$"):
        read(write, text)


def test_a_list_that_is_not_there(tmp_path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_true_events(tmp_path / "none.csv", DATA)
