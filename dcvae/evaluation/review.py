"""Review of a file: detection, events, quality, metrics and findings, in one object.

The terminal, the files of results and the page all read it, and so agree. It is put together from
its parts: no file is read and no detector fitted.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dcvae._arrays import BoolArray
from dcvae._engine import Engine, versions
from dcvae._version import __version__
from dcvae.data import Quality, Table, TrueEvents
from dcvae.detection import Detection, Events
from dcvae.evaluation.by_labels import Evaluation
from dcvae.evaluation.findings import (
    FEW_ROWS,
    SEVERITIES,
    Finding,
    calibration_findings,
    fit_findings,
    missing_findings,
    new_value_findings,
    quality_findings,
    threshold_findings,
)
from dcvae.evaluation.level_findings import (
    budget_findings,
    level_findings,
    unjudged_findings,
    why_nothing_is_judged,
)
from dcvae.evaluation.true_events import RootCauses, find_root_causes
from dcvae.evaluation.verdict import event_records, verdict
from dcvae.pipeline import ModelDescription
from dcvae.scoring import WindowLosses
from dcvae.storage import ThresholdSource


@dataclass(frozen=True, eq=False)
class Review:
    """The review of a file.

    Attributes:
        model: the model that scored the file.
        run: content of run.json of the model.
        data: name of the file.
        detection: scores, flags and alarms of its scored rows.
        labels: (rows, series) bool of the same rows; None without labels.
        events: its events.
        calibration: see `Detection.calibration`.
        quality: quality of every row of the table.
        losses: rows "training", "validation", "this file"; columns loss, reconst, kl; nats. No
            rows without a network.
        metrics: see `evaluate`; None without labels.
        comparison: see `compare`; None without labels or without the training file.
        threshold_source: a phrase on the data that the alphas were fitted to.
        findings: findings, the most severe first.
        not_judged: why no row of the file could be scored, and what to do; "" if some were.
        row_times: times of all rows of the file, as measured; None if they are not known.
        root_causes: true events beside the alarms; None without a list of them.
        engine: what computed the network; None without one.
    """

    model: ModelDescription
    run: Mapping[str, Any]
    data: str
    detection: Detection
    labels: BoolArray | None
    events: Events
    calibration: pd.DataFrame
    quality: Quality
    losses: pd.DataFrame
    metrics: pd.DataFrame | None
    comparison: pd.DataFrame | None
    threshold_source: str
    findings: tuple[Finding, ...]
    not_judged: str = ""
    row_times: pd.DatetimeIndex | None = None
    root_causes: RootCauses | None = None
    engine: Engine | None = None

    def summary(self) -> dict[str, str]:
        """Return names and values for the head of the page and of the terminal's tables."""
        times, flags = self.detection.times, self.detection.flags
        return {
            "scored rows": f"{len(times):,} ({times[0]} to {times[-1]})",
            "series": f"{len(self.detection.series):,}",
            "flagged cells": f"{np.count_nonzero(flags):,} ({flags.mean():.3%})",
            "events": f"{len(self.events.table):,}",
            "thresholds": self.threshold_source,
            **self._alarm(),
            **self._published_losses(),
        }

    def _published_losses(self) -> dict[str, str]:
        """Return what the published `evaluate.py` prints of a file, if the settings ask for it."""
        if self.model.settings.fidelity_losses == "paper" or self.losses.empty:
            return {}
        loss, reconst, kl = self.losses.loc["this file"]
        return {"losses": f"loss {loss:.4f}, reconstruction {reconst:.4f}, KL {kl:.4f}"}

    def _alarm(self) -> dict[str, str]:
        """Return the description of the system's alarm."""
        return {"alarm": self.detection.system.describe(self.model.step_seconds)}

    def to_dict(self, since: pd.Timestamp | None = None) -> dict[str, Any]:
        """Return plain values, for JSON; None where a number is not defined.

        Args:
            since: the verdict and the events are of the alarms that are on then or later; None for
                all. All else is of the whole file.
        """
        events = event_records(self.events, since)
        return {
            "dcvae": __version__,
            "engine": self.engine,
            "versions": {} if self.engine is None else versions(self.engine),
            "model": self.model.settings.model_name,
            "data": self.data,
            "verdict": verdict(self, since),
            "since": None if since is None else since.isoformat(),
            "scored_rows": len(self.detection.times),
            "first_time": self.detection.times[0].isoformat(),
            "last_time": self.detection.times[-1].isoformat(),
            "num_events": len(events),
            "num_level_shifts": sum(event["kind"] != "incident" for event in events),
            "events": events,
            "flagged_cells": {
                name: int(count)
                for name, count in zip(
                    self.detection.series, self.detection.flags.sum(axis=0), strict=True
                )
            },
            "quality": self.quality.counts(),
            "not_judged": self.not_judged or None,
            "threshold_source": self.threshold_source,
            **self._alarm(),
            "findings": [finding.to_dict() for finding in self.findings],
            "losses": _plain(self.losses),
            "calibration": _plain(self.calibration),
            "metrics": None if self.metrics is None else _plain(self.metrics),
            "baselines": None if self.comparison is None else _plain(self.comparison),
            "true_events": None if self.root_causes is None else self.root_causes.to_dict(),
        }


def make_review(
    model: ModelDescription,
    run: Mapping[str, Any],
    table: Table,
    detection: Detection,
    events: Events,
    file_losses: WindowLosses | None,
    source: ThresholdSource | None,
    evaluation: Evaluation | None = None,
    true_events: TrueEvents | None = None,
    *,
    engine: Engine | None = None,
) -> Review:
    """Make the review of a file.

    Args:
        model: the model that scored the file.
        run: content of run.json of the model.
        table: the file, with context in front.
        detection: scores, flags and alarms of its scored rows, without those of the context.
        events: its events.
        file_losses: losses of its windows; None without a network.
        source: the data that the thresholds were fitted to; None if not known.
        evaluation: metrics by labels; None without labels.
        true_events: true events of the file; None without a list of them.
        engine: what computed the network of the model; None without one.
    """
    settings = model.settings
    threshold_source, source_findings = threshold_findings(
        source, detection.alphas, settings.default_alpha, table.frame.index
    )
    findings = [*source_findings]
    if file_losses is not None:
        findings += fit_findings(run, file_losses, len(table.frame), settings.window_length)
    if evaluation is not None:
        findings += evaluation.findings()
        threshold_source += evaluation.threshold_note
    metrics, root_causes = None if evaluation is None else evaluation.metrics, None
    if true_events is not None:
        root_causes = find_root_causes(true_events, detection, events, settings)
        metrics = None if metrics is None else root_causes.added_to(metrics)
        findings.append(root_causes.finding())
    if not settings.tells_series_apart:
        text = f"The {settings.name_of_detector} gives a row one score and does not tell its series"
        text += " apart: those that events name are in no order."
        findings.append(Finding("info", text))
    findings += budget_findings(detection, events, model.step_seconds)
    findings += unjudged_findings(detection, table.context_rows)
    findings += level_findings(detection, events, model.names)
    findings += new_value_findings(detection, model.preprocessor.constants, model.names.titles)
    findings += missing_findings(detection, model.names.titles)
    quality = model.quality(table)
    findings += quality_findings(quality)
    calibration = detection.calibration()
    if len(detection.times) >= FEW_ROWS:
        findings += calibration_findings(calibration)
    return Review(
        model=model,
        run=run,
        data=table.path.name,
        detection=detection,
        labels=None if evaluation is None else evaluation.labels,
        events=events,
        calibration=calibration,
        quality=quality,
        losses=_losses(run, file_losses),
        metrics=metrics,
        comparison=None if evaluation is None else evaluation.comparison,
        threshold_source=threshold_source,
        findings=tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))),
        not_judged=why_nothing_is_judged(detection, quality, settings.window_length),
        row_times=table.row_times,
        root_causes=root_causes,
        engine=engine,
    )


def _losses(run: Mapping[str, Any], file: WindowLosses | None) -> pd.DataFrame:
    names = ["loss", "reconst", "kl"]
    if file is None:
        return pd.DataFrame(columns=names, dtype=float)
    best = {
        name: math.nan if value is None else float(value)
        for name, value in run["best_losses"].items()
    }
    return pd.DataFrame(
        [
            [best[name] for name in names],
            [best[f"val_{name}"] for name in names],
            [file.loss, file.reconst, file.kl],
        ],
        index=["training", "validation", "this file"],
        columns=names,
    )


def _plain(table: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    """Return a table of numbers as dictionaries, one per line, None where JSON has no number."""
    return {
        str(name): {
            str(column): float(value) if math.isfinite(value) else None
            for column, value in line.items()
        }
        for name, line in table.iterrows()
    }
