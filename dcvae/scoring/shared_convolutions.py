"""Shared convolutions: the last row of many windows of a convolutional network, no work done twice.

The method scores one row per window (García González et al. 2022), and neighboring windows share
all rows but one. Running the network on every window therefore computes nearly everything T
times over. Running it once over the whole series instead would be wrong: the network was trained
with zeros before each window. This module does neither. It rests on three observations, for any
kernel size and any dilations:

* A value at window position p of a layer whose receptive field (so far) is R sees the padding only
  if p < R - 1. From there on it depends on its rows alone and is the same in every window that has
  them: it is *shared*, and computed once per row. Only the first R - 1 positions are computed for
  every window.
* Only the last row of the output is needed, so a layer computes only the positions that the next
  one reads.
* A tap of a convolution is a matrix product. Where it reads shared values, the product is shared as
  well, and where it reads padding, there is none.

    position      0 ......... R-2 | R-1 ................ T-1
                  one per window  | one per row, shared
"""

import importlib
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from dcvae._arrays import Float32Array, Tensor
from dcvae.networks import (
    ACTIVATIONS,
    ConvolutionSide,
    FoldedConvolution,
    NetworkWeights,
    folded,
    sigma_from,
)


class Stage(NamedTuple):
    """One convolution of the chain, and where it is computed."""

    convolution: FoldedConvolution
    activation: Callable[[Tensor], Tensor]
    positions: tuple[int, ...]  # window positions whose value the next stage reads
    shared_from: int  # position from which a value does not see the padding

    @property
    def kernel(self) -> Float32Array:
        """Kernel of each tap, (tap, channels_in, channels_out)."""
        return self.convolution.kernel

    @property
    def taps(self) -> tuple[int, ...]:
        """How many rows back each tap reads."""
        return self.convolution.taps

    @property
    def bias(self) -> Float32Array:
        """Bias where no tap reads padding, (channels_out,)."""
        bias: Float32Array = self.convolution.bias + self.convolution.tap_shift.sum(axis=0)
        return bias

    @property
    def per_window(self) -> list[int]:
        """Positions that are computed for every window."""
        return [position for position in self.positions if position < self.shared_from]

    @property
    def has_shared(self) -> bool:
        """Whether the next stage reads what is shared."""
        return any(position >= self.shared_from for position in self.positions)

    @property
    def sources(self) -> list[int]:
        """Positions that the needed ones read, tap by tap; below 0 is padding."""
        return [position - back for position in self.positions for back in self.taps]

    @property
    def flat_kernel(self) -> Float32Array:
        """(taps·channels_in, channels_out), for inputs with their taps side by side."""
        return self.kernel.reshape(-1, self.kernel.shape[-1])


class Values(NamedTuple):
    """The output of a stage: what is shared, what belongs to single windows."""

    shared: Tensor  # (rows, channels) from row `shared_from` of the pass on; None if not needed
    shared_from: int
    own: Tensor  # (position, window, channels); None if there are none
    own_positions: list[int]


class SharedConvolutions:
    """The network's forward pass for the last row of consecutive windows, of any number.

    Inputs are `rows` (num_windows + T - 1, series), scaled, and `noise` (T, num_windows, latent) if
    z is drawn. Outputs are mean and sigma, each (num_windows, series), scaled, and latent
    (num_windows, latent).

    Args:
        network: a trained network of convolutions, see `suits`.
        window_length: rows of a window, T.
        sample_latent: whether z is drawn; otherwise it is its mean.
        ops: module of the operations, `numpy` or `keras.ops`.
    """

    def __init__(
        self,
        network: NetworkWeights,
        window_length: int,
        sample_latent: bool,
        ops: Any,
    ) -> None:
        self.window_length = window_length
        self.num_windows = 0  # of the pass that is being traced
        self.sample_latent = sample_latent
        self._ops = ops
        self._bounded = network.bounded
        if not (
            isinstance(network.encoder, ConvolutionSide)
            and isinstance(network.decoder, ConvolutionSide)
        ):
            raise TypeError(f"Expected convolutions. Received: {network.architecture}.")
        # Only z_mean is read, unless z is drawn.
        encoder = folded(network.encoder, num_heads=2 if sample_latent else 1)
        decoder = folded(network.decoder)
        stages = [
            Stage(part, self._activation(part.activation), (), 0) for part in (*encoder, *decoder)
        ]
        stages = _plan(stages, len(encoder), window_length, sample_latent)
        self._encoder_stages = tuple(stages[: len(encoder)])
        self._decoder_stages = tuple(stages[len(encoder) :])

    @staticmethod
    def suits(network: NetworkWeights) -> bool:
        """Return whether a network is made of convolutions, whose work can be shared."""
        return isinstance(network.encoder, ConvolutionSide)

    def __call__(self, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Compute mean, sigma and latent of the last row of every window of the pass."""
        self.num_windows = inputs["rows"].shape[0] - self.window_length + 1
        values = Values(inputs["rows"], 0, None, [])
        for stage in self._encoder_stages:
            values = self._run(stage, values)
        if self.sample_latent:
            values = self._sample(values, inputs["noise"])
        latent = self._gather(values, [self.window_length - 1])[0]
        last = self._decode(values)
        mean, spread = self._ops.split(last, 2, axis=-1)
        return mean, sigma_from(spread, bounded=self._bounded), latent

    def _decode(self, values: Values) -> Tensor:
        """Run the decoder for the last row: (window, mean and spread of all series)."""
        sources = tree(self._decoder_stages, self.window_length - 1)
        if values.own is None or sources is None:
            for stage in self._decoder_stages:
                values = self._run(stage, values)
            return self._gather(values, [self.window_length - 1])[0]
        # Every value is read once: with the latents in the order of that tree, what a position
        # reads lies side by side, and every layer is one product without moving anything.
        ops = self._ops
        hidden = ops.transpose(self._gather(values, sources), (1, 0, 2))  # (window, position, ..)
        for stage in self._decoder_stages:
            flat = ops.reshape(hidden, (-1, stage.flat_kernel.shape[0]))
            hidden = stage.activation(
                self._ops.add(ops.matmul(flat, stage.flat_kernel), stage.bias)
            )
        return hidden

    def _run(self, stage: Stage, values: Values) -> Values:
        positions = stage.per_window
        shared, own = None, None
        if stage.has_shared:
            shared = stage.activation(self._ops.add(self._shared(stage, values), stage.bias))
        if positions:
            bias = stage.convolution.bias_at(positions)[:, None]
            own = stage.activation(self._ops.add(self._own(stage, values, positions), bias))
        return Values(shared, values.shared_from + max(stage.taps), own, positions)

    def _shared(self, stage: Stage, values: Values) -> Tensor:
        """Convolve the contiguous rows once for all windows: (rows, channels), none padded."""
        longest = max(stage.taps)
        length = values.shared.shape[0] - longest
        taps = [values.shared[longest - back : longest - back + length] for back in stage.taps]
        return self._ops.matmul(self._ops.concatenate(taps, axis=-1), stage.flat_kernel)

    def _own(self, stage: Stage, values: Values, positions: list[int]) -> Tensor:
        """Convolve for every window by itself: (position, window, channels).

        Multiplies first and gathers then: products of shared rows are shared, zeros need none.
        """
        total = None
        for kernel, back in zip(stage.kernel, stage.taps, strict=True):
            sources = [position - back for position in positions]
            if all(source < 0 for source in sources):
                continue
            part = self._gather(self._multiply(values, kernel, sources), sources)
            total = part if total is None else self._ops.add(total, part)
        return total

    def _multiply(self, values: Values, kernel: Float32Array, sources: list[int]) -> Values:
        """Multiply the values at the given positions, and no others, by one tap of a kernel."""
        used = [index for index, p in enumerate(values.own_positions) if p in sources]
        own = self._matmul(self._pick(values.own, used), kernel) if used else None
        shared = None
        if any(source >= values.shared_from for source in sources):
            shared = self._ops.matmul(values.shared, kernel)
        return Values(
            shared, values.shared_from, own, [values.own_positions[index] for index in used]
        )

    def _gather(self, values: Values, positions: list[int]) -> Tensor:
        """Lay the values at some positions side by side: (position, window, channels).

        A position below 0 is padding and gives zeros.
        """
        ops = self._ops
        channels = (values.shared if values.own is None else values.own).shape[-1]
        pieces = []
        for run in runs(positions, values):
            if run[0] < 0:
                pieces.append(ops.zeros((len(run), self.num_windows, channels), dtype="float32"))
            elif run[0] in values.own_positions:
                pieces.append(self._pick(values.own, [values.own_positions.index(p) for p in run]))
            else:
                first = np.asarray(run)[:, None] - values.shared_from
                rows = first + np.arange(self.num_windows)  # window w reads row w + position
                pieces.append(ops.take(values.shared, rows, axis=0))
        return pieces[0] if len(pieces) == 1 else ops.concatenate(pieces, axis=0)

    def _sample(self, values: Values, noise: Tensor) -> Values:
        """Draw z where it is read: from here on every window has values of its own."""
        positions = list(self._encoder_stages[-1].positions)
        z_mean, z_log_var = self._ops.split(self._gather(values, positions), 2, axis=-1)
        z = z_mean + self._ops.exp(0.5 * z_log_var) * self._pick(noise, positions)
        return Values(None, self.window_length, z, positions)

    def _activation(self, name: str) -> Callable[[Tensor], Tensor]:
        if self._ops is np:
            return ACTIVATIONS[name]
        activation: Callable[[Tensor], Tensor] = importlib.import_module("keras").activations.get(
            name
        )
        return activation

    def _matmul(self, values: Tensor, kernel: Float32Array) -> Tensor:
        """Multiply (position, window, channels_in) by (channels_in, channels_out) at once."""
        flat = self._ops.matmul(self._ops.reshape(values, (-1, values.shape[-1])), kernel)
        return self._ops.reshape(flat, (*values.shape[:-1], kernel.shape[-1]))

    def _pick(self, values: Tensor, indices: list[int]) -> Tensor:
        """Take entries along the first axis; a slice where they are consecutive."""
        if indices == list(range(values.shape[0])):
            return values
        if all(b - a == 1 for a, b in pairwise(indices)):
            return values[indices[0] : indices[-1] + 1]
        return self._ops.take(values, np.asarray(indices), axis=0)


def _plan(
    chain: list[Stage], num_encoder: int, window_length: int, sample_latent: bool
) -> list[Stage]:
    """Decide which positions of every stage are needed, and from where on they are shared."""
    reach = 0
    shared_from = []
    for number, stage in enumerate(chain):
        if sample_latent and number == num_encoder:
            reach = window_length  # every window draws its own z
        reach += max(stage.taps)
        shared_from.append(reach)
    needed = {window_length - 1}
    planned: list[Stage] = []
    for stage, first_shared in zip(reversed(chain), reversed(shared_from), strict=True):
        stage = stage._replace(positions=tuple(sorted(needed)), shared_from=first_shared)
        planned.append(stage)
        needed = {source for source in stage.sources if source >= 0}
    return planned[::-1]


def tree(stages: Sequence[Stage], last: int) -> list[int] | None:
    """Order the inputs of some stages so that what each position reads lies side by side.

    Returns:
        The positions in that order; None if a position would be read twice or is padding, in which
        case the stages do not form a tree.
    """
    positions = [last]
    for stage in reversed(stages):
        positions = [position - back for position in positions for back in stage.taps]
    return None if min(positions) < 0 or len(set(positions)) < len(positions) else positions


def runs(positions: list[int], values: Values) -> list[list[int]]:
    """Divide positions into stretches that come from one place: padding, own, shared."""

    def place(position: int) -> int:
        return 0 if position < 0 else 1 if position in values.own_positions else 2

    runs: list[list[int]] = []
    for position in positions:
        if runs and place(runs[-1][-1]) == place(position):
            runs[-1].append(position)
        else:
            runs.append([position])
    return runs
