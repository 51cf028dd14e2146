"""Data of every command: a file, its labels and its context, read by the settings' keys.

Only this module reads files by the keys, so that every command obeys all of them: local times
become UTC (`time_zone`), labels are matched to the rows as measured, an earlier file is put in
front as context, and only then are rows resampled to one step (`resample`), local days where a
zone is given.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from dcvae._text import quoted
from dcvae.config import DataKeys
from dcvae.data.columns.counters import counters_in, growth
from dcvae.data.columns.overview import Summary
from dcvae.data.columns.suspects import label_notices
from dcvae.data.context import prepend_context
from dcvae.data.files.cells import without_codes
from dcvae.data.inputs.gaps import after_gap
from dcvae.data.inputs.model_input import ModelInput
from dcvae.data.inputs.preprocessing import Preprocessor
from dcvae.data.resampling import resample, resample_joined
from dcvae.data.tables import Table, read_table
from dcvae.data.times.steps import sampling_step
from dcvae.data.truth.labels import read_labels
from dcvae.data.windows import WindowSplit, split_windows
from dcvae.errors import InputError


@dataclass(frozen=True, eq=False)
class TrainingData:
    """A table prepared for training, and the preprocessor and windows that go with it.

    Attributes:
        table: (rows, series), data units; cells labeled an anomaly are missing.
        labels: (rows, series) bool, of the same rows; None if none were given.
        split: starts of the windows to train and to validate on.
        preprocessor: fitted to the table.
        inputs: (rows, series), scaled, without outliers, missing cells filled.
        notices: one sentence each, for the user.

    Examples:
        No window with the labeled row 4 is left, and its cell is missing:

        >>> from pathlib import Path
        >>> import numpy as np
        >>> from dcvae.config import DataKeys
        >>> from dcvae.data import MADE_UP_STEP, Table, table_from_array, training_data
        >>> table = table_from_array(np.arange(8.0)[:, None], None, ["flow"], MADE_UP_STEP)
        >>> labels = Table(Path("labels.csv"), table.frame == 4.0, [])
        >>> data = training_data(table, DataKeys(T=3, val_percent=0.0), labels)
        >>> data.split.train.tolist(), data.split.labeled
        ([0, 1, 5], 3)
        >>> data.table.frame["flow"].tolist()
        [0.0, 1.0, 2.0, 3.0, nan, 5.0, 6.0, 7.0]
    """

    table: Table
    labels: Table | None
    split: WindowSplit
    preprocessor: Preprocessor
    inputs: ModelInput
    notices: list[str]


def training_data(table: Table, keys: DataKeys, labels: Table | None = None) -> TrainingData:
    """Prepare a table for training: split its windows, fit and apply its preprocessor.

    Windows that cross a gap or have a labeled anomaly are left out. Labeled cells are also taken
    for missing: they enter no mean, and no missing cell takes their value.

    Args:
        table: (rows, series), data units.
        keys: how data are preprocessed and cut into windows.
        labels: of the same rows and series, True where a cell is an anomaly; None for none.

    Returns:
        The table with what a training needs of it.

    Raises:
        InputError: no window is left, every cell of a series is missing, labeled or an outlier, or
            a series cannot be scaled.

    Examples:
        Ten rows, the last four of them for validation, cut into windows of three:

        >>> import numpy as np
        >>> from dcvae.config import DataKeys
        >>> from dcvae.data import MADE_UP_STEP, table_from_array, training_data
        >>> table = table_from_array(np.arange(10.0)[:, None], None, ["flow"], MADE_UP_STEP)
        >>> data = training_data(table, DataKeys(T=3, val_percent=0.4))
        >>> data.split.train.tolist(), data.split.validation.tolist()
        ([0, 1, 2, 3], [6, 7])
        >>> data.preprocessor.mean, data.inputs.values[:2, 0].round(2)
        ((4.5,), array([-1.57, -1.22], dtype=float32))
    """
    times = pd.DatetimeIndex(table.frame.index)
    gaps = after_gap(times, sampling_step(times).total_seconds(), keys.max_gap)
    split = split_windows(
        len(table.frame),
        keys.window_length,
        keys.val_percent,
        keys.train_stride,
        table.path,
        after_gap=gaps,
        labeled=None if labels is None else labels.frame.any(axis=1).to_numpy(),
    )
    notices = [*table.notices, *split.notices()]
    if labels is not None:
        table = without_labeled(table, labels)
        count = int(labels.frame.to_numpy().sum())
        notices += [*labels.notices, f"{count:,} cells are labeled an anomaly and not trained on."]
    preprocessor = Preprocessor.fit(table.frame, keys)
    inputs = preprocessor.transform_training(table.frame, gaps)
    notices += preprocessor.outlier_notices(table.frame)
    return TrainingData(table, labels, split, preprocessor, inputs, notices)


def without_labeled(table: Table, labels: Table) -> Table:
    """Empty the cells that are labeled an anomaly.

    Args:
        table: (rows, series), data units.
        labels: (rows, series) bool, of the same rows and series.

    Returns:
        A table with NaN in these cells.

    Raises:
        InputError: a series has no other cells.

    Examples:
        >>> from pathlib import Path
        >>> import pandas as pd
        >>> from dcvae.data import Table, without_labeled
        >>> data = Table(Path("pump.csv"), pd.DataFrame({"flow": [1.0, 9.0, 2.0]}), [])
        >>> labels = Table(Path("labels.csv"), pd.DataFrame({"flow": [False, True, False]}), [])
        >>> without_labeled(data, labels).frame["flow"].tolist()
        [1.0, nan, 2.0]
    """
    frame = table.frame.mask(labels.frame)
    emptied = quoted(frame.columns[frame.isna().all()])
    if emptied:
        raise InputError(
            f"Every cell of the series {', '.join(emptied)} of {table.path} is labeled an anomaly "
            f"in {labels.path} or missing. Expected some that are normal: use more data, take the "
            "series out of both files, or mend the labels."
        )
    return Table(table.path, frame, table.notices, columns=table.columns)


def read_data(
    path: Path,
    keys: DataKeys,
    *,
    series: tuple[str, ...] | None = None,
    labels: Path | None = None,
    context: Path | None = None,
) -> tuple[Table, Table | None]:
    """Read a data file and its labels.

    Args:
        path: the data file.
        keys: `T`, `time_zone`, `resample`, `max_gap`, and `max_fill`: unless it is null, a
            series of the model may be entirely missing.
        series: names of the model's series, in its order; None for all series of the file.
        labels: path of the labels of the same rows; None for none.
        context: path of an earlier file, which is put in front of the data, so that their first
            row has a whole window and a past; None for none.

    Returns:
        The data with the context in front, and the labels, of the data alone; None without labels.

    Raises:
        InputError: a file cannot be used, or is too short for a window of a model; whether one is
            too short to train on is for `training_data` to say.
    """
    step = keys.resample_step
    dead_allowed = series is not None and keys.max_fill is not None
    table = read_table(
        path,
        keys,
        series=series,
        minimum_rows=1 if context or step or series is None else keys.window_length,
        allow_empty=bool(context) or dead_allowed,
    )
    truth = read_labels(labels, table, keys) if labels else None
    if truth is not None:
        table.notices.extend(label_notices(table.frame, Summary.of(table.frame), truth.frame))
    before = None
    if context:
        before = read_table(
            context,
            keys,
            series=list(table.frame.columns),
            allow_empty=True,
        )
    if keys.counters:
        table, before = _grown(table, before, keys.counters)
    if step is None:
        if before is None:
            return table, truth
        num_rows = keys.window_length - 1
        return prepend_context(table, before, num_rows, allow_empty=dead_allowed), truth
    span = pd.Timedelta(step)
    resampled = resample_joined(
        table, before, span, keys, allow_empty=dead_allowed, may_be_short=series is None
    )
    if truth is not None:
        truth = resample(truth, span, keys.max_gap, keys.time_zone)
    return replace(resampled, measured=pd.DatetimeIndex(table.frame.index)), truth


def _grown(
    table: Table, before: Table | None, counters: tuple[str, ...]
) -> tuple[Table, Table | None]:
    """Read counters as their growth; those of the first row since the last row before it."""
    frames = [table.frame] if before is None else [before.frame, table.frame]
    joined = pd.concat(frames)
    frame, told = growth(joined, counters_in(joined.columns, counters))
    rows = len(joined) - len(table.frame)
    data = replace(table, frame=frame.iloc[rows:], notices=[*table.notices, *told])
    return data, None if before is None else replace(before, frame=frame.iloc[:rows])


def by_keys(table: Table, before: Table | None, keys: DataKeys) -> tuple[Table, Table | None]:
    """Read the cells of tables from memory as those of files: codes as missing, counters as growth.

    Args:
        table: (rows, series), data units.
        before: earlier rows of the same series; None for none.
        keys: `missing_values` and `counters`.

    Returns:
        Both, as `read_data` would have read them.

    Examples:
        >>> import numpy as np
        >>> from dcvae.config import DataKeys
        >>> from dcvae.data import by_keys, table_from_array
        >>> values = np.array([[1.0], [-999.0]])
        >>> table = table_from_array(values, values, ["flow"])
        >>> by_keys(table, None, DataKeys(missing_values=[-999]))[0].frame["flow"].tolist()
        [1.0, nan]
    """
    codes = keys.missing_values
    table = replace(table, frame=without_codes(table.frame, codes))
    if before is not None:
        before = replace(before, frame=without_codes(before.frame, codes))
    return _grown(table, before, keys.counters) if keys.counters else (table, before)
