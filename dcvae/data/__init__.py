"""Data: tables from files, DataFrames and arrays, and the inputs of networks.

A `Table` has the measured values by time, in data units, NaN where missing. A `ModelInput` has the
same rows as a network takes them: scaled, missing cells filled, with a mask of the observed cells
and the rows after a gap.
"""

from dcvae.data.arrays import (
    MADE_UP_STEP,
    columns_in_order,
    refuse_words,
    series_names,
    table_from_array,
)
from dcvae.data.columns.overview import ColumnOverview
from dcvae.data.context import prepend_context
from dcvae.data.files.compression import SUFFIXES as COMPRESSED_SUFFIXES
from dcvae.data.frames import timed_rows
from dcvae.data.inputs.bounds import new_value_notices
from dcvae.data.inputs.gaps import after_gap, fill_missing
from dcvae.data.inputs.model_input import FarCells, ModelInput
from dcvae.data.inputs.preprocessing import Preprocessor
from dcvae.data.labeled_rows.reading import read_labeled_rows
from dcvae.data.labeled_rows.rows import LabeledRows, rows_from_arrays
from dcvae.data.loading import (
    TrainingData,
    by_keys,
    read_data,
    training_data,
    without_labeled,
)
from dcvae.data.quality import AFTER_A_GAP, OBSERVED, Quality, assess
from dcvae.data.tables import Table, describe_table
from dcvae.data.times.given import read_time
from dcvae.data.times.steps import sampling_step, step_notice
from dcvae.data.truth.true_events import TrueEvents, read_true_events
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
    "COMPRESSED_SUFFIXES",
    "MADE_UP_STEP",
    "OBSERVED",
    "ColumnOverview",
    "FarCells",
    "LabeledRows",
    "ModelInput",
    "Preprocessor",
    "Quality",
    "Table",
    "TrainingData",
    "TrueEvents",
    "WindowSplit",
    "after_gap",
    "assess",
    "by_keys",
    "columns_in_order",
    "describe_table",
    "fill_missing",
    "gather_windows",
    "longest_window",
    "new_value_notices",
    "num_windows",
    "prepend_context",
    "read_data",
    "read_labeled_rows",
    "read_time",
    "read_true_events",
    "refuse_words",
    "rows_from_arrays",
    "sampling_step",
    "series_names",
    "split_windows",
    "spread_evenly",
    "starts_of_epoch",
    "step_notice",
    "table_from_array",
    "timed_rows",
    "training_data",
    "windows_across",
    "windows_with",
    "without_labeled",
]
