"""Marks of the reader in a real browser: kept, and exported as labels that the commands take."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae.config import DataKeys
from dcvae.data import read_data
from dcvae.report import render
from dcvae.report.content import page_content
from support import report_content
from support.browser import drawn, opened, shown, written
from support.review_content import files_in, review_of

pytestmark = pytest.mark.slow
KEYS = {"T": 4, "val_percent": 0.25}


def exported(page, button, folder: Path) -> Path:
    with page.expect_download() as download:
        page.click(button)
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_marks_of_a_real_page_become_labels_that_the_commands_take(browser, tmp_path):
    """The file has three rows more than have a score, and these are in the labels too."""
    files = files_in(tmp_path)
    review = review_of(files, with_labels=False)
    path = tmp_path / "report.html"
    path.write_text(render(page_content(review)), encoding="utf-8")
    page = opened(browser, path)
    assert page.is_disabled("#export-labels")
    page.locator("#event-table [data-mark=wrong]").click()
    assert page.inner_text("#mark-words") == "0 right, 1 wrong, 0 missed."
    page.locator("#event-table [data-mark=right]").click()
    drawn(page, 1)
    page.select_option("#missed-series", "1")
    page.click("#mark-missed")
    page.reload()
    page.wait_for_selector("html[data-state=ready]", state="attached")
    assert page.inner_text("#mark-words") == "1 right, 0 wrong, 1 missed."
    labels = exported(page, "#export-labels", tmp_path)
    assert labels.name == "data_labels.csv"
    _, found = read_data(files.data, DataKeys(**KEYS), series=("a", "b"), labels=labels)
    assert found is not None
    assert len(found.frame) == 60
    [event] = review.events.table.to_dict("records")
    right = (found.frame.index >= event["start"]) & (found.frame.index <= event["end"])
    in_a = right if "a" in event["series"] else np.zeros(60, bool)
    np.testing.assert_array_equal(found.frame["a"], in_a)
    np.testing.assert_array_equal(found.frame["b"], np.arange(60) >= 3)  # all that is shown
    # Marks of an earlier run, whose events were others, are neither counted nor forgotten.
    page.evaluate("""() => {
      const [store] = Object.keys(localStorage).filter((key) => key.startsWith("dcvae-marks"));
      const marks = JSON.parse(localStorage[store]);
      marks.events["0 60000"] = "wrong";
      localStorage[store] = JSON.stringify(marks);
    }""")
    page.reload()
    page.wait_for_selector("html[data-state=ready]", state="attached")
    assert page.inner_text("#mark-words") == "1 right, 0 wrong, 1 missed."
    # Taken back: nothing is left.
    page.locator("#event-table [data-mark=right]").click()
    page.click("#missed-list button")
    assert page.inner_text("#mark-words") == "0 right, 0 wrong, 0 missed."
    assert page.evaluate("document.querySelectorAll('[aria-pressed=true].mark').length") == 0
    complaints = page.complaints
    page.context.close()
    assert complaints == []


def test_local_times_and_resampled_rows_are_labeled_too(browser, tmp_path):
    """The page has UTC and rows of ten minutes; the file has local times every five minutes."""
    made = report_content.content(300, 2, num_events=2)
    utc = pd.DatetimeIndex(made.times)
    measured = pd.date_range(utc[0], utc[-1] + pd.Timedelta("4min"), freq="150s")
    local = measured.tz_localize("UTC").tz_convert("Europe/Berlin").tz_localize(None)
    values = np.random.default_rng(0).normal(size=(len(local), 2))
    data = tmp_path / "data.csv"
    pd.DataFrame(values, index=local.rename("when"), columns=list(made.series)).to_csv(data)
    made = report_content.changed(
        made,
        times=utc.rename("when"),
        settings={"time_zone": "Europe/Berlin"},
        row_times=measured,
        resampled_seconds=300.0,
    )
    page = opened(browser, written(made, tmp_path))
    page.locator("#event-table [data-mark=right]").first.click()
    events = len(made.events)
    assert page.inner_text("#mark-words") == (
        f"1 right, 0 wrong, 0 missed. {events - 1} event{'s' * (events != 2)} not marked: "
        "exported as normal."
    )
    labels = exported(page, "#export-labels", tmp_path)
    keys = DataKeys(**KEYS, time_zone="Europe/Berlin", resample="5min")
    table, found = read_data(data, keys, labels=labels)
    assert found is not None
    event = made.events.iloc[0]
    index = table.frame.index
    expected = (index >= event["start"]) & (index <= event["end"])
    assert expected.sum() == event["rows"]
    for name in made.series:
        np.testing.assert_array_equal(
            found.frame[name], expected if name in event["series"] else ~expected & False
        )
    page.context.close()


def test_the_events_shown_are_exported(page, content, tmp_path):
    page.select_option("#event-filter", "1")
    page.locator("#event-table th[data-key=strength] button").click()
    page.locator("#event-table [data-mark=right]").first.click()
    path = exported(page, "#export-events", tmp_path)
    assert path.name == "servers_2024_events.csv"
    table = pd.read_csv(path, parse_dates=["start", "end", "alarm_start", "alarm_end", "peak_time"])
    shown_events = content.events[
        [content.series[1] in names for names in content.events["series"]]
    ]
    expected = shown_events.sort_values("peak_strength", ascending=False, kind="stable")
    for name in ("event", "kind", "start", "end", "alarm_start", "alarm_end", "peak_time", "rows"):
        assert table[name].tolist() == expected[name].tolist()
    assert table["series"].tolist() == expected["series"].map("; ".join).tolist()
    assert table["mark"].fillna("").tolist() == ["right", *[""] * (len(table) - 1)]
    assert shown(page, "score-plot", "plot.shown.x[0]") > 0
