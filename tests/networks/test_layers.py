"""The convolution by hand, against a NumPy twin and against Keras' own; heads computed as one."""

import keras
import numpy as np
import pytest
from keras import ops

from dcvae.networks.layers import RECURRENT_LAYERS, ConvHeads, DilatedCausalConv
from support import oracles
from support.builders import random_rows

TOLERANCE = 1e-5


# ------------------------------------------------------------- the convolution


def test_convolution_by_hand() -> None:
    layer = DilatedCausalConv(1, kernel_size=2, dilation=2)
    layer.build((None, 5, 1))
    layer.set_weights([np.array([[[10.0]], [[1.0]]]), np.array([0.5])])
    x = np.array([1, 2, 3, 4, 5], dtype=np.float32).reshape(1, 5, 1)
    # own row once, the row two before ten times, zeros before the window, plus 0.5
    assert ops.convert_to_numpy(layer(x)).ravel().tolist() == [1.5, 2.5, 13.5, 24.5, 35.5]


def test_convolution_with_two_channels_by_hand() -> None:
    layer = DilatedCausalConv(2, kernel_size=2, dilation=1)
    layer.build((None, 2, 2))
    past, now = [[1.0, 0.0], [0.0, 100.0]], [[10.0, 0.0], [0.0, 1000.0]]
    layer.set_weights([np.array([past, now]), np.array([0.0, 0.0])])
    x = np.array([[[1, 2], [3, 4]]], dtype=np.float32)
    assert ops.convert_to_numpy(layer(x)).tolist() == [[[10, 2000], [31, 4200]]]


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4])
@pytest.mark.parametrize("dilation", [1, 3, 9, 20])
def test_convolution_equals_keras_and_the_oracle(kernel_size: int, dilation: int) -> None:
    random = np.random.default_rng(kernel_size * 100 + dilation)
    x = random.normal(size=(3, 12, 2)).astype(np.float32)
    kernel, bias = random.normal(size=(kernel_size, 2, 5)), random.normal(size=5)
    ours = DilatedCausalConv(5, kernel_size, dilation, "tanh")
    keras_own = keras.layers.Conv1D(
        5, kernel_size, dilation_rate=dilation, padding="causal", activation="tanh"
    )
    for layer in (ours, keras_own):
        layer.build(x.shape)
        layer.set_weights([kernel, bias])
    expected = np.tanh(
        oracles.dilated_causal_convolution(x.astype(np.float64), kernel, bias, dilation)
    )
    np.testing.assert_allclose(ops.convert_to_numpy(ours(x)), expected, atol=TOLERANCE)
    np.testing.assert_allclose(ops.convert_to_numpy(keras_own(x)), expected, atol=TOLERANCE)


def test_convolution_begins_as_keras_begins_a_conv1d() -> None:
    layer = DilatedCausalConv(64, 2, 1)
    layer.build((None, 8, 64))
    kernel = ops.convert_to_numpy(layer.kernel)
    limit = np.sqrt(6 / (2 * 64 + 2 * 64))  # Glorot uniform with fans of k·channels
    assert np.abs(kernel).max() <= limit
    np.testing.assert_allclose(kernel.std(), limit / np.sqrt(3), rtol=0.05)
    assert (ops.convert_to_numpy(layer.bias) == 0).all()


def test_convolution_describes_its_shape_and_its_config() -> None:
    layer = DilatedCausalConv(3, 2, 4, "elu", name="here")
    assert layer.compute_output_shape((None, 8, 2)) == (None, 8, 3)
    again = DilatedCausalConv.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.units, again.kernel_size, again.dilation, again.name) == (3, 2, 4, "here")
    assert again.activation is keras.activations.elu


# ------------------------------------------------------------- heads side by side


def heads_with(names: tuple[str, ...] = ("first", "second", "third")) -> ConvHeads:
    heads = ConvHeads(names, 2, kernel_size=3, dilation=2, name="heads")
    heads.build((None, 9, 4))
    for number, head in enumerate(heads.heads):
        head.bias.assign(random_rows(1, 2, seed=number)[0])
    return heads


def test_heads_computed_as_one_are_those_of_each_alone() -> None:
    heads = heads_with()
    x = random_rows(5 * 9, 4).reshape(5, 9, 4)
    together = [ops.convert_to_numpy(output) for output in heads(x)]
    assert len(together) == 3
    for head, output in zip(heads.heads, together, strict=True):
        kernel, bias = (ops.convert_to_numpy(part) for part in (head.kernel, head.bias))
        expected = oracles.dilated_causal_convolution(x.astype(np.float64), kernel, bias, 2)
        np.testing.assert_allclose(output, expected, atol=TOLERANCE)
        np.testing.assert_allclose(output, ops.convert_to_numpy(head(x)), atol=TOLERANCE)
    assert np.abs(together[0] - together[1]).max() > 0.1  # each has weights of its own


def test_joint_weights_are_those_of_the_heads_in_order() -> None:
    heads = heads_with()
    kernel, bias = (ops.convert_to_numpy(part) for part in heads.joint_weights())
    assert (kernel.shape, bias.shape) == ((3, 4, 6), (6,))
    for number, head in enumerate(heads.heads):
        own = slice(2 * number, 2 * number + 2)
        np.testing.assert_array_equal(kernel[..., own], ops.convert_to_numpy(head.kernel))
        np.testing.assert_array_equal(bias[own], ops.convert_to_numpy(head.bias))


def test_heads_describe_their_shape_and_their_config() -> None:
    heads = heads_with(("mean", "spread"))
    assert heads.compute_output_shape((None, 9, 4)) == [(None, 9, 2)] * 2
    again = ConvHeads.from_config(heads.get_config())
    assert again.get_config() == heads.get_config()
    assert [head.name for head in again.heads] == ["mean", "spread"]
    for head in again.heads:
        assert (head.units, head.kernel_size, head.dilation) == (2, 3, 2)
        assert head.activation is keras.activations.linear


def test_recurrent_layers_by_name() -> None:
    classes = {"rnn": keras.layers.SimpleRNN, "gru": keras.layers.GRU, "lstm": keras.layers.LSTM}
    assert classes == RECURRENT_LAYERS
