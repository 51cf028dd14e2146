"""`dcvae detect --labels`: metrics, baselines, figures, and what is said of the labels."""

import json

import pandas as pd
import pytest

from dcvae.evaluation import ANY_FLAG, LOOKS_AHEAD, MEAN, SYSTEM
from support.script_tools import (
    BEFORE,
    RESULT_FILES,
    good,
    read_csv,
    read_results,
    write_test_labels,
)
from support.stored_models import contents


def test_labels_have_the_run_judged(place):
    path, labels = write_test_labels(place)
    ended = good(place.call("test", "--labels", path))
    folder = place.model / "results/test"
    assert set(contents(folder)) == RESULT_FILES | {"metrics.csv", "baselines.csv"}
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
    assert {"PCA", "isolation forest", "k-means"} <= set(baselines.index)
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


def test_figures_on_request(place):
    path, _ = write_test_labels(place)
    good(place.call("test", "--labels", path, "--figures", "pdf"))
    figures = contents(place.model / "results/test/figures")
    assert set(figures) == {
        *("series_001.pdf", "series_002.pdf", "series_003.pdf"),
        *("latent_space.pdf", "loss.pdf"),
    }
    assert all(content.startswith(b"%PDF") for content in figures.values())
    assert not any(b"CreationDate" in content for content in figures.values())


def test_judging_the_labels_the_alphas_were_chosen_on_is_told(place):
    place.data = place.folder / "val.csv"
    ended = good(place.call("test", "--labels", place.folder / "labels.csv"))
    assert "warning: The alphas were chosen on the labels of this very file" in ended.stdout
    assert "thresholds     labels of this very file\n" in ended.stdout


def test_without_the_training_file_there_are_no_baselines(place):
    path, _ = write_test_labels(place)
    (place.folder / "train.csv").write_text("gone")
    run_file = place.model / "run.json"
    record = json.loads(run_file.read_bytes())
    run_file.write_text(json.dumps(record | {"training_path": str(place.folder / "train.csv")}))
    ended = good(place.call("test", "--labels", path))
    assert "info: No baselines: " in ended.stdout
    assert not (place.model / "results/test/baselines.csv").exists()
