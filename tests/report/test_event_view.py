"""The view of one event in a real browser: ways into it, what it shows, and its address."""

import re

import pytest

from support.browser import opened, shown

pytestmark = pytest.mark.slow


def plots_of_view(page):
    return page.evaluate(
        """() => [...document.querySelectorAll("#view-charts .plot")]
            .map(({ plot }) => ({ range: plot.shown.x, event: plot.stretches.event }))"""
    )


def test_the_address_opens_an_event_with_its_series_on_one_range(browser, page_file, content):
    number = int(content.events["series"].map(len).argmax()) + 1
    event = content.events.iloc[number - 1]
    page = opened(browser, page_file, address=f"#event={number}")
    start, end = (event[name].timestamp() * 1000 for name in ("start", "end"))
    assert page.inner_text("#view-title") == (
        f"Event {number}: {event['start']:%Y-%m-%d %H:%M} to {event['end']:%Y-%m-%d %H:%M}, "
        + page.locator(f"tr[data-event='{number - 1}'] [data-key=duration]").text_content()
    )
    assert page.locator("#view-charts h3").all_inner_texts() == event["series"]
    plots = plots_of_view(page)
    assert len(plots) == len(event["series"]) > 1
    for plot in plots:
        assert plot["range"] == plots[0]["range"]
        assert plot["range"][0] < start <= end < plot["range"][1]
        assert plot["event"] == [[start - 150_000, end + 150_000]]
    lines = content.event_series[content.event_series["event"] == number]
    said = page.locator("#view-charts figcaption span").all_inner_texts()
    assert len(said) == len(lines)
    for text, actual, expected in zip(said, lines["actual"], lines["expected"], strict=True):
        assert re.search(r"\d.* where .*\d.* was expected$", text), (text, actual, expected)
    # Zooming one zooms all of them, and nothing behind the view.
    box = page.locator("#view-charts .u-over").first.bounding_box()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 50, steps=4)
    page.mouse.up()
    width = plots[0]["range"][1] - plots[0]["range"][0]
    for plot in plots_of_view(page):
        assert plot["range"][1] - plot["range"][0] == pytest.approx(0.2 * width, rel=0.05)
    assert shown(page, "score-plot", "plot.shown.x[1] - plot.shown.x[0]") > 13 * 86_400_000
    complaints = page.complaints
    page.context.close()
    assert complaints == []


def test_keys_walk_from_event_to_event_and_close_the_view(page, content):
    link = page.locator("#event-table tbody a").nth(2)
    link.press("Enter")
    assert page.evaluate("location.hash") == "#event=3"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("location.hash") == "#event=4"
    assert page.inner_text("#view-title").startswith("Event 4: ")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#view-title").startswith("Event 2: ")
    page.keyboard.press("Escape")
    page.wait_for_function("() => location.hash === ''")
    assert not page.locator("#event-view").is_visible()
    assert page.locator("#event-table [aria-current]").count() == 1
    assert page.evaluate("document.activeElement.textContent") == "2"
    page.evaluate("location.hash = '#event=1'")
    page.wait_for_function("() => document.getElementById('event-view').open")
    assert page.is_disabled("#view-previous")
    page.click("#view-close")


def test_cards_score_and_heat_map_lead_to_events(page, content):
    order = content.events.sort_values("times_limit", ascending=False)
    order = [*order[order["kind"] == "incident"]["event"]]
    cards = page.locator("#cards .card")
    assert cards.count() == 4
    texts = cards.all_inner_texts()
    for text, number in zip(texts, order, strict=False):
        event = content.events.iloc[number - 1]
        assert f"{event['start']:%Y-%m-%d %H:%M}" in text
        assert f"{event['series'][0]}: " in text
        assert " was expected" in text
        assert f"Event {number} " in text
    assert page.evaluate(
        """() => [...document.querySelectorAll("#cards .plot")].every(({ plot }) =>
            plot.table.value.some((value) => value !== null)
            && plot.stretches.event.length === 1)"""
    )
    cards.first.click()
    page.wait_for_function("() => document.getElementById('event-view').open")
    assert page.inner_text("#view-title").startswith(f"Event {order[0]}: ")
    page.keyboard.press("Escape")
    event = content.events.iloc[order[1] - 1]
    middle = (event["alarm_start"].timestamp() + event["alarm_end"].timestamp()) * 500
    x = shown(page, "score-plot", f"plot.u.valToPos({middle}, 'x')")
    page.locator("#score-plot .u-over").click(position={"x": x, "y": 20})
    assert page.inner_text("#view-title").startswith(f"Event {order[1]}: ")
    page.keyboard.press("Escape")
    # The map is as wide as the score; its row of alarms is the first.
    share = (middle - content.times[0].timestamp() * 1000) / (
        (content.times[-1] - content.times[0]).total_seconds() * 1000
    )
    canvas = page.locator("#heat-plot canvas")
    box = canvas.bounding_box()
    name = page.evaluate("document.querySelector('#heat-plot canvas').plot.left")
    left = name + 0.01 / 1.02 * (box["width"] - 12 - name)
    x = left + share * (box["width"] - 12 - name) / 1.02
    canvas.click(position={"x": x, "y": 8})
    assert page.inner_text("#view-title").startswith(f"Event {order[1]}: ")


def test_an_event_is_copied_as_text(page, content):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#event-table tbody tr").nth(2).click()
    page.click("#view-copy")
    page.wait_for_function("() => document.getElementById('view-copied').value === 'Copied.'")
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    event = content.events.iloc[2]
    assert lines[0] == "Event 3 (incident) in servers_2024.csv"
    assert lines[1].startswith(f"When: {event['start']:%Y-%m-%d %H:%M} to ")
    assert "an alarm begins at 1" in lines[3]
    assert lines[-1] == "Model: sample"
    series = lines[5:-1]
    assert [line.split(". ")[1].split(":")[0] for line in series] == event["series"]
    assert all(line.endswith(" was expected") for line in series)
