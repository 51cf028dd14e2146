"""What the programs share: the published settings, data of the published size, medians, a table."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np

from dcvae.cli import output as console
from dcvae.config.settings import Settings, read_settings

Result = TypeVar("Result")

SETTINGS = Path(__file__).parent.parent / "settings"
PUBLISHED = SETTINGS / "model_settings.txt"
RECOMMENDED = SETTINGS / "recommended.txt"
FOR_THE_SAMPLE = SETTINGS / "sample.txt"


def published_settings(num_series: int = 12) -> Settings:
    """The published settings, for any number of series."""
    return read_settings(PUBLISHED).model_copy(update={"num_series": num_series})


def random_walks(num_rows: int, num_series: int, seed: int = 0) -> np.ndarray:
    """(rows, series) float32: standardized, smooth, correlated in time."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(num_rows, num_series)).cumsum(axis=0)
    walks: np.ndarray = ((steps - steps.mean(axis=0)) / steps.std(axis=0)).astype(np.float32)
    return walks


def seconds(action: Callable[[], object], repeats: int) -> list[float]:
    """Wall seconds of each of several runs."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return taken


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a Markdown table, after a line that names machine, date and load."""
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    print(
        f"\n{time.strftime('%Y-%m-%d %H:%M')}, {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, load {load}\n"
    )
    print(f"| {' | '.join(header)} |")
    print(f"|{'---|' * len(header)}")
    for row in rows:
        print(f"| {' | '.join(str(cell) for cell in row)} |")


def median_of(values: Sequence[float]) -> str:
    """Median and range for a table."""
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def in_processes(
    tasks: Sequence[tuple[Path, Callable[[], Result]]], jobs: int
) -> Iterator[tuple[Path, Result | Exception]]:
    """Do tasks, some at a time, and yield each result, or what it failed with, when it is there.

    After each a line says how many are done and about how long the rest will take. The tasks run in
    processes of their own, begun afresh as TensorFlow does not survive a fork.

    Args:
        tasks: what each is about, and what to do; must be picklable.
        jobs: how many at a time.
    """
    started = time.perf_counter()
    with ProcessPoolExecutor(max(jobs, 1), get_context("spawn")) as pool:
        running = {pool.submit(do): path for path, do in tasks}
        for count, task in enumerate(as_completed(running), start=1):
            passed = time.perf_counter() - started
            ahead = passed / count * (len(tasks) - count)
            print(
                f"{count}/{len(tasks)} {running[task].name}, about {ahead / 60:.0f} min left",
                flush=True,
            )
            try:
                yield running[task], task.result()
            except (ValueError, OSError) as error:
                yield running[task], error


def start_afresh() -> None:
    """Load Keras without its log, and forget the networks of files done before in this process."""
    console.start_tensorflow()
    import keras

    keras.utils.clear_session()
