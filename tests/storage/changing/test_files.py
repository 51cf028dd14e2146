"""Files that change together: all, or none, and finished by the next who holds the lock."""

import os

import pytest

from dcvae.storage.changing.files import settle_files, write_together
from support.stored_models import contents

TEXTS = {"b.json": "{}", "a.csv": "σ"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.csv").write_text("old")
    (tmp_path / "other.txt").write_text("other")
    return tmp_path


def test_all_are_written(folder):
    done = []
    write_together(folder, TEXTS, lambda: done.append(1))
    assert contents(folder) == {"a.csv": "σ".encode(), "b.json": b"{}", "other.txt": b"other"}
    assert done == [1]
    assert sorted(path.name for path in folder.iterdir()) == ["a.csv", "b.json", "other.txt"]


def test_what_was_not_whole_is_removed_and_what_was_is_moved(folder):
    for name in (".writing", ".written"):
        (folder / name).mkdir()
        (folder / name / "a.csv").write_text(f"of {name}")
    settle_files(folder)
    assert contents(folder) == {"a.csv": b"of .written", "other.txt": b"other"}
    settle_files(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["a.csv", "other.txt"]


def test_a_link_of_that_name_is_not_followed(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "theirs.txt").write_text("theirs")
    for name in (".writing", ".written"):
        (folder / name).symlink_to(outside)
    settle_files(folder)
    assert os.listdir(outside) == ["theirs.txt"]
    assert "theirs.txt" not in contents(folder)


def test_an_error_leaves_all_as_it_was(folder):
    with pytest.raises(FileNotFoundError):
        write_together(folder, {"a.csv": "new", "no/such/folder": ""})
    assert contents(folder) == {"a.csv": b"old", "other.txt": b"other"}
    assert not (folder / ".writing").exists()
