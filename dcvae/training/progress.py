"""Progress of a training: its steps and epochs, and epochs as lines of text."""

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from dcvae._text import duration
from dcvae.training.state import EpochLosses


class Progress(Protocol):
    """Receiver of the losses of a training while it runs; `EpochLines` is one.

    Examples:
        One that keeps the validation losses:

        >>> from dcvae.training import EpochLosses, Progress
        >>> class Validation:
        ...     def __init__(self):
        ...         self.losses = []
        ...     def step(self, epoch, step, num_steps, loss):
        ...         pass
        ...     def epoch(self, losses, is_best):
        ...         self.losses.append(losses.val_loss)
        >>> progress: Progress = Validation()
        >>> progress.epoch(EpochLosses(1, 1.5, 1.25, 0.25, 1.75, 1.25, 0.5, 0.001), is_best=True)
        >>> progress.losses
        [1.75]
    """

    def step(self, epoch: int, step: int, num_steps: int, loss: float) -> None:
        """Receive the mean loss of an epoch so far; called every few steps.

        Args:
            epoch: number of the epoch, from 1.
            step: number of the step in the epoch, from 1.
            num_steps: steps in the epoch.
            loss: mean training loss of the epoch so far.
        """

    def epoch(self, losses: EpochLosses, is_best: bool) -> None:
        """Receive the losses of a finished epoch.

        Args:
            losses: of the epoch.
            is_best: whether its monitored loss is the lowest so far.
        """


class NoProgress:
    """Progress that is not shown."""

    def step(self, epoch: int, step: int, num_steps: int, loss: float) -> None:
        """Do nothing."""

    def epoch(self, losses: EpochLosses, is_best: bool) -> None:
        """Do nothing."""


_print = partial(print, flush=True)  # a log shows each epoch when it is done


class EpochLines:
    """Progress as one line of text per epoch, with the time that is left at most.

    It is made when the training starts: the clock of the first epoch runs from then.

    Args:
        num_epochs: epochs at most.
        say: called with each line; prints it by default.

    Examples:
        An asterisk marks the best epoch so far; the end of the line is the time:

        >>> from dcvae.training import EpochLines, EpochLosses
        >>> lines = []
        >>> progress = EpochLines(num_epochs=1, say=lines.append)
        >>> losses = EpochLosses(1, 1.5, 1.25, 0.25, 1.75, 1.25, 0.5, 0.001)
        >>> progress.epoch(losses, is_best=True)
        >>> lines[0].partition("*")[0]
        'epoch 1/1  loss   1.5000 (reconst 1.2500, kl 0.2500)  val   1.7500 '
    """

    def __init__(self, num_epochs: int, say: Callable[[str], object] = _print) -> None:
        self._num_epochs = num_epochs
        self._say = say
        self._epoch_start = time.monotonic()

    def step(self, epoch: int, step: int, num_steps: int, loss: float) -> None:
        """Do nothing, as lines are of whole epochs."""

    def epoch(self, losses: EpochLosses, is_best: bool) -> None:
        """Say the line of a finished epoch; see `Progress.epoch`."""
        now = time.monotonic()
        took, self._epoch_start = now - self._epoch_start, now
        left = took * (self._num_epochs - losses.epoch)  # compiling makes the first epoch longer
        ahead = f", at most {duration(left)} left" if left else ""
        validation = "" if math.isnan(losses.val_loss) else f"  val {losses.val_loss:8.4f}"
        self._say(
            f"epoch {losses.epoch:>{len(str(self._num_epochs))}}/{self._num_epochs}"
            f"  loss {losses.loss:8.4f} (reconst {losses.reconst:.4f}, kl {losses.kl:.4f})"
            f"{validation}{' *' if is_best else '  '} {took:5.1f} s{ahead}"
        )
