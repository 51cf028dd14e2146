"""Progress: a bar on a terminal and nothing elsewhere, lines if asked for."""

import os
import pty
import sys
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import pytest
import rich.console

from dcvae.estimator import progress
from dcvae.estimator.progress import fit_progress, scoring_progress
from dcvae.scoring import Scores
from dcvae.training import EpochLosses

LOSSES = EpochLosses(2, 1.5, 1.25, 0.25, 1.75, 1.25, 0.5, 0.001)
BLOCKS = [Scores(*[np.zeros((rows, 1), dtype=np.float32)] * 4) for rows in (3, 2)]

_END = "<end>"


class Terminal:
    """A pseudo-terminal in the place of standard error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TERM", "xterm")
        for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
            monkeypatch.delenv(name, raising=False)
        self._leader, follower = pty.openpty()
        self._stream = os.fdopen(follower, "w")

    def __enter__(self) -> Self:
        """Take the place now: pytest puts its own there between a fixture and its test."""
        self._before, sys.stderr = sys.stderr, self._stream
        return self

    def __exit__(self, *details: object) -> None:
        sys.stderr = self._before

    def seen(self) -> str:
        """Return what was written to it so far, which it passes on in pieces."""
        print(_END, end="", file=self._stream, flush=True)
        read = b""
        while not read.endswith(_END.encode()):
            read += os.read(self._leader, 65536)
        return read.decode().removesuffix(_END)

    def close(self) -> None:
        self._stream.close()
        os.close(self._leader)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setattr(progress, "_SLOW", -1.0)
    made = Terminal(monkeypatch)
    yield made
    made.close()


def work(verbose: bool | None, *, compiles: bool = True) -> None:
    with fit_progress(verbose, 2, compiles=compiles) as shown:
        if shown is not None:
            shown.step(1, 1, 2, 0.5)
            shown.epoch(LOSSES, is_best=True)
    shown_blocks = scoring_progress(verbose)
    blocks = BLOCKS if shown_blocks is None else [*shown_blocks(iter(BLOCKS), 5)]
    assert blocks == BLOCKS


@pytest.mark.parametrize("compiles", [True, False])
def test_a_terminal_shows_a_bar_which_is_gone_at_the_end(
    compiles: bool, terminal: Terminal, capsys: Any
) -> None:
    with terminal:
        work(None, compiles=compiles)
    seen = terminal.seen()
    assert ("compiling" in seen) == compiles
    for part in ("2.0/2 epochs", "calibrating", "scoring", "5/5 rows"):
        assert part in seen
    assert seen.count("\x1b[2K") >= 2  # lines are erased
    assert capsys.readouterr().out == ""


def test_quiet_is_quiet_on_a_terminal_too(terminal: Terminal, capsys: Any) -> None:
    with terminal:
        work(False)
    assert terminal.seen() == ""
    assert capsys.readouterr().out == ""


def test_lines_are_printed_if_asked_for(terminal: Terminal, capsys: Any) -> None:
    with terminal, fit_progress(True, 2) as shown:
        assert shown is not None
        shown.epoch(LOSSES, is_best=True)
    assert capsys.readouterr().out.startswith("epoch 2/2  loss   1.5000")
    assert terminal.seen() == ""


def test_scoring_that_is_quick_is_not_shown(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_SLOW", 60.0)
    with terminal:
        shown = scoring_progress(None)
        assert shown is not None
        assert [*shown(iter(BLOCKS), 5)] == BLOCKS
    assert terminal.seen() == ""


def test_a_dumb_terminal_a_log_and_a_notebook_without_widgets_show_nothing(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with terminal:
        work(None)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(rich.console, "_is_jupyter", lambda: True)
        monkeypatch.setattr(progress, "find_spec", lambda name: None)
        work(None)
    assert terminal.seen() == ""
    monkeypatch.setattr(rich.console, "_is_jupyter", lambda: False)
    work(None)
    assert capsys.readouterr() == ("", "")
