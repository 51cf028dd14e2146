"""The training loop: what falls, which windows it sees, what it reports and what it leaves."""

import itertools
import logging
from typing import Any

import numpy as np
import pytest
from keras import ops

from dcvae.data.windows import gather_windows, shuffled
from dcvae.networks import build_network
from dcvae.networks.losses import sigma_from
from dcvae.training import EpochLosses, TrainingState, train
from dcvae.training import loop as training
from dcvae.training.in_keras import runner as in_keras
from support.builders import head_of, inputs_of
from support.training_tools import (
    INPUTS,
    SERIES,
    MadeUpEpochs,
    assert_same_states,
    run,
    run_replayed,
    runner_of,
    small,
    split_of,
    variables_of,
)

# ------------------------------------------------------------------- it trains


@pytest.mark.parametrize("by_xla", [True, False])
def test_loss_falls(by_xla: bool, monkeypatch: Any) -> None:
    monkeypatch.setattr(in_keras, "_BY_XLA", by_xla)
    history = run(small(epochs=6)).state.history
    assert [losses.epoch for losses in history] == [1, 2, 3, 4, 5, 6]
    assert history[-1].loss < history[0].loss - 0.1
    assert history[-1].val_loss < history[0].val_loss
    for losses in history:
        assert losses.loss == pytest.approx(losses.reconst + losses.kl, rel=1e-5)
        assert losses.val_loss == pytest.approx(losses.val_reconst + losses.val_kl, rel=1e-5)
        assert losses.kl >= 0
        assert losses.learning_rate == pytest.approx(1e-2)


@pytest.mark.parametrize("convention", ["paper", "code"])
def test_constant_series_cannot_run_away(convention: str) -> None:
    """It is predicted perfectly, and its likelihood has no limit but that of the log variance."""
    inputs = inputs_of(np.zeros_like(SERIES))
    settings = small(epochs=6, lr=0.3, val_percent=0, fidelity_spread=convention)
    network = build_network(settings)
    mean_head = head_of(network.decoder, "x_mean")
    mean_head.kernel.assign(np.zeros(mean_head.kernel.shape))
    runner = runner_of(network, settings, inputs)
    history = train(runner, split_of(inputs, settings), settings).state.history
    assert history[-1].reconst == pytest.approx(-5, abs=0.05)  # the bound has been reached
    assert all(np.isfinite(losses.loss) and losses.reconst >= -5 for losses in history)
    windows = gather_windows(inputs.values, np.arange(20, dtype=np.int32), settings.window_length)
    sigma = ops.convert_to_numpy(sigma_from(network(windows)["spread"]))
    assert sigma.min() >= np.exp(-5) * 0.999


def test_every_step_is_a_full_batch_of_the_shuffled_windows() -> None:
    settings = small(epochs=2, batch_size=32)
    split = split_of(INPUTS, settings)
    runner = MadeUpEpochs(itertools.repeat(1.0), itertools.repeat(1.0))
    train(runner, split, settings)
    steps = len(split.train) // 32
    assert [len(batch) for batch in runner.trained] == [32] * 2 * steps
    epochs = runner.trained[:steps], runner.trained[steps:]
    for epoch in epochs:
        starts = [start for batch in epoch for start in batch]
        assert len(set(starts)) == 32 * steps
        assert set(starts) <= set(split.train.tolist())
        assert starts != sorted(starts)
    assert epochs[0] != epochs[1]


# ------------------------------------------------------------------- validation


def test_validation_sees_every_validation_window() -> None:
    settings = small(epochs=1)
    split = split_of(INPUTS, settings)
    runner = MadeUpEpochs(itertools.repeat(1.0), [1.0])
    train(runner, split, settings)
    assert runner.validated == [split.validation.tolist()]


def test_an_epoch_of_so_many_steps_validates_on_no_more_windows_than_it_trains_on() -> None:
    settings = small(epochs=2, batch_size=4, steps_per_epoch=3)
    split = split_of(INPUTS, settings)
    runner = MadeUpEpochs(itertools.repeat(1.0), itertools.repeat(1.0))
    train(runner, split, settings)
    passes = np.concatenate([shuffled(split.train, settings.seed, n) for n in (1, 2)])
    assert list(itertools.chain(*runner.trained)) == passes.tolist()[:24]
    assert len(split.validation) > 12
    assert [len(starts) for starts in runner.validated] == [12, 12]
    assert runner.validated[0][0] == split.validation[0]
    assert runner.validated[0][-1] == split.validation[-1]


def test_training_losses_are_means_over_the_epoch() -> None:
    """At a learning rate of nothing every batch sees the same weights and can be done again."""
    settings = small(epochs=2, val_percent=0.0, lr=1e-12)
    network = build_network(settings)
    split = split_of(INPUTS, settings)
    history = train(runner_of(network, settings), split, settings).state.history
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
    split = split_of(INPUTS, settings)
    assert len(split.validation) > 8
    assert len(split.validation) % 8 != 0
    (losses,) = train(runner_of(network, settings), split, settings).state.history
    windows = gather_windows(SERIES, split.validation, settings.window_length)
    z_mean, z_log_var = (ops.convert_to_numpy(part) for part in network.encoder(windows))
    expected = np.mean(-0.5 * (1 + z_log_var - z_mean**2 - np.exp(z_log_var)))
    assert losses.val_kl == pytest.approx(expected, rel=1e-5)
    assert losses.val_loss == pytest.approx(losses.val_reconst + losses.val_kl, rel=1e-6)


def test_filling_up_the_last_validation_batch_cannot_make_its_loss_infinite() -> None:
    """Weights with which a window of zeros, unlike any of the data, has an endless KL."""
    settings = small(activation="linear")
    inputs = inputs_of(SERIES + 50)
    network = build_network(settings)
    convolution = network.encoder.get_layer("encoder_conv_1")
    kernel = np.zeros(convolution.kernel.shape)
    kernel[-1, 0, 0] = 1.0
    convolution.kernel.assign(kernel)
    head = head_of(network.encoder, "z_log_var")
    head.kernel.assign(np.full(head.kernel.shape, -1.0))
    head.bias.assign(np.full(head.bias.shape, 100.0))
    zeros = np.zeros((1, 8, 2), dtype=np.float32)
    assert np.isinf(ops.convert_to_numpy(ops.exp(network.encoder(zeros)[1]))).any()
    starts = split_of(inputs, settings).validation
    (losses,) = runner_of(network, settings, inputs).validate(starts, 64)
    assert 0 < len(starts) < 64
    assert np.isfinite(losses).all()


def test_without_validation_part_the_training_loss_is_monitored() -> None:
    state = run(small(val_percent=0, epochs=3)).state
    for losses in state.history:
        assert np.isnan([losses.val_loss, losses.val_reconst, losses.val_kl]).all()
    assert state.best_loss == min(losses.loss for losses in state.history)


# ------------------------------------------------------------------- what is left and told


def test_weights_are_those_of_the_best_epoch() -> None:
    result, weight, num_epochs = run_replayed([3.0, 1.0, 2.0, 1.5])
    assert result.ending == "all epochs done"
    assert (result.state.best_epoch, result.state.best_loss, num_epochs) == (2, 1.0, 4)
    assert weight == 2


def test_network_is_left_with_state_best() -> None:
    settings = small(epochs=5, lr=0.3, patience=100)  # too large: the losses jump
    network = build_network(settings)
    state = train(runner_of(network, settings), split_of(INPUTS, settings), settings).state
    val_losses = [losses.val_loss for losses in state.history]
    assert state.best_epoch == 1 + int(np.argmin(val_losses))
    assert state.best_loss == min(val_losses)
    for left, right in zip(variables_of(network), state.best.values(), strict=True):
        np.testing.assert_array_equal(left, right)


def test_first_of_equal_epochs_is_the_best() -> None:
    result, weight, _ = run_replayed([2.0, 1.0, 1.0, 1.0])
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


def test_the_host_is_not_warned_that_its_second_network_is_traced(caplog: Any) -> None:
    class Host:
        """Logs at each epoch what TensorFlow logs, and something else."""

        def step(self, *told: Any) -> None:
            for message in ("<function> triggered tf.function retracing.", "out of memory soon"):
                logging.getLogger("tensorflow").warning(message)

        def epoch(self, *told: Any) -> None: ...

    logger = logging.getLogger("tensorflow")
    logger.addHandler(caplog.handler)
    try:
        run(small(epochs=1, batch_size=113), progress=Host())
    finally:
        logger.removeHandler(caplog.handler)
    assert {record.getMessage() for record in caplog.records} == {"out of memory soon"}


def test_learning_rate_decays_in_stairs() -> None:
    """8 steps an epoch, a stair every 10: after 8, 16, 24, 32, 40 steps 0, 1, 2, 3, 4 stairs."""
    settings = small(
        epochs=5, batch_size=13, lr_decay=True, decay_step=10, decay_rate=0.5, patience=100
    )
    assert len(split_of(INPUTS, settings).train) // 13 == 8
    history = run(settings).state.history
    rates = [losses.learning_rate for losses in history]
    np.testing.assert_allclose(rates, 1e-2 * 0.5 ** np.array([0, 1, 2, 3, 4]), rtol=1e-6)
