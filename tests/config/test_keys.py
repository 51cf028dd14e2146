"""Keys of data, network and training: types, ranges, keys that must fit together, groups alone."""

import re

import pytest
from pydantic import ValidationError

from dcvae.config import DataKeys, NetworkKeys, ScoringKeys, Settings, TrainingKeys
from dcvae.config.keys.common import CommonKeys
from support.settings_files import PUBLISHED, problems, read

PAPER_SIDES = {"fidelity_encoder": "paper", "fidelity_decoder": "paper"}


class TestTypesAndRanges:
    def test_a_whole_number_is_fine_for_a_number(self):
        settings = read(max_std=5, lr=1)
        assert (settings.max_std, settings.lr) == (5.0, 1.0)
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
            ("activation", ["linear", "swish", "elu"]),
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
            ("activation", "Tanh", '`activation`: expected "tanh", "relu", .* received "Tanh"'),
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


class TestKeysOfOtherArchitectures:
    @pytest.mark.parametrize(
        ("keys", "line"),
        [
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


class TestGroupsAlone:
    """A package is given its own keys and nothing else: a group can be made without the others."""

    GROUPS = (CommonKeys, DataKeys, NetworkKeys, TrainingKeys)

    @pytest.mark.parametrize("group", GROUPS)
    def test_have_the_defaults_of_a_file(self, group):
        assert dict(group()).items() <= dict(read()).items()

    def test_take_some_keys(self):
        assert TrainingKeys(epochs=2) == TrainingKeys().model_copy(update={"epochs": 2})
        keys = NetworkKeys(T=64, M=3, J=2, cnn_units=[8], dil_rate=[1, 2])
        assert (keys.window_length, keys.num_series, keys.latent_size) == (64, 3, 2)
        assert (keys.cnn_units, keys.dil_rate) == ((8,), (1, 2))
        assert DataKeys(resample="5min").resample_step.total_seconds() == 300

    def test_pickled_before_a_key_was_there_they_have_its_default(self):
        settings = read(detector="pca", T=64)
        state = settings.__getstate__()
        values = {name: x for name, x in state["__dict__"].items() if name != "titles"}
        again = Settings.__new__(Settings)
        again.__setstate__(state | {"__dict__": values})
        assert again == settings
        assert (again.titles, again.detector, again.window_length) == ({}, "pca", 64)

    @pytest.mark.parametrize("group", GROUPS)
    def test_do_not_take_those_of_others(self, group):
        with pytest.raises(ValidationError, match="default_alpha\n  Extra inputs are not permit"):
            group(default_alpha=2.0)

    @pytest.mark.parametrize(
        ("group", "keys", "message"),
        [
            (CommonKeys, {"T": 1}, "greater than or equal to 2"),
            (DataKeys, {"scale": 1}, "valid boolean"),
            (DataKeys, {"resample": "5 min"}, 'expected null, or .* such as "5min", received'),
            (DataKeys, {"time_zone": "UCT+1"}, "expected null, or an IANA name"),
            (NetworkKeys, {"cnn_units": [8, 8]}, "received 7: all dilations but one belong to"),
            (
                NetworkKeys,
                {"cnn_units": [8], "dil_rate": [1, 2], "fidelity_decoder": "code"},
                'expected "paper" while `cnn_units` has 1 entry',
            ),
            (
                NetworkKeys,
                {"architecture": "seq2seq", "layer_type": "rnn"},
                'expected "gru" or "lstm" while',
            ),
            (TrainingKeys, {"lr": 0}, "greater than 0"),
            (TrainingKeys, {"epochs": 2.0}, "valid integer"),
        ],
    )
    def test_keep_their_rules(self, group, keys, message):
        with pytest.raises(ValidationError, match=message):
            group(**keys)

    def test_cannot_be_changed(self):
        with pytest.raises(ValidationError, match="frozen"):
            TrainingKeys().epochs = 3

    def test_settings_stand_in_for_each(self):
        assert all(isinstance(read(), group) for group in self.GROUPS)


def test_a_group_made_alone_has_the_defaults_of_its_architecture():
    assert TrainingKeys(architecture="rnn-vae").lr == 1e-3
    assert TrainingKeys(architecture="rnn-vae", lr=0.5).lr == 0.5
    assert CommonKeys(architecture="rnn-vae").window_length == 512
    assert ScoringKeys(architecture="seq2seq").sigma == "constant"
    assert problems(architecture=["dc-vae"])[0].startswith("`architecture`: expected")
