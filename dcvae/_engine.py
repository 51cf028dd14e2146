"""Engine of a network's arithmetic: NumPy alone, or Keras on a framework.

On a CPU NumPy scores and trains in less time than a framework takes to be imported; a framework is
for a GPU, for the training of recurrent networks, and for whoever asks for it. Nothing here imports
one.
"""

import importlib.util
import os
from collections.abc import Mapping
from glob import glob
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from dcvae.errors import InputError

Engine = Literal["numpy", "keras"]

VARIABLE = "DCVAE_ENGINE"
_BACKEND = "KERAS_BACKEND"
_DEVICES = ("/dev/nvidia[0-9]*", "/dev/kfd")  # files that Linux makes for a card
_HIDING = "CUDA_VISIBLE_DEVICES"
_SUITED: Mapping[str, Engine] = {"dc-vae": "numpy"}  # what is trained without a framework
_REMEDY = "pip install -r requirements.txt installs it"


def scoring_engine() -> Engine:
    """Choose what a stored network is scored with.

    Returns:
        What DCVAE_ENGINE asks for. Without it, or with "auto", "keras" if KERAS_BACKEND is set, or
        if there is a GPU that is not hidden and the framework is installed; else "numpy".

    Raises:
        InputError: DCVAE_ENGINE has another value, or the framework asked for is not installed.
    """
    asked = os.environ.get(VARIABLE) or "auto"
    if asked not in ("auto", "numpy", "keras"):
        raise InputError(
            f'Expected the environment variable {VARIABLE} to be "auto", "numpy" or "keras". '
            f'Received: "{asked}". Set it to one of these, or leave it out.'
        )
    if asked == "numpy":
        return "numpy"
    if asked == "keras":
        _check_installed(f"{VARIABLE}=keras")
        return "keras"
    if os.environ.get(_BACKEND):
        _check_installed(f"{_BACKEND}={os.environ[_BACKEND]}")
        return "keras"
    return "keras" if _has_gpu() and not _missing() else "numpy"


def training_engine(architecture: str) -> Engine:
    """Choose what a network is trained with.

    Args:
        architecture: value of the key `architecture`.

    Returns:
        As `scoring_engine`, but "keras" for architectures that NumPy does not train.

    Raises:
        InputError: as `scoring_engine`, or Keras is needed and not installed.
    """
    engine = scoring_engine()
    if engine == "keras":
        return engine
    suited = _SUITED.get(architecture, "keras")
    if suited == "keras":
        _check_installed(f'the training of `architecture` "{architecture}"')
    return suited


def versions(engine: Engine) -> dict[str, str]:
    """Return the versions of what an engine computes with, for records, without importing it.

    Args:
        engine: the engine.

    Returns:
        By the name of the package; without what is not installed.

    Examples:
        >>> import numpy
        >>> versions("numpy") == {"numpy": numpy.__version__}
        True
    """
    names = ("numpy",) if engine == "numpy" else ("keras", _backend(), "numpy")
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # named otherwise, as tensorflow-cpu, or built by hand
            continue
    return found


def _backend() -> str:
    return os.environ.get(_BACKEND) or "tensorflow"


def _missing() -> list[str]:
    """List the packages that the engine "keras" needs and that are not installed."""
    return [name for name in ("keras", _backend()) if importlib.util.find_spec(name) is None]


def _check_installed(asked_by: str) -> None:
    missing = _missing()
    if missing:
        raise InputError(
            f"Expected {' and '.join(missing)} to be installed for {asked_by}, which needs Keras. "
            f"Received: an environment without. {_REMEDY}; DC-VAE scores without it, and trains "
            f'`architecture` "dc-vae", if {VARIABLE} is "numpy" or not set.'
        )


def _has_gpu() -> bool:
    """Tell whether the system has a card that CUDA_VISIBLE_DEVICES does not hide."""
    if os.environ.get(_HIDING, "0").split(",")[0].strip() in ("", "-1"):
        return False
    return any(glob(pattern) for pattern in _DEVICES)
