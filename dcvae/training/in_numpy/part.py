"""Part of a batch: forward, losses and backward of some of its windows.

Arrays are laid out as in `layers`: (channels, time·windows), time first.
"""

import numpy as np

from dcvae._arrays import Float32Array, Float64Array, Int32Array
from dcvae.config import Fidelity
from dcvae.networks import BOUNDED_ACTIVATIONS, LOG_VARIANCE_BOUND
from dcvae.training.in_numpy.layers import LayerPart
from dcvae.training.in_numpy.parameters import Parameters

_FEW_COLUMNS = 2**14


class BatchPart:
    """Some windows of a batch, with the arrays of all layers for them.

    Args:
        parameters: of the network.
        table: (series, rows) float32, scaled.
        length: rows of a window, T.
        windows: which of the batch's.
        convention: meaning of the spread head, see `losses.log_variance_from`.
        bounded: whether log variances are bounded.

    Attributes:
        windows: which of the batch's.
        num_windows: how many.
        layers: encoder and decoder, one after the other.
        results: of each layer, (units, T·windows) float32: what the next one reads.
        latent_gradient: (latent, T·windows) float32, of the loss by the latent that is drawn.
    """

    def __init__(
        self,
        parameters: Parameters,
        table: Float32Array,
        length: int,
        windows: slice,
        convention: Fidelity,
        *,
        bounded: bool,
    ) -> None:
        self.windows = windows
        self.num_windows = windows.stop - windows.start
        self._length = length
        self._table = table
        self._steepness = np.float32(2.0 if convention == "code" else 1.0)
        self._bounded = bounded
        columns = length * self.num_windows
        layers = (*parameters.encoder, *parameters.decoder)
        largest = max(layer.taps * layer.units for layer in layers)
        products = np.empty((2, largest * columns), dtype=np.float32)
        self.layers = [
            LayerPart(layer, length, self.num_windows, products[number % 2])
            for number, layer in enumerate(layers)
        ]
        self._num_encoder = len(parameters.encoder)
        series, latent = parameters.encoder[0].channels, parameters.decoder[0].channels
        self._encoded = np.empty((2 * latent, columns), dtype=np.float32)
        self._decoded = np.empty((2 * series, columns), dtype=np.float32)
        self.results = [part.inputs[:-1] for part in self.layers[1:]] + [self._decoded]
        self.results[self._num_encoder - 1] = self._encoded
        self.latent_gradient = np.empty((latent, columns), dtype=np.float32)
        self._noise, self._deviation = np.empty((2, latent, columns), dtype=np.float32)
        self._error, self._precision, self._squares = np.empty(
            (3, series, columns), dtype=np.float32
        )
        widest = max(layer.channels for layer in layers)
        self._scratch = np.empty((widest, columns), dtype=np.float32)
        self._ones = np.ones(columns, dtype=np.float32)
        self._times = np.arange(length)[:, np.newaxis]

    def gather(self, starts: Int32Array, noise: Float32Array) -> None:
        """Take rows and noise of this part.

        Args:
            starts: (windows of the batch,) int32, first rows.
            noise: (windows of the batch, T, latent) float32.
        """
        rows = (self._times + starts[self.windows]).ravel()
        np.take(self._table, rows, axis=1, out=self.layers[0].inputs[:-1], mode="clip")
        own = noise[self.windows].transpose(2, 1, 0)
        self._noise.reshape(own.shape)[...] = own

    def draw(self) -> None:
        """Draw the latent, `z = z_mean + exp(z_log_var / 2)·noise`."""
        z_mean, z_log_var = np.split(self._encoded, 2)
        np.multiply(z_log_var, np.float32(0.5), out=self._deviation)
        np.exp(self._deviation, out=self._deviation)
        latent = self.layers[self._num_encoder].inputs[:-1]
        np.multiply(self._deviation, self._noise, out=latent)
        latent += z_mean

    def losses(self, count: int) -> Float64Array:
        """Sum the two parts of the negative ELBO over the first windows, and keep what is needed.

        Args:
            count: windows that count.

        Returns:
            (2,) float64, nats: the sum over cells of the negative log-likelihood, and the sum over
            latent numbers of the KL divergence.
        """
        mean, spread = np.split(self._decoded, 2)
        log_variance = spread
        if self._steepness != 1 or self._bounded:
            log_variance = self._squares
            np.multiply(spread, self._steepness, out=log_variance)
        if self._bounded:
            bound = np.float32(LOG_VARIANCE_BOUND)
            np.clip(log_variance, -bound, bound, out=log_variance)
        np.negative(log_variance, out=self._precision)
        np.exp(self._precision, out=self._precision)
        np.subtract(self.layers[0].inputs[:-1], mean, out=self._error)
        total = self._sum(log_variance, count)
        np.square(self._error, out=self._squares)
        self._squares *= self._precision
        reconst = 0.5 * (self._sum(self._squares, count) + total)
        z_mean, z_log_var = np.split(self._encoded, 2)
        scratch = self._scratch[: len(z_mean)]
        np.square(z_mean, out=scratch)
        scratch -= z_log_var
        scratch += np.square(self._deviation)
        scratch -= np.float32(1.0)
        return np.array([reconst, 0.5 * self._sum(scratch, count)])

    def loss_gradients(self, cells: int) -> None:
        """Write the gradient of the loss by the results of the decoder; `losses` goes before.

        Args:
            cells: rows of all windows of the batch.
        """
        gradient = self.layers[-1].gradient
        by_mean, by_spread = np.split(gradient, 2)
        weight = np.float32(1.0 / (cells * len(by_mean)))
        np.multiply(self._error, self._precision, out=by_mean)
        by_mean *= -weight
        np.subtract(np.float32(1.0), self._squares, out=by_spread)
        by_spread *= np.float32(0.5) * weight * self._steepness
        if self._bounded:
            spread = self._decoded[len(by_mean) :]
            bound = np.float32(LOG_VARIANCE_BOUND) / self._steepness
            by_spread *= np.abs(spread) <= bound

    def back_through_draw(self, cells: int) -> None:
        """Write the gradient by the results of the encoder from that by the latent.

        Args:
            cells: rows of all windows of the batch.
        """
        gradient = self.layers[self._num_encoder - 1].gradient
        by_mean, by_log_variance = np.split(gradient, 2)
        weight = np.float32(1.0 / (cells * len(by_mean)))
        z_mean = self._encoded[: len(by_mean)]
        np.multiply(z_mean, weight, out=by_mean)
        by_mean += self.latent_gradient
        np.multiply(self.latent_gradient, self._noise, out=by_log_variance)
        by_log_variance *= self._deviation
        by_log_variance += weight * (np.square(self._deviation) - np.float32(1.0))
        by_log_variance *= np.float32(0.5)

    def moments(self, number: int) -> tuple[Float32Array, Float32Array]:
        """Return mean and variance of what a layer reads, each (channels,)."""
        inputs = self.layers[number].inputs[:-1]
        columns = np.float32(inputs.shape[1])
        mean: Float32Array = np.matmul(inputs, self._ones) / columns
        is_bounded = self.layers[number - 1].layer.activation in BOUNDED_ACTIVATIONS
        if is_bounded and inputs.shape[1] <= _FEW_COLUMNS:
            # Rounding is far below what is added to the variance; it grows with the columns.
            return mean, np.einsum("ij,ij->i", inputs, inputs) / columns - np.square(mean)
        scratch = self._scratch[: len(inputs)]
        # Not the mean square less the square of the mean, which rounding may leave with nothing.
        np.subtract(inputs, mean[:, np.newaxis], out=scratch)
        return mean, np.einsum("ij,ij->i", scratch, scratch) / columns

    def back_through_norm(self, number: int, slope: Float32Array, level: Float32Array) -> None:
        """Go from the gradient by what a layer reads to that before the activation of it.

        Args:
            number: of the layer.
            slope: (channels,) added to the gradient times what is read: the batch's variance.
            level: (channels,) added to the gradient: the batch's mean.
        """
        before = self.layers[number - 1]
        inputs = self.layers[number].inputs[:-1]
        scratch = self._scratch[: len(inputs)]
        np.multiply(inputs, slope[:, np.newaxis], out=scratch)
        scratch += level[:, np.newaxis]
        before.gradient += scratch
        before.through_activation(inputs, scratch)

    def _sum(self, values: Float32Array, count: int) -> float:
        """Sum (channels, T·windows) over the first windows."""
        if count < self.num_windows:
            values = values.reshape(len(values), self._length, -1)[:, :, :count]
        return float(values.sum(dtype=np.float64 if values.size < 1024 else np.float32))
