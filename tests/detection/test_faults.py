"""Faults behind alarms: their first and last row, kinds and endings, of errors that are planted."""

from dataclasses import replace

import numpy as np
import pytest

from dcvae._arrays import Segments, segments
from dcvae.config import AlarmKeys
from dcvae.detection.alarms.fitting import fit_following
from dcvae.detection.alarms.rules import AlarmRules
from dcvae.detection.alarms.system import SystemAlarm
from dcvae.detection.faults import describe_alarms, find_faults
from dcvae.detection.result import microseconds
from support.builders import detection_of, judged_of

NAN = np.nan
STEP = 300.0
LONGEST = 100
KEYS = AlarmKeys(alarm_window=96, alarm_longest=LONGEST, alarm_smoothing=6, alarm_hold=12)
RULES = AlarmRules.of(KEYS, STEP)


def detected(error, alarm):
    detection = detection_of(error, system=alarm)
    judged = alarm.judge(detection.error, microseconds(detection.frame.index))
    raised, of_series = alarm.alarms(judged, detection.residual, detection.alphas)
    return replace(detection, judged=judged, alarm=raised, series_alarms=of_series)


def noise(rows=1200, series=3, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (rows, series)).astype(np.float32)


def fixed_alarm(**rules):
    return SystemAlarm(replace(RULES, **rules), np.ones(3), 4.0, "budget")


@pytest.fixture(scope="module")
def alarm():
    """One that follows, fitted to four weeks; no noise comes near its limit."""
    error = noise(8064, seed=1)
    times = np.arange(len(error)) * int(STEP * 1e6)
    fitted = fit_following(error, times, RULES, KEYS, step_seconds=STEP)[0]
    return replace(fitted, threshold=4.0)


def runs_of(found):
    return list(zip(found.starts.tolist(), found.stops.tolist(), strict=True))


# ------------------------------------------------------------------- first and last row


@pytest.mark.parametrize("smoothing", [1, 6, 12])
@pytest.mark.parametrize("hold", [0, 12])
@pytest.mark.parametrize("length", [1, 4, 30])
def test_a_fault_is_what_was_planted_however_long_its_alarm(length, hold, smoothing):
    error = noise()
    error[500 : 500 + length] += 15.0
    detection = detected(error, fixed_alarm(smoothing=smoothing, hold=hold))
    found = segments(detection.alarm)
    assert runs_of(find_faults(detection, found)) == [(500, 500 + length)]
    assert found.stops[0] >= 500 + length + hold


@pytest.mark.parametrize("length", [1, 4, 30])
def test_a_fault_by_its_own_past_is_what_was_planted(alarm, length):
    error = noise()
    error[500 : 500 + length] += 15.0
    detection = detected(error, alarm)
    assert runs_of(find_faults(detection, segments(detection.alarm))) == [(500, 500 + length)]


def test_rules_that_put_an_alarm_off_do_not_put_off_its_fault():
    error = noise()
    error[500:540] += 15.0
    detection = detected(error, fixed_alarm(smoothing=1, enter=(3, 4), min_rows=5))
    found = segments(detection.alarm)
    assert found.starts.tolist() == [500 + 2 + 4]
    assert runs_of(find_faults(detection, found)) == [(500, 540)]


def test_what_was_strange_long_before_an_alarm_is_of_no_fault():
    """By hand: means of three rows, so that an alarm may be two rows late."""
    own = np.array([9.0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 0])
    judged = judged_of(own, limit=2.0, lower=1.0)
    system = fixed_alarm(smoothing=3, hold=1)
    detection = detection_of(np.zeros((12, 3)), system=system, judged=judged)
    found = find_faults(detection, Segments(np.array([5]), np.array([10])))
    assert runs_of(found) == [(3, 8)]
    found = find_faults(detection, Segments(np.array([6]), np.array([10])))
    assert runs_of(found) == [(6, 8)]


def test_an_alarm_of_rows_that_are_not_strange_alone_is_without_what_it_was_held():
    judged = judged_of(np.zeros(20), limit=2.0, lower=1.0)
    system = fixed_alarm(smoothing=3, hold=4)
    detection = detection_of(np.zeros((20, 3)), system=system, judged=judged)
    alarms = Segments(np.array([2, 12]), np.array([10, 15]))
    assert runs_of(find_faults(detection, alarms)) == [(2, 4), (12, 13)]


def test_faults_of_series_are_rows_outside_a_band():
    residual = np.zeros((20, 3))
    residual[5:8, 1] = 4.0
    system = SystemAlarm(replace(RULES, system="any", hold=6, smoothing=6), np.ones(3), 0, "budget")
    detection = detected(residual.astype(np.float32), system)
    assert runs_of(segments(detection.alarm)) == [(5, 14)]
    assert runs_of(find_faults(detection, segments(detection.alarm))) == [(5, 8)]


def test_no_alarm_has_no_fault(alarm):
    nothing = Segments(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    assert runs_of(find_faults(detected(noise(), alarm), nothing)) == []
    assert find_faults(detected(noise(0), fixed_alarm()), nothing).starts.size == 0


# ------------------------------------------------------------------- kinds and endings


def described(detection):
    return describe_alarms(detection, segments(detection.alarm))


def test_a_steady_level_that_stays_is_a_level_shift(alarm):
    error = noise()
    error[500:, 0] += 20.0
    told = described(detected(error, alarm))
    assert (told["kind"], told["ended"]) == (["level shift"], ["taken for the new normal"])
    assert told["times_limit"][0] == pytest.approx(told["peak_score"][0] / alarm.threshold)
    assert told["times_limit"][0] > 1


@pytest.mark.parametrize("seed", range(3))
def test_an_unsteady_one_that_stays_is_an_incident(alarm, seed):
    error = noise()
    error[500:, 0] = 20.0 * np.random.default_rng(seed).standard_normal(700)
    told = described(detected(error, alarm))
    assert told["kind"][0] == "incident"
    assert told["ended"][0] == "taken for the new normal"


def test_a_level_that_goes_back_was_an_incident(alarm):
    error = noise()
    error[500 : 500 + LONGEST + 40, 0] += 20.0
    detection = detected(error, alarm)
    assert detection.judged.returned
    told = described(detection)
    assert (told["kind"][0], told["ended"][0]) == ("incident", "taken for the new normal")


def test_a_steady_level_that_does_not_last_is_an_incident(alarm):
    error = noise()
    error[500 : 500 + LONGEST // 2, 0] += 20.0
    told = described(detected(error, alarm))
    assert (told["kind"], told["ended"]) == (["incident"], ["calm again"])


def test_an_alarm_ends_where_data_do(alarm):
    error = noise()
    error[500:, 0] += 20.0
    assert described(detected(error[:520], alarm))["ended"] == ["end of file"]
    error[520:700] = NAN
    assert described(detected(error, alarm))["ended"][0] == "no data"


@pytest.mark.parametrize("column", [0, 2])
def test_a_series_that_is_never_there_tells_no_kind(alarm, column):
    error = noise()
    error[500:, 0] += 20.0
    error[:, 1] = NAN
    if column:
        error[450:, 2] = NAN  # known before, not after
    assert described(detected(error, alarm))["kind"] == ["level shift"]


def test_where_series_decide_there_is_no_limit_to_be_beyond(alarm):
    error = noise()
    error[500:510] += 15.0
    told = described(detected(error, replace(alarm, rules=replace(RULES, system="any"))))
    assert told["kind"] == ["incident"]
    assert np.isnan([told[name] for name in ("times_limit", "peak_score", "reference")]).all()


def test_references_are_told_as_they_were_when_the_alarm_began(alarm):
    error = noise()
    error[300:] *= 4.0
    error[900:910] += 60.0
    detection = detected(error, alarm)
    told = described(detection)
    last = segments(detection.alarm).starts[-1]
    assert told["reference"][-1] == detection.judged.reference[last]
    assert told["reference"][-1] == pytest.approx(4.0**2, rel=0.4)
