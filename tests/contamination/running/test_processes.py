"""Processes that share tasks: results of all, the threads of each, and what becomes of one."""

import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dcvae import InputError
from dcvae._threads import usable_threads
from dcvae.contamination.running.processes import in_processes


def task(name: str) -> tuple[str, str, int]:
    if name == "dies":
        os._exit(3)
    if name == "killed":
        os.kill(os.getpid(), 9)
    if name == "disk":
        raise OSError(28, "No space left on device", "scratch")
    if name == "slow":
        time.sleep(60)
    return name, os.environ["OMP_NUM_THREADS"], os.getpid()


def died(name: str, how: str) -> tuple[str, str, int]:
    return name, how, 0


def test_all_tasks_are_done_and_threads_shared():
    before = os.environ.get("OMP_NUM_THREADS")
    names = [f"task {number}" for number in range(6)]
    found = [*in_processes(task, names, 2, died)]
    assert sorted(name for name, _, _ in found) == names
    assert {threads for _, threads, _ in found} == {str(max(usable_threads() // 2, 1))}
    assert os.getpid() not in {process for _, _, process in found}
    assert os.environ.get("OMP_NUM_THREADS") == before


def test_a_process_that_dies_fails_its_task_alone():
    found = {
        name: how for name, how, _ in in_processes(task, ["a", "dies", "killed", "b"], 1, died)
    }
    assert found["dies"] == "its process ended with status 3"
    assert found["killed"] == (
        "its process was ended by SIGKILL: the system may have run out of memory"
    )
    assert {"a", "b"} < set(found)


def test_a_process_that_dies_between_two_tasks_fails_the_second():
    results = in_processes(task, ["a", "b", "c"], 1, died)
    _, _, process = next(results)
    os.kill(process, 9)
    while multiprocessing.active_children():  # joins those that have ended
        time.sleep(0.01)
    name, how, _ = next(results)
    assert (name, how.split(":")[0]) == ("b", "its process was ended by SIGKILL")
    assert next(results)[0] == "c"


def test_an_error_of_the_system_is_raised_here():
    with pytest.raises(OSError, match="No space left") as raised:
        [*in_processes(task, ["disk", "a"], 1, died)]
    assert raised.value.filename == "scratch"


def test_processes_end_with_the_iterator():
    results = in_processes(task, ["a", "slow"], 2, died)
    began = time.monotonic()
    assert next(results)[0] == "a"
    results.close()
    assert time.monotonic() - began < 50  # the slow one was not waited for


def test_a_program_without_a_guard_is_told_so(tmp_path: Path):
    program = tmp_path / "mine.py"
    program.write_text(
        "from dcvae.contamination.running.processes import in_processes\n"
        "print([*in_processes(abs, [-1], 1, max)])\n"
    )
    root = str(Path(__file__).parents[3])
    ended = subprocess.run(
        [sys.executable, program],
        env=os.environ | {"PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert 'within `if __name__ == "__main__":`' in ended.stderr
    assert InputError.__name__ in ended.stderr
