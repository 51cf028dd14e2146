"""Evaluation of detections: metrics by labels, comparison with baselines, findings, review."""

from dcvae.evaluation.baselines import baseline_names
from dcvae.evaluation.by_labels import Evaluation, evaluate_by_labels
from dcvae.evaluation.comparison import LOOKS_AHEAD, compare, comparison_table
from dcvae.evaluation.findings import Finding, Severity, metric_title
from dcvae.evaluation.metrics_table import (
    ANY_FLAG,
    BETTER,
    CHANCE_NOTES,
    MEAN,
    METRIC_NOTES,
    SYSTEM,
    SYSTEM_NOTES,
    Predictions,
    evaluate,
    metrics_of_series,
)
from dcvae.evaluation.review import Review, make_review
from dcvae.evaluation.true_events import HIT_NOTES, RootCauses, blame
from dcvae.evaluation.verdict import alarms_since, event_records, judged_rows, verdict

__all__ = [
    "ANY_FLAG",
    "BETTER",
    "CHANCE_NOTES",
    "HIT_NOTES",
    "LOOKS_AHEAD",
    "MEAN",
    "METRIC_NOTES",
    "SYSTEM",
    "SYSTEM_NOTES",
    "Evaluation",
    "Finding",
    "Predictions",
    "Review",
    "RootCauses",
    "Severity",
    "alarms_since",
    "baseline_names",
    "blame",
    "compare",
    "comparison_table",
    "evaluate",
    "evaluate_by_labels",
    "event_records",
    "judged_rows",
    "make_review",
    "metric_title",
    "metrics_of_series",
    "verdict",
]
