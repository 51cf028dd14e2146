"""Errors of the operating system as sentences: a path, a cause, a remedy, and no number."""

import errno
import gzip
import os

import pytest

from dcvae.errors import cannot_be_read, describe_os_error

SENTENCES = {
    errno.ENOENT: "does not exist. Check the path.",
    errno.EACCES: "may not be read or written by this user. Change its permissions, or use a",
    errno.EPERM: "may not be read or written by this user. Change its permissions, or use a",
    errno.EEXIST: "is in the way. Move it elsewhere, or choose another name.",
    errno.ENOTEMPTY: "is in the way. Move it elsewhere, or choose another name.",
    errno.EISDIR: "is a folder, not a file. Give the path of a file.",
    errno.ENOTDIR: "has a file on its way where a folder is expected. Check the path.",
    errno.ENOSPC: "cannot be written: no space is left on its disk. Free some, and try again.",
    errno.EROFS: "is on a file system that can only be read. Use a place that can be written to.",
    errno.ENAMETOOLONG: "has a name that is too long for its file system. Shorten the name.",
    errno.EMFILE: "cannot be opened: this process has too many files open. Raise the limit",
    errno.ENFILE: "cannot be opened: too many files are open on this computer. Close some",
    errno.EBUSY: "is in use by another program. Close that program, and try again.",
    errno.EIO: "cannot be read or written: its disk reports an error. Check the disk.",
    errno.ELOOP: "is a link that leads back to itself. Check the links on its path.",
    errno.EXDEV: "cannot be moved to another disk. Keep both on one disk.",
    errno.EFBIG: "is larger than its file system allows. Use a place on another disk.",
    errno.EINVAL: "has a name that its file system does not allow. Choose another name.",
}


@pytest.mark.parametrize(("number", "sentence"), SENTENCES.items())
def test_an_error_is_a_sentence_with_its_path(number, sentence):
    said = describe_os_error(OSError(number, os.strerror(number), "models/a"))
    assert said.startswith(f"models/a {sentence}")
    assert "Errno" not in said


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_no_error_shows_its_number(number):
    said = describe_os_error(OSError(number, os.strerror(number), b"models/a"))
    assert said.startswith("models/a ")
    assert said.endswith(".")
    assert "Errno" not in said


def test_an_error_without_a_path_or_a_number_is_a_sentence_too():
    full = describe_os_error(OSError(errno.ENOSPC, "No space left on device"))
    assert full.startswith("A file cannot be written: no space is left")
    assert describe_os_error(OSError("half a file.")) == "half a file. Check the path and the disk."
    assert describe_os_error(OSError()) == "OSError. Check the path and the disk."


def test_a_file_that_windows_has_open_elsewhere():
    error = PermissionError(errno.EACCES, "denied", "a.csv")
    error.winerror = 32
    assert describe_os_error(error).startswith("a.csv is in use by another program.")


def test_what_cannot_be_read_is_told_by_the_system_or_by_its_content(tmp_path):
    with pytest.raises(IsADirectoryError) as of_system:
        os.read(os.open(tmp_path, os.O_RDONLY), 1)
    assert cannot_be_read("a.csv", of_system.value).startswith("a.csv is a folder, not a file.")
    with pytest.raises(gzip.BadGzipFile) as of_content:
        gzip.decompress(b"no gzip file")
    said = cannot_be_read("a.csv", of_content.value, " as gzip")
    assert said == f"a.csv cannot be read as gzip: {of_content.value}"
