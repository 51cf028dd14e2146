"""Fixtures that several test files share; plain helpers are in `builders.py`."""

from collections.abc import Iterator

import builders
import pytest
from stored_models import model, models  # noqa: F401  fixtures

from dcvae import training
from dcvae.settings import Settings


@pytest.fixture(autouse=True, scope="session")
def without_xla() -> Iterator[None]:
    """Compiling a step takes XLA seconds; scripts in processes of their own are compiled by it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(training, "_BY_XLA", False)
        yield


@pytest.fixture
def tiny_settings() -> Settings:
    """Two series, windows of 8 rows, two hidden layers a side, two latent channels."""
    return builders.settings_with()
