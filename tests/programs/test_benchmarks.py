"""The programs that measure: each fits the package as it is, and two of them are run, small."""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from benchmarks import alarm_rules, alarms, common, detectors, peers, planted, sets
from benchmarks.scored import ScoredRows, ScoredSet
from dcvae.config import Settings, read_settings
from dcvae.data import rows_from_arrays
from dcvae.metrics import event_wise, segments
from support.script_tools import ROOT

PARTS = ("alarm_rules", "common", "peers", "plain", "planted", "scored", "sets")
PROGRAMS = sorted(path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_finds_what_it_imports(name: str) -> None:
    with mock.patch.dict(os.environ):  # some say how much TensorFlow logs
        module = importlib.import_module(f"benchmarks.{name}")
    assert module.__doc__
    if name not in PARTS:
        assert f"python -m benchmarks.{name}" in module.__doc__
        assert callable(module.main)


def run(monkeypatch: pytest.MonkeyPatch, name: str, *words: str) -> None:
    with mock.patch.dict(os.environ):
        module = importlib.import_module(f"benchmarks.{name}")
    monkeypatch.setattr(sys, "argv", [name, *words])
    module.main()


def test_searches_for_alphas_are_timed(monkeypatch: pytest.MonkeyPatch, capsys: object) -> None:
    run(monkeypatch, "alphas", "--rows", "300", "--series", "2", "--repeats", "1")
    printed = capsys.readouterr().out
    f1 = {}
    for table in printed.split("| point-wise, ")[-1].split("| range-based, "):
        cells = [line.strip("| ").split(" | ") for line in table.splitlines()]
        f1[len(f1)] = {row[0]: row[-1] for row in cells if len(row) == 4}
    for measure in range(2):
        assert {"ours, grid", "ours, exact"} <= f1[measure].keys()
        assert f1[measure]["ours, exact"] >= f1[measure]["ours, grid"]
        # Another program's F1 of the same pairs; prts may not be installed.
        assert f1[measure].get("published", f1[measure]["ours, grid"]) == f1[measure]["ours, grid"]
    assert "published" in f1[0]


def test_scores_agree_with_the_plain_port(monkeypatch: pytest.MonkeyPatch, capsys: object) -> None:
    words = ("--rows", "200", "--series", "3", "--repeats", "1", "--passes", "64")
    scoring = importlib.import_module("dcvae.scoring.causal")
    monkeypatch.setattr(scoring, "PASS_WINDOWS", scoring.PASS_WINDOWS)  # the program changes it
    run(monkeypatch, "score", *words)
    ours = capsys.readouterr().out.splitlines()[-1].strip("| ").split(" | ")
    assert ours[0] == "ours, 64 windows a pass"
    assert float(ours[-1]) < 1e-4


def test_seed_and_epochs_of_the_command_line_come_before_those_of_the_file(tmp_path: Path) -> None:
    parser = common.parser_of_files("Measures.")
    parser.add_argument("--epochs", type=int)
    asked = read_settings(common.RECOMMENDED)
    assert common.given_settings(parser.parse_args(["files"])) == asked
    changed = common.given_settings(parser.parse_args(["files", "--seed", "0", "--epochs", "3"]))
    assert changed == asked.model_copy(update={"seed": 0, "epochs": 3})
    assert (parser.parse_args(["files"]).folder, parser.parse_args(["x"]).jobs) == (
        Path("files"),
        1,
    )


def test_whole_inputs_have_no_gap_and_no_missing_cell() -> None:
    walks = common.random_walks(50, 3)
    inputs = common.whole_input(walks)
    np.testing.assert_array_equal(inputs.values, walks)
    assert inputs.scorable(8).all()


# ------------------------------------------------------------ labeled sets


def write_service(folder: Path, training: int = 60, later: int = 40) -> Path:
    """A folder in the form of services: one label column, no validation part."""
    folder.mkdir(parents=True)
    times = pd.date_range("2024-01-01", periods=training + later, freq="5min", name="time")
    random = np.random.default_rng(training)
    wave = np.sin(np.arange(len(times)) / 4)[:, np.newaxis] + random.normal(0, 0.1, (len(times), 2))
    label = np.zeros(len(times), dtype=int)
    wave[training + 20 : training + 25] += 4.0
    label[training + 20 : training + 25] = 1
    frame = pd.DataFrame(wave, times, ["a", "b"])
    frame[:training].to_csv(folder / "train.csv")
    frame[training:].to_csv(folder / "test.csv")
    pd.DataFrame({"system": label[training:]}, times[training:]).to_csv(folder / "labels_test.csv")
    return folder


def test_a_folder_is_read_in_the_form_that_it_has(tmp_path: Path) -> None:
    write_service(tmp_path / "services" / "set2_service0")
    label = {"a": range(30), "Label": [0] * 25 + [1] * 5}
    (tmp_path / "telemetry").mkdir()
    pd.DataFrame(label).to_csv(tmp_path / "telemetry" / "001_ABC_id_2_tr_20.csv", index=False)
    own, service, telemetry = sets.all_sets([tmp_path / "services", tmp_path / "telemetry"])
    assert (own.name, own.family, own.num_choosing, own.later) == ("sample", "sample", 2016, 0)
    assert (service.name, service.family) == ("set2_service0", "services")
    assert (service.training.shape, service.judged.shape) == ((60, 2), (40, 2))
    assert np.flatnonzero(service.of_system).tolist() == [20, 21, 22, 23, 24]
    assert (service.has_times, service.num_choosing, service.later) == (True, 0, 0)
    assert (telemetry.family, telemetry.later, telemetry.has_times) == ("telemetry", 20, False)


# ------------------------------------------------------------ alarms


def mask(rows: int, *runs: tuple[int, int]) -> NDArray[np.bool_]:
    found = np.zeros(rows, dtype=bool)
    for start, stop in runs:
        found[start:stop] = True
    return found


def scored_set(rows: int = 1152, later: int = 1152, seed: int = 0) -> ScoredSet:
    """Four days of errors of noise to learn on, and as many after them, with an event."""
    random = np.random.default_rng(seed)
    error = random.standard_normal((rows + later, 4)).astype(np.float32)
    error[rows + 700 : rows + 730] *= 8
    parts = []
    for part in (slice(rows), slice(rows, None)):
        times = np.arange(rows + later)[part] * 300_000_000
        parts.append(ScoredRows(error[part], np.ones_like(error[part]), times))
    truth = mask(later, (700, 730))
    return ScoredSet(f"set{seed}", "made", 1, 300.0, True, parts[0], parts[1], truth)


def test_alarms_count_strictly_where_they_begin_in_an_event_or_just_before() -> None:
    truth = mask(200, (50, 60), (100, 120))
    just_before = mask(200, (38, 52), (119, 121))
    assert alarms.strict_f05(truth, just_before) == event_wise(truth, just_before).corrected_f05
    early = mask(200, (37, 52), (119, 121))  # one of two is false: precision 1/2, recall 1/2
    quiet = 1 - 14 / 170
    assert alarms.strict_f05(truth, early) == pytest.approx(
        1.25 * (quiet / 2) * 0.5 / (0.25 * quiet / 2 + 0.5)
    )
    assert event_wise(truth, early).recall == 1.0
    ended_before = mask(200, (45, 49))
    assert alarms.strict_f05(truth, ended_before) == 0.0
    nothing = mask(200)
    assert (alarms.strict_f05(nothing, nothing), alarms.strict_f05(truth, nothing)) == (1.0, 0.0)


def test_figures_of_alarms_by_hand() -> None:
    data = scored_set(later=2016)  # a week
    alarm = mask(2016, (100, 110), (702, 712), (900, 910))
    found = alarms.figures(data, alarm)
    assert (found.precision, found.recall, found.delay) == (1 / 3, 1.0, 2.0)
    assert (found.false, found.share) == (2.0, 30 / 2016)
    later = event_wise(data.truth[576:], alarm[576:]).corrected_f05  # without the first alarm
    assert found.f < found.later == later


def test_a_score_over_its_past_median_follows_it() -> None:
    ratio = np.array([np.nan, 1.0, 4.0, 2.2, 1.0, *[1.0] * 13, 4.0])
    alarm = alarm_rules._above(ratio, 3.0)  # until 2, and 12 rows more
    assert np.flatnonzero(alarm).tolist() == [*range(2, 16), 18]


def test_what_is_in_alarm_is_kept_out_of_the_past_for_so_long() -> None:
    score = np.ones(400)
    score[200:] = 9.0

    def found(longest: int) -> list[tuple[int, int]]:
        alarm = segments(alarm_rules._machine(score, 4.0, 0.1, window=100, longest=longest))
        return list(zip(alarm.starts.tolist(), alarm.stops.tolist(), strict=True))

    assert found(60) == [(200, 260)]
    assert found(300) == [(200, 400)]
    # A half of the window is not fed by one alarm of 40 rows, but by two.
    assert found(40) == [(200, 280)]


def test_the_median_of_the_past_is_that_of_its_last_values() -> None:
    past, values = alarm_rules._Past(5), np.random.default_rng(1).integers(0, 4, 40).astype(float)
    for row, value in enumerate(values.tolist()):
        past.feed(value)
        assert past.median() == np.median(values[max(row - 4, 0) : row + 1])


def test_every_rule_finds_a_plain_event_in_noise() -> None:
    data = scored_set()
    rules = alarm_rules.all_rules(read_settings(common.RECOMMENDED))
    assert len({rule.name for rule in rules}) == len(rules)
    for rule in rules:
        raised = rule.fit(data)(data.later).alarm
        assert raised.shape == (1152,)
        assert raised[700:730].any(), rule.name
        if rule.budget is not None:
            assert raised.mean() < 0.15, rule.name


def test_faults_are_planted_where_they_are_said_to_be() -> None:
    data, day = scored_set(), 288
    rows = next(planted.planted(data, 4.0))
    moved = rows.error - np.tile(data.training.error, (5, 1))
    shifted = np.flatnonzero(moved.any(axis=0))
    assert len(shifted) == 3
    assert np.flatnonzero(moved.any(axis=1)).tolist() == [
        *range(5 * day, 8 * day),
        *range(12 * day, 20 * day),
    ]
    spread = data.training.error.std(axis=0)[shifted]
    np.testing.assert_allclose(moved[-1, shifted], 4 * spread, rtol=1e-5)
    assert np.diff(rows.times).tolist() == [300_000_000] * (20 * day - 1)


def test_what_a_rule_comes_to_on_planted_faults() -> None:
    data, day = scored_set(), 288
    rows = next(planted.planted(data, 4.0))

    def outcome(*runs: tuple[int, int]) -> planted.Outcome:
        raised = alarm_rules.Raised(mask(20 * day, *runs))
        return planted.outcome(lambda rows: raised, rows, 300.0)

    assert outcome((5 * day, 6 * day), (12 * day, 13 * day)) == (1 / 3, True, 24.0, True, None)
    assert outcome((11 * day, 14 * day), (15 * day, 16 * day))[1:4] == (True, 48.0, False)
    assert outcome((12 * day, 20 * day)).hours == np.inf
    assert not outcome((13 * day, 14 * day)).found
    following = alarm_rules.all_rules(read_settings(common.RECOMMENDED))[4]
    found = planted.outcome(following.fit(data), next(planted.planted(data, 6.0)), 300.0)
    assert (found.found, found.is_shift) == (True, True)
    assert found.hours == pytest.approx(31, abs=2)


def test_a_variation_is_chosen_on_the_sets_that_are_not_left_out() -> None:
    def rule(name: str, follows: bool = True) -> alarm_rules.Rule:
        return alarm_rules.Rule(name, lambda data: lambda rows: None, 1.0, follows)

    ours, other, foreign = rule("ours"), rule("other"), rule("foreign", follows=False)
    values = {"a": (0.5, 0.9, 1.0), "b": (0.5, 0.1, 1.0), "c": (0.5, 0.8, 1.0)}
    lines = [
        alarms.Line(each, scored_set()._replace(name=name), alarms.Figures(*[value] * 9))
        for name, of_set in values.items()
        for each, value in zip((ours, other, foreign), of_set, strict=True)
    ]
    chosen = {
        name: alarms.best_without(name, lines, lambda line: line.data.name).name for name in values
    }
    assert chosen == {"a": "ours", "b": "other", "c": "ours"}


@pytest.mark.slow
def test_rules_are_run_anew_on_errors_that_were_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    write_service(tmp_path / "services" / "one", 700, 700)
    write_service(tmp_path / "services" / "two", 701, 700)
    keys = {"model_name": "q", "T": 8, "cnn_units": [4], "dil_rate": [1, 2], "epochs": 1}
    (tmp_path / "settings.txt").write_text(json.dumps(keys))
    monkeypatch.setattr(alarms, "all_sets", lambda folders: sets.servers(folders[0]))
    words = [str(tmp_path / "services"), "--settings", str(tmp_path / "settings.txt")]
    words += ["--seed", "1", "2", "--cache", str(tmp_path / "kept")]
    run(monkeypatch, "alarms", *words)
    first = capsys.readouterr().out
    assert first.count("trained on ") == 4
    tables = [line for line in first.splitlines() if line.startswith("|")]
    assert "| services: 2 sets, seeds 1, 2 | F | strict |" in tables[0]
    for title in ("set left out", "F / strict / false a week", "shifted by 4 deviations, 12 files"):
        assert any(line.startswith(f"| {title} |") for line in tables), title
    run(monkeypatch, "alarms", *words)
    again = capsys.readouterr().out
    assert "trained on" not in again
    assert [line for line in again.splitlines() if line.startswith("|")] == tables


def test_errors_are_kept_by_data_and_by_settings_of_the_model(tmp_path: Path) -> None:
    scored = importlib.import_module("benchmarks.scored")
    data = next(sets.servers(write_service(tmp_path / "services" / "one").parent))
    settings = Settings.from_values({"model_name": "q"}, "These")
    key = scored._key(data, settings)
    assert key.startswith("services_one_123_")
    assert scored._key(data, settings.model_copy(update={"alarm_window": 9})) == key
    assert scored._key(data, settings.model_copy(update={"latent_size": 2})) != key
    assert scored._key(data._replace(training=data.training + 1), settings) != key


# ------------------------------------------------------------ detectors of rows


def test_half_of_the_normal_rows_train_and_no_anomaly_does() -> None:
    labels = np.arange(40) % 4 == 0
    rows = rows_from_arrays(np.arange(40.0)[:, None], labels)
    parts = detectors.split(rows, 0, 100)
    trained, judged = parts.training[:, 0].astype(int), parts.judged[:, 0].astype(int)
    assert len(trained) == 15
    assert not labels[trained].any()
    assert sorted([*trained, *judged]) == list(range(40))
    np.testing.assert_array_equal(parts.labels, labels[judged])
    few = detectors.split(rows, 0, 6)
    assert (len(few.training), int(few.labels.sum()), len(few.labels)) == (6, 6, 12)
    assert (detectors.split(rows, 1, 100).training != parts.training).any()


def test_detectors_of_rows_are_judged_on_sets_of_a_folder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    far = np.r_[random.standard_normal((60, 3)), random.standard_normal((20, 3)) + 9]
    np.savez(tmp_path / "far.npz", X=far, y=np.arange(80) >= 60)
    (tmp_path / "notes.txt").write_text("no rows")
    (tmp_path / "wrong.csv").write_text("a,b\n1,2\n3,4\n")
    given = ("--runs", "2", "--detectors", "ecod,k-means")
    run(monkeypatch, "detectors", "quality", str(tmp_path), *given)
    printed = capsys.readouterr().out
    assert "left out: " in printed
    assert "wrong.csv: expected a column of labels" in printed
    assert "| ecod | 1.000 |" in printed
    assert "| mean over sets, 2 runs | AUROC | AUPR | seconds | sets |" in printed


def test_a_detector_that_fails_is_a_line_and_not_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def judge(name: str, parts: Any, seed: int) -> tuple[float, float, float]:
        if name == "ecod":
            raise RuntimeError("too strange")
        return 0.75, 0.5, 1.0

    monkeypatch.setattr(detectors, "judge", judge)
    run(monkeypatch, "detectors", "quality", "--runs", "1", "--detectors", "ecod,k-means")
    printed = capsys.readouterr().out
    assert "ecod failed on one cluster: RuntimeError: too strange" in printed
    assert "| ecod | - | - | - | - |" in printed
    assert "| k-means | 0.750 | 0.750 | 0.750 | 0.750 |" in printed
    assert "| k-means | 0.750 | 0.500 | 1.0 | 4 |" in printed
    assert "| ecod | nan | nan | nan | 0 |" in printed


@pytest.mark.slow
def test_memory_of_a_detector_is_measured_in_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--rows", "500", "--columns", "3", "--detectors", "ecod")
    run(monkeypatch, "detectors", "memory", *words)
    line = next(line for line in capsys.readouterr().out.splitlines() if "| ecod |" in line)
    _, peak, less, *_ = line.strip("| ").split(" | ")
    assert 0 <= float(peak) - float(less) <= 1  # the table is small


def test_peers_are_named_only_where_they_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"pyod", "torch"}
    monkeypatch.setattr(peers.importlib.util, "find_spec", lambda name: name in there or None)
    assert set(peers.installed()) == {name for name in peers.MAKERS if name.startswith("PyOD")}
    monkeypatch.setattr(peers.importlib.util, "find_spec", lambda name: None)
    assert peers.installed() == []
    assert "PyOD AE" not in detectors.chosen("PyOD AE,ecod")


def test_a_peer_is_given_rows_standardized_by_its_training_rows() -> None:
    class Kept:
        def fit(self, rows: Any) -> None:
            self.rows = rows

        def decision_function(self, rows: Any) -> Any:
            return rows[:, 0]

    kept = Kept()
    rows = np.array([[1.0, 5.0], [3.0, 5.0]])
    fitted = peers.Peer(lambda count, columns, seed: kept, 3).fit(rows)
    assert kept.rows.tolist() == [[-1.0, 0.0], [1.0, 0.0]]
    assert fitted.decision_function(np.array([[4.0, 6.0]])).tolist() == [2.0]


def test_a_study_of_contamination_is_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: object, tmp_path: Path
) -> None:
    """Means over the runs by hand; a detector that failed has its reason for a line."""
    record = {"detectors": ["lof", "drocc"], "rho": [0.0, 0.1], "runs": 2}
    sizes = {"columns": 3, "test_rows": 50, "test_anomalies": 5}
    record["rests_on"] = {"data": "mine.npz", "anomaly": "label 1", **sizes}
    (tmp_path / "run.json").write_text(json.dumps(record))
    (tmp_path / "results.csv").write_text(
        "detector,rho,run,rows,aupr,seconds,failure\n"
        "lof,0.0,1,20,0.9,1.0,\nlof,0.0,2,20,,,tried again\nlof,0.0,2,20,0.7,3.0,\n"
        "lof,0.1,1,22,0.5,2.0,\nlof,0.1,2,22,0.3,2.0,\n"
        "drocc,0.0,1,20,,,it ran away\n"
    )
    lines = ["metric,detector,rho,mean,loss,loss_low,loss_high"]
    for metric in ("aupr", "auroc", "f1_true_rate", "f1_train_threshold"):
        lines += [f"{metric},lof,0.0,0.8,0.0,,", f"{metric},lof,0.1,0.4,0.4,0.35,0.45"]
    (tmp_path / "summary.csv").write_text("\n".join(lines))
    run(monkeypatch, "contamination", str(tmp_path))
    printed = capsys.readouterr().out  # type: ignore[attr-defined]
    assert "20 to 22 training rows, 50 in the test, 5 of them anomalies; runs: 2" in printed
    assert "| lof |" + " 0.800 0.400 |" * 4 + " 0.400 (0.350 to 0.450) | 2.0 |" in printed
    assert "| drocc | it ran away |" in printed
