"""Readers of what Grafana and Zabbix export: CSV of a panel; history as JSON, CSV or plain text."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from dcvae._arrays import IntArray
from dcvae.data.exports.assembly import Assembly, distinct, numbered_rows, split_row
from dcvae.data.exports.form import Form
from dcvae.data.exports.quantities import plain_numbers
from dcvae.data.files.frame_file import FrameFile

_GRAFANA = re.compile(
    r'(?:sep=[^\n]\r?\n)?(?:"Time"([,;\t])"(?:[^"\n]|"")*"(?:\1"(?:[^"\n]|"")*")*'
    r'|"?Series"?[,;\t]"?Time"?[,;\t]"?Value"?)\r?\n'
)
_WITH_UNIT = re.compile(
    r'[,;\t]"?-?\d[\d.,]* ?(?![eE][-+]?\d)(?:%|[A-Za-zµ°][\w/]*)"?(?=[,;\t\r\n])'
)
_ZABBIX_JSON = re.compile(
    r'\s*\{\s*"jsonrpc"\s*:|\s*(?:\[\s*)?\{(?=[^{}]*(?:\{[^{}]*\}[^{}]*)*"clock"\s*:)'
    r'(?=[^{}]*(?:\{[^{}]*\}[^{}]*)*"itemid"\s*:)'
)
_ZABBIX_CSV = re.compile(r'(?=[^\n]*\bitemid\b)(?=[^\n]*\bclock\b)[\w"]+([,;\t])[\w",;\t ]+\r?\n')
_ZABBIX_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (\d{9,10}) (.*)")
_TRENDS = ("value_min", "value_avg", "value_max")
_ZABBIX_TEXT = re.compile(r"(?:[^\n]*\n)?" + _ZABBIX_LINE.pattern)


def _is_grafana(head: str) -> bool:
    """Tell Grafana's CSV by what plain CSV has not: series as rows, several headers, or units.

    A quoted `Time` alone is written by others, too, and without these is read the same as by them.
    """
    header = _GRAFANA.match(head)
    if header is None:
        return False
    rows = head[header.end() :]
    again = any(_GRAFANA.match(line + "\n") for line in rows.split("\n"))
    return header[1] is None or again or bool(_WITH_UNIT.search(rows))


def _read_grafana(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, GRAFANA.name)
    rows, lines = numbered_rows(text)
    rows = [row.rstrip("\r") for row in rows]
    first = int(rows[0].startswith("sep="))
    mark = (
        rows[0][4] if first else (re.search(r"[,;\t]", re.sub(r'"[^"]*"', "", rows[0])) or ",")[0]
    )
    # Every frame of a panel has a header; a blank line is between them.
    starts = [n for n, row in enumerate(rows) if n >= first and _GRAFANA.match(row + "\n")]
    for start, stop in zip(starts, [*starts[1:], len(rows)], strict=True):
        names = split_row(rows[start], mark)
        cells, where = assembly.cells(rows[start + 1 : stop], lines[start + 1 : stop], names, mark)
        if not len(where):
            continue
        if names == ["Series", "Time", "Value"]:
            times = _grafana_times(assembly, cells[1], where)
            values = plain_numbers(assembly, pd.DataFrame({"": cells[2]}))
            assembly.add_entities(times, cells[0], {"": values[""]}, where)
            continue
        times = cells[0].str.strip()
        if len(starts) > 1:
            times = _grafana_times(assembly, times, where)
        names = distinct(names[1:])
        values = plain_numbers(assembly, pd.DataFrame(dict(zip(names, cells[1:], strict=True))))
        assembly.add(times, {name: values[name] for name in names}, "", where)
    return assembly.file(named="their legends")


def _grafana_times(assembly: Assembly, cells: pd.Series, lines: IntArray) -> pd.Series:
    """Read times as Grafana writes them: since 1970, with their offset, or of the dashboard."""
    text = cells.str.strip()
    if text.str.fullmatch(r"\d{13}").all():
        return assembly.epochs(text, "ms", lines)
    has_zone = bool(text.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$").all())
    return assembly.times(text, "ISO8601", lines, utc=has_zone)


def _read_zabbix_json(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, ZABBIX_JSON.name)
    is_ndjson = text.lstrip().startswith("{") and not re.match(r'\s*\{\s*"jsonrpc"', text)
    if is_ndjson:  # the real-time export writes one object a line
        content: Any = [assembly.json(line) for line in numbered_rows(text)[0]]
    else:
        content = assembly.json(text)
    if isinstance(content, dict):
        if "error" in content:
            error = content["error"]
            reason = error.get("data") or error.get("message") if isinstance(error, dict) else error
            assembly.refuse(f"the server refused the request: {str(reason).rstrip('.')}")
        content = content.get("result")
    if not isinstance(content, list) or not all(isinstance(record, dict) for record in content):
        assembly.refuse("its `result` is no list of records; ask `history.get` or `trend.get`")
    if not content:
        assembly.refuse(
            "its `result` is empty; widen `time_from` and `time_till`, and give the `history` type "
            "of the items (0 for numbers with decimals, 3 for whole ones)"
        )
    frame = pd.DataFrame.from_records(content)
    if not {"clock", "itemid"} <= set(frame):
        assembly.refuse(
            "its records lack `clock` or `itemid`; ask `history.get` or `trend.get` with "
            "`output: extend`"
        )
    if {"host", "name"} <= set(frame):
        hosts = frame["host"].map(
            lambda host: host.get("host", "") if isinstance(host, dict) else host
        )
        entities = hosts.astype("str") + " " + frame["name"].astype("str")
    else:
        entities = "item " + frame["itemid"].astype("str")
    return _zabbix(assembly, frame, entities, None)


def _read_zabbix_csv(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, ZABBIX_CSV.name)
    rows, lines = numbered_rows(text)
    rows = [row.rstrip("\r") for row in rows]
    mark = next(mark for mark in ",;\t" if mark in rows[0])
    names = [name.strip() for name in split_row(rows[0], mark)]
    cells, lines = assembly.cells(rows[1:], lines[1:], names, mark)
    frame = pd.DataFrame(dict(zip(distinct(names), cells, strict=True)))
    return _zabbix(assembly, frame, "item " + frame["itemid"], lines)


def _read_zabbix_text(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, ZABBIX_TEXT.name)
    rows, lines = numbered_rows(text)
    title = "" if _ZABBIX_LINE.match(rows[0]) else rows.pop(0).strip()
    lines = lines[-len(rows) :]
    found = pd.Series(rows).str.rstrip("\r").str.extract(f"^{_ZABBIX_LINE.pattern}$")
    wrong = found[0].isna().to_numpy().nonzero()[0]
    if len(wrong):
        assembly.refuse(
            f"line {lines[wrong[0]]:,} is not of the form time, seconds since 1970 and value: it "
            "is cut off; export it again"
        )
    assembly.add(assembly.epochs(found[0], "s", lines), {title or "value": found[1]}, "", lines)
    return assembly.file()


def _zabbix(
    assembly: Assembly, frame: pd.DataFrame, entities: pd.Series, lines: IntArray | None
) -> FrameFile:
    """Make the table of records of history (`value`) or of trends (`value_min`, ...)."""
    metrics = [name for name in frame if name == "value" or name in _TRENDS]
    if not metrics:
        assembly.refuse("its records have no `value`; ask for it (`output: extend`)")
    times = assembly.epochs(frame["clock"], "s", lines)
    if "ns" in frame and pd.DataFrame({"time": times, "entity": entities}).duplicated().any():
        parts = pd.to_numeric(frame["ns"], errors="coerce")
        if not parts.between(0, 999_999_999).all():
            assembly.refuse("some of its `ns` are no nanoseconds of a second; export it again")
        times = times + pd.to_timedelta(parts // 1_000, unit="us")
    elif "ns" in frame:
        assembly.notices.append("Its times are cut to whole seconds (`clock`); `ns` is left out.")
    columns = {name.removeprefix("value"): frame[name] for name in metrics}
    columns = {name.removeprefix("_"): cells for name, cells in columns.items()}
    assembly.add_entities(times, entities, columns, lines)
    return assembly.file()


GRAFANA = Form("Grafana CSV", _is_grafana, _read_grafana)
ZABBIX_JSON = Form(
    "Zabbix history (JSON)", lambda head: bool(_ZABBIX_JSON.match(head)), _read_zabbix_json
)
ZABBIX_CSV = Form(
    "Zabbix history (CSV)", lambda head: bool(_ZABBIX_CSV.match(head)), _read_zabbix_csv
)
ZABBIX_TEXT = Form(
    "Zabbix history (plain text)", lambda head: bool(_ZABBIX_TEXT.match(head)), _read_zabbix_text
)
