"""Pipeline: from data and settings to a fitted model, and from a table to scores and detections.

All steps are put together here, for the commands and for `DCVAEDetector`::

    fit       data -> preprocessing -> network -> training -> calibration -> thresholds
    score     table -> preprocessing -> windows -> network -> scores of rows and cells
    detect    table -> preprocessing -> windows -> network -> flags, alarms

Importing it imports no Keras; fitting, scoring and detecting do.
"""

from dcvae.pipeline.fitting import fit
from dcvae.pipeline.models import (
    Blocks,
    CalibratedModel,
    FittedModel,
    ModelDescription,
    TrainingSummary,
)

__all__ = [
    "Blocks",
    "CalibratedModel",
    "FittedModel",
    "ModelDescription",
    "TrainingSummary",
    "fit",
]
