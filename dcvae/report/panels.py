"""Overview of a scored file as one figure: the score of the system, and series below it."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from dcvae._arrays import BoolArray, segments
from dcvae.config import SeriesNames
from dcvae.detection import Detection
from dcvae.report.figures import draw_series
from dcvae.report.page.system_score import LOWEST, SystemScore

_SCORE, _LIMIT, _ALARM = "#0072B2", "0.3", "#D55E00"
_WIDTH, _SCORE_HEIGHT, _SERIES_HEIGHT = 10.0, 1.8, 2.4  # inches


class OverviewFigure(Figure):
    """A figure that a notebook shows by itself, without pyplot."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=100)
        return stream.getvalue()


def overview_figure(
    detection: Detection,
    columns: Sequence[int],
    labels: BoolArray | None = None,
    *,
    names: SeriesNames | None = None,
    events: bool = True,
) -> Figure:
    """Draw the score of the system and series below each other, on one axis of time.

    Args:
        detection: scores and flags of the scored rows.
        columns: numbers of the series to draw, from 0.
        labels: (rows, series) bool, true anomalies; None if they are not known.
        names: titles and units of all series; None for their names alone.
        events: whether the rows in alarm are shaded.

    Returns:
        The figure, neither shown nor saved.
    """
    heights = [_SCORE_HEIGHT, *[_SERIES_HEIGHT] * len(columns)]
    figure = OverviewFigure(figsize=(_WIDTH, sum(heights)), layout="constrained")
    panels = figure.subplots(
        len(heights), sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
    )[:, 0]
    if events:
        for axes in panels:
            _shade_alarms(axes, detection)
    _draw_score(panels[0], detection)
    for axes, column in zip(panels[1:], columns, strict=True):
        of_series = None if labels is None else labels[:, column]
        title = detection.series[column] if names is None else names.titles[column]
        unit = "" if names is None else names.units[column]
        draw_series(axes, detection, column, of_series, title, unit, alarms=False)
    return figure


def _draw_score(axes: Axes, detection: Detection) -> None:
    """Draw what is held against the limit, which reaches over powers of ten."""
    score = SystemScore.of(detection)
    axes.plot(
        detection.times.to_numpy(),
        np.maximum(score.score, LOWEST),  # NaN, which is not drawn, stays NaN
        color=_SCORE,
        linewidth=0.8,
        label="score",
    )
    axes.set_yscale("log")
    if np.isfinite(score.limit) and score.limit > 0:
        axes.axhline(score.limit, color=_LIMIT, linewidth=0.8, linestyle="--", label="limit")
    axes.set_title(f"score of the system, {score.unit}" if score.unit else "score of the system")
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", ncols=3, fontsize="small")


def _shade_alarms(axes: Axes, detection: Detection) -> None:
    """Shade the rows in alarm, each for as long as its step lasts."""
    found = segments(detection.alarm)
    times = date2num(detection.times.to_numpy())  # type: ignore[no-untyped-call]
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    ends = times[found.stops - 1] + step
    axes.broken_barh(
        list(zip(times[found.starts], ends - times[found.starts], strict=True)),
        (0, 1),
        transform=axes.get_xaxis_transform(),
        color=_ALARM,
        alpha=0.15,
        linewidth=0,
        label="alarm",
    )
