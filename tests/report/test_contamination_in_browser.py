"""The page of a study of contamination in a real browser: what it says, shows and lets one do."""

from pathlib import Path

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from dcvae.contamination.results.found import StudyResults
from dcvae.contamination.results.table import as_frame
from support.browser import opened

pytestmark = pytest.mark.slow

SHARES = (0.0, 0.05, 0.12)
MEANS = {"random": 0.1, "squared-norm": 0.5, "ecod": 0.6, "<b>mine</b>": 0.7}
ABOUT = {"unit": "rows", "data": "pumps.npz", "anomaly": "label `leak`", "seed": 1}


def lines_of(detector: str) -> list[dict[str, object]]:
    return [
        {
            "detector": detector,
            "rho": rho,
            "run": run,
            "anomaly_share": 0.25,
            "auroc": 0.9,
            "aupr": MEANS[detector] - rho + 0.01 * run,
            "seconds": 0.5,
            "notes": "collapsed" if detector == "ecod" else "",
        }
        for rho in SHARES
        for run in (1, 2)
    ]


def results() -> StudyResults:
    lines = [line for detector in MEANS for line in lines_of(detector)]
    lines.append({"detector": "lof", "rho": 0.0, "run": 1, "failure": "no <i>memory</i>"})
    suspects = pd.DataFrame(
        {
            "place": range(1, 251),
            "row": range(1001, 1251),
            "contaminated": [True, False] * 125,
            "median_rank": 0.01,
        }
    )
    about = {**ABOUT, "notices": ["60 of 100 normal rows are used."]}
    return StudyResults(about, as_frame(lines), suspects)


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """What axe-core says of the page, light and dark."""
    found = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        found += Axe().run(page).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


def test_a_study_is_seen_and_one_can_look_closer(browser: Browser, tmp_path: Path) -> None:
    found = results()
    path = tmp_path / "page.html"
    path.write_text(found.page(), encoding="utf-8")
    page = opened(browser, path)
    assert page.inner_text("#answer") == found.answer
    assert page.locator("#about dd").all_inner_texts() == [
        *("label `leak`", "25 %", "2", "0 %, 5 %, 12 %"),
    ]
    assert page.locator("#notices p").all_inner_texts() == [
        "lof failed in 1 of 1 experiments: no <i>memory</i>",
        "60 of 100 normal rows are used.",
        "ecod, in 6 experiments: collapsed",
    ]
    assert violations(page) == []

    # Average precision first; a name is text, not HTML.
    assert page.inner_text("#losses-title") == "Numbers: average precision"
    rows = page.locator("#losses-body tbody tr")
    assert rows.locator("th").all_inner_texts() == [*MEANS]
    ecod = rows.nth(2).locator("td").all_inner_texts()
    assert ecod[:3] == ["0.615 ± 0.007", "0.565 ± 0.007", "0.495 ± 0.007"]
    assert ecod[3:] == ["0.050 0.050 to 0.050", "0.120 0.120 to 0.120", "0 %", "0.5"]
    page.select_option("#metric", "auroc")
    assert page.inner_text("#losses-title") == "Numbers: area under the ROC curve"
    assert rows.nth(2).locator("td").first.inner_text() == "0.900 ± 0.000"
    page.select_option("#metric", "aupr")

    shown = "document.getElementById('plot').plot.table"
    means = page.evaluate(f"{shown}['ecod']")
    assert means == pytest.approx([0.615, 0.565, 0.495])
    page.locator("#lines button", has_text="ecod").press("Enter")
    assert page.evaluate(f"{shown}['ecod']") == [None, None, None]
    assert page.locator("#lines button[aria-pressed=false]").all_inner_texts() == ["ecod"]

    suspects = page.locator("#suspects-body tbody tr")
    assert suspects.count() == 200
    assert suspects.first.locator("td").all_inner_texts() == ["1", "1,001", "yes", "1 %"]
    assert "The first 200 of 250 in suspects.csv" in page.inner_text("#suspects-body")
    page.set_viewport_size({"width": 390, "height": 844})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not page.complaints
    page.context.close()


def test_a_study_in_which_all_fails_says_so(browser: Browser, tmp_path: Path) -> None:
    lines = [{"detector": "lof", "rho": 0.0, "run": 1, "failure": "no memory"}]
    found = StudyResults({**ABOUT, "notices": []}, as_frame(lines), pd.DataFrame({"place": []}))
    path = tmp_path / "page.html"
    path.write_text(found.page(), encoding="utf-8")
    page = opened(browser, path)
    assert page.inner_text("#answer").startswith("No detector could be studied")
    assert page.locator("#notices p").all_inner_texts() == [
        "lof failed in 1 of 1 experiments: no memory"
    ]
    assert page.locator("section").count() == 2
    assert violations(page) == []
    assert not page.complaints
    page.context.close()
