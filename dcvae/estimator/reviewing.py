"""Base of detectors that say more of rows than scores: events, alarms and what was expected."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from dcvae._arrays import Float64Array, IntArray
from dcvae.data import Table
from dcvae.detectors import AnomalyDetector, nearest_known
from dcvae.errors import InputError
from dcvae.estimator.data_review import DataReview
from dcvae.estimator.frames import table_to_score
from dcvae.estimator.origin import Origin, review_table
from dcvae.estimator.progress import scoring_progress
from dcvae.pipeline import CalibratedModel, FittedModel

if TYPE_CHECKING:  # importing it would import matplotlib
    from matplotlib.figure import Figure

Rows = ArrayLike | pd.DataFrame


class ReviewingDetector(AnomalyDetector):
    """A detector with the alarms and events of the commands; a subclass fits and scores.

    Each method scores the rows anew. Where more than one is wanted of the same rows, `review` once
    and ask its result.
    """

    verbose: bool | None
    _model: CalibratedModel
    _origin: Origin

    def predict(
        self,
        X: Rows,  # noqa: N803
        *,
        offline: bool = False,
        context: Rows | None = None,
    ) -> IntArray:
        """Predict rows: 1 where there is an alarm, as test.py raises it, else 0.

        Rows without a score are 0, which are the first T - 1 ones, and so are rows without a past
        to be held against, the next quarter of `alarm_window`; `context` gives them one. Data in
        which test.py judges nothing, as they are no longer than that, are judged against the
        training data instead, as if their first row had been there before.

        Args:
            X: as for `decision_function`.
            offline: whether rows are judged by the windows that contain them, which look ahead,
                instead of the window that ends in them; the first rows are then judged by those
                that follow them. If the key `threshold` is "fixed", rows are 1 where
                `decision_function` is above 1.5 times its largest for training rows or so.
            context: rows before X, which have no prediction.

        Returns:
            (rows,) int64.

        Raises:
            InputError: as `decision_function`, or the context does not fit.
            ValueError: as `decision_function`.
        """
        table = self._table(X, context)
        model = self._model
        if isinstance(model, FittedModel) and not (
            offline and model.thresholds.alarm.following is None
        ):
            raised = model.alarms(table, offline=offline)
        else:
            raised = nearest_known(model.score(table).row) > model.calibration.threshold
        predicted: IntArray = raised[table.context_rows :].astype(np.int64)
        return predicted

    def review(
        self,
        X: Rows,  # noqa: N803
        *,
        labels: Any = None,
        context: Rows | None = None,
        name: str = "X",
    ) -> DataReview:
        """Score rows once, for all that can be asked of them; a UserWarning if none is judged.

        Args:
            X: (rows, series) in time order, data units, NaN where missing; at least T rows.
            labels: true anomalies, for metrics: 0 and 1 or bool, (rows,) or (rows, series).
            context: earlier rows, which the first rows of X go on from: these get a score, and
                alarms go on.
            name: name of the data, on the page.

        Returns:
            Alarms, events, what was expected, figure, page, metrics and findings.

        Raises:
            InputError: a series of the fit is missing, there are too few rows, the context does not
                end before X or labels do not fit.
            ValueError: X is not a table of numbers, by scikit-learn's check.
        """
        table = replace(self._table(X, context), path=Path(name))
        num_rows = len(table.frame) - table.context_rows
        index = X.index if isinstance(X, pd.DataFrame) else pd.RangeIndex(num_rows)
        shown = scoring_progress(self.verbose)
        made = review_table(self._whole(), self._origin, table, index, labels, shown)
        if made.not_judged:
            warnings.warn(f"Not judged: {made.not_judged}", UserWarning, stacklevel=2)
        return made

    def detect(self, X: Rows, context: Rows | None = None) -> pd.DataFrame:  # noqa: N803
        """Return the events in rows, those of events.csv; see `DataReview.events`.

        Args:
            X: as for `review`.
            context: as for `review`.

        Raises:
            InputError: as `review`.
            ValueError: as `review`.
        """
        return self.review(X, context=context).events

    def alarms(self, X: Rows, context: Rows | None = None) -> pd.Series:  # noqa: N803
        """Return in which rows the system is in alarm, (rows,) bool with the index of X.

        That is the column "system alarm" of alarms.csv; False in rows without a score, which are
        the first T - 1 without context. `predict` gives the same as 0 and 1.

        Args:
            X: as for `review`.
            context: as for `review`.

        Raises:
            InputError: as `review`.
            ValueError: as `review`.
        """
        return self.review(X, context=context).alarms

    def reconstruct(self, X: Rows, context: Rows | None = None) -> pd.DataFrame:  # noqa: N803
        """Return mean, sigma and band of every cell; see `DataReview.reconstruction`.

        Args:
            X: as for `review`.
            context: as for `review`.

        Raises:
            InputError: as `review`.
            ValueError: as `review`.
        """
        return self.review(X, context=context).reconstruction

    def explain(
        self,
        X: Rows,  # noqa: N803
        event: int,
        context: Rows | None = None,
    ) -> pd.DataFrame:
        """Return the series of an event, the one that began it first; see `DataReview.explain`.

        Args:
            X: as for `review`.
            event: number of the event, from 1, as in the index of `detect`.
            context: as for `review`.

        Raises:
            InputError: there is no such event, or as `review`.
            ValueError: as `review`.
        """
        return self.review(X, context=context).explain(event)

    def plot(
        self,
        X: Rows,  # noqa: N803
        series: str | Sequence[str] | None = None,
        *,
        events: bool = True,
        labels: Any = None,
        context: Rows | None = None,
    ) -> "Figure":
        """Draw rows as a matplotlib figure; see `DataReview.plot`.

        Args:
            X: as for `review`.
            series: names of the series; None for those of the strongest events.
            events: whether the rows in alarm are shaded.
            labels: as for `review`.
            context: as for `review`.

        Raises:
            InputError: there is no such series, or as `review`.
            ValueError: as `review`.
        """
        return self.review(X, labels=labels, context=context).plot(series, events=events)

    def report(
        self,
        X: Rows,  # noqa: N803
        path: str | Path,
        labels: Any = None,
        *,
        context: Rows | None = None,
        name: str = "X",
        overwrite: bool = False,
    ) -> Path:
        """Write the page of test.py on rows to an HTML file; see `DataReview.report`.

        Args:
            X: as for `review`.
            path: of the file.
            labels: as for `review`.
            context: as for `review`.
            name: name of the data on the page.
            overwrite: whether something there that is no such page is replaced.

        Returns:
            The path.

        Raises:
            InputError: nothing can be written there, something else is there, or as `review`.
            ValueError: as `review`.
        """
        from dcvae.report import check_page

        path = Path(path)
        check_page(path, overwrite=overwrite)  # before the work that would be lost
        made = self.review(X, labels=labels, context=context, name=name)
        return made.report(path, overwrite=overwrite)

    def fit_predict(self, X: Rows, y: object = None) -> IntArray:  # noqa: N803
        """Fit to rows, and predict them: 1 where there is an alarm, else 0, as PyOD has it.

        Args:
            X: as for `fit`.
            y: not used.

        Returns:
            (rows,) int64: `fit(X).predict(X)`. scikit-learn's outlier detectors give -1 and 1.

        Raises:
            InputError: as `fit`.
            ValueError: as `fit`.
        """
        return self.fit(X, y).predict(X)

    def score_samples(self, X: Rows) -> Float64Array:  # noqa: N803
        """Score rows as scikit-learn's estimators do, larger is more normal.

        Args:
            X: as for `decision_function`.

        Returns:
            (rows,) float64 <= 0: `decision_function`, which is PyOD's, with the other sign.

        Raises:
            InputError: as `decision_function`.
            ValueError: as `decision_function`.
        """
        return -self.decision_function(X)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_model")

    def _whole(self) -> FittedModel:
        if not isinstance(self._model, FittedModel):
            raise InputError(
                "The model that was loaded has no alarms.json, and so no alarms and no events: run "
                "alpha_definition.py, which writes it, and load it again."
            )
        return self._model

    def _table(self, X: object, context: object = None) -> Table:  # noqa: N803
        """Check data to score, and return them in the order of the trained series."""
        check_is_fitted(self)
        table = table_to_score(
            X,
            self._model,
            lambda rows: self._validated(rows, reset=False, fewest=1),
            by_name=hasattr(self, "feature_names_in_"),
            context=context,
        )
        for notice in self._model.step_notice(table):
            warnings.warn(notice, UserWarning, stacklevel=3)
        return table
