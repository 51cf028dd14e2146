"""Examples: each runs as it stands, from the project's folder, and prints what it promises."""

import pytest

from support.script_tools import ROOT, run_one_after_the_other

PRINTED = {
    "strangest_stretches": "rows; ",
    "thresholds": "1.5 times the strangest training row",
    "compare_detectors": "isolation forest",
}


def test_every_example_is_run() -> None:
    assert {path.stem for path in (ROOT / "examples").glob("*.py")} == set(PRINTED)


@pytest.mark.slow
def test_examples_run() -> None:
    programs = [(ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8") for name in PRINTED]
    said = run_one_after_the_other(programs, ROOT)
    for printed, (name, promised) in zip(said, PRINTED.items(), strict=True):
        assert promised in printed, name
