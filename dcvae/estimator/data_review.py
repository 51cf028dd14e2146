"""Review of rows: alarms, events, expected values, figure and page of data scored from Python."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dcvae._arrays import AnyArray
from dcvae._text import all_quoted, quoted, shortened
from dcvae.detection import order_of_call
from dcvae.errors import InputError
from dcvae.evaluation import Finding, Review

if TYPE_CHECKING:  # importing it would import matplotlib
    from matplotlib.figure import Figure

_MOST_PANELS = 6  # series that are drawn if none are named
_EVENT_COLUMNS = {  # of the table of events, by the names that they have in Python
    "kind": "kind",
    "start": "start",
    "end": "end",
    "duration": "duration_seconds",
    "alarm_start": "alarm_start",
    "alarm_end": "alarm_end",
    "ended": "ended",
    "peak": "peak_time",
    "severity": "times_limit",
    "strength": "peak_strength",
    "direction": "direction",
    "began_with": "began_with",
    "actual": "actual",
    "expected": "expected",
    "peak_series": "peak_series",
    "series": "series",
}
_SERIES_COLUMNS = {
    "series": "series",
    "first_time": "first_time",
    "delay": "delay_seconds",
    "flagged_rows": "flagged_rows",
    "peak": "peak_time",
    "strength": "peak_strength",
    "direction": "direction",
    "actual": "actual",
    "expected": "expected",
}


class DataReview:
    """What a model says of rows: `DCVAEDetector.review` makes it, and scores the rows once for all.

    Tables of rows have all rows of X, with its index. The first T - 1 rows end no whole window and
    have no score, unless there is context in front; nor has a row in which every cell is missing,
    or one whose window crosses a gap.

    Args:
        review: the review of the scored rows.
        index: (rows,) of X.
        notices: one sentence each, on the data.

    Attributes:
        notices: notices on the data, as test.py prints them.
    """

    def __init__(self, review: Review, index: pd.Index, notices: Sequence[str]) -> None:
        self._review, self._index = review, index
        self.notices = list(notices)

    def __repr__(self) -> str:
        return (
            f"<review of {len(self._index):,} rows: {len(self.events):,} events, "
            f"{int(self.alarms.sum()):,} rows in alarm>"
        )

    @property
    def verdict(self) -> str:
        """What happened in one sentence, as test.py and the page say it."""
        from dcvae.evaluation import verdict

        return verdict(self._review)

    @cached_property
    def events(self) -> pd.DataFrame:
        """Events in time order, as in events.csv; empty without any.

        Index `event`: its number, from 1. Columns: `kind` ("incident" or "level shift"); `start`
        and `end`, times of the first and the last row of the fault, and its `duration`;
        `first_row` and `last_row` of the fault in X, from 0 (of what was before X, 0 and -1);
        `alarm_start` and `alarm_end`, times of the first and the last row in alarm, and why the
        alarm `ended`; `peak`, the time of the strongest cell; `severity`, the largest score in
        times the limit, NaN where series decide; `strength` of the strongest cell, in sigmas from
        what was expected, its `direction` ("up" or "down") and its series, `peak_series`;
        `began_with`, the series that began it, and what was `actual` and `expected` in its
        strongest cell, data units; `series`, the names of all involved, the earliest first.

        Times are in the time zone of X's index, if it has one.
        """
        found = self._review.events.table
        table = self._columns(found, _EVENT_COLUMNS)
        times = self._review.detection.times
        before = len(self._index) - len(times)
        place = list(table.columns).index("duration") + 1
        rows = {
            "first_row": times.searchsorted(found["start"]),
            "last_row": times.searchsorted(found["end"], side="right") - 1,
        }
        for number, (name, values) in enumerate(rows.items()):
            table.insert(place + number, name, values + before)
        return table.set_index(pd.Index(found["event"], name="event"))

    @cached_property
    def alarms(self) -> pd.Series:
        """Rows in which the system is in alarm, (rows,) bool; False where there is no score."""
        return pd.Series(self._of_all_rows(self._review.detection.alarm), self._index, name="alarm")

    @cached_property
    def series_alarms(self) -> pd.DataFrame:
        """Cells in which a series is in alarm, (rows, series) bool; False without a score."""
        return self._frame(self._review.detection.series_alarms)

    @cached_property
    def flags(self) -> pd.DataFrame:
        """Cells outside their band, (rows, series) bool; False without a score."""
        return self._frame(self._review.detection.flags)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Scores of the system, as in scores.csv; NaN where there is none.

        Columns: `causal`; `relative`, what is held against `limit`; `reference`; `state` ("not
        judged", "calm" or "alarm"; missing without a score), and `offline`, as `decision_function`.
        """
        detection = self._review.detection
        judged = detection.judged
        limit = np.where(np.isfinite(judged.relative), judged.limit, np.nan)
        columns: dict[str, AnyArray] = {
            "causal": detection.score,
            "relative": judged.relative,
            "reference": judged.reference,
            "limit": limit,
            "state": np.array(judged.states(detection.alarm), dtype=object),
            "offline": detection.offline,
        }
        return pd.DataFrame(
            {name: self._of_all_rows(values) for name, values in columns.items()}, self._index
        )

    @cached_property
    def reconstruction(self) -> pd.DataFrame:
        """What the model expected of each cell, data units; NaN in the first T - 1 rows.

        Columns have two levels: "mean", "sigma", "lower" or "upper", and the series, so that
        `reconstruction["mean"]` has the columns of X. Mean and sigma are those of
        reconstructions.csv and sigma.csv, of cells that were missing, too; a cell with a score that
        is below `lower` or above `upper` is flagged, but for rounding at the very edge.
        """
        detection = self._review.detection
        alphas = detection.alphas
        parts: dict[tuple[str, str], AnyArray] = {}
        for quantity in ("mean", "sigma", "lower", "upper"):
            for column, name in enumerate(detection.series):
                mean, sigma = detection.expected(column)
                with np.errstate(over="ignore", invalid="ignore"):  # infinite alphas: no edge
                    values = {
                        "mean": mean,
                        "sigma": sigma,
                        "lower": mean - alphas.down[column] * sigma,
                        "upper": mean + alphas.up[column] * sigma,
                    }[quantity]
                parts[quantity, name] = self._of_all_rows(values)
        return pd.DataFrame(parts, self._index).rename_axis(columns=["quantity", "series"])

    @property
    def metrics(self) -> pd.DataFrame | None:
        """Metrics by labels, as in metrics.csv; None without labels."""
        return self._review.metrics

    @property
    def baselines(self) -> pd.DataFrame | None:
        """Metrics beside those of simple detectors, as in baselines.csv; None without labels.

        None too if the file that the model was trained on is not at hand.
        """
        return self._review.comparison

    @property
    def quality(self) -> pd.DataFrame:
        """Quality of every row in which a whole window ends, as in quality.csv."""
        table = self._review.quality.table
        return table.set_axis(self._index[len(self._index) - len(table) :], axis=0)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings with a `severity` and a `text` each, the most severe first."""
        return self._review.findings

    @property
    def not_judged(self) -> str:
        """Why no row could be judged, and what to do; "" if some were."""
        detection = self._review.detection
        following = detection.system.following
        states = detection.judged.states(detection.alarm)
        if self._review.not_judged or following is None or {*states} != {"not judged"}:
            return self._review.not_judged
        return (
            "no row has a past to be held against: an alarm holds each series against its own last "
            f"{following.window:,} rows, and needs a quarter of them. Give more rows, or those "
            "before X as `context`; `predict` judges X against the training rows."
        )

    def summary(self) -> dict[str, str]:
        """Return names and values, as test.py prints them."""
        return self._review.summary()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as in metrics.json."""
        return self._review.to_dict()

    def explain(self, event: int) -> pd.DataFrame:
        """Return the series of an event, in the order in which they left their bands.

        Args:
            event: its number, from 1, as in the index of `events`.

        Returns:
            Index `rank`, from 1. Columns: `series`; `first_time` outside its band, and its `delay`
            after the start of the event; `flagged_rows`; of its strongest cell, the time (`peak`),
            `strength` in sigmas, `direction`, and what was `actual` and `expected`, data units.

        Raises:
            InputError: there is no such event.
        """
        lines = self._review.events.series
        is_number = isinstance(event, int | np.integer) and not isinstance(event, bool)
        if not is_number or event not in self.events.index:
            count = len(self.events)
            known = f"from 1 to {count}" if count else "but there are no events"
            raise InputError(
                f"Expected `event` to be the number of an event, {known}. Received: {event!r}."
            )
        lines = lines[lines["event"] == event]
        return self._columns(lines, _SERIES_COLUMNS).set_index(pd.Index(lines["rank"], name="rank"))

    def plot(self, series: str | Sequence[str] | None = None, *, events: bool = True) -> "Figure":
        """Draw the score of the system and series, each with its expected values and band.

        Args:
            series: names of the series; None for those of the events that are most worth a call,
                six at most, or the most flagged ones without any event.
            events: whether the rows in alarm are shaded.

        Returns:
            A matplotlib figure, neither shown nor saved: `savefig` writes it.

        Raises:
            InputError: there is no such series.
        """
        from dcvae.report import overview_figure

        review = self._review
        columns = self._columns_to_plot(series)
        names = review.model.names
        return overview_figure(review.detection, columns, review.labels, names=names, events=events)

    def report(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the page that test.py writes, as one HTML file that needs nothing else.

        Args:
            path: of the file; an earlier page is replaced.
            overwrite: whether anything else there is replaced, too.

        Returns:
            The path.

        Raises:
            InputError: nothing can be written there, or something else is there.
        """
        from dcvae.report import page_content, render, write_page

        path = Path(path)
        write_page(render(page_content(self._review)), path, overwrite=overwrite)
        return path

    def _columns_to_plot(self, series: str | Sequence[str] | None) -> list[int]:
        known = list(self._review.detection.series)
        if series is None:
            table = self._review.events.table
            names = [name for n in order_of_call(table) for name in table["series"].iloc[n]]
            if not names:
                counts = self._review.detection.flags.sum(axis=0)
                names = [known[column] for column in np.argsort(-counts, kind="stable")]
            wanted = list(dict.fromkeys(names))[:_MOST_PANELS]
        else:
            wanted = [series] if isinstance(series, str) else [str(name) for name in series]
        lacking = [name for name in wanted if name not in known]
        if lacking:
            raise InputError(
                f"Expected `series` to be names of series, of {shortened(quoted(known))}. "
                f"Received: {all_quoted(lacking[:5])}."
            )
        return [known.index(name) for name in wanted]

    def _columns(self, table: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
        """Return columns of a table by their names in Python, durations and times as pandas has."""
        parts: dict[str, Any] = {}
        for name, source in columns.items():
            values = table[source]
            if source.endswith("_seconds"):
                values = pd.to_timedelta(values.astype(float), unit="s").dt.round("us")
            elif source.endswith(("time", "start", "end")):
                values = self._local(values)
            parts[name] = values.to_numpy() if name == "series" else values.array
        return pd.DataFrame(parts)

    def _local(self, times: pd.Series) -> pd.Series:
        """Return times in the time zone of X's index."""
        times = pd.to_datetime(times)
        zone = self._index.tz if isinstance(self._index, pd.DatetimeIndex) else None
        return times if zone is None else times.dt.tz_localize("UTC").dt.tz_convert(zone)

    def _frame(self, cells: AnyArray) -> pd.DataFrame:
        columns = list(self._review.detection.series)
        return pd.DataFrame(self._of_all_rows(cells), self._index, columns)

    def _of_all_rows(self, values: AnyArray) -> AnyArray:
        """Put what there is of scored rows below that of the rows before, which have none."""
        before = len(self._index) - len(values)
        absent = {"b": False, "f": np.nan}.get(values.dtype.kind)
        head = np.full((before, *values.shape[1:]), absent, dtype=values.dtype)
        return np.concatenate([head, values])
