"""What other limits would have raised: by the same rules, with the limit in use among them."""

from dataclasses import replace

import numpy as np
import pytest

from dcvae._arrays import segments
from dcvae.detection import AlarmRules, SystemAlarm
from dcvae.detection.alarms.following import Following
from dcvae.report.page import OtherLimits
from support.builders import detection_of, judged_of
from support.page_decoder import decoded_flags

ROWS = 2000


def detection_with(rules, *, follows, limit=4.0, system="weighted"):
    """A score of peaks between a tenth and a hundred, and the alarms that the rules raise of it."""
    random = np.random.default_rng(3)
    score = np.abs(random.normal(size=ROWS)) ** 2
    for start in random.integers(0, ROWS - 20, 12):
        score[start : start + random.integers(1, 20)] += random.uniform(1, 100)
    score[:30] = np.nan
    rules = replace(rules, system=system)
    ones = np.ones(2)
    following = Following(288, 1440, 2, ones, ones, ones, calm=1.0, step_seconds=300.0)
    system_alarm = SystemAlarm(rules, ones, limit, "budget", following if follows else None)
    judged = judged_of(score, limit=limit if system == "weighted" else np.nan, lower=limit / 2)
    detection = replace(detection_of(np.zeros((ROWS, 2))), system=system_alarm, judged=judged)
    return replace(detection, alarm=system_alarm.raised(judged))


RULES = AlarmRules("weighted", 2, 1, (1, 1), leave=1.0, min_rows=1, hold=0)


def test_each_limit_raises_the_rows_beyond_it():
    """Rules that add nothing: a row is in alarm where its score is above the limit."""
    detection = detection_with(RULES, follows=False)
    found = OtherLimits.of(detection)
    assert found is not None
    assert len(found.limits) == 25
    assert found.limits[found.chosen] == 4.0
    assert found.limits[[0, -1]] == pytest.approx([1.0, 64.0])
    np.testing.assert_allclose(np.diff(np.log(found.limits[:13])), np.log(4.0) / 12)
    for place, limit in enumerate(found.limits):
        with np.errstate(invalid="ignore"):
            expected = detection.judged.score > limit
        np.testing.assert_array_equal(found.alarms[:, place], expected)
        change = np.diff(expected.astype(int), prepend=0)
        assert found.counts()[place] == np.count_nonzero(change == 1)


@pytest.mark.parametrize("follows", [False, True])
def test_rules_hold_for_every_limit(follows):
    rules = AlarmRules("weighted", 2, 1, (2, 3), leave=0.5, min_rows=2, hold=6)
    detection = detection_with(rules, follows=follows)
    found = OtherLimits.of(detection)
    assert found is not None
    assert found.counts()[found.chosen] == len(segments(detection.alarm).starts) > 3
    np.testing.assert_array_equal(found.alarms[:, found.chosen], detection.alarm)
    rows = found.alarms.sum(axis=0)
    assert (np.diff(rows) <= 0).all()  # a higher limit never puts more rows in alarm
    assert rows[0] > rows[found.chosen] > rows[-1]
    # That of twice the limit as a model with that threshold would have raised it.
    doubled = replace(detection.system, threshold=float(found.limits[15]))
    np.testing.assert_array_equal(found.alarms[:, 15], doubled.raised(detection.judged))


def test_an_alarm_that_began_before_the_file_stays():
    detection = detection_with(RULES, follows=False)
    began = detection.alarm.copy()
    began[30:40] = True
    found = OtherLimits.of(replace(detection, alarm=began))
    assert found is not None
    np.testing.assert_array_equal(found.alarms[:, found.chosen], began)


def test_where_series_decide_there_is_no_other_limit():
    assert OtherLimits.of(detection_with(RULES, follows=False, system="any")) is None
    assert OtherLimits.of(detection_with(RULES, follows=False, limit=0.0)) is None


def test_limits_counts_and_runs_are_encoded():
    detection = detection_with(RULES, follows=False)
    found = OtherLimits.of(detection)
    assert found is not None
    times = detection.times
    encoded = found.encoded(times.as_unit("us").asi8 / 1000.0)
    assert encoded["chosen"] == 12
    assert encoded["counts"] == found.counts()
    np.testing.assert_allclose(encoded["limits"], found.limits, rtol=1e-5)
    np.testing.assert_array_equal(decoded_flags(encoded["runs"], times), found.alarms)
