"""Findings on levels and budgets, against shifts that were put in and counts by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dcvae.config import NameKeys, SeriesNames, series_names
from dcvae.detection import Detection, SystemAlarm, find_events
from dcvae.detection.alarms.budget import Expectation
from dcvae.detection.alarms.following import Clock, Following
from dcvae.detection.alarms.rules import AlarmRules
from dcvae.evaluation.level_findings import budget_findings, level_findings, unjudged_findings
from support.builders import detection_of

RULES = AlarmRules("weighted", 2, 1, (1, 1), 0.5, 1, 0)
STEP = 300.0


def detection(error: np.ndarray, expected: Expectation | None = None) -> Detection:
    """A detection of errors in units of a level of 1, by an alarm that follows 96 rows."""
    normal = np.random.default_rng(0).normal(size=(960, error.shape[1])) ** 2
    clock = Clock.of(np.arange(960) * 300_000_000, STEP, 96)
    following = Following.fit(normal, clock, window=96, longest=120, series=2, step_seconds=STEP)
    system = SystemAlarm(
        RULES, np.ones(error.shape[1]), 30.0, "budget", following, expected=expected
    )
    made = detection_of(error)
    times = pd.DatetimeIndex(made.frame.index).as_unit("us").asi8
    judged = system.judge(made.error, times)
    alarm, series_alarms = system.alarms(judged, made.residual, made.alphas)
    return replace(made, system=system, judged=judged, alarm=alarm, series_alarms=series_alarms)


def names_of(detection: Detection) -> SeriesNames:
    return series_names(NameKeys(), detection.series)


def noise(rows: int = 600) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(rows, 3)) * 0.5


def test_a_level_that_moved_is_named_with_its_date_and_share() -> None:
    error = noise()
    error[400:, 1] += 4.0
    found = detection(error)
    [finding] = level_findings(found, find_events(found, STEP), names_of(found))
    since = f"{found.times[400]:%Y-%m-%d %H:%M}"
    assert f"since {since} the level of `b` is " in finding.text
    assert "higher (" in finding.text
    assert "`a`" not in finding.text
    assert finding.severity == "warning"


def test_a_level_below_from_the_first_row_on() -> None:
    error = noise()
    error[:, 2] -= 3.0
    found = detection(error)
    [finding] = level_findings(found, find_events(found, STEP), names_of(found))
    assert "since the first row the level of `c` is" in finding.text
    assert "lower (" in finding.text


def test_a_new_constant_is_told_by_its_value_and_not_by_its_error() -> None:
    error = noise()
    error[:, 1] = 0.0
    error[400:, 1] = 1000.0
    found = detection(error)
    frame = found.frame.copy()
    frame["b"] = np.where(np.arange(600) < 400, 0.0, 0.03125)
    inputs = replace(found.inputs, constant=np.array([False, True, False]))
    found = replace(found, frame=frame, inputs=inputs)
    [finding] = level_findings(found, find_events(found, STEP), names_of(found))
    assert "the level of `b` is higher (0.0312 instead of 0)" in finding.text


@pytest.mark.parametrize(
    ("level", "words"),
    [
        (40_000.0, "`Tank` is 20 % higher (48 kW instead of 40 kW)"),
        (1e6, "`Tank` is higher (1.01 MW instead of 1 MW)"),  # by less than a percent
        (0.0, "`Tank` is higher (8,000 W instead of 0 W)"),
        (-40_000.0, "`Tank` is 20 % higher (-32 kW instead of -40 kW)"),
    ],
)
def test_a_level_is_told_in_its_unit_under_its_title(level: float, words: str) -> None:
    error = noise()
    error[200:, 1] = 8.0
    found = detection(error)
    offset, scale = np.array([0.0, level, 0.0]), np.array([1.0, 1000.0, 1.0])
    found = replace(found, offset=offset, scale=scale)
    keys = NameKeys(titles={"b": "Tank"}, units={"b": "W"})
    names = series_names(keys, found.series)
    [finding] = level_findings(found, find_events(found, STEP), names)
    assert f"the level of {words}" in finding.text


@pytest.mark.parametrize("shift", [slice(100, 160), slice(0, 0)])
def test_what_came_back_is_no_new_level(shift: slice) -> None:
    error = noise()
    error[shift, 0] += 8.0
    found = detection(error)
    assert level_findings(found, find_events(found, STEP), names_of(found)) == []


def test_alarms_stand_next_to_what_was_expected() -> None:
    error = noise(2016 + 24)
    error[1000:1010] += 40.0
    expected = Expectation(1.0, confidence=0.7, counted=2, weeks=4.0, dispersion=1.0)
    found = detection(error, expected)
    [finding] = budget_findings(found, find_events(found, STEP), STEP)
    assert finding.text.startswith("1 alarm in 7 days of judged rows; with normal data at most 1 ")
    assert "(70 % sure, 2 in 4 weeks of training)" in finding.text


def test_rows_without_a_past_are_counted() -> None:
    found = detection(noise())
    [finding] = unjudged_findings(found)
    assert finding.text.startswith("The first 24 rows with a score are not judged")  # 12 of 2 rows
    assert unjudged_findings(detection_of(noise())) == []  # a fixed alarm judges all
