"""Dense layers, beside Keras's own."""

import keras
import numpy as np
import pytest

from dcvae.detectors.deep import numpy_ops
from dcvae.detectors.deep.layers import dense, dense_weights, hidden_then_linear

ROWS = np.random.default_rng(0).normal(size=(5, 4))


@pytest.mark.parametrize(
    "activation", ["relu", "tanh", "leaky_relu", "sigmoid", "selu", "softplus"]
)
def test_rows_pass_as_through_layers_of_keras(activation: str) -> None:
    weights = dense_weights(np.random.default_rng(1), "net", [4, 3, 2])
    weights["net/0/bias"] += 0.5
    layers = [
        keras.layers.Dense(3, activation=activation, dtype="float64"),
        keras.layers.Dense(2, dtype="float64"),
    ]
    expected = ROWS
    for number, layer in enumerate(layers):
        layer.build(expected.shape)
        layer.set_weights([weights[f"net/{number}/kernel"], weights[f"net/{number}/bias"]])
        expected = keras.ops.convert_to_numpy(layer(expected))
    found = dense(numpy_ops, weights, "net", ROWS, hidden_then_linear(activation, [4, 3, 2]))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_layers_without_a_bias_map_zero_to_zero() -> None:
    weights = dense_weights(np.random.default_rng(1), "net", [4, 3, 2], bias=False)
    assert set(weights) == {"net/0/kernel", "net/1/kernel"}
    assert not dense(numpy_ops, weights, "net", np.zeros((1, 4)), ("relu", "linear")).any()


@pytest.mark.parametrize(
    ("initial", "deviation"),
    [
        ("glorot_uniform", np.sqrt(2 / 700)),
        ("xavier_normal", np.sqrt(2 / 700)),
        ("he_normal", np.sqrt(2 / 300)),
        ("normal_0.02", 0.02),
    ],
)
def test_kernels_have_the_spread_of_their_rule(initial: str, deviation: float) -> None:
    weights = dense_weights(np.random.default_rng(1), "net", [300, 400], initial=initial)  # type: ignore[arg-type]
    kernel = weights["net/0/kernel"]
    assert kernel.dtype == np.float32
    np.testing.assert_allclose(kernel.std(), deviation, rtol=0.01)
    assert abs(kernel.mean()) < deviation / 50
    if initial == "glorot_uniform":
        assert np.abs(kernel).max() <= np.sqrt(6 / 700)
