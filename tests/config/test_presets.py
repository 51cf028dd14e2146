"""Settings that come with the package: the files of the project, read without the project."""

import json

import pytest

from dcvae import InputError
from dcvae.config import (
    Settings,
    keys_for,
    preset,
    preset_names,
    preset_text,
    read_settings,
)
from support.settings_files import FOLDER

NAMES = ("model_settings", "recommended", "rnn_vae_settings", "sample", "seq2seq")


def test_are_those_of_the_project():
    assert preset_names() == NAMES
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_are_the_same_bytes_as_the_files_of_the_project(name):
    stored = (FOLDER.parent / "dcvae" / "config" / "presets" / f"{name}.txt").read_bytes()
    assert stored == (FOLDER / f"{name}.txt").read_bytes()
    assert preset_text(name).encode() == stored


@pytest.mark.parametrize("name", NAMES)
def test_are_settings(name):
    assert preset(name) == json.loads(preset_text(name))
    assert Settings.from_text(preset_text(name), name) == read_settings(FOLDER / f"{name}.txt")


def test_what_is_recommended():
    """Typed from the advice that was in the code; benchmarks/README.md says why."""
    assert preset("recommended") == {
        "model_name": "my-model",
        "T": 64,
        "cnn_units": [32, 32, 32, 32, 32],
        "dil_rate": [1, 2, 4, 8, 16, 32],
        "J": 8,
        "steps_per_epoch": 50,
        "epochs": 30,
        "patience": 30,
        "min_delta": 0.0,
        "lr": 0.001,
        "lr_decay": True,
        "decay_rate": 0.5,
        "decay_step": 500,
        "custom_metrics": False,
        "summary": False,
    }


def test_one_that_is_changed_does_not_change_the_next():
    preset("recommended")["T"] = 3
    assert preset("recommended")["T"] == 64


@pytest.mark.parametrize("name", ["none", "", "sample.txt", "../settings"])
def test_another_name_is_refused(name):
    message = (
        rf"^There are no settings called '{name}'\. Expected one of model_settings, recommended, "
        r"rnn_vae_settings, sample, seq2seq\.$"
    )
    with pytest.raises(InputError, match=message):
        preset_text(name)
    with pytest.raises(InputError, match=message):
        preset(name)


def test_are_read_from_the_package_and_not_from_where_it_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert preset_names() == NAMES
    assert preset_text("sample").startswith("{")


class TestKeysFor:
    """Settings of one architecture as those of another."""

    def test_its_own_are_as_they_are(self):
        settings = Settings.from_values(preset("recommended"), "recommended")
        assert keys_for(settings, "dc-vae") == settings.to_dict()

    @pytest.mark.parametrize(
        ("architecture", "layers"),
        [
            ("rnn-vae", {"rnn_units": [8, 4], "layer_type": "gru", "J": 8}),
            ("seq2seq", {"hidden_size": 64, "embedding_size": 32, "loss": "mae"}),
        ],
    )
    def test_layers_are_those_of_its_file_and_the_rest_is_kept(self, architecture, layers):
        settings = Settings.from_values(
            preset("recommended") | {"fidelity_encoder": "code", "max_gap": 3}, "recommended"
        )
        made = Settings.from_values(keys_for(settings, architecture), "keys")
        assert made.architecture == architecture
        assert (made.window_length, made.epochs, made.lr, made.max_gap) == (64, 30, 1e-3, 3)
        assert {key: made.to_dict()[key] for key in layers} == layers

    def test_and_back(self):
        asked = Settings.from_values(preset("seq2seq"), "seq2seq")
        back = Settings.from_values(keys_for(asked, "dc-vae"), "keys")
        assert (back.architecture, back.window_length, back.epochs) == ("dc-vae", 64, 30)
