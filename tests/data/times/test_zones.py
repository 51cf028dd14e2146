"""Time zones: words of clocks, and midnights, against `zoneinfo`."""

import datetime
import zoneinfo

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data.times.zones import midnights
from support.times import read_texts

SECOND = 1_000_000


def with_words(start, zone, periods=200, freq="30min"):
    """Instants, and their local times with the word that the zone's clock goes by."""
    utc = pd.date_range(start, periods=periods, freq=freq, tz="UTC")
    info = zoneinfo.ZoneInfo(zone)
    texts = [f"{time.astimezone(info):%Y-%m-%d %H:%M:%S %Z}" for time in utc.to_pydatetime()]
    return list(utc.tz_localize(None)), texts


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/Madrid", {"CET", "CEST"}),
        ("Europe/London", {"GMT", "BST"}),
        ("Europe/Dublin", {"GMT", "IST"}),
        ("America/New_York", {"EST", "EDT"}),
    ],
)
@pytest.mark.parametrize("start", ["2024-03-30", "2024-03-09", "2024-10-26", "2024-11-02"])
def test_words_of_the_zone_are_believed(start, zone, words):
    utc, texts = with_words(start, zone)
    assert {text.split()[-1] for text in texts} <= words
    times, notices = read_texts(texts, zone)
    assert times == utc
    # A file whose clocks are all GMT says itself that it is UTC.
    expected = [f"Its times are those of {zone} (`time_zone`) and converted to UTC."]
    if {text.split()[-1] for text in texts} != {"GMT"}:
        assert notices == expected


def test_words_settle_an_hour_that_is_there_once():
    texts = ["2024-10-27 02:30:00 CEST", "2024-10-27 02:10:00 CET"]
    times, _ = read_texts(texts, "Europe/Madrid")
    assert times == [pd.Timestamp("2024-10-27 00:30"), pd.Timestamp("2024-10-27 01:10")]


@pytest.mark.parametrize(
    ("texts", "zone", "message"),
    [
        pytest.param(
            ["2024-01-01 00:00 CST"],
            None,
            r"data\.csv: the times in column `when` name a time zone by a word that is not clear: "
            r"`CST` may be America/Chicago or Asia/Shanghai or America/Havana; name the zone in "
            r'`time_zone`, such as "America/Chicago", or write the UTC offset in its place\.',
            id="several meanings",
        ),
        pytest.param(
            ["2024-03-31 01:59 CET", "2024-03-31 03:00 CEST"],
            None,
            r"`CET` may be Europe/Berlin or .*, `CEST` may be Europe/Berlin or .*; name the zone",
            id="two words",
        ),
        pytest.param(
            ["2024-01-01 00:00 GMT", "2024-07-01 00:00 BST"],
            None,
            r"`BST` may be Europe/London or Asia/Dhaka; name the zone",
            id="beside a clear one",
        ),
        pytest.param(
            ["2024-01-01 00:00 FOO"],
            None,
            r"end in `FOO`, which is no time zone that is known; write them with their UTC offset",
            id="unknown",
        ),
        pytest.param(
            ["2024-01-01 00:00 CET", "2024-01-01 00:05 CST"],
            "Europe/Madrid",
            r"the clocks of Europe/Madrid \(`time_zone`\) are not called so then: row 2 holds "
            r"2024-01-01 00:05:00 CST; name the zone that these words are of",
            id="of another zone",
        ),
        pytest.param(
            ["2024-07-01 00:00 CET"] * 5,
            "Europe/Madrid",
            r"not called so then: row 1 holds 2024-07-01 00:00:00 CET, row 2 .* and 2 more; name",
            id="winter's word in summer",
        ),
        pytest.param(
            ["2024-03-31 02:30 CET"],
            "Europe/Madrid",
            r"the clocks of Europe/Madrid were put forward over 1 of its times: row 1 holds",
            id="skipped",
        ),
        pytest.param(
            ["2024-01-01 00:00 CET", "2024-01-01 00:05"],
            "Europe/Madrid",
            r"some times name a time zone and some do not: row 1 holds `2024-01-01 00:00 CET`, "
            r"row 2 holds `2024-01-01 00:05`; write all of them one way",
            id="some without",
        ),
    ],
)
def test_words_that_are_not_clear_are_refused(texts, zone, message):
    with pytest.raises(InputError, match=message):
        read_texts(texts, zone)


# --- Midnights -------------------------------------------------------------------------------

ZONES = {
    "UTC": ["2024-01-10"],
    "Europe/Madrid": ["2024-03-31", "2024-10-27"],
    "America/New_York": ["2024-03-10", "2024-11-03"],
    "America/Sao_Paulo": ["2018-11-04", "2018-02-18"],  # clocks change at midnight
    "America/Havana": ["2024-03-10", "2024-11-03"],  # midnight is skipped, and comes twice
    "Australia/Lord_Howe": ["2024-04-07", "2024-10-06"],  # half an hour
    "Pacific/Apia": ["2011-12-30"],  # there was no such day
    "Asia/Kathmandu": ["2024-01-10"],
}


def days_by_the_minute(zone, around):
    """When each local day starts, in UTC: the first minute with another date."""
    utc = pd.date_range(pd.Timestamp(around) - pd.Timedelta(days=4), periods=9 * 1440, freq="min")
    info = zoneinfo.ZoneInfo(zone)
    dates = [
        datetime.datetime.fromtimestamp(stamp, info).date()
        for stamp in utc.as_unit("s").asi8.tolist()
    ]
    return [
        time
        for time, date, before in zip(utc[1:], dates[1:], dates, strict=False)
        if date != before
    ]


@pytest.mark.parametrize(
    ("zone", "around"), [(zone, day) for zone, days in ZONES.items() for day in days]
)
def test_midnights_are_where_the_date_changes(zone, around):
    expected = days_by_the_minute(zone, around)
    first, last = (time.value // 1000 for time in (expected[0], expected[-1]))
    ends = midnights(first, last, 1, zone)
    assert ends[0] < first
    assert ends[-1] >= last
    inside = ends[(ends >= first) & (ends <= last)]
    assert [pd.Timestamp(end, unit="us") for end in inside.tolist()] == expected


def test_steps_of_several_days_are_counted_from_1970():
    zone = zoneinfo.ZoneInfo("Europe/Madrid")
    start, stop = (
        int(datetime.datetime(2024, month, 1, tzinfo=datetime.UTC).timestamp()) * SECOND
        for month in (3, 5)
    )
    for days in (2, 7, 30):
        ends = midnights(start, stop, days, "Europe/Madrid")
        local = [datetime.datetime.fromtimestamp(end / SECOND, zone) for end in ends.tolist()]
        assert {time.time() for time in local} == {datetime.time(0)}
        since = [(time.date() - datetime.date(1970, 1, 1)).days for time in local]
        assert set(np.diff(since)) == {days}
        assert {number % days for number in since} == {0}
