"""Model fit: the losses of a file's windows, compared with those of the validation windows.

The published program prints loss, reconstruction and KL of a file and leaves their reading to the
user. Single anomalies raise the mean loss; a file that has drifted raises the loss of *most*
windows. So the median loss of the file is compared with the validation windows: above their 95 %
quantile, the model no longer fits the file.
"""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dcvae._arrays import Float32Array, Float64Array, Int32Array, Tensor
from dcvae.data import ModelInput, WindowSplit, gather_windows, num_windows, spread_evenly

if TYPE_CHECKING:
    from dcvae.networks import Network

MAX_WINDOWS = 1024  # spread evenly over a file; the error of a mean of so many is small
ENOUGH_WINDOWS = 10  # end to end, to say whether a model fits a file
_BATCH = 64  # on a card too: the draws of z depend on it


@dataclass(frozen=True)
class WindowLosses:
    """Losses of windows in nats: negative ELBO = reconstruction + KL, summed up in five numbers.

    Attributes:
        windows: number of windows.
        reconst: mean negative log-likelihood of a cell.
        kl: mean KL divergence of a latent number.
        median: median of the loss of a window.
        percentile_95: 95 % quantile of the loss of a window.

    Examples:
        >>> losses = WindowLosses(100, reconst=-0.5, kl=0.2, median=-0.4, percentile_95=0.9)
        >>> losses.loss  # nats; negative where cells are predicted closely
        -0.3
        >>> WindowLosses.from_dict(losses.to_dict()) == losses
        True
    """

    windows: int
    reconst: float
    kl: float
    median: float
    percentile_95: float

    @property
    def loss(self) -> float:
        """Mean negative ELBO, in nats."""
        return self.reconst + self.kl

    def to_dict(self) -> dict[str, float]:
        """Return plain numbers, for JSON."""
        return asdict(self) | {"loss": self.loss}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "WindowLosses":
        """Read losses from the numbers of `to_dict`."""
        names = ("reconst", "kl", "median", "percentile_95")
        return cls(int(stored["windows"]), *(float(stored[name]) for name in names))


def window_losses(
    network: "Network",
    inputs: ModelInput,
    starts: Int32Array,
    window_length: int,
    batch_size: int | None = None,
) -> WindowLosses:
    """Compute the losses of windows as training defines them, z drawn, batch statistics fixed.

    Args:
        network: the trained network; the state of its random draws moves on.
        inputs: the table of the windows.
        starts: (windows,) int32, first rows of the windows; at most `MAX_WINDOWS` of them, evenly
            spread, are used.
        window_length: rows of a window, T.
        batch_size: windows in a batch, for means of batches over all windows (published code);
            None for means of the windows above.

    Returns:
        The losses, all NaN without windows.
    """
    if not len(starts):
        return WindowLosses(0, *[float("nan")] * 4)
    if batch_size is None:
        starts = spread_evenly(starts, MAX_WINDOWS)
    reconst, kl = LossPass(network, window_length).losses(inputs.values, starts)
    median, percentile_95 = np.percentile(reconst + kl, [50, 95])
    reconst_mean, kl_mean = (
        _mean_of_batches(part, batch_size or len(part)) for part in (reconst, kl)
    )
    return WindowLosses(len(starts), reconst_mean, kl_mean, float(median), float(percentile_95))


class LossPass:
    """The losses of single windows as training defines them, z drawn, batch statistics fixed.

    It is compiled at the first use and kept for more; the weights may change in between.

    Args:
        network: the network; the state of its random draws moves on.
        window_length: rows of a window, T.

    Attributes:
        network: the network.
    """

    def __init__(self, network: "Network", window_length: int) -> None:
        from dcvae.networks import NetworkInNumpy
        from dcvae.scoring.batched import batched_pass

        # Batches in NumPy are computed several at a time, but drawn for in order.
        self.network = network
        self._in_numpy = in_numpy = network if isinstance(network, NetworkInNumpy) else None
        self._window_length = window_length

        def losses_of(inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
            windows = inputs["windows"]
            outputs = network(**inputs) if in_numpy else network(windows)
            return network.losses_of(windows, outputs)

        self._passes = batched_pass(losses_of, _BATCH, network)

    def losses(self, values: Float32Array, starts: Int32Array) -> Float64Array:
        """Compute the losses of windows.

        Args:
            values: (rows, series) float32, scaled.
            starts: (windows,) int32, first rows of the windows, at least one.

        Returns:
            (2, windows) float64: reconstruction loss and latent loss of each.
        """
        from dcvae.scoring.batched import filled_up

        def gathered(first: int, count: int) -> dict[str, Any]:
            size = self._passes.batch_size
            windows = gather_windows(
                values, filled_up(starts, first, count, size), self._window_length
            )
            if self._in_numpy is None:
                return {"windows": windows}
            return {"windows": windows, "noise": self._in_numpy.draw(size)}

        parts = [losses for _, losses in self._passes.run(len(starts), gathered)]
        losses: Float64Array = np.concatenate(parts, axis=1).astype(np.float64)
        return losses


def _mean_of_batches(losses: Float64Array, batch_size: int) -> float:
    """Average the means of batches: the windows of a last, smaller batch weigh more."""
    firsts = range(0, len(losses), batch_size)
    return float(np.mean([losses[first : first + batch_size].mean() for first in firsts]))


def reference_losses(
    network: "Network", inputs: ModelInput, split: WindowSplit, window_length: int
) -> WindowLosses:
    """Compute the losses that files are compared with.

    Args:
        network: the trained network.
        inputs: the training table as the network was given it.
        split: the windows of training and of validation.
        window_length: rows of a window, T.

    Returns:
        Losses of the validation windows; of the training windows if none validate.
    """
    starts = split.validation if len(split.validation) else split.train
    return window_losses(network, inputs, starts, window_length)


def losses_of_file(
    network: "Network",
    inputs: ModelInput,
    window_length: int,
    batch_size: int | None = None,
) -> WindowLosses:
    """Compute the losses of a file's windows, those whose last row has a cell to score.

    They are of what the network is shown, so that one wild cell is not the mean of a file. The
    state of the network's random draws is left as it was: a file has one result, however many have
    been scored before.

    Args:
        network: the trained network.
        inputs: the file as the network is given it.
        window_length: rows of a window, T.
        batch_size: windows in a batch, for the three numbers of the published `evaluate.py`: means
            of batches over all windows of the file. None for means of scored windows.
    """
    if batch_size is not None:
        starts = np.arange(num_windows(len(inputs.values), window_length), dtype=np.int32)
    else:
        scored = inputs.scorable(window_length)[window_length - 1 :].any(axis=1)
        starts = np.flatnonzero(scored).astype(np.int32)
    with network.keeping_draws():
        return window_losses(network, inputs, starts, window_length, batch_size)


def still_fits(
    file: WindowLosses, reference: WindowLosses, *, num_rows: int, window_length: int
) -> bool | None:
    """Return whether a file's median loss is within the 95 % quantile of the reference's losses.

    Args:
        file: losses of the file.
        reference: losses from `reference_losses`.
        num_rows: rows of the file.
        window_length: rows of a window, T.

    Returns:
        True if the model fits. None if the file has no losses, or is shorter than `ENOUGH_WINDOWS`
        windows end to end: a single event is then in half of its windows, and of a single window
        the loss is above that quantile one time in twenty.

    Examples:
        >>> reference = WindowLosses(900, -0.5, 0.2, median=-0.4, percentile_95=0.9)
        >>> drifted = WindowLosses(500, 2.0, 0.2, median=1.8, percentile_95=3.0)
        >>> still_fits(drifted, reference, num_rows=5000, window_length=64)
        False
        >>> still_fits(drifted, reference, num_rows=500, window_length=64) is None  # too short
        True
    """
    if not file.windows or num_rows < ENOUGH_WINDOWS * window_length:
        return None
    return file.median <= reference.percentile_95
