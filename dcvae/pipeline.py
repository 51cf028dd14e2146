"""Pipeline: from data and settings to a fitted model, and from a table to scores and detections.

All steps are put together here, for the commands and for `DCVAEDetector`::

    fit       data -> preprocessing -> network -> training -> calibration -> thresholds
    score     table -> preprocessing -> windows -> network -> scores of rows and cells
    detect    table -> preprocessing -> windows -> network -> flags, alarms

Importing this module imports no Keras; fitting, scoring and detecting do.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dcvae import _backend
from dcvae._arrays import BoolArray, Float64Array
from dcvae.config import Settings, alias_of, show
from dcvae.data import (
    ModelInput,
    Preprocessor,
    Quality,
    Table,
    TrainingData,
    WindowSplit,
    after_gap,
    assess,
    longest_window,
    sampling_step,
    step_notice,
    windows_with,
)
from dcvae.detection import (
    Detection,
    DetectionBuilder,
    Thresholds,
    fit_thresholds,
    standardized_residual,
)
from dcvae.networks import entry_of

if TYPE_CHECKING:  # importing these would import Keras
    from dcvae.networks import Autoencoder
    from dcvae.scoring import (
        Calibration,
        CausalScorer,
        Scores,
        WindowAverageScorer,
        WindowAverageScores,
        WindowLosses,
    )
    from dcvae.training import Progress, TrainingResult, TrainingState

Blocks = Callable[[Iterable["Scores"], int], Iterable["Scores"]]


@dataclass(frozen=True, eq=False)
class ModelDescription:
    """A model without its network: settings, preprocessing and sampling step.

    Attributes:
        settings: the keys that make the model, and the seed, from training.
        preprocessor: fitted to the training data, with the series in the network's order.
        step_seconds: sampling step of the training data, in seconds.
    """

    settings: Settings
    preprocessor: Preprocessor
    step_seconds: float

    @property
    def series(self) -> tuple[str, ...]:
        """Names of the trained series, in the network's order."""
        return self.preprocessor.series

    def step_notice(self, table: Table) -> list[str]:
        """Return a notice if a table has another sampling step than the training data."""
        return step_notice(table.frame.index, self.step_seconds)

    def inputs(self, table: Table) -> ModelInput:
        """Preprocess a table (rows, series), data units, to what the network is given."""
        return self.preprocessor.transform(table.frame, self.after_gap(table))

    def quality(self, table: Table) -> Quality:
        """Assess which rows of a table can be scored."""
        longest = self.preprocessor.longest_constant
        return assess(table.frame, self.after_gap(table), longest, self.settings.window_length)

    def after_gap(self, table: Table) -> BoolArray:
        """Return before which rows of a table a gap lies that no window may cross: (rows,) bool."""
        times = pd.DatetimeIndex(table.frame.index)
        return after_gap(times, self.step_seconds, self.settings.max_gap)


@dataclass(frozen=True, eq=False)
class TrainingSummary:
    """The record of a training, as `storage.save_model` needs it.

    Attributes:
        result: the end of the training, with the state to resume from.
        split: the windows of training and of validation.
        losses: losses that files are compared with, see `reference_losses`.
        seconds: duration of the training: of building the network and of all epochs of this run.
        device: device that it ran on.
        row_scores: (rows,) float64, what `CalibratedModel.score` gives the training rows (cells
            labeled an anomaly are missing), to rounding; empty if `fit` was not asked for them.
    """

    result: "TrainingResult"
    split: WindowSplit
    losses: "WindowLosses"
    seconds: float
    device: str
    row_scores: Float64Array


@dataclass(frozen=True, eq=False)
class CalibratedModel(ModelDescription):
    """A trained and calibrated network: it scores.

    Attributes:
        network: the trained network.
        calibration: its calibration on normal data.
    """

    network: "Autoencoder"
    calibration: "Calibration"

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields, with the network's weights in place of the network."""
        state = {field.name: getattr(self, field.name) for field in fields(self)}
        return state | {"network": self.network.get_weights()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the fields and build the network anew (imports Keras)."""
        _backend.start()
        from dcvae.networks import build_network

        network = build_network(state["settings"])
        network.set_weights(state["network"])
        for name, value in (state | {"network": network}).items():
            object.__setattr__(self, name, value)  # it is frozen for all others

    def causal_scores(self, inputs: ModelInput, shown: Blocks | None = None) -> Iterator["Scores"]:
        """Score every row in which a whole window ends, in blocks of a few thousand rows.

        Args:
            inputs: from `inputs`.
            shown: takes blocks and number of rows, passes the blocks on, shows progress; or None.

        Yields:
            Scores of consecutive rows, scaled, sigma of the mode that the settings ask for.
        """
        blocks = self._causal_scorer.blocks(inputs)
        num_rows = len(inputs.values) - self.settings.window_length + 1
        yield from blocks if shown is None else shown(blocks, num_rows)

    def score(self, table: Table) -> "WindowAverageScores":
        """Score every row and cell of a table (rows, series) by windows that contain it.

        Scores look ahead up to T - 1 rows. Data shorter than T are scored as if their first row
        had been there before, unobserved. Scores are NaN for rows in no whole window.
        """
        inputs = self.inputs(table)
        missing = max(self.settings.window_length - len(inputs.values), 0)
        if missing:
            inputs = _padded(inputs, missing)
        scores = self._window_averages(inputs)
        return scores._replace(row=scores.row[missing:], cell=scores.cell[missing:])

    def losses(self, inputs: ModelInput) -> "WindowLosses":
        """Compute the losses of a file, to be compared with `TrainingSummary.losses`."""
        from dcvae.scoring import losses_of_file

        return losses_of_file(self.network, inputs, self.settings.window_length)

    def fit_thresholds(self, table: Table, labels: Table | None = None) -> Thresholds:
        """Fit alphas and alarm to another table.

        Args:
            table: (rows, series), data units, at least T rows.
            labels: (rows, series) bool, of the same rows; None takes all rows for normal.
        """
        from dcvae.scoring import Scores

        scores = Scores.concatenate(list(self.causal_scores(self.inputs(table))))
        return fit_thresholds(
            scores.error,
            standardized_residual(scores.error, scores.sigma),
            self.series,
            self.settings,
            step_seconds=self.step_seconds,
            labels=None if labels is None else labels.frame.to_numpy(),
        )

    def _window_averages(self, inputs: ModelInput) -> "WindowAverageScores":
        return self._window_scorer.score(inputs, self.calibration.reference_levels)

    # Scorers are kept, as their passes are compiled at the first use.

    @cached_property
    def _causal_scorer(self) -> "CausalScorer":
        from dcvae.scoring import CausalScorer

        sigma = self.calibration.sigma(self.settings.sigma)
        return CausalScorer.of(self.network, self.settings, sigma)

    @cached_property
    def _window_scorer(self) -> "WindowAverageScorer":
        from dcvae.scoring import WindowAverageScorer

        return WindowAverageScorer(self.network, self.settings.window_length)


@dataclass(frozen=True, eq=False)
class FittedModel(CalibratedModel):
    """A fitted model: it scores, flags and raises alarms.

    Attributes:
        thresholds: alphas and the alarm of the system.
        summary: record of the training; None for a model that was read from disk.
    """

    thresholds: Thresholds
    summary: TrainingSummary | None = None

    @property
    def training(self) -> TrainingSummary:
        """Record of the training.

        Raises:
            ValueError: the model was not fitted here but read from disk.
        """
        if self.summary is None:
            raise ValueError("Expected a model that was fitted here. Received: one from disk.")
        return self.summary

    def detect(self, table: Table, shown: Blocks | None = None) -> Detection:
        """Score the rows of a table, flag its cells and raise its alarms.

        Args:
            table: (rows, series), data units, at least T rows.
            shown: see `causal_scores`.

        Raises:
            InputError: the table has fewer rows than a window.
        """
        inputs, before = self.inputs(table), self.settings.window_length - 1
        channels = entry_of(self.settings).latent_channels(self.settings)
        builder = DetectionBuilder(
            table.frame[before:], inputs, self.thresholds, self.preprocessor, channels
        )
        for scores in self.causal_scores(inputs, shown):
            builder.add(scores)
        return builder.build(self._window_averages(inputs).row[before:])


def _padded(inputs: ModelInput, missing: int) -> ModelInput:
    """Repeat the first row so many times in front, unobserved."""
    rows = np.pad(np.arange(len(inputs.values)), (missing, 0), mode="edge")
    return ModelInput(
        inputs.values[rows],
        np.pad(inputs.observed, [(missing, 0), (0, 0)]),
        np.pad(inputs.gaps, (missing, 0)),
        inputs.times[rows],
        None if inputs.covariates is None else inputs.covariates[rows],
    )


def settings_for_rows(settings: Settings, num_rows: int) -> tuple[Settings, list[str]]:
    """Return settings whose windows fit a training table of so many rows, and what changed.

    `T` and the validation share become those of `longest_window`. Layers that would reach farther
    back than a window are left out.

    Args:
        settings: the settings asked for.
        num_rows: rows of the training table, at least 4.

    Returns:
        The settings, and one notice of all that is not as asked for; none if all is.

    Examples:
        >>> from dcvae.config import preset
        >>> asked = Settings.from_values(preset("recommended"), "recommended.txt")  # T = 64
        >>> settings, notices = settings_for_rows(asked, num_rows=100)
        >>> settings.window_length, settings.val_percent, len(notices)
        (20, 0.2, 1)
    """
    asked = settings.window_length
    length, share = longest_window(num_rows, asked, settings.val_percent)
    changes: dict[str, Any] = {"window_length": length, "val_percent": share}
    if length < asked:
        changes |= entry_of(settings).shorter(settings, length)
    told = [
        f"`{alias_of(name)}` is {show(value)}, not {show(getattr(settings, name))}"
        for name, value in changes.items()
        if value != getattr(settings, name)
    ]
    if not told:
        return settings, []
    notice = f"The training data have only {num_rows:,} rows: {', '.join(told)}."
    return settings.model_copy(update=changes), [notice]


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
) -> FittedModel:
    """Train a network, calibrate it on its validation part, and fit thresholds for it.

    Alphas and alarm count events per week, for which a validation part is too short: they are
    fitted to the whole training file (measured in benchmarks/severity.md).

    Args:
        data: the training data; rows that labels or gaps keep out of training are not scored here.
        settings: settings of the model.
        state: state of a training to resume; None begins one.
        on_start: called with the untrained network and the device before the first epoch.
        keep: called with the state after each epoch, to be stored.
        progress: called at steps and epochs.
        score_training: whether the summary keeps the scores of the training rows.

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
    run = calibrate(network, settings, data.preprocessor.series, normal, data.split, scorer)
    sigma = run.calibration.sigma(settings.sigma).apply(run.scores.sigma)
    thresholds = fit_thresholds(
        run.scores.error,
        standardized_residual(run.scores.error, sigma),
        data.preprocessor.series,
        settings,
        step_seconds=step_seconds,
    )
    losses = reference_losses(network, data.inputs, data.split, settings.window_length)
    row_scores = np.empty(0)
    if score_training:
        known = run.windows if normal is inputs else None  # else they lack some of their cells
        row_scores = scorer.score(inputs, run.calibration.reference_levels, known).row
    summary = TrainingSummary(result, data.split, losses, seconds, device, row_scores)
    model = FittedModel(
        settings, data.preprocessor, step_seconds, network, run.calibration, thresholds, summary
    )
    vars(model)["_window_scorer"] = scorer  # where its cached property keeps one
    return model


def _normal_inputs(inputs: ModelInput, data: TrainingData, length: int) -> ModelInput:
    """Take the cells whose window has a label out of the training table as a file to score."""
    if data.labels is None:
        return inputs
    near = windows_with(data.labels.frame.any(axis=1).to_numpy(), length)
    observed = inputs.observed.copy()
    observed[length - 1 :] &= ~near[:, np.newaxis]
    return replace(inputs, observed=observed)
