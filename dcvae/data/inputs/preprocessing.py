"""Preprocessing: from a table in data units to scaled values without missing cells, and back.

The preprocessor (a mean and a standard deviation per series) is fitted once, to the file given to
`train.py`, and stored as plain numbers. A file to be scored is only transformed: its own values do
not enter its scaling. The exception is `fidelity_outliers: "code"`, which repeats what the
published program does: there every file loses its own outliers before it is scored.

Order: outliers are removed, missing cells filled (see `gaps`), the result scaled. What the network
is shown is bounded by what training held (see `bounds`).
"""

import sys
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from dcvae._arrays import AnyFloatArray, BoolArray, Float32Array, Float64Array, IntArray
from dcvae._text import quoted, shortened
from dcvae.config import DataKeys
from dcvae.data.inputs.bounds import bounded, fit_bounds, rarely_changing, resolution
from dcvae.data.inputs.gaps import fill_missing
from dcvae.data.inputs.model_input import ModelInput
from dcvae.data.inputs.preprocessing_stored import OutliersOf, check_stored
from dcvae.data.quality import longest_constant
from dcvae.errors import InputError

# float32 ends at 3.4e38, and the network sums products of its inputs. A cell at this distance from
# the mean (a disconnected sensor may write 1.8e308) is as anomalous as one farther away.
LARGEST_SCALED = 1e18

_QUARTILES_APART = 1.3489795003921634  # of a normal distribution, in standard deviations

# The published program takes the standard deviation of pandas, which divides by n - 1.
_DDOF: dict[OutliersOf, int] = {"training": 0, "each file": 1}

# Parts that files of earlier versions lack.
_LATER_PARTS = {"lower": None, "upper": None, "scores_filled": False}


@dataclass(frozen=True)
class Preprocessor:
    """Scaling, outlier removal and filling of missing cells, fitted to the training file.

    Attributes:
        series: (series,) names, in the order of the network's channels.
        mean: (series,) subtracted before the network, data units: the mean of training, or the
            median with `robust_scale`; 0 if the key `scale` was false.
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
        scores_filled: whether a missing cell counts, in `mean` and `scale` and in the scores, with
            the value that it is filled with (published code), or not at all (paper).

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
    scores_filled: bool = False

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
        outliers; with `fidelity_missing` "code" over all cells, those two filled. With
        `robust_scale` they are median and distance of the quartiles, in units of a normal
        distribution.

        Args:
            frame: (rows, series), data units, NaN where missing.
            keys: `scale`, `robust_scale`, `wo_outliers`, `max_std`, `max_fill`,
                `fidelity_outliers`, `fidelity_missing`.

        Returns:
            The fitted preprocessor.

        Raises:
            InputError: a series has no value or none but outliers, or the square of its values
                overflows.
        """
        series = tuple(str(name) for name in frame.columns)
        max_std = keys.max_std if keys.wo_outliers else None
        mean, divisor = (0.0,) * len(series), (1.0,) * len(series)
        outliers_of: OutliersOf = "each file" if keys.fidelity_outliers == "code" else "training"
        kept = frame
        if max_std is not None:
            kept = _without_outliers(frame, max_std, _DDOF[outliers_of])
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
        largest = sys.float_info.max
        with np.errstate(over="ignore"):
            center = tuple(kept.mean().clip(-largest, largest).tolist())
        fills_count = keys.fidelity_missing == "code"
        if keys.scale:
            # Imported here, as it takes a second and only training needs it.
            from sklearn.preprocessing import StandardScaler

            counted = kept.to_numpy()
            if fills_count:
                counted = fill_missing(kept, keys.max_fill, center)
            with np.errstate(over="ignore", invalid="ignore"):  # refused below
                scaler = StandardScaler().fit(counted)
                means, divisors = scaler.mean_, scaler.scale_
                if keys.robust_scale:
                    means, divisors = _robust(counted, divisors)
            mean, divisor = tuple(means.tolist()), tuple(divisors.tolist())
        endless = quoted(np.array(series)[~np.isfinite(divisor)])
        if endless:
            raise InputError(
                f"The series {', '.join(endless)} cannot be standardized: the square of its "
                "largest values is beyond the range of numbers. Empty those cells, if they stand "
                "for missing ones, or write the series in a larger unit."
            )
        lower, upper = None, None
        if outliers_of == "training":
            rare = rarely_changing(frame, kept)
            bounds = fit_bounds(kept.fillna(frame.loc[:, rare]))
            lower, upper = (tuple(bound.tolist()) for bound in bounds)
            if keys.scale:
                constant = bounds[0] == bounds[1]
                mean = tuple(np.where(constant, bounds[0], mean).tolist())
                scale = np.where(constant, resolution(bounds[0]), divisor)
                scale[rare] = frame.loc[:, rare].std(ddof=0)
                divisor = tuple(scale.tolist())
        runs = [longest_constant(kept[name].to_numpy()) for name in kept.columns]
        return cls(
            series,
            mean,
            divisor,
            max_std,
            outliers_of,
            keys.max_fill,
            mean if keys.scale and not fills_count else center,
            tuple(runs),
            lower,
            upper,
            fills_count,
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
        outlying = _is_outlier(frame, self.max_std, _DDOF[self.outliers_of])
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
                f"the model cannot learn when they do: {shortened(constant)}. To keep the cells, "
                "raise `max_std` or set `wo_outliers` to false."
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
            frame = _without_outliers(frame, self.max_std, _DDOF[self.outliers_of])
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
        inputs = self.transform_training(frame, gaps)
        if self.scores_filled:
            return inputs
        # Outliers were measured, so they get a score.
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
        stored = _LATER_PARTS | stored
        check_stored(stored, [field.name for field in fields(cls)], source)
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()
        }
        return cls(**values)

    def _fill_and_scale(self, frame: pd.DataFrame, gaps: BoolArray) -> ModelInput:
        observed, times = frame.notna().to_numpy(), pd.DatetimeIndex(frame.index)
        if self.scores_filled:
            observed = np.ones_like(observed)
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


def _robust(counted: Float64Array, deviations: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Return median and distance of the quartiles of each series, over that of a unit normal.

    A series of which more than half is one value has its standard deviation instead.
    """
    # That of pandas: NumPy's goes series by series where cells are missing.
    low, middle, high = pd.DataFrame(counted).quantile([0.25, 0.5, 0.75]).to_numpy()
    width = (high - low) / _QUARTILES_APART
    return middle, np.where(width > 0, width, deviations)


def _without_outliers(frame: pd.DataFrame, max_std: float, ddof: int) -> pd.DataFrame:
    """Empty the cells that are outliers."""
    return frame.mask(_is_outlier(frame, max_std, ddof))


def _is_outlier(frame: pd.DataFrame, max_std: float, ddof: int) -> pd.DataFrame:
    """Tell which cells are outliers: their z-score in this table is beyond `max_std`.

    Args:
        frame: (rows, series), data units, NaN where missing.
        max_std: in standard deviations.
        ddof: what is taken from the number of cells in the standard deviation.

    Returns:
        (rows, series) bool; False where a cell is missing.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow counts as infinite
        deviation = (frame - frame.mean()).abs()
        return deviation > max_std * frame.std(ddof=ddof)
