"""A scored file with everything around it, and one whose training file is gone."""

from pathlib import Path

import pytest

from support.review_content import Files, files_in


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return files_in(tmp_path)


@pytest.fixture
def alone(files: Files) -> Files:
    """Without the training file: quicker, for no baselines are fitted."""
    files.training.unlink()
    return files
