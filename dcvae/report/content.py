"""Content of the page and the figures of a scored file, from its review."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dcvae.evaluation import (
    BETTER,
    CHANCE_NOTES,
    HIT_NOTES,
    METRIC_NOTES,
    SYSTEM_NOTES,
    Review,
    verdict,
)
from dcvae.report.page import OtherLimits, ReportContent, SystemScore
from dcvae.report.results_place import figure_name

if TYPE_CHECKING:  # importing it would import matplotlib
    from matplotlib.figure import Figure

    from dcvae.training import EpochLosses


def page_content(review: Review) -> ReportContent:
    """Collect the content of the page from the review of a file."""
    detection, names = review.detection, review.model.names
    return ReportContent(
        model_name=review.model.settings.model_name,
        data_file=review.data,
        series=detection.series,
        times=detection.times,
        values=detection.frame.to_numpy(),
        offset=detection.offset,
        scale=detection.scale,
        mean=detection.mean,
        sigma=detection.sigma,
        alpha_down=detection.alphas.down,
        alpha_up=detection.alphas.up,
        flags=detection.flags,
        labels=review.labels,
        score=SystemScore.of(detection),
        events=review.events.table,
        findings=review.findings,
        summary=list(review.summary().items()),
        losses=review.losses,
        calibration=review.calibration,
        metrics=review.metrics,
        metric_notes={**METRIC_NOTES, **CHANCE_NOTES, **HIT_NOTES, **SYSTEM_NOTES},
        baselines=review.comparison,
        threshold_source=f"Thresholds: {review.threshold_source}.",
        settings=review.model.settings.to_dict(),
        provenance=_passed_on(review),
        better=BETTER,
        titles=names.titles,
        units=names.units,
        event_series=review.events.series,
        verdict=verdict(review),
        other_limits=OtherLimits.of(detection),
        row_times=review.row_times,
        resampled_seconds=_resampled_seconds(review),
    )


def _resampled_seconds(review: Review) -> float:
    """Return what a resampled row lasts; 0 where rows are as measured."""
    step = review.model.settings.resample_step
    return 0.0 if step is None else step.total_seconds()


def _passed_on(review: Review) -> dict[str, object]:
    """Return run.json without paths and durations.

    A page is passed on, so it does not name folders of the disk; durations would make two pages of
    the same content differ.
    """
    return {
        key: value
        for key, value in review.run.items()
        if not key.endswith("_path") and key != "session_seconds"
    }


def figures(review: Review, history: Sequence["EpochLosses"]) -> Iterator[tuple[str, "Figure"]]:
    """Draw the figures for a paper, one after the other.

    Args:
        review: review of the file.
        history: losses of every epoch of the training.

    Yields:
        Name for the file and figure: one per series, the latent space, the losses; these two of a
        network alone.
    """
    from dcvae.report.figures import latent_figure, series_figure
    from dcvae.training import loss_figure

    detection, name = review.detection, review.model.settings.model_name
    names, events = review.model.names, review.events.table
    for column, series in enumerate(detection.series):
        labels = None if review.labels is None else review.labels[:, column]
        title, unit = names.titles[column], names.units[column]
        yield (
            figure_name(column, series),
            series_figure(detection, column, labels, title, unit, events),
        )
    if not history:
        return
    labeled = None if review.labels is None else np.logical_or.reduce(review.labels, axis=1)
    yield "latent_space", latent_figure(detection.latent, labeled, name)
    yield "loss", loss_figure(history, int(review.run["best_epoch"]), name)
