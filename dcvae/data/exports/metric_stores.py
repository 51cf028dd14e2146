"""Readers of what the stores of metrics answer: Prometheus `query_range`, Graphite's render API."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from dcvae.data.exports.assembly import Assembly, numbered_rows
from dcvae.data.exports.form import Form
from dcvae.data.files.frame_file import FrameFile

_PROMETHEUS = re.compile(
    r'\s*\{\s*"status"\s*:\s*"(success|error)".*"(resultType|errorType)"\s*:'
    r'|\s*\{\s*"data"\s*:\s*\{\s*"result(Type"\s*:|"\s*:\s*\[\s*\{\s*"metric"\s*:)'
    r'|\s*\[\s*\{\s*"metric"\s*:\s*\{',
    re.DOTALL,
)
_RAW = re.compile(
    r"[^\n]*,\d{9,10},\d{9,10},\d+\|(None|nan|-?inf|-?\d[^,\n]*)?(,|\r?$)", re.MULTILINE
)
_CSV_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
_CSV = re.compile(
    rf'("([^"\n]|"")+"|[^,"\n]+),{_CSV_TIME},(-?\d+(\.\d*)?(e[-+]?\d+)?|nan|-?inf)?\r?(\n|$)'
)
_JSON = re.compile(
    r'\s*\[\s*\{(?=[^\[]*"(target|datapoints)"\s*:).*"datapoints"\s*:\s*\[', re.DOTALL
)


def _read_prometheus(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, PROMETHEUS.name)
    content = assembly.json(text)
    if isinstance(content, list):  # as of promtool
        content = {"data": {"resultType": "matrix", "result": content}}
    if content.get("status") == "error":
        assembly.refuse(
            f"the server refused the query ({content.get('errorType')}: {content.get('error')}); "
            "correct the query and export its answer again"
        )
    data = content.get("data")
    kind = data.get("resultType", "matrix") if isinstance(data, dict) else None
    if kind != "matrix":
        assembly.refuse(
            f"its result is of the type `{kind}`, one value a series or none; ask `query_range` "
            "with `start`, `end` and `step`, whose result is a `matrix`"
        )
    if not (isinstance(data.get("result"), list) and data["result"]):
        assembly.refuse("the query found no series in its span; widen `start` and `end`")
    for number, series in enumerate(data["result"]):
        try:
            name = _prometheus_name(series["metric"])
            points = series.get("values", [])
            times, values = [point[0] for point in points], [point[1] for point in points]
        except (KeyError, TypeError, AttributeError, IndexError):
            assembly.refuse(
                f"series {number + 1:,} is not of the form metric and values; export it again"
            )
        if "histograms" in series:
            assembly.notices.append(f"The histograms of `{name}` are left out.")
        assembly.add(assembly.epochs(times), {name: values})
    assembly.notices += [
        f"The server warned: {warning}." for warning in content.get("warnings", [])
    ]
    return assembly.file(named="metric and labels")


def _prometheus_name(labels: dict[str, str]) -> str:
    """Write labels as in a query. All of them, so that a name is the same in every file."""
    pairs = [
        f"{label}={json.dumps(str(value), ensure_ascii=False)}"
        for label, value in labels.items()
        if label != "__name__"
    ]
    name = labels.get("__name__", "")
    return (name + (f"{{{','.join(pairs)}}}" if pairs else "")) or "value"


def _read_raw(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, GRAPHITE_RAW.name)
    for row, line in zip(*numbered_rows(text), strict=True):
        head, _, body = row.rstrip("\r").rpartition("|")
        # The name may have commas, as a function of several arguments has.
        parts = head.rsplit(",", 3)
        if len(parts) < 4 or not all(part.isdigit() for part in parts[1:]):
            assembly.refuse(
                f"line {line:,} is not of the form `name,start,end,step|values`; export it again"
            )
        start, end, step = map(int, parts[1:])
        values = body.split(",") if body else []
        if not step or len(values) != len(range(start, end, step)):
            assembly.refuse(
                f"line {line:,} has {len(values):,} values where its start, end and step ask for "
                f"{len(range(start, end, step)) if step else 0:,}: it is cut off; export it again"
            )
        assembly.add(assembly.epochs(np.arange(start, end, step)), {parts[0]: values})
    return assembly.file(named="their targets")


def _is_graphite_csv(head: str) -> bool:
    """Tell by all lines that are there in full, as each is a value and none is a header."""
    lines = head.split("\n")
    whole = [line for line in (lines[:-1] if len(lines) > 1 else lines) if line.strip()]
    return bool(whole) and all(_CSV.fullmatch(line) for line in whole)


def _read_csv(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, GRAPHITE_CSV.name)
    rows, lines = numbered_rows(text)
    cells, lines = assembly.cells(rows, lines, ["target", "time", "value"], ",")
    times = assembly.times(cells[1], "%Y-%m-%d %H:%M:%S", lines)
    groups = cells[0].groupby(cells[0].to_numpy(), sort=False).indices
    for name, numbers in groups.items():
        part = times.iloc[numbers].reset_index(drop=True)
        assembly.add(part, {str(name): cells[2].to_numpy()[numbers]}, "", lines[numbers])
    assembly.notices.append(
        "Its times are of the time zone that Graphite was asked for (`tz=`) or set to."
    )
    return assembly.file(named="their targets")


def _read_json(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, GRAPHITE_JSON.name)
    content: list[Any] = assembly.json(text)
    for number, series in enumerate(content):
        try:
            name, points = str(series["target"]), series["datapoints"]
            values, times = [point[0] for point in points], [point[1] for point in points]
        except (KeyError, TypeError, IndexError):
            assembly.refuse(
                f"series {number + 1:,} is not of the form target and datapoints; export it again"
            )
        assembly.add(assembly.epochs(times), {name: values})
    return assembly.file(named="their targets")


PROMETHEUS = Form(
    "query_range of Prometheus (JSON)", lambda head: bool(_PROMETHEUS.match(head)), _read_prometheus
)
GRAPHITE_RAW = Form("Graphite, format=raw", lambda head: bool(_RAW.match(head)), _read_raw)
GRAPHITE_CSV = Form("Graphite, format=csv", _is_graphite_csv, _read_csv)
GRAPHITE_JSON = Form("Graphite, format=json", lambda head: bool(_JSON.match(head)), _read_json)
