"""DC-VAE: anomaly detection in multivariate time series with dilated causal convolutions.

Data walks one way through the modules: ``tables`` reads a file, ``preprocessing`` scales it,
``windows`` cuts it, ``network`` and ``training`` learn from it, ``scoring`` judges the last row of
every window, ``thresholds`` and ``detection`` turn scores into flags, ``artefacts`` keeps all of it
on disk. The three scripts at the top of the project are the walk itself, and ``DCVAEDetector`` is
the same walk for those who call it from Python.

Importing the package imports nothing heavy: a mistake in a file is answered before TensorFlow is.
"""

from typing import TYPE_CHECKING

from dcvae.errors import InputError as InputError

if TYPE_CHECKING:
    from dcvae.detectors.dcvae import DCVAEDetector as DCVAEDetector

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import the estimator when it is asked for: it brings pandas and scikit-learn along."""
    if name == "DCVAEDetector":
        from dcvae.detectors.dcvae import DCVAEDetector

        return DCVAEDetector
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
