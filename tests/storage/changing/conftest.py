"""Fixtures for the tests of files that change together."""

from types import SimpleNamespace

import pytest

from dcvae.storage import training_folder


@pytest.fixture
def quick_saving(monkeypatch):
    """Save a training without its figure, and without waiting for the disk."""
    figure = SimpleNamespace(savefig=lambda stream, format, dpi: stream.write(b"png"))
    monkeypatch.setattr(training_folder, "loss_figure", lambda *arguments: figure)
    monkeypatch.setattr("os.fsync", lambda handle: None)
