"""Preprocessing: from a table in data units to scaled values without missing cells, and back.

The preprocessor (a mean and a standard deviation per series) is fitted once, to the file given to
`train.py`, and stored as plain numbers. A file to be scored is only transformed: its own values do
not enter its scaling. The exception is `fidelity_outliers: "code"`, which repeats what the
published program does: there every file loses its own outliers before it is scored.

Order: outliers are removed, missing cells filled (see `gaps`), the result scaled. What the network
is shown is bounded by what training held (see `bounds`).
"""

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from dcvae._arrays import AnyFloatArray, BoolArray, Float32Array, Float64Array, IntArray
from dcvae._text import quoted, shortened
from dcvae.config import DataKeys, show
from dcvae.data.inputs.bounds import bounded, fit_bounds, resolution
from dcvae.data.inputs.gaps import fill_missing
from dcvae.data.inputs.model_input import ModelInput
from dcvae.data.quality import longest_constant
from dcvae.errors import InputError

OutliersOf = Literal["training", "each file"]

# float32 ends at 3.4e38, and the network sums products of its inputs. A cell at this distance from
# the mean (a disconnected sensor may write 1.8e308) is as anomalous as one farther away.
LARGEST_SCALED = 1e18


@dataclass(frozen=True)
class Preprocessor:
    """Scaling, outlier removal and filling of missing cells, fitted to the training file.

    Attributes:
        series: (series,) names, in the order of the network's channels.
        mean: (series,) subtracted before the network, data units; 0 if the key `scale` was false.
        scale: (series,) divisor, data units, never 0; 1 if the key `scale` was false. For a
            constant series what single precision resolves of it, or 1 if there are no bounds.
        max_std: cells farther than this many standard deviations from the mean are outliers; None
            keeps every cell.
        outliers_of: "training" (paper) removes outliers from the training file only; "each file"
            (published code) removes them, by each file's own statistics, from scored files too.
        max_fill: a missing cell takes the value before it for this many rows, then `center`; None
            for the value before it without limit, and at the start of a file the value after it.
        center: (series,) mean of the training data, data units; `mean` unless `scale` was false.
        longest_constant: (series,) most observed cells in a row, in training, in which a series
            kept one value; None for a series that never changed.
        lower: (series,) least value that the network is shown, data units; None if nothing bounds
            it, as in the published program and in models of earlier versions.
        upper: (series,) largest value that it is shown, equal to `lower` for a series that was
            constant in training; None likewise.

    Examples:
        The missing cell takes the value before it. The network is shown 8 in place of 12, which is
        above all of training, and its score is that of 12:

        >>> import numpy as np
        >>> import pandas as pd
        >>> from dcvae.config import DataKeys
        >>> from dcvae.data import Preprocessor
        >>> fitted = Preprocessor.fit(pd.DataFrame({"flow": [2.0, 4.0, 6.0]}), DataKeys())
        >>> times = pd.date_range("2024-01-01", periods=3)
        >>> scored = pd.DataFrame({"flow": [4.0, np.nan, 12.0]}, times)
        >>> inputs = fitted.transform(scored, np.zeros(3, dtype=bool))
        >>> inputs.values[:, 0].round(2), inputs.observed[:, 0]
        (array([0.  , 0.  , 2.45], dtype=float32), array([ True, False,  True]))
        >>> fitted.mean_in_data_units(inputs.values)[:, 0].round(3)
        array([4., 4., 8.])
        >>> fitted.mean_in_data_units(inputs.measured())[:, 0].round(3)
        array([ 4.,  4., 12.])
    """

    series: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    max_std: float | None
    outliers_of: OutliersOf
    max_fill: int | None
    center: tuple[float, ...]
    longest_constant: tuple[int | None, ...]
    lower: tuple[float, ...] | None = None
    upper: tuple[float, ...] | None = None

    @property
    def constants(self) -> tuple[float | None, ...]:
        """What each series was throughout training; None for one that changed, or no bounds."""
        if self.lower is None or self.upper is None:
            return (None,) * len(self.series)
        bounds = zip(self.lower, self.upper, strict=True)
        return tuple(lower if lower == upper else None for lower, upper in bounds)

    @classmethod
    def fit(cls, frame: pd.DataFrame, keys: DataKeys) -> "Preprocessor":
        """Fit means and scales to the whole training table.

        They are those of scikit-learn's StandardScaler over the cells that are neither missing nor
        outliers.

        Args:
            frame: (rows, series), data units, NaN where missing.
            keys: `scale`, `wo_outliers`, `max_std`, `max_fill`, `fidelity_outliers`.

        Returns:
            The fitted preprocessor.

        Raises:
            InputError: a series has no value or none but outliers, or the square of its values
                overflows.
        """
        series = tuple(str(name) for name in frame.columns)
        max_std = keys.max_std if keys.wo_outliers else None
        mean, divisor = (0.0,) * len(series), (1.0,) * len(series)
        kept = frame if max_std is None else _without_outliers(frame, max_std)
        empty = quoted(frame.columns[frame.isna().all()])
        if empty:
            raise InputError(
                f"Expected at least one value of every series in the training data. Received none "
                f"of {', '.join(empty)}: take the column out, or give rows that have some."
            )
        emptied = quoted(kept.columns[kept.isna().all()])
        if emptied:
            raise InputError(
                f"No cell of the series {', '.join(emptied)} is within `max_std` = {max_std:g} "
                "standard deviations of its mean. Raise `max_std`, or set `wo_outliers` to false."
            )
        if keys.scale:
            # Imported here, as it takes a second and only training needs it.
            from sklearn.preprocessing import StandardScaler

            with np.errstate(over="ignore", invalid="ignore"):  # refused below
                scaler = StandardScaler().fit(kept.to_numpy())
            mean, divisor = tuple(scaler.mean_.tolist()), tuple(scaler.scale_.tolist())
        endless = quoted(np.array(series)[~np.isfinite(divisor)])
        if endless:
            raise InputError(
                f"The series {', '.join(endless)} cannot be standardized: the square of its "
                "largest values is beyond the range of numbers. Empty those cells, if they stand "
                "for missing ones, or write the series in a larger unit."
            )
        outliers_of: OutliersOf = "each file" if keys.fidelity_outliers == "code" else "training"
        lower, upper = None, None
        if outliers_of == "training":
            bounds = fit_bounds(kept)
            lower, upper = (tuple(bound.tolist()) for bound in bounds)
            if keys.scale:
                constant = bounds[0] == bounds[1]
                mean = tuple(np.where(constant, bounds[0], mean).tolist())
                divisor = tuple(np.where(constant, resolution(bounds[0]), divisor).tolist())
        largest = sys.float_info.max
        with np.errstate(over="ignore"):
            center = kept.mean().clip(-largest, largest)
        runs = [longest_constant(kept[name].to_numpy()) for name in kept.columns]
        return cls(
            series,
            mean,
            divisor,
            max_std,
            outliers_of,
            keys.max_fill,
            mean if keys.scale else tuple(center.tolist()),
            tuple(runs),
            lower,
            upper,
        )

    def outlier_notices(self, frame: pd.DataFrame) -> list[str]:
        """Tell which outliers were removed from the training table.

        A series may be constant without them, as a switch is that changes once in hundreds of rows.

        Args:
            frame: (rows, series), data units, NaN where missing; as given to `fit`.

        Returns:
            One sentence about the series that lost cells, and one about those that are constant
            without them.
        """
        if self.max_std is None:
            return []
        outlying = _is_outlier(frame, self.max_std)
        counts = outlying.sum()
        counts = counts[counts > 0]
        if counts.empty:
            return []
        shares = [f"`{name}` {n:,} ({n / len(frame):.2%})" for name, n in counts.items()]
        notices = [
            f"Cells more than `max_std` = {self.max_std:g} standard deviations from the mean are "
            f"taken for missing in {len(counts)} of {frame.shape[1]} series: {shortened(shares)}."
        ]
        kept = frame[counts.index].mask(outlying[counts.index])
        constant = quoted(kept.columns[kept.min() == kept.max()])
        if constant:
            notices.append(
                f"Without those cells, {len(constant)} of {frame.shape[1]} series never change, so "
                f"any other value will be taken for an anomaly: {shortened(constant)}. To keep the "
                "cells, raise `max_std` or set `wo_outliers` to false."
            )
        return notices

    def transform_training(self, frame: pd.DataFrame, gaps: BoolArray) -> ModelInput:
        """Scale the training table, without its outliers and with missing cells filled.

        Args:
            frame: as in `transform`.
            gaps: as in `transform`.

        Returns:
            The input of the network; outliers are not `observed`.
        """
        if self.max_std is not None:
            frame = _without_outliers(frame, self.max_std)
        return self._fill_and_scale(frame, gaps)

    def transform(self, frame: pd.DataFrame, gaps: BoolArray) -> ModelInput:
        """Scale a table to be scored, and fill its missing cells.

        Args:
            frame: (rows, series), data units, NaN where missing, columns as `self.series`. It is
                not changed.
            gaps: (rows,) bool, True where a gap lies before the row, from `gaps.after_gap`.

        Returns:
            The input of the network.
        """
        if self.outliers_of == "training":
            return self._fill_and_scale(frame, gaps)
        # Outliers were measured, so they get a score.
        inputs = self.transform_training(frame, gaps)
        return replace(inputs, observed=frame.notna().to_numpy())

    def mean_in_data_units(self, scaled: AnyFloatArray) -> Float64Array:
        """Convert scaled values to data units: times `scale`, plus `mean`.

        Args:
            scaled: (rows, series) float.

        Returns:
            (rows, series) float64, data units.
        """
        values: Float64Array = self.width_in_data_units(scaled) + np.asarray(self.mean)
        return values

    def width_in_data_units(self, scaled: AnyFloatArray) -> Float64Array:
        """Convert scaled differences or standard deviations to data units: times `scale`.

        Args:
            scaled: (rows, series) float.

        Returns:
            (rows, series) float64, data units.
        """
        width: Float64Array = scaled.astype(np.float64) * np.asarray(self.scale)
        return width

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as plain lists and numbers, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any], source: str) -> "Preprocessor":
        """Make a preprocessor from the values of `to_dict`.

        Args:
            stored: parsed JSON.
            source: names the file in messages.

        Returns:
            An equal preprocessor.

        Raises:
            InputError: a part is missing or cannot be what training stored.
        """
        expected = {field.name for field in fields(cls)}
        if set(stored) == expected - {"lower", "upper"}:  # of an earlier version: no bounds
            stored = stored | {"lower": None, "upper": None}
        if set(stored) != expected:
            raise InputError(
                f"{source} is damaged: expected the keys {sorted(expected)}, received "
                f"{sorted(stored)}. Train the model again."
            )
        names = stored["series"]
        number = len(names) if isinstance(names, list) else 0
        for key, (words, is_right) in _STORED.items():
            if not is_right(stored[key], number):
                words = words.format(number=number)
                raise InputError(
                    f"{source} is damaged: expected `{key}` to be {words}, received "
                    f"{show(stored[key])}. Train the model again."
                )
        lower, upper = stored["lower"], stored["upper"]
        pairs = zip(lower or [0.0], upper or [0.0], strict=False)
        if (lower is None) != (upper is None) or any(below > above for below, above in pairs):
            raise InputError(
                f"{source} is damaged: expected `lower` to be at most `upper` in every series, or "
                f"both null, received {show(lower)} and {show(upper)}. Train the model again."
            )
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()
        }
        return cls(**values)

    def _fill_and_scale(self, frame: pd.DataFrame, gaps: BoolArray) -> ModelInput:
        observed, times = frame.notna().to_numpy(), pd.DatetimeIndex(frame.index)
        filled = fill_missing(frame, self.max_fill, self.center)
        if self.lower is None or self.upper is None:
            return ModelInput(self._scaled(filled), observed, gaps, times)
        values, far, constant = bounded(frame, filled, self.lower, self.upper, self._scaled)
        return ModelInput(values, observed, gaps, times, far=far, constant=constant)

    def _scaled(self, values: Float64Array, part: IntArray | slice = slice(None)) -> Float32Array:
        """Scale values of all series, or of a part of them."""
        with np.errstate(over="ignore"):  # clipped
            scaled = (values - np.asarray(self.mean)[part]) / np.asarray(self.scale)[part]
        usable: Float32Array = np.clip(scaled, -LARGEST_SCALED, LARGEST_SCALED).astype(np.float32)
        return usable


def _without_outliers(frame: pd.DataFrame, max_std: float) -> pd.DataFrame:
    """Empty the cells that are outliers."""
    return frame.mask(_is_outlier(frame, max_std))


def _is_outlier(frame: pd.DataFrame, max_std: float) -> pd.DataFrame:
    """Tell which cells are outliers: their z-score in this table is beyond `max_std`.

    Returns:
        (rows, series) bool; False where a cell is missing.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow counts as infinite
        deviation = (frame - frame.mean()).abs()
        return deviation > max_std * frame.std(ddof=0)


def _is_count(value: object, least: int) -> bool:
    """Tell whether a value is a whole number of rows, at least `least`."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= 10**15


def _is_number(value: object) -> bool:
    """Tell whether a value is a number that float64 can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= sys.float_info.max


def _are_numbers(value: Any, number: int) -> bool:
    return isinstance(value, list) and len(value) == number and all(map(_is_number, value))


_EACH = "a finite number for each of the {number} series"
# The expected value of each part of a stored preprocessor, in words, and its check, given the
# number of series. Names come first: their number is what the other lengths must be.
_STORED: dict[str, tuple[str, Callable[[Any, int], bool]]] = {
    "series": (
        "a list of one or more names, each once",
        lambda value, number: (
            number > 0
            and all(isinstance(name, str) for name in value)
            and len(set(value)) == number
        ),
    ),
    "mean": (_EACH, _are_numbers),
    "scale": (
        "a finite number above 0 for each of the {number} series",
        lambda value, number: _are_numbers(value, number) and all(part > 0 for part in value),
    ),
    "center": (_EACH, _are_numbers),
    "longest_constant": (
        "null or a whole number of at least 1 for each of the {number} series",
        lambda value, number: (
            isinstance(value, list)
            and len(value) == number
            and all(run is None or _is_count(run, 1) for run in value)
        ),
    ),
    "max_fill": (
        "null or a whole number of at least 0",
        lambda value, _: value is None or _is_count(value, 0),
    ),
    "max_std": (
        "null or a finite number above 0",
        lambda value, _: value is None or (_is_number(value) and value > 0),
    ),
    **dict.fromkeys(
        ("lower", "upper"),
        ("null or " + _EACH, lambda value, number: value is None or _are_numbers(value, number)),
    ),
    "outliers_of": (
        '"training" or "each file"',
        lambda value, _: value in get_args(OutliersOf),
    ),
}
