"""Settings files of the published program's branches: read, or refused by the branch's name."""

import json
from typing import Any

import pytest

from dcvae.config import Settings, without_effect
from dcvae.config.branches import problem_of_branch
from support.settings_files import PUBLISHED, read, refusal

SLIM = {
    **PUBLISHED,
    "model_name": "dc-vae_gen_qt98_64",
    "scale": False,
    "activation": "selu",
    "J": 64,
    "cnn_units": [128, 128, 128, 64, 64, 32, 32],
    "epochs": 200,
}
CONTINUAL = {
    **{key: value for key, value in SLIM.items() if key not in ("seed", "custom_metrics")},
    "model_name": "dc-vae_continual",
    "cnn_units": [64, 128, 128, 128, 128, 128, 64],
    "time_embedding": False,
    "save_best_model": False,
    "save_complete_model": True,
}
OF_DATASET = {
    **{key: value for key, value in PUBLISHED.items() if key != "dataset_name"},
    "dataset": "TELCO 2022 01 02 03",
    "scale": False,
    "activation": "selu",
}
GLOBAL = {
    **{key: value for key, value in OF_DATASET.items() if key != "M"},
    "model_name": "global",
    "cnn_units": [64] * 7,
    "J": 32,
}
SHORT = {"T": 16, "cnn_units": [64] * 4, "dil_rate": [1, 2, 4, 8], "lr": 1e-3}
CONDITIONAL = {**OF_DATASET, **SHORT, "model_name": "dc_cvae_2"}
UNIVARIATE = {**OF_DATASET, "cnn_units": [64] * 7, "model_name": "dc_cvae_uni"}
UNNAMED = {**OF_DATASET, **SHORT, "model_name": "dc_vae_3"}

DC_VAE = 'For DC-VAE of 2022 with these values, add `"architecture": "dc-vae"`'
RENAME = " and rename `dataset` to `dataset_name`."
BOTTLENECK = "selu layers without bias and batch normalization around one latent vector per window"


@pytest.mark.parametrize(
    ("values", "beginning", "network", "end"),
    [
        (
            CONTINUAL,
            'It is of branch "continual" of the published program, as `time_embedding` and '
            "`save_best_model` and `save_complete_model` tell. ",
            f"{BOTTLENECK}, learned on by generative replay. ",
            " and take out `time_embedding`, `save_best_model`, `save_complete_model`.",
        ),
        (
            GLOBAL,
            'It is of branch "global" of the published program, as `activation` "selu" without '
            "`M` tell. ",
            f"{BOTTLENECK}, one network for every single series. ",
            RENAME,
        ),
        (
            UNIVARIATE,
            'It is of branch "univariate" of the published program, as `activation` "selu" with ',
            "told the time in 8 channels and the series in a ninth, one network for every single ",
            RENAME,
        ),
        (
            CONDITIONAL,
            'It is of the conditional network of branch "univariate" of the published program, as ',
            "that are told the time in 8 channels. ",
            RENAME,
        ),
        (
            UNNAMED,
            'It is of branch "slim", "global", "univariate" or "continual" of the published ',
            f"{BOTTLENECK}. ",
            RENAME,
        ),
        (
            SLIM,
            'It is of branch "slim", "global", "univariate" or "continual" of the published ',
            f"{BOTTLENECK}. ",
            ".",
        ),
    ],
)
def test_a_file_of_a_branch_is_refused_by_name(
    values: dict[str, Any], beginning: str, network: str, end: str
) -> None:
    first, line = refusal(json.dumps(values)).split("\n")
    assert first == "settings/x.txt is not a usable settings file:"
    assert line.startswith(f"  {beginning}")
    assert "That network is not built here: " in line
    assert network in line
    assert line.endswith(DC_VAE + end)


@pytest.mark.parametrize("values", [CONTINUAL, GLOBAL, CONDITIONAL, SLIM])
def test_its_advice_makes_a_file_of_dc_vae(values: dict[str, Any]) -> None:
    keys = {
        ("dataset_name" if key == "dataset" else key): value
        for key, value in values.items()
        if key not in ("time_embedding", "save_best_model", "save_complete_model")
    }
    settings = read(**keys, architecture="dc-vae")
    assert (settings.activation, settings.latent_size) == ("selu", values["J"])
    assert settings.dataset_name


@pytest.mark.parametrize(
    "keys",
    [
        PUBLISHED,
        {**PUBLISHED, "activation": "selu"},  # one dilation more than units, as published
        {"activation": "selu", "cnn_units": [4] * 7},  # a user's own
        {**PUBLISHED, "cnn_units": [4] * 7},
        {"rnn_units": [8, 4], "activation": "selu", "alpha_reg": 1e-4},
    ],
)
def test_other_files_are_of_no_branch(keys: dict[str, Any]) -> None:
    assert problem_of_branch(keys) is None
    assert read(**keys)


def test_what_has_no_lists_is_reported_as_ever() -> None:
    assert problem_of_branch({"alpha_reg": 1, "activation": "selu", "cnn_units": 4}) is None
    assert "`cnn_units`: expected a list" in refusal(
        json.dumps({"model_name": "a", "alpha_reg": 1, "activation": "selu", "cnn_units": 4})
    )


def test_the_recurrent_file_is_read() -> None:
    others = ("cnn_units", "dil_rate", "kernel", "strs")
    keys = {key: value for key, value in PUBLISHED.items() if key not in others}
    keys |= {"model_name": "rnn-vae-optuna", "T": 512, "lr": 1e-3}
    settings = read(**keys, rnn_units=[8, 4], layer_type="gru")
    assert settings.architecture == "rnn-vae"
    assert (settings.model_name, settings.rnn_units) == ("rnn-vae-optuna", (8, 4))


def test_an_earlier_file_of_the_authors_is_told_that_the_rate_decayed() -> None:
    earlier = {key: value for key, value in PUBLISHED.items() if key != "lr_decay"}
    [sentence] = without_effect(read(**earlier))
    assert (
        "`decay_rate`, `decay_step` (`lr_decay` is false; programs of the authors that do not"
        in sentence
    )
    assert "always decay" not in without_effect(read(**PUBLISHED))[0]


def test_values_from_python_are_told_apart_too() -> None:
    with pytest.raises(ValueError, match=r'^Unusable keys in values:\n  It is of branch "cont'):
        Settings.from_values(CONTINUAL, "values")
