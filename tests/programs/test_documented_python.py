"""The Python of the front page and of the guide: it runs as it stands, with a short training."""

import re
from pathlib import Path

import pytest

from support.script_tools import ROOT, run_one_after_the_other

AS_GIVEN, QUICK = "T=64, seed=1", "T=64, seed=1, epochs=1, steps_per_epoch=2"
PAGES = ("README.md", "docs/guide/python.md")


@pytest.mark.slow
def test_python_of_the_pages_runs(tmp_path: Path) -> None:
    programs = []
    for page in PAGES:
        blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)
        assert AS_GIVEN in blocks[0]
        programs.append("\n".join(blocks).replace(AS_GIVEN, QUICK))
    (tmp_path / "data").symlink_to(ROOT / "data")
    run_one_after_the_other(programs, tmp_path, "-W", "error::UserWarning")
    assert (tmp_path / "models").is_dir()


@pytest.mark.slow
def test_python_of_the_page_on_contamination_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "guide" / "contamination.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    (printed,) = run_one_after_the_other(["\n".join(blocks)], tmp_path, "-W", "error::UserWarning")
    assert printed.startswith(("Up to ", "Already "))
    assert [*tmp_path.iterdir()] == [tmp_path / "pumps.npz"]
