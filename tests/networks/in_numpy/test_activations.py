"""Activations in NumPy against their formulas in float64, and against Keras."""

import math
from typing import get_args

import keras
import numpy as np
import pytest

from dcvae.config.keys.properties import Activation
from dcvae.networks.in_numpy.activations import ACTIVATIONS

VALUES = np.concatenate([np.linspace(-30, 30, 601), [-1e30, 1e30, 1e-30, 0.0]])
FORMULAS = {
    "linear": lambda x: x,
    "tanh": math.tanh,
    "relu": lambda x: max(x, 0.0),
    "leaky_relu": lambda x: x if x > 0 else 0.2 * x,
    "elu": lambda x: x if x > 0 else math.expm1(x),
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x)),
    "gelu": lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2))),
    "silu": lambda x: x / (1 + math.exp(min(-x, 700))),
    "sigmoid": lambda x: 1 / (1 + math.exp(min(-x, 700))),
    "softplus": lambda x: x if x > 700 else math.log1p(math.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
}
FORMULAS["swish"] = FORMULAS["silu"]


def test_every_activation_of_the_settings_is_there():
    assert set(ACTIVATIONS) == set(get_args(Activation)) == set(FORMULAS)


@pytest.mark.parametrize("name", FORMULAS)
def test_values_are_those_of_the_formula(name):
    expected = np.array([FORMULAS[name](x) for x in VALUES])
    for dtype, tolerance in ((np.float64, 1e-14), (np.float32, 4e-7)):
        values = VALUES.astype(dtype)
        with np.errstate(all="raise", under="ignore"):
            result = ACTIVATIONS[name](values)
        assert result is values  # in place
        assert result.dtype == dtype
        # Up to rounding at 1 below it: what follows adds it to numbers of that size.
        away = np.abs(result - expected) / np.maximum(np.abs(expected), 1.0)
        assert away.max() < tolerance


@pytest.mark.parametrize("name", FORMULAS)
def test_keras_has_the_same(name):
    values = VALUES.astype(np.float32)
    expected = keras.ops.convert_to_numpy(keras.activations.get(name)(values))
    np.testing.assert_allclose(ACTIVATIONS[name](values.copy()), expected, rtol=1e-6, atol=2e-6)
