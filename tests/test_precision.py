"""Precision of products around our own work, and that the process's own setting is restored."""

import contextlib
import sys
import types
from collections.abc import Iterator
from typing import Any

import keras
import pytest

from dcvae import _precision
from dcvae._precision import float32_products, rounding_notices
from dcvae.networks import build_network
from dcvae.scoring.batched import BatchedPass
from support.training_tools import INPUTS, runner_of, small, split_of

BACKEND = keras.backend.backend()


def precision_now() -> Any:
    """What the framework of this process would multiply in: in full, TF32 or as it does."""
    if BACKEND == "jax":
        return sys.modules["jax"].config.jax_default_matmul_precision
    if BACKEND == "tensorflow":
        config = sys.modules["tensorflow"].config.experimental
        return config.tensor_float_32_execution_enabled()
    backends = sys.modules["torch"].backends
    return (backends.cuda.matmul.fp32_precision, backends.cudnn.rnn.fp32_precision)


FULL, SHORT = {
    "jax": ("highest", "tensorfloat32"),
    "tensorflow": (False, True),
    "torch": (("ieee", "ieee"), ("tf32", "tf32")),
}[BACKEND]


@pytest.fixture
def rounding() -> Iterator[None]:
    """A process that multiplies in TF32, as frameworks do on a card by themselves."""
    if BACKEND == "jax":
        with sys.modules["jax"].default_matmul_precision("tensorfloat32"):
            yield
        return
    setting = _precision._SETTINGS[BACKEND]
    before = setting.read()
    setting.write(setting.short())
    yield
    setting.write(before)


# ------------------------------------------------------------------- the framework of this process


@pytest.mark.usefixtures("rounding")
def test_products_are_full_within_and_as_they_were_afterwards() -> None:
    assert precision_now() == SHORT
    with float32_products():
        assert precision_now() == FULL
    assert precision_now() == SHORT
    with pytest.raises(KeyError), float32_products():
        raise KeyError
    assert precision_now() == SHORT


def test_tf32_is_allowed_where_it_is_asked_for() -> None:
    before = precision_now()
    with float32_products(tf32=True):
        assert precision_now() == SHORT
        with float32_products():
            assert precision_now() == FULL
        assert precision_now() == SHORT
    assert precision_now() == before


@pytest.mark.usefixtures("rounding")
def test_a_pass_is_computed_in_full() -> None:
    seen = []

    def recording(windows: Any) -> tuple[Any]:
        seen.append(precision_now())
        return (windows * 2.0,)

    import numpy as np

    batched = BatchedPass(recording, 2)
    for _ in batched.run(3, lambda first, count: np.zeros((2, 1), dtype=np.float32)):
        assert precision_now() == SHORT  # between two passes it is the caller's
    assert set(seen) == {FULL}


@pytest.mark.usefixtures("rounding")
@pytest.mark.parametrize("tf32", [False, True])
def test_a_training_is_computed_in_full_unless_its_steps_may_be_rounded(
    tf32: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = small(tf32=tf32, batch_size=8)
    network = build_network(settings)
    losses_of, seen = network.losses_of, []

    def recording(*arguments: Any) -> Any:
        seen.append(precision_now())
        return losses_of(*arguments)

    monkeypatch.setattr(network, "losses_of", recording)
    split = split_of(INPUTS, settings)
    runner = runner_of(network, settings)
    for _ in runner.train(split.train[:16], 8):
        assert precision_now() == SHORT
    assert set(seen) == {SHORT if tf32 else FULL}
    seen.clear()
    for _ in runner.validate(split.validation[:8], 8):
        assert precision_now() == SHORT
    assert set(seen) == {FULL}


# ------------------------------------------------------------------- settings of a process


class Setting(_precision._ProcessSetting):
    def __init__(self, value: str) -> None:
        super().__init__()
        self.value = value

    def read(self) -> str:
        return self.value

    def write(self, value: str) -> None:
        self.value = value

    def full(self) -> str:
        return "full"

    def short(self) -> str:
        return "short"


def test_threads_that_end_in_another_order_than_they_began_leave_what_was() -> None:
    setting = Setting("own")
    setting.enter(tf32=True)
    assert setting.value == "short"
    setting.enter(tf32=False)
    assert setting.value == "full"
    setting.enter(tf32=False)
    setting.leave(tf32=True)
    assert setting.value == "full"
    setting.leave(tf32=False)
    assert setting.value == "full"
    setting.leave(tf32=False)
    assert setting.value == "own"
    setting.value = "another"  # of the process, between
    setting.enter(tf32=False)
    setting.leave(tf32=False)
    assert setting.value == "another"


def backends_of_torch(*, newer: bool) -> types.SimpleNamespace:
    names = types.SimpleNamespace

    def part() -> types.SimpleNamespace:
        return names(fp32_precision="none") if newer else names(allow_tf32=True)

    library = {name: part() for name in ("matmul", "conv", "rnn")}
    return names(
        cuda=names(matmul=part()),
        cudnn=names(**vars(part()), **(library if newer else {})),
        mkldnn=names(**{name: part() for name in library}),
    )


def test_torch_is_set_library_by_library(monkeypatch: pytest.MonkeyPatch) -> None:
    backends = backends_of_torch(newer=True)
    backends.cudnn.conv.fp32_precision = "tf32"
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(backends=backends))
    setting = _precision._OfTorch()
    parts = [
        *(backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn),
        *(backends.mkldnn.matmul, backends.mkldnn.conv, backends.mkldnn.rnn),
    ]
    before = [part.fp32_precision for part in parts]
    setting.enter(tf32=False)
    assert {part.fp32_precision for part in parts} == {"ieee"}
    setting.leave(tf32=False)
    assert [part.fp32_precision for part in parts] == before
    setting.enter(tf32=True)
    assert {part.fp32_precision for part in parts} == {"tf32"}


def test_torch_before_its_newer_names_is_set_by_the_older_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backends = backends_of_torch(newer=False)
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(backends=backends))
    setting = _precision._OfTorch()
    setting.enter(tf32=False)
    assert (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32) == (False, False)
    setting.leave(tf32=False)
    assert (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32) == (True, True)


def test_jax_is_set_by_its_own_means(monkeypatch: pytest.MonkeyPatch) -> None:
    entered: list[str] = []

    @contextlib.contextmanager
    def default_matmul_precision(name: str) -> Iterator[None]:
        entered.append(name)
        yield
        entered.append("left")

    module = types.SimpleNamespace(default_matmul_precision=default_matmul_precision)
    monkeypatch.setitem(sys.modules, "jax", module)
    monkeypatch.setattr(keras, "backend", types.SimpleNamespace(backend=lambda: "jax"))
    with float32_products(), float32_products(tf32=True):
        pass
    assert entered == ["highest", "tensorfloat32", "left", "left"]


# ------------------------------------------------------------------- variables of the environment


@pytest.mark.parametrize(
    ("name", "value", "has_card", "is_told"),
    [
        ("NVIDIA_TF32_OVERRIDE", "1", True, True),
        ("NVIDIA_TF32_OVERRIDE", "1", False, False),
        ("NVIDIA_TF32_OVERRIDE", "0", True, False),
        ("ONEDNN_DEFAULT_FPMATH_MODE", "bf16", False, True),
        ("ONEDNN_DEFAULT_FPMATH_MODE", "STRICT", False, False),
        ("TF_SET_ONEDNN_FPMATH_MODE", "BF16", False, True),
    ],
)
def test_variables_that_no_program_can_overrule_are_told(
    name: str, value: str, has_card: bool, is_told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in _precision._ROUNDING:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, value)
    told = rounding_notices(has_card=has_card)
    expected = (
        f"The environment variable {name} is {value}: products are rounded, and scores differ from "
        "those of other machines by a thousandth or so. Unset it to have them in full."
    )
    assert told == ([expected] if is_told else [])
