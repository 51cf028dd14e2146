"""Words about wrong keys: all at once, finite numbers, long values, and what was meant."""

import re

import pytest

from dcvae.config import FIELDS
from dcvae.config.messages import allowed_values, expected
from support.settings_files import ALL_KEYS, problems, refusal


class TestProblems:
    def test_reports_all_problems_together(self):
        text = """{"T": true, "lr": -1, "lr": 0, "cnn_unit": [8], "cnn_units": [8],
                   "dil_rate": [1, 2, 4], "fidelity": "code", "alpha_search": "fast"}"""
        keys = re.findall(r"^  `(\w+)`: ", refusal(text), flags=re.MULTILINE)
        assert sorted(keys) == [
            "T",
            "alpha_search",
            "cnn_unit",
            "dil_rate",
            "fidelity_decoder",
            "fidelity_encoder",
            "lr",  # given twice
            "lr",  # not above 0
            "model_name",
        ]

    def test_is_the_only_required_key(self):
        message = refusal("{}")
        assert "\n  `model_name`: missing; expected a folder name of letters" in message
        assert message.count("\n") == 1

    @pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
    @pytest.mark.parametrize("key", [key for key in ALL_KEYS if key != "model_name"])
    def test_refuses_what_is_no_finite_number_everywhere(self, key, word):
        message = refusal(f'{{"model_name": "a", "{key}": {word}}}')
        assert f"`{key}`: expected" in message
        assert f"received {word}" in message

    def test_says_finite_where_a_number_is_expected(self):
        message = refusal('{"model_name": "a", "min_delta": 1e999}')
        assert "`min_delta`: expected a finite number, at least 0, received Infinity" in message

    def test_shortens_long_values(self):
        (line,) = problems(scale="ab" * 5000)
        assert len(line) < 200
        assert " ... " in line


class TestUnknownKeys:
    @pytest.mark.parametrize(
        ("key", "meant"),
        [
            ("lrr", "lr"),
            ("LR", "lr"),
            ("t", "T"),
            ("cnn_unit", "cnn_units"),
            ("dilation_rate", "dil_rate"),
            ("window_length", "T"),
            ("num_series", "M"),
            ("latent_size", "J"),
            ("learning_rate", "lr"),
            ("learningrate", "lr"),
            ("learningRate", "lr"),
            ("filters", "cnn_units"),
            ("hidden", "cnn_units"),
            ("dilations", "dil_rate"),
            ("kernel_size", "kernel"),
            ("validation_split", "val_percent"),
            ("val_split", "val_percent"),
            ("latent", "J"),
            ("latent-dim", "J"),
            ("z_dim", "J"),
            ("window", "T"),
            ("window size", "T"),
            ("seq_len", "T"),
            ("batch", "batch_size"),
            ("n_epochs", "epochs"),
            ("name", "model_name"),
            ("strides", "strs"),
        ],
    )
    def test_suggests_the_nearest(self, key, meant):
        assert problems(**{key: 1}) == [f"`{key}`: unknown key; did you mean `{meant}`?"]

    def test_suggests_nothing_far_away(self):
        assert problems(zzzz=1) == ["`zzzz`: unknown key"]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("dataset_name", "any text"),
        ("scale", "true or false"),
        ("T", "a whole number, at least 2"),
        ("M", "a whole number, at least 1, or null"),
        ("val_percent", "a number, at least 0 and below 1"),
        ("decay_rate", "a number, above 0 and at most 1"),
        ("strs", "1"),
        ("dil_rate", "a list of 2 or more whole numbers, each at least 1"),
        ("alpha_search", '"grid" or "exact"'),
        ("alpha_method", '"labels", "budget", "quantile", "evt" or null'),
        ("time_zone", 'null, or an IANA name such as "Europe/Madrid"'),
    ],
)
def test_allowed_values_are_type_and_range_in_words(key, words):
    assert allowed_values(FIELDS[key]) == words


def test_what_is_expected_has_the_reason_where_there_is_one():
    assert expected(FIELDS["T"]) == "a whole number, at least 2 (a window of one row has no past)"
    assert expected(FIELDS["J"]) == allowed_values(FIELDS["J"])
