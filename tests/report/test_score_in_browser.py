"""The chart of the score of the system in a real browser: its lines, its stretches, its words."""

from dataclasses import replace

import numpy as np
import pytest

from support import report_content
from support.browser import drawn, opened, written

pytestmark = pytest.mark.slow
STEP = 300_000
AXES = 'document.getElementById("score-plot")._fullLayout'


def trace(page, name):
    """Points of a trace; None if there is none."""
    return page.evaluate(
        """(name) => {
            const found = document.getElementById("score-plot").data
                .find((trace) => trace.name === name);
            return found ? {x: [...found.x], y: [...found.y]} : null;
        }""",
        name,
    )


def known(numbers):
    return [number for number in numbers if number is not None]


def stretches(page, name):
    """First and last edge of each rectangle, in milliseconds."""
    corners = np.array(known(trace(page, name)["x"])).reshape(-1, 5)
    return corners[:, [0, 2]]


def legend(page):
    return page.locator("#score-legend li").all_inner_texts()


def test_score_limit_and_references_are_drawn_over_the_whole_time(page, content):
    score = content.score
    shown = known(trace(page, "score")["y"])
    assert max(shown) == pytest.approx(np.nanmax(score.score), rel=1e-3)
    assert len(shown) <= 4000
    line = trace(page, "limit")
    assert line["y"] == [1.0, 1.0]
    times = content.times.as_unit("us").asi8 / 1000.0
    assert line["x"][0] <= times[0] < times[-1] <= line["x"][1]
    assert trace(page, "end of an alarm")["y"] == [0.8, 0.8]
    assert max(known(trace(page, "references")["y"])) == pytest.approx(3.0, rel=1e-3)
    assert page.evaluate(f"{AXES}.yaxis2.type") == "log"
    low, high = 10.0 ** np.array(page.evaluate(f"{AXES}.yaxis2.range"))
    assert low < 0.8
    assert high > np.nanmax(score.score)


def test_alarms_and_rows_that_are_not_judged_are_shaded(page, content):
    score = content.score
    moments = content.times.as_unit("us").asi8 / 1000.0
    pixel = (moments[-1] - moments[0]) * 1.02 / 2000
    for name, marks in (("in alarm", score.alarm), ("not judged", score.not_judged)):
        covered = np.zeros(len(moments), dtype=bool)
        for first, last in stretches(page, name):
            covered |= (moments >= first) & (moments <= last)
        assert covered[marks].all(), name
        # Stretches less than a pixel apart are one, and none is thinner than two.
        distances = np.abs(moments[covered][:, None] - moments[marks]).min(axis=1)
        assert distances.max() <= 3 * pixel, name


def test_the_legend_says_it_in_words(page, content):
    assert page.inner_text("#score-note") == content.score.note
    assert legend(page) == [
        "score, times its recent level",
        "limit 1: above it an alarm begins",
        "0.8: it must fall to this for the alarm to end",
        "in alarm",
        "not judged",
        "below: references, times the trained ones",
    ]


def test_the_score_follows_the_range_and_frames_the_event(page, content):
    page.locator("#event-table tbody tr").nth(2).click()
    event = content.events.iloc[2]
    began = list(content.series).index(event["series"][0])
    drawn(page, began)
    low, high = page.evaluate(
        f"""{AXES}.xaxis.range.map((time) =>
            typeof time === "number" ? time : Date.parse(time.replace(" ", "T") + "Z"))"""
    )
    assert low < event["start"].timestamp() * 1000 <= event["end"].timestamp() * 1000 < high
    assert high - low < 10 * 86_400_000
    [shape] = page.evaluate('document.getElementById("score-plot").layout.shapes')
    assert shape["x0"] == event["start"].timestamp() * 1000 - STEP / 2
    assert shape["x1"] == event["end"].timestamp() * 1000 + STEP / 2
    page.click("#reset")
    assert page.evaluate('document.getElementById("score-plot").layout.shapes') == []


def test_a_fixed_score_has_no_references(browser, tmp_path):
    made = report_content.content(2000, 2, num_events=5)
    score = replace(made.score, reference=None, unit="", limit=2.5, lower=2.5)
    page = opened(browser, written(report_content.changed(made, score=score), tmp_path))
    assert trace(page, "references") is None
    assert trace(page, "end of an alarm") is None
    assert legend(page) == [
        *("score", "limit 2.5: above it an alarm begins", "in alarm", "not judged"),
    ]
    page.locator("#event-table tbody tr").first.click()
    peak = made.events["peak_score"][0]
    assert f". Score {peak:.3g}; an alarm begins at 2.5. " in page.inner_text("#event-words")
    complaints = page.complaints
    page.context.close()
    assert complaints == []


def test_where_series_decide_no_limit_is_drawn(browser, tmp_path):
    made = report_content.content(2000, 2, num_events=5)
    score = replace(made.score, limit=np.nan, lower=np.nan, not_judged=made.score.alarm & False)
    events = made.events.assign(peak_score=np.nan)
    page = opened(
        browser, written(report_content.changed(made, score=score, events=events), tmp_path)
    )
    assert trace(page, "limit") is None
    assert legend(page) == [
        *("score, times its recent level", "in alarm"),
        "below: references, times the trained ones",
    ]
    page.locator("#event-table tbody tr").first.click()
    words = page.inner_text("#event-words")
    assert "an alarm begins" not in words
    assert words.endswith("it ended: calm again.")
    complaints = page.complaints
    page.context.close()
    assert complaints == []


def test_the_score_fits_a_phone(browser, page_file):
    page = opened(browser, page_file, (390, 844))
    page.locator("#event-table tbody tr").first.click()
    wide = page.evaluate(
        """() => [...document.querySelectorAll("#score *, #event-words")]
            .filter((element) => !element.closest("svg"))
            .filter((element) => element.getBoundingClientRect().right > innerWidth)
            .map((element) => element.id || element.className)"""
    )
    assert wide == []
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
    complaints = page.complaints
    page.context.close()
    assert complaints == []
