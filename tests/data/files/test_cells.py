"""Cells: notations of numbers, decided column by column."""

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.config import DataKeys
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
        (["1.234", "12,25"], [1234, 12.25]),  # as Excel writes numbers in Spanish
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
    [
        *["\\N", "<NA>", "NaT", "#DIV/0!", "#VALUE!", "#REF!", "(null)", "---"],
        *["1.#IND", "-1.#IND", "1.#QNAN"],
        *["N/A", "n/a", "None", "none", "-nan", "null", "-", "--", "?", "U", "#N/A", " - ", "nil"],
    ],
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


def test_one_word_among_decimal_commas_is_named_alone(write):
    message = (
        r"row 3 \(line 4\), column `a` holds `Ausfall`; expected a number or empty; if `Ausfall` "
        r"means that nothing was measured, add it to the key `missing_values`, as in "
        r'"missing_values": \["Ausfall"\]\.$'
    )
    with pytest.raises(InputError, match=message):
        column(write, ["50,69", "-1.050,7", "Ausfall", "51"])
    values, _ = column(write, ["50,69", "Ausfall"], rules=CellRules(missing=("Ausfall",)))
    np.testing.assert_array_equal(values, [50.69, np.nan])


@pytest.mark.parametrize(
    "cells", [["1,5", "2,5", "1.5"], ["1.5", "7,25", "2.5"], ["2,5", "3a", "1"]]
)
def test_the_cell_that_differs_from_most_is_named(write, cells):
    wrong = {"1,5": "1.5", "1.5": "7,25", "2,5": "3a"}[cells[0]]
    with pytest.raises(InputError, match=rf": row \d \(line \d\), column `a` holds `{wrong}`; exp"):
        column(write, cells)


def test_words_of_several_cells_are_named_with_the_key(write):
    message = r'if `Bad` or `say "x"` means .* "missing_values": \["Bad", "say \\"x\\""\]\.$'
    with pytest.raises(InputError, match=message):
        column(write, ["1", "Bad", '"say ""x"""', "0x1F", "Bad"])
    with pytest.raises(InputError, match=r"holds `0x1F`; expected a number or empty\.$"):
        column(write, ["1", "0x1F"])


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("other", ["1", " 1 "])  # fast and careful
@pytest.mark.parametrize("cells", [["1.034", "794", "2.458"], ["-1.034", "-", "0"]])
def test_points_in_some_cells_of_a_column_are_refused(write, cells, separator, other):
    without = next(cell for cell in cells[1:] if cell != "-")
    rows = [f"{n}{separator}{cell}{separator}{other}" for n, cell in enumerate(cells)]
    file = open_file(write("\n".join([f"t{separator}a{separator}b", *rows])))
    with pytest.raises(
        InputError,
        match=f"column `a` holds `{cells[0]}` and `{without}`: the point may be a decimal",
    ):
        file.read(["t"], ["a", "b"], CellRules())


@pytest.mark.parametrize(
    "cells",
    [
        ["1.250", "2.500"],
        ["1.034", "794", "2.45"],
        ["1.034", "1794"],
        ["1.034", "794", "0.500"],
        ["1.034", "-999", "2.450"],
        ["2.000", "3.000", "3.125"],
    ],
)
def test_points_that_are_decimal(write, cells):
    values, notices = column(write, cells)
    assert values == list(map(float, cells))
    assert notices == []
    mixed, _ = column(write, ["1.034", "794"], ",")  # commas separate: no local notation
    assert mixed == [1.034, 794]


def test_points_in_some_cells_are_thousands_beside_decimal_commas(write):
    file = open_file(write("t;a;b\n0;1.034;1,5\n1;794;2\n2;NA;2\n3;-2.458;3\n"))
    _, values = file.read(["t"], ["a", "b"], CellRules())
    np.testing.assert_array_equal(values["a"], [1034, 794, np.nan, -2458])
    np.testing.assert_array_equal(values["b"], [1.5, 2, 2, 3])
    assert file.notices == [
        "Its numbers have a decimal comma: `2,5` is read as 2.5.",
        "Marks between thousands are left out in `a`, such as `1.034`.",
    ]


def test_thousands_without_a_comma_are_not_said_to_have_one(write):
    values, notices = column(write, ["1.234.567", "2"])
    assert values == [1234567, 2]
    assert notices == ["Marks between thousands are left out in `a`, such as `1.234.567`."]


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize(
    ("word", "cells", "missing"),
    [
        ("-999", ["-999.0", "1", "-999"], [True, False, True]),
        ("-999,0", ["-999.0", "1", "-999"], [True, False, True]),
        ("inf", ["Infinity", "1", "-inf"], [True, False, True]),
        ("-inf", ["7", "1", "-Infinity"], [False, False, True]),
        ("Infinity", ["inf", "x", "1"], [True, True, False]),
    ],
)
def test_words_that_read_as_numbers_are_these_numbers(write, word, cells, missing, separator):
    values, _ = column(write, cells, separator, CellRules(missing=(word, "x")))
    assert np.isnan(values).tolist() == missing
    assert not np.isinf(values).any()


def test_codes_near_the_largest_number(write):
    frame = pd.DataFrame({"a": [1e308, -1e308, 1.7e308], "b": [1.0, 2.0, 3.0]})
    found = without_codes(frame, [1e308, 1.7e308, "word"])
    np.testing.assert_array_equal(found["a"], [np.nan, -1e308, np.nan])
    assert frame["a"].notna().all()
    assert np.shares_memory(found["b"].to_numpy(), frame["b"].to_numpy())


def test_infinite_cells_of_a_table_may_be_missing(write):
    path = write("time,a\n2021-01-01,inf\n2021-01-02,2\n2021-01-03,3\n")
    keys = DataKeys(missing_values=["Infinity"])
    np.testing.assert_array_equal(read_table(path, keys=keys).frame["a"], [np.nan, 2, 3])
    with pytest.raises(InputError, match=r'"missing_values": \["inf"\]'):
        read_table(path)
