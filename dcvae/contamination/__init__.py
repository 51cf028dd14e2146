"""Study of contamination: what anomalies among the training rows cost each detector."""

from typing import TYPE_CHECKING

from dcvae._lazy import lazy_exports

if TYPE_CHECKING:
    from dcvae.contamination.experiment import Experiment as Experiment
    from dcvae.contamination.experiment import Outcome as Outcome
    from dcvae.contamination.experiment import Training as Training
    from dcvae.contamination.results.found import StudyResults as StudyResults
    from dcvae.contamination.study import RobustnessStudy as RobustnessStudy
    from dcvae.contamination.study import run_study as run_study

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "dcvae.contamination.experiment": ("Experiment", "Outcome", "Training"),
        "dcvae.contamination.results.found": ("StudyResults",),
        "dcvae.contamination.study": ("RobustnessStudy", "run_study"),
    },
)
