"""The printer: what is said, to whom, and what is not; and the framework, started in silence."""

import json
import os
import subprocess
import sys

import pytest

from dcvae import _backend
from dcvae.cli.printer import WIDTH, Printer, start_backend
from support.script_tools import ROOT


def say_everything(printer):
    printer.say("one")
    printer.notice(["two"])
    printer.facts({"three": "3"})
    printer.table(["four"], [["4"]])
    printer.finding("good", "five")


def test_quiet_says_nothing(capsys):
    say_everything(Printer(quiet=True))
    assert capsys.readouterr() == ("", "")
    say_everything(Printer())  # another printer is heard
    assert capsys.readouterr().out == "one\nnote: two\nthree  3\nfour\n4\ngood: five\n"


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


def test_a_table_is_cut_to_its_width(capsys):
    lines = [["x" * 30, "y" * WIDTH]]
    Printer().table(["name", "series, the first first"], lines)
    [header, line] = capsys.readouterr().out.splitlines()
    assert header.startswith(f"{'name':<24}  series, the first first")
    assert line == f"{'x' * 23}…  {'y' * (WIDTH - 27)}…"


@pytest.mark.parametrize(("terminal", "no_color", "colored"), [(1, 0, 1), (1, 1, 0), (0, 0, 0)])
def test_color_is_for_terminals_that_want_it(terminal, no_color, colored, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: bool(terminal))
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    Printer().finding("bad", "It is bad.")
    words = "\033[31mbad:\033[0m It is bad.\n" if colored else "bad: It is bad.\n"
    assert capsys.readouterr().out == words


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
