"""The framework under Keras in another program's process: what is its, stays as it was."""

import importlib.metadata
import importlib.util
import json
import logging
import os
import random
import re
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dcvae import InputError, _backend
from dcvae._backend import chosen, compiles_passes, start, without_retracing_warnings

ROOT = Path(__file__).parents[1]

# A program that has a log of its own and writes while a model is fitted in another thread of it.
HOST = """
import json, logging, os, sys, threading, time

received = []

class Handler(logging.Handler):
    def emit(self, record):
        received.append(record.getMessage())

logger = logging.getLogger("tensorflow")
logger.setLevel(logging.INFO)
own = logging.Filter("tensorflow")
logger.addFilter(own)
logger.addHandler(Handler())
logger.propagate = False

def state():
    file = os.fstat(2)
    return [dict(os.environ), [file.st_dev, file.st_ino], logger.level, logger.filters == [own]]

before = state()
from dcvae import _backend
device = _backend.start()
after_start = state()

sent, done = 0, threading.Event()

def talk():
    global sent
    while not done.is_set():
        os.write(2, f"line {sent}\\n".encode())
        logger.warning("message %d", sent)
        sent += 1
        time.sleep(0.002)

talker = threading.Thread(target=talk)
talker.start()
from support.pipeline_tools import quick_settings, training_table
from dcvae import pipeline
from dcvae.data import training_data
from dcvae.training.in_keras import runner

runner._BY_XLA = False
settings = quick_settings()
model = pipeline.fit(training_data(training_table(), settings), settings)
model.detect(training_table())
done.set()
talker.join()
print(json.dumps({
    "device": device, "sent": sent, "received": received,
    "before": before, "after start": after_start, "after fit": state(),
}))
"""


def run_host(**environment: str) -> tuple[dict[str, Any], str]:
    """Run the program above; what it printed, and what came out of its standard error."""
    names = [name for name in os.environ if name != _backend.LOG_LEVEL]
    done = subprocess.run(
        [sys.executable, "-c", HOST],
        env={name: os.environ[name] for name in names}
        | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout), done.stderr


@pytest.mark.slow
def test_a_fit_takes_nothing_of_the_process_it_runs_in() -> None:
    told, stderr = run_host()
    assert told["after start"] == told["before"]
    assert told["after fit"] == told["before"]
    assert told["sent"] > 10
    lines = stderr.splitlines()
    numbers = range(told["sent"])
    assert [line for line in lines if line.startswith("line ")] == [f"line {n}" for n in numbers]
    messages = [text for text in told["received"] if text.startswith("message ")]
    assert messages == [f"message {n}" for n in numbers]
    assert not [text for text in told["received"] if "retracing" in text]


# ------------------------------------------------------------------- start


@pytest.mark.parametrize("asked", [None, "0", "1"])
def test_log_level_is_as_it_was(asked: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that ours starts would have it too."""
    monkeypatch.delenv(_backend.LOG_LEVEL, raising=False)
    if asked is not None:
        monkeypatch.setenv(_backend.LOG_LEVEL, asked)
    seen = []
    look = _backend._devices_of

    def devices(name: str) -> list[str]:
        seen.append(os.environ[_backend.LOG_LEVEL])
        return list(look(name))

    monkeypatch.setattr(_backend, "_devices_of", devices)
    start()
    assert seen == [asked or "3"]
    assert os.environ.get(_backend.LOG_LEVEL) == asked


def test_log_level_is_as_it_was_also_if_the_import_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(_backend.LOG_LEVEL, raising=False)

    def broken(name: str) -> list[str]:
        raise ImportError("no such library")

    monkeypatch.setattr(_backend, "_devices_of", broken)
    with pytest.raises(ImportError, match="no such library"):
        start()
    assert _backend.LOG_LEVEL not in os.environ


def test_device_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 5}, raising=False)
    monkeypatch.setattr(_backend, "_devices_of", lambda name: ["cpu:0"])
    name = keras.backend.backend()
    assert start() == f"CPU, 3 cores (no GPU visible to {name})"
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert start() == f"CPU, 7 cores (no GPU visible to {name})"
    monkeypatch.setattr(_backend, "_devices_of", lambda name: ["cpu:0", "gpu:0", "gpu:1"])
    assert start() == "gpu:0, gpu:1"  # of which the framework knows nothing


def test_devices_of_torch_are_asked_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras lists none for it."""
    counts = iter([0, 2])
    has_mps = iter([False, False, True])
    names = types.SimpleNamespace
    mps = names(is_available=lambda: next(has_mps))
    cuda = names(device_count=lambda: next(counts))
    monkeypatch.setitem(sys.modules, "torch", names(cuda=cuda, backends=names(mps=mps)))
    listed = [_backend._devices_of("torch") for _ in range(3)]
    assert listed == [["cpu:0"], ["gpu:0", "gpu:1"], ["mps:0"]]


@pytest.mark.parametrize(
    ("backend", "compiled"), [("tensorflow", False), ("torch", False), ("jax", True)]
)
def test_only_jax_compiles_a_pass(
    backend: str, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras, "backend", types.SimpleNamespace(backend=lambda: backend))
    assert compiles_passes() is compiled


@pytest.mark.parametrize("name", ["floatx", "dtype_policy"])
def test_a_process_that_computes_in_other_numbers_is_told(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = {"floatx": "float64", "dtype_policy": types.SimpleNamespace(name="mixed_bfloat16")}
    monkeypatch.setattr(keras.config, name, lambda: others[name])
    wanted = rf'Received: (float64|mixed_b\w+), as .* Call keras\.config\.set_{name}\("float32"\) '
    with pytest.raises(ValueError, match=wanted):
        start()


# ------------------------------------------------------------------- choice


@pytest.fixture
def not_loaded(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """A process without Keras yet, in which these packages are installed."""
    installed = {"keras", "tensorflow", "jax"}
    find = importlib.util.find_spec
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: find("json") if name in installed else None
    )
    return installed


@pytest.mark.parametrize(
    ("asked", "backend"), [(None, "tensorflow"), ("", "tensorflow"), ("jax", "jax")]
)
@pytest.mark.usefixtures("not_loaded")
def test_the_backend_is_that_of_the_variable_or_tensorflow(
    asked: str | None, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if asked is not None:
        monkeypatch.setenv("KERAS_BACKEND", asked)
    assert chosen() == backend


def test_a_process_that_has_keras_has_its_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "what Keras read at its import")
    assert chosen() == keras.backend.backend()


@pytest.mark.usefixtures("not_loaded")
def test_an_unknown_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    wanted = re.escape(
        'Expected the backend of Keras to be one of "tensorflow", "jax", "torch". Received: '
        '"theano". Set the environment variable KERAS_BACKEND to one of these, or leave it out '
        "for TensorFlow."
    )
    with pytest.raises(InputError, match=f"^{wanted}$"):
        chosen()
    monkeypatch.setitem(
        sys.modules,
        "keras",
        types.SimpleNamespace(backend=types.SimpleNamespace(backend=lambda: "x")),
    )
    with pytest.raises(InputError, match=r'Received: "x"\.'):
        start()


@pytest.mark.parametrize(
    ("asked", "missing", "words"),
    [
        (None, "tensorflow", ", or use what is installed: KERAS_BACKEND=jax."),
        ("tensorflow", "tensorflow", ", or use what is installed: KERAS_BACKEND=jax."),
        ("jax", "jax", ", or use what is installed: KERAS_BACKEND=tensorflow."),
        ("torch", "", ", or use what is installed: KERAS_BACKEND=tensorflow, KERAS_BACKEND=jax."),
        ("jax", "jax tensorflow", "."),
    ],
)
def test_what_is_not_installed_is_named(
    asked: str | None,
    missing: str,
    words: str,
    not_loaded: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    not_loaded -= {*missing.split()}
    if asked:
        monkeypatch.setenv("KERAS_BACKEND", asked)
    name = asked or "tensorflow"
    title = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}[name]
    which = f", and KERAS_BACKEND={asked} asks for it" if asked else ""
    with pytest.raises(InputError) as refused:
        chosen()
    beginning = f"{title} is not installed in {sys.prefix}{which}. Install it, `pip install {name}`"
    assert str(refused.value) == beginning + words


def test_keras_that_is_not_installed_is_named(not_loaded: set[str]) -> None:
    not_loaded.remove("keras")
    with pytest.raises(InputError, match=r"^Keras is not installed in .*: `pip install keras`\.$"):
        chosen()


def test_versions_are_those_of_the_backend_and_of_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    name = keras.backend.backend()
    found = dict(_backend.framework_versions())
    assert list(found) == [name, "keras"]
    assert found == {part: sys.modules[part].__version__ for part in found}

    def as_tensorflow_cpu(package: str) -> str:
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(importlib.metadata, "version", as_tensorflow_cpu)
    assert dict(_backend.framework_versions()) == found


def test_notices_are_of_a_card_that_is_not_seen_and_of_variables_that_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "1")
    monkeypatch.setattr(_backend, "unseen_card_notices", lambda name, title: [f"{name}: {title}"])
    monkeypatch.setattr(_backend, "_devices_of", lambda name: ["cpu:0"])
    name = keras.backend.backend()
    assert _backend.notices() == [f"{name}: {_backend.TITLES[name]}"]
    monkeypatch.setattr(_backend, "_devices_of", lambda name: ["cpu:0", "gpu:0"])
    [told] = _backend.notices()
    assert told.startswith("The environment variable NVIDIA_TF32_OVERRIDE is 1: products are ")


# ------------------------------------------------------------------- retracing

RETRACING = (
    "5 out of the last 5 calls to <function one_step> triggered tf.function retracing. Tracing is "
    "expensive."
)


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a handler on TensorFlow's logger receives."""
    received: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            received.append(record.getMessage())

    logger = logging.getLogger("tensorflow")
    monkeypatch.setattr(logger, "handlers", [Handler()])
    monkeypatch.setattr(logger, "filters", [])
    monkeypatch.setattr(logger, "propagate", False)
    return received


def test_warnings_of_retracing_are_dropped_and_nothing_else(records: list[str]) -> None:
    logger = logging.getLogger("tensorflow")
    with without_retracing_warnings():
        logger.warning("%s", RETRACING)
        logger.warning("AutoGraph could not transform a function")
        logger.error("out of memory after %d steps", 3)
    assert records == ["AutoGraph could not transform a function", "out of memory after 3 steps"]
    logger.warning("%s", RETRACING)
    assert records[2:] == [RETRACING]


@pytest.mark.usefixtures("records")
def test_its_filter_is_taken_out_and_others_stay() -> None:
    logger = logging.getLogger("tensorflow")
    own = logging.Filter("tensorflow")
    logger.addFilter(own)
    with without_retracing_warnings():
        assert len(logger.filters) == 2
        with without_retracing_warnings():
            assert len(logger.filters) == 3
        assert len(logger.filters) == 2
    assert logger.filters == [own]
    with pytest.raises(KeyError), without_retracing_warnings():
        raise KeyError
    assert logger.filters == [own]


def test_passes_of_many_networks_do_not_warn(records: list[str]) -> None:
    """TensorFlow counts tracings over all functions of a process, and each pass is traced."""
    import numpy as np

    from dcvae.scoring.batched import BatchedPass

    for factor in range(8):
        batched = BatchedPass(lambda x, factor=factor: (x * factor,), 2)
        list(batched.run(3, lambda first, count: np.zeros((2, 1), dtype=np.float32)))
    assert records == []


# Keras reads its file of a user's home at the import: a process of its own for each.
FITTED = """
import hashlib
from dcvae import _backend

_backend.start()
import keras
from dcvae import pipeline
from dcvae.data import training_data
from support.pipeline_tools import quick_settings, training_table
from dcvae.training.in_keras import runner

runner._BY_XLA = False
settings = quick_settings()
model = pipeline.fit(training_data(training_table(), settings), settings)
weights = b"".join(part.tobytes() for part in model.network.get_weights())
score = model.score(training_table()).row.tobytes()
print(keras.backend.backend(), hashlib.sha256(weights + score).hexdigest())
"""


@pytest.fixture
def home(tmp_path):
    """Keras's folder, as a project that computes in float64 with another layout leaves it."""
    words = {"floatx": "float64", "epsilon": 0.1, "backend": "no such backend"}
    (tmp_path / "keras.json").write_text(
        json.dumps(words | {"image_data_format": "channels_first"})
    )
    return tmp_path


def run_fitted(code, folder):
    kept = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=kept
        | {"KERAS_HOME": str(folder), "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
        | {"DCVAE_ENGINE": "keras"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="it is the default")
def test_what_keras_json_says_for_other_projects_makes_no_difference(home, capsys, monkeypatch):
    with_file = run_fitted(FITTED, home)
    assert with_file.returncode == 0, with_file.stderr
    assert with_file.stdout.startswith("tensorflow ")
    monkeypatch.setenv("DCVAE_ENGINE", "keras")
    exec(FITTED, {})  # in this process, whose Keras has read no such file
    assert with_file.stdout == capsys.readouterr().out


def test_a_seed_draws_layers_and_nothing_of_the_callers() -> None:
    def draws() -> list[float]:
        return [random.random(), float(np.random.random()), float(keras.random.uniform(()))]  # noqa: NPY002

    def weights() -> list[float]:
        layer = keras.layers.Dense(3)
        layer.build((None, 2))
        return keras.ops.convert_to_numpy(layer.kernel).ravel().tolist()

    keras.utils.set_random_seed(7)
    wanted = weights()  # as Keras itself seeds them
    keras.utils.set_random_seed(3)
    of_caller = draws()
    keras.utils.set_random_seed(3)
    with _backend.drawing_from(7):
        assert weights() == wanted
    assert draws() == of_caller
