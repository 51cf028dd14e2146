"""The programs that measure: each fits the package as it is, and two of them are run, small."""

import importlib
import os
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from benchmarks import common
from dcvae.config import read_settings
from support.script_tools import ROOT

PROGRAMS = sorted(path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_finds_what_it_imports(name: str) -> None:
    with mock.patch.dict(os.environ):  # some say how much TensorFlow logs
        module = importlib.import_module(f"benchmarks.{name}")
    assert module.__doc__
    if name not in ("common", "plain", "sets"):
        assert f"python -m benchmarks.{name}" in module.__doc__
        assert callable(module.main)


def run(monkeypatch: pytest.MonkeyPatch, name: str, *words: str) -> None:
    with mock.patch.dict(os.environ):
        module = importlib.import_module(f"benchmarks.{name}")
    monkeypatch.setattr(sys, "argv", [name, *words])
    module.main()


def test_searches_for_alphas_are_timed(monkeypatch: pytest.MonkeyPatch, capsys: object) -> None:
    run(monkeypatch, "alphas", "--rows", "300", "--series", "2", "--repeats", "1")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[:2] for line in lines[-4:]] == [
        ["| point-wise", "grid"],
        ["| point-wise", "exact"],
        ["| range-based", "grid"],
        ["| range-based", "exact"],
    ]


@pytest.mark.slow
def test_scores_agree_with_the_plain_port(monkeypatch: pytest.MonkeyPatch, capsys: object) -> None:
    words = ("--rows", "200", "--series", "3", "--repeats", "1", "--passes", "64")
    scoring = importlib.import_module("dcvae.scoring.causal")
    monkeypatch.setattr(scoring, "PASS_WINDOWS", scoring.PASS_WINDOWS)  # the program changes it
    run(monkeypatch, "score", *words)
    ours = capsys.readouterr().out.splitlines()[-1].strip("| ").split(" | ")
    assert ours[0] == "ours, 64 windows a pass"
    assert float(ours[-1]) < 1e-4


def test_seed_and_epochs_of_the_command_line_come_before_those_of_the_file(tmp_path: Path) -> None:
    parser = common.parser_of_files("Measures.")
    parser.add_argument("--epochs", type=int)
    asked = read_settings(common.RECOMMENDED)
    assert common.given_settings(parser.parse_args(["files"])) == asked
    changed = common.given_settings(parser.parse_args(["files", "--seed", "0", "--epochs", "3"]))
    assert changed == asked.model_copy(update={"seed": 0, "epochs": 3})
    assert (parser.parse_args(["files"]).folder, parser.parse_args(["x"]).jobs) == (
        Path("files"),
        1,
    )


def test_whole_inputs_have_no_gap_and_no_missing_cell() -> None:
    walks = common.random_walks(50, 3)
    inputs = common.whole_input(walks)
    np.testing.assert_array_equal(inputs.values, walks)
    assert inputs.scorable(8).all()
