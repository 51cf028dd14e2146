"""Accessibility of the page: no violation by axe-core, light and dark, with and without events."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from support import report_content
from support.browser import drawn, opened, written

pytestmark = pytest.mark.slow


def violations(page):
    """What axe-core says of everything on the page, folded parts opened."""
    page.evaluate(
        "document.querySelectorAll('details').forEach((folded) => { folded.open = true; })"
    )
    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation(browser, page_file, tmp_path, theme):
    made = report_content.content(400, 2)
    nothing = report_content.changed(
        made,
        events=report_content.NO_EVENTS,
        event_series=None,
        flags=np.zeros_like(made.flags),
        labels=None,
        metrics=None,
        baselines=None,
        findings=[],
        other_limits=None,
    )
    empty = written(nothing, tmp_path)
    for path, size in ((page_file, (1280, 800)), (page_file, (390, 844)), (empty, (1280, 800))):
        page = opened(browser, path, size)
        page.emulate_media(color_scheme=theme)
        drawn(page, 0)
        assert violations(page) == [], size
        if path is page_file:
            page.locator("#event-table [data-mark=right]").first.click()
            page.evaluate("location.hash = '#event=2'")
            page.wait_for_function("() => document.getElementById('event-view').open")
            assert violations(page) == [], size
        page.context.close()
