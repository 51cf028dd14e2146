"""Engine of a network's arithmetic: NumPy alone, or Keras on a framework.

On a CPU NumPy scores and trains in less time than a framework takes to be imported; a framework is
for a GPU, for the training of recurrent networks, and for whoever asks for it. Nothing here imports
one.
"""

import os
from collections.abc import Mapping
from typing import Literal

from dcvae._backend import BACKEND, chosen, framework_versions, version_of
from dcvae._devices import has_card
from dcvae.errors import InputError

Engine = Literal["numpy", "keras"]

VARIABLE = "DCVAE_ENGINE"
_SUITED: Mapping[str, Engine] = {"dc-vae": "numpy"}  # what is trained without a framework
_WITHOUT = f'{VARIABLE}=numpy scores without it, and trains `architecture` "dc-vae".'


def scoring_engine() -> Engine:
    """Choose what a stored network is scored with.

    Returns:
        What DCVAE_ENGINE asks for. Without it, or with "auto", "keras" if KERAS_BACKEND is set, or
        if there is a GPU that is not hidden and the framework is installed; else "numpy".

    Raises:
        InputError: DCVAE_ENGINE has another value, or the framework asked for is not known or not
            installed.
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
        check_keras(f"{VARIABLE}=keras asks for Keras; {_WITHOUT}")
        return "keras"
    if os.environ.get(BACKEND):
        check_keras(f"{BACKEND}={os.environ[BACKEND]} asks for Keras; {_WITHOUT}")
        return "keras"
    return "keras" if has_card() and _has_backend() else "numpy"


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
        check_keras(
            f'The training of `architecture` "{architecture}" needs Keras; that of "dc-vae" does '
            "not, nor does scoring."
        )
    return suited


def check_keras(why: str) -> None:
    """Check that the framework under Keras is installed, without importing it.

    Args:
        why: a sentence on what needs it, for the message.

    Raises:
        InputError: it is not installed, or not known.
    """
    try:
        chosen()
    except InputError as error:
        raise InputError(f"{error} {why}") from error


def versions(engine: Engine) -> dict[str, str]:
    """Return the versions of what an engine computes with, for records, without importing it.

    Args:
        engine: the engine.

    Returns:
        By the name of the package, the framework under Keras first.

    Examples:
        >>> import numpy
        >>> versions("numpy") == {"numpy": numpy.__version__}
        True
    """
    of_keras = framework_versions() if engine == "keras" else ()
    return {**dict(of_keras), "numpy": version_of("numpy")}


def _has_backend() -> bool:
    try:
        chosen()
    except InputError:
        return False
    return True
