"""Detection: from scores to bands and flags of cells, alarms of rows, and events."""

from dcvae.detection.alarms.budget import SECONDS_PER_WEEK
from dcvae.detection.alarms.judged import STATES, Judged
from dcvae.detection.alarms.rules import AlarmRules
from dcvae.detection.alarms.system import SystemAlarm
from dcvae.detection.alphas import Alphas
from dcvae.detection.band import band, exceeds, flags, residual_of, standardized_residual
from dcvae.detection.events import Events, find_events, order_of_call
from dcvae.detection.result import (
    PROMISED,
    TOGETHER,
    Detection,
    DetectionBuilder,
    microseconds,
)
from dcvae.detection.thresholds import Thresholds, as_errors, fit_thresholds

__all__ = [
    "PROMISED",
    "SECONDS_PER_WEEK",
    "STATES",
    "TOGETHER",
    "AlarmRules",
    "Alphas",
    "Detection",
    "DetectionBuilder",
    "Events",
    "Judged",
    "SystemAlarm",
    "Thresholds",
    "as_errors",
    "band",
    "exceeds",
    "find_events",
    "fit_thresholds",
    "flags",
    "microseconds",
    "order_of_call",
    "residual_of",
    "standardized_residual",
]
