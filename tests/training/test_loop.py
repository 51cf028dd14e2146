"""The training loop: what falls, what is kept, when it stops, and that it can go on."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops
from support.builders import head_of, random_rows, settings_with

from dcvae import InputError
from dcvae.config.settings import Settings
from dcvae.data.windows import WindowSplit, gather_windows, shuffled, split_windows
from dcvae.networks import build_network
from dcvae.networks.base import VariationalAutoencoder
from dcvae.networks.losses import sigma_from
from dcvae.training import loop as training
from dcvae.training.loop import (
    Ending,
    EpochLosses,
    TrainingResult,
    TrainingState,
    _after_epoch,
    train,
)

NUM_ROWS = 150
SINE = np.sin(np.arange(NUM_ROWS) / 5)
SERIES = np.stack([SINE, np.roll(SINE, 9)], axis=1).astype(np.float32)
SERIES += 0.1 * random_rows(NUM_ROWS, 2)


def small(**keys: Any) -> Settings:
    """One hidden layer a side: TensorFlow takes seconds to trace the training step of more."""
    return settings_with(**{"cnn_units": [3], "dil_rate": [1, 2]} | keys)


def split_of(series: np.ndarray, settings: Settings) -> WindowSplit:
    return split_windows(
        len(series), settings.window_length, settings.val_percent, settings.train_stride, "a.csv"
    )


def run(settings: Settings, series: np.ndarray = SERIES, **more: Any) -> TrainingResult:
    return train(build_network(settings), series, split_of(series, settings), settings, **more)


def assert_same_variables(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> None:
    assert list(left) == list(right)
    assert left
    for name, value in left.items():
        np.testing.assert_array_equal(value, right[name], err_msg=name)


def assert_same_states(left: TrainingState, right: TrainingState) -> None:
    np.testing.assert_equal(left.history, right.history)  # NaN equals NaN
    assert_same_variables(left.last, right.last)
    assert_same_variables(left.best, right.best)
    without = {"history": (), "last": {}, "best": {}}
    assert replace(left, **without) == replace(right, **without)


def variables_of(network: VariationalAutoencoder) -> list[np.ndarray]:
    return [ops.convert_to_numpy(variable) for variable in network.variables]


def replay(
    network: VariationalAutoencoder, losses: list[float], monkeypatch: Any
) -> Callable[[], int]:
    """Let the epochs of a one-batch training have these losses; every step moves one weight.

    Returns how many steps were made.
    """
    steps = 0
    bias = head_of(network.encoder, "z_mean").bias

    def step(windows: np.ndarray, return_dict: bool) -> dict[str, float]:
        nonlocal steps
        loss = losses[steps]
        steps += 1
        bias.assign(np.full(bias.shape, float(steps)))
        return {"loss": loss, "reconst": loss, "kl": 0.0}

    monkeypatch.setattr(network, "train_on_batch", step)
    return lambda: steps


def run_replayed(
    losses: list[float], monkeypatch: Any, **keys: Any
) -> tuple[TrainingResult, float, int]:
    """Train with made-up losses: the result, the epoch the weights are of, epochs begun."""
    keys = {"epochs": len(losses), "val_percent": 0, "batch_size": 10**6, "min_delta": 0} | keys
    settings = small(**keys)
    network = build_network(settings)
    num_steps = replay(network, losses, monkeypatch)
    result = train(network, SERIES, split_of(SERIES, settings), settings)
    weight = float(ops.convert_to_numpy(head_of(network.encoder, "z_mean").bias)[0])
    return result, weight, num_steps()


# ------------------------------------------------------------------- it trains


@pytest.mark.parametrize("by_xla", [True, False])
def test_loss_falls(by_xla: bool, monkeypatch: Any) -> None:
    monkeypatch.setattr(training, "_BY_XLA", by_xla)
    history = run(small(epochs=6)).state.history
    assert [losses.epoch for losses in history] == [1, 2, 3, 4, 5, 6]
    assert history[-1].loss < history[0].loss - 0.1
    assert history[-1].val_loss < history[0].val_loss
    for losses in history:
        assert losses.loss == pytest.approx(losses.reconst + losses.kl, rel=1e-5)
        assert losses.val_loss == pytest.approx(losses.val_reconst + losses.val_kl, rel=1e-5)
        assert losses.kl >= 0
        assert losses.learning_rate == pytest.approx(1e-2)


@pytest.mark.parametrize("reading", ["paper", "code"])
def test_constant_series_cannot_run_away(reading: str) -> None:
    """It is predicted perfectly, and its likelihood has no limit but that of the log variance."""
    series = np.zeros_like(SERIES)
    settings = small(epochs=6, lr=0.3, val_percent=0, fidelity_spread=reading)
    network = build_network(settings)
    mean_head = head_of(network.decoder, "x_mean")
    mean_head.kernel.assign(np.zeros(mean_head.kernel.shape))
    history = train(network, series, split_of(series, settings), settings).state.history
    assert history[-1].reconst == pytest.approx(-5, abs=0.05)  # the bound has been reached
    assert all(np.isfinite(losses.loss) and losses.reconst >= -5 for losses in history)
    windows = gather_windows(series, np.arange(20, dtype=np.int32), settings.window_length)
    sigma = ops.convert_to_numpy(sigma_from(network(windows)["spread"]))
    assert sigma.min() >= np.exp(-5) * 0.999


def test_same_seed_same_weights_other_seed_others() -> None:
    first, again, other = (run(small(epochs=1, seed=seed)).state for seed in (7, 7, 8))
    assert_same_states(first, again)
    assert other.history != first.history


def test_every_step_is_a_full_batch_of_the_shuffled_windows(monkeypatch: Any) -> None:
    settings = small(epochs=2, batch_size=32)
    network = build_network(settings)
    rows = np.arange(NUM_ROWS, dtype=np.float32)[:, None] * [1, 1]
    rows = rows.astype(np.float32)
    firsts: list[list[int]] = []

    def step(windows: np.ndarray, return_dict: bool) -> dict[str, float]:
        assert windows.shape == (32, 8, 2)
        firsts.append(windows[:, 0, 0].astype(int).tolist())
        return {"loss": 1.0, "reconst": 1.0, "kl": 0.0}

    monkeypatch.setattr(network, "train_on_batch", step)
    split = split_of(rows, settings)
    train(network, rows, split, settings)
    steps = len(split.train) // 32
    assert len(firsts) == 2 * steps
    for epoch in (firsts[:steps], firsts[steps:]):
        starts = [start for batch in epoch for start in batch]
        assert len(set(starts)) == 32 * steps
        assert set(starts) <= set(split.train.tolist())
        assert starts != sorted(starts)
    assert firsts[:steps] != firsts[steps:]


def test_validation_sees_every_validation_window_and_learns_nothing(monkeypatch: Any) -> None:
    monkeypatch.setattr(training, "_VALIDATION_BATCH", 8)
    settings = small(epochs=1)
    network = build_network(settings)
    seen: list[float] = []
    network_test = network.test_on_batch

    def look(windows: np.ndarray, weights: np.ndarray, return_dict: bool) -> dict[str, float]:
        assert windows.shape[0] == 8  # the last batch is filled up
        seen.extend(windows[weights == 1, 0, 0].tolist())
        before = [ops.convert_to_numpy(weight) for weight in network.weights]
        logs: dict[str, float] = network_test(windows, weights, return_dict=return_dict)
        for left, right in zip(before, network.weights, strict=True):
            np.testing.assert_array_equal(left, ops.convert_to_numpy(right))
        return logs

    monkeypatch.setattr(network, "test_on_batch", look)
    split = split_of(SERIES, settings)
    train(network, SERIES, split, settings)
    assert seen == SERIES[split.validation, 0].tolist()


def test_an_epoch_of_so_many_steps_validates_on_no_more_windows_than_it_trains_on(
    monkeypatch: Any,
) -> None:
    settings = small(epochs=2, batch_size=4, steps_per_epoch=3)
    network = build_network(settings)
    rows = np.arange(NUM_ROWS, dtype=np.float32)[:, None] * np.ones(2, dtype=np.float32)
    trained: list[int] = []
    validated: list[list[int]] = []
    ones = {"loss": 1.0, "reconst": 1.0, "kl": 0.0}

    def step(windows: np.ndarray, return_dict: bool) -> dict[str, float]:
        trained.extend(windows[:, 0, 0].astype(int))
        return ones

    def look(windows: np.ndarray, weights: np.ndarray, return_dict: bool) -> dict[str, float]:
        validated.append(windows[weights == 1, 0, 0].astype(int).tolist())
        return ones

    monkeypatch.setattr(network, "train_on_batch", step)
    monkeypatch.setattr(network, "test_on_batch", look)
    split = split_of(rows, settings)
    train(network, rows, split, settings)
    passes = np.concatenate([shuffled(split.train, settings.seed, n) for n in (1, 2)])
    assert trained == passes.tolist()[:24]
    assert len(split.validation) > 12
    assert [len(starts) for starts in validated] == [12, 12]
    assert validated[0][0] == split.validation[0]
    assert validated[0][-1] == split.validation[-1]


def test_training_losses_are_means_over_the_epoch() -> None:
    """At a learning rate of nothing every batch sees the same weights and can be done again."""
    settings = small(epochs=2, val_percent=0.0, lr=1e-12)
    network = build_network(settings)
    split = split_of(SERIES, settings)
    history = train(network, SERIES, split, settings).state.history
    for losses in history:
        starts = shuffled(split.train, settings.seed, losses.epoch)
        count = len(starts) // settings.batch_size
        assert count > 2
        expected = []
        for batch in np.split(starts[: count * settings.batch_size], count):
            windows = gather_windows(SERIES, batch, settings.window_length)
            parts = network.encoder(windows, training=True)
            z_mean, z_log_var = (ops.convert_to_numpy(part) for part in parts)
            expected.append(np.mean(-0.5 * (1 + z_log_var - z_mean**2 - np.exp(z_log_var))))
        assert np.std(expected) > 1e-4 * np.mean(expected)
        assert losses.kl == pytest.approx(np.mean(expected), rel=1e-5)
        assert losses.loss == losses.reconst + losses.kl
    assert history[0].kl != history[1].kl  # the batches are others


def test_validation_losses_are_means_over_windows_however_the_last_batch_is_filled(
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(training, "_VALIDATION_BATCH", 8)
    settings = small(epochs=1)
    network = build_network(settings)
    split = split_of(SERIES, settings)
    assert len(split.validation) > 8
    assert len(split.validation) % 8 != 0
    (losses,) = train(network, SERIES, split, settings).state.history
    windows = gather_windows(SERIES, split.validation, settings.window_length)
    z_mean, z_log_var = (ops.convert_to_numpy(part) for part in network.encoder(windows))
    expected = np.mean(-0.5 * (1 + z_log_var - z_mean**2 - np.exp(z_log_var)))
    assert losses.val_kl == pytest.approx(expected, rel=1e-5)
    assert losses.val_loss == pytest.approx(losses.val_reconst + losses.val_kl, rel=1e-6)


def test_filling_up_the_last_validation_batch_cannot_make_its_loss_infinite() -> None:
    """Weights with which a window of zeros, unlike any of the data, has an endless KL."""
    settings = small(activation="linear")
    series = (SERIES + 50).astype(np.float32)
    network = build_network(settings)
    convolution = network.encoder.get_layer("encoder_conv_1")
    kernel = np.zeros(convolution.kernel.shape)
    kernel[-1, 0, 0] = 1.0
    convolution.kernel.assign(kernel)
    head = head_of(network.encoder, "z_log_var")
    head.kernel.assign(np.full(head.kernel.shape, -1.0))
    head.bias.assign(np.full(head.bias.shape, 100.0))
    assert np.isinf(ops.convert_to_numpy(ops.exp(network.encoder(0 * series[None, :8])[1]))).any()
    network.compile(jit_compile=False)
    losses = training._validate(network, series, split_of(series, settings).validation, settings)
    assert np.isfinite([losses["reconst"], losses["kl"]]).all()


# ------------------------------------------------------------------- what is kept


def test_weights_are_those_of_the_best_epoch(monkeypatch: Any) -> None:
    result, weight, num_epochs = run_replayed([3.0, 1.0, 2.0, 1.5], monkeypatch)
    assert result.ending == "all epochs done"
    assert (result.state.best_epoch, result.state.best_loss, num_epochs) == (2, 1.0, 4)
    assert weight == 2


def test_network_is_left_with_state_best() -> None:
    settings = small(epochs=5, lr=0.3, patience=100)  # too large: the losses jump
    network = build_network(settings)
    state = train(network, SERIES, split_of(SERIES, settings), settings).state
    val_losses = [losses.val_loss for losses in state.history]
    assert state.best_epoch == 1 + int(np.argmin(val_losses))
    assert state.best_loss == min(val_losses)
    for left, right in zip(variables_of(network), state.best.values(), strict=True):
        np.testing.assert_array_equal(left, right)


def test_first_of_equal_epochs_is_the_best(monkeypatch: Any) -> None:
    result, weight, _ = run_replayed([2.0, 1.0, 1.0, 1.0], monkeypatch)
    assert (result.state.best_epoch, weight) == (2, 2)


def test_keep_and_progress_are_told_of_every_epoch() -> None:
    kept: list[TrainingState] = []
    told: list[tuple[Any, ...]] = []

    class Progress:
        def step(self, epoch: int, step: int, num_steps: int, loss: float) -> None:
            told.append(("step", epoch, step, num_steps))
            assert np.isfinite(loss)

        def epoch(self, losses: EpochLosses, is_best: bool) -> None:
            told.append(("epoch", losses, is_best))

    result = run(small(batch_size=2), keep=kept.append, progress=Progress())
    assert [len(state.history) for state in kept] == [1, 2]
    assert_same_states(kept[-1], result.state)
    # 113 training rows, 106 windows: 53 steps an epoch, looked at every 50 and at the end
    steps = [entry[1:] for entry in told if entry[0] == "step"]
    assert steps == [(1, 50, 53), (1, 53, 53), (2, 50, 53), (2, 53, 53)]
    epochs = [entry[1:] for entry in told if entry[0] == "epoch"]
    assert [losses for losses, _ in epochs] == list(result.state.history)
    assert epochs[0][1] is True


def test_states_do_not_share_memory_with_the_network(
    compiled_network: VariationalAutoencoder,
) -> None:
    state = after(compiled_network, [1.0], 0.0)
    bias = head_of(compiled_network.encoder, "z_mean").bias
    number = next(n for n, v in enumerate(compiled_network.variables) if v is bias)
    name = f"network/{number:03d}/bias"
    bias.assign(ops.convert_to_numpy(bias) + 1.0)
    for stored in (state.last[name], state.best[name]):
        assert (stored != ops.convert_to_numpy(bias)).all()


# ------------------------------------------------------------------- early stopping


@pytest.fixture(scope="module")
def compiled_network() -> VariationalAutoencoder:
    network = build_network(small())
    network.compile(optimizer=keras.optimizers.Adam(1e-3))
    return network


def after(
    network: VariationalAutoencoder, losses: list[float], min_delta: float, validated: bool = True
) -> TrainingState:
    state = TrainingState()
    for epoch, loss in enumerate(losses, start=1):
        if validated:  # the training loss tells the opposite, and must not be heard
            row = EpochLosses(epoch, -loss, 0, 0, loss, 0, 0, 1e-3)
        else:
            row = EpochLosses(epoch, loss, 0, 0, math.nan, math.nan, math.nan, 1e-3)
        state = _after_epoch(state, row, network, min_delta)
    return state


@pytest.mark.parametrize("validated", [True, False])
@pytest.mark.parametrize(
    ("losses", "min_delta", "best_epoch", "without_progress"),
    [
        ([1.0], 0.1, 1, 0),
        ([3.0, 2.0, 1.0], 0.1, 3, 0),
        ([1.0, 2.0, 3.0], 0.1, 1, 2),
        ([1.0, 0.95, 0.93], 0.1, 3, 2),  # better, so kept, but by too little to go on for
        ([1.0, 0.95, 0.89], 0.1, 3, 0),  # little steps add up
        ([1.0, 0.75], 0.25, 2, 1),  # "more than", not "as much as"
        ([1.0, 2.0, 0.5, 0.6], 0.1, 3, 1),
        ([-1.0, -2.0, -1.5], 0.1, 2, 1),
        ([1.0, 1.0, 1.0], 0.0, 1, 2),
    ],
)
def test_progress_by_hand(
    compiled_network: VariationalAutoencoder,
    losses: list[float],
    min_delta: float,
    best_epoch: int,
    without_progress: int,
    validated: bool,
) -> None:
    state = after(compiled_network, losses, min_delta, validated)
    assert state.best_epoch == best_epoch
    assert state.best_loss == losses[best_epoch - 1] == min(losses)
    assert state.epochs_without_progress == without_progress
    assert [row.epoch for row in state.history] == list(range(1, len(losses) + 1))


def test_stops_after_patience_epochs_without_progress(monkeypatch: Any) -> None:
    losses = [5.0, 4.0, 3.995, 4.2, 4.1, 1.0]
    result, weight, num_epochs = run_replayed(losses, monkeypatch, patience=3, min_delta=0.01)
    assert result.ending == "early stopping"
    assert num_epochs == len(result.state.history) == 5
    assert result.state.best_epoch == weight == 3


def test_progress_on_the_last_chance_goes_on(monkeypatch: Any) -> None:
    losses = [5.0, 6.0, 6.0, 4.0, 6.0, 6.0, 6.0, 1.0]
    result, _, num_epochs = run_replayed(losses, monkeypatch, patience=3)
    assert (result.ending, num_epochs, result.state.best_epoch) == ("early stopping", 7, 4)


def test_patience_that_ends_with_the_epochs_is_all_epochs_done(monkeypatch: Any) -> None:
    result, _, num_epochs = run_replayed([1.0, 2.0, 2.0], monkeypatch, patience=2)
    assert (result.ending, num_epochs) == ("all epochs done", 3)


def test_without_validation_part_the_training_loss_is_monitored() -> None:
    state = run(small(val_percent=0, epochs=3)).state
    for losses in state.history:
        assert np.isnan([losses.val_loss, losses.val_reconst, losses.val_kl]).all()
    assert state.best_loss == min(losses.loss for losses in state.history)


# ------------------------------------------------------------------- learning rate


def test_learning_rate_decays_in_stairs() -> None:
    """8 steps an epoch, a stair every 10: after 8, 16, 24, 32, 40 steps 0, 1, 2, 3, 4 stairs."""
    settings = small(
        epochs=5, batch_size=13, lr_decay=True, decay_step=10, decay_rate=0.5, patience=100
    )
    assert len(split_of(SERIES, settings).train) // 13 == 8
    history = run(settings).state.history
    rates = [losses.learning_rate for losses in history]
    np.testing.assert_allclose(rates, 1e-2 * 0.5 ** np.array([0, 1, 2, 3, 4]), rtol=1e-6)


# ------------------------------------------------------------------- going on


RESUMED = {"epochs": 4, "patience": 100, "min_delta": 0.0, "batch_size": 32}


@pytest.fixture(scope="module")
def whole() -> TrainingState:
    return run(small(**RESUMED)).state


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param({}, id="plain"),
        pytest.param({"val_percent": 0}, id="no validation", marks=pytest.mark.slow),
        pytest.param(
            {"lr_decay": True, "decay_step": 5, "decay_rate": 0.5},
            id="decay",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_resumed_training_is_the_uninterrupted_one(
    keys: dict[str, Any], whole: TrainingState
) -> None:
    settings = small(**RESUMED | keys)
    expected = run(settings).state if keys else whole
    half = run(settings.model_copy(update={"epochs": 2})).state
    np.testing.assert_equal(half.history, expected.history[:2])
    resumed = run(settings, state=half)
    assert resumed.ending == "all epochs done"
    assert_same_states(resumed.state, expected)


def test_best_epoch_before_the_resumption_is_still_the_best(monkeypatch: Any) -> None:
    first, _, _ = run_replayed([2.0, 1.0, 3.0], monkeypatch, patience=2)
    settings = small(epochs=9, val_percent=0, batch_size=10**6, min_delta=0, patience=2)
    network = build_network(settings)
    replay(network, [4.0], monkeypatch)
    split = split_of(SERIES, settings)
    result = train(network, SERIES, split, settings, state=first.state)
    assert (result.ending, result.state.best_epoch) == ("early stopping", 2)
    assert ops.convert_to_numpy(head_of(network.encoder, "z_mean").bias)[0] == 2


def test_nothing_is_left_to_train(compiled_network: VariationalAutoencoder) -> None:
    state = after(compiled_network, [2.0, 1.0], 0.0)
    with pytest.raises(
        InputError,
        match=r"^Nothing is left to train: the model has 2 epochs and `epochs` is 2\. Raise "
        r"`epochs`, or give --epochs\.$",
    ):
        run(small(), state=state)


def test_patience_is_used_up(compiled_network: VariationalAutoencoder) -> None:
    state = after(compiled_network, [1.0, 2.0, 2.0, 2.0], 0.0)
    with pytest.raises(
        InputError,
        match=r"^Nothing is left to train: the last 3 epochs brought no progress and `patience` is "
        r"3\. Raise `patience` to go on\.$",
    ):
        run(small(epochs=10, patience=3), state=state)


@pytest.mark.parametrize("part", ["last", "best"])
@pytest.mark.parametrize("damage", ["missing", "shape"])
def test_state_of_another_network(
    compiled_network: VariationalAutoencoder, part: str, damage: str
) -> None:
    state = after(compiled_network, [1.0], 0.0)
    values = dict(getattr(state, part))
    name = next(iter(values))
    if damage == "missing":
        del values[name]
    else:
        values[name] = values[name][..., :1]
    with pytest.raises(InputError, match=r"weights are not those of this network\. Train without"):
        run(small(epochs=10), state=replace(state, **{part: values}))


# ------------------------------------------------------------------- bad endings


def test_loss_that_is_no_number_in_the_first_epoch() -> None:
    series = SERIES.copy()
    series[60, 1] = np.nan
    with pytest.raises(
        InputError,
        match=r"^The loss is not a number \(NaN or infinite\) in epoch 1, the first of this run, "
        r"and nothing was kept\. .* `lr` 0\.01 may be too large for this data: try a tenth of "
        r"it\.$",
    ):
        run(small(), series)


def test_hint_at_scaling() -> None:
    series = np.full_like(SERIES, np.inf)
    with pytest.raises(InputError, match=r"try a tenth of it, or set `scale` to true\.$"):
        run(small(scale=False), series)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_loss_that_is_no_number_later_keeps_the_best(bad: float, monkeypatch: Any) -> None:
    result, weight, num_epochs = run_replayed([2.0, 1.0, 1.5, bad, 0.1], monkeypatch)
    assert result.ending == "loss is not a number"
    assert (num_epochs, len(result.state.history)) == (4, 3)
    assert result.state.best_epoch == weight == 2


def test_loss_that_is_no_number_right_after_resuming(whole: TrainingState) -> None:
    settings = small(**RESUMED | {"epochs": 9})
    kept: list[TrainingState] = []
    series = np.full_like(SERIES, np.nan)
    with pytest.raises(InputError, match=r"in epoch 5, the first of this run, and nothing"):
        run(settings, series, state=whole, keep=kept.append)
    assert kept == []


def test_validation_loss_that_is_no_number(monkeypatch: Any) -> None:
    settings = small(epochs=3)
    network = build_network(settings)
    val_losses = iter([1.0, math.nan])  # one batch an epoch
    monkeypatch.setattr(
        network,
        "test_on_batch",
        lambda windows, weights, return_dict: dict.fromkeys(
            ("loss", "reconst", "kl"), next(val_losses)
        ),
    )
    result = train(network, SERIES, split_of(SERIES, settings), settings)
    assert (result.ending, result.state.best_epoch) == ("loss is not a number", 1)


def interrupting(at_step: int, network: VariationalAutoencoder, monkeypatch: Any) -> None:
    steps = 0
    train_on_batch = network.train_on_batch

    def step(windows: np.ndarray, return_dict: bool) -> Any:
        nonlocal steps
        steps += 1
        if steps == at_step:
            raise KeyboardInterrupt
        return train_on_batch(windows, return_dict=return_dict)

    monkeypatch.setattr(network, "train_on_batch", step)


def test_interrupted_training_keeps_whole_epochs_and_can_go_on(
    whole: TrainingState, monkeypatch: Any
) -> None:
    settings = small(**RESUMED)
    split = split_of(SERIES, settings)
    steps_an_epoch = len(split.train) // settings.batch_size
    network = build_network(settings)
    interrupting(steps_an_epoch + 2, network, monkeypatch)
    result = train(network, SERIES, split, settings)
    assert (result.ending, len(result.state.history)) == ("interrupted", 1)
    for left, right in zip(variables_of(network), result.state.best.values(), strict=True):
        np.testing.assert_array_equal(left, right)

    assert_same_states(run(settings, state=result.state).state, whole)


@pytest.mark.parametrize("epoch", [1, 2])
def test_interrupted_while_the_state_is_written(epoch: int) -> None:
    kept: list[TrainingState] = []

    def keep(state: TrainingState) -> None:
        kept.append(state)
        if len(kept) == epoch:
            raise KeyboardInterrupt

    result = run(small(epochs=9), keep=keep)
    assert (result.ending, len(result.state.history)) == ("interrupted", epoch)
    assert kept[epoch:] == [result.state]


def test_interrupted_before_the_first_epoch_is_over(monkeypatch: Any) -> None:
    settings = small()
    network = build_network(settings)
    interrupting(1, network, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        train(network, SERIES, split_of(SERIES, settings), settings)


def test_interrupted_before_the_first_epoch_after_resuming(
    whole: TrainingState, monkeypatch: Any
) -> None:
    settings = small(**RESUMED | {"epochs": 9})
    network = build_network(settings)
    interrupting(1, network, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        train(network, SERIES, split_of(SERIES, settings), settings, state=whole)


def test_endings_are_the_documented_ones() -> None:
    assert set(Ending.__args__) == {
        "all epochs done",
        "early stopping",
        "interrupted",
        "loss is not a number",
    }
