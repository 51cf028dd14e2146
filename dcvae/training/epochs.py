"""Epochs: the interface of what computes the steps of a training, in whatever framework."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np

from dcvae._arrays import Float32Array, Int32Array
from dcvae.training.state import Variables


class EpochRunner(Protocol):
    """A network, its optimizer and the table it is trained on: runs the steps of an epoch.

    What happens between epochs is the loop's: which windows come in which order, means, endings,
    the best weights. A runner draws latents in the order of the batches it is given, and has no
    random state but that in its variables.

    Variables are named "network/NNN/name", NNN counting from 000: weights, statistics of batch
    normalization and the state of the latent draws, in the order of Keras's `network.variables`;
    and "optimizer/NNN/name", in that of Keras's `Adam(name="adam").variables`. Whoever else runs
    epochs of the same network has the same names, shapes and dtypes: a training is resumed by any.
    """

    @property
    def learning_rate(self) -> float:
        """Learning rate of the next step."""

    def values(self) -> Variables:
        """Return copies of the values of all variables, those of the network first."""

    def restore(self, values: Variables) -> None:
        """Give variables the values stored under their names; the others keep theirs.

        Args:
            values: of some or all variables, of their shapes and dtypes.
        """

    def train(self, starts: Int32Array, batch_size: int) -> Iterator[Float32Array]:
        """Make one step for each batch of windows, in their order.

        Steps are computed some at a time, for as long as half a second, so that the caller can tell
        of progress and hear Ctrl-C between. A caller that asks for no more ends the epoch early.

        Args:
            starts: (windows,) int32, rows of the table at which the windows start.
            batch_size: windows of a step; the last one has the rest, if there is one.

        Yields:
            (steps, 2) float32: mean reconstruction loss and mean latent loss of each batch of the
            steps just made. They may be no numbers.
        """

    def validate(self, starts: Int32Array, batch_size: int) -> Iterator[Float32Array]:
        """Compute the losses of batches of windows, as they are without training.

        The last batch is filled up with its last window, whose repetitions have no weight in its
        losses, but draws of latents.

        Args:
            starts: (windows,) int32, rows of the table at which the windows start; may be empty.
            batch_size: windows of a batch.

        Yields:
            (batches, 2) float32, as `train`.
        """


class PartLosses(NamedTuple):
    """Two parts of a loss, which is their sum.

    Attributes:
        reconst: reconstruction loss.
        kl: latent loss.
    """

    reconst: float
    kl: float

    @property
    def are_finite(self) -> bool:
        """Whether both are numbers."""
        return bool(np.isfinite(self).all())


class MeanLosses:
    """Mean losses of the batches so far; their sums do not depend on how many came at a time.

    Args:
        num_windows: windows of all batches.
        batch_size: windows of a batch; the last one has the rest.
        by_batch: whether each batch counts alike, however many windows it has (published code);
            otherwise each window does.
    """

    def __init__(self, num_windows: int, batch_size: int, *, by_batch: bool) -> None:
        self.num_batches = -(-num_windows // batch_size)
        self.done = 0
        self._losses = np.full((self.num_batches, 2), np.nan)
        self._weights = np.ones(self.num_batches)
        if not by_batch and self.num_batches:
            self._weights[:] = batch_size
            self._weights[-1] = num_windows - (self.num_batches - 1) * batch_size

    def add(self, losses: Float32Array) -> None:
        """Add the losses (batches, 2) of the next batches."""
        self._losses[self.done : self.done + len(losses)] = losses
        self.done += len(losses)

    @property
    def means(self) -> PartLosses:
        """Means of the batches so far, NaN before the first."""
        if not self.done:
            return PartLosses(float("nan"), float("nan"))
        weights = self._weights[: self.done]
        # Losses that are infinite, of both signs, have a mean that is none.
        with np.errstate(invalid="ignore"):
            reconst, kl = weights @ self._losses[: self.done] / weights.sum()
        return PartLosses(float(reconst), float(kl))
