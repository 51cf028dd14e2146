"""The page of two runs in a real browser: one load of it, and what can be done with it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from dcvae.report.compared import Comparison, Run, match_events
from dcvae.report.page.comparison import render_comparison
from support.browser import opened
from support.builders import settings_with

pytestmark = pytest.mark.slow

TIMES = pd.date_range("2024-03-01", periods=600, freq="5min")


def run_with(name: str, spans: list[tuple[int, int]]) -> Run:
    """A run with alarms in some rows, of which the first rows are not judged."""
    alarm = np.zeros(len(TIMES), dtype=bool)
    for first, last in spans:
        alarm[first : last + 1] = True
    score = np.where(alarm, 5.0, 0.5)
    score[:50] = np.nan
    events = pd.DataFrame(
        {
            "event": range(1, len(spans) + 1),
            "kind": "incident",
            "start": TIMES[[first for first, _ in spans]],
            "alarm_start": TIMES[[first for first, _ in spans]],
            "alarm_end": TIMES[[last for _, last in spans]],
            "duration_seconds": [300.0 * (last - first + 1) for first, last in spans],
            "began_with": "<b>flow</b>",
            "times_limit": 5.0,
        }
    )
    return Run(
        Path("results"),
        {"model": name, "data": "march.csv", "verdict": f"{len(spans)} alarms"},
        settings_with(model_name=name),
        events,
        TIMES,
        score,
        score,
        1.0,
        alarm,
        np.isnan(score),
    )


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """What axe-core says of the page, light and dark."""
    found = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        found += Axe().run(page).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


def test_two_runs_are_seen_and_one_can_look_closer(browser: Browser, tmp_path: Path) -> None:
    first = run_with("before", [(100, 120), (300, 310)])
    second = run_with("after", [(110, 130), (500, 520)])
    titled = settings_with(model_name="after", titles={"<b>flow</b>": "Inlet"})
    second = replace(second, settings=titled)
    made = Comparison(
        first,
        second,
        match_events(first.events, second.events),
        pd.DataFrame({"first": [0.5, 3.0], "second": [0.75, 1.0]}, ["f1", "false_alarms_per_week"]),
        (("alarm_hold", "12", "3"),),
    )
    path = tmp_path / "compare.html"
    path.write_text(render_comparison(made), encoding="utf-8")
    page = opened(browser, path)
    assert page.inner_text("#verdict") == made.sentence()
    assert page.locator("#runs dd").all_inner_texts() == ["2 alarms", "2 alarms"]

    lines = page.locator("#pair-table tbody tr")
    assert lines.count() == 3
    assert violations(page) == []
    assert "<b>flow</b>" in lines.first.inner_text()  # a name is text, not HTML
    assert "Inlet" in lines.first.inner_text()
    assert lines.first.inner_text().endswith(made.events_side_by_side()[0][-1])
    page.select_option("#which", "second")
    assert lines.count() == 1
    assert "2024-03-02 17:40" in lines.first.inner_text()

    shown = "() => [0, 1].map((n) => document.getElementById(`score-plot-${n}`).plot.shown.x)"
    whole = page.evaluate(shown)
    assert whole[0] == whole[1]
    lines.first.focus()
    page.keyboard.press("Enter")
    near = page.evaluate(shown)
    assert near[0] == near[1]
    start, end = (TIMES[row].timestamp() * 1000 for row in (500, 520))
    assert near[0][0] < start < end < near[0][1] < whole[0][1] + 1
    page.click("#reset")
    assert page.evaluate(shown) == whole

    # The better of each metric: the larger F1, the fewer false alarms.
    stars = page.locator("#metrics-body tr").evaluate_all(
        "rows => rows.map((row) => [...row.cells].findIndex((cell) => cell.className === 'best'))"
    )
    assert stars == [-1, 2, 2]
    assert page.locator("#settings-body td").all_inner_texts() == ["12", "3"]
    page.set_viewport_size({"width": 390, "height": 844})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not page.complaints
    page.context.close()


def test_runs_without_events_labels_and_differences_say_so(
    browser: Browser, tmp_path: Path
) -> None:
    run = run_with("quiet", [])
    made = Comparison(run, replace(run), match_events(run.events, run.events), None, ())
    path = tmp_path / "compare.html"
    path.write_text(render_comparison(made), encoding="utf-8")
    page = opened(browser, path)
    assert page.inner_text("#verdict") == "Neither run has an event."
    assert "Neither run was in alarm" in page.inner_text("#events-body")
    assert "Both runs need --labels" in page.inner_text("#metrics-body")
    assert page.inner_text("#settings-body") == "Both runs have the same settings."
    assert violations(page) == []
    assert not page.complaints
    page.context.close()
