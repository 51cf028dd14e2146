"""Times of DataFrames: in the index or in a column, read by the rules of files, or refused."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data import refuse_words, table_from_array, timed_rows

TIMES = pd.date_range("2024-03-13 22:00", periods=4, freq="h")
SECONDS = TIMES.as_unit("s").asi8
FLOW = [1.0, 2.0, 3.0, 4.0]


def frame(index=None, **columns):
    return pd.DataFrame({**columns, "flow": FLOW}, index)


# ------------------------------------------------------------ understood

INDEXES = {
    "iso": [str(time) for time in TIMES],
    "days first": [time.strftime("%d/%m/%Y %H:%M") for time in TIMES],
    "datetimes": pd.Index([*TIMES.to_pydatetime()], dtype=object),
    "offsets that differ": ["2024-03-13 23:00+01:00", *(f"{time}+00:00" for time in TIMES[1:])],
    "categories": pd.CategoricalIndex([str(time) for time in TIMES]),
    "seconds": pd.Index(SECONDS),
    "milliseconds": pd.Index(SECONDS * 1000.0),
    "texts of seconds": [str(count) for count in SECONDS],
    "periods": pd.period_range(TIMES[0], periods=4, freq="h"),
}


@pytest.mark.parametrize("name", INDEXES)
def test_an_index_that_is_times_is_read(name):
    given = frame(INDEXES[name])
    before = given.copy()
    rows, notices = timed_rows(given)
    assert rows.index.tolist() == TIMES.tolist()
    assert rows["flow"].tolist() == FLOW
    assert "index of X" in notices[0]
    pd.testing.assert_frame_equal(given, before)
    table = table_from_array(rows.to_numpy(), given, ["flow"])
    assert table.frame.index.tolist() == TIMES.tolist()
    assert table.notices[: len(notices)] == notices


COLUMNS = {
    "iso": {"when": [str(time) for time in TIMES]},
    "datetimes": {"start": TIMES},
    "with a zone": {"start": TIMES.tz_localize("UTC").tz_convert("Europe/Madrid")},
    "python's": {"time": pd.Series([*TIMES.to_pydatetime()], dtype=object)},
    "seconds": {"timestamp": SECONDS},
    "seconds as float": {"ts": SECONDS.astype(float)},
    "milliseconds": {"time_ms": SECONDS * 1000},
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_first_column_that_is_times_is_read(name):
    ((column, _),) = COLUMNS[name].items()
    rows, notices = timed_rows(frame(**COLUMNS[name]))
    assert rows.index.tolist() == TIMES.tolist()
    assert list(rows.columns) == ["flow"]
    assert notices[0] == (
        f"The time is taken from the column `{column}` of X: 2024-03-13 22:00:00 to "
        "2024-03-14 01:00:00."
    )


def test_the_time_may_be_in_another_column_if_it_is_no_number():
    given = pd.DataFrame({"flow": FLOW, "at": TIMES, "timestamp": SECONDS})
    rows, _ = timed_rows(given)
    assert list(rows.columns) == ["flow", "timestamp"]  # a series, as numbers elsewhere are
    assert rows.index.tolist() == TIMES.tolist()
    given["seen"] = [str(time) for time in TIMES]
    given = given.rename(columns={"at": "observation_time"})
    rows, _ = timed_rows(given)
    assert list(rows.columns) == ["flow", "timestamp", "seen"]
    with pytest.raises(InputError, match="column `seen` of X holds times such as `2024-03-13 22"):
        refuse_words(rows)


def test_columns_that_the_settings_name_are_joined():
    given = frame(TIMES + pd.Timedelta("1D"), day=["2024-03-13"] * 4, hour=[20, 21, 22, 23])
    rows, notices = timed_rows(given, time_columns=("day", "hour"))
    assert rows.index.tolist() == [*pd.date_range("2024-03-13 20:00", periods=4, freq="h")]
    assert notices[0].startswith("The time is taken from the columns `day`, `hour` of X: 2024-03-1")
    assert timed_rows(frame(TIMES), time_columns=("day",))[0].index is not None  # as loaded models
    with pytest.raises(InputError, match=r"^`time_column` names `day`, but the columns of X are"):
        timed_rows(frame(), time_columns=("day",))


def test_frames_of_other_libraries_become_those_of_pandas():
    class Foreign:
        def to_pandas(self):
            return frame(time=[str(time) for time in TIMES])

    class Lacking:
        def to_pandas(self):
            raise ModuleNotFoundError("No module named 'pyarrow'")

    assert timed_rows(Foreign())[0].index.tolist() == TIMES.tolist()
    with pytest.raises(InputError, match=r"DataFrame \(No module named 'pyarrow'\)\. Give one, or"):
        timed_rows(Lacking())


# ------------------------------------------------------------ left alone


@pytest.mark.parametrize(
    "given",
    [
        frame(TIMES),
        frame(TIMES.tz_localize("Asia/Tokyo"), timestamp=SECONDS),
        frame(),
        frame(["a", "b", "c", "d"]),
        frame([5, 9, 12, 13]),
        frame(uptime=[1000, 2000, 3000, 4000]),
        frame(load=SECONDS),
        frame(text=["1", "2", "3", "4"]),
        frame(valve=[True, False, True, True]),
        pd.DataFrame({"flow": []}),
    ],
    ids=str,
)
def test_where_nothing_else_is_a_time_the_frame_stays_as_it_is(given):
    rows, notices = timed_rows(given)
    assert rows is given
    assert notices == []


def test_what_is_no_frame_and_what_is_a_series_stays():
    values = np.ones((3, 1))
    assert timed_rows(values)[0] is values
    given = frame(timestamp=SECONDS)
    assert timed_rows(given, series=["timestamp", "flow"])[0] is given


# ------------------------------------------------------------ refused


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            frame(pd.to_timedelta([0, 1, 2, 3], unit="h")),
            r"^The index of X holds durations, such as 0 days .*: X\.index \+ pandas\.Timestamp",
        ),
        (
            frame(pd.MultiIndex.from_product([["web1", "web2"], TIMES[:2]], names=["host", "at"])),
            r"^The index of X has 2 levels, of which `at` holds times; expected one level with a",
        ),
        (
            frame(pd.MultiIndex.from_product([["web1", "web2"], TIMES[:2]])),
            r"of which the 2\. holds times",
        ),
        (
            pd.DataFrame({"flow": FLOW, "a_time": TIMES, "b_time": TIMES}),
            r"^The columns `a_time`, `b_time` of X hold times, and its index holds none\. Make one "
            r'the index, as by X\.set_index\("a_time"\), and drop the others\.$',
        ),
        (frame(time=[TIMES[0], None, *TIMES[2:]]), "^X: the time is missing in row 1; "),
        (
            frame(time=[f"0{day}/0{day + 1}/2024" for day in (1, 1, 3, 2)]),
            "^X: the times in column `time` are ambiguous",
        ),
    ],
)
def test_what_is_unclear_is_refused_by_name(given, message):
    with pytest.raises(InputError, match=message):
        timed_rows(given)


def test_a_cell_that_is_no_time_where_others_are_is_named():
    cells = [str(time) for time in pd.date_range(TIMES[0], periods=400, freq="h")]
    cells[5] = cells[12] = "late"  # not among those that are looked at first
    message = "^X: column `{}` is not a time everywhere: row 5 holds `late`, row 12 holds `late`; "
    with pytest.raises(InputError, match=message.format("index")):
        timed_rows(pd.DataFrame({"flow": 1.0}, cells))
    with pytest.raises(InputError, match=message.format("at")):
        timed_rows(pd.DataFrame({"at": cells, "flow": 1.0}))


def test_times_that_repeat_or_go_back_are_refused_as_of_an_index():
    for times in (TIMES[[0, 1, 1, 2]], TIMES[::-1]):
        for given in (frame([str(time) for time in times]), frame(time=times)):
            with pytest.raises(InputError, match="Expected the times of X to increase from row to"):
                table_from_array(np.ones((4, 1)), given, ["flow"])


def test_columns_of_times_and_durations_are_refused_by_name():
    for column in (TIMES, pd.Series([datetime(2024, 1, 1)] * 4, dtype=object)):
        with pytest.raises(
            InputError, match=r'holds times such as .* \(X\.set_index\("at"\)\), or d'
        ):
            refuse_words(frame(at=np.asarray(column)))
    with pytest.raises(InputError, match=r"column `took` of X holds durations, .* dt\.total_secon"):
        refuse_words(frame(took=pd.to_timedelta([1, 2, 3, 4], unit="s")))
