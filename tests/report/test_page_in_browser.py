"""The page in a real browser: it answers to mouse and keyboard, and says nothing on the console.

What it looks like is in test_page_looks.py, the view of an event in test_event_view.py.
"""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Route

from support import report_content
from support.browser import (
    column,
    drag_across,
    drawn,
    known,
    marks_of,
    opened,
    range_of,
    shown,
    written,
)

pytestmark = pytest.mark.slow
ASSETS = Path(__file__).parents[2] / "dcvae" / "report" / "page_assets"
DAY = 86_400_000


def strengths(page):
    return [float(text.split()[1]) for text in column(page, "strength")]


def test_events_are_sorted_and_filtered(page, content):
    strength = page.locator("#event-table th[data-key=strength]")
    strength.locator("button").click()
    assert strength.get_attribute("aria-sort") == "descending"
    assert strengths(page) == sorted(strengths(page), reverse=True)
    assert len(strengths(page)) == len(content.events)
    strength.locator("button").press("Enter")
    assert strength.get_attribute("aria-sort") == "ascending"
    assert strengths(page) == sorted(strengths(page))
    page.locator("#event-table th[data-key=rank] button").click()
    assert [int(text) for text in column(page, "rank")] == [
        *range(1, len(content.events) + 1),
    ]
    page.locator("#event-table th[data-key=event] button").click()
    assert strength.get_attribute("aria-sort") == "none"
    assert column(page, "event") == [str(number) for number in content.events["event"]]
    page.locator("#event-table tbody a").first.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "2"
    page.select_option("#event-filter", "1")
    expected = [
        str(event)
        for event, names in zip(content.events["event"], content.events["series"], strict=True)
        if content.series[1] in names
    ]
    assert 0 < len(expected) < len(content.events)
    assert column(page, "event") == expected
    assert page.inner_text("#event-count") == f"{len(expected)} of {len(content.events)} events"


def test_events_say_what_they_are_and_why_their_alarm_ended(page, content):
    scores = [f"{score:.3g}" for score in content.events["peak_score"]]
    assert column(page, "kind") == content.events["kind"].tolist()
    assert column(page, "start") == [f"{time:%Y-%m-%d %H:%M}" for time in content.events["start"]]
    assert column(page, "score") == scores
    assert column(page, "ended") == content.events["ended"].tolist()
    assert set(column(page, "kind")) == {"incident", "level shift"}
    first = content.event_series.iloc[0]
    text = column(page, "began")[0]
    assert text.startswith(f"{first['series']}: ")
    assert text.split(" and ")[0].endswith(" was expected")
    button = page.locator("#event-table th[data-key=score] button")
    assert button.get_attribute("title") == "times its recent level; an alarm begins at 1"
    button.click()
    assert column(page, "score") == sorted(scores, key=float, reverse=True)


def test_dragging_buttons_and_keys_move_all_charts(page, content):
    drawn(page, 0)
    whole = range_of(page, 0)
    assert whole[1] - whole[0] > 13 * DAY
    drag_across(page, "plot-0")
    for number in (0, 1):
        drawn(page, number)
        low, high = range_of(page, number)
        assert high - low == pytest.approx(0.2 * (whole[1] - whole[0]), rel=0.05)
    for days in (1, 7):
        button = page.locator(f"[data-days='{days}']")
        button.click()
        drawn(page, 0)
        low, high = range_of(page, 0)
        assert high - low == pytest.approx(days * DAY, rel=1e-6)
        assert button.get_attribute("aria-pressed") == "true"
    page.click("#later")
    drawn(page, 0)
    assert range_of(page, 0)[0] > low
    score = shown(page, "score-plot", "plot.shown.x")
    assert score == pytest.approx(range_of(page, 0))
    page.locator("#plot-0 .u-over").dblclick()
    drawn(page, 0)
    assert range_of(page, 0) == pytest.approx(whole)
    box = page.locator("#heat-plot canvas").bounding_box()
    page.locator("#heat-plot canvas").click(
        position={"x": box["width"] / 2, "y": box["height"] - 55}
    )
    page.wait_for_selector("#chart-4[data-state=drawn]")
    low, high = range_of(page, 4)
    assert high - low < 3 * DAY
    page.click("#reset")
    drawn(page, 4)
    assert range_of(page, 4) == pytest.approx(whole)


def test_charts_may_be_as_high_as_the_band(browser, tmp_path):
    made = report_content.content(2000, 2)
    made.values[1000, 0] = 1e6 * made.mean[1000, 0]
    made.flags[1000, 0] = True
    page = opened(browser, written(made, tmp_path))
    drawn(page, 0)
    height = "[plot.u.scales.y.min, plot.u.scales.y.max]"
    assert shown(page, "plot-0", height)[1] > made.values[1000, 0]
    page.select_option("#height", "band")
    drawn(page, 0)
    low, high = shown(page, "plot-0", height)
    mean, sigma = made.mean[:, 0], made.sigma[:, 0]
    assert low < (mean - 4.5 * sigma).min()
    assert (mean + 4.5 * sigma).max() < high < 2 * (mean + 4.5 * sigma).max()
    marks = marks_of(page, 0, "above")  # drawn at the edge, and they know how far out they are
    assert max(mark["y"] for mark in marks) == pytest.approx(made.values[1000, 0])
    complaints = page.complaints
    page.context.close()
    assert complaints == []


def test_stretches_end_where_they_end(page, content):
    """A run before the range leaves no sliver at its edge."""
    number = int(content.flags.sum(axis=0).argmax())
    drawn(page, number)
    page.click("[data-days='7']")
    drawn(page, number)
    edges = np.ravel(shown(page, f"plot-{number}", "plot.stretches['flagged rows']"))
    assert edges.size
    flagged = content.times[content.flags[:, number]].as_unit("us").asi8 / 1000.0
    step = 300_000
    for edge in edges:  # no thinner than two pixels, so up to two of them after the row
        assert np.abs(flagged - edge).min() <= step / 2 + 2 * 7 * DAY / 2000


def test_many_events_are_paged(browser, tmp_path):
    made = report_content.content(20_000, 4)
    flags = np.zeros_like(made.flags)
    flags[::4, 1] = True
    events = report_content.events_of(
        made.times, made.values - made.mean, flags, made.alpha_up, list(made.series)
    )
    assert len(events) == 5000
    made = report_content.changed(made, flags=flags, events=events, event_series=None)
    page = opened(browser, written(made, tmp_path))
    assert page.locator("#event-table tbody tr").count() == 200
    assert page.inner_text("#event-page") == "page 1 of 25"
    assert page.inner_text("#all-events") == "All 5,000 events"
    page.click("#event-next")
    assert column(page, "event")[0] == "201"
    page.locator("#event-table tbody tr").first.click()
    assert page.inner_text("#view-title").startswith("Event 201: ")
    page.click("#view-in-charts")
    drawn(page, 1)
    low, high = range_of(page, 1)
    assert low < made.times[800].timestamp() * 1000 < high
    complaints = page.complaints
    page.context.close()
    assert complaints == []


def test_the_modules_run_each_in_its_own_scope_too(browser, page_file):
    """Joined, a module would find a name that it forgot to import; as a module, it does not."""
    made = page_file.read_text(encoding="utf-8")
    made = made[: made.rindex("<script>")] + '<script type="module" src="page.js"></script>'
    made = made.replace("script-src 'unsafe-inline'", "script-src 'unsafe-inline' 'self'")

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix("http://page.test/").partition("#")[0]
        if name == "report.html":
            route.fulfill(body=made, content_type="text/html")
        else:
            route.fulfill(path=ASSETS / name, content_type="text/javascript")

    page = browser.new_page(reduced_motion="reduce")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route("http://page.test/**", answer)
    page.goto("http://page.test/report.html")
    page.wait_for_selector("html[data-state=ready]", state="attached")
    assert page.title().startswith("sample")
    page.fill("#limit", "2")
    page.click("#score-details summary")
    page.click("#event-table th[data-key=strength] button")
    page.select_option("#event-filter", "1")
    page.locator("#event-table tbody [data-mark=right]").first.click()
    page.locator("#event-table tbody a").first.press("Enter")
    page.press("#event-view", "ArrowRight")
    page.locator("#view-marks [data-mark=wrong]").click()
    page.click("#view-copy")
    page.click("#view-in-charts")
    drawn(page, 1)
    page.click("[data-days='7']")
    page.click("#earlier")
    page.select_option("#height", "band")
    page.select_option("#go-to", "4")
    drawn(page, 4)
    drag_across(page, "plot-4")
    page.hover("#plot-4 .u-over")
    page.click("#mark-missed")
    page.click("#missed-list button")
    page.locator("[data-theme-choice=dark]").click()
    page.locator("#calibration-plot").scroll_into_view_if_needed()
    page.select_option("#calibration-series", index=1)
    page.locator("#heat-plot canvas").hover(position={"x": 400, "y": 5})
    with page.expect_download():
        page.click("#export-labels")
    with page.expect_download():
        page.click("#export-events")
    page.locator("#heat-plot canvas").click(position={"x": 400, "y": 60})
    page.click("#reset")
    drawn(page, 0)
    assert known(shown(page, "plot-0", "plot.table.value"))
    page.context.close()
    assert complaints == []
