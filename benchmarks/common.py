"""Parts that the benchmarks share: settings, data of the published size, medians, tables."""

import argparse
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
import pandas as pd

from dcvae import _backend
from dcvae.config import Settings, read_settings
from dcvae.data import ModelInput

Result = TypeVar("Result")

SETTINGS = Path(__file__).parent.parent / "settings"
PUBLISHED = SETTINGS / "model_settings.txt"
RECOMMENDED = SETTINGS / "recommended.txt"
FOR_THE_SAMPLE = SETTINGS / "sample.txt"


def published_settings(num_series: int = 12) -> Settings:
    """Return the published settings for any number of series."""
    return read_settings(PUBLISHED).model_copy(update={"num_series": num_series})


def parser_of_files(description: str | None) -> argparse.ArgumentParser:
    """Make the argument parser of the programs that do every file of a public benchmark."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--settings", type=Path, default=RECOMMENDED)
    parser.add_argument("--jobs", type=int, default=1, help="files at a time (default: 1)")
    parser.add_argument("--seed", type=int, help="instead of the settings' own")
    return parser


def given_settings(arguments: argparse.Namespace) -> Settings:
    """Read the settings that a command line names, with its own seed and epochs, if any."""
    given = {name: getattr(arguments, name, None) for name in ("seed", "epochs")}
    changed = {name: number for name, number in given.items() if number is not None}
    return read_settings(arguments.settings).model_copy(update=changed)


def random_walks(num_rows: int, num_series: int, seed: int = 0) -> np.ndarray:
    """Return random walks, (rows, series) float32: standardized, smooth, correlated in time."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(num_rows, num_series)).cumsum(axis=0)
    walks: np.ndarray = ((steps - steps.mean(axis=0)) / steps.std(axis=0)).astype(np.float32)
    return walks


def whole_input(values: np.ndarray) -> ModelInput:
    """Return scaled values (rows, series) as networks are given them, without gaps."""
    observed, gaps = np.ones(values.shape, dtype=bool), np.zeros(len(values), dtype=bool)
    times = pd.date_range("2021-01-01", periods=len(values), freq="5min")
    return ModelInput(values, observed, gaps, times)


def seconds(action: Callable[[], object], repeats: int) -> list[float]:
    """Measure the wall seconds of each of several runs."""
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
    """Return median and range as text for a table."""
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def in_processes(
    tasks: Sequence[tuple[Path, Callable[[], Result]]], jobs: int
) -> Iterator[tuple[Path, Result | Exception]]:
    """Run tasks, some at a time, and yield each result, or its error, as soon as it is done.

    After each a line is printed with the number of finished tasks and an estimate of the time left.
    Tasks run in processes of their own, spawned as TensorFlow does not survive a fork.

    Args:
        tasks: the file of each task, and its function; must be picklable.
        jobs: tasks at a time.
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
    """Load Keras without its log, and clear the networks of earlier files in this process."""
    _backend.start()
    import keras

    keras.utils.clear_session()
