"""What people read of a training, of thresholds and of a file."""

import json
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from dcvae._text import duration
from dcvae.cli import output
from dcvae.cli.printer import Printer
from dcvae.config import NameKeys, Settings, series_names
from dcvae.data import TrueEvents
from dcvae.detection import Alphas, SystemAlarm, Thresholds, find_events
from dcvae.evaluation import ANY_FLAG, MEAN, METRIC_NOTES, SYSTEM, SYSTEM_NOTES, Finding
from dcvae.evaluation.metrics_table import TABLE_COLUMNS
from dcvae.evaluation.true_events import find_root_causes
from dcvae.networks import initial_weights, network_in_numpy
from dcvae.training import EpochLosses
from support.builders import detection_of, settings_with

NAN = math.nan


def losses_of(epoch, loss=1.25, val_loss=1.5):
    return EpochLosses(epoch, loss, 1.0, 0.25, val_loss, 1.0, 0.25, 1e-3)


def show_alphas(alphas, events_per_week, printer=None):
    alarm = SystemAlarm.published(len(alphas.series))
    rates = None if events_per_week is None else np.array(events_per_week)
    output.alphas_table(printer or Printer(), Thresholds(alphas, alarm, rates))


def test_a_model_that_lost_its_name_meanwhile_is_told_wherever_its_results_are():
    model, before = Path("models/pump"), Path("models/pump.previous")
    assert output.moved(model, model, Path("elsewhere/results")) == []
    [told] = output.moved(model, before, before / "results" / "x")
    assert told.startswith("Another model has taken the name of this one in the meantime. ")
    assert f"is written to {before / 'results' / 'x'}; run the command again" in told


def test_the_quiet_are_told_nothing(capsys):
    printer = Printer(quiet=True)
    show_alphas(Alphas.default(["five"], 3.0), [NAN], printer)
    show(printer, review_of())
    start_training(printer, summary=True)
    assert capsys.readouterr() == ("", "")


# --- Alphas ------------------------------------------------------------


def twelve_character_alphas():
    return Alphas(
        series=("TS1", "temperature1", "pressure_bar"),
        down=np.array([2.0, 12.3456, 3.0]),
        up=np.array([7.0, 1234567.0, 3.0]),
        f1=np.array([0.5, 1.0, NAN]),
        precision=np.array([0.25, 1.0, NAN]),
        recall=np.array([1.0, 1.0, NAN]),
        labeled_rows=np.array([12, 1_234_567, 0]),
        method=("grid range-based", "exact range-based", "default"),
    )


def test_series_with_default_alphas_are_named(capsys):
    show_alphas(Alphas.default(["a", "b"], 3.0), [NAN, NAN])
    assert capsys.readouterr().out.endswith(
        "\nnote: No labeled anomaly in a scored row, default alphas kept: a, b.\n"
    )


def test_table_of_alphas_without_labels(capsys):
    alphas = replace(Alphas.default(["a", "dead"], 3.0), method=("budget", "default"))
    show_alphas(alphas, [12.345, NAN])
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["series", "alpha_down", "alpha_up", "events/week", "method"],
        ["a", "3", "3", "12.3", "budget"],
        ["dead", "3", "3", "-", "default"],
    ]


def test_table_of_alphas(capsys):
    show_alphas(twelve_character_alphas(), [1.0, 1.0])
    *lines, note = capsys.readouterr().out.splitlines()
    assert note.endswith(" default alphas kept: pressure_bar.")
    assert lines[0].split() == [
        *("series", "alpha_down", "alpha_up", "F1", "precision", "recall"),
        *("labeled", "rows", "method"),
    ]
    assert lines[1].split() == [
        *("TS1", "2", "7", "0.500", "0.250", "1.000", "12", "grid", "range-based"),
    ]
    assert lines[2].split()[:3] == ["temperature1", "12.3", "1.23e+06"]
    assert lines[3].split() == ["pressure_bar", "3", "3", "-", "-", "-", "0", "default"]
    assert max(map(len, lines)) <= 100
    end = lines[0].index("alpha_down") + len("alpha_down")
    assert [line[:end].split()[-1] for line in lines[1:]] == ["2", "12.3", "3"]


def test_alphas_that_labels_do_not_support_are_named(capsys):
    alphas = replace(
        Alphas.default(["quiet", "good"], 3.0),
        f1=np.array([0.0, 0.5]),
        method=("grid point-wise",) * 2,
    )
    show_alphas(alphas, [1.0] * len(alphas.series))
    out = capsys.readouterr().out
    assert "note: No band reaches an F1 of 0.1 on the labels of quiet: these alphas mean" in out


# --- A file ------------------------------------------------------------


def review_of(num_series=2, num_events=0):
    """Build a review as far as the terminal looks at it."""
    residual = np.zeros((300, num_series))
    residual[: 2 * num_events : 2, 0] = 4.0 + np.arange(num_events)
    detection = detection_of(residual)
    return SimpleNamespace(
        summary=lambda: {"scored rows": "300"},
        model=SimpleNamespace(
            step_seconds=300.0,
            names=series_names(NameKeys(), detection.series),
            settings=settings_with(),
        ),
        not_judged="",
        detection=detection,
        metrics=None,
        comparison=None,
        root_causes=None,
        events=find_events(detection, 300.0),
        findings=(Finding("bad", "It is bad."), Finding("good", "It is good.")),
    )


def show(printer, result, folder=Path("models/m/results/test")):
    output.verdict(printer, result, None)
    output.review(printer, result)
    output.written(printer, result, folder, 3.21)


def test_review_on_the_terminal(capsys):
    show(Printer(), review_of(num_events=12))
    lasts = duration(300.0)
    assert capsys.readouterr().out == (
        f"12 alarms in 25 h; worst 1 January 01:50, {lasts}, began with a: 15 where 0 was "
        "expected\n"
        "\n"
        "scored rows  300\n"
        "\n"
        "series  flagged   share\n"
        "a            12  4.000%\n"
        "b             0  0.000%\n"
        "\n"
        "strongest 10 of 12 events (sigmas at the peak; values where it began; earliest series "
        "first)\n"
        f"start             {'lasts':>{len(lasts)}}  sigmas  actual  expected  series\n"
        + "".join(
            f"2021-01-01 0{minutes // 60}:{minutes % 60:02d}  {lasts}"
            f"  {strength:>6.1f}  {strength:>6d}         0  a\n"
            for minutes, strength in zip(range(110, 10, -10), range(15, 5, -1), strict=True)
        )
        + "\n"
        "bad: It is bad.\n"
        "good: It is good.\n"
        "written: models/m/results/test (300 scored rows, 3.2 s)\n"
        "to look at: models/m/results/test/report.html\n"
    )


def test_events_of_a_detector_that_expects_no_values(capsys):
    result = review_of(num_events=2)
    nothing = np.full_like(result.detection.mean, NAN)
    result.detection = replace(result.detection, mean=nothing, sigma=nothing)
    result.events = find_events(result.detection, 300.0)
    output.new_events(Printer(), result, pd.Timestamp("2021-01-01"))
    said, header, first, _, end = capsys.readouterr().out.split("\n", 4)
    assert said.startswith(
        "strongest 2 of 2 events (sigmas from the usual deviation, at the peak; earliest "
    )
    assert header.split() == ["start", "lasts", "sigmas", "actual", "series"]
    assert first.split()[-3:] == ["up", "5", "a"]
    assert end == "\n"


def test_review_with_metrics_fits_a_hundred_columns(capsys):
    result = review_of(26, num_events=3)
    names = [*result.detection.series, MEAN, ANY_FLAG, SYSTEM]
    result.metrics = pd.DataFrame(0.98765, names, list(TABLE_COLUMNS))
    result.metrics.loc[SYSTEM, "vus_pr_chance"] = 0.125
    result.metrics.loc["b", "vus_pr"] = NAN
    result.events.table["series"] = [["a long name of a series"] * 20] * 3
    detectors = ["DC-VAE", "isolation forest"]
    result.comparison = pd.DataFrame(0.5, detectors, [*METRIC_NOTES, *SYSTEM_NOTES])
    output.review(Printer(), result)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) == 100
    assert next(line for line in lines if line.startswith("b ")).split()[-1] == "-"
    assert next(line for line in lines if line.startswith("system, by chance")).split()[3:] == [
        "0.988",  # average precision and VUS-PR: what is not a ranking has no chance level
        "0.125",
    ]
    assert any(line.startswith("isolation forest  ") for line in lines)
    assert not any("…" in line for line in lines if line[:1] != "2")  # only lists of series are cut


def test_events_that_lie_seconds_apart_have_their_seconds(capsys):
    result = review_of(num_events=2)
    result.events.table["start"] += pd.Timedelta(seconds=7)
    output.review(Printer(), result)
    assert "\n2021-01-01 00:10:07  " in capsys.readouterr().out


def test_a_narrow_terminal_has_the_events_without_their_values(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    output.review(Printer(), review_of(num_events=2))
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split() == ["start", "lasts", "sigmas", "series"] for line in lines)


def test_only_what_is_new(capsys):
    result = review_of(num_events=12)
    since = pd.Timestamp("2021-01-01 01:40")
    output.verdict(Printer(), result, since)
    output.new_events(Printer(), result, since)
    out = capsys.readouterr().out
    assert out.startswith("2 alarms since 1 January 01:40; worst 1 January 01:50, ")
    assert "\nstrongest 2 of 2 events " in out
    assert [line[:16] for line in out.splitlines() if line.startswith("2021")] == [
        "2021-01-01 01:50",
        "2021-01-01 01:40",
    ]
    later = pd.Timestamp("2021-01-01 02:00")
    output.verdict(Printer(), result, later)
    output.new_events(Printer(), result, later)
    assert capsys.readouterr().out == "No alarm since 1 January 02:00\n\n"


def test_true_events_on_the_terminal(capsys):
    result = review_of(2, num_events=3)  # rows 0, 2 and 4, five minutes apart
    start = result.detection.times[0]
    table = pd.DataFrame(
        {
            "event": ["7", "8"],
            "start": [start + pd.Timedelta(minutes=4, seconds=20), start + pd.Timedelta(hours=5)],
            "end": [start + pd.Timedelta(minutes=12), start + pd.Timedelta(hours=6)],
            "series": [("b", "a"), ("b",)],
            "others": [(), ("MV-504",)],
            "description": ["", ""],
        }
    )
    truth = TrueEvents(Path("events.csv"), table, [])
    result.root_causes = find_root_causes(truth, result.detection, result.events)
    output.review(Printer(), result)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    place = [" ".join(line) for line in lines].index(
        "true event start series alarm blamed (place in the order)"
    )
    assert lines[place + 1 : place + 3] == [
        [
            "7",
            *str(table["start"][0]).split(),
            *["b,", "a", "after", "5", "min", "40", "s", "a", "(1st", "of", "1),", "not", "b"],
        ],
        ["8", *str(table["start"][1]).split(), *["b,", "MV-504", "missed"]],
    ]


# --- A training ------------------------------------------------------------


def start_training(printer=None, **keys):
    """Begin a training of stand-ins, with real settings and a network of them."""
    settings = Settings.from_text(json.dumps({"model_name": "a"} | KEYS | keys), "s.txt")
    table = SimpleNamespace(path=Path("a.csv"), frame=np.zeros((1000, 3)))
    split = SimpleNamespace(train=range(2000), validation=range(40))
    output.training_start(
        printer or Printer(),
        SimpleNamespace(table=table, split=split),
        settings,
        network_in_numpy(initial_weights(settings)),
        "CPU",
        Path("models/a"),
    )


KEYS = {"M": 3, "T": 8, "J": 2, "kernel": 2, "cnn_units": [4, 4], "dil_rate": [1, 2, 4]}


def test_what_is_about_to_be_trained(capsys):
    """Kernels, biases and normalization: 28 + 16 + 36 + 16 + 2·18, and 20 + 16 + 36 + 16 + 2·27."""
    start_training(summary=False)
    assert capsys.readouterr().out == (
        "data     a.csv: 1,000 rows, 3 series\n"
        "windows  2,000 to train on, 40 to validate\n"
        "network  DC-VAE, 274 parameters, receptive field 8 (encoder) and 8 (decoder) of T = 8 "
        "rows\n"
        "device   CPU\n"
        "model    models/a\n"
    )


def test_layers_are_shown_on_request(capsys):
    start_training(summary=True)
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["layer", "kind", "channels", "parameters"]
    assert lines[0].split() == [
        *("encoder_conv_1", "convolution,", "2", "taps,", "dilation", "1,", "tanh", "4", "28")
    ]
    assert [line.split()[0] for line in lines[:13]][-2:] == ["x_spread", "data"]


def end_training(ending, printer=None):
    state = SimpleNamespace(history=(losses_of(1), losses_of(2, 0.5, NAN)), best_epoch=2)
    result = SimpleNamespace(state=state, ending=ending)
    return output.training_end(printer or Printer(), result, Path("models/a"), 5.0)


ENDINGS = pytest.mark.parametrize(
    ("ending", "status", "message"),
    [
        ("all epochs done", 0, ""),
        ("early stopping", 0, ""),
        ("interrupted", 130, "interrupted: the best weights so far are kept; --resume goes on"),
        ("loss is not a number", 1, "warning: the loss became NaN or infinite, which no"),
    ],
)


@ENDINGS
def test_how_a_training_ended(capsys, ending, status, message):
    assert end_training(ending) == status
    out, err = capsys.readouterr()
    assert out.startswith(f"{ending} after 2 epochs and 5 s\n")
    assert "best epoch 2: loss 0.5000 (reconst 1.0000, kl 0.2500)\n" in out
    assert out.endswith("model: models/a\n")
    assert err.startswith(message)
    assert bool(err) == bool(message)


@ENDINGS
def test_a_training_cut_short_is_told_even_to_those_who_want_quiet(capsys, ending, status, message):
    assert end_training(ending, Printer(quiet=True)) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(message)
    assert bool(err) == bool(message)


def test_one_epoch_and_the_validation_loss_are_told(capsys):
    result = SimpleNamespace(
        state=SimpleNamespace(history=(losses_of(1),), best_epoch=1), ending="all epochs done"
    )
    assert output.training_end(Printer(), result, Path("models/a"), 65.0) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "all epochs done after 1 epoch and 1 min 5 s",
        "best epoch 1: loss 1.2500 (reconst 1.0000, kl 0.2500), validation loss 1.5000",
    ]
