"""Cells: notations of numbers, decided column by column."""

import numpy as np
import pytest

from dcvae import InputError
from dcvae.data.files.cells import CellRules, without_codes
from dcvae.data.files.opening import open_file
from dcvae.data.tables import read_table

pytestmark = pytest.mark.usefixtures("engine")


def column(write, cells, separator=";", rules=None):
    """Read a column beside a plain one; return its values and the notices."""
    rows = "".join(f"{n}{separator}{cell}{separator}{n}\n" for n, cell in enumerate(cells))
    file = open_file(write(f"t{separator}a{separator}b\n{rows}"))
    _, values = file.read(["t"], ["a", "b"], rules or CellRules())
    np.testing.assert_array_equal(values["b"], np.arange(len(cells)))
    return values["a"].tolist(), file.notices


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1,5", "2"], [1.5, 2]),
        (["0,123", "1,234"], [0.123, 1.234]),  # no thousands begin with 0
        (["1,234", "5,678"], [1.234, 5.678]),  # undecided: a decimal comma beside semicolons
        (["1,234", "950"], [1234, 950]),  # 950 would have had a comma too
        (["1,234.5", "7.25"], [1234.5, 7.25]),
        (["1.234,5", "7,25"], [1234.5, 7.25]),
        (["1.234.567,5", "-1,5e3"], [1234567.5, -1500]),
        (["1,234,567", "2"], [1234567, 2]),
        (["1'234.5", "2"], [1234.5, 2]),
        (["1 234,5", "2"], [1234.5, 2]),
        (["1\u202f234", "2"], [1234, 2]),
        (["-1,234.5e2", "+2"], [-123450, 2]),
    ],
)
def test_notations(write, cells, numbers):
    values, notices = column(write, cells)
    assert values == numbers
    assert 1 <= len(notices) <= 2


def test_quoted_thousands_beside_commas(write):
    values, notices = column(write, ['"1,234"', '"12,345"'], ",")
    assert values == [1234, 12345]
    assert notices == ["Marks between thousands are left out in `a`, such as `1,234`."]


@pytest.mark.parametrize("cells", [["1,5", "1.5"], ["1,23,4", "1"], ["1.5.2", "1"], ["12 5", "1"]])
def test_no_notation_fits(write, cells):
    with pytest.raises(InputError, match=r"column `a` holds"):
        column(write, cells)


def test_columns_decide_for_themselves(write):
    table = read_table(write("time;a;b\n2021-01-01;1,5;1.25\n2021-01-02;2,5;2.25\n"))
    np.testing.assert_array_equal(table.frame, [[1.5, 1.25], [2.5, 2.25]])


def test_points_that_may_be_thousands_are_refused_beside_decimal_commas(write):
    path = write("time;a;b\n2021-01-01;1,5;1.250\n2021-01-02;2,5;2.250\n")
    with pytest.raises(InputError, match=r"`1\.250` in column `b` may be 1\.25 or 1250"):
        read_table(path)


@pytest.mark.parametrize(
    "cell",
    ["N/A", "n/a", "None", "none", "-nan", "null", "-", "--", "?", "U", "#N/A", " - ", "nil"],
)
def test_words_for_missing(write, cell):
    values, notices = column(write, ["1", cell, "2.5"], ",")
    np.testing.assert_array_equal(values, [1, np.nan, 2.5])
    assert notices == []


def test_own_words_for_missing(write):
    values, _ = column(write, ["1", "off line", "2"], rules=CellRules(missing=("off line",)))
    np.testing.assert_array_equal(values, [1, np.nan, 2])
    with pytest.raises(InputError, match="holds `off line`"):
        column(write, ["1", "off line", "2"])


def test_codes_are_equal_by_value_and_zero_by_sign(write):
    path = write("time,a\n2021-01-01,-999\n2021-01-02,-999.0\n2021-01-03,0\n2021-01-04,-0.0\n")
    frame = read_table(path).frame
    codes = without_codes(frame, [-999, "word"])["a"].tolist()
    np.testing.assert_array_equal(codes, [np.nan, np.nan, 0, 0])
    signs = without_codes(frame, [-0.0])["a"].isna().tolist()
    assert signs == [False, False, False, True]
    assert without_codes(frame, [0])["a"].isna().tolist() == [False, False, True, False]
