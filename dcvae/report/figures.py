"""Figures. Functions return a matplotlib Figure; they neither show nor save it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from dcvae.metrics.range_based import segments

if TYPE_CHECKING:  # importing training would import Keras
    from dcvae.detection.result import Verdicts
    from dcvae.training.loop import EpochLosses

# Okabe and Ito's colors, which color-blind people tell apart.
_BLUE, _ORANGE, _VERMILLION = "#0072B2", "#E69F00", "#D55E00"
_FURTHEST = 1e300


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


def series_figure(
    verdicts: "Verdicts", column: int, labels: NDArray[np.bool_] | None, title: str
) -> Figure:
    """Draw a series with what was expected, its band, its flagged cells and its labels.

    Args:
        verdicts: the judged rows.
        column: which series.
        labels: (rows,) bool, true anomalies of the series; None if they are not known.
        title: name of the series.
    """
    times = verdicts.times.to_numpy()
    # A device's 1.8e308 is beyond what axes can be drawn for.
    values = np.clip(verdicts.frame.iloc[:, column].to_numpy(), -_FURTHEST, _FURTHEST)
    mean, sigma = verdicts.expected(column)
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.fill_between(
        times,
        mean - verdicts.alphas.down[column] * sigma,
        mean + verdicts.alphas.up[column] * sigma,
        color="0.85",
        linewidth=0,
        label="band",
    )
    axes.plot(times, mean, color="0.5", linewidth=0.8, label="expected")
    axes.plot(times, values, color=_BLUE, linewidth=0.8, label="measured")
    flagged = verdicts.flags[:, column]
    axes.plot(
        times[flagged],
        values[flagged],
        linestyle="none",
        marker="v",
        markersize=4,
        color=_VERMILLION,
        label="flagged",
    )
    if labels is not None:
        found = segments(labels)
        for number, (start, stop) in enumerate(zip(found.starts, found.stops, strict=True)):
            label = "labeled" if number == 0 else None
            axes.axvspan(times[start], times[stop - 1], color=_ORANGE, alpha=0.3, label=label)
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", ncols=5, fontsize="small")
    return figure


def latent_figure(
    latent: NDArray[np.float32], labeled: NDArray[np.bool_] | None, title: str
) -> Figure:
    """Draw the latent vectors of the judged rows, two principal components of them.

    Args:
        latent: (rows, latent).
        labeled: (rows,) bool, rows with a labeled anomaly; None if they are not known.
        title: name of the model.
    """
    centered = latent.astype(np.float64) - latent.mean(axis=0, dtype=np.float64)
    # The directions of largest variance; a single latent number has only one.
    variances, directions = np.linalg.eigh(centered.T @ centered / len(centered))
    order = np.argsort(variances)[::-1][:2]
    points = centered @ directions[:, order]
    total = max(float(variances.sum()), np.finfo(float).tiny)
    names = [
        f"component {number} ({variances[index] / total:.0%} of the variance)"
        for number, index in enumerate(order, start=1)
    ]
    if points.shape[1] == 1:
        points, names = np.hstack([points, np.zeros_like(points)]), [*names, ""]
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    groups = [("judged rows", np.ones(len(points), dtype=bool), _BLUE, ".")]
    if labeled is not None:
        groups = [("normal", ~labeled, _BLUE, "."), ("labeled", labeled, _VERMILLION, "x")]
    for name, chosen, color, marker in groups:
        axes.scatter(
            points[chosen, 0],
            points[chosen, 1],
            s=8,
            color=color,
            marker=marker,
            alpha=0.5,
            linewidth=0.6,
            label=name,
        )
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    axes.set_title(f"{title}: latent space")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure
