"""Judge the last row of every window (García González et al. 2022).

Windows are judged in passes of a fixed number, the last one filled up, so that there is one
compilation whatever the length of the file, and nothing of size (rows, time, series) exists. A
window of a file always has the same place in its pass, as float32 may round differently in another
one: the scores of a file have the same bytes however many rows at a time they are handed on.

Neighboring windows share all rows but one. A network of causal convolutions lets them share the
work too (`last_row`); any other runs on every window of a pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from dcvae.config.settings import Settings
from dcvae.data.windows import num_windows
from dcvae.errors import InputError
from dcvae.networks.base import COMPILES_PASSES, Autoencoder
from dcvae.networks.losses import Tensor
from dcvae.scoring.shared_convolutions import LastRowPass
from dcvae.scoring.sigma import SigmaCalibration

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
        network: Autoencoder,
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
        self.latent_size = network.latent_size
        judge = LastRowPass if LastRowPass.suits(network) else _EveryWindowPass
        self._pass = judge(network, window_length, self.pass_windows, sample_latent)
        self._pass.compile(jit_compile=COMPILES_PASSES)

    @classmethod
    def of(
        cls,
        network: Autoencoder,
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


class _EveryWindowPass(keras.Model):
    """The network's forward pass for `num_windows` consecutive windows, each by itself.

    Input and output as those of `LastRowPass`. The weights are those of a copy of the network.
    """

    def __init__(
        self, network: Autoencoder, window_length: int, num_windows: int, sample_latent: bool
    ) -> None:
        super().__init__(name="every_window_pass")
        self._network = type(network).from_config(network.get_config())
        self._network.set_weights(network.get_weights())
        self._rows = np.arange(num_windows)[:, None] + np.arange(window_length)
        self._sample_latent = sample_latent
        self.built = True  # its weights are those of the copy

    def call(self, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        windows = ops.take(inputs["rows"], self._rows, axis=0)  # (window, T, series)
        noise = ops.transpose(inputs["noise"], (1, 0, 2)) if self._sample_latent else None
        mean, sigma, latent = self._network.reconstruct(windows, noise)
        return mean[:, -1], sigma[:, -1], latent
