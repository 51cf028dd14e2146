"""Shared convolutions in NumPy, by the plan of `scoring.shared_convolutions`.

What is shared is computed once for all windows of a pass. What belongs to single windows is
computed for some windows at a time, so that it stays in the processor's cache, and every product is
added where it belongs instead of being gathered first.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dcvae._arrays import Float32Array
from dcvae.networks import NetworkWeights, sigma_from
from dcvae.scoring.shared_convolutions import SharedConvolutions, Stage, Values, runs, tree

_BLOCK = 32  # windows at a time; 16 to 128 take the same time, 512 half as long again


class _Part(NamedTuple):
    """Some of a list of positions, whose values come from one place."""

    place: slice  # which of the list
    is_shared: bool
    index: Any  # among own positions, or shared rows of window 0: a slice, or an array of numbers


class _Step(NamedTuple):
    """A stage, and where its taps read."""

    stage: Stage
    bias: Float32Array  # where no tap reads padding, (channels,)
    own_bias: Float32Array  # (position, 1, channels), of the positions of single windows
    taps: tuple[tuple[int, tuple[_Part, ...]], ...]  # number and parts, the nearest tap first


class _Hidden(NamedTuple):
    """Values of a stage for some windows of a pass."""

    own: Float32Array | None  # (position, window, channels)
    shared: Float32Array | None  # (rows, channels) of the whole pass
    windows: slice

    @property
    def num_windows(self) -> int:
        return int(self.windows.stop - self.windows.start)

    def part(self, part: _Part) -> Float32Array:
        """Return the values of a part, (position, window, channels); a view where that goes."""
        if not part.is_shared:
            found: Float32Array = self.own[part.index]  # type: ignore[index]
            return found
        return _of_windows(self.shared, part.index, self.windows)

    def lay(self, parts: Sequence[_Part]) -> Float32Array:
        """Return the values of all parts, (position, window, channels)."""
        if len(parts) == 1:
            return self.part(parts[0])
        return np.concatenate([self.part(part) for part in parts])


class SharedConvolutionsInNumpy(SharedConvolutions):
    """The forward pass for the last row of consecutive windows; see `SharedConvolutions`.

    Args:
        network: a trained network of convolutions.
        window_length: rows of a window, T.
        sample_latent: whether z is drawn; otherwise it is its mean.
    """

    def __init__(self, network: NetworkWeights, window_length: int, sample_latent: bool) -> None:
        super().__init__(network, window_length, sample_latent, np)
        last, latents = [window_length - 1], list(self._encoder_stages[-1].positions)
        self._encoder, values = _steps(self._encoder_stages, Values(None, 0, None, []))
        if sample_latent:
            self._drawn_at, self._drawn_from = latents, _parts(latents, values)
            values = Values(None, window_length, None, latents)
        self._latent = _parts(last, values)
        sources = tree(self._decoder_stages, last[0])
        self._tree = None if sources is None else _parts(sources, values)
        self._decoder, values = _steps(self._decoder_stages if sources is None else (), values)
        self._output = _parts(last, values)

    def __call__(self, inputs: dict[str, Any]) -> tuple[Any, Any, Any]:
        """Compute mean, sigma and latent of the last row of every window of the pass."""
        shared: Float32Array | None = inputs["rows"]
        num_windows = len(inputs["rows"]) - self.window_length + 1  # no attribute: threads share it
        every = []
        for number, step in enumerate((*self._encoder, *self._decoder)):
            if number == len(self._encoder) and self.sample_latent:
                shared = None
            products, shared = _shared(step, shared)
            every.append((products, shared))
        encoder, decoder = every[: len(self._encoder)], every[len(self._encoder) :]
        outputs, latents = [], []
        for first in range(0, num_windows, _BLOCK):
            windows = slice(first, min(first + _BLOCK, num_windows))
            hidden = _Hidden(None, inputs["rows"], windows)
            for step, (products, shared) in zip(self._encoder, encoder, strict=True):
                hidden = _Hidden(_own(step, hidden, products), shared, windows)
            if self.sample_latent:
                hidden = self._draw(hidden, inputs["noise"])
            latents.append(hidden.lay(self._latent)[0])
            if self._tree is not None:
                outputs.append(self._by_tree(hidden.lay(self._tree)))
                continue
            for step, (products, shared) in zip(self._decoder, decoder, strict=True):
                hidden = _Hidden(_own(step, hidden, products), shared, windows)
            outputs.append(hidden.lay(self._output)[0])
        mean, spread = np.split(np.concatenate(outputs), 2, axis=-1)
        return mean, sigma_from(spread, bounded=self._bounded), np.concatenate(latents)

    def _draw(self, hidden: _Hidden, noise: Float32Array) -> _Hidden:
        """Draw z where it is read: from here on every window has values of its own."""
        z_mean, z_log_var = np.split(hidden.lay(self._drawn_from), 2, axis=-1)
        z = np.exp(0.5 * z_log_var)
        z *= noise[self._drawn_at, hidden.windows]
        z += z_mean
        return _Hidden(z, None, hidden.windows)

    def _by_tree(self, latents: Float32Array) -> Float32Array:
        """Run the decoder on latents in the order of its tree: (window, mean and spread)."""
        hidden = np.ascontiguousarray(latents.transpose(1, 0, 2))
        for stage in self._decoder_stages:
            kernel = stage.flat_kernel
            hidden = hidden.reshape(-1, len(kernel)) @ kernel
            hidden += stage.bias
            hidden = stage.activation(hidden)
        return hidden


def _steps(stages: Sequence[Stage], values: Values) -> tuple[list[_Step], Values]:
    """Find where the taps of some stages read, from the values before them; and what they give."""
    steps = []
    for stage in stages:
        positions = stage.per_window
        taps = []
        for number in np.argsort(stage.taps):
            sources = [position - stage.taps[number] for position in positions]
            taps.append((int(number), _parts(sources, values)))
        bias = stage.convolution.bias_at(positions)[:, None] if positions else np.empty(0)
        steps.append(_Step(stage, stage.bias, bias.astype(np.float32), tuple(taps)))
        values = Values(None, values.shared_from + max(stage.taps), None, positions)
    return steps, values


def _parts(positions: Sequence[int], values: Values) -> tuple[_Part, ...]:
    """Divide positions by where their values come from; padding is left out, as it adds nothing."""
    parts, done = [], 0
    for run in runs(list(positions), values):
        place = slice(done, done + len(run))
        done += len(run)
        if run[0] < 0:
            continue
        is_shared = run[0] not in values.own_positions
        index = [
            position - values.shared_from if is_shared else values.own_positions.index(position)
            for position in run
        ]
        is_dense = index == list(range(index[0], index[0] + len(index)))
        whole = slice(index[0], index[-1] + 1) if is_dense else np.array(index)
        parts.append(_Part(place, is_shared, whole))
    return tuple(parts)


def _shared(
    step: _Step, before: Float32Array | None
) -> tuple[list[Float32Array], Float32Array | None]:
    """Multiply what is shared by each tap, and add the products up: (rows, channels)."""
    if before is None:
        return [], None
    stage, longest = step.stage, max(step.stage.taps)
    products = [before @ kernel for kernel in stage.kernel]
    if not stage.has_shared:
        return products, None
    total = np.empty_like(products[0][longest:])
    total[:] = step.bias
    for product, back in zip(products, stage.taps, strict=True):
        total += product[longest - back : len(product) - back]
    return products, stage.activation(total)


def _own(step: _Step, before: _Hidden, products: Sequence[Float32Array]) -> Float32Array | None:
    """Convolve for every window by itself: (position, window, channels); None if nothing is own."""
    if not len(step.own_bias):
        return None
    kernels, num_windows = step.stage.kernel, before.num_windows
    total = np.empty((len(step.own_bias), num_windows, kernels.shape[-1]), dtype=np.float32)
    for order, (tap, parts) in enumerate(step.taps):
        for part in parts:
            place = total[part.place]
            if part.is_shared:  # products of shared rows are shared
                found = _of_windows(products[tap], part.index, before.windows)
            else:
                own = before.part(part)
                own = own.reshape(-1, own.shape[-1])
                if order == 0:
                    np.matmul(own, kernels[tap], out=place.reshape(len(own), -1))
                    continue
                found = (own @ kernels[tap]).reshape(place.shape)
            if order == 0:  # the nearest tap reads the position itself, so it reads no padding
                place[:] = found
            else:
                place += found
    total += step.own_bias
    activated: Float32Array = step.stage.activation(total)
    return activated


def _of_windows(shared: Any, index: Any, windows: slice) -> Float32Array:
    """Take positions of windows, (position, window, channels): window w reads row w + index."""
    if isinstance(index, slice):
        row, item = shared.strides
        shape = (index.stop - index.start, windows.stop - windows.start, shared.shape[1])
        begin = (index.start + windows.start) * row
        return np.ndarray(shape, shared.dtype, shared, begin, (row, row, item))
    rows = index[:, None] + np.arange(windows.start, windows.stop)
    found: Float32Array = shared[rows]
    return found
