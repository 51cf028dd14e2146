"""Mistakes to make in the files and words of a command, and the refusal that should follow."""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from support.script_tools import SETTINGS, Place, ending_before_it_computes, run, write_settings
from support.stored_models import contents


@dataclass
class Mistake:
    """Something that a script refuses.

    Attributes:
        name: of the test.
        script: which script.
        spoil: makes the mistake in a place.
        message: part of what stderr says.
        usage: whether argparse finds it, which prints the usage first.
    """

    name: str
    script: str
    spoil: Callable[[Place], Any]
    message: str
    usage: bool = False


def data(change, path="data"):
    """Change the text of a file, by attribute of Place or by name; bytes replace it."""

    def spoil(place):
        file = getattr(place, path) if hasattr(place, path) else place.folder / path
        content = change if isinstance(change, bytes) else change(file.read_text()).encode()
        file.write_bytes(content)

    return spoil


def labels(change):
    return data(change, "labels")


def lines(change):
    """Change the lines of a text, a list with the header first."""

    def changed(text):
        found = text.splitlines()
        return "\n".join(change(found)) + "\n"

    return changed


def replaced(line, old, new):
    """Replace text in one line; 0 is the header."""

    def change(found):
        assert old in found[line]
        found[line] = found[line].replace(old, new)
        return found

    return lines(change)


def cell(line, column, new):
    """Replace one cell."""

    def change(found):
        cells = found[line].split(",")
        cells[column] = new
        found[line] = ",".join(cells)
        return found

    return lines(change)


def column(number, new):
    """Replace a whole column but for its name; ``new`` takes the number of the row."""

    def change(found):
        rows = [line.split(",") for line in found]
        for row_number, row in enumerate(rows[1:]):
            row[number] = new(row_number)
        return [",".join(row) for row in rows]

    return lines(change)


def keys(**changed):
    return lambda place: write_settings(place.settings, **changed)


def settings(text):
    return lambda place: place.settings.write_bytes(
        text if isinstance(text, bytes) else text.encode()
    )


def without_key(name):
    kept = {key: value for key, value in SETTINGS.items() if key != name}
    return settings(json.dumps(kept))


def words(*more):
    return lambda place: place.more.extend(more)


def context(change):
    """Give val.csv, changed, as context."""

    def spoil(place):
        data(change, "val.csv")(place)
        place.more += ["--context", str(place.folder / "val.csv")]

    return spoil


def other_file(attribute, name):
    """Give another path; the names of folders end in a slash."""

    def spoil(place):
        path = place.folder / name
        if name.endswith("/"):
            path.mkdir()
        if attribute == "data":
            place.data = path
        else:
            (place.folder / attribute).unlink()
            if name.endswith("/"):
                path.rename(place.folder / attribute)

    return spoil


def renamed_data(name, content):
    def spoil(place):
        place.data = place.folder / name
        place.data.write_bytes(content)

    return spoil


def model_file(name, content=None):
    """Replace a file of the model, or take it away."""

    def spoil(place):
        path = place.model / name
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content(path.read_bytes()) if callable(content) else content)

    return spoil


def models_is_a_file(place):
    (place.folder / "file").write_text("")
    place.more += ["--models", str(place.folder / "file")]


def no_model(place):
    shutil.rmtree(place.model)


def both(*spoilers):
    def spoil(place):
        for one in spoilers:
            one(place)

    return spoil


def first(number):
    return lines(lambda found: found[:number])


def is_refusal(mistake, ended):
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    assert ended.stderr.count("error: ") == 1
    assert ended.stderr.startswith("usage: " if mistake.usage else "error: ")
    assert mistake.message in ended.stderr
    assert ended.stderr.endswith("\n")


def named(mistakes):
    return pytest.mark.parametrize(
        "spoiled", [pytest.param(mistake, id=mistake.name) for mistake in mistakes], indirect=True
    )


def refused_before_it_computes(mistake, place, before):
    """Call the script in this process, where nothing slow may begin."""
    started = time.monotonic()
    with ending_before_it_computes(AssertionError("too late")):
        ended = place.call(mistake.script)
    assert time.monotonic() - started < 10
    is_refusal(mistake, ended)
    assert contents(place.models) == before


def refused_in_a_process_of_its_own(mistake, place, before, poison):
    """Run the script where the framework cannot even be imported."""
    started = time.monotonic()
    ended = run(mistake.script, *place.words(mistake.script), cwd=place.folder, poison=poison)
    assert time.monotonic() - started < 10
    is_refusal(mistake, ended)
    assert contents(place.models) == before
