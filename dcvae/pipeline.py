"""A trained model, wherever it is kept: what it learned, and what it makes of a table of rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae.config.settings import Settings
from dcvae.data.preprocessing import Preprocessor
from dcvae.data.quality import Quality, after_gap, assess, judgeable
from dcvae.data.tables import Table, step_notice


@dataclass(frozen=True)
class TrainedModel:
    """What is known of a model without its network.

    Attributes:
        settings: the keys that make the model, and the seed, from training.
        preprocessor: what was learned of the training data, with the series in order.
        run: content of run.json.
    """

    settings: Settings
    preprocessor: Preprocessor
    run: dict[str, Any]

    @property
    def series(self) -> tuple[str, ...]:
        """Names of the trained series, in the network's order."""
        return self.preprocessor.series

    @property
    def step_seconds(self) -> float:
        """Sampling step of the training data, in seconds."""
        return float(self.run["sampling_step_seconds"])

    def step_notice(self, table: Table) -> list[str]:
        """Say so if a table has another sampling step than the model was trained with."""
        return step_notice(table.frame.index, self.step_seconds)

    def observed(self, table: Table) -> NDArray[np.bool_]:
        """Tell which cells (rows, series) of a table to judge.

        They are those that are not missing, in rows whose window crosses no gap.
        """
        observed = self.preprocessor.observed(table.frame)
        return judgeable(observed, self.after_gap(table), self.settings.window_length)

    def quality(self, table: Table) -> Quality:
        """Tell how far the judged rows of a table can be judged at all."""
        longest = self.preprocessor.longest_constant
        return assess(table.frame, self.after_gap(table), longest, self.settings.window_length)

    def after_gap(self, table: Table) -> NDArray[np.bool_]:
        """Tell before which rows of a table a gap lies that no window may cross: (rows,)."""
        times = pd.DatetimeIndex(table.frame.index)
        return after_gap(times, self.step_seconds, self.settings.max_gap)
