"""Settings: the published file, every refusal by its message, the layer plans, the README table."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from dcvae import InputError
from dcvae.config.settings import (
    ARCHITECTURE_DEFAULTS,
    CODE_DEFAULTS,
    FIDELITY_KEYS,
    RECOMMENDED,
    Key,
    Settings,
    SidePlan,
    allowed_values,
    read_settings,
)
from dcvae.detection.band import AlarmRules

FOLDER = Path(__file__).parents[2] / "settings"

# The values García González et al. published for TELCO, typed from their file.
PUBLISHED = {
    "dataset_name": "TELCO",
    "model_name": "dc-vae",
    "scale": True,
    "wo_outliers": True,
    "max_std": 7,
    "T": 128,
    "M": 12,
    "cnn_units": [64, 64, 64, 64, 64, 64],
    "dil_rate": [1, 2, 4, 8, 16, 32, 64],
    "kernel": 2,
    "strs": 1,
    "activation": "tanh",
    "alpha_reg": 1e-4,
    "batch_size": 32,
    "J": 4,
    "epochs": 100,
    "lr": 1e-4,
    "lr_decay": False,
    "decay_rate": 0.96,
    "decay_step": 7000,
    "val_percent": 0.2,
    "seed": 123,
    "summary": True,
    "custom_metrics": True,
}
NEW_KEYS = [
    *(
        "patience",
        "min_delta",
        "train_stride",
        "steps_per_epoch",
        "max_gap",
        "max_fill",
        "resample",
        "time_zone",
    ),
    *("default_alpha", "alpha_method", "false_alarms_per_week", "alpha_quantile", "alpha_search"),
    *("sigma", "alarm_system", "alarm_series", "alarm_smoothing", "alarm_enter", "alarm_leave"),
    *("alarm_min_rows", "alarm_hold", "system_false_alarms_per_week", "tune_alarms", "fidelity"),
]
PAPER_SIDES = {"fidelity_encoder": "paper", "fidelity_decoder": "paper"}
ALL_KEYS = ["architecture", *PUBLISHED, *NEW_KEYS, *FIDELITY_KEYS]


def read(source: str = "settings/x.txt", **keys: object) -> Settings:
    return Settings.from_text(json.dumps({"model_name": "a"} | keys), source)


def refusal(text: str) -> str:
    with pytest.raises(InputError) as caught:
        Settings.from_text(text, "settings/x.txt")
    return str(caught.value)


def problems(**keys: object) -> list[str]:
    """Return the lines of problems of a file that is complete but for the given keys."""
    first, *lines = refusal(json.dumps({"model_name": "a"} | keys)).split("\n")
    assert first == "settings/x.txt is not a usable settings file:"
    assert all(line.startswith("  `") for line in lines)
    return [line.strip() for line in lines]


class TestPublishedFile:
    def test_is_in_the_repository_with_its_values_and_key_order(self):
        values = json.loads((FOLDER / "model_settings.txt").read_text(encoding="utf-8"))
        assert list(values.items()) == list(PUBLISHED.items())

    def test_is_accepted_unchanged(self):
        settings = read_settings(FOLDER / "model_settings.txt")
        names = {"T": "window_length", "M": "num_series", "J": "latent_size"}
        for key, value in PUBLISHED.items():
            expected = tuple(value) if isinstance(value, list) else value
            assert getattr(settings, names.get(key, key)) == expected

    def test_its_values_are_the_defaults(self):
        given = PUBLISHED | {"dataset_name": "", "model_name": "a", "M": None}
        assert read() == Settings.from_text(json.dumps(given), "x")

    def test_defaults_of_the_new_keys(self):
        settings = read()
        values = [getattr(settings, key) for key in NEW_KEYS]
        assert values[:8] == [5, 0.01, 1, None, 12, 12, None, None]
        assert values[8:14] == [3.0, None, 14.0, 0.999, "grid", "predicted"]
        assert values[14:] == ["weighted", 3, 6, (1, 1), 0.5, 1, 12, 5.0, True, "paper"]
        assert [getattr(settings, key) for key in FIDELITY_KEYS] == ["paper"] * 6


class TestFidelity:
    @pytest.mark.parametrize("fidelity", ["paper", "code"])
    def test_sets_every_key(self, fidelity):
        settings = read(fidelity=fidelity)
        assert {getattr(settings, key) for key in FIDELITY_KEYS} == {fidelity}

    @pytest.mark.parametrize("key", FIDELITY_KEYS)
    def test_a_key_given_by_name_wins(self, key):
        settings = read(**{"fidelity": "code", key: "paper"})
        assert {name for name in FIDELITY_KEYS if getattr(settings, name) == "paper"} == {key}

    def test_defaults_of_its_own(self):
        """The published program fills and bridges gaps of any length."""
        settings = read(fidelity="code")
        assert {key: getattr(settings, key) for key in CODE_DEFAULTS} == CODE_DEFAULTS
        assert (settings.max_gap, settings.max_fill, settings.tune_alarms) == (None, None, False)
        assert settings.sigma == "predicted"
        assert AlarmRules.of(settings) == replace(AlarmRules.published(), series=3)
        assert read(fidelity_spread="code").max_fill == 12  # only `fidelity` itself counts

    @pytest.mark.parametrize("key", CODE_DEFAULTS)
    def test_a_default_of_its_own_yields_to_a_key_given_by_name(self, key):
        of_paper, of_code = getattr(read(), key), CODE_DEFAULTS[key]
        assert getattr(read(**{"fidelity": "code", key: of_paper}), key) == of_paper
        assert getattr(read(**{"fidelity": "paper", key: of_code}), key) == of_code


class TestTypesAndRanges:
    def test_a_whole_number_is_fine_for_a_number(self):
        settings = read(max_std=5, lr=1, default_alpha=2)
        assert (settings.max_std, settings.lr, settings.default_alpha) == (5.0, 1.0, 2.0)
        assert type(settings.max_std) is float

    @pytest.mark.parametrize(
        ("key", "values"),
        [
            ("T", [2]),
            ("M", [1, None]),
            ("kernel", [2, 5]),
            ("val_percent", [0, 0.0, 0.999]),
            ("decay_rate", [1, 1e-9]),
            ("seed", [0, 2**32 - 1]),
            ("min_delta", [0]),
            ("patience", [1]),
            ("alpha_reg", [0]),
            ("activation", ["linear", "swish", "elu"]),
            ("dataset_name", ["", "any / text"]),
            ("max_gap", [1, None]),
            ("max_fill", [0, None]),
            ("resample", [None, "1ms", "30s", "5min", "1h", "366d", "8784h"]),
            ("time_zone", [None, "UTC", "Europe/Madrid", "America/Argentina/Ushuaia"]),
        ],
    )
    def test_accepts_the_edges(self, key, values):
        for value in values:
            read(**{key: value})

    @pytest.mark.parametrize(
        ("key", "value", "message"),
        [
            ("T", 1, "at least 2 \\(a window of one row has no past\\), received 1"),
            ("T", True, "`T`: expected a whole number, at least 2 \\(.*\\), received true"),
            ("T", 1, "`T`: expected a whole number, at least 2 \\(.*\\), received 1"),
            ("T", 32.0, "`T`: expected a whole number, at least 2 \\(.*\\), received 32.0"),
            ("T", "32", '`T`: expected a whole number, at least 2 \\(.*\\), received "32"'),
            ("T", None, "`T`: expected a whole number, at least 2 \\(.*\\), received null"),
            ("M", 0, "`M`: expected a whole number, at least 1, or null, received 0"),
            ("M", "12", '`M`: expected a whole number, at least 1, or null, received "12"'),
            ("scale", 1, "`scale`: expected true or false, received 1"),
            ("wo_outliers", "true", '`wo_outliers`: expected true or false, received "true"'),
            ("lr_decay", 0, "`lr_decay`: expected true or false, received 0"),
            ("summary", None, "`summary`: expected true or false, received null"),
            ("custom_metrics", 0.0, "`custom_metrics`: expected true or false, received 0.0"),
            ("max_std", 0, "above 0 \\(0 would mask all but the mean\\), received 0"),
            ("max_std", True, "`max_std`: expected a number, above 0 \\(.*, received true"),
            ("lr", 0, "`lr`: expected a number, above 0 \\(0 would learn nothing\\), received 0"),
            ("lr", "1e-4", '`lr`: expected a number, above 0 \\(.*, received "1e-4"'),
            ("decay_rate", 1.1, "at most 1 \\(a factor above 1 would raise .*\\), received 1.1"),
            (
                "decay_rate",
                0,
                "`decay_rate`: expected a number, above 0 and at most 1 .* received 0",
            ),
            ("decay_step", 0, "`decay_step`: expected a whole number, at least 1, received 0"),
            ("val_percent", 1, "at least 0 and below 1 .*, received 1"),
            ("val_percent", 20, "\\(a share of the rows: 0.2, not 20\\), received 20"),
            ("val_percent", -0.1, "at least 0 and below 1 .*, received -0.1"),
            ("seed", -1, "at least 0 and below 4294967296 \\(a seed has 32 bits\\), received -1"),
            ("seed", 2**32, "`seed`: expected a whole number, at least 0 and below 4294967296"),
            ("alpha_reg", -1, "`alpha_reg`: expected a number, at least 0, received -1"),
            ("batch_size", 0, "`batch_size`: expected a whole number, at least 1, received 0"),
            ("J", 0, "`J`: expected a whole number, at least 1, received 0"),
            ("epochs", 0, "`epochs`: expected a whole number, at least 1, received 0"),
            ("patience", 0, "`patience`: expected a whole number, at least 1, received 0"),
            ("min_delta", -1, "`min_delta`: expected a number, at least 0, received -1"),
            ("train_stride", 0, "`train_stride`: expected a whole number, at least 1, received 0"),
            (
                "steps_per_epoch",
                0,
                "`steps_per_epoch`: expected a whole number, at least 1, or null, received 0",
            ),
            (
                "default_alpha",
                0,
                "`default_alpha`: expected a number, above 0 \\(a band .*, received 0",
            ),
            ("max_gap", 0, "`max_gap`: expected a whole number, at least 1, or null .* received 0"),
            ("max_gap", 1.5, "`max_gap`: expected a whole number, .* received 1.5"),
            ("max_fill", -1, "`max_fill`: expected a whole number, at least 0, or null, received"),
            *[
                ("resample", step, '`resample`: expected null, or .* such as "5min", received ')
                for step in ("5 min", "5", "min", "0s", "-5min", "1.5h", "5T", "367d", "9" * 99, 5)
            ],
            *[
                ("time_zone", zone, "`time_zone`: expected null, or an IANA name .*, received ")
                for zone in ("", "CEST", "+02:00", "Europe", "../UTC", "a\0b", 2)
            ],
            ("time_zone", "europe/madird", 'received "europe/madird"; did you mean "Europe/Mad'),
            ("dataset_name", 5, "`dataset_name`: expected any text, received 5"),
            ("activation", "Tanh", '`activation`: expected "tanh", "relu", .* received "Tanh"'),
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
            ("fidelity", "original", '`fidelity`: expected "paper" or "code", received "original"'),
            ("fidelity", [1], '`fidelity`: expected "paper" or "code", received \\[1\\]'),
            *[(key, None, f'`{key}`: expected "paper" or "code"') for key in FIDELITY_KEYS],
            ("kernel", 1, "at least 2 \\(a kernel of 1 sees no past row\\), received 1"),
            ("strs", 2, "`strs`: expected 1 \\(a stride would shorten the sequence, .*received 2"),
            ("strs", True, "`strs`: expected 1 \\(.*received true"),
            ("cnn_units", [], "`cnn_units`: expected a list of 1 or more .* received \\[\\]"),
            (
                "dil_rate",
                [1],
                "a list of 2 or more whole numbers, each at least 1, received \\[1\\]",
            ),
            ("dil_rate", 4, "`dil_rate`: expected a list of 2 or more whole numbers.* received 4"),
        ],
    )
    def test_refuses(self, key, value, message):
        (line,) = problems(**{key: value})
        assert re.search(message, line)

    def test_names_the_entry_of_a_list(self):
        lines = problems(cnn_units=[8, True, 8, 0, 8, 2.0])
        expected = "`cnn_units`: expected a list of 1 or more whole numbers, each at least 1"
        assert lines == [
            f"{expected}, received true as entry 2",
            f"{expected}, received 0 as entry 4",
            f"{expected}, received 2.0 as entry 6",
        ]

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


class TestModelName:
    @pytest.mark.parametrize(
        "name", ["a", "dc-vae", "TELCO 2021", "v1.2_b", "-x", "console", "a.previous.b", "x" * 100]
    )
    def test_accepts(self, name):
        assert read(model_name=name).model_name == name

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("", "empty"),
            ("x" * 101, "longer than 100 characters"),
            (".hidden", "a dot or a space at the start or the end"),
            ("..", "a dot or a space at the start or the end"),
            ("a.", "a dot or a space at the start or the end"),
            (" a", "a dot or a space at the start or the end"),
            ("a ", "a dot or a space at the start or the end"),
            ("a/b", "another character"),
            ("a\\b", "another character"),
            ("C:a", "another character"),
            ("a\n", "another character"),
            ("detección", "another character"),
            ("nul", "reserved by Windows"),
            ("CON", "reserved by Windows"),
            ("com1.txt", "reserved by Windows"),
            ("Aux .b", "reserved by Windows"),
            ("a.previous", "used by this project"),
            ("a.PARTIAL", "used by this project"),
            ("readme.md", "used by this project"),
        ],
    )
    def test_refuses(self, name, reason):
        (line,) = problems(model_name=name)
        assert line.startswith("`model_name`: expected a folder name of letters")
        assert line.endswith(f"({reason})")

    def test_is_the_only_required_key(self):
        message = refusal("{}")
        assert "\n  `model_name`: missing; expected a folder name of letters" in message
        assert message.count("\n") == 1


class TestKeysThatMustFitTogether:
    def test_lengths_of_dil_rate_and_cnn_units(self):
        (line,) = problems(cnn_units=[8, 8], dil_rate=[1, 2, 4, 8])
        assert "as many entries as `cnn_units` (2) or one more (3), received 4" in line

    def test_lengths_the_other_way(self):
        (line,) = problems(cnn_units=[8, 8, 8], dil_rate=[1, 2])
        assert "as many entries as `cnn_units` (3) or one more (4), received 2" in line

    def test_a_default_dil_rate_that_does_not_fit(self):
        assert problems(cnn_units=[8, 8]) == [
            "`dil_rate`: expected as many entries as `cnn_units` (2) or one more (3), but it was "
            "left at its default [1, 2, 4, 8, 16, 32, 64], which has 7; give `dil_rate` too"
        ]

    def test_default_cnn_units_that_do_not_fit(self):
        assert problems(dil_rate=[1, 2, 4]) == [
            "`dil_rate`: expected as many entries as `cnn_units` (6) or one more (7), received 3; "
            "`cnn_units` was left at its default [64, 64, 64, 64, 64, 64]: give `cnn_units` too, "
            "with 2 or 3 entries"
        ]

    def test_defaults_that_fit(self):
        assert read(cnn_units=[8] * 7).dil_rate == (1, 2, 4, 8, 16, 32, 64)
        assert read(cnn_units=[8] * 6).dil_rate == (1, 2, 4, 8, 16, 32, 64)
        assert read(dil_rate=[1] * 6).cnn_units == (64,) * 6

    def test_a_dil_rate_given_like_the_default_is_not_called_left(self):
        (line,) = problems(cnn_units=[8, 8], dil_rate=PUBLISHED["dil_rate"])
        assert "received 7: all dilations but one" in line

    def test_lengths_are_checked_without_a_file_too(self):
        with pytest.raises(ValidationError, match="received 2: all dilations but one"):
            Settings.model_validate({"model_name": "a", "dil_rate": [1, 2]})

    def test_a_default_is_not_blamed_for_wrong_cnn_units(self):
        (line,) = problems(cnn_units=[0, 8])
        assert line.startswith("`cnn_units`")

    def test_rule_on_lengths_holds_for_code_too(self):
        (line,) = problems(cnn_units=[8, 8, 8], dil_rate=[1, 2], fidelity="code")
        assert "received 2" in line

    def test_code_needs_two_units(self):
        read(cnn_units=[8], dil_rate=[1, 2], fidelity="code", **PAPER_SIDES)
        lines = problems(cnn_units=[8], dil_rate=[1, 2], fidelity="code")
        assert [line.split(":")[0] for line in lines] == [
            "`fidelity_encoder`",
            "`fidelity_decoder`",
        ]
        assert all('expected "paper" while `cnn_units` has 1 entry' in line for line in lines)


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
            ("units", "cnn_units"),
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


RNN_VAE = json.loads((FOLDER / "rnn_vae_settings.txt").read_text(encoding="utf-8"))
ONLY_OF = {
    "cnn_units": ([4, 4], ["dc-vae"]),
    "dil_rate": ([1, 2, 4, 8, 16, 32], ["dc-vae"]),
    "kernel": (2, ["dc-vae"]),
    "strs": (1, ["dc-vae"]),
    "fidelity_encoder": ("code", ["dc-vae"]),
    "fidelity_decoder": ("paper", ["dc-vae"]),
    "rnn_units": ([8, 4], ["rnn-vae"]),
    "layer_type": ("gru", ["rnn-vae", "seq2seq"]),
    "J": (4, ["dc-vae", "rnn-vae"]),
    "activation": ("tanh", ["dc-vae", "rnn-vae"]),
    "fidelity_spread": ("code", ["dc-vae", "rnn-vae"]),
    "fidelity_latent": ("code", ["dc-vae", "rnn-vae"]),
    "hidden_size": (8, ["seq2seq"]),
    "embedding_size": (8, ["seq2seq"]),
    "loss": ("mse", ["seq2seq"]),
}
ARCHITECTURES = ("dc-vae", "rnn-vae", "seq2seq")


class TestArchitecture:
    def test_published_recurrent_file_is_accepted_unchanged(self):
        """The keys of section 6 of the method, without one that names the architecture."""
        assert "architecture" not in RNN_VAE
        assert not RNN_VAE.keys() & {"cnn_units", "dil_rate", "kernel", "strs"}
        settings = read_settings(FOLDER / "rnn_vae_settings.txt")
        assert settings.architecture == "rnn-vae"
        assert (settings.window_length, settings.latent_size, settings.lr) == (512, 4, 1e-3)
        assert settings.rnn_units == (8, 4)
        assert settings.layer_type == RNN_VAE["layer_type"]
        [notice] = settings.notices()
        assert notice.startswith("Keys in")
        assert "`alpha_reg`" in notice

    @pytest.mark.parametrize(
        ("keys", "architecture"),
        [
            ({}, "dc-vae"),
            ({"layer_type": "gru"}, "rnn-vae"),
            ({"rnn_units": [8, 4]}, "rnn-vae"),
            ({"layer_type": "gru", "hidden_size": 8}, "seq2seq"),
            ({"loss": "mse"}, "seq2seq"),
            ({"embedding_size": 8}, "seq2seq"),
            ({"architecture": "seq2seq", "layer_type": "lstm"}, "seq2seq"),
        ],
    )
    def test_is_told_by_its_keys(self, keys, architecture):
        assert read(**keys).architecture == architecture

    def test_defaults(self):
        dc_vae, rnn_vae, seq2seq = (read(architecture=name) for name in ARCHITECTURES)
        assert dc_vae == read()
        assert (rnn_vae.window_length, rnn_vae.lr, rnn_vae.sigma) == (512, 1e-3, "predicted")
        assert (seq2seq.window_length, seq2seq.lr, seq2seq.sigma) == (128, 1e-3, "constant")
        assert read(architecture="rnn-vae", T=64).window_length == 64

    @pytest.mark.parametrize("architecture", ARCHITECTURES)
    @pytest.mark.parametrize("key", ONLY_OF)
    def test_keys_of_another_one_are_refused_by_name(self, key, architecture):
        value, owners = ONLY_OF[key]
        given = {"architecture": architecture, key: value}
        if key == "cnn_units":
            given["dil_rate"] = [1, 2, 4]
        if architecture in owners:
            read(**given)
            return
        names = " and ".join(f'"{owner}"' for owner in owners)
        assert problems(**given)[0] == (
            f'`{key}`: belongs to `architecture` {names}, but this file is of "{architecture}"; '
            "delete the key, or change `architecture`"
        )

    def test_says_what_the_other_keys_tell(self):
        assert problems(rnn_units=[8, 4], kernel=2) == [
            '`kernel`: belongs to `architecture` "dc-vae", but this file is of "rnn-vae", as its '
            "other keys tell; delete the key, or change `architecture`"
        ]

    def test_foreign_keys_are_reported_with_all_else(self):
        lines = problems(architecture="seq2seq", rnn_units=[8], T=1, layer_type="rnn")
        assert [line.split(":")[0] for line in lines] == ["`rnn_units`", "`T`", "`layer_type`"]

    @pytest.mark.parametrize(
        ("keys", "line"),
        [
            (
                {"architecture": "transformer"},
                '`architecture`: expected "dc-vae", "rnn-vae" or "seq2seq", received "transformer"',
            ),
            (
                {"layer_type": "cnn"},
                '`layer_type`: expected "rnn", "gru" or "lstm", received "cnn"',
            ),
            (
                {"architecture": "seq2seq", "layer_type": "rnn"},
                '`layer_type`: expected "gru" or "lstm" while `architecture` is "seq2seq" (the '
                'last state of a simple layer holds little of a whole window), received "rnn"',
            ),
            (
                {"architecture": "seq2seq", "sigma": "predicted"},
                '`sigma`: expected "constant" while `architecture` is "seq2seq", which predicts no '
                'sigma, received "predicted"',
            ),
            (
                {"rnn_units": [8]},
                "`rnn_units`: expected a list of 2 or more whole numbers, each at least 1 (the "
                "last is the decoder's first), received [8]",
            ),
            (
                {"hidden_size": 0},
                "`hidden_size`: expected a whole number, at least 1, received 0",
            ),
            (
                {"embedding_size": 0},
                "`embedding_size`: expected a whole number, at least 1, received 0",
            ),
            ({"loss": "huber"}, '`loss`: expected "mae" or "mse", received "huber"'),
        ],
    )
    def test_refused(self, keys, line):
        assert problems(**keys) == [line]

    @pytest.mark.parametrize("fidelity", ["paper", "code"])
    @pytest.mark.parametrize("architecture", ARCHITECTURES)
    def test_effective_settings_have_the_keys_of_the_architecture_and_no_other(
        self, architecture, fidelity
    ):
        settings = read(architecture=architecture, fidelity=fidelity)
        written = json.loads(settings.to_json())
        foreign = {key for key, (_, owners) in ONLY_OF.items() if architecture not in owners}
        names = {field.alias or name for name, field in Settings.model_fields.items()}
        assert written.keys() == names - foreign
        assert Settings.from_text(settings.to_json(), "x") == settings

    @pytest.mark.parametrize("architecture", ARCHITECTURES)
    def test_fidelity_code_sets_what_applies(self, architecture):
        settings = read(architecture=architecture, fidelity="code")
        code = {key for key in FIDELITY_KEYS if getattr(settings, key) == "code"}
        foreign = {key for key, (_, owners) in ONLY_OF.items() if architecture not in owners}
        assert code == set(FIDELITY_KEYS) - foreign
        assert not any("fidelity" in notice for notice in settings.notices())

    def test_another_architecture_is_another_model(self):
        trained = read(architecture="rnn-vae", T=64)
        [difference] = trained.differences(read(architecture="seq2seq", T=64))
        assert difference == (
            '`architecture` is "seq2seq" in settings/x.txt but the model was trained with '
            '"rnn-vae".'
        )
        [difference] = trained.differences(read(rnn_units=[9, 4], T=64))
        assert difference.startswith("`rnn_units` is [9, 4] in settings/x.txt but")

    def test_latent_channels_and_reach(self):
        assert read(J=3).latent_channels == 3
        assert read(architecture="rnn-vae", J=3).latent_channels == 3
        assert read(embedding_size=5).latent_channels == 5
        assert read().reach == "receptive field 128 (encoder) and 128 (decoder) of T = 128 rows"
        assert read(rnn_units=[8, 4]).reach == "every row of the window (T = 512) in reach"
        assert read(rnn_units=[8, 4]).name_of_architecture == "RNN-VAE"


class TestJson:
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

    def test_refuses_a_key_given_twice_even_with_one_value(self):
        message = refusal('{"model_name": "a", "T": 8, "T": 8, "T": 8}')
        assert "`T`: expected once, received 3 times; keep one of them" in message

    def test_shows_the_place_of_a_mistake(self):
        message = refusal('{\n\t"model_name": "a",\n\t"T": 8 9\n}')
        assert message.split("\n") == [
            "settings/x.txt is not valid JSON: line 3, column 9: Expecting ',' delimiter",
            '     "T": 8 9',
            "            ^",
        ]

    def test_caret_stays_right_in_a_long_line(self):
        text = '{"dataset_name": "' + "a" * 300 + '" !' + " " * 300 + "}"
        _, line, caret = refusal(text).split("\n")
        assert line[caret.index("^")] == "!"
        assert len(line) < 150

    @pytest.mark.parametrize(
        ("text", "hint"),
        [
            ('{"T": 8,}', "Delete the comma before the closing bracket"),
            ('{"T": 8,\n}', "Delete the comma before the closing bracket"),
            ('{"dil_rate": [1, 2, ]}', "Delete the comma before the closing bracket"),
            ("{'T': 8}", "only straight double quotes"),
            ('{"model_name": “a”}', "only straight double quotes"),
            ('{"T": 8 # rows\n}', "JSON has no comments"),
            ('{// rows\n"T": 8}', "JSON has no comments"),
            ('{/* rows */ "T": 8}', "JSON has no comments"),
            ('{"scale": True}', "JSON writes true, not True"),
            ('{"scale": False}', "JSON writes false, not False"),
            ('{"M": None}', "JSON writes null, not None"),
            ('{"T": 8\n"J": 4}', "A comma may be missing before this place"),
            ("time,TS1\n2021-01-01,3", "one JSON object and starts with {"),
        ],
    )
    def test_hints(self, text, hint):
        assert hint in refusal(text)

    @pytest.mark.parametrize("text", ['{"T" 8}', '{"T": 8', '{"T": "8}'])
    def test_gives_no_hint_where_none_is_sure(self, text):
        assert refusal(text).count("\n") == 2

    @pytest.mark.parametrize(("text", "shown"), [("[1]", "[1]"), ('"a"', '"a"'), ("null", "null")])
    def test_refuses_another_top_level(self, text, shown):
        message = refusal(text)
        assert message.startswith("settings/x.txt must hold a JSON object")
        assert message.endswith(f"received {shown}")

    @pytest.mark.parametrize("text", ["", " \n\t"])
    def test_refuses_an_empty_file(self, text):
        assert refusal(text).startswith("settings/x.txt is empty; expected a JSON object")

    @pytest.mark.parametrize("text", ["[" * 100_000, '{"T": ' + "1" * 5000 + "}"])
    def test_refuses_the_absurd(self, text):
        assert refusal(text).startswith("settings/x.txt is not JSON that can be read: ")

    @pytest.mark.parametrize("text", [r'{"model_name": "\ud800"}', r'{"\udfff": 1}'])
    def test_refuses_half_a_character(self, text):
        message = refusal(text)
        assert message.startswith("settings/x.txt is not JSON that can be read: ")
        message.encode("utf-8")


class TestReadSettings:
    def write(self, folder: Path, content: bytes) -> Path:
        path = folder / "x.txt"
        path.write_bytes(content)
        return path

    def test_accepts_a_byte_order_mark(self, tmp_path):
        path = self.write(tmp_path, b'\xef\xbb\xbf{"model_name": "a"}\r\n')
        assert read_settings(path).model_name == "a"

    def test_names_the_file(self, tmp_path):
        path = self.write(tmp_path, b"{}")
        with pytest.raises(InputError, match=re.escape(f"{path} is not a usable settings file")):
            read_settings(path)

    def test_refuses_a_missing_file(self, tmp_path):
        with pytest.raises(InputError, match=r"none\.txt does not exist; expected a settings file"):
            read_settings(tmp_path / "none.txt")

    def test_refuses_a_folder(self, tmp_path):
        with pytest.raises(InputError, match="is a folder; expected a settings file"):
            read_settings(tmp_path)

    def test_refuses_a_path_through_a_file(self, tmp_path):
        with pytest.raises(InputError, match=r"x\.txt does not exist|x\.txt cannot be read: "):
            read_settings(self.write(tmp_path, b"{}") / "x.txt")

    def test_refuses_another_encoding(self, tmp_path):
        path = self.write(tmp_path, '{\n"dataset_name": "señal"}'.encode("latin-1"))
        with pytest.raises(InputError, match="not UTF-8 text: byte 0xf1 on line 2; save the file"):
            read_settings(path)


class TestSettings:
    @pytest.mark.parametrize(
        "keys", [{}, PUBLISHED, {"fidelity": "code", "fidelity_units": "paper"}]
    )
    def test_reads_back_from_its_own_json(self, keys):
        settings = read(**keys)
        text = settings.to_json()
        assert list(json.loads(text)) == ALL_KEYS
        again = Settings.from_text(text, "elsewhere.txt")
        assert again == settings
        assert again.to_json() == text

    def test_equality_is_about_values(self):
        assert read("one.txt") == read("two.txt")
        assert hash(read("one.txt")) == hash(read("two.txt"))
        assert read() != read(T=64)
        assert read() != "settings"

    def test_cannot_be_changed(self):
        with pytest.raises(ValidationError, match="frozen"):
            read().lr = 1.0

    def test_cannot_be_made_from_something_else(self):
        with pytest.raises(ValidationError, match="dict"):
            Settings.model_validate([1])

    def test_takes_the_number_of_series_from_the_table(self):
        settings = read().with_num_series(10, "data/x.csv")
        assert settings.num_series == 10
        assert settings == read(M=10)
        with pytest.raises(InputError, match=r"in settings/x\.txt but"):
            settings.with_num_series(11, "data/x.csv")

    def test_agrees_on_the_number_of_series(self):
        assert read(M=10).with_num_series(10, "data/x.csv") == read(M=10)

    def test_refuses_another_number_of_series(self):
        message = r"`M` is 12 in settings/x\.txt but data/x\.csv has 10 series; .* set `M` to 10"
        with pytest.raises(InputError, match=message):
            read(M=12).with_num_series(10, "data/x.csv")


class TestPlans:
    """The layers of both sides, derived by hand from the paper and from the published program."""

    def test_paper_with_the_published_file(self):
        settings = read()
        encoder, decoder = settings.encoder_plan, settings.decoder_plan
        hidden = ((64, 1), (64, 2), (64, 4), (64, 8), (64, 16), (64, 32))
        assert encoder == SidePlan(hidden, 64)
        hidden = ((64, 64), (64, 32), (64, 16), (64, 8), (64, 4), (64, 2))
        assert decoder == SidePlan(hidden, 1)
        assert (encoder.receptive_field(2), decoder.receptive_field(2)) == (128, 128)

    def test_code_with_the_published_file(self):
        settings = read(fidelity="code")
        encoder, decoder = settings.encoder_plan, settings.decoder_plan
        assert encoder == SidePlan(((64, 1), (64, 2), (64, 4), (64, 8), (64, 16)), 16)
        assert decoder == SidePlan(((64, 64), (64, 32), (64, 16), (64, 8), (64, 4)), 1)
        assert (encoder.receptive_field(2), decoder.receptive_field(2)) == (48, 126)

    @pytest.mark.parametrize(
        ("fidelity", "units", "rates", "encoder", "decoder"),
        [
            # One unit fewer than rates: each hidden layer of both sides has its own.
            (
                "paper",
                [8, 6, 4],
                [1, 3, 9, 27],
                SidePlan(((8, 1), (6, 3), (4, 9)), 27),
                SidePlan(((4, 27), (6, 9), (8, 3)), 1),
            ),
            # As many: the last unit is the decoder's first, the first one the encoder's only.
            (
                "paper",
                [8, 6, 4],
                [1, 3, 9],
                SidePlan(((8, 1), (6, 3)), 9),
                SidePlan(((4, 9), (6, 3)), 1),
            ),
            ("paper", [8], [1, 5], SidePlan(((8, 1),), 5), SidePlan(((8, 5),), 1)),
            (
                "code",
                [8, 6, 4],
                [1, 3, 9, 27],
                SidePlan(((8, 1), (6, 3)), 3),
                SidePlan(((4, 27), (6, 9)), 1),
            ),
            (
                "code",
                [8, 6, 4],
                [1, 3, 9],
                SidePlan(((8, 1), (6, 3)), 3),
                SidePlan(((4, 9), (6, 3)), 1),
            ),
            ("code", [8, 6], [1, 3], SidePlan(((8, 1),), 1), SidePlan(((6, 3),), 1)),
        ],
    )
    def test_general_lengths(self, fidelity, units, rates, encoder, decoder):
        settings = read(fidelity=fidelity, cnn_units=units, dil_rate=rates)
        assert settings.encoder_plan == encoder
        assert settings.decoder_plan == decoder

    def test_sides_are_chosen_one_by_one(self):
        settings = read(fidelity_encoder="code")
        assert settings.encoder_plan == read(fidelity="code").encoder_plan
        assert settings.decoder_plan == read().decoder_plan

    def test_receptive_field_grows_with_the_kernel(self):
        assert SidePlan(((8, 1), (8, 3)), 9).receptive_field(kernel=4) == 1 + 3 * 13


class TestNotices:
    def test_nothing_to_say(self):
        assert read().notices() == []

    def test_published_file_has_keys_without_effect(self):
        assert read(**PUBLISHED).notices() == [
            "Keys in settings/x.txt without effect: `alpha_reg` (the published program never reads "
            "it either), `decay_rate` (`lr_decay` is false), `decay_step` (`lr_decay` is false)."
        ]

    def test_keys_that_take_effect_are_not_named(self):
        assert read(lr_decay=True, decay_rate=0.5, decay_step=10, max_std=3).notices() == []

    def test_max_std_without_outlier_mask(self):
        (notice,) = read(wo_outliers=False, max_std=3).notices()
        assert "`max_std` (`wo_outliers` is false)" in notice

    def test_receptive_fields_of_the_published_program(self):
        assert read(fidelity="code").notices() == [
            "The encoder's receptive field is 48 rows but `T` is 128: the rows of a window before "
            "the last 48 do not influence its last latent vector.",
            "The decoder's receptive field is 126 rows but `T` is 128: the latent vectors of a "
            "window before the last 126 do not influence the judged row.",
        ]

    def test_receptive_field_larger_than_the_window(self):
        assert read(T=100).notices() == [
            f"The {side}'s receptive field is 128 rows but `T` is 100: its farthest 28 rows always "
            "fall on the padding before the window."
            for side in ("encoder", "decoder")
        ]

    def test_departures_from_fidelity(self):
        assert read(fidelity_spread="code").notices() == [
            '`fidelity` is "paper" but `fidelity_spread` is "code".'
        ]
        notices = read(fidelity="code", fidelity_latent="paper", fidelity_units="paper").notices()
        assert notices[-1] == (
            '`fidelity` is "code" but `fidelity_latent`, `fidelity_units` are "paper".'
        )


class TestDifferences:
    TRAINED = read("models/a/settings.txt", **PUBLISHED)

    def test_none_with_itself(self):
        assert self.TRAINED.differences(read(**PUBLISHED)) == []

    def test_names_key_file_and_both_values(self):
        given = read(**PUBLISHED | {"T": 64, "cnn_units": [8] * 6, "activation": "relu"})
        assert self.TRAINED.differences(given) == [
            "`T` is 64 in settings/x.txt but the model was trained with 128.",
            "`cnn_units` is [8, 8, 8, 8, 8, 8] in settings/x.txt but the model was trained with "
            "[64, 64, 64, 64, 64, 64].",
            '`activation` is "relu" in settings/x.txt but the model was trained with "tanh".',
        ]

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("scale", False),
            ("wo_outliers", False),
            ("max_std", 3),
            ("T", 8),
            ("M", 3),
            ("cnn_units", [8] * 7),
            ("dil_rate", [1, 1, 1, 1, 1, 1]),
            ("kernel", 3),
            ("activation", "elu"),
            ("J", 2),
            ("max_fill", None),
            ("resample", "5min"),
            ("fidelity_spread", "code"),
            ("fidelity_encoder", "code"),
            ("fidelity_decoder", "code"),
            ("fidelity_outliers", "code"),
        ],
    )
    def test_keys_that_make_another_model(self, key, value):
        (sentence,) = self.TRAINED.differences(read(**PUBLISHED | {key: value}))
        shown = json.dumps(float(value) if key == "max_std" else value)
        assert sentence.startswith(f"`{key}` is {shown} in settings/x.txt but")

    def test_other_keys_do_not_count(self):
        others = {
            "dataset_name": "x",
            "model_name": "b",
            "alpha_reg": 0,
            "batch_size": 8,
            "epochs": 1,
            "lr": 0.1,
            "lr_decay": True,
            "decay_rate": 0.5,
            "decay_step": 5,
            "val_percent": 0.5,
            "seed": 1,
            "summary": False,
            "custom_metrics": False,
            "patience": 1,
            "min_delta": 0,
            "train_stride": 2,
            "steps_per_epoch": 50,
            "max_gap": None,
            "time_zone": "UTC",
            "default_alpha": 4,
            "alpha_search": "exact",
            "fidelity_latent": "code",
            "fidelity_units": "code",
        }
        assert self.TRAINED.differences(read(**PUBLISHED | others)) == []

    def test_a_key_that_neither_reads_does_not_count(self):
        trained = read(wo_outliers=False)
        assert trained.differences(read(wo_outliers=False, max_std=3)) == []
        assert len(trained.differences(read(max_std=3))) == 2

    def test_a_number_of_series_left_open_fits(self):
        assert self.TRAINED.differences(read(**PUBLISHED | {"M": None})) == []

    def test_fidelity_counts_through_the_keys_it_sets(self):
        sentences = self.TRAINED.differences(read(**PUBLISHED | {"fidelity": "code"}))
        assert [sentence.split("`")[1] for sentence in sentences] == [
            "max_fill",
            "fidelity_spread",
            "fidelity_encoder",
            "fidelity_decoder",
            "fidelity_outliers",
        ]


class TestResumeDifferences:
    BEGUN = read("models/a/settings.txt", **PUBLISHED | {"lr_decay": True})

    def differences(self, **keys: object) -> list[str]:
        return self.BEGUN.resume_differences(read(**PUBLISHED | {"lr_decay": True} | keys))

    def test_none_with_itself(self):
        assert self.differences() == []

    def test_names_key_file_and_both_values(self):
        assert self.differences(T=64, lr=0.1) == [
            "`T` is 64 in settings/x.txt but the training was begun with 128.",
            "`lr` is 0.1 in settings/x.txt but the training was begun with 0.0001.",
        ]

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("scale", False),
            ("M", 3),
            ("fidelity_spread", "code"),
            ("batch_size", 8),
            ("lr", 0.1),
            ("lr_decay", False),
            ("decay_rate", 0.5),
            ("decay_step", 5),
            ("val_percent", 0.5),
            ("seed", 1),
            ("min_delta", 0.5),
            ("train_stride", 2),
            ("steps_per_epoch", 50),
            ("max_gap", 3),
            ("time_zone", "UTC"),
        ],
    )
    def test_keys_that_change_how_it_goes_on(self, key, value):
        (sentence,) = self.differences(**{key: value})
        assert sentence.startswith(f"`{key}` is {json.dumps(value)} in settings/x.txt but the")

    def test_other_keys_may_change(self):
        others = {
            "dataset_name": "x",
            "model_name": "b",
            "M": None,
            "alpha_reg": 0,
            "epochs": 1,
            "summary": False,
            "custom_metrics": False,
            "patience": 1,
            "default_alpha": 4,
            "alpha_search": "exact",
            "fidelity_latent": "code",
            "fidelity_units": "code",
        }
        assert self.differences(**others) == []

    def test_a_key_that_neither_reads_may_change(self):
        given = read(**PUBLISHED | {"decay_rate": 0.5, "decay_step": 5})
        assert read(**PUBLISHED).resume_differences(given) == []
        sentences = self.BEGUN.resume_differences(given)
        keys = [sentence.split("`")[1] for sentence in sentences]
        assert keys == ["lr_decay", "decay_rate", "decay_step"]


def test_readme_says_what_is_in_sample_txt():
    settings = read_settings(FOLDER / "sample.txt")
    assert (settings.epochs, settings.patience) == (30, 30)
    assert (settings.lr_decay, settings.decay_rate, settings.decay_step) == (True, 0.5, 500)
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert "trains 30 epochs and never stops early (`patience` is 30 as well)" in readme
    assert "halves every 500" in readme


def test_readme_table_says_what_the_code_says():
    rows = []
    for name, field in Settings.model_fields.items():
        (key,) = (part for part in field.metadata if isinstance(part, Key))
        default = "(required)" if field.is_required() else f"`{json.dumps(field.default)}`"
        if name in FIDELITY_KEYS:
            default = "as `fidelity`"
        elif name in CODE_DEFAULTS:
            default += f'; `{json.dumps(CODE_DEFAULTS[name])}` if `fidelity` is "code"'
        for architecture, defaults in ARCHITECTURE_DEFAULTS.items():
            if (field.alias or name) in defaults:
                default += f"; `{json.dumps(defaults[field.alias or name])}` for {architecture}"
        cells = [f"`{field.alias or name}`", field.description, allowed_values(field)]
        owners = "all" if len(key.of) == 3 else ", ".join(key.of)
        rows.append(f"| {' | '.join([*cells, default, owners, key.effect])} |")
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [line for line in readme.split("\n") if line.startswith("| `")] == rows


def test_readme_example_is_a_settings_file():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", readme, flags=re.DOTALL)
    Settings.from_text(example, "settings/README.md")


def test_importing_brings_in_nothing_heavy():
    program = (
        "import sys, dcvae.config.settings; "
        "print({'numpy', 'pandas', 'keras', 'tensorflow'} & set(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "set()"


@pytest.mark.parametrize(("custom", "measure"), [(True, "range-based"), (False, "point-wise")])
def test_measure_of_the_alphas(custom, measure):
    text = json.dumps({"model_name": "m", "custom_metrics": custom})
    assert Settings.from_text(text, "s.txt").alpha_measure == measure


@pytest.mark.parametrize(
    ("resample", "seconds"),
    [("250ms", 0.25), ("30s", 30), ("5min", 300), ("2h", 7200), ("1d", 86_400)],
)
def test_step_of_resampling(resample, seconds):
    settings = read(resample=resample)
    assert settings.resample == resample  # kept as given
    assert settings.resample_step.total_seconds() == seconds
    assert read().resample_step is None


def test_an_alarm_of_more_series_than_there_are_is_refused():
    settings = read(alarm_system="at least", alarm_series=4)
    assert settings.with_num_series(4, "a.csv").num_series == 4
    with pytest.raises(InputError) as caught:
        settings.with_num_series(3, "a.csv")
    assert str(caught.value) == (
        "`alarm_series` is 4 in settings/x.txt but a.csv has 3 series, so that the system would "
        "never be in alarm; set it to 3 or less"
    )
    assert read(alarm_series=4).with_num_series(3, "a.csv").num_series == 3


class TestForRows:
    """The rule by which windows shrink: hand-derived from validation and training rows."""

    RECOMMENDED = read_settings(FOLDER / "recommended.txt")

    @pytest.mark.parametrize(
        ("rows", "length", "share", "dilations"),
        [
            (320, 64, 0.2, 6),  # 64 rows validate, 256 train: nothing changes
            (319, 63, 0.2, 5),  # 63 rows validate; dilations up to 32 reach back 64 rows
            (100, 20, 0.2, 4),  # 1 + 1 + 2 + 4 + 8 = 16 rows
            (10, 2, 0.2, 2),  # never fewer than two dilations
            (9, 4, 0.0, 2),  # 1 row validates, which holds no window; 9 train, two windows of 4
            (4, 2, 0.0, 2),
        ],
    )
    def test_windows_shrink_to_what_the_rows_hold(self, rows, length, share, dilations):
        made, told = self.RECOMMENDED.for_rows(rows)
        assert (made.window_length, made.val_percent) == (length, share)
        assert made.dil_rate == self.RECOMMENDED.dil_rate[:dilations]
        assert made.cnn_units == (32,) * (dilations - 1)
        assert bool(told) == (length < 64)
        assert read(**made.to_dict()) == made  # still what a file may say

    def test_says_what_is_not_as_asked(self):
        _, told = self.RECOMMENDED.for_rows(300)
        assert told == [
            "The training data have only 300 rows: `T` is 60, not 64, `dil_rate` is [1, 2, 4, 8, "
            "16], not [1, 2, 4, 8, 16, 32], `cnn_units` is [32, 32, 32, 32], not [32, 32, 32, 32, "
            "32]."
        ]

    def test_without_validation_two_windows_fit_side_by_side(self):
        made, _ = read(T=64, val_percent=0, cnn_units=[4, 4], dil_rate=[1, 2]).for_rows(100)
        assert (made.window_length, made.dil_rate, made.cnn_units) == (50, (1, 2), (4, 4))

    def test_the_published_program_keeps_two_hidden_layers(self):
        made, _ = read(T=64, fidelity="code").for_rows(10)
        assert (made.window_length, made.dil_rate, made.cnn_units) == (2, (1, 2, 4), (64, 64))
        assert read(**made.to_dict()) == made

    def test_other_architectures_have_no_dilations(self):
        made, told = read(architecture="rnn-vae").for_rows(100)
        assert made.window_length == 20
        assert told == ["The training data have only 100 rows: `T` is 20, not 512."]


def test_what_is_recommended_is_what_the_file_says():
    stored = json.loads((FOLDER / "recommended.txt").read_text(encoding="utf-8"))
    assert stored == {"model_name": "my-model"} | RECOMMENDED
