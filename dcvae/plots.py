"""Figures. Functions return a matplotlib Figure; they neither show nor save it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:  # importing training would import Keras
    from dcvae.training import EpochLosses


def loss_figure(history: Sequence["EpochLosses"], best_epoch: int, title: str) -> Figure:
    """Draw the losses of every epoch, training and validation, with the best epoch marked.

    Args:
        history: one entry an epoch.
        best_epoch: the epoch whose weights were kept.
        title: name of the model.
    """
    epochs = [losses.epoch for losses in history]
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    figure.suptitle(title)
    # The loss adds two means that are taken over different things: cells and latent numbers.
    parts = (
        ("loss", "Loss (negative ELBO)", "nats"),
        ("reconst", "Reconstruction (negative log-likelihood)", "nats a cell"),
        ("kl", "KL divergence", "nats a latent number"),
    )
    for axes, (part, name, unit) in zip(figure.subplots(1, 3), parts, strict=True):
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
