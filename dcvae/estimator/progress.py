"""Progress of a fit and of scoring: a bar on a terminal or in a notebook, lines if asked for."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # importing these would import Keras
    from dcvae.scoring import Scores
    from dcvae.training import EpochLosses, Progress

_SLOW = 1.0  # seconds after which scoring is shown


@contextmanager
def fit_progress(
    verbose: bool | None, num_epochs: int, *, compiles: bool = True
) -> Iterator["Progress | None"]:
    """Show the progress of a fit.

    Args:
        verbose: True prints a line for each epoch; None shows a bar on a terminal or in a notebook,
            which is gone at the end, and nothing elsewhere; False shows nothing.
        num_epochs: epochs at most.
        compiles: whether a network is compiled before the first step.

    Yields:
        What receives the losses; None to show nothing.
    """
    if verbose:
        from dcvae.training import EpochLines

        yield EpochLines(num_epochs)
        return
    bar = None if verbose is not None else _bar("{task.completed:.1f}/{task.total:.0f} epochs")
    if bar is None:
        yield None
        return
    with bar:
        yield _FitBar(bar, num_epochs, "compiling the network" if compiles else "training")


def scoring_progress(
    verbose: bool | None,
) -> Callable[[Iterable["Scores"], int], Iterator["Scores"]] | None:
    """Return what shows the progress of scoring, for `FittedModel.detect`; None to show nothing.

    Args:
        verbose: False shows nothing; anything else a bar on a terminal or in a notebook, if it
            takes longer than a second.
    """
    bar = None if verbose is False else _bar("{task.completed:,.0f}/{task.total:,.0f} rows")
    if bar is None:
        return None

    def shown(blocks: Iterable["Scores"], num_rows: int) -> Iterator["Scores"]:
        task = bar.add_task("scoring", total=num_rows)
        started = time.monotonic()
        try:
            for block in blocks:
                yield block
                bar.advance(task, len(block.mean))
                if time.monotonic() - started > _SLOW:
                    bar.start()  # no more than once
        finally:
            bar.stop()

    return shown


class _FitBar:
    """The bar of a fit; see `Progress`."""

    def __init__(self, bar: Any, num_epochs: int, begin: str) -> None:
        self._bar, self._num_epochs = bar, num_epochs
        self._task = bar.add_task(begin, total=num_epochs)

    def step(self, epoch: int, step: int, num_steps: int, loss: float) -> None:
        """Move the bar."""
        self._bar.update(
            self._task, completed=epoch - 1 + step / num_steps, description=f"loss {loss:.3f}"
        )

    def epoch(self, losses: "EpochLosses", is_best: bool) -> None:
        """Move the bar to the end of the epoch; calibration follows the last one."""
        last = {"description": "calibrating"} if losses.epoch == self._num_epochs else {}
        self._bar.update(self._task, completed=losses.epoch, **last)


def _bar(count: str) -> Any:
    """Make a bar that is gone at its end; None where there is nobody to see it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    # Without its widgets, rich warns in a notebook and shows nothing.
    is_seen = find_spec("ipywidgets") is not None if console.is_jupyter else console.is_terminal
    if not is_seen or console.is_dumb_terminal:
        return None
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn(count),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
