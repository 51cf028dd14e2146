"""A file that is written whole or not at all."""

import pytest

from dcvae import _atomic
from support.stored_models import contents


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    with _atomic.whole_file(path) as stream:
        stream.write(b"new")
        stream.flush()
        assert not path.exists()
    assert contents(tmp_path) == {"a.txt": b"new"}


def write_half(path, error):
    with _atomic.whole_file(path) as stream:
        stream.write(b"half of the n")
        raise error


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), ValueError("x")])
def test_a_failure_in_the_middle_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with pytest.raises(type(error)):
        write_half(path, error)
    assert contents(tmp_path) == {"a.txt": b"old"}


def test_a_failure_in_the_middle_leaves_no_new_file(tmp_path):
    with pytest.raises(ZeroDivisionError):
        write_half(tmp_path / "a.txt", ZeroDivisionError())
    assert contents(tmp_path) == {}
