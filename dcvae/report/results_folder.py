"""What test.py writes: models/<model_name>/results/<data file>/, whole or not at all.

Five CSVs grow block by block while a file is scored; events, metrics, the page and figures come
when it is known as a whole. All of it appears together, in the place of an earlier run's.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae.evaluation.metrics_table import SYSTEM
from dcvae.evaluation.review import Review
from dcvae.storage.model_folder import StoredModel, as_json

if TYPE_CHECKING:  # importing scoring would import Keras
    from dcvae.scoring.causal import Scores

RESULTS_FOLDER = "results"
_RESULT_FILES = ("anomaly_predictions", "abs_error", "reconstructions", "sigma", "latent_space")
_BLOCK_ROWS = 16_384
_DECIMALS_BELOW_SCALE = 7  # float32 carries no more of a scaled number


class ResultsWriter:
    """Writes what test.py has to say; all files appear together when all are whole.

    The five CSVs grow block by block with `write`; `add_review` writes what is known at the end.

    A context manager: leaving it normally puts the new folder in the place of an earlier one,
    leaving it by an error leaves the earlier one alone.

    Args:
        model: the model that judges.
        data: path of the judged file, which names the folder.
        times: of the judged rows.

    Attributes:
        folder: models/<model_name>/results/<data file stem>.
    """

    def __init__(self, model: StoredModel, data: Path, times: pd.Index) -> None:
        stem = data.name.removesuffix(".gz").removesuffix(data.suffix).removesuffix(".csv")
        stem = stem.strip(".") or "data"  # a dot is a folder that exists
        self.folder = model.folder / RESULTS_FOLDER / stem
        self._model = model
        self._times = times
        self._time_unit = _time_unit(times)
        self._written = 0
        self._partial = self.folder.with_name(f".{stem}.{os.getpid()}.partial")
        self._streams: dict[str, IO[bytes]] = {}
        in_data_units = model.settings.fidelity_units == "paper"
        scale = model.preprocessor.scale if in_data_units else (1.0,) * len(model.series)
        self._formats = _number_formats(scale)
        self._in_data_units = in_data_units

    def __enter__(self) -> "ResultsWriter":
        """Open all files under a temporary name and write their header lines."""
        if self._partial.exists():  # a killed run had the same number, as in a container
            shutil.rmtree(self._partial)
        self._partial.mkdir(parents=True)
        latent = [str(channel) for channel in range(self._model.settings.latent_channels)]
        for name in _RESULT_FILES:
            columns = latent if name == "latent_space" else self._model.series
            self._streams[name] = (self._partial / f"{name}.csv").open("wb")
            self._streams[name].write(_header([self._times.name, *columns]).encode())
        return self

    def write(self, scores: "Scores", flags: NDArray[np.bool_]) -> None:
        """Append consecutive judged rows to all files.

        Args:
            scores: of the rows, scaled.
            flags: (rows, series), the anomaly predictions.
        """
        preprocessor = self._model.preprocessor
        mean: NDArray[Any] = scores.mean
        sigma: NDArray[Any] = scores.sigma
        error: NDArray[Any] = np.abs(scores.error)
        if self._in_data_units:
            mean = preprocessor.mean_in_data_units(mean)
            sigma = preprocessor.width_in_data_units(sigma)
            error = preprocessor.width_in_data_units(error)
        stop = self._written + len(flags)
        times = _time_texts(self._times[self._written : stop], self._time_unit)
        self._append("anomaly_predictions", times, flags, ["%s"] * flags.shape[1])
        self._append("abs_error", times, error, self._formats)
        self._append("reconstructions", times, mean, self._formats)
        self._append("sigma", times, sigma, self._formats)
        self._append("latent_space", times, scores.latent, ["%.7g"] * scores.latent.shape[1])
        self._written = stop

    def _append(
        self, name: str, times: list[str], values: NDArray[Any], formats: list[str]
    ) -> None:
        """Append (rows, columns), one printf format a column."""
        self._streams[name].write(_lines(times, values, formats).encode())

    def add_review(self, review: Review, figures: Literal["png", "pdf"] | None) -> None:
        """Write what is said of the whole file: events, losses, metrics, the page, figures.

        Args:
            review: what is said.
            figures: the kind of figures to draw into a folder of their own; None for none.
        """
        events = review.events.table.assign(series=review.events.table["series"].map("; ".join))
        tables = {
            "events": (events, None),
            "event_series": (review.events.series, None),
            "losses": (review.losses, "part"),
            "calibration": (review.calibration, "sigmas"),
        }
        if review.metrics is not None:
            tables["metrics"] = (review.metrics, "series")
        if review.comparison is not None:
            tables["baselines"] = (review.comparison, "detector")
        for name, (table, index) in tables.items():
            self._add(f"{name}.csv", _csv(table, index))
        verdicts = review.verdicts
        texts = pd.Index(_time_texts(self._times, self._time_unit), name=self._times.name)
        alarms = (verdicts.alarm[:, None], verdicts.series_alarms)
        self._add_rows("alarms.csv", texts, [SYSTEM, *verdicts.series], alarms, "%s")
        offline = np.full(len(texts), np.nan) if verdicts.offline is None else verdicts.offline
        scores = (verdicts.score[:, None], offline[:, None])
        self._add_rows("scores.csv", texts, ["causal", "offline"], scores, "%.7g")
        rows = review.quality.table.set_axis(texts)
        self._add("quality.csv", rows.to_csv(float_format="%.4g", lineterminator="\n"))
        self._add("metrics.json", as_json(review.to_dict()))
        self._add("report.html", review.page())
        if figures is None:
            return
        folder = self._partial / "figures"
        folder.mkdir()
        # No creation date in a PDF: the same run gives the same file.
        metadata = {"CreationDate": None} if figures == "pdf" else None
        for name, figure in review.figures():
            figure.savefig(folder / f"{name}.{figures}", dpi=150, metadata=metadata)

    def _add_rows(
        self,
        name: str,
        texts: pd.Index,
        columns: Sequence[str],
        parts: Sequence[NDArray[Any]],
        number_format: str,
    ) -> None:
        """Write judged rows, the parts (rows, some columns) side by side, block by block."""
        with (self._partial / name).open("wb") as stream:
            stream.write(_header([texts.name, *columns]).encode())
            for first in range(0, len(texts), _BLOCK_ROWS):
                rows = slice(first, first + _BLOCK_ROWS)
                values = np.concatenate([part[rows] for part in parts], axis=1)
                lines = _lines(list(texts[rows]), values, [number_format] * len(columns))
                stream.write(lines.encode())

    def _add(self, name: str, text: str) -> None:
        (self._partial / name).write_bytes(text.encode("utf-8"))

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        """Close the files, and keep them if nothing went wrong."""
        for stream in self._streams.values():
            stream.close()
        if kind is None:
            if self.folder.exists():
                shutil.rmtree(self.folder)
            self._partial.rename(self.folder)
        else:
            shutil.rmtree(self._partial)


def _lines(times: Sequence[str], values: NDArray[Any], formats: list[str]) -> str:
    """Write (rows, columns) by time, one printf format a column; NaN becomes an empty cell."""
    cells = np.empty((len(times), 1 + values.shape[1]), dtype=object)
    cells[:, 0] = times
    cells[:, 1:] = values
    row_format = ",".join(["%s", *formats]) + "\n"
    # One format for the whole block: several times faster than a row at a time or pandas.
    text = (row_format * len(times)) % tuple(cells.ravel().tolist())
    return text.replace("nan", "")


def _header(columns: Sequence[Any]) -> str:
    """Write the names of columns as the first line of a CSV."""
    return pd.DataFrame(columns=pd.Index(columns)).to_csv(index=False, lineterminator="\n")


def _csv(table: pd.DataFrame, index: str | None) -> str:
    """Write a table, with its index as the first column if that is given a name."""
    return table.to_csv(index=index is not None, index_label=index, lineterminator="\n")


def _number_formats(scale: Sequence[float]) -> list[str]:
    """Choose decimals for each series so that a ten-millionth of its scale is still written.

    The network works in float32 on scaled numbers; more digits than these would be noise.

    Args:
        scale: standard deviation of each series, data units.
    """
    digits = _DECIMALS_BELOW_SCALE - np.floor(np.log10(np.asarray(scale))).astype(int)
    return [f"%.{max(0, number)}f" for number in digits]


def _time_unit(index: pd.Index) -> Literal["s", "us"]:
    """Choose seconds, or microseconds if any time of the file has a fraction of a second."""
    values = index.to_numpy().astype("datetime64[us]")
    return "s" if (values == values.astype("datetime64[s]")).all() else "us"


def _time_texts(index: pd.Index, unit: Literal["s", "us"]) -> list[str]:
    """Write times as ISO 8601 with a space."""
    texts = np.datetime_as_string(index.to_numpy().astype("datetime64[us]"), unit=unit)
    return [str(text) for text in np.strings.replace(texts, "T", " ")]
