"""The wheel: built, checked, installed into a fresh environment, and used in an empty folder."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.script_tools import ROOT

SAMPLE = ROOT / "data" / "sample"
KEYS = {
    "model_name": "quick",
    "T": 16,
    "cnn_units": [8, 8],
    "dil_rate": [1, 2, 4],
    "J": 2,
    "epochs": 1,
    "steps_per_epoch": 20,
    "summary": False,
    "custom_metrics": False,
}


def run(*words: object, cwd: Path) -> str:
    done = subprocess.run(
        list(map(str, words)), cwd=cwd, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_wheel_is_built_installed_and_used(tmp_path: Path) -> None:
    built, empty = tmp_path / "built", tmp_path / "empty"
    empty.mkdir()
    pip = (sys.executable, "-m", "pip")
    run(*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", built, ROOT, cwd=tmp_path)
    (wheel,) = built.glob("dcvae-*.whl")
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, cwd=tmp_path)
    names = zipfile.ZipFile(wheel).namelist()
    assert {"dcvae/py.typed", "dcvae/config/presets/recommended.txt"} <= set(names)
    assert "dcvae/report/page_assets/page.html" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "docs/"))]

    run(sys.executable, "-m", "venv", "fresh", cwd=tmp_path)
    programs = tmp_path / "fresh" / ("Scripts" if sys.platform == "win32" else "bin")
    run(programs / "python", "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)

    dcvae = programs / "dcvae"
    assert run(dcvae, "settings", "recommended", cwd=empty) == (
        ROOT / "settings" / "recommended.txt"
    ).read_text(encoding="utf-8")
    (empty / "mine.txt").write_text(json.dumps(KEYS))
    run(dcvae, "train", SAMPLE / "train.csv", "mine.txt", cwd=empty)
    run(
        dcvae,
        "thresholds",
        *(SAMPLE / "val.csv", SAMPLE / "labels_val.csv", "mine.txt"),
        cwd=empty,
    )
    labels = SAMPLE / "labels_test.csv"
    run(dcvae, "detect", SAMPLE / "test.csv", "mine.txt", "--labels", labels, cwd=empty)
    results = empty / "models" / "quick" / "results" / "test"
    assert (results / "report.html").stat().st_size > 1_000_000
    assert json.loads((results / "metrics.json").read_text())["baselines"] is not None

    code = "from dcvae import DCVAEDetector as D; print(D.load('models/quick').get_params()['T'])"
    assert run(programs / "python", "-c", code, cwd=empty).strip() == "16"
