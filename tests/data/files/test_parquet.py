"""Parquet files that tools write oddly, or that were damaged: read, or refused in a sentence."""

import datetime
import decimal
import json
import os

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data.files import parquet as module
from dcvae.data.files.parquet import read_parquet
from dcvae.data.tables import read_table

arrow = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

ROWS = 12
TIMES = pd.date_range("2021-01-01", periods=ROWS, freq="5min")
VALUES = np.arange(ROWS) * 1.0
FRAME = pd.DataFrame({"time": TIMES, "a": VALUES, "b": VALUES + 1})


def frame_with(**columns):
    return lambda path: FRAME.assign(**columns).to_parquet(path)


def table_of(metadata=None, **columns):
    """Write a table without pandas; a list of pairs allows names that repeat."""

    def write(path):
        table = arrow.table(columns)
        pq.write_table(table.replace_schema_metadata(metadata) if metadata else table, path)

    return write


def repeated_names(path):
    columns = [arrow.array(TIMES), arrow.array(VALUES), arrow.array(VALUES)]
    pq.write_table(arrow.Table.from_arrays(columns, names=["time", "a", "a"]), path)


def damaged(change):
    def write(path):
        FRAME.to_parquet(path)
        path.write_bytes(change(path.read_bytes()))

    return write


def typed(values, kind):
    return table_of(time=arrow.array(TIMES), a=arrow.array(values, type=kind))


NOTES = {"index_columns": ["nothing"], "columns": [], "column_indexes": []}
NUMBERS = {"time": arrow.array(TIMES), "a": arrow.array(VALUES)}
UNREADABLE = "cannot be read as Parquet: .*Write it again, or save it as CSV"
REFUSED = {
    "no bytes": (lambda path: path.write_bytes(b""), UNREADABLE),
    "zero bytes": (lambda path: path.write_bytes(bytes(100)), UNREADABLE),
    "text": (lambda path: path.write_text("time,a\n2021-01-01,2\n"), UNREADABLE),
    "half": (damaged(lambda raw: raw[: len(raw) // 2]), UNREADABLE),
    "first bytes": (damaged(lambda raw: raw[:4]), UNREADABLE),
    "other last bytes": (damaged(lambda raw: raw[:-4] + b"XXXX"), UNREADABLE),
    "a footer longer than the file": (
        damaged(lambda raw: raw[:-8] + b"\xff\xff\xff\x7f" + raw[-4:]),
        UNREADABLE,
    ),
    "notes that are no JSON": (table_of({b"pandas": b"{"}, **NUMBERS), UNREADABLE),
    "notes that are a list": (table_of({b"pandas": b"[1]"}, **NUMBERS), UNREADABLE),
    "notes of an index that is not there": (
        table_of({b"pandas": json.dumps(NOTES).encode()}, **NUMBERS),
        UNREADABLE,
    ),
    "a pipe": (os.mkfifo, "is a pipe or a device, but a file is read more than once"),
    "no columns": (table_of(), "it has no columns; expected a time column, then series"),
    "no rows": (lambda path: FRAME[:0].to_parquet(path), "it has columns but no rows"),
    "the time alone": (lambda path: FRAME[["time"]].to_parquet(path), "only column is `time`"),
    "names that repeat": (repeated_names, "the column name `a` is repeated"),
    "an index named like a series": (
        lambda path: FRAME.set_index("time").rename_axis("a").to_parquet(path),
        "the column name `a` is repeated",
    ),
    "a name of nothing": (
        lambda path: FRAME.rename(columns={"a": ""}).to_parquet(path),
        "column 2 has no name",
    ),
    "lists": (frame_with(a=[[1.0, 2.0]] * ROWS), r"column `a` holds words \(`\[1. 2.\]`"),
    "records": (frame_with(a=[{"x": 1}] * ROWS), "column `a` holds words .`{'x': 1}`"),
    "maps": (
        typed([[("k", 1)]] * ROWS, arrow.map_(arrow.string(), arrow.int64())),
        r"column `a` holds words \(`\[\('k', 1\)\]`",
    ),
    "bytes": (frame_with(a=[b"\xff"] * ROWS), r"column `a` holds words \(`b'\\xff'`\)"),
    "dates as a series": (
        frame_with(a=[datetime.date(2021, 1, 1)] * ROWS),
        "column `a` holds times, such as `2021-01-01`",
    ),
    "durations": (
        frame_with(a=pd.to_timedelta(VALUES, unit="s")),
        "holds words .`0 days 00:00:00`",
    ),
    "words": (frame_with(a=["1", "x"] * (ROWS // 2)), "row 2, column `a` holds `x`"),
    "categories of words": (
        frame_with(a=pd.Categorical(["x", "y"] * (ROWS // 2))),
        r"column `a` holds words \(`x`, `y`\)",
    ),
    "a dictionary of words": (
        table_of(time=arrow.array(TIMES), a=arrow.array(["x"] * ROWS).dictionary_encode()),
        r"column `a` holds words \(`x`\)",
    ),
    "infinite numbers": (frame_with(a=[np.inf] * ROWS), "holds `inf`"),
    "nothing in a series": (frame_with(a=[None] * ROWS), "column `a` is empty in every row"),
    "nothing in the time": (
        frame_with(time=[None] * ROWS),
        "no column holds the time of the rows: the first, `time`, is empty",
    ),
    "lists for times": (frame_with(time=[[1]] * ROWS), r"the first, `time`, holds `\[1\]`"),
    "bytes for times": (frame_with(time=[b"2021"] * ROWS), "holds `b'2021'`"),
    "clocks without dates": (
        frame_with(time=[datetime.time(1, 2, 3)] * ROWS),
        "holds `01:02:03`",
    ),
}
READ = {
    "an index of times": (lambda path: FRAME.set_index("time").to_parquet(path), 0.0),
    "an index of two": (lambda path: FRAME.set_index(["time", "a"]).to_parquet(path), 0.0),
    "other first bytes": (damaged(lambda raw: b"XXXX" + raw[4:]), 0.0),
    "a time zone": (frame_with(time=TIMES.tz_localize("Europe/Madrid")), 0.0),
    "dates": (
        frame_with(time=[datetime.date(2021, 1, 1 + day) for day in range(ROWS)]),
        0.0,
    ),
    "truth values": (frame_with(a=VALUES > 3), 0.0),
    "whole numbers with gaps": (frame_with(a=pd.array([1, None] * (ROWS // 2), "Int64")), 1.0),
    "categories of numbers": (frame_with(a=pd.Categorical(VALUES)), 0.0),
    "decimals": (frame_with(a=[decimal.Decimal("1.5")] * ROWS), 1.5),
    "large decimals": (frame_with(a=[decimal.Decimal("1e30")] * ROWS), 1e30),
    "half precision": (typed(VALUES.astype(np.float16), arrow.float16()), 0.0),
    "64 bits without a sign": (typed([2**64 - 1] * ROWS, arrow.uint64()), 2.0**64),
    "a dictionary of numbers": (
        table_of(time=arrow.array(TIMES), a=arrow.array(VALUES).dictionary_encode()),
        0.0,
    ),
}


def test_there_are_enough():
    assert len(REFUSED) + len(READ) >= 33


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_table_of_numbers_is_refused(tmp_path, name):
    write, message = REFUSED[name]
    path = tmp_path / "a.parquet"
    write(path)
    with pytest.raises(InputError, match=message):
        read_table(path)


@pytest.mark.parametrize("name", READ)
def test_what_has_numbers_is_read(tmp_path, name):
    write, first = READ[name]
    path = tmp_path / "a.parquet"
    write(path)
    assert read_table(path).frame["a"].iloc[0] == first


def test_a_file_that_says_it_has_more_than_memory_holds_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    FRAME.to_parquet(path)
    assert read_parquet(path).names == ["time", "a", "b"]
    monkeypatch.setattr(module, "_MOST_CELLS", 3 * ROWS - 1)
    with pytest.raises(InputError, match="it says that it has 12 rows of 3 columns; at most 35"):
        read_parquet(path)
