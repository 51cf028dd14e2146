"""Alarms that follow, fitted to noise: what is learned, the budget in later weeks, and notices."""

from dataclasses import replace

import numpy as np
import pytest

from dcvae._arrays import segments
from dcvae.config import AlarmKeys
from dcvae.detection.alarms.fitting import fit_following
from dcvae.detection.alarms.rules import AlarmRules
from dcvae.detection.alphas import Alphas
from dcvae.scoring.levels import mean_squares

STEP = 300.0
A_WEEK = 2016  # rows
NAN = np.nan


def noise(rows=4 * A_WEEK, series=4, seed=0):
    return np.random.default_rng(seed).standard_t(5, (rows, series)).astype(np.float32)


def times_of(rows, step=STEP):
    return 1_600_000_000_000_000 + np.arange(rows) * int(step * 1e6)


def fitted(error, step=STEP, trained_until=None, **keys):
    settings = AlarmKeys(**keys)
    return fit_following(
        error,
        times_of(len(error), step),
        AlarmRules.of(settings, step),
        settings,
        step_seconds=step,
        trained_until=trained_until,
    )


def alarms_of(alarm, error):
    judged = alarm.judge(error, times_of(len(error)))
    return len(segments(alarm.raised(judged)).starts)


def test_what_is_learned_is_that_of_the_rows():
    error = noise()
    alarm, notices = fitted(error)
    assert notices == []
    squares = mean_squares(error, 6)
    np.testing.assert_allclose(alarm.reference_level, np.quantile(squares, 0.99, axis=0))
    following = alarm.following
    assert (following.window, following.longest, following.series) == (288, 360, 3)
    assert (alarm.method, following.step_seconds, following.trained_until) == ("budget", STEP, None)
    strangeness = alarm.past(error, times_of(len(error))).strangeness
    known = strangeness[~np.isnan(strangeness)]
    assert following.calm == np.quantile(known, 0.9)
    # A quarter of the window has no past: the start of its block is not that of the file.
    assert len(strangeness) - len(known) == pytest.approx(288 // 4, abs=6)
    assert alarm.expected.weeks == pytest.approx(len(known) / A_WEEK)


@pytest.mark.parametrize("budget", [1.0, 5.0])
def test_what_was_counted_are_the_alarms_of_the_rows(budget):
    error = noise()
    alarm, _ = fitted(error, system_false_alarms_per_week=budget)
    assert alarm.expected.counted == alarms_of(alarm, error)
    assert alarm.expected.per_week == budget
    assert alarm.expected.most(4.0) <= 4 * budget


def test_later_weeks_keep_the_budget_about_as_often_as_asked():
    """At a chance of 0.7 each, 24 or more of forty files keep it in 94 of 100 such tests."""
    kept = 0
    for seed in range(40):
        error = noise(6 * A_WEEK, 2, seed)
        alarm, _ = fitted(error[: 2 * A_WEEK], system_false_alarms_per_week=2.0)
        kept += alarms_of(alarm, error[2 * A_WEEK :]) <= 8
    assert kept >= 24


def test_fewer_rows_than_a_window_are_told():
    alarm, notices = fitted(noise(200), alarm_window=288)
    assert alarm.following.window == 100
    assert notices[0] == "`alarm_window` is 100 rows, as there are only 200 to learn it on."


def test_a_window_that_is_no_whole_blocks_is_told():
    for asked, taken in ((28, 48), (100, 96), (288, 288)):
        alarm, notices = fitted(noise(), alarm_window=asked)
        assert alarm.following.window == taken
        told = f"`alarm_window` is {taken} rows, not {asked}: 48 blocks of whole rows."
        assert (told in notices) == (asked != taken)


def test_a_budget_is_no_more_than_one_alarm_of_twenty_times_its_own_length():
    alarm, notices = fitted(noise(2000), step=86_400.0, system_false_alarms_per_week=14.0)
    assert alarm.expected.per_week == 7 / (20 * (12 + 6))
    assert "`system_false_alarms_per_week` 14 a week is more than one in 360 rows" in notices[0]
    assert np.isfinite(alarm.threshold)


def test_durations_are_rows_of_the_step():
    alarm, _ = fitted(noise(), alarm_window="12h", alarm_longest="2d")
    assert (alarm.following.window, alarm.following.longest) == (144, 576)


def test_the_rows_of_the_training_are_no_past_of_those_after():
    error = noise()
    last = int(times_of(len(error))[-1])
    alarm, _ = fitted(error, trained_until=last)
    later = noise(1000, seed=1)
    whole = np.concatenate([error, later])
    joined = alarm.judge(whole, times_of(len(whole)))
    alone = alarm.judge(later, times_of(len(whole))[len(error) :])
    np.testing.assert_array_equal(joined.relative[len(error) :], alone.relative)
    np.testing.assert_array_equal(
        joined.relative[: len(error)], alarm.judge(error, times_of(len(error))).relative
    )
    assert np.isnan(joined.relative[len(error) : len(error) + 60]).all()
    forgetful = replace(alarm, following=replace(alarm.following, trained_until=None))
    assert np.isfinite(forgetful.judge(whole, times_of(len(whole))).relative[len(error) :]).all()


def test_a_level_that_has_moved_since_training_raises_one_alarm_and_no_more():
    error = noise(8 * A_WEEK)
    alarm, _ = fitted(error[: 4 * A_WEEK])
    error[6 * A_WEEK :, :3] *= 12
    judged = alarm.judge(error, times_of(len(error)))
    found = segments(alarm.raised(judged))
    after = found.starts >= 6 * A_WEEK
    assert after[found.starts <= 6 * A_WEEK + 288].sum() == 1
    assert len(judged.accepted) == 1
    rows = judged.accepted[0] - 6 * A_WEEK
    assert rows == pytest.approx(alarm.following.longest, abs=12)
    assert alarm.raised(judged)[6 * A_WEEK + 400 :].mean() < 0.02


@pytest.mark.parametrize("size", [6.0, 12.0, 30.0])
def test_the_alarm_of_a_lasting_shift_is_over_with_its_acceptance(size):
    """A steady new level lies between what begins an alarm and what ends one, not below both."""
    random = np.random.default_rng(2)
    error = random.normal(size=(6 * A_WEEK, 4)).astype(np.float32)
    alarm, _ = fitted(error[: 4 * A_WEEK])
    error[5 * A_WEEK :, :3] += size
    judged = alarm.judge(error, times_of(len(error)))
    raised = alarm.raised(judged)
    [accepted] = judged.accepted
    assert raised[5 * A_WEEK + 6 : accepted + 1].all()
    assert not raised[accepted + alarm.rules.hold + 1 :].any()


@pytest.mark.parametrize("holes", [0.2, 0.6])
def test_missing_cells_and_series_that_were_never_there(holes):
    error = noise()
    error[np.random.default_rng(1).random(error.shape) < holes] = NAN
    error[:, 1] = NAN
    alarm, _ = fitted(error)
    judged = alarm.judge(error, times_of(len(error)))
    assert np.isfinite(judged.score[np.isfinite(error).any(axis=1)]).all()
    assert alarms_of(alarm, error) == alarm.expected.counted


def test_data_without_a_judged_cell_teach_no_alarm_that_never_ends():
    alarm, _ = fitted(np.full((500, 3), NAN, dtype=np.float32))
    assert np.isfinite(alarm.threshold)
    assert alarms_of(alarm, noise(2000, 3)) < 10


@pytest.mark.parametrize("rows", [1, 10, 47, 100])
def test_a_few_rows_are_enough_not_to_fail(rows):
    alarm, notices = fitted(noise(rows))
    assert np.isfinite(alarm.threshold)
    assert alarm.following.window == max(rows // 2, 48)
    assert "to learn it on" in notices[0]


def test_alarms_of_series_need_no_limit():
    error = noise()
    alarm, _ = fitted(error, alarm_system="any")
    judged = alarm.judge(error, times_of(len(error)))
    assert np.isnan(judged.limit)
    assert judged.accepted == ()
    alphas = Alphas.default(list("abcd"), 5.0)
    raised, of_series = alarm.alarms(judged, error, alphas)
    np.testing.assert_array_equal(raised, of_series.any(axis=1))
