"""Batches of one size: the loop in which every pass over a file runs.

In Keras a pass is compiled once for one number of windows; in NumPy each thread runs one. The last
batch of a file is filled up, as another shape would be compiled anew, and the outputs of the
filling are cut off. A window of a file always has the same place in its batch, as float32 may round
differently in another one: the scores of a file have the same bytes however many rows are handed on
together.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from dcvae._arrays import AnyArray, Int32Array
from dcvae._backend import compiles_passes, without_retracing_warnings
from dcvae._threads import Workers
from dcvae.networks import Network

Pass = Callable[[Any], tuple[Any, ...]]


def batched_pass(
    function: Pass, batch_size: int, network: Network, *, is_bare: bool = False
) -> "BatchedPass | PassInNumpy":
    """Make the pass of a function of arrays, in what its network computes in.

    Args:
        function: takes one batch of inputs and returns arrays or tensors with one entry per window.
        batch_size: windows of a batch.
        network: the network.
        is_bare: whether the function reads no variables of the network.
    """
    if network.ops is np:
        return PassInNumpy(function, batch_size)
    return BatchedPass(function, batch_size, None if is_bare else network)


class PassInNumpy:
    """A function of arrays, run on batches of one size, several at a time.

    Args:
        function: takes one batch of inputs and returns arrays with one entry per window; threads
            call it at the same time.
        batch_size: windows of a batch.
    """

    def __init__(self, function: Pass, batch_size: int) -> None:
        self.batch_size = batch_size
        self._function = function

    def run(
        self, num_windows: int, inputs_of: Callable[[int, int], Any]
    ) -> Iterator[tuple[slice, list[AnyArray]]]:
        """Run the function over windows; see `BatchedPass.run`. Inputs are made in order."""
        firsts = range(0, num_windows, self.batch_size)
        counts = [min(self.batch_size, num_windows - first) for first in firsts]
        batches = list(zip(firsts, counts, strict=True))
        with Workers() as workers:
            for place in range(0, len(batches), workers.number):
                group = batches[place : place + workers.number]
                inputs = [inputs_of(first, count) for first, count in group]
                for (first, count), outputs in zip(
                    group, workers.map(self._function, inputs), strict=True
                ):
                    yield slice(first, first + count), [part[:count] for part in outputs]


class BatchedPass:
    """A function of tensors, run as a graph on batches of one size.

    Args:
        function: takes one batch of inputs and returns tensors with one entry per window.
        batch_size: windows of a batch.
        network: the network whose variables the function reads, which JAX must know; None if it
            reads none.
    """

    def __init__(self, function: Pass, batch_size: int, network: Network | None = None) -> None:
        self.batch_size = batch_size
        self._graph = _graph_of(function, network)

    def run(
        self, num_windows: int, inputs_of: Callable[[int, int], Any]
    ) -> Iterator[tuple[slice, list[AnyArray]]]:
        """Run the function over windows, batch by batch.

        Args:
            num_windows: windows in all.
            inputs_of: takes the number of a batch's first window and how many of its windows
                count; returns the inputs of the whole batch, filled up.

        Yields:
            The windows of a batch as a slice, and the function's outputs for them, each
            (windows, ...).
        """
        for first in range(0, num_windows, self.batch_size):
            count = min(self.batch_size, num_windows - first)
            with without_retracing_warnings():
                outputs = self._graph.predict_on_batch(inputs_of(first, count))
            yield slice(first, first + count), [part[:count] for part in outputs]


def filled_up(starts: Int32Array, first: int, count: int, batch_size: int) -> Int32Array:
    """Return the starts of a batch, the last one repeated until the batch is full.

    Args:
        starts: (windows,) int32, first rows of all windows.
        first: number of the batch's first window.
        count: windows that count.
        batch_size: windows of a batch.

    Returns:
        (batch_size,) int32.

    Examples:
        >>> starts = np.array([0, 4, 8], dtype=np.int32)
        >>> filled_up(starts, first=2, count=1, batch_size=3)
        array([8, 8, 8], dtype=int32)
    """
    return np.pad(starts[first : first + count], (0, batch_size - count), mode="edge")


def _graph_of(function: Pass, network: Network | None) -> Any:
    """Make a model of nothing but a function, so that Keras makes a graph of it.

    Recurrent layers take twenty times as long without a graph.
    """
    import keras

    class Graph(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="batched_pass")
            self._network = network
            self.built = True  # it has no weights of its own

        def call(self, inputs: Any) -> tuple[Any, ...]:
            return function(inputs)

    graph = Graph()
    graph.compile(jit_compile=compiles_passes())
    return graph
