"""One fitted detector for all, and a folder of its own for a test that writes models."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcvae import DCVAEDetector
from support.toy_detector import NORMAL, TOY


@pytest.fixture(scope="session")
def fitted() -> DCVAEDetector:
    return DCVAEDetector(**TOY).fit(NORMAL)


@pytest.fixture
def in_folder(tmp_path: Path) -> Iterator[Path]:
    with contextlib.chdir(tmp_path):
        yield tmp_path
