"""Every architecture through the three scripts, on 3 and 12 series, with all that they can do."""

import contextlib
import json
import re
import shutil
from itertools import cycle
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from dcvae.cli.progress import TrainingDisplay
from dcvae.config import ARCHITECTURE_TRAITS
from dcvae.evaluation import LOOKS_AHEAD
from dcvae.training import EpochLosses
from support.script_tools import (
    RESULTS,
    ROOT,
    call,
    good,
    read_csv,
    read_results,
    short_epochs,
    toy_frame,
)
from support.stored_models import contents

LENGTH = 8
COMMON = {
    "model_name": "toy",
    "T": LENGTH,
    "batch_size": 64,
    "epochs": 1,
    "summary": False,
    "custom_metrics": False,
}
RNN_VAE = {"rnn_units": [6, 5], "J": 2}
SEQ2SEQ = {"architecture": "seq2seq", "hidden_size": 8, "embedding_size": 5}
KEYS: dict[str, dict[str, Any]] = {
    "dc-vae": {"cnn_units": [4, 4], "dil_rate": [1, 2, 4], "J": 2},
    "rnn-vae rnn": RNN_VAE | {"layer_type": "rnn"},
    "rnn-vae gru": RNN_VAE | {"layer_type": "gru"},
    "seq2seq gru": SEQ2SEQ | {"layer_type": "gru"},
}
assert {name.split()[0] for name in KEYS} == set(ARCHITECTURE_TRAITS)
# Many series, and the published program's reading, once for each kind of recurrent network: layers
# of the other kinds differ in the other walks, and DC-VAE has tests of many series of its own.
LONG = ("rnn-vae gru", "seq2seq gru")
WALKS = [(name, *((12, "code") if name in LONG else (3, "paper"))) for name in KEYS]
SAID_BY_THE_NETWORK = tuple(name for name in RESULTS if name != "anomaly_predictions")
METHODS = dict(zip(KEYS, cycle(("budget", "quantile", "evt")), strict=False))


def write_settings(**keys: Any) -> None:
    Path("settings.txt").write_text(json.dumps(COMMON | keys))


def write_data(num_series: int) -> None:
    """Write training data and a labeled file of which 20 rows are gone and one series dies."""
    toy_frame(260, num_series).to_csv("train.csv")
    data = toy_frame(180, num_series, 1, "2021-04-01")
    labels = pd.DataFrame(0, data.index, data.columns)
    data.iloc[120:126, 1] += 40.0
    labels.iloc[120:126, 1] = 1
    data.iloc[90:, 2] = np.nan
    gone = data.index[40:60]
    data.drop(gone).to_csv("data.csv")
    labels.drop(gone).to_csv("labels.csv")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "num_series", "fidelity"), WALKS, ids=list(KEYS))
def test_everything_works_with_every_architecture(
    name: str, num_series: int, fidelity: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DC-VAE in Keras, as NumPy computes it in other tests; recurrent networks where they are."""
    if name == "dc-vae":
        monkeypatch.setenv("DCVAE_ENGINE", "keras")
    keys = KEYS[name] | {"fidelity": fidelity, "max_gap": 12}
    title = ARCHITECTURE_TRAITS[name.split()[0]].title
    with contextlib.chdir(tmp_path):
        write_data(num_series)
        write_settings(**keys)
        trained = good(call("train", "train.csv", "settings.txt"))
        assert f"network  {title}, " in trained.stdout
        assert json.loads(Path("models/toy/run.json").read_bytes())["engine"] == "keras"
        results = Path("models/toy/results/data")

        # Ready without labels, gaps and a dead series said.
        good(call("test", "data.csv", "settings.txt"))
        quality = read_csv(results / "quality.csv")
        assert (quality["quality"] == "after a gap").sum() == LENGTH - 1
        assert (quality["missing_series"].iloc[-90:] == "s2").all()
        before = {path.name: path.read_bytes() for path in results.glob("*.csv")}
        tables = read_results(results)
        rows = 180 - 20 - LENGTH + 1
        latent_size = 5 if title == "Seq2seq" else 2
        assert tables["latent_space"].shape == (rows, latent_size)
        assert tables["sigma"].shape == (rows, num_series)
        assert (tables["sigma"] > 0).all(axis=None)
        if title == "Seq2seq":  # one number a series, until there is a past that widens the band
            first = tables["sigma"].iloc[:12]
            assert (first == first.iloc[0]).all(axis=None)
        assert not tables["anomaly_predictions"]["s2"].iloc[-50:].any()
        scores = read_csv(results / "scores.csv")
        assert {"causal", "offline"} <= set(scores.columns)
        assert np.isfinite(scores["offline"]).all()

        # Alphas without labels, in one way or another, with a sigma that every network has.
        method = METHODS[name]
        write_settings(**keys, alpha_method=method, sigma="constant")
        good(call("alpha_definition", "train.csv", "settings.txt"))
        alphas = pd.read_csv("models/toy/alphas.csv")
        fallback = {"budget"} if method == "evt" else set()  # few peaks in so few rows
        assert set(alphas["method"]) <= {method} | fallback
        assert (alphas[["alpha_down", "alpha_up"]] > 0).all(axis=None)

        # With labels: alphas, metrics, baselines, the page.
        write_settings(**keys)
        good(call("alpha_definition", "data.csv", "labels.csv", "settings.txt"))
        assert pd.read_csv("models/toy/alphas.csv")["labeled_rows"].tolist()[:2] == [0, 6]
        judged = good(
            call("test", "data.csv", "settings.txt", "--labels", "labels.csv", "--figures", "png")
        )
        assert f"\n{title} " in judged.stdout
        # What the network says does not hang on thresholds: it is the same bytes again. The band's
        # width does, as it follows the errors.
        for table in {*SAID_BY_THE_NETWORK, "quality", "losses"} - {"sigma"}:
            assert (results / f"{table}.csv").read_bytes() == before[f"{table}.csv"], table
        compared = pd.read_csv(results / "baselines.csv", index_col=0)
        assert compared.index[:2].tolist() == [title, title + LOOKS_AHEAD]
        page = (results / "report.html").read_text(encoding="utf-8")
        assert re.search(f'"architecture": ?"{name.split()[0]}"', page)
        assert list(results.rglob("*.png"))

        # Another architecture is another model, and the first one stays.
        other = KEYS["seq2seq gru" if "rnn" in name else "rnn-vae gru"]
        write_settings(**other)
        refused = call("test", "data.csv", "settings.txt")
        assert refused.returncode == 2
        assert "`architecture` is " in refused.stderr


@pytest.mark.slow
def test_training_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Every file is that of the training that was not cut off, but the seconds it took."""
    name = "seq2seq gru"  # that weights come back for every kind is tested with the networks
    epoch, models, parts = TrainingDisplay.epoch, Path("models"), Path("parts")

    def copied(display: TrainingDisplay, losses: EpochLosses, is_best: bool) -> None:
        """Keep what a training that is killed after its first epoch would leave."""
        epoch(display, losses, is_best)
        if losses.epoch == 1:
            shutil.copytree(models / "toy.partial", parts / "toy.partial")

    with contextlib.chdir(tmp_path):
        write_data(3)
        write_settings(**KEYS[name], epochs=2)
        with mock.patch.object(TrainingDisplay, "epoch", copied):
            good(call("train", "train.csv", "settings.txt"))
        resumed = good(call("train", "train.csv", "settings.txt", "--resume", "--models", "parts"))
        assert "epoch 1/2" not in resumed.stdout
        whole, again = contents(models), contents(parts)
    runs = [json.loads(files.pop("toy/run.json")) for files in (whole, again)]
    assert again == whole
    assert runs[0] | {"session_seconds": 0} == runs[1] | {"session_seconds": 0}


@pytest.mark.slow
def test_the_published_recurrent_file_goes_through_all_three_scripts(tmp_path: Path) -> None:
    """T is 512, so there have to be rows enough for a validation part of it."""
    with contextlib.chdir(tmp_path):
        shutil.copy(ROOT / "settings" / "rnn_vae_settings.txt", "settings.txt")
        toy_frame(2_600, 12).to_csv("train.csv")
        data = toy_frame(560, 12, 1, "2021-06-01")
        labels = pd.DataFrame(0, data.index, data.columns)
        data.iloc[530:536, 1] += 60.0
        labels.iloc[530:536, 1] = 1
        data.to_csv("data.csv")
        labels.to_csv("labels.csv")
        with short_epochs():
            trained = good(call("train", "train.csv", "settings.txt", "--epochs", "1"))
        assert "RNN-VAE" in trained.stdout
        assert "every row of the window (T = 512) in reach" in trained.stdout
        assert "`alpha_reg` (the published program never reads it either)" in trained.stdout
        good(call("alpha_definition", "data.csv", "labels.csv", "settings.txt"))
        good(call("test", "data.csv", "settings.txt", "--labels", "labels.csv"))
        tables = read_results(Path("models/rnn-vae/results/data"))
        assert tables["reconstructions"].shape == (49, 12)
        assert tables["latent_space"].shape == (49, 4)
        flags = tables["anomaly_predictions"]
        assert flags["s1"].to_numpy()[530 - 511 : 536 - 511].any()
