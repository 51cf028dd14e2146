"""What the page carries: numbers that decode to what went in, extremes, escapes, and its size."""

import hashlib
import os
import re
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dcvae.evaluation import Finding
from dcvae.report import ReportContent, render
from dcvae.report.page import data as data_module
from dcvae.report.page import encoding
from dcvae.report.page.content import EVENT_COLUMNS
from support import report_content
from support.page_decoder import (
    assert_within_half_a_step,
    data_of,
    decoded,
    decoded_flags,
    decoded_times,
    edges,
)

TESTS = Path(__file__).parents[1]
MEGABYTE = 1_000_000
NO_EVENTS = report_content.NO_EVENTS


def test_every_row_decodes_to_what_went_in():
    made = report_content.content(3000, 3, num_events=5)
    data = data_of(render(made))
    assert data["rows_per_point"] == 1
    times = decoded_times(data["points"]["times"])
    np.testing.assert_array_equal(times, made.times.as_unit("us").asi8 / 1000.0)
    lower, upper = edges(made)
    for number, channels in enumerate(data["points"]["series"]):
        assert set(channels) == {"low", "mean", "lower", "upper"}
        assert_within_half_a_step(channels["low"], made.values[:, number])
        assert_within_half_a_step(channels["mean"], made.mean[:, number].astype(np.float64))
        assert_within_half_a_step(channels["lower"], lower[:, number])
        assert_within_half_a_step(channels["upper"], upper[:, number])
        spread = np.nanmax(made.values[:, number]) - np.nanmin(made.values[:, number])
        assert channels["low"]["step"] <= spread / 65_000


def test_flags_labels_and_events_are_exact():
    made = report_content.content(5000, 4, num_events=12)
    data = data_of(render(made))
    assert made.labels is not None
    np.testing.assert_array_equal(decoded_flags(data["flags"], made.times), made.flags)
    np.testing.assert_array_equal(decoded_flags(data["labels"], made.times), made.labels)
    assert data["flags"]["cells"] == made.flags.sum(axis=0).tolist()
    events = data["events"]
    starts = pd.to_datetime(decoded_times(events["start"]), unit="ms")
    assert list(starts) == list(made.events["start"])
    assert events["rows"] == made.events["rows"].tolist()
    names = [[made.series[number] for number in numbers] for numbers in events["series"]]
    assert names == made.events["series"].tolist()
    np.testing.assert_allclose(events["strength"], made.events["peak_strength"], rtol=1e-3)


def test_the_heat_map_counts_every_cell_once():
    made = report_content.content(5000, 4, num_events=12)
    heat = data_of(render(made))["heat"]
    assert np.sum(heat["flagged"], axis=1).tolist() == made.flags.sum(axis=0).tolist()
    assert np.sum(heat["judged"], axis=1).tolist() == (~np.isnan(made.values)).sum(axis=0).tolist()
    assert len(heat["flagged"][0]) == heat["count"] <= 400


@pytest.mark.parametrize("far", [1e6, -1e9, 1e300])
def test_values_far_out_are_kept_and_cost_no_resolution(far):
    made = report_content.content(2000, 1)
    made.values[777, 0] = far
    made.sigma[555, 0] = 1e30
    channels = data_of(render(made))["points"]["series"][0]
    assert decoded(channels["low"])[777] == far
    usual = np.delete(made.values[:, 0], 777)
    assert channels["low"]["step"] < 25 * np.nanmax(np.abs(usual)) / 65_000
    lower, _ = edges(made)
    assert_within_half_a_step(channels["lower"], lower[:, 0])
    assert channels["lower"]["step"] < 25 * np.median(np.abs(lower)) / 65_000


def wide_content(num_rows: int = 20_000, num_series: int = 60) -> ReportContent:
    """A content of so many cells that points must stand for several rows."""
    return report_content.content(num_rows, num_series, num_events=40)


@pytest.fixture(scope="module")
def wide() -> tuple[ReportContent, dict[str, Any], int]:
    made = wide_content()
    random = np.random.default_rng(5)
    for number in range(len(made.series)):  # a spike of one row, up and down, anywhere
        up, down = random.choice(len(made.times), 2, replace=False)
        made.values[up, number] += 40 * made.sigma[up, number]
        made.values[down, number] -= 40 * made.sigma[down, number]
    page = render(made)
    return made, data_of(page), len(page.encode())


def test_points_keep_the_extremes_of_their_rows(wide):
    made, data, size = wide
    rows = data["rows_per_point"]
    assert rows > 1
    assert 6 * MEGABYTE < size < 10 * MEGABYTE  # the room is used
    starts = np.arange(0, len(made.times), rows)
    groups = [slice(start, start + rows) for start in starts]
    lower, upper = edges(made)
    for number in range(0, len(made.series), 7):
        channels = data["points"]["series"][number]
        value = made.values[:, number]
        for name, smallest, column in (
            ("low", np.nanmin, value),
            ("high", np.nanmax, value),
            ("mean", np.mean, made.mean[:, number].astype(np.float64)),
            ("lower", np.min, lower[:, number]),
            ("upper", np.max, upper[:, number]),
        ):
            expected = np.array([smallest(column[group]) for group in groups])
            assert_within_half_a_step(channels[name], expected)
        step = channels["high"]["step"]
        assert np.nanmax(decoded(channels["high"])) == pytest.approx(np.nanmax(value), abs=step)
        assert np.nanmin(decoded(channels["low"])) == pytest.approx(np.nanmin(value), abs=step)


def test_the_score_decodes_to_what_went_in():
    made = report_content.content(3000, 3, num_events=5)
    data = data_of(render(made))["score"]
    channels = data["channels"]
    assert set(channels) == {"low", "reference"}
    for name, expected in (("low", made.score.score), ("reference", made.score.reference)):
        assert_within_half_a_step(channels[name], np.log10(expected))
    states = decoded_flags(data["states"], made.times)
    np.testing.assert_array_equal(states[:, 0], made.score.alarm)
    np.testing.assert_array_equal(states[:, 1], made.score.not_judged)
    assert (data["limit"], data["lower"]) == (1.0, 0.8)
    assert (data["unit"], data["note"]) == (made.score.unit, made.score.note)


def test_points_keep_the_extremes_of_the_score(wide):
    made, data, _ = wide
    rows, channels = data["rows_per_point"], data["score"]["channels"]
    starts = np.arange(0, len(made.times), rows)
    logs = np.log10(made.score.score)
    assert_within_half_a_step(channels["low"], np.fmin.reduceat(logs, starts))
    assert_within_half_a_step(channels["high"], np.fmax.reduceat(logs, starts))
    assert_within_half_a_step(
        channels["reference"], np.fmax.reduceat(np.log10(made.score.reference), starts)
    )
    highest = 10.0 ** np.nanmax(decoded(channels["high"]))
    assert highest == pytest.approx(np.nanmax(made.score.score), rel=1e-3)
    states = decoded_flags(data["score"]["states"], made.times)  # of rows, not of points
    np.testing.assert_array_equal(states[:, 0], made.score.alarm)


def test_scores_of_all_sizes_are_told_apart():
    made = report_content.content(1000, 1)
    score = np.geomspace(1e-3, 1e9, 1000)
    score[::7] = 0.0
    shown = report_content.changed(made, score=replace(made.score, score=score, limit=np.nan))
    data = data_of(render(shown))["score"]
    again = 10.0 ** decoded(data["channels"]["low"])
    np.testing.assert_allclose(again, np.maximum(score, 1e-6), rtol=1e-3)
    assert data["limit"] is None


def test_a_score_that_nothing_follows_has_no_references():
    made = report_content.content(100, 1)
    fixed = report_content.changed(made, score=replace(made.score, reference=None))
    assert set(data_of(render(fixed))["score"]["channels"]) == {"low"}


def test_kinds_and_endings_of_events_are_those_of_the_table():
    made = report_content.content(5000, 4, num_events=12)
    events = made.events.assign(peak_score=[np.nan, *made.events["peak_score"][1:]])
    shown = data_of(render(report_content.changed(made, events=events)))["events"]
    for name in ("kind", "ended"):
        found = [shown[name]["names"][place] for place in shown[name]["places"]]
        assert found == events[name].tolist()
    assert shown["score"][0] is None
    np.testing.assert_allclose(shown["score"][1:], events["peak_score"][1:], rtol=1e-3)
    for name in ("start", "end", "alarm_start", "alarm_end", "peak_time"):
        times = pd.to_datetime(decoded_times(shown[name]), unit="ms")
        assert list(times) == list(events[name])


def test_of_too_many_events_the_strongest_are_kept(monkeypatch):
    monkeypatch.setattr(data_module, "MAX_EVENTS", 5)
    made = report_content.content(5000, 4, num_events=12)
    shown = data_of(render(made))["events"]
    # In the order of call, as the verdict has it: changes of level come last.
    incidents = made.events[made.events["kind"] == "incident"]
    strongest = incidents.nlargest(5, "times_limit").sort_values("event")
    assert shown["total"] == len(made.events) > 5
    assert shown["event"] == strongest["event"].tolist()
    names = shown["kind"]["names"]
    assert [names[place] for place in shown["kind"]["places"]] == strongest["kind"].tolist()


def test_too_many_runs_are_rounded_outwards_and_said_to_be(monkeypatch):
    monkeypatch.setattr(encoding, "MAX_RUNS", 2000)
    made = report_content.content(3000, 10)
    flags = np.random.default_rng(0).random(made.flags.shape) < 0.5
    data = data_of(render(report_content.changed(made, flags=flags)))
    assert data["flags"]["rows"] > 1
    assert data["flags"]["cells"] == flags.sum(axis=0).tolist()
    shown = decoded_flags({**data["flags"], "series": data["flags"]["series"][:2]}, made.times)
    assert shown[flags[:, :2]].all()


def test_names_and_texts_are_harmless():
    nasty = ["</script><b>x", 'a"b', "<!--<script>", "ünï\u2028", "&amp;", "\ud800"]
    made = report_content.content(300, len(nasty))
    made = report_content.changed(
        made,
        model_name="</title><script>alert(1)</script>",
        data_file="</script>",
        series=nasty,
        findings=[Finding("bad", "<img src=x onerror=alert(1)> {{uplot}}")],
        events=made.events.assign(series=[[nasty[0]]] * len(made.events)),
        settings={"</script>": "<script>", "odd": float("nan"), "deep": {"set": {1}, "no": None}},
    )
    page = render(made)
    page.encode("utf-8")
    data = data_of(page)
    assert data["series"] == nasty
    assert data["model"] == made.model_name
    assert data["findings"] == [["bad", "<img src=x onerror=alert(1)> {{uplot}}"]]
    assert data["settings"] == {
        "</script>": "<script>",
        "odd": "nan",
        "deep": {"set": [1], "no": None},
    }
    text = page[page.index('id="data">') :]
    assert "<" not in text[len('id="data">') : text.index("</script>")]
    assert page.lower().count("</script>") == page.lower().count("<script") == 4


def rows_of_score(score, rows):
    names = ("score", "reference", "alarm", "not_judged")
    return replace(score, **{name: getattr(score, name)[rows] for name in names})


def test_gaps_in_time_and_in_values_stay_gaps():
    made = report_content.content(1000, 2)
    keep = np.r_[0:300, 500:1000]
    made = report_content.changed(
        made,
        times=made.times[keep],
        values=made.values[keep],
        mean=made.mean[keep],
        sigma=made.sigma[keep],
        flags=made.flags[keep],
        labels=None,
        score=rows_of_score(made.score, keep),
        other_limits=None,
    )
    made.values[100:150, 0] = np.nan
    data = data_of(render(made))
    assert np.isnan(decoded(data["points"]["series"][0]["low"])[100:150]).all()
    distances = np.diff(decoded_times(data["points"]["times"]))
    assert np.flatnonzero(distances > data["points"]["break_after"]).tolist() == [299]
    empty = [column for column, count in enumerate(data["heat"]["judged"][0]) if not count]
    assert empty  # the hole in time, and the missing values


def test_uneven_times_are_not_all_gaps():
    made = report_content.content(500, 1)
    pace = np.random.default_rng(0).exponential(60.0, 500).cumsum()
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta(pace, unit="s")
    data = data_of(render(report_content.changed(made, times=times, events=NO_EVENTS)))
    restored = decoded_times(data["points"]["times"])
    np.testing.assert_allclose(restored, times.as_unit("us").asi8 / 1000.0, atol=1e-3)
    assert np.mean(np.diff(restored) > data["points"]["break_after"]) < 0.05


def test_the_rows_of_the_file_are_there_for_labels(monkeypatch):
    made = report_content.content(300, 1)
    before = pd.date_range(end=made.times[0], periods=6, freq="5min")[:-1]
    rows = before.append(made.times)
    named = report_content.changed(made, times=made.times.rename("when"), row_times=rows)
    data = data_of(render(named))["label_rows"]
    np.testing.assert_array_equal(decoded_times(data["rows"]), rows.as_unit("us").asi8 / 1000.0)
    assert (data["time_name"], data["suffix"], data["reach"]) == ("when", "", 0.0)
    zone = report_content.changed(
        named, settings={"time_zone": "Europe/Berlin"}, resampled_seconds=60.0
    )
    data = data_of(render(zone))["label_rows"]
    assert (data["suffix"], data["reach"]) == ("Z", 60_000.0)
    monkeypatch.setattr(data_module, "MOST_UNEVEN_ROWS", 299)
    pace = np.random.default_rng(0).exponential(60.0, 300).cumsum()
    uneven = pd.Timestamp("2024-01-01") + pd.to_timedelta(pace, unit="s")
    for times, why in ((None, "not known"), (uneven, "too many rows at uneven times")):
        data = data_of(render(report_content.changed(made, row_times=times)))
        assert data["label_rows"] is None
        assert data["no_label_rows"].endswith(f"{why}.")


def test_one_row():
    data = data_of(render(report_content.content(1, 1)))
    assert data["span"][0] == data["span"][1]
    assert data["rows_per_point"] == 1
    assert data["heat"]["count"] == 1
    assert len(decoded(data["points"]["series"][0]["low"])) == 1


def test_no_events_and_no_labels():
    made = report_content.changed(
        report_content.content(500, 2),
        events=NO_EVENTS,
        flags=np.zeros((500, 2), dtype=bool),
        labels=None,
        metrics=None,
        baselines=None,
        findings=[],
    )
    data = data_of(render(made))
    assert data["events"]["event"] == []
    assert data["labels"] is None
    assert data["metrics"] is None
    assert data["baselines"] is None
    assert data["flags"]["cells"] == [0, 0]


def test_constant_series_and_series_without_a_value():
    made = report_content.content(400, 3)
    made.values[:, 0] = 7.25
    made.values[:, 1] = np.nan
    made.mean[:, 2] = 0.0
    made.sigma[:, 2] = 0.0
    series = data_of(render(made))["points"]["series"]
    np.testing.assert_array_equal(decoded(series[0]["low"]), np.full(400, 7.25))
    assert np.isnan(decoded(series[1]["low"])).all()
    np.testing.assert_array_equal(decoded(series[2]["upper"]), np.zeros(400))


def test_infinite_edges_are_no_edges():
    made = report_content.content(50, 1)
    made.sigma[10, 0] = np.inf
    channels = data_of(render(made))["points"]["series"][0]
    assert np.isnan(decoded(channels["upper"])[10])
    assert np.isfinite(np.delete(decoded(channels["upper"]), 10)).all()


def test_undefined_metrics_travel_as_nothing():
    made = report_content.content(100, 2)
    data = data_of(render(made))
    assert data["metrics"]["values"][2][:4] == [None] * 4
    assert data["metrics"]["index"][0] == "system alarm"
    assert data["better"]["delay"] == "lower"


def test_inputs_are_left_alone():
    made = report_content.content(300, 2)
    arrays = (made.values, made.mean, made.sigma, made.flags)
    before = [array.copy() for array in arrays]
    render(made)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_the_page_carries_the_license_of_what_it_carries():
    vendor = resources.files("dcvae.report") / "page_assets" / "vendor"
    page = render(report_content.content(50, 1))
    assert (vendor / "LICENSE").read_text() in page
    told = (vendor / "README.md").read_text()
    for name in ("uPlot.iife.min.js", "uPlot.min.css"):
        content = (vendor / name).read_bytes()
        assert f"| `{name}` | sha256 {hashlib.sha256(content).hexdigest()} |" in told
        assert content.decode() in page


def test_the_page_names_no_address_it_would_fetch_from():
    page = render(report_content.content(50, 1))
    skeleton = page[: page.index('id="data">')] + page[page.rindex("<script>") :]
    assert not re.findall(r'(?:src|href)="(?!#)', skeleton)
    assert "default-src 'none'" in page
    assert "url(" not in page[: page.index("</style>")]


def test_the_same_input_gives_the_same_bytes_in_every_run():
    program = """
import hashlib
from support import report_content
from dcvae.report import render
made = report_content.content(500, 3, num_events=5)
made = report_content.changed(made, settings={"odd": {"one", "two", "three", "four", "five"}})
print(hashlib.sha256(render(made).encode()).hexdigest())
"""
    hashes = set()
    for seed in ("1", "2"):  # the order of a set of strings follows it
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=TESTS.parent,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{TESTS}:{TESTS.parent}"},
            capture_output=True,
            text=True,
            check=True,
        )
        hashes.add(done.stdout)
    assert len(hashes) == 1


@pytest.mark.parametrize("name", ["values", "mean", "sigma", "flags", "labels"])
def test_arrays_that_do_not_fit_are_refused(name):
    made = report_content.content(20, 2)
    with pytest.raises(ValueError, match=rf"`{name}` must be \(rows, series\), here \(20, 2\)"):
        render(report_content.changed(made, **{name: getattr(made, name)[:-1]}))


def test_other_misfits_are_refused():
    made = report_content.content(2000, 2, num_events=4)
    with pytest.raises(ValueError, match="`alpha_up` must have 2 entries"):
        render(report_content.changed(made, alpha_up=np.ones(3)))
    with pytest.raises(ValueError, match=r"`events` must have the columns .* no peak_strength"):
        render(report_content.changed(made, events=made.events.drop(columns="peak_strength")))
    strange = made.events.assign(series=[["nobody"]] * len(made.events))
    with pytest.raises(ValueError, match=r"must name series of the report.*\['nobody'\]"):
        render(report_content.changed(made, events=strange))
    with pytest.raises(ValueError, match=r"`score` must have 2000 rows. Received: shape \(1999,\)"):
        render(report_content.changed(made, score=rows_of_score(made.score, slice(1, None))))
    with pytest.raises(ValueError, match="at least one scored row"):
        render(report_content.changed(made, times=made.times[:0]))
    for name in ("titles", "units"):
        with pytest.raises(ValueError, match=f"`{name}` must have 2 entries or none. Received: 3"):
            render(report_content.changed(made, **{name: ["x", "y", "z"]}))
    limits = replace(made.other_limits, alarms=made.other_limits.alarms[1:])
    with pytest.raises(ValueError, match=r"`other_limits` must have 2000 rows.*\(1999, 3\)"):
        render(report_content.changed(made, other_limits=limits))
    assert set(EVENT_COLUMNS) == set(NO_EVENTS.columns)


def test_titles_units_and_what_was_measured():
    made = report_content.content(2000, 2, num_events=4)
    named = report_content.changed(made, titles=["Pump", "Valve"], units=["bar", ""], verdict="So.")
    plain, data = (data_of(render(one)) for one in (made, named))
    assert (plain["titles"], plain["units"]) == (list(made.series), ["", ""])
    assert (data["titles"], data["units"]) == (["Pump", "Valve"], ["bar", ""])
    count = len(made.events)
    assert (plain["verdict"], data["verdict"]) == (f"{count} alarms in 2,000 rows.", "So.")
    lines = made.event_series.groupby("event")
    for number, measured, involved in zip(
        data["events"]["event"],
        data["events"]["measured"],
        data["events"]["series"],
        strict=True,
    ):
        expected = lines.get_group(number)
        assert len(measured) == len(expected) == len(involved)
        for (actual, mean), of, line in zip(measured, involved, expected.itertuples(), strict=True):
            assert made.series[of] == line.series
            for text, value in ((actual, line.actual), (mean, line.expected)):
                if np.isnan(value):
                    assert text == ""
                else:
                    assert float(text.split()[0].replace(",", "")) == pytest.approx(value, rel=1e-2)
                    assert text.endswith(" bar") == (of == 0)
    unknown = report_content.changed(made, event_series=None)
    assert data_of(render(unknown))["events"]["measured"] == [[]] * count


def test_of_many_series_in_events_only_the_first_says_what_was_measured(monkeypatch):
    monkeypatch.setattr(data_module, "MOST_MEASURED", 3)
    made = report_content.content(5000, 4, num_events=12)
    events = data_of(render(made))["events"]
    assert max(map(len, events["series"])) > 1
    assert {len(measured) for measured in events["measured"]} == {1}


def test_events_are_ranked_by_how_much_they_are_worth_a_call():
    made = report_content.content(5000, 4, num_events=12)
    order = data_of(render(made))["events"]["order"]
    shift = (made.events["kind"] == "level shift").to_numpy()
    strength = made.events["times_limit"].to_numpy()
    assert sorted(order) == list(range(len(made.events)))
    ranked = [(bool(shift[place]), -float(strength[place])) for place in order]
    assert ranked == sorted(ranked)


@pytest.mark.slow
@pytest.mark.parametrize(("num_rows", "num_series"), [(100_000, 24), (1_000_000, 4)])
def test_large_files_stay_under_10_megabytes(num_rows, num_series):
    made = report_content.content(num_rows, num_series, num_events=num_rows // 100)
    size = len(render(made).encode())
    assert 6 * MEGABYTE < size < 10 * MEGABYTE


def test_a_large_file_takes_little_memory_besides_its_arrays():
    """Series by series: all of them at once would take more than twice as much."""
    made = report_content.content(200_000, 24)
    tracemalloc.start()
    render(made)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2.5 * made.values.nbytes + 15 * MEGABYTE
