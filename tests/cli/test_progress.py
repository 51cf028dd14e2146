"""Progress on a terminal and elsewhere: lines of epochs, bars, blocks that pass through."""

import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from dcvae import _backend, _progress
from dcvae._progress import begin
from dcvae._progress import counted as announced
from dcvae.cli.printer import Printer
from dcvae.cli.progress import Display, TrainingDisplay, counted
from dcvae.training import EpochLosses, progress
from support.terminal import terminal

NAN = math.nan


def losses_of(epoch, loss=1.25, val_loss=1.5):
    return EpochLosses(epoch, loss, 1.0, 0.25, val_loss, 1.0, 0.25, 1e-3)


class Clock:
    """Stands in for the module time: a second goes by only when the test says so."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def blocks_of(*rows):
    return [SimpleNamespace(mean=np.zeros((count, 2))) for count in rows]


def test_a_line_an_epoch_when_nobody_watches(capsys, clock):
    with Display(Printer()) as shown:
        display = TrainingDisplay(shown, Printer(), 100)
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
    display = TrainingDisplay(Display(Printer()), Printer(), 10)
    clock.now += 3.0
    display.epoch(losses_of(8), False)
    assert "at most 6 s left" in capsys.readouterr().out


def test_no_time_is_left_after_the_last_epoch(capsys, clock):
    display = TrainingDisplay(Display(Printer()), Printer(), 1)
    clock.now += 3.0
    display.epoch(losses_of(1), True)
    assert capsys.readouterr().out.endswith("3.0 s\n")


def train(printer):
    with Display(printer) as shown:
        display = TrainingDisplay(shown, printer, 10)
        display.begin()
        display.step(8, 1, 4, 0.5)
        display.epoch(losses_of(8), True)
        display.step(9, 1, 4, 0.25)


def test_a_training_on_a_terminal():
    with terminal(100) as seen:
        train(Printer())
    assert "compiling the network, about 10 s" in seen.raw
    assert "8.25/10 epochs, loss 0.2500" in seen.raw
    assert "\x1b[2Kepoch  8/10  loss   1.2500" in seen.raw  # above what moves
    assert "\x1b[?25h" in seen.raw.rpartition("8.25/10")[2]  # what moved is gone


def test_what_needs_no_compiling_tells_of_none(capsys):
    display = Display(Printer())
    TrainingDisplay(display, Printer(), 10).begin("numpy")
    display.start_backend("numpy")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("verbose", [False, True])
def test_what_computes_is_said_to_those_who_ask(verbose, capsys, monkeypatch):
    monkeypatch.setattr("dcvae.cli.progress.processor", lambda: "CPU, 3 cores")
    Display(Printer(verbose=verbose)).start_backend("numpy")
    expected = f"computed by  numpy {np.__version__}, CPU, 3 cores\n"
    assert capsys.readouterr().out == (expected if verbose else "")


def test_the_bar_of_a_resumed_training_begins_where_it_goes_on():
    with terminal(100) as seen, Display(Printer()) as shown:
        TrainingDisplay(shown, Printer(), 10).step(8, 1, 4, 0.5)
    assert "7.25/10 epochs, loss 0.5000" in seen.raw


def test_a_training_in_a_log(capsys):
    train(Printer())
    out, err = capsys.readouterr()
    assert out.startswith("compiling the network, about 10 s ...\nepoch  8/10  loss   1.2500")
    assert (out.count("\n"), err) == (2, "")


def work(printer):
    """Score, fit alphas, compare, each as it is announced; what is inside a part is not shown."""
    with Display(printer) as display:
        assert list(counted(display, blocks_of(1200, 800), 2000)) is not None
        for _ in announced(["a", "b"], "fitting alphas", 2):
            begin("not shown")
        for _ in announced(["a"], "comparing with baselines"):
            pass
        begin("writing")
    begin("nobody listens")


def test_work_on_a_terminal():
    with terminal(100) as seen:
        work(Printer())
    for words in ("scoring", "2,000/2,000 rows", "fitting alphas", "2/2"):
        assert words in seen.raw
    assert "comparing with baselines" in seen.raw
    assert "not shown" not in seen.raw
    assert "nobody listens" not in seen.raw


def test_work_in_a_log(capsys):
    work(Printer())
    assert capsys.readouterr() == (
        "scoring, 2,000 rows ...\nfitting alphas ...\ncomparing with baselines ...\nwriting ...\n",
        "",
    )


def test_work_on_a_terminal_on_which_nothing_can_move():
    with terminal(100, TERM="dumb") as seen:
        work(Printer())
    assert seen.lines[0] == "scoring, 2,000 rows ..."
    assert "\x1b" not in seen.raw


def test_lines_go_to_the_pipe_while_standard_error_moves(capsys):
    with terminal(100, "stderr") as seen, Display(Printer()) as display:
        display.begin("scoring", 10)
        Printer().say("a line")
        display.move_to(5)
    assert capsys.readouterr().out == "a line\n"
    assert "5/10" in seen.raw


@pytest.mark.parametrize("printer", [Printer(quiet=True), Printer(as_json=True)])
def test_the_quiet_see_neither_lines_nor_bars(printer, capsys):
    with terminal(100) as seen:
        train(printer)
        work(printer)
    assert seen.raw == ""
    train(printer)
    work(printer)
    assert capsys.readouterr() == ("", "")


def test_blocks_pass_through():
    blocks = blocks_of(3, 2)
    assert list(counted(Display(Printer()), blocks, 5)) == blocks


@pytest.mark.parametrize(
    ("backend", "words"), [("tensorflow", "TensorFlow"), ("jax", "JAX"), ("torch", "PyTorch")]
)
def test_the_start_of_the_framework_is_told(backend, words, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setattr(_backend, "chosen", lambda: backend)
    monkeypatch.setattr(_backend, "start", lambda: "CPU")
    monkeypatch.setattr(_backend, "notices", lambda: ["It sees no card."])
    monkeypatch.setattr("atexit.register", lambda *_: None)
    Display(Printer()).start_backend()
    told = "note: It sees no card.\n"
    assert capsys.readouterr().out == f"starting {words}, about 10 s ...\n{told}"
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace())
    Display(Printer()).start_backend()  # has been started
    assert capsys.readouterr().out == told


def test_what_the_work_goes_on_with_is_a_notice_which_stays(capsys):
    with Display(Printer()):
        _progress.tell("Passes are made smaller.")
    assert capsys.readouterr().out == "note: Passes are made smaller.\n"
