"""Figures of a scored file for a paper, as matplotlib Figures, neither shown nor saved here."""

from contextlib import AbstractContextManager

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from dcvae._arrays import BoolArray, Float32Array, Float64Array, segments
from dcvae.detection import Detection

# Okabe and Ito's colors, which color-blind people tell apart.
_BLUE, _ORANGE, _VERMILLION = "#0072B2", "#E69F00", "#D55E00"
_FURTHEST = 1e300
COLUMN = 3.5  # inches, of a paper with two of them: drawn at their size, letters are not scaled
_POINTS, _SMALL_POINTS = 8.0, 7.0  # of letters
_MOST_NUMBERED = 12  # events; more numbers would stand in each other's way
_LONGEST_TITLE = 44  # characters that fit a column


def _letters_of_a_paper() -> AbstractContextManager[None]:
    return mpl.rc_context(
        {"font.size": _POINTS, "axes.titlesize": _POINTS, "legend.fontsize": _SMALL_POINTS}
    )


def series_figure(
    detection: Detection,
    column: int,
    labels: BoolArray | None,
    title: str,
    unit: str = "",
    events: pd.DataFrame | None = None,
) -> Figure:
    """Draw a series with its expected values, band, flagged cells, labels and the alarms.

    Args:
        detection: scores and flags of the scored rows.
        column: number of the series, from 0.
        labels: (rows,) bool, true anomalies of the series; None if they are not known.
        title: of the series.
        unit: of its values; "" for none.
        events: one line per event, see `Events.table`: its alarm is shaded, and numbered where
            the series is one of the event; None for alarms without numbers.
    """
    with _letters_of_a_paper():
        figure = Figure(figsize=(COLUMN, 2.6), layout="constrained")
        draw_series(figure.subplots(), detection, column, labels, title, unit, events)
    return figure


def draw_series(
    axes: Axes,
    detection: Detection,
    column: int,
    labels: BoolArray | None,
    title: str,
    unit: str = "",
    events: pd.DataFrame | None = None,
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
    if flagged.any():
        axes.plot(
            times[flagged],
            values[flagged],
            linestyle="none",
            marker="o",
            markersize=1.5,
            color=_VERMILLION,
            label="flagged",
        )
    is_numbered = _mark_alarms(axes, detection, detection.series[column], events)
    if labels is not None:
        found = segments(labels)
        for number, (start, stop) in enumerate(zip(found.starts, found.stops, strict=True)):
            # At the foot of the axes, where it hides no alarm.
            axes.axvspan(
                times[start],
                times[stop - 1],
                ymax=0.05,
                color=_ORANGE,
                linewidth=0.8,
                label=None if number else "labeled",
            )
    pad = mpl.rcParams["axes.titlepad"] + (_POINTS if is_numbered else 0.0)
    axes.set_title(_shortened(title), loc="left", pad=pad, parse_math=False)
    axes.set_ylabel(unit or "value", parse_math=False)
    axes.ticklabel_format(axis="y", useOffset=False, scilimits=(-4, 6), useMathText=True)
    locator = AutoDateLocator(maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.margins(x=0.01)
    _finish(axes, below=-0.26)


def _shortened(title: str) -> str:
    return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1]}…"


def _finish(axes: Axes, below: float) -> None:
    """Add a grid, and a legend below the axes, where it hides no data."""
    axes.tick_params(labelsize=mpl.rcParams["legend.fontsize"])  # ticks are made when drawn
    axes.grid(alpha=0.3)
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, below),
        ncols=3,
        frameon=False,
        borderaxespad=0.0,
        handlelength=1.5,
        columnspacing=1.5,
    )


def _mark_alarms(
    axes: Axes, detection: Detection, series: str, events: pd.DataFrame | None
) -> bool:
    """Shade the alarms, and number above the axes the events that a series is one of.

    Returns:
        Whether there are numbers.
    """
    found, times = segments(detection.alarm), detection.times
    for number, (start, stop) in enumerate(zip(found.starts, found.stops, strict=True)):
        axes.axvspan(
            times[start].to_numpy(),
            times[stop - 1].to_numpy(),
            color=_VERMILLION,
            alpha=0.2,
            linewidth=0.8,
            label=None if number else "alarm",
        )
    own = [] if events is None else [series in names for names in events["series"]]
    if events is None or not 0 < sum(own) <= _MOST_NUMBERED:
        return False
    last, distance = None, (times[-1] - times[0]) / 25
    for _, event in events[own].iterrows():
        middle = event["alarm_start"] + (event["alarm_end"] - event["alarm_start"]) / 2
        if last is None or middle - last > distance:
            axes.text(
                max(middle, times[0]).to_numpy(),
                1.01,
                f"{event['event']}",
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="bottom",
                fontsize=6.5,
                color=_VERMILLION,
            )
            last = middle
    return True


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
    with _letters_of_a_paper():
        return _scattered(points, names, labeled, title)


def _scattered(
    points: Float64Array, names: list[str], labeled: BoolArray | None, title: str
) -> Figure:
    figure = Figure(figsize=(COLUMN, 3.0), layout="constrained")
    axes = figure.subplots()
    groups = [("scored rows", np.ones(len(points), dtype=bool), _BLUE, ".")]
    if labeled is not None:
        groups = [("normal", ~labeled, _BLUE, "."), ("labeled", labeled, _VERMILLION, "x")]
    for name, chosen, color, marker in groups:
        axes.scatter(
            points[chosen, 0],
            points[chosen, 1],
            s=4,
            color=color,
            marker=marker,
            alpha=0.5,
            linewidth=0.6,
            label=name,
        )
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    axes.set_title(f"{_shortened(title)}: latent space", loc="left", parse_math=False)
    _finish(axes, below=-0.2)
    return figure
