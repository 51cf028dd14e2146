"""`dcvae thresholds`: alphas and alarms by labels and without, and what they change."""

import json

import numpy as np
import pandas as pd
import pytest

from dcvae.evaluation import SYSTEM
from support.script_tools import (
    BEFORE,
    call,
    flags_from_csvs,
    good,
    read_csv,
    read_results,
    write_settings,
)


def test_alphas_are_the_best_of_the_grid(walk, place):
    """The F1 in alphas.csv is that of val.csv's flags, and no other pair of the grid has more."""
    place.data = place.folder / "val.csv"
    good(place.call("test"))
    results = read_results(place.model / "results/val")
    truth = read_csv(place.labels)["s1"].to_numpy()[BEFORE:] == 1
    data = read_csv(place.data)["s1"].to_numpy()[BEFORE:]
    residual = (data - results["reconstructions"]["s1"]) / results["sigma"]["s1"]

    def f1(alarms):
        return 2 * (alarms & truth).sum() / (alarms.sum() + truth.sum())

    alphas = pd.read_csv(place.model / "alphas.csv").set_index("series").loc["s1"]
    assert f1(results["anomaly_predictions"]["s1"].to_numpy()) == pytest.approx(alphas["f1"])
    grid = [(down, up) for down in range(2, 8) for up in range(2, 8)]
    best = max(f1(((residual < -down) | (residual > up)).to_numpy()) for down, up in grid)
    assert alphas["f1"] == pytest.approx(best)


def test_a_trained_model_begins_as_its_training_file_would_define_it(place):
    """What training defined is what comes of defining on the same file without labels."""
    good(call("train", place.folder / "train.csv", place.settings, "--models", place.models))
    names = ("alphas.csv", "alarms.json", "alphas_source.json")
    begun = {name: (place.model / name).read_bytes() for name in names}
    ended = good(place.define())
    assert "threshold from a number of false alarms a week" in ended.stdout
    assert {name: (place.model / name).read_bytes() for name in names} == begun
    table = pd.read_csv(place.model / "alphas.csv")
    assert set(table["method"]) == {"budget"}
    assert set(table["data"]) == {"train.csv"}
    judged = good(place.call("test"))
    assert "train.csv (2021-03-01 00:00:00 to " in judged.stdout
    assert "taken to be normal, no labels used; 3 by budget" in judged.stdout


@pytest.mark.parametrize("method", ["quantile", "evt"])
def test_other_methods_without_labels(place, method):
    good(place.define(alpha_method=method))
    methods = set(pd.read_csv(place.model / "alphas.csv")["method"])
    assert methods <= {method, "budget", "evt and budget"}


def test_without_labels_as_json(place):
    answer = json.loads(good(place.define("--json")).stdout)
    assert [line["series"] for line in answer["alphas"]] == ["s0", "s1", "s2"]
    assert answer["system_alarm"]["method"] == "budget"
    assert set(answer["system_alarm"]["level"]) == {"s0", "s1", "s2"}


def test_a_method_for_labels_wants_some_and_the_others_none(place):
    ended = place.define(alpha_method="labels")
    assert ended.returncode == 2
    assert '`alpha_method` is "labels" in ' in ended.stderr
    assert "but there is no label file. Give one after the data" in ended.stderr
    write_settings(place.settings, alpha_method="evt")
    place.data = place.folder / "val.csv"
    ended = place.call("alpha_definition")
    assert ended.returncode == 2
    assert "which takes data for normal and no labels. Received: the label file" in ended.stderr


@pytest.mark.parametrize("sigma", ["calibrated", "tempered", "constant"])
def test_readings_of_sigma(place, sigma):
    write_settings(place.settings, threshold="fixed")
    good(place.define(threshold="fixed"))
    good(place.call("test"))
    before = read_results(place.model / "results/test")["sigma"]
    write_settings(place.settings, sigma=sigma, threshold="fixed")
    refused = place.call("test")
    assert refused.returncode == 2
    assert f'expected alphas for `sigma` "{sigma}", received "predicted"' in refused.stderr
    good(place.define(sigma=sigma, threshold="fixed"))
    good(place.call("test"))
    sigmas = read_results(place.model / "results/test")["sigma"]
    stored = json.loads((place.model / "calibration.json").read_bytes())["sigma"][sigma]
    scales = json.loads((place.model / "preprocessing.json").read_bytes())["scale"]
    for column, name in enumerate(before.columns):
        scaled = (before[name] / scales[column]) ** stored["exponent"]
        expected = scaled * stored["factor"][column] * scales[column]
        np.testing.assert_allclose(sigmas[name], expected, rtol=1e-4)


def test_with_the_rules_of_the_published_program_any_flag_is_an_alarm(place):
    """`fidelity` sets keys of the model too: only the rules are taken from it here."""
    rules = {"alarm_system": "any", "alarm_leave": 1.0, "alarm_hold": 0, "tune_alarms": False}
    good(place.define(**rules))
    good(place.call("test"))
    folder = place.model / "results/test"
    flags, alarms = read_results(folder)["anomaly_predictions"], read_csv(folder / "alarms.csv")
    assert flags.any(axis=None)
    pd.testing.assert_frame_equal(alarms[flags.columns], flags)
    np.testing.assert_array_equal(alarms[SYSTEM], flags.any(axis=1))
    runs = (alarms[SYSTEM] & ~alarms[SYSTEM].shift(fill_value=False)).sum()
    assert len(pd.read_csv(folder / "events.csv")) == runs


def test_other_rules_hold_only_once_they_are_defined(place):
    write_settings(place.settings, alarm_hold=3)
    note = "run alpha_definition.py to change them.\n"
    good(place.define())
    write_settings(place.settings, alarm_hold=3)
    assert note in good(place.call("test")).stdout
    good(place.define(alarm_hold=3))
    assert note not in good(place.call("test")).stdout


def test_without_alphas_the_default_is_used_and_said(place):
    (place.model / "alphas.csv").unlink()
    write_settings(place.settings, default_alpha=2.5)
    ended = good(place.call("test"))
    assert "note: No alphas.csv yet: every band is ± 2.5 sigmas.\n" in ended.stdout
    alphas = pd.DataFrame({"alpha_down": 2.5, "alpha_up": 2.5}, ["s0", "s1", "s2"])
    data = read_csv(place.data)
    expected, sure, flags = flags_from_csvs(place.model / "results/test", data, alphas)
    assert expected.where(sure).equals(flags.where(sure))


def test_edited_alphas_are_used(place):
    path = place.model / "alphas.csv"
    lines = path.read_text().splitlines()
    fields = {line.split(",")[0]: line.split(",") for line in lines[1:]}
    fields["s0"][1:3], fields["s1"][1:3] = ["0", "1000"], ["1000", "1000"]
    rows = [",".join(fields[name]) for name in ("s2", "s0", "s1")]  # in an order of one's own
    path.write_text("\n".join([lines[0], *rows]) + "\n")
    good(place.call("test"))
    results = read_results(place.model / "results/test")
    below = read_csv(place.data)["s0"].iloc[BEFORE:] < results["reconstructions"]["s0"]
    assert results["anomaly_predictions"]["s0"].equals(below)
    assert not results["anomaly_predictions"]["s1"].any()


def test_labels_as_an_option_are_refused_with_the_right_form(place):
    data, labels, settings = place.folder / "val.csv", place.labels, place.settings
    for words in ((data, "--labels", labels, settings), (data, settings, "--labels", labels)):
        ended = call("alpha_definition", *words)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr == (
            "error: --labels is no option of this command: labels stand after the data, as in "
            f"`python alpha_definition.py {data} {labels} {settings}`.\n"
        )
    assert "--labels" not in call("alpha_definition", "--help").stdout
