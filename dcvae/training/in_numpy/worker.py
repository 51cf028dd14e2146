"""Second process of a training in NumPy: started by the first, it does half of each batch.

The two share memory. This one makes the same objects as the first, of a network of the shape that
it is told on its command line, and then does what the first writes down.
"""

import json
import mmap
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import weakref
from contextlib import suppress
from typing import Any

import numpy as np

from dcvae._threads import usable_threads
from dcvae.networks import Convolution, ConvolutionSide, NetworkWeights, Norm
from dcvae.training.in_numpy.batches import Bench
from dcvae.training.in_numpy.shared_memory import Arrays, SharedMemory
from dcvae.training.in_numpy.team import MemberLostError

_READY = 1  # in place of the number of an order
_OPEN, _TRAIN, _VALIDATE = range(3)
_SPINS = 2000
_IDLE_SECONDS = 2e-4
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")

# Python itself starts as ever: in PYTHONPATH the folder of a script would come before its library.
_PROGRAM = (
    f"import sys; sys.path[:] = sys.argv.pop().split('\\n'); import {__name__} as x; x.main()"
)


class Companion:
    """The second process, as the first one sees it.

    Args:
        bench: of the first process, in memory that is shared.
        memory: that memory.
        weights: the network, whose shape counts.
        table_shape: series and rows of the training table.
    """

    def __init__(
        self,
        bench: Bench,
        memory: SharedMemory,
        weights: NetworkWeights,
        table_shape: tuple[int, ...],
    ) -> None:
        self._bench = bench
        self._number = _READY
        self._opened: list[int] = []
        numbers = [str(x) for x in (memory.descriptor, memory.size, os.getpid())]
        told = json.dumps({**described(weights), "table_shape": list(table_shape)})
        self._process = subprocess.Popen(
            # -P: without the working directory. What lies there is the user's.
            [sys.executable, "-P", "-c", _PROGRAM, *numbers, told, "\n".join(_import_path())],
            pass_fds=[memory.descriptor],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_ONE_THREAD},
        )
        bench.team.is_lost = lambda: self.is_lost
        self._end = weakref.finalize(self, _kill, self._process)

    @property
    def is_ready(self) -> bool:
        """Whether it has started, and can be given work."""
        return bool(self._bench.begun[0] >= _READY)

    @property
    def is_lost(self) -> bool:
        """Whether it has ended, or never started."""
        return self._process.poll() is not None

    def begin(self, num_windows: int, count: int, *, trains: bool) -> None:
        """Let it begin what the caller then does too, `Batches.run`.

        Args:
            num_windows: windows of a batch.
            count: batches.
            trains: see `Batches.run`.

        Raises:
            MemberLostError: it has ended.
        """
        for size in self._bench.sizes:  # in the order in which this process has made them
            if size not in self._opened:
                self._give(_OPEN, size, 0)
                while self._bench.begun[0] != self._number:
                    if self.is_lost:
                        raise MemberLostError
                    time.sleep(_IDLE_SECONDS)
                self._opened.append(size)
        self._give(_TRAIN if trains else _VALIDATE, num_windows, count)

    def close(self) -> None:
        """End it."""
        self._end()

    def _give(self, what: int, num_windows: int, count: int) -> None:
        order = self._bench.order
        order[1], order[2], order[3] = what, num_windows, count
        self._number += 1
        with self._bench.team.fence:
            order[0] = self._number


def is_possible() -> bool:
    """Tell whether a second process can be started here, and has a core of its own."""
    return (
        usable_threads() > 1
        and bool(sys.executable)
        and not getattr(sys, "frozen", False)
        # One of several processes of a program that has divided its work itself.
        and multiprocessing.parent_process() is None
    )


def _import_path() -> list[str]:
    """Return where this process has found its modules, for the other one to find the same."""
    # Python passes over what is no text, such as a Path.
    return [folder or os.getcwd() for folder in sys.path if isinstance(folder, str)]


def _kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


def described(weights: NetworkWeights) -> dict[str, Any]:
    """Describe the shape of a network, and what else its training depends on, for JSON.

    Args:
        weights: of the network.
    """

    def layer(convolution: Convolution) -> dict[str, Any]:
        norm = convolution.norm
        return {
            "kernel": convolution.kernel.shape,
            "dilation": convolution.dilation,
            "activation": convolution.activation,
            "norm": None if norm is None else [norm.epsilon, norm.momentum],
        }

    sides = {}
    for name, side in (("encoder", weights.encoder), ("decoder", weights.decoder)):
        if isinstance(side, ConvolutionSide):
            sides[name] = {
                "hidden": [layer(convolution) for convolution in side.hidden],
                "heads": [layer(convolution) for convolution in side.heads],
            }
    names = ("window_length", "num_series", "latent_size", "spread_convention", "bounded", "seed")
    return {**{name: getattr(weights, name) for name in names}, **sides}


def of_shape(described: dict[str, Any]) -> NetworkWeights:
    """Make a network, all its weights 0, of a shape.

    Args:
        described: from `described`.
    """

    def layer(told: dict[str, Any]) -> Convolution:
        units = told["kernel"][2]
        norm = None
        if told["norm"] is not None:
            epsilon, momentum = told["norm"]
            zeros = np.zeros(units, dtype=np.float32)
            norm = Norm(zeros, zeros, zeros, zeros, epsilon, momentum)
        kernel, bias = np.zeros(told["kernel"], np.float32), np.zeros(units, np.float32)
        return Convolution(kernel, bias, told["dilation"], told["activation"], norm)

    encoder, decoder = (
        ConvolutionSide(
            tuple(layer(told) for told in described[side]["hidden"]),
            (layer(described[side]["heads"][0]), layer(described[side]["heads"][1])),
        )
        for side in ("encoder", "decoder")
    )
    names = ("window_length", "num_series", "latent_size", "spread_convention", "bounded", "seed")
    others = {name: described[name] for name in names}
    draws = np.zeros(2, dtype=np.uint32)
    return NetworkWeights("dc-vae", encoder=encoder, decoder=decoder, draw_state=draws, **others)


def main() -> None:
    """Do what the process that started this one writes down, until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is heard by the first process
    descriptor, size, parent = (int(word) for word in sys.argv[1:4])
    told = json.loads(sys.argv[4])

    arrays = Arrays(mmap.mmap(descriptor, size), is_owner=False)
    table = np.broadcast_to(np.float32(0.0), told["table_shape"])
    bench = Bench(of_shape(told), table, arrays, member=1)
    team, order = bench.team, bench.order
    team.is_lost = lambda: os.getppid() != parent
    bench.begun[0] = number = _READY
    idle = 0
    with suppress(MemberLostError):
        while not team.is_lost():
            if not any(order[0] > number for _ in range(_SPINS)):
                idle = min(idle + 1, 20)
                time.sleep(idle * _IDLE_SECONDS)
                continue
            idle = 0
            with team.fence:
                number = order[0]
            _, what, num_windows, count = order[:4]
            batches = bench.batches(num_windows)
            if what == _OPEN:
                bench.begun[0] = number
                continue
            team.size = 2
            batches.run(count, trains=what == _TRAIN)
