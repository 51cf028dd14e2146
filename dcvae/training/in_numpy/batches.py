"""Batches of a training in NumPy: steps and validation on many of them, by one process or two."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from dcvae._arrays import Float32Array, Float64Array, Int32Array
from dcvae.networks import NetworkWeights, standard_normal_of_steps
from dcvae.training.in_numpy.parameters import Parameters
from dcvae.training.in_numpy.shared_memory import Arrays
from dcvae.training.in_numpy.steps import BatchSteps
from dcvae.training.in_numpy.team import Team

_TWO_PARTS = 2**16  # numbers of a layer's products that are worth two parts of a batch
_PART = 2**18  # those that stay in a processor's cache
_NOISE_BYTES = 16 * 2**20  # of the batches that are worked on together


@dataclass(frozen=True, eq=False)
class Work:
    """Batches that are worked on together, written down where both processes see them.

    Attributes:
        starts: (batches, windows) int32, first rows of the windows.
        noise: (batches, windows, T, latent) float32.
        counts: (batches,) int64, windows of each batch that count, in a validation.
        rates: (batches,) float64, learning rates, in a training.
        losses: (batches, parts, 2) float64, the results.
    """

    starts: Int32Array
    noise: Float32Array
    counts: np.ndarray
    rates: Float64Array
    losses: Float64Array


class Batches:
    """Batches of one size: their steps, and a place for the work on some of them.

    Args:
        parameters: of the network.
        table: (series, rows) float32, scaled.
        weights: of the network that training starts from, for its shape.
        num_windows: windows of a batch.
        team: processes that share the work.
        arrays: where the numbers are that both need.

    Attributes:
        num_windows: windows of a batch.
        most: batches that are worked on together, at most.
        work: the place for them.
    """

    def __init__(
        self,
        parameters: Parameters,
        table: Float32Array,
        weights: NetworkWeights,
        num_windows: int,
        team: Team,
        arrays: Arrays,
    ) -> None:
        layers = (*parameters.encoder, *parameters.decoder)
        a_window = weights.window_length * max(layer.taps * layer.units for layer in layers)
        parts = _parts(num_windows, a_window)
        self._parameters = parameters
        self._team = team
        self._steps = BatchSteps(
            parameters,
            table,
            weights.window_length,
            parts,
            weights.spread_convention,
            team,
            arrays,
            bounded=weights.bounded,
        )
        self.num_windows = num_windows
        self._shape = num_windows, weights.window_length, weights.latent_size
        self.most = most = int(np.clip(_NOISE_BYTES // (4 * math.prod(self._shape)), 1, 256))
        self.work = Work(
            starts=arrays.zeros((most, num_windows), np.int32),
            noise=arrays.zeros((most, *self._shape)),
            counts=arrays.zeros((most,), np.int64),
            rates=arrays.zeros((most,), np.float64),
            losses=arrays.zeros((most, len(parts), 2), np.float64),
        )

    def run(self, count: int, *, trains: bool) -> None:
        """Work on the first batches of `work`; every process of the team calls this.

        Args:
            count: batches.
            trains: whether to make training steps; else losses alone.
        """
        work, team = self.work, self._team
        seed, drawn = (int(number) for number in self._parameters.draws)
        # Of losses that are no numbers the loop tells.
        with np.errstate(all="ignore"):
            before = np.setbufsize(self._steps.buffer_size)
            try:
                own = slice(
                    count * team.member // team.size, count * (team.member + 1) // team.size
                )
                if own.start < own.stop:
                    # As XLA pairs them, which compiled this training when Keras did it.
                    work.noise[own] = standard_normal_of_steps(
                        self._shape, (seed, drawn + own.start), own.stop - own.start, xla=True
                    )
                team.wait()
                if trains:
                    rates = work.rates[:count].tolist()
                    self._steps.train(work.starts, work.noise, rates, work.losses)
                else:
                    counts = work.counts[:count]
                    self._steps.validate(work.starts, work.noise, counts, work.losses)
                team.wait()
            finally:
                np.setbufsize(before)


class Bench:
    """All that both processes of a training have, in the same order in the same memory.

    Args:
        weights: of the network that training starts from, or of one of its shape.
        table: (series, rows) float32, scaled; of a second process only its shape counts.
        arrays: where the numbers are.
        member: number of this process.

    Attributes:
        parameters: of the network.
        team: the processes.
        order: [number of the order, what to do, windows of a batch, batches], written by the first
            process.
        begun: [number of the order that was begun last], written by the second.
    """

    def __init__(
        self,
        weights: NetworkWeights,
        table: Float32Array,
        arrays: Arrays,
        member: int = 0,
    ) -> None:
        self._weights = weights
        self._arrays = arrays
        self.order = memoryview(arrays.zeros((8,), np.int64))
        self.begun = memoryview(arrays.zeros((8,), np.int64))
        self.team = Team(arrays, member)
        self.parameters = Parameters(weights, arrays)
        self._table = arrays.copy(table)
        self._sizes: dict[int, Batches] = {}

    @property
    def sizes(self) -> list[int]:
        """Windows of a batch, of all sizes so far, in the order in which they came."""
        return list(self._sizes)

    def batches(self, num_windows: int) -> Batches:
        """Return what batches of a size are worked on with."""
        if num_windows not in self._sizes:
            self._sizes[num_windows] = Batches(
                self.parameters, self._table, self._weights, num_windows, self.team, self._arrays
            )
        return self._sizes[num_windows]


def _parts(num_windows: int, a_window: int) -> list[slice]:
    """Divide a batch into parts of about the same number of windows, by the network alone.

    Args:
        num_windows: windows of the batch.
        a_window: numbers of the widest layer's products for one window.
    """
    size = num_windows * a_window
    wanted = 1 if size < _TWO_PARTS else 2 * max(round(size / (2 * _PART)), 1)
    num_parts = min(wanted, num_windows)
    edges = [num_windows * part // num_parts for part in range(num_parts + 1)]
    return [slice(first, last) for first, last in pairwise(edges)]
