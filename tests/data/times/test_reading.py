"""Times: formats, time zones and clock changes, order, sampling steps, gaps."""

import re

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data.tables import describe_table, read_labels, read_table
from dcvae.data.times.reading import reads_as_time, sampling_step, step_notice, time_span
from support.tables import TIMES, table_of

# --- Formats ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(["2021-02-03T04:05:06", "2021-02-13T04:05:06"], id="ISO"),
        pytest.param(["2021-02-03 04:05:06.000", "2021-02-13 04:05:06.000"], id="fractions"),
        pytest.param(["1612325106", "1613189106"], id="seconds"),
        pytest.param(["1612325106.0", "1613189106.0"], id="float seconds"),
        pytest.param(["1612325106000", "1613189106000"], id="milliseconds"),
        pytest.param(["2021/2/3 4:05:06", "2021/2/13 4:05:06"], id="Y/m/d"),
        pytest.param(["3/2/2021 4:05:06", "13/2/2021 4:05:06"], id="d/m/Y"),
        pytest.param(["2/3/2021 4:05:06", "2/13/2021 4:05:06"], id="m/d/Y"),
        pytest.param(["03.02.2021 04:05:06", "13.02.2021 04:05:06"], id="d.m.Y"),
        pytest.param(["03-02-2021 04:05:06", "13-02-2021 04:05:06"], id="d-m-Y"),
        pytest.param(["02/03/2021 04:05:06 AM", "02/13/2021 04:05:06 am"], id="AM"),
        pytest.param(["2021-02-03T04:05:06Z", "2021-02-13T04:05:06Z"], id="Z"),
        pytest.param(["2021-02-03 06:05:06+02:00", "2021-02-13 06:05:06+02:00"], id="offset"),
        pytest.param(["2021-02-03 06:05:06+0200", "2021-02-13 05:05:06+0100"], id="offsets"),
    ],
)
def test_times(write, texts):
    table = read_table(write(f"time,a\n{texts[0]},1\n{texts[1]},2\n"))
    expected = pd.DatetimeIndex(["2021-02-03 04:05:06", "2021-02-13 04:05:06"], name="time")
    pd.testing.assert_index_equal(table.frame.index, expected.as_unit("us"))
    has_offset = bool(re.search(r"Z|\+", texts[0]))
    assert ("Its times carry a UTC offset and are converted to UTC." in table.notices) == has_offset


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["31/01/2021", "01/02/2021"], "2021-01-31"),
        (["2/1/2021 23:00", "3/1/2021 01:00", "1/2/2021 00:00"], "2021-01-02 23:00"),
        (["1/2/2021 11:59 PM", "1/3/2021 12:00 AM", "1/13/2021 12:00 PM"], "2021-01-02 23:59"),
        (["31.12.2020 10:00", "01.01.2021 10:00"], "2020-12-31 10:00"),
        (["2021/12/31 9:00", "2022/1/1 9:00"], "2021-12-31 09:00"),
        (["05/05/2021", "13/05/2021"], "2021-05-05"),
        (["1600000000.25", "1600000001"], "2020-09-13 12:26:40.250"),
    ],
)
def test_common_formats(write, texts, expected):
    rows = "".join(f"{text},{n}\n" for n, text in enumerate(texts))
    assert read_table(write("time,a\n" + rows)).frame.index[0] == pd.Timestamp(expected)


def test_day_or_month_first_is_the_order_in_which_time_goes_forward(write):
    # As months these would be January, February and again January.
    table = read_table(write("time,a\n01/01/2021,1\n02/01/2021,2\n01/02/2021,3\n"))
    expected = pd.DatetimeIndex(["2021-01-01", "2021-01-02", "2021-02-01"])
    assert list(table.frame.index) == list(expected)


REFUSED = {
    "unreadable time": (
        "time,a\n2021-01-01,1\nyesterday,2\n",
        r"column `time` is not a time everywhere: row 2 \(line 3\) holds `yesterday`; the first",
    ),
    "a time pandas would read as the present": (
        "time,a\n2021-01-01,1\nnow,2\n",
        r"row 2 \(line 3\) holds `now`",
    ),
    "the present before a time in a common format": (
        "time,a\nnow,1\n31/01/2090,2\n",
        r"not a time everywhere: row 1 \(line 2\) holds `now`",
    ),
    "nothing but the present": (
        "time,a\ntoday,1\n",
        r"not a time everywhere: row 1 \(line 2\) holds `today`; the first column must be",
    ),
    "unreadable time in a common format": (
        "time,a\n13/01/2021,1\n14/01/2021,2\n15/13/2021,3\n",
        r"row 3 \(line 4\) holds `15/13/2021`",
    ),
    "many unreadable times": (
        "time,a\n2021-01-01,1\n" + "x,1\n" * 5,
        r"row 2 \(line 3\) holds `x`, row 3 .* row 4 \(line 5\) holds `x` and 2 more",
    ),
    "missing times": (
        "time,a\n2021-01-01,1\n,2\nNaT,3\nNA,4\n",
        r"the time is missing in row 2 \(line 3\), row 4 \(line 5\)",
    ),
    "no time column": (
        "0,1\n0.53,0.2\n0.54,0.3\n",
        r"row 1 \(line 2\) holds `0.53`.*the first column must be the time",
    ),
    "counter": ("t,a\n1,0.2\n2,0.3\n", "the first column must be the time"),
    "epoch that jumps": ("t,a\n1612325106,1\n1612325,2\n", r"row 2 \(line 3\) holds `1612325`"),
    "duplicate times": (
        "time,a\n2021-01-01,1\n2021-01-02,2\n2021-01-02,3\n",
        r"row 2 \(line 3\) and row 3 \(line 4\) have the same time, 2021-01-02 00:00:00 \(1 rep",
    ),
    "backwards": (
        "time,a\n2021-01-03,1\n2021-01-02,2\n2021-01-04,3\n",
        r"backwards from row 1 \(line 2\), 2021-01-03 00:00:00, to row 2 \(line 3\), 2021-01-02 00",
    ),
    "ambiguous": (
        "time,a\n01/02/2021,1\n02/03/2021,2\n",
        r"ambiguous: `01/02/2021` may be 2021-02-01 00:00:00 \(day first\) or 2021-01-02 00:00:00 "
        r"\(month first\), and neither any number nor the order of the rows decides; .* ISO 8601",
    ),
    "ambiguous, but not in its first row": (
        "time,a\n01/01/2021,1\n02/02/2021,2\n03/05/2021,3\n",
        r"ambiguous: `03/05/2021` may be 2021-05-03 00:00:00 \(day first\) or 2021-03-05 00:",
    ),
    "some offsets": (
        "time,a\n2021-01-01T00:00:00,1\n2021-01-01T00:01:00Z,2\n",
        r"some do not: row 1 \(line 2\) holds `2021-01-01T00:00:00`, row 2 \(line 3\) holds",
    ),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(write, content, message):
    path = write(content)
    with pytest.raises(InputError, match=message) as error:
        read_table(path)
    assert str(path) in str(error.value)


CLOCKS = (
    r"; if the clocks were set back here, write the times in UTC or with their offset instead, or "
    r"name their zone in `time_zone`\.$"
)


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(["01:00", "02:00", "02:00", "03:00"], id="every hour"),
        pytest.param(["02:00", "02:30", "02:00", "02:30", "03:00"], id="every half hour"),
        pytest.param(["02:15", "02:45", "02:10", "02:40"], id="without repeats"),
    ],
)
@pytest.mark.parametrize("day", ["2021-10-31 ", "31/10/2021 "])
def test_clocks_set_back_are_thought_of(write, day, times):
    path = write("time,a\n" + "".join(f"{day}{time},1\n" for time in times))
    with pytest.raises(InputError, match=CLOCKS) as error:
        read_table(path)
    assert str(error.value).count("if the clocks") == 1
    with pytest.raises(InputError, match=CLOCKS):
        read_labels(path, table_of([[1]], columns="a"))


# --- Time zones ------------------------------------------------------------------------------


def local_text(utc, zone, time_format="%Y-%m-%d %H:%M:%S"):
    """A file with the local times of a zone: what a logger without an offset writes."""
    local = utc.tz_localize("UTC").tz_convert(zone)
    rows = [f"{time.strftime(time_format)},{row}" for row, time in enumerate(local)]
    return "time,a\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize("freq", ["5min", "7min", "30min", "1h"])
@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Europe/Madrid", "2021-10-30 18:00"),
        ("Europe/Madrid", "2021-03-27 18:00"),
        ("America/New_York", "2021-11-06 18:00"),
        ("America/New_York", "2021-03-13 18:00"),
        ("Asia/Kolkata", "2021-03-27 18:00"),  # never
    ],
)
def test_local_times_become_the_utc_they_were_made_of(write, zone, start, freq):
    utc = pd.date_range(start, periods=200, freq=freq, unit="us", name="time")
    table = read_table(write(local_text(utc, zone)), time_zone=zone)
    assert table.frame.index.equals(utc)
    assert table.notices[0] == f"Its times are those of {zone} (`time_zone`) and converted to UTC."
    assert not [notice for notice in table.notices if "steps differ" in notice]


@pytest.mark.parametrize("time_format", ["%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p"])
def test_day_and_month_are_told_apart_although_the_clocks_go_back(write, time_format):
    zone = "America/New_York"
    utc = pd.date_range("2021-11-05", periods=1500, freq="10min", unit="us", name="time")
    assert read_table(write(local_text(utc, zone, time_format)), time_zone=zone).frame.index.equals(
        utc
    )
    # Both readings fit the days up to the twelfth, and in both time goes forward.
    path = write(local_text(utc[:600], zone, time_format))
    with pytest.raises(InputError, match="are ambiguous: `"):
        read_table(path, time_zone=zone)


def test_labels_have_the_same_zone(write):
    utc = pd.date_range("2021-10-30 18:00", periods=150, freq="5min", unit="us", name="time")
    zone = "Europe/Madrid"
    text = local_text(utc, zone)
    data = read_table(write(text), time_zone=zone)
    path = write(re.sub(r",\d+\n", ",1\n", text), "labels.csv")
    table = read_labels(path, data, time_zone=zone)
    assert table.frame.index.equals(utc)
    assert table.frame["a"].all()
    with pytest.raises(InputError, match="same time, 2021-10-31 02:00:00"):
        read_labels(path, data)


@pytest.mark.parametrize(
    ("text", "notice"),
    [
        ("time,a\n2021-07-01T00:00+02:00,1\n", "`time_zone` has no effect on them."),
        (
            "time,a\n1625090400,1\n",
            "Its times count from 1970 in UTC; `time_zone` has no effect on them.",
        ),
    ],
)
def test_times_that_say_what_they_mean_are_left_alone(write, text, notice):
    path = write(text)
    table = read_table(path, time_zone="America/New_York")
    assert notice in table.notices
    assert table.frame.index.equals(read_table(path).frame.index)


def test_naive_parquet_times_are_local_too(tmp_path):
    pytest.importorskip("pyarrow")
    times = pd.date_range("2021-07-01", periods=3, freq="h", name="time")
    pd.DataFrame({"time": times, "a": 1.0}).to_parquet(tmp_path / "data.parquet")
    table = read_table(tmp_path / "data.parquet", time_zone="Europe/Madrid")
    assert table.frame.index[0] == pd.Timestamp("2021-06-30 22:00")


def test_times_that_the_clocks_skip_are_refused(write):
    path = write("time,a\n2021-03-28 01:50,1\n2021-03-28 02:00,1\n2021-03-28 02:10,1\n")
    message = (
        r"data\.csv: the clocks of Europe/Madrid were put forward over 2 of its times: row 2 "
        r"\(line 3\) holds 2021-03-28 02:00:00, row 3 .*; is `time_zone` the zone of this file\?"
    )
    with pytest.raises(InputError, match=message):
        read_table(path, time_zone="Europe/Madrid")


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(["01:50", "02:10", "02:20", "03:10"], id="once only"),
        pytest.param(["01:50", "02:10", "03:10"], id="a single row"),
        pytest.param(["02:10", "02:10", "02:10"], id="three times"),
    ],
)
def test_an_hour_that_may_be_either_is_refused(write, times):
    path = write("time,a\n" + "".join(f"2021-10-31 {time},1\n" for time in times))
    message = (
        r"data\.csv: the clocks of Europe/Madrid were set back in an hour that this file has not "
        r"twice in full, so that \d of its times may mean either hour: row \d \(line \d\) holds "
        r"2021-10-31 02:10:00.*; write the times in UTC or with their offset, or leave out the rows"
    )
    with pytest.raises(InputError, match=message):
        read_table(path, time_zone="Europe/Madrid")


def test_with_a_zone_given_nobody_is_told_to_give_one(write):
    path = write("time,a\n2021-05-01 02:00,1\n2021-05-01 02:00,1\n")
    with pytest.raises(InputError, match="same time") as error:
        read_table(path, time_zone="Europe/Madrid")
    assert "time_zone" not in str(error.value)


# --- Steps -----------------------------------------------------------------------------------


def test_irregular_steps_are_told():
    frame = table_of(np.arange(12.0).reshape(6, 2)).frame.iloc[[0, 1, 2, 5]]
    [notice] = describe_table(frame)
    assert notice == (
        "The sampling step is 00:01:00, but 1 of 3 steps differ from it; the longest is 00:03:00, "
        "after 2021-01-01 00:02:00."
    )


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_sampling_step(unit):
    index = pd.DatetimeIndex(["2021-01-01", "2021-01-02", "2021-01-03", "2021-01-09"]).as_unit(unit)
    assert sampling_step(index) == pd.Timedelta("1D")
    assert sampling_step(index[2:]) == pd.Timedelta("6D")
    assert sampling_step(index[:1]) == pd.Timedelta(0)


@pytest.mark.parametrize("trained", [60.0, 60.5, 59.5, 0.0])
def test_the_step_of_training_is_not_told(trained):
    assert step_notice(TIMES, trained) == []


def test_a_single_row_has_no_step_to_tell_of():
    assert step_notice(TIMES[:1], 60.0) == []


@pytest.mark.parametrize(
    ("trained", "expected"),
    [(300.0, "00:05:00"), (59.0, "00:00:59"), (0.25, "00:00:00.250000"), (86400.0, "1 days 00:")],
)
def test_another_step_than_that_of_training_is_told(trained, expected):
    [notice] = step_notice(TIMES, trained)
    assert notice.startswith(
        f"The sampling step is 00:01:00, but the model was trained on steps of {expected}"
    )


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (pd.Timedelta(5, unit="min"), "00:05:00"),
        (pd.Timedelta(250, unit="ms"), "00:00:00.250000"),
        (pd.Timedelta(1, unit="D"), "1 days 00:00:00"),
        (pd.Timedelta(0), "00:00:00"),
        (pd.Timedelta(10, unit="D"), "10 days 00:00:00"),
    ],
)
def test_spans_are_written_without_days_where_there_are_none(span, words):
    assert time_span(span) == words


@pytest.mark.parametrize(
    ("name", "is_time"),
    [
        ("2021-01-01", True),
        ("2021-01-01T00:00:00Z", True),
        ("31.12.2020 10:00", True),
        ("1612325106", True),
        ("1612325106000", True),
        ("time", False),
        ("now", False),
        ("today", False),
        ("20210131", True),
        ("20210131T0000Z", True),
        ("31-Jan-21", True),
        ("Mon Mar  4 13:05:00 2024", True),
        ("2021", False),
        ("Mar 4", False),
        ("room 12:30", False),
        ("7", False),
        ("1.5", False),
        ("", False),
    ],
)
def test_a_name_that_is_a_time_is_of_a_row_and_not_of_a_header(name, is_time):
    assert reads_as_time(name) is is_time
