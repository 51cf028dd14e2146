"""Cards by what frameworks and the driver tell of them, and errors that say memory ran out."""

import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

from dcvae import InputError, _devices
from dcvae._devices import Card, cards, is_out_of_memory, memory_refusal, unseen_card_notices

GIB = 2**30
TWO = ["cpu:0", "gpu:0", "gpu:1"]


@pytest.fixture(autouse=True)
def no_driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a machine of the tests has makes no difference."""
    driver_says(monkeypatch, "import sys; sys.exit(9)")
    yield
    _devices._sizes_by_driver.cache_clear()


def driver_says(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(_devices, "_SMI", (sys.executable, "-c", program))
    _devices._sizes_by_driver.cache_clear()


def framework(monkeypatch: pytest.MonkeyPatch, name: str, **parts: Any) -> None:
    monkeypatch.setitem(sys.modules, name, types.SimpleNamespace(**parts))


def with_tensorflow(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    details = {f"place {number}": name for number, name in enumerate(names)}
    experimental = types.SimpleNamespace(
        get_device_details=lambda card: {"device_name": details[card]}
    )
    config = types.SimpleNamespace(
        experimental=experimental, list_physical_devices=lambda kind: list(details)
    )
    framework(monkeypatch, "tensorflow", config=config)


# ------------------------------------------------------------------- names and memory


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_no_card_is_asked_for_where_none_is_listed(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    framework(monkeypatch, backend)
    assert cards(backend, ["cpu:0", "cpu:1"]) == []


def test_names_by_tensorflow_and_memory_by_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    driver_says(monkeypatch, "print('NVIDIA L4, 23034\\nNVIDIA H200, 143771')")
    with_tensorflow(monkeypatch, "NVIDIA H200", "Another")
    found = cards("tensorflow", TWO)
    assert found == [Card("gpu:0", "NVIDIA H200", 143771 * 2**20), Card("gpu:1", "Another")]
    assert [card.describe() for card in found] == [
        "NVIDIA H200, 140 GiB (gpu:0)",
        "Another (gpu:1)",
    ]


@pytest.mark.parametrize(
    "program", ["import sys; sys.exit(1)", "print('No devices were found')", "print('A, B')", ""]
)
def test_without_the_driver_only_the_memory_is_not_known(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver_says(monkeypatch, program)
    with_tensorflow(monkeypatch, "NVIDIA H200")
    assert cards("tensorflow", ["gpu:0"]) == [Card("gpu:0", "NVIDIA H200")]
    monkeypatch.setattr(_devices, "_SMI", ("no such program",))
    _devices._sizes_by_driver.cache_clear()
    assert cards("tensorflow", ["gpu:0"]) == [Card("gpu:0", "NVIDIA H200")]


def test_names_by_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    device = types.SimpleNamespace
    listed = [device(platform="gpu", device_kind="NVIDIA L4"), device(platform="cpu")]
    framework(monkeypatch, "jax", devices=lambda: listed)
    driver_says(monkeypatch, "print('NVIDIA L4, 23034')")
    assert cards("jax", ["gpu:0"]) == [Card("gpu:0", "NVIDIA L4", 23034 * 2**20)]


def test_torch_knows_the_memory_too(monkeypatch: pytest.MonkeyPatch) -> None:
    properties = types.SimpleNamespace(name="NVIDIA L4", total_memory=22 * GIB)
    cuda = types.SimpleNamespace(
        device_count=lambda: 2, get_device_properties=lambda number: properties
    )
    framework(monkeypatch, "torch", cuda=cuda)
    expected = [Card(f"gpu:{number}", "NVIDIA L4", 22 * GIB) for number in range(2)]
    assert cards("torch", TWO) == expected


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch", "another"])
def test_a_card_of_which_nothing_can_be_found_out_has_its_place(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    framework(monkeypatch, backend)  # has none of what is asked
    assert [card.describe() for card in cards(backend, TWO)] == ["gpu:0", "gpu:1"]


# ------------------------------------------------------------------- a card that is not seen


@pytest.mark.parametrize(
    ("backend", "remedy"),
    [
        ("tensorflow", 'pip install "tensorflow[and-cuda]"'),
        ("jax", 'pip install "jax[cuda12]"'),
        ("torch", "https://pytorch.org/get-started"),
    ],
)
def test_a_card_that_the_framework_does_not_see_is_told(
    backend: str, remedy: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_devices, "_OF_NVIDIA", str(tmp_path / "nvidia[0-9]*"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (tmp_path / "nvidiactl").touch()
    assert unseen_card_notices(backend, "It") == []
    (tmp_path / "nvidia0").touch()
    [told] = unseen_card_notices(backend, "It")
    assert told.startswith("This machine has an NVIDIA GPU that It does not see, so it computes on")
    assert remedy in told
    for hidden in ("", "-1", "-1,0"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert unseen_card_notices(backend, "It") == []
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert len(unseen_card_notices(backend, "It")) == 1


# ------------------------------------------------------------------- memory that ran out


def error_of(module: str, name: str, message: str, base: type = Exception) -> BaseException:
    kind = type(name, (base,), {"__module__": module})
    return kind(message)


RAN_OUT = {
    "TensorFlow": error_of(
        "tensorflow.python.framework.errors_impl", "ResourceExhaustedError", "OOM when allocating"
    ),
    "TensorFlow, by XLA": error_of(
        "tensorflow.python.framework.errors_impl", "InternalError", "RESOURCE_EXHAUSTED: Out of mem"
    ),
    "JAX": error_of(
        "jax.errors", "JaxRuntimeError", "RESOURCE_EXHAUSTED: Out of memory while", RuntimeError
    ),
    "JAX, earlier": error_of(
        "jaxlib.xla_extension", "XlaRuntimeError", "RESOURCE_EXHAUSTED: Failed to allocate"
    ),
    "torch": error_of("torch", "OutOfMemoryError", "CUDA out of memory.", RuntimeError),
    "torch, cuBLAS": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling"),
    "torch, CPU": RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
    "NumPy": error_of("numpy._core._exceptions", "_ArrayMemoryError", "Unable", MemoryError),
}
OTHERS = {
    "TensorFlow": error_of(
        "tensorflow.python.framework.errors_impl", "InvalidArgumentError", "Incompatible shapes"
    ),
    "JAX": error_of("jax.errors", "JaxRuntimeError", "INTERNAL: ptxas died", RuntimeError),
    "torch": RuntimeError("CUDA error: an illegal memory access was encountered"),
    "own": InputError("There is not enough memory in it."),
    "text": ValueError("a value that says RESOURCE_EXHAUSTED"),
    "Ctrl-C": KeyboardInterrupt(),
}


@pytest.mark.parametrize("error", RAN_OUT.values(), ids=RAN_OUT)
def test_memory_that_ran_out_is_known_by_each_frameworks_error(error: BaseException) -> None:
    assert is_out_of_memory(error)
    wrapped = ValueError("in a layer")
    wrapped.__cause__ = error
    assert is_out_of_memory(wrapped)
    with pytest.raises(InputError, match=r"^Less of it$") as refused, memory_refusal("Less of it"):
        raise error
    assert refused.value.__cause__ is error


@pytest.mark.parametrize("error", OTHERS.values(), ids=OTHERS)
def test_other_errors_stay_as_they_are(error: BaseException) -> None:
    assert not is_out_of_memory(error)
    with pytest.raises(type(error)) as raised, memory_refusal("Less of it"):
        raise error
    assert raised.value is error
