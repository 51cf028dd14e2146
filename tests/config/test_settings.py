"""Settings: the published files, the groups of keys, other defaults, architectures, the file."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from pydantic import ValidationError

from dcvae import InputError
from dcvae.config import (
    FIELDS,
    AlarmKeys,
    DataKeys,
    DetectorKeys,
    NameKeys,
    NetworkKeys,
    ScoringKeys,
    Settings,
    ThresholdKeys,
    TrainingKeys,
    architecture_of,
    fidelity_departures,
    keys_of,
    read_settings,
    without_effect,
)
from dcvae.config.keys.common import CommonKeys
from dcvae.config.keys.properties import CODE_DEFAULTS, FIDELITY_KEYS
from dcvae.detection.alarms.rules import AlarmRules
from support.settings_files import (
    ALL_KEYS,
    ARCHITECTURES,
    FOLDER,
    NEW_KEYS,
    ONLY_OF,
    PUBLISHED,
    problems,
    read,
)


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
        assert values[:6] == [5, 0.01, 1, None, 0.0, False]
        assert values[6:10] == [12, 12, None, None]
        assert values[10:16] == [(), (), (), (), (), None]
        assert values[16:19] == [{}, {}, None]
        assert values[19:26] == [3.0, None, 14.0, 1.0, 0.999, "grid", "predicted"]
        assert values[26:30] == ["following", 288, 360, "weighted"]
        assert values[30:36] == [3, 6, (1, 1), 0.5, 1, 12]
        assert values[36:] == [None, 0.7, None, True, "paper"]
        assert [getattr(settings, key) for key in FIDELITY_KEYS] == ["paper"] * 12


class TestOwnKeys:
    """Those that no package reads as its own."""

    @pytest.mark.parametrize(
        ("key", "value", "line"),
        [
            ("summary", None, "`summary`: expected true or false, received null"),
            ("alpha_reg", -1, "`alpha_reg`: expected a number, at least 0, received -1"),
            ("dataset_name", 5, "`dataset_name`: expected any text, received 5"),
            ("fidelity", "original", '`fidelity`: expected "paper" or "code", received "original"'),
            ("fidelity", [1], '`fidelity`: expected "paper" or "code", received [1]'),
            *[
                (key, None, f'`{key}`: expected "paper" or "code", received null')
                for key in FIDELITY_KEYS
            ],
        ],
    )
    def test_refuses(self, key, value, line):
        assert problems(**{key: value}) == [line]

    @pytest.mark.parametrize("keys", [{"alpha_reg": 0}, {"dataset_name": "any / text"}])
    def test_accepts_the_edges(self, keys):
        assert dict(read(**keys)).items() >= keys.items()


class TestGroups:
    """Every key is of one package, or of all, or of none."""

    GROUPS = (
        DataKeys,
        DetectorKeys,
        NetworkKeys,
        TrainingKeys,
        ScoringKeys,
        ThresholdKeys,
        AlarmKeys,
        NameKeys,
    )

    def test_hold_every_key_once(self):
        common = set(CommonKeys.model_fields)
        of_groups = [name for group in self.GROUPS for name in set(group.model_fields) - common]
        assert len(of_groups) == len(set(of_groups))
        own = set(Settings.__annotations__) - {"_source"}
        assert own == {
            *("dataset_name", "model_name", "summary", "alpha_reg", "fidelity", "fidelity_units")
        }
        assert not own & {*common, *of_groups}
        assert {*common, *of_groups, *own} == set(Settings.model_fields)
        assert common == {"architecture", "window_length", "num_series", "seed"}


# What the program wrote of the published files before its keys were put in groups, with the keys
# that came since beside those that they belong to.
BEFORE = (
    "detector ensemble_members architecture dataset_name model_name scale robust_scale "
    "wo_outliers max_std T M"
)
AFTER = (
    "lr lr_decay decay_rate decay_step val_percent seed summary custom_metrics patience "
    "min_delta train_stride steps_per_epoch trim_windows tf32 max_gap max_fill resample "
    "time_zone time_column "
    "ignore missing_values counters by entity titles units metadata default_alpha alpha_method "
    "false_alarms_per_week alpha_lowest alpha_quantile alpha_search sigma threshold "
    "alarm_window alarm_longest alarm_system alarm_series alarm_smoothing alarm_enter "
    "alarm_leave alarm_min_rows alarm_hold system_false_alarms_per_week budget_confidence "
    "contamination tune_alarms fidelity"
)
ORDERS = {
    "model_settings": f"{BEFORE} cnn_units dil_rate kernel strs activation alpha_reg batch_size J "
    f"epochs {AFTER} fidelity_spread fidelity_encoder fidelity_decoder fidelity_bounds "
    "fidelity_norm fidelity_batches fidelity_latent fidelity_outliers fidelity_missing fidelity_f1 "
    "fidelity_losses fidelity_units",
    "rnn_vae_settings": f"{BEFORE} layer_type rnn_units activation alpha_reg batch_size J epochs "
    f"{AFTER} fidelity_spread fidelity_bounds fidelity_norm fidelity_batches fidelity_latent "
    "fidelity_outliers fidelity_missing fidelity_f1 fidelity_losses fidelity_units",
    "seq2seq": f"{BEFORE} layer_type hidden_size embedding_size loss alpha_reg batch_size epochs "
    f"{AFTER} fidelity_outliers fidelity_missing fidelity_f1 fidelity_units",
}


@pytest.mark.parametrize("name", ORDERS)
def test_a_model_keeps_its_settings_in_the_order_that_it_always_had(name):
    settings = read_settings(FOLDER / f"{name}.txt")
    assert list(json.loads(settings.to_json())) == ORDERS[name].split()
    assert list(settings.to_dict()) == ORDERS[name].split()


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
        assert AlarmRules.of(settings, 300.0) == replace(AlarmRules.published(), series=3)
        assert read(fidelity_spread="code").max_fill == 12  # only `fidelity` itself counts

    @pytest.mark.parametrize("key", CODE_DEFAULTS)
    def test_a_default_of_its_own_yields_to_a_key_given_by_name(self, key):
        of_paper, of_code = getattr(read(), key), CODE_DEFAULTS[key]
        assert getattr(read(**{"fidelity": "code", key: of_paper}), key) == of_paper
        assert getattr(read(**{"fidelity": "paper", key: of_code}), key) == of_code


RNN_VAE = json.loads((FOLDER / "rnn_vae_settings.txt").read_text(encoding="utf-8"))


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
        [notice] = without_effect(settings)
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
        assert architecture_of(keys) == architecture

    def test_has_a_name_for_people(self):
        names = [read(architecture=name).name_of_architecture for name in ARCHITECTURES]
        assert names == ["DC-VAE", "RNN-VAE", "Seq2seq"]

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
            f'`{key}`: belongs to `architecture` {names}, but `architecture` is "{architecture}" '
            "here; delete the key, or change `architecture`"
        )

    def test_says_what_the_other_keys_tell(self):
        assert problems(rnn_units=[8, 4], kernel=2) == [
            '`kernel`: belongs to `architecture` "dc-vae", but `architecture` is "rnn-vae" '
            "here, as other keys tell; delete the key, or change `architecture`"
        ]

    def test_foreign_keys_are_reported_with_all_else(self):
        lines = problems(architecture="seq2seq", rnn_units=[8], T=1, layer_type="rnn")
        assert [line.split(":")[0] for line in lines] == ["`rnn_units`", "`T`", "`layer_type`"]

    def test_refused(self):
        assert problems(architecture="transformer") == [
            '`architecture`: expected "dc-vae", "rnn-vae" or "seq2seq", received "transformer"'
        ]

    @pytest.mark.parametrize("fidelity", ["paper", "code"])
    @pytest.mark.parametrize("architecture", ARCHITECTURES)
    def test_effective_settings_have_the_keys_of_the_architecture_and_no_other(
        self, architecture, fidelity
    ):
        settings = read(architecture=architecture, fidelity=fidelity)
        written = json.loads(settings.to_json())
        foreign = {key for key, (_, owners) in ONLY_OF.items() if architecture not in owners}
        assert written.keys() == FIELDS.keys() - foreign
        assert tuple(written) == keys_of(architecture)
        assert Settings.from_text(settings.to_json(), "x") == settings

    @pytest.mark.parametrize("architecture", ARCHITECTURES)
    def test_fidelity_code_sets_what_applies(self, architecture):
        settings = read(architecture=architecture, fidelity="code")
        code = {key for key in FIDELITY_KEYS if getattr(settings, key) == "code"}
        foreign = {key for key, (_, owners) in ONLY_OF.items() if architecture not in owners}
        assert code == set(FIDELITY_KEYS) - foreign
        assert fidelity_departures(settings) == []


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


def test_importing_brings_in_nothing_heavy():
    program = (
        "import sys, dcvae.config.settings, dcvae.config.reference; "
        "print({'numpy', 'pandas', 'keras', 'tensorflow'} & set(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "set()"


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
