"""From a table in its own units to the scaled, gapless numbers that the network sees, and back.

What is learned (a mean and a standard deviation a series) is learned once, on the file given to
`train.py`, and kept as plain numbers. A file that is scored is only ever transformed: nothing in it
informs its own scaling. The one exception is `fidelity_outliers: "code"`, which repeats what the
published program does: there every file loses its own outliers before it is judged.

Order: outliers are removed, the gaps filled, the result scaled. A missing cell takes the value
before it for `max_fill` rows at most, and after that the mean of the training data: the network is
told that nothing is unusual, and by no row that comes later. The published program carries values
forward without end and backward at the start of a file, which `max_fill: null` repeats.
"""

import sys
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae.config.settings import Settings
from dcvae.data.quality import listed, longest_constant
from dcvae.errors import InputError

OutliersOf = Literal["training", "each file"]

# float32 ends at 3.4e38, and the network sums products of what it is given. A cell as far out as
# this (a disconnected sensor may write 1.8e308) is as anomalous as one further out.
LARGEST_SCALED = 1e18


@dataclass(frozen=True)
class Preprocessor:
    """Numbers learned on the training file, one a series.

    Attributes:
        series: names, in the order of the network's channels.
        mean: subtracted before the network, data units; 0 when `scale` was false.
        scale: divisor, data units, never 0; 1 for a constant series or when `scale` was false.
        max_std: cells further than this many standard deviations from the mean are outliers; None
            keeps every cell.
        outliers_of: "training" (paper) removes them when learning only; "each file" (published
            code) removes them, by each file's own statistics, from scored files too.
        max_fill: a missing cell takes the value before it for this many rows, then `center`; None
            for the value before it however old, and at the start of a file the value after it.
        center: mean of the training data, data units; `mean` unless `scale` was false.
        longest_constant: observed cells in training, at most, that a series was on one value in a
            row; None for a series that never changed.
    """

    series: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    max_std: float | None
    outliers_of: OutliersOf
    max_fill: int | None
    center: tuple[float, ...]
    longest_constant: tuple[int | None, ...]

    @classmethod
    def learn(cls, frame: pd.DataFrame, settings: Settings) -> "Preprocessor":
        """Learn from the whole training table (rows, series), data units, NaN where missing.

        Means and standard deviations are those of scikit-learn's StandardScaler over the cells that
        are neither missing nor outliers.

        Raises:
            InputError: a series has no cell left without its outliers, or is too large to square.
        """
        series = tuple(str(name) for name in frame.columns)
        max_std = settings.max_std if settings.wo_outliers else None
        mean, divisor = (0.0,) * len(series), (1.0,) * len(series)
        kept = frame if max_std is None else _without_outliers(frame, max_std)
        emptied = [f"`{name}`" for name in kept.columns[kept.isna().all()]]
        if emptied:
            raise InputError(
                f"No cell of the series {', '.join(emptied)} is within `max_std` = {max_std:g} "
                "standard deviations of its mean. Raise `max_std`, or set `wo_outliers` to false."
            )
        if settings.scale:
            # Here, not above: scikit-learn takes a second to import and only training needs it.
            from sklearn.preprocessing import StandardScaler

            with np.errstate(over="ignore", invalid="ignore"):  # refused below
                scaler = StandardScaler().fit(kept.to_numpy())
            mean, divisor = tuple(scaler.mean_.tolist()), tuple(scaler.scale_.tolist())
        endless = [f"`{series[i]}`" for i in np.flatnonzero(~np.isfinite(divisor))]
        if endless:
            raise InputError(
                f"The series {', '.join(endless)} cannot be standardized: the square of its "
                "largest values is beyond the range of numbers. Empty those cells, if they stand "
                "for missing ones, or write the series in a larger unit."
            )
        outliers_of: OutliersOf = (
            "each file" if settings.fidelity_outliers == "code" else "training"
        )
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
            settings.max_fill,
            mean if settings.scale else tuple(center.tolist()),
            tuple(runs),
        )

    def outlier_notices(self, frame: pd.DataFrame) -> list[str]:
        """Tell what removing the outliers took from the training table: one sentence each.

        Names the series that lost cells and those that are constant without them, as an event is
        that happens once in hundreds of rows.
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
            f"taken for missing in {len(counts)} of {frame.shape[1]} series: {listed(shares)}."
        ]
        kept = frame[counts.index].mask(outlying[counts.index])
        constant = [f"`{name}`" for name in kept.columns[kept.min() == kept.max()]]
        if constant:
            notices.append(
                f"Without those cells, {len(constant)} of {frame.shape[1]} series never change, so "
                f"the model cannot learn when they do: {listed(constant)}. To keep the cells, "
                "raise `max_std` or set `wo_outliers` to false."
            )
        return notices

    def transform_training(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        """Scale the training table, its outliers removed and its gaps filled; see `transform`."""
        if self.max_std is not None:
            frame = _without_outliers(frame, self.max_std)
        return self._fill_and_scale(frame)

    def transform(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        """Scale a table that is to be scored and fill its gaps.

        Args:
            frame: (rows, series) in data units, NaN where missing, columns as `self.series`.

        Returns:
            (rows, series) float32, scaled, without NaN. The input is not changed.
        """
        if self.outliers_of == "each file":
            return self.transform_training(frame)
        return self._fill_and_scale(frame)

    @staticmethod
    def observed(frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Tell which cells (rows, series) were there before the gaps were filled."""
        observed: NDArray[np.bool_] = frame.notna().to_numpy()
        return observed

    def mean_in_data_units(self, scaled: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Turn a scaled level (rows, series) back into data units."""
        level: NDArray[np.float64] = self.width_in_data_units(scaled) + np.asarray(self.mean)
        return level

    def width_in_data_units(self, scaled: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Turn a scaled difference or standard deviation (rows, series) back into data units."""
        width: NDArray[np.float64] = scaled.astype(np.float64) * np.asarray(self.scale)
        return width

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any], source: str) -> "Preprocessor":
        """Read back what `to_dict` gave.

        Raises:
            InputError: a part is missing or cannot be what training stored.
        """
        expected = {field.name for field in fields(cls)}
        if set(stored) != expected:
            raise InputError(
                f"{source} is damaged: expected the keys {sorted(expected)}, received "
                f"{sorted(stored)}. Train the model again."
            )
        names = ("series", "mean", "scale", "center", "longest_constant")
        parts = [stored[name] for name in names]
        series, mean, scale, center, runs = parts
        if not (
            all(isinstance(part, list) for part in parts)
            and {len(part) for part in parts} == {len(series)} != {0}
            and all(isinstance(name, str) for name in series)
            and all(_is_number(value) for value in [*mean, *scale, *center])
            and all(value > 0 for value in scale)
            and all(run is None or _is_count(run, 1) for run in runs)
            and (stored["max_fill"] is None or _is_count(stored["max_fill"], 0))
            and (stored["max_std"] is None or _is_number(stored["max_std"]))
            and (stored["max_std"] is None or stored["max_std"] > 0)
            and stored["outliers_of"] in ("training", "each file")
        ):
            raise InputError(
                f"{source} is damaged: expected one finite mean and one positive scale for every "
                "series. Train the model again."
            )
        return cls(**stored | {name: tuple(stored[name]) for name in names})

    def _fill_and_scale(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        if self.max_fill is None:
            frame = frame.ffill().bfill()
        elif self.max_fill > 0:
            frame = frame.ffill(limit=self.max_fill)
        values = frame.to_numpy(dtype=np.float64)
        filled = np.where(np.isnan(values), self.center, values)
        with np.errstate(over="ignore"):  # clipped
            scaled = (filled - np.asarray(self.mean)) / np.asarray(self.scale)
        clipped: NDArray[np.float32] = np.clip(scaled, -LARGEST_SCALED, LARGEST_SCALED).astype(
            np.float32
        )
        return clipped


def _without_outliers(frame: pd.DataFrame, max_std: float) -> pd.DataFrame:
    """Empty the cells that are outliers."""
    return frame.mask(_is_outlier(frame, max_std))


def _is_outlier(frame: pd.DataFrame, max_std: float) -> pd.DataFrame:
    """Tell which cells have a z-score in this very table beyond `max_std`; missing ones have none.

    Returns:
        (rows, series) bool.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # beyond the range counts as infinite
        deviation = (frame - frame.mean()).abs()
        return deviation > max_std * frame.std(ddof=0)


def _is_count(value: object, least: int) -> bool:
    """Tell whether a value is a whole number of at least `least`."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_number(value: object) -> bool:
    """Tell whether a value is a number that float64 can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= sys.float_info.max
