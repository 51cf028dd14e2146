"""DC-VAE: anomaly detection in multivariate time series with dilated causal convolutions.

Imports go one way through the packages: `config` and `metrics`; `data` and `networks`; `training`,
`scoring` and `detectors`; `detection`; `pipeline`, which combines them; `storage`; `evaluation`;
`report`; `estimator`, for programs, and `cli`. The names exported here are imported on first use.

Examples:
    A score per row, larger is stranger:

    >>> import dcvae
    >>> detector = dcvae.make_detector("z-score").fit([[1.0], [3.0]])
    >>> detector.decision_function([[2.0], [5.0]])
    array([0., 3.])
"""

from dcvae._lazy import lazy_exports

TYPE_CHECKING = False  # a type checker takes it for True; `typing` takes longer than all else here
if TYPE_CHECKING:
    from dcvae._version import __version__ as __version__
    from dcvae.config.settings import Settings as Settings
    from dcvae.config.settings import read_settings as read_settings
    from dcvae.detectors.registry import detector_names as detector_names
    from dcvae.detectors.registry import make_detector as make_detector
    from dcvae.errors import InputError as InputError
    from dcvae.estimator.detector import DCVAEDetector as DCVAEDetector
    from dcvae.storage.loading import load_model as load_model

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "dcvae._version": ("__version__",),
        "dcvae.config.settings": ("Settings", "read_settings"),
        "dcvae.detectors.registry": ("detector_names", "make_detector"),
        "dcvae.errors": ("InputError",),
        "dcvae.estimator.detector": ("DCVAEDetector",),
        "dcvae.storage.loading": ("load_model",),
    },
)
