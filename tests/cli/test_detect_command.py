"""`dcvae detect`: what it writes is what the network and the alphas say, row by row."""

import json
import os
import re
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from dcvae.config import read_settings
from dcvae.evaluation import SYSTEM
from dcvae.storage import open_model
from support.script_tools import (
    BEFORE,
    DATA_OF,
    RESULTS,
    SETTINGS,
    call,
    ending_before_it_computes,
    flags_from_csvs,
    good,
    notices,
    read_csv,
    read_results,
    write_settings,
)
from support.stored_models import contents


def test_rows_and_columns_of_the_results(walk):
    results = read_results(walk[0] / "models/toy/results/test")
    data = read_csv(walk[0] / "test.csv")
    for name, frame in results.items():
        expected = ["0", "1"] if name == "latent_space" else list(data.columns)
        assert list(frame.columns) == expected, name
        assert frame.index.equals(data.index[BEFORE:]), name
        assert frame.index.name == "time"
    assert len(results["sigma"]) == len(data) - SETTINGS["T"] + 1
    text = (walk[0] / "models/toy/results/test/anomaly_predictions.csv").read_text()
    words = {cell for line in text.splitlines()[1:] for cell in line.split(",")[1:]}
    assert words == {"True", "False"}
    assert "nan" not in text.lower()


def test_the_history_of_the_training_is_only_needed_for_figures(place):
    (place.model / "history.csv").unlink()
    with ending_before_it_computes(KeyboardInterrupt):
        assert place.call("test").returncode == 130
        ended = place.call("test", "--figures", "png")
    assert ended.returncode == 2
    assert "history.csv is missing. Train the model again, or put it back." in ended.stderr


def test_missing_cells_have_no_error_and_no_alarm(walk):
    results = read_results(walk[0] / "models/toy/results/test")
    missing = read_csv(walk[0] / "test.csv").isna().iloc[BEFORE:]
    assert missing.sum().tolist() == [1, 1, 4]
    assert results["abs_error"].isna().equals(missing)
    assert not results["anomaly_predictions"][missing].fillna(False).any(axis=None)
    for name in ("reconstructions", "sigma", "latent_space"):
        assert results[name].notna().all(axis=None)


def forward_pass(walk):
    """Judge every window of test.csv by itself, with nothing but the saved network.

    Returns: mean and sigma (judged rows, series), scaled, and latent (judged rows, latent).
    """
    folder = walk[0] / "models/toy"
    model = open_model(folder.parent, read_settings(walk[0] / "settings.txt"))
    with mock.patch.dict(os.environ, {"DCVAE_ENGINE": "keras"}):  # it was scored by the other
        network = model.network()
    learned = json.loads((folder / "preprocessing.json").read_bytes())
    data = read_csv(walk[0] / "test.csv").ffill().bfill()
    data = data.clip(learned["lower"], learned["upper"], axis=1)  # what training held
    scaled = ((data - learned["mean"]) / learned["scale"]).to_numpy(dtype=np.float32)
    windows = np.stack([scaled[end - 8 : end] for end in range(8, len(scaled) + 1)])
    z_mean, _ = network.encoder(windows, training=False)
    mean, spread = network.decoder(z_mean, training=False)
    last = [np.asarray(part)[:, -1].astype(np.float64) for part in (mean, spread, z_mean)]
    return last[0], np.exp(last[1] / 2), last[2], learned


def test_results_are_those_of_the_network(walk, place):
    """The band is the network's where its width does not follow the errors."""
    mean, sigma, latent, learned = forward_pass(walk)
    scale = np.array(learned["scale"])
    good(place.define(threshold="fixed"))
    good(place.call("test"))
    results = read_results(place.model / "results/test")
    expected = {
        "reconstructions": mean * scale + learned["mean"],
        "sigma": sigma * scale,
        "latent_space": latent,
    }
    for name, values in expected.items():
        tolerance = 1e-5 * (1.0 if name == "latent_space" else scale)
        assert (np.abs(results[name] - values) < tolerance).all(axis=None), name
    data = read_csv(walk[0] / "test.csv").iloc[BEFORE:]
    difference = results["abs_error"] - (data - results["reconstructions"]).abs()
    assert (difference.abs().fillna(0) < 1e-5 * scale).all(axis=None)


def test_flags_are_those_of_the_band(walk):
    folder = walk[0] / "models/toy"
    alphas = pd.read_csv(folder / "alphas.csv").set_index("series")
    assert list(alphas.index) == ["s0", "s1", "s2"]
    assert list(alphas["method"]) == ["default", "grid point-wise", "default"]
    assert list(alphas["labeled_rows"]) == [0, 6, 0]
    assert alphas.loc["s0", ["alpha_down", "alpha_up"]].tolist() == [3.0, 3.0]
    data = read_csv(walk[0] / "test.csv")
    expected, sure, flags = flags_from_csvs(folder / "results/test", data, alphas)
    assert sure.mean(axis=None) > 0.98
    assert expected.where(sure).equals(flags.where(sure))
    assert flags["s0"].iloc[40 - BEFORE]
    assert flags["s1"].iloc[60 - BEFORE : 63 - BEFORE].all()


def test_standardized_units_on_request(walk, place):
    write_settings(place.settings, fidelity_units="code")
    good(place.call("test"))
    standardized = read_results(place.model / "results/test")
    in_data_units = read_results(walk[0] / "models/toy/results/test")
    learned = json.loads((place.model / "preprocessing.json").read_bytes())
    scale = np.array(learned["scale"])
    for name in ("sigma", "abs_error"):
        expected = in_data_units[name] / scale
        np.testing.assert_allclose(standardized[name], expected, rtol=1e-5, atol=1e-6)
    expected = (in_data_units["reconstructions"] - learned["mean"]) / scale
    np.testing.assert_allclose(standardized["reconstructions"], expected, rtol=1e-5, atol=1e-6)
    for name in ("latent_space", "anomaly_predictions"):
        assert standardized[name].equals(in_data_units[name])


def test_columns_are_matched_by_name(walk, place):
    data = read_csv(place.data)
    data.insert(0, "remark", "some text")
    data = data[["s2", "remark", "s0", "s1"]]
    data["s9"] = 1.0
    data.to_csv(place.data)
    ended = good(place.call("test"))
    assert "Columns that are not among the series are left out: `remark`, `s9`." in ended.stdout
    here, there = contents(place.model), contents(walk[0] / "models/toy")
    source = str(Path("results/test/source.json"))  # of another file
    assert here.pop(source) != there.pop(source)
    assert here == there


def test_context_lets_the_first_rows_be_judged(place):
    good(place.call("test", "--context", place.folder / "val.csv"))
    results = contents(place.model / "results/test")
    both = pd.concat([read_csv(place.folder / "val.csv"), read_csv(place.data)])
    both.to_csv(place.folder / "both.csv", index_label="time")
    num_rows = len(read_csv(place.data))
    place.data = place.folder / "both.csv"
    good(place.call("test"))
    for name in (f"{name}.csv" for name in RESULTS):
        lines = results[name].splitlines()
        assert len(lines) == 1 + num_rows
        tail = (place.model / "results/both" / name).read_bytes().splitlines()[-num_rows:]
        assert lines[1:] == tail, name


def test_one_row_with_context_is_judged(place):
    """As far as it can be: the context ends a month before."""
    read_csv(place.data).iloc[:1].to_csv(place.data)
    ended = place.call("test", "--context", place.folder / "val.csv")
    assert ended.returncode == 4
    assert "crosses a gap longer than `max_gap`" in ended.stderr
    assert "(1 scored rows, " in ended.stdout
    assert len(read_csv(place.model / "results/test/sigma.csv")) == 1


def test_a_glitch_beyond_all_numbers_is_an_alarm_like_another(place):
    """Devices write 1.8e308 where they have no value; no other row or series may suffer."""
    data = read_csv(place.data)
    data.iloc[50, 0], data.iloc[50, 2] = 1.7e308, -1.7e308
    data.to_csv(place.data)
    good(place.call("test"))
    results = read_results(place.model / "results/test")
    assert results["anomaly_predictions"].iloc[50 - BEFORE][["s0", "s2"]].all()
    assert np.isfinite(results["reconstructions"]).all(axis=None)
    assert results["abs_error"].isna().equals(data.isna().iloc[BEFORE:])


def test_no_alarm_score_or_quality_depends_on_later_rows(place):
    """The file is cut off after a row: what was said of the rows before is said again."""
    good(place.define(false_alarms_per_week=500.0, system_false_alarms_per_week=100.0))
    frame = read_csv(place.data)
    frame.iloc[30:33, 1] = np.nan
    frame.iloc[45:60, 0] += 5 * frame.iloc[:, 0].std()
    frame.iloc[70:, 2] = np.nan
    names = ("alarms", "anomaly_predictions", "quality")
    said = {}
    for stop in (len(frame), 40, 48, 52, 75):
        frame.iloc[:stop].to_csv(place.data)
        good(place.call("test"))
        folder = place.model / "results/test"
        said[stop] = {name: read_csv(folder / f"{name}.csv") for name in names}
        said[stop]["causal"] = read_csv(folder / "scores.csv")["causal"]
    whole = said.pop(len(frame))
    assert whole["alarms"][SYSTEM].any()
    for part in said.values():
        for name, table in part.items():
            cut = whole[name].iloc[: len(table)]
            check = pd.testing.assert_series_equal if name == "causal" else same_table
            check(table, cut)


def same_table(left, right):
    pd.testing.assert_frame_equal(left, right, check_dtype=False)


def test_alarms_by_exit_status_and_only_the_new_ones(place):
    """As a job asks that looks at the same file every few minutes."""
    good(place.define(false_alarms_per_week=500.0, system_false_alarms_per_week=100.0))
    frame = read_csv(place.data)
    frame.iloc[85:90, 0] += 50 * frame.iloc[:, 0].std()
    frame.to_csv(place.data)
    metrics = place.model / "results/test/metrics.json"

    ended = place.call("test", "--json", "--fail-on-alarm")
    assert (ended.returncode, ended.stderr) == (3, "")
    whole = json.loads(ended.stdout)
    assert len(whole["events"]) == whole["num_events"] > 0
    assert re.match(r"\d+ alarms? in \d+ h", whole["verdict"])
    last = whole["events"][-1]
    assert (last["began_with"], last["series"][0]["name"]) == ("s0", "s0")
    assert last["actual"] > last["expected"]
    assert good(place.call("test", "--json")).returncode == 0

    ended = place.call("test", "--json", "--fail-on-alarm", "--since", last["alarm_end"])
    assert ended.returncode == 3
    new = json.loads(ended.stdout)
    assert new["events"] == [last]  # with its number
    assert new["since"] == last["alarm_end"]
    assert json.loads(metrics.read_bytes()) == whole

    later = pd.Timestamp(last["alarm_end"]) + pd.Timedelta(seconds=1)
    shown = good(place.call("test", "--since", str(later))).stdout
    assert "\nNo alarm since 1 May 0" in shown
    assert "strongest" not in shown
    assert "\nwritten: " in shown
    # Data have stopped to come: who looks at the status alone must not take that for health.
    after = place.call("test", "--fail-on-alarm", "--since", "2021-06-01")
    assert after.returncode == 4
    after = good(place.call("test", "--since", "2021-06-01")).stdout
    assert "\nNo alarm since 1 June 00:00: the file ends before, 1 May 08:15\n" in after


def test_a_time_that_is_none_is_refused_before_all_else(place):
    with ending_before_it_computes(AssertionError):
        ended = place.call("test", "--since", "yesterday")
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: --since: expected a time such as `2021-01-31 13:05`, ")
    assert "received `yesterday`, which is no time" in ended.stderr


def test_json_is_all_that_is_printed(place):
    printed = json.loads(good(place.call("test", "--json")).stdout)
    assert printed == json.loads((place.model / "results/test/metrics.json").read_bytes())
    assert printed["scored_rows"] == 93
    assert printed["metrics"] is None
    place.data = place.folder / "val.csv"
    printed = json.loads(good(place.call("alpha_definition", "--json")).stdout)
    assert [line["series"] for line in printed["alphas"]] == ["s0", "s1", "s2"]
    assert printed["alphas"][0]["f1"] is None
    place.data = place.folder / "train.csv"
    printed = json.loads(good(place.call("train", "--json", "--epochs", "1")).stdout)
    assert printed["epochs"] == 1
    assert printed["reference_losses"]["windows"] == 41


def test_quiet_tests_and_alphas_print_nothing(place):
    assert good(place.call("test", "--quiet")).stdout == ""
    place.data = place.folder / "val.csv"
    assert good(place.call("alpha_definition", "--quiet")).stdout == ""


def test_a_file_that_drifted_away_is_told(place):
    data = read_csv(place.data)
    (data + 6 * data.std()).to_csv(place.data)
    assert "bad: The model no longer fits this file" in good(place.call("test")).stdout


@pytest.mark.parametrize("script", ["test", "alpha_definition"])
def test_another_sampling_step_is_told(place, script):
    place.data = place.folder / DATA_OF[script]
    for path in (place.data, place.labels):
        frame = read_csv(path)
        frame.index = pd.date_range("2021-06-01", periods=len(frame), freq="10min", name="time")
        frame.to_csv(path)
    told = [note for note in notices(place, script) if "but the model was trained on" in note]
    assert [note[:24] for note in told] == ["note: The sampling step "]


def test_titles_of_no_series_are_told_and_do_no_harm(place):
    """They may be given after the training, and by a CSV."""
    (place.settings.parent / "names.csv").write_text("series;title\nS1;Inlet\n")
    write_settings(place.settings, metadata="names.csv")
    told = "note: Titles are given for `S1`, which is no series of `toy`; did you mean `s1`?"
    assert told in notices(place, "test")


@pytest.mark.parametrize(("first", "stop"), [(60, 61), (60, 72), (70, 100)])
def test_a_file_in_pieces_has_the_rows_of_the_whole(place, first, stop):
    """Byte for byte, but for the scores that look ahead."""
    good(place.call("test"))
    whole = place.model / "results/test"
    header, *rows = place.data.read_text().splitlines(keepends=True)
    piece, before = place.folder / "piece.csv", place.folder / "before.csv"
    piece.write_text("".join([header, *rows[first:stop]]))
    before.write_text("".join([header, *rows[:first]]))
    words = (piece, place.settings, "--models", place.models, "--context", before)
    good(call("test", *words))
    for name in ("alarms", "anomaly_predictions", "abs_error", "sigma", "scores", "quality"):
        expected, found = (
            (folder / f"{name}.csv").read_text().splitlines()[1:]
            for folder in (whole, place.model / "results/piece")
        )
        at = first - BEFORE
        if name == "scores":
            expected, found = ([line.rpartition(",")[0] for line in x] for x in (expected, found))
        assert found == expected[at : at + stop - first], name
