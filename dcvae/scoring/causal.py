"""Causal scores: each row by the window that ends in it (García González et al. 2022).

A window scores its last row alone, from what was known at that time. Windows are scored in passes
of a fixed number, so that one compilation serves files of any length and no array of shape
(rows, T, series) is ever made.

Neighboring windows share all rows but one. A network of causal convolutions lets them share the
work too (`shared_convolutions`); any other network runs on every window of a pass.
"""

from collections.abc import Iterator

import numpy as np

from dcvae._arrays import Float32Array, Tensor
from dcvae.config import ScoringKeys
from dcvae.data import ModelInput, num_windows
from dcvae.errors import InputError
from dcvae.networks import Network
from dcvae.scoring.batched import batched_pass, pass_size
from dcvae.scoring.in_numpy.shared_convolutions import SharedConvolutionsInNumpy
from dcvae.scoring.scores import Scores
from dcvae.scoring.shared_convolutions import SharedConvolutions
from dcvae.scoring.sigma import SigmaCalibration

PASS_WINDOWS = 512  # windows scored by one call on a CPU; measured: benchmarks/README.md
BLOCK_ROWS = 16_384  # rows handed on together


class CausalScorer:
    """A scorer of tables with a trained network, each row by the window that ends in it.

    Args:
        network: the trained network. The scorer keeps a copy of its weights, so that later
            training changes no score.
        window_length: rows of a window, T.
        sample_latent: False (paper) decodes z_mean, with the same scores every time. True
            (published code) decodes a random draw of z.
        seed: seed of the draws of z; one seed gives one result, as in `latent_noise`.
        sigma: sigma mode to apply; None keeps the sigma that the network predicts.
        block_rows: scored rows that `blocks` hands on together, at least 1; bounds the memory,
            changes no score.

    Raises:
        ValueError: `block_rows` is below 1.
    """

    def __init__(
        self,
        network: Network,
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
        self.sample_latent = sample_latent
        self.seed = seed
        self.sigma = sigma
        self.latent_size = network.latent_size
        weights = network.describe()
        size = pass_size(PASS_WINDOWS, network)
        if SharedConvolutions.suits(weights):
            if network.ops is np:
                shared: SharedConvolutions = SharedConvolutionsInNumpy(
                    weights, window_length, sample_latent
                )
            else:
                shared = SharedConvolutions(weights, window_length, sample_latent, network.ops)
            # Its weights are constants of the stages: it reads no variables of the network.
            self._pass = batched_pass(shared, size, network, is_bare=True)
        else:
            every = _EveryWindow(network, window_length, sample_latent)
            self._pass = batched_pass(every, size, every.network)

    @classmethod
    def of(
        cls,
        network: Network,
        keys: ScoringKeys,
        sigma: SigmaCalibration | None = None,
    ) -> "CausalScorer":
        """Make the scorer that a model's settings ask for.

        Args:
            network: the trained network.
            keys: the scoring keys of its settings.
            sigma: sigma mode to apply; None keeps the sigma that the network predicts.
        """
        return cls(
            network,
            keys.window_length,
            sample_latent=keys.fidelity_latent == "code",
            seed=keys.seed,
            sigma=sigma,
        )

    def score(self, inputs: ModelInput) -> Scores:
        """Score every row in which a whole window ends; see `blocks`."""
        return Scores.concatenate(list(self.blocks(inputs)))

    def blocks(self, inputs: ModelInput) -> Iterator[Scores]:
        """Score a table and yield the scores of a few thousand rows at a time, in order.

        Args:
            inputs: the table. Missing cells, and rows whose window crosses a gap, have no error.
                The error of a cell beyond the bounds is that of what was measured.

        Yields:
            Scores of consecutive rows, scaled, from row T - 1 of the table on.

        Raises:
            InputError: the table has fewer rows than a window.
        """
        total = num_windows(len(inputs.values), self.window_length)
        if total == 0:
            raise InputError(
                f"Expected at least `T` = {self.window_length} rows to score. "
                f"Received: {len(inputs.values)}."
            )
        before = self.window_length - 1
        scorable = inputs.scorable(self.window_length)[before:]
        waiting: list[Scores] = []
        num_waiting = 0
        passes = self._pass.run(total, lambda *which: self._inputs(inputs.values, *which))
        for windows, (mean, sigma, latent) in passes:
            if self.sigma is not None:
                sigma = self.sigma.apply(sigma)
            rows = slice(windows.start + before, windows.stop + before)
            if inputs.constant is not None:
                # What never changed is expected as it was: any other value is as far off.
                mean = np.where(inputs.constant, inputs.values[rows], mean)
                sigma = np.where(inputs.constant, np.float32(1.0), sigma)
            error = inputs.measured(rows.start, rows.stop) - mean
            error[~scorable[windows]] = np.nan
            waiting.append(Scores(mean, sigma, error, latent))
            num_waiting += len(mean)
            while num_waiting >= self.block_rows:
                block, rest = Scores.concatenate(waiting).split(self.block_rows)
                yield block
                waiting, num_waiting = [rest], num_waiting - self.block_rows
        if num_waiting:
            yield Scores.concatenate(waiting)

    def _inputs(self, values: Float32Array, first: int, count: int) -> dict[str, Float32Array]:
        """Collect the rows of consecutive windows, and their noise if z is drawn."""
        rows = values[first : first + count + self.window_length - 1]
        size = self._pass.batch_size
        missing = size - count
        inputs = {"rows": np.pad(rows, [(0, missing), (0, 0)]) if missing else rows}
        if self.sample_latent:
            noise = latent_noise(self.seed, first, size, self.window_length, self.latent_size)
            inputs["noise"] = noise.transpose(1, 0, 2)  # (position, window, latent)
        return inputs


def latent_noise(
    seed: int, first_window: int, count: int, window_length: int, latent_size: int
) -> Float32Array:
    """Draw standard normal numbers for the latent sequences of consecutive windows.

    A counter-based generator lets every window own a fixed part of one sequence: a window has the
    same numbers in whatever pass it is scored.

    Args:
        seed: seed of the sequence.
        first_window: number of the first window, its start in the table.
        count: windows.
        window_length: rows of a window, T.
        latent_size: numbers of a latent vector.

    Returns:
        (count, window_length, latent_size) float32.

    Examples:
        >>> of_four = latent_noise(1, first_window=0, count=4, window_length=2, latent_size=3)
        >>> of_last = latent_noise(1, first_window=3, count=1, window_length=2, latent_size=3)
        >>> bool((of_four[3] == of_last[0]).all())
        True
    """
    from scipy.special import ndtri  # only the published code's convention needs it

    wanted = window_length * latent_size
    counters = -(-wanted // 4)  # the generator gives four numbers a count
    generator = np.random.Philox(key=seed)
    generator.advance(first_window * counters)
    bits = generator.random_raw(count * counters * 4).reshape(count, counters * 4)[:, :wanted]
    # 52 bits and a half: exact in float64, and never 0 or 1, whose quantiles are infinite.
    uniform = ((bits >> np.uint64(12)) + 0.5) * 2.0**-52
    noise: Float32Array = ndtri(uniform).astype(np.float32)
    return noise.reshape(count, window_length, latent_size)


class _EveryWindow:
    """The forward pass of a copy of the network for consecutive windows, each by itself.

    Inputs and outputs are those of `SharedConvolutions`.
    """

    def __init__(self, network: Network, window_length: int, sample_latent: bool) -> None:
        self.network = network.copy()
        self._window_length = window_length
        self._sample_latent = sample_latent

    def __call__(self, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        ops, length = self.network.ops, self._window_length
        starts = np.arange(inputs["rows"].shape[0] - length + 1)
        rows = starts[:, None] + np.arange(length)
        windows = ops.take(inputs["rows"], rows, axis=0)  # (window, T, series)
        noise = ops.transpose(inputs["noise"], (1, 0, 2)) if self._sample_latent else None
        mean, sigma, latent = self.network.reconstruct(windows, noise)
        return mean[:, -1], sigma[:, -1], latent
