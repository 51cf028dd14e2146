"""Batches of one size: the loop in which every pass over a file runs.

In Keras a pass is compiled once for one number of windows; in NumPy each thread runs one. The last
batch of a file is filled up, as another shape would be compiled anew, and the outputs of the
filling are cut off. A window of a file always has the same place in its batch, as float32 may round
differently in another one: the scores of a file have the same bytes however many rows are handed on
together.

On a card passes are larger, as far as its memory goes; a pass that does not fit is made smaller.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from dcvae import _progress
from dcvae._arrays import AnyArray, Int32Array
from dcvae._backend import cards_in_use, compiles_passes, without_retracing_warnings
from dcvae._devices import is_out_of_memory
from dcvae._precision import float32_products
from dcvae._threads import Workers
from dcvae.errors import InputError
from dcvae.networks import Network

Pass = Callable[[Any], tuple[Any, ...]]

_PART_OF_CARD = 8  # one part of its memory in so many is for a pass
_MOST_TIMES = 8  # as many windows as on a CPU: a card is busy with them


def pass_size(windows: int, network: Network) -> int:
    """Return how many windows a pass has: on a CPU as many as given, on a card as fit.

    Args:
        windows: windows of a pass on a CPU.
        network: the network; what its layers hold of a window is taken to be in memory at once.
    """
    if network.ops is np:
        return windows
    sizes = [card.memory for card in cards_in_use()[:1] if card.memory]
    if not sizes:
        return windows
    import keras

    built: Any = network
    outputs = [layer.output for layer in (*built.encoder.layers, *built.decoder.layers)]
    numbers = sum(math.prod(output.shape[1:]) for output in keras.tree.flatten(outputs))
    fitting = sizes[0] // (_PART_OF_CARD * np.dtype(np.float32).itemsize * numbers)
    times = _MOST_TIMES
    while times > 1 and times * windows > fitting:
        times //= 2
    return times * windows


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

    Attributes:
        batch_size: windows of a batch; it is halved where memory runs out.
    """

    def __init__(self, function: Pass, batch_size: int, network: Network | None = None) -> None:
        self.batch_size = batch_size
        self._function = function
        self._network = network
        self._told = False
        self._graph = _graph_of(function, network)

    def run(
        self, num_windows: int, inputs_of: Callable[[int, int], Any]
    ) -> Iterator[tuple[slice, list[AnyArray]]]:
        """Run the function over windows, batch by batch.

        Args:
            num_windows: windows in all.
            inputs_of: takes the number of a batch's first window and how many of its windows
                count; returns the inputs of a whole batch of `batch_size` windows, filled up.

        Yields:
            The windows of a batch as a slice, and the function's outputs for them, each
            (windows, ...).

        Raises:
            InputError: the memory is too small for a pass of one window.
        """
        first = 0
        while first < num_windows:
            count = min(self.batch_size, num_windows - first)
            outputs = self._outputs(inputs_of(first, count))
            if outputs is None:
                self._halve()
                continue
            yield slice(first, first + count), [part[:count] for part in outputs]
            first += count

    def _outputs(self, inputs: Any) -> list[AnyArray] | None:
        """Run the function on a batch; None if memory runs out, the tensors being let go of."""
        try:
            with without_retracing_warnings(), float32_products():
                return list(self._graph.predict_on_batch(inputs))
        except Exception as error:
            if is_out_of_memory(error):
                return None
            raise

    def _halve(self) -> None:
        if self.batch_size == 1:
            raise InputError(
                "Memory ran out in a pass of one window. Expected enough for what the network "
                "computes of it. Close other programs that use this device, or train a smaller "
                "network: fewer `cnn_units`, or a shorter `T`."
            )
        self.batch_size //= 2
        self._graph = _graph_of(self._function, self._network)
        if not self._told:
            self._told = True
            _progress.tell(
                "Memory ran out in a pass, so passes are made smaller until they fit: scores are "
                "the same but for rounding, and take longer."
            )


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
