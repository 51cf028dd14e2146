"""Time of a training epoch after the first: ours against single steps and the plain port's `fit`.

python -m benchmarks.epoch [--settings FILE] [--rows 8640] [--series 12] [--epochs 4] [--ours-only]

Ours and the single steps take turns. KERAS_BACKEND chooses the framework.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from benchmarks.common import PUBLISHED, median_of, print_table, random_walks
from benchmarks.plain import PlainVAE, windows_of
from dcvae.config import Settings, read_settings
from dcvae.data import WindowSplit, gather_windows, split_windows, spread_evenly, starts_of_epoch
from dcvae.networks import Autoencoder, build_network
from dcvae.training import KerasEpochs


class Clock(keras.callbacks.Callback):
    """A record of the seconds of every epoch, validation included."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.seconds.append(time.perf_counter() - self._start)


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
) -> dict[str, list[float]]:
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
    runners: dict[str, KerasEpochs], split: WindowSplit, settings: Settings, epochs: int
) -> dict[str, list[float]]:
    """Measure epochs of runners that take turns."""
    found: dict[str, list[float]] = {name: [] for name in runners}
    for epoch in range(1, epochs + 1):
        starts = starts_of_epoch(
            split.train, settings.seed, epoch, settings.batch_size, settings.steps_per_epoch
        )
        for name, runner in runners.items():
            began = time.perf_counter()
            for _ in runner.train(starts, settings.batch_size):
                pass
            for _ in runner.validate(spread_evenly(split.validation, len(starts)), 64):
                pass
            found[name].append(time.perf_counter() - began)
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
    rows = {}
    if not arguments.ours_only:
        rows = of_plain_port(settings, series, int(split.validation[0]), arguments.epochs)
    runners = {
        name: kind(build_network(settings), series, settings)
        for name, kind in (("step by step", StepByStep), ("ours", KerasEpochs))
    }
    rows |= of_runners(runners, split, settings, arguments.epochs)
    our_median = statistics.median(rows["ours"][1:])
    steps = settings.steps_per_epoch or len(split.train) // settings.batch_size
    print_table(
        [
            f"{keras.backend.backend()}, epoch of {steps} steps of {settings.batch_size}",
            "first",
            "later, median (range)",
            "times ours",
        ],
        [
            [name, f"{first:.2f}", median_of(later), f"{statistics.median(later) / our_median:.2f}"]
            for name, (first, *later) in rows.items()
        ],
    )


if __name__ == "__main__":
    main()
