"""Rows as a user gives them: times in frames, keys of files, context and labels."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dcvae import DCVAEDetector, InputError
from dcvae.config import DataKeys
from dcvae.data import table_from_array
from dcvae.estimator.frames import labels_of, rows_to_fit, table_to_fit, table_to_score
from dcvae.pipeline import ModelDescription
from dcvae.storage import memory_record
from support.stored_models import preprocessor_with, settings_with
from support.toy_detector import DATA, NORMAL, QUICK, TOY

STEP = pd.Timedelta("1min")
SECONDS = DATA.index.as_unit("s").asi8
SAME = {
    "text index": DATA.set_axis(DATA.index.astype(str), axis=0),
    "first column": DATA.reset_index(),
    "texts first": DATA.reset_index().astype({"time": str}),
    "seconds": DATA.reset_index(drop=True).assign(timestamp=SECONDS)[["timestamp", *DATA]],
    "zone": DATA.tz_localize("UTC").tz_convert("America/Lima"),
}


def model_with(**keys: Any) -> ModelDescription:
    """Two series, a and b, windows of T rows."""
    settings = settings_with(**keys).with_num_series(2, "X")
    return ModelDescription(settings, preprocessor_with(), 60.0)


MODEL = model_with()
NAMES = list(MODEL.series)
LENGTH = MODEL.settings.window_length


def rows_with(num_rows: int, start: str | None = None) -> Any:
    values = np.arange(2.0 * num_rows).reshape(-1, 2)
    if start is None:
        return values
    return pd.DataFrame(values, pd.date_range(start, periods=num_rows, freq="min"), NAMES)


def scored(given: Any, context: Any = None, model: ModelDescription = MODEL) -> Any:
    by_name = isinstance(given, pd.DataFrame)
    return table_to_score(given, model, np.asarray, by_name=by_name, context=context)


# ------------------------------------------------------------ times


@pytest.mark.parametrize("name", SAME)
def test_times_wherever_they_are_give_the_same(fitted: DCVAEDetector, name: str) -> None:
    given = SAME[name]
    np.testing.assert_array_equal(fitted.predict(given), fitted.predict(DATA))
    if name == "first column":
        made = DCVAEDetector(**TOY | QUICK).fit(NORMAL.reset_index())
        assert made.feature_names_in_.tolist() == ["s0", "s1", "s2"]
        assert made.notices_[0].startswith("The time is taken from the column `time` of X: 2021-0")
        wanted = memory_record(table_from_array(NORMAL.to_numpy(), NORMAL, list(NORMAL)))
        assert made._origin.record == wanted
        until = made._model.thresholds.alarm.following.trained_until
        assert until == NORMAL.index[-1].value // 1000


def test_a_series_of_the_model_is_no_time() -> None:
    model = model_with()
    given = rows_with(LENGTH, "2024-01-01").reset_index(drop=True)
    given[NAMES[0]] = 1_700_000_000 + np.arange(LENGTH)
    table = scored(given.rename(columns=str), model=model)
    assert table.frame.index[0] == pd.Timestamp("2000-01-01")


# ------------------------------------------------------------ keys of files


def test_keys_on_columns_and_cells_hold_for_frames_too() -> None:
    keys = DataKeys(ignore=["note"], missing_values=[-1], counters=["total"], time_column=["at"])
    given = pd.DataFrame(
        {
            "total": [60.0, 120.0, 0.0, 60.0],
            "at": pd.date_range("2024-01-01", periods=4, freq="min"),
            "flow": [1.0, -1.0, 2.0, 3.0],
            "note": ["a", "b", "c", "d"],
        }
    )
    rows, notices = rows_to_fit(given, keys)
    assert isinstance(rows, pd.DataFrame)
    assert list(rows.columns) == ["total", "flow"]
    assert notices[0].startswith("The time is taken from the column `at` of X")
    table = table_to_fit(rows.to_numpy(float), rows, keys, STEP)
    nan = np.nan
    np.testing.assert_array_equal(table.frame, [[nan, 1.0], [1.0, nan], [nan, 2.0], [1.0, 3.0]])
    assert any("read as their growth per second" in notice for notice in table.notices)


def test_a_counter_grows_since_the_context() -> None:
    model = model_with(counters=NAMES[:1])
    before, data = rows_with(LENGTH, "2024-01-01"), rows_with(LENGTH, "2024-01-02") + 600.0
    table = scored(data, before, model)
    seconds = (data.index[0] - before.index[-1]).total_seconds()
    since = (data.iloc[0, 0] - before.iloc[-1, 0]) / seconds
    assert table.frame.iloc[table.context_rows, 0] == pytest.approx(since)
    assert table.frame.iloc[table.context_rows + 1, 0] == 2 / 60
    assert table.frame.iloc[0].isna().tolist() == [True, False]


# ------------------------------------------------------------ context


def test_context_is_put_in_front_with_or_without_times() -> None:
    before = rows_with(LENGTH, "2024-01-01 23:00")
    table = scored(rows_with(3, "2024-01-02"), before)
    assert (len(table.frame), table.context_rows) == (LENGTH + 3, LENGTH)
    arrays = scored(rows_with(3), rows_with(LENGTH))
    steps = np.diff(arrays.frame.index.to_numpy())
    assert (steps == np.timedelta64(60, "s")).all()
    assert arrays.frame.index[LENGTH] == pd.Timestamp("2000-01-01")


@pytest.mark.parametrize(
    ("data", "context", "message"),
    [
        (
            rows_with(9, "2024-01-02"),
            rows_with(9, "2024-01-02"),
            "^`context` must end before X starts, but it ends at 2024-01-02 00:08:00 and the da",
        ),
        (rows_with(9, "2024-01-02"), rows_with(9), r"both without\. Received times in X alone\.$"),
        (rows_with(9), rows_with(9, "2024-01-02"), r"Received times in `context` alone\.$"),
        (
            rows_with(1),
            rows_with(LENGTH - 2),
            rf"^X and its context `context` have {LENGTH - 1} rows together, but at least ",
        ),
    ],
)
def test_context_that_does_not_fit_is_refused(data: Any, context: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        table_to_score(data, MODEL, np.asarray, by_name=False, context=context)


# ------------------------------------------------------------ labels

TABLE = scored(rows_with(4, "2024-01-02"), rows_with(LENGTH, "2024-01-01"))
TRUTH = np.array([[0, 1], [0, 0], [1, 1], [0, 0]])
TIMES = TABLE.frame.index[LENGTH:]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (TRUTH, TRUTH),
        (TRUTH == 1, TRUTH),
        (TRUTH.tolist(), TRUTH),
        (pd.DataFrame(TRUTH[:, ::-1], TIMES, NAMES[::-1]), TRUTH),
        (pd.DataFrame(TRUTH, columns=NAMES), TRUTH),
        (pd.DataFrame({"time": TIMES.astype(str), NAMES[0]: 1.0, NAMES[1]: 0.0}), [[1, 0]] * 4),
        ([0, 1, 1, 0], [[0, 0], [1, 1], [1, 1], [0, 0]]),
        (pd.Series([0, 1, 1, 0], TIMES), [[0, 0], [1, 1], [1, 1], [0, 0]]),
        (pd.DataFrame({"anomaly": [True, False, False, False]}), [[1, 1], *[[0, 0]] * 3]),
    ],
)
def test_labels_of_rows_or_of_cells(given: Any, wanted: Any) -> None:
    made = labels_of(given, TABLE)
    assert made.frame.index.equals(TIMES)
    assert list(made.frame.columns) == NAMES
    assert made.frame.to_numpy().dtype == bool
    np.testing.assert_array_equal(made.frame, wanted)
    assert made.path == Path("labels")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (TRUTH[:3], r"^Expected `labels` of 4 rows, and 1 or 2 columns\. Received: shape \(3, 2\)"),
        (np.zeros((4, 3)), r"Received: shape \(4, 3\)\.$"),
        (np.full(4, 2), r"be 0, 1, True or False\. Received .*2.* in row 0, column 0 of `labels`"),
        ([0, np.nan, 0, 0], r"Received .*nan.* in row 1, column 0 of `labels`, counted from 0\.$"),
        (["no"] * 4, r"Received .*'no'.* in row 0"),
        (
            pd.DataFrame(TRUTH, columns=[NAMES[0], "other"]),
            rf"each of the 2 series, or a single one for all\. Received none for `{NAMES[1]}`\.$",
        ),
        (
            pd.Series([0, 1, 1, 0], TIMES + STEP),
            r"at the times of X\. Received 2024-01-02 00:01:00 in row 0, where X has 2024-01-02 00"
            r":00:00 \(4 rows differ\)\.$",
        ),
    ],
)
def test_labels_that_do_not_fit_are_refused(given: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        labels_of(given, TABLE)
