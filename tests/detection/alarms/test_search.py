"""Tuned alarms against all that could have been chosen, and against made-up incidents."""

import numpy as np

from dcvae.detection.alarms.rules import AlarmRules
from dcvae.detection.alarms.search import _options, _rules, tuned
from dcvae.detection.alarms.system import SystemAlarm, persistent_score
from dcvae.detection.alphas import Alphas
from dcvae.metrics.event_based import event_wise

RULES = AlarmRules("weighted", 2, 1, (1, 1), 1.0, 1, 0)


def system(seed=0, rows=1500):
    """Errors of five series with incidents of 12 rows in three of them, and odd single cells."""
    random = np.random.default_rng(seed)
    error = random.normal(size=(rows, 5)).astype(np.float32)
    truth = np.zeros(rows, dtype=bool)
    for start in range(100, rows - 50, 200):
        error[start : start + 12, :3] += random.choice([-1.0, 1.0]) * 2.5
        truth[start : start + 12] = True
    spikes = random.integers(0, rows, 40)
    error[spikes, random.integers(0, 5, 40)] += 6.0
    return error, truth


def times_of(error):
    return np.arange(len(error)) * 300_000_000


def raised(alarm, error, alphas):
    return alarm.alarms(alarm.judge(error, times_of(error)), error, alphas)[0]


def test_labels_find_better_rules_than_a_budget_does():
    error, truth = system()
    alphas = Alphas.default(list("abcde"), 3.0)
    first = SystemAlarm.fit(error, RULES, false_alarms_per_week=3.0, step_seconds=300.0)
    best = tuned(first, error, times_of(error), error, alphas, truth)
    before = event_wise(truth, raised(first, error, alphas)).corrected_f05
    after = event_wise(truth, raised(best, error, alphas)).corrected_f05
    assert after > before
    assert after > 0.9
    assert best.method == "labels"
    np.testing.assert_array_equal(best.reference_level, first.reference_level)


def test_nothing_that_only_changes_the_threshold_would_be_better():
    error, truth = system(seed=3)
    alphas = Alphas.default(list("abcde"), 3.0)
    first = SystemAlarm.fit(error, RULES, false_alarms_per_week=3.0, step_seconds=300.0)
    best = tuned(first, error, times_of(error), error, alphas, truth)
    value = event_wise(truth, raised(best, error, alphas)).corrected_f05
    for rules in (RULES, best.rules):
        for threshold in [first.threshold, *np.quantile(first.score(error), [0.7, 0.9, 0.97, 1.0])]:
            mask = persistent_score(first.score(error), threshold, rules)
            # A threshold between two that were tried may be better by an alarm or two.
            assert event_wise(truth, mask).corrected_f05 <= value + 0.1


def test_what_labels_cannot_tell_apart_stays_as_asked_for():
    error = np.zeros((300, 2), dtype=np.float32)
    error[100:110] = 50.0
    truth = np.zeros(300, dtype=bool)
    truth[100:110] = True
    rules = AlarmRules("weighted", 2, 1, (1, 1), 0.7, 1, 0)
    first = SystemAlarm(rules, np.ones(2), 3.0, "budget")
    best = tuned(first, error, times_of(error), error, Alphas.default(["a", "b"], 3.0), truth)
    assert best.rules == rules
    assert best.threshold == 3.0


def test_single_series_alarms_are_tried_too():
    random = np.random.default_rng(2)
    error = random.normal(size=(800, 3)).astype(np.float32)
    truth = np.zeros(800, dtype=bool)
    # The score hides one cell of 4 sigmas behind the level; the band of its series does not.
    for row in range(50, 800, 100):
        error[row, 0], truth[row] = 6.0, True
        error[row + 40, 1] = 30.0
    alphas = Alphas.default(["a", "b", "c"], 4.5)
    alphas.up[1] = 100.0
    first = SystemAlarm(RULES, np.array([40.0, 1.0, 1.0]), 1e6, "budget")
    best = tuned(first, error, times_of(error), error, alphas, truth)
    assert best.rules.system == "any"
    assert event_wise(truth, raised(best, error, alphas)).f05 == 1.0


def test_rows_that_are_not_judged_count_for_no_rule():
    """A hold through rows that nobody judges would meet the event; no such alarm is ever raised."""
    error = np.full((300, 2), 0.1, dtype=np.float32)
    error[100:110] = 9.0
    error[110:140] = np.nan
    truth = np.zeros(300, dtype=bool)
    truth[118:123] = True
    alphas = Alphas.default(["a", "b"], 3.0)
    first = SystemAlarm.fit(error, RULES, false_alarms_per_week=3.0, step_seconds=300.0)
    masks = [mask for _, mask in _options(first, error, times_of(error), error, alphas)]
    assert len(masks) > len(list(_rules(RULES)))
    assert any(mask[100:110].any() for mask in masks)
    assert not any(mask[110:140].any() for mask in masks)
    best = tuned(first, error, times_of(error), error, alphas, truth)
    assert event_wise(truth, raised(best, error, alphas)).recall == 0
