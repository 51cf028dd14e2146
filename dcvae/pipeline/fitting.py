"""Fit: data -> preprocessing -> network or other detectors -> calibration -> thresholds.

Importing this module imports no Keras; fitting a network does where Keras trains it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from dcvae import _backend, _progress
from dcvae._arrays import AnyArray, Float64Array, Int32Array
from dcvae._engine import training_engine
from dcvae._threads import processor
from dcvae.config import NETWORK, Member, Settings
from dcvae.data import ModelInput, TrainingData, sampling_step, windows_with
from dcvae.detection import fit_thresholds, microseconds, residual_of
from dcvae.errors import InputError
from dcvae.pipeline.ensemble import EnsembleScorer
from dcvae.pipeline.models import FittedModel, Suspects, TrainingSummary, with_incidents
from dcvae.pipeline.scorers import NetworkScorer, RowScorer, Scorer, offline_scores
from dcvae.scoring import calibrate

if TYPE_CHECKING:  # importing these would import Keras or scikit-learn
    from dcvae.detectors import AnomalyDetector
    from dcvae.networks import Network
    from dcvae.scoring import LossPass, WindowLosses
    from dcvae.training import EpochRunner, Progress, TrainingResult, TrainingState

_MOST_SUSPECTS = 20


@dataclass
class Training:
    """How a network is trained, and how it went; of no use to other detectors.

    Attributes:
        state: state of a training to resume; None begins one.
        on_start: called with the untrained network and the device before the first epoch.
        keep: called with the state after each epoch, to be stored.
        progress: called at steps and epochs.
        result: the end of the training, when it is done.
        losses: losses that files are compared with, likewise.
        device: device that it ran on.
        frameworks: names and versions of the packages that it ran with, Keras's backend first.
    """

    state: "TrainingState | None" = None
    on_start: Callable[["Network", str], None] = lambda network, device: None
    keep: Callable[["TrainingState"], None] = lambda state: None
    progress: "Progress | None" = None
    result: "TrainingResult | None" = field(default=None, init=False)
    losses: "WindowLosses | None" = field(default=None, init=False)
    device: str = field(default="CPU", init=False)
    frameworks: tuple[tuple[str, str], ...] = field(default=(), init=False)

    def fit(self, data: TrainingData, settings: Settings) -> NetworkScorer:
        """Train a network, in NumPy or in Keras, see `training_engine`."""
        from dcvae.scoring import reference_losses

        engine = training_engine(settings.architecture)
        network = (self._in_numpy if engine == "numpy" else self._in_keras)(data, settings)
        self.losses = reference_losses(network, data.inputs, data.split, settings.window_length)
        return NetworkScorer(network, settings)

    def _in_numpy(self, data: TrainingData, settings: Settings) -> "Network":
        from dcvae.networks import initial_weights, network_in_numpy
        from dcvae.scoring import LossPass
        from dcvae.training import NumpyEpochs

        self.device = f"{processor()} (NumPy)"
        weights = initial_weights(settings)
        self.on_start(network_in_numpy(weights), self.device)
        runner = NumpyEpochs(weights, data.inputs.values, settings)
        try:
            self._train(
                runner,
                data,
                settings,
                lambda: LossPass(network_in_numpy(runner.network()), settings.window_length),
            )
        finally:
            runner.close()
        return network_in_numpy(runner.network())

    def _in_keras(self, data: TrainingData, settings: Settings) -> "Network":
        self.device = _backend.start()
        if settings.tf32 and _backend.cards_in_use():
            self.device += ", TF32 in training steps"
        self.frameworks = _backend.framework_versions()
        from dcvae.networks import build_network
        from dcvae.scoring import LossPass
        from dcvae.training import KerasEpochs

        network = build_network(settings)
        self.on_start(network, self.device)
        runner = KerasEpochs(network, data.inputs.values, settings)
        once = cache(lambda: LossPass(network, settings.window_length))  # it is compiled
        self._train(runner, data, settings, once)
        return network

    def _train(
        self,
        runner: "EpochRunner",
        data: TrainingData,
        settings: Settings,
        pass_now: "Callable[[], LossPass]",
    ) -> None:
        from dcvae.training import train

        def losses_of(starts: Int32Array) -> Float64Array:
            network_pass = pass_now()
            with network_pass.network.keeping_draws():
                losses: Float64Array = network_pass.losses(data.inputs.values, starts).sum(axis=0)
            return losses

        self.result = train(
            runner,
            data.split,
            settings,
            state=self.state,
            keep=self.keep,
            progress=self.progress,
            losses_of=losses_of if settings.trim_windows else None,
        )


@_backend.keeping_random_states()
def fit(
    data: TrainingData,
    settings: Settings,
    *,
    state: "TrainingState | None" = None,
    on_start: Callable[["Network", str], None] = lambda network, device: None,
    keep: Callable[["TrainingState"], None] = lambda state: None,
    progress: "Progress | None" = None,
    score_training: bool = False,
    has_times: bool = True,
    members: Mapping[Member, Scorer] | None = None,
) -> FittedModel:
    """Fit a detector, calibrate it on its validation part, and fit thresholds for it.

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
        members: detectors that were fitted to this data before; None for none.

    Raises:
        InputError: the settings are for another number of series, the loss is not a number before
            the first epoch is finished, the state to resume leaves nothing to do or is of
            another network, or a detector needs more rows or series.
    """
    settings = settings.with_num_series(len(data.preprocessor.series), data.table.path)
    training = Training(state, on_start, keep, progress)
    started = time.monotonic()
    known = dict(members or {})
    wanted = [name for name in settings.members if name not in known]
    for name in wanted:
        _unfitted(name, data, settings)  # refused before a network is trained for hours
    known |= {name: fit_scorer(name, data, settings, training) for name in wanted}
    fitted = {name: known[name] for name in settings.members}
    inputs = data.preprocessor.transform(data.table.frame, data.inputs.gaps)
    normal = _normal_inputs(inputs, data, settings.window_length)
    scorer = joined(fitted, normal, settings)
    seconds = time.monotonic() - started
    step_seconds = sampling_step(data.table.frame.index).total_seconds()
    _progress.begin("calibrating on the validation part")
    scores = scorer.score(normal)
    run = calibrate(
        scores,
        scorer.squares,
        settings,
        data.preprocessor.series,
        normal,
        data.split,
        find_incidents=settings.finds_incidents,
        contamination=settings.contamination,
    )
    scores = replace(scores, sigma=run.calibration.sigma(settings.sigma).apply(scores.sigma))
    times = microseconds(inputs.times[settings.window_length - 1 :])
    length, levels = settings.window_length, run.calibration.reference_levels
    # Only the windows across the border of training and validation are not known yet. Without
    # those that have a label there are some of their cells.
    scored = offline_scores(scorer, normal, levels, length, run.windows)
    thresholds = fit_thresholds(
        scores.strangeness,
        residual_of(scores),
        data.preprocessor.series,
        settings,
        times=times,
        step_seconds=step_seconds,
        incidents=run.incidents,
        trained_until=int(times[-1]) if has_times else None,
        offline=scored.cell[length - 1 :],
    )
    thresholds = with_incidents(thresholds, run.incidents, settings.window_length)
    row_scores = np.empty(0)
    if score_training:
        row_scores = scored.row
        if normal is not inputs:
            row_scores = offline_scores(scorer, inputs, levels, length).row
    summary = TrainingSummary(
        *(training.result, data.split, training.losses, seconds, training.device, row_scores),
        engine=scorer.engine,
        frameworks=training.frameworks,
        suspects=_suspects(training.result, data, settings.window_length),
    )
    return FittedModel(
        settings, data.preprocessor, step_seconds, scorer, run.calibration, thresholds, summary
    )


def _suspects(
    result: "TrainingResult | None", data: TrainingData, length: int
) -> tuple[Suspects, ...]:
    """Return the times of training whose windows were left out most often."""
    if result is None:
        return ()
    from dcvae.training import suspect_rows

    trimmed, times = result.state.trimmed, data.inputs.times
    found = suspect_rows(trimmed, data.split.train, length, len(times))
    return tuple(
        Suspects(times[rows.start], times[rows.stop - 1], rows.share)
        for rows in found[:_MOST_SUSPECTS]
    )


def fit_scorer(
    name: Member, data: TrainingData, settings: Settings, training: Training | None = None
) -> Scorer:
    """Fit one detector to the training data.

    Args:
        name: of the detector.
        data: the training data; a simple detector is fitted to all its rows.
        settings: settings of the model.
        training: how a network is trained; None for by itself.

    Raises:
        InputError: there are too few rows or series for it.
    """
    detector = _unfitted(name, data, settings)
    if detector is None:
        return (training or Training()).fit(data, settings)
    return RowScorer(detector.fit(data.inputs.values), settings.window_length)


def _unfitted(name: Member, data: TrainingData, settings: Settings) -> "AnomalyDetector | None":
    """Make a simple detector, and check that the data are enough for it; None for a network.

    Raises:
        InputError: there are too few rows or series.
    """
    if name == NETWORK:
        return None
    from dcvae.detectors import row_detector

    detector = row_detector(name, seed=settings.seed, window_length=settings.window_length)
    rows, series = data.inputs.values.shape
    if rows < detector.fewest_rows or series < detector.fewest_series:
        instead = "set `detector` to another"
        if settings.detector == "ensemble":
            instead = f'leave "{name}" out of `ensemble_members`'
        raise InputError(
            f"{detector.title} needs at least {detector.fewest_rows} rows and "
            f"{detector.fewest_series} series to be fitted to. Received {rows:,} rows of "
            f"{series} series: give more, or {instead}."
        )
    return detector


def restored_scorer(
    settings: Settings, network: "Network | None", arrays: Mapping[str, AnyArray]
) -> Scorer:
    """Restore what scores, as it was fitted.

    Args:
        settings: of the fit.
        network: the trained network; None if the settings ask for none.
        arrays: from `Scorer.to_arrays`.

    Raises:
        ValueError: the arrays cannot be those of such a scorer.
    """
    members: dict[Member, Scorer] = {}
    for name in settings.members:
        if network is not None and name == NETWORK:
            members[name] = NetworkScorer(network, settings)
        else:
            members[name] = RowScorer.restored(name, arrays, settings)
    if settings.detector != "ensemble":
        return members[settings.detector]
    return EnsembleScorer.restored(members, arrays, settings.num_series or 0)


def joined(members: Mapping[Member, Scorer], normal: ModelInput, settings: Settings) -> Scorer:
    """Make one scorer of those that were fitted.

    Args:
        members: by their names, in order.
        normal: the training table as a file to score, without what is labeled.
        settings: whether they are an ensemble.
    """
    if settings.detector != "ensemble":
        return members[settings.detector]
    return EnsembleScorer.fit(members, normal, settings.window_length, settings.seed)


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
