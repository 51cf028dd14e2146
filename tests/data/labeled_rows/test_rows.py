"""Arrays of rows and labels: taken as they are, or refused in one sentence each."""

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data import LabeledRows, rows_from_arrays

X = np.arange(12.0).reshape(4, 3)
Y = np.array([0, 1, 0, 0])


def test_numbers_of_any_type_are_rows_of_float64_in_their_order():
    for kind in (np.uint8, np.int16, np.float32, np.float64, bool):
        rows = rows_from_arrays(X.astype(kind), Y)
        assert isinstance(rows, LabeledRows)
        assert rows.values.dtype == np.float64
        np.testing.assert_array_equal(rows.values, X.astype(kind))
        assert rows.labels.tolist() == [False, True, False, False]
        assert rows.columns == ("v1", "v2", "v3")
    assert rows.describe() == "4 rows of 3 columns, 1 of them anomalies (25.00 %): label 1."


def test_the_arrays_are_not_changed_and_columns_may_be_constant():
    given = X.copy()
    given[:, 1] = 5.0
    kept = given.copy()
    rows = rows_from_arrays(given, Y)
    assert (rows.values[:, 1] == 5.0).all()
    np.testing.assert_array_equal(given, kept)


@pytest.mark.parametrize(
    "y",
    [
        Y,
        Y[:, None],
        Y[None, :],
        Y.astype(float),
        Y == 1,
        Y.tolist(),
        ["0", "1", "0", "0"],
        pd.Series(Y),
        np.array([b"no", b"yes", b"no", b"no"]),
    ],
)
def test_labels_may_be_numbers_truth_values_a_column_or_a_row(y):
    assert rows_from_arrays(X, y).labels.tolist() == [False, True, False, False]


def test_names_of_columns_are_those_of_the_frame_or_given():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    assert rows_from_arrays(frame, Y).columns == ("a", "b", "c")
    assert rows_from_arrays(X, Y, columns=["p", "q", "r"]).columns == ("p", "q", "r")
    with pytest.raises(InputError, match=r"arrays: 2 names of columns are given for 3 columns"):
        rows_from_arrays(X, Y, columns=["p", "q"])


def with_cell(value, row=2, column=1):
    changed = X.copy()
    changed[row, column] = value
    return changed


REFUSED = {
    "one dimension": (
        X[:, 0],
        Y,
        r"arrays: `X` has 1 dimension, shape \(4,\); expected two, \(rows, columns\): "
        r"X\.reshape\(-1, 1\) makes a column of it\.",
    ),
    "three dimensions": (
        X[None],
        Y,
        r"`X` has 3 dimensions, shape \(1, 4, 3\); .*: flatten each r",
    ),
    "complex numbers": (X + 0j, Y, r"`X` holds complex numbers \(type complex128\); expected numb"),
    "words": (X.astype(str), Y, r"`X` holds text \(type <U32\); expected numbers\. Turn them into"),
    "objects": (X.astype(object), Y, r"`X` holds Python objects \(type object\); expected numbers"),
    "dates": (X.astype("datetime64[s]"), Y, r"`X` holds dates \(type datetime64\[s\]\)"),
    "no columns": (X[:, :0], Y, r"`X` has no columns, shape \(4, 0\); expected at least one"),
    "one row": (X[:1], Y[:1], r"`X` has 1 row; expected at least two, one normal and one an anom"),
    "no rows": (X[:0], Y[:0], r"`X` has 0 rows; expected at least two"),
    "fewer labels": (
        X,
        Y[:3],
        r"arrays: `X` has 4 rows and `y` 3 labels; expected one label for each row\. Were they",
    ),
    "a table of labels": (
        X,
        np.zeros((4, 2)),
        r"`y` has 2 dimensions, shape \(4, 2\); expected one label for each row, \(rows,\)",
    ),
    "labels of objects": (X, np.array([0, None, 1, 0]), r"`y` holds labels of type object; expe"),
    "complex labels": (X, Y * 1j, r"`y` holds labels of type complex128; expected 0 and 1"),
    "NaN": (
        with_cell(np.nan),
        Y,
        r"`X` has cells that are no finite number: \[2, 1\] is nan \(counted from 0\), in 1 of 4 "
        r"rows\. Fill them, for example with the median of their column, or remove these rows",
    ),
    "infinity": (with_cell(-np.inf), Y, r"no finite number: \[2, 1\] is -inf \(counted from 0\)"),
}


@pytest.mark.parametrize(("values", "labels", "message"), REFUSED.values(), ids=REFUSED)
def test_other_arrays_are_refused_with_what_is_wrong(values, labels, message):
    with pytest.raises(InputError, match=message):
        rows_from_arrays(values, labels)


def test_all_wrong_cells_are_counted_and_the_first_are_named():
    values = np.full((4, 3), np.nan)
    said = r"\[0, 0\] is nan, \[0, 1\] is nan, \[0, 2\] is nan and 9 more .* in 4 of 4 rows"
    with pytest.raises(InputError, match=said):
        rows_from_arrays(values, Y)
