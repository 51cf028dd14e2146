"""Time of a training epoch after the first: ours against the plain port's `fit`.

python -m benchmarks.epoch [--rows 8640] [--series 12] [--epochs 4]
"""

import argparse
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from benchmarks.common import (
    median_of,
    print_table,
    published_settings,
    random_walks,
    whole_input,
)
from benchmarks.plain import PlainVAE, windows_of
from dcvae.data import split_windows
from dcvae.networks import build_network
from dcvae.training import train


class Clock(keras.callbacks.Callback):
    """A record of the seconds of every epoch, validation included."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.seconds.append(time.perf_counter() - self._start)


class Display:
    """The same record for our training."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._start = time.perf_counter()

    def step(self, epoch: int, step: int, num_steps: int, loss: float) -> None:
        pass

    def epoch(self, losses: object, is_best: bool) -> None:
        now = time.perf_counter()
        self.seconds.append(now - self._start)
        self._start = now


def main() -> None:
    """Train both for a few epochs in turn, print the epochs after the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=8640)
    parser.add_argument("--series", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=4)
    arguments = parser.parse_args()
    settings = published_settings(arguments.series).model_copy(
        update={"epochs": arguments.epochs, "patience": 1000}
    )
    series = random_walks(arguments.rows, arguments.series)
    split = split_windows(
        len(series), settings.window_length, settings.val_percent, 1, "the benchmark"
    )

    border = int(split.validation[0])
    rows = []
    for name, xla in (("plain port, fit, as Keras compiles it", "auto"), ("with XLA", True)):
        plain, clock = PlainVAE(settings), Clock()
        plain.compile(keras.optimizers.Adam(settings.lr), jit_compile=xla)
        plain.fit(
            windows_of(series[:border], settings.window_length, shuffle=True),
            validation_data=windows_of(series[border:], settings.window_length),
            epochs=arguments.epochs,
            callbacks=[clock],
            verbose=0,
        )
        rows.append((name, clock.seconds))
    display = Display()
    train(build_network(settings), whole_input(series), split, settings, progress=display)

    rows.append(("ours", display.seconds))
    our_median = statistics.median(display.seconds[1:])
    print_table(
        [
            f"epoch, {len(split.train):,} + {len(split.validation):,} windows",
            "first",
            "later, median (range)",
            "times ours",
        ],
        [
            [name, f"{first:.2f}", median_of(later), f"{statistics.median(later) / our_median:.2f}"]
            for name, (first, *later) in rows
        ],
    )


if __name__ == "__main__":
    main()
