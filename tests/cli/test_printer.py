"""The printer: what is said, to whom, and what is not; and the framework, started in silence."""

import json
import os
import subprocess
import sys

import pytest
from rich.cells import cell_len

from dcvae import _backend
from dcvae.cli.printer import PIPE_WIDTH, Printer, start_backend
from support.script_tools import ROOT
from support.terminal import terminal


def say_everything(printer):
    printer.say("one")
    printer.notice(["two"])
    printer.facts({"three": "3"})
    printer.table(["four"], [["4"]])
    printer.finding("good", "five")
    printer.headline("six")


def test_quiet_says_nothing(capsys):
    say_everything(Printer(quiet=True))
    assert capsys.readouterr() == ("", "")
    say_everything(Printer())  # another printer is heard
    assert capsys.readouterr().out == "one\nnote: two\nthree  3\nfour\n4\ngood: five\nsix\n"


def test_a_warning_is_for_the_quiet_too(capsys):
    for printer in (Printer(), Printer(quiet=True), Printer(as_json=True)):
        printer.warn("look out")
    assert capsys.readouterr() == ("", "look out\n" * 3)


def test_notices_and_facts(capsys):
    Printer().notice(["One thing.", "Another."])
    Printer().facts({"data": "a.csv", "device": "CPU"})
    assert capsys.readouterr().out == (
        "note: One thing.\nnote: Another.\ndata    a.csv\ndevice  CPU\n"
    )


def test_json_is_printed_where_it_is_asked_for_and_silences_the_rest(capsys):
    printer = Printer(as_json=True)
    say_everything(printer)
    printer.machine_readable({"a": [1, None]})
    assert json.loads(capsys.readouterr().out) == {"a": [1, None]}
    for other in (Printer(), Printer(quiet=True)):
        other.machine_readable({"a": 1})
    assert capsys.readouterr().out == ""


def test_columns_of_a_table(capsys):
    Printer().table(["name", "count", "share"], [["a", "1", "0.5"], ["long name", "12345", ""]])
    assert capsys.readouterr().out.splitlines() == [
        "name       count  share",
        "a              1    0.5",
        "long name  12345",
    ]


def test_a_table_is_as_wide_as_there_is_room(capsys):
    Printer().table(["name", "series"], [["x" * 30, "y" * PIPE_WIDTH]], last_is_list=True)
    [header, line] = capsys.readouterr().out.splitlines()
    assert header == f"{'name':<30}  series"
    assert line == f"{'x' * 30}  {'y' * (PIPE_WIDTH - 33)}…"


def test_the_environment_may_ask_for_a_width(capsys, monkeypatch):
    for asked, width in (("72", 72), ("20", 60), ("wide", PIPE_WIDTH)):
        monkeypatch.setenv("COLUMNS", asked)
        Printer().table(["name", "series"], [["x", "y" * 200]], last_is_list=True)
        assert len(capsys.readouterr().out.splitlines()[1]) == width


# --- Terminals and pipes -----------------------------------------------------------------------

NAMES = (
    "[red]flow[/red]",
    "水位センサー",
    "a name of a series that is longer than a column",
    ":smile:",
)
FIGURES = ("12,345", "0.123", "0.998", "1.000", "0.431", "0.555", "123.456")
HEADER = ("series", "flagged", "F1", "precision", "recall", "event F0.5", "avg prec", "VUS-PR")
SENTENCE = (
    "A sentence about `[bold]cpu[/bold]` and :warning: that is long enough to be wrapped even on a "
    "terminal of a hundred and forty columns, as it goes on and on for no other reason than that."
)
PATH = "/a/folder" * 20


def show_all(printer):
    printer.headline(SENTENCE)
    printer.notice([SENTENCE])
    printer.facts({"data": SENTENCE, "device": "CPU"})
    printer.table(HEADER, [[name, *FIGURES] for name in NAMES])
    printer.finding("bad", SENTENCE)
    printer.sentence(SENTENCE)
    printer.say(f"written: {PATH}")


@pytest.mark.parametrize("columns", [60, 80, 100, 140])
def test_a_terminal_is_filled_and_no_number_is_cut(columns):
    with terminal(columns) as seen:
        show_all(Printer())
    lines = seen.lines
    assert max(map(cell_len, (line for line in lines if "/folder" not in line))) <= columns
    assert any(cell_len(line) > columns - 20 for line in lines)
    assert f"written: {PATH}" in lines  # whole, to be copied
    text = " ".join(" ".join(lines).split())
    assert text.count(SENTENCE) == 5
    for name in ("[red]flow", "水位センサー", ":smile:"):
        rows = [line for line in lines if line.startswith(name)]
        figures = [figure for line in rows for figure in line.split()[1:]]
        assert figures == list(FIGURES)  # in one table or in two, in order
    tables = sum(line.startswith("series ") for line in lines)
    assert tables == (2 if columns == 60 else 1)
    ends = {line[: line.index("12,345")] for line in lines if "12,345" in line}
    assert len({cell_len(start) for start in ends}) == 1  # wide characters count twice


def test_colors_are_for_terminals_that_want_them():
    with terminal(80) as seen:
        show_all(Printer())
    assert "\x1b[31mbad:\x1b[0m A sentence" in seen.raw
    for variable in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        with terminal(80, **variable) as plain:
            show_all(Printer())
        assert "\x1b" not in plain.raw
        assert plain.lines == seen.lines


def test_a_pipe_has_one_plain_line_for_each(capsys):
    show_all(Printer())
    out = capsys.readouterr().out
    assert out.splitlines()[:4] == [
        SENTENCE,
        f"note: {SENTENCE}",
        f"data    {SENTENCE}",
        "device  CPU",
    ]
    assert f"\nbad: {SENTENCE}\n{SENTENCE}\nwritten: {PATH}\n" in out
    assert not set(out) & set("\x1b│─┃━╭")
    assert max(map(cell_len, out.splitlines()[4:9])) <= PIPE_WIDTH


def test_control_characters_of_names_are_not_sent_to_a_terminal():
    with terminal(80, NO_COLOR="1") as seen:
        Printer().table(["series", "n"], [["\x1b[2Jflow\n", "1"]])
        Printer().notice(["see `\x07`"])
    assert seen.lines == ["series         n", "\\x1b[2Jflow\\n  1", "note: see `\\x07`"]


# --- The framework is started in silence -------------------------------------------------------


def noisy(end=lambda: None):
    """Stand in for the import of a framework whose C++ code writes past sys.stderr."""

    def start():
        os.write(2, b"from C++\n")
        end()
        return "CPU"

    return start


def broken():
    raise ImportError("no such library")


@pytest.fixture
def no_level(monkeypatch):
    monkeypatch.delenv(_backend.LOG_LEVEL, raising=False)


def test_what_the_framework_logs_is_not_shown(no_level, monkeypatch, capfd):
    monkeypatch.setattr(_backend, "start", noisy())
    start_backend()
    assert capfd.readouterr() == ("", "")
    os.write(2, b"heard again\n")
    assert capfd.readouterr().err == "heard again\n"


def test_what_the_framework_logs_is_shown_if_its_import_fails(no_level, monkeypatch, capfd):
    monkeypatch.setattr(_backend, "start", noisy(broken))
    with pytest.raises(ImportError, match="no such library"):
        start_backend()
    os.write(2, b"heard again\n")
    assert capfd.readouterr().err == "from C++\nheard again\n"


def test_what_the_framework_logs_is_not_shown_if_ctrl_c_ends_its_import(
    no_level, monkeypatch, capfd
):
    def pressed():
        raise KeyboardInterrupt

    monkeypatch.setattr(_backend, "start", noisy(pressed))
    with pytest.raises(KeyboardInterrupt):
        start_backend()
    assert capfd.readouterr() == ("", "")


def test_what_the_framework_logs_is_shown_to_those_who_ask(monkeypatch, capfd):
    monkeypatch.setenv(_backend.LOG_LEVEL, "0")
    monkeypatch.setattr(_backend, "start", noisy())
    start_backend()
    assert capfd.readouterr().err == "from C++\n"


STARTING = "from dcvae.cli.printer import start_backend; start_backend(); print('started')"


def started(folder, program=STARTING, **variables):
    """Start the framework in a process of its own, which finds the packages in a folder first."""
    environment = {key: text for key, text in os.environ.items() if key != _backend.LOG_LEVEL}
    environment |= {"PYTHONPATH": str(folder), **variables}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_framework_that_breaks_shows_its_log_and_the_traceback(tmp_path):
    (tmp_path / "keras.py").write_text(
        "import os\nos.write(2, b'libcuda.so: cannot open\\n')\nraise ImportError('broken')\n"
    )
    ended = started(tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("libcuda.so: cannot open\nTraceback (most recent call last):\n")
    assert ended.stderr.endswith("ImportError: broken\n")


@pytest.mark.parametrize("collects", [True, False])
def test_nobody_looks_for_garbage_in_the_framework(tmp_path, collects):
    """Neither while it is imported nor at exit; in between all is as it was."""
    (tmp_path / "keras.py").write_text(
        "import gc, types\n"
        "print('at the import', gc.isenabled())\n"
        "distribution = types.SimpleNamespace(list_devices=list)\n"
        "backend = types.SimpleNamespace(backend=lambda: 'toy')\n"
        "names = 'set_floatx', 'set_epsilon', 'set_image_data_format'\n"
        "config = types.SimpleNamespace(**dict.fromkeys(names, str))\n"
    )
    program = (
        "import atexit, gc\n"
        "atexit.register(lambda: print('at exit', gc.get_freeze_count() > 0))\n"
        f"(gc.enable if {collects} else gc.disable)()\n"
        "from dcvae.cli.printer import start_backend\n"
        "start_backend()\n"
        "print('after it', gc.isenabled(), gc.get_freeze_count())\n"
    )
    ended = started(tmp_path, program)
    assert ended.stdout == f"at the import False\nafter it {collects} 0\nat exit True\n"
    assert (ended.returncode, ended.stderr) == (0, "")
