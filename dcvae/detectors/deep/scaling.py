"""Scaling of rows for deep detectors: by what training held, bounded, constant columns apart."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from dcvae._arrays import AnyFloatArray, BoolArray, Float64Array

Kind = Literal["min-max", "standard"]
KINDS: tuple[str, ...] = get_args(Kind)

_LEAST_SHARE = 1e-9  # of the largest value: what varies less is constant


@dataclass(frozen=True, eq=False)
class RowScaling:
    """Scaling by the training rows, as they were given.

    Values are bounded first: to one training range beyond the least and the largest of training.
    Columns that are constant in training are shown to no network; what they move by is told apart.

    Attributes:
        least: (series,) float64, data units.
        largest: (series,) float64, data units.
        center: (series,) float64, data units: what is subtracted.
        unit: (series,) float64, data units: what is divided by.
    """

    least: Float64Array
    largest: Float64Array
    center: Float64Array
    unit: Float64Array

    @classmethod
    def of(cls, values: AnyFloatArray, kind: Kind) -> "RowScaling":
        """Fit to training rows (rows, series)."""
        # Values without a square are as far as values can be.
        limit = np.sqrt(np.finfo(np.float64).max) / max(len(values), 2)
        kept = np.clip(values.astype(np.float64, copy=False), -limit, limit)
        least, largest = kept.min(axis=0), kept.max(axis=0)
        constant = largest - least <= _LEAST_SHARE * np.maximum(np.abs(least), np.abs(largest))
        if kind == "min-max":
            center, unit = least, largest - least
        else:
            center, unit = kept.mean(axis=0), kept.std(axis=0)
        of_constant = np.where(least == 0, 1.0, np.abs(least))
        unit = np.where(constant, of_constant, np.where(unit > 0, unit, 1.0))
        return cls(
            least, np.where(constant, least, largest), np.where(constant, least, center), unit
        )

    @classmethod
    def restored(cls, stored: Float64Array) -> "RowScaling":
        """Restore from `to_array`; ValueError if no fit makes such numbers."""
        made = cls(*np.asarray(stored, dtype=np.float64))
        if not ((made.unit > 0).all() and (made.least <= made.largest).all()):
            raise ValueError("a unit is not above 0, or a least value above the largest")
        return made

    def to_array(self) -> Float64Array:
        """Return all numbers, (4, series)."""
        return np.stack([self.least, self.largest, self.center, self.unit])

    @cached_property
    def is_constant(self) -> BoolArray:
        """Which series are shown to no network, (series,); none if all are constant."""
        constant: BoolArray = self.least == self.largest
        return constant & ~constant.all()

    @property
    def columns(self) -> int:
        """Number of series that are shown to a network."""
        return int((~self.is_constant).sum())

    def apply(self, values: AnyFloatArray) -> Float64Array:
        """Return what a network is shown of rows (rows, series): (rows, columns) scaled."""
        shown = ~self.is_constant
        return self._scaled(values, shown)

    def moved(self, values: AnyFloatArray) -> Float64Array:
        """Return how far constant series moved, (rows, constant series), from 0 to 1."""
        return np.abs(self._scaled(values, self.is_constant))

    def _scaled(self, values: AnyFloatArray, which: BoolArray) -> Float64Array:
        least, largest = self.least[which], self.largest[which]
        reach = np.where(least == largest, self.unit[which], largest - least)
        chosen = values if which.all() else values[:, which]
        bounded = np.clip(chosen.astype(np.float64), least - reach, largest + reach)
        bounded -= self.center[which]
        bounded /= self.unit[which]
        return bounded
