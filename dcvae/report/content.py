"""Content of the page and the figures of a scored file, from its review."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dcvae.evaluation import BETTER, METRIC_NOTES, SYSTEM_NOTES, Review
from dcvae.report.page import ReportContent
from dcvae.report.system_score import SystemScore

if TYPE_CHECKING:  # importing it would import matplotlib
    from matplotlib.figure import Figure

    from dcvae.training import EpochLosses


def page_content(review: Review) -> ReportContent:
    """Collect the content of the page from the review of a file."""
    detection = review.detection
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
        metric_notes={**METRIC_NOTES, **SYSTEM_NOTES},
        baselines=review.comparison,
        threshold_source=f"Thresholds: {review.threshold_source}.",
        settings=review.model.settings.to_dict(),
        provenance=_passed_on(review),
        better=BETTER,
    )


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
    for column, series in enumerate(detection.series):
        labels = None if review.labels is None else review.labels[:, column]
        yield f"series_{column + 1:03d}", series_figure(detection, column, labels, series)
    if not history:
        return
    labeled = None if review.labels is None else np.logical_or.reduce(review.labels, axis=1)
    yield "latent_space", latent_figure(detection.latent, labeled, name)
    yield "loss", loss_figure(history, int(review.run["best_epoch"]), name)
