"""Arguments of the commands, and how a command ends."""

import io
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dcvae import InputError, __version__
from dcvae.cli import arguments as command_line
from dcvae.cli.printer import Printer
from support.script_tools import ROOT


def parse(*words, labels=False, program=None):
    return command_line.parser("Does it.", labels=labels, program=program).parse_args(words)


def test_arguments_and_their_defaults():
    arguments = parse("d.csv", "s.txt")
    assert (arguments.data, arguments.settings) == (Path("d.csv"), Path("s.txt"))
    assert arguments.models == Path("models")
    assert (arguments.quiet, arguments.json) == (False, False)
    arguments = parse("d.csv", "l.csv", "s.txt", "--models", "m", labels=True)
    assert (arguments.labels, arguments.models) == (Path("l.csv"), Path("m"))
    arguments = parse("d.csv", "s.txt", "--quiet", "--json", labels=True)
    assert (arguments.labels, arguments.settings) == (None, Path("s.txt"))
    assert (arguments.quiet, arguments.json) == (True, True)


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (["d.csv"], "the following arguments are required: SETTINGS.txt"),
        (["d.csv", "s.txt", "more"], "unrecognized arguments: more"),
        (["d.csv", "s.txt", "--model", "m"], "unrecognized arguments: --model"),
        (["d.csv", "s.txt", "--models"], "expected one argument"),
    ],
)
def test_wrong_arguments_end_in_status_2(capsys, words, fragment):
    with pytest.raises(SystemExit) as end:
        parse(*words)
    assert end.value.code == 2
    assert fragment in capsys.readouterr().err


def test_a_script_is_called_by_its_file_and_a_command_by_its_name(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["some/where/train.py"])
    for program, name in ((None, "train.py"), ("dcvae train", "dcvae train")):
        with pytest.raises(SystemExit):
            parse(program=program)
        out, err = capsys.readouterr()
        assert (out, err.splitlines()[0][: len(name) + 12]) == ("", f"usage: {name} [-h]")


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as end:
        parse("--version")
    assert end.value.code == 0
    assert capsys.readouterr().out == f"dcvae {__version__}\n"


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("007", 7), ("100", 100)])
def test_positive_number(text, number):
    assert command_line.positive_number(text) == number


@pytest.mark.parametrize("text", ["0", "-3", "1.5", "many", "", "9" * 5000])
def test_positive_number_refused(text):
    with pytest.raises(Exception, match="expected a whole number of at least 1, received"):
        command_line.positive_number(text)


def test_a_command_is_a_parser_and_what_is_done():
    def parser(program):
        return command_line.parser("Does it.", program=program)

    def do(arguments):
        return len(str(arguments.data)) + (arguments.program == "dcvae it")

    main = command_line.command(parser, do)
    for program, status in ((None, 5), ("dcvae it", 6)):
        with pytest.raises(SystemExit) as end:
            main(["d.csv", "s.txt"], program)
        assert end.value.code == status


# --- The end of a command ----------------------------------------------------------------------


def end_of(command):
    with pytest.raises(SystemExit) as end:
        command_line.run(command)
    return end.value.code


def raising(error):
    def command():
        raise error

    return command


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (1, 1), (130, 130)])
def test_an_end_without_a_mistake(capsys, returned, status):
    assert end_of(lambda: returned) == status
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InputError("`T` is 3."), "error: `T` is 3.\n"),
        (
            PermissionError(13, "Permission denied", "models/a"),
            "error: models/a may not be read or",
        ),
        (FileNotFoundError(2, "No such file", "a.csv"), "error: a.csv does not exist. Ch"),
    ],
)
def test_a_mistake_ends_in_its_message_and_status_2(capsys, error, message):
    assert end_of(raising(error)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(message)
    assert "Traceback" not in err


def test_interrupted_ends_in_130(capsys):
    assert end_of(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr() == ("", "\ninterrupted; nothing was changed\n")


@pytest.mark.parametrize(
    ("error", "status", "end"),
    [
        (KeyboardInterrupt(), 130, "\ninterrupted; the results are in x\n"),
        (InputError("`T` is 3."), 2, "error: `T` is 3.\nThe results are in x.\n"),
        (
            OSError(28, "No space", "y"),
            2,
            " no space is left on its disk. Free some, and try again",
        ),
    ],
)
def test_what_is_said_of_an_end_is_what_was_changed(capsys, error, status, end):
    changes = ["the training so far is kept"]

    def command():
        changes[:] = ["the results are in x"]
        raise error

    with pytest.raises(SystemExit) as ended:
        command_line.run(command, changes)
    assert ended.value.code == status
    out, err = capsys.readouterr()
    assert out == ""
    assert end in err
    assert "the results are in x" in err.lower()


def test_a_command_tells_what_it_changes(capsys):
    def do(arguments):
        arguments.changes.append("it is done")
        raise KeyboardInterrupt

    main = command_line.command(lambda program: command_line.bare_parser("Does it.", program), do)
    for _ in range(2):
        with pytest.raises(SystemExit):
            main([])
        assert capsys.readouterr().err == "\ninterrupted; it is done\n"


def test_a_defect_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        command_line.run(raising(ZeroDivisionError()))


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_reader_who_left_ends_it_without_a_word():
    """`dcvae settings | head` closes the pipe while there is more to say."""
    program = (
        "from dcvae.cli.arguments import run\n"
        "def talk():\n"
        "    while True:\n"
        "        print('word', flush=True)\n"
        "run(talk)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"word\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 141


# --- What to type next -------------------------------------------------------------------------


def next_commands(arguments):
    return [
        command_line.typed("thresholds", ("VAL.csv", "LABELS.csv"), arguments),
        command_line.typed("detect", ("TEST.csv",), arguments),
    ]


def test_next_commands_of_a_script_are_scripts():
    assert next_commands(parse("d.csv", "s.txt")) == [
        "python alpha_definition.py VAL.csv LABELS.csv s.txt",
        "python test.py TEST.csv s.txt",
    ]


def test_next_commands_of_the_program_are_its_commands():
    arguments = parse("d.csv", "s.txt", "--models", "m", program="dcvae train")
    assert next_commands(arguments) == [
        "dcvae thresholds VAL.csv LABELS.csv s.txt --models m",
        "dcvae detect TEST.csv s.txt --models m",
    ]


@pytest.mark.parametrize("program", [None, "dcvae thresholds"])
def test_next_commands_can_be_typed_as_they_are(program):
    words = ["d.csv", "my settings/s.txt", "--models", "it's; here"]
    line = next_commands(parse(*words, program=program))[1]
    assert shlex.split(line)[2:] == ["TEST.csv", "my settings/s.txt", *words[2:]]


def test_letters_that_a_terminal_does_not_have_end_no_command(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    with pytest.raises(SystemExit) as end:
        command_line.run(lambda: Printer().say("µ ..."))
    sys.stdout.flush()
    assert (end.value.code, written.getvalue()) == (0, b"\\xb5 ...\n")
