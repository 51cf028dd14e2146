"""The framework under Keras: its choice, its quiet start, the device it uses, how it compiles.

Importing this module imports no framework. The process may be another program's: environment
variables and log filters that keep the framework quiet are restored.
"""

import gc
import importlib.util
import logging
import os
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dcvae._devices import Card, cards, unseen_card_notices
from dcvae._precision import rounding_notices
from dcvae._threads import processor
from dcvae.errors import InputError

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
BACKEND = "KERAS_BACKEND"
_PRECISION = "float32"  # of every network and of every stored model
_TENSORFLOW_LOGGER = "tensorflow"
_RETRACING = "triggered tf.function retracing"
_DEFAULT = "tensorflow"
# Names in messages; the keys are the packages' own.
TITLES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def chosen() -> str:
    """Return the framework that Keras runs on, or would run on, without importing it.

    Commands ask for it before anything slow, so that it is refused at once.

    Returns:
        "tensorflow", "jax" or "torch": that of the process if it has imported Keras, else that of
        KERAS_BACKEND, else TensorFlow.

    Raises:
        InputError: it is none of them, or it or Keras is not installed.
    """
    loaded = sys.modules.get("keras")
    asked = os.environ.get(BACKEND)
    name = asked or _DEFAULT if loaded is None else str(loaded.backend.backend())
    if name not in TITLES:
        known = ", ".join(f'"{known}"' for known in TITLES)
        raise InputError(
            f"Expected the backend of Keras to be one of {known}. Received: "
            f'"{name}". Set the environment variable {BACKEND} to one of these, or leave it out '
            f"for {TITLES[_DEFAULT]}."
        )
    if loaded is not None:
        return name
    installed = [known for known in TITLES if importlib.util.find_spec(known)]
    if name not in installed:
        which = f", and {BACKEND}={asked} asks for it" if asked else ""
        others = ", ".join(f"{BACKEND}={known}" for known in installed)
        raise InputError(
            f"{TITLES[name]} is not installed in {sys.prefix}{which}. Install it, "
            f"`pip install {name}`{f', or use what is installed: {others}' if others else ''}."
        )
    if importlib.util.find_spec("keras") is None:
        raise InputError(
            f"Keras is not installed in {sys.prefix}. Install it: `pip install keras`."
        )
    return name


def start() -> str:
    """Import the framework with no more of a log than it cannot do without, and name its device.

    The import takes seconds, so commands call this once their inputs are checked. If the user has
    set TF_CPP_MIN_LOG_LEVEL, the log is what that asks for. What ~/.keras/keras.json says for other
    projects makes no difference: the backend is that of KERAS_BACKEND or else TensorFlow, numbers
    are float32.

    Returns:
        The cards with their memory, or the CPU with the number of its cores, for messages.

    Raises:
        InputError: the framework is not installed.
        ValueError: the process has set Keras to numbers that are not float32.
    """
    name = chosen()
    is_first = "keras" not in sys.modules
    before = {variable: os.environ.get(variable) for variable in (LOG_LEVEL, BACKEND)}
    try:
        os.environ.setdefault(LOG_LEVEL, "3")
        os.environ[BACKEND] = name
        with _without_garbage_collection():
            import keras

        if is_first:
            keras.config.set_floatx(_PRECISION)
            keras.config.set_epsilon(1e-7)
            keras.config.set_image_data_format("channels_last")
        else:
            _check_numbers()
        devices = _devices_of(name)
    finally:
        for variable, value in before.items():  # read at the import; child processes must not
            if value is None:  # inherit them
                os.environ.pop(variable, None)
            else:
                os.environ[variable] = value
    found = cards_in_use(devices)
    if found:
        return ", ".join(card.describe() for card in found)
    return f"{processor()} (no GPU visible to {name})"


def _check_numbers() -> None:
    import keras

    for value, setter in (
        (keras.config.floatx(), "floatx"),
        (keras.config.dtype_policy().name, "dtype_policy"),
    ):
        if value != _PRECISION:
            raise ValueError(
                f"Expected Keras to compute in {_PRECISION}. Received: {value}, as this process or "
                f"~/.keras/keras.json has set it. Call keras.config.set_{setter}("
                f'"{_PRECISION}") first.'
            )


def cards_in_use(devices: Sequence[str] | None = None) -> list[Card]:
    """Return the cards that the framework computes on; it has been started.

    Args:
        devices: what Keras lists; None to have it list them.
    """
    import keras

    name = str(keras.backend.backend())
    return cards(name, _devices_of(name) if devices is None else devices)


def _devices_of(name: str) -> list[str]:
    """List the devices of the framework, the CPU only where there is no other."""
    import keras

    if name != "torch":
        return list(keras.distribution.list_devices())
    torch = sys.modules["torch"]  # for it Keras lists none
    if torch.backends.mps.is_available():
        return ["mps:0"]
    return [f"gpu:{number}" for number in range(torch.cuda.device_count())] or ["cpu:0"]


def notices() -> list[str]:
    """Return what a user may not expect of the framework, which has been started, as sentences."""
    import keras

    name = str(keras.backend.backend())
    has_card = bool(cards_in_use())
    told = [] if has_card else unseen_card_notices(name, TITLES[name])
    return [*told, *rounding_notices(has_card=has_card)]


def framework_versions() -> tuple[tuple[str, str], ...]:
    """Return names and versions of the framework, which is installed, and of Keras."""
    return tuple((name, version_of(name)) for name in (chosen(), "keras"))


def version_of(name: str) -> str:
    """Return the version of an installed package."""
    from importlib.metadata import PackageNotFoundError, version  # slow to import

    try:
        return version(name)
    except PackageNotFoundError:  # packed under another name, as tensorflow-cpu
        return str(getattr(sys.modules.get(name), "__version__", "unknown"))


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Do not look for garbage: an import makes a million objects and hardly any garbage.

    Yields:
        None. Looking for it would take a fifth of TensorFlow's import.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@contextmanager
def keeping_random_states() -> Iterator[None]:
    """Leave the global random states of Python and NumPy as they were: the caller's own draws.

    Keras draws from them whenever it makes a layer. Its own global generator, from which it draws
    where no seed is given, is left alone: its state is not public, and could not be kept.

    Yields:
        None.
    """
    import numpy as np

    states = random.getstate(), np.random.get_state()  # noqa: NPY002  Keras draws from that one
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002


@contextmanager
def drawing_from(seed: int) -> Iterator[None]:
    """Draw the weights of networks from a seed, and leave the caller's own draws as they were.

    Keras draws the seed of each layer from Python's `random`. Its `set_random_seed` does the same
    and changes, for good, its global generator and that of TensorFlow too, which are the caller's.

    Args:
        seed: of the draws.

    Yields:
        None.
    """
    import numpy as np

    with keeping_random_states():
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002  as Keras does
        yield


def operations_of(values: Any) -> Any:
    """Return the module of the operations on some values, functions of the same names in both.

    Args:
        values: an array of NumPy, or a tensor of whatever backend Keras runs on.

    Returns:
        `numpy`, or `keras.ops`.
    """
    import numpy as np

    if isinstance(values, np.ndarray):
        return np
    import keras

    return keras.ops


def compiles_passes() -> bool:
    """Tell whether to compile a pass over a file.

    XLA takes longer to compile such a pass than the pass takes, so only JAX compiles it: without
    compilation JAX runs one operation after the other, a recurrent layer a hundred times as slowly.

    Returns:
        True on JAX.
    """
    import keras

    return str(keras.backend.backend()) == "jax"


class _WithoutRetracing(logging.Filter):
    """Filter of TensorFlow's warning that functions are traced again, once for each network."""

    def filter(self, record: logging.LogRecord) -> bool:
        return _RETRACING not in record.getMessage()


@contextmanager
def without_retracing_warnings() -> Iterator[None]:
    """Suppress TensorFlow's warning that each of several networks is traced, and nothing else.

    Yields:
        None, while the warning is suppressed.
    """
    logger = logging.getLogger(_TENSORFLOW_LOGGER)
    quiet = _WithoutRetracing()
    logger.addFilter(quiet)
    try:
        yield
    finally:
        logger.removeFilter(quiet)
