"""Ctrl-C that falls where Python ignores exceptions, and programs with their own way with it."""

import signal
import threading

import pytest

from dcvae.training.interruption import ctrl_c_is_heard


class Freed:
    """Something during whose end Ctrl-C is pressed."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_that_got_lost_is_raised_at_the_next_look() -> None:
    with ctrl_c_is_heard() as check:
        check()
        thing = Freed()
        del thing  # Python says "Exception ignored in", and goes on
        with pytest.raises(KeyboardInterrupt):
            check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_ends_what_runs_at_once_too() -> None:
    with pytest.raises(KeyboardInterrupt), ctrl_c_is_heard():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_program_that_handles_ctrl_c_keeps_its_way() -> None:
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append("own"))
    try:
        with ctrl_c_is_heard() as check:
            signal.raise_signal(signal.SIGINT)
            check()
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == ["own"]


def test_another_thread_changes_no_handler() -> None:
    found = []

    def work() -> None:
        with ctrl_c_is_heard() as check:
            check()
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]
