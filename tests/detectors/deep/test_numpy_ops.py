"""Functions of `numpy_ops`, each beside the one of the same name in `keras.ops`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from dcvae.detectors.deep import numpy_ops

RANDOM = np.random.default_rng(0)
TABLE = RANDOM.normal(size=(4, 3))
OTHER = RANDOM.normal(size=(4, 3))
FACTORS = np.stack([np.tril(RANDOM.normal(size=(3, 3))) + 3.0 * np.eye(3) for _ in range(2)])
POSITIVE = np.einsum("kij,klj->kil", FACTORS, FACTORS)
SIDES = RANDOM.normal(size=(2, 3, 2))

# Functions of one table.
PLAIN = ("abs", "cos", "exp", "log_softmax", "relu", "selu", "sigmoid", "sign", "sin")
PLAIN += ("softmax", "softplus", "square", "stop_gradient", "tanh", "transpose")
PLAIN += ("ones_like", "zeros_like", "logsumexp", "max", "mean", "min", "prod", "sum")

CALLS: dict[str, Callable[[Any], Any]] = {
    **{name: lambda m, name=name: getattr(m, name)(TABLE) for name in PLAIN},
    "arange": lambda m: m.arange(5),
    "cast": lambda m: m.cast(np.array([0, 2]), "float32"),
    "cholesky": lambda m: m.cholesky(POSITIVE),
    "clip": lambda m: m.clip(TABLE, -0.5, 0.5),
    "concatenate": lambda m: m.concatenate([TABLE, OTHER], axis=1),
    "diagonal": lambda m: m.diagonal(POSITIVE, axis1=-2, axis2=-1),
    "einsum": lambda m: m.einsum("ij,kj->ik", TABLE, OTHER),
    "expand_dims": lambda m: m.expand_dims(TABLE, 1),
    "eye": lambda m: m.eye(3),
    "fori_loop": lambda m: m.fori_loop(0, 3, lambda number, x: x * 2.0, TABLE),
    "leaky_relu": lambda m: m.leaky_relu(TABLE, negative_slope=0.1),
    "log": lambda m: m.log(np.abs(TABLE)),
    "matmul": lambda m: m.matmul(TABLE, OTHER.T),
    "maximum": lambda m: m.maximum(TABLE, OTHER),
    "minimum": lambda m: m.minimum(TABLE, OTHER),
    "norm": lambda m: m.norm(TABLE, ord=1, axis=1, keepdims=True),
    "one_hot": lambda m: m.one_hot(np.array([2, 0]), 3),
    "repeat": lambda m: m.repeat(TABLE, 2, axis=1),
    "reshape": lambda m: m.reshape(TABLE, (2, 6)),
    "solve_triangular": lambda m: m.solve_triangular(FACTORS, SIDES, lower=True),
    "sqrt": lambda m: m.sqrt(np.abs(TABLE)),
    "squeeze": lambda m: m.squeeze(TABLE[:, None], axis=1),
    "stack": lambda m: m.stack([TABLE, OTHER], axis=1),
    "take": lambda m: m.take(TABLE, np.array([1, 0]), axis=1),
    "where": lambda m: m.where(TABLE > 0, TABLE, OTHER),
}
# With the arguments that they are called with in formulas.
ARGUMENTS: dict[str, Callable[[Any], Any]] = {
    "logsumexp by rows": lambda m: m.logsumexp(1e3 * TABLE, axis=-1),
    "softmax by rows": lambda m: m.softmax(1e3 * TABLE, axis=-1),
    "mean by rows": lambda m: m.mean(TABLE, axis=1, keepdims=True),
    "leaky_relu as it is": lambda m: m.leaky_relu(TABLE),
    "softplus far out": lambda m: m.softplus(1e3 * TABLE),
    "sigmoid far out": lambda m: m.sigmoid(1e3 * TABLE),
    "upper triangle": lambda m: m.solve_triangular(FACTORS.transpose(0, 2, 1), SIDES),
    "Euclidean norm": lambda m: m.norm(TABLE, axis=-1),
}


class Single:
    """`keras.ops`, given numbers as float32 tensors."""

    def __getattr__(self, name: str) -> Any:
        function = getattr(ops, name)

        def called(*arguments: Any, **keys: Any) -> Any:
            return function(*(as_tensors(value) for value in arguments), **keys)

        return called


def as_tensors(value: Any) -> Any:
    if isinstance(value, list):
        return [as_tensors(part) for part in value]
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return ops.convert_to_tensor(value.astype(np.float32))
    return value


@pytest.mark.parametrize("name", [*CALLS, *ARGUMENTS])
def test_a_function_is_that_of_keras(name: str) -> None:
    call = (CALLS | ARGUMENTS)[name]
    ours, theirs = np.asarray(call(numpy_ops)), ops.convert_to_numpy(call(Single()))
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-6)


def test_all_of_them_are_looked_at() -> None:
    assert set(CALLS) == set(numpy_ops.__all__)


def test_numbers_stay_float64() -> None:
    for name in set(PLAIN) | {"leaky_relu", "cholesky", "one_hot", "cast"}:
        assert np.asarray(CALLS[name](numpy_ops)).dtype == np.float64, name
