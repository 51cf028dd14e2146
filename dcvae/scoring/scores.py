"""Scores of rows: mean, sigma and error of each cell, latent vector of each row."""

from dataclasses import dataclass, fields

import numpy as np

from dcvae._arrays import Float32Array


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of consecutive scored rows; the first T - 1 rows of a file have none.

    Attributes:
        mean: (rows, series) float32, scaled: the reconstruction mu.
        sigma: (rows, series) float32, scaled: the standard deviation of the band.
        error: (rows, series) float32, scaled: x - mean; NaN where the cell was missing or the
            window of its row crosses a gap.
        latent: (rows, latent) float32: the latent vector of the row.
        deviation: (rows, series) float32: how strange each cell is, with a sign where there is a
            direction, in place of the error where cells are not scored by their distance from what
            is expected; NaN as the error. Then mean, sigma and error may be NaN. None otherwise.

    Examples:
        >>> cells = np.zeros((3, 2), dtype=np.float32)  # 3 rows, 2 series
        >>> scores = Scores(cells, cells + 1, cells, np.zeros((3, 8), dtype=np.float32))
        >>> first, rest = scores.split(1)
        >>> len(first.mean), len(rest.mean)
        (1, 2)
        >>> Scores.concatenate([first, rest]).latent.shape
        (3, 8)
    """

    mean: Float32Array
    sigma: Float32Array
    error: Float32Array
    latent: Float32Array
    deviation: Float32Array | None = None

    @property
    def strangeness(self) -> Float32Array:
        """Deviation, or else error, which alarms are raised by. (rows, series) float32."""
        return self.error if self.deviation is None else self.deviation

    @classmethod
    def concatenate(cls, parts: "list[Scores]") -> "Scores":
        """Join the scores of consecutive rows, in order."""
        arrays = [_arrays(part) for part in parts]
        return cls(**{name: np.concatenate([part[name] for part in arrays]) for name in arrays[0]})

    def split(self, row: int) -> "tuple[Scores, Scores]":
        """Divide the scores before a row, counted from 0."""
        arrays = _arrays(self)
        before, after = (
            {name: array[rows] for name, array in arrays.items()}
            for rows in (slice(row), slice(row, None))
        )
        return Scores(**before), Scores(**after)


def _arrays(scores: Scores) -> dict[str, Float32Array]:
    arrays = {field.name: getattr(scores, field.name) for field in fields(scores)}
    return {name: array for name, array in arrays.items() if array is not None}
