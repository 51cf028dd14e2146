"""Study of contamination: what anomalies among the training rows cost each detector."""

from typing import TYPE_CHECKING

from dcvae._lazy import lazy_exports

if TYPE_CHECKING:
    from dcvae.contamination.experiment import Experiment as Experiment
    from dcvae.contamination.experiment import Outcome as Outcome

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "dcvae.contamination.experiment": ("Experiment", "Outcome"),
    },
)
