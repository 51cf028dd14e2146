"""Baselines of a model: simple detectors fitted to its training file, thresholds found as its own.

Some are fitted in a thread while the detection is evaluated: those that take long compute outside
of Python. Work in Python beside the scoring would only get in its way, which asks for the
interpreter thousands of times a second. Detectors that a user asks for besides are shown the last
rows of each window, and are fitted when their turn comes: some need a framework.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dcvae import _progress
from dcvae._engine import check_keras
from dcvae._text import all_quoted
from dcvae._threads import Ahead
from dcvae.data import Table, spread_evenly, windows_across
from dcvae.detection import Alphas, SystemAlarm, fit_thresholds, microseconds, residual_of
from dcvae.errors import InputError
from dcvae.pipeline import ModelDescription, RowScorer
from dcvae.storage import StoredModel

if TYPE_CHECKING:  # importing it would import scikit-learn
    from dcvae.detectors import AnomalyDetector

_MOST_WINDOWS = 20_000  # that a detector asked for is fitted to


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
        asked: names of detectors of rows that stand among them, from `baseline_names`.

    Attributes:
        has_training: whether the training file is at hand; without it there are none.
        has_thresholds: whether the data that the model's thresholds were fitted to are at hand.
        left_out: a sentence on each detector asked for that could not be fitted so far.
    """

    def __init__(self, model: StoredModel, alarm: SystemAlarm, asked: Sequence[str] = ()) -> None:
        training = model.training_table()
        fitted_to = None if training is None else model.threshold_tables()
        self.has_training, self.has_thresholds = training is not None, fitted_to is not None
        self._pending: deque[AnomalyDetector] = deque()
        self._model, self._names, self.left_out = model, asked, list[str]()
        if training is not None:
            from dcvae.detectors import unfitted_baselines

            following, keys = alarm.following, model.settings
            trained_until = None if following is None else following.trained_until
            self._thresholds = BaselineThresholds(model, fitted_to, trained_until)
            gaps = model.after_gap(training)
            self._rows = model.preprocessor.transform_training(training.frame, gaps).values
            self._gaps = gaps
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

    def asked(self) -> Iterator[Baseline]:
        """Yield those asked for, each as it is fitted, but those that cannot be: see `left_out`."""
        from dcvae.detectors import MOST_ROWS, WindowedDetector, row_detector

        keys = self._model.settings
        window = min(MOST_ROWS, keys.window_length)
        starts = np.flatnonzero(~windows_across(self._gaps, window)).astype(np.int32)
        ends = spread_evenly(starts, _MOST_WINDOWS) + (window - 1)
        for name in self._names:
            of_rows = row_detector(name, seed=keys.seed, window_length=keys.window_length)
            detector = WindowedDetector(of_rows, window)
            _progress.begin(f"comparing with {detector.described}")
            try:
                detector.fit_windows(self._rows, ends)
            except ValueError as error:  # an InputError, or scikit-learn's
                self.left_out.append(
                    f"{detector.described} is not among the baselines, as it cannot be fitted to "
                    f"the training rows. {error}"
                )
                continue
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


def baseline_names(text: str) -> tuple[str, ...]:
    """Read names of detectors of rows that are to stand among the baselines.

    Args:
        text: the names, with commas between.

    Returns:
        The names.

    Raises:
        InputError: a name is not that of a detector, is given twice, is that of one that looks at
            other rows than the one that it scores, or needs Keras, which is not installed.

    Examples:
        >>> baseline_names("ecod, pca")
        ('ecod', 'pca')
    """
    from dcvae.detectors import detector_class, detector_names

    names = tuple(name.strip() for name in text.split(",") if name.strip())
    usable = [name for name in detector_names() if not _why_not(name)]
    if not names:
        raise InputError(
            f"Expected names of detectors with commas between, of {all_quoted(usable)}. Received: "
            f"{text!r}."
        )
    for name in names:
        kind = detector_class(name)
        why_not = _why_not(name)
        if why_not:
            raise InputError(
                f"Expected detectors that score each row by itself, of {all_quoted(usable)}. "
                f"Received: `{name}`, {why_not}: leave it out."
            )
        if names.count(name) > 1:
            raise InputError(f"Expected each detector once. Received: `{name}` again.")
        if kind.needs_keras:
            check_keras(f"`{name}` is trained by Keras; leave it out of the baselines without it.")
    return names


def _why_not(name: str) -> str:
    """Say why a detector is none to be shown windows; "" if it is one."""
    from dcvae.detectors import BASELINES, detector_class

    kind = detector_class(name)
    if not (kind.needs_order or kind.is_fixed):
        return ""
    if kind in BASELINES:
        return "which is among the baselines already"
    return "which looks at the rows around it already"
