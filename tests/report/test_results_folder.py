"""What a detection leaves on disk: whole or not at all, the same when read back, in its units."""

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data import Table, TrueEvents
from dcvae.detection import AlarmRules, Alphas, SystemAlarm, find_events, microseconds
from dcvae.detection.events import COLUMNS
from dcvae.evaluation import make_review
from dcvae.evaluation.true_events import find_root_causes
from dcvae.report import ResultsFolder, render, results_folder, results_place
from dcvae.report.content import page_content
from dcvae.storage import open_model
from support.builders import detection_of_frame, judged_of
from support.review_content import BEST, REFERENCE, VALIDATION, files_in, review_of
from support.stored_models import SERIES, contents, preprocessor_with, settings_with

NAN = math.nan

NAMES = ("anomaly_predictions", "abs_error", "reconstructions", "sigma", "latent_space")
SCORES = ["causal", "relative", "reference", "limit", "state", "offline"]
ALWAYS = {
    *(f"{name}.csv" for name in NAMES),
    *("events.csv", "event_series.csv", "losses.csv", "calibration.csv"),
    *("alarms.csv", "scores.csv", "quality.csv", "metrics.json", "report.html", "settings.txt"),
    "source.json",
}
TIMES = pd.date_range("2021-01-01", periods=3, freq="min", unit="us", name="when")
RUN = {
    "best_epoch": 1,
    "best_losses": BEST | VALIDATION,
    "reference_losses": REFERENCE.to_dict(),
    "windows": {"train": 100, "validation": 20},
}


def review_with(model, times=TIMES, error=0.5, constant=None):
    """Review rows whose every number is known: mean 1, sigma 0.25, latent 1/3, scaled."""
    shape = (len(times), len(SERIES))
    error = np.broadcast_to(np.array(error, np.float32), shape)
    before = times[:1].append(times[:1]).append(times[:1]) - pd.to_timedelta([3, 2, 1], unit="min")
    frame = pd.DataFrame(1.0, before.append(times).rename(times.name), list(SERIES))
    detection = detection_of_frame(
        frame[len(before) :],
        error / np.float32(0.25),
        Alphas.default(SERIES, 3.0),
        mean=np.full(shape, 1.0, np.float32),
        sigma=np.full(shape, 0.25, np.float32),
        error=error,
        latent=np.full(shape, 1 / 3, np.float32),
        flags=np.broadcast_to([True, False], shape),
    )
    detection = replace(detection, inputs=replace(detection.inputs, constant=constant))
    table = Table(Path("x.csv"), frame, [])
    events = find_events(detection, step_seconds=60.0)
    return make_review(replace(model, run=RUN), RUN, table, detection, events, REFERENCE, None)


def write_results(model, data="x.csv", times=TIMES, error=0.5):
    with ResultsFolder(model.folder, Path(data)) as results:
        results.write(review_with(model, times, error))
    return results


def cells(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def test_results_in_data_units(model):
    results = write_results(model, "some/where/x.csv")
    assert results.folder == model.folder / "results" / "x"
    assert set(contents(results.folder)) == ALWAYS
    first = {name: cells(results.folder / f"{name}.csv")[:2] for name in NAMES}
    header, time = ["when", "a", "b, c"], "2021-01-01 00:00:00"
    # a: mean 10, scale 2; b, c: mean -1, scale 1.
    assert first["anomaly_predictions"] == [header, [time, "True", "False"]]
    assert first["abs_error"] == [header, [time, "1.0000000", "0.5000000"]]
    assert first["reconstructions"] == [header, [time, "12.0000000", "0.0000000"]]
    assert first["sigma"] == [header, [time, "0.5000000", "0.2500000"]]
    assert first["latent_space"] == [["when", "0", "1"], [time, "0.3333333", "0.3333333"]]


def test_the_error_of_a_new_constant_is_how_far_its_value_is(model):
    """Every value is 1; scaled errors of a constant are 1000 for any other value."""
    constant = np.array([False, True])
    error = [[0.5, 1000.0], [0.5, 0.0], [NAN, NAN]]
    with ResultsFolder(model.folder, Path("x.csv")) as results:
        results.write(review_with(model, error=error, constant=constant))
    rows = [row[1:] for row in cells(results.folder / "abs_error.csv")[1:]]
    assert rows == [["1.0000000", "1.0000000"], ["1.0000000", "0.0000000"], ["", ""]]


def test_results_in_standardized_units(models):
    model = open_model(models, settings_with(fidelity_units="code"))
    results = write_results(model, error=-0.5)
    for name, number in (("abs_error", 0.5), ("reconstructions", 1.0), ("sigma", 0.25)):
        assert cells(results.folder / f"{name}.csv")[1][1:] == [f"{number:.7f}"] * 2


def test_missing_cells_are_empty_in_the_error_alone(model):
    results = write_results(model, error=NAN)
    assert cells(results.folder / "abs_error.csv")[1] == ["2021-01-01 00:00:00", "", ""]
    files = contents(results.folder)
    for name in (*NAMES, "alarms", "scores"):
        assert b"nan" not in files[f"{name}.csv"]
    assert cells(results.folder / "reconstructions.csv")[1][1] == "12.0000000"


def test_blocks_follow_each_other(model, monkeypatch):
    whole = contents(write_results(model, error=[[0.5], [0.25], [1.5]]).folder)
    monkeypatch.setattr(results_folder, "_BLOCK_BYTES", 150)  # two rows
    results = write_results(model, error=[[0.5], [0.25], [1.5]])
    assert contents(results.folder) == whole
    rows = cells(results.folder / "abs_error.csv")[1:]
    assert [row[0] for row in rows] == [f"2021-01-01 00:0{minute}:00" for minute in range(3)]
    assert [float(row[2]) for row in rows] == [0.5, 0.25, 1.5]
    rows = cells(results.folder / "anomaly_predictions.csv")[1:]
    assert [row[1:] for row in rows] == [["True", "False"]] * 3


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("x.csv", "x"),
        ("x.csv.gz", "x"),
        ("x.gz", "x"),
        ("x.parquet", "x"),
        ("x.2021.csv", "x.2021"),
        ("x", "x"),
        (".csv", "data"),
        ("..csv", "data"),
        (".x.csv", "x"),
    ],
)
def test_name_of_the_folder_of_results(model, name, folder):
    (model.folder / "results" / "earlier").mkdir(parents=True)
    assert write_results(model, name).folder == model.folder / "results" / folder
    assert (model.folder / "results" / "earlier").exists()


def write_results_in_part(model, error):
    with ResultsFolder(model.folder, Path("x.csv")) as results:
        results._write_rows(review_with(model, error=9.0))
        raise error


@pytest.mark.parametrize("error", [InputError("x"), OSError("disk full"), KeyboardInterrupt()])
def test_a_failure_leaves_the_earlier_results(model, error):
    write_results(model)
    before = contents(model.folder)
    with pytest.raises(type(error)):
        write_results_in_part(model, error)
    assert contents(model.folder) == before
    write_results(model, error=9.0)
    assert contents(model.folder) != before


def test_results_that_are_there_stay_until_all_is_written(model):
    write_results(model)
    before = contents(model.folder / "results" / "x")
    with ResultsFolder(model.folder, Path("x.csv")) as results:
        results.write(review_with(model, error=9.0))
        assert contents(results.folder) == before
    assert contents(results.folder) != before
    assert [path.name for path in (model.folder / "results").iterdir()] == ["x"]


def test_leftovers_of_a_killed_run_do_not_matter(model):
    killed = ResultsFolder(model.folder, Path("x.csv"))
    killed.__enter__()
    killed._write_rows(review_with(model))
    killed._held.close()  # as the system does
    before = {path.name for path in model.folder.parent.iterdir()}
    assert before == {"toy", ".toy.results.x.partial"}
    write_results(model, "other.csv")
    assert {path.name for path in model.folder.parent.iterdir()} == {"toy"}
    assert [path.name for path in (model.folder / "results").iterdir()] == ["other"]


# --- What is not of this program ---------------------------------------------------------------


def test_other_files_in_the_folder_are_kept(model):
    place = write_results(model).folder
    (place / "notes").mkdir()
    for name in ("mine.csv", "notes/mine.md"):
        (place / name).write_text("mine")
    (place / "link").symlink_to(model.folder / "run.json")
    own = ("series_001.png", "series_1000.pdf", "latent_space.pdf", "loss.png", "series_001_a.png")
    # Of a run with labels and figures.
    for name in ("metrics.csv", *(f"figures/{figure}" for figure in own)):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text("earlier")
    mine = (
        "figures/mine.png",
        "figures/plan.pdf",
        "figures/series_1.png",
        "figures/series_001_mine.png",
        "figures/a/loss.png",
    )
    for name in mine:
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text("mine")
    write_results(model, error=9.0)
    others = {"mine.csv", "notes/mine.md", "link", *mine}
    assert set(contents(place)) == ALWAYS | others
    assert (place / "link").is_symlink()
    assert (place / "notes/mine.md").read_text() == "mine"


def test_a_folder_of_others_in_the_way_is_refused_and_stays(model):
    place = model.folder / "results" / "x"
    place.mkdir(parents=True)
    write_results(model)  # an empty one is in nobody's way
    (place / "anomaly_predictions.csv").unlink()
    before = contents(model.folder.parent)
    with pytest.raises(InputError, match=r"results.x is in the way: it holds no results of th"):
        write_results(model)
    assert contents(model.folder.parent) == before


def test_a_link_to_a_folder_of_results_elsewhere_is_written_through(model, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    others = ("x", "y", ".y.old", ".z.new", ".w.old")
    for name in others:
        (elsewhere / name).mkdir(parents=True)
        (elsewhere / name / "theirs.txt").write_text("theirs")
    (model.folder / "results").symlink_to(elsewhere)
    with pytest.raises(InputError, match=r"results.x is in the way"):
        write_results(model)
    write_results(model, "z.csv")
    write_results(model, "z.csv")
    theirs = {f"{name}/theirs.txt" for name in others}
    assert set(contents(elsewhere)) == theirs | {f"z/{name}" for name in ALWAYS}
    assert {path.name for path in elsewhere.iterdir()} == {*others, "z"}


def test_links_that_cannot_be_replaced_are_refused(model, tmp_path):
    results = model.folder / "results"
    results.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "theirs.txt").write_text("theirs")
    (results / "x").symlink_to(tmp_path / "outside")
    with pytest.raises(InputError, match=r"results.x is a link; expected a folder of results"):
        write_results(model)
    (results / "x").unlink()
    (results / "x").write_text("a file")
    with pytest.raises(InputError, match=r"results.x is a file; expected a folder of .*Remove"):
        write_results(model)
    (results / "x").unlink()
    results.rmdir()
    results.symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"results is a link to .*nowhere, which is no folder"):
        write_results(model)
    assert (tmp_path / "outside" / "theirs.txt").read_text() == "theirs"


def test_results_that_may_not_be_replaced_are_refused_before_the_work(model, monkeypatch):
    place = write_results(model).folder
    before = contents(place)
    access = results_place.os.access
    monkeypatch.setattr(
        results_place.os, "access", lambda path, mode: path != place and access(path, mode)
    )
    with (
        pytest.raises(InputError, match=r"Nothing can be written to .*x. Change its perm"),
        ResultsFolder(model.folder, Path("x.csv")),
    ):
        raise AssertionError
    assert contents(place) == before


def test_a_file_in_the_place_of_a_folder_is_said_to_be_one(model, tmp_path):
    (model.folder / "results").write_text("a file")
    message = r"toy.results is a file; expected a folder, in which .* Rename the file, or give --re"
    with pytest.raises(InputError, match=message):
        write_results(model)
    (tmp_path / "file").write_text("a file")
    with pytest.raises(InputError, match=r"file is a file; expected a folder, in which the folder"):
        ResultsFolder(model.folder, Path("x.csv"), tmp_path / "file" / "deep" / "x")


def test_two_models_write_to_one_folder_one_after_the_other(model, tmp_path):
    own = tmp_path / "own" / "x"
    first = ResultsFolder(model.folder, Path("x.csv"), own)
    second = ResultsFolder(tmp_path / "other" / "model", Path("x.csv"), own)
    with first as results:
        results.write(review_with(model))
        with pytest.raises(InputError, match=r"Another run writes results to .*own.x \(process "):
            second.__enter__()
    assert [path.name for path in own.parent.iterdir()] == ["x"]
    assert results.model_folder == model.folder


def test_a_given_folder_in_the_model_is_that_of_the_model(model):
    """One lock for both ways to name it, and it goes where the model goes."""
    (model.folder / "results").mkdir()
    given = model.folder.parent / "toy" / ".." / "toy" / "results" / "x"
    with (
        ResultsFolder(model.folder, Path("x.csv"), given) as results,
        pytest.raises(InputError, match=r"Another run writes results to"),
        ResultsFolder(model.folder, Path("x.csv")),
    ):
        raise AssertionError
    assert results._partial.parent == model.folder.parent


def test_where_models_may_not_be_written_results_are_made_in_their_place(model, monkeypatch):
    models, access = model.folder.parent, results_place.os.access
    monkeypatch.setattr(
        results_place.os, "access", lambda path, mode: path != models and access(path, mode)
    )
    with ResultsFolder(model.folder, Path("x.csv")) as results:
        assert results._partial.parent == model.folder / "results"
        results.write(review_with(model))
    assert [path.name for path in (model.folder / "results").iterdir()] == ["x"]


def test_what_is_changed_is_told_when_it_is(model):
    told = []
    with ResultsFolder(model.folder, Path("x.csv"), changes=told) as results:
        results.write(review_with(model))
        assert told == []
    assert told == [f"the results are in {results.folder}"]


@pytest.mark.parametrize(
    ("scale", "text"),
    [
        (1.0, "0.2500000"),
        (9.99, "2.4975000"),
        (10.0, "2.500000"),
        (123456.0, "30864.00"),
        (1e7, "2500000"),
        (4e12, "1000000000000"),
        (0.5, "0.12500000"),
        (1e-6, "0.0000002500000"),
    ],
)
def test_decimals_follow_the_scale(models, scale, text):
    model = open_model(models, settings_with())
    scaled = replace(model, preprocessor=preprocessor_with(scale=(scale, 1.0)))
    results = write_results(scaled)
    assert cells(results.folder / "sigma.csv")[1][1:] == [text, "0.2500000"]


@pytest.mark.parametrize(
    ("times", "texts"),
    [
        (["2021-01-31 13:05", "2021-02-01"], ["2021-01-31 13:05:00", "2021-02-01 00:00:00"]),
        (
            ["2021-01-31 13:05", "2021-01-31 13:05:00.25"],
            ["2021-01-31 13:05:00.000000", "2021-01-31 13:05:00.250000"],
        ),
        (["1999-12-31 23:59:59", "2150-01-01"], ["1999-12-31 23:59:59", "2150-01-01 00:00:00"]),
    ],
)
def test_times_are_written_as_iso_8601(model, times, texts, monkeypatch):
    index = pd.DatetimeIndex(pd.to_datetime(times, format="ISO8601"), name="time").as_unit("us")
    monkeypatch.setattr(results_folder, "_BLOCK_BYTES", 1)  # the form is the file's, not a block's
    results = write_results(model, times=index)
    assert [row[0] for row in cells(results.folder / "quality.csv")[1:]] == texts
    assert [row[0] for row in cells(results.folder / "sigma.csv")[1:]] == texts


# --- What is said of a judged file -----------------------------------------------------------


def write_review(files, review, figures):
    with ResultsFolder(files.model.folder, files.data) as results:
        results.write(review, figures, files.model.history())
    return results.folder


@pytest.mark.parametrize("figures", [None, "png", "pdf"])
def test_files_of_a_review_without_labels(tmp_path, figures):
    files = files_in(tmp_path)
    review = review_of(files, with_labels=False)
    drawn = ("series_001_a", "series_002_b", "latent_space", "loss") if figures else ()
    expected = ALWAYS | {f"figures/{name}.{figures}" for name in drawn}
    first = contents(write_review(files, review, figures))
    assert set(first) == expected
    starts = {"png": b"\x89PNG", "pdf": b"%PDF"}
    assert all(first[f"figures/{name}.{figures}"].startswith(starts[figures]) for name in drawn)
    assert contents(write_review(files, review, figures)) == first  # no dates in it


def test_files_of_a_review_with_labels(tmp_path):
    files = files_in(tmp_path)
    review = review_of(files)
    folder = write_review(files, review, None)
    assert set(contents(folder)) == ALWAYS | {"metrics.csv", "baselines.csv"}
    for name, index, table in (
        ("metrics", "series", review.metrics),
        ("baselines", "detector", review.comparison),
        ("losses", "part", review.losses),
        ("calibration", "sigmas", review.calibration),
    ):
        again = pd.read_csv(folder / f"{name}.csv", index_col=index)
        pd.testing.assert_frame_equal(again, table, check_dtype=False, check_names=False)
    assert json.loads((folder / "metrics.json").read_bytes()) == review.to_dict()
    [event] = pd.read_csv(folder / "events.csv").to_dict("records")
    assert (event["start"], event["series"]) == ("2021-02-01 00:30:00", "a")
    assert (event["rows"], event["duration_seconds"]) == (5, 300)
    assert cells(folder / "event_series.csv")[1][:3] == ["1", "1", "a"]
    assert (folder / "report.html").read_text(encoding="utf-8") == render(page_content(review))


def test_true_events_are_written_and_go_with_the_next_run(tmp_path):
    files = files_in(tmp_path)
    review = review_of(files, with_labels=False)
    table = pd.DataFrame(
        {
            "event": ["7", "8"],
            "start": pd.to_datetime(["2021-02-01 00:30:00", "2021-02-01 00:50:00"]),
            "end": pd.to_datetime(["2021-02-01 00:40:00", "2021-02-01 00:51:00"]),
            "series": [("b", "a"), ("b",)],
            "others": [(), ("c", "d")],
            "description": ["x, y", ""],
        }
    )
    truth = TrueEvents(Path("events.csv"), table, [])
    found = find_root_causes(truth, review.detection, review.events)
    folder = write_review(files, replace(review, root_causes=found), None)
    assert (folder / "true_events.csv").read_text().splitlines() == [
        "event,start,end,series,others,status,alarms,delay_seconds,ranks,blamed,description",
        '7,2021-02-01 00:30:00,2021-02-01 00:40:00,b; a,,detected,1,0.0,-; 1,a,"x, y"',
        "8,2021-02-01 00:50:00,2021-02-01 00:51:00,b,c; d,missed,,,-,,",
    ]
    assert json.loads((folder / "metrics.json").read_bytes())["true_events"] == found.to_dict()
    assert set(contents(write_review(files, review, None))) == ALWAYS


def test_without_the_training_file_there_is_no_file_of_baselines(tmp_path):
    files = files_in(tmp_path)
    files.training.unlink()
    assert set(contents(write_review(files, review_of(files), None))) == ALWAYS | {"metrics.csv"}


def test_alarms_and_scores_of_every_row(tmp_path, monkeypatch):
    files = files_in(tmp_path)
    result = review_of(files, with_labels=False)
    rows = len(result.detection.times)
    rules = AlarmRules("weighted", 1, 1, (1, 1), 1.0, 1, 0)
    alarm = SystemAlarm(rules, np.ones(2), 9.0, "budget")
    judged = alarm.judge(result.detection.error, microseconds(result.detection.times))
    raised, of_series = alarm.alarms(judged, result.detection.residual, result.detection.alphas)
    offline = np.linspace(0.0, 1.0, rows)
    offline[3] = NAN
    detection = replace(
        result.detection,
        system=alarm,
        judged=judged,
        offline=offline,
        alarm=raised,
        series_alarms=of_series,
    )
    result = replace(result, detection=detection)
    monkeypatch.setattr(results_folder, "_BLOCK_BYTES", 500)  # a few rows
    folder = write_review(files, result, None)
    alarms = pd.read_csv(folder / "alarms.csv", index_col=0)
    assert alarms.columns.tolist() == ["system alarm", "a", "b"]
    squares = np.nan_to_num(result.detection.residual.astype(float)) ** 2
    np.testing.assert_array_equal(alarms["system alarm"], squares.max(axis=1) > 9.0)
    np.testing.assert_array_equal(alarms[["a", "b"]], result.detection.flags)
    scores = pd.read_csv(folder / "scores.csv", index_col=0)
    assert scores.columns.tolist() == SCORES
    np.testing.assert_allclose(scores["offline"], offline, rtol=1e-6)
    np.testing.assert_allclose(scores["causal"], result.detection.score, rtol=1e-6)
    assert scores.index.tolist() == alarms.index.tolist()
    assert len(scores) == rows
    np.testing.assert_array_equal(scores["relative"], scores["causal"])  # nothing follows
    assert set(scores["limit"]) == {9.0}
    assert set(scores["reference"]) == {1.0}
    np.testing.assert_array_equal(scores["state"] == "alarm", raised)
    np.testing.assert_array_equal(scores["state"] == "calm", ~raised)


def test_rows_that_are_not_judged_have_no_limit(tmp_path, monkeypatch):
    files = files_in(tmp_path)
    result = review_of(files, with_labels=False)
    rows = len(result.detection.times)
    alarm = np.arange(rows) == 5
    relative = np.linspace(0.5, 3.0, rows)
    relative[:2] = NAN
    judged = judged_of(
        np.full(rows, 1 / 3),
        relative=relative,
        reference=np.where(np.isnan(relative), NAN, 1.25),
        limit=2.5,
    )
    detection = replace(result.detection, judged=judged, alarm=alarm)
    monkeypatch.setattr(results_folder, "_BLOCK_BYTES", 500)
    folder = write_review(files, replace(result, detection=detection), None)
    header, *lines = cells(folder / "scores.csv")
    assert header == ["time", *SCORES]
    assert [line[1:] for line in lines[:2]] == [["0.3333333", "", "", "", "not judged", ""]] * 2
    assert [line[5] for line in lines[2:]] == ["calm"] * 3 + ["alarm"] + ["calm"] * (rows - 6)
    assert {tuple(line[3:5]) for line in lines[2:]} == {("1.25", "2.5")}
    assert [float(line[2]) for line in lines[2:]] == pytest.approx(relative[2:], rel=1e-6)


def test_scores_and_times_of_events_are_written_as_those_of_rows(tmp_path):
    """To the seven digits of scores.csv; midnight is a time; what is not defined is empty."""
    files = files_in(tmp_path)
    review = review_of(files, with_labels=False)
    midnight = pd.Timestamp("2021-02-01")
    table = review.events.table.assign(
        start=midnight, end=midnight, alarm_start=midnight, alarm_end=midnight, peak_time=midnight
    )
    table = table.assign(peak_score=1 / 3, times_limit=1234.56789, reference=NAN)
    events = review.events._replace(table=table)
    folder = write_review(files, replace(review, events=events), None)
    header, line = cells(folder / "events.csv")
    event = dict(zip(header, line, strict=True))
    assert header == list(COLUMNS)
    for name in ("start", "end", "alarm_start", "alarm_end", "peak_time"):
        assert event[name] == "2021-02-01 00:00:00"
    assert (event["peak_score"], event["times_limit"]) == ("0.3333333", "1234.568")
    assert event["reference"] == ""
    assert (event["kind"], event["ended"]) == ("incident", "calm again")
    assert len(event["peak_strength"].strip("-").replace(".", "")) <= 7


def test_series_of_an_event_stand_in_one_cell(tmp_path):
    files = files_in(tmp_path)
    review = review_of(files, with_labels=False, residual_factor=100.0)
    events = pd.read_csv(write_review(files, review, None) / "events.csv")
    assert "; ".join(review.events.table["series"][0]) == events["series"][0]
    assert events["series"].str.fullmatch("a; b|b; a|a|b").all()


def test_a_file_without_events_has_headers(tmp_path):
    files = files_in(tmp_path)
    review = review_of(files, with_labels=False, residual_factor=0.0)
    folder = write_review(files, review, None)
    for name in ("events", "event_series"):
        [header] = cells(folder / f"{name}.csv")
        assert header[0] == "event"
