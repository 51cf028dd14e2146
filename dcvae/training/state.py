"""State of a training: all that resuming it after an epoch needs."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcvae._arrays import IntArray
from dcvae.config import TrainingKeys
from dcvae.errors import InputError

Ending = Literal["all epochs done", "early stopping", "interrupted", "loss is not a number"]
Variables = dict[str, NDArray[np.generic]]


class EpochLosses(NamedTuple):
    """Losses of one epoch, one line of the history.

    Attributes:
        epoch: number of the epoch, from 1.
        loss: sum of `reconst` and `kl`, mean over the training windows of the epoch.
        reconst: reconstruction loss: nats per cell, or the mean error of Seq2seq.
        kl: latent loss: nats per latent number; 0 for Seq2seq.
        val_loss: as `loss`, over the validation windows; NaN if there are none.
        val_reconst: as `reconst`, over the validation windows.
        val_kl: as `kl`, over the validation windows.
        learning_rate: after the last step of the epoch.

    Examples:
        >>> from dcvae.training import EpochLosses
        >>> EpochLosses(1, 1.5, 1.25, 0.25, 1.75, 1.25, 0.5, learning_rate=0.001).val_loss
        1.75
    """

    epoch: int
    loss: float
    reconst: float
    kl: float
    val_loss: float
    val_reconst: float
    val_kl: float
    learning_rate: float


@dataclass(frozen=True, eq=False)
class TrainingState:
    """State of a training after an epoch, which resumes it as if it had not been interrupted.

    The monitored loss is that of validation, or of training if there is no validation part.

    Attributes:
        history: (epochs,) losses of every epoch so far.
        best_epoch: epoch with the lowest monitored loss; 0 before the first.
        best_loss: its monitored loss.
        reference_loss: monitored loss of the last epoch that made progress: one that fell short of
            the reference loss before by more than `min_delta`.
        epochs_without_progress: number of epochs since that one.
        last: values of every variable of network and optimizer after the last epoch.
        best: values of every variable of the network after the best epoch.
        is_unsaved: whether no model was saved of it yet: then resuming it has something to do even
            if all epochs are done.
        trimmed: (2, windows) int64, how often each training window was ranked by its loss, and was
            left out; (2, 0) if none was ranked, see `trimming`.

    Examples:
        >>> from dcvae.training import TrainingState
        >>> state = TrainingState()
        >>> state.best_epoch, state.best_loss
        (0, inf)
    """

    history: tuple[EpochLosses, ...] = ()
    best_epoch: int = 0
    best_loss: float = float("inf")
    reference_loss: float = float("inf")
    epochs_without_progress: int = 0
    last: Variables = field(default_factory=dict)
    best: Variables = field(default_factory=dict)
    is_unsaved: bool = False
    trimmed: IntArray = field(default_factory=lambda: np.zeros((2, 0), dtype=np.int64))

    def check_unfinished(self, keys: TrainingKeys) -> None:
        """Check that a training which is resumed from here has an epoch left to do.

        Args:
            keys: `epochs` and `patience` of the training.

        Raises:
            InputError: all epochs are done, or the last ones made no progress, and the model of
                them is saved.
        """
        if self.is_unsaved:
            return
        if len(self.history) >= keys.epochs:
            raise InputError(
                f"Nothing is left to train: the model has {len(self.history)} epochs and `epochs` "
                f"is {keys.epochs}. Raise `epochs`, or give --epochs."
            )
        if self.epochs_without_progress >= keys.patience:
            raise InputError(
                f"Nothing is left to train: the last {self.epochs_without_progress} epochs brought "
                f"no progress and `patience` is {keys.patience}. Raise `patience` to go on."
            )


class TrainingResult(NamedTuple):
    """State at the end of a training, whose network has the weights of `state.best_epoch`.

    Attributes:
        state: after the last epoch.
        ending: why training ended, in words.

    Examples:
        >>> from dcvae.training import TrainingResult, TrainingState
        >>> TrainingResult(TrainingState(best_epoch=7), "early stopping").state.best_epoch
        7
    """

    state: TrainingState
    ending: Ending
