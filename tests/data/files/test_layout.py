"""Layout of delimited text: what stands before the header, between the rows, and behind them."""

import numpy as np
import pytest

from dcvae import InputError
from dcvae.data.files.cells import CellRules
from dcvae.data.files.layout import find_layout
from dcvae.data.files.opening import open_file
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


TIMED = [f"2024-01-01 00:0{n}" for n in range(9)]


@pytest.mark.parametrize("line", ["#1", "time,a,note", "#5,5,5"])
def test_lines_within_a_quoted_cell_are_no_comments_or_headers(write, line):
    path = write(
        f'time,a,note\n{TIMED[0]},1,"x\n{line}"\n# 5" pipe\n{TIMED[1]},2,"{line}\n{line}\n"\n'
        f"time,a,note\n{TIMED[2]},3,z\n"
    )
    file = open_file(path)
    texts, values = file.read(["time", "note"], ["a"], CellRules())
    assert texts["time"].tolist() == TIMED[:3]
    assert texts["note"].tolist() == [f"x\n{line}", f"{line}\n{line}\n", "z"]
    assert values["a"].tolist() == [1, 2, 3]
    assert file.notices == [
        "Its header stands again in 1 of its lines, which are left out.",
        "1 lines that start with `#` are left out.",
    ]
    assert file.places([0, 1, 2]) == ["row 1 (line 2)", "row 2 (line 5)", "row 3 (line 9)"]


@pytest.mark.parametrize("first", [f"{TIMED[0]},0,", "host 0,0,", "host 0,,"])
def test_rows_before_a_header_that_stands_again_are_kept(write, first):
    rows = [first, *(f"{time},1,2" for time in TIMED[1:3]), "time,a,b", *ROWS]
    file = open_file(write("\n".join(["time,a,b", *rows, ""])))
    texts, _ = file.read(["time"], ["a", "b"], CellRules())
    assert len(texts) == 6
    assert texts["time"].tolist()[0] == first.split(",")[0]


@pytest.mark.parametrize(
    "odd", [f"{TIMED[3]},1", "pause", f"{TIMED[3]},1,2,3", "web,1,2,x,y,z,w"], ids=len
)
def test_rows_before_a_wider_header_are_refused_and_not_left_out(write, odd):
    rows = [f"{TIMED[0]},0,", f"{TIMED[1]},1,1", odd, "time,a,b,c"]
    rows += [f"{time},1,2,3" for time in TIMED[4:]]
    with pytest.raises(InputError, match="the header has 3 columns but row 3"):
        read_table(write("\n".join(["time,a,b", *rows, ""])))


@pytest.mark.parametrize("rows", [f"{TIMED[0]},1\n{TIMED[1]},2,3\n", f"{TIMED[0]},1,2\n"])
def test_rows_without_a_header_before_one_are_refused(write, rows):
    with pytest.raises(InputError, match="the first line starts with the time"):
        read_table(write(rows + GOOD))


def test_a_note_of_several_lines_in_the_first_row_is_no_title(write):
    notes = ['"calm\nwind, 3\n\nrain"', "", '"a\nb"', "x"]
    rows = "".join(
        f"{time},{n},{note}\n" for n, (time, note) in enumerate(zip(TIMED, notes, strict=False))
    )
    table = read_table(write(f"time,a,note\n{rows}"), series=["a"])
    np.testing.assert_array_equal(table.frame["a"], [0, 1, 2, 3])
    assert not any("before its header" in notice for notice in table.notices)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_name_with_a_line_break(write, end):
    header = f'time,"flow{end}(m3/h)","b ""2"""{end}'
    rows = [f"{TIMED[0]},1,2{end}", f"{TIMED[1]},3,4{end}"]
    file = open_file(write(f'Plant 5"{end}{header}{rows[0]}{header}{rows[1]}'))
    assert file.names == ["time", "flow (m3/h)", 'b "2"']
    _, values = file.read(["time"], file.names[1:], CellRules())
    assert values.to_numpy().tolist() == [[1, 2], [3, 4]]
    assert file.notices[1] == "Its header stands again in 1 of its lines, which are left out."
    assert file.places([0, 1]) == ["row 1 (line 4)", "row 2 (line 7)"]


def test_a_header_longer_than_what_is_looked_at_first(write):
    names = [f"a sensor with a long name, number {n}" for n in range(5_000)]
    text = ",".join(f'"{name}"' for name in names)
    file = open_file(write(f"time,{text}\n" + f"{TIMED[0]}{',1' * 5_000}\n" * 2))
    assert file.names == ["time", *names]
    assert file.places([1]) == ["row 2 (line 3)"]


@pytest.mark.parametrize("units", [",%,MB", "UTC,%,m3/h", "s,,-", "NA,NA,%"])
def test_a_row_of_units_is_named(write, units):
    message = r"line 2 seems to be a second header or a row of units; remove it, or the line above"
    with pytest.raises(InputError, match=message):
        read_table(write(f"time,a,b\n{units}\n{TIMED[0]},1,2\n"))


@pytest.mark.parametrize("row", ["{},NA,-", "{},,", "Mon 1 Jan 2024 00:00,on,"])
def test_a_first_row_without_numbers_is_no_row_of_units(write, row):
    rows = f"{row.format(TIMED[0])}\n{TIMED[1]},1,2\n{TIMED[2]},1,2\n"
    assert len(open_file(write(f"time,a,b\n{rows}")).look()) == 3


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
