"""Results of a scored file: models/<model_name>/results/<data file>/, whole or not at all."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from dcvae._arrays import AnyArray, BoolArray, Float32Array
from dcvae.config import DataKeys
from dcvae.detection import STATES
from dcvae.errors import InputError
from dcvae.evaluation import SYSTEM, Review
from dcvae.report import cells
from dcvae.report.content import figures as draw_figures
from dcvae.report.content import page_content
from dcvae.report.page import render
from dcvae.report.results_place import (
    FIGURES,
    check_replaceable,
    foreign,
    partial_of,
    stem_of,
)
from dcvae.report.results_source import SOURCE_FILE, check_results, source_of
from dcvae.storage import (
    RESULTS_FOLDER,
    LockedError,
    as_json,
    lock,
    remove,
    replace_folder,
    settled,
)

if TYPE_CHECKING:
    from dcvae.training import EpochLosses

SETTINGS = "settings.txt"
"""File of the effective settings, in a folder of results."""
_BLOCK_BYTES = 4_000_000  # of text made at once
_ROUNDED = ("times_limit", "peak_score", "reference", "peak_strength")  # of events
_DECIMALS_BELOW_SCALE = 7  # float32 carries no more of a scaled number
_DIGITS = 7  # of numbers that have no scale


class ResultsFolder:
    """The folder of a file's results, which appears when all of them are written.

    A context manager: at its end the new folder replaces an earlier one in one step; after an error
    the earlier one stays as it was. Files in the earlier one that are not of this program are kept.

    Args:
        model_folder: models/<model_name>.
        data: path of the scored file, which names the folder.
        folder: the folder itself, if it is to be another.
        keys: how the file was read; None for as it is without settings.
        identity: `StoredModel.identity`: if another model takes the name meanwhile, the results
            go to where this one is then. None for whichever has the name.
        changes: what was changed on disk is added here, as a clause for a message.

    Attributes:
        model_folder: models/<model_name>; where it is, at the end.
        folder: models/<model_name>/results/<data file stem>, or as given; where it is, at the end.

    Raises:
        InputError: there are results of another file or another entity, or something else.
    """

    def __init__(
        self,
        model_folder: Path,
        data: Path,
        folder: Path | None = None,
        *,
        keys: DataKeys | None = None,
        identity: Any = None,
        changes: list[str] | None = None,
    ) -> None:
        self._data, self._keys = data, DataKeys() if keys is None else keys
        results = model_folder / RESULTS_FOLDER
        self.folder = results / stem_of(data)
        self._is_given = folder is not None
        if folder is not None:
            # Its last name, so that what is made beside it has one; not a link's target.
            folder = folder if folder.name else folder.resolve()
            name = folder.name
            self._is_given = folder.parent.resolve() != results.resolve()
            self.folder = (folder.parent.resolve() if self._is_given else results) / name
        self.model_folder, self._identity = model_folder, identity
        self._changes = [] if changes is None else changes
        self._partial = Path()
        self._held = ExitStack()
        check_replaceable(self.folder)
        check_results(self.folder, data, model_folder, self._keys)

    def __enter__(self) -> "ResultsFolder":
        """Make the folder under a temporary name, before the work that would be lost.

        Raises:
            InputError: what is in its place was not written by this program, or another process is
                writing it.
        """
        self._partial, others = partial_of(self.model_folder, self.folder, is_given=self._is_given)
        try:
            self._held.enter_context(lock(self._partial.with_suffix(".lock")))
        except LockedError as error:
            raise InputError(
                f"Another run writes results to {self.folder} ({error}). Wait for its end, or "
                "stop it."
            ) from error
        try:
            with settled(self.model_folder, self._identity) as folder:
                check_replaceable(self._place_in(folder))
            remove(self._partial)  # of a killed process
            self._partial.mkdir()
            for other in self._partial.parent.glob(others):
                if other != self._partial:
                    with suppress(LockedError, OSError), lock(other.with_suffix(".lock")):
                        remove(other)
        except BaseException:
            self._held.close()
            raise
        return self

    def write(
        self,
        review: Review,
        figures: Literal["png", "pdf"] | None = None,
        history: Sequence["EpochLosses"] = (),
    ) -> None:
        """Write the results: cells, rows, events, losses, metrics and the page.

        Args:
            review: review of the file.
            figures: format of figures, in a folder of their own; None for no figures.
            history: losses of every epoch of the training, for the figures.
        """
        self._write_rows(review)
        self._write_tables(review)
        self._add("metrics.json", as_json(review.to_dict()))
        self._add(SETTINGS, review.model.settings.to_json())
        self._add(SOURCE_FILE, as_json(source_of(self._data, self.folder, self._keys)))
        self._add("report.html", render(page_content(review)))
        if figures is not None:
            self._write_figures(review, figures, history)

    def _write_rows(self, review: Review) -> None:
        """Write the files with one line per row."""
        detection, preprocessor = review.detection, review.model.preprocessor
        in_data_units = review.model.settings.fidelity_units == "paper"
        series = detection.series
        decimals = decimals_of(preprocessor.scale if in_data_units else (1.0,) * len(series))

        def values(rows: slice) -> AnyArray:
            mean = detection.mean[rows]
            return preprocessor.mean_in_data_units(mean) if in_data_units else mean

        def widths(part: Float32Array) -> AnyArray:
            return preprocessor.width_in_data_units(part) if in_data_units else part

        def distances(rows: slice) -> AnyArray:
            far, constant = widths(np.abs(detection.error[rows])), detection.inputs.constant
            if constant is None or not in_data_units:
                return far
            # An error there is that of a new value, whatever the value is.
            values = np.abs(detection.frame.iloc[rows].to_numpy() - detection.offset)
            return np.where(constant & (far > 0), values, far)

        def of_series(numbers: AnyArray) -> list[cells.Cells]:
            return [cells.fixed(*column) for column in zip(numbers.T, decimals, strict=True)]

        def marks(of_rows: BoolArray) -> list[cells.Cells]:
            return [cells.truth_values(column) for column in of_rows.T]

        judged = detection.judged
        states = judged.state_numbers(detection.alarm)

        def scores(rows: slice) -> list[cells.Cells]:
            relative = judged.relative[rows]
            limit = np.where(np.isfinite(relative), judged.limit, np.nan)
            parts = detection.score[rows], relative, judged.reference[rows], limit
            written = [cells.general(part, _DIGITS) for part in (*parts, detection.offline[rows])]
            return [*written[:-1], cells.words(STATES, states[rows]), written[-1]]

        channels = range(detection.latent.shape[1])
        tables: dict[str, tuple[Sequence[Any], Callable[[slice], list[cells.Cells]]]] = {
            "anomaly_predictions": (series, lambda r: marks(detection.flags[r])),
            "abs_error": (series, lambda r: of_series(distances(r))),
            "reconstructions": (series, lambda r: of_series(values(r))),
            "sigma": (series, lambda r: of_series(widths(detection.sigma[r]))),
            "latent_space": (
                channels,
                lambda r: [cells.general(part, _DIGITS) for part in detection.latent[r].T],
            ),
            "alarms": (
                [SYSTEM, *series],
                lambda r: [
                    cells.truth_values(detection.alarm[r]),
                    *marks(detection.series_alarms[r]),
                ],
            ),
            "scores": (
                ["causal", "relative", "reference", "limit", "state", "offline"],
                scores,
            ),
        }
        if not channels:
            del tables["latent_space"]
        if not np.isfinite(detection.sigma).any():
            del tables["sigma"]
        if not np.isfinite(detection.mean).any():  # no value is expected
            del tables["reconstructions"], tables["abs_error"]
        for name, (columns, part) in tables.items():
            self._write_long(name, columns, detection.times, part)
        self._write_quality(review.quality.table)

    def _write_quality(self, table: pd.DataFrame) -> None:
        texts = {
            name: cells.numbers_of(table[name].to_numpy())
            for name in ("quality", "missing_series", "stale_series")
        }
        numbers = {name: table[name].to_numpy() for name in table.columns if name not in texts}

        def parts(rows: slice) -> list[cells.Cells]:
            return [
                cells.words(texts[name][0], texts[name][1][rows])
                if name in texts
                else cells.fixed(numbers[name][rows], 0)
                if numbers[name].dtype.kind == "i"
                else cells.general(numbers[name][rows], 4)
                for name in table.columns
            ]

        widest = sum(max(map(len, known), default=0) for known, _ in texts.values())
        self._write_long("quality", list(table.columns), table.index, parts, widest)

    def _write_long(
        self,
        name: str,
        columns: Sequence[Any],
        index: pd.Index,
        part: Callable[[slice], list[cells.Cells]],
        widest: int = 0,
    ) -> None:
        """Write a file with one line per row in blocks, whose text is many times their numbers.

        Args:
            name: of the file.
            columns: names of its columns.
            index: times of its rows.
            part: returns the cells of some rows.
            widest: bytes that the texts of a row may take.
        """
        unit = _time_unit(index)
        size = max(_BLOCK_BYTES // (20 * (1 + len(columns)) + 4 * widest), 1)
        with (self._partial / f"{name}.csv").open("wb") as stream:
            stream.write(_header([index.name, *map(str, columns)]).encode())
            for first in range(0, len(index), size):
                rows = slice(first, first + size)
                stream.write(cells.joined([cells.times(index[rows], unit), *part(rows)]))

    def _write_tables(self, review: Review) -> None:
        """Write the files with one line per event, part of the data, series or detector."""
        events = review.events.table.assign(series=review.events.table["series"].map("; ".join))
        unit = _time_unit(review.detection.times)
        tables = {
            "events": (_as_texts(events, unit), None),
            "event_series": (_as_texts(review.events.series, unit), None),
            "calibration": (review.calibration, "sigmas"),
        }
        if len(review.losses):
            tables["losses"] = (review.losses, "part")
        if review.metrics is not None:
            tables["metrics"] = (review.metrics, "series")
        if review.comparison is not None:
            tables["baselines"] = (review.comparison, "detector")
        if review.root_causes is not None:
            tables["true_events"] = (_as_texts(_joined(review.root_causes.table), unit), None)
        for name, (table, index) in tables.items():
            self._add(f"{name}.csv", _csv(table, index))

    def _write_figures(
        self, review: Review, kind: Literal["png", "pdf"], history: Sequence["EpochLosses"]
    ) -> None:
        folder = self._partial / FIGURES
        folder.mkdir()
        # No creation date in a PDF: the same run gives the same file.
        metadata = {"CreationDate": None} if kind == "pdf" else None
        for name, figure in draw_figures(review, history):
            figure.savefig(folder / f"{name}.{kind}", dpi=300, metadata=metadata)

    def _add(self, name: str, text: str) -> None:
        (self._partial / name).write_bytes(text.encode("utf-8"))

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        """Put the folder in its place, or remove it after an error."""
        with self._held:
            try:
                if kind is None:
                    self._put()
            finally:
                with suppress(OSError):  # of what cannot be removed the next run tries it again
                    remove(self._partial)

    def _place_in(self, model_folder: Path) -> Path:
        """Return where the results go: the given folder, or that in the model, wherever it is."""
        if self._is_given:
            return self.folder
        return model_folder / RESULTS_FOLDER / self.folder.name

    def _put(self) -> None:
        with settled(self.model_folder, self._identity) as folder:
            place = self._place_in(folder)
            check_replaceable(place)
            for name in foreign(place, self._partial):
                (self._partial / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(place / name, self._partial / name, follow_symlinks=False)
            place.parent.mkdir(parents=True, exist_ok=True)
            self.model_folder, self.folder = folder, place
            replace_folder(
                self._partial,
                place,
                lambda: self._changes.append(f"the results are in {place}"),
            )


def _joined(table: pd.DataFrame) -> pd.DataFrame:
    """Write lists as texts, `-` for what a list has no value for."""
    lists = [name for name in table.columns if isinstance(table[name].iloc[0], list)]
    return table.assign(
        **{
            name: [
                "; ".join("-" if item is None else str(item) for item in cell)
                for cell in table[name]
            ]
            for name in lists
        }
    )


def _as_texts(table: pd.DataFrame, unit: Literal["s", "us"]) -> pd.DataFrame:
    """Write times and scores of a table of events as the files of rows have them."""
    if table.empty:
        return table
    texts: dict[str, Any] = {}
    for name in table.columns:
        if pd.api.types.is_datetime64_any_dtype(table[name]):
            texts[name] = _time_texts(pd.DatetimeIndex(table[name]), unit)
        elif name in _ROUNDED:
            texts[name] = ["" if np.isnan(cell) else f"{cell:.7g}" for cell in table[name]]
    return table.assign(**texts)


def _header(columns: Sequence[Any]) -> str:
    """Write the names of columns as the first line of a CSV."""
    return pd.DataFrame(columns=pd.Index(columns)).to_csv(index=False, lineterminator="\n")


def _csv(table: pd.DataFrame, index: str | None) -> str:
    """Write a table; its index is the first column if it has a name here."""
    return table.to_csv(index=index is not None, index_label=index, lineterminator="\n")


def decimals_of(scale: Sequence[float]) -> list[int]:
    """Return the decimals per series that still write a ten-millionth of its scale.

    The network computes in float32 on scaled numbers; more digits would be noise.

    Args:
        scale: scale of each series, data units.

    Examples:
        >>> decimals_of([1.0, 1000.0])
        [7, 4]
    """
    digits = _DECIMALS_BELOW_SCALE - np.floor(np.log10(np.asarray(scale))).astype(int)
    return [max(0, int(number)) for number in digits]


def _time_unit(index: pd.Index) -> Literal["s", "us"]:
    """Return seconds, or microseconds if any time of the file has a fraction of a second."""
    values = index.to_numpy().astype("datetime64[us]")
    return "s" if (values == values.astype("datetime64[s]")).all() else "us"


def _time_texts(index: pd.Index, unit: Literal["s", "us"]) -> list[str]:
    """Return times as ISO 8601 with a space in place of the T."""
    texts = np.datetime_as_string(index.to_numpy().astype("datetime64[us]"), unit=unit)
    return [str(text) for text in np.strings.replace(texts, "T", " ")]
