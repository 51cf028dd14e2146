"""Input of a network: a scaled table without missing cells, bounded by what training held."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dcvae._arrays import BoolArray, Float32Array, IntArray
from dcvae.data.quality import scorable


@dataclass(frozen=True, eq=False)
class FarCells:
    """Observed cells that the network is not shown as they are, as they lie beyond the bounds.

    Attributes:
        cells: (cells,) int64, ascending: row times number of series, plus column.
        values: (cells,) float32, scaled: what was measured.
    """

    cells: IntArray
    values: Float32Array

    def moved(self, by: int) -> "FarCells":
        """Return the cells so many places later, without those that fall off at the start."""
        first = int(np.searchsorted(self.cells, -by))
        return FarCells(self.cells[first:] + by, self.values[first:])


@dataclass(frozen=True, eq=False)
class ModelInput:
    """Input of a network: a scaled table without missing cells.

    Attributes:
        values: (rows, series) float32, scaled, without NaN: what the network is shown.
        observed: (rows, series) bool, False where a cell was missing and has been filled.
        gaps: (rows,) bool, True where a gap lies before the row, which no window may cross.
        times: (rows,) naive times of the rows.
        covariates: (rows, covariates) float32, what is known of each row beside its series; None
            if there are none.
        far: cells of which something else was measured than the network is shown; None if there
            are none.
        constant: (series,) bool, series that never changed in training: what they are expected to
            be is what is shown, and not the network's to say. None if there are none.

    Examples:
        In windows of two rows, row 2 has no score, as its window crosses the gap before it:

        >>> import numpy as np
        >>> import pandas as pd
        >>> from dcvae.data import ModelInput
        >>> inputs = ModelInput(
        ...     values=np.zeros((4, 1), dtype=np.float32),
        ...     observed=np.ones((4, 1), dtype=bool),
        ...     gaps=np.array([False, False, True, False]),
        ...     times=pd.to_datetime(["2024-01-01", "2024-01-02", "2024-02-01", "2024-02-02"]),
        ... )
        >>> inputs.scorable(window_length=2)[:, 0].tolist()
        [True, True, False, True]
    """

    values: Float32Array
    observed: BoolArray
    gaps: BoolArray
    times: pd.DatetimeIndex
    covariates: Float32Array | None = None
    far: FarCells | None = None
    constant: BoolArray | None = None

    def measured(self, first: int = 0, stop: int | None = None) -> Float32Array:
        """Return what was measured in rows, scaled, filled where nothing was.

        Args:
            first: the first row, from 0.
            stop: the row after the last; None for all rows.

        Returns:
            (rows, series) float32: a view of `values` where nothing is far, else a copy.
        """
        rows = self.values[first:stop]
        if self.far is None:
            return rows
        begin, end = first * rows.shape[1], first * rows.shape[1] + rows.size
        here = slice(*np.searchsorted(self.far.cells, [begin, end]))
        if here.start == here.stop:
            return rows
        rows = rows.copy()
        rows.ravel()[self.far.cells[here] - begin] = self.far.values[here]
        return rows

    def without_new(self, but: BoolArray | None = None) -> "ModelInput":
        """Take cells in which a constant series is not its constant for missing.

        Whatever is fitted to rows that are taken to be normal must not learn from them: they are
        anomalous by what training held.

        Args:
            but: (rows, series) bool, cells to keep; None for none.
        """
        if self.far is None or self.constant is None:
            return self
        row, column = np.divmod(self.far.cells, self.values.shape[1])
        new = self.constant[column]
        if but is not None:
            new &= ~but[row, column]
        if not new.any():
            return self
        observed = self.observed.copy()
        observed[row[new], column[new]] = False
        return replace(self, observed=observed)

    def since(self, row: int) -> "ModelInput":
        """Return the input of the rows from one on, counted from 0."""
        return replace(
            self,
            values=self.values[row:],
            observed=self.observed[row:],
            gaps=self.gaps[row:],
            times=self.times[row:],
            covariates=None if self.covariates is None else self.covariates[row:],
            far=None if self.far is None else self.far.moved(-row * self.values.shape[1]),
        )

    def padded(self, missing: int) -> "ModelInput":
        """Repeat the first row so many times in front, unobserved."""
        rows = np.pad(np.arange(len(self.values)), (missing, 0), mode="edge")
        return replace(
            self,
            values=self.values[rows],
            observed=np.pad(self.observed, [(missing, 0), (0, 0)]),
            gaps=np.pad(self.gaps, (missing, 0)),
            times=self.times[rows],
            covariates=None if self.covariates is None else self.covariates[rows],
            far=None if self.far is None else self.far.moved(missing * self.values.shape[1]),
        )

    def scorable(self, window_length: int) -> BoolArray:
        """Tell which cells can have a score: observed ones whose window crosses no gap.

        Args:
            window_length: rows of a window, T.

        Returns:
            (rows, series) bool. The first T - 1 rows, which have no whole window, are as in
            `observed`.
        """
        return scorable(self.observed, self.gaps, window_length)
