"""`dcvae detect --labels`: metrics, baselines, figures, and what is said of the labels."""

import json

import pandas as pd
import pytest

from dcvae.evaluation import ANY_FLAG, LOOKS_AHEAD, MEAN, SYSTEM
from support.script_tools import (
    BEFORE,
    RESULT_FILES,
    ending_before_it_computes,
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


def test_further_detectors_stand_among_the_baselines(place):
    path, _ = write_test_labels(place)
    asked = "--baselines", "isolation-forest,pca"
    ended = good(place.call("test", "--labels", path, *asked, "--results", place.folder / "more"))
    lines = [line[:27].rstrip() for line in ended.stdout.splitlines()]
    first = lines.index("isolation forest of 8 rows")
    assert lines[first + 1].startswith("PCA of 8 rows")
    assert "comparing with PCA of 8 rows ..." in ended.stdout
    table = pd.read_csv(place.folder / "more/baselines.csv", index_col="detector")
    assert list(table.index[-2:]) == ["isolation forest of 8 rows", "PCA of 8 rows"]
    for words, said in (
        (asked, "Expected --labels or --events with it. Received: --baselines isolation-forest"),
        (("--baselines", "pcaa", "--labels", path), "Did you mean `pca`?"),
    ):
        with ending_before_it_computes(KeyboardInterrupt):
            ended = place.call("test", *words)
        assert ended.returncode == 2
        assert said in ended.stderr


def test_true_events_are_found_and_serve_as_labels(place):
    _, labels = write_test_labels(place)
    [alarm, *_] = pd.read_csv(place.model / "results/test/events.csv").to_dict("records")
    times = labels.index[labels.any(axis=1)]
    blamed = alarm["series"].split("; ")[0]
    listed = place.folder / "attacks.csv"
    listed.write_text(
        "Attack #,Start Time,End Time,Attack Point\n"
        f"7,{alarm['alarm_start']},{alarm['alarm_end']},{blamed.upper()}\n"
        f"8,{times[0]},{times[-1]},s1; s-9\n"
    )
    ended = good(place.call("test", "--events", listed))
    folder = place.model / "results/test"
    assert set(contents(folder)) == RESULT_FILES | {
        *("metrics.csv", "baselines.csv", "true_events.csv")
    }
    found = pd.read_csv(folder / "true_events.csv", index_col="event")
    assert found.loc[7, ["status", "delay_seconds", "ranks"]].tolist() == ["detected", 0, 1]
    assert found.loc[8, "others"] == "s-9"
    metrics = pd.read_csv(folder / "metrics.csv", index_col="series")
    flags = read_csv(folder / "alarms.csv")
    span = flags.loc[times[0] : times[-1]]
    assert metrics.loc["s1", "labeled_rows"] >= len(span)
    assert metrics.loc[SYSTEM, "hit_rate_at_3"] == 1 == metrics.loc[SYSTEM, "hit_rate_at_3_chance"]
    written = json.loads((folder / "metrics.json").read_bytes())["true_events"]
    assert written["events"][0]["blamed"][0] == blamed
    assert (
        f"event 7, {blamed}: alarm after 0 s, blamed {blamed} (1st"
        in (written["events"][0]["text"])
    )
    assert "note: Not among the series, and so never found by their ranking: `s-9` (event 8" in (
        ended.stdout
    )
    assert f"note: The events of {listed} serve as labels." in ended.stdout


def test_labels_that_contradict_true_events_are_told_before_anything_slow(place):
    path, labels = write_test_labels(place)
    listed = place.folder / "events.csv"
    listed.write_text(f"start,end\n{labels.index[-9]},{labels.index[-8]}\n")
    with ending_before_it_computes(KeyboardInterrupt):
        ended = place.call("test", "--events", listed, "--labels", path)
        assert ended.returncode == 130
        assert f"note: {path} and {listed} contradict each other: no row is labeled" in ended.stdout
        listed.write_text("start,end\n2020-01-01,2020-01-02\n")
        ended = place.call("test", "--events", listed)
    assert ended.returncode == 2
    assert f"{listed}: none of its 1 events" in ended.stderr


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
        *("series_001_s0.pdf", "series_002_s1.pdf", "series_003_s2.pdf"),
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
