"""Models: from a table to scores and detections, and thresholds for another table.

Importing this module imports no Keras; scoring and detecting do.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dcvae import _backend
from dcvae._arrays import BoolArray, Float64Array
from dcvae.config import SeriesNames, Settings, series_names, unknown_names
from dcvae.data import (
    ModelInput,
    Preprocessor,
    Quality,
    Table,
    WindowSplit,
    after_gap,
    assess,
    step_notice,
)
from dcvae.detection import (
    Detection,
    DetectionBuilder,
    Thresholds,
    as_errors,
    fit_thresholds,
    microseconds,
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
    from dcvae.training import TrainingResult

Blocks = Callable[[Iterable["Scores"], int], Iterable["Scores"]]

_LAYERS = "layers"  # of the network, in the state of a pickled model


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

    @property
    def names(self) -> SeriesNames:
        """Titles and units of the series, to show them with."""
        return series_names(self.settings, self.series)

    def name_notices(self) -> list[str]:
        """Return notices on titles and units of what is no series of the model."""
        return unknown_names(self.settings, self.series, f"`{self.settings.model_name}`")

    def step_notice(self, table: Table) -> list[str]:
        """Return a notice if a table has another sampling step than the training data."""
        return step_notice(table.frame.index, self.step_seconds)

    def inputs(self, table: Table) -> ModelInput:
        """Preprocess a table (rows, series), data units, to what the network is given."""
        return self.preprocessor.transform(table.frame, self.after_gap(table))

    def quality(self, table: Table) -> Quality:
        """Assess which rows of a table can be scored."""
        longest = self.preprocessor.longest_constant
        gaps, length = self.after_gap(table), self.settings.window_length
        return assess(table.frame, gaps, longest, length, table.context_rows)

    def rows_before(self, table: Table) -> int:
        """Return how many scored rows of a table are of its context."""
        return max(table.context_rows - (self.settings.window_length - 1), 0)

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
        """Return the fields, with the network's layers and weights in place of the network."""
        import keras

        state = {field.name: getattr(self, field.name) for field in fields(self)}
        layers = keras.saving.serialize_keras_object(self.network)
        return state | {"network": self.network.get_weights(), _LAYERS: layers}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the fields and build the network anew (imports Keras).

        It is built of its own layers: those that its settings ask for may be others in the version
        that it comes from.
        """
        _backend.start()
        import keras

        from dcvae.networks import build_network, register_layers

        register_layers()
        if _LAYERS in state:
            with _backend.keeping_random_states():
                network = keras.saving.deserialize_keras_object(state[_LAYERS])
        else:  # of an earlier version
            network = build_network(state["settings"])
        network.set_weights(state["network"])
        others = {name: value for name, value in state.items() if name != _LAYERS}
        for name, value in (others | {"network": network}).items():
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
            inputs = inputs.padded(missing)
        scores = self._window_averages(inputs)
        return scores._replace(row=scores.row[missing:], cell=scores.cell[missing:])

    def losses(self, inputs: ModelInput) -> "WindowLosses":
        """Compute the losses of a file, to be compared with `TrainingSummary.losses`."""
        from dcvae.scoring import losses_of_file

        settings = self.settings
        batch_size = settings.batch_size if settings.fidelity_losses == "code" else None
        return losses_of_file(self.network, inputs, settings.window_length, batch_size)

    def fit_thresholds(
        self, table: Table, labels: Table | None = None, trained_until: int | None = None
    ) -> Thresholds:
        """Fit alphas and alarm to another table.

        Args:
            table: (rows, series), data units, at least T rows.
            labels: (rows, series) bool, of the same rows; None takes all rows for normal.
            trained_until: time of the last row of training, in microseconds; None if not known.
        """
        from dcvae.scoring import Scores, incident_rows

        truth = None if labels is None else labels.frame.to_numpy()
        inputs, length = self.inputs(table).without_new(but=truth), self.settings.window_length
        scores = Scores.concatenate(list(self.causal_scores(inputs)))
        contamination = self.settings.contamination
        incidents = None
        if labels is None and self.settings.finds_incidents:
            incidents = incident_rows(scores.error, contamination)
        thresholds = fit_thresholds(
            scores.error,
            standardized_residual(scores.error, scores.sigma),
            self.series,
            self.settings,
            times=microseconds(inputs.times[length - 1 :]),
            step_seconds=self.step_seconds,
            labels=truth,
            incidents=incidents,
            trained_until=trained_until,
            offline=self._window_averages(inputs).cell[length - 1 :],
        )
        return with_incidents(thresholds, incidents, length)

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

    def alarms(self, table: Table, *, offline: bool = False) -> BoolArray:
        """Tell in which rows of a table the system is in alarm, (rows,) bool.

        Rows before the first one are taken to have been like it, unobserved, so that all rows have
        a score. Tables that are too short to have a past are judged against training.

        Args:
            table: (rows, series), data units.
            offline: by the scores of the windows that contain a row, which look ahead, instead of
                the score of the window that ends in it. Rows at the start, which have no past, are
                then judged by what follows them.

        Raises:
            ValueError: the model has no thresholds for offline scores.
        """
        times = microseconds(table.frame.index)
        if offline:
            system = self.thresholds.offline
            if system is None or system.following is None:
                raise ValueError(
                    "Expected thresholds for offline scores. Received a model without."
                )
            cells = as_errors(self.score(table).cell)
            moves = len(times) >= 2 * system.rows_before_judging
            judged = system.judge(cells, times, moves=moves)
            mirrored = replace(system, following=replace(system.following, trained_until=None))
            backward = mirrored.judge(cells[::-1], (2 * times[-1] - times)[::-1])
            unknown = ~np.isfinite(judged.relative)
            return np.where(unknown, system.raised(backward)[::-1], system.raised(judged))
        from dcvae.scoring import Scores

        inputs = self.inputs(table).padded(self.settings.window_length - 1)
        scores = Scores.concatenate(list(self.causal_scores(inputs)))
        alarm = self.thresholds.alarm
        moves = len(times) >= 2 * alarm.rows_before_judging
        judged = alarm.judge(scores.error, times, moves=moves)
        residual = standardized_residual(scores.error, scores.sigma) / judged.widths
        return alarm.alarms(judged, residual, self.thresholds.alphas)[0]

    def detect(self, table: Table, shown: Blocks | None = None) -> Detection:
        """Score the rows of a table, flag its cells and raise its alarms.

        Args:
            table: (rows, series), data units, at least T rows.
            shown: see `causal_scores`.

        Returns:
            The detection of all rows, those of the context too: see `rows_before`.

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


def with_incidents(
    thresholds: Thresholds, incidents: BoolArray | None, window_length: int
) -> Thresholds:
    """Add a notice of the rows that were left out, if there are any."""
    from dcvae.scoring import incident_notice

    told = "" if incidents is None else incident_notice(incidents, first_row=window_length)
    return replace(thresholds, notices=(told, *thresholds.notices)) if told else thresholds
