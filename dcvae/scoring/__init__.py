"""Scoring: from the errors of a trained network to scores of rows and cells.

Calibrations and the shape of scores need no Keras; the scorers, which do, are imported when they
are asked for.
"""

from typing import TYPE_CHECKING

from dcvae._lazy import lazy_exports

if TYPE_CHECKING:
    from dcvae.scoring.calibration import Calibration as Calibration
    from dcvae.scoring.calibration import CalibrationRun as CalibrationRun
    from dcvae.scoring.calibration import calibrate as calibrate
    from dcvae.scoring.causal import CausalScorer as CausalScorer
    from dcvae.scoring.incidents import incident_notice as incident_notice
    from dcvae.scoring.incidents import incident_rows as incident_rows
    from dcvae.scoring.levels import mean_squares as mean_squares
    from dcvae.scoring.levels import reference_level as reference_level
    from dcvae.scoring.model_fit import ENOUGH_WINDOWS as ENOUGH_WINDOWS
    from dcvae.scoring.model_fit import LossPass as LossPass
    from dcvae.scoring.model_fit import WindowLosses as WindowLosses
    from dcvae.scoring.model_fit import losses_of_file as losses_of_file
    from dcvae.scoring.model_fit import reference_losses as reference_losses
    from dcvae.scoring.model_fit import still_fits as still_fits
    from dcvae.scoring.scores import Scores as Scores
    from dcvae.scoring.sigma import SigmaCalibration as SigmaCalibration
    from dcvae.scoring.window_average import WindowAverageScorer as WindowAverageScorer
    from dcvae.scoring.window_average import WindowAverageScores as WindowAverageScores
    from dcvae.scoring.window_average import WindowSquares as WindowSquares
    from dcvae.scoring.window_average import reference_levels as reference_levels
    from dcvae.scoring.window_average import scored_by_windows as scored_by_windows
    from dcvae.scoring.window_average import scores_from as scores_from
    from dcvae.scoring.window_average import window_starts as window_starts

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "dcvae.scoring.calibration": ("Calibration", "CalibrationRun", "calibrate"),
        "dcvae.scoring.causal": ("CausalScorer",),
        "dcvae.scoring.incidents": ("incident_notice", "incident_rows"),
        "dcvae.scoring.levels": ("mean_squares", "reference_level"),
        "dcvae.scoring.model_fit": (
            "ENOUGH_WINDOWS",
            "LossPass",
            "WindowLosses",
            "losses_of_file",
            "reference_losses",
            "still_fits",
        ),
        "dcvae.scoring.scores": ("Scores",),
        "dcvae.scoring.sigma": ("SigmaCalibration",),
        "dcvae.scoring.window_average": (
            "WindowAverageScorer",
            "WindowAverageScores",
            "WindowSquares",
            "reference_levels",
            "scored_by_windows",
            "scores_from",
            "window_starts",
        ),
    },
)
