"""Baselines of a model: simple detectors fitted to its training file, thresholds found as its own.

Some are fitted in a thread while the detection is evaluated: those that take long compute outside
of Python. Work in Python beside the scoring would only get in its way, which asks for the
interpreter thousands of times a second.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcvae._threads import Ahead
from dcvae.data import Table
from dcvae.detection import Alphas, SystemAlarm, fit_thresholds, microseconds, residual_of
from dcvae.pipeline import ModelDescription, RowScorer
from dcvae.storage import StoredModel

if TYPE_CHECKING:  # importing it would import scikit-learn
    from dcvae.detectors import AnomalyDetector


@dataclass(frozen=True, eq=False)
class Baseline:
    """A simple detector, ready to judge what its model judges.

    Attributes:
        detector: fitted to the training rows of the model.
        alphas: its bands.
        system: its alarm of the system.
    """

    detector: "AnomalyDetector"
    alphas: Alphas
    system: SystemAlarm


class BaselineThresholds:
    """Thresholds of simple detectors, found on what those of a model were found on.

    Args:
        model: the model that they are compared with.
        fitted_to: data and labels, if any, that the model's thresholds were fitted to; None where
            they are not at hand: every detector then has the default alpha.
        trained_until: time of the last row that the model was trained on, in microseconds; None
            if its alarm knows of none.
    """

    def __init__(
        self,
        model: ModelDescription,
        fitted_to: tuple[Table, Table | None] | None,
        trained_until: int | None,
    ) -> None:
        self._model, self._trained_until = model, trained_until
        self._fitted_to = None
        if fitted_to is not None:
            table, labels = fitted_to
            truth = None if labels is None else labels.frame.to_numpy()
            self._fitted_to = (model.inputs(table).without_new(but=truth), truth)

    def of(self, detector: "AnomalyDetector") -> Baseline:
        """Return a fitted detector with its thresholds."""
        model = self._model
        if self._fitted_to is None or detector.is_fixed:
            alphas = Alphas.default(model.series, model.settings.default_alpha)
            return Baseline(detector, alphas, SystemAlarm.published(len(model.series)))
        inputs, labels = self._fitted_to
        scores = RowScorer(detector, model.settings.window_length).score(inputs)
        fitted = fit_thresholds(
            scores.strangeness,
            residual_of(scores),
            model.series,
            model.settings,
            times=microseconds(inputs.times[model.settings.window_length - 1 :]),
            step_seconds=model.step_seconds,
            labels=labels,
            trained_until=self._trained_until,
        )
        return Baseline(detector, fitted.alphas, fitted.alarm)


class Baselines:
    """The baselines of a model, fitted from here on; a context manager, that ends the fits.

    Args:
        model: the model, on disk.
        alarm: the alarm of the system that it judges by.

    Attributes:
        has_training: whether the training file is at hand; without it there are none.
        has_thresholds: whether the data that the model's thresholds were fitted to are at hand.
    """

    def __init__(self, model: StoredModel, alarm: SystemAlarm) -> None:
        training = model.training_table()
        fitted_to = None if training is None else model.threshold_tables()
        self.has_training, self.has_thresholds = training is not None, fitted_to is not None
        self._pending: deque[AnomalyDetector] = deque()
        if training is not None:
            from dcvae.detectors import unfitted_baselines

            following, keys = alarm.following, model.settings
            trained_until = None if following is None else following.trained_until
            self._thresholds = BaselineThresholds(model, fitted_to, trained_until)
            gaps = model.after_gap(training)
            self._rows = model.preprocessor.transform_training(training.frame, gaps).values
            shape, ours = self._rows.shape, keys.name_of_detector
            self._pending.extend(unfitted_baselines(shape, keys.seed, keys.window_length, but=ours))
        self._fits = Ahead(self._from_the_last())

    def __iter__(self) -> Iterator[Baseline]:
        """Yield them in the order of tables, once."""
        while self._pending:
            with suppress(IndexError):  # the thread has just taken it
                yield self._thresholds.of(self._pending.popleft().fit(self._rows))
        for detector in reversed(list(self._fits)):
            yield self._thresholds.of(detector)

    def __enter__(self) -> "Baselines":
        """Return itself."""
        return self

    def __exit__(self, *details: object) -> None:
        """End the fits."""
        self._fits.__exit__(*details)

    def _from_the_last(self) -> "Iterator[AnomalyDetector]":
        """Fit them from the last, which takes longest, until all are fitted."""
        while self._pending:
            with suppress(IndexError):
                yield self._pending.pop().fit(self._rows)
