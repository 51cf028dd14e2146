"""Archives of arrays: what is none, is too large or promises too much is refused."""

import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from dcvae._archives import check_archive, check_arrays, check_regular


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name, kind in (("pipe", "a pipe or a device"), ("folder", "a folder")):
        with pytest.raises(ValueError, match=f"expected a file, received {kind}"):
            check_regular(tmp_path / name)
    with pytest.raises(ValueError, match="received a pipe or a device"):
        check_regular(Path("/dev/null"))


def test_a_file_is_refused_by_its_size_alone(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"12345")
    check_regular(path, 5)
    with pytest.raises(ValueError, match="expected at most 4 bytes, received 5"):
        check_regular(path, 4)


def archive_of(path, *members, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


class TestArchives:
    def test_sizes_are_by_name(self, tmp_path):
        path = archive_of(tmp_path / "a.zip", ("one", b"12"), ("two", b"345"))
        assert check_archive(path) == {"one": 2, "two": 3}

    def test_compressed_ones_are_refused(self, tmp_path):
        path = archive_of(tmp_path / "a.zip", ("one", b"0" * 9999), method=zipfile.ZIP_DEFLATED)
        with pytest.raises(ValueError, match=r"without compression.* 1 members of 9,999 bytes"):
            check_archive(path)

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_a_name_that_repeats_is_refused(self, tmp_path):
        path = archive_of(tmp_path / "a.zip", ("one", b"12"), ("one", b"34"))
        with pytest.raises(ValueError, match="each member once; received 2 members"):
            check_archive(path)

    def test_a_size_beyond_the_file_is_refused(self, tmp_path):
        path = archive_of(tmp_path / "a.zip", ("one", b"12"))
        content = bytearray(path.read_bytes())
        entry = content.index(b"PK\x01\x02")
        struct.pack_into("<II", content, entry + 20, 2**31, 2**31)  # both of its sizes
        path.write_bytes(content)
        with pytest.raises(ValueError, match="1 members of 2,147,483,648 bytes in a file of"):
            check_archive(path)

    def test_what_is_no_archive_is_refused(self, tmp_path):
        (tmp_path / "a.zip").write_bytes(b"no archive")
        with pytest.raises(ValueError, match="not a zip file"):
            check_archive(tmp_path / "a.zip")


class TestArrays:
    def test_numbers_are_let_pass(self, tmp_path):
        np.savez(tmp_path / "a.npz", one=np.arange(3), two=np.ones((2, 0)), three=np.uint8(7))
        check_arrays(tmp_path / "a.npz")

    @pytest.mark.parametrize(
        "array", [np.array(["a"]), np.array([None, {}], dtype=object), np.array([True])]
    )
    def test_anything_else_is_refused_by_its_head(self, tmp_path, array):
        np.savez(tmp_path / "a.npz", one=array)
        with pytest.raises(ValueError, match=r"one\.npy: .* of \(.*\) in .* bytes"):
            check_arrays(tmp_path / "a.npz")

    def test_a_head_that_promises_more_than_there_is_is_refused(self, tmp_path):
        path = tmp_path / "a.npz"
        np.savez(path, one=np.arange(3))
        content = path.read_bytes()
        spoiled = content.replace(b"'shape': (3,), }       ", b"'shape': (3000000,), } ")
        assert spoiled != content
        path.write_bytes(spoiled)
        with pytest.raises((ValueError, zipfile.BadZipFile)):
            check_arrays(path)

    def test_a_member_that_is_no_array_is_refused(self, tmp_path):
        path = archive_of(tmp_path / "a.npz", ("one.npy", b"no array at all"))
        with pytest.raises(ValueError, match="magic string"):
            check_arrays(path)
