"""`dcvae contamination rows`: what it prints and writes, and what it refuses before it computes."""

import inspect
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dcvae.contamination import command, study
from dcvae.contamination.series import arguments, sources
from support.script_tools import ROOT, call_program, environment, good


@pytest.fixture
def data(tmp_path: Path) -> Path:
    random = np.random.default_rng(3)
    values = np.concatenate([random.normal(size=(160, 3)), random.normal(4, 1, (40, 3))])
    np.savez(tmp_path / "pumps.npz", X=values, y=np.repeat([0, 1], [160, 40]))
    return tmp_path / "pumps.npz"


@pytest.mark.parametrize("kind", [["rows", "a.npz"], ["series", "a.csv", "b.csv", "c.txt"]])
def test_defaults_are_those_of_the_study(kind: list[str]) -> None:
    """They are written twice, as --help must not wait for NumPy."""
    asked = command._parser(None).parse_args(kind)
    assert (tuple(asked.rho), asked.runs, asked.assumed) == (
        study.SHARES,
        study.RUNS,
        study.ASSUMED,
    )
    assert asked.threshold == study.THRESHOLDS[0]
    if kind[0] == "rows":
        keys = inspect.signature(study.RobustnessStudy).parameters
        assert (asked.pool, asked.seed) == (keys["pool"].default, keys["seed"].default)
    else:
        keys = sources.SeriesKeys()
        assert (asked.window, asked.seed) == (keys.window, keys.seed)
        assert keys.test_share == arguments._TEST_SHARE


def words(data: Path, *more: object) -> list[object]:
    return [
        "contamination",
        "rows",
        data,
        "--detectors",
        "pca",
        "--runs",
        2,
        "--rho",
        0,
        0.1,
        *more,
    ]


def test_what_is_printed_and_written(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = good(call_program(*words(data))).stdout.splitlines()
    folder = tmp_path / "robustness" / "pumps"
    assert {one.name for one in folder.iterdir()} >= {"results.csv", "page.html", "run.json"}
    progress = [line for line in said if re.match(r"\d+/20 ", line)]
    assert len(progress) == 5 * 2 * 2
    assert re.match(r"1/20 random, 0 %, run 1: average precision 0\.\d{3}, 0\.0 s$", progress[0])
    answer = said[said.index(progress[-1]) + 1]
    assert answer.startswith(("Up to 10 % of anomalies", "Already 10 % of anomalies"))
    (header,) = [line for line in said if line.startswith("detector ")]
    assert header.split() == ["detector", "0", "%", "10", "%"]
    assert said[-1] == "to look at: robustness/pumps/page.html"
    # Everything is there: nothing is made again.
    again = good(call_program(*words(data))).stdout.splitlines()
    assert answer in again
    assert not [line for line in again if re.match(r"\d+/\d+ ", line)]
    assert "note: 20 experiments are there already." in again


def test_for_programs(data, tmp_path):
    folder = tmp_path / "out"
    ended = good(call_program(*words(data, "--out", folder, "--json")))
    found = json.loads(ended.stdout)
    assert found["folder"] == str(folder)
    assert found["about"]["anomaly"]
    assert {line["detector"] for line in found["summary"]} >= {"pca", "random"}
    assert good(call_program(*words(data, "--out", folder, "--quiet"))).stdout == ""


def test_a_failing_detector_is_told_and_the_study_goes_on(data, tmp_path, monkeypatch):
    from dcvae.detectors.baselines import PCADetector

    def broken(self, values):
        raise ValueError("singular")

    monkeypatch.setattr(PCADetector, "_fit", broken)
    said = good(call_program(*words(data, "--out", tmp_path / "out"))).stdout
    assert "note: 9/20 pca, 0 %, run 1: ValueError: singular" in said
    assert "note: pca failed in 4 of 4 experiments: ValueError: singular" in said
    assert "isolation-forest" in said


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--detectors", "pcb"], "Did you mean `pca`?"),
        (["--detectors", "pca,pca"], "Given twice: `pca`"),
        (["--rho", "12"], "For percent, divide by 100: 0.05 is 5 %"),
        (["--rho", "0.1", "0.1"], "Given twice: 0.1"),
        (["--rho", "0.3", "--full-training"], "out of reach"),
        (["--pool", "2"], "(--pool), between 0 and 1. Received: 2"),
        (["--assumed", "1"], "`assumed`, a share between 0 and 1"),
        (["--published", "thyroit"], "published for 'thyroit'"),
        (["--runs", "0"], "expected a whole number of at least 1, received 0"),
        (["--seed", "-1"], "expected a whole number of at least 0, received -1"),
        (["--threshold", "best"], "invalid choice: 'best'"),
        (["--max-rows", "30"], "normal rows, of which half train: expected at least 40"),
    ],
)
def test_what_is_refused(data, tmp_path, more, message):
    folder = tmp_path / "out"
    ended = call_program(*words(data, "--out", folder, *more))
    assert ended.returncode == 2
    assert message in ended.stderr
    assert not folder.exists()


def test_rows_of_one_class_are_refused(tmp_path):
    path = tmp_path / "calm.npz"
    np.savez(path, X=np.random.default_rng(1).normal(size=(100, 2)), y=np.zeros(100))
    ended = call_program(*words(path, "--out", tmp_path / "out"))
    assert ended.returncode == 2
    assert str(path) in ended.stderr
    assert not (tmp_path / "out").exists()


def run_module(*more: object, poison: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dcvae.contamination", *map(str, more)],
        cwd=ROOT,
        env=environment(poison),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_a_mistake_is_answered_without_a_framework(data, tmp_path):
    """As a module, in a process in which nothing can import TensorFlow or Keras."""
    poison = tmp_path / "poison"
    poison.mkdir()
    for name in ("tensorflow", "keras"):
        (poison / f"{name}.py").write_text("raise RuntimeError('imported')")
    ended = run_module(*words(data, "--rho", "7")[1:], poison=poison)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: A share of contamination is a number from 0 to 0.5")


def test_help_names_its_program():
    ended = run_module("rows", "--help")
    assert ended.stdout.startswith("usage: python -m dcvae.contamination rows")


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGINT for another process")
def test_ctrl_c_leaves_what_is_done(data, tmp_path):
    folder = tmp_path / "out"
    command = [sys.executable, "-m", "dcvae.contamination"]
    asked = words(data, "--out", folder, "--runs", 500)[1:]
    with subprocess.Popen(
        [*command, *map(str, asked)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stdout:
            if line.startswith("12/"):
                os.kill(process.pid, signal.SIGINT)
                break
        process.stdout.read()
        said = process.stderr.read()
    assert process.returncode == 130
    (number,) = re.findall(r"interrupted; ([\d,]+) of 5,000 experiments are in", said)
    lines = (folder / "results.csv").read_text().splitlines()
    assert len(lines) - 1 >= int(number.replace(",", "")) >= 12
    assert "Traceback" not in said
    assert not (folder / ".lock").exists()
