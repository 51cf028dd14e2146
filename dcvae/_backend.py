"""The framework under Keras: its quiet start, the device it uses, how passes are compiled.

Importing this module imports no framework. The process may be another program's: environment
variables and log filters that keep the framework quiet are restored.
"""

import gc
import logging
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_BACKEND = "KERAS_BACKEND"
_PRECISION = "float32"  # of every network and of every stored model
_TENSORFLOW_LOGGER = "tensorflow"
_RETRACING = "triggered tf.function retracing"


def start() -> str:
    """Import the framework with no more of a log than it cannot do without, and name its device.

    The import takes seconds, so commands call this once their inputs are checked. If the user has
    set TF_CPP_MIN_LOG_LEVEL, the log is what that asks for. What ~/.keras/keras.json says for other
    projects makes no difference: the backend is that of KERAS_BACKEND or else TensorFlow, numbers
    are float32.

    Returns:
        The accelerators, or the CPU with the number of its cores, for messages.

    Raises:
        ValueError: the process has set Keras to numbers that are not float32.
    """
    is_first = "keras" not in sys.modules
    defaults = {LOG_LEVEL: "3", _BACKEND: "tensorflow"}
    added = [name for name in defaults if name not in os.environ]
    try:
        for name in added:
            os.environ[name] = defaults[name]
        with _without_garbage_collection():
            import keras

        if is_first:
            keras.config.set_floatx(_PRECISION)
            keras.config.set_epsilon(1e-7)
            keras.config.set_image_data_format("channels_last")
        elif keras.config.floatx() != _PRECISION:
            raise ValueError(
                f"Expected Keras to compute in {_PRECISION}. Received: {keras.config.floatx()}, as "
                f'this process or ~/.keras/keras.json has set it. Call keras.config.set_floatx("'
                f'{_PRECISION}") first.'
            )
        devices = keras.distribution.list_devices()
    finally:
        for name in added:  # read at the import; child processes must not inherit them
            os.environ.pop(name, None)
    accelerators = [device for device in devices if not device.startswith("cpu")]
    if accelerators:
        return ", ".join(accelerators)
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    cores = len(affinity(0)) if affinity else os.cpu_count()
    return f"CPU, {cores} cores (no GPU visible to {keras.backend.backend()})"


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
