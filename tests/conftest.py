"""Fixtures that several test files share; plain helpers are in `builders.py`."""

import builders
import pytest
from stored_models import model, models  # noqa: F401  fixtures

from dcvae.settings import Settings


@pytest.fixture
def tiny_settings() -> Settings:
    """Two series, windows of 8 rows, two hidden layers a side, two latent channels."""
    return builders.settings_with()
