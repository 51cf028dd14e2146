"""Examples: each runs as it stands, from the project's folder, and prints what it promises."""

import subprocess
import sys

import pytest

from support.script_tools import ROOT

PRINTED = {
    "strangest_stretches": "rows; ",
    "thresholds": "1.5 times the strangest training row",
    "compare_detectors": "isolation forest",
}


def test_every_example_is_run() -> None:
    assert {path.stem for path in (ROOT / "examples").glob("*.py")} == set(PRINTED)


@pytest.mark.slow
@pytest.mark.parametrize("name", PRINTED)
def test_example_runs(name: str) -> None:
    done = subprocess.run(
        [sys.executable, f"examples/{name}.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert PRINTED[name] in done.stdout
