"""The answers of a review: shapes, times, and what is refused; no network is needed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from dcvae import InputError
from dcvae.estimator.data_review import DataReview
from support.review_content import BEFORE, Files, files_in, review_of
from support.script_tools import read_csv

# Rows 30 to 34 of series a are 9 sigmas off, where nothing was expected; bands are 3 sigmas.
ALARM = range(30, 35)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return files_in(tmp_path)


@pytest.fixture
def data(files: Files) -> pd.DataFrame:
    return read_csv(files.data)


@pytest.fixture
def found(files: Files, data: pd.DataFrame) -> DataReview:
    return DataReview(review_of(files), data.index, ["one"])


def test_tables_of_rows_have_all_rows(found: DataReview, data: pd.DataFrame) -> None:
    wanted = pd.Series(False, data.index, name="alarm")
    wanted.iloc[ALARM] = True
    pd.testing.assert_series_equal(found.alarms, wanted)
    assert found.series_alarms["a"].tolist() == found.flags["a"].tolist() == wanted.tolist()
    assert not found.flags["b"].any()
    expected = found.reconstruction
    assert [*expected.columns] == [
        (quantity, name) for quantity in ("mean", "sigma", "lower", "upper") for name in "ab"
    ]
    assert expected[:BEFORE].isna().to_numpy().all()
    assert (expected[BEFORE:].to_numpy() == np.repeat([0.0, 1.0, -3.0, 3.0], 2)).all()
    assert list(expected["upper"].columns) == list(data.columns)
    assert found.scores["state"].isna().tolist() == [True] * BEFORE + [False] * (60 - BEFORE)
    assert len(found.quality) == 60 - BEFORE
    assert found.quality.index.equals(data.index[BEFORE:])
    assert (found.notices, repr(found)) == (
        ["one"],
        "<review of 60 rows: 1 events, 5 rows in alarm>",
    )


def test_an_event_and_its_series(found: DataReview, data: pd.DataFrame) -> None:
    event = found.events.loc[1]
    assert (event["start"], event["end"]) == (data.index[30], data.index[34])
    assert event["duration"] == pd.Timedelta("5min")
    assert (event["first_row"], event["last_row"]) == (30, 34)
    assert (event["began_with"], event["series"], event["direction"]) == ("a", ["a"], "up")
    strongest = data["a"].iloc[ALARM]
    assert event["actual"] == strongest.max()
    assert event["expected"] == 0
    assert event["strength"] == pytest.approx(strongest.max(), rel=1e-6)
    assert event["peak"] == strongest.idxmax()
    (line,) = found.explain(1).itertuples()
    assert (line.Index, line.series, line.delay) == (1, "a", pd.Timedelta(0))
    assert (line.first_time, line.flagged_rows) == (data.index[30], 5)
    assert found.explain(np.int64(1)).equals(found.explain(1))


def test_times_are_in_the_zone_of_the_index(found: DataReview, data: pd.DataFrame) -> None:
    there = data.index.tz_localize("UTC").tz_convert("Asia/Tokyo")
    local = DataReview(found._review, there, [])
    event = local.events.loc[1]
    assert event["start"] == there[30]
    assert data.set_axis(there, axis=0).loc[event["start"] : event["end"]].shape == (5, 2)
    assert local.explain(1)["peak"].iloc[0].tz is not None
    rows = DataReview(found._review, pd.RangeIndex(60), [])
    assert rows.alarms.index[rows.alarms].tolist() == [*ALARM]
    assert rows.events.loc[1, "start"] == data.index[30]


def test_an_event_of_the_context_has_no_rows_of_its_own(found: DataReview) -> None:
    review = found._review
    for first, rows in ((32, (0, 2)), (35, (0, -1)), (25, (5, 9))):
        later = replace(review, detection=review.detection.since(first - BEFORE))
        event = DataReview(later, pd.RangeIndex(60 - first), []).events.loc[1]
        assert (event["first_row"], event["last_row"]) == rows


def test_what_the_files_say_is_passed_on(found: DataReview) -> None:
    review = found._review
    assert found.metrics is review.metrics
    assert found.baselines is review.comparison
    assert found.findings == review.findings
    assert (found.summary(), found.to_dict()) == (review.summary(), review.to_dict())
    assert found.not_judged == ""


def titles_of(figure: Figure) -> list[str]:
    """The titles of all panels, on whichever side they stand."""
    return [axes.get_title() or axes.get_title(loc="left") for axes in figure.axes]


@pytest.mark.parametrize("event", [0, 2, -1, True, "1", 1.0, None])
def test_an_event_that_is_not_there_is_refused(found: DataReview, event: object) -> None:
    said = rf"^Expected `event` to be the number of an event, from 1 to 1\. Received: {event!r}\.$"
    with pytest.raises(InputError, match=said):
        found.explain(event)  # type: ignore[arg-type]


def test_without_events_tables_are_empty_and_explain_says_so(tmp_path: Path) -> None:
    review = review_of(files_in(tmp_path), residual_factor=0.01)
    found = DataReview(review, pd.RangeIndex(60), [])
    assert len(found.events) == 0
    assert {"start", "duration", "series"} <= set(found.events.columns)
    with pytest.raises(InputError, match=r", but there are no events\. Received: 1\.$"):
        found.explain(1)
    assert titles_of(found.plot()) == ["score of the system", "a", "b"]


# ------------------------------------------------------------ figure and page


def test_a_figure_of_named_series_or_those_of_the_events(found: DataReview) -> None:
    def titles(*series: object) -> list[str]:
        return titles_of(found.plot(*series))[1:]

    assert titles() == ["a"]
    assert titles("b") == ["b"]
    assert titles(["b", "a"]) == ["b", "a"]
    with pytest.raises(InputError, match=r"of series, of `a`, `b`\. Received: `c`\.$"):
        found.plot(["a", "c"])
    assert found.plot()._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_a_page_is_written_over_pages_alone(found: DataReview, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    assert found.report(str(path)) == path
    first = path.read_bytes()
    found.report(path)
    assert path.read_bytes() == first
    path.write_text("<title>mine</title>")
    with pytest.raises(InputError, match=r"page\.html is there already, and is no such page of"):
        found.report(path)
    assert path.read_text() == "<title>mine</title>"
    found.report(path, overwrite=True)
    assert path.read_bytes() == first
    assert [file.name for file in tmp_path.glob(".*")] == []  # nothing half written
