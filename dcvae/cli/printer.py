"""Printer of a command: lines on standard output, one JSON object, or nothing.

On a terminal, sentences are wrapped and tables fitted to its width, and some words are in color. In
a pipe or a file every sentence and every line of a table is one plain line.
"""

import argparse
import atexit
import gc
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dcvae.cli.arguments import as_called

if TYPE_CHECKING:  # a refusal must not wait for it
    from rich.console import Console
    from rich.table import Table

NARROWEST = 60  # columns that are used at least
PIPE_WIDTH = 100  # columns that tables may take in a pipe or a file
_WIDEST_SENTENCE = 120  # longer lines are hard to read
_SHORTEST_NAME, _SHORTEST_LIST = 12, 7  # columns that they have in a table, at least
_GAP = 2  # columns between those of a table

_STYLES = {"bad": "red", "warning": "yellow", "good": "green", "info": "cyan"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Printer:
    """A printer of lines for people, or of one JSON object for programs.

    Args:
        quiet: print nothing but errors.
        as_json: print one JSON object and nothing else but errors.
        program: name by which the command was called; None for that of the script.
        verbose: say also what few need to know.

    Attributes:
        is_verbose: whether it does.

    Examples:
        >>> Printer().facts({"data": "test.csv", "series": "24"})
        data    test.csv
        series  24
        >>> Printer(quiet=True).say("not printed")
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        as_json: bool = False,
        program: str | None = None,
        verbose: bool = False,
    ) -> None:
        self.is_quiet = quiet or as_json
        self.is_verbose = verbose
        self._program = program
        self._as_json = as_json
        self._console: Console | None = None

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> "Printer":
        """Return the printer that the arguments of a command ask for."""
        return cls(
            quiet=arguments.quiet,
            as_json=arguments.json,
            program=arguments.program,
            verbose=getattr(arguments, "verbose", False),  # not of a command without a network
        )

    @property
    def console(self) -> "Console | None":
        """The terminal on standard output, as wide as it is now; None where there is none."""
        if self.is_quiet or not sys.stdout.isatty():
            return None
        if self._console is None:
            self._console = terminal_on(sys.stdout)
        self._console.width = width_of_output()
        return self._console

    def say(self, text: str = "") -> None:
        """Print a line as it is, to be copied, unless quiet."""
        if self.is_quiet:
            return
        console = self.console
        if console is None:
            print(text, flush=True)
        else:  # through it, as something that moves may stand on the last line
            console.out(text, highlight=False)

    def sentence(self, text: str) -> None:
        """Print a line that a terminal breaks between words, not in numbers."""
        self._sentence(text, "", "", _GAP)

    def warn(self, text: str) -> None:
        """Print a line on standard error, quiet or not."""
        print(as_called(text, self._program), file=sys.stderr)

    def headline(self, text: str) -> None:
        """Print the sentence that matters most."""
        self._sentence(text, text, "bold")

    def notice(self, notices: Sequence[str]) -> None:
        """Print notices: sentences a user should know of but need not act on."""
        for sentence in notices:
            self._sentence(f"note: {as_called(sentence, self._program)}", "note:", "dim")

    def finding(self, severity: str, text: str) -> None:
        """Print a finding, its severity in color on a terminal that wants it."""
        words = as_called(text, self._program)
        self._sentence(f"{severity}: {words}", f"{severity}:", _STYLES[severity])

    def _sentence(self, text: str, start: str, style: str, indent: int = 0) -> None:
        """Print a sentence that may be wrapped, its start in a style, further lines indented."""
        console = self.console
        if console is None:
            self.say(_printable(text))
            return
        from rich.text import Text

        width = min(console.width, _WIDEST_SENTENCE)
        lines = Text("\n".join(_wrapped(_printable(text), width, indent)))
        if start:
            lines.stylize(style, 0, len(start))
        console.print(lines, soft_wrap=True)

    def facts(self, pairs: Mapping[str, str]) -> None:
        """Print names and values in two columns."""
        width = max(len(name) for name in pairs) + _GAP
        for name, value in pairs.items():
            self._sentence(f"{name:<{width}}{value}", name, "bold", width)

    @property
    def width(self) -> int:
        """Columns that tables may take."""
        return width_of_output()

    def table(
        self,
        header: Sequence[str],
        lines: Sequence[Sequence[str]],
        *,
        first_is_name: bool = True,
        last_is_list: bool = False,
    ) -> None:
        """Print columns, the first flush left, the others flush right, on the whole width.

        Names and lists are shortened, numbers never: columns that do not fit beside the names stand
        in a second table below.

        Args:
            header: names of the columns.
            lines: cells of each line.
            first_is_name: whether cells of the first column may be shortened.
            last_is_list: whether those of the last may be; it is flush left.

        Examples:
            >>> Printer().table(["series", "flagged"], [["flow", "12"], ["level", "3"]])
            series  flagged
            flow         12
            level         3
        """
        if self.is_quiet:
            return
        from rich.cells import cell_len

        cells = [
            [_printable(cell) for cell in column] for column in zip(header, *lines, strict=True)
        ]
        widths = [max(map(cell_len, column)) for column in cells]
        least = [*widths]
        if first_is_name:
            least[0] = min(widths[0], _SHORTEST_NAME)
        if last_is_list:
            least[-1] = min(widths[-1], _SHORTEST_LIST)
        # Not the console of the lines: what moves on its last line would be caught with a table.
        console = terminal_on(sys.stdout) if self.console else _plain_console()
        for number, columns in enumerate(_tables(widths, least, console.width)):
            if number:
                self.say()
            table = _rich_table(cells, columns, left={0, len(cells) - 1 if last_is_list else 0})
            with console.capture() as captured:
                console.print(table, width=console.width)
            for line in captured.get().splitlines():
                self.say(line.rstrip())

    def machine_readable(self, content: Mapping[str, Any]) -> None:
        """Print JSON where --json asks for it, which also silences everything else."""
        if self._as_json:
            print(json.dumps(content, indent=2), flush=True)


def terminal_on(stream: Any) -> "Console":
    """Return a console of rich on a stream that is a terminal; nothing in text is markup.

    No style is shown if NO_COLOR is set, or on a terminal that knows none.
    """
    from rich.console import Console

    return Console(
        file=stream,
        force_terminal=True,
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        width=width_of_output(),
        markup=False,
        emoji=False,
        highlight=False,
    )


def width_of_output() -> int:
    """Return the columns of the terminal, or those that COLUMNS asks for, at least `NARROWEST`."""
    return max(shutil.get_terminal_size((PIPE_WIDTH, 24)).columns, NARROWEST)


def start_backend() -> None:
    """Import the framework without its messages on standard error.

    A command owns its process, so it may take standard error away for that moment, as a library may
    not: the framework's C++ code writes past `sys.stderr`. All is shown if the import fails, or if
    the user has set TF_CPP_MIN_LOG_LEVEL.
    """
    from dcvae import _backend
    from dcvae._compiled import kept_programs

    if "keras" not in sys.modules:
        # What the import leaves lives to the end: going through it at exit takes most of a second.
        atexit.register(gc.freeze)
    with without_framework_log(), kept_programs():
        _backend.start()


@contextmanager
def without_framework_log() -> Iterator[None]:
    """Take standard error away for a while in which the framework is imported.

    All is shown if that fails, or if the user has set TF_CPP_MIN_LOG_LEVEL.

    Yields:
        None.
    """
    from dcvae._backend import LOG_LEVEL

    if LOG_LEVEL in os.environ:
        yield
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as log:
        stderr = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            yield
        except KeyboardInterrupt:  # which the log has nothing to do with
            raise
        except BaseException:
            log.seek(0)
            os.write(stderr, log.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def _plain_console() -> "Console":
    from rich.console import Console

    return Console(
        force_terminal=False,
        color_system=None,
        width=width_of_output(),
        markup=False,
        emoji=False,
        highlight=False,
    )


def _printable(text: str) -> str:
    """Write control characters, as a name from a file may have, as Python writes them."""
    return _CONTROL.sub(lambda found: repr(found.group())[1:-1], text)


def _wrapped(text: str, width: int, indent: int) -> list[str]:
    """Break a text between words; a word that is longer than a line, as a path, stays whole."""
    from rich.cells import cell_len

    line, *words = text.split(" ")
    lines = []
    for word in words:
        if line.strip() and cell_len(line) + 1 + cell_len(word) > width:
            lines.append(line)
            line = " " * indent + word
        else:
            line = f"{line} {word}"
    return [*lines, line]


def _tables(widths: Sequence[int], least: Sequence[int], total: int) -> list[dict[int, int]]:
    """Distribute columns over as few tables as they need, each of which has the first column.

    Args:
        widths: what each column would take.
        least: what each needs at least.
        total: what all of a table may take.

    Returns:
        For each table the numbers of its columns and what they take.
    """
    tables: list[list[int]] = []
    used = total + 1
    for column in range(1, len(widths)):
        if used + _GAP + least[column] > total:
            tables.append([0])
            used = least[0]
        tables[-1].append(column)
        used += _GAP + least[column]
    found = []
    for columns in tables or [[0]]:
        takes = {column: least[column] for column in columns}
        left = total - sum(takes.values()) - _GAP * (len(columns) - 1)
        for column in columns:  # what is left is for the names, then for the list
            more = max(min(widths[column] - takes[column], left), 0)
            takes[column] += more
            left -= more
        found.append(takes)
    shared = min(takes[0] for takes in found)  # names as long in all of them
    return [takes | {0: shared} for takes in found]


def _rich_table(
    cells: Sequence[Sequence[str]], columns: Mapping[int, int], left: set[int]
) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    for number, width in columns.items():
        table.add_column(
            Text(cells[number][0]),
            justify="left" if number in left else "right",
            width=width,
            no_wrap=True,
            overflow="ellipsis",
        )
    for line in zip(*(cells[number][1:] for number in columns), strict=True):
        table.add_row(*map(Text, line))
    return table
