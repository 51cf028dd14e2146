"""What in a folder of results is of this program; names of figures, no two the same."""

import re
from pathlib import Path

import pytest

from dcvae.report.results_place import figure_name, foreign


@pytest.mark.parametrize(
    ("series", "name"),
    [
        ("TS4", "series_003_TS4"),
        ("web1 cpu", "series_003_web1-cpu"),
        ("../../etc/passwd", "series_003_etc-passwd"),
        ("a\\b:c*d?", "series_003_a-b-c-d"),
        ("Störung", "series_003_Storung"),
        ("温度", "series_003"),
        ("温度 1", "series_003_1"),
        ("...", "series_003"),
        ("a\nb", "series_003_a-b"),
        ("rate_5m", "series_003_rate_5m"),
        ("x" * 300, "series_003_" + "x" * 60),
    ],
)
def test_a_figure_is_named_after_its_series(series: str, name: str) -> None:
    assert figure_name(2, series) == name
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,100}", name)


def test_series_whose_names_look_the_same_have_figures_of_their_own() -> None:
    names = ["a b", "a-b", "A B", "a/b", "", "温度", "圧力"]
    assert len({figure_name(*pair).casefold() for pair in enumerate(names)}) == len(names)
    assert figure_name(1233, "a") == "series_1234_a"


def test_files_that_another_detector_does_not_write_are_not_kept(tmp_path: Path) -> None:
    """Those of the earlier run would be taken for those of the later one."""
    before, now = tmp_path / "before", tmp_path / "now"
    for folder in (before, now):
        folder.mkdir()
    for name in ("reconstructions", "abs_error", "sigma", "latent_space", "losses", "metrics"):
        (before / f"{name}.csv").write_text("of the network")
    (before / "mine.csv").write_text("mine")
    assert list(foreign(before, now)) == [Path("mine.csv")]
