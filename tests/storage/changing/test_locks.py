"""Locks: one at a time, told apart from what killed processes left, by the system's own locks."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from dcvae.errors import InputError
from dcvae.storage.changing import locks
from dcvae.storage.changing.locks import LockedError, lock
from support.script_tools import ROOT, environment

HOLD = """
import sys, time
from pathlib import Path
from dcvae.storage.changing.locks import lock
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".toy.lock"


def test_what_is_held_cannot_be_taken_and_who_holds_it_is_told(path):
    with lock(path):
        record = json.loads(path.read_bytes())
        assert (record["process"], record["host"]) == (os.getpid(), socket.gethostname())
        holder = rf"^process {os.getpid()} on {socket.gethostname()}, since \d{{4}}-\d\d-\d\d "
        with pytest.raises(LockedError, match=holder) as error, lock(path):
            raise AssertionError
        assert isinstance(error.value, InputError)
        assert path.exists()
    assert not path.exists()
    with lock(path):
        assert path.exists()


def test_an_error_within_gives_it_free(path):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), lock(path):
            raise ZeroDivisionError
    assert not path.exists()


def test_a_file_that_was_left_locks_nothing(path):
    path.write_text('{"process": 1, "host": "elsewhere", "since": "2021-01-01"}')
    with lock(path):
        assert json.loads(path.read_bytes())["process"] == os.getpid()


def test_waiting_ends_when_it_is_free(path):
    free = threading.Event()

    def hold():
        with lock(path):
            free.set()
            time.sleep(0.2)

    thread = threading.Thread(target=hold)
    thread.start()
    free.wait()
    with lock(path, wait=60.0):
        thread.join()


@pytest.mark.skipif(os.name == "nt", reason="kill of POSIX")
def test_another_process_holds_it_until_it_is_killed(path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        env=environment(ROOT),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match=f"process {process.pid} on "), lock(path):
            raise AssertionError
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert path.exists()
    with lock(path):
        pass
    assert not path.exists()


def test_one_that_its_holder_removes_meanwhile_is_made_anew(path, monkeypatch):
    """Between opening the file and locking it."""
    take, removed = locks._take, []

    def removing(handle):
        if not removed:
            removed.append(path)
            path.unlink()
        take(handle)

    monkeypatch.setattr(locks, "_take", removing)
    with lock(path):
        assert path.exists()
        with pytest.raises(LockedError), lock(path):
            raise AssertionError


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_there_are_no_locks_nothing_is_locked(path, monkeypatch, number):
    def take(handle):
        raise OSError(number, "no locks")

    monkeypatch.setattr(locks, "_take", take)
    with lock(path), lock(path):
        pass


def test_where_nothing_may_be_written_nothing_is_locked(path, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(locks.os, "open", refuse)
    with lock(path), lock(path):
        pass


def test_other_errors_are_raised(path, monkeypatch):
    def take(handle):
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(locks, "_take", take)
    with pytest.raises(OSError, match="broken"), lock(path):
        raise AssertionError


def test_a_holder_that_has_not_said_who_it_is(path, monkeypatch):
    monkeypatch.setattr(locks, "_own_record", lambda: b"")
    with lock(path), pytest.raises(LockedError, match=r"^another process$"), lock(path):
        raise AssertionError


def test_two_threads_never_hold_it_at_once(path):
    inside, most = [], []

    def often():
        for _ in range(40):
            with lock(path, wait=60.0):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 160
    assert max(most) == 1
