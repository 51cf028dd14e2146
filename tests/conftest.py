"""Fixtures that several test files share; plain helpers are in `builders.py`."""

import importlib
import json
import zipfile
from collections.abc import Iterator

import keras
import pytest

from dcvae import _precision
from dcvae.config import Settings
from dcvae.storage import open_model
from dcvae.training.in_keras import runner
from support import builders
from support.stored_models import preprocessor_with, seal, settings_with


@pytest.fixture(autouse=True, scope="session")
def without_xla() -> Iterator[None]:
    """Compiling a step takes XLA seconds; scripts in processes of their own are compiled by it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runner, "_BY_XLA", False)
        yield


@pytest.fixture(autouse=True, scope="session")
def products_in_full() -> None:
    """Tests call networks and layers by themselves, around which the package sets nothing."""
    backend = keras.backend.backend()
    if backend == "jax":
        importlib.import_module("jax").config.update("jax_default_matmul_precision", "highest")
    else:
        setting = _precision._SETTINGS[backend]
        setting.write(setting.full())


@pytest.fixture(autouse=True, scope="session")
def a_plain_terminal() -> Iterator[None]:
    """What is printed does not depend on the terminal that the tests are run from."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
            patched.delenv(name, raising=False)
        yield


@pytest.fixture
def tiny_settings() -> Settings:
    """Two series, windows of 8 rows, two hidden layers a side, two latent channels."""
    return builders.settings_with()


@pytest.fixture
def models(tmp_path):
    """Hold a folder of models with one model, whose network is a stand-in."""
    folder = tmp_path / "models" / "toy"
    folder.mkdir(parents=True)
    settings = settings_with().with_num_series(2, "data.csv")
    (folder / "settings.txt").write_text(settings.to_json())
    (folder / "preprocessing.json").write_text(json.dumps(preprocessor_with().to_dict()))
    with zipfile.ZipFile(folder / "model.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    seal(folder)
    return folder.parent


@pytest.fixture
def model(models):
    return open_model(models, settings_with())
