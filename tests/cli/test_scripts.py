"""The three scripts as people run them: what they write, what they refuse, what survives.

Walks, signals and a handful of mistakes run in processes of their own. Everything else calls the
same script files in this process, which saves the seconds that TensorFlow takes to start.
"""

import contextlib
import gzip
import json
import re
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from support.script_tools import (
    BEFORE,
    RESULTS,
    ROOT,
    SETTINGS,
    call,
    command,
    environment,
    good,
    read_csv,
    read_results,
    run,
    toy_frame,
    write_files,
    write_settings,
)
from support.stored_models import contents

from dcvae.cli import output as console
from dcvae.config.settings import read_settings
from dcvae.data.tables import read_table
from dcvae.evaluation.metrics_table import ANY_FLAG, LOOKS_AHEAD, MEAN, SYSTEM
from dcvae.storage import model_folder as artefacts

MODEL_FILES = {
    *("model.keras", "settings.txt", "preprocessing.json", "run.json"),
    *("history.csv", "loss.png", "training_state.npz", "alphas.csv", "alphas_source.json"),
    *("calibration.json", "alarms.json"),
}
REVIEW_FILES = {
    *("alarms.csv", "scores.csv", "quality.csv"),
    *("events.csv", "event_series.csv", "losses.csv", "calibration.csv"),
    *("metrics.json", "report.html"),
}


@dataclass
class Place:
    """Files of one's own to work with and to spoil.

    Attributes:
        folder: train.csv, val.csv, labels.csv, test.csv, settings.txt and models/toy.
        data: the file that the script at hand takes first.
        more: further words of the command line.
    """

    folder: Path
    data: Path
    more: list[str]

    @property
    def models(self) -> Path:
        return self.folder / "models"

    @property
    def model(self) -> Path:
        return self.models / "toy"

    @property
    def settings(self) -> Path:
        return self.folder / "settings.txt"

    @property
    def labels(self) -> Path:
        return self.folder / "labels.csv"

    def words(self, script):
        labels = [self.labels] if script == "alpha_definition" else []
        return [self.data, *labels, self.settings, "--models", self.models, *self.more]

    def call(self, script, *more):
        return call(script, *self.words(script), *more)


DATA_OF = {"train": "train.csv", "alpha_definition": "val.csv", "test": "test.csv"}


@pytest.fixture(scope="session")
def walk(tmp_path_factory):
    """Walk through the three scripts, with models/ beside the data.

    Training has a process of its own; the slow walk below has one for each script.
    Shared: look, do not touch.
    """
    folder = tmp_path_factory.mktemp("walk")
    write_files(folder)
    ended = [run("train", "train.csv", "settings.txt", cwd=folder)]
    with contextlib.chdir(folder):
        ended.append(call("alpha_definition", "val.csv", "labels.csv", "settings.txt"))
        ended.append(call("test", "test.csv", "settings.txt"))
    return folder, ended


@pytest.fixture
def place(walk, tmp_path):
    """Hold a copy of what the walk left."""
    folder = tmp_path / "place"
    shutil.copytree(walk[0], folder)
    return Place(folder, folder / "test.csv", [])


@pytest.fixture
def training_place(place):
    place.data = place.folder / "train.csv"
    return place


# --- The walk --------------------------------------------------------------------------------


def test_the_walk_says_what_it_does_and_nothing_on_stderr(walk):
    train, alphas, test = map(good, walk[1])
    for fragment in (
        "data     train.csv: 240 rows, 3 series\n",
        "windows  185 to train on, 41 to validate\n",
        "receptive field 8 (encoder) and 8 (decoder) of T = 8 rows\n",
        "\ndevice   ",
        "\nepoch 1/2  loss",
        "\nepoch 2/2  loss",
        "\nall epochs done after 2 epochs and ",
        "\nmodel: models",
        "  python alpha_definition.py VAL.csv LABELS.csv settings.txt\n",
        "  python test.py TEST.csv settings.txt\n",
    ):
        assert fragment in train.stdout
    assert "grid point-wise" in alphas.stdout
    assert "note: No labeled anomaly in a judged row, default alphas kept: s0, s2.\n" in (
        alphas.stdout
    )
    assert alphas.stdout.endswith("next:\n  python test.py TEST.csv settings.txt\n")
    written = f"{Path('models/toy/alphas.csv')}, {Path('models/toy/alarms.json')}"
    assert f"written: {written}\n" in alphas.stdout
    assert "\nsystem alarm  when " in alphas.stdout
    assert "note: Cells are missing in 3 of 3 series" in test.stdout
    assert f"written: {Path('models/toy/results/test')} (93 judged rows, " in test.stdout
    assert "to look at: " in test.stdout
    tables = [line for line in test.stdout.splitlines() if line[:1] == "s" or line[:2] == "20"]
    assert len(tables) > 4
    assert max(map(len, tables)) <= 100
    assert not re.search("\033", test.stdout)  # color is for terminals


def test_the_walk_leaves_every_file_and_no_other(walk):
    names = {f"{name}.csv" for name in RESULTS} | REVIEW_FILES
    results = {str(Path("results", "test", name)) for name in names}
    assert set(contents(walk[0] / "models")) == {
        str(Path("toy", name)) for name in MODEL_FILES | results
    }


def test_what_is_kept_of_a_training(walk):
    folder = walk[0] / "models" / "toy"
    settings = read_settings(folder / "settings.txt")
    assert settings == read_settings(walk[0] / "settings.txt").with_num_series(3, "train.csv")
    history = pd.read_csv(folder / "history.csv")
    assert list(history["epoch"]) == [1, 2]
    assert history.notna().all(axis=None)
    run_record = json.loads((folder / "run.json").read_bytes())
    assert run_record["series"] == ["s0", "s1", "s2"]
    assert run_record["rows"] == 240
    assert run_record["training_file_sha256"] == artefacts.sha256_of(walk[0] / "train.csv")
    assert run_record["sampling_step_seconds"] == 300
    assert run_record["session_seconds"] > 0
    for name in ("model.keras", "settings.txt", "preprocessing.json"):
        assert run_record["sha256"][name] == artefacts.sha256_of(folder / name)
    assert (folder / "loss.png").read_bytes().startswith(b"\x89PNG")
    train = read_csv(walk[0] / "train.csv")
    learned = json.loads((folder / "preprocessing.json").read_bytes())
    np.testing.assert_allclose(learned["mean"], train.mean())
    np.testing.assert_allclose(learned["scale"], train.std(ddof=0))


def test_rows_and_columns_of_the_results(walk):
    results = read_results(walk[0] / "models/toy/results/test")
    data = read_csv(walk[0] / "test.csv")
    for name, frame in results.items():
        expected = ["0", "1"] if name == "latent_space" else list(data.columns)
        assert list(frame.columns) == expected, name
        assert frame.index.equals(data.index[BEFORE:]), name
        assert frame.index.name == "time"
    assert len(results["sigma"]) == len(data) - SETTINGS["T"] + 1
    text = (walk[0] / "models/toy/results/test/anomaly_predictions.csv").read_text()
    words = {cell for line in text.splitlines()[1:] for cell in line.split(",")[1:]}
    assert words == {"True", "False"}
    assert "nan" not in text.lower()


def test_missing_cells_have_no_error_and_no_alarm(walk):
    results = read_results(walk[0] / "models/toy/results/test")
    missing = read_csv(walk[0] / "test.csv").isna().iloc[BEFORE:]
    assert missing.sum().tolist() == [1, 1, 4]
    assert results["abs_error"].isna().equals(missing)
    assert not results["anomaly_predictions"][missing].fillna(False).any(axis=None)
    for name in ("reconstructions", "sigma", "latent_space"):
        assert results[name].notna().all(axis=None)


def forward_pass(walk):
    """Judge every window of test.csv by itself, with nothing but the saved network.

    Returns: mean and sigma (judged rows, series), scaled, and latent (judged rows, latent).
    """
    folder = walk[0] / "models/toy"
    model = artefacts.open_model(folder.parent, read_settings(walk[0] / "settings.txt"))
    network = model.network()
    learned = json.loads((folder / "preprocessing.json").read_bytes())
    data = read_csv(walk[0] / "test.csv").ffill().bfill()
    scaled = ((data - learned["mean"]) / learned["scale"]).to_numpy(dtype=np.float32)
    windows = np.stack([scaled[end - 8 : end] for end in range(8, len(scaled) + 1)])
    z_mean, _ = network.encoder(windows, training=False)
    mean, spread = network.decoder(z_mean, training=False)
    last = [np.asarray(part)[:, -1].astype(np.float64) for part in (mean, spread, z_mean)]
    return last[0], np.exp(last[1] / 2), last[2], learned


def test_results_are_those_of_the_network(walk):
    mean, sigma, latent, learned = forward_pass(walk)
    scale = np.array(learned["scale"])
    results = read_results(walk[0] / "models/toy/results/test")
    expected = {
        "reconstructions": mean * scale + learned["mean"],
        "sigma": sigma * scale,
        "latent_space": latent,
    }
    for name, values in expected.items():
        tolerance = 1e-5 * (1.0 if name == "latent_space" else scale)
        assert (np.abs(results[name] - values) < tolerance).all(axis=None), name
    data = read_csv(walk[0] / "test.csv").iloc[BEFORE:]
    difference = results["abs_error"] - (data - results["reconstructions"]).abs()
    assert (difference.abs().fillna(0) < 1e-5 * scale).all(axis=None)


def flags_from_csvs(folder, data, alphas):
    """Compute flags from nothing but what people can read, and where rounding cannot matter."""
    results = read_results(folder)
    data = data.iloc[-len(results["sigma"]) :]
    residual = (data - results["reconstructions"]) / results["sigma"]
    down, up = alphas["alpha_down"], alphas["alpha_up"]
    expected = (residual < -down) | (residual > up)
    sure = ((residual + down).abs() > 1e-3) & ((residual - up).abs() > 1e-3)
    return expected, sure | residual.isna(), results["anomaly_predictions"]


def test_flags_are_those_of_the_band(walk):
    folder = walk[0] / "models/toy"
    alphas = pd.read_csv(folder / "alphas.csv").set_index("series")
    assert list(alphas.index) == ["s0", "s1", "s2"]
    assert list(alphas["method"]) == ["default", "grid point-wise", "default"]
    assert list(alphas["labeled_rows"]) == [0, 6, 0]
    assert alphas.loc["s0", ["alpha_down", "alpha_up"]].tolist() == [3.0, 3.0]
    data = read_csv(walk[0] / "test.csv")
    expected, sure, flags = flags_from_csvs(folder / "results/test", data, alphas)
    assert sure.mean(axis=None) > 0.98
    assert expected.where(sure).equals(flags.where(sure))
    assert flags["s0"].iloc[40 - BEFORE]
    assert flags["s1"].iloc[60 - BEFORE : 63 - BEFORE].all()


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


def test_standardized_units_on_request(walk, place):
    write_settings(place.settings, fidelity_units="code")
    good(place.call("test"))
    standardized = read_results(place.model / "results/test")
    in_data_units = read_results(walk[0] / "models/toy/results/test")
    learned = json.loads((place.model / "preprocessing.json").read_bytes())
    scale = np.array(learned["scale"])
    for name in ("sigma", "abs_error"):
        expected = in_data_units[name] / scale
        np.testing.assert_allclose(standardized[name], expected, rtol=1e-5, atol=1e-6)
    expected = (in_data_units["reconstructions"] - learned["mean"]) / scale
    np.testing.assert_allclose(standardized["reconstructions"], expected, rtol=1e-5, atol=1e-6)
    for name in ("latent_space", "anomaly_predictions"):
        assert standardized[name].equals(in_data_units[name])


def test_columns_are_matched_by_name(walk, place):
    data = read_csv(place.data)
    data.insert(0, "remark", "some text")
    data = data[["s2", "remark", "s0", "s1"]]
    data["s9"] = 1.0
    data.to_csv(place.data)
    ended = good(place.call("test"))
    assert "Columns that are not among the series are left out: `remark`, `s9`." in ended.stdout
    assert contents(place.model) == contents(walk[0] / "models/toy")


def test_context_lets_the_first_rows_be_judged(place):
    good(place.call("test", "--context", place.folder / "val.csv"))
    results = contents(place.model / "results/test")
    both = pd.concat([read_csv(place.folder / "val.csv"), read_csv(place.data)])
    both.to_csv(place.folder / "both.csv", index_label="time")
    num_rows = len(read_csv(place.data))
    place.data = place.folder / "both.csv"
    good(place.call("test"))
    for name in (f"{name}.csv" for name in RESULTS):
        lines = results[name].splitlines()
        assert len(lines) == 1 + num_rows
        tail = (place.model / "results/both" / name).read_bytes().splitlines()[-num_rows:]
        assert lines[1:] == tail, name


def test_one_row_with_context_is_judged(place):
    read_csv(place.data).iloc[:1].to_csv(place.data)
    ended = good(place.call("test", "--context", place.folder / "val.csv"))
    assert "(1 judged rows, " in ended.stdout
    assert len(read_csv(place.model / "results/test/sigma.csv")) == 1


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


def test_a_glitch_beyond_all_numbers_is_an_alarm_like_another(place):
    """Devices write 1.8e308 where they have no value; no other row or series may suffer."""
    data = read_csv(place.data)
    data.iloc[50, 0], data.iloc[50, 2] = 1.7e308, -1.7e308
    data.to_csv(place.data)
    good(place.call("test"))
    results = read_results(place.model / "results/test")
    assert results["anomaly_predictions"].iloc[50 - BEFORE][["s0", "s2"]].all()
    assert np.isfinite(results["reconstructions"]).all(axis=None)
    assert results["abs_error"].isna().equals(data.isna().iloc[BEFORE:])


# --- With labels -----------------------------------------------------------------------------


def write_test_labels(place):
    data = read_csv(place.data)
    labels = pd.DataFrame(0, data.index, data.columns)
    labels.iloc[40, 0] = 1
    labels.iloc[60:63, 1] = 1
    path = place.folder / "test_labels.csv"
    labels.to_csv(path)
    return path, labels


def test_labels_have_the_run_judged(place):
    path, labels = write_test_labels(place)
    ended = good(place.call("test", "--labels", path))
    folder = place.model / "results/test"
    assert set(contents(folder)) == {f"{name}.csv" for name in RESULTS} | REVIEW_FILES | {
        "metrics.csv",
        "baselines.csv",
    }
    flags = read_results(folder)["anomaly_predictions"]
    truth = labels.iloc[BEFORE:].astype(bool)
    metrics = pd.read_csv(folder / "metrics.csv", index_col="series")
    assert list(metrics.index) == [
        SYSTEM,
        ANY_FLAG,
        MEAN,
        "s0",
        "s1",
        "s2",
    ]
    for name in truth.columns:
        hits = (truth[name] & flags[name]).sum()
        both = truth[name].sum() + flags[name].sum()
        assert metrics.loc[name, "f1"] == pytest.approx(2 * hits / both if both else 1.0)
    any_truth, any_flag = truth.any(axis=1), flags.any(axis=1)
    alarm = read_csv(folder / "alarms.csv")[SYSTEM]
    for name, mask in ((ANY_FLAG, any_flag), (SYSTEM, alarm)):
        recall = (any_truth & mask).sum() / any_truth.sum()
        assert metrics.loc[name, "recall"] == pytest.approx(recall)
    baselines = pd.read_csv(folder / "baselines.csv", index_col="detector")
    assert list(baselines.index[:4]) == ["DC-VAE", "DC-VAE" + LOOKS_AHEAD, "always", "never"]
    assert {"PCA", "isolation forest", "k-means (looks ahead)"} <= set(baselines.index)
    assert baselines.loc["always", "recall"] == 1
    assert baselines.loc["DC-VAE", "f1"] == metrics.loc[SYSTEM, "f1"]
    assert "labels of val.csv (2021-04-01 00:00:00 to " in ended.stdout
    written = json.loads((folder / "metrics.json").read_bytes())
    assert written["metrics"][SYSTEM]["f1"] == pytest.approx(metrics.loc[SYSTEM, "f1"])
    assert written["metrics"]["s2"]["roc_auc"] is None  # it has no label


def test_labels_belong_to_the_rows_of_the_file_with_context_too(place):
    path, labels = write_test_labels(place)
    good(place.call("test", "--labels", path, "--context", place.folder / "val.csv"))
    metrics = pd.read_csv(place.model / "results/test/metrics.csv", index_col="series")
    assert metrics.loc["s1", "labeled_rows"] == labels["s1"].sum() == 3


# --- Without labels, and alarms ----------------------------------------------------------------


def define(place, *more, **keys):
    """Define on the training file, taken to be normal."""
    write_settings(place.settings, **keys)
    words = [place.folder / "train.csv", place.settings, "--models", place.models, *more]
    return call("alpha_definition", *words)


def test_a_trained_model_begins_as_its_training_file_would_define_it(place):
    """What training defined is what comes of defining on the same file without labels."""
    good(call("train", place.folder / "train.csv", place.settings, "--models", place.models))
    names = ("alphas.csv", "alarms.json", "alphas_source.json")
    begun = {name: (place.model / name).read_bytes() for name in names}
    ended = good(define(place))
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
    good(define(place, alpha_method=method))
    methods = set(pd.read_csv(place.model / "alphas.csv")["method"])
    assert methods <= {method, "budget", "evt and budget"}


def test_without_labels_as_json(place):
    answer = json.loads(good(define(place, "--json")).stdout)
    assert [line["series"] for line in answer["alphas"]] == ["s0", "s1", "s2"]
    assert answer["system_alarm"]["method"] == "budget"
    assert set(answer["system_alarm"]["level"]) == {"s0", "s1", "s2"}


def test_a_method_for_labels_wants_some_and_the_others_none(place):
    ended = define(place, alpha_method="labels")
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
    before = read_results(place.model / "results/test")["sigma"]
    write_settings(place.settings, sigma=sigma)
    refused = place.call("test")
    assert refused.returncode == 2
    assert f'expected alphas for `sigma` "{sigma}", received "predicted"' in refused.stderr
    good(define(place, sigma=sigma))
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
    good(define(place, **rules))
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
    good(define(place))
    write_settings(place.settings, alarm_hold=3)
    assert note in good(place.call("test")).stdout
    good(define(place, alarm_hold=3))
    assert note not in good(place.call("test")).stdout


def test_no_alarm_score_or_quality_depends_on_later_rows(place):
    """The file is cut off after a row: what was said of the rows before is said again."""
    good(define(place, false_alarms_per_week=500.0, system_false_alarms_per_week=100.0))
    frame = read_csv(place.data)
    frame.iloc[30:33, 1] = np.nan
    frame.iloc[45:60, 0] += 5 * frame.iloc[:, 0].std()
    frame.iloc[70:, 2] = np.nan
    names = ("alarms", "anomaly_predictions", "quality")
    said = {}
    for stop in (len(frame), 40, 48, 52, 75):
        frame.iloc[:stop].to_csv(place.data)
        good(place.call("test"))
        folder = place.model / "results/test"
        said[stop] = {name: read_csv(folder / f"{name}.csv") for name in names}
        said[stop]["causal"] = read_csv(folder / "scores.csv")["causal"]
    whole = said.pop(len(frame))
    assert whole["alarms"][SYSTEM].any()
    for part in said.values():
        for name, table in part.items():
            cut = whole[name].iloc[: len(table)]
            check = pd.testing.assert_series_equal if name == "causal" else _same_table
            check(table, cut)


def _same_table(left, right):
    pd.testing.assert_frame_equal(left, right, check_dtype=False)


def test_figures_on_request(place):
    path, _ = write_test_labels(place)
    good(place.call("test", "--labels", path, "--figures", "pdf"))
    figures = contents(place.model / "results/test/figures")
    assert set(figures) == {
        *("series_001.pdf", "series_002.pdf", "series_003.pdf"),
        *("latent_space.pdf", "loss.pdf"),
    }
    assert all(content.startswith(b"%PDF") for content in figures.values())
    good(place.call("test", "--labels", path, "--figures", "pdf"))
    assert contents(place.model / "results/test/figures") == figures


def test_json_is_all_that_is_printed(place):
    printed = json.loads(good(place.call("test", "--json")).stdout)
    assert printed == json.loads((place.model / "results/test/metrics.json").read_bytes())
    assert printed["judged_rows"] == 93
    assert printed["metrics"] is None
    place.data = place.folder / "val.csv"
    printed = json.loads(good(place.call("alpha_definition", "--json")).stdout)
    assert [line["series"] for line in printed["alphas"]] == ["s0", "s1", "s2"]
    assert printed["alphas"][0]["f1"] is None
    place.data = place.folder / "train.csv"
    printed = json.loads(good(place.call("train", "--json", "--epochs", "1")).stdout)
    assert printed["epochs"] == 1
    assert printed["reference_losses"]["windows"] == 41


def test_judging_the_labels_the_alphas_were_chosen_on_is_told(place):
    place.data = place.folder / "val.csv"
    ended = good(place.call("test", "--labels", place.folder / "labels.csv"))
    assert "warning: The alphas were chosen on the labels of this very file" in ended.stdout
    assert "thresholds     labels of this very file\n" in ended.stdout


def test_a_file_that_drifted_away_is_told(place):
    data = read_csv(place.data)
    (data + 6 * data.std()).to_csv(place.data)
    assert "bad: The model no longer fits this file" in good(place.call("test")).stdout


def test_without_the_training_file_there_are_no_baselines(place):
    path, _ = write_test_labels(place)
    (place.folder / "train.csv").write_text("gone")
    run_file = place.model / "run.json"
    record = json.loads(run_file.read_bytes())
    run_file.write_text(json.dumps(record | {"training_path": str(place.folder / "train.csv")}))
    ended = good(place.call("test", "--labels", path))
    assert "info: No baselines: " in ended.stdout
    assert not (place.model / "results/test/baselines.csv").exists()


# --- Training again, going on, being stopped -------------------------------------------------


def epochs_of(folder):
    return list(pd.read_csv(folder / "history.csv")["epoch"])


def test_training_again_keeps_the_model_as_previous_and_quiet_is_quiet(training_place):
    before = contents(training_place.model)

    def lose_the_file(display, losses, is_best):
        """Do what may happen in a long training, when the file has long been read."""
        training_place.data.unlink()

    with mock.patch.object(console.TrainingDisplay, "epoch", lose_the_file):
        ended = good(training_place.call("train", "--epochs", "1", "--quiet"))
    assert ended.stdout == ""
    assert contents(training_place.models / "toy.previous") == before
    assert epochs_of(training_place.model) == [1]
    assert set(contents(training_place.model)) == set(MODEL_FILES)


def test_quiet_tests_and_alphas_print_nothing(place):
    assert good(place.call("test", "--quiet")).stdout == ""
    place.data = place.folder / "val.csv"
    assert good(place.call("alpha_definition", "--quiet")).stdout == ""


def test_resume_goes_on(training_place):
    before = contents(training_place.model)
    ended = good(training_place.call("train", "--resume", "--epochs", "4"))
    assert "epoch 3/4" in ended.stdout
    assert "epoch 2/4" not in ended.stdout
    assert epochs_of(training_place.model) == [1, 2, 3, 4]
    previous = training_place.models / "toy.previous"
    assert contents(previous) == before
    assert f"note: Going on with the training in {training_place.model}.\n" in ended.stdout
    assert f"its alphas and its results are now in {previous}; the new one " in ended.stdout
    models = shlex.join(["--models", str(training_place.models)])
    assert ended.stdout.endswith(f"python test.py TEST.csv {training_place.settings} {models}\n")
    history = (training_place.model / "history.csv").read_bytes()
    assert history.startswith(before["history.csv"])


def test_resume_with_nothing_left_is_refused(training_place):
    before = contents(training_place.models)
    ended = training_place.call("train", "--resume")
    assert ended.returncode == 2
    assert ended.stderr == (
        "error: Nothing is left to train: the model has 2 epochs and `epochs` is 2. Raise "
        "`epochs`, or give --epochs.\n"
    )
    after = contents(training_place.models)
    assert {name: after[name] for name in before} == before


def test_a_state_of_other_weights_is_refused(training_place):
    path = training_place.model / "training_state.npz"
    with np.load(path) as stored:
        arrays = dict(stored)
    arrays.pop(next(name for name in arrays if name.startswith("last/network")))
    np.savez(path, **arrays)
    ended = training_place.call("train", "--resume", "--epochs", "3")
    assert ended.returncode == 2
    assert "its weights are not those of this network" in ended.stderr


def test_a_loss_that_is_no_number_leaves_the_model(training_place):
    write_settings(training_place.settings, lr=1e30)
    before = contents(training_place.model)
    ended = training_place.call("train")
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: The loss is not a number")
    assert contents(training_place.model) == before
    assert not (training_place.models / "toy.previous").exists()


def test_a_training_that_breaks_at_the_very_end_leaves_the_model(training_place):
    before = contents(training_place.model)
    with mock.patch.object(artefacts, "run_record", side_effect=OSError("disk full")):
        ended = training_place.call("train", "--epochs", "1")
    assert (ended.returncode, ended.stderr) == (2, "error: disk full\n")
    assert contents(training_place.model) == before


@contextlib.contextmanager
def interrupting(name):
    """Make a method of the display press Ctrl-C when it has done its work.

    The key is heard even where the tests run in the background of a shell, which ignores it.
    """
    original = getattr(console.TrainingDisplay, name)

    def interrupted(self, *arguments):
        original(self, *arguments)
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with mock.patch.object(console.TrainingDisplay, name, interrupted):
            yield
    finally:
        signal.signal(signal.SIGINT, before)


KEPT = (
    "interrupted: the best weights so far are kept; --resume goes on from the last whole epoch.\n"
)


def test_ctrl_c_after_an_epoch_keeps_the_best_weights(training_place):
    with interrupting("epoch"):
        ended = training_place.call("train", "--epochs", "50")
    assert (ended.returncode, ended.stderr) == (130, KEPT)
    assert "\ninterrupted after 1 epoch and " in ended.stdout
    assert f"model: {training_place.model}\n" in ended.stdout
    assert epochs_of(training_place.model) == [1]
    assert json.loads((training_place.model / "run.json").read_bytes())["ending"] == "interrupted"
    training_place.data = training_place.folder / "test.csv"
    good(training_place.call("test"))


@pytest.mark.parametrize("more", [[], ["--resume"]])
def test_ctrl_c_before_the_first_epoch_ends_changes_nothing(training_place, more):
    """Neither the model nor a training that was cut off and can be resumed."""
    shutil.copytree(training_place.model, training_place.models / "toy.partial")
    before = contents(training_place.models)
    with interrupting("step"):
        ended = training_place.call("train", "--epochs", "3", *more)
    assert ended.returncode == 130
    assert ended.stderr == "\ninterrupted; nothing was changed\n"
    assert contents(training_place.models) == before


def test_a_loss_that_is_no_number_later_keeps_the_best_weights(training_place):
    from dcvae.training import loop as training

    run_epoch = training._run_epoch

    def diverging(network, series, split, settings, epoch, progress):
        if epoch > 1:
            return None
        return run_epoch(network, series, split, settings, epoch, progress)

    with mock.patch.object(training, "_run_epoch", diverging):
        ended = training_place.call("train", "--quiet")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("warning: the loss became NaN or infinite")
    assert epochs_of(training_place.model) == [1]
    assert set(contents(training_place.model)) == set(MODEL_FILES)


# --- What is said before the work begins -----------------------------------------------------


def notices(place, script, *more):
    """Give the notes that a script prints before TensorFlow starts, and end it there."""
    with mock.patch.object(console, "start_tensorflow", side_effect=KeyboardInterrupt):
        ended = place.call(script, *more)
    assert ended.returncode == 130
    return ended.stdout.splitlines()


def test_removed_outliers_are_told(training_place):
    data(cell(9, 2, "99999"))(training_place)
    assert notices(training_place, "train") == [
        "note: Cells more than `max_std` = 7 standard deviations from the mean are taken for "
        "missing in 1 of 3 series: `s1` 1 (0.42%).",
    ]


def test_a_training_that_was_cut_off_is_told(training_place):
    partial = training_place.models / "toy.partial"
    shutil.copytree(training_place.model, partial)
    [note] = notices(training_place, "train")
    assert note.startswith(f"note: An earlier training was cut off ({partial}). --resume would go")
    assert notices(training_place, "train", "--resume") == [
        f"note: Going on with the training in {partial}."
    ]


@pytest.mark.parametrize("script", ["test", "alpha_definition"])
def test_another_sampling_step_is_told(place, script):
    place.data = place.folder / DATA_OF[script]
    for path in (place.data, place.labels):
        frame = read_csv(path)
        frame.index = pd.date_range("2021-06-01", periods=len(frame), freq="10min", name="time")
        frame.to_csv(path)
    told = [note for note in notices(place, script) if "but the model was trained on" in note]
    assert [note[:24] for note in told] == ["note: The sampling step "]


@contextlib.contextmanager
def long_training(place, until):
    """Start a training that would take for ever, and wait for a line of its output."""
    process = subprocess.Popen(
        command("train", *place.words("train"), "--epochs", "1000000"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever started the tests may have had Ctrl-C ignored, as shells do for background jobs.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    watchdog = threading.Timer(120, process.kill)
    watchdog.start()
    try:
        assert any(re.match(until, line) for line in process.stdout), process.stderr.read()
        yield process
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_a_real_ctrl_c_after_an_epoch(training_place):
    write_settings(training_place.settings, patience=1_000_000)
    with long_training(training_place, r"epoch +1/") as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, KEPT)
    assert "interrupted after " in out
    assert f"model: {training_place.model}" in out
    assert set(contents(training_place.model)) == set(MODEL_FILES)


@pytest.mark.slow
def test_a_real_ctrl_c_before_the_first_epoch_ends(training_place):
    toy_frame(20_000).to_csv(training_place.data)
    write_settings(training_place.settings, batch_size=1)
    before = contents(training_place.model)
    with long_training(training_place, "model ") as process:
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "\ninterrupted; nothing was changed\n")
    assert contents(training_place.model) == before


@pytest.mark.slow
def test_a_killed_training_leaves_the_model_and_can_go_on(training_place):
    write_settings(training_place.settings, patience=1_000_000)
    before = contents(training_place.model)
    assert notices(training_place, "train") == []
    with long_training(training_place, r"epoch +3/") as process:
        process.kill()
    assert contents(training_place.model) == before
    partial = training_place.models / "toy.partial"
    with np.load(partial / "training_state.npz") as stored:
        done = len(stored["history"])
    assert done >= 3
    ended = good(training_place.call("train", "--resume", "--epochs", str(done + 1)))
    assert f"epoch {done + 1}/{done + 1}" in ended.stdout
    assert epochs_of(training_place.model) == list(range(1, done + 2))
    assert contents(training_place.models / "toy.previous") == before
    assert not partial.exists()


# --- Larger walks ----------------------------------------------------------------------------


def walk_in(folder):
    place = Place(folder, folder / "train.csv", [])
    ended = []
    for script, name in DATA_OF.items():
        place.data = folder / name
        ended.append(good(place.call(script)))
    return place, ended


@pytest.mark.slow
@pytest.mark.parametrize("num_series", [5, 50])
def test_any_number_of_series(tmp_path, num_series):
    write_files(tmp_path, num_series, custom_metrics=True)
    place, ended = walk_in(tmp_path)
    results = read_results(place.model / "results/test")
    assert results["sigma"].shape == (93, num_series)
    assert list(results["sigma"].columns) == [f"s{number}" for number in range(num_series)]
    assert "grid range-based" in ended[1].stdout


@pytest.mark.slow
def test_the_published_program_s_reading_walks_too(tmp_path):
    write_files(tmp_path, fidelity="code", alpha_search="exact")
    place, _ = walk_in(tmp_path)
    first = contents(place.model / "results")
    # Latents are drawn, with the seed of the training whatever the file given now says.
    write_settings(place.settings, fidelity="code", alpha_search="exact", seed=5)
    good(place.call("test"))
    assert contents(place.model / "results") == first
    results = read_results(place.model / "results/test")
    assert results["reconstructions"].abs().to_numpy().max() < 50  # standardized, not 100 to 300


@pytest.mark.slow
def test_the_published_settings_train_unchanged(tmp_path):
    toy_frame(700, 12).to_csv(tmp_path / "train.csv")
    toy_frame(200, 12, 1, "2021-05-01").to_csv(tmp_path / "test.csv")
    settings = ROOT / "settings" / "model_settings.txt"
    where = ("--models", tmp_path / "models")
    trained = good(call("train", tmp_path / "train.csv", settings, "--epochs", "1", *where))
    assert "receptive field 128 (encoder) and 128 (decoder) of T = 128 rows" in trained.stdout
    assert "Keys in" in trained.stdout
    assert "encoder_conv_1" in trained.stdout  # `summary` is true
    good(call("test", tmp_path / "test.csv", settings, *where))
    assert len(read_csv(tmp_path / "models/dc-vae/results/test/sigma.csv")) == 73


@pytest.mark.slow
def test_one_seed_gives_the_same_bytes(walk, tmp_path):
    """Two walks, each script in a process of its own: all CSVs are equal."""
    write_files(tmp_path)
    for script, data in DATA_OF.items():
        labels = ["labels.csv"] if script == "alpha_definition" else []
        good(run(script, data, *labels, "settings.txt", cwd=tmp_path))
    first, second = (
        {name: content for name, content in contents(folder).items() if name.endswith(".csv")}
        for folder in (walk[0], tmp_path)
    )
    reviewed = [name for name in REVIEW_FILES if name.endswith(".csv")]
    assert len(first) == 4 + 2 + len(RESULTS) + len(reviewed)  # given, then written
    assert first == second


# --- Mistakes --------------------------------------------------------------------------------


@dataclass
class Mistake:
    """Something that a script refuses.

    Attributes:
        name: of the test.
        script: which script.
        spoil: makes the mistake in a place.
        message: part of what stderr says.
        usage: whether argparse finds it, which prints the usage first.
    """

    name: str
    script: str
    spoil: Callable[[Place], Any]
    message: str
    usage: bool = False


def data(change, path="data"):
    """Change the text of a file, by attribute of Place or by name; bytes replace it."""

    def spoil(place):
        file = getattr(place, path) if hasattr(place, path) else place.folder / path
        content = change if isinstance(change, bytes) else change(file.read_text()).encode()
        file.write_bytes(content)

    return spoil


def labels(change):
    return data(change, "labels")


def lines(change):
    """Change the lines of a text, a list with the header first."""

    def changed(text):
        found = text.splitlines()
        return "\n".join(change(found)) + "\n"

    return changed


def replaced(line, old, new):
    """Replace text in one line; 0 is the header."""

    def change(found):
        assert old in found[line]
        found[line] = found[line].replace(old, new)
        return found

    return lines(change)


def cell(line, column, new):
    """Replace one cell."""

    def change(found):
        cells = found[line].split(",")
        cells[column] = new
        found[line] = ",".join(cells)
        return found

    return lines(change)


def column(number, new):
    """Replace a whole column but for its name; ``new`` takes the number of the row."""

    def change(found):
        rows = [line.split(",") for line in found]
        for row_number, row in enumerate(rows[1:]):
            row[number] = new(row_number)
        return [",".join(row) for row in rows]

    return lines(change)


def keys(**changed):
    return lambda place: write_settings(place.settings, **changed)


def settings(text):
    return lambda place: place.settings.write_bytes(
        text if isinstance(text, bytes) else text.encode()
    )


def without_key(name):
    kept = {key: value for key, value in SETTINGS.items() if key != name}
    return settings(json.dumps(kept))


def words(*more):
    return lambda place: place.more.extend(more)


def context(change):
    """Give val.csv, changed, as context."""

    def spoil(place):
        data(change, "val.csv")(place)
        place.more += ["--context", str(place.folder / "val.csv")]

    return spoil


def other_file(attribute, name):
    """Give another path; the names of folders end in a slash."""

    def spoil(place):
        path = place.folder / name
        if name.endswith("/"):
            path.mkdir()
        if attribute == "data":
            place.data = path
        else:
            (place.folder / attribute).unlink()
            if name.endswith("/"):
                path.rename(place.folder / attribute)

    return spoil


def renamed_data(name, content):
    def spoil(place):
        place.data = place.folder / name
        place.data.write_bytes(content)

    return spoil


def model_file(name, content=None):
    """Replace a file of the model, or take it away."""

    def spoil(place):
        path = place.model / name
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content(path.read_bytes()) if callable(content) else content)

    return spoil


def models_is_a_file(place):
    (place.folder / "file").write_text("")
    place.more += ["--models", str(place.folder / "file")]


def no_model(place):
    shutil.rmtree(place.model)


def both(*spoilers):
    def spoil(place):
        for one in spoilers:
            one(place)

    return spoil


def first(number):
    return lines(lambda found: found[:number])


DAYS = column(0, lambda row: f"01/{row + 2:02d}/2021")

MISTAKES = [
    # files
    Mistake("data missing", "train", other_file("data", "no.csv"), "no.csv does not exist"),
    Mistake("data missing 2", "test", other_file("data", "no.csv"), "no.csv does not exist"),
    Mistake("data a folder", "train", other_file("data", "no/"), "is a directory"),
    Mistake("data empty", "train", data(b""), "the file is empty"),
    Mistake("data blank", "train", data(b"\n \n"), "the file is empty"),
    Mistake("header only", "train", data(first(1)), "it has a header but no rows"),
    Mistake("one column", "train", data(lambda t: "time\n2021-01-01\n"), "only column is `time`"),
    Mistake("workbook", "train", data(b"PK\x03\x04\0\0"), "this is not a text file"),
    Mistake("Latin-1", "train", data("time,Stör\n1,2\n".encode("latin-1")), "is not UTF-8"),
    Mistake("broken gzip", "train", data(gzip.compress(b"x" * 99)[:20]), "cannot be read"),
    Mistake("broken Parquet", "train", renamed_data("a.parquet", b"PAR1"), "Parquet"),
    Mistake("open quote", "train", data(replaced(3, "2021", '"2021')), "(is a quote open?)"),
    Mistake("long row", "train", data(lines(lambda f: [*f, f[-1] + ",1"])), "has 5"),
    Mistake(
        "short row", "train", data(replaced(9, ",", " ")), "the header has 4 columns but row 9"
    ),
    Mistake("text", "train", data(cell(3, 2, "oops")), "row 3 (line 4), column `s1` holds `oops`"),
    Mistake("truth", "train", data(cell(3, 2, "True")), "column `s1` holds `True`"),
    Mistake("infinity", "train", data(cell(3, 2, "inf")), "expected a finite number or empty"),
    Mistake("no header", "train", data(lines(lambda f: f[1:])), "the first line starts with the"),
    Mistake("no name", "train", data(replaced(0, "s1", "")), "column 3 has no name"),
    Mistake("two names", "train", data(replaced(0, "s1", "s2")), "column name `s2` is repeated"),
    Mistake("no time", "train", data(cell(3, 0, "")), "the time is missing in row 3 (line 4)"),
    Mistake("not a time", "train", data(cell(3, 0, "soon")), "row 3 (line 4) holds `soon`"),
    Mistake("numbered rows", "train", data(column(0, str)), "is not a time everywhere"),
    Mistake("same time", "train", data(lines(lambda f: [*f, f[-1]])), "have the same time"),
    Mistake("backwards", "train", data(lines(lambda f: [*f, f[4]])), "time goes backwards from"),
    Mistake("swapped", "train", data(lines(lambda f: [f[0], f[2], f[1], *f[3:]])), "sort the rows"),
    Mistake(
        "two zones", "train", data(replaced(3, ":00,", ":00+01:00,")), "carry a UTC offset and"
    ),
    Mistake("day or month", "train", data(lambda t: DAYS(first(10)(t))), "are ambiguous"),
    Mistake(
        "empty series", "train", data(column(2, lambda r: "")), "column `s1` is empty in every"
    ),
    Mistake("too short", "train", data(first(6)), "it has 5 rows but at least 8 are needed"),
    Mistake("no validation", "train", data(first(30)), "train.csv has 5 rows (`val_percent`"),
    Mistake("all outliers", "train", keys(max_std=1e-9), "within `max_std` = 1e-09"),
    Mistake("name of a result", "train", data(cell(0, 2, "system alarm")), "results are"),
    Mistake("too large", "train", data(cell(3, 2, "1e300")), "`s1` cannot be standardized"),
    # settings
    Mistake("settings missing", "train", other_file("settings.txt", "x"), "does not exist"),
    Mistake("settings a folder", "train", other_file("settings.txt", "x/"), "is a folder"),
    Mistake("settings empty", "train", settings(""), "is empty; expected a JSON object"),
    Mistake("settings no JSON", "train", settings("T = 8"), "is not valid JSON"),
    Mistake("settings a list", "train", settings("[1]"), "must hold a JSON object"),
    Mistake("settings UTF-16", "train", settings("{}".encode("utf-16")), "is not UTF-8 text"),
    Mistake("comma", "train", settings('{"T": 8,}'), "Delete the comma"),
    Mistake("comment", "train", settings('{"T": 8 # rows\n}'), "JSON has no comments"),
    Mistake("Python word", "train", settings('{"scale": True}'), "JSON writes true, not True"),
    Mistake("twice", "train", settings('{"T": 8, "T": 9}'), "`T`: expected once, received 2 times"),
    Mistake("CSV for settings", "train", settings("time,a\n2021,1\n"), "is not valid JSON"),
    Mistake("no name given", "train", without_key("model_name"), "`model_name`: missing"),
    Mistake("misspelt", "train", keys(epoch=3), "`epoch`: unknown key; did you mean `epochs`?"),
    Mistake("recurrent", "train", keys(rnn_units=[8, 4]), "`cnn_units`: belongs to `archi"),
    Mistake("T text", "train", keys(T="8"), "`T`: expected a whole number"),
    Mistake("T truth", "train", keys(T=True), "`T`: expected a whole number"),
    Mistake("T one", "train", keys(T=1), "(a window of one row has no past), received 1"),
    Mistake("T fraction", "train", keys(T=8.5), "`T`: expected a whole number"),
    Mistake("T long", "train", keys(T=1000), "at least 1,000 are needed"),
    Mistake("J zero", "train", keys(J=0), "`J`: expected a whole number, at least 1"),
    Mistake("M other", "train", keys(M=12), "`M` is 12 in"),
    Mistake("lr zero", "train", keys(lr=0), "`lr`: expected a number, above 0"),
    Mistake("lr no number", "train", settings('{"model_name": "a", "lr": NaN}'), "a finite number"),
    Mistake("all validation", "train", keys(val_percent=1), "`val_percent`: expected a number"),
    Mistake("per cent", "train", keys(val_percent=20), "`val_percent`: expected a number"),
    Mistake("much validation", "train", keys(val_percent=0.99), "train.csv has 3 rows (240 less"),
    Mistake("no units", "train", keys(cnn_units=[]), "`cnn_units`: expected a list"),
    Mistake("units number", "train", keys(cnn_units=4), "`cnn_units`: expected a list"),
    Mistake("rates", "train", keys(dil_rate=[1, 2, 4, 8, 16]), "`dil_rate`: expected as many"),
    Mistake("kernel", "train", keys(kernel=1), "a kernel of 1 sees no past row"),
    Mistake("stride", "train", keys(strs=2), "`strs`: expected 1"),
    Mistake("activation", "train", keys(activation="tan"), "`activation`: expected"),
    Mistake("fidelity", "train", keys(fidelity="both"), "`fidelity`: expected"),
    Mistake(
        "path for a name", "train", keys(model_name="../toy"), "`model_name`: expected a folder"
    ),
    Mistake("reserved name", "train", keys(model_name="toy.previous"), "used by this project"),
    Mistake("many", "train", keys(T=0, J=0, lr=0), "`J`: expected a whole number"),
    # a model and another file
    Mistake("no model", "test", no_model, "There is no trained model in"),
    Mistake("no model 2", "alpha_definition", no_model, "There is no trained model in"),
    Mistake("other name", "test", keys(model_name="other"), "`model_name` 'other'"),
    Mistake("other T", "test", keys(T=16), "`T` is 16 in"),
    Mistake("other J", "test", keys(J=3), "`J` is 3 in"),
    Mistake("other M", "test", keys(M=4), "`M` is 4 in"),
    Mistake("other units", "test", keys(cnn_units=[4, 5]), "`cnn_units` is [4, 5] in"),
    Mistake("other rates", "test", keys(dil_rate=[1, 2, 3]), "`dil_rate` is [1, 2, 3] in"),
    Mistake("other kernel", "alpha_definition", keys(kernel=3), "`kernel` is 3 in"),
    Mistake("other scale", "test", keys(scale=False), "`scale` is false in"),
    Mistake("other fidelity", "test", keys(fidelity="code"), '`fidelity_spread` is "code" in'),
    *[
        Mistake(f"{script} without {name}", script, model_file(name), f"incomplete: {name} missing")
        for name in ("model.keras", "settings.txt", "preprocessing.json", "run.json")
        for script in ("test", "alpha_definition")
    ],
    Mistake("cut off", "test", model_file("model.keras", lambda c: c[:-9]), "is not the file that"),
    Mistake("no archive", "test", model_file("model.keras", b"x"), "is not the file that train.py"),
    *[
        Mistake(f"{script} edited {name}", script, model_file(name, lambda c: c + b"\n"), message)
        for name in ("model.keras", "settings.txt", "preprocessing.json")
        for script in ("test", "alpha_definition")
        for message in [f"{name} is not the file that train.py wrote"]
    ],
    Mistake(
        "other seed in the model",
        "test",
        model_file("settings.txt", lambda c: re.sub(rb'"seed": \d+', b'"seed": 5', c)),
        "settings.txt is not the file that train.py wrote",
    ),
    Mistake("model settings", "test", model_file("settings.txt", b"{"), "is not valid JSON"),
    Mistake("scales", "test", model_file("preprocessing.json", b'{"a": 1}'), "json is damaged"),
    Mistake("scales 2", "test", model_file("preprocessing.json", b"[[["), "json is damaged"),
    Mistake("run", "test", model_file("run.json", b"\xff"), "run.json is damaged"),
    Mistake("run 2", "test", model_file("run.json", b"{}"), "run.json is damaged"),
    Mistake("alphas empty", "test", model_file("alphas.csv", b""), "alphas.csv is damaged"),
    Mistake("alphas text", "test", model_file("alphas.csv", b"a\nb\n"), "must have the columns"),
    Mistake(
        "alphas negative",
        "test",
        model_file("alphas.csv", lambda c: c.replace(b"s0,3.0", b"s0,-3.0")),
        "line 2: `alpha_down` must be a finite number of sigmas >= 0. Received: -3.0",
    ),
    Mistake(
        "alphas of others",
        "test",
        model_file("alphas.csv", lambda c: c.replace(b"s0", b"s7")),
        "Missing: `s0`. Unknown: `s7`.",
    ),
    Mistake(
        "series missing",
        "test",
        data(replaced(0, "s1", "S-1")),
        "1 of the 3 series are missing: `s1` (is it `S-1`?)",
    ),
    Mistake(
        "all series missing",
        "test",
        data(lambda text: text.replace("s", "x")),
        "3 of the 3 series are missing: `s0`",
    ),
    Mistake("test short", "test", data(first(8)), "it has 7 rows but at least 8 are needed"),
    Mistake("val short", "alpha_definition", data(first(8)), "at least 8 are needed"),
    Mistake("test text", "test", data(cell(5, 1, "-")), "column `s0` holds `-`"),
    # context
    Mistake("no context", "test", words("--context", "no.csv"), "no.csv does not exist"),
    Mistake(
        "later context",
        "test",
        context(lambda text: text.replace("2021", "2022")),
        "must end before",
    ),
    Mistake("other context", "test", context(replaced(0, "s1", "x")), "series are missing: `s1`"),
    Mistake(
        "short context",
        "test",
        both(data(first(2)), context(first(3))),
        "have 3 rows together, but at least 8 are needed",
    ),
    # labels
    Mistake("no labels", "alpha_definition", lambda p: p.labels.unlink(), "does not exist"),
    Mistake("label 2", "alpha_definition", labels(cell(4, 1, "2")), "column `s0` holds `2`"),
    Mistake("label empty", "alpha_definition", labels(cell(4, 1, "")), "column `s0` is empty"),
    Mistake("label text", "alpha_definition", labels(cell(4, 1, "yes")), "expected 0 or 1"),
    Mistake("labels fewer", "alpha_definition", labels(first(100)), "are not in the labels"),
    Mistake(
        "labels of another year",
        "alpha_definition",
        labels(lambda text: text.replace("2021", "2020")),
        "120 times of",
    ),
    Mistake("label names", "alpha_definition", labels(replaced(0, "s1", "x")), "missing: `s1`"),
    Mistake(
        "labels short row", "alpha_definition", labels(replaced(2, ",", " ")), "columns but row"
    ),
    # command lines
    Mistake("models a file", "train", models_is_a_file, "file is not a folder"),
    Mistake("models a file 2", "test", models_is_a_file, "There is no trained model in"),
    Mistake("no epochs", "train", words("--epochs", "0"), "at least 1, received 0", usage=True),
    Mistake("half epochs", "train", words("--epochs", "1.5"), "received 1.5", usage=True),
    Mistake("unknown option", "train", words("--epoch", "3"), "unrecognized", usage=True),
    Mistake("unknown option 2", "test", words("--resume"), "unrecognized", usage=True),
    Mistake("third file", "test", words("more.csv"), "unrecognized arguments", usage=True),
    Mistake("no value", "test", words("--context"), "expected one argument", usage=True),
    # going on
    Mistake(
        "nothing to resume",
        "train",
        both(keys(model_name="new"), words("--resume")),
        "There is no training to resume in",
    ),
    Mistake(
        "resume changed",
        "train",
        both(keys(lr=0.5), words("--resume", "--epochs", "9")),
        "settings.txt but the training was begun with 0.01.\nGive the settings it was begun with",
    ),
    Mistake(
        "resume damaged",
        "train",
        both(model_file("training_state.npz", b"x"), words("--resume", "--epochs", "9")),
        "training_state.npz is damaged and cannot be resumed from. Train without --resume.",
    ),
    Mistake(
        "resume other data",
        "train",
        both(data(cell(1, 1, "1")), words("--resume", "--epochs", "9")),
        "it was begun on other data",
    ),
    Mistake(
        "resume more data",
        "train",
        both(data(first(200)), words("--resume", "--epochs", "9")),
        "it was begun on other data",
    ),
]
FEW = ("text", "cut off", "label 2", "resume other data", "no epochs")


@pytest.fixture
def spoiled(request, place):
    mistake = request.param
    place.data = place.folder / DATA_OF[mistake.script]
    mistake.spoil(place)
    return mistake, place, contents(place.models)


def is_refusal(mistake, ended):
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    assert ended.stderr.count("error: ") == 1
    assert ended.stderr.startswith("usage: " if mistake.usage else "error: ")
    assert mistake.message in ended.stderr
    assert ended.stderr.endswith("\n")


def named(mistakes):
    return pytest.mark.parametrize(
        "spoiled", [pytest.param(mistake, id=mistake.name) for mistake in mistakes], indirect=True
    )


def test_the_names_of_the_mistakes_differ():
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES) >= 50
    assert {mistake.name for mistake in MISTAKES} >= set(FEW)


@named(MISTAKES)
def test_a_mistake_is_refused_before_tensorflow_starts(spoiled):
    mistake, place, before = spoiled
    started = time.monotonic()
    with mock.patch.object(console, "start_tensorflow", side_effect=AssertionError("too late")):
        ended = place.call(mistake.script)
    assert time.monotonic() - started < 10
    is_refusal(mistake, ended)
    assert contents(place.models) == before


@pytest.fixture(scope="session")
def poison(tmp_path_factory):
    """Hold packages that break whoever imports them."""
    folder = tmp_path_factory.mktemp("poison")
    for name in ("tensorflow", "keras"):
        (folder / f"{name}.py").write_text(f"raise SystemExit('{name} was imported')\n")
    return folder


@named([mistake for mistake in MISTAKES if mistake.name in FEW])
def test_a_mistake_is_refused_in_a_process_of_its_own(spoiled, poison):
    mistake, place, before = spoiled
    started = time.monotonic()
    ended = run(mistake.script, *place.words(mistake.script), cwd=place.folder, poison=poison)
    assert time.monotonic() - started < 10
    is_refusal(mistake, ended)
    assert contents(place.models) == before


@pytest.mark.parametrize("script", DATA_OF)
def test_without_arguments_the_usage_is_shown(script):
    ended = call(script)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"usage: {script}.py [-h]")
    assert "the following arguments are required: DATA.csv" in ended.stderr


@pytest.mark.parametrize("script", DATA_OF)
def test_help_answers_at_once(script, tmp_path, poison):
    for name in ("numpy", "pandas", "pydantic", "sklearn", "matplotlib", "pyarrow"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} was imported')\n")
    for path in poison.glob("*.py"):
        shutil.copy(path, tmp_path)
    ended = good(run(script, "--help", cwd=tmp_path, poison=tmp_path))
    assert ended.stdout.startswith(f"usage: {script}.py [-h]")
    for word in ("DATA.csv", "SETTINGS.txt", "--models", "--quiet"):
        assert word in ended.stdout


def test_reading_a_table_again_gives_what_the_scripts_wrote(walk):
    """Results are themselves tables in the accepted format."""
    folder = walk[0] / "models/toy/results/test"
    for name in ("sigma", "reconstructions", "abs_error"):
        assert read_table(folder / f"{name}.csv").frame.equals(read_csv(folder / f"{name}.csv"))
