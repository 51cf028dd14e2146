"""History of a training: its losses per epoch, as a table and as a figure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dcvae.training.state import EpochLosses

if TYPE_CHECKING:  # importing it takes long
    from matplotlib.figure import Figure


def history_csv(history: Sequence[EpochLosses]) -> str:
    """Write a history as CSV: one line per epoch, losses and learning rate.

    Args:
        history: (epochs,) losses.

    Returns:
        CSV text with the fields of `EpochLosses` as columns; empty where a loss is NaN.

    Examples:
        >>> from math import nan
        >>> from dcvae.training import EpochLosses, history_csv
        >>> print(history_csv([EpochLosses(1, 1.5, 1.25, 0.25, nan, nan, nan, 0.001)]), end="")
        epoch,loss,reconst,kl,val_loss,val_reconst,val_kl,learning_rate
        1,1.5,1.25,0.25,,,,0.001
    """
    return pd.DataFrame(history).to_csv(index=False, lineterminator="\n")


def loss_figure(history: Sequence[EpochLosses], best_epoch: int, title: str) -> "Figure":
    """Draw the losses of every epoch, training and validation, with the best epoch marked.

    Args:
        history: (epochs,) losses.
        best_epoch: the epoch whose weights are kept.
        title: name of the model.

    Returns:
        A figure with the loss and its two parts; with the loss alone where it has none.

    Examples:
        >>> from dcvae.training import EpochLosses, loss_figure
        >>> history = [EpochLosses(1, 1.5, 1.25, 0.25, 1.75, 1.25, 0.5, 0.001)]
        >>> [axes.get_ylabel() for axes in loss_figure(history, 1, "pump").axes]
        ['nats', 'nats a cell', 'nats a latent number']
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    epochs = [losses.epoch for losses in history]
    # The two parts of the loss are means over different things: cells and latent numbers.
    parts = [
        ("loss", "Loss (negative ELBO)", "nats"),
        ("reconst", "Reconstruction (negative log-likelihood)", "nats a cell"),
        ("kl", "KL divergence", "nats a latent number"),
    ]
    if not any(losses.kl for losses in history):  # no variational network, no likelihood
        parts = [("loss", "Loss (mean error)", "error of scaled values")]
    figure = Figure(figsize=(10 if len(parts) > 1 else 5, 3.6), layout="constrained")
    figure.suptitle(title)
    panels = figure.subplots(1, len(parts), squeeze=False)[0]
    for axes, (part, name, unit) in zip(panels, parts, strict=True):
        axes.plot(epochs, [getattr(losses, part) for losses in history], ".-", label="training")
        validation = np.array([getattr(losses, f"val_{part}") for losses in history])
        if not np.isnan(validation).all():
            axes.plot(epochs, validation, ".-", label="validation")
        axes.axvline(best_epoch, color="gray", linestyle=":", label=f"best epoch ({best_epoch})")
        axes.set_xlabel("epoch")
        axes.set_ylabel(unit)
        axes.set_title(name, fontsize="medium")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(alpha=0.3)
    figure.axes[0].legend()
    return figure
