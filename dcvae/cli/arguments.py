"""Arguments of the commands, and the exit status of a command.

Importing this module imports nothing heavy, so that `--help` answers at once.
"""

import argparse
import gc
import io
import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NoReturn, Protocol

from dcvae._version import __version__
from dcvae.errors import InputError, describe_os_error

Command = Literal["train", "thresholds", "detect"]

SCRIPTS: dict[Command, str] = {
    "train": "train.py",
    "thresholds": "alpha_definition.py",
    "detect": "test.py",
}
PROGRAM = "dcvae"  # as an installed package is called
DEFAULT_MODELS = Path("models")  # `storage.DEFAULT_MODELS`, which would import pandas
_OBJECTS_OF_A_LOOK = 100_000


def parser(
    description: str, *, program: str | None = None, labels: bool = False
) -> argparse.ArgumentParser:
    """Make an argument parser with the arguments that the commands have in common.

    Args:
        description: description of the command, for its help.
        program: name by which the command was called; None for that of the script.
        labels: whether it takes an optional label file after the data file.

    Examples:
        >>> parser("Find anomalies.").parse_args(["test.csv", "mine.txt", "--quiet"]).quiet
        True
    """
    made = bare_parser(description, program)
    made.set_defaults(program=program)
    made.add_argument("data", type=Path, metavar="DATA.csv", help="time column first, then series")
    if labels:
        made.add_argument(
            "labels",
            type=Path,
            metavar="LABELS.csv",
            nargs="?",
            help="0/1 per series, or one for all; without it, DATA.csv is taken to be normal",
        )
    made.add_argument("settings", type=Path, metavar="SETTINGS.txt", help="JSON settings file")
    made.add_argument(
        "--models", type=Path, default=DEFAULT_MODELS, metavar="DIR", help="default: models/"
    )
    made.add_argument("--quiet", action="store_true", help="print nothing but errors")
    made.add_argument("--verbose", action="store_true", help="also say what computes the network")
    made.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else (but errors)"
    )
    return made


def bare_parser(description: str, program: str | None) -> argparse.ArgumentParser:
    """Make an argument parser with nothing but --help and --version.

    Args:
        description: description of the command, for its help.
        program: name by which the command was called; None for that of the script.
    """
    made = argparse.ArgumentParser(prog=program, description=description, allow_abbrev=False)
    made.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    return made


def positive_number(text: str) -> int:
    """Read a whole number of at least 1, for argparse.

    Raises:
        ArgumentTypeError: it is none.

    Examples:
        >>> positive_number("20")
        20
        >>> positive_number("0")
        Traceback (most recent call last):
        argparse.ArgumentTypeError: expected a whole number of at least 1, received 0
    """
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, received {text}")
    return number


class Main(Protocol):
    """The signature of a command, called from its own script or as a part of a program."""

    def __call__(self, words: Sequence[str] | None = None, program: str | None = None) -> NoReturn:
        """Run the command and exit.

        Args:
            words: its arguments; None for those of the process.
            program: name by which it was called; None for a script of its own.
        """


def command(
    make_parser: Callable[[str | None], argparse.ArgumentParser],
    do: Callable[[argparse.Namespace], int | None],
) -> Main:
    """Make a command from a parser and a function of its arguments.

    Args:
        make_parser: takes the name by which the command was called and returns its parser.
        do: takes the parsed arguments and returns the exit status, None for 0. What it changes on
            disk it adds to their `changes`, a list of clauses.
    """

    def main(words: Sequence[str] | None = None, program: str | None = None) -> NoReturn:
        changes: list[str] = []

        def parsed_and_done() -> int | None:
            arguments = make_parser(program).parse_args(words)
            arguments.changes = changes
            return do(arguments)

        run(parsed_and_done, changes, program)

    return main


def run(
    command: Callable[[], int | None], changes: Sequence[str] = (), program: str | None = None
) -> NoReturn:
    """Run a command and exit: status 2 and a message alone for a user's mistake, 130 for Ctrl-C.

    Args:
        command: returns the status to exit with; None for 0.
        changes: what it has changed on disk so far, as clauses for what is said of its end.
        program: name by which it was called; None for a script of its own.
    """
    # Imports make a million objects and hardly any garbage, which is looked for less often.
    gc.set_threshold(_OBJECTS_OF_A_LOOK)
    for stream in (sys.stdout, sys.stderr):  # a name in another script than theirs is no failure
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    status = 0
    try:
        status = command() or 0
    except BrokenPipeError:  # the reader of the output has closed it, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(141)
    except (InputError, OSError) as error:
        text = describe_os_error(error) if isinstance(error, OSError) else str(error)
        print(f"error: {as_called(text, program)}", file=sys.stderr)
        if changes:
            print(f"{changes[-1][:1].upper()}{changes[-1][1:]}.", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        said = changes[-1] if changes else "nothing was changed"
        print(f"\ninterrupted; {said}", file=sys.stderr)
        sys.exit(130)
    sys.exit(status)


def as_called(text: str, program: str | None) -> str:
    """Name the commands in a message as they are called here: the package knows of scripts only.

    Args:
        text: a message.
        program: name by which the command was called; None for a script of its own.

    Examples:
        >>> as_called("Run alpha_definition.py again.", "dcvae detect")
        'Run dcvae thresholds again.'
        >>> as_called("Run alpha_definition.py again.", None)
        'Run alpha_definition.py again.'
    """
    if program is None:
        return text
    for command, script in SCRIPTS.items():
        text = re.sub(
            rf"(?<![\w./\\-]){re.escape(script)}(?![\w/\\])", f"{PROGRAM} {command}", text
        )
    return text


def typed(command: Command, words: Sequence[str], arguments: argparse.Namespace) -> str:
    """Return a command as one would type it, with the settings and models of this one.

    Args:
        command: the command to type.
        words: its data files.
        arguments: parsed arguments of this command.

    Examples:
        >>> given = parser("Train.").parse_args(["train.csv", "mine.txt"])
        >>> typed("detect", ["TEST.csv"], given)
        'python test.py TEST.csv mine.txt'
        >>> given = parser("Train.", program="dcvae train").parse_args(["train.csv", "mine.txt"])
        >>> typed("detect", ["TEST.csv"], given)
        'dcvae detect TEST.csv mine.txt'
    """
    models = []
    if arguments.models != DEFAULT_MODELS:
        models = ["--models", str(arguments.models)]
    start = ["python", SCRIPTS[command]] if arguments.program is None else [PROGRAM, command]
    return shlex.join([*start, *words, str(arguments.settings), *models])
