"""Printer of a command: lines on standard output, one JSON object, or nothing."""

import atexit
import gc
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH = 100  # columns that tables may take

_COLORS = {"bad": 31, "warning": 33, "good": 32, "info": 36}


class Printer:
    """A printer of lines for people, or of one JSON object for programs.

    Args:
        quiet: print nothing but errors.
        as_json: print one JSON object and nothing else but errors.

    Examples:
        >>> Printer().facts({"data": "test.csv", "series": "24"})
        data    test.csv
        series  24
        >>> Printer(quiet=True).say("not printed")
    """

    def __init__(self, *, quiet: bool = False, as_json: bool = False) -> None:
        self.is_quiet = quiet or as_json
        self._as_json = as_json

    def say(self, text: str = "") -> None:
        """Print a line, unless quiet."""
        if not self.is_quiet:
            print(text, flush=True)

    def warn(self, text: str) -> None:
        """Print a line on standard error, quiet or not."""
        print(text, file=sys.stderr)

    def notice(self, notices: Sequence[str]) -> None:
        """Print notices: sentences a user should know of but need not act on."""
        for sentence in notices:
            self.say(f"note: {sentence}")

    def facts(self, pairs: Mapping[str, str]) -> None:
        """Print names and values in two columns."""
        width = max(len(name) for name in pairs)
        for name, value in pairs.items():
            self.say(f"{name:<{width}}  {value}")

    def table(self, header: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
        """Print columns, the first flush left, the others flush right, at most `WIDTH` wide.

        Args:
            header: names of the columns; one that begins with "series," is flush left.
            lines: cells of each line.

        Examples:
            >>> Printer().table(["series", "flagged"], [["flow", "12"], ["level", "3"]])
            series  flagged
            flow         12
            level         3
        """
        widths = [max(len(str(line[i])) for line in [header, *lines]) for i in range(len(header))]
        widths[0] = min(widths[0], 24)
        for line in [header, *lines]:
            cells = [f"{_cut(line[0], widths[0]):<{widths[0]}}"]
            for cell, width, name in zip(line[1:], widths[1:], header[1:], strict=True):
                cells.append(cell if name.startswith("series,") else f"{cell:>{width}}")
            self.say(_cut("  ".join(cells).rstrip(), WIDTH))

    def finding(self, severity: str, text: str) -> None:
        """Print a finding, its severity in color on a terminal that wants it."""
        word = f"{severity}:"
        if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
            word = f"\033[{_COLORS[severity]}m{word}\033[0m"
        self.say(f"{word} {text}")

    def machine_readable(self, content: Mapping[str, Any]) -> None:
        """Print JSON where --json asks for it, which also silences everything else."""
        if self._as_json:
            print(json.dumps(content, indent=2), flush=True)


def start_backend() -> None:
    """Import the framework without its messages on standard error.

    A command owns its process, so it may take standard error away for that moment, as a library may
    not: the framework's C++ code writes past `sys.stderr`. All is shown if the import fails, or if
    the user has set TF_CPP_MIN_LOG_LEVEL.
    """
    from dcvae import _backend

    if "keras" not in sys.modules:
        # What the import leaves lives to the end: going through it at exit takes most of a second.
        atexit.register(gc.freeze)
    if _backend.LOG_LEVEL in os.environ:
        _backend.start()
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as log:
        stderr = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            _backend.start()
        except BaseException:
            log.seek(0)
            os.write(stderr, log.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
