"""Bounds of what a network is shown, and series that were constant in training.

A network has learned nothing of values far from all that it was trained on: one such cell (a
disconnected sensor may write 1e9) changes what it expects of every other series for the length of a
window. It is therefore shown a cell beyond the bounds as if it lay at the nearest of them. The
bounds of a series are its least and largest value in training, widened by half of the distance
between them on either side: about 7 standard deviations from the mean of a Gaussian series, where
`max_std` begins by default. The score is of what was measured, however far out.

A series that was constant in training has no such distance, and no unit in which another value
would be near or far. Any other value is new, in whatever unit: it is `NEW_VALUE` sigmas from what
is expected, and the network is shown the constant. Single precision decides whether two values are
the same, as files and arrays may carry no more of a number.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from dcvae._arrays import BoolArray, Float32Array, Float64Array, IntArray
from dcvae._text import shortened
from dcvae.data.inputs.model_input import FarCells

# Takes values in data units and the columns of their last axis, returns them scaled.
Scaling = Callable[[Float64Array, IntArray | slice], Float32Array]

NEW_VALUE = 1000.0
"""Scaled distance, and sigmas, of any value that a series constant in training has not had."""

# A value with an error of a thousandth of it is still a new one.
SAME = float(np.finfo(np.float32).eps)
"""Relative difference up to which a value is the constant of its series."""

_BEYOND = 1.0  # of half the distance from the least to the largest value
_COMPUTED = 1e-12  # relative difference of values that are the same but for float64 arithmetic


def fit_bounds(frame: pd.DataFrame) -> tuple[Float64Array, Float64Array]:
    """Find the bounds of what the network is shown.

    Args:
        frame: (rows, series), training data in data units, NaN where missing or an outlier; at
            least one value of each series.

    Returns:
        Lower and upper bounds, each (series,) float64, data units; equal for a constant series.

    Examples:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"flow": [2.0, 4.0, 6.0], "loss": [0.0, 0.0, 0.0]})
        >>> fit_bounds(frame)
        (array([0., 0.]), array([8., 0.]))
    """
    least, largest = (part.to_numpy(dtype=np.float64) for part in (frame.min(), frame.max()))
    # Halves: the distance of two numbers may overflow.
    half, middle = largest / 2 - least / 2, least / 2 + largest / 2
    constant = half <= _COMPUTED / 2 * np.maximum(np.abs(least), np.abs(largest))
    margin = np.where(constant, 0.0, _BEYOND * half)
    least, largest = (np.where(constant, middle, part) for part in (least, largest))
    limit = np.finfo(np.float64).max
    with np.errstate(over="ignore"):
        return np.maximum(least - margin, -limit), np.minimum(largest + margin, limit)


def rarely_changing(frame: pd.DataFrame, kept: pd.DataFrame) -> BoolArray:
    """Tell which series are constant only because what they rarely were is masked as an outlier.

    What a series was before is not new to it, as a switch that is on for a minute a day is. Its
    scale and bounds are those of all its values.

    Args:
        frame: (rows, series), training data in data units, NaN where missing.
        kept: the same without outliers.

    Returns:
        (series,) bool.
    """
    rare = np.zeros(frame.shape[1], dtype=bool)
    for number in range(frame.shape[1]):
        values, left = frame.iloc[:, number].to_numpy(), kept.iloc[:, number].to_numpy()
        is_masked = bool((~np.isnan(values) & np.isnan(left)).any())
        rare[number] = is_masked and np.nanmin(left) == np.nanmax(left)
    return rare


def resolution(constants: Float64Array) -> Float64Array:
    """Return differences up to which values are the same as constants, > 0, data units."""
    return np.where(constants == 0, SAME, np.abs(constants) * SAME)


def is_new(values: Float64Array, constant: Float64Array | float) -> BoolArray:
    """Tell which values are not the constant of their series.

    Args:
        values: float64, data units; NaN is not new.
        constant: what the series was throughout training, one number or one per column.

    Examples:
        A share that single precision cannot tell from 0.1 is the same, and so is no other than 0:

        >>> is_new(np.array([0.1, np.float64(np.float32(0.1)), 0.1001]), 0.1)
        array([False, False,  True])
        >>> is_new(np.array([0.0, 1e-9]), 0.0)
        array([False,  True])
    """
    with np.errstate(over="ignore"):
        new: BoolArray = np.abs(values - constant) > SAME * np.abs(constant)
    return new


def bounded(
    frame: pd.DataFrame,
    filled: Float64Array,
    lower: Sequence[float],
    upper: Sequence[float],
    scaled: Scaling,
) -> tuple[Float32Array, FarCells | None, BoolArray | None]:
    """Scale a table within the bounds, and keep what was measured beyond them.

    Args:
        frame: (rows, series), data units, NaN where missing.
        filled: (rows, series), the same without NaN; it is changed.
        lower: (series,) lower bounds, data units.
        upper: (series,) upper bounds, equal to the lower one for a series that is constant.
        scaled: scales values.

    Returns:
        `values`, `far` and `constant` of a `ModelInput`.
    """
    least, largest = np.asarray(lower), np.asarray(upper)
    constant, width = least == largest, len(least)
    outside = (filled < least) | (filled > largest)
    outside &= ~constant & frame.notna().to_numpy()
    cells = np.flatnonzero(outside)
    measured = [scaled(filled[outside], cells % width)]
    np.clip(filled, least, largest, out=filled)
    values = scaled(filled, slice(None))
    places = [cells]
    for column in np.flatnonzero(constant).tolist():
        series = frame.iloc[:, column].to_numpy(dtype=np.float64)
        rows = np.flatnonzero(is_new(series, least[column]))
        shown = values[rows, column]
        away = np.float32(NEW_VALUE) * np.maximum(np.abs(shown), np.float32(1.0))
        measured.append(shown + np.where(series[rows] > least[column], away, -away))
        places.append(rows * width + column)
    order = np.argsort(np.concatenate(places), kind="stable")
    far = FarCells(np.concatenate(places)[order], np.concatenate(measured)[order])
    return values, far if len(order) else None, constant if constant.any() else None


def new_value_notices(frame: pd.DataFrame, constants: Sequence[float | None]) -> list[str]:
    """Tell which series were constant in training and are something else in a table.

    Args:
        frame: (rows, series), data units, NaN where missing, by time.
        constants: what each series was throughout training; None for one that changed.

    Returns:
        One sentence about all of them, or none.

    Examples:
        >>> times = pd.date_range("2024-01-01", periods=3, freq="5min")
        >>> frame = pd.DataFrame({"flow": [1.0, 2.0, 3.0], "loss": [0.0, 0.002, 0.004]}, times)
        >>> new_value_notices(frame, [None, 0.0])
        ['`loss` was 0 throughout training and is not in 2 rows from 2024-01-01 00:05:00 (0.002 to \
0.004).']
    """
    told = []
    for column, constant in enumerate(constants):
        if constant is None:
            continue
        values = frame.iloc[:, column].to_numpy()
        rows = np.flatnonzero(is_new(values, constant))
        if not rows.size:
            continue
        least, largest = f"{values[rows].min():.6g}", f"{values[rows].max():.6g}"
        span = least if least == largest else f"{least} to {largest}"
        count = f"{rows.size:,} row{'s' if rows.size > 1 else ''}"
        told.append(
            f"`{frame.columns[column]}` was {constant:.6g} throughout training and is not in "
            f"{count} from {frame.index[rows[0]]} ({span})"
        )
    return [f"{shortened(told)}."] if told else []
