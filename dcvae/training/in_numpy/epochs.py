"""Epochs in NumPy: an `EpochRunner` of DC-VAE that needs no framework."""

import time
from collections.abc import Iterator

import numpy as np

from dcvae._arrays import AnyArray, Float32Array, Int32Array
from dcvae._threads import one_thread_a_product
from dcvae.config import TrainingKeys
from dcvae.networks import NetworkWeights
from dcvae.training.in_numpy import worker
from dcvae.training.in_numpy.adam import LearningRate
from dcvae.training.in_numpy.batches import Batches, Bench
from dcvae.training.in_numpy.shared_memory import Arrays, SharedMemory
from dcvae.training.in_numpy.team import MemberLostError
from dcvae.training.state import Variables

_SECONDS = 0.4  # of steps between two answers to the caller
_FIRST_BATCHES = 4  # before the time of one is known
_OTHER_EVERY = 20  # times that batches are worked on: how often the slower way is tried again
_WORTH_A_PROCESS = 3.0  # seconds of training
_ADDRESSES = 1 << 34  # bytes; what is not used takes no memory


class Pace:
    """Seconds that a batch takes, alone and with a second process.

    Where other programs use the second core, two processes wait for each other longer than one
    takes alone.

    Examples:
        >>> pace = Pace()
        >>> pace.add(1, 0.010)
        >>> pace.is_better_with_two()  # not known yet: to be tried
        True
        >>> pace.add(2, 0.030)
        >>> pace.is_better_with_two()
        False
    """

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}  # the last ones, by number of processes
        self._times = 0

    @property
    def seconds(self) -> float:
        """Seconds of a batch, as fast as it went last; 0 before the first."""
        return min(self._seconds.values(), default=0.0)

    def add(self, num_processes: int, seconds: float) -> None:
        """Add what a batch took on the mean of some."""
        self._seconds[num_processes] = max(seconds, 1e-6)
        self._times += 1

    def batches_in(self, seconds: float) -> int:
        """Return how many batches take so long, at least 1."""
        return max(int(seconds / self.seconds), 1) if self._seconds else _FIRST_BATCHES

    def is_better_with_two(self) -> bool:
        """Tell whether to work with a second process now."""
        both = len(self._seconds) == 2
        is_faster = not both or self._seconds[2] <= self._seconds[1]
        return is_faster != (both and self._times % _OTHER_EVERY == 0)


class NumpyEpochs:
    """An `EpochRunner` of DC-VAE in NumPy, with Adam.

    A training of more than a few seconds gets a second process where there is a second core. The
    numbers are the same with one process or two.

    Args:
        weights: of the network that training starts from; copied.
        values: (rows, series) float32, scaled, the training table.
        keys: learning rate and its decay, and epochs.

    Raises:
        ValueError: the network is none of convolutions, or has a bound on its gradients.
    """

    def __init__(self, weights: NetworkWeights, values: Float32Array, keys: TrainingKeys) -> None:
        if weights.gradient_norm is not None:
            raise ValueError(f"Expected no bound on gradients. Received: {weights.gradient_norm}.")
        self._weights = weights
        self._rate = LearningRate.of(keys)
        self._has_fixed_rate = not keys.lr_decay
        self._epochs = keys.epochs
        self._num_steps = 0  # of an epoch
        self._paces: dict[tuple[int, bool], Pace] = {}
        table = values.T  # the bench makes the copy of it
        self._table_shape = table.shape
        self._memory = _shared_memory(table.nbytes)
        self._bench = Bench(
            weights, table, Arrays(None if self._memory is None else self._memory.memory)
        )
        self._companion: worker.Companion | None = None

    @property
    def learning_rate(self) -> float:
        """Learning rate of the next step."""
        return self._rate.at(int(self._bench.parameters.steps[0]))

    def network(self) -> NetworkWeights:
        """Return a copy of the network as it is now."""
        return self._bench.parameters.network()

    def values(self) -> Variables:
        """Return copies of the values of all variables; see `EpochRunner`."""
        return {name: np.array(array) for name, array in self._variables().items()}

    def restore(self, values: Variables) -> None:
        """Give variables the values stored under their names; see `EpochRunner`."""
        variables = self._variables()
        for name, value in values.items():
            variables[name][...] = value

    def train(self, starts: Int32Array, batch_size: int) -> Iterator[Float32Array]:
        """Make one step for each batch of windows; see `EpochRunner`."""
        whole = len(starts) // batch_size
        self._num_steps = whole
        yield from self._work(starts[: whole * batch_size].reshape(whole, batch_size), trains=True)
        rest = starts[whole * batch_size :]
        if len(rest):
            yield from self._work(rest.reshape(1, -1), trains=True)

    def validate(self, starts: Int32Array, batch_size: int) -> Iterator[Float32Array]:
        """Compute the losses of batches of windows; see `EpochRunner`."""
        num_batches = -(-len(starts) // batch_size)
        missing = num_batches * batch_size - len(starts)
        if num_batches:
            filled = np.pad(starts, (0, missing), mode="edge").reshape(num_batches, batch_size)
            yield from self._work(filled, missing=missing, trains=False)

    def close(self) -> None:
        """End the second process, if there is one."""
        if self._companion is not None:
            self._companion.close()
            self._companion = None
        self._bench.team.size = 1

    def _work(
        self, starts: Int32Array, *, trains: bool, missing: int = 0
    ) -> Iterator[Float32Array]:
        """Work on batches (batches, windows), as many at a time as take less than half a second."""
        if not len(starts):
            return
        batches, parameters = self._bench.batches(starts.shape[1]), self._bench.parameters
        work, pace = batches.work, self._paces.setdefault((starts.shape[1], trains), Pace())
        first = 0
        while first < len(starts):
            count = min(pace.batches_in(_SECONDS), len(starts) - first, batches.most)
            work.starts[:count] = starts[first : first + count]
            work.counts[:count] = batches.num_windows
            if first + count == len(starts):
                work.counts[count - 1] -= missing
            step = int(parameters.steps[0])
            work.rates[:count] = [self._rate.at(step + number) for number in range(count)]
            self._run(batches, count, pace, trains=trains)
            parameters.draws[1] += count
            first += count
            if trains:
                parameters.steps += count
                self._start_companion(pace)
            yield work.losses[:count].sum(axis=1).astype(np.float32)

    def _run(self, batches: Batches, count: int, pace: Pace, *, trains: bool) -> None:
        """Work on batches, together with the second process if it is ready and of help."""
        companion, team = self._companion, self._bench.team
        began = time.perf_counter()
        with one_thread_a_product():
            if companion is not None and companion.is_ready and pace.is_better_with_two():
                before = self.values()
                try:
                    companion.begin(batches.num_windows, count, trains=trains)
                    team.size = 2
                    batches.run(count, trains=trains)
                    pace.add(2, (time.perf_counter() - began) / count)
                    return
                except MemberLostError:
                    self.close()
                    self._memory = None  # it may have been ended for the memory it took
                    self.restore(before)
                except BaseException:
                    self.close()  # it waits for this process, which will not come
                    raise
            team.size = 1
            batches.run(count, trains=trains)
        pace.add(1, (time.perf_counter() - began) / count)

    def _start_companion(self, pace: Pace) -> None:
        """Start the second process as soon as it is known to be worth it."""
        if self._companion is not None or self._memory is None:
            return
        left = self._epochs * self._num_steps - int(self._bench.parameters.steps[0])
        if left * pace.seconds < _WORTH_A_PROCESS:
            return
        try:
            self._companion = worker.Companion(
                self._bench, self._memory, self._weights, self._table_shape
            )
        except OSError:  # such as no process left; one is enough
            self._memory = None

    def _variables(self) -> dict[str, AnyArray]:
        parameters = self._bench.parameters
        variables = parameters.variables()
        first = 1
        if self._has_fixed_rate:
            variables["optimizer/001/learning_rate"] = np.array(self._rate.first, np.float32)
            first = 2
        return variables | dict(parameters.moments(first))


def _shared_memory(num_bytes: int) -> SharedMemory | None:
    """Make memory for the table and all else; None where no second process is to be."""
    if not worker.is_possible():
        return None
    try:
        return SharedMemory(num_bytes + _ADDRESSES)
    except OSError:
        return None
