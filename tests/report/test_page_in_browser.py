"""The page in a real browser: it draws, answers, says nothing on the console, and fetches nothing.

The browser is the Chromium of the system: the environment variable CHROMIUM, or the first of
chromium, chromium-browser and google-chrome that is on the path. Without one these tests are
skipped, unless REQUIRE_CHROMIUM is set.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from support import report_content

from dcvae.report.page import ReportContent, render

pytestmark = pytest.mark.slow
SIZES = ((1280, 800), (1920, 1080))
ARGUMENTS = (
    "--no-sandbox",  # containers give a browser no sandbox of its own
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        message = "no Chromium found: `apt-get install chromium`, or set CHROMIUM to one"
        if os.environ.get("REQUIRE_CHROMIUM"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=[*ARGUMENTS])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def content() -> ReportContent:
    return report_content.content(4000, 5, num_events=20)


@pytest.fixture(scope="module")
def page_file(content: ReportContent, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(content, tmp_path_factory.mktemp("report"))


def written(content: ReportContent, folder: Path) -> Path:
    path = folder / "report.html"
    path.write_text(render(content), encoding="utf-8")
    return path


def opened(browser: Browser, path: Path, size: tuple[int, int] = SIZES[0]) -> Page:
    """Open a page without a network; what the console says is collected in `page.complaints`."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, offline=True, reduced_motion="reduce"
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("file:", "data:", "blob:"))
            else complaints.append(f"asked for {request.url}")
        ),
    )
    page.complaints = complaints
    page.goto(path.as_uri())
    page.wait_for_selector("#heat-plot .main-svg", state="attached")
    return page


@pytest.fixture
def page(browser: Browser, page_file: Path) -> Iterator[Page]:
    made = opened(browser, page_file)
    yield made
    complaints = made.complaints
    made.context.close()
    assert not complaints


def drawn(page: Page, number: int) -> None:
    """Scroll a chart into view and wait until it is drawn."""
    page.locator(f"#chart-{number}").scroll_into_view_if_needed()
    page.wait_for_selector(f"#chart-{number}[data-state=drawn]")


def range_of(page: Page, number: int) -> tuple[float, float]:
    """What the x axis of a chart shows, in milliseconds."""
    low, high = page.evaluate(
        f"""() => document.getElementById("plot-{number}")._fullLayout.xaxis.range.map((time) =>
            typeof time === "number" ? time : Date.parse(time.replace(" ", "T") + "Z"))"""
    )
    return low, high


def points_of(page: Page, number: int, trace: str) -> int:
    return page.evaluate(
        """([number, name]) => {
            const traces = document.getElementById(`plot-${number}`).data;
            const found = traces.find((trace) => trace.name === name);
            return found ? found.y.filter((value) => value !== null).length : 0;
        }""",
        [number, trace],
    )


def test_every_chart_is_drawn_when_it_comes_into_view(page, content):
    assert page.get_attribute("#chart-4", "data-state") == "waiting"
    for number, name in enumerate(content.series):
        drawn(page, number)
        assert page.inner_text(f"#chart-{number} h3") == name
        for trace in ("value", "expected", "band", "flagged rows", "labeled"):
            if trace == "labeled" and not content.labels[:, number].any():
                continue
            assert points_of(page, number, trace) > 3, (name, trace)
        assert page.locator(f"#plot-{number} .lines path.js-line").count() >= 1
    assert page.locator("#calibration-plot .lines path.js-line").count() == 2 + len(content.series)


def test_spikes_are_on_the_screen_at_every_zoom(page, content):
    drawn(page, 0)
    shown = page.evaluate(
        """() => document.getElementById("plot-0").data.find((trace) => trace.name === "value").y
            .filter((value) => value !== null)"""
    )
    step = np.ptp(content.values[~np.isnan(content.values[:, 0]), 0]) / 65_000
    assert max(shown) == pytest.approx(np.nanmax(content.values[:, 0]), abs=step)
    assert min(shown) == pytest.approx(np.nanmin(content.values[:, 0]), abs=step)
    assert len(shown) <= 4000


def test_the_marks_of_flags_sit_outside_the_band(page, content):
    number = int(content.flags.sum(axis=0).argmax())
    drawn(page, number)
    page.click("[data-days='1']")
    event = content.events[[content.series[number] in names for names in content.events["series"]]]
    page.select_option("#event-filter", str(number))
    page.click(f"#event-table tr[data-event='{int(event['event'].iloc[0]) - 1}']")
    drawn(page, number)
    marks = points_of(page, number, "flagged above") + points_of(page, number, "flagged below")
    low, high = range_of(page, number)
    moments = content.times.as_unit("us").asi8 / 1000.0
    margin = content.times[1].timestamp() * 1000 - content.times[0].timestamp() * 1000
    inside = (moments >= low) & (moments <= high)
    beyond = (moments >= low - margin) & (moments <= high + margin)
    assert content.flags[inside, number].sum() <= marks <= content.flags[beyond, number].sum()


def column(page: Page, place: int) -> list[str]:
    return page.locator(f"#event-table tbody td:nth-child({place})").all_inner_texts()


def test_events_are_sorted_by_mouse_and_keyboard(page, content):
    strength = page.locator("#event-table th[data-key=strength]")
    strength.locator("button").click()
    assert strength.get_attribute("aria-sort") == "descending"
    values = [float(text.split()[0]) for text in column(page, 5)]
    assert values == sorted(values, reverse=True)
    assert len(values) == len(content.events)
    strength.locator("button").press("Enter")
    assert strength.get_attribute("aria-sort") == "ascending"
    assert [float(text.split()[0]) for text in column(page, 5)] == sorted(values)
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
    page.click("#reset")
    drawn(page, began)
    assert range_of(page, began)[1] - range_of(page, began)[0] > 13 * 86_400_000
    assert page.locator("#event-table [aria-current]").count() == 0


def test_arrow_keys_walk_through_the_events(page):
    page.locator("#event-table tbody tr").first.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.event") == "1"


def test_dragging_in_one_chart_zooms_another(page):
    drawn(page, 0)
    before = range_of(page, 0)
    box = page.locator("#plot-0 .nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=5)
    page.mouse.up()
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


def test_the_theme_switch_changes_page_and_plots_and_is_remembered(page):
    drawn(page, 0)

    def colors() -> list[str]:
        return page.evaluate(
            """() => {
                const traces = document.getElementById("plot-0").data;
                const line = traces.find((trace) => trace.name === "value").line;
                return [getComputedStyle(document.body).backgroundColor, line.color];
            }"""
        )

    page.click("[data-theme-choice=light]")
    drawn(page, 0)
    light = colors()
    page.click("[data-theme-choice=dark]")
    drawn(page, 0)
    dark = colors()
    assert light[0] != dark[0]
    assert light[1] != dark[1]
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.click("[data-theme-choice=auto]")
    assert page.evaluate("document.documentElement.dataset.theme") is None


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_overflows_overlaps_or_is_clipped(browser, page_file, content, size, theme):
    page = opened(browser, page_file, size)
    page.click(f"[data-theme-choice={theme}]")
    for number in range(len(content.series)):
        drawn(page, number)
    wrong = page.evaluate(
        """() => {
            const wrong = [];
            const root = document.documentElement;
            if (root.scrollWidth > root.clientWidth) wrong.push("the page scrolls sideways");
            const sections = [...document.querySelectorAll("header, main section")];
            const boxes = sections.map((section) => section.getBoundingClientRect());
            for (let a = 0; a < boxes.length; a++) for (let b = a + 1; b < boxes.length; b++) {
                const [one, two] = [boxes[a], boxes[b]];
                const across = one.left < two.right && two.left < one.right;
                if (across && one.top < two.bottom && two.top < one.bottom) {
                    wrong.push(`${sections[a].id} lies on ${sections[b].id}`);
                }
            }
            for (const element of document.querySelectorAll("main *, header *, nav *")) {
                if (element.closest("svg, .plot, .scroll, option")) continue;
                const name = `${element.tagName} ${element.id || element.className}`;
                const box = element.getBoundingClientRect();
                const holder = element.parentElement.getBoundingClientRect();
                if (box.width && (box.right > holder.right + 30 || box.right > root.clientWidth)) {
                    wrong.push(`${name} leaves its box`);
                }
                const cut = element.scrollWidth > element.clientWidth + 1 && element.clientWidth;
                if (cut && getComputedStyle(element).overflowX === "hidden" && !element.title) {
                    wrong.push(`${name} is clipped`);
                }
            }
            // Labels of axes must lie within their plot, or they would be cut.
            for (const plot of document.querySelectorAll(".plot")) {
                const outer = plot.getBoundingClientRect();
                for (const text of plot.querySelectorAll("text")) {
                    const box = text.getBoundingClientRect();
                    if (box.width && (box.left < outer.left - 1 || box.right > outer.right + 1
                        || box.top < outer.top - 1 || box.bottom > outer.bottom + 1)) {
                        wrong.push(`${plot.id}: the label ${text.textContent} is cut`);
                    }
                }
            }
            return wrong;
        }"""
    )
    complaints = page.complaints
    page.context.close()
    assert wrong == []
    assert complaints == []


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


def test_names_cannot_do_anything(browser, tmp_path):
    made = report_content.content(600, 4)
    nasty = ["</script><b>x", 'a"b', "<img src=x onerror=alert(1)>", "&lt;i&gt; <i>y</i> %{y}"]
    events = report_content.NO_EVENTS
    calibration = made.calibration.copy()
    calibration.columns = ["promised by a Gaussian", *nasty, "all series together"]
    metrics = made.metrics.copy()
    metrics.index = ["system alarm", *nasty, "mean of labeled series"]
    made = report_content.changed(
        made,
        model_name=nasty[0],
        series=nasty,
        events=events,
        calibration=calibration,
        metrics=metrics,
        settings={nasty[2]: nasty},
    )
    page = opened(browser, written(made, tmp_path))
    page.on("dialog", lambda dialog: page.complaints.append("a dialog opened"))
    for number, name in enumerate(nasty):
        drawn(page, number)
        assert page.text_content(f"#chart-{number} h3") == name
    labels = page.locator("#heat-plot .ytick text").evaluate_all(
        "(texts) => texts.map((text) => text.textContent)"
    )
    assert labels[0] == nasty[0]
    assert page.locator("b, i, img", has_text="x").count() == 0
    complaints = page.complaints
    page.context.close()
    assert complaints == []


def test_empty_sections_say_why(browser, tmp_path):
    made = report_content.content(1, 1)
    made.values[:] = np.nan
    made = report_content.changed(
        made,
        events=report_content.NO_EVENTS,
        flags=np.zeros((1, 1), dtype=bool),
        labels=None,
        metrics=None,
        baselines=None,
        findings=[],
        losses=made.losses.iloc[:0],
        calibration=made.calibration.iloc[:0],
    )
    page = opened(browser, written(made, tmp_path))
    drawn(page, 0)
    assert "No cell left its band" in page.inner_text("#events")
    for section in ("#metrics", "#baselines"):
        assert "Give --labels to have the run judged" in page.inner_text(section)
    assert "No cell had a value" in page.inner_text("#calibration")
    assert "no value in this file" in page.inner_text("#chart-0")
    complaints = page.complaints
    page.context.close()
    assert complaints == []


def test_best_baselines_and_own_row_are_marked_in_words(page):
    assert page.locator("#baselines-body tr.own th").all_inner_texts() == ["DC-VAE"]
    best = page.locator("#baselines-body td.best")
    assert best.count() >= 9
    assert {best.nth(place).get_attribute("title") for place in range(best.count())} == {
        "best of this column"
    }
    delays = [
        float(text) for text in page.locator("#baselines-body td:nth-child(9)").all_inner_texts()
    ]
    winner = page.locator("#baselines-body td.best:nth-child(9)").all_inner_texts()
    assert [float(text) for text in winner] == [min(delays)]  # the smallest delay, not the largest
