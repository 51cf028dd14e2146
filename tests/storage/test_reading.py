"""Files of a model that are read: what is none, is too large or promises too much is refused."""

import hashlib
import json
import os
import struct
import zipfile
from pathlib import Path

import pytest

from dcvae import InputError
from dcvae._arrays import is_number
from dcvae.storage.atomic import as_json, write_text
from dcvae.storage.reading import (
    check_archive,
    check_regular,
    hash_of_text,
    is_unchanged,
    read_json,
)


def test_json_is_read_back(tmp_path):
    content = {"σ": [1, None, 0.1 + 0.2], "b": {"c": "d"}}
    write_text(tmp_path / "a.json", as_json(content))
    assert (tmp_path / "a.json").read_text().endswith("}\n")
    assert read_json(tmp_path / "a.json") == content


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", r"\(Expecting property name"),
        (b"\xff", r"\('utf-8' codec can't decode"),
        (b"[1]", "expected a JSON object"),
        (b"null", "expected a JSON object"),
    ],
)
def test_what_is_no_json_object_is_refused(tmp_path, content, reason):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"a\.json is damaged.*{reason}.*Train the model again"):
        read_json(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"a\.json is missing\. Train the model again, or put it"):
        read_json(tmp_path / "a.json")


def test_brackets_are_counted_and_not_followed_to_the_end(tmp_path):
    path = tmp_path / "a.json"
    nested = {"a": 1}
    for _ in range(30):
        nested = {"a": [nested]} if _ % 2 else {"a": nested}
    path.write_text(json.dumps(nested))
    with pytest.raises(InputError, match=r"a\.json is damaged \(too many brackets"):
        read_json(path)
    path.write_text('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}")
    with pytest.raises(InputError, match=r"a\.json is damaged"):
        read_json(path)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name, kind in (("pipe", "a pipe or a device"), ("folder", "a folder")):
        with pytest.raises(ValueError, match=f"expected a file, received {kind}"):
            check_regular(tmp_path / name)
        with pytest.raises(InputError, match=rf"{name} is damaged \(expected a file, received"):
            read_json(tmp_path / name)
    with pytest.raises(ValueError, match="received a pipe or a device"):
        check_regular(Path("/dev/null"))


def test_a_file_is_refused_by_its_size_alone(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"12345")
    check_regular(path, 5)
    with pytest.raises(ValueError, match="expected at most 4 bytes, received 5"):
        check_regular(path, 4)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, True), (0.5, True), (True, False), ("1", False), (None, False), (10**400, False)]
    + [(float(word), False) for word in ("nan", "inf", "-inf")],
)
def test_numbers(value, expected):
    assert is_number(value) is expected


def test_numbers_within_bounds():
    assert [is_number(value, 1, 3) for value in (0.9, 1, 3, 3.1)] == [False, True, True, False]


def test_line_ends_make_no_difference_to_the_hash_of_a_text():
    expected = hashlib.sha256(b"one\ntwo\n").hexdigest()
    for content in (b"one\ntwo\n", b"one\r\ntwo\r\n"):
        assert hash_of_text(content) == expected
    assert hash_of_text(b"one\ntwo ") != expected
    assert hash_of_text(None) == hash_of_text(b"")


def test_only_a_regular_file_with_the_hash_is_unchanged(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"one\n")
    right = hashlib.sha256(b"one\n").hexdigest()
    os.mkfifo(tmp_path / "pipe")
    assert is_unchanged(str(path), right)
    assert not is_unchanged(str(path), right[::-1])
    for other in (None, 7, ["a"], "", "a\0b", str(tmp_path), str(tmp_path / "pipe"), "/dev/zero"):
        assert not is_unchanged(other, right)
    assert not is_unchanged(str(path), None)


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
