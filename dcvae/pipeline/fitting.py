"""Fit: data -> preprocessing -> network -> training -> calibration -> thresholds.

Importing this module imports no Keras; fitting does.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dcvae import _backend
from dcvae.config import Settings
from dcvae.data import ModelInput, TrainingData, sampling_step, windows_with
from dcvae.detection import fit_thresholds, microseconds, standardized_residual
from dcvae.pipeline.models import FittedModel, TrainingSummary, with_incidents

if TYPE_CHECKING:  # importing these would import Keras
    from dcvae.networks import Autoencoder
    from dcvae.training import Progress, TrainingState


@_backend.keeping_random_states()
def fit(
    data: TrainingData,
    settings: Settings,
    *,
    state: "TrainingState | None" = None,
    on_start: Callable[["Autoencoder", str], None] = lambda network, device: None,
    keep: Callable[["TrainingState"], None] = lambda state: None,
    progress: "Progress | None" = None,
    score_training: bool = False,
    has_times: bool = True,
) -> FittedModel:
    """Train a network, calibrate it on its validation part, and fit thresholds for it.

    Alphas and alarm count per week, for which a validation part is too short: they are
    fitted to the whole training file (measured in benchmarks/severity.md).

    Args:
        data: the training data; rows that labels or gaps keep out of training are not scored here.
        settings: settings of the model.
        state: state of a training to resume; None begins one.
        on_start: called with the untrained network and the device before the first epoch.
        keep: called with the state after each epoch, to be stored.
        progress: called at steps and epochs.
        score_training: whether the summary keeps the scores of the training rows.
        has_times: whether the rows have times of their own, by which later rows are told apart.

    Raises:
        InputError: the settings are for another number of series, the loss is not a number before
            the first epoch is finished, or the state to resume leaves nothing to do or is of
            another network.
    """
    settings = settings.with_num_series(len(data.preprocessor.series), data.table.path)
    device = _backend.start()
    from dcvae.networks import build_network
    from dcvae.scoring import WindowAverageScorer, calibrate, reference_losses
    from dcvae.training import train

    started = time.monotonic()
    network = build_network(settings)
    on_start(network, device)
    result = train(
        network, data.inputs, data.split, settings, state=state, keep=keep, progress=progress
    )
    seconds = time.monotonic() - started
    step_seconds = sampling_step(data.table.frame.index).total_seconds()
    inputs = data.preprocessor.transform(data.table.frame, data.inputs.gaps)
    normal = _normal_inputs(inputs, data, settings.window_length)
    scorer = WindowAverageScorer(network, settings.window_length)
    run = calibrate(
        network,
        settings,
        data.preprocessor.series,
        normal,
        data.split,
        scorer,
        find_incidents=settings.finds_incidents,
        contamination=settings.contamination,
    )
    sigma = run.calibration.sigma(settings.sigma).apply(run.scores.sigma)
    times = microseconds(inputs.times[settings.window_length - 1 :])
    length, levels = settings.window_length, run.calibration.reference_levels
    # Only the windows across the border of training and validation are not known yet. Without
    # those that have a label there are some of their cells.
    scored = scorer.score(normal, levels, run.windows)
    thresholds = fit_thresholds(
        run.scores.error,
        standardized_residual(run.scores.error, sigma),
        data.preprocessor.series,
        settings,
        times=times,
        step_seconds=step_seconds,
        incidents=run.incidents,
        trained_until=int(times[-1]) if has_times else None,
        offline=scored.cell[length - 1 :],
    )
    thresholds = with_incidents(thresholds, run.incidents, settings.window_length)
    losses = reference_losses(network, data.inputs, data.split, settings.window_length)
    row_scores = np.empty(0)
    if score_training:
        row_scores = scored.row if normal is inputs else scorer.score(inputs, levels).row
    summary = TrainingSummary(result, data.split, losses, seconds, device, row_scores)
    model = FittedModel(
        settings, data.preprocessor, step_seconds, network, run.calibration, thresholds, summary
    )
    vars(model)["_window_scorer"] = scorer  # where its cached property keeps one
    return model


def _normal_inputs(inputs: ModelInput, data: TrainingData, length: int) -> ModelInput:
    """Take out of the training table, as a file to score, what thresholds must not learn from.

    That are the cells whose window has a label, and those of a series that was constant but for
    outliers.
    """
    inputs = inputs.without_new()
    if data.labels is None:
        return inputs
    near = windows_with(data.labels.frame.any(axis=1).to_numpy(), length)
    observed = inputs.observed.copy()
    observed[length - 1 :] &= ~near[:, np.newaxis]
    return replace(inputs, observed=observed)
