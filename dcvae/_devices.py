"""Devices of a framework: cards with their memory, cards it does not see, memory that ran out.

Nothing here imports a framework: what is asked of one is asked of the module that is loaded.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from glob import glob
from typing import NamedTuple

from dcvae.errors import InputError

_GIB = 2**30
_SMI = ("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits")
_SMI_SECONDS = 10.0  # it takes one or so where the driver has to be loaded
_OF_NVIDIA, _OF_AMD = "/dev/nvidia[0-9]*", "/dev/kfd"  # files that Linux makes for a card
_HIDING = "CUDA_VISIBLE_DEVICES"
_HELP = {
    "tensorflow": 'pip install "tensorflow[and-cuda]"',
    "jax": 'pip install "jax[cuda12]"',
    "torch": "pip install torch, as https://pytorch.org/get-started says for the card's driver",
}


class Card(NamedTuple):
    """A card that a framework computes on.

    Attributes:
        place: the framework's name for it, as "gpu:0".
        name: what it is, as "NVIDIA H200"; "" if that is not known.
        memory: its memory, in bytes; None if that is not known.
    """

    place: str
    name: str = ""
    memory: int | None = None

    def describe(self) -> str:
        """Describe it for messages.

        Examples:
            >>> Card("gpu:0", "NVIDIA H200", 150_754_820_096).describe()
            'NVIDIA H200, 140 GiB (gpu:0)'
            >>> Card("gpu:1").describe()
            'gpu:1'
        """
        if not self.name:
            return self.place
        memory = "" if self.memory is None else f", {self.memory / _GIB:.0f} GiB"
        return f"{self.name}{memory} ({self.place})"


def cards(backend: str, devices: Sequence[str]) -> list[Card]:
    """Name the cards among the devices of a framework.

    Args:
        backend: the framework, which is loaded.
        devices: as Keras lists them, those that are no CPU in the framework's order.

    Returns:
        The cards. What cannot be found out of one is left out: a training does not fail of that.
    """
    places = [device for device in devices if not device.startswith("cpu")]
    if not places:
        return []
    try:
        named = _NAMES[backend]()
    except (ImportError, AttributeError, KeyError, RuntimeError, ValueError):
        named = []
    named += [("", None)] * len(places)
    sizes = dict(_sizes_by_driver()) if any(size is None for _, size in named) else {}
    return [
        Card(place, name, sizes.get(name) if memory is None else memory)
        for place, (name, memory) in zip(places, named, strict=False)
    ]


def _names_of_tensorflow() -> list[tuple[str, int | None]]:
    config = sys.modules["tensorflow"].config
    details = config.experimental.get_device_details
    return [
        (str(details(card).get("device_name", "")), None)
        for card in config.list_physical_devices("GPU")
    ]


def _names_of_jax() -> list[tuple[str, int | None]]:
    jax = sys.modules["jax"]
    return [(str(card.device_kind), None) for card in jax.devices() if card.platform != "cpu"]


def _names_of_torch() -> list[tuple[str, int | None]]:
    cuda = sys.modules["torch"].cuda
    found = [cuda.get_device_properties(number) for number in range(cuda.device_count())]
    return [(str(card.name), int(card.total_memory)) for card in found]


_NAMES = {
    "tensorflow": _names_of_tensorflow,
    "jax": _names_of_jax,
    "torch": _names_of_torch,
}


@cache
def _sizes_by_driver() -> tuple[tuple[str, int], ...]:
    """List names and bytes of all cards by what the driver's program says; none without it."""
    import subprocess  # not needed where there is no card

    try:
        told = subprocess.check_output(
            _SMI, stderr=subprocess.DEVNULL, text=True, timeout=_SMI_SECONDS
        )
        lines = [line.rpartition(",") for line in told.splitlines() if line.strip()]
        return tuple((name.strip(), int(mebibytes) * 2**20) for name, _, mebibytes in lines)
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()


def has_card(*, of_nvidia: bool = False) -> bool:
    """Tell whether the system has a card that CUDA_VISIBLE_DEVICES does not hide.

    Args:
        of_nvidia: whether to look for cards of NVIDIA alone.
    """
    if os.environ.get(_HIDING, "0").split(",")[0].strip() in ("", "-1"):
        return False
    return any(glob(files) for files in ((_OF_NVIDIA,) if of_nvidia else (_OF_NVIDIA, _OF_AMD)))


def unseen_card_notices(backend: str, title: str) -> list[str]:
    """Tell of an NVIDIA card that the system has and the framework, on the CPU now, does not see.

    Args:
        backend: the framework.
        title: its name in messages.
    """
    if not has_card(of_nvidia=True):
        return []
    return [
        f"This machine has an NVIDIA GPU that {title} does not see, so it computes on the CPU. "
        f"Its parts for GPUs may not be installed: {_HELP[backend]}. If you mean to use the CPU, "
        f'set {_HIDING}="".'
    ]


# Words in the messages of errors whose class says nothing of memory, by the module of the class.
_WORDS: dict[str, tuple[str, ...]] = {
    "jax": ("RESOURCE_EXHAUSTED",),  # XlaRuntimeError, JaxRuntimeError: of all kinds
    "jaxlib": ("RESOURCE_EXHAUSTED",),
    "tensorflow": ("RESOURCE_EXHAUSTED", "Out of memory", "CUDA_ERROR_OUT_OF_MEMORY"),
    "builtins": (  # RuntimeError of torch
        *("CUDA out of memory", "CUDA error: out of memory", "ALLOC_FAILED"),
        *("not enough memory", "can't allocate memory"),
    ),
}
_CLASSES = ("MemoryError", "ResourceExhaustedError", "OutOfMemoryError")


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory ran out, in the words of any of the frameworks.

    Args:
        error: as raised, or what it was raised from.

    Examples:
        >>> is_out_of_memory(MemoryError())
        True
        >>> is_out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"))
        True
        >>> is_out_of_memory(RuntimeError("CUDA error: device-side assert triggered"))
        False
    """
    met: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in met:
        met.add(id(cause))
        if any(kind.__name__ in _CLASSES for kind in type(cause).__mro__):
            return True
        words = _WORDS.get(type(cause).__module__.split(".")[0], ())
        if any(word in str(cause) for word in words):
            return True
        cause = cause.__cause__
    return False


@contextmanager
def memory_refusal(message: str) -> Iterator[None]:
    """Raise an InputError in place of an error that says that memory ran out.

    Args:
        message: what to say.

    Yields:
        None.

    Raises:
        InputError: memory ran out.
    """
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            raise InputError(message) from error
        raise
