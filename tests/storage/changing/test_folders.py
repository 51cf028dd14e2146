"""Folders that take the place of others: in one step, over links, over disks."""

import errno
import os
import shutil
import signal
import sys
from unittest import mock

import pytest

from dcvae.storage.changing import folders
from dcvae.storage.changing.folders import (
    exchange,
    put_back,
    remove,
    replace_folder,
    sync_files,
    uninterrupted,
)
from support.broken_files import without_exchange
from support.stored_models import contents


def folder_with(path, text):
    path.mkdir()
    (path / "a.txt").write_text(text)
    return path


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="not offered by the system")
def test_two_folders_exchange_their_places(tmp_path):
    one, other = folder_with(tmp_path / "one", "1"), folder_with(tmp_path / "other", "2")
    assert exchange(one, other)
    assert contents(tmp_path) == {"one/a.txt": b"2", "other/a.txt": b"1"}
    with pytest.raises(FileNotFoundError, match="missing"):
        exchange(one, tmp_path / "missing")


def test_without_a_c_library_nothing_is_exchanged(tmp_path, monkeypatch):
    one, other = folder_with(tmp_path / "one", "1"), folder_with(tmp_path / "other", "2")
    monkeypatch.setattr(folders, "_C_LIBRARY", None)
    assert not exchange(one, other)
    assert contents(tmp_path) == {"one/a.txt": b"1", "other/a.txt": b"2"}


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS])
def test_a_file_system_that_cannot_is_told_from_one_that_fails(tmp_path, monkeypatch, number):
    library = mock.Mock()
    library.renameat2.return_value = library.renameatx_np.return_value = -1
    monkeypatch.setattr(folders, "_C_LIBRARY", library)
    monkeypatch.setattr(folders.ctypes, "get_errno", lambda: number)
    assert not exchange(tmp_path / "one", tmp_path / "other")
    monkeypatch.setattr(folders.ctypes, "get_errno", lambda: errno.EIO)
    with pytest.raises(OSError, match="other"):
        exchange(tmp_path / "one", tmp_path / "other")


@pytest.fixture(params=[False, True], ids=["exchange", "two renamings"])
def by_two_renamings(request):
    if not request.param:
        yield
        return
    with without_exchange():
        yield


@pytest.mark.usefixtures("by_two_renamings")
@pytest.mark.parametrize("has_earlier", [False, True])
def test_a_new_folder_takes_the_place_of_the_earlier(tmp_path, has_earlier):
    place, new = tmp_path / "place", folder_with(tmp_path / "new", "2")
    if has_earlier:
        folder_with(place, "1")
        (place / "b.txt").write_text("only there")
    done = []
    replace_folder(new, place, lambda: done.append(1))
    assert contents(tmp_path) == {"place/a.txt": b"2"}
    assert [path.name for path in tmp_path.iterdir()] == ["place"]
    assert done == [1]


@pytest.mark.usefixtures("by_two_renamings")
def test_a_link_gives_way_and_what_it_leads_to_stays(tmp_path):
    outside = folder_with(tmp_path / "outside", "theirs")
    place, new = tmp_path / "place", folder_with(tmp_path / "new", "2")
    place.symlink_to(outside)
    replace_folder(new, place)
    assert contents(tmp_path) == {"place/a.txt": b"2", "outside/a.txt": b"theirs"}
    assert not place.is_symlink()


@pytest.mark.parametrize("has_earlier", [False, True])
def test_a_folder_of_another_disk_is_copied_first(tmp_path, monkeypatch, has_earlier):
    place, new = tmp_path / "place", folder_with(tmp_path / "new", "2")
    if has_earlier:
        folder_with(place, "1")
    (new / "link").symlink_to("a.txt")
    replace = folders._replace

    def across(source, *arguments):
        if source == new:
            raise OSError(errno.EXDEV, "Invalid cross-device link", str(source))
        replace(source, *arguments)

    monkeypatch.setattr(folders, "_replace", across)
    done = []
    replace_folder(new, place, lambda: done.append(1))
    assert {path.name for path in tmp_path.iterdir()} == {"place"}
    assert (place / "a.txt").read_text() == "2"
    assert os.readlink(place / "link") == "a.txt"
    assert done == [1]


def test_what_was_cut_off_between_two_renamings_is_put_back(tmp_path):
    place, aside = tmp_path / "place", tmp_path / ".place.dcvae-old"
    put_back(place)
    folder_with(aside, "1")
    put_back(place)
    assert contents(tmp_path) == {"place/a.txt": b"1"}
    folder_with(aside, "0")
    put_back(place)
    assert contents(tmp_path) == {"place/a.txt": b"1"}


def test_an_earlier_folder_that_cannot_be_removed_is_in_nobody_s_way(tmp_path, monkeypatch):
    place, new = folder_with(tmp_path / "place", "1"), folder_with(tmp_path / "new", "2")

    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(folders.shutil, "rmtree", refuse)
    replace_folder(new, place)
    assert (place / "a.txt").read_text() == "2"


def test_of_a_link_the_link_alone_is_removed(tmp_path):
    outside = folder_with(tmp_path / "outside", "theirs")
    (tmp_path / "link").symlink_to(outside)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    inside = folder_with(tmp_path / "inside", "x")
    (inside / "link").symlink_to(outside)
    for name in ("link", "dangling", "inside", "missing"):
        remove(tmp_path / name)
    assert contents(tmp_path) == {"outside/a.txt": b"theirs"}
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]


def test_files_are_brought_to_the_disk(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(folders.os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    folder = folder_with(tmp_path / "a", "1")
    folder_with(folder / "b", "2")
    (folder / "link").symlink_to("nowhere")
    sync_files(folder)
    expected = {path.stat().st_ino for path in (folder / "a.txt", folder / "b/a.txt")}
    assert expected <= set(synced)
    if os.name != "nt":
        assert {folder.stat().st_ino, (folder / "b").stat().st_ino} <= set(synced)


# --- Ctrl-C ------------------------------------------------------------------------------------


@pytest.fixture
def ctrl_c():
    """Ctrl-C is heard even where the tests run in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_waits_until_it_is_done():
    done = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():  # noqa: PT012
        signal.raise_signal(signal.SIGINT)
        done.append(1)
    assert done == [1]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_copy_of_a_disk_that_is_full_leaves_the_earlier_folder(tmp_path, monkeypatch):
    place, new = folder_with(tmp_path / "place", "1"), folder_with(tmp_path / "new", "2")

    def full(*arguments, **keywords):
        raise OSError(errno.ENOSPC, "No space left on device", "x")

    monkeypatch.setattr(folders, "exchange", lambda *paths: full_disk_between())
    monkeypatch.setattr(shutil, "copytree", full)

    def full_disk_between():
        raise OSError(errno.EXDEV, "Invalid cross-device link", "x")

    with pytest.raises(OSError, match="No space"):
        replace_folder(new, place)
    assert contents(place) == {"a.txt": b"1"}
