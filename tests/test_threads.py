"""Threads of NumPy's arithmetic: how many, what they return, and what is left as it was."""

import os
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from dcvae import _threads
from dcvae._threads import Ahead, Workers, usable_threads

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@pytest.fixture(autouse=True)
def four_cores(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 4, 5}, raising=False)


def blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_as_many_as_cores_that_the_process_may_use(monkeypatch):
    assert usable_threads() == 4
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(100)))
    assert usable_threads() == 8


def test_where_there_is_no_affinity_all_cores(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert usable_threads() == 3
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_threads() == 1


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize(
    ("value", "expected"), [("1", 1), ("3,2", 3), ("0", 1), ("9", 4), ("x", 4)]
)
def test_the_environment_may_ask_for_fewer(monkeypatch, name, value, expected):
    monkeypatch.setenv(name, value)
    assert usable_threads() == expected


@pytest.mark.parametrize("number", [1, 2, 5])
def test_results_are_in_order_and_made_by_that_many_threads(number):
    met = threading.Barrier(number)
    with Workers(number) as workers:
        assert workers.number == number

        def square(part):
            met.wait(timeout=20)  # returns only if all are there at once
            return part**2, threading.get_ident()

        results = workers.map(square, range(number))
    assert [result for result, _ in results] == [part**2 for part in range(number)]
    assert len({thread for _, thread in results}) == number


def test_products_run_on_one_thread_within_and_on_as_many_as_before_afterwards():
    with threadpool_limits(limits=2, user_api="blas"):  # this thread is heard from now on
        before = blas_threads()
        for number in (1, 2):
            with Workers(number) as workers:
                assert workers.map(lambda _: blas_threads(), [0, 1]) == [{1}, {1}]
                assert blas_threads() == before


def test_another_thread_that_computes_at_the_same_time_changes_nothing_for_good():
    before = blas_threads()

    def several_times():
        with Workers(2) as workers:
            for _ in range(20):
                workers.map(lambda _: None, [0, 1])

    threads = [threading.Thread(target=several_times) for _ in range(3)]
    for thread in threads:
        thread.start()
    several_times()
    for thread in threads:
        thread.join(timeout=20)
    assert blas_threads() == before


def test_an_error_of_a_part_is_the_error_of_all_and_leaves_nothing():
    def fail(part):
        raise ValueError(f"part {part}")

    before = blas_threads()
    with Workers(2) as workers, pytest.raises(ValueError, match="part 0"):
        workers.map(fail, [0, 1])
    assert blas_threads() == before


def test_products_are_those_of_numpy():
    rows = np.random.default_rng(0).normal(size=(300, 64)).astype(np.float32)
    with Workers(2) as workers:
        found = workers.map(lambda part: part @ part.T, [rows, rows[:7]])
    np.testing.assert_allclose(found[0], rows.astype(float) @ rows.T.astype(float), atol=1e-4)
    np.testing.assert_allclose(found[1], rows[:7] @ rows[:7].T, atol=1e-5)


@pytest.mark.parametrize(("cores", "words"), [(1, "1 core"), (12, "12 cores")])
def test_the_processor_in_words(cores, words, monkeypatch):
    monkeypatch.setattr(_threads, "usable_cores", lambda: cores)
    assert _threads.processor() == f"CPU, {words}"


def test_items_are_made_by_another_thread_in_order_and_products_are_given_back():
    before = blas_threads()
    with Ahead((number, threading.get_ident()) for number in range(5)) as made:
        items = list(made)
    assert [number for number, _ in items] == [0, 1, 2, 3, 4]
    assert threading.get_ident() not in {thread for _, thread in items}
    assert blas_threads() == before


def test_with_one_thread_an_item_is_made_when_it_is_asked_for(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with Ahead(threading.get_ident() for _ in range(2)) as made:
        assert list(made) == [threading.get_ident()] * 2


def test_what_goes_wrong_ahead_is_raised_where_it_is_asked_for():
    def items():
        yield 1
        raise ValueError("the second")

    found = []
    with Ahead(items()) as made, pytest.raises(ValueError, match="the second"):
        found.extend(made)


def test_leaving_ends_what_nobody_asked_for():
    made, may_go_on = [], threading.Event()

    def items():
        for number in range(1000):
            made.append(number)
            yield number
            may_go_on.wait(timeout=20)

    ahead = Ahead(items())
    next(iter(ahead))
    ahead._is_left = True
    may_go_on.set()
    ahead.__exit__()
    assert len(made) <= 2
