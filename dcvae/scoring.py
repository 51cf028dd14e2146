"""Judge the last row of every window, exactly and without doing the same work twice.

The method judges one row a window (García González et al. 2022), and neighboring windows
share all rows but one. Running the network on every window therefore computes nearly everything T
times over. Running it once over the whole series instead would be wrong: a trained network has
learned what the zeros before its window look like. This module does neither. It follows three
observations, for any kernel size and any dilations:

* A value at window position p of a layer whose receptive field (so far) is R sees the padding only
  if p < R - 1. From there on it depends on its rows alone and is the same in every window that has
  them: it is *shared*, and computed once a row. Only the first R - 1 positions are worked out for
  every window.
* Only the last row of the output is wanted. Walking back from it, a layer needs only the positions
  that the next one reads.
* A tap of a convolution is a matrix product. Where it reads shared values, the product is shared as
  well, and where it reads padding, there is none.

Windows are judged in passes of a fixed number, the last one filled up, so that there is one
compilation whatever the length of the file, and nothing of size (rows, time, series) exists. A
window of a file always has the same place in its pass, as float32 may round differently in another
one: the scores of a file have the same bytes however many rows at a time they are handed on.

    position      0 ......... R-2 | R-1 ................ T-1
                  one a window    | one a row, shared
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from dcvae import InputError
from dcvae.losses import Tensor, sigma_from
from dcvae.network import ConvHeads, DilatedCausalConv, VariationalAutoencoder
from dcvae.settings import Settings
from dcvae.sigma import SigmaCalibration
from dcvae.windows import num_windows

PASS_WINDOWS = 512  # windows judged by one call; measured: benchmarks/README.md
BLOCK_ROWS = 16_384  # rows handed on together


@dataclass(frozen=True)
class Scores:
    """What the network says of consecutive judged rows; the first T - 1 rows of a file have none.

    Attributes:
        mean: (judged rows, series) float32, scaled: the reconstruction mu.
        sigma: (judged rows, series) float32, scaled: the standard deviation of the band.
        error: (judged rows, series) float32, scaled: x - mean; NaN where the cell was missing.
        latent: (judged rows, latent) float32: the latent vector of the judged row.
    """

    mean: NDArray[np.float32]
    sigma: NDArray[np.float32]
    error: NDArray[np.float32]
    latent: NDArray[np.float32]

    @classmethod
    def concatenate(cls, parts: "list[Scores]") -> "Scores":
        """Join scores of consecutive rows."""
        return cls(*(np.concatenate(columns) for columns in zip(*map(_arrays, parts), strict=True)))

    def split(self, row: int) -> "tuple[Scores, Scores]":
        """Divide before a row."""
        arrays = _arrays(self)
        return Scores(*(x[:row] for x in arrays)), Scores(*(x[row:] for x in arrays))


def _arrays(scores: Scores) -> tuple[NDArray[np.float32], ...]:
    return scores.mean, scores.sigma, scores.error, scores.latent


class Scorer:
    """Scores tables with a trained network.

    Args:
        network: the trained network.
        window_length: rows of a window, T.
        sample_latent: False (paper): decode z_mean, the same answer every time. True (published
            code): decode a random draw of z.
        seed: seed of those draws. Every window owns its part of one sequence, so that a seed gives
            one answer.
        sigma: how the network's sigma is read; None takes it as it is.
        block_rows: judged rows handed on together by `blocks`, at least 1; bounds the memory,
            changes no score.

    The weights are copied: what the network learns afterwards does not reach its scorer.
    """

    def __init__(
        self,
        network: VariationalAutoencoder,
        window_length: int,
        *,
        sample_latent: bool = False,
        seed: int = 0,
        sigma: SigmaCalibration | None = None,
        block_rows: int = BLOCK_ROWS,
    ) -> None:
        if block_rows < 1:
            raise ValueError(f"`block_rows` must be at least 1. Received: {block_rows}.")
        self.window_length = window_length
        self.block_rows = block_rows
        self.pass_windows = PASS_WINDOWS
        self.sample_latent = sample_latent
        self.seed = seed
        self.sigma = sigma
        self.latent_size = int(network.decoder.input_shape[-1])
        self._pass = _LastRowPass(network, window_length, self.pass_windows, sample_latent)
        self._pass.compile(jit_compile=False)

    @classmethod
    def of(
        cls,
        network: VariationalAutoencoder,
        settings: Settings,
        sigma: SigmaCalibration | None = None,
    ) -> "Scorer":
        """Make the scorer that a model's settings ask for."""
        return cls(
            network,
            settings.window_length,
            sample_latent=settings.fidelity_latent == "code",
            seed=settings.seed,
            sigma=sigma,
        )

    def score(self, scaled: NDArray[np.float32], observed: NDArray[np.bool_]) -> Scores:
        """Judge every row of a table that has a full window; see `blocks`."""
        return Scores.concatenate(list(self.blocks(scaled, observed)))

    def blocks(self, scaled: NDArray[np.float32], observed: NDArray[np.bool_]) -> Iterator[Scores]:
        """Judge a table and hand on the scores of a few thousand rows at a time, in order.

        Args:
            scaled: (rows, series) float32, scaled, without NaN.
            observed: (rows, series) bool, the cells to judge: False where one was missing and has
                been filled, and in rows that cannot be judged.

        Yields:
            Scores of consecutive judged rows, the first one that of row T - 1.

        Raises:
            InputError: fewer rows than a window has.
        """
        total = num_windows(len(scaled), self.window_length)
        if total == 0:
            raise InputError(
                f"Expected at least `T` = {self.window_length} rows to score. "
                f"Received: {len(scaled)}."
            )
        waiting: list[Scores] = []
        num_waiting = 0
        for start in range(0, total, self.pass_windows):
            waiting.append(self._judge(scaled, observed, start, total))
            num_waiting += len(waiting[-1].mean)
            while num_waiting >= self.block_rows:
                block, rest = Scores.concatenate(waiting).split(self.block_rows)
                yield block
                waiting, num_waiting = [rest], num_waiting - self.block_rows
        if num_waiting:
            yield Scores.concatenate(waiting)

    def _judge(
        self,
        scaled: NDArray[np.float32],
        observed: NDArray[np.bool_],
        start: int,
        total: int,
    ) -> Scores:
        """Judge the windows from `start` on, at most `pass_windows` of them."""
        count = min(self.pass_windows, total - start)
        rows = scaled[start : start + count + self.window_length - 1]
        missing = self.pass_windows - count
        inputs = {"rows": np.pad(rows, [(0, missing), (0, 0)]) if missing else rows}
        if self.sample_latent:
            noise = latent_noise(
                self.seed, start, self.pass_windows, self.window_length, self.latent_size
            )
            inputs["noise"] = noise.transpose(1, 0, 2)  # (position, window, latent)
        mean, sigma, latent = (part[:count] for part in self._pass.predict_on_batch(inputs))
        if self.sigma is not None:
            sigma = self.sigma.apply(sigma)
        error = rows[self.window_length - 1 :] - mean
        first = start + self.window_length - 1
        error[~observed[first : first + count]] = np.nan
        return Scores(mean, sigma, error, latent)


def latent_noise(
    seed: int, first_window: int, count: int, window_length: int, latent_size: int
) -> NDArray[np.float32]:
    """Standard normal numbers for the latent sequences of consecutive windows.

    A counter-based generator lets every window own a fixed part of one sequence.

    Returns:
        (count, window_length, latent_size) float32.
    """
    from scipy.special import ndtri  # only the published code's reading needs it

    wanted = window_length * latent_size
    counters = -(-wanted // 4)  # the generator gives four numbers a count
    generator = np.random.Philox(key=seed)
    generator.advance(first_window * counters)
    bits = generator.random_raw(count * counters * 4).reshape(count, counters * 4)[:, :wanted]
    # 52 bits and a half: exact in float64, and never 0 or 1, whose quantiles are infinite.
    uniform = ((bits >> np.uint64(12)) + 0.5) * 2.0**-52
    noise: NDArray[np.float32] = ndtri(uniform).astype(np.float32)
    return noise.reshape(count, window_length, latent_size)


class _Stage(NamedTuple):
    """One convolution of the chain, ready to be applied.

    The BatchNorm in front of it is folded in: once trained it is `scale·h + shift`, and a tap of
    the convolution reads zeros, not `shift`, where it reads padding.
    """

    kernel: NDArray[np.float32]  # (tap, channels_in, channels_out), times the scale in front
    bias: NDArray[np.float32]  # (channels_out,)
    tap_shift: NDArray[np.float32]  # (tap, channels_out): what the shift in front adds a tap
    taps: tuple[int, ...]  # how many rows back each tap reads
    activation: Callable[[Tensor], Tensor]
    positions: tuple[int, ...]  # window positions whose value the next stage reads
    shared_from: int  # position from which a value does not see the padding

    @property
    def per_window(self) -> list[int]:
        """Positions that are worked out for every window."""
        return [position for position in self.positions if position < self.shared_from]

    @property
    def has_shared(self) -> bool:
        return any(position >= self.shared_from for position in self.positions)

    @property
    def sources(self) -> list[int]:
        """Positions that the needed ones read, tap by tap; below 0 is padding."""
        return [position - back for position in self.positions for back in self.taps]

    @property
    def flat_kernel(self) -> NDArray[np.float32]:
        """(taps·channels_in, channels_out), for inputs with their taps side by side."""
        return self.kernel.reshape(-1, self.kernel.shape[-1])

    def bias_at(self, positions: list[int]) -> NDArray[np.float32]:
        """Bias at each position, (position, channels_out): taps on padding add no shift."""
        reads = np.array([[position >= back for back in self.taps] for position in positions])
        return self.bias + reads.astype(np.float32) @ self.tap_shift


class _Values(NamedTuple):
    """The output of a stage: what is shared, what belongs to single windows."""

    shared: Tensor  # (rows, channels) from row `shared_from` of the pass on; None if not needed
    shared_from: int
    own: Tensor  # (position, window, channels); None if there are none
    own_positions: list[int]


class _LastRowPass(keras.Model):
    """The network's forward pass for the last row of `num_windows` consecutive windows.

    Input: `rows` (num_windows + T - 1, series), scaled, and `noise` (T, num_windows, latent) if z
    is drawn. Output: mean and sigma (num_windows, series), latent (num_windows, latent).
    """

    def __init__(
        self,
        network: VariationalAutoencoder,
        window_length: int,
        num_windows: int,
        sample_latent: bool,
    ) -> None:
        super().__init__(name="last_row_pass")
        self.window_length = window_length
        self.num_windows = num_windows
        self.sample_latent = sample_latent
        # Only z_mean is read, unless z is drawn.
        encoder = _stages(network.encoder, num_heads=2 if sample_latent else 1)
        decoder = _stages(network.decoder, num_heads=2)
        stages = _plan([*encoder, *decoder], len(encoder), window_length, sample_latent)
        self._encoder_stages = tuple(stages[: len(encoder)])
        self._decoder_stages = tuple(stages[len(encoder) :])
        self.built = True  # it has no weights of its own

    def call(self, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        values = _Values(inputs["rows"], 0, None, [])
        for stage in self._encoder_stages:
            values = self._run(stage, values)
        if self.sample_latent:
            values = self._sample(values, inputs["noise"])
        latent = self._gather(values, [self.window_length - 1])[0]
        last = self._decode(values)
        mean, spread = ops.split(last, 2, axis=-1)
        return mean, sigma_from(spread), latent

    def _decode(self, values: _Values) -> Tensor:
        """Run the decoder for the last row: (window, mean and spread of all series)."""
        sources = _tree(self._decoder_stages, self.window_length - 1)
        if values.own is None or sources is None:
            for stage in self._decoder_stages:
                values = self._run(stage, values)
            return self._gather(values, [self.window_length - 1])[0]
        # Every value is read once: with the latents in the order of that tree, what a position
        # reads lies side by side, and every layer is one product without moving anything.
        hidden = ops.transpose(self._gather(values, sources), (1, 0, 2))  # (window, position, ..)
        for stage in self._decoder_stages:
            flat = ops.reshape(hidden, (-1, stage.flat_kernel.shape[0]))
            bias = stage.bias + stage.tap_shift.sum(axis=0)
            hidden = stage.activation(ops.matmul(flat, stage.flat_kernel) + bias)
        return hidden

    def _run(self, stage: _Stage, values: _Values) -> _Values:
        positions = stage.per_window
        shared, own = None, None
        if stage.has_shared:
            bias = stage.bias + stage.tap_shift.sum(axis=0)
            shared = stage.activation(self._shared(stage, values) + bias)
        if positions:
            bias = stage.bias_at(positions)[:, None]
            own = stage.activation(self._own(stage, values, positions) + bias)
        return _Values(shared, values.shared_from + max(stage.taps), own, positions)

    def _shared(self, stage: _Stage, values: _Values) -> Tensor:
        """Convolve the contiguous rows once for all windows: (rows, channels), none padded."""
        longest = max(stage.taps)
        length = values.shared.shape[0] - longest
        taps = [values.shared[longest - back : longest - back + length] for back in stage.taps]
        return ops.matmul(ops.concatenate(taps, axis=-1), stage.flat_kernel)

    def _own(self, stage: _Stage, values: _Values, positions: list[int]) -> Tensor:
        """Convolve for every window by itself: (position, window, channels).

        Multiplies first and gathers then: products of shared rows are shared, zeros need none.
        """
        total = None
        for kernel, back in zip(stage.kernel, stage.taps, strict=True):
            sources = [position - back for position in positions]
            if all(source < 0 for source in sources):
                continue
            part = self._gather(self._multiply(values, kernel, sources), sources)
            total = part if total is None else total + part
        return total

    @staticmethod
    def _multiply(values: _Values, kernel: NDArray[np.float32], sources: list[int]) -> _Values:
        """Multiply the values at the given positions, and no others, by one tap of a kernel."""
        used = [index for index, p in enumerate(values.own_positions) if p in sources]
        own = _matmul(_pick(values.own, used), kernel) if used else None
        shared = None
        if any(source >= values.shared_from for source in sources):
            shared = ops.matmul(values.shared, kernel)
        return _Values(
            shared, values.shared_from, own, [values.own_positions[index] for index in used]
        )

    def _gather(self, values: _Values, positions: list[int]) -> Tensor:
        """Lay the values at some positions side by side: (position, window, channels).

        A position below 0 is padding and gives zeros.
        """
        channels = (values.shared if values.own is None else values.own).shape[-1]
        pieces = []
        for run in _runs(positions, values):
            if run[0] < 0:
                pieces.append(ops.zeros((len(run), self.num_windows, channels)))
            elif run[0] in values.own_positions:
                pieces.append(_pick(values.own, [values.own_positions.index(p) for p in run]))
            else:
                first = np.asarray(run)[:, None] - values.shared_from
                rows = first + np.arange(self.num_windows)  # window w reads row w + position
                pieces.append(ops.take(values.shared, rows, axis=0))
        return pieces[0] if len(pieces) == 1 else ops.concatenate(pieces, axis=0)

    def _sample(self, values: _Values, noise: Tensor) -> _Values:
        """Draw z where it is read: from here on every window has values of its own."""
        positions = list(self._encoder_stages[-1].positions)
        z_mean, z_log_var = ops.split(self._gather(values, positions), 2, axis=-1)
        z = z_mean + ops.exp(0.5 * z_log_var) * _pick(noise, positions)
        return _Values(None, self.window_length, z, positions)


def _stages(side: keras.Model, num_heads: int) -> list[_Stage]:
    """Take a side of the network apart; which positions are needed is filled in by `_plan`."""
    convolutions = [layer for layer in side.layers if isinstance(layer, DilatedCausalConv)]
    norms = [x for x in side.layers if isinstance(x, keras.layers.BatchNormalization)]
    heads = next(layer for layer in side.layers if isinstance(layer, ConvHeads)).heads[:num_heads]
    stages = []
    for layers, norm in zip(
        [*([layer] for layer in convolutions), heads], [None, *norms], strict=True
    ):
        kernel = np.concatenate([_float64(layer.kernel) for layer in layers], axis=-1)
        bias = np.concatenate([_float64(layer.bias) for layer in layers])
        scale, shift = np.ones(kernel.shape[1]), np.zeros(kernel.shape[1])
        if norm is not None:
            scale = _float64(norm.gamma) / np.sqrt(_float64(norm.moving_variance) + norm.epsilon)
            shift = _float64(norm.beta) - _float64(norm.moving_mean) * scale
        back = [(len(kernel) - 1 - tap) * layers[0].dilation for tap in range(len(kernel))]
        stages.append(
            _Stage(
                kernel=(kernel * scale[:, None]).astype(np.float32),
                bias=bias.astype(np.float32),
                tap_shift=(shift @ kernel).astype(np.float32),
                taps=tuple(back),
                activation=layers[0].activation,
                positions=(),
                shared_from=0,
            )
        )
    return stages


def _plan(
    chain: list[_Stage], num_encoder: int, window_length: int, sample_latent: bool
) -> list[_Stage]:
    """Decide which positions of every stage are needed, and from where on they are shared."""
    reach = 0
    shared_from = []
    for number, stage in enumerate(chain):
        if sample_latent and number == num_encoder:
            reach = window_length  # every window draws its own z
        reach += max(stage.taps)
        shared_from.append(reach)
    needed = {window_length - 1}
    planned: list[_Stage] = []
    for stage, first_shared in zip(reversed(chain), reversed(shared_from), strict=True):
        stage = stage._replace(positions=tuple(sorted(needed)), shared_from=first_shared)
        planned.append(stage)
        needed = {source for source in stage.sources if source >= 0}
    return planned[::-1]


def _tree(stages: Sequence[_Stage], last: int) -> list[int] | None:
    """Order the inputs of some stages so that what each position reads lies side by side.

    Returns:
        The positions in that order; None if a position would be read twice or is padding, in which
        case the stages do not form a tree.
    """
    positions = [last]
    for stage in reversed(stages):
        positions = [position - back for position in positions for back in stage.taps]
    return None if min(positions) < 0 or len(set(positions)) < len(positions) else positions


def _matmul(values: Tensor, kernel: NDArray[np.float32]) -> Tensor:
    """Multiply (position, window, channels_in) by (channels_in, channels_out), as one product."""
    flat = ops.reshape(values, (-1, values.shape[-1]))
    return ops.reshape(ops.matmul(flat, kernel), (*values.shape[:-1], kernel.shape[-1]))


def _float64(weight: keras.Variable) -> NDArray[np.float64]:
    values: NDArray[np.float64] = ops.convert_to_numpy(weight).astype(np.float64)
    return values


def _pick(values: Tensor, indices: list[int]) -> Tensor:
    """Take entries along the first axis; a slice where they are consecutive."""
    if indices == list(range(values.shape[0])):
        return values
    if all(b - a == 1 for a, b in pairwise(indices)):
        return values[indices[0] : indices[-1] + 1]
    return ops.take(values, np.asarray(indices), axis=0)


def _runs(positions: list[int], values: _Values) -> list[list[int]]:
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
