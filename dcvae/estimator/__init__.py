"""Estimator: DC-VAE for programs, a model like those of the commands as scikit-learn has them."""

from typing import TYPE_CHECKING

from dcvae._lazy import lazy_exports

if TYPE_CHECKING:
    from dcvae.estimator.data_review import DataReview as DataReview
    from dcvae.estimator.detector import DCVAEDetector as DCVAEDetector

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "dcvae.estimator.data_review": ("DataReview",),
        "dcvae.estimator.detector": ("DCVAEDetector",),
    },
)
