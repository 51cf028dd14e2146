"""Detectors with `fit` and `decision_function`, by one contract, in one registry.

A new detector is one module here with a subclass of `AnomalyDetector`; the registry and the tests
of the contract find it by themselves.
"""

from typing import TYPE_CHECKING

from dcvae._lazy import lazy_exports

if TYPE_CHECKING:
    from dcvae.detectors.base import AnomalyDetector as AnomalyDetector
    from dcvae.detectors.baselines import BASELINES as BASELINES
    from dcvae.detectors.baselines import fit_baselines as fit_baselines
    from dcvae.detectors.baselines import unfitted_baselines as unfitted_baselines
    from dcvae.detectors.registry import detector_class as detector_class
    from dcvae.detectors.registry import detector_names as detector_names
    from dcvae.detectors.registry import make_detector as make_detector
    from dcvae.detectors.registry import row_detector as row_detector
    from dcvae.detectors.scaling import nearest_known as nearest_known
    from dcvae.detectors.state import whole_or_unchanged as whole_or_unchanged
    from dcvae.detectors.windowed import MOST_ROWS as MOST_ROWS
    from dcvae.detectors.windowed import WindowedDetector as WindowedDetector
    from dcvae.detectors.windowed import windows_as_rows as windows_as_rows

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "dcvae.detectors.base": ("AnomalyDetector",),
        "dcvae.detectors.baselines": ("BASELINES", "fit_baselines", "unfitted_baselines"),
        "dcvae.detectors.registry": (
            "detector_class",
            "detector_names",
            "make_detector",
            "row_detector",
        ),
        "dcvae.detectors.scaling": ("nearest_known",),
        "dcvae.detectors.state": ("whole_or_unchanged",),
        "dcvae.detectors.windowed": ("MOST_ROWS", "WindowedDetector", "windows_as_rows"),
    },
)
