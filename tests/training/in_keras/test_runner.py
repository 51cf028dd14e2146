"""Epochs in Keras against Keras's own steps, and how many of them are computed at a time."""

import itertools
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from dcvae.config import Settings
from dcvae.data.windows import gather_windows
from dcvae.networks import build_network
from dcvae.training.in_keras import runner as in_keras
from support.builders import inputs_of, random_rows
from support.network_tools import rnn_vae_settings, seq2seq_settings
from support.training_tools import assert_same_variables, runner_of, small

ROWS = random_rows(60, 2)
STARTS = np.random.default_rng(3).permutation(50).astype(np.int32)
BATCH = 8

SETTINGS = [
    pytest.param(small(lr_decay=True, decay_step=2, decay_rate=0.5), id="dc-vae, decay"),
    pytest.param(rnn_vae_settings(layer_type="rnn"), id="rnn-vae, its gradient cut"),
    pytest.param(seq2seq_settings(layer_type="lstm"), id="seq2seq"),
]


def batches(length: int) -> list[np.ndarray]:
    return [
        gather_windows(ROWS, STARTS[first : first + BATCH], length)
        for first in range(0, len(STARTS), BATCH)
    ]


def by_keras(settings: Settings, num_steps: int) -> tuple[list[Any], list[Any], list[np.ndarray]]:
    """Losses of Keras's own steps, of training and of validation, and all variables after them."""
    network = build_network(settings)
    if keras.backend.backend() == "tensorflow" and network.sampling is not None:
        tf = pytest.importorskip("tensorflow")
        network.sampling.draw = tf.function(network.sampling.draw, jit_compile=True)
    rate: Any = settings.lr
    if settings.lr_decay:
        rate = keras.optimizers.schedules.ExponentialDecay(rate, 2, 0.5, staircase=True)
    optimizer = keras.optimizers.Adam(rate, global_clipnorm=network.gradient_norm)
    # Tracing takes TensorFlow longer than the steps, and JAX is slow without.
    is_jax = keras.backend.backend() == "jax"
    network.compile(optimizer=optimizer, jit_compile=is_jax, run_eagerly=not is_jax)
    trained, validated = [], []

    def told(found: dict[str, Any]) -> list[float]:
        return [float(found["reconst"]), float(found["kl"])]

    for windows in batches(settings.window_length)[:num_steps]:
        network.begin_means()
        trained.append(told(network.train_on_batch(windows, return_dict=True)))
    for windows in batches(settings.window_length):
        network.begin_means()
        missing = BATCH - len(windows)
        weights = np.pad(np.ones(len(windows), dtype=np.float32), (0, missing))
        filled = np.pad(windows, [(0, missing), (0, 0), (0, 0)], mode="edge")
        validated.append(told(network.test_on_batch(filled, weights, return_dict=True)))
    variables = [*network.variables, *optimizer.variables]
    return trained, validated, [ops.convert_to_numpy(variable) for variable in variables]


@pytest.mark.parametrize("settings", SETTINGS)
def test_steps_are_those_of_keras(settings: Settings) -> None:
    runner = runner_of(build_network(settings), settings, inputs_of(ROWS))
    # The last step has fewer windows where that costs no time; the last batch is filled up.
    starts = STARTS if settings.lr_decay else STARTS[: -(len(STARTS) % BATCH)]
    trained = np.concatenate(list(runner.train(starts, BATCH)))
    validated = np.concatenate(list(runner.validate(STARTS, BATCH)))
    expected, expected_validated, variables = by_keras(settings, len(trained))
    np.testing.assert_allclose(trained, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(validated, expected_validated, rtol=1e-4, atol=1e-5)
    values = runner.values()
    for (name, value), other in zip(values.items(), variables, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-3, atol=1e-5, err_msg=name)


def test_an_epoch_of_fewer_batches_has_the_program_of_the_one_before(monkeypatch: Any) -> None:
    """What fills it up is not trained on."""
    settings = small()
    seen: list[tuple[int, int]] = []
    found = []
    for first in (STARTS[:20], STARTS[:8]):
        runner = runner_of(build_network(settings), settings, inputs_of(ROWS))
        initial = runner.values()
        list(runner.train(first, 4))
        runner.restore(initial)
        train = runner._steps_of(first).train
        monkeypatch.setattr(
            runner._steps,
            "train",
            lambda starts, *part, train=train: (
                seen.append(tuple(starts.shape)),
                train(starts, *part),
            )[1],
        )
        found.append((np.concatenate(list(runner.train(STARTS[20:28], 4))), runner.values()))
    assert set(seen) == {(5, 4), (2, 4)}
    assert [len(losses) for losses, _ in found] == [2, 2]
    np.testing.assert_array_equal(found[0][0], found[1][0])
    assert_same_variables(found[0][1], found[1][1])


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="always or never by XLA")
def test_draws_are_the_same_with_xla_and_without(monkeypatch: Any) -> None:
    settings = small()
    found = []
    for by_xla in (False, True):
        monkeypatch.setattr(in_keras, "_BY_XLA", by_xla)
        monkeypatch.setattr(in_keras, "_FEWEST_FOR_XLA", 0)
        network = build_network(settings)
        runner = runner_of(network, settings, inputs_of(ROWS))
        # Windows of each batch are those of the one before: only the draws differ.
        found.append(np.concatenate(list(runner.validate(np.tile(STARTS[:4], 3), 4))))
        assert "draw" not in vars(network.sampling)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)
    assert np.ptp(found[0][:, 0]) > 1e-3


def test_how_many_steps_are_computed_at_a_time_makes_no_difference(monkeypatch: Any) -> None:
    settings = small()
    found = []
    for seconds in (0.0, 1e9):  # one, and four times as many as before
        monkeypatch.setattr(in_keras, "_SECONDS", seconds)
        runner = runner_of(build_network(settings), settings, inputs_of(ROWS))
        trained, validated = list(runner.train(STARTS, 2)), list(runner.validate(STARTS, 2))
        found.append((trained, validated, runner.values()))
    one_by_one, many = found
    assert [len(losses) for losses in one_by_one[0]] == [1] * 25
    assert [len(losses) for losses in many[0]] == [1, 4, 16, 4]
    for part in (0, 1):
        np.testing.assert_array_equal(np.concatenate(one_by_one[part]), np.concatenate(many[part]))
    assert_same_variables(one_by_one[2], many[2])


def test_as_many_steps_are_computed_at_a_time_as_take_some_tenths_of_a_second(
    monkeypatch: Any,
) -> None:
    """A clock that a step moves on by 1/16 s, and the first one by 5."""
    now, seconds = 0.0, itertools.chain([5.0], itertools.repeat(1 / 16))

    def compute(first: int, count: int) -> Any:
        nonlocal now
        now += sum(itertools.islice(seconds, count))
        return np.zeros((count, 2), dtype=np.float32)

    monkeypatch.setattr(in_keras.time, "perf_counter", lambda: now)
    runner = runner_of(build_network(small()), small())
    parts = [len(x) for x in runner._in_parts("steps", 20, compute)]
    assert parts == [1, 1, 4, 6, 6, 2]
    assert [len(x) for x in runner._in_parts("steps", 9, compute)] == [6, 3]


def test_variables_are_restored_by_name_and_others_left() -> None:
    runner = runner_of(build_network(small()), small())
    before = runner.values()
    of_network = {name: value + 1 for name, value in before.items() if name.startswith("network/")}
    runner.restore(of_network)
    assert 0 < len(of_network) < len(before)
    assert_same_variables(runner.values(), before | of_network)


@pytest.mark.parametrize(
    ("settings", "num_steps", "devices", "expected"),
    [
        (small(), 249, ["cpu:0"], False),
        (small(), 250, ["cpu:0"], True),
        (rnn_vae_settings(layer_type="gru"), 250, ["cpu:0"], True),
        (small(), 1, ["cpu:0", "gpu:0"], True),
        (small(), 300, ["gpu:0"], True),
    ],
)
def test_xla_compiles_what_it_makes_faster(
    settings: Settings,
    num_steps: int,
    devices: list[str],
    expected: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: devices)
    assert in_keras._pays_off(build_network(settings), num_steps) is expected
