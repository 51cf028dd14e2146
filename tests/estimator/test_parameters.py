"""Parameters of the estimator, and the settings that they stand for."""

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dcvae import DCVAEDetector, InputError
from dcvae.config import Settings, read_settings
from support.toy_detector import NORMAL

SETTINGS_FOLDER = Path(__file__).parents[2] / "settings"


def test_defaults_are_those_of_the_recommended_settings_file() -> None:
    """And keys that the file leaves out have the default that they have in any file."""
    parameters = inspect.signature(DCVAEDetector).parameters
    recommended = json.loads((SETTINGS_FOLDER / "recommended.txt").read_text())
    effective = read_settings(SETTINGS_FOLDER / "recommended.txt").to_dict()
    explicit = {
        name: parameter.default
        for name, parameter in parameters.items()
        if name not in ("settings", "verbose", "keys")
    }
    assert explicit.pop("architecture") is None
    assert explicit.pop("model_name") == "detector"
    assert {"T", "J", "cnn_units", "dil_rate", "epochs", "lr", "seed"} <= set(explicit)
    for name, default in explicit.items():
        value = list(default) if isinstance(default, tuple) else default
        assert value == effective[name], name
        assert value == recommended.get(name, value), name
    assert all(
        parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD)
        for parameter in parameters.values()
    )


def test_what_is_not_given_is_recommended() -> None:
    settings = DCVAEDetector()._asked_settings()
    recommended = read_settings(SETTINGS_FOLDER / "recommended.txt")
    assert settings == recommended.model_copy(update={"model_name": "detector"})


def test_all_other_keys_of_a_settings_file_are_settings() -> None:
    """Those of every architecture, but not those about files."""
    parameters = DCVAEDetector().get_params().keys()
    assert parameters == {*inspect.signature(DCVAEDetector).parameters} - {"keys"}
    further = {"max_fill": 3, "layer_type": "lstm", "hidden_size": 9, "sigma": "constant"}
    assert not further.keys() & parameters
    by_name, by_settings = DCVAEDetector(**further), DCVAEDetector(settings=further)
    assert by_name.settings == by_settings.settings == further
    assert by_name.get_params() == by_settings.get_params()
    both = DCVAEDetector(settings={"max_fill": 3}, sigma="constant")
    assert both.settings == {"max_fill": 3, "sigma": "constant"}
    settings = both._asked_settings()
    assert (settings.max_fill, settings.sigma) == (3, "constant")
    assert DCVAEDetector().settings is None


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"settings": {"windows": 3}},
            r"^Unusable keys in the parameters of .*:\n  `windows`: unknown k",
        ),
        ({"resample": "5min"}, r"DCVAEDetector reads no files and takes no `resample`\. Give rows"),
        ({"settings": {"summary": True, "time_zone": "UTC"}}, r"takes no `time_zone`, `summary`\."),
        ({"settings": "mine.txt"}, r"`settings` .* in a dictionary\. Received: 'mine.txt'\."),
        ({"settings": {"T": 8}}, r"Expected `T` as a parameter of DCVAEDetector\. Received it in"),
        ({"T": 1}, r"^Unusable keys in the parameters of DCVAEDetector:\n  `T`: expected a whole"),
        ({"lr": "fast", "J": 0}, r"`J`: expected .*\n  `lr`: expected"),
        (
            {"architecture": "dc-vae", "rnn_units": [4, 2]},
            r'`rnn_units`: belongs to `architecture` "rnn-vae", but `architecture` is "dc-vae" ',
        ),
        (
            {"rnn_units": [4, 2], "J": 3, "kernel": 2},
            r'`kernel`: belongs .* "rnn-vae" here, as other',
        ),
        (
            {"architecture": "transformer"},
            r'r:\n  `architecture`: expected "dc-vae", "rnn-vae" or .*$',
        ),
        ({"M": 7}, r"^`M` is 7 in the parameters of DCVAEDetector but X has 3 series"),
    ],
)
def test_parameters_are_checked_when_it_is_fitted(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        DCVAEDetector(**parameters).fit(NORMAL)


def test_a_key_is_given_one_way() -> None:
    said = r"every key of DCVAEDetector once\. Received `max_fill` by name and in `settings`"
    with pytest.raises(InputError, match=said):
        DCVAEDetector(max_fill=3, settings={"max_fill": 3})


@pytest.mark.parametrize(
    ("architecture", "without"),
    [("rnn-vae", ["cnn_units", "dil_rate"]), ("seq2seq", ["J", "cnn_units", "dil_rate"])],
)
def test_another_architecture_leaves_out_what_it_has_not(
    architecture: str, without: list[str]
) -> None:
    keys = DCVAEDetector(architecture=architecture)._asked_settings().to_dict()
    assert keys["architecture"] == architecture
    assert not set(without) & set(keys)
    assert (keys["T"], keys["epochs"]) == (64, 30)
    for key, value in {"J": 3, "cnn_units": [8], "dil_rate": [1, 2]}.items():
        made = DCVAEDetector(architecture=architecture, **{key: value})
        if key in without:
            with pytest.raises(InputError, match=rf"`{key}`: belongs to `architecture` \"dc-vae\""):
                made._asked_settings()
        else:
            assert made._asked_settings().to_dict()[key] == value


def test_numbers_of_numpy_do() -> None:
    made = DCVAEDetector(T=np.int64(16), lr=np.float64(0.01), cnn_units=np.array([8] * 5))
    settings = made._asked_settings()
    assert (settings.window_length, settings.lr, settings.cnn_units) == (16, 0.01, (8,) * 5)


def test_none_and_infinity_stand_for_no_limit() -> None:
    for endless in (None, float("inf")):
        limits = {"max_gap": endless, "max_fill": endless, "steps_per_epoch": endless}
        settings = DCVAEDetector(**limits)._asked_settings()
        assert (settings.max_gap, settings.max_fill, settings.steps_per_epoch) == (None,) * 3
        again = DCVAEDetector.from_settings(settings)
        assert (again.settings["max_gap"], again.steps_per_epoch) == (None, None)
        assert again._asked_settings() == settings
    assert DCVAEDetector(max_fill=0)._asked_settings().max_fill == 0


def test_settings_about_files_are_not_used_and_named() -> None:
    for keys, said in (
        (
            {"resample": "5min"},
            r"no files: `resample` of the settings is not used\. Give rows",
        ),
        (
            {"by": "host", "entity": "a", "time_zone": "UTC"},
            "`time_zone`, `by`, `entity` of the ",
        ),
    ):
        settings = Settings.from_values({"model_name": "a"} | keys, "These")
        with pytest.warns(UserWarning, match=said):
            made = DCVAEDetector.from_settings(settings)
        assert not set(keys) & set(made.settings)


@pytest.mark.parametrize("name", ["model_settings", "rnn_vae_settings", "seq2seq", "sample"])
def test_a_settings_file_comes_through_unchanged(name: str) -> None:
    path = SETTINGS_FOLDER / f"{name}.txt"
    made = dict(DCVAEDetector.from_settings(path)._asked_settings())
    assert made | {"summary": None} == dict(read_settings(path)) | {"summary": None}


def test_the_other_keys_tell_the_architecture_as_in_a_file() -> None:
    settings = DCVAEDetector(rnn_units=[8, 4], T=32)._asked_settings()
    assert (settings.architecture, settings.rnn_units) == ("rnn-vae", (8, 4))
    assert (settings.window_length, settings.latent_size) == (32, DCVAEDetector().J)
    assert DCVAEDetector(hidden_size=9)._asked_settings().architecture == "seq2seq"
    assert DCVAEDetector(architecture="rnn-vae")._asked_settings().architecture == "rnn-vae"


def test_the_published_programs_defaults_hold_for_what_is_not_given() -> None:
    assert DCVAEDetector(fidelity="code")._asked_settings().max_gap is None
    assert DCVAEDetector(fidelity="code", max_gap=5)._asked_settings().max_gap == 5
    assert DCVAEDetector()._asked_settings().max_gap == 12


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("epoch", r"\. Did you mean `epochs`\?$"),
        ("sigmas", r"\. Did you mean `sigma`\?$"),
        ("qq", "$"),
    ],
)
def test_an_unknown_name_is_refused_as_by_any_function(name: str, hint: str) -> None:
    said = f"^DCVAEDetector got an unexpected keyword argument '{name}'{hint}"
    with pytest.raises(TypeError, match=said):
        DCVAEDetector(**{name: 3})
    suggested = hint.removeprefix(r"\.") if hint != "$" else r"\.$"
    with pytest.raises(
        ValueError, match=rf"^Invalid parameter '{name}' for estimator .*{suggested}"
    ):
        DCVAEDetector().set_params(**{name: 3})


def test_keys_of_a_settings_file_can_be_set_as_parameters_are() -> None:
    """So a grid search may vary them."""
    given = {"max_fill": 3}
    detector = DCVAEDetector(settings=given)
    assert detector.set_params(sigma="constant", T=8) is detector
    assert (detector.T, detector.settings) == (8, {"max_fill": 3, "sigma": "constant"})
    assert given == {"max_fill": 3}
    assert DCVAEDetector().set_params(max_gap=2)._asked_settings().max_gap == 2
    replaced = detector.set_params(settings={"max_gap": 1}, sigma="predicted")
    assert replaced.settings == {"max_gap": 1, "sigma": "predicted"}


def test_numbers_of_numpy_are_numbers_wherever_they_are() -> None:
    detector = DCVAEDetector(T=np.int64(9), cnn_units=[np.int64(8)] * 2, dil_rate=np.array([1, 2]))
    settings = detector._asked_settings()
    assert (settings.window_length, settings.cnn_units, settings.dil_rate) == (9, (8, 8), (1, 2))
    assert DCVAEDetector(rnn_units=(np.int64(4), 2))._asked_settings().rnn_units == (4, 2)


def test_a_key_is_set_one_way() -> None:
    for given in (DCVAEDetector, DCVAEDetector().set_params):
        with pytest.raises(InputError, match=r"^Expected every key .* once\. Received `sigma` by "):
            given(settings={"sigma": "constant"}, sigma="predicted")


def test_a_subclass_may_have_parameters_of_its_own() -> None:
    class Mine(DCVAEDetector):
        def __init__(self, *, extra: int = 1, **keys: Any) -> None:
            super().__init__(**keys)
            self.extra = extra

    detector = Mine(T=16, alarm_hold=3, extra=2)
    settings = detector._asked_settings()
    assert (settings.window_length, settings.alarm_hold, detector.extra) == (16, 3, 2)
    assert detector.title == "Mine"
