"""What people read: durations, tables, the lines of a training, and how a script ends."""

import json
import math
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from support.builders import verdicts_of

from dcvae import InputError
from dcvae.cli import output as console
from dcvae.config.settings import Settings
from dcvae.detection.alphas import Alphas
from dcvae.detection.events import find_events
from dcvae.evaluation.metrics_table import (
    ANY_FLAG,
    MEAN,
    METRIC_NOTES,
    SYSTEM,
    SYSTEM_NOTES,
    Finding,
)

NAN = math.nan


@pytest.fixture(autouse=True)
def loud(monkeypatch):
    monkeypatch.setattr(console, "_quiet", False)
    monkeypatch.setattr(console, "_json", False)


def losses_of(epoch, loss=1.25, val_loss=1.5):
    """Stand in for training.EpochLosses, whose import would start Keras."""
    return SimpleNamespace(epoch=epoch, loss=loss, reconst=1.0, kl=0.25, val_loss=val_loss)


# --- Arguments -------------------------------------------------------------------------------


def parse(monkeypatch, *words, labels=False):
    monkeypatch.setattr(sys, "argv", ["script.py", *words])
    return console.parse(console.parser("Does it.", labels=labels))


def test_arguments_and_their_defaults(monkeypatch):
    arguments = parse(monkeypatch, "d.csv", "s.txt")
    assert (arguments.data, arguments.settings) == (Path("d.csv"), Path("s.txt"))
    assert arguments.models == Path("models")
    assert not arguments.quiet
    arguments = parse(monkeypatch, "d.csv", "l.csv", "s.txt", "--models", "m", labels=True)
    assert (arguments.labels, arguments.models) == (Path("l.csv"), Path("m"))


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (["d.csv"], "the following arguments are required: SETTINGS.txt"),
        (["d.csv", "s.txt", "more"], "unrecognized arguments: more"),
        (["d.csv", "s.txt", "--model", "m"], "unrecognized arguments: --model"),
        (["d.csv", "s.txt", "--models"], "expected one argument"),
    ],
)
def test_wrong_arguments_end_in_status_2(monkeypatch, capsys, words, fragment):
    with pytest.raises(SystemExit) as end:
        parse(monkeypatch, *words)
    assert end.value.code == 2
    assert fragment in capsys.readouterr().err


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("007", 7), ("100", 100)])
def test_positive_number(text, number):
    assert console.positive_number(text) == number


@pytest.mark.parametrize("text", ["0", "-3", "1.5", "many", "", "9" * 5000])
def test_positive_number_refused(text):
    with pytest.raises(Exception, match="expected a whole number of at least 1, received"):
        console.positive_number(text)


# --- The end of a script ---------------------------------------------------------------------


def end_of(main):
    with pytest.raises(SystemExit) as end:
        console.run(main)
    return end.value.code


def raising(error):
    def main():
        raise error

    return main


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (1, 1), (130, 130)])
def test_an_end_without_a_mistake(capsys, returned, status):
    assert end_of(lambda: returned) == status
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InputError("`T` is 3."), "error: `T` is 3.\n"),
        (PermissionError(13, "Permission denied", "models/a"), "error: [Errno 13] Permission"),
        (FileNotFoundError(2, "No such file", "a.csv"), "error: [Errno 2] No such file"),
    ],
)
def test_a_mistake_ends_in_its_message_and_status_2(capsys, error, message):
    assert end_of(raising(error)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(message)
    assert "Traceback" not in err


def test_interrupted_ends_in_130(capsys):
    assert end_of(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr() == ("", "\ninterrupted; nothing was changed\n")


def test_a_defect_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        console.run(raising(ZeroDivisionError()))


# --- Lines and tables ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (7.26, "7.3 s"),
        (59.94, "59.9 s"),
        (59.97, "1 min 00 s"),
        (60, "1 min 00 s"),
        (125.4, "2 min 05 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (3780, "1 h 03 min"),
        (100 * 3600, "100 h 00 min"),
    ],
)
def test_duration(seconds, text):
    assert console.duration(seconds) == text


def test_duration_never_shows_sixty():
    for hundredth in range(0, 361_000, 7):
        text = console.duration(hundredth / 100)
        assert not text.startswith("60"), text
        assert " 60" not in text, text


def test_quiet_says_nothing(monkeypatch, capsys):
    arguments = parse(monkeypatch, "d.csv", "s.txt", "--quiet")
    console.say("one")
    console.notice(["two"])
    console.facts({"three": "3"})
    console.next_commands(arguments, ("four.py",))
    console.alphas_table(Alphas.default(["five"], 3.0), [NAN])
    console.review(review_of(), Path("folder"), 1.0)
    with console.TrainingDisplay(2, 0) as display:
        display.epoch(losses_of(1), True)
    assert capsys.readouterr() == ("", "")
    parse(monkeypatch, "d.csv", "s.txt")
    console.say("heard again")
    assert capsys.readouterr().out == "heard again\n"


def test_notices_and_facts(capsys):
    console.notice(["One thing.", "Another."])
    console.facts({"data": "a.csv", "device": "CPU"})
    assert capsys.readouterr().out == (
        "note: One thing.\nnote: Another.\ndata    a.csv\ndevice  CPU\n"
    )


def test_next_commands_can_be_typed_as_they_are(monkeypatch, capsys):
    commands = [("alpha_definition.py", "VAL.csv", "LABELS.csv"), ("test.py", "TEST.csv")]
    console.next_commands(parse(monkeypatch, "d.csv", "s.txt"), *commands)
    assert capsys.readouterr().out == (
        "next:\n"
        "  python alpha_definition.py VAL.csv LABELS.csv s.txt\n"
        "  python test.py TEST.csv s.txt\n"
    )
    words = ["d.csv", "my settings/s.txt", "--models", "it's; here"]
    console.next_commands(parse(monkeypatch, *words), commands[1])
    line = capsys.readouterr().out.splitlines()[1]
    assert shlex.split(line)[2:] == ["TEST.csv", "my settings/s.txt", *words[2:]]


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
    console.alphas_table(Alphas.default(["a", "b"], 3.0), [NAN, NAN])
    assert capsys.readouterr().out.endswith(
        "\nnote: No labeled anomaly in a judged row, default alphas kept: a, b.\n"
    )


def test_table_of_alphas_without_labels(capsys):
    alphas = replace(Alphas.default(["a", "dead"], 3.0), method=("budget", "default"))
    console.alphas_table(alphas, [12.345, NAN])
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["series", "alpha_down", "alpha_up", "events/week", "method"],
        ["a", "3", "3", "12.3", "budget"],
        ["dead", "3", "3", "-", "default"],
    ]


def test_table_of_alphas(capsys):
    console.alphas_table(twelve_character_alphas(), [1.0, 1.0])
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


def review_of(num_series=2, num_events=0):
    """Build a review as far as the terminal looks at it."""
    residual = np.zeros((300, num_series))
    residual[: 2 * num_events : 2, 0] = 4.0 + np.arange(num_events)
    verdicts = verdicts_of(residual)
    return SimpleNamespace(
        summary=lambda: {"judged rows": "300"},
        verdicts=verdicts,
        metrics=None,
        comparison=None,
        events=find_events(verdicts, 300.0),
        findings=(Finding("bad", "It is bad."), Finding("good", "It is good.")),
    )


def test_review_on_the_terminal(capsys):
    console.review(review_of(num_events=12), Path("models/m/results/test"), 3.21)
    assert capsys.readouterr().out == (
        "judged rows  300\n"
        "\n"
        "series  flagged   share\n"
        "a            12  4.000%\n"
        "b             0  0.000%\n"
        "\n"
        "strongest 10 of 12 events (strength: sigmas beyond the band)\n"
        "start                     lasts  strength      series, first to leave its band first\n"
        + "".join(
            f"2021-01-01 0{minutes // 60}:{minutes % 60:02d}:00  5 min 00 s"
            f"  {strength:>8.1f}  up  a\n"
            for minutes, strength in zip(range(110, 10, -10), range(12, 2, -1), strict=True)
        )
        + "\n"
        "bad: It is bad.\n"
        "good: It is good.\n"
        "written: models/m/results/test (300 judged rows, 3.2 s)\n"
        "to look at: models/m/results/test/report.html\n"
    )


def test_review_with_metrics_fits_a_hundred_columns(capsys):
    result = review_of(26, num_events=3)
    names = [*result.verdicts.series, MEAN, ANY_FLAG, SYSTEM]
    result.metrics = pd.DataFrame(0.98765, names, list(METRIC_NOTES))
    result.metrics.loc["b", "vus_pr"] = NAN
    result.events.table["series"] = [["a long name of a series"] * 20] * 3
    detectors = ["DC-VAE", "isolation forest"]
    result.comparison = pd.DataFrame(0.5, detectors, [*METRIC_NOTES, *SYSTEM_NOTES])
    console.review(result, Path("folder"), 1.0)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) == 100
    assert next(line for line in lines if line.startswith("b ")).split()[-1] == "-"
    assert any(line.startswith("isolation forest  ") for line in lines)
    assert not any("…" in line for line in lines if line[:1] != "2")  # only lists of series are cut


@pytest.mark.parametrize(("terminal", "no_color", "colored"), [(1, 0, 1), (1, 1, 0), (0, 0, 0)])
def test_color_is_for_terminals_that_want_it(terminal, no_color, colored, monkeypatch, capsys):
    monkeypatch.setattr(console.sys.stdout, "isatty", lambda: bool(terminal))
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    console.review(review_of(), Path("folder"), 1.0)
    assert ("\033[31mbad:\033[0m It is bad." in capsys.readouterr().out) is bool(colored)


def test_json_is_printed_where_it_is_asked_for_and_silences_the_rest(monkeypatch, capsys):
    parse(monkeypatch, "d.csv", "s.txt", "--json")
    console.say("nothing")
    console.machine_readable({"a": [1, None]})
    assert json.loads(capsys.readouterr().out) == {"a": [1, None]}
    parse(monkeypatch, "d.csv", "s.txt")
    console.machine_readable({"a": 1})
    assert capsys.readouterr().out == ""


# --- A training ------------------------------------------------------------------------------


class Clock:
    """Stands in for the module time: a second goes by only when the test says so."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(console, "time", clock)
    return clock


def test_a_line_an_epoch_when_nobody_watches(capsys, clock):
    with console.TrainingDisplay(100, 0) as display:
        clock.now += 2.0
        display.step(1, 50, 100, 1.0)
        assert capsys.readouterr() == ("", "")
        display.epoch(losses_of(1), True)
        clock.now += 4.0
        display.epoch(losses_of(2, -1.0, NAN), False)
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "epoch   1/100  loss   1.2500 (reconst 1.0000, kl 0.2500)  val   1.5000 *   2.0 s, "
        "at most 3 min 18 s left",
        "epoch   2/100  loss  -1.0000 (reconst 1.0000, kl 0.2500)     4.0 s, "
        "at most 6 min 32 s left",
    ]
    assert err == ""


def test_time_left_of_a_resumed_training_counts_its_own_epochs(capsys, clock):
    with console.TrainingDisplay(10, 7) as display:
        clock.now += 3.0
        display.epoch(losses_of(8), False)
    assert "at most 6.0 s left" in capsys.readouterr().out


def test_alphas_that_labels_do_not_support_are_named(capsys):
    alphas = replace(
        Alphas.default(["quiet", "good"], 3.0),
        f1=np.array([0.0, 0.5]),
        method=("grid point-wise",) * 2,
    )
    console.alphas_table(alphas, [1.0] * len(alphas.series))
    out = capsys.readouterr().out
    assert "note: No band reaches an F1 of 0.1 on the labels of quiet: these alphas mean" in out


def test_no_time_is_left_after_the_last_epoch(capsys, clock):
    with console.TrainingDisplay(1, 0) as display:
        clock.now += 3.0
        display.epoch(losses_of(1), True)
    assert capsys.readouterr().out.endswith("3.0 s\n")


def test_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with console.TrainingDisplay(2, 0) as display:
        display.step(1, 1, 2, 0.5)
        display.epoch(losses_of(1), True)
    out, err = capsys.readouterr()
    assert out.startswith("epoch 1/2  loss   1.2500")
    assert "/2 epochs [" in err


def test_blocks_pass_through(monkeypatch, capsys):
    blocks = [SimpleNamespace(mean=np.zeros((rows, 2))) for rows in (3, 2)]
    assert list(console.counted(blocks, 5)) == blocks
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert list(console.counted(blocks, 5)) == blocks
    assert "scoring:   0%" in capsys.readouterr().err


def training_start(**keys):
    """Begin a training of stand-ins, with real settings."""
    sides = [SimpleNamespace(summary=lambda print_fn, n=n: print_fn(f"layers {n}")) for n in "ed"]
    network = SimpleNamespace(encoder=sides[0], decoder=sides[1], count_params=lambda: 12_345)
    console.training_start(
        SimpleNamespace(path=Path("a.csv"), frame=np.zeros((1000, 3))),
        SimpleNamespace(train=range(2000), validation=range(40)),
        Settings.from_text(json.dumps({"model_name": "a"} | keys), "s.txt"),
        network,
        "CPU",
        Path("models/a"),
    )


KEYS = {"T": 8, "cnn_units": [4, 4], "dil_rate": [1, 2, 4]}


def test_what_is_about_to_be_trained(capsys):
    training_start(summary=False, **KEYS)
    assert capsys.readouterr().out == (
        "data     a.csv: 1,000 rows, 3 series\n"
        "windows  2,000 to train on, 40 to validate\n"
        "network  DC-VAE, 12,345 parameters, receptive field 8 (encoder) and 8 (decoder) of T = 8 "
        "rows\n"
        "device   CPU\n"
        "model    models/a\n"
    )


def test_layers_are_shown_on_request(capsys):
    training_start(summary=True, **KEYS)
    assert capsys.readouterr().out.startswith("layers e\nlayers d\ndata ")


def end_training(ending):
    state = SimpleNamespace(history=(losses_of(1), losses_of(2, 0.5, NAN)), best_epoch=2)
    result = SimpleNamespace(state=state, ending=ending)
    return console.training_end(result, Path("models/a"), 5.0)


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
    assert out.startswith(f"{ending} after 2 epochs and 5.0 s\n")
    assert "best epoch 2: loss 0.5000 (reconst 1.0000, kl 0.2500)\n" in out
    assert out.endswith("model: models/a\n")
    assert err.startswith(message)
    assert bool(err) == bool(message)


@ENDINGS
def test_a_training_cut_short_is_told_even_to_those_who_want_quiet(
    monkeypatch, capsys, ending, status, message
):
    monkeypatch.setattr(console, "_quiet", True)
    assert end_training(ending) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(message)
    assert bool(err) == bool(message)
