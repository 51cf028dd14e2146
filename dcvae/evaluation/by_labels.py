"""Evaluation by labels: metrics of a detection, and the comparison with simple detectors."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from dcvae._arrays import BoolArray
from dcvae.data import Table
from dcvae.detection import Detection
from dcvae.evaluation.baselines import Baselines
from dcvae.evaluation.comparison import compare
from dcvae.evaluation.findings import Finding, comparison_findings, ranking_findings
from dcvae.evaluation.metrics_table import evaluate, system_chance
from dcvae.storage import StoredModel


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The metrics of a file by its labels.

    Attributes:
        labels: (rows, series) bool, of the scored rows.
        metrics: from `evaluate`.
        comparison: from `compare`; None without the training file.
        threshold_note: a phrase on the baselines' thresholds, if they are not fitted to the same
            data as the model's; else "".
        no_comparison: the reason if there is no comparison; else "".
        left_out: a sentence on each baseline asked for that could not be fitted.
    """

    labels: BoolArray
    metrics: pd.DataFrame
    comparison: pd.DataFrame | None
    threshold_note: str = ""
    no_comparison: str = ""
    left_out: Sequence[str] = ()

    def findings(self) -> list[Finding]:
        """Return the findings on these metrics."""
        found = ranking_findings(self.metrics)
        if self.comparison is None:
            return [*found, Finding("info", f"No baselines: {self.no_comparison}.")]
        return [
            *found,
            *comparison_findings(self.comparison),
            *(Finding("warning", text) for text in self.left_out),
        ]


def evaluate_by_labels(
    model: StoredModel, detection: Detection, labels: Table, baselines: Sequence[str] = ()
) -> Evaluation:
    """Evaluate a detection by labels, beside the baselines if the training file is at hand.

    Args:
        model: the model that scored the file.
        detection: its detection of the file.
        labels: labels of the file, at the times of the scored rows at least.
        baselines: names of detectors that stand among the baselines, from `baseline_names`.

    Returns:
        Metrics, and the comparison or the reason why there is none.
    """
    truth = labels.frame.loc[detection.times].to_numpy()
    with Baselines(model, detection.system, baselines) as fitted:
        metrics = evaluate(detection, truth, step_seconds=model.step_seconds)
        if not fitted.has_training:
            return Evaluation(truth, metrics, None, no_comparison=model.why_no_training_table())
        chance = system_chance(metrics)
        comparison = compare(model, detection, truth, fitted, chance, asked=fitted.asked())
    note = ""
    if not fitted.has_thresholds:
        default = model.settings.default_alpha
        note = f"; baselines: {default:g} sigmas, as the data they rest on are not at hand"
    return Evaluation(truth, metrics, comparison, note, left_out=fitted.left_out)
