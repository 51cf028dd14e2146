"""Sixty steps of training under `fidelity: "code"` against the published program's training."""

from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from keras import ops
from numpy.typing import NDArray

from dcvae.config import Settings
from dcvae.data.windows import gather_windows
from dcvae.networks import build_network
from dcvae.training import KerasEpochs, train
from support.builders import head_of, inputs_of, random_rows, settings_with, weights_of
from support.training_tools import split_of

pytest.importorskip("tensorflow")
from support.published_training import PublishedTraining

EPOCHS, BATCH, TOLERANCE = 10, 32, 1e-3
SETTINGS = settings_with(
    fidelity="code",
    T=8,
    M=2,
    cnn_units=[4, 3, 3],
    dil_rate=[1, 2, 4, 8],
    val_percent=0.2,
    batch_size=BATCH,
    epochs=EPOCHS,
    lr=1e-3,
    patience=100,
)


class Recorded(NamedTuple):
    """A training: its batches and draws in order, the loss of each step, and of each epoch."""

    settings: Settings
    weights: dict[str, NDArray[np.float64]]
    steps: list[tuple[NDArray[np.float32], NDArray[np.float32]]]
    validation: list[tuple[NDArray[np.float32], NDArray[np.float32]]]
    losses: list[tuple[float, float]]
    history: Any


def recorded(settings: Settings) -> Recorded:
    """Train with draws that are known."""
    rows = random_rows(240, 2)
    rows[::17] *= 9.0
    inputs, network = inputs_of(rows), build_network(settings)
    # Log variances of about 11 and 8, twice the spread: one series begins beyond the bound of 10.
    head_of(network.decoder, "x_spread").bias.assign([5.5, 4.0])
    weights = weights_of(network)
    split = split_of(inputs, settings)
    draws = np.random.default_rng(5)
    noise = keras.Variable(
        np.zeros((BATCH, 8, settings.latent_size)), trainable=False, dtype="float32"
    )
    steps: list[Any] = []
    validation: list[Any] = []
    losses: list[tuple[float, float]] = []

    class Recording(KerasEpochs):
        """Epochs with draws that are known before each batch."""

        def train(self, starts: Any, batch_size: int) -> Any:
            for first in range(0, len(starts), batch_size):
                batch = starts[first : first + batch_size]
                windows = gather_windows(inputs.values, batch, 8)
                steps.append((windows, drawn()[: len(batch)]))
                (found,) = super().train(batch, batch_size)
                losses.extend(found.tolist())
                yield found

        def validate(self, starts: Any, batch_size: int) -> Any:
            for first in range(0, len(starts), batch_size):
                batch = starts[first : first + batch_size]
                windows = gather_windows(inputs.values, batch, 8)
                validation.append((windows, drawn()[: len(batch)]))
                yield from super().validate(batch, batch_size)

    def draw(z_mean: Any, z_log_var: Any) -> Any:
        return z_mean + ops.exp(0.5 * z_log_var) * noise[: ops.shape(z_mean)[0]]

    def drawn() -> NDArray[np.float32]:
        values = draws.normal(size=noise.shape).astype(np.float32)
        noise.assign(values)
        return values

    network.sampling.call = draw
    runner = Recording(network, inputs.values, settings)
    history = train(runner, split, settings).state.history
    expected = gather_windows(inputs.values, split.train, 8)
    assert sorted(map(bytes, np.concatenate([x for x, _ in steps[: len(steps) // EPOCHS]]))) == (
        sorted(map(bytes, expected))
    )
    return Recorded(settings, weights, steps, validation, losses, history)


def replayed(
    made: Recorded, epochs: int = EPOCHS, **how: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The published training on the same batches and draws: losses of steps, and of epochs."""
    settings = made.settings
    published = PublishedTraining(
        dict(made.weights), list(settings.cnn_units), list(settings.dil_rate), settings.lr, **how
    )
    of_steps, of_epochs = [], []
    per_epoch, per_validation = len(made.steps) // EPOCHS, len(made.validation) // EPOCHS
    for epoch in range(epochs):
        trained = [published.train(*batch) for batch in made.steps[epoch * per_epoch :][:per_epoch]]
        validated = [
            published.evaluate(*batch)
            for batch in made.validation[epoch * per_validation :][:per_validation]
        ]
        of_steps += trained
        of_epochs.append([*np.mean(trained, axis=0), *np.mean(validated, axis=0)])
    return np.array(of_steps), np.array(of_epochs)


@pytest.fixture(scope="module")
def made() -> Recorded:
    """Hold one training for all tests: tracing its step takes seconds."""
    return recorded(SETTINGS)


@pytest.fixture(scope="module")
def published(made: Recorded) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Losses of the published training on the same batches and draws."""
    return replayed(made)


def test_sixty_steps_follow_the_published_loss_curve(made: Recorded, published: Any) -> None:
    sizes = [len(windows) for windows, _ in made.steps]
    assert sizes == [32, 32, 32, 32, 32, 25] * EPOCHS  # 185 windows; 60 steps
    of_steps, of_epochs = published
    np.testing.assert_allclose(made.losses, of_steps, rtol=TOLERANCE, atol=TOLERANCE)
    found = [(e.reconst, e.kl, e.val_reconst, e.val_kl) for e in made.history]
    np.testing.assert_allclose(found, of_epochs, rtol=TOLERANCE, atol=TOLERANCE)
    assert of_steps.sum(axis=1)[-1] < of_steps.sum(axis=1)[0] - 0.5  # it learns


@pytest.mark.parametrize("how", [{"bound": 10.0}, {"encoder_runs": 1}])
def test_each_departure_would_be_seen(made: Recorded, published: Any, how: dict[str, Any]) -> None:
    others, of_other_epochs = replayed(made, 2, **how)
    of_steps, of_epochs = (
        losses[: len(found)]
        for losses, found in zip(published, (others, of_other_epochs), strict=True)
    )
    seen = max(np.abs(others - of_steps).max(), np.abs(of_other_epochs - of_epochs).max())
    assert seen > 10 * TOLERANCE
