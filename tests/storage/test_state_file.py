"""State of a training on disk: the same when read back, refused when it is damaged."""

import io
from dataclasses import replace

import numpy as np
import pytest

from dcvae import InputError
from dcvae.storage.state_file import read_state, write_state
from dcvae.training import TrainingState
from support.stored_models import contents, losses, state_with


@pytest.fixture
def path(tmp_path):
    return tmp_path / "training_state.npz"


def same_state(one, other):
    np.testing.assert_array_equal(one.trimmed, other.trimmed)
    assert one.trimmed.dtype == np.int64
    for number in ("best_epoch", "best_loss", "reference_loss", "epochs_without_progress"):
        assert getattr(one, number) == getattr(other, number)
        assert type(getattr(one, number)) is type(getattr(other, number))
    np.testing.assert_array_equal(one.history, other.history)
    assert [type(row.epoch) for row in one.history] == [int] * len(one.history)
    for part in ("last", "best"):
        mine, theirs = getattr(one, part), getattr(other, part)
        assert mine.keys() == theirs.keys()
        for name, value in mine.items():
            assert value.dtype == theirs[name].dtype
            np.testing.assert_array_equal(value, theirs[name])


def test_state_is_the_same_when_read_back(path):
    write_state(path, state_with())
    same_state(read_state(path), state_with())


def test_what_was_left_out_of_epochs_is_kept(path):
    state = replace(state_with(), trimmed=np.array([[3, 3, 0], [1, 0, 0]]))
    write_state(path, state)
    same_state(read_state(path), state)


@pytest.mark.parametrize("wrong", [np.zeros(3, int), np.zeros((2, 3)), np.array([[1], [-1]])])
def test_counts_that_are_none_are_refused(path, wrong):
    write_state(path, replace(state_with(), trimmed=wrong))
    with pytest.raises(InputError, match=r"is damaged and cannot be resumed from \(trimmed: "):
        read_state(path)


def test_a_state_is_the_same_bytes_each_time(path):
    write_state(path, state_with())
    first = contents(path.parent)
    write_state(path, state_with())
    assert contents(path.parent) == first


def test_a_failure_leaves_the_state_of_the_epoch_before(path, monkeypatch):
    write_state(path, state_with(1))
    before = contents(path.parent)

    def full(stream, **arrays):
        stream.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="disk full"):
        write_state(path, state_with(2))
    assert contents(path.parent) == before


def test_a_loss_that_never_was_is_kept(path):
    state = TrainingState((losses(1),), best_epoch=1, best_loss=float("nan"))
    write_state(path, state)
    again = read_state(path)
    assert np.isnan(again.best_loss)
    assert again.reference_loss == float("inf")
    assert (again.last, again.best) == ({}, {})


def without(name):
    """Return a function that takes one array out of a stored state."""

    def spoil(content):
        with np.load(io.BytesIO(content)) as stored:
            arrays = dict(stored)
        stream = io.BytesIO()
        np.savez(stream, **{key: value for key, value in arrays.items() if key != name})
        return stream.getvalue()

    return spoil


def one_array(content):
    stream = io.BytesIO()
    np.save(stream, np.arange(3))
    return stream.getvalue()


def pickled(content):
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=True, history=np.array([{}], dtype=object), numbers=[0])
    return stream.getvalue()


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content[: len(content) // 2], id="cut off"),
        pytest.param(lambda content: content[:200] + b"?" + content[201:], id="one byte"),
        pytest.param(lambda content: b"no archive at all", id="text"),
        pytest.param(one_array, id="one array"),
        pytest.param(pickled, id="pickled"),
        pytest.param(without("numbers"), id="without numbers"),
        pytest.param(without("history"), id="without history"),
    ],
)
def test_a_damaged_state_is_refused(path, spoil):
    write_state(path, state_with())
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(InputError, match=r"training_state.npz is damaged and cannot be resumed"):
        read_state(path)
