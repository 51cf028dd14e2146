"""Progress on a terminal and elsewhere: lines of epochs, bars, blocks that pass through."""

import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from dcvae.cli.printer import Printer
from dcvae.cli.progress import TrainingDisplay, counted
from dcvae.training import EpochLosses, progress

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


def on_a_terminal(monkeypatch):
    """Have standard error, captured already, call itself a terminal."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)


def test_a_line_an_epoch_when_nobody_watches(capsys, clock):
    with TrainingDisplay(Printer(), 100, 0) as display:
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
    with TrainingDisplay(Printer(), 10, 7) as display:
        clock.now += 3.0
        display.epoch(losses_of(8), False)
    assert "at most 6 s left" in capsys.readouterr().out


def test_no_time_is_left_after_the_last_epoch(capsys, clock):
    with TrainingDisplay(Printer(), 1, 0) as display:
        clock.now += 3.0
        display.epoch(losses_of(1), True)
    assert capsys.readouterr().out.endswith("3.0 s\n")


def test_a_bar_on_a_terminal(monkeypatch, capsys):
    on_a_terminal(monkeypatch)
    with TrainingDisplay(Printer(), 2, 0) as display:
        display.step(1, 1, 2, 0.5)
        display.epoch(losses_of(1), True)
    out, err = capsys.readouterr()
    assert out.startswith("epoch 1/2  loss   1.2500")
    assert "/2 epochs [" in err
    assert "loss 0.5000" in err


def test_the_bar_of_a_resumed_training_begins_where_it_goes_on(monkeypatch, capsys):
    on_a_terminal(monkeypatch)
    with TrainingDisplay(Printer(), 10, 7) as display:
        display.step(8, 1, 4, 0.5)
    assert "7.00/10 epochs [" in capsys.readouterr().err


@pytest.mark.parametrize("printer", [Printer(quiet=True), Printer(as_json=True)])
def test_the_quiet_see_neither_lines_nor_bars(printer, monkeypatch, capsys):
    on_a_terminal(monkeypatch)
    with TrainingDisplay(printer, 2, 0) as display:
        display.step(1, 1, 2, 0.5)
        display.epoch(losses_of(1), True)
    assert list(counted(printer, [1, 2], 2)) == [1, 2]
    assert capsys.readouterr() == ("", "")


def test_blocks_pass_through(monkeypatch, capsys):
    blocks = [SimpleNamespace(mean=np.zeros((rows, 2))) for rows in (3, 2)]
    assert list(counted(Printer(), blocks, 5)) == blocks
    assert capsys.readouterr().err == ""
    on_a_terminal(monkeypatch)
    assert list(counted(Printer(), blocks, 5)) == blocks
    assert "scoring:   0%" in capsys.readouterr().err
