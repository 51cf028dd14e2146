"""Series in a study of contamination: windows as units, contaminated event by event."""

from typing import TYPE_CHECKING

from dcvae._lazy import lazy_exports

if TYPE_CHECKING:
    from dcvae.contamination.series.experiment import SeriesExperiment as SeriesExperiment
    from dcvae.contamination.series.experiment import known_detectors as known_detectors
    from dcvae.contamination.series.sources import InventedSource as InventedSource
    from dcvae.contamination.series.sources import LabeledSource as LabeledSource
    from dcvae.contamination.series.sources import SeriesKeys as SeriesKeys

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "dcvae.contamination.series.experiment": ("SeriesExperiment", "known_detectors"),
        "dcvae.contamination.series.sources": ("InventedSource", "LabeledSource", "SeriesKeys"),
    },
)
