"""Fixtures for the tests of files."""

import pytest

from dcvae.data.files import csv_file


@pytest.fixture(params=["arrow", "pandas"])
def engine(request, monkeypatch):
    """Everything holds whichever engine reads CSV files."""
    if request.param == "pandas":
        monkeypatch.setattr(csv_file, "has_arrow", lambda: False)
    return request.param


@pytest.fixture
def write(tmp_path, engine):
    def write(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write
