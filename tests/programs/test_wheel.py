"""The wheel: built, checked, installed into a fresh environment, and used in an empty folder."""

import json
import os
import re
import subprocess
import sys
import sysconfig
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


# Nothing of this folder: what is installed is used.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def run(*words: object, cwd: Path) -> str:
    done = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def needed_by(archive: zipfile.ZipFile) -> set[str]:
    """The requirements of a wheel, as requirements.txt writes them, without those of extras."""
    (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    lines = re.findall(r"^Requires-Dist: (.*)$", archive.read(name).decode(), re.MULTILINE)
    found = set()
    for line in lines:
        if "extra ==" not in line:
            package, bounds = re.fullmatch(r"([\w-]+)(.*)", line).groups()
            found.add(package + ",".join(sorted(bounds.split(","), reverse=True)))
    return found


@pytest.mark.slow
def test_wheel_is_built_installed_and_used(tmp_path: Path) -> None:
    built, empty = tmp_path / "built", tmp_path / "empty"
    empty.mkdir()
    pip = (sys.executable, "-m", "pip")
    run(*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", built, ROOT, cwd=tmp_path)
    (wheel,) = built.glob("dcvae-*.whl")
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, cwd=tmp_path)
    archive = zipfile.ZipFile(wheel)
    names = archive.namelist()
    assert needed_by(archive) == {
        re.sub(r"\s*#.*", "", line)
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if line and not line.startswith("#")
    }
    assert {"dcvae/py.typed", "dcvae/config/presets/recommended.txt"} <= set(names)
    assert "dcvae/report/page_assets/page.html" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "docs/"))]

    # What it needs is here already: to unpack TensorFlow once more would take minutes.
    run(sys.executable, "-m", "venv", "--without-pip", "fresh", cwd=tmp_path)
    programs = tmp_path / "fresh" / ("Scripts" if sys.platform == "win32" else "bin")
    python = programs / "python"
    run(*pip, "--python", python, "install", "--quiet", "--no-deps", wheel, cwd=tmp_path)
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    own = Path(run(python, "-c", code, cwd=empty).strip())
    (own / "needed.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n")
    code = "import dcvae; print(dcvae.__file__)"
    assert Path(run(python, "-c", code, cwd=empty).strip()).is_relative_to(tmp_path)

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
    assert (results / "report.html").stat().st_size > 100_000
    assert json.loads((results / "metrics.json").read_text())["baselines"] is not None

    code = "from dcvae import DCVAEDetector as D; print(D.load('models/quick').get_params()['T'])"
    assert run(python, "-c", code, cwd=empty).strip() == "16"
