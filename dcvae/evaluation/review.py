"""Everything that is said of a judged file beyond its five CSVs: events, metrics, the page.

One object gathers it, so that the terminal, the files and the page say the same.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae import __version__
from dcvae.data.quality import OBSERVED, Quality
from dcvae.data.tables import Table
from dcvae.detection.alphas import Alphas
from dcvae.detection.band import flags
from dcvae.detection.events import Events, find_events
from dcvae.detection.result import PROMISED, TOGETHER, Verdicts
from dcvae.detection.system_alarm import SystemAlarm
from dcvae.detection.thresholds import define
from dcvae.detectors import baselines
from dcvae.evaluation import metrics_table as evaluation
from dcvae.evaluation.metrics_table import Detector, Finding
from dcvae.metrics import ranking as ranking_metrics
from dcvae.storage.model_folder import StoredModel, sha256_of

if TYPE_CHECKING:  # importing these would import Keras or matplotlib
    from matplotlib.figure import Figure

    from dcvae.scoring.model_fit import WindowLosses

_FEW_ROWS = 100  # with fewer, shares of cells say nothing
_MUCH_MISSING = 0.1  # share of the cells of a series
_MANY_TIMES = 10  # cells beyond 3 sigmas, against a Gaussian's promise, from which on it is said


@dataclass(frozen=True, eq=False)
class Review:
    """What is said of a judged file.

    Attributes:
        model: the model that judged.
        data: path of the file.
        verdicts: its judged rows.
        labels: (rows, series) bool of the same rows; None without labels.
        events: its events.
        calibration: see `Verdicts.calibration`.
        quality: how far each row can be judged.
        losses: rows "training", "validation", "this file"; columns loss, reconst, kl; nats.
        metrics: see `evaluation.metrics_table`; None without labels.
        comparison: see `evaluation.compare`; None without labels or without the training file.
        threshold_source: where the alphas come from, one sentence.
        findings: the most important first.
    """

    model: StoredModel
    data: Path
    verdicts: Verdicts
    labels: NDArray[np.bool_] | None
    events: Events
    calibration: pd.DataFrame
    quality: Quality
    losses: pd.DataFrame
    metrics: pd.DataFrame | None
    comparison: pd.DataFrame | None
    threshold_source: str
    findings: tuple[Finding, ...]

    def summary(self) -> dict[str, str]:
        """Names and values for the head of the page and of the terminal's tables."""
        times, flags = self.verdicts.times, self.verdicts.flags
        return {
            "judged rows": f"{len(times):,} ({times[0]} to {times[-1]})",
            "series": f"{len(self.verdicts.series):,}",
            "flagged cells": f"{np.count_nonzero(flags):,} ({flags.mean():.3%})",
            "events": f"{len(self.events.table):,}",
            "thresholds": self.threshold_source,
            **self._alarm(),
        }

    def _alarm(self) -> dict[str, str]:
        """Say when the system is in alarm, if it has a rule of its own."""
        system = self.verdicts.system
        return {} if system is None else {"alarm": system.describe(self.model.step_seconds)}

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, None where a number is not defined."""
        return {
            "dcvae": __version__,
            "model": self.model.settings.model_name,
            "data": self.data.name,
            "judged_rows": len(self.verdicts.times),
            "first_time": str(self.verdicts.times[0]),
            "last_time": str(self.verdicts.times[-1]),
            "flagged_cells": {
                name: int(count)
                for name, count in zip(
                    self.verdicts.series, self.verdicts.flags.sum(axis=0), strict=True
                )
            },
            "events": len(self.events.table),
            "quality": self.quality.counts(),
            "threshold_source": self.threshold_source,
            **self._alarm(),
            "findings": [finding._asdict() for finding in self.findings],
            "losses": _plain(self.losses),
            "calibration": _plain(self.calibration),
            "metrics": None if self.metrics is None else _plain(self.metrics),
            "baselines": None if self.comparison is None else _plain(self.comparison),
        }

    def page(self) -> str:
        """Make report.html."""
        from dcvae.report import page as report

        verdicts = self.verdicts
        return report.render(
            report.ReportContent(
                model_name=self.model.settings.model_name,
                data_file=self.data.name,
                series=verdicts.series,
                times=verdicts.times,
                values=verdicts.frame.to_numpy(),
                level=verdicts.level,
                scale=verdicts.scale,
                mean=verdicts.mean,
                sigma=verdicts.sigma,
                alpha_down=verdicts.alphas.down,
                alpha_up=verdicts.alphas.up,
                flags=verdicts.flags,
                labels=self.labels,
                events=self.events.table,
                findings=self.findings,
                summary=list(self.summary().items()),
                losses=self.losses,
                calibration=self.calibration,
                metrics=self.metrics,
                metric_notes={**evaluation.METRIC_NOTES, **evaluation.SYSTEM_NOTES},
                baselines=self.comparison,
                threshold_source=f"Thresholds: {self.threshold_source}.",
                settings=self.model.settings.to_dict(),
                # A page is passed on: it need not tell where on a disk the training files lie.
                provenance={k: v for k, v in self.model.run.items() if not k.endswith("_path")},
                better=evaluation.BETTER,
            )
        )

    def figures(self) -> Iterator[tuple[str, "Figure"]]:
        """Draw the figures for a paper, one after the other, with names for their files."""
        from dcvae.report import figures as plots

        verdicts, name = self.verdicts, self.model.settings.model_name
        for column, series in enumerate(verdicts.series):
            labels = None if self.labels is None else self.labels[:, column]
            yield f"series_{column + 1:03d}", plots.series_figure(verdicts, column, labels, series)
        labeled = None if self.labels is None else np.logical_or.reduce(self.labels, axis=1)
        yield "latent_space", plots.latent_figure(verdicts.latent, labeled, name)
        yield (
            "loss",
            plots.loss_figure(
                self.model.history(),
                int(self.model.run["best_epoch"]),
                name,
            ),
        )


def review(
    model: StoredModel,
    table: Table,
    verdicts: Verdicts,
    file_losses: "WindowLosses",
    labels: Table | None,
) -> Review:
    """Gather all that is said of a judged file.

    Args:
        model: the model that judged.
        table: the file as judged, with context in front.
        verdicts: its judged rows.
        file_losses: the losses of its windows.
        labels: of the data file; None if none were given.
    """
    threshold_source, source_findings = _threshold_source(model, table, verdicts.alphas)
    found = find_events(verdicts, model.step_seconds)
    calibration = verdicts.calibration()
    findings = [*_fit_findings(model, file_losses, len(table.frame)), *source_findings]
    truth = metrics = comparison = None
    if labels is not None:
        truth = labels.frame.loc[verdicts.times].to_numpy()
        baseline_judge = _BaselineJudge(model, table, verdicts)
        metrics, comparison, judged = _judge(model, verdicts, truth, baseline_judge)
        findings += judged
        if comparison is not None:
            threshold_source += baseline_judge.threshold_note()
    findings += _missing_findings(verdicts)
    quality = model.quality(table)
    findings += _quality_findings(quality)
    if len(verdicts.times) >= _FEW_ROWS:
        findings += _calibration_findings(calibration)
    order = ("bad", "warning", "good", "info")
    return Review(
        model=model,
        data=table.path,
        verdicts=verdicts,
        labels=truth,
        events=found,
        calibration=calibration,
        quality=quality,
        losses=_losses(model, file_losses),
        metrics=metrics,
        comparison=comparison,
        threshold_source=threshold_source,
        findings=tuple(sorted(findings, key=lambda finding: order.index(finding.level))),
    )


def _judge(
    model: StoredModel,
    verdicts: Verdicts,
    truth: NDArray[np.bool_],
    baseline_judge: "_BaselineJudge",
) -> tuple[pd.DataFrame, pd.DataFrame | None, list[Finding]]:
    """Compute the metrics and, if the training file is at hand, those of the baselines."""
    step = model.step_seconds
    # Filled in the whole table: a series may be missing in all judged rows, not in all before them.
    filled = baseline_judge.rows[-len(truth) :]
    buffers = [
        ranking_metrics.period_from_autocorrelation(filled[:, column])
        for column in range(filled.shape[1])
    ]
    ours = Detector(verdicts.residual, verdicts.flags, verdicts.score, verdicts.alarm)
    metrics = evaluation.metrics_table(
        verdicts.series, truth, ours, buffers=buffers, step_seconds=step
    )
    findings = evaluation.ranking_findings(metrics, len(truth))
    training = model.training_table()
    if training is None:
        name = model.run.get("training_file")  # not its path: the sentence is on the page
        reason = f"{name}, the file the model was trained on, is not there any more or has changed"
        if "labels_file" in model.run:
            reason += f" (or {model.run['labels_file']}, its labels)"
        return metrics, None, [*findings, Finding("info", f"No baselines: {reason}.")]
    fitted = baselines.fit_all(
        model.preprocessor.transform_training(training.frame), model.settings.seed
    )
    comparison = evaluation.compare(
        truth,
        ours,
        fitted,
        baseline_judge,
        name=model.settings.name_of_architecture,
        offline=verdicts.offline,
        buffer=buffers[0],
        step_seconds=step,
    )
    return metrics, comparison, findings + evaluation.comparison_findings(comparison)


class _BaselineJudge:
    """Flags the judged rows by a baseline, its thresholds found as the model's were."""

    def __init__(self, model: StoredModel, table: Table, verdicts: Verdicts) -> None:
        self._model = model
        self._first = len(table.frame) - len(verdicts.times)
        self.rows = model.preprocessor.transform(table.frame)
        self._missing = np.isnan(verdicts.residual)
        self._defined_on = model.definition_tables()

    def __call__(self, baseline: baselines.Baseline) -> Detector:
        residual = baseline.judge(self.rows)[self._first :]
        residual[self._missing] = np.nan
        alphas, system = self._defined(baseline)
        score = system.score(residual)
        alarm, _ = system.alarms(score, residual, alphas)
        return Detector(residual, flags(residual, alphas), score, alarm)

    def threshold_note(self) -> str:
        """Say where the baselines' thresholds come from, if not from where the model's do."""
        if self._defined_on is not None:
            return ""
        default = self._model.settings.default_alpha
        return f"; baselines: {default:g} sigmas, as the data they rest on are not at hand"

    def _defined(self, baseline: baselines.Baseline) -> tuple[Alphas, SystemAlarm]:
        """Define alphas and alarm for a baseline on the data that the model's rest on."""
        model = self._model
        if self._defined_on is None or baseline.is_fixed:
            alphas = Alphas.default(model.series, model.settings.default_alpha)
            return alphas, SystemAlarm.published(len(model.series))
        data, labels = self._defined_on
        residual = baseline.judge(model.preprocessor.transform(data.frame))
        residual[~model.observed(data)] = np.nan
        residual = residual[model.settings.window_length - 1 :]
        defined = define(
            residual,
            residual,
            model.series,
            model.settings,
            step_seconds=model.step_seconds,
            labels=None if labels is None else labels.frame.to_numpy(),
        )
        return defined.alphas, defined.alarm


def _threshold_source(
    model: StoredModel, table: Table, alphas: Alphas
) -> tuple[str, list[Finding]]:
    """Say where the alphas come from, and what to think of it."""
    if set(alphas.method) == {"default"}:
        return f"the default alpha of {model.settings.default_alpha:g} sigmas; no labels used", []
    source = model.alphas_source()
    if source is None:
        return "alphas.csv, written or edited by hand", []
    if source["labels_path"] is None:
        rows = f"{source['first_time']} to {source['last_time']}"
        methods = ", ".join(
            f"{alphas.method.count(m)} by {m}" for m in dict.fromkeys(alphas.method)
        )
        return f"{source['data']} ({rows}) taken to be normal, no labels used; {methods}", []
    if source["data_sha256"] == sha256_of(table.path):
        warning = "The alphas were chosen on the labels of this very file: every figure that rests "
        warning += "on flags is better than it would be on a new file."
        return "labels of this very file", [Finding("warning", warning)]
    name = source["data"]
    text = f"labels of {name} ({source['first_time']} to {source['last_time']})"
    unlabeled = alphas.method.count("default")
    if unlabeled:
        text += f"; {unlabeled} of {len(alphas.series)} series without labels: "
        text += f"{model.settings.default_alpha:g} sigmas"
    first, last = (pd.Timestamp(source[name]) for name in ("first_time", "last_time"))
    if table.frame.index[0] <= last and first <= table.frame.index[-1]:
        warning = f"The times of this file overlap those of {name}, on whose labels the alphas "
        warning += "were chosen. If it holds the same rows, figures that rest on flags are better "
        warning += "than they would be on a new file."
        return text, [Finding("warning", warning)]
    return text, []


def _losses(model: StoredModel, file: "WindowLosses") -> pd.DataFrame:
    best = {
        name: math.nan if value is None else float(value)
        for name, value in model.run["best_losses"].items()
    }
    names = ("loss", "reconst", "kl")
    return pd.DataFrame(
        [
            [best[name] for name in names],
            [best[f"val_{name}"] for name in names],
            [file.loss, file.reconst, file.kl],
        ],
        index=["training", "validation", "this file"],
        columns=list(names),
    )


def _fit_findings(model: StoredModel, file: "WindowLosses", num_rows: int) -> list[Finding]:
    """Say whether the model still fits the file."""
    from dcvae.scoring.model_fit import ENOUGH_WINDOWS, WindowLosses, still_fits

    stored = model.run.get("reference_losses")
    if stored is None:
        text = "Trained by an earlier version: whether the model fits this file is not known."
        return [Finding("info", text)]
    reference = WindowLosses.from_dict(stored)
    window_length = model.settings.window_length
    fits = still_fits(file, reference, num_rows=num_rows, window_length=window_length)
    if not file.windows:
        return [Finding("warning", "No row of this file can be judged; quality.csv says why.")]
    if fits is None:
        return [
            Finding(
                "info",
                f"The file is too short to say whether the model still fits: {num_rows:,} rows, "
                f"where {ENOUGH_WINDOWS * window_length:,} are needed.",
            )
        ]
    part = "validated" if model.run.get("windows", {}).get("validation") else "trained"
    figures = (
        f"the middle window of this file has a loss of {file.median:.3f} nats; 95 % of the windows "
        f"that the model was {part} on have less than {reference.percentile_95:.3f}"
    )
    if fits:
        return [Finding("good", f"The model fits this file: {figures}.")]
    return [
        Finding(
            "bad",
            f"The model no longer fits this file: {figures}. The data have changed since training, "
            "or more is wrong than right in them; look at the series, and train anew on recent "
            "normal data before trusting the flags.",
        )
    ]


def _quality_findings(quality: Quality) -> list[Finding]:
    """Count the rows of each quality, if there are any beside the observed ones."""
    counts = {word: rows for word, rows in quality.counts().items() if rows}
    if set(counts) == {OBSERVED}:
        return []
    listed = ", ".join(f"{rows:,} {word}" for word, rows in counts.items())
    text = f"Quality of the {len(quality.table):,} rows (quality.csv): {listed}."
    return [Finding("info", text)]


def _missing_findings(verdicts: Verdicts) -> list[Finding]:
    """Name the series that are missing in much of the file."""
    shares = verdicts.frame.isna().mean().to_numpy()
    order = np.argsort(-shares, kind="stable")
    named = [
        f"{verdicts.series[column]} ({shares[column]:.0%})"
        for column in order
        if shares[column] > _MUCH_MISSING
    ]
    if not named:
        return []
    return [
        Finding(
            "warning",
            f"Much is missing of {', '.join(named)}: such cells are never flagged, and what fills "
            "them for the network makes it expect less of the other series too.",
        )
    ]


def _calibration_findings(calibration: pd.DataFrame) -> list[Finding]:
    """Say so if cells leave 3 sigmas far more often than a Gaussian promises."""
    promised, seen = (float(calibration[name][3.0]) for name in (PROMISED, TOGETHER))
    if not seen > _MANY_TIMES * promised:
        return []
    return [
        Finding(
            "warning",
            f"{seen:.2%} of all cells lie beyond 3 sigmas, where a Gaussian promises "
            f"{promised:.2%}: sigma is too narrow for this file, and a fixed alpha flags too much.",
        )
    ]


def _plain(table: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    """Turn a table of numbers into dictionaries, line by line, what JSON cannot hold into None."""
    return {
        str(name): {
            str(column): float(value) if math.isfinite(value) else None
            for column, value in line.items()
        }
        for name, line in table.iterrows()
    }
