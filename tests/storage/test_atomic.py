"""Files of a model: texts, hashes, and folders that nothing can be written to."""

import hashlib
import json
from pathlib import Path

import pytest

from dcvae import InputError
from dcvae.config import Settings
from dcvae.storage import atomic
from dcvae.storage.loading import open_model
from dcvae.storage.training_folder import TrainingFolder


def test_text_is_the_same_bytes_everywhere(tmp_path):
    atomic.write_text(tmp_path / "a.txt", "σ\n1\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xcf\x83\n1\n"


def test_sha256(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"x" * 1_000_000)
    assert atomic.sha256_of(path) == hashlib.sha256(b"x" * 1_000_000).hexdigest()


@pytest.mark.parametrize("what", ["model", "models"])
def test_a_folder_without_permission_is_refused_before_the_work(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic.os, "access", lambda path, mode: False)  # root may write anyway
    (tmp_path / "m").mkdir()
    settings = Settings.from_text(json.dumps({"model_name": "m"}), "s.txt")
    use = {
        "model": lambda: open_model(tmp_path, settings),
        "models": lambda: TrainingFolder(tmp_path, "m"),
    }
    with pytest.raises(InputError, match=r"Nothing can be written to .* give that with --models"):
        use[what]()


def test_a_folder_of_ones_own_is_let_pass(tmp_path):
    atomic.check_writable(tmp_path)
