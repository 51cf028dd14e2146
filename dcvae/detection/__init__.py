"""Detection: from scores to bands and flags of cells, alarms of rows, and events."""

from dcvae.detection.alarms.rules import AlarmRules
from dcvae.detection.alarms.system import SystemAlarm
from dcvae.detection.alphas import Alphas
from dcvae.detection.band import band, exceeds, flags, standardized_residual
from dcvae.detection.events import Events, find_events
from dcvae.detection.result import PROMISED, TOGETHER, Detection, DetectionBuilder
from dcvae.detection.thresholds import Thresholds, fit_thresholds

__all__ = [
    "PROMISED",
    "TOGETHER",
    "AlarmRules",
    "Alphas",
    "Detection",
    "DetectionBuilder",
    "Events",
    "SystemAlarm",
    "Thresholds",
    "band",
    "exceeds",
    "find_events",
    "fit_thresholds",
    "flags",
    "standardized_residual",
]
