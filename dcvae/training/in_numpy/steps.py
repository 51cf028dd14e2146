"""Steps of DC-VAE in NumPy: the negative ELBO of a batch, its gradients, and an update by Adam.

A batch is divided into parts of whole windows, few enough that what a layer reads and writes stays
in the processor's cache. Processes share the parts. What these must know of each other are the
statistics of batch normalization, forward and backward, and the sum of their gradients; it is added
up in the order of the parts, so that the number of processes changes no number. The equations are
those of the network in Keras (`networks.vae`, `networks.losses`).
"""

from collections.abc import Sequence

import numpy as np

from dcvae._arrays import Float32Array, Float64Array, Int32Array, IntArray
from dcvae.config import Fidelity
from dcvae.training.in_numpy import adam
from dcvae.training.in_numpy.layers import Layer, Normalization
from dcvae.training.in_numpy.parameters import Parameters
from dcvae.training.in_numpy.part import BatchPart
from dcvae.training.in_numpy.shared_memory import Arrays
from dcvae.training.in_numpy.team import Team

_Affine = tuple[Float32Array | None, Float32Array | None]


class BatchSteps:
    """Steps on batches of one size.

    Args:
        parameters: changed by `train`.
        table: (series, rows) float32, scaled.
        length: rows of a window, T.
        windows: of a batch, part by part.
        convention: meaning of the spread head, see `losses.log_variance_from`.
        bounded: whether log variances are bounded.
        team: processes that share the work.
        arrays: where the numbers are that both need.

    Attributes:
        team: processes that share the work.
        num_windows: windows of a batch.
        num_parts: parts of a batch.
        buffer_size: numbers that NumPy should buffer at most.
    """

    def __init__(
        self,
        parameters: Parameters,
        table: Float32Array,
        length: int,
        windows: Sequence[slice],
        convention: Fidelity,
        team: Team,
        arrays: Arrays,
        *,
        bounded: bool,
    ) -> None:
        self.team = team
        self.num_windows = windows[-1].stop
        self.num_parts = len(windows)
        self._parameters = parameters
        self._parts = [
            BatchPart(parameters, table, length, part, convention, bounded=bounded)
            for part in windows
        ]
        self._shares = [np.float32(x.num_windows / self.num_windows) for x in self._parts]
        # NumPy takes slices and broadcasts of shorter rows than its buffer through that buffer,
        # which takes three times as long.
        columns = min(length * part.num_windows for part in self._parts)
        self.buffer_size = int(np.clip(columns // 16 * 16, 16, np.getbufsize()))
        self._cells = length * self.num_windows
        latent_size = parameters.decoder[0].channels
        self._counts = self._cells * np.array([len(table), latent_size], dtype=np.float64)
        # Every layer has a place of its own for each part, so that nobody waits until one is free.
        self._layers = layers = (*parameters.encoder, *parameters.decoder)
        self._moments = [arrays.zeros((2, self.num_parts, layer.channels)) for layer in layers]
        self._gradients = [arrays.zeros((self.num_parts, *_joint_shape(layer))) for layer in layers]
        self._mine = _Own(layers)
        self._scratch = np.empty(len(parameters.values), dtype=np.float32)

    def train(
        self,
        starts: Int32Array,
        noise: Float32Array,
        rates: Sequence[float],
        losses: Float64Array,
    ) -> None:
        """Make training steps; every process of the team calls this.

        Args:
            starts: (steps, windows) int32, first rows of the windows.
            noise: (steps, windows, T, latent) float32, standard normal.
            rates: (steps,) learning rates.
            losses: (steps, parts, 2) float64, written to: each part's share of the mean
                reconstruction loss and of the mean latent loss.
        """
        first = int(self._parameters.steps[0])
        num_encoder = len(self._parameters.encoder)
        for step, rate in enumerate(rates):
            for part in self._own():
                self._parts[part].gather(starts[step], noise[step])
            for number, layer in enumerate(self._layers):
                if number == num_encoder:
                    for part in self._own():
                        self._parts[part].draw()
                self._forward(number, layer)
            for part in self._own():
                work = self._parts[part]
                losses[step, part] = work.losses(work.num_windows) / self._counts
                work.loss_gradients(self._cells)
            for number in range(len(self._layers) - 1, -1, -1):
                self._backward(number)
            self.team.wait()
            self._update(first + step + 1, rate)
            self.team.wait()

    def validate(
        self,
        starts: Int32Array,
        noise: Float32Array,
        counts: IntArray,
        losses: Float64Array,
    ) -> None:
        """Compute losses as they are without training; every process of the team calls this.

        Args:
            starts: (batches, windows) int32, first rows of the windows.
            noise: (batches, windows, T, latent) float32, standard normal.
            counts: (batches,) windows of each batch that count; the others fill it up.
            losses: (batches, parts, 2) float64, written to, as in `train`.
        """
        joints = self._mine.joints
        for layer, joint in zip(self._layers, joints, strict=True):
            scale, shift = (None, None) if layer.before is None else layer.before.fixed()
            layer.fold(joint, scale, shift)
        for batch, count in enumerate(counts):
            for part in self._own():
                work = self._parts[part]
                work.gather(starts[batch], noise[batch])
                for number, joint in enumerate(joints):
                    if number == len(self._parameters.encoder):
                        work.draw()
                    work.layers[number].forward(joint, work.results[number])
                own = int(np.clip(count - work.windows.start, 0, work.num_windows))
                share = self.num_windows / int(count)
                losses[batch, part] = work.losses(own) / self._counts * share

    def _own(self) -> range:
        """Return the parts of this process."""
        return range(self.team.member, self.num_parts, self.team.size)

    def _forward(self, number: int, layer: Layer) -> None:
        """Run a layer, with the statistics of the batch."""
        own = self._mine
        if layer.before is not None:
            self._normalize(number, layer.before)
        own.rows[number] = layer.fold(own.joints[number], *own.affine[number])
        for part in self._own():
            work = self._parts[part]
            work.layers[number].forward(own.joints[number], work.results[number])

    def _normalize(self, number: int, norm: Normalization) -> None:
        """Find scale and shift by the statistics of the whole batch."""
        moments = self._moments[number]
        for part in self._own():
            moments[:, part] = self._parts[part].moments(number)
        self.team.wait()
        means, variances = moments
        # Of parts to those of the whole (Chan et al. 1979).
        mean = np.zeros_like(means[0])
        variance = np.zeros_like(mean)
        for share, center in zip(self._shares, means, strict=True):
            mean += share * center
        for share, center, spread in zip(self._shares, means, variances, strict=True):
            variance += share * (spread + np.square(center - mean))
        inverse = 1.0 / np.sqrt(variance + np.float32(norm.epsilon))
        scale = norm.gamma * inverse
        own = self._mine
        own.statistics[number] = mean, inverse
        own.affine[number] = scale, norm.beta - mean * scale
        if self._writes(number):  # nobody reads these in a step
            keep = np.float32(norm.momentum)
            norm.mean[...] = norm.mean * keep + mean * (1 - keep)
            norm.variance[...] = norm.variance * keep + variance * (1 - keep)

    def _backward(self, number: int) -> None:
        """Go back through a layer, and through what is in front of it."""
        own = self._mine
        joint, num_encoder = own.joints[number], len(self._parameters.encoder)
        for part in self._own():
            work = self._parts[part]
            into = None
            if number == num_encoder:
                into = work.latent_gradient
            elif number:
                into = work.layers[number - 1].gradient
            work.layers[number].backward(joint, self._gradients[number][part], into)
            if number == num_encoder:
                work.back_through_draw(self._cells)
        self.team.wait()
        writes = self._writes(number)
        layer, (scale, shift) = self._layers[number], own.affine[number]
        if layer.before is None and not writes:
            return
        total = self._gradients[number].sum(axis=0)
        found = layer.unfold(total, own.rows[number], scale, shift, keep=writes)
        norm = layer.before
        if found is None or scale is None or norm is None:
            return
        of_scale, of_shift = found
        mean, inverse = own.statistics[number]
        of_scale = of_scale - mean * of_shift  # the shift has the scale in it
        if writes:
            norm.gamma_gradient[...] = of_scale * inverse
            norm.beta_gradient[...] = of_shift
        of_variance = -0.5 * of_scale * norm.gamma * inverse**3
        slope = of_variance * np.float32(2.0 / self._cells)
        level = -scale * of_shift / np.float32(self._cells) - slope * mean
        for part in self._own():
            self._parts[part].back_through_norm(number, slope, level)

    def _writes(self, number: int) -> bool:
        """Tell whether it is this process that writes what belongs to all, for a layer."""
        return number % self.team.size == self.team.member

    def _update(self, step: int, rate: float) -> None:
        """Update this process's share of the parameters."""
        parameters, member, members = self._parameters, self.team.member, self.team.size
        size = len(parameters.values)
        own = slice(size * member // members, size * (member + 1) // members)
        adam.update(
            parameters.values[own],
            parameters.gradients[own],
            parameters.momenta[own],
            parameters.velocities[own],
            self._scratch[own],
            step=step,
            learning_rate=rate,
        )


class _Own:
    """What a process computes for itself in a step, as that is quicker than to wait for it.

    Attributes:
        joints: of each layer, the folded weights.
        rows: of each layer, what `Layer.fold` returned.
        affine: of each layer, scale and shift of what it reads.
        statistics: of each layer, mean and 1 / deviation of what it reads.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.joints = [np.empty(_joint_shape(layer), dtype=np.float32) for layer in layers]
        self.affine: list[_Affine] = [(None, None)] * len(layers)
        nothing = np.empty(0, dtype=np.float32)
        self.rows = [nothing] * len(layers)
        self.statistics = [(nothing, nothing)] * len(layers)


def _joint_shape(layer: Layer) -> tuple[int, int]:
    return layer.taps * layer.units, layer.channels + 1
