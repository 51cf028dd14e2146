"""The sentence on a file, in every combination of what can be counted; events as plain values."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dcvae._text import duration
from dcvae.config import SeriesNames
from dcvae.detection import Detection, find_events
from dcvae.evaluation import alarms_since, event_records, judged_rows, verdict
from support.builders import detection_of, judged_of, settings_with

STEP = 300.0


def review_of(detection: Detection, *, step: float = STEP, not_judged: str = "") -> Any:
    return SimpleNamespace(
        detection=detection,
        events=find_events(detection, step),
        model=SimpleNamespace(
            step_seconds=step, names=names_of(detection.series), settings=settings_with()
        ),
        not_judged=not_judged,
    )


def names_of(series: tuple[str, ...], unit: str = "") -> SeriesNames:
    return SeriesNames(series, (unit,) * len(series))


def quiet_week(*values: tuple[int, float], rows: int = 2016) -> np.ndarray:
    """A week of zeros but for some values of series a, by row."""
    residual = np.zeros((rows, 2))
    for row, value in values:
        residual[row, 0] = value
    return residual


def at(detection: Detection, start: str, freq: str = "5min") -> Detection:
    """Move a detection to other times."""
    times = pd.date_range(start, periods=len(detection.frame), freq=freq, name="time")
    return replace(detection, frame=detection.frame.set_axis(times))


def with_kinds(review: Any, *kinds: str) -> Any:
    review.events.table["kind"] = list(kinds)
    return review


FIVE_MINUTES = duration(300.0)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([], "No alarm in 7 days"),
        ([(222, 9.0)], f"1 alarm in 7 days: 1 January 18:30, {FIVE_MINUTES}, began with a: 9 where "
         "0 was expected"),
        ([(222, 9.0), (600, -12_345.0), (700, 8.0)], "3 alarms in 7 days; worst 3 January 02:00, "
         f"{FIVE_MINUTES}, began with a: -12.3 k where 0 was expected"),
        ([(2014, 9.0), (2015, 9.0)], f"1 alarm in 7 days: 7 January 23:50, {duration(600.0)}, "
         "still on at the end, began with a: 9 where 0 was expected"),
    ],
)  # fmt: skip
def test_series_decide(values: list[tuple[int, float]], sentence: str) -> None:
    assert verdict(review_of(detection_of(quiet_week(*values)))) == sentence


@pytest.mark.parametrize(
    ("kinds", "start"),
    [
        (
            ("incident", "level shift"),
            "1 alarm and 1 level shift in 7 days; worst 1 January 18:30,",
        ),
        (
            ("level shift", "incident"),
            "1 alarm and 1 level shift in 7 days; worst 3 January 02:00,",
        ),
        (("level shift", "level shift"), "2 level shifts and no other alarm in 7 days; worst "),
    ],
)
def test_level_shifts_are_counted_apart(kinds: tuple[str, str], start: str) -> None:
    review = review_of(detection_of(quiet_week((222, 9.0), (600, 9.0))))
    assert verdict(with_kinds(review, *kinds)).startswith(start)
    alone = review_of(detection_of(quiet_week((222, 9.0))))
    assert verdict(with_kinds(alone, "level shift")).startswith(
        "1 level shift and no other alarm in 7 days: 1 January 18:30,"
    )


@pytest.mark.parametrize(
    ("cells", "words"),
    [(0, ""), (1, "; 1 cell left its band without raising one"),
     (1100, "; 1,100 cells left their band without raising one")],
)  # fmt: skip
def test_flagged_cells_without_an_alarm(cells: int, words: str) -> None:
    residual = quiet_week(*((row, 9.0) for row in range(cells)))
    made = detection_of(residual)
    review = review_of(replace(made, alarm=np.zeros(len(residual), dtype=bool)))
    assert verdict(review) == f"No alarm in 7 days{words}"


def test_an_alarm_in_which_every_cell_is_within_its_band() -> None:
    residual = quiet_week((100, 2.5))
    alarm = np.zeros(len(residual), dtype=bool)
    alarm[100] = True
    assert verdict(review_of(replace(detection_of(residual), alarm=alarm))) == (
        f"1 alarm in 7 days: 1 January 08:20, {FIVE_MINUTES}, no series left its band by itself, "
        "nearest to its edge a: 2.5 where 0 was expected"
    )


def test_a_detector_that_expects_no_values_has_neither_bands_nor_expected_ones() -> None:
    made = detection_of(quiet_week((222, 9.0)))
    nothing = np.full_like(made.mean, np.nan)
    made = replace(made, mean=nothing, sigma=nothing)
    assert verdict(review_of(made)) == f"1 alarm in 7 days: 1 January 18:30, {FIVE_MINUTES}, " + (
        "began with a: 9"
    )
    calm = replace(made, alarm=np.zeros_like(made.alarm))
    assert verdict(review_of(calm)) == "No alarm in 7 days; 1 cell was flagged without raising one"
    unflagged = replace(made, flags=np.zeros_like(made.flags))
    assert verdict(review_of(unflagged)).endswith(
        "no series was flagged by itself, nearest to it a: 9"
    )
    ensemble = replace(calm, mean=np.zeros_like(made.mean))  # expects values, but has no bands
    assert verdict(review_of(ensemble)).endswith("; 1 cell was flagged without raising one")


def test_no_series_is_named_where_the_detector_does_not_tell_them_apart() -> None:
    review = review_of(detection_of(quiet_week((222, 9.0))))
    review.model.settings = settings_with(detector="isolation-forest")
    assert verdict(review) == f"1 alarm in 7 days: 1 January 18:30, {FIVE_MINUTES}"


def test_a_file_of_less_than_a_second() -> None:
    assert verdict(review_of(detection_of(np.zeros((2, 2))), step=0.25)) == "No alarm in 500 ms"


def test_values_that_are_near_are_told_apart() -> None:
    review = review_of(detection_of(quiet_week((100, 9.0))))
    review.events.table["actual"], review.events.table["expected"] = 0.98249, 0.98244
    assert verdict(review).endswith(" a: 0.9825 where 0.9824 was expected")


@pytest.mark.parametrize(
    ("start", "freq", "step", "time"),
    [
        ("2020-12-31", "5min", 300.0, "31 December 2020 18:30"),
        ("2021-01-01 00:00:07", "5min", 300.0, "1 January 18:30"),
        ("2021-01-01", "7s", 7.0, "1 January 00:25:54"),
        ("2021-01-01", "D", 86_400.0, "11 August 2021"),
        ("2021-01-01 06:00", "D", 86_400.0, "11 August 2021 06:00"),
    ],
)
def test_times_are_as_long_as_they_must_be(start: str, freq: str, step: float, time: str) -> None:
    review = review_of(at(detection_of(quiet_week((222, 9.0))), start, freq), step=step)
    assert f": {time}, " in verdict(review)


@pytest.mark.parametrize(
    ("since", "sentence"),
    [
        ("2021-01-01 18:30", "2 alarms since 1 January 18:30; worst 3 January 02:00, "),
        ("2021-01-01 18:31", "1 alarm since 1 January 18:31: 3 January 02:00, "),
        ("2021-01-03 02:05", "No alarm since 3 January 02:05; 1 cell left its band without "),
        ("2021-01-07", "No alarm since 7 January 00:00"),
        ("2021-01-08", "No alarm since 8 January 00:00: the file ends before, 7 January 23:55"),
        (
            "2022-01-08",
            "No alarm since 8 January 2022 00:00: the file ends before, 7 January 2021 ",
        ),
        ("2020-01-08", "2 alarms since 8 January 2020 00:00; worst 3 January 2021 02:00, "),
    ],
)
def test_only_what_is_new(since: str, sentence: str) -> None:
    made = detection_of(quiet_week((222, 9.0), (600, 19.0), (900, 9.0)))
    alarm = made.alarm.copy()
    alarm[900] = False
    review = review_of(replace(made, alarm=alarm))
    assert verdict(review, pd.Timestamp(since)).startswith(sentence)
    count = len(alarms_since(review.events, pd.Timestamp(since)))
    assert len(event_records(review.events, pd.Timestamp(since))) == count
    said = verdict(review, pd.Timestamp(since)).split(" since ")[0]
    assert said == {0: "No alarm", 1: "1 alarm", 2: "2 alarms"}[count]


def test_no_verdict_where_nothing_is_judged() -> None:
    nothing = detection_of(np.full((20, 2), np.nan))
    unjudged = replace(nothing, judged=judged_of(np.full(20, np.nan)))
    review = review_of(unjudged, not_judged="none of the 20 rows could be scored: why.")
    assert verdict(review) == "No verdict: none of the 20 rows could be scored: why"
    assert not judged_rows(unjudged).any()


def test_no_verdict_since_a_time_from_which_no_row_has_a_score() -> None:
    made = detection_of(quiet_week())
    score = made.judged.score.copy()
    score[1000:] = np.nan
    review = review_of(replace(made, judged=judged_of(score)))
    assert verdict(review) == "No alarm in 3 days"  # 1,000 rows of five minutes
    later = made.times[1000]
    assert verdict(review, later) == (
        "No verdict: no row since 4 January 11:20 has a score; quality.csv says why"
    )
    assert not judged_rows(review.detection, later).any()


def test_no_verdict_without_a_past() -> None:
    made = detection_of(np.zeros((20, 2)))
    relative = np.full(20, np.nan)
    judged = judged_of(np.zeros(20), relative=relative, limit=2.0, lower=1.0)
    system = replace(made.system, following=SimpleNamespace(window=288))  # type: ignore[arg-type]
    assert verdict(review_of(replace(made, judged=judged, system=system))) == (
        "No verdict: an alarm holds each series against its own last 288 rows and needs a quarter "
        "of them before"
    )


def test_events_as_plain_values() -> None:
    residual = quiet_week((222, 9.0), (600, -19.0))
    residual[601, 1] = 4.0
    records = event_records(review_of(detection_of(residual)).events)
    assert json.loads(json.dumps(records, allow_nan=False)) == records
    first, second = records
    assert [event["event"] for event in records] == [1, 2]
    assert list(second) == [
        *("event", "kind", "start", "end", "duration_seconds", "alarm_start", "alarm_end", "ended"),
        *("peak_time", "severity", "strength", "began_with", "actual", "expected", "series"),
    ]
    assert (first["kind"], first["start"], first["end"]) == (
        "incident",
        "2021-01-01T18:30:00",
        "2021-01-01T18:30:00",
    )
    assert first["severity"] is None  # series decide
    assert (second["duration_seconds"], second["strength"]) == (600.0, 19.0)
    assert (second["began_with"], second["actual"], second["expected"]) == ("a", -19.0, 0.0)
    assert [(s["name"], s["delay_seconds"], s["actual"]) for s in second["series"]] == [
        ("a", 0.0, -19.0),
        ("b", 300.0, 4.0),
    ]
    [new] = event_records(review_of(detection_of(residual)).events, pd.Timestamp("2021-01-02"))
    assert new == second  # it keeps its number


def test_values_have_the_units_and_series_the_titles_of_the_settings() -> None:
    review = review_of(detection_of(quiet_week((100, 37_000.0))))
    review.model.names = SeriesNames(("Inlet", "b"), ("B/s", ""))
    assert verdict(review).endswith("began with Inlet: 37 kB/s where 0 B/s was expected")
