"""Files of which no row can be judged: results, one sentence why, and a status of its own."""

import json

import numpy as np
import pandas as pd
import pytest

from support.script_tools import BEFORE, toy_frame


def ended(place, frame, *more):
    frame.to_csv(place.data)
    return place.call("test", *more)


def far_apart(num_rows):
    """Rows two hours apart, where the training file has one every five minutes."""
    frame = toy_frame(num_rows, start="2021-05-01")
    return frame.set_axis(pd.date_range("2021-05-01", periods=num_rows, freq="2h", name="time"))


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (far_apart(30), "every window of 8 rows (`T`) crosses a gap longer than `max_gap`"),
        (toy_frame(30) * np.nan, "every cell of the 3 series is missing"),
    ],
)
def test_status_and_sentence(place, frame, why):
    end = ended(place, frame, "--quiet")
    assert (end.returncode, end.stdout) == (4, "")
    told = f"not scored: none of the {30 - BEFORE} rows with a whole window could be scored: "
    assert end.stderr.startswith(told)
    assert why in end.stderr
    assert end.stderr.count("\n") == 1
    assert (place.model / "results" / "test" / "report.html").is_file()


def test_an_alarm_that_follows_and_has_no_past_yet_leaves_the_cells_judged(place):
    assert place.define().returncode == 0
    end = ended(place, toy_frame(30, start="2021-05-01"), "--quiet")
    assert (end.returncode, end.stdout, end.stderr) == (0, "", "")
    end = ended(place, toy_frame(30, start="2021-05-01"), "--fail-on-alarm", "--json")
    assert end.returncode == 4  # whether there is an alarm is not known
    assert json.loads(end.stdout)["verdict"].startswith("No verdict: an alarm holds each series ")


def test_json_has_the_sentence(place):
    end = ended(place, far_apart(30), "--json")
    assert end.returncode == 4
    assert end.stderr == f"not scored: {json.loads(end.stdout)['not_judged']}\n"


def test_one_judged_row_is_enough(place):
    end = ended(place, toy_frame(200), "--json")
    assert (end.returncode, end.stderr) == (0, "")
    assert json.loads(end.stdout)["not_judged"] is None


def test_help_names_the_status(place):
    told = " ".join(place.call("test", "-h").stdout.split())
    assert "3 with --fail-on-alarm if there is an alarm; 4 if no row could be scored" in told


def test_results_of_another_file_are_not_replaced_and_go_elsewhere(place):
    results = place.model / "results"
    assert place.call("test").returncode == 0
    before = (results / "test" / "metrics.json").read_bytes()
    other = place.folder / "other" / "test.csv"
    other.parent.mkdir()
    toy_frame(200, seed=5).to_csv(other)
    place.data = other
    end = place.call("test")
    assert end.returncode == 2
    assert "has the results of another file" in end.stderr
    assert f"such as {results / 'other-test'}" in end.stderr
    assert (results / "test" / "metrics.json").read_bytes() == before
    own = place.folder / "own" / "results of other"
    end = place.call("test", "--results", own)
    assert end.returncode == 0
    assert "Another model" not in end.stdout
    assert json.loads((own / "metrics.json").read_text())["scored_rows"] == 200 - BEFORE
    assert (results / "test" / "metrics.json").read_bytes() == before
    assert [path.name for path in own.parent.iterdir()] == [own.name]


def test_a_folder_that_is_not_of_results_is_never_replaced(place):
    end = place.call("test", "--results", place.folder)
    assert end.returncode == 2
    assert "is in the way: it holds no results of this program" in end.stderr
    assert place.data.is_file()
