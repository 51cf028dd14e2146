"""Time of a training epoch after the first: ours against single steps and the plain port's `fit`.

Ours are those in Keras and those in NumPy, by one process and by two. Seconds of processors are of
the first process.

python -m benchmarks.epoch [--settings FILE] [--rows 8640] [--series 12] [--epochs 4] [--ours-only]

Ours and the single steps take turns. KERAS_BACKEND chooses the framework.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from benchmarks.common import PUBLISHED, median_of, print_table, random_walks
from benchmarks.plain import PlainVAE, windows_of
from dcvae.config import Settings, read_settings
from dcvae.data import WindowSplit, gather_windows, split_windows, spread_evenly, starts_of_epoch
from dcvae.networks import Autoencoder, build_network, initial_weights
from dcvae.training import EpochRunner, KerasEpochs, NumpyEpochs


class Seconds(NamedTuple):
    """Seconds by the clock, and of the processors: on a busy machine the second is the fairer."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> "Seconds":
        return cls(time.perf_counter(), time.process_time())

    @classmethod
    def since(cls, before: "Seconds") -> "Seconds":
        now = cls.now()
        return cls(now.wall - before.wall, now.cpu - before.cpu)


class Clock(keras.callbacks.Callback):
    """A record of the seconds of every epoch, validation included."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[Seconds] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._start = Seconds.now()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.seconds.append(Seconds.since(self._start))


class StepByStep(KerasEpochs):
    """Steps of Keras's own, one call for each, with the losses read after it.

    So this project trained until its epochs became one program.
    """

    def __init__(self, network: Autoencoder, values: np.ndarray, keys: Settings) -> None:
        super().__init__(network, values, keys)
        self._values = values
        network.compile(
            optimizer=self.optimizer,
            jit_compile=keras.backend.backend() != "torch" and network.supports_xla,
        )

    def train(self, starts: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
        network = self._network
        for first in range(0, len(starts), batch_size):
            batch = starts[first : first + batch_size]
            windows = gather_windows(self._values, batch, network.encoder.input_shape[1])
            network.begin_means()
            told = network.train_on_batch(windows, return_dict=True)
            yield np.array([[told["reconst"], told["kl"]]], dtype=np.float32)

    def validate(self, starts: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
        network = self._network
        ones = np.ones(batch_size, dtype=np.float32)
        for first in range(0, len(starts) // batch_size * batch_size, batch_size):
            batch = starts[first : first + batch_size]
            windows = gather_windows(self._values, batch, network.encoder.input_shape[1])
            network.begin_means()
            told = network.test_on_batch(windows, ones, return_dict=True)
            yield np.array([[told["reconst"], told["kl"]]], dtype=np.float32)


def of_plain_port(
    settings: Settings, series: np.ndarray, border: int, epochs: int
) -> dict[str, list[Seconds]]:
    """Measure epochs of the plain port."""
    found = {}
    for name, xla in (("plain port, fit, as Keras compiles it", "auto"), ("with XLA", True)):
        plain, clock = PlainVAE(settings), Clock()
        plain.compile(keras.optimizers.Adam(settings.lr), jit_compile=xla)
        plain.fit(
            windows_of(series[:border], settings.window_length, shuffle=True),
            validation_data=windows_of(series[border:], settings.window_length),
            epochs=epochs,
            callbacks=[clock],
            verbose=0,
        )
        found[name] = clock.seconds
    return found


def of_runners(
    runners: dict[str, EpochRunner], split: WindowSplit, settings: Settings, epochs: int
) -> dict[str, list[Seconds]]:
    """Measure epochs of runners that take turns."""
    found: dict[str, list[Seconds]] = {name: [] for name in runners}
    for epoch in range(1, epochs + 1):
        starts = starts_of_epoch(
            split.train, settings.seed, epoch, settings.batch_size, settings.steps_per_epoch
        )
        for name, runner in runners.items():
            began = Seconds.now()
            for _ in runner.train(starts, settings.batch_size):
                pass
            for _ in runner.validate(spread_evenly(split.validation, len(starts)), 64):
                pass
            found[name].append(Seconds.since(began))
    return found


def main() -> None:
    """Train for a few epochs, print the epochs after the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", type=Path, default=PUBLISHED)
    parser.add_argument("--rows", type=int, default=8640)
    parser.add_argument("--series", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--ours-only", action="store_true", help="without the plain port")
    arguments = parser.parse_args()
    settings = read_settings(arguments.settings).model_copy(
        update={"num_series": arguments.series, "epochs": 1000, "patience": 1000}
    )
    series = random_walks(arguments.rows, arguments.series)
    length = settings.window_length
    split = split_windows(len(series), length, settings.val_percent, 1, "the benchmark")
    rows: dict[str, list[Seconds]] = {}
    if not arguments.ours_only:
        rows = of_plain_port(settings, series, int(split.validation[0]), arguments.epochs)
    runners: dict[str, EpochRunner] = {
        name: kind(build_network(settings), series, settings)
        for name, kind in (("step by step", StepByStep), ("ours in Keras", KerasEpochs))
    }
    if keras.backend.backend() == "tensorflow":  # as a training that is too short for XLA
        short = settings.model_copy(update={"epochs": 0})
        runners["ours in Keras without XLA"] = KerasEpochs(build_network(short), series, short)
    if settings.architecture == "dc-vae":
        for name, epochs in (
            ("ours in NumPy, one process", 0),
            ("by two", 1000),
        ):
            keys = settings.model_copy(update={"epochs": epochs})
            runners[name] = NumpyEpochs(initial_weights(settings), series, keys)
    rows |= of_runners(runners, split, settings, arguments.epochs)
    ours = [statistics.median(taken) for taken in zip(*rows["ours in Keras"][1:], strict=True)]
    steps = settings.steps_per_epoch or len(split.train) // settings.batch_size
    lines = []
    for name, (first, *later) in rows.items():
        wall, cpu = zip(*later, strict=True)
        medians = statistics.median(wall), statistics.median(cpu)
        times = (f"{taken / of_ours:.2f}" for taken, of_ours in zip(medians, ours, strict=True))
        taken = f"{first.wall:.2f} / {first.cpu:.2f}", median_of(wall), median_of(cpu)
        lines.append([name, *taken, " / ".join(times)])
    title = f"{keras.backend.backend()}, epoch of {steps} steps of {settings.batch_size}"
    print_table(
        [title, "first, s / CPU s", "later, s, median (range)", "CPU s", "times Keras"],
        lines,
    )


if __name__ == "__main__":
    main()
