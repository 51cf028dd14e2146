"""Models: from a table to scores and detections, and thresholds for another table.

Importing this module imports no Keras; scoring and detecting do.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from dcvae import _progress
from dcvae._arrays import BoolArray, Float64Array, IntArray
from dcvae._engine import Engine
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
    residual_of,
)
from dcvae.pipeline.scorers import NetworkScorer, Scorer, offline_scores

if TYPE_CHECKING:
    from dcvae.networks import Network
    from dcvae.scoring import Calibration, Scores, WindowAverageScores, WindowLosses
    from dcvae.training import TrainingResult

Blocks = Callable[[Iterable["Scores"], int], Iterable["Scores"]]

_SUSPECTS_TOLD = 3


@dataclass(frozen=True, eq=False)
class ModelDescription:
    """A model without its scorer: settings, preprocessing and sampling step.

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


class Suspects(NamedTuple):
    """Training rows whose windows `trim_windows` left out most often.

    Attributes:
        first: time of the first row.
        last: time of the last row.
        share: share of the windows with such a row that were left out, of all epochs, 0 to 1.
    """

    first: pd.Timestamp
    last: pd.Timestamp
    share: float


@dataclass(frozen=True, eq=False)
class TrainingSummary:
    """The record of a training, as `storage.save_model` needs it.

    Attributes:
        result: the end of the training, with the state to resume from; None without a network.
        split: the windows of training and of validation.
        losses: losses that files are compared with, see `reference_losses`; None likewise.
        seconds: duration of the training: of building the network and of all epochs of this run,
            and of fitting other detectors.
        device: device that it ran on.
        row_scores: (rows,) float64, what `CalibratedModel.score` gives the training rows (cells
            labeled an anomaly are missing), to rounding; empty if `fit` was not asked for them.
        engine: what trained the network; None without one.
        frameworks: names and versions of the packages that Keras trained it with, that of its
            backend first; none if NumPy did, or without a network.
        suspects: rows that were left out most often, the most often first; none without trimming.
    """

    result: "TrainingResult | None"
    split: WindowSplit
    losses: "WindowLosses | None"
    seconds: float
    device: str
    row_scores: Float64Array
    engine: Engine | None = None
    frameworks: tuple[tuple[str, str], ...] = ()
    suspects: tuple[Suspects, ...] = ()

    def notices(self) -> list[str]:
        """Say which rows `trim_windows` left out most often, in at most one sentence."""
        if not self.suspects:
            return []
        named = []
        for first, last, share in self.suspects[:_SUSPECTS_TOLD]:
            span = str(first) if first == last else f"{first} to {last}"
            named.append(f"{span} ({share:.0%} of its windows)")
        more = len(self.suspects) - len(named)
        rest = f", and {more} more in run.json" if more else ""
        return [
            f"Left out most often by `trim_windows`: {', '.join(named)}{rest}. If something was "
            "wrong then, leave these rows out of the training file, or label them."
        ]


@dataclass(frozen=True, eq=False)
class CalibratedModel(ModelDescription):
    """A fitted and calibrated scorer: it scores.

    Attributes:
        scorer: what gives rows their scores.
        calibration: its calibration on normal data.
    """

    scorer: Scorer
    calibration: "Calibration"

    @property
    def network(self) -> "Network":
        """The trained network.

        Raises:
            ValueError: the model has none.
        """
        if self.scorer.network is None:
            raise ValueError(
                f"Expected a model with a network. Received: {self.settings.detector}."
            )
        return self.scorer.network

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the fields, also of a model that was pickled by an earlier version."""
        if "network" in state:
            weights, layers = state.pop("network"), state.pop("layers", None)
            scorer = NetworkScorer.__new__(NetworkScorer)
            scorer.__setstate__({"keys": state["settings"], "layers": layers, "weights": weights})
            state["scorer"] = scorer
        vars(self).update(state)

    def causal_scores(self, inputs: ModelInput, shown: Blocks | None = None) -> Iterator["Scores"]:
        """Score every row in which a whole window ends, in blocks of a few thousand rows.

        Args:
            inputs: from `inputs`.
            shown: takes blocks and number of rows, passes the blocks on, shows progress; or None.

        Yields:
            Scores of consecutive rows, scaled, sigma of the mode that the settings ask for.
        """
        blocks = self.scorer.blocks(inputs, self.calibration.sigma(self.settings.sigma))
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

    def losses(self, inputs: ModelInput) -> "WindowLosses | None":
        """Compute the losses of a file, to be compared with `TrainingSummary.losses`.

        None if the model has no network.
        """
        return self.scorer.losses(inputs, self.settings)

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
            incidents = incident_rows(scores.strangeness, contamination)
        thresholds = fit_thresholds(
            scores.strangeness,
            residual_of(scores),
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
        _progress.begin("scoring by all windows of a row")
        levels, length = self.calibration.reference_levels, self.settings.window_length
        return offline_scores(self.scorer, inputs, levels, length)


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

        They are those of `detect`: False in rows without a score, at the start too. A table in
        which `detect` would judge nothing, as it is too short to have a past, is judged against
        training, as if its first row had been there before, unobserved.

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
        inputs, before = self.inputs(table), self.settings.window_length - 1
        if len(times) > before:
            raised, is_judged = self._raised(inputs, times[before:])
            if is_judged:
                return np.append(np.zeros(before, dtype=bool), raised)
        return self._raised(inputs.padded(before), times, moves=False)[0]

    def _raised(
        self, inputs: ModelInput, times: IntArray, *, moves: bool = True
    ) -> tuple[BoolArray, bool]:
        """Raise the alarms of the rows in which a window ends, and tell if any was judged."""
        from dcvae.scoring import Scores

        scores = Scores.concatenate(list(self.causal_scores(inputs)))
        alarm = self.thresholds.alarm
        judged = alarm.judge(scores.strangeness, times, moves=moves)
        residual = residual_of(scores)
        if alarm.following is not None:
            residual /= judged.widths
        raised = alarm.alarms(judged, residual, self.thresholds.alphas)[0]
        return raised, bool(np.isfinite(judged.relative).any())

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
        builder = DetectionBuilder(
            table.frame[before:],
            inputs,
            self.thresholds,
            self.preprocessor,
            self.scorer.latent_size,
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
