"""Minimizing an objective over batches of rows."""

from collections import Counter
from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar

import keras
import numpy as np
import pytest

from dcvae._arrays import Tensor
from dcvae.training import Minimized, Objective, Plan, Tensors, Weights, minimize
from dcvae.training.minibatch import minimizing

ROWS = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
TRUE = np.array([[1.0], [-2.0], [0.5]], dtype=np.float32)


@dataclass(frozen=True)
class Line(Objective):
    """Mean squared error of a linear map of three columns to their sum by `TRUE`."""

    noise: float = 0.0

    def loss(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        error = ops.matmul(rows, weights["map"] - given["true"])
        return ops.mean(ops.square(error + self.noise * given["noise"]))

    def draws(self, random: np.random.Generator, steps: int, batch: int) -> Weights:
        return {"noise": random.normal(size=(steps, batch, 1)).astype(np.float32)}


@dataclass(frozen=True)
class Prepared(Line):
    """The same, the errors computed beforehand: nothing is left to differentiate."""

    def prepared(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensors:
        return {"fixed": ops.mean(ops.square(ops.matmul(rows, weights["map"])))}

    def loss(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        return given["fixed"] + 0.0 * ops.sum(weights["map"])


def fit(
    plan: Plan,
    *,
    objective: Objective = Line(),
    seed: int = 1,
    before: Minimized | None = None,
) -> Minimized:
    start = {"map": np.zeros((3, 1), dtype=np.float32)}
    random = np.random.default_rng(seed)
    return minimize(objective, start, ROWS, plan, random, {"true": TRUE}, before=before)


def by_keras(plan: Plan, seed: int = 1) -> tuple[np.ndarray, list[float]]:
    """The same batches, given to Keras's own Adam, gradients by hand."""
    random = np.random.default_rng(seed)
    weight = keras.Variable(np.zeros((3, 1), dtype=np.float32))
    adam = keras.optimizers.Adam(plan.learning_rate, plan.beta_1, plan.beta_2)
    adam.build([weight])
    losses = []
    for order in [random.permutation(len(ROWS)) for _ in range(plan.epochs)]:
        filled = np.append(order, order[: -len(order) % plan.batch_size])
        of_epoch = []
        for batch in filled.reshape(-1, plan.batch_size):
            rows = ROWS[batch].astype(np.float64)
            at = keras.ops.convert_to_numpy(weight)
            error = rows @ (at - TRUE)
            of_epoch.append(float((error**2).mean()))
            gradient = 2.0 * rows.T @ error / len(rows) + plan.weight_decay * at
            adam.apply([keras.ops.convert_to_tensor(gradient.astype(np.float32))], [weight])
        losses.append(float(np.mean(of_epoch)))
    return keras.ops.convert_to_numpy(weight), losses


@pytest.mark.parametrize("batch_size", [4, 5, 32])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("epochs", [5, 60])  # step by step; most of the latter in one program
def test_steps_are_those_of_adam_in_keras(
    batch_size: int, weight_decay: float, epochs: int
) -> None:
    plan = Plan(epochs, batch_size, 0.05, weight_decay=weight_decay)
    trained = fit(plan)
    batch = min(batch_size, len(ROWS))
    weight, losses = by_keras(Plan(epochs, batch, 0.05, weight_decay=weight_decay))
    np.testing.assert_allclose(trained.weights["map"], weight, rtol=2e-4, atol=1e-5)
    np.testing.assert_allclose(trained.losses, losses, rtol=1e-3, atol=1e-6)
    assert trained.steps == epochs * -(-len(ROWS) // batch)
    assert trained.average is None


def test_one_program_or_step_by_step_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(50, 4, 0.05, average_decay=0.9)
    compiled = fit(plan, objective=Line(noise=0.5))
    monkeypatch.setattr(minimizing, "_FEWEST_COMPILED", 10_000)
    plain = fit(plan, objective=Line(noise=0.5))
    np.testing.assert_allclose(compiled.weights["map"], plain.weights["map"], rtol=1e-4)
    assert compiled.average is not None
    assert plain.average is not None
    np.testing.assert_allclose(compiled.average["map"], plain.average["map"], rtol=1e-4)


@pytest.mark.parametrize("epochs", [3, 60])
def test_one_seed_means_one_training(epochs: int) -> None:
    plan = Plan(epochs, 4, 0.05)
    first, second, other = (fit(plan, objective=Line(0.5), seed=seed) for seed in (1, 1, 2))
    assert first.weights["map"].tobytes() == second.weights["map"].tobytes()
    assert first.losses.tobytes() == second.losses.tobytes()
    assert (first.weights["map"] != other.weights["map"]).any()


def test_the_average_is_of_the_weights_after_each_step() -> None:
    """The kept share of step t is min(0.5, t / (t + 10)): 1/11, 2/12, 3/13."""
    plan = Plan(3, 10, 0.05, average_decay=0.5)
    expected = np.zeros((3, 1))
    for epochs, kept in ((1, 1 / 11), (2, 2 / 12), (3, 3 / 13)):
        weight, _ = by_keras(Plan(epochs, 10, 0.05))
        expected = kept * expected + (1 - kept) * weight
    average = fit(plan).average
    assert average is not None
    np.testing.assert_allclose(average["map"], expected, rtol=1e-4)


def test_a_training_goes_on_where_it_was() -> None:
    """Moments and the number of steps too: two trainings of whole batches are one."""
    whole = fit(Plan(8, 10, 0.05))
    first = fit(Plan(3, 10, 0.05))
    rest = fit(Plan(5, 10, 0.05), before=first, seed=9)  # one batch: its order makes no difference
    np.testing.assert_allclose(rest.weights["map"], whole.weights["map"], rtol=1e-5)
    np.testing.assert_allclose(rest.losses, whole.losses[3:], rtol=1e-5)
    assert rest.steps == 8


@pytest.mark.parametrize("epochs", [2, 120])
def test_no_gradient_passes_through_what_was_prepared(epochs: int) -> None:
    trained = fit(Plan(epochs, 10, 0.05), objective=Prepared())
    assert not trained.weights["map"].any()


def test_every_epoch_has_every_row() -> None:
    orders = minimizing._Orders(np.random.default_rng(0), np.arange(10), batch=4)
    taken = np.concatenate([orders.take(2), orders.take(5), orders.take(2)])
    assert taken.shape == (9, 4)
    epochs = taken.reshape(3, 12)
    for epoch in epochs:
        assert sorted(epoch[:10]) == list(range(10))
        assert epoch[10:].tolist() == epoch[:2].tolist()
    assert Counter(map(tuple, epochs)).most_common(1)[0][1] == 1


def test_few_chosen_rows_fill_a_batch_again_and_again() -> None:
    orders = minimizing._Orders(np.random.default_rng(0), np.array([7, 3]), batch=5)
    first, second = orders.take(2).tolist()
    assert {tuple(first), tuple(second)} <= {(7, 3, 7, 3, 7), (3, 7, 3, 7, 3)}


def test_only_chosen_rows_are_trained_on() -> None:
    other = ROWS.copy()
    other[4:] = 9.0
    start, random = {"map": np.zeros((3, 1), dtype=np.float32)}, np.random.default_rng
    made = [
        minimize(
            Line(), start, rows, Plan(3, 3), random(0), {"true": TRUE}, chosen=np.array([0, 2, 3])
        ).weights["map"]
        for rows in (ROWS, other)
    ]
    np.testing.assert_array_equal(made[0], made[1])
    np.testing.assert_array_equal(made[0] != 0.0, True)


@dataclass(frozen=True)
class Traced(Line):
    """The same, noting when its loss is traced: a program that is there is not."""

    traces: ClassVar[list[tuple[int, ...]]] = []

    def loss(self, ops: ModuleType, weights: Tensors, rows: Tensor, given: Tensors) -> Tensor:
        self.traces.append(tuple(rows.shape))
        return super().loss(ops, weights, rows, given)


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="PyTorch compiles nothing")
def test_tables_of_any_length_share_a_program() -> None:
    start, count = {"map": np.zeros((3, 1), dtype=np.float32)}, 0
    for rows in (10, 23, 17):
        table = np.resize(ROWS, (rows, 3))
        random = np.random.default_rng(0)
        minimize(Traced(), start, table, Plan(60, 4, 0.05), random, {"true": TRUE})
        count = len(Traced.traces) if rows == 10 else count
    assert set(Traced.traces) == {(4, 3)}
    assert len(Traced.traces) == count
