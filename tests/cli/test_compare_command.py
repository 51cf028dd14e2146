"""`dcvae compare`: two runs beside each other, on the terminal and as a page."""

import json
from pathlib import Path

import pytest

from dcvae.report import ResultsFolder, compare_runs, read_run
from support.review_content import files_in, review_of
from support.script_tools import call_program, good


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Results of one file; in the second, residuals are so small that there is no event."""
    folders = []
    for name, factor in (("one", 1.0), ("other", 0.1)):
        files = files_in(tmp_path_factory.mktemp(name))
        with ResultsFolder(files.model.folder, files.data) as results:
            results.write(review_of(files, residual_factor=factor))
        folders.append(results.folder)
    return folders


def test_what_is_said_and_written(runs: list[Path], tmp_path: Path) -> None:
    page = tmp_path / "both.html"
    said = good(call_program("compare", *runs, "--output", page)).stdout.splitlines()
    assert said[0] == "0 events in both, 1 only in the first, 0 only in the second."
    assert said[1].startswith("first   tiny on data.csv: 1 alarm in ")
    assert said[2].startswith("second  tiny on data.csv: No alarm in ")
    (line,) = [line for line in said if line.startswith("2021-02-01 00:30:00")]
    assert line.split()[-1] == "-"
    assert said[-1] == f"to look at: {page}"
    text = page.read_text(encoding="utf-8")
    assert "0 events in both, 1 only in the first" in text
    assert str(runs[0].parent) not in text  # a page is passed on
    again = good(call_program("compare", *runs, "--output", page, "--json"))
    assert json.loads(again.stdout) == compare_runs(*map(read_run, runs)).to_dict()
    assert page.read_text(encoding="utf-8") == text
    assert good(call_program("compare", *runs, "--output", page, "--quiet")).stdout == ""


def test_a_file_that_is_no_page_stays(runs: list[Path], tmp_path: Path) -> None:
    mine = tmp_path / "notes.html"
    mine.write_text("mine")
    ended = call_program("compare", *runs, "--output", mine)
    assert ended.returncode == 2
    assert ended.stderr == (
        f"error: {mine} is there already, and is no such page of this program. Give another "
        "path, or remove the file.\n"
    )
    assert mine.read_text() == "mine"


def test_no_results_are_refused(runs: list[Path], tmp_path: Path) -> None:
    ended = call_program("compare", runs[0], tmp_path, "--output", tmp_path / "page.html")
    assert ended.returncode == 2
    assert "holds no results that can be compared: metrics.json is missing" in ended.stderr
    assert not list(tmp_path.iterdir())
