"""The programs for public benchmarks: what they read, measure, keep and print."""

import json
import pickle
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from benchmarks import skab, tsb_ad_m
from benchmarks.common import in_processes
from benchmarks.sets import tsb_ad_m_file
from dcvae import InputError
from dcvae.config import Settings
from dcvae.metrics import affiliation, period_from_autocorrelation, range_based, vus
from support import oracles

TUNING = Path(__file__).parents[3] / "shared" / "data" / "tsb_ad_m_tuning"
QUICK = Settings.from_values(
    {"model_name": "quick", "T": 8, "cnn_units": [4], "dil_rate": [1, 2], "epochs": 1}, "These"
)


def write_series(folder: Path, name: str, rows: int = 120) -> Path:
    """A file in TSB-AD-M's form: a wave, a constant series, an event that is labeled."""
    random = np.random.default_rng(len(name))
    wave = np.sin(np.arange(rows) / 4) + random.normal(0, 0.1, rows)
    label = np.zeros(rows, dtype=int)
    wave[90:95] += 3.0
    label[90:95] = 1
    path = folder / name
    pd.DataFrame({"a": wave, "b": 1.0, "Label": label}).to_csv(path, index=False)
    return path


# ------------------------------------------------------------ TSB-AD-M


def test_a_file_is_divided_where_its_name_says(tmp_path: Path) -> None:
    data = tsb_ad_m_file(write_series(tmp_path, "007_ABC_id_2_Sensor_tr_60_1st_90.csv"))
    assert data.name == "007_ABC_id_2"
    assert (data.training.shape, data.judged.shape) == ((60, 2), (120, 2))
    assert np.flatnonzero(data.of_system).tolist() == [90, 91, 92, 93, 94]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("1_A_tr_500.csv", {}, r"the number of rows to train on, at most 120\. Received: 1_A_tr_5"),
        ("1_A_tr_0.csv", {}, r"Expected `tr_N` in the name of .*1_A_tr_0\.csv"),
        ("1_A_tr_x.csv", {}, r"Expected `tr_N` in the name of .*1_A_tr_x\.csv"),
        ("1_A_tr_60.csv", {"Label": 2}, r"Expected a column `Label` of 0 and 1 in .*1_A_tr_60\.c"),
    ],
)
def test_a_file_of_another_form_is_refused(
    tmp_path: Path, name: str, change: dict[str, Any], message: str
) -> None:
    path = write_series(tmp_path, name)
    pd.read_csv(path).assign(**change).to_csv(path, index=False)
    with pytest.raises(InputError, match=message):
        tsb_ad_m_file(path)


def test_families_are_in_the_names() -> None:
    assert tsb_ad_m.family_of(Path("004_MSL_id_3_Sensor_tr_530.csv")) == "MSL"
    assert tsb_ad_m.family_of(Path("other_tr_5.csv")) == "-"


@pytest.mark.parametrize("seed", range(6))
def test_the_best_f1_is_that_of_every_threshold_tried(seed: int) -> None:
    random = np.random.default_rng(seed)
    truth = random.random(60) < 0.3
    score = np.round(random.random(60) + 0.3 * truth, 1)  # many ties
    truth[0] = True
    tried = [f1_score(truth, score >= threshold) for threshold in np.unique(score)]
    assert tsb_ad_m.best_point_wise_f1(truth, score) == pytest.approx(max(tried))


def test_measures_of_a_perfect_and_of_a_constant_score() -> None:
    truth = np.zeros(200, dtype=bool)
    truth[50:60] = truth[120:140] = True
    perfect = tsb_ad_m.measures(truth, truth.astype(float), 1)
    assert perfect == pytest.approx(dict.fromkeys(perfect, 1.0))
    assert list(perfect) == list(tsb_ad_m.MEASURES[:-1])
    constant = tsb_ad_m.measures(truth, np.zeros(200), 1)
    assert constant["AUC-ROC"] == 0.5
    assert constant["AUC-PR"] == pytest.approx(30 / 200)
    assert constant["standard F1"] == pytest.approx(2 * 30 / (200 + 30))


def test_the_best_of_a_hundred_thresholds_counts_for_ranges_and_nearness() -> None:
    random = np.random.default_rng(3)
    truth = np.zeros(150, dtype=bool)
    truth[40:50] = truth[100:103] = True
    score = random.random(150) + truth
    found = tsb_ad_m.measures(truth, score, 10)
    thresholds = [score.min() + (score.max() - score.min()) * i / 99 for i in range(100)]
    ranges = [range_based(truth, score >= t, alpha=0.2, bias="flat").f1 for t in thresholds]
    near = [affiliation(truth, score >= t).f1 for t in thresholds]
    assert found["range-based F1"] == pytest.approx(max(ranges), abs=1e-3)
    assert found["affiliation F1"] == pytest.approx(max(near), abs=1e-3)


def test_a_file_without_a_label_has_no_measures() -> None:
    found = tsb_ad_m.measures(np.zeros(50, dtype=bool), np.arange(50.0), 5)
    assert all(np.isnan(value) for value in found.values())


def in_this_process(
    tasks: Sequence[tuple[Path, Callable[[], Any]]], jobs: int
) -> Iterator[tuple[Path, Any]]:
    """Do tasks one after the other, each as it would arrive in another process.

    That processes of their own do tasks is tested below; starting TensorFlow in them takes long.
    """
    for path, do in tasks:
        try:
            yield path, pickle.loads(pickle.dumps(do))()
        except (ValueError, OSError) as error:
            yield path, error


@pytest.mark.slow
def test_a_folder_is_done_once_and_what_is_missing_again(
    tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    """From the command line, then once more."""
    folder, out = tmp_path / "files", tmp_path / "out"
    folder.mkdir()
    write_series(folder, "001_ABC_id_1_Sensor_tr_60_1st_90.csv")
    write_series(folder, "002_ABC_id_2_Sensor_tr_60_1st_90.csv")
    write_series(folder, "003_XYZ_id_1_Sensor_tr_500_1st_90.csv")  # more than it has
    settings = tmp_path / "settings.txt"
    settings.write_text(QUICK.to_json())
    words = ["tsb_ad_m", str(folder), "--settings", str(settings), "--out", str(out)]

    monkeypatch.setattr("sys.argv", words)
    monkeypatch.setattr(tsb_ad_m, "in_processes", in_this_process)
    assert tsb_ad_m.main() == 1
    printed = capsys.readouterr().out
    assert "3 files, 0 of them done before" in printed
    assert "not done: 003_XYZ_id_1_Sensor_tr_500_1st_90.csv: Expected `tr_N` in the" in printed
    assert "| ABC (2) |" in printed
    assert "| all (2) |" in printed
    first, second = (out / f"00{n}_ABC_id_{n}_Sensor_tr_60_1st_90" for n in (1, 2))
    scores = pd.read_csv(f"{first}.csv")["score"]
    assert len(scores) == 120
    assert int(scores.argmax()) in range(83, 102)
    line = json.loads(Path(f"{first}.json").read_text())
    assert {*tsb_ad_m.MEASURES, "file", "family", "key", "notices"} == line.keys()
    assert any("only 60 rows" in notice or "never change" in notice for notice in line["notices"])

    before = Path(f"{first}.csv").stat().st_mtime_ns, Path(f"{second}.csv").read_bytes()
    Path(f"{second}.json").write_text("{")  # a run that was cut off
    assert tsb_ad_m.main() == 1
    assert "3 files, 1 of them done before" in capsys.readouterr().out
    assert Path(f"{first}.csv").stat().st_mtime_ns == before[0]
    assert Path(f"{second}.csv").read_bytes() == before[1]  # the same seed, the same file


def test_other_settings_data_or_code_are_another_run(tmp_path: Path, monkeypatch: Any) -> None:
    path = write_series(tmp_path, "001_ABC_id_1_tr_60.csv")
    key = tsb_ad_m.key_of(path, QUICK)
    assert tsb_ad_m.key_of(path, QUICK) == key
    assert tsb_ad_m.key_of(path, QUICK.model_copy(update={"seed": 1})) != key
    with monkeypatch.context() as patched:
        patched.setattr(tsb_ad_m, "source_hash", lambda package: "of other code")
        assert tsb_ad_m.key_of(path, QUICK) != key
    write_series(tmp_path, path.name, 130)
    assert tsb_ad_m.key_of(path, QUICK) != key


def change_code(package: Path) -> None:
    (package / "data" / "windows.py").write_text("T = 9\n")


def add_code(package: Path) -> None:
    (package / "more.py").write_text("")


def rename_code(package: Path) -> None:
    (package / "data" / "windows.py").rename(package / "data" / "blocks.py")


@pytest.mark.parametrize("change", [change_code, add_code, rename_code])
def test_a_source_file_that_changed_is_other_code(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    def of_package(name: str) -> str:
        package = tmp_path / name
        (package / "data").mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text('"""A package."""\n')
        (package / "data" / "windows.py").write_text("T = 8\n")
        (package / "__pycache__").mkdir(exist_ok=True)
        (package / "__pycache__" / "windows.pyc").write_bytes(name.encode())
        return tsb_ad_m.source_hash.__wrapped__(package)

    assert of_package("one") == of_package("other")  # wherever it lies, whatever was compiled
    before = of_package("one")
    change(tmp_path / "one")
    assert tsb_ad_m.source_hash.__wrapped__(tmp_path / "one") != before


def test_the_code_that_counts_is_that_of_the_package() -> None:
    assert (tsb_ad_m.PACKAGE / "scoring" / "causal.py").is_file()
    assert len(tsb_ad_m.source_hash(tsb_ad_m.PACKAGE)) == 64


@pytest.mark.slow
@pytest.mark.skipif(not TUNING.is_dir(), reason="the tuning files are not here")
def test_a_tuning_file_is_ranked_far_above_chance() -> None:
    data = tsb_ad_m_file(next(TUNING.glob("164_SMAP*.csv")))
    settings = Settings.from_values(
        {
            "model_name": "quick",
            "T": 32,
            "cnn_units": [16] * 4,
            "dil_rate": [1, 2, 4, 8, 16],
            "lr": 2e-3,
            "epochs": 4,
            "steps_per_epoch": 50,
            "patience": 4,
        },
        "These",
    )
    score, _, _ = tsb_ad_m.scores_of(data, settings)
    assert len(score) == len(data.judged)
    found = tsb_ad_m.measures(data.of_system, score, 125)
    assert found["VUS-PR"] > 10 * data.of_system.mean()


@pytest.mark.slow
@pytest.mark.skipif(not TUNING.is_dir(), reason="the tuning files are not here")
def test_vus_of_tuning_files_equals_the_slow_twin() -> None:
    """Around the first event of each file, for the largest z-score of a row."""
    paths = sorted(TUNING.glob("*_tr_*.csv"))
    assert len(paths) == 5
    for path in paths:
        data = tsb_ad_m_file(path)
        begin = max(int(np.argmax(data.of_system)) - 150, 0)
        rows = slice(begin, begin + 400)
        spread = data.training.std().replace(0.0, 1.0)
        z = ((data.judged - data.training.mean()) / spread).abs().max(axis=1).to_numpy()[rows]
        truth = data.of_system[rows]
        assert truth.any()
        wanted = oracles.volume_under_surface(truth, z, 30, 25)
        assert vus(truth, z, 30, 25) == pytest.approx(wanted, abs=1e-9)
        first = data.judged.iloc[:1500, 0].to_numpy()
        assert period_from_autocorrelation(first) == oracles.autocorrelation_period(first, 125)


# ------------------------------------------------------------ SKAB


def experiment(folder: Path, rows: int = 420) -> Path:
    times = pd.date_range("2020-03-09 10:14:33", periods=rows, freq="s", name="datetime")
    frame = pd.DataFrame({"Current": np.arange(rows) % 7.0, "Pressure": 0.5}, times)
    frame = frame.assign(anomaly=0.0, changepoint=0.0)
    frame.iloc[405:410, 2] = 1.0
    path = folder / "0.csv"
    frame.to_csv(path, sep=";")
    return path


def test_an_experiment_is_read_without_what_is_no_measurement(tmp_path: Path) -> None:
    series, truth = skab.read_experiment(experiment(tmp_path))
    assert list(series) == ["Current", "Pressure"]
    assert np.flatnonzero(truth).tolist() == [405, 406, 407, 408, 409]


def test_a_file_that_is_no_experiment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"more than 400 rows in .*0\.csv\. Received 400 rows of"):
        skab.read_experiment(experiment(tmp_path, 400))
    (tmp_path / "b.csv").write_text("datetime;Current\n2020-01-01;1\n")
    with pytest.raises(InputError, match=r"Expected columns `anomaly` and `changepoint`, separat"):
        skab.read_experiment(tmp_path / "b.csv")


def judged_file(truth: list[int], predicted: list[int], score: list[float]) -> skab.Judged:
    """A file whose alarm is on with the lowest limits, and off with the highest."""
    said, rows = np.array(predicted) == 1, np.array(score)
    by_limit = rows > skab.LIMITS[:, np.newaxis]
    return skab.Judged(np.array(truth) == 1, said, ~said, by_limit, rows, rows.max() / 2)


def test_counts_are_pooled_over_files_by_hand() -> None:
    files = [
        judged_file([1, 1, 0], [1, 0, 0], [2.0, 0.5, 0.15]),
        judged_file([0, 0, 1], [1, 0, 1], [9.0, 1.0, 4.0]),
    ]
    counts = skab.pooled(files, lambda file: file.predicted)
    assert counts == (2, 1, 2, 1)
    assert counts.cells == ["0.67", "33.33", "33.33"]
    assert skab.pooled(files, lambda file: file.ahead) == (1, 2, 1, 2)
    assert skab.pooled(files, skab._above(1.0)) == (1, 1, 2, 2)  # above 1, and above 4.5
    assert skab.pooled(files, skab._above(-1.0)) == (3, 3, 0, 0)


def test_bounds_are_those_of_one_limit_for_all_files() -> None:
    files = [judged_file([1, 1, 0, 0, 0, 0, 0, 0], [0] * 8, [9, 2, 3, *[0.01] * 5])]
    best, at_most = skab.bounds(files)
    assert best[1:] == ["0.80", "16.67", "0.00"]  # below 2: both, and one of six normal rows
    assert at_most[1:] == ["0.67", "0.00", "50.00"]  # from 3 to 9: one of two
    assert "by the labels" in best[0]
    assert "FAR at most 14%" in at_most[0]


@pytest.mark.slow
def test_an_experiment_is_judged_by_every_limit(tmp_path: Path) -> None:
    judged = skab.judge_file(experiment(tmp_path, 560), QUICK)
    assert judged.truth.shape == judged.predicted.shape == judged.ahead.shape == (160,)
    assert judged.by_limit.shape == (len(skab.LIMITS), 160)
    assert judged.by_limit[0].sum() >= judged.by_limit[-1].sum()


# ------------------------------------------------------------ what both use


def double(number: int) -> int:
    if number == 3:
        raise InputError("not three")
    return 2 * number


class Doubling:
    """A task that travels to other processes."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self) -> int:
        return double(self.number)


def test_tasks_in_processes_give_results_or_what_they_failed_with(capsys: Any) -> None:
    tasks = [(Path(str(number)), Doubling(number)) for number in (2, 3, 4)]
    results = dict(in_processes(tasks, jobs=2))
    assert results[Path("2")] == 4
    assert results[Path("4")] == 8
    assert str(results[Path("3")]) == "not three"
    assert "3/3" in capsys.readouterr().out
