"""Figures of a scored file for a paper, as matplotlib Figures, neither shown nor saved here."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcvae._arrays import BoolArray, Float32Array, segments
from dcvae.detection import Detection

# Okabe and Ito's colors, which color-blind people tell apart.
_BLUE, _ORANGE, _VERMILLION = "#0072B2", "#E69F00", "#D55E00"
_FURTHEST = 1e300


def series_figure(
    detection: Detection, column: int, labels: BoolArray | None, title: str
) -> Figure:
    """Draw a series with its expected values, band, flagged cells and labels.

    Args:
        detection: scores and flags of the scored rows.
        column: number of the series, from 0.
        labels: (rows,) bool, true anomalies of the series; None if they are not known.
        title: name of the series.
    """
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    draw_series(figure.subplots(), detection, column, labels, title)
    return figure


def draw_series(
    axes: Axes, detection: Detection, column: int, labels: BoolArray | None, title: str
) -> None:
    """Draw a series as `series_figure` does, into axes that there are."""
    times = detection.times.to_numpy()
    # A device's 1.8e308 is beyond what axes can be drawn for.
    values = np.clip(detection.frame.iloc[:, column].to_numpy(), -_FURTHEST, _FURTHEST)
    mean, sigma = detection.expected(column)
    axes.fill_between(
        times,
        mean - detection.alphas.down[column] * sigma,
        mean + detection.alphas.up[column] * sigma,
        color="0.85",
        linewidth=0,
        label="band",
    )
    axes.plot(times, mean, color="0.5", linewidth=0.8, label="expected")
    axes.plot(times, values, color=_BLUE, linewidth=0.8, label="measured")
    flagged = detection.flags[:, column]
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


def latent_figure(latent: Float32Array, labeled: BoolArray | None, title: str) -> Figure:
    """Draw two principal components of the latent vectors of the scored rows.

    Args:
        latent: (rows, latent) float32.
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
