"""Events against a slow obvious twin and against cases worked out by hand."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae.data import Table, training_data
from dcvae.detection.alarms.rules import AlarmRules
from dcvae.detection.alarms.system import SystemAlarm
from dcvae.detection.alphas import Alphas
from dcvae.detection.events import COLUMNS, SERIES_COLUMNS, find_events, order_of_call
from dcvae.detection.result import Detection, microseconds
from dcvae.detection.thresholds import Thresholds
from dcvae.metrics import event_wise
from dcvae.pipeline import FittedModel
from support.builders import detection_of, head_of, random_network, random_rows, settings_with
from support.untrained import untrained_model

NAN = np.nan


def raised(detection: Detection, alarm: SystemAlarm) -> Detection:
    """The same with the alarms of another system."""
    judged = alarm.judge(detection.error, microseconds(detection.frame.index))
    of_system, of_series = alarm.alarms(judged, detection.residual, detection.alphas)
    return replace(detection, system=alarm, judged=judged, alarm=of_system, series_alarms=of_series)


def test_one_event_by_hand() -> None:
    """Alphas (2 down, 3 up) in every series; rows every 5 minutes."""
    residual = np.zeros((8, 3))
    residual[2] = [0, -4, 0]  # b is the first, 2 sigmas below its band
    residual[3] = [7, -2.5, 3.5]  # a and c in the same row
    residual[4] = [0, 0, 9]  # c gets further out than a
    events = find_events(detection_of(residual, down=2.0, up=3.0), 300.0)
    (event,) = events.table.to_dict("records")
    # There is no limit to a score where series decide.
    assert all(np.isnan(event.pop(name)) for name in ("times_limit", "peak_score", "reference"))
    assert event == {
        "event": 1,
        "kind": "incident",
        "start": pd.Timestamp("2021-01-01 00:10"),
        "end": pd.Timestamp("2021-01-01 00:20"),
        "rows": 3,
        "duration_seconds": 900.0,
        "alarm_start": pd.Timestamp("2021-01-01 00:10"),
        "alarm_end": pd.Timestamp("2021-01-01 00:20"),
        "ended": "calm again",
        "peak_time": pd.Timestamp("2021-01-01 00:20"),
        "peak_series": "c",
        "peak_strength": 9.0,
        "direction": "up",
        "began_with": "b",
        "actual": -4.0,
        "expected": 0.0,
        "num_series": 3,
        "series": ["b", "c", "a"],
    }
    lines = events.series.set_index("series")
    assert lines["rank"].to_dict() == {"b": 1, "c": 2, "a": 3}
    assert lines["delay_seconds"].to_dict() == {"b": 0.0, "a": 300.0, "c": 300.0}
    assert lines["flagged_rows"].to_dict() == {"b": 2, "a": 1, "c": 2}
    assert lines["peak_strength"].to_dict() == {"b": 4.0, "a": 7.0, "c": 9.0}
    assert lines["direction"].to_dict() == {"b": "down", "a": "up", "c": "up"}
    assert lines["actual"].to_dict() == {"b": -4.0, "a": 7.0, "c": 9.0}
    assert lines["expected"].to_dict() == {"b": 0.0, "a": 0.0, "c": 0.0}


def test_what_was_measured_is_of_the_beginning_and_not_of_a_later_fault() -> None:
    """Series a begins, b joins, and hours later a is further out once more."""
    residual = np.zeros((12, 2))
    residual[2:5, 0] = [4.0, 6.0, 5.0]
    residual[4:8, 1] = 7.0
    residual[7:9, 0] = [-20.0, -30.0]
    (event,) = find_events(detection_of(residual), 300.0).table.to_dict("records")
    assert (event["began_with"], event["actual"], event["expected"]) == ("a", 6.0, 0.0)
    assert (event["peak_series"], event["peak_strength"], event["direction"]) == ("a", 30.0, "down")
    lines = find_events(detection_of(residual), 300.0).series
    assert lines["actual"].tolist() == [-30.0, 7.0]  # of the strongest cell, with its time


def test_an_alarm_without_a_flag_is_an_event_of_the_nearest_cell() -> None:
    """Many a little off: the system is in alarm though no cell is outside its band."""
    residual = np.zeros((6, 3))
    residual[1] = [0.0, 1.0, 0.0]
    residual[2] = [2.0, -2.5, 2.2]
    residual[3] = [NAN, NAN, 0.5]
    residual[5] = [3.5, 0.0, 0.0]  # flagged, but the system is not in alarm
    alarm = SystemAlarm(AlarmRules("weighted", 3, 1, (1, 1), 1.0, 1, 1), np.ones(3), 5.0, "budget")
    detection = raised(detection_of(residual), alarm)
    assert detection.alarm.tolist() == [False, False, True, True, False, False]
    (event,) = find_events(detection, 300.0).table.to_dict("records")
    assert (event["peak_series"], event["series"], event["num_series"]) == ("b", ["b"], 1)
    assert (event["peak_strength"], event["direction"]) == (2.5, "down")
    assert (event["began_with"], event["actual"], event["expected"]) == ("b", -2.5, 0.0)
    score = (2.0**2 + 2.5**2 + 2.2**2) / 3  # all levels are 1
    assert event["peak_score"] == pytest.approx(score)
    assert event["times_limit"] == pytest.approx(score / 5.0)
    assert event["reference"] == 1.0
    assert event["start"] == event["peak_time"] == pd.Timestamp("2021-01-01 00:10")
    (line,) = find_events(detection, 300.0).series.to_dict("records")
    assert (line["flagged_rows"], line["delay_seconds"], line["rank"]) == (0, 0.0, 1)


def test_flags_outside_an_alarm_are_in_no_event() -> None:
    residual = np.zeros((6, 2))
    residual[1, 0] = residual[4, 1] = 4.0
    alarm = SystemAlarm(
        AlarmRules("weighted", 1, 1, (1, 1), 1.0, 1, 0), np.array([1.0, 99.0]), 9.0, "budget"
    )
    detection = raised(detection_of(residual), alarm)
    events = find_events(detection, 300.0)
    assert events.table["series"].tolist() == [["a"]]
    assert events.series["flagged_rows"].tolist() == [1]


def test_the_earlier_of_two_equal_peaks_is_the_peak() -> None:
    residual = np.array([[0.0], [5.0], [5.0], [0.0]])
    (event,) = find_events(detection_of(residual), 300.0).table.to_dict("records")
    assert event["peak_time"] == pd.Timestamp("2021-01-01 00:05")


def test_series_of_the_same_row_and_strength_keep_the_order_of_the_columns() -> None:
    residual = np.array([[5.0, 5.0, -5.0]])
    (event,) = find_events(detection_of(residual), 300.0).table.to_dict("records")
    assert event["series"] == ["a", "b", "c"]
    assert (event["peak_series"], event["direction"]) == ("a", "up")


def test_events_since_a_time_are_those_that_are_still_on_numbered_anew() -> None:
    residual = np.zeros((12, 2))
    residual[[2, 3, 6, 7, 10], 0] = 5.0
    residual[7, 1] = 4.0
    detection = detection_of(residual)
    events = find_events(detection, 300.0)
    assert events.since(None) is events
    later = events.since(detection.times[7])
    assert later.table["event"].tolist() == [1, 2]
    pd.testing.assert_frame_equal(
        later.table.drop(columns="event"),
        events.table[1:].drop(columns="event").reset_index(drop=True),
    )
    assert list(zip(later.series["event"], later.series["series"], strict=True)) == [
        (1, "a"),
        (1, "b"),
        (2, "a"),
    ]


def test_whom_to_call_for_first() -> None:
    """Incidents before shifts; by the score, and where there is none by the strongest cell."""
    table = pd.DataFrame(
        {
            "kind": ["level shift", "incident", "incident", "incident", "level shift"],
            "times_limit": [9.0, 2.0, 3.0, 2.0, 10.0],
            "peak_strength": [99.0, 1.0, 1.0, 4.0, 0.0],
        }
    )
    assert order_of_call(table).tolist() == [2, 3, 1, 4, 0]
    assert order_of_call(table.assign(times_limit=NAN)).tolist() == [3, 1, 2, 0, 4]


@pytest.mark.parametrize("rows", [1, 5])
def test_no_event(rows: int) -> None:
    events = find_events(detection_of(np.zeros((rows, 2))), 300.0)
    assert list(events.table.columns) == list(COLUMNS)
    assert list(events.series.columns) == list(SERIES_COLUMNS)
    assert len(events.table) == len(events.series) == 0


def test_whole_file_is_one_event() -> None:
    (event,) = find_events(detection_of(np.full((4, 1), -9.0)), 300.0).table.to_dict("records")
    assert (event["rows"], event["duration_seconds"]) == (4, 1200.0)


def test_missing_cell_ends_an_event_of_one_series() -> None:
    residual = np.array([[5.0], [NAN], [5.0]])
    assert find_events(detection_of(residual), 300.0).table["rows"].tolist() == [1, 1]


@pytest.mark.parametrize("seed", range(20))
def test_equals_a_loop_over_rows_and_series(seed: int) -> None:
    random = np.random.default_rng(seed)
    residual = random.integers(-6, 7, size=(60, 4)).astype(float)
    residual[random.random(residual.shape) < 0.1] = NAN
    residual[random.random(60) < 0.4] = 0.0
    down, up = random.integers(2, 5, size=4) + 0.5, random.integers(2, 5, size=4) + 0.5
    detection = detection_of(residual, down=down, up=up)
    events = find_events(detection, 300.0)

    expected = []
    row = 0
    while row < 60:
        if not detection.flags[row].any():
            row += 1
            continue
        first = row
        members: dict[int, list[tuple[int, float]]] = {}
        while row < 60 and detection.flags[row].any():
            for column in np.flatnonzero(detection.flags[row]):
                value = residual[row, column]
                members.setdefault(int(column), []).append((row, abs(value)))
            row += 1
        ranking = sorted(
            members, key=lambda c: (members[c][0][0], -max(far for _, far in members[c]), c)
        )
        expected.append((first, row, ranking, members))

    assert len(events.table) == len(expected)
    for number, (first, stop, ranking, members) in enumerate(expected):
        event = events.table.iloc[number]
        assert event["start"] == detection.times[first]
        assert event["end"] == detection.times[stop - 1]
        assert event["rows"] == stop - first
        assert event["series"] == [detection.series[column] for column in ranking]
        strongest = max(far for cells in members.values() for _, far in cells)
        assert event["peak_strength"] == strongest
        lines = events.series[events.series["event"] == number + 1]
        assert lines["flagged_rows"].tolist() == [len(members[column]) for column in ranking]
        for (_, line), column in zip(lines.iterrows(), ranking, strict=True):
            at, far = max(members[column], key=lambda cell: (cell[1], -cell[0]))
            assert line["peak_strength"] == far
            assert line["peak_time"] == detection.times[at]
            assert line["direction"] == ("up" if residual[at, column] > 0 else "down")
            assert line["first_time"] == detection.times[members[column][0][0]]


# ---------------------------------------------------------------- rows that are not there


@pytest.fixture(scope="module")
def untrained() -> FittedModel:
    """Two series, windows of 8 rows; expects 0 with sigma 1, whatever it is shown."""
    settings = settings_with(max_gap=4)
    network = random_network(settings)
    for name in ("x_mean", "x_spread"):
        for weight in head_of(network.decoder, name).weights:
            weight.assign(np.zeros(weight.shape))
    frame = pd.DataFrame(random_rows(400, 2).astype(float), times_of(400), ["a", "b"])
    data = training_data(Table(Path("x.csv"), frame, []), settings)
    model = untrained_model(data, settings, network)
    alphas, alarm = Alphas.default(("a", "b"), 5.0), SystemAlarm.published(2)
    return replace(model, thresholds=Thresholds(alphas, alarm))


def times_of(rows: int) -> pd.DatetimeIndex:
    return pd.date_range("2021-01-01", periods=rows, freq="5min", name="time")


FAR = slice(60, 121)  # rows in which series a is far out


@pytest.mark.parametrize("hold", [0, 12])
@pytest.mark.parametrize(
    ("lost", "max_gap", "expected"),
    [
        ([], 4, [(60, 120)]),
        ([90], 4, [(60, 120)]),  # a step of two rows is no gap
        (range(85, 95), 4, [(60, 84), (102, 120)]),  # no whole window until 7 rows after the gap
        (range(85, 95), None, [(60, 120)]),
    ],
    ids=["nothing lost", "one row", "a gap", "a gap that windows may cross"],
)
def test_events_are_the_alarms_that_metrics_count(
    untrained: FittedModel,
    hold: int,
    lost: Sequence[int],
    max_gap: int | None,
    expected: list[tuple[int, int]],
) -> None:
    frame = pd.DataFrame(random_rows(200, 2, seed=1).astype(float), times_of(200), ["a", "b"])
    frame.iloc[FAR, 0] = 1e6
    frame = frame.drop(frame.index[list(lost)])
    settings = untrained.settings.model_copy(update={"max_gap": max_gap})
    alarm = replace(untrained.thresholds.alarm, rules=AlarmRules("any", 1, 1, (1, 1), 1.0, 1, hold))
    thresholds = replace(untrained.thresholds, alarm=alarm)
    model = replace(untrained, settings=settings, thresholds=thresholds)
    detection = model.detect(Table(Path("y.csv"), frame, []))

    events = find_events(detection, 300.0).table
    truth = np.random.default_rng(0).random(len(detection.times)) < 0.1
    assert len(events) == event_wise(truth, detection.alarm).num_alarms == len(expected)
    times = times_of(200)
    for (_, event), (first, last) in zip(events.iterrows(), expected, strict=True):
        assert (event["start"], event["end"]) == (times[first], times[last])
        assert event["rows"] == len(set(range(first, last + 1)) - set(lost))
        assert event["duration_seconds"] == (last - first + 1) * 300.0
        held = last + hold * (last == 120)  # the gap cuts off what would be held
        assert (event["alarm_start"], event["alarm_end"]) == (times[first], times[held])
        assert event["ended"] == ("calm again" if last == 120 else "no data")


def test_a_row_without_values_ends_an_event_as_it_ends_an_alarm(untrained: FittedModel) -> None:
    frame = pd.DataFrame(random_rows(200, 2, seed=1).astype(float), times_of(200), ["a", "b"])
    frame.iloc[FAR, 0] = 1e6
    frame.iloc[90] = NAN
    detection = untrained.detect(Table(Path("y.csv"), frame, []))
    events = find_events(detection, 300.0).table
    assert events["rows"].tolist() == [30, 30]
    assert len(events) == event_wise(detection.alarm, detection.alarm).num_alarms
