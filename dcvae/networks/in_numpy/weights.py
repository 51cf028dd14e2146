"""Weights of a network, described without the framework that built or trains it.

A file, a Keras network and a network in NumPy all give this description, and each is made of it.
Weights have the shapes and the order of Keras's layers.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dcvae._arrays import Float32Array
from dcvae.config import Architecture, Fidelity, LayerType, Loss

UInt32Array = npt.NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Norm:
    """Batch normalization of channels, `gamma·(x - mean)/sqrt(variance + epsilon) + beta`.

    Attributes:
        gamma: (channels,) float32.
        beta: (channels,) float32.
        mean: (channels,) float32, moving mean of the training.
        variance: (channels,) float32 >= 0, moving variance of the training.
        epsilon: added to the variance.
        momentum: of the moving statistics, for training.
    """

    gamma: Float32Array
    beta: Float32Array
    mean: Float32Array
    variance: Float32Array
    epsilon: float = 1e-3
    momentum: float = 0.99


@dataclass(frozen=True, eq=False)
class Convolution:
    """A dilated causal convolution, its activation, and what follows it.

    Attributes:
        kernel: (taps, channels_in, units) float32; the last tap reads the row itself.
        bias: (units,) float32.
        dilation: rows between two taps.
        activation: name of an activation, as the key `activation` allows it.
        norm: batch normalization of the activation's result; None for none.
    """

    kernel: Float32Array
    bias: Float32Array
    dilation: int
    activation: str = "linear"
    norm: Norm | None = None


@dataclass(frozen=True, eq=False)
class Recurrent:
    """A recurrent layer of Keras, its activation, and what follows it.

    Attributes:
        layer_type: "rnn", "gru" or "lstm"; gates in Keras's order (update, reset, candidate; input,
            forget, candidate, output).
        kernel: (channels_in, gates·units) float32.
        recurrent_kernel: (units, gates·units) float32.
        bias: (gates·units,) float32; of a GRU (2, gates·units), of the input and of the state.
        activation: name of the activation of a candidate, and of an LSTM's output.
        norm: batch normalization of the states; None for none.
    """

    layer_type: LayerType
    kernel: Float32Array
    recurrent_kernel: Float32Array
    bias: Float32Array
    activation: str = "tanh"
    norm: Norm | None = None


@dataclass(frozen=True, eq=False)
class Dense:
    """A linear map of each row.

    Attributes:
        kernel: (channels_in, units) float32.
        bias: (units,) float32.
    """

    kernel: Float32Array
    bias: Float32Array


@dataclass(frozen=True, eq=False)
class ConvolutionSide:
    """Encoder or decoder of convolutions.

    Attributes:
        hidden: hidden layers, the first one first.
        heads: two linear convolutions of the last hidden layer, both with one dilation: mean, and
            log variance or spread.
    """

    hidden: tuple[Convolution, ...]
    heads: tuple[Convolution, Convolution]


@dataclass(frozen=True, eq=False)
class RecurrentSide:
    """Encoder or decoder of recurrent layers.

    Attributes:
        hidden: layers that hand on all their states, the first one first.
        heads: of RNN-VAE two layers of the last hidden one, as in `ConvolutionSide`. Of seq2seq
            one: the encoder's second layer, of which the last state is the embedding, or the
            decoder's linear map.
    """

    hidden: tuple[Recurrent, ...]
    heads: tuple[Recurrent | Dense, ...]


@dataclass(frozen=True, eq=False)
class NetworkWeights:
    """A network: its layers with their weights, and all else that makes its results.

    Attributes:
        architecture: which network it is.
        window_length: rows of a window, T.
        num_series: series of a window, M.
        latent_size: numbers of a latent vector, J, or of an embedding.
        encoder: layers of the encoder.
        decoder: layers of the decoder.
        spread_convention: meaning of the spread head in the loss; see `log_variance_from`.
        bounded: whether log variances are bounded; see `log_variance_from`.
        gradient_norm: norm that training clips gradients to; None for no clipping.
        seed: seed of the latent draws.
        draw_state: (2,) uint32, state of the latent draws: seed and counter; None where nothing is
            drawn.
        distance: of seq2seq, what training minimizes.
    """

    architecture: Architecture
    window_length: int
    num_series: int
    latent_size: int
    encoder: ConvolutionSide | RecurrentSide
    decoder: ConvolutionSide | RecurrentSide
    spread_convention: Fidelity = "paper"
    bounded: bool = True
    gradient_norm: float | None = None
    seed: int = 0
    draw_state: UInt32Array | None = None
    distance: Loss = "mae"
