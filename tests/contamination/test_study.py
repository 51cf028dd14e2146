"""The study as a whole: made, continued, with failures, from Python and in processes."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError, make_detector
from dcvae.contamination import RobustnessStudy, run_study
from dcvae.contamination.study import StudyKeys, study_keys
from support.toy_experiment import ToyExperiment

FILES = {"results.csv", "summary.csv", "suspects.csv", "splits.npz", "run.json"}
FILES |= {"robustness.png", "page.html", "ranks"}
KEYS = StudyKeys(("exact", "half", "failing"), (0.0, 0.1, 0.2), runs=2)


def data(normal: int = 120, anomalies: int = 40):
    random = np.random.default_rng(3)
    values = np.concatenate([random.normal(size=(normal, 3)), random.normal(4, 1, (anomalies, 3))])
    return values, np.repeat([0, 1], [normal, anomalies])


def files_of(folder):
    """What is written, without what differs between two machines or times."""
    tables = {}
    for name in ("results", "summary", "suspects"):
        table = pd.read_csv(folder / f"{name}.csv").drop(columns="seconds", errors="ignore")
        if "detector" in table and "run" in table:
            cell = ["detector", "rho", "run"]
            table = table.drop_duplicates(cell, keep="last").sort_values(cell, ignore_index=True)
        tables[name] = table
    return tables


def assert_same_files(one, other):
    for name, table in files_of(one).items():
        pd.testing.assert_frame_equal(table, files_of(other)[name])


def test_what_is_written(tmp_path):
    steps = []
    found = run_study(ToyExperiment(), KEYS, tmp_path, steps.append)
    assert {one.name for one in tmp_path.iterdir()} == FILES
    assert [step.number for step in steps] == [*range(1, 19)]
    assert steps[-1].seconds_left == 0.0
    table = pd.read_csv(tmp_path / "results.csv")
    assert len(table) == 3 * 3 * 2
    assert table["failure"].dropna().unique().tolist() == ["ValueError: no scores"]
    assert found.failures == ["failing failed in 6 of 6 experiments: ValueError: no scores"]
    assert re.fullmatch(
        "Up to 20 % of anomalies among the training windows cost exact less than a twentieth of "
        r"the average precision\. At 20 %, exact is best with 1\.000, and half has lost most, "
        r"9\d %\.",
        found.answer,
    )
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["rests_on"]["data"] == "toy.csv"
    assert record["versions"]["numpy"] == np.__version__
    suspects = pd.read_csv(tmp_path / "suspects.csv")
    assert suspects["contaminated"].tolist()[:10] == [True] * 10
    assert suspects["first_row"].tolist()[0] == 490
    assert np.load(tmp_path / "splits.npz")["test"].tolist() == [*range(50, 80)]
    assert (tmp_path / "robustness.png").read_bytes().startswith(b"\x89PNG")
    assert found.answer in (tmp_path / "page.html").read_text()


def test_a_study_goes_on_where_it_stopped(tmp_path):
    whole = run_study(ToyExperiment(), KEYS, tmp_path / "whole")
    stopped = tmp_path / "stopped"

    def stop(step):
        if step.number == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(ToyExperiment(), KEYS, stopped, stop)
    assert len(pd.read_csv(stopped / "results.csv")) == 7
    experiment = ToyExperiment()
    again = run_study(experiment, KEYS, stopped)
    # Seven were there, of which one had failed and is tried again.
    assert len(experiment.made) == 18 - 6
    assert_same_files(stopped, tmp_path / "whole")
    assert again.answer == whole.answer
    experiment = ToyExperiment()
    run_study(experiment, KEYS, stopped)
    assert {detector for detector, _, _ in experiment.made} == {"failing"}


def test_more_runs_and_detectors_join_those_that_are_there(tmp_path):
    run_study(ToyExperiment(), StudyKeys(("exact",), (0.0, 0.2), runs=1), tmp_path)
    experiment = ToyExperiment()
    found = run_study(experiment, StudyKeys(("half",), (0.0, 0.2), runs=2), tmp_path)
    assert experiment.made == [("half", run, rho) for run in (1, 2) for rho in (0.0, 0.2)]
    assert found.results.groupby("detector")["run"].max().to_dict() == {"exact": 1, "half": 2}


def test_what_is_recorded_is_of_all_lines(tmp_path):
    """Not of the last command alone: the lines of the first one are still there."""
    run_study(ToyExperiment(), StudyKeys(("exact",), (0.0, 0.2), runs=3), tmp_path)
    run_study(ToyExperiment(), StudyKeys(("half",), (0.0, 0.1), runs=1), tmp_path)
    splits = np.load(tmp_path / "splits.npz")
    assert (splits["runs"].tolist(), splits["rho"].tolist()) == ([1, 2, 3], [0.0, 0.1, 0.2])
    record = json.loads((tmp_path / "run.json").read_text())
    assert (record["runs"], record["rho"]) == (3, [0.0, 0.1, 0.2])
    assert record["detectors"] == ["half", "exact"]


def test_suspects_are_those_of_the_largest_share_that_was_made(tmp_path):
    run_study(ToyExperiment(), StudyKeys(("exact",), (0.0, 0.2), runs=1), tmp_path)
    before = pd.read_csv(tmp_path / "suspects.csv")
    run_study(ToyExperiment(), StudyKeys(("half",), (0.0, 0.1), runs=1), tmp_path)
    assert pd.read_csv(tmp_path / "suspects.csv").equals(before)
    assert before["contaminated"].sum() == 10


def test_other_data_are_refused(tmp_path):
    run_study(ToyExperiment(), KEYS, tmp_path)
    before = (tmp_path / "results.csv").read_bytes()
    for experiment, keys in (
        (ToyExperiment(seed=6), KEYS),
        (ToyExperiment(), StudyKeys(KEYS.detectors, KEYS.rho, 2, assumed=0.1)),
    ):
        with pytest.raises(InputError, match="study of other data or settings"):
            run_study(experiment, keys, tmp_path)
    assert (tmp_path / "results.csv").read_bytes() == before


def test_processes_make_the_same_study(tmp_path):
    run_study(ToyExperiment(), KEYS, tmp_path / "one")
    jobs = StudyKeys(KEYS.detectors, KEYS.rho, KEYS.runs, jobs=2)
    run_study(ToyExperiment(), jobs, tmp_path / "two")
    assert_same_files(tmp_path / "one", tmp_path / "two")


def test_the_published_protocol_is_measured_if_asked_for(tmp_path):
    keys = StudyKeys(("exact",), (0.0,), 1, is_published=True)
    found = run_study(ToyExperiment(), keys, tmp_path)
    assert found.results["f1_published"].notna().all()
    assert found.about["threshold"] == "published"


# ------------------------------------------------------------ from Python


def test_from_python_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = {"mine": make_detector("z-score")}
    found = RobustnessStudy(own, rho=[0.1], runs=2, seed=4).run(*data())
    assert not [*tmp_path.iterdir()]
    table = found.table("auroc")
    assert table.columns.tolist() == [0.0, 0.1]
    assert table.index.tolist() == ["random", "squared-norm", "ecod", "isolation-forest", "mine"]
    assert table.loc["mine", 0.0] > 0.95
    assert 0.3 < table.loc["random", 0.1] < 0.7
    assert found.to_dict()["summary"][0]["detector"] == "random"
    json.dumps(found.to_dict(), allow_nan=False)


def test_from_python_with_a_folder_twice(tmp_path):
    study = RobustnessStudy(["pca"], rho=[0.1], runs=1)
    first = study.run(*data(), folder=tmp_path / "kept")
    second = study.run(*data(), folder=tmp_path / "kept")
    assert second.results.equals(first.results)  # seconds too: nothing was made again


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../mine", r"letters, digits and any of `_ \. \+ -`.* Received: '\.\./mine'"),
        ("", "Received: ''"),
        (3, "Received: 3"),
        ("random", "`random` is in every study, and is no detector that is fitted"),
    ],
)
def test_names_of_ones_own_that_are_refused(name, message):
    with pytest.raises(InputError, match=message):
        RobustnessStudy({name: make_detector("z-score")}, rho=[0.1], runs=1)


@pytest.mark.parametrize("seed", [-1, 0.5, True, None])
def test_seeds_that_are_refused(seed):
    with pytest.raises(InputError, match=f"`seed`, a whole number of at least 0. Received: {seed}"):
        RobustnessStudy(["pca"], seed=seed)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"runs": 0}, "`runs`, a whole number of at least 1. Received: 0"),
        ({"runs": True}, "`runs`, a whole number"),
        ({"jobs": 1.5}, "`jobs`, a whole number of at least 1. Received: 1.5"),
        ({"assumed": 0.0}, "`assumed`, a share between 0 and 1. Received: 0.0"),
        ({"threshold": "best"}, "one of `training`, `published`. Received: 'best'"),
        ({"rho": [5.0]}, "For percent, divide by 100"),
        ({"detectors": ["pcb"]}, "Did you mean `pca`"),
    ],
)
def test_what_cannot_be_asked_for(keys, message):
    asked = {"detectors": ["pca"], "rho": [0.1], "runs": 1, "assumed": 0.05}
    asked |= {"threshold": "training", "jobs": 1}
    with pytest.raises(InputError, match=message):
        study_keys(known=("pca", "ecod"), **(asked | keys))
