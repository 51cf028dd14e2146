"""Layout of delimited text: what stands before the header, between the rows, and behind them."""

import numpy as np
import pytest

from dcvae import InputError
from dcvae.data.files.layout import find_layout
from dcvae.data.tables import read_table
from support.tables import GOOD, VALUES

pytestmark = pytest.mark.usefixtures("engine")

HEADER, *ROWS = GOOD.splitlines()


@pytest.mark.parametrize(
    ("content", "notice"),
    [
        pytest.param("sep=,\n" + GOOD, None, id="separator line"),
        pytest.param('"sep=;"\n' + GOOD.replace(",", ";"), None, id="quoted separator line"),
        pytest.param(f"# {GOOD}", None, id="header as a comment"),
        pytest.param(
            f"# made by a tool, version 2\n# second line\n{GOOD}",
            "2 lines before its header are no rows and are left out: "
            "`# made by a tool, version 2`, `# second line`.",
            id="comments",
        ),
        pytest.param(
            f"Report of one pump\nhall,3\n\n{GOOD}",
            "2 lines before its header are no rows and are left out: `Report of one pump`, "
            "`hall,3`.",
            id="title",
        ),
        pytest.param(
            "\n".join([HEADER, *ROWS[:1], HEADER, *ROWS[1:], ""]),
            "Its header stands again in 1 of its lines, which are left out.",
            id="joined files",
        ),
        pytest.param(
            "\n".join([HEADER, *ROWS[:1], "\ufeff" + HEADER, *ROWS[1:], ""]),
            "Its header stands again in 1 of its lines, which are left out.",
            id="joined files with marks of byte order",
        ),
        pytest.param(
            "\n".join([HEADER, *ROWS[:1], "# restarted, again", *ROWS[1:], ""]),
            "1 lines that start with `#` are left out.",
            id="comment among rows",
        ),
        pytest.param(GOOD.replace("\n", ",,\n"), None, id="separators at the end of every line"),
        pytest.param(
            HEADER + "\n" + "\n".join(f"{row}," for row in ROWS) + "\n",
            None,
            id="a separator at the end of every row",
        ),
        pytest.param(GOOD.replace(HEADER, HEADER + ",", 1), None, id="one behind the header"),
    ],
)
def test_read_as_the_plain_file(write, content, notice):
    table = read_table(write(content))
    np.testing.assert_array_equal(table.frame, VALUES)
    assert table.notices == ([notice] if notice else [])


def test_lines_are_counted_with_those_left_out(write):
    path = write("a title\n\ntime,a\n2021-01-01,1\ntime,a\n# pause\n2021-01-02,high\n")
    with pytest.raises(InputError, match=r"row 2 \(line 7\), column `a` holds `high`"):
        read_table(path)


def test_a_cell_behind_the_last_name_is_refused(write):
    rows = "".join(f"{2100 + n}-01-01,1,,\n" for n in range(200))
    path = write(f"time,a,,\n{rows}2300-01-01,1,,7\n")
    with pytest.raises(InputError, match=r"row 201 .* behind the last named column, `a`"):
        read_table(path)


def test_another_header_among_the_rows_is_told(write):
    path = write(GOOD + "time,a,b,c\n2021-01-02,1,2,3\n")
    with pytest.raises(InputError, match=r"has 4.*; line 5 seems to be a header: give the rows"):
        read_table(path)


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("time;a\n2021-01-01;1,5\n", ";"),
        ("time;a;b;c\n01.02.2021;1,5;2,5;3,5\n", ";"),
        ("time\ta,b\n2021-01-01\t1\n", "\t"),
        ("time|a|b\n2021-01-01|1|2\n", "|"),
        ("sep=|\ntime|a;b;c\n2021-01-01|1\n", "|"),
    ],
)
def test_the_separator_is_that_of_the_header(tmp_path, text, separator):
    assert find_layout(tmp_path, text.encode()).separator == separator
