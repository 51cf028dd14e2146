"""Alphas: the table that people may edit."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.detection.alphas import COLUMNS, Alphas


@pytest.fixture
def alphas() -> Alphas:
    """Of three series, the last without labels, with scores that are no round numbers."""
    return Alphas(
        series=("TS1", "TS2", "TS3"),
        down=np.array([0.1, 2.0 / 3.0, 3.0]),
        up=np.array([4.1, 1e-7, 3.0]),
        f1=np.array([4 / 7, 0.0, np.nan]),
        precision=np.array([2 / 3, 0.0, np.nan]),
        recall=np.array([1 / 2, 0.0, np.nan]),
        labeled_rows=np.array([4, 1, 0]),
        method=("exact point-wise", "exact point-wise", "default"),
    )


def assert_same(one: Alphas, other: Alphas) -> None:
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame(), check_exact=True)


def test_the_table_has_one_line_a_series(alphas: Alphas) -> None:
    frame = alphas.to_frame()
    assert tuple(frame.columns) == COLUMNS
    assert frame["series"].tolist() == ["TS1", "TS2", "TS3"]
    assert frame["method"].tolist() == ["exact point-wise", "exact point-wise", "default"]
    assert np.isnan(frame["f1"].iloc[2])


def test_the_table_survives_a_file(alphas: Alphas, tmp_path: object) -> None:
    path = f"{tmp_path}/alphas.csv"
    alphas.to_frame().to_csv(path, index=False)
    as_text = {"dtype": str, "keep_default_na": False}
    for options in ({}, {"keep_default_na": False}, {"dtype": str}, as_text):
        read = Alphas.from_frame(pd.read_csv(path, **options), path)
        assert_same(read, alphas)


def test_a_series_may_be_called_anything() -> None:
    alphas = Alphas.default(["None", "nan", "NA", "01", "a, b"], 3.0)
    assert_same(Alphas.from_frame(alphas.to_frame(), "alphas.csv"), alphas)


def test_reading_takes_any_column_order_and_numeric_names(alphas: Alphas) -> None:
    frame = alphas.to_frame()
    frame["series"] = [1, 2, 3]
    frame["note"] = "set by hand"
    read = Alphas.from_frame(frame[frame.columns[::-1]], "alphas.csv")
    assert read.series == ("1", "2", "3")
    np.testing.assert_array_equal(read.up, alphas.up)


def test_the_table_is_not_changed_by_reading(alphas: Alphas) -> None:
    frame = alphas.to_frame()
    before = frame.copy()
    Alphas.from_frame(frame, "alphas.csv").down[:] = 0.0
    pd.testing.assert_frame_equal(frame, before)


def test_for_series_reorders(alphas: Alphas) -> None:
    reordered = alphas.for_series(["TS3", "TS1", "TS2"], "alphas.csv")
    assert reordered.series == ("TS3", "TS1", "TS2")
    np.testing.assert_array_equal(reordered.up, alphas.up[[2, 0, 1]])
    assert reordered.method[0] == "default"
    assert_same(reordered.for_series(alphas.series, "alphas.csv"), alphas)


def test_for_series_names_what_does_not_fit(alphas: Alphas) -> None:
    with pytest.raises(
        InputError, match=r"alphas\.csv must .* 3 series .*Missing: `TS9`\. Unknown: `TS3`\."
    ):
        alphas.for_series(["TS1", "TS2", "TS9"], "alphas.csv")
    with pytest.raises(InputError, match=r"Missing: none\. Unknown: `TS2`, `TS3`"):
        alphas.for_series(["TS1"], "alphas.csv")


def test_a_missing_column_is_named(alphas: Alphas) -> None:
    frame = alphas.to_frame().drop(columns=["series", "alpha_up", "f1"])
    with pytest.raises(InputError, match=r"m/alphas\.csv must .*Missing: `series`, `alpha_up`\. "):
        Alphas.from_frame(frame, "m/alphas.csv")


def test_a_table_written_by_hand_needs_no_more_than_alphas(tmp_path: Path) -> None:
    path = tmp_path / "alphas.csv"
    path.write_text("series,alpha_down,alpha_up\na,3,2.5\nb,0,7\n")
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    read = Alphas.from_frame(frame, str(path))
    assert list(frame.columns) == ["series", "alpha_down", "alpha_up"]
    assert read.series == ("a", "b")
    assert (read.down.tolist(), read.up.tolist()) == ([3.0, 0.0], [2.5, 7.0])
    assert np.isnan([read.f1, read.precision, read.recall]).all()
    assert read.labeled_rows.tolist() == [0, 0]
    assert read.method == ("manual", "manual")
    assert_same(Alphas.from_frame(read.to_frame(), "alphas.csv"), read)


@pytest.mark.parametrize("column", ["f1", "precision", "recall", "labeled_rows", "method"])
def test_each_other_column_may_be_left_out(alphas: Alphas, column: str) -> None:
    read = Alphas.from_frame(alphas.to_frame().drop(columns=column), "alphas.csv").to_frame()
    expected = {"labeled_rows": 0, "method": "manual"}.get(column, np.nan)
    pd.testing.assert_frame_equal(read, alphas.to_frame().assign(**{column: expected}))


def test_a_repeated_series_is_named(alphas: Alphas) -> None:
    frame = alphas.to_frame()
    frame["series"] = ["TS1", "TS2", "TS1"]
    with pytest.raises(InputError, match=r"one line a series\. Received more than one for `TS1`"):
        Alphas.from_frame(frame, "alphas.csv")


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("alpha_up", -0.5, r"finite number of sigmas >= 0\. Received: -0\.5"),
        ("alpha_up", np.inf, r"finite number of sigmas >= 0\. Received: inf"),
        ("alpha_down", np.nan, r"finite number of sigmas >= 0\. Received: nan"),
        ("alpha_down", "", r"finite number of sigmas >= 0"),
        ("alpha_down", "three", r"finite number of sigmas >= 0\. Received: three"),
        ("alpha_down", True, r"finite number of sigmas >= 0\. Received: True"),
        ("f1", 1.5, r"between 0 and 1.*Received: 1\.5"),
        ("precision", "good", r"between 0 and 1.*Received: good"),
        ("recall", -0.1, r"between 0 and 1.*Received: -0\.1"),
        ("labeled_rows", 1.5, r"whole number of rows >= 0\. Received: 1\.5"),
        ("labeled_rows", -1, r"whole number of rows >= 0\. Received: -1"),
        ("labeled_rows", np.nan, r"whole number of rows >= 0\. Received: nan"),
        ("labeled_rows", np.inf, r"whole number of rows >= 0\. Received: inf"),
        ("series", " ", r"must not be blank"),
        ("series", np.nan, r"must not be blank"),
        ("method", None, r"must not be blank"),
    ],
)
def test_an_edited_field_is_named(alphas: Alphas, field: str, value: object, expected: str) -> None:
    frame = alphas.to_frame().astype(object)
    frame.loc[1, field] = value
    # Line 1 of the file is its header, so the second series stands in line 3.
    with pytest.raises(InputError, match=rf"m/alphas\.csv, line 3: `{field}` .*{expected}"):
        Alphas.from_frame(frame, "m/alphas.csv")


def test_default_alphas() -> None:
    alphas = Alphas.default(["a", "b"], 2.5)
    assert alphas.down.tolist() == alphas.up.tolist() == [2.5, 2.5]
    assert alphas.labeled_rows.tolist() == [0, 0]
    assert alphas.method == ("default", "default")
    assert np.isnan([alphas.f1, alphas.precision, alphas.recall]).all()
    alphas.f1[0] = 1.0
    assert np.isnan(alphas.recall).all()


# ---------------------------------------------------------------- refusals


def test_series_must_differ() -> None:
    with pytest.raises(ValueError, match=r"`series` must name each series once.*`a`"):
        Alphas.default(["a", "b", "a"], 3.0)


def test_a_broken_contract_is_no_mistake_of_a_user() -> None:
    with pytest.raises(ValueError, match="once") as caught:
        Alphas.default(["a", "a"], 3.0)
    assert not isinstance(caught.value, InputError)
