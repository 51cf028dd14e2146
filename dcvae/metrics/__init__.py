"""Metrics of detectors: alarms or scores evaluated by labels.

Every metric takes NumPy arrays of one series, or of a whole system: `truth` (rows,) bool, and
`alarm` (rows,) bool or `score` (rows,) float, larger is stranger. Precision, recall
and F1 are always defined: neither truth nor alarms gives 1, truth without alarms and alarms without
truth give 0. All else is NaN where it is undefined, such as the delay where no event was
detected, or the area under a curve without labels.
"""

from dcvae._arrays import Segments, segments
from dcvae.metrics.affiliation import affiliation
from dcvae.metrics.chance import RankingChance, constant_score, random_scores
from dcvae.metrics.event_based import EventWise, detection_delay, event_wise
from dcvae.metrics.point_wise import PrecisionRecallF1, point_adjusted, point_wise
from dcvae.metrics.range_based import range_based, range_based_from_segments
from dcvae.metrics.ranking import average_precision, roc_auc
from dcvae.metrics.root_cause import HitRate, hit_rate
from dcvae.metrics.vus import Vus, period_from_autocorrelation, vus

__all__ = [
    "EventWise",
    "HitRate",
    "PrecisionRecallF1",
    "RankingChance",
    "Segments",
    "Vus",
    "affiliation",
    "average_precision",
    "constant_score",
    "detection_delay",
    "event_wise",
    "hit_rate",
    "period_from_autocorrelation",
    "point_adjusted",
    "point_wise",
    "random_scores",
    "range_based",
    "range_based_from_segments",
    "roc_auc",
    "segments",
    "vus",
]
