"""The score of the system on the page: what is taken from a detection, and the words about it."""

from dataclasses import replace

import numpy as np
import pytest

from dcvae.detection import AlarmRules, SystemAlarm
from dcvae.detection.alarms.following import Following
from dcvae.report.page.system_score import SystemScore
from support.builders import detection_of, judged_of

NAN = np.nan
ROWS = 6


def rules_with(system="weighted", enter=(1, 1), smoothing=6):
    return AlarmRules(system, 3, smoothing, enter, 0.5, 1, 12)


def following_of(num_series):
    lowest = np.ones(num_series)
    return Following(288, 1440, 2, lowest, lowest, lowest, calm=1.0, step_seconds=300.0)


def score_of(rules, num_series=2, follows=True, limit=7.3):
    """Two rows that are not judged, then two in alarm, then two calm ones."""
    following = following_of(num_series) if follows else None
    judged = judged_of(
        np.full(ROWS, 4.0),
        relative=np.array([NAN, NAN, 9.2, 8.0, 1.0, 0.5]),
        reference=np.array([NAN, NAN, 1.5, 1.5, 1.5, 1.0]),
        limit=limit,
        lower=limit / 2,
    )
    system = SystemAlarm(rules, np.ones(num_series), 7.3, "budget", following)
    alarm = np.array([0, 0, 1, 1, 0, 0], dtype=bool)
    detection = detection_of(np.zeros((ROWS, num_series)))
    return SystemScore.of(replace(detection, system=system, judged=judged, alarm=alarm))


def test_what_is_held_against_the_limit_is_shown():
    score = score_of(rules_with())
    np.testing.assert_array_equal(score.score, [NAN, NAN, 9.2, 8.0, 1.0, 0.5])
    np.testing.assert_array_equal(score.reference, [NAN, NAN, 1.5, 1.5, 1.5, 1.0])
    assert score.alarm.tolist() == [False, False, True, True, False, False]
    assert score.not_judged.tolist() == [True, True, False, False, False, False]
    assert (score.limit, score.lower, score.unit) == (7.3, 3.65, "times its recent level")


@pytest.mark.parametrize(
    ("enter", "begin"),
    [
        ((1, 1), "a row above the limit begins an alarm"),
        ((2, 3), "2 of 3 rows above the limit begin an alarm"),
    ],
)
def test_a_score_that_follows_is_explained(enter, begin):
    assert score_of(rules_with(enter=enter)).note == (
        f"Each series is judged against its own last 288 rows (1 day); {begin}; while it "
        "lasts the references do not move, for at most 1,440 rows (5 days)."
    )


@pytest.mark.parametrize(
    ("num_series", "smoothing", "words"),
    [
        (4, 6, "of the 3 series furthest off, their mean squared error of 6 rows over"),
        (2, 1, "of the 2 series furthest off, their mean squared error over"),
        (1, 6, "of the series furthest off, their mean squared error of 6 rows over"),
    ],
)
def test_a_fixed_score_is_explained(num_series, smoothing, words):
    score = score_of(rules_with(smoothing=smoothing), num_series, follows=False)
    assert score.note == (
        f"The score is {words} what it exceeds in 1 % of normal rows; a row above the limit begins "
        "an alarm. The limit stays as it was learned."
    )
    assert (score.unit, score.reference) == ("", None)


def test_where_series_decide_there_is_no_limit_to_explain():
    decided = "The series decide whether there is an alarm, not this score."
    fixed = score_of(rules_with("any"), follows=False, limit=NAN)
    assert fixed.note == decided
    follows = score_of(rules_with("at least"), limit=NAN)
    past = "Each series is judged against its own last 288 rows (1 day)."
    assert follows.note == f"{past} {decided}"
    assert np.isnan(follows.limit)
    encoded = follows.encoded(np.arange(ROWS) * 1000.0, np.arange(ROWS))
    assert (encoded["limit"], encoded["lower"]) == (None, None)


def test_points_of_several_rows_pass_over_rows_that_are_not_judged():
    encoded = score_of(rules_with()).encoded(np.arange(ROWS) * 1000.0, np.array([0, 3]))
    channels = encoded["channels"]
    assert set(channels) == {"low", "high", "reference"}
    assert encoded["states"]["cells"] == [2, 2]
    assert channels["low"]["low"] == pytest.approx(np.log10(0.5))
    assert channels["high"]["low"] == pytest.approx(np.log10(8.0))
