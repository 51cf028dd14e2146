"""Does the model still fit? The evidence lower bound of a file, compared with training's.

The published program has an evaluation step that prints loss, reconstruction and KL of a file. Here
these numbers come with the comparison that makes them mean something. Single anomalies raise the
mean; a file that drifted away raises the loss of *most* windows. So the median window of the file
is held against the windows the model was validated on: if it is worse than 95 % of them, the model
no longer fits the file.
"""

from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from dcvae.data.windows import WindowSplit, gather_windows, spread_evenly
from dcvae.networks.base import COMPILES_PASSES, Autoencoder
from dcvae.networks.losses import Tensor

MAX_WINDOWS = 1024  # spread evenly over a file; the mean of so many is known well enough
ENOUGH_WINDOWS = 10  # end to end, to say whether a model fits a file
_BATCH = 64


@dataclass(frozen=True)
class WindowLosses:
    """The losses of some windows: negative ELBO = reconstruction + KL, in nats.

    Attributes:
        windows: how many windows were looked at.
        reconst: mean negative log-likelihood of a cell.
        kl: mean KL divergence of a latent number.
        median: of the loss of a window.
        percentile_95: of the loss of a window.
    """

    windows: int
    reconst: float
    kl: float
    median: float
    percentile_95: float

    @property
    def loss(self) -> float:
        """Mean negative ELBO."""
        return self.reconst + self.kl

    def to_dict(self) -> dict[str, float]:
        """Plain numbers, for JSON."""
        return asdict(self) | {"loss": self.loss}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "WindowLosses":
        """Read back what `to_dict` gave."""
        names = ("reconst", "kl", "median", "percentile_95")
        return cls(int(stored["windows"]), *(float(stored[name]) for name in names))


def window_losses(
    network: Autoencoder,
    series: NDArray[np.float32],
    starts: NDArray[np.int32],
    window_length: int,
) -> WindowLosses:
    """Measure the losses of windows as training does, z drawn, the network at rest.

    Args:
        network: the trained network; the state of its random draws moves on.
        series: (rows, series) float32, scaled.
        starts: (windows,) first rows of the windows; at most `MAX_WINDOWS` of them, evenly spread,
            are looked at.
        window_length: rows of a window, T.

    Returns:
        The losses, all NaN if there are no windows.
    """
    if not len(starts):
        return WindowLosses(0, *[float("nan")] * 4)
    starts = spread_evenly(starts, MAX_WINDOWS)
    parts = []
    judge = _LossPass(network)
    judge.compile(jit_compile=COMPILES_PASSES)
    for first in range(0, len(starts), _BATCH):
        batch = starts[first : first + _BATCH]
        # Filled up with the last window: another shape would be traced anew.
        filled = np.pad(batch, (0, _BATCH - len(batch)), mode="edge")
        losses = judge.predict_on_batch(gather_windows(series, filled, window_length))
        parts.append([part[: len(batch)] for part in losses])
    reconst, kl = np.concatenate(parts, axis=1).astype(np.float64)
    median, percentile_95 = np.percentile(reconst + kl, [50, 95])
    return WindowLosses(
        len(starts), float(reconst.mean()), float(kl.mean()), float(median), float(percentile_95)
    )


def reference_losses(
    network: Autoencoder,
    series: NDArray[np.float32],
    split: WindowSplit,
    window_length: int,
) -> WindowLosses:
    """Measure what files are held against: the validation windows, or without any, training's."""
    starts = split.validation if len(split.validation) else split.train
    return window_losses(network, series, starts, window_length)


def losses_of_file(
    network: Autoencoder,
    series: NDArray[np.float32],
    observed: NDArray[np.bool_],
    window_length: int,
) -> WindowLosses:
    """Measure the losses of the windows of a whole file whose last row has something to judge.

    Args:
        network: the trained network.
        series: (rows, series) float32, scaled.
        observed: (rows, series) bool, the cells to judge.
        window_length: rows of a window, T.
    """
    judged = observed[window_length - 1 :].any(axis=1)
    starts = np.flatnonzero(judged).astype(np.int32)
    return window_losses(network, series, starts, window_length)


def still_fits(
    file: WindowLosses, reference: WindowLosses, *, num_rows: int, window_length: int
) -> bool | None:
    """Tell whether the median window of a file is no worse than 95 % of the reference's windows.

    Args:
        file: losses of the file.
        reference: losses of the windows it is held against.
        num_rows: rows of the file.
        window_length: rows of a window, T.

    Returns:
        None if the file is shorter than `ENOUGH_WINDOWS` windows end to end (a single event is then
        in half of its windows, or it is one window of which one in twenty is that bad), and if it
        has no losses.
    """
    if not file.windows or num_rows < ENOUGH_WINDOWS * window_length:
        return None
    return file.median <= reference.percentile_95


class _LossPass(keras.Model):
    """Both parts of the loss of each window: (window, T, series) to twice (window,).

    A model of its own, so that it is a graph: recurrent layers take twenty times as long without.
    """

    def __init__(self, network: Autoencoder) -> None:
        super().__init__(name="loss_pass")
        self._network = network
        self.built = True  # it has no weights of its own

    def call(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        return self._network.losses_of(windows, self._network(windows, training=False))
