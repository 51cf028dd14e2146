"""Precision of products of float32 numbers: in full, or in TF32 where a training asks for it.

Cards of recent years multiply float32 numbers in TF32 unless a program says otherwise: ten bits of
the significand are kept of 23. That moves scores by a thousandth, and with them flags. Frameworks
differ in where they say so, and in what a setting holds for:

* JAX: of the thread, and of what is compiled in it;
* TensorFlow: of the process, when a product is computed or compiled;
* torch: of the process, for each library that multiplies.

What is set here is set around our own work, and then as the process had it before.
"""

import importlib
import os
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Libraries of torch that multiply: on a card cuBLAS and cuDNN, on a CPU oneDNN.
_OF_TORCH = (
    *("cuda.matmul", "cudnn.conv", "cudnn.rnn"),
    *("mkldnn.matmul", "mkldnn.conv", "mkldnn.rnn"),
)
_FULL, _SHORT = "ieee", "tf32"  # words of torch

# Variables that libraries read when they are loaded, and values by which they round products. No
# program can overrule them.
_ROUNDING = {
    "NVIDIA_TF32_OVERRIDE": ("1",),
    "ONEDNN_DEFAULT_FPMATH_MODE": ("BF16", "F16", "TF32", "ANY"),
    "TF_SET_ONEDNN_FPMATH_MODE": ("BF16",),
}


def rounding_notices(*, has_card: bool) -> list[str]:
    """Tell of environment variables that round products, which no program can overrule.

    Args:
        has_card: whether the framework has a card; one of them is about cards alone.
    """
    return [
        f"The environment variable {name} is {os.environ[name]}: products are rounded, and scores "
        "differ from those of other machines by a thousandth or so. Unset it to have them in full."
        for name, values in _ROUNDING.items()
        if os.environ.get(name, "").upper() in values and (has_card or not name.startswith("NV"))
    ]


@contextmanager
def float32_products(*, tf32: bool = False) -> Iterator[None]:
    """Multiply float32 numbers in full, whatever the framework's and the environment's defaults.

    The process's own setting is restored. Where it is one for all threads, work in full precision
    that goes on in another one has its way over TF32.

    Args:
        tf32: whether to allow TF32 instead, on cards that have it.

    Yields:
        None.
    """
    keras = importlib.import_module("keras")
    backend = keras.backend.backend()
    if backend == "jax":
        jax = importlib.import_module("jax")
        with jax.default_matmul_precision("tensorfloat32" if tf32 else "highest"):
            yield
        return
    setting = _SETTINGS[backend]
    setting.enter(tf32=tf32)
    try:
        yield
    finally:
        setting.leave(tf32=tf32)


class _ProcessSetting(ABC):
    """A setting of the process, changed while anybody needs it and then restored."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = {False: 0, True: 0}  # by whether they allow TF32
        self._before: Any = None

    def enter(self, *, tf32: bool) -> None:
        with self._lock:
            if not any(self._users.values()):
                self._before = self.read()
            self._users[tf32] += 1
            self._apply()

    def leave(self, *, tf32: bool) -> None:
        with self._lock:
            self._users[tf32] -= 1
            self._apply()

    def _apply(self) -> None:
        if self._users[False]:
            self.write(self.full())
        elif self._users[True]:
            self.write(self.short())
        else:
            self.write(self._before)

    @abstractmethod
    def read(self) -> Any: ...

    @abstractmethod
    def write(self, value: Any) -> None: ...

    @abstractmethod
    def full(self) -> Any: ...

    @abstractmethod
    def short(self) -> Any: ...


class _OfTensorFlow(_ProcessSetting):
    def read(self) -> bool:
        return bool(self._config.tensor_float_32_execution_enabled())

    def write(self, value: bool) -> None:
        self._config.enable_tensor_float_32_execution(value)

    def full(self) -> bool:
        return False

    def short(self) -> bool:
        return True

    @property
    def _config(self) -> Any:
        return importlib.import_module("tensorflow").config.experimental


class _OfTorch(_ProcessSetting):
    """The settings of each library, by torch's newer names (from 2.9 on) if it has them.

    Once a program has used the newer ones, the older ones change nothing, or refuse to be read.
    """

    def read(self) -> dict[str, Any]:
        return {name: getattr(part, key) for name, (part, key) in self._parts().items()}

    def write(self, value: dict[str, Any]) -> None:
        for name, (part, key) in self._parts().items():
            if getattr(part, key) != value[name]:
                setattr(part, key, value[name])

    def full(self) -> dict[str, Any]:
        return self._all(_FULL, older=False)

    def short(self) -> dict[str, Any]:
        return self._all(_SHORT, older=True)

    def _all(self, word: str, *, older: bool) -> dict[str, Any]:
        parts = self._parts()
        return {
            name: word if key == "fp32_precision" else older for name, (_, key) in parts.items()
        }

    def _parts(self) -> dict[str, tuple[Any, str]]:
        """Return objects and the names of their attributes, by the names of libraries."""
        backends = sys.modules["torch"].backends
        if not hasattr(backends.cuda.matmul, "fp32_precision"):
            return {
                "cuda.matmul": (backends.cuda.matmul, "allow_tf32"),
                "cudnn": (backends.cudnn, "allow_tf32"),
            }
        parts = {}
        for name in _OF_TORCH:
            library, part = name.split(".")
            parts[name] = (getattr(getattr(backends, library), part), "fp32_precision")
        return parts


_SETTINGS = {"tensorflow": _OfTensorFlow(), "torch": _OfTorch()}
