"""Measuring of one experiment: its metrics and seconds, or why it failed, as a line of results."""

import sys
import time
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from dcvae._arrays import IntArray
from dcvae._progress import shown_by
from dcvae._threads import processor
from dcvae.contamination.experiment import RANDOM, Experiment, Outcome, seed_of_run
from dcvae.contamination.metrics import measure
from dcvae.contamination.results.suspects import strangest
from dcvae.contamination.results.table import Cell, Line
from dcvae.contamination.running.processes import in_processes

_LONGEST_REASON = 500  # characters; some libraries append all of a program


class Measured(NamedTuple):
    """What is kept of an experiment.

    Attributes:
        line: of results.csv.
        strangest: (ranked units,) int64, see `suspects.strangest`; None where none are ranked.
    """

    line: Line
    strangest: IntArray | None


@dataclass(frozen=True)
class MeasuringKeys:
    """How experiments are measured.

    Attributes:
        assumed: share of the training units above the threshold from training scores.
        is_published: whether F1 by the published protocol is measured too.
        ranked_at: share of contamination at which training units are ranked.
        quietly: makes the context of an experiment while no framework is imported, such as one
            without the framework's log.
    """

    assumed: float
    is_published: bool
    ranked_at: float
    quietly: Callable[[], AbstractContextManager[None]] = nullcontext


def measured_experiments(
    experiment: Experiment, cells: Sequence[Cell], keys: MeasuringKeys, jobs: int
) -> Generator[Measured]:
    """Make experiments and measure them.

    Args:
        experiment: makes them.
        cells: which.
        keys: how they are measured.
        jobs: how many processes make them at a time; 1 for this process.

    Yields:
        What is kept of each, as they come.
    """
    make: Callable[[Cell], Measured] = partial(measured, experiment, keys)
    if jobs == 1:
        yield from map(make, cells)
    else:
        yield from in_processes(make, cells, jobs, partial(_died, experiment.seed))


def measured(experiment: Experiment, keys: MeasuringKeys, cell: Cell) -> Measured:
    """Make an experiment and measure it; one that fails has its reason in the line.

    Raises:
        OSError: a file or a device cannot be used, which no other experiment could either.
    """
    notes = _Notes()
    began = time.perf_counter()
    try:
        quietly = nullcontext if "keras" in sys.modules else keys.quietly
        with quietly(), warnings.catch_warnings(record=True) as caught, shown_by(notes):
            warnings.simplefilter("always")
            outcome = experiment.outcome(cell.detector, cell.run, cell.rho)
        seconds = time.perf_counter() - began
        _check_finite(outcome)
    except Exception as error:
        if isinstance(error, OSError):
            raise
        return _failed(cell, experiment.seed, _reason(error), time.perf_counter() - began)
    for warning in caught:
        if issubclass(warning.category, UserWarning | RuntimeWarning):
            notes.tell(str(warning.message))
    seed = seed_of_run(experiment.seed, cell.run)
    line = {
        **_start_of_line(cell, experiment.seed),
        "rows": len(outcome.training),
        "contaminated_rows": int(np.count_nonzero(outcome.contaminated)),
        "anomaly_share": float(np.mean(outcome.labels)),
        **measure(outcome, assumed=keys.assumed, seed=seed, published=keys.is_published),
        "seconds": round(seconds, 4),
        "device": _device(),
        "notes": "; ".join(dict.fromkeys(notes.sentences)),
    }
    is_ranked = cell.rho == keys.ranked_at and cell.detector != RANDOM
    return Measured(
        line, strangest(outcome.training, outcome.training_scores) if is_ranked else None
    )


class _Notes:
    """Listener that keeps what is told, and shows nothing."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def begin(self, words: str, total: int | None) -> None:
        """Show nothing: an experiment is one step of a study."""

    def advance(self, count: int) -> None:
        """Show nothing."""

    def tell(self, sentence: str) -> None:
        """Keep a sentence."""
        self.sentences.append(" ".join(sentence.split()))


def _check_finite(outcome: Outcome) -> None:
    for name, scores in (("training", outcome.training_scores), ("test", outcome.scores)):
        wrong = int(np.count_nonzero(~np.isfinite(scores)))
        if wrong:
            raise ValueError(f"{wrong:,} of {len(scores):,} {name} scores are not finite")


def _start_of_line(cell: Cell, seed: int) -> dict[str, object]:
    return {
        "detector": cell.detector,
        "rho": cell.rho,
        "run": cell.run,
        "seed": seed_of_run(seed, cell.run),
    }


def _failed(cell: Cell, seed: int, reason: str, seconds: float) -> Measured:
    line = {**_start_of_line(cell, seed), "seconds": round(seconds, 4), "failure": reason}
    return Measured(line, None)


def _died(seed: int, cell: Cell, how: str) -> Measured:
    return _failed(cell, seed, how, float("nan"))


def _reason(error: Exception) -> str:
    """Return an error as one line."""
    text = " ".join(str(error).split()) or "no message"
    shown = text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}..."
    return shown if type(error).__name__ == "InputError" else f"{type(error).__name__}: {shown}"


def _device() -> str:
    """Return what has computed: the cards of a framework that was used, or the processor."""
    if "keras" in sys.modules:
        from dcvae._backend import cards_in_use

        cards = cards_in_use()
        if cards:
            return ", ".join(card.describe() for card in cards)
    return processor()
