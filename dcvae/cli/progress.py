"""Progress of a command: bars with the time left on a terminal, lines elsewhere."""

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from dcvae.cli.printer import Printer
from dcvae.training import EpochLines

if TYPE_CHECKING:  # importing it would import Keras
    from dcvae.scoring import Scores
    from dcvae.training import EpochLosses


class TrainingDisplay(EpochLines):
    """The progress of a training: a bar on a terminal, one line per epoch everywhere.

    Args:
        printer: prints the lines.
        num_epochs: epochs at most.
        done: epochs of an earlier run that is resumed.
    """

    def __init__(self, printer: Printer, num_epochs: int, done: int) -> None:
        super().__init__(num_epochs, self._say_above_the_bar)
        self._printer = printer
        self._done = done
        self._bar: Any = None

    def step(self, epoch: int, step: int, num_steps: int, loss: float) -> None:
        """Move the bar after a step, and make it at the first."""
        if self._bar is None and sys.stderr.isatty() and not self._printer.is_quiet:
            from tqdm import tqdm

            self._bar = tqdm(
                total=self._num_epochs,
                initial=self._done,
                unit="epoch",
                bar_format="{l_bar}{bar}| {n:.2f}/{total} epochs [{elapsed}<{remaining}{postfix}]",
                leave=False,
            )
        if self._bar is not None:
            self._bar.n = epoch - 1 + step / num_steps
            self._bar.set_postfix_str(f"loss {loss:.4f}")

    def epoch(self, losses: "EpochLosses", is_best: bool) -> None:
        """Print the line of a finished epoch."""
        super().epoch(losses, is_best)
        if self._bar is not None:
            self._bar.n = losses.epoch
            self._bar.refresh()

    def _say_above_the_bar(self, line: str) -> None:
        if self._bar is not None:
            self._bar.write(line, file=sys.stdout)
        else:
            self._printer.say(line)

    def __enter__(self) -> "TrainingDisplay":
        """Return the display; the bar is made at the first step."""
        return self

    def __exit__(self, *details: object) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()


def counted(printer: Printer, blocks: Iterable["Scores"], total: int) -> Iterator["Scores"]:
    """Pass blocks of scores through, with a bar over their rows on a terminal.

    Args:
        printer: printer of the command; without a bar if it is quiet.
        blocks: scores of consecutive rows.
        total: rows in all.

    Yields:
        The blocks.
    """
    if not sys.stderr.isatty() or printer.is_quiet:
        yield from blocks
        return
    from tqdm import tqdm

    with tqdm(total=total, unit=" rows", desc="scoring", leave=False) as bar:
        for block in blocks:
            yield block
            bar.update(len(block.mean))
