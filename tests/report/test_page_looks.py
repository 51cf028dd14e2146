"""The page in a real browser: all of it is drawn, in place, and nothing in it can do harm."""

import numpy as np
import pytest

from support import report_content
from support.browser import SIZES, column, drawn, known, marks_of, opened, range_of, shown, written

pytestmark = pytest.mark.slow


def test_every_chart_is_drawn_when_it_comes_into_view(page, content):
    assert page.get_attribute("#chart-4", "data-state") == "waiting"
    for number, name in enumerate(content.series):
        drawn(page, number)
        assert page.inner_text(f"#chart-{number} h3") == name
        for curve in ("value", "mean", "lower", "upper"):
            assert len(known(shown(page, f"plot-{number}", f"plot.table.{curve}"))) > 2000
        assert shown(page, f"plot-{number}", "plot.stretches['flagged rows']")
        labeled = shown(page, f"plot-{number}", "plot.stretches.labeled")
        assert bool(labeled) == bool(content.labels[:, number].any())
        assert painted(page, f"plot-{number}") > 0.02
    page.locator("#calibration-plot").scroll_into_view_if_needed()
    page.wait_for_selector("#calibration-plot canvas")
    assert len(shown(page, "calibration-plot", "plot.table")) == 1 + 2 + len(content.series)
    assert painted(page, "calibration-plot") > 0.005
    # Spikes are on the screen at every zoom.
    values = known(shown(page, "plot-0", "plot.table.value"))
    step = np.ptp(content.values[~np.isnan(content.values[:, 0]), 0]) / 65_000
    assert max(values) == pytest.approx(np.nanmax(content.values[:, 0]), abs=step)
    assert min(values) == pytest.approx(np.nanmin(content.values[:, 0]), abs=step)
    assert len(values) <= 4000


def painted(page, plot):
    """The share of the pixels of a plot's canvas that are not empty."""
    return page.evaluate(
        """(id) => {
            const canvas = document.querySelector(`#${id} canvas`);
            const pen = canvas.getContext("2d");
            const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
            let drawn = 0;
            for (let place = 3; place < data.length; place += 4) drawn += data[place] > 0;
            return drawn / (data.length / 4);
        }""",
        plot,
    )


def test_the_marks_of_flags_sit_outside_the_band(page, content):
    number = int(content.flags.sum(axis=0).argmax())
    event = content.events[[content.series[number] in names for names in content.events["series"]]]
    page.click(f"#event-table tr[data-event='{int(event['event'].iloc[0]) - 1}']")
    page.click("#view-in-charts")
    drawn(page, number)
    marks = marks_of(page, number, "above") + marks_of(page, number, "below")
    low, high = range_of(page, number)
    moments = content.times.as_unit("us").asi8 / 1000.0
    margin = 300_000
    inside = (moments >= low) & (moments <= high)
    beyond = (moments >= low - margin) & (moments <= high + margin)
    flags = content.flags[:, number]
    assert flags[inside].sum() <= len(marks) <= flags[beyond].sum()
    flagged = set(moments[beyond & flags])
    assert {mark["x"] for mark in marks} <= flagged


def test_the_theme_switch_changes_page_and_plots_and_is_remembered(page):
    drawn(page, 0)

    def colors():
        line = shown(page, "plot-0", "plot.u.series[1].stroke(plot.u, 1)")
        return [page.evaluate("getComputedStyle(document.body).backgroundColor"), line]

    page.click("[data-theme-choice=light]")
    drawn(page, 0)
    light = colors()
    page.click("[data-theme-choice=dark]")
    drawn(page, 0)
    dark = colors()
    assert light[0] != dark[0]
    assert light[1] != dark[1]
    page.wait_for_timeout(300)  # until the browser, not the page alone, has what is to be kept
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.wait_for_selector("html[data-state=ready]", state="attached")
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
                if (element.closest("svg, .plot, .scroll, option, dialog, .unseen")) continue;
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
            return wrong;
        }"""
    )
    complaints = page.complaints
    page.context.close()
    assert wrong == []
    assert complaints == []


def test_paper_is_light_and_has_all_charts(page):
    page.click("[data-theme-choice=dark]")
    page.evaluate(
        """() => window.addEventListener("beforeprint", () => {
            window.printed = [
                getComputedStyle(document.body).color,
                document.getElementById("plot-4").plot.u.series[1].stroke(),
            ];
        })"""
    )
    page.pdf()
    body, line = page.evaluate("window.printed")
    assert (body, line) == ("rgb(27, 36, 48)", "rgb(0, 114, 178)")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert shown(page, "plot-4", "plot.u.series[1].stroke()") == "rgb(86, 180, 233)"


def test_a_phone_shows_all_of_it(browser, page_file, content):
    """Nothing is wider than the screen, the list is cards, and labels of axes do not overlap."""
    page = opened(browser, page_file, (390, 844))
    drawn(page, 0)
    page.select_option("#event-sort", "rank")
    assert column(page, "rank") == [str(rank + 1) for rank in range(len(content.events))]
    rows = page.locator("#event-table tbody tr")
    first, second = (rows.nth(number).bounding_box() for number in (0, 1))
    assert first["width"] > 300
    assert second["y"] > first["y"] + first["height"]
    page.locator("#calibration-plot").scroll_into_view_if_needed()
    page.evaluate("location.hash = '#event=2'")
    page.wait_for_function("() => document.getElementById('event-view').open")
    wide = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
            .filter((element) => !element.closest("svg, .plot, .scroll, nav, .unseen, .skip"))
            .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
            .map((element) => element.id || element.className || element.tagName)"""
    )
    assert wide == []
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
    overlaps = page.evaluate(
        """() => [...document.querySelectorAll(".plot")].filter(({ plot }) => plot?.u)
            .flatMap(({ id, plot: { u } }) => {
                const [axis] = u.axes;
                u.ctx.save();
                u.ctx.font = "12px system-ui";
                const boxes = axis._splits.map((at, place) => {
                    const lines = String(axis._values[place]).split("\\n");
                    const widths = lines.map((line) => u.ctx.measureText(line).width);
                    const half = Math.max(...widths) / 2;
                    const middle = u.bbox.left / devicePixelRatio + u.valToPos(at, "x");
                    return { start: middle - half, end: middle + half, text: lines.join(" ") };
                }).filter(({ text }) => text);
                u.ctx.restore();
                return boxes.filter(({ start, end }, place) => start < 0 || end > u.width
                    || (place && start < boxes[place - 1].end)).map(({ text }) => `${id}: ${text}`);
            })"""
    )
    assert overlaps == []
    assert page.evaluate(
        "[...document.querySelectorAll('.plot')].every(({ plot }) => !plot?.u?.axes[0]._rotate)"
    )
    complaints = page.complaints
    page.context.close()
    assert complaints == []


def test_names_cannot_do_anything(browser, tmp_path):
    made = report_content.content(600, 4)
    nasty = ["</script><b>x", 'a"b', "<img src=x onerror=alert(1)>", "&lt;i&gt; <i>y</i>"]
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
    page.locator("#heat-plot canvas").hover(position={"x": 600, "y": 75})
    assert page.inner_text("#heat-plot .tip div") in nasty
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
    assert "The system was not in alarm, so there is no event." in page.inner_text("#strongest")
    for section in ("#metrics", "#baselines"):
        assert "Give --labels to have the run judged" in page.inner_text(section)
    assert "No cell had a value" in page.inner_text("#calibration")
    assert "no value in this file" in page.inner_text("#chart-0")
    complaints = page.complaints
    page.context.close()
    assert complaints == []


def test_a_detector_that_expects_nothing_is_not_said_to_have_bands(browser, tmp_path):
    made = report_content.content(600, 2, num_events=3)
    made.mean[:] = np.nan
    made.sigma[:] = np.nan
    made = report_content.changed(
        made,
        flags=np.zeros_like(made.flags),
        losses=made.losses.iloc[:0],
        event_series=made.event_series.assign(expected=np.nan),
    )
    page = opened(browser, written(made, tmp_path))
    drawn(page, 0)
    assert known(shown(page, "plot-0", "plot.table.value"))
    assert known(shown(page, "plot-0", "plot.table.mean")) == []
    text = page.inner_text("main")
    for words in ("outside the band", "expected value", " where "):
        assert words not in text, words
    assert "This detector expects no values, so that there is nothing to compare" in text
    assert "so there is nothing to calibrate" in text
    began = column(page, "began")[0]
    assert began.startswith(f"{made.events['series'][0][0]}: ")
    complaints = page.complaints
    page.context.close()
    assert complaints == []


def test_an_ensemble_expects_values_and_has_no_bands(browser, tmp_path):
    made = report_content.content(600, 2, num_events=3)
    made.sigma[:] = np.nan
    page = opened(browser, written(made, tmp_path))
    drawn(page, 0)
    legend = page.locator("#legend li").all_inner_texts()
    assert legend == ["value", "expected value", "flagged rows", "labeled as anomaly"]
    flagged = (
        f"{made.flags[:, 0].sum():,} of {np.isfinite(made.values[:, 0]).sum():,} values flagged"
    )
    assert flagged in page.inner_text("#chart-0 figcaption")
    page.evaluate("location.hash = '#event=1'")
    page.wait_for_function("() => document.getElementById('event-view').open")
    text = page.inner_text("body")
    assert "outside the band" not in text
    assert "band −" not in page.inner_text("#chart-list")
    assert " was expected" in page.inner_text("#view-began")
    assert "there is nothing to calibrate" in text
    complaints = page.complaints
    page.context.close()
    assert complaints == []


def test_titles_and_units_stand_wherever_a_series_does(browser, tmp_path):
    made = report_content.content(600, 2, num_events=3)
    made = report_content.changed(made, titles=["Pump", "Valve"], units=["bar", ""])
    page = opened(browser, written(made, tmp_path))
    drawn(page, 0)
    assert page.locator("#chart-list h3").all_inner_texts() == ["Pump [bar]", "Valve"]
    assert "cpu_load" in page.inner_text("#chart-0 figcaption")
    assert page.locator("#metrics tbody th").all_inner_texts()[1:3] == ["Pump", "Valve"]
    page.locator("#plot-0 .u-over").hover()
    lines = page.locator("#plot-0 .tip div").all_inner_texts()
    assert [line.split()[0] for line in lines[1:]] == ["value", "expected", "band"]
    assert all(line.endswith(" bar") for line in lines[1:])
    titled = {"cpu_load": "Pump", "memory_used": "Valve"}
    for text, names in zip(column(page, "began"), made.events["series"], strict=True):
        assert text.startswith(f"{titled[names[0]]}: ")
        assert (" bar where" in text) == (names[0] == "cpu_load")
    for picker in ("#go-to", "#event-filter", "#missed-series", "#calibration-series"):
        assert page.locator(f"{picker} option").all_inner_texts()[1:] == ["Pump", "Valve"]
    page.context.close()


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
