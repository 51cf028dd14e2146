"""The chart of the score of the system in a real browser: its lines, its stretches, its words."""

from dataclasses import replace

import numpy as np
import pytest

from support import report_content
from support.browser import drag_across, known, opened, shown, written

pytestmark = pytest.mark.slow
STEP = 300_000


def scores(page):
    return [10.0**power for power in known(shown(page, "score-plot", "plot.table.value"))]


def stretches(page, name):
    """First and last edge of each stretch, in milliseconds."""
    return np.array(shown(page, "score-plot", f"plot.stretches['{name}']"))


def levels(page):
    """Heights of the lines across the chart, as they were drawn."""
    return [10.0**power for power in shown(page, "score-plot", "plot.levels")]


def legend(page):
    return page.locator("#score-legend li").all_inner_texts()


def test_score_limit_and_references_are_drawn_over_the_whole_time(page, content):
    score = content.score
    exact = [10.0**power for power in known(shown(page, "score-plot", "plot.exact"))]
    assert max(scores(page)) == pytest.approx(np.nanmax(score.score), rel=1e-3)
    assert min(exact) == pytest.approx(np.nanmin(score.score), rel=1e-3)
    assert len(exact) <= 4000
    assert levels(page) == pytest.approx([1.0, 0.8])
    times = content.times.as_unit("us").asi8 / 1000.0
    low, high = shown(page, "score-plot", "plot.shown.x")
    assert low <= times[0] < times[-1] <= high
    low, high = 10.0 ** np.array(shown(page, "score-plot", "plot.shown.y"))
    assert low < 0.8
    assert high > np.nanmax(score.score)
    page.click("#score-details summary")
    # The browser tells of the opening a moment later.
    page.wait_for_function("() => document.getElementById('reference-plot').plot?.table")
    references = known(shown(page, "reference-plot", "plot.table.mean"))
    assert 10.0 ** max(references) == pytest.approx(3.0, rel=1e-3)


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
    page.click("#score-details summary")
    assert page.inner_text("#score-note") == content.score.note
    assert legend(page) == [
        "score, times its recent level",
        "limit: above 1 an alarm begins",
        "at 0.8 it ends",
        "in alarm",
        "not judged",
    ]


def test_the_score_follows_the_range_and_another_limit(page, content):
    page.locator("#event-table tbody tr").nth(2).click()
    page.click("#view-in-charts")
    event = content.events.iloc[2]
    low, high = shown(page, "score-plot", "plot.shown.x")
    assert low < event["start"].timestamp() * 1000 <= event["end"].timestamp() * 1000 < high
    assert high - low < 10 * 86_400_000
    page.click("#reset")
    drag_across(page, "score-plot")  # over alarms, none of which is opened
    low, high = shown(page, "score-plot", "plot.shown.x")
    assert high - low < 3 * 86_400_000
    assert page.locator("#event-view[open]").count() == 0
    page.click("#reset")
    counts = content.other_limits.counts()
    shifts = ", level shifts included"
    assert (content.events["kind"] == "level shift").any()
    assert page.inner_text("#limit-words") == f"1, in use: {counts[1]} alarms{shifts}"
    assert counts[1] == len(content.events)
    page.fill("#limit", "2")
    words = f"2 would have raised {counts[2]} alarms; 1, in use, raised {counts[1]}{shifts}"
    assert page.inner_text("#limit-words") == words
    assert levels(page) == pytest.approx([1.0, 2.0])
    moments = content.times.as_unit("us").asi8 / 1000.0
    drawn_alarms = stretches(page, "in alarm")
    inside = [((drawn_alarms[:, 0] <= m) & (drawn_alarms[:, 1] >= m)).any() for m in moments]
    assert np.array(inside)[content.other_limits.alarms[:, 2]].all()
    page.click("#limit-back")
    assert levels(page) == pytest.approx([1.0, 0.8])


def test_a_fixed_score_has_no_references(browser, tmp_path):
    made = report_content.content(2000, 2, num_events=5)
    score = replace(made.score, reference=None, unit="", limit=2.5, lower=2.5)
    page = opened(browser, written(report_content.changed(made, score=score), tmp_path))
    assert page.locator("#reference-plot").count() == 0
    assert levels(page) == pytest.approx([2.5])
    assert legend(page) == [
        *("score", "limit: above 2.5 an alarm begins", "in alarm", "not judged"),
    ]
    page.locator("#event-table tbody tr").first.click()
    peak = made.events["peak_score"][0]
    assert f". Score {peak:.3g}; an alarm begins at 2.5. " in page.inner_text("#view-words")
    complaints = page.complaints
    page.context.close()
    assert complaints == []


def test_where_series_decide_no_limit_is_drawn(browser, tmp_path):
    made = report_content.content(2000, 2, num_events=5)
    score = replace(made.score, limit=np.nan, lower=np.nan, not_judged=made.score.alarm & False)
    made = report_content.changed(
        made, score=score, events=made.events.assign(peak_score=np.nan), other_limits=None
    )
    page = opened(browser, written(made, tmp_path))
    assert levels(page) == []
    assert legend(page) == ["score, times its recent level", "in alarm"]
    assert page.inner_text("#limits") == (
        "There is no limit to move: the series decide whether there is an alarm."
    )
    page.locator("#event-table tbody tr").first.click()
    words = page.inner_text("#view-words")
    assert "an alarm begins" not in words
    assert words.endswith("it ended: calm again.")
    complaints = page.complaints
    page.context.close()
    assert complaints == []
