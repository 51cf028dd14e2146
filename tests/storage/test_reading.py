"""Files of a model that are read: what is none, is too large or promises too much is refused."""

import hashlib
import json
import os

import pytest

from dcvae import InputError
from dcvae._arrays import is_number
from dcvae.storage.atomic import as_json, write_text
from dcvae.storage.reading import hash_of_text, is_unchanged, read_json


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
    for name in ("pipe", "folder"):
        with pytest.raises(InputError, match=rf"{name} is damaged \(expected a file, received"):
            read_json(tmp_path / name)


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
