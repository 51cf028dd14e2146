"""Readers of what rrdtool writes: `xport`, as XML and as JSON, and `fetch`.

All have one row a step, their times in seconds since 1970 at the end of the step. A step that is
not over, or for which the archive has no value, is NaN.
"""

import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dcvae.data.exports.assembly import Assembly, distinct, numbered_rows
from dcvae.data.exports.form import Form
from dcvae.data.files.frame_file import FrameFile

_XML = re.compile(r"\s*(<\?xml[^>]*\?>\s*)?<xport>")
_JSON = re.compile(r"""\s*\{\s*"?about"?\s*:\s*["']RRDtool \w+ JSON output""")
_SPAN = ("start", "step")
_FETCH = re.compile(r"[ \t]+\S+([ \t]+\S+)*[ \t]*\r?\n[ \t]*\r?\n\d+: ")


def _read_xml(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, XPORT_XML.name)
    legend: list[str] = []
    meta: dict[str, str] = {}
    times: list[str] = []
    values: list[list[str]] = []
    # rrdtool writes legends as they are, unescaped.
    source = io.StringIO(re.sub(r"&(?!\w+;|#)", "&amp;", text))
    try:
        for _, element in ElementTree.iterparse(source):
            if element.tag == "entry":
                legend.append(element.text or "")
            elif element.tag in ("start", "step", "rows"):
                meta[element.tag] = element.text or ""
            elif element.tag == "row":
                times += [cell.text or "" for cell in element.iterfind("t")]
                values.append([cell.text or "" for cell in element.iterfind("v")])
                element.clear()  # a row takes less memory as a list
    except ElementTree.ParseError as error:
        assembly.refuse(
            f"line {error.position[0]:,} cannot be read as XML ({error}): it is damaged or cut "
            "off; export it again"
        )
    if "rows" in meta and meta["rows"] != str(len(values)):
        assembly.refuse(
            f"it should have {meta['rows']} rows and has {len(values):,}; export it again"
        )
    return _xport(assembly, legend, meta, values, times)


def _read_json(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, XPORT_JSON.name)
    if re.match(r"\s*\{\s*about", text):
        assembly.refuse(
            "it is of an rrdtool older than 1.5, whose JSON has names without quotes; export it "
            "without `--json`"
        )
    content = assembly.json(text)
    try:
        meta, values = content["meta"], content["data"]
        legend = [str(name) for name in meta["legend"]]
        has_times = bool(values) and len(values[0]) == len(legend) + 1
        times = [row[0] for row in values] if has_times else []
        return _xport(assembly, legend, meta, [row[has_times:] for row in values], times)
    except (KeyError, TypeError, IndexError):
        assembly.refuse("it lacks `meta` with its `legend`, or `data` in rows; export it again")


def _xport(
    assembly: Assembly,
    legend: Sequence[str],
    meta: dict[str, Any],
    values: list[list[Any]],
    times: Sequence[Any],
) -> FrameFile:
    """Make the table of an xport from its parts.

    Args:
        assembly: of the file.
        legend: (series,) names; "" for a series without.
        meta: `start` and `step`, in seconds.
        values: (rows, series).
        times: (rows,) seconds since 1970; empty if the file has none.
    """
    for row, cells in enumerate(values):
        if len(cells) != len(legend):
            assembly.refuse(
                f"row {row + 1:,} has {len(cells):,} values and its legend names {len(legend):,} "
                "series; export it again"
            )
    if not times:
        start, step = (float(pd.to_numeric(str(meta.get(k)), errors="coerce")) for k in _SPAN)
        if not (start > 0 and step > 0):
            assembly.refuse("its `start` or `step` is missing; export it again, or with `-t`")
        times = (start + step * np.arange(len(values))).astype(np.int64).tolist()
    elif len(times) != len(values):
        assembly.refuse("some of its rows have a time and others have none; export it again")
    names = [name.strip() or f"series {number + 1}" for number, name in enumerate(legend)]
    table = pd.DataFrame(values, columns=distinct(names))
    assembly.add(assembly.epochs(times), {str(name): table[name] for name in table})
    return assembly.file()


def _read_fetch(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, FETCH.name)
    rows, lines = numbered_rows(text)
    names = rows[0].split()
    # Runs of blanks separate the names, and single ones the values.
    cells, lines = assembly.cells(
        [row.strip() for row in rows[1:]], lines[1:], ["time", *names], " "
    )
    times = assembly.epochs(cells.pop(0).str.removesuffix(":"), "s", lines)
    assembly.add(times, dict(zip(distinct(names), cells, strict=True)), "", lines)
    return assembly.file()


XPORT_XML = Form("rrdtool xport (XML)", lambda head: bool(_XML.match(head)), _read_xml)
XPORT_JSON = Form("rrdtool xport (JSON)", lambda head: bool(_JSON.match(head)), _read_json)
FETCH = Form("rrdtool fetch", lambda head: bool(_FETCH.match(head)), _read_fetch)
