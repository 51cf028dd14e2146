"""A training that several tests hold theirs against; tracing its step takes seconds."""

import pytest

from dcvae.training import TrainingState
from support.training_tools import RESUMED, run_keeping, small


@pytest.fixture(scope="session")
def kept() -> list[TrainingState]:
    """Hold the state after each epoch of a training with the settings `RESUMED`."""
    return run_keeping(small(**RESUMED))


@pytest.fixture(scope="session")
def whole(kept: list[TrainingState]) -> TrainingState:
    """Hold the state at its end."""
    return kept[-1]
