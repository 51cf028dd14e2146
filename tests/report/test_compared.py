"""Two runs beside each other: which events are the same, and what differs."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.report import ResultsFolder
from dcvae.report.compared import compare_runs, match_events, read_run
from support.review_content import files_in, review_of

TIMES = pd.date_range("2024-01-01", periods=200, freq="5min")


def events_of(marks: np.ndarray) -> pd.DataFrame:
    """Events of runs of True, each with a row before its alarm that belongs to the fault."""
    changes = np.flatnonzero(np.diff(marks.astype(int), prepend=0, append=0)).reshape(-1, 2)
    first, last = changes[:, 0], changes[:, 1] - 1
    return pd.DataFrame(
        {
            "event": np.arange(1, len(first) + 1),
            "start": TIMES[first],
            "alarm_start": TIMES[np.minimum(first + 1, last)],
            "alarm_end": TIMES[last],
        }
    )


@pytest.mark.parametrize("seed", range(20))
def test_pairs_are_those_that_share_a_row(seed: int) -> None:
    random = np.random.default_rng(seed)
    one, other = (np.repeat(random.random(40) < share, 5) for share in (0.3, 0.5))
    first, second = events_of(one), events_of(other)
    pairs = match_events(first, second)
    found = {
        (int(line["first"]), int(line["second"])): line["later_seconds"]
        for _, line in pairs.dropna(subset=["first", "second"]).iterrows()
    }
    expected = {}
    for _, a in first.iterrows():
        for _, b in second.iterrows():
            rows = [
                set(TIMES[(run["start"] <= TIMES) & (run["alarm_end"] >= TIMES)]) for run in (a, b)
            ]
            if rows[0] & rows[1]:
                later = (b["alarm_start"] - a["alarm_start"]).total_seconds()
                expected[a["event"], b["event"]] = later
    assert found == expected
    alone = pairs[pairs["first"].isna() | pairs["second"].isna()]
    assert set(alone["first"].dropna()) == set(first["event"]) - {a for a, _ in expected}
    assert set(alone["second"].dropna()) == set(second["event"]) - {b for _, b in expected}
    begins = [
        min(
            run.set_index("event")["start"][line[name]]
            for name, run in (("first", first), ("second", second))
            if not pd.isna(line[name])
        )
        for _, line in pairs.iterrows()
    ]
    assert begins == sorted(begins)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Results of one file by two models: the second expects more, and its event is longer."""
    folders = []
    for name in ("one", "other"):
        files = files_in(tmp_path_factory.mktemp(name))
        with ResultsFolder(files.model.folder, files.data) as results:
            results.write(review_of(files))
        folders.append(results.folder)
    return folders


def test_two_runs_from_their_folders(runs: list[Path]) -> None:
    first, second = map(read_run, runs)
    assert len(first.times) == len(first.score) == len(first.alarm)
    assert first.alarm.sum() == first.events["rows"].sum()
    made = compare_runs(first, second)
    assert made.counts() == {"both": len(first.events), "first": 0, "second": 0}
    number = len(first.events)
    assert made.sentence() == (
        f"{number} event{'' if number == 1 else 's'} in both, 0 only in the first, 0 only in the "
        "second."
    )
    assert made.settings == ()
    written = pd.read_csv(runs[1] / "metrics.csv", index_col="series").loc["system alarm"]
    pd.testing.assert_series_equal(made.metrics["second"], written, check_names=False)
    assert made.notices() == []  # one file, whose copies have one hash
    other = compare_runs(first, replace(second, data_hash="0" * 64))
    (notice,) = other.notices()
    assert notice.startswith("The two runs are of different files: ")
    unlabeled = replace(second, summary=second.summary | {"metrics": None})
    assert compare_runs(first, unlabeled).metrics is None
    said = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    assert said["pairs"][0] == {"first": 1, "second": 1, "later_seconds": 0.0}


def test_what_is_no_folder_of_results_is_refused(runs: list[Path], tmp_path: Path) -> None:
    said = r"^Expected a folder of results of test\.py\. Received .*missing, which is not there: "
    with pytest.raises(InputError, match=said):
        read_run(tmp_path / "missing")
    said = r"holds no results that can be compared: metrics\.json is missing\. Give the folder "
    with pytest.raises(InputError, match=said):
        read_run(tmp_path)
    for path in runs[0].iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "scores.csv").write_text("time,relative\n2024-01-01,1\n")
    with pytest.raises(InputError, match=r"^The results in .* are damaged \(.*\)\. Run test\.py"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "events.csv",
            "2021-02-01 00:30:00",
            "yesterday",
            "column `start` of events.csv has cells",
        ),
        ("events.csv", "00:30:00,", "00:30:00+01:00,", "column `start` of events.csv has cells"),
        ("events.csv", "\n1,incident", "\n7,incident", "the events of events.csv are not numbered"),
        ("events.csv", "began_with", "starter", "events.csv has no column `began_with`"),
        ("events.csv", ",300.0,", ",long,", "Unable to parse string"),
        (
            "scores.csv",
            "2021-02-01 00:03",
            "2021-03-01 00:03",
            "scores.csv has no rows in the order",
        ),
        ("metrics.json", '"f1": ', '"f1": "none", "f2": ', "could not convert string to float"),
        ("metrics.json", '"system alarm": {', '"system": {', "no 'system alarm'"),
    ],
)
def test_damaged_results_are_refused(
    runs: list[Path], tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    folder = shutil.copytree(runs[0], tmp_path / "damaged")
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_run(folder)
    assert str(refused.value).startswith(f"The results in {folder} are damaged ({said}")
    assert str(refused.value).endswith("). Run test.py again.")


def test_a_series_keeps_a_name_that_looks_like_a_number(runs: list[Path], tmp_path: Path) -> None:
    folder = shutil.copytree(runs[0], tmp_path / "named")
    text = (folder / "events.csv").read_text()
    (folder / "events.csv").write_text(text.replace(",up,a,", ",up,007,"))
    assert read_run(folder).events["began_with"].tolist() == ["007"]


def test_runs_of_different_times_are_refused(runs: list[Path]) -> None:
    first = read_run(runs[0])
    later = replace(first, times=first.times + pd.Timedelta(days=365))
    with pytest.raises(InputError, match=r"^Expected two runs of the same time\. Received .* 2022"):
        compare_runs(first, later)
