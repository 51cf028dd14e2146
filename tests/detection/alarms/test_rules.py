"""When an alarm begins and ends, against somebody who watches row by row."""

import json
from dataclasses import replace

import numpy as np
import pytest

from dcvae.config import Settings
from dcvae.detection.alarms.rules import AlarmRules, persistent
from dcvae.detection.alphas import Alphas
from dcvae.detection.band import exceeds_by


def persistent_twin(enter, stay, rules):
    """One row after the other, as somebody watching would do it."""
    on, lasted, quiet, masks = False, 0, None, []
    for row in range(len(enter)):
        recent = enter[max(0, row - rules.enter[1] + 1) : row + 1]
        if np.count_nonzero(recent) >= rules.enter[0]:
            on = True
        elif not stay[row]:
            on = False
        lasted = lasted + 1 if on else 0
        if lasted >= rules.min_rows:
            quiet = 0
        elif quiet is not None:
            quiet += 1
        masks.append(quiet is not None and quiet <= rules.hold)
    return np.array(masks)


@pytest.mark.parametrize("seed", range(60))
def test_persistence_is_that_of_the_slow_twin(seed):
    random = np.random.default_rng(seed)
    first, of_rows = sorted(random.integers(1, 5, 2).tolist())
    rules = AlarmRules(
        "any", 1, 1, (first, of_rows), 0.5, int(random.integers(1, 4)), int(random.integers(0, 5))
    )
    enter = random.random((int(random.integers(1, 80)), 2)) < 0.3
    stay = enter | (random.random(enter.shape) < 0.4)
    expected = [persistent_twin(enter[:, c], stay[:, c], rules) for c in range(2)]
    np.testing.assert_array_equal(persistent(enter, stay, rules), np.column_stack(expected))


def test_published_rules_change_nothing():
    enter = np.random.default_rng(0).random((50, 3)) < 0.5
    rules = AlarmRules.published()
    np.testing.assert_array_equal(persistent(enter, enter, rules), enter)
    assert rules.delay_rows == 0


def test_rules_put_off_an_alarm_by_the_rows_they_say():
    rules = AlarmRules("any", 1, 1, (3, 4), 1.0, 2, 0)
    beyond = np.zeros((20, 1), dtype=bool)
    beyond[5:] = True
    assert int(np.argmax(persistent(beyond, beyond, rules))) == 5 + rules.delay_rows


def test_hysteresis_lets_an_alarm_go_on_between_the_two_thresholds():
    residual = np.array([[0.0], [3.5], [2.0], [1.6], [1.4], [2.0]], dtype=np.float32)
    alphas = Alphas.default(["a"], 3.0)
    rules = AlarmRules("any", 1, 1, (1, 1), 0.5, 1, 0)
    enter, stay = exceeds_by(residual, alphas, 1.0), exceeds_by(residual, alphas, rules.leave)
    assert persistent(enter, stay, rules)[:, 0].tolist() == [False, True, True, True, False, False]


def test_rules_come_from_the_settings_and_back_from_json():
    settings = Settings.from_text('{"model_name": "a", "alarm_enter": [2, 3]}', "a.txt")
    rules = AlarmRules.of(settings, 300.0)
    assert (rules.enter, rules.system) == ((2, 3), "weighted")
    assert AlarmRules.from_dict(json.loads(json.dumps(rules.to_dict()))) == rules
    code = Settings.from_text('{"model_name": "a", "fidelity": "code"}', "a.txt")
    assert replace(AlarmRules.of(code, 300.0), series=1) == AlarmRules.published()
