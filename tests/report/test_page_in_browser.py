"""The page in a real browser: it answers to mouse and keyboard, and says nothing on the console.

What it looks like is in test_page_looks.py.
"""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Route

from support import report_content
from support.browser import column, drag_across, drawn, opened, range_of, written

pytestmark = pytest.mark.slow
ASSETS = Path(__file__).parents[2] / "dcvae" / "report" / "page_assets"


def test_events_are_sorted_by_mouse_and_keyboard(page, content):
    strength = page.locator("#event-table th[data-key=strength]")
    strength.locator("button").click()
    assert strength.get_attribute("aria-sort") == "descending"
    values = [float(text.split()[0]) for text in column(page, 8)]
    assert values == sorted(values, reverse=True)
    assert len(values) == len(content.events)
    strength.locator("button").press("Enter")
    assert strength.get_attribute("aria-sort") == "ascending"
    assert [float(text.split()[0]) for text in column(page, 8)] == sorted(values)
    page.locator("#event-table th[data-key=event] button").click()
    assert strength.get_attribute("aria-sort") == "none"
    assert column(page, 1) == [str(number) for number in content.events["event"]]


def test_events_are_filtered_by_series(page, content):
    page.select_option("#event-filter", "1")
    expected = [
        str(event)
        for event, names in zip(content.events["event"], content.events["series"], strict=True)
        if content.series[1] in names
    ]
    assert 0 < len(expected) < len(content.events)
    assert column(page, 1) == expected
    assert page.inner_text("#event-count") == f"{len(expected)} of {len(content.events)} events"


def test_events_say_what_they_are_and_why_their_alarm_ended(page, content):
    shown = [f"{score:.3g}" for score in content.events["peak_score"]]
    assert column(page, 2) == content.events["kind"].tolist()
    assert column(page, 4) == [f"{time:%Y-%m-%d %H:%M}" for time in content.events["end"]]
    assert column(page, 7) == shown
    assert column(page, 12) == content.events["ended"].tolist()
    assert set(column(page, 2)) == {"incident", "level shift"}
    button = page.locator("#event-table th[data-key=score] button")
    assert button.get_attribute("title") == "times its recent level; an alarm begins at 1"
    button.click()
    assert column(page, 7) == sorted(shown, key=float, reverse=True)


@pytest.mark.parametrize("key", [None, "Enter", " "])
def test_choosing_an_event_moves_all_charts_to_it(page, content, key):
    row = page.locator("#event-table tbody tr").nth(2)
    if key is None:
        row.click()
    else:
        row.focus()
        row.press(key)
    event = content.events.iloc[2]
    began = list(content.series).index(event["series"][0])
    page.wait_for_selector(f"#chart-{began}[data-state=drawn]")
    page.wait_for_function(
        f"""() => {{
            const box = document.getElementById("chart-{began}").getBoundingClientRect();
            return box.top >= 0 && box.top < innerHeight;
        }}"""
    )
    assert row.get_attribute("aria-current") == "true"
    assert page.locator("#event-table [aria-current]").count() == 1
    for number in (began, (began + 1) % len(content.series)):
        drawn(page, number)
        low, high = range_of(page, number)
        assert low < event["start"].timestamp() * 1000 <= event["end"].timestamp() * 1000 < high
        assert high - low < 10 * 86_400_000
    words = page.inner_text("#event-words")
    assert words == (
        f"Event 3, incident: {event['start']:%Y-%m-%d %H:%M} to {event['end']:%Y-%m-%d %H:%M}. "
        f"{event['peak_score']:.3g} times its recent level; an alarm begins at 1. In alarm "
        f"{event['alarm_start']:%Y-%m-%d %H:%M} to {event['alarm_end']:%Y-%m-%d %H:%M}; "
        "it ended: calm again."
    )
    page.click("#reset")
    assert page.inner_text("#event-words") == ""
    drawn(page, began)
    assert range_of(page, began)[1] - range_of(page, began)[0] > 13 * 86_400_000
    assert page.locator("#event-table [aria-current]").count() == 0


def test_arrow_keys_walk_through_the_events(page):
    page.locator("#event-table tbody tr").first.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.event") == "1"


def test_dragging_in_one_chart_zooms_another(page):
    drawn(page, 0)
    before = range_of(page, 0)
    drag_across(page, 0)
    for number in (0, 1):
        drawn(page, number)
        low, high = range_of(page, number)
        assert high - low == pytest.approx(0.2 * (before[1] - before[0]), rel=0.05)


def test_charts_may_be_as_high_as_the_band(browser, tmp_path):
    made = report_content.content(2000, 2)
    made.values[1000, 0] = 1e6 * made.mean[1000, 0]
    made.flags[1000, 0] = True
    page = opened(browser, written(made, tmp_path))
    drawn(page, 0)
    axis = 'document.getElementById("plot-0")._fullLayout.yaxis2.range'
    assert page.evaluate(axis)[1] > made.values[1000, 0]
    page.select_option("#height", "band")
    drawn(page, 0)
    low, high = page.evaluate(axis)
    mean, sigma = made.mean[:, 0], made.sigma[:, 0]
    assert low < (mean - 4.5 * sigma).min()
    assert (mean + 4.5 * sigma).max() < high < 2 * (mean + 4.5 * sigma).max()
    mark = page.evaluate(
        """() => document.getElementById("plot-0").data
            .find((trace) => trace.name === "flagged above")"""
    )
    assert max(mark["y"]) == pytest.approx(high)  # at the edge, and saying how far out it is
    assert max(mark["customdata"]) == pytest.approx(made.values[1000, 0])
    complaints = page.complaints
    page.context.close()
    assert complaints == []


def test_stretches_end_where_they_end(page, content):
    """A run before the range leaves no sliver at its edge."""
    number = int(content.flags.sum(axis=0).argmax())
    drawn(page, number)
    page.click("[data-days='7']")
    drawn(page, number)
    corners = page.evaluate(
        f"""() => document.getElementById("plot-{number}").data
            .find((trace) => trace.name === "flagged rows").x.filter((time) => time !== null)"""
    )
    assert corners
    flagged = content.times[content.flags[:, number]].as_unit("us").asi8 / 1000.0
    step = 300_000
    for corner in corners:  # no thinner than two pixels, so up to two of them after the row
        assert np.abs(flagged - corner).min() <= step / 2 + 2 * 7 * 86_400_000 / 2000


def test_buttons_choose_a_day_a_week_and_all(page):
    drawn(page, 0)
    whole = range_of(page, 0)
    for days in (1, 7):
        button = page.locator(f"[data-days='{days}']")
        button.click()
        drawn(page, 0)
        low, high = range_of(page, 0)
        assert high - low == pytest.approx(days * 86_400_000, rel=1e-6)
        assert button.get_attribute("aria-pressed") == "true"
    page.click("#later")
    drawn(page, 0)
    assert range_of(page, 0)[0] > low
    page.click("[data-days=all]")
    drawn(page, 0)
    assert range_of(page, 0) == pytest.approx(whole)


def test_clicking_the_heat_map_zooms_there(page):
    page.locator("#heat").scroll_into_view_if_needed()
    box = page.locator("#heat-plot .nsewdrag").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.9)
    page.wait_for_selector("#chart-4[data-state=drawn]")
    low, high = range_of(page, 4)
    assert high - low < 3 * 86_400_000
    assert page.locator("#heat-plot .shapelayer path").count() == 1


def test_many_events_are_paged(browser, tmp_path):
    made = report_content.content(20_000, 4)
    flags = np.zeros_like(made.flags)
    flags[::4, 1] = True
    events = report_content.events_of(
        made.times, made.values - made.mean, flags, made.alpha_up, list(made.series)
    )
    assert len(events) == 5000
    page = opened(
        browser, written(report_content.changed(made, flags=flags, events=events), tmp_path)
    )
    assert page.locator("#event-table tbody tr").count() == 200
    assert page.inner_text("#event-page") == "page 1 of 25"
    page.click("#event-next")
    assert column(page, 1)[0] == "201"
    page.locator("#event-table tbody tr").first.click()
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
        name = route.request.url.removeprefix("http://page.test/")
        if name == "report.html":
            route.fulfill(body=made, content_type="text/html")
        else:
            route.fulfill(path=ASSETS / name, content_type="text/javascript")

    page = browser.new_page(reduced_motion="reduce")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route("http://page.test/**", answer)
    page.goto("http://page.test/report.html")
    page.wait_for_selector("#heat-plot .main-svg", state="attached")
    assert page.title().startswith("sample")
    page.click("#event-table th[data-key=strength] button")
    page.select_option("#event-filter", "1")
    page.locator("#event-table tbody tr").first.press("Enter")
    drawn(page, 1)
    page.click("[data-days='7']")
    page.click("#earlier")
    page.select_option("#height", "band")
    page.select_option("#go-to", "4")
    drawn(page, 4)
    drag_across(page, 4)
    page.click("[data-theme-choice=dark]")
    page.select_option("#calibration-series", index=1)
    box = page.locator("#heat-plot .nsewdrag").first.bounding_box()
    page.locator("#heat-plot").click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    page.click("#reset")
    drawn(page, 0)
    page.context.close()
    assert complaints == []
