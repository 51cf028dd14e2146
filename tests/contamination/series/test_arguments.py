"""The command `contamination series`, end to end on made-up series, and what it refuses."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from dcvae.contamination.command import main
from support.builders import TINY
from support.labeled_series import labels_at, series_table

EVENTS = [*range(60, 1160, 70)]


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("series")
    table = series_table(1200)
    labels = labels_at(table, EVENTS)
    table.frame.to_csv(folder / "train.csv", index_label="time")
    labels.frame.astype(int).to_csv(folder / "labels.csv", index_label="time")
    test = series_table(500, seed=9, start="2024-03-01")
    truth = labels_at(test, [100, 300])
    test.frame.to_csv(folder / "test.csv", index_label="time")
    truth.frame.astype(int).to_csv(folder / "truth.csv", index_label="time")
    (folder / "settings.txt").write_text(json.dumps(TINY | {"epochs": 1}))
    return folder


def run(files: Path, *words: str) -> int:
    """Run the command in the folder of the files; its exit status."""
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(files)
        with pytest.raises(SystemExit) as ended:
            main(["series", *words])
    return int(ended.value.code or 0)


class TestEndToEnd:
    def test_labeled_series_with_a_network_once(self, files, capsys):
        asked = ("--detectors", "z-score,dc-vae", "--rho", "0.05", "--runs", "1", "--window", "4")
        assert run(files, "train.csv", "labels.csv", "settings.txt", *asked) == 0
        assert "share of contamination" in capsys.readouterr().out
        folder = files / "robustness" / "train"
        results = pd.read_csv(folder / "results.csv")
        assert results["failure"].isna().all()
        names = ["random", "squared-norm", "ecod", "isolation-forest", "z-score", "dc-vae"]
        assert results.groupby("detector", sort=False).size().to_dict() == dict.fromkeys(names, 2)
        paired = results.groupby("rho")[["rows", "contaminated_rows", "anomaly_share"]].nunique()
        assert (paired == 1).all(axis=None)
        suspects = pd.read_csv(folder / "suspects.csv")
        assert list(suspects.columns[:4]) == ["place", "row", "from", "to"]
        times = pd.to_datetime(suspects["to"]) - pd.to_datetime(suspects["from"])
        assert (times == pd.Timedelta("15min")).all()
        about = json.loads((folder / "run.json").read_text())
        assert set(about["rests_on"]["files_sha256"]) == {"training", "labels"}
        page = (folder / "page.html").read_text()
        assert "labels.csv" in page

    def test_a_test_file(self, files, capsys):
        words = ("--test", "test.csv", "--test-labels", "truth.csv", "--out", "tested", "--json")
        asked = ("--detectors", "z-score", "--rho", "0.05", "--runs", "2", "--window", "4")
        assert run(files, "train.csv", "labels.csv", "settings.txt", *words, *asked) == 0
        printed = json.loads(capsys.readouterr().out)
        assert printed["about"]["data"].endswith("tested on test.csv")
        results = pd.read_csv(files / "tested" / "results.csv")
        assert (results["anomaly_share"] < 0.05).all()  # twelve rows of five hundred

    def test_invented_events(self, files):
        words = ("train.csv", "settings.txt", "--invent", "--out", "invented", "--quiet")
        asked = ("--detectors", "z-score", "--rho", "0.03", "--runs", "1", "--summaries")
        assert run(files, *words, *asked) == 0
        results = pd.read_csv(files / "invented" / "results.csv")
        assert results["failure"].isna().all()
        about = (files / "invented" / "run.json").read_text()
        assert "an invented event" in about


LABELED = ("train.csv", "labels.csv", "settings.txt")
REFUSALS = {
    "no labels": (("train.csv", "settings.txt"), r"a label file after the training file.*--invent"),
    "labels and --invent": (
        (*LABELED, "--invent"),
        r"--invent is for data without labels.*labels\.csv",
    ),
    "a test file alone": (
        (*LABELED, "--test", "test.csv"),
        r"Received --test alone: give --test-labels",
    ),
    "labels of a test file alone": (
        (*LABELED, "--test-labels", "truth.csv"),
        r"Received --test-labels alone: give --test too",
    ),
    "--invent with a test file": (
        ("train.csv", "settings.txt", "--invent", "--test", "test.csv"),
        r"--invent tests on the last rows",
    ),
    "blocks of events with --invent": (
        ("train.csv", "settings.txt", "--invent", "--split", "event"),
        r"--split event draws among the labeled events.*with --invent",
    ),
    "a share that tests with a test file": (
        (*LABELED, "--test", "test.csv", "--test-labels", "truth.csv", "--test-share", "0.3"),
        r"about a training file of which a part tests.*with --test",
    ),
    "labels of other rows": (
        ("train.csv", "truth.csv", "settings.txt"),
        r"1,200 times of train\.csv are not in the labels",
    ),
    "no event": (("train.csv", "none.csv", "settings.txt"), r"No row of none\.csv is labeled"),
    "one event": (("train.csv", "one.csv", "settings.txt"), r"at least two events in one\.csv"),
    "too large a share": (
        (*LABELED, "--rho", "0.4"),
        r"0\.4 is out of reach: all 10 events.*In reach: up to 0\.\d+",
    ),
    "another number of series": (
        ("train.csv", "labels.csv", "three.txt"),
        r"`M` is 3 in three\.txt but train\.csv has 2 series",
    ),
    "settings that are none": (
        ("train.csv", "labels.csv", "train.csv"),
        r"expected a settings file",
    ),
    "a file that is not there": (("no.csv", "labels.csv", "settings.txt"), r"no\.csv"),
    "a series that is too short": (
        ("short.csv", "settings.txt", "--invent"),
        r"short\.csv leaves 6 windows to train on",
    ),
    "an unknown detector": (
        (*LABELED, "--detectors", "dcvae"),
        r"Received: 'dcvae'\. Did you mean `dc-vae`",
    ),
    "an unknown defense": (
        (*LABELED, "--detectors", "dc-vae+trimmd"),
        r"Expected defenses of dc-vae after a plus sign.*'dc-vae\+trimmd'",
    ),
    "a share that is none": (
        (*LABELED, "--test-share", "40"),
        r"expected a share between 0 and 1, received 40",
    ),
}


@pytest.mark.parametrize(("words", "told"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(files, capsys, words, told):
    labels = pd.read_csv(files / "labels.csv", index_col="time") * 0
    labels.to_csv(files / "none.csv")
    labels.iloc[50:60] = 1
    labels.to_csv(files / "one.csv")
    (files / "three.txt").write_text(json.dumps(TINY | {"M": 3}))
    pd.read_csv(files / "train.csv", nrows=30).to_csv(files / "short.csv", index=False)
    before = sorted(files.iterdir())
    assert run(files, *words, "--out", "refused") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert re.search(told, said.err), said.err
    assert sorted(files.iterdir()) == before
