"""Data: tables from files, DataFrames and arrays, and the inputs of networks.

A `Table` has the measured values by time, in data units, NaN where missing. A `ModelInput` has the
same rows as a network takes them: scaled, missing cells filled, with a mask of the observed cells
and the rows after a gap.
"""

from dcvae.data.arrays import (
    MADE_UP_STEP,
    columns_in_order,
    series_names,
    table_from_array,
)
from dcvae.data.gaps import after_gap, fill_missing
from dcvae.data.loading import TrainingData, read_data, training_data, without_labeled
from dcvae.data.preprocessing import ModelInput, Preprocessor
from dcvae.data.quality import AFTER_A_GAP, OBSERVED, Quality, assess
from dcvae.data.tables import Table, describe_table
from dcvae.data.times.reading import sampling_step, step_notice
from dcvae.data.windows import (
    WindowSplit,
    gather_windows,
    longest_window,
    num_windows,
    split_windows,
    spread_evenly,
    starts_of_epoch,
    windows_across,
    windows_with,
)

__all__ = [
    "AFTER_A_GAP",
    "MADE_UP_STEP",
    "OBSERVED",
    "ModelInput",
    "Preprocessor",
    "Quality",
    "Table",
    "TrainingData",
    "WindowSplit",
    "after_gap",
    "assess",
    "columns_in_order",
    "describe_table",
    "fill_missing",
    "gather_windows",
    "longest_window",
    "num_windows",
    "read_data",
    "sampling_step",
    "series_names",
    "split_windows",
    "spread_evenly",
    "starts_of_epoch",
    "step_notice",
    "table_from_array",
    "training_data",
    "windows_across",
    "windows_with",
    "without_labeled",
]
