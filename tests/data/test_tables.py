"""Tables: names of columns, series of a trained model, labels, context, and what is told."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data.context import prepend_context
from dcvae.data.labels import read_labels
from dcvae.data.tables import (
    RESERVED_NAMES,
    describe_table,
    read_table,
)
from support.tables import GOOD, TIMES, VALUES, table_of


def test_series_names_are_text_and_the_time_keeps_its_name(write):
    table = read_table(write("when,0,NA\n2021-01-01,1,2\n2021-01-02,2,3\n"))
    assert list(table.frame.columns) == ["0", "NA"]
    assert table.frame.index.name == "when"


REFUSED = {
    "duplicate names": ("time,a,b,a\n2021-01-01,1,2,3\n", "the column name `a` is repeated"),
    "time and series of one name": ("a,a\n2021-01-01,1\n", "the column name `a` is repeated"),
    "empty name": ("time,a,,\n2021-01-01,1,2,3\n", "column 3, 4 has no name"),
    "empty column": ("time,a,b\n2021-01-01,1,\n2021-01-02,1,NA\n", "column `b` is empty in every"),
    "no series": ("time\n2021-01-01\n", "its only column is `time`; expected the time and"),
    "no header": ("2021-01-01 00:00,1,2\n2021-01-01 00:01,2,3\n", "the first line starts with"),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(write, content, message):
    path = write(content)
    with pytest.raises(InputError, match=message) as error:
        read_table(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("name", RESERVED_NAMES)
def test_names_that_results_have_are_refused(write, name):
    message = rf"the column name `{name}` is one that results are given under; name the series"
    with pytest.raises(InputError, match=message):
        read_table(write(f"time,a,{name}\n2021-01-01,1,2\n"))


def test_too_few_rows(write):
    message = r"it has 3 rows but at least 1,024 are needed: a window is `T` rows"
    with pytest.raises(InputError, match=message):
        read_table(write(GOOD), minimum_rows=1024)
    assert len(read_table(write(GOOD), minimum_rows=3).frame) == 3


def test_problems_are_reported_together(write):
    path = write("time,a,b\n2021-01-02,inf,\n2021-01-01,2,\n2021-01-01,2,\n")
    with pytest.raises(InputError) as error:
        read_table(path, minimum_rows=5)
    for part in ("same time", "backwards", "holds `inf`", "`b` is empty", "at least 5"):
        assert part in str(error.value)


# --- Series of a trained model ---------------------------------------------------------------


def test_series_are_matched_by_name(write):
    path = write("time,c,note,a,b\n2021-01-01,1,hello,2,3\n2021-01-02,4,,5,6\n")
    table = read_table(path, series=["a", "b", "c"])
    assert list(table.frame.columns) == ["a", "b", "c"]
    np.testing.assert_array_equal(table.frame, [[2, 3, 1], [5, 6, 4]])
    assert table.notices == ["Columns that are not among the series are left out: `note`."]


SILENT = "time,a,b\n2021-01-01,1,\n2021-01-02,1,NA\n"


def test_a_trained_series_without_any_value_is_needed(write):
    message = (
        r"data\.csv: column `b` is empty in every row, but the model needs at least one value of "
        r"every series; give a longer file, .* \(--context of test\.py\), or train a model without"
    )
    with pytest.raises(InputError, match=message) as error:
        read_table(write(SILENT), series=["b", "a"])
    assert "`ignore`" not in str(error.value)
    assert list(read_table(write(SILENT), series=["a"]).frame.columns) == ["a"]


def test_a_series_without_any_value_may_pass_until_it_is_joined(write):
    table = read_table(write(SILENT), series=["b", "a"], allow_empty=True)
    assert table.frame["b"].isna().all()
    assert "Cells are missing in 1 of 2 series: `b` 2 (100.00%)." in table.notices


def test_missing_series_are_named_with_near_misses(write):
    path = write("time,Flow Rate,x\n2021-01-01,1,2\n")
    message = r"2 of the 3 series are missing: `flow_rate` \(is it `Flow Rate`\?\), `pressure`;"
    with pytest.raises(InputError, match=message):
        read_table(path, series=["flow_rate", "pressure", "x"])


# --- Notices ---------------------------------------------------------------------------------


def test_a_tidy_table_has_no_notices():
    assert describe_table(table_of(VALUES).frame) == []
    assert describe_table(table_of([[1, 2]]).frame) == []


def test_missing_cells_are_told():
    values = np.arange(56.0).reshape(8, 7)
    values[0] = np.nan
    values[1, 0] = np.nan
    [notice] = describe_table(table_of(values, columns="abcdefg").frame)
    assert notice == (
        "Cells are missing in 7 of 7 series: `a` 2 (25.00%), `b` 1 (12.50%), `c` 1 (12.50%), "
        "`d` 1 (12.50%), `e` 1 (12.50%) and 2 more."
    )


def test_constant_series_are_told():
    [_, notice] = describe_table(table_of([[1, 2], [np.nan, 3], [1, 4]]).frame)
    assert notice == "1 of 2 series never change: `a`."


# --- Labels ----------------------------------------------------------------------------------


@pytest.fixture
def data():
    return table_of(VALUES)


def labels_text(*cells, header="time,a,b", times=TIMES):
    return "\n".join([header, *(f"{t},{c}" for t, c in zip(times, cells, strict=True))]) + "\n"


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("time,a,b", ("0,1", "0,0", "1,1")),
        ("time,b,a", ("1,0", "0,0", "1,1")),
        ("time,a,b", ("false,True", "FALSE,false", "true,TRUE")),
        ("time,a,b", ("0.0,1.0", "0,0", "1,1.0")),
        ("time,a,b", (" 0 ,true", "0.0,0", "1,1")),
    ],
)
def test_labels(write, data, header, cells):
    table = read_labels(write(labels_text(*cells, header=header)), data)
    expected = pd.DataFrame([[False, True], [False, False], [True, True]], TIMES, ["a", "b"])
    pd.testing.assert_frame_equal(table.frame, expected, check_freq=False)
    assert table.notices == []


def test_one_label_column_stands_for_all_series(write, data):
    table = read_labels(write(labels_text("0", "1", "0", header="t,anomaly")), data)
    np.testing.assert_array_equal(table.frame, [[False] * 2, [True] * 2, [False] * 2])
    assert table.notices == ["The only label column, `anomaly`, stands for all series."]
    table.frame.iloc[0, 0] = True  # a frame of its own, not a view that repeats one column
    assert not table.frame.iloc[0, 1]


def test_labels_in_another_notation_of_the_same_times(write, data):
    seconds = TIMES.astype("int64") // 10**6
    table = read_labels(write(labels_text("0,1", "1,0", "0,0", times=seconds)), data)
    pd.testing.assert_index_equal(table.frame.index, data.frame.index)


def test_labels_extra_columns_are_told(write, data):
    path = write(labels_text("0,1,x", "1,0,y", "0,0,z", header="time,a,b,c"))
    assert "left out: `c`" in read_labels(path, data).notices[0]


def test_parquet_labels(tmp_path, data):
    pd.DataFrame({"a": [True, False, True], "b": [0, 1, 0]}, TIMES).to_parquet(
        tmp_path / "l.parquet"
    )
    table = read_labels(tmp_path / "l.parquet", data)
    np.testing.assert_array_equal(table.frame, [[1, 0], [0, 1], [1, 0]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (labels_text("0,1", "0,2", "1,1"), r"row 2 \(line 3\), column `b` holds `2`; expected 0"),
        (labels_text("0,1", "0,", "1,1"), r"row 2 \(line 3\), column `b` is empty; expected 0 or"),
        (
            labels_text("0,1", "0,often", "1,1"),
            r"row 2 \(line 3\), column `b` holds `often`",
        ),
        (labels_text("0,0.5", "0,1", "1,1"), r"column `b` holds `0.5`; expected 0 or 1"),
        (labels_text("0,inf", "0,1", "1,1"), r"column `b` holds `inf`; expected 0 or 1"),
        (labels_text("0", "0", "0", header="time,a"), r"1 of the 2 series are missing: `b`"),
        (labels_text("0,0", "0,0", "0,0", header="time,a,B"), r"`b` \(is it `B`\?\)"),
        (
            labels_text("0,1", "0,0", times=TIMES[:2]),
            r"1 times of data.csv are not in the labels: 2021-01-01 00:02:00",
        ),
        (
            labels_text(*["0,1"] * 7, times=pd.date_range("2021-01-01", periods=7, freq="30s")),
            r"4 times of the labels are not in data.csv: 2021-01-01 00:00:30, .* and 1 more",
        ),
        (
            labels_text(*["0,1"] * 9, times=pd.date_range("2022-01-01", periods=9, freq="1s")),
            r"(?s)3 times of data.csv .*9 times of the labels .* and 6 more",
        ),
        (labels_text("0,1", "0,0", "1,1", times=TIMES[[0, 1, 1]]), "have the same time"),
    ],
)
def test_labels_refused(write, data, text, message):
    with pytest.raises(InputError, match=message):
        read_labels(write(text, "labels.csv"), data)


# --- Context ---------------------------------------------------------------------------------


def test_context_is_put_in_front():
    context = table_of(np.arange(10.0).reshape(5, 2), name="context.csv")
    data = table_of(VALUES, "2021-01-01 00:05")
    joined = prepend_context(data, context, 2)
    np.testing.assert_array_equal(joined.frame, [*np.arange(10.0).reshape(5, 2), *VALUES])
    assert joined.frame.index.equals(pd.date_range("2021-01-01", periods=8, freq="min"))
    assert joined.context_rows == 5
    assert joined.path == data.path
    assert joined.notices == []
    assert len(data.frame) == 3
    assert (len(prepend_context(data, context, 0).frame), data.context_rows) == (8, 0)


def test_too_little_context_and_a_gap_are_told():
    context = table_of(VALUES, name="context.csv")
    joined = prepend_context(table_of(VALUES, "2021-01-01 01:00"), context, 5)
    assert len(joined.frame) == 6
    assert joined.notices == [
        "The context context.csv has 3 rows where 5 are needed: the first 2 rows of the data get "
        "no score.",
        "Between the context context.csv and the data lies a gap of 58 min, where the sampling "
        "step is 1 min.",
    ]


def test_context_fills_what_the_data_lack():
    nan = np.nan
    context = table_of([[1, nan], [nan, 4], [3, nan]], name="c.csv")
    joined = prepend_context(table_of([[nan, 5]], "2021-01-01 00:03"), context, 2)
    np.testing.assert_array_equal(joined.frame, [[1, nan], [nan, 4], [3, nan], [nan, 5]])
    # A context may be silent where the data are not.
    joined = prepend_context(table_of(VALUES, "2021-01-01 00:03"), table_of([[nan, 1]]), 2)
    assert len(joined.frame) == 4
    message = r"data\.csv: even after .* c\.csv, column `a` is empty in every row, but the model"
    context = table_of([[nan, 2], [nan, 4], [nan, 6]], name="c.csv")
    with pytest.raises(InputError, match=message):
        prepend_context(table_of([[nan, 5]], "2021-01-01 00:03"), context, 2)


def test_context_refused():
    data = table_of(VALUES, "2021-01-01 00:02")
    with pytest.raises(InputError, match=r"c.csv must end before data.csv starts, but it ends at"):
        prepend_context(data, table_of(VALUES, name="c.csv"), 2)
    with pytest.raises(InputError, match="must have the same series"):
        prepend_context(data, table_of(VALUES, columns="ba"), 2)
    later = table_of(VALUES, "2021-01-01 01:00")
    with pytest.raises(InputError, match=r"have 6 rows together, but at least 7 are needed"):
        prepend_context(later, table_of(VALUES, name="c.csv"), 6)


def test_importing_the_module_does_not_import_tensorflow():
    code = "import sys, dcvae.data.tables; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
