"""Progress of a command: a bar or words that move on a terminal, lines elsewhere."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from dcvae import _backend
from dcvae._engine import Engine, versions
from dcvae._progress import shown_by
from dcvae._threads import processor
from dcvae.cli.printer import Printer, start_backend, terminal_on
from dcvae.training import EpochLines

if TYPE_CHECKING:  # importing it would import Keras
    from rich.console import Console

    from dcvae.scoring import Scores

_DUMB = ("dumb", "unknown")  # values of TERM of terminals on which nothing can move


class Display:
    """A display of what a command does at the moment.

    On a terminal it is the last line and moves: standard output if that is one, else standard
    error. Elsewhere it is a line of text on standard output for each thing that begins.

    Args:
        printer: prints the lines; if it is quiet, nothing is shown.
    """

    def __init__(self, printer: Printer) -> None:
        self._printer = printer
        self._progress: Any = None  # of rich
        self._total: float | None = None
        self._done = 0.0
        self._on_stderr: Console | None = None
        self._exits = ExitStack()

    @property
    def moves(self) -> bool:
        """Whether it is on a terminal, and a line of text for each thing would be too much."""
        return self._terminal() is not None

    def begin(self, words: str, total: int | None, *, unit: str = "", in_log: bool = True) -> None:
        """Show what is done now in place of what was.

        Args:
            words: what is done.
            total: parts that it has; None if they are not counted.
            unit: of the parts.
            in_log: whether a line tells of it where nothing moves.
        """
        self.end()
        if self._printer.is_quiet:
            return
        self._total, self._done = total, 0.0
        console = self._terminal()
        if console is None:
            if in_log:
                self._printer.say(f"{words}{f', {total:,} {unit}' if unit else ''} ...")
            return
        from rich.progress import (
            BarColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        columns: list[Any] = [
            SpinnerColumn("line" if console.options.ascii_only else "dots"),
            TextColumn("{task.description}", markup=False),
        ]
        if total is not None:
            columns += [
                BarColumn(),
                TextColumn("{task.fields[note]}", markup=False),
                TimeRemainingColumn(),
            ]
        self._progress = Progress(
            *columns,
            console=console,
            transient=True,
            redirect_stdout=False,  # or rich writes on the terminal what is meant for a pipe
            redirect_stderr=False,
            speed_estimate_period=600,
        )
        self._progress.add_task(words, total=total, note="", unit=unit)
        self._progress.start()
        self.move_to(0)

    def advance(self, count: int) -> None:
        """Show that parts were done."""
        self.move_to(self._done + count)

    def move_to(self, done: float, note: str | None = None) -> None:
        """Show how many parts are done.

        Args:
            done: how many.
            note: shown in place of their number.
        """
        self._done = done
        if self._progress is None:
            return
        [task] = self._progress.tasks
        if note is None and self._total is not None:
            note = f"{done:,.0f}/{self._total:,.0f} {task.fields['unit']}".rstrip()
        self._progress.update(task.id, completed=done, note=note or "")

    def tell(self, sentence: str) -> None:
        """Print a notice, which stays."""
        self._printer.notice([sentence])

    def end(self) -> None:
        """Remove what is shown."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def start_backend(self, engine: Engine = "keras") -> None:
        """Import the framework if it computes, which takes seconds; see `printer.start_backend`."""
        if self._printer.is_verbose:
            used = [f"{name} {found}" for name, found in versions(engine).items()]
            if engine == "numpy":
                used.append(processor())
            self._printer.facts({"computed by": ", ".join(used)})
        if engine == "numpy":
            return
        if "keras" not in sys.modules:
            self.begin(f"starting {_backend.TITLES[_backend.chosen()]}, about 10 s", None)
        start_backend()
        self.end()
        self._printer.notice(_backend.notices())

    def _terminal(self) -> "Console | None":
        """Return the console to move on; None where there is none."""
        if os.environ.get("TERM", "").lower() in _DUMB:
            return None
        if self._printer.console is not None:
            return self._printer.console
        if not sys.stderr.isatty():
            return None
        # A descriptor of its own: the first one is taken away while the framework starts.
        if self._on_stderr is None:
            number = os.dup(sys.stderr.fileno())
            stream = os.fdopen(number, "w", encoding=sys.stderr.encoding)
            self._exits.enter_context(stream)
            self._on_stderr = terminal_on(stream)
        return self._on_stderr

    def __enter__(self) -> Self:
        """Show from here on also what the package announces."""
        self._exits.enter_context(shown_by(self))
        return self

    def __exit__(self, *details: object) -> None:
        """Remove what is shown."""
        self.end()
        self._exits.close()


class TrainingDisplay(EpochLines):
    """The progress of a training: a bar on a terminal, one line per epoch everywhere.

    Args:
        display: shows the bar.
        printer: prints the lines.
        num_epochs: epochs at most.
    """

    def __init__(self, display: Display, printer: Printer, num_epochs: int) -> None:
        super().__init__(num_epochs, printer.sentence)
        self._display = display
        self._is_moving = False

    def begin(self, engine: Engine = "keras") -> None:
        """Say that the first step takes a while, in which nothing else is seen, if it does."""
        if engine == "keras":
            self._display.begin("compiling the network, about 10 s", None)

    def step(self, epoch: int, step: int, num_steps: int, loss: float) -> None:
        """Move the bar after a step, and make it at the first."""
        if not self._is_moving:
            self._is_moving = True
            self._display.begin("training", self._num_epochs, in_log=False)
        done = epoch - 1 + step / num_steps
        note = f"{done:.2f}/{self._num_epochs} epochs, loss {loss:.4f}"
        self._display.move_to(done, note)


def counted(display: Display, blocks: Iterable["Scores"], total: int) -> Iterator["Scores"]:
    """Pass blocks of scores through, and show how many of their rows are done.

    Args:
        display: shows it.
        blocks: scores of consecutive rows.
        total: rows in all.

    Yields:
        The blocks.
    """
    display.begin("scoring", total, unit="rows")
    for block in blocks:
        yield block
        display.advance(len(block.mean))
