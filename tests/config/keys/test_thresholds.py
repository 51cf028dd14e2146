"""Keys of scores, alphas and alarms: types, ranges, what they stand for, groups alone."""

import json
import re

import pytest
from pydantic import ValidationError

from dcvae.config import AlarmKeys, DetectionKeys, ScoringKeys, Settings, ThresholdKeys
from dcvae.detection import AlarmRules
from support.settings_files import problems, read


class TestTypesAndRanges:
    @pytest.mark.parametrize(
        ("key", "value", "message"),
        [
            ("custom_metrics", 0.0, "`custom_metrics`: expected true or false, received 0.0"),
            (
                "default_alpha",
                0,
                "`default_alpha`: expected a number, above 0 \\(a band .*, received 0",
            ),
            ("alpha_search", "fast", '`alpha_search`: expected "grid" or "exact", received "fast"'),
            (
                "alpha_method",
                "normal",
                '`alpha_method`: expected "labels", "budget", "quantile", "evt" or null, received '
                '"normal"',
            ),
            (
                "alarm_enter",
                [3, 2],
                "`alarm_enter`: expected a list of two whole numbers k and n, each at least 1, k "
                "at most n, received \\[3, 2\\]",
            ),
            (
                "alarm_enter",
                [1],
                "`alarm_enter`: expected a list of two whole numbers k and n, each at least 1, k "
                "at most n, received \\[1\\]",
            ),
            (
                "alarm_leave",
                0,
                "`alarm_leave`: expected a number, above 0 and at most 1 .*received 0",
            ),
            (
                "false_alarms_per_week",
                0,
                "`false_alarms_per_week`: .* above 0 \\(a band that is never left .*received 0",
            ),
            ("alpha_quantile", 0.5, "`alpha_quantile`: expected a number, above 0.5 and below 1 "),
            (
                "system_false_alarms_per_week",
                0,
                "`system_false_alarms_per_week`: .* above 0, or null \\(a threshold .*received 0",
            ),
            (
                "sigma",
                "learned",
                '`sigma`: expected "predicted", "calibrated", "tempered" or "constant", received',
            ),
            (
                "alarm_system",
                "all",
                '`alarm_system`: expected "weighted", "any" or "at least", received "all"',
            ),
            *[
                (key, least - 1, f"`{key}`: expected a whole number, at least {least}, received")
                for key, least in (
                    ("alarm_series", 1),
                    ("alarm_min_rows", 1),
                )
            ],
            *[
                (
                    key,
                    value,
                    f"`{key}`: expected a whole number of rows from {least}, or a duration",
                )
                for key, least in (
                    ("alarm_window", 1),
                    ("alarm_longest", 1),
                    ("alarm_smoothing", 1),
                    ("alarm_hold", 0),
                )
                for value in (least - 1, "an hour", "1.5h", True, 2.0, None)
            ],
            ("threshold", "moving", '`threshold`: expected "following" or "fixed", received'),
            (
                "budget_confidence",
                1,
                "`budget_confidence`: expected a number, above 0 and below 1 ",
            ),
            (
                "contamination",
                0.5,
                "`contamination`: expected a number, at least 0 and below 0.5, or",
            ),
            ("alpha_lowest", -1, "`alpha_lowest`: expected a number, at least 0 "),
            ("tune_alarms", 1, "`tune_alarms`: expected true or false, received 1"),
        ],
    )
    def test_refuses(self, key, value, message):
        (line,) = problems(**{key: value})
        assert re.search(message, line)

    def test_spans_are_rows_or_durations(self):
        settings = read(alarm_hold="1h", alarm_window=48, alarm_smoothing="30min")
        rules = AlarmRules.of(settings, step_seconds=300.0)
        assert (rules.hold, rules.smoothing, settings.alarm_window) == (12, 6, 48)
        # Shorter than a step of a day: at least one row.
        assert AlarmRules.of(settings, step_seconds=86_400.0).hold == 1

    def test_the_budget_is_another_for_fixed_thresholds(self):
        assert [read(threshold=word).system_budget for word in ("following", "fixed")] == [1.0, 5.0]
        assert read(threshold="fixed", system_false_alarms_per_week=2).system_budget == 2.0

    def test_a_whole_number_is_fine_for_a_number(self):
        assert type(read(default_alpha=2).default_alpha) is float
        assert read(default_alpha=2).default_alpha == 2.0

    def test_accepts_the_edges(self):
        read(alarm_enter=[3, 3], alarm_leave=1, alarm_hold=0, alpha_quantile=0.501)

    def test_what_predicts_no_sigma_cannot_be_read_as_predicting_one(self):
        assert problems(architecture="seq2seq", sigma="predicted") == [
            '`sigma`: expected "constant" while `architecture` is "seq2seq", which predicts no '
            'sigma, received "predicted"'
        ]


@pytest.mark.parametrize(("custom", "measure"), [(True, "range-based"), (False, "point-wise")])
def test_measure_of_the_alphas(custom, measure):
    text = json.dumps({"model_name": "m", "custom_metrics": custom})
    assert Settings.from_text(text, "s.txt").alpha_measure == measure


@pytest.mark.parametrize(
    ("method", "normal"),
    [
        (None, "budget"),
        ("labels", "budget"),
        ("budget", "budget"),
        ("quantile", "quantile"),
        ("evt", "evt"),
    ],
)
def test_on_normal_data_alphas_are_found_without_labels(method, normal):
    assert read(alpha_method=method).normal_alpha_method == normal


class TestGroupsAlone:
    """A package is given its own keys and nothing else: a group can be made without the others."""

    GROUPS = (ScoringKeys, ThresholdKeys, AlarmKeys, DetectionKeys)

    @pytest.mark.parametrize("group", GROUPS)
    def test_have_the_defaults_of_a_file(self, group):
        assert dict(group()).items() <= dict(read()).items()

    def test_take_some_keys(self):
        assert ThresholdKeys(custom_metrics=False).alpha_measure == "point-wise"
        assert AlarmKeys(alarm_enter=[2, 3]).alarm_enter == (2, 3)
        assert ScoringKeys(sigma="constant").sigma == "constant"
        keys = DetectionKeys(alarm_hold=0, default_alpha=2.0)
        assert (keys.alarm_hold, keys.default_alpha) == (0, 2.0)

    @pytest.mark.parametrize("group", GROUPS)
    def test_do_not_take_those_of_others(self, group):
        with pytest.raises(ValidationError, match="epochs\n  Extra inputs are not permitted"):
            group(epochs=2)

    def test_keep_their_rules(self):
        with pytest.raises(ValidationError, match="k at most n, received \\[3, 2\\]"):
            AlarmKeys(alarm_enter=[3, 2])
        with pytest.raises(ValidationError, match='expected "constant" while `architecture` is'):
            ScoringKeys(architecture="seq2seq", sigma="predicted")

    def test_settings_stand_in_for_each(self):
        assert all(isinstance(read(), group) for group in self.GROUPS)
