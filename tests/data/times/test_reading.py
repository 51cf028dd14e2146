"""Times of files: formats, time zones and clock changes, order."""

import re
from pathlib import Path

import pandas as pd
import pytest

from dcvae import InputError
from dcvae.config import DataKeys
from dcvae.data.files.frame_file import FrameFile
from dcvae.data.tables import read_table
from dcvae.data.times.reading import read_times, reads_as_time
from dcvae.data.truth.labels import read_labels
from support.tables import table_of
from support.times import read_texts

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
        "no column holds the time of the rows: the first, `time`, holds `today`; expected times",
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
        r"the time is missing in row 2 \(line 3\), row 3 \(line 4\), row 4 \(line 5\)",
    ),
    "no time column": (
        "0,1\n0.53,0.2\n0.54,0.3\n",
        "no column holds the time of the rows: the first, `0`, holds `0.53`, `0.54`; expected",
    ),
    "counter": ("t,a\n1,0.2\n2,0.3\n", r"the first, `t`, counts rows \(1, 2, …\); expected"),
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


# --- Forms of tools --------------------------------------------------------------------------

FORMS = {
    "sadf -d": "%Y-%m-%d %H:%M:%S UTC",
    "a blank before the offset": "%Y-%m-%d %H:%M:%S +0000",
    "Go": "%Y-%m-%d %H:%M:%S +0000 UTC",
    "ISO basic": "%Y%m%dT%H%M%SZ",
    "date and clock without separators": "%Y%m%d %H%M%S",
    "14 digits": "%Y%m%d%H%M%S",
    "week date": "%G-W%V-%uT%H:%M:%S",
    "basic week date": "%GW%V%uT%H%M%S",
    "ordinal date": "%Y-%jT%H:%M:%S",
    "points": "%d/%m/%Y %H.%M.%S",
    "decimal comma": "%Y-%m-%d %H:%M:%S,000",
    "12 hours, day first": "%d/%m/%Y %I:%M:%S %p",
    "12 hours, month first": "%m/%d/%Y %I:%M:%S%p",
    "12 hours, year first": "%Y-%m-%d %I:%M:%S %p",
    "Kibana": "%b %-d, %Y @ %H:%M:%S.000",
    "month by name": "%d %B %Y %H:%M:%S",
    "Excel": "%d-%b-%y %H:%M:%S",
    "SAS": "%d%b%Y:%H:%M:%S",
    "two-digit years": "%d.%m.%y %H:%M:%S",
    "ctime": "%a %b %e %H:%M:%S %Y",
    "date": "%a %b %e %H:%M:%S UTC %Y",
    "RFC 2822": "%a, %d %b %Y %H:%M:%S GMT",
    "web server": "%d/%b/%Y:%H:%M:%S +0000",
    "JavaScript": "%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)",
    "clock first": "%H:%M:%S %d/%m/%Y",
    "quoted": '"%Y-%m-%d %H:%M:%S"',
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_forms_of_tools(form):
    expected = pd.date_range("2023-11-28 22:00:11", periods=500, freq="1h37min5s")
    times, notices = read_texts([time.strftime(form) for time in expected])
    assert times == list(expected)
    is_utc = any(word in form for word in ("UTC", "GMT", "Z", "+"))
    assert ("Its times carry a UTC offset and are converted to UTC." in notices) == is_utc
    assert any("two digits" in notice for notice in notices) == ("%y" in form)


@pytest.mark.parametrize("digits", [10, 13, 16, 19])
def test_counts_since_1970_are_exact(digits):
    microseconds = [1_709_510_400_000_000 + 300_000_001 * row for row in range(500)]
    scale = 10 ** (19 - digits)
    texts = [str(time * 1000 // scale) for time in microseconds]
    times, notices = read_texts(texts)
    step = max(scale // 1000, 1)  # a digit in microseconds
    assert times == [pd.Timestamp(time // step * step, unit="us") for time in microseconds]
    assert notices == []


def test_precisions_may_be_mixed():
    texts = ["2024-03-04", "2024-03-04 00:00:00.5", "2024-03-04 12:00", "20240305T0000"]
    assert read_texts(texts)[0] == [
        pd.Timestamp(text)
        for text in ("2024-03-04", "2024-03-04 00:00:00.5", "2024-03-04 12:00", "2024-03-05")
    ]


def test_a_date_and_its_hour_from_1_to_24():
    texts = [f"2024-03-04 {hour}" for hour in range(1, 25)] + ["2024-03-05 1"]
    assert read_texts(texts)[0] == list(pd.date_range("2024-03-04 01:00", periods=25, freq="h"))


def test_a_leap_second_is_the_first_of_the_next_minute():
    times, _ = read_texts(["2016-12-31 23:59:59", "2016-12-31 23:59:60", "2017-01-01 00:00:01"])
    assert times == list(pd.date_range("2016-12-31 23:59:59", periods=3, freq="s"))


def test_offsets_may_differ_by_row_and_by_form():
    texts = ["2024-03-04 01:00 +01", "2024-03-04T01:00Z", "2024-03-04 02:30 UTC"]
    times, _ = read_texts(texts)
    assert times == [pd.Timestamp(f"2024-03-04 {clock}") for clock in ("00:00", "01:00", "02:30")]


def test_ten_digits_are_an_hour_where_every_row_is_one():
    times, notices = read_texts(["2024030413", "2024030500"])
    assert times == [pd.Timestamp("2024-03-04 13:00"), pd.Timestamp("2024-03-05")]
    assert notices == [
        "Its times of ten digits are taken for year, month, day and hour: `2024030413` for "
        "2024-03-04 13:00:00, not for seconds since 1970."
    ]
    with pytest.raises(InputError, match="row 3 holds `2024023013`"):
        read_texts(["2024030413", "2024030500", "2024023013"])


def test_any_row_decides_whether_the_day_is_first():
    """However late the row is: formats are not guessed from the first ones."""
    texts = ["01/02/2021 00:00"] * 3000 + ["01/13/2021 00:00"]
    assert read_texts(texts)[0][0] == pd.Timestamp("2021-01-02")
    texts[-1] = "13/02/2021 00:00"
    assert read_texts(texts)[0][0] == pd.Timestamp("2021-02-01")


def test_rows_of_several_devices_are_told_apart_by_fewer_steps_back():
    days = ["11/01/2021", "12/01/2021", "01/02/2021"]
    assert read_texts([day for day in days for _ in range(3)])[0][-1] == pd.Timestamp("2021-02-01")
    assert read_texts(days * 3)[0][-1] == pd.Timestamp("2021-02-01")


def test_a_year_of_two_digits_is_not_one_where_days_follow_each_other():
    hours = pd.date_range("2024-02-13", "2024-02-20", freq="h")
    assert read_texts([time.strftime("%d/%m/%y %H:%M") for time in hours])[0] == list(hours)
    with pytest.raises(
        InputError, match=r"2024-02-13 .*\(day first\) or 2013-02-24 .*\(year first"
    ):
        read_texts(["13/02/24", "14/02/24", "15/02/24"])


def test_the_usual_form_and_another_row_far_behind():
    """pandas takes a year alone for its first day."""
    texts = ["2024-03-04 00:00"] * 5000
    for row, text in ((1, "2024"), (7, "2024-02"), (3, "now"), (9, "1709510400"), (11, "x")):
        with_other = [*texts]
        with_other[row] = text
        if text == "2024-02":
            assert read_texts(with_other)[0][row] == pd.Timestamp("2024-02-01")
            continue
        with pytest.raises(InputError, match=rf"time everywhere: row {row + 1} holds `{text}`"):
            read_texts(with_other)


def test_messages_and_the_index_have_the_name_of_the_cells():
    file = FrameFile(Path("data.csv"), pd.DataFrame({"when": ["2024-03-04"]}))
    for name, expected in ((None, "when"), ("Date + Time", "Date + Time")):
        index, _ = read_times(pd.Series(["2024-03-04"], name=name), file, None)
        assert index.name == expected
        with pytest.raises(InputError, match=re.escape(f"column `{expected}` is not a time")):
            read_times(pd.Series(["x"], name=name), file, None)


REFUSED_TEXTS = {
    "a clock alone": (["13:05:00", "13:10:00"], "this is a clock without its date; name the col"),
    "a clock with points alone": (["00.05.00", "00.10.00"], "this is a clock without its date"),
    "no year": (["Mar  4 13:05:00"], r"row 1 holds `Mar  4 13:05:00`; the year is missing; write"),
    "years": (["2023", "2024"], "these may be years or just numbers; if they are dates, write"),
    "days of spreadsheets": (["45355.5", "45355.6"], "days since 1900, as spreadsheets store date"),
    "units": (
        ["1709510400", "1709510700", "1709511000000"],
        r"numbers in column `when` count from 1970 in different units: row 1 holds `1709510400` "
        r"\(seconds\), row 3 holds `1709511000000` \(milliseconds\); write all of them in one unit",
    ),
    "intervals": (["04.03.2024 00:00-15:00"], "row 1 holds `04.03.2024 00:00-15:00`; the first c"),
    "some UTC": (
        ["2024-03-04 00:00 UTC", "2024-03-04 00:05"],
        "some times carry a UTC offset and some do not: row 1 holds `2024-03-04 00:00 UTC`, row 2",
    ),
    "long texts": (
        ["2024-03-04", "x" * 500],
        r"row 2 holds `x{80}\.\.\.`; the first column",
    ),
    "hour 24 and more": (["2024-03-04 24:05"], "row 1 holds `2024-03-04 24:05`"),
    "no such day": (["2024-02-30"], "row 1 holds `2024-02-30`"),
}


@pytest.mark.parametrize(("texts", "message"), REFUSED_TEXTS.values(), ids=REFUSED_TEXTS)
def test_refused_texts(texts, message):
    with pytest.raises(InputError, match=message):
        read_texts(texts)


# --- Clocks of twelve hours ------------------------------------------------------------------


@pytest.mark.parametrize("form", ["%Y-%m-%d %I:%M", "%d/%m/%Y %I.%M.%S"])
@pytest.mark.parametrize("freq", ["5min", "1h", "6h"])
def test_a_clock_of_twelve_hours_without_am_and_pm_is_named(form, freq):
    times = pd.date_range("2024-03-13", periods=600, freq=freq)
    with pytest.raises(InputError, match="this is a clock of twelve hours without AM or PM") as e:
        read_texts([time.strftime(form) for time in times])
    assert re.search(
        r"time goes backwards from row \d+, 2024-03-13 12:\d\d:00, to row \d+, 2024-03-13 0\d:00"
        r":00 \([\d,]+ times in all\), each time by twelve hours less a step",
        str(e.value),
    )
    assert str(e.value).endswith("Write the times with AM and PM, or with hours from 0 to 23.")


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(["2024-03-04 12:50", "2024-03-04 01:00", "2024-03-04 13:00"], id="hour 13"),
        pytest.param(["2024-03-04 12:50", "2024-03-04 12:55", "2024-03-03 01:00"], id="a day back"),
        pytest.param(["2024-03-04 11:50", "2024-03-04 11:55", "2024-03-04 01:00"], id="others"),
        pytest.param(
            ["2024-03-04 12:55 PM", "2024-03-04 01:00 AM", "2024-03-04 01:05 AM"], id="AM"
        ),
    ],
)
def test_other_steps_back_are_not_taken_for_it(texts):
    assert len(read_texts(texts)[0]) == 3


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
    table = read_table(write(local_text(utc, zone)), DataKeys(time_zone=zone))
    assert table.frame.index.equals(utc)
    assert table.notices[0] == f"Its times are those of {zone} (`time_zone`) and converted to UTC."
    assert not [notice for notice in table.notices if "steps differ" in notice]


@pytest.mark.parametrize("time_format", ["%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p"])
def test_day_and_month_are_told_apart_although_the_clocks_go_back(write, time_format):
    zone = "America/New_York"
    utc = pd.date_range("2021-11-05", periods=1500, freq="10min", unit="us", name="time")
    keys = DataKeys(time_zone=zone)
    table = read_table(write(local_text(utc, zone, time_format)), keys)
    assert table.frame.index.equals(utc)
    # Both readings fit the days up to the twelfth, and in both time goes forward.
    path = write(local_text(utc[:600], zone, time_format))
    with pytest.raises(InputError, match="are ambiguous: `"):
        read_table(path, DataKeys(time_zone=zone))


def test_labels_have_the_same_zone(write):
    utc = pd.date_range("2021-10-30 18:00", periods=150, freq="5min", unit="us", name="time")
    zone = "Europe/Madrid"
    text = local_text(utc, zone)
    data = read_table(write(text), DataKeys(time_zone=zone))
    path = write(re.sub(r",\d+\n", ",1\n", text), "labels.csv")
    table = read_labels(path, data, DataKeys(time_zone=zone))
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
    table = read_table(path, DataKeys(time_zone="America/New_York"))
    assert notice in table.notices
    assert table.frame.index.equals(read_table(path).frame.index)


def test_naive_parquet_times_are_local_too(tmp_path):
    pytest.importorskip("pyarrow")
    times = pd.date_range("2021-07-01", periods=3, freq="h", name="time")
    pd.DataFrame({"time": times, "a": 1.0}).to_parquet(tmp_path / "data.parquet")
    table = read_table(tmp_path / "data.parquet", DataKeys(time_zone="Europe/Madrid"))
    assert table.frame.index[0] == pd.Timestamp("2021-06-30 22:00")


def test_times_that_the_clocks_skip_are_refused(write):
    path = write("time,a\n2021-03-28 01:50,1\n2021-03-28 02:00,1\n2021-03-28 02:10,1\n")
    message = (
        r"data\.csv: the clocks of Europe/Madrid were put forward over 2 of its times: row 2 "
        r"\(line 3\) holds 2021-03-28 02:00:00, row 3 .*; is `time_zone` the zone of this file\?"
    )
    with pytest.raises(InputError, match=message):
        read_table(path, DataKeys(time_zone="Europe/Madrid"))


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
        read_table(path, DataKeys(time_zone="Europe/Madrid"))


def test_with_a_zone_given_nobody_is_told_to_give_one(write):
    path = write("time,a\n2021-05-01 02:00,1\n2021-05-01 02:00,1\n")
    with pytest.raises(InputError, match="same time") as error:
        read_table(path, DataKeys(time_zone="Europe/Madrid"))
    assert "time_zone" not in str(error.value)


# --- Headers that are missing --------------------------------------------------------------------


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
