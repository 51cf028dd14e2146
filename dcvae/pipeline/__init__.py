"""Pipeline: from data and settings to a fitted model, and from a table to scores and detections.

All steps are put together here, for the commands and for `DCVAEDetector`::

    fit       data -> preprocessing -> training -> scorer -> calibration -> thresholds
    score     table -> preprocessing -> scorer -> scores of rows and cells
    detect    table -> preprocessing -> scorer -> flags, alarms

A scorer is a trained network, a simple detector, or several of them together. Importing this
package imports no Keras; what has a network does when it is fitted or used.
"""

from dcvae.pipeline.ensemble import EnsembleScorer
from dcvae.pipeline.fitting import fit, fit_scorer, restored_scorer
from dcvae.pipeline.models import (
    Blocks,
    CalibratedModel,
    FittedModel,
    ModelDescription,
    TrainingSummary,
)
from dcvae.pipeline.planted import EVENT_KINDS, PlantedEvent, planted_events
from dcvae.pipeline.scorers import NetworkScorer, RowScorer, Scorer

__all__ = [
    "EVENT_KINDS",
    "Blocks",
    "CalibratedModel",
    "EnsembleScorer",
    "FittedModel",
    "ModelDescription",
    "NetworkScorer",
    "PlantedEvent",
    "RowScorer",
    "Scorer",
    "TrainingSummary",
    "fit",
    "fit_scorer",
    "planted_events",
    "restored_scorer",
]
