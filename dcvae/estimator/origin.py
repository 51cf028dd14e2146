"""Origin of a model, which reviews of rows tell of, and the review of a table."""

from typing import Any, NamedTuple

import pandas as pd

from dcvae.data import Table
from dcvae.detection import Detection, find_events
from dcvae.errors import InputError
from dcvae.estimator.data_review import DataReview
from dcvae.estimator.frames import labels_of
from dcvae.evaluation import Evaluation, evaluate, evaluate_by_labels, make_review
from dcvae.pipeline import Blocks, FittedModel
from dcvae.storage import StoredModel, ThresholdSource, run_record


class Origin(NamedTuple):
    """Where a model is from, which its reviews tell of.

    Attributes:
        stored: the model on disk that it was loaded from; None for one that was fitted here.
        record: of the training data of one that was fitted here; else empty.
    """

    stored: StoredModel | None
    record: dict[str, Any]

    def run(self, model: FittedModel) -> dict[str, Any]:
        """Return the content of run.json of the model."""
        if self.stored is not None:
            return self.stored.run
        return run_record(self.record, model.training)

    def thresholds_from(self, table: Table) -> ThresholdSource | None:
        """Return the data that the thresholds were fitted to; None if they are not known."""
        if self.stored is not None:
            return self.stored.threshold_source(table)
        names = ("training_file", "first_time", "last_time")
        data, first, last = (str(self.record[name]) for name in names)
        return ThresholdSource(data, first, last, has_labels=False, is_this_file=False)

    def evaluate(self, model: FittedModel, detection: Detection, labels: Table) -> Evaluation:
        """Evaluate a detection by labels, beside the baselines if the training file is at hand."""
        if self.stored is not None:
            return evaluate_by_labels(self.stored, detection, labels)
        truth = labels.frame.loc[detection.times].to_numpy()
        metrics = evaluate(detection, truth, step_seconds=model.step_seconds)
        reason = "a detector that was fitted from Python keeps no training rows to fit them to"
        return Evaluation(truth, metrics, None, no_comparison=reason)


def review_table(
    model: FittedModel,
    origin: Origin,
    table: Table,
    index: pd.Index,
    labels: Any = None,
    shown: Blocks | None = None,
) -> DataReview:
    """Score a table once, for all that can be asked of it.

    Args:
        model: the model.
        origin: where it is from.
        table: the rows, with context in front.
        index: (rows,) that tables of rows shall have, without context.
        labels: see `labels_of`; None for none.
        shown: see `FittedModel.detect`.

    Raises:
        InputError: there are too few rows for a window, or labels are refused.
    """
    if len(table.frame) < model.settings.window_length:
        raise InputError(
            f"Expected at least {model.settings.window_length:,} rows of X, a window (`T`). "
            f"Received {len(table.frame):,}: give more, or the rows before them as `context`."
        )
    truth = None if labels is None else labels_of(labels, table)
    whole = model.detect(table, shown)
    detection = whole.since(model.rows_before(table))
    reviewed = make_review(
        model,
        origin.run(model),
        table,
        detection,
        find_events(whole, model.step_seconds).since(detection.times[0]),
        model.losses(detection.inputs),
        origin.thresholds_from(table),
        None if truth is None else origin.evaluate(model, detection, truth),
        engine=model.scorer.engine,
    )
    notices = [*table.notices, *model.step_notice(table), *model.thresholds.notices]
    return DataReview(reviewed, index, [*notices, *reviewed.quality.notices()])
