"""The system's score and alarm, against slow obvious twins and hand-made cases."""

from dataclasses import replace

import numpy as np
import pytest

from dcvae import InputError
from dcvae.detection.alarms import system as system_alarm
from dcvae.detection.alarms.rules import AlarmRules
from dcvae.detection.alarms.system import SystemAlarm, candidates, persistent_score
from dcvae.detection.alphas import Alphas
from dcvae.scoring.levels import mean_squares

RULES = AlarmRules("weighted", 2, 3, (1, 1), 0.5, 1, 2)
WEEK = 604_800.0


def errors(rows=400, series=4, seed=0, missing=0.1):
    random = np.random.default_rng(seed)
    table = random.standard_t(4, (rows, series)).astype(np.float32)
    table[random.random(table.shape) < missing] = np.nan
    return table


def raised_by(alarm, error, alphas):
    times = np.arange(len(error)) * 300_000_000
    return alarm.alarms(alarm.judge(error, times), error, alphas)


def alarm_with(rules=RULES, level=(1.0, 1.0, 1.0, 1.0), threshold=2.0):
    return SystemAlarm(rules, np.array(level), threshold, "budget")


def score_twin(error, level, rows, count):
    """Row by row: mean square of the last rows, over the level, mean of the largest few."""
    scores = []
    for row in range(len(error)):
        relative = []
        for column in range(error.shape[1]):
            last = error[max(0, row - rows + 1) : row + 1, column].astype(float)
            last = last[~np.isnan(last)]
            relative.append(np.mean(last**2) / level[column] if len(last) else 0.0)
        judged = not np.isnan(error[row]).all()
        scores.append(np.mean(sorted(relative)[-count:]) if judged else np.nan)
    return np.array(scores)


def test_score_is_that_of_the_slow_twin():
    error = errors()
    error[50:53] = np.nan
    level = [0.5, 1.0, 2.0, 4.0]
    score = alarm_with(level=level).score(error)
    np.testing.assert_allclose(score, score_twin(error, level, 3, 2), rtol=1e-12)


def test_score_does_not_depend_on_the_blocks(monkeypatch):
    error = errors()
    whole = alarm_with().score(error)
    monkeypatch.setattr(system_alarm, "_BLOCK_ROWS", 7)
    np.testing.assert_array_equal(alarm_with().score(error), whole)


def test_more_series_asked_for_than_there_are_means_all():
    error = errors(series=2)
    many = alarm_with(replace(RULES, series=9), (1.0, 1.0)).score(error)
    np.testing.assert_allclose(many, score_twin(error, [1.0, 1.0], 3, 2), rtol=1e-12)


def test_score_grows_with_every_error():
    error = np.abs(errors(missing=0.0))
    alarm = alarm_with(replace(RULES, series=4))
    before = alarm.score(error)
    larger = error.copy()
    larger[200, 1] += 1.0
    after = alarm.score(larger)
    assert (after[200:203] > before[200:203]).all()
    np.testing.assert_array_equal(
        np.delete(after, [200, 201, 202]), np.delete(before, [200, 201, 202])
    )


def test_a_very_far_cell_leaves_no_trace_beyond_its_rows():
    error = np.full((20, 4), 0.1, dtype=np.float32)
    error[5, 0] = 1e18
    score = alarm_with().score(error)
    assert np.isfinite(score).all()
    assert (score[5:8] > 1e11).all()
    np.testing.assert_allclose(score[8:], score[0], rtol=1e-6)


def test_mean_squares_of_rows_by_hand():
    error = np.array([[1.0], [np.nan], [3.0], [np.nan], [np.nan], [np.nan]], dtype=np.float32)
    expected = [[1.0], [1.0], [5.0], [9.0], [9.0], [np.nan]]
    np.testing.assert_allclose(mean_squares(error, 3), expected)


def alarms_raised(alarm, error):
    mask = persistent_score(alarm.score(error), alarm.threshold, alarm.rules)
    return int(mask[0]) + int(np.count_nonzero(mask[1:] & ~mask[:-1]))


@pytest.mark.parametrize("budget", [0.5, 2.0, 7.0])
@pytest.mark.parametrize("rules", [RULES, AlarmRules("weighted", 1, 1, (2, 3), 1.0, 1, 0)])
def test_the_threshold_spends_the_budget_and_no_more(budget, rules):
    error = errors(4032)
    alarm = SystemAlarm.fit(error, rules, false_alarms_per_week=budget, step_seconds=300.0)
    allowed = budget * 2 + 0.5
    assert alarms_raised(alarm, error) <= allowed
    lower = candidates(alarm.score(error))
    lower = lower[lower < alarm.threshold]
    assert alarms_raised(replace(alarm, threshold=float(lower[0])), error) > allowed


def test_levels_are_what_normal_squares_exceed_in_one_row_of_a_hundred():
    error = errors(5000, missing=0.0)
    alarm = SystemAlarm.fit(error, RULES, false_alarms_per_week=1.0, step_seconds=300.0)
    above = np.mean(mean_squares(error, 3) > alarm.reference_level, axis=0)
    np.testing.assert_allclose(above, 0.01, atol=1e-3)


def test_a_series_without_errors_or_cells_does_not_divide_by_zero():
    error = errors(600)
    error[:, 0], error[:, 1] = 0.0, np.nan
    alarm = SystemAlarm.fit(error, RULES, false_alarms_per_week=1.0, step_seconds=300.0)
    assert (alarm.reference_level > 0).all()
    assert np.isfinite(alarm.score(error)).all()


def test_levels_are_of_the_cells_that_are_there():
    error = errors(20_000, missing=0.7)
    error[:, 3] = np.nan
    alarm = SystemAlarm.fit(error, RULES, false_alarms_per_week=1.0, step_seconds=300.0)
    squares = mean_squares(error, 3)[:, :3]
    above = np.nanmean(
        np.where(np.isnan(squares), np.nan, squares > alarm.reference_level[:3]), axis=0
    )
    np.testing.assert_allclose(above, 0.01, atol=1e-3)
    assert alarm.reference_level[3] == np.median(
        alarm.reference_level[:3]
    )  # taken to be like the others


def test_a_series_that_was_dead_in_training_raises_no_alarm_when_it_comes_back():
    training, later = errors(3000, missing=0.0), errors(3000, missing=0.0)
    training[:, 3] = np.nan
    alarm = SystemAlarm.fit(training, RULES, false_alarms_per_week=1.0, step_seconds=300.0)
    raised = persistent_score(alarm.score(later), alarm.threshold, RULES)
    assert raised.mean() < 0.05


def test_data_without_a_judged_cell_teach_no_alarm_that_never_ends():
    nothing = np.full((100, 4), np.nan, dtype=np.float32)
    alarm = SystemAlarm.fit(nothing, RULES, false_alarms_per_week=1.0, step_seconds=300.0)
    assert alarm.threshold == 1.0
    assert alarm.reference_level.tolist() == [1.0] * 4


def test_rows_that_are_not_judged_are_never_in_alarm():
    error = np.full((30, 4), 9.0, dtype=np.float32)
    error[10:20] = np.nan
    alarm = alarm_with(replace(RULES, hold=100))
    alphas = Alphas.default(list("abcd"), 3.0)
    of_system, of_series = raised_by(alarm, error, alphas)
    assert of_system[:10].all()
    assert not of_system[10:20].any()
    assert of_system[20:].all()
    assert not of_series[10:20].any()
    assert of_series[20:].all()


@pytest.mark.parametrize(
    ("system", "series", "expected"),
    [
        ("any", 1, [0, 1, 1, 1, 0]),
        ("at least", 2, [0, 0, 1, 1, 0]),
        ("at least", 3, [0, 0, 0, 1, 0]),
    ],
)
def test_alarms_of_series_make_the_systems(system, series, expected):
    residual = np.array([[0, 0, 0], [4, 0, 0], [4, -4, 0], [4, -4, 4], [0, 0, 0]], dtype=np.float32)
    rules = AlarmRules(system, series, 1, (1, 1), 1.0, 1, 0)
    alarm = alarm_with(rules, (1.0, 1.0, 1.0))
    of_system, of_series = raised_by(alarm, residual, Alphas.default(list("abc"), 3.0))
    np.testing.assert_array_equal(of_system, np.array(expected, dtype=bool))
    np.testing.assert_array_equal(of_series, np.abs(residual) > 3)


@pytest.mark.parametrize("system", ["weighted", "any", "at least"])
def test_no_later_row_changes_an_alarm(system):
    rules = AlarmRules(system, 2, 6, (2, 4), 0.5, 2, 5)
    error = errors(300)
    alphas = Alphas.default(list("abcd"), 2.0)
    alarm = alarm_with(rules, threshold=1.5)
    whole = raised_by(alarm, error, alphas)
    assert whole[0].any()
    assert not whole[0].all()
    for stop in range(1, 300, 7):
        part = raised_by(alarm, error[:stop], alphas)
        for mask, cut in zip(whole, part, strict=True):
            np.testing.assert_array_equal(mask[:stop], cut)


def test_stored_values_come_back():
    first = alarm_with(threshold=1.25)
    second = SystemAlarm.from_dict(first.to_dict("abcd"), "abcd", "alarms.json")
    assert (second.rules, second.threshold, second.method) == (RULES, 1.25, "budget")
    np.testing.assert_array_equal(second.reference_level, first.reference_level)


def test_stored_levels_are_taken_by_name():
    stored = alarm_with(level=(1.0, 2.0, 3.0, 4.0)).to_dict("abcd")
    np.testing.assert_array_equal(
        SystemAlarm.from_dict(stored, "dcba", "alarms.json").reference_level, [4.0, 3.0, 2.0, 1.0]
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"level": {"a": 1.0}}, "is damaged"),
        ({"rules": {}}, "is damaged"),
        ({"threshold": "high"}, "is damaged"),
        ({"threshold": -1.0}, "a level above 0 for every series and a threshold of at least 0"),
        ({"level": dict.fromkeys("abcd", 0.0)}, "a level above 0 for every series"),
    ],
)
def test_damaged_values_are_refused(change, reason):
    stored = alarm_with().to_dict("abcd") | change
    with pytest.raises(InputError, match=f"alarms.json.*{reason}.*alpha_definition.py"):
        SystemAlarm.from_dict(stored, "abcd", "alarms.json")


@pytest.mark.parametrize(
    "damage",
    [
        {"hold": "12"},
        {"leave": None},
        {"leave": 0},
        {"system": "al least"},
        {"enter": [0, 0]},
        {"enter": [3, 2]},
        {"smoothing": 0},
        {"series": 0},
        {"hold": -1},
    ],
    ids=str,
)
def test_damaged_rules_are_refused(damage):
    stored = alarm_with().to_dict(list("abcd"))
    stored["rules"] = stored["rules"] | damage
    with pytest.raises(InputError, match=r"alarms.json is damaged .*Run alpha_definition.py again"):
        SystemAlarm.from_dict(stored, list("abcd"), "alarms.json")


def test_what_decides_is_said_and_the_shortest_delay():
    weighted = alarm_with(replace(RULES, enter=(2, 3), min_rows=2)).describe(300.0)
    assert "threshold from a number of false alarms a week" in weighted
    assert weighted.endswith("the rules delay it by at least 10 min")  # 1 + 1 rows
    any_series = alarm_with(replace(RULES, system="any")).describe(300.0)
    assert any_series.endswith("2 rows more; which the alphas decide")
