"""Registry of detectors: each by its name, found in the modules of two packages.

Detectors of rows are here; those that are whole models stand on layers that this one is below of,
so that their package is told by its name and imported when a detector is asked for.
"""

import difflib
import importlib
import pkgutil
from functools import cache
from typing import Any

from dcvae._text import all_quoted
from dcvae.detectors.base import AnomalyDetector
from dcvae.detectors.baselines import for_scaled_rows
from dcvae.errors import InputError

_PACKAGES = ("dcvae.detectors", "dcvae.estimator")


def detector_names() -> tuple[str, ...]:
    """Return the names of all detectors, in alphabetical order.

    Examples:
        >>> from dcvae import detector_names
        >>> "ecod" in detector_names()
        True
    """
    return tuple(sorted(_detectors()))


def make_detector(name: str, **parameters: Any) -> AnomalyDetector:
    """Make a detector that is not fitted yet.

    Args:
        name: one of `detector_names()`.
        **parameters: parameters of the detector.

    Raises:
        InputError: there is no such detector.
        TypeError: the detector has no such parameter.

    Examples:
        >>> from dcvae import make_detector
        >>> make_detector("isolation-forest", seed=1)
        IsolationForestDetector(seed=1)
    """
    return detector_class(name)(**parameters)


def detector_class(name: str) -> type[AnomalyDetector]:
    """Return the class of a detector.

    Args:
        name: one of `detector_names()`.

    Raises:
        InputError: there is no such detector.

    Examples:
        >>> detector_class("k-means").looks_ahead
        True
    """
    known = _detectors()
    if name not in known:
        near = difflib.get_close_matches(str(name).casefold(), known, n=1)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        raise InputError(
            f"Expected the name of a detector, one of {all_quoted(detector_names())}. Received: "
            f"{name!r}.{hint}"
        )
    return known[name]


def row_detector(name: str, *, seed: int, window_length: int) -> AnomalyDetector:
    """Make a detector for rows that are scaled already, as models and comparisons use it.

    Args:
        name: one of `detector_names()`.
        seed: its seed, if it draws.
        window_length: rows that it may look back, at most.
    """
    return for_scaled_rows(_detectors()[name], seed=seed, window_length=window_length)


@cache
def _detectors() -> dict[str, type[AnomalyDetector]]:
    """Import the modules of the packages and collect the detectors that have a name."""
    packages = [importlib.import_module(name) for name in _PACKAGES]
    modules = [
        importlib.import_module(module.name)
        for package in packages
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    found: dict[str, type[AnomalyDetector]] = {}
    for value in (value for module in modules for value in vars(module).values()):
        is_detector = isinstance(value, type) and issubclass(value, AnomalyDetector)
        if is_detector and "name" in vars(value):
            same = found.setdefault(value.name, value)
            if same is not value:
                raise ValueError(
                    f"Detectors must have different names. Received `{value.name}` for "
                    f"{same.__qualname__} and {value.__qualname__}: rename one."
                )
    return found
