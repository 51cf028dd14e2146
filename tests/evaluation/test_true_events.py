"""True events beside alarms: one case by hand, and what is said of it."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae.config import DataKeys
from dcvae.data.truth.true_events import TrueEvents
from dcvae.detection import find_events
from dcvae.evaluation.metrics_table import MEAN, SYSTEM
from dcvae.evaluation.true_events import HIT_NOTES, RootCauses, find_root_causes
from support.builders import detection_of, judged_of

STEP = 300.0


def truth_of(times: pd.DatetimeIndex, *events: tuple[str, int, int, str]) -> TrueEvents:
    """Events by name, first and last row, and their series; capitals are none of the data's."""
    names = [event[3] for event in events]
    table = pd.DataFrame(
        {
            "event": [event[0] for event in events],
            "start": [times[0] + pd.Timedelta(seconds=STEP * event[1]) for event in events],
            "end": [times[0] + pd.Timedelta(seconds=STEP * event[2]) for event in events],
            "series": [tuple(name for name in of if name.islower()) for of in names],
            "others": [tuple(name for name in of if name.isupper()) for of in names],
            "description": [""] * len(events),
        }
    )
    return TrueEvents(Path("events.csv"), table, [])


@pytest.fixture(scope="module")
def found() -> RootCauses:
    """Forty rows of four series, the alarm wherever one is outside its band.

    Rows 5 to 9: c, then a; 15: b; 22 to 24: d; 30: a; 36 and 37: b and d at once, d farther out.
    Nothing is scored in rows 18 to 20.
    """
    residual = np.zeros((40, 4))
    residual[5:10, 2] = 9.0
    residual[7:10, 0] = -8.0
    residual[15, 1] = residual[30, 0] = 5.0
    residual[22:25, 3] = 4.0
    residual[36:38, [1, 3]] = [6.0, 7.0]
    score = np.abs(residual).max(axis=1)
    score[18:21] = np.nan
    detection = detection_of(residual, judged=judged_of(score))
    truth = truth_of(
        detection.times,
        ("1", 6, 16, "b"),  # alarm on before it; a, then b of its second alarm
        ("2", 18, 20, "a"),
        ("3", 21, 26, "aD"),
        ("4", 27, 29, "c"),
        ("5", 35, 39, "b"),
        ("6", 36, 36, "X"),
        ("7", 50, 60, "a"),
    )
    return find_root_causes(truth, detection, find_events(detection, STEP))


def test_each_event_by_hand(found: RootCauses) -> None:
    table = found.table.set_index("event")
    assert table["status"].tolist() == [
        *("detected", "not scored", "detected", "missed", "detected", "detected", "not scored"),
    ]
    assert table["alarms"].tolist() == [[1, 2], [], [3], [], [5], [5], []]
    np.testing.assert_equal(
        table["delay_seconds"].tolist(), [0, math.nan, 300, math.nan, 300, 0, math.nan]
    )
    assert table["blamed"].tolist() == [["c", "a", "b"], [], ["d"], [], ["d", "b"], ["d", "b"], []]
    assert table["ranks"].tolist() == [[3], [None], [None], [None], [2], [], [None]]


def test_metrics_by_hand(found: RootCauses) -> None:
    """Of events 1, 3 and 5 the series are known: ranks 3, none and 2 of four series."""
    assert found.metrics == pytest.approx(
        {
            "true_events": 7,
            "detected_true_events": 4,
            "missed_true_events": 1,
            "not_scored_true_events": 2,
            "false_alarms": 1,  # row 30
            "mean_delay_seconds": 150,
            "ranked_true_events": 3,
            "hit_rate_at_1": 0,
            "hit_rate_at_1_chance": 1 / 4,
            "hit_rate_at_3": 2 / 3,
            "hit_rate_at_3_chance": 3 / 4,
            "hit_rate_at_5": 2 / 3,
            "hit_rate_at_5_chance": 1,
        }
    )
    assert set(HIT_NOTES) < set(found.metrics)


def test_what_is_said(found: RootCauses) -> None:
    assert found.sentences() == [
        "event 1, b: alarm after 0 s, blamed b (3rd of 3)",
        "event 2, a: not scored",
        "event 3, a, D: alarm after 5 min, blamed d (1st of 1) and not a",
        "event 4, c: missed",
        "event 5, b: alarm after 5 min, blamed b (2nd of 2)",
        "event 6, X: alarm after 0 s, blamed d (1st of 2)",
        "event 7, a: not scored",
    ]
    finding = found.finding()
    assert finding.severity == "warning"  # nowhere above a random order
    assert finding.text == (
        "4 of 5 true events were detected, and 1 alarm was false. Of 3 with known series, a true "
        "one is among the first 1, 3 and 5 that the alarms name in 0.00, 0.67, 0.67; a random "
        "order reaches 0.25, 0.75, 1.00."
    )


def test_json_and_table_of_metrics(found: RootCauses) -> None:
    content = found.to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["events"][2] == {
        "event": "3",
        "start": "2021-01-01 01:45:00",
        "end": "2021-01-01 02:10:00",
        "series": ["a"],
        "others": ["D"],
        "status": "detected",
        "alarms": [3],
        "delay_seconds": 300.0,
        "ranks": [None],
        "blamed": ["d"],
        "description": "",
        "text": "event 3, a, D: alarm after 5 min, blamed d (1st of 1) and not a",
    }
    assert content["metrics"]["hit_rate_at_1"] == 0.0
    table = found.added_to(pd.DataFrame({"f1": [1.0, 2.0]}, [SYSTEM, MEAN]))
    assert table.columns.tolist() == ["f1", *HIT_NOTES]
    assert table.loc[SYSTEM, "hit_rate_at_3"] == pytest.approx(2 / 3)
    assert table.loc[MEAN].isna().sum() == len(HIT_NOTES)


def test_several_series_of_one_event_and_none_known() -> None:
    residual = np.zeros((10, 3))
    residual[4:6] = [5.0, 9.0, 0.0]
    detection = detection_of(residual)
    events = find_events(detection, STEP)
    several = find_root_causes(truth_of(detection.times, ("1", 3, 7, "acb")), detection, events)
    assert several.sentences() == [
        "event 1, a, c, b: alarm after 5 min, blamed b (1st of 2), a (2nd of 2), not c"
    ]
    assert several.metrics["hit_rate_at_1"] == several.metrics["hit_rate_at_1_chance"] == 1.0
    unknown = find_root_causes(truth_of(detection.times, ("1", 3, 7, "")), detection, events)
    assert unknown.finding().text == "1 of 1 true events were detected, and 0 alarms were false."
    assert unknown.to_dict()["metrics"]["hit_rate_at_1"] is None


def test_rows_that_stand_for_steps() -> None:
    """An event within one step is that of the row that ends it."""
    residual = np.zeros((10, 1))
    residual[5] = 9.0
    detection = detection_of(residual)
    events = find_events(detection, STEP)
    truth = truth_of(detection.times, ("1", 3, 4, "a"))
    truth.table["end"] += pd.Timedelta(seconds=1)
    assert find_root_causes(truth, detection, events).table["status"].tolist() == ["missed"]
    keys = DataKeys(resample="5min")
    assert find_root_causes(truth, detection, events, keys).table["status"].tolist() == ["detected"]


def test_where_series_decide_a_row_with_a_score_can_raise_an_alarm() -> None:
    """Even in the rows at the start, where too little of the past is known for the other alarm."""
    score = np.zeros(20)
    relative = np.where(np.arange(20) < 10, np.nan, 0.0)
    detection = detection_of(np.zeros((20, 1)), judged=judged_of(score, relative=relative))
    truth = truth_of(detection.times, ("1", 2, 4, "a"), ("2", 12, 14, "a"))

    def statuses(**fields: float) -> list[str]:
        judged = judged_of(score, relative=relative, **fields)
        changed = replace(detection, judged=judged)
        found = find_root_causes(truth, changed, find_events(changed, STEP))
        return found.table["status"].tolist()

    assert statuses() == ["missed", "missed"]
    assert statuses(limit=2.0, lower=1.0) == ["not scored", "missed"]
