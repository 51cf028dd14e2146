"""Scores of rows: mean, sigma and error of each cell, latent vector of each row."""

from dataclasses import dataclass

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

    @classmethod
    def concatenate(cls, parts: "list[Scores]") -> "Scores":
        """Join the scores of consecutive rows, in order."""
        return cls(*(np.concatenate(columns) for columns in zip(*map(_arrays, parts), strict=True)))

    def split(self, row: int) -> "tuple[Scores, Scores]":
        """Divide the scores before a row, counted from 0."""
        arrays = _arrays(self)
        return Scores(*(x[:row] for x in arrays)), Scores(*(x[row:] for x in arrays))


def _arrays(scores: Scores) -> tuple[Float32Array, ...]:
    return scores.mean, scores.sigma, scores.error, scores.latent
