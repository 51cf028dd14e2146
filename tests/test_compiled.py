"""Compiled programs that JAX keeps for the next run of a command."""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcvae import _compiled
from dcvae._compiled import kept_programs

NAMES = ("JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A user of JAX whose caches are elsewhere; filters of warnings are as before."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    with warnings.catch_warnings():
        yield


def asked() -> dict[str, str]:
    with kept_programs():
        return {name: os.environ[name] for name in NAMES if name in os.environ}


def test_jax_is_told_a_folder_of_the_users_caches_while_it_is_imported(tmp_path: Path) -> None:
    folder = Path(asked()[NAMES[0]])
    assert folder.parent == tmp_path / "caches" / "dcvae" / "jax"
    assert not set(NAMES) & set(os.environ)
    assert not folder.exists()  # JAX makes it when it has something to keep


def test_another_processor_has_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    folders = set()
    for processor in (b"flags: fma", b"flags: fma avx2", b"flags: fma"):
        monkeypatch.setattr(_compiled, "_processor", lambda processor=processor: processor)
        folders.add(asked()[NAMES[0]])
    assert len(folders) == 2


@pytest.mark.parametrize("backend", [None, "tensorflow", "torch"])
def test_other_frameworks_are_told_nothing(
    backend: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KERAS_BACKEND")
    if backend:
        monkeypatch.setenv("KERAS_BACKEND", backend)
    assert asked() == {}


def test_the_users_own_folder_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMES[0], "/of/the/user")
    assert asked() == {NAMES[0]: "/of/the/user"}
    assert os.environ[NAMES[0]] == "/of/the/user"


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", no_home)
    assert asked() == {}


def test_what_cannot_be_kept_is_no_warning_of_the_command() -> None:
    """JAX's words, of 0.10: an entry that was cut off is never written again."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        asked()
        for word in ("reading", "writing"):
            warnings.warn(
                f"Error {word} persistent compilation cache entry for 'jit__train'", stacklevel=1
            )
        warnings.warn("something else", stacklevel=1)
    assert [str(warning.message) for warning in seen] == ["something else"]
