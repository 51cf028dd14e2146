"""Recurrent layers of a trained network in NumPy, with the gates of Keras's layers.

SimpleRNN: Elman 1990. GRU: Cho et al. 2014, the reset after the product with the state. LSTM:
Hochreiter and Schmidhuber 1997, with forget gates. Time is the first axis, so that the rows of all
windows at one time lie side by side.
"""

import numpy as np

from dcvae._arrays import Float32Array
from dcvae.networks.in_numpy.activations import ACTIVATIONS
from dcvae.networks.in_numpy.convolutional import scale_and_shift
from dcvae.networks.in_numpy.weights import Dense, Recurrent, RecurrentSide

_SIGMOID = ACTIVATIONS["sigmoid"]


def by_time(windows: Float32Array) -> Float32Array:
    """Return (batch, time, channels) as (time, batch, channels), contiguous; or the other way."""
    return np.ascontiguousarray(windows.transpose(1, 0, 2))


def hidden_states(side: RecurrentSide, inputs: Float32Array) -> Float32Array:
    """Run the hidden layers of a side: (time, batch, channels) -> (time, batch, units)."""
    for layer in side.hidden:
        inputs = states_of(layer, inputs)
        if layer.norm is not None:
            scale, shift = scale_and_shift(layer.norm)
            inputs *= scale.astype(np.float32)
            inputs += shift.astype(np.float32)
    return inputs


def linear(layer: Dense, inputs: Float32Array) -> Float32Array:
    """Map each row linearly: (..., channels_in) -> (..., units)."""
    mapped: Float32Array = inputs @ layer.kernel
    mapped += layer.bias
    return mapped


def states_of(layer: Recurrent, inputs: Float32Array) -> Float32Array:
    """Run a recurrent layer and return its state at every time.

    Args:
        layer: its weights.
        inputs: (time, batch, channels) float32.

    Returns:
        (time, batch, units) float32.
    """
    num_times, batch, channels = inputs.shape
    units = layer.recurrent_kernel.shape[0]
    bias = layer.bias
    if layer.layer_type == "gru":  # that of the state belongs to it, but where no reset is between
        bias = layer.bias[0].copy()
        bias[: 2 * units] += layer.bias[1, : 2 * units]
    # One product for all rows; what is left for each time is a product with the state.
    from_rows = inputs.reshape(-1, channels) @ layer.kernel
    from_rows += bias
    from_rows = from_rows.reshape(num_times, batch, -1)
    states = np.empty((num_times, batch, units), dtype=np.float32)
    return _STEPS[layer.layer_type](layer, from_rows, states)


def _simple(layer: Recurrent, from_rows: Float32Array, states: Float32Array) -> Float32Array:
    activate = ACTIVATIONS[layer.activation]
    state = np.zeros(states.shape[1:], dtype=np.float32)
    for row, now in zip(from_rows, states, strict=True):
        np.matmul(state, layer.recurrent_kernel, out=now)
        now += row
        state = activate(now)
    return states


def _gru(layer: Recurrent, from_rows: Float32Array, states: Float32Array) -> Float32Array:
    activate, units = ACTIVATIONS[layer.activation], states.shape[-1]
    gates, candidate_bias = slice(2 * units), layer.bias[1, 2 * units :]
    state = np.zeros(states.shape[1:], dtype=np.float32)
    from_state = np.empty(from_rows.shape[1:], dtype=np.float32)
    for row, now in zip(from_rows, states, strict=True):
        np.matmul(state, layer.recurrent_kernel, out=from_state)
        row[:, gates] += from_state[:, gates]
        both = _SIGMOID(row[:, gates])
        update, reset = both[:, :units], both[:, units:]
        np.add(from_state[:, 2 * units :], candidate_bias, out=now)
        now *= reset
        now += row[:, 2 * units :]
        activate(now)
        state = state - now  # update·state + (1 - update)·candidate
        state *= update
        now += state
        state = now
    return states


def _lstm(layer: Recurrent, from_rows: Float32Array, states: Float32Array) -> Float32Array:
    activate, units = ACTIVATIONS[layer.activation], states.shape[-1]
    state, memory = np.zeros((2, *states.shape[1:]), dtype=np.float32)
    from_state = np.empty(from_rows.shape[1:], dtype=np.float32)
    for row, now in zip(from_rows, states, strict=True):
        np.matmul(state, layer.recurrent_kernel, out=from_state)
        row += from_state
        take_and_forget = _SIGMOID(row[:, : 2 * units])
        candidate = activate(row[:, 2 * units : 3 * units])
        candidate *= take_and_forget[:, :units]
        memory *= take_and_forget[:, units:]
        memory += candidate
        now[:] = memory
        activate(now)
        now *= _SIGMOID(row[:, 3 * units :])
        state = now
    return states


_STEPS = {"rnn": _simple, "gru": _gru, "lstm": _lstm}
