"""Parts of a training step: forms of the convolution, XLA, batches of the validation.

python -m benchmarks.steps [--repeats 30]

All variants of a table take turns, so that a busy machine is unfair to none of them.
"""

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import ops

from benchmarks.common import median_of, print_table, published_settings, random_walks
from benchmarks.plain import PlainVAE
from dcvae.data import gather_windows
from dcvae.networks import build_network, layers

BATCH = 32


def in_turn(actions: dict[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Measure the milliseconds of actions that take turns; the first two rounds compile."""
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(repeats + 2):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            if number >= 2:
                taken[name].append(1000 * (time.perf_counter() - start))
    return taken


def over_concatenated_shifts(inputs: Any, kernel: Any, bias: Any, dilation: int) -> Any:
    """Convolve by one product over the inputs of all taps, each shifted to its reading row."""
    taps, channels, units = kernel.shape
    length = inputs.shape[1]
    shifted = []
    for tap in range(taps):
        later = (taps - 1 - tap) * dilation
        shifted.append(ops.pad(inputs[:, : length - later], [[0, 0], [later, 0], [0, 0]]))
    flat = ops.reshape(ops.concatenate(shifted, axis=-1), (-1, taps * channels))
    product = ops.matmul(flat, ops.reshape(kernel, (-1, units)))
    return ops.reshape(product, (-1, length, units)) + bias


def by_conv1d(inputs: Any, kernel: Any, bias: Any, dilation: int) -> Any:
    """Pad and call the framework's convolution."""
    padded = ops.pad(inputs, [[0, 0], [(kernel.shape[0] - 1) * dilation, 0], [0, 0]])
    return ops.conv(padded, kernel, padding="valid", dilation_rate=dilation) + bias


def step_of(network: keras.Model, windows: np.ndarray, xla: bool) -> Callable[[], object]:
    """Make a training step of a network, as Keras compiles it."""
    network.compile(optimizer=keras.optimizers.Adam(1e-4), jit_compile=xla)
    return lambda: network.train_on_batch(windows)


def matrix_product_rate(size: int = 1024) -> float:
    """Measure the GFLOP/s of the best of some square float32 products."""
    left = ops.convert_to_tensor(random_walks(size, size))
    times = in_turn({"product": lambda: ops.convert_to_numpy(ops.matmul(left, left))}, 20)
    return float(2 * size**3 / min(times["product"]) / 1e6)


def main() -> None:
    """Print three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=30)
    repeats = parser.parse_args().repeats
    settings = published_settings()
    series = random_walks(1000, 12)

    def windows(count: int) -> np.ndarray:
        return gather_windows(series, np.arange(count, dtype=np.int32), settings.window_length)

    print(f"matrix product of 1024 x 1024, float32: {matrix_product_rate():.0f} GFLOP/s")
    steps: dict[str, Callable[[], object]] = {}
    all_taps_side_by_side = layers.convolve
    for name, form in (
        ("one product, all taps side by side", all_taps_side_by_side),
        ("one product over concatenated shifts", over_concatenated_shifts),
        ("ops.conv, dilated", by_conv1d),
    ):
        layers.convolve = form  # read when the step is traced, which the first call does
        network = build_network(settings)
        steps[f"our network, XLA, {name}"] = step_of(network, windows(BATCH), xla=True)
        steps[f"our network, XLA, {name}"]()
    layers.convolve = all_taps_side_by_side
    steps["our network without XLA"] = step_of(build_network(settings), windows(BATCH), xla=False)
    for xla in (True, False):
        name = "plain port, XLA" if xla else "plain port without XLA, as Keras has it on a CPU"
        steps[name] = step_of(PlainVAE(settings), windows(BATCH), xla=xla)
    header = [f"training step, {BATCH} windows", "milliseconds, median (range)"]
    taken = in_turn(steps, repeats)
    print_table(header, [[name, median_of(values)] for name, values in taken.items()])

    network = build_network(settings)
    network.compile(jit_compile=True)
    looks: dict[str, Callable[[], object]] = {}
    for count in (32, 64, 128, 256):
        batch, weights = windows(count), np.ones(count, dtype=np.float32)
        looks[str(count)] = lambda batch=batch, weights=weights: network.test_on_batch(
            batch, weights
        )
    taken = in_turn(looks, repeats)
    rows = [
        [name, median_of(values), f"{np.median(values) / int(name):.3f}"]
        for name, values in taken.items()
    ]
    print_table(["validation batch", "milliseconds, median (range)", "a window"], rows)


if __name__ == "__main__":
    main()
