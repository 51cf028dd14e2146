"""Size of a network and of a training step, estimated from the keys before anything is built.

Keys that are each within their bounds may together describe what no machine holds.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from dcvae.config.keys.network import NetworkKeys
from dcvae.config.keys.training import TrainingKeys

MOST_PARAMETERS = 2_000_000_000  # 8 GB, and three times as much while it is trained
MOST_NUMBERS = 10_000_000_000  # of one step of training, 40 GB
MOST_DRAWN = 1_000_000_000  # windows of an epoch
_GATES = {"rnn": 1, "gru": 3, "lstm": 4}
_SIZES = {
    "dc-vae": "`cnn_units`, `kernel` and `J`",
    "rnn-vae": "`rnn_units` and `J`",
    "seq2seq": "`hidden_size` and `embedding_size`",
}


class _Layer(NamedTuple):
    """A layer: its parameters, and the numbers that it makes of one window."""

    parameters: int
    numbers: int


def size_problems(keys: NetworkKeys, training: TrainingKeys) -> list[str]:
    """Name what is too large in the network or the training that some keys describe.

    Args:
        keys: with or without a known `num_series`; without, one series is assumed.
        training: `batch_size` and `steps_per_epoch`.

    Returns:
        One line for each limit that is exceeded, as `problem_line` writes them.

    Examples:
        >>> from dcvae.config import Settings
        >>> keys = {"model_name": "pump", "cnn_units": [90_000] * 6, "M": 3}
        >>> Settings.from_values(keys, "pump.txt")
        Traceback (most recent call last):
        dcvae.errors.InputError: Unusable keys in pump.txt:
          the network: expected at most 2,000,000,000 parameters, received about 1.6e+11 ...
    """
    layers = list(_layers(keys))
    parameters = sum(layer.parameters for layer in layers)
    names = _SIZES[keys.architecture]
    if parameters > MOST_PARAMETERS:
        return [
            f"the network: expected at most {MOST_PARAMETERS:,} parameters, received about "
            f"{parameters:.2g} ({_gigabytes(parameters)}) by {names}; make these smaller"
        ]
    problems = []
    numbers = training.batch_size * sum(layer.numbers for layer in layers)
    if numbers > MOST_NUMBERS:
        problems.append(
            f"the training: expected at most {MOST_NUMBERS:,} numbers in a step, received about "
            f"{numbers:.2g} ({_gigabytes(numbers)}) by `batch_size`, `T`, {names}; make "
            "these smaller"
        )
    drawn = training.batch_size * (training.steps_per_epoch or 0)
    if drawn > MOST_DRAWN:
        problems.append(
            f"the training: expected at most {MOST_DRAWN:,} windows in an epoch, received "
            f"{drawn:,} by `batch_size` times `steps_per_epoch`; make one of them smaller"
        )
    return problems


def parameters_of(keys: NetworkKeys) -> int:
    """Return about how many parameters a network has: never fewer than it will have."""
    return sum(layer.parameters for layer in _layers(keys))


def _layers(keys: NetworkKeys) -> Iterator[_Layer]:
    """Yield the layers of both sides, BatchNorm included with the layer before it."""
    series, latent = keys.num_series or 1, keys.latent_size
    if keys.architecture == "seq2seq":
        hidden, embedding = keys.hidden_size, keys.embedding_size
        yield from _recurrent(keys, [series, hidden, embedding, embedding, hidden], 0)
        yield _Layer((hidden + 1) * series, keys.window_length * series)
        return
    if keys.architecture == "rnn-vae":
        for first, widths, last in (
            (series, keys.rnn_units, latent),
            (latent, keys.rnn_units[::-1], series),
        ):
            yield from _recurrent(keys, [first, *widths], 4)
            yield from 2 * list(_recurrent(keys, [max(widths), last], 0))
        return
    for first, widths, last in (
        (series, keys.cnn_units, latent),
        (latent, keys.cnn_units[::-1], series),
    ):
        for channels, width in pairwise([first, *widths]):
            yield _convolution(keys, channels, width)
        yield _convolution(keys, max(widths), 2 * last)


def _convolution(keys: NetworkKeys, channels: int, width: int) -> _Layer:
    """Size a convolution, whose taps are computed side by side, and its BatchNorm."""
    return _Layer(
        (keys.kernel * channels + 1) * width + 4 * width,
        (keys.kernel + 1) * keys.window_length * width,
    )


def _recurrent(keys: NetworkKeys, widths: Sequence[int], norm: int) -> Iterator[_Layer]:
    """Size recurrent layers one after the other; Keras's GRU has two biases."""
    gates = _GATES[keys.layer_type]
    for channels, width in pairwise(widths):
        yield _Layer(
            (gates * (channels + width + 2) + norm) * width, keys.window_length * gates * width
        )


def _gigabytes(numbers: int) -> str:
    return f"{4e-9 * numbers:,.0f} GB"
