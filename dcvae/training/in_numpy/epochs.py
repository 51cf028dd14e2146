"""Epochs in NumPy: an `EpochRunner` of DC-VAE that needs no framework."""

import os
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from threadpoolctl import ThreadpoolController

from dcvae._arrays import Float32Array, Float64Array, Int32Array
from dcvae.config import TrainingKeys
from dcvae.networks.in_numpy.draws import standard_normal_of_steps
from dcvae.networks.in_numpy.weights import NetworkWeights
from dcvae.training.in_numpy.adam import LearningRate
from dcvae.training.in_numpy.parameters import Parameters, named_as_stored
from dcvae.training.in_numpy.steps import BatchSteps
from dcvae.training.in_numpy.team import Team
from dcvae.training.state import Variables

_SECONDS = 0.4  # of steps between two answers to the caller
_FIRST_STEPS = 4  # before the time of a step is known
_PART = 2**17  # numbers of a layer's products that stay in a processor's cache


class NumpyEpochs:
    """An `EpochRunner` of DC-VAE in NumPy, with Adam.

    Args:
        weights: of the network that training starts from; copied.
        values: (rows, series) float32, scaled, the training table.
        keys: learning rate and its decay.
    """

    def __init__(self, weights: NetworkWeights, values: Float32Array, keys: TrainingKeys) -> None:
        if weights.gradient_norm is not None:
            raise ValueError("Expected no bound on gradients. Received: one.")
        self._weights = weights
        self._parameters = Parameters(weights)
        self._table = np.ascontiguousarray(values.T)
        self._rate = LearningRate.of(keys)
        self._has_fixed_rate = not keys.lr_decay
        self._sizes: dict[int, BatchSteps] = {}
        self._blas = ThreadpoolController()
        self._most_threads = len(os.sched_getaffinity(0))

    @property
    def learning_rate(self) -> float:
        """Learning rate of the next step."""
        return self._rate.at(int(self._parameters.steps[0]))

    def network(self) -> NetworkWeights:
        """Return a copy of the network as it is now."""
        return self._parameters.network()

    def values(self) -> Variables:
        """Return copies of the values of all variables; see `EpochRunner`."""
        return named_as_stored(self._variables())

    def restore(self, values: Variables) -> None:
        """Give variables the values stored under their names; see `EpochRunner`."""
        variables = self._variables()
        for name, value in values.items():
            variables[name][...] = value

    def train(self, starts: Int32Array, batch_size: int) -> Iterator[Float32Array]:
        """Make one step for each batch of windows; see `EpochRunner`."""
        whole = len(starts) // batch_size
        yield from self._train_batches(starts[: whole * batch_size].reshape(whole, batch_size))
        rest = starts[whole * batch_size :]
        if len(rest):
            yield from self._train_batches(rest.reshape(1, -1))

    def _train_batches(self, starts: Int32Array) -> Iterator[Float32Array]:
        if not len(starts):
            return
        parameters, steps = self._parameters, self._steps_of(starts.shape[1])

        def work(batches: slice, noise: Float32Array, losses: Float64Array, thread: int) -> None:
            first = int(parameters.steps[0])
            rates = [self._rate.at(first + step) for step in range(batches.stop - batches.start)]
            steps.train(starts[batches], noise, rates, losses, thread)

        for losses in self._in_chunks(starts, steps, work):
            parameters.steps += len(losses)
            yield losses

    def validate(self, starts: Int32Array, batch_size: int) -> Iterator[Float32Array]:
        """Compute the losses of batches of windows; see `EpochRunner`."""
        if not len(starts):
            return
        num_batches = -(-len(starts) // batch_size)
        filled = np.pad(starts, (0, num_batches * batch_size - len(starts)), mode="edge")
        batches = filled.reshape(num_batches, batch_size)
        counts = np.full(num_batches, batch_size)
        counts[-1] = len(starts) - (num_batches - 1) * batch_size
        steps = self._steps_of(batch_size)

        def work(which: slice, noise: Float32Array, losses: Float64Array, thread: int) -> None:
            steps.validate(batches[which], noise, counts[which], losses, thread)

        yield from self._in_chunks(batches, steps, work)

    def _in_chunks(
        self,
        starts: Int32Array,
        steps: BatchSteps,
        work: Callable[[slice, Float32Array, Float64Array, int], None],
    ) -> Iterator[Float32Array]:
        """Do the work on batches, as many at a time as take less than half a second."""
        first, count, team = 0, _FIRST_STEPS, steps.team
        while first < len(starts):
            began = time.perf_counter()
            batches = slice(first, min(first + count, len(starts)))
            num = batches.stop - first
            shape = (steps.num_windows, self._weights.window_length, self._weights.latent_size)
            noise = np.empty((num, *shape), dtype=np.float32)
            losses = np.zeros((num, steps.num_parts, 2))
            state = int(self._parameters.draws[0]), int(self._parameters.draws[1])

            def task(thread: int) -> None:
                # Of losses that are no numbers the loop tells; the size of buffers is that of a thread.
                with np.errstate(all="ignore"):
                    np.setbufsize(steps.buffer_size)
                    own = range(thread, num, team.num_threads)
                    for step in own:
                        noise[step] = standard_normal_of_steps(
                            shape, (state[0], state[1] + step), 1, xla=True
                        )[0]
                    team.wait()
                    work(batches, noise, losses, thread)

            with self._blas.limit(limits=1, user_api="blas"):
                team.run(task)
            self._parameters.draws[1] += num
            first = batches.stop
            seconds = (time.perf_counter() - began) / num
            count = max(1, int(_SECONDS / max(seconds, 1e-6)))
            yield losses.sum(axis=1).astype(np.float32)

    def _steps_of(self, num_windows: int) -> BatchSteps:
        """Return the arrays for batches of one size."""
        if num_windows not in self._sizes:
            weights = self._weights
            layers = (*self._parameters.encoder, *self._parameters.decoder)
            a_window = weights.window_length * max(layer.taps * layer.units for layer in layers)
            parts = _parts(num_windows, a_window)
            self._sizes[num_windows] = BatchSteps(
                self._parameters,
                self._table,
                weights.window_length,
                parts,
                weights.spread_convention,
                Team(min(len(parts), self._most_threads)),
                bounded=weights.bounded,
            )
        return self._sizes[num_windows]

    def _variables(self) -> dict[str, np.ndarray]:
        variables = self._parameters.variables()
        first = 1
        if self._has_fixed_rate:
            variables["optimizer/001/learning_rate"] = np.array(self._rate.first, np.float32)
            first = 2
        return variables | dict(self._parameters.moments(first))


def _parts(num_windows: int, a_window: int) -> list[slice]:
    """Divide a batch into parts of about the same number of windows, by the network alone.

    Args:
        num_windows: windows of the batch.
        a_window: numbers of the widest layer's products for one window.
    """
    num_parts = min(max(round(num_windows * a_window / _PART), 1), num_windows)
    edges = [num_windows * part // num_parts for part in range(num_parts + 1)]
    return [slice(first, last) for first, last in pairwise(edges)]
