"""Events against a slow obvious twin and against cases worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from support.builders import verdicts_of

from dcvae.detection.band import AlarmRules
from dcvae.detection.events import COLUMNS, SERIES_COLUMNS, find_events
from dcvae.detection.system_alarm import SystemAlarm

NAN = np.nan


def test_one_event_by_hand() -> None:
    """Alphas (2 down, 3 up) in every series; rows every 5 minutes."""
    residual = np.zeros((8, 3))
    residual[2] = [0, -4, 0]  # b is the first, 2 sigmas below its band
    residual[3] = [7, -2.5, 3.5]  # a and c in the same row
    residual[4] = [0, 0, 9]  # c gets further out than a
    events = find_events(verdicts_of(residual, down=2.0, up=3.0), 300.0)
    (event,) = events.table.to_dict("records")
    assert event == {
        "event": 1,
        "start": pd.Timestamp("2021-01-01 00:10"),
        "end": pd.Timestamp("2021-01-01 00:20"),
        "rows": 3,
        "duration_seconds": 900.0,
        "peak_time": pd.Timestamp("2021-01-01 00:20"),
        "peak_series": "c",
        "peak_strength": 6.0,
        "direction": "up",
        "num_series": 3,
        "series": ["b", "c", "a"],
    }
    lines = events.series.set_index("series")
    assert lines["rank"].to_dict() == {"b": 1, "c": 2, "a": 3}
    assert lines["delay_seconds"].to_dict() == {"b": 0.0, "a": 300.0, "c": 300.0}
    assert lines["flagged_rows"].to_dict() == {"b": 2, "a": 1, "c": 2}
    assert lines["peak_strength"].to_dict() == {"b": 2.0, "a": 4.0, "c": 6.0}
    assert lines["direction"].to_dict() == {"b": "down", "a": "up", "c": "up"}


def test_an_alarm_without_a_flag_is_an_event_of_the_nearest_cell() -> None:
    """Many a little off: the system is in alarm though no cell is outside its band."""
    residual = np.zeros((6, 3))
    residual[1] = [0.0, 1.0, 0.0]
    residual[2] = [2.0, -2.5, 2.2]
    residual[3] = [NAN, NAN, 0.5]
    residual[5] = [3.5, 0.0, 0.0]  # flagged, but the system is not in alarm
    verdicts = verdicts_of(residual)
    alarm = SystemAlarm(AlarmRules("weighted", 3, 1, (1, 1), 1.0, 1, 1), np.ones(3), 5.0, "budget")
    verdicts.raise_alarms(alarm, np.zeros(6))
    assert verdicts.alarm.tolist() == [False, False, True, True, False, False]
    (event,) = find_events(verdicts, 300.0).table.to_dict("records")
    assert (event["peak_series"], event["series"], event["num_series"]) == ("b", ["b"], 1)
    assert (event["peak_strength"], event["direction"]) == (-0.5, "down")
    assert event["start"] == event["peak_time"] == pd.Timestamp("2021-01-01 00:10")
    (line,) = find_events(verdicts, 300.0).series.to_dict("records")
    assert (line["flagged_rows"], line["delay_seconds"], line["rank"]) == (0, 0.0, 1)


def test_flags_outside_an_alarm_are_in_no_event() -> None:
    residual = np.zeros((6, 2))
    residual[1, 0] = residual[4, 1] = 4.0
    verdicts = verdicts_of(residual)
    alarm = SystemAlarm(
        AlarmRules("weighted", 1, 1, (1, 1), 1.0, 1, 0), np.array([1.0, 99.0]), 9.0, "budget"
    )
    verdicts.raise_alarms(alarm, np.zeros(6))
    events = find_events(verdicts, 300.0)
    assert events.table["series"].tolist() == [["a"]]
    assert events.series["flagged_rows"].tolist() == [1]


def test_the_earlier_of_two_equal_peaks_is_the_peak() -> None:
    residual = np.array([[0.0], [5.0], [5.0], [0.0]])
    (event,) = find_events(verdicts_of(residual), 300.0).table.to_dict("records")
    assert event["peak_time"] == pd.Timestamp("2021-01-01 00:05")


def test_series_of_the_same_row_and_strength_keep_the_order_of_the_columns() -> None:
    residual = np.array([[5.0, 5.0, -5.0]])
    (event,) = find_events(verdicts_of(residual), 300.0).table.to_dict("records")
    assert event["series"] == ["a", "b", "c"]
    assert (event["peak_series"], event["direction"]) == ("a", "up")


@pytest.mark.parametrize("rows", [1, 5])
def test_no_event(rows: int) -> None:
    events = find_events(verdicts_of(np.zeros((rows, 2))), 300.0)
    assert list(events.table.columns) == list(COLUMNS)
    assert list(events.series.columns) == list(SERIES_COLUMNS)
    assert len(events.table) == len(events.series) == 0


def test_whole_file_is_one_event() -> None:
    (event,) = find_events(verdicts_of(np.full((4, 1), -9.0)), 300.0).table.to_dict("records")
    assert (event["rows"], event["duration_seconds"]) == (4, 1200.0)


def test_missing_cell_ends_an_event_of_one_series() -> None:
    residual = np.array([[5.0], [NAN], [5.0]])
    assert find_events(verdicts_of(residual), 300.0).table["rows"].tolist() == [1, 1]


def test_gap_in_time_ends_an_event() -> None:
    verdicts = verdicts_of(np.full((6, 1), 9.0))
    times = verdicts.times.to_series().to_numpy(copy=True)
    times[2:] += np.timedelta64(2, "m")  # not yet a gap
    times[4:] += np.timedelta64(21, "D")
    verdicts.frame.index = pd.DatetimeIndex(times)
    table = find_events(verdicts, 300.0).table
    assert table["rows"].tolist() == [4, 2]
    assert table["duration_seconds"].tolist() == [1320.0, 600.0]


@pytest.mark.parametrize("seed", range(20))
def test_equals_a_loop_over_rows_and_series(seed: int) -> None:
    random = np.random.default_rng(seed)
    residual = random.integers(-6, 7, size=(60, 4)).astype(float)
    residual[random.random(residual.shape) < 0.1] = NAN
    residual[random.random(60) < 0.4] = 0.0
    down, up = random.integers(2, 5, size=4) + 0.5, random.integers(2, 5, size=4) + 0.5
    verdicts = verdicts_of(residual, down=down, up=up)
    events = find_events(verdicts, 300.0)

    expected = []
    row = 0
    while row < 60:
        if not verdicts.flags[row].any():
            row += 1
            continue
        first = row
        members: dict[int, list[tuple[int, float]]] = {}
        while row < 60 and verdicts.flags[row].any():
            for column in np.flatnonzero(verdicts.flags[row]):
                value = residual[row, column]
                far = value - up[column] if value > 0 else -value - down[column]
                members.setdefault(int(column), []).append((row, far))
            row += 1
        ranking = sorted(
            members, key=lambda c: (members[c][0][0], -max(far for _, far in members[c]), c)
        )
        expected.append((first, row, ranking, members))

    assert len(events.table) == len(expected)
    for number, (first, stop, ranking, members) in enumerate(expected):
        event = events.table.iloc[number]
        assert event["start"] == verdicts.times[first]
        assert event["end"] == verdicts.times[stop - 1]
        assert event["rows"] == stop - first
        assert event["series"] == [verdicts.series[column] for column in ranking]
        strongest = max(far for cells in members.values() for _, far in cells)
        assert event["peak_strength"] == strongest
        lines = events.series[events.series["event"] == number + 1]
        assert lines["flagged_rows"].tolist() == [len(members[column]) for column in ranking]
        for (_, line), column in zip(lines.iterrows(), ranking, strict=True):
            at, far = max(members[column], key=lambda cell: (cell[1], -cell[0]))
            assert line["peak_strength"] == far
            assert line["peak_time"] == verdicts.times[at]
            assert line["direction"] == ("up" if residual[at, column] > 0 else "down")
            assert line["first_time"] == verdicts.times[members[column][0][0]]
