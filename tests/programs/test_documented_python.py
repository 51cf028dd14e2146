"""The Python of the front page and of the guide: it runs as it stands, with a short training."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.script_tools import ROOT

AS_GIVEN, QUICK = "T=64, seed=1", "T=64, seed=1, epochs=1, steps_per_epoch=2"


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/guide/python.md"])
def test_python_of_a_page_runs(page: str, tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)
    assert AS_GIVEN in blocks[0]
    (tmp_path / "data").symlink_to(ROOT / "data")
    program = "\n".join(blocks).replace(AS_GIVEN, QUICK)
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "models").is_dir()
