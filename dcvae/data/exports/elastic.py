"""Readers of exports of Kibana (CSV) and of answers of Elasticsearch (JSON).

Kibana writes numbers and times as they are displayed; Elasticsearch writes either documents or the
buckets of aggregations, which may be nested in each other.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dcvae._arrays import IntArray
from dcvae._text import all_quoted
from dcvae.data.exports.assembly import Assembly, numbered_rows, split_row
from dcvae.data.exports.form import Form
from dcvae.data.exports.quantities import plain_numbers
from dcvae.data.files.frame_file import FrameFile

_SHOWN_TIME = re.compile(r"[A-Z][a-z]{2} \d{1,2}, \d{4} @ \d\d:\d\d:\d\d\.\d{3}")
_PER = re.compile(r".+ per (\d+ )?(millisecond|second|minute|hour|day|week|month|year)s?")
_PER_TIME = re.compile(r"\d{4}-\d\d-\d\d.*|\d\d:\d\d(:\d\d(\.\d+)?)?|\d{13}|" + _SHOWN_TIME.pattern)
_JSON = re.compile(
    r'\s*\{\s*("took"\s*:\s*\d|"(aggregations|aggs|hits|_shards|_scroll_id|pit_id)"\s*:\s*["{]'
    r'|"error"\s*:\s*\{\s*"(root_cause|type|caused_by)")'
)
_EARLIEST_MS = 10**11  # a key of a date histogram is a number of milliseconds, after 1973
_STATISTICS = frozenset(("count", "min", "max", "avg", "sum", "std_deviation", "variance"))


def _kibana_time(names: Sequence[str], cells: Sequence[str]) -> int | None:
    """Return the column of the time by the header and one row; None if Kibana wrote neither."""
    pairs = list(zip(names, cells, strict=False))
    for column, (name, cell) in enumerate(pairs):
        if name == "@timestamp" or (_PER.fullmatch(name) and _PER_TIME.fullmatch(cell)):
            return column
    return next((n for n, (_, cell) in enumerate(pairs) if _SHOWN_TIME.fullmatch(cell)), None)


def _is_kibana(head: str) -> bool:
    rows = [row.rstrip("\r") for row in head.split("\n")[:2]]
    if len(rows) < 2 or not rows[1] or rows[0].startswith(("{", "[", "#")):
        return False
    separator = ";" if rows[0].count(";") > rows[0].count(",") else ","
    names, cells = (split_row(row, separator) for row in rows)
    return len(names) > 1 and _kibana_time(names, cells) is not None


def _read_kibana(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, KIBANA.name)
    rows, lines = numbered_rows(text)
    rows = [row.rstrip("\r") for row in rows]
    separator = ";" if rows[0].count(";") > rows[0].count(",") else ","
    names = split_row(rows[0], separator)
    columns, lines = assembly.cells(rows[1:], lines[1:], names, separator)
    if not len(lines):
        assembly.refuse("it has a header but no rows; widen the time range")
    column = _kibana_time(names, [str(cells.iloc[0]) for cells in columns]) or 0
    times = _shown_times(assembly, columns[column], names[column], lines)
    if len(set(names)) < len(names):
        repeated = sorted({name for name in names if names.count(name) > 1})
        assembly.refuse(f"its columns {all_quoted(repeated)} come twice; give them other labels")
    cells = pd.DataFrame(dict(zip(names, columns, strict=True))).drop(columns=names[column])
    return _documents(assembly, times, plain_numbers(assembly, cells, 1_024), lines)


def _shown_times(assembly: Assembly, cells: pd.Series, name: str, lines: IntArray) -> pd.Series:
    """Read times as Kibana writes them; those that lack their date are refused."""
    text = cells.str.strip()
    if text.str.fullmatch(r"\d{13}").all():
        return assembly.epochs(text, "ms", lines)
    if text.str.fullmatch(_SHOWN_TIME.pattern).all():
        assembly.notices.append(
            "Its times are of the time zone of Kibana (`dateFormat:tz`, else the browser's)."
        )
        return assembly.times(text, "%b %d, %Y @ %H:%M:%S.%f", lines)
    if text.str.fullmatch(r"\d\d:\d\d(:\d\d(\.\d+)?)?").any():
        assembly.refuse(
            f"the times of `{name}` have no date; set `dateFormat:scaled` in the advanced settings "
            "of Kibana to a form with one, or download the raw CSV"
        )
    has_zone = bool(text.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$").all())
    return assembly.times(text, "ISO8601", lines, utc=has_zone)


def _documents(
    assembly: Assembly, times: pd.Series, cells: pd.DataFrame, lines: IntArray | None
) -> FrameFile:
    """Make the table of rows, with the columns of text as entities where times repeat."""
    if not times.duplicated().any():
        assembly.add(times, {str(name): cells[name] for name in cells}, "", lines)
        return assembly.file()
    keys = _keys(times, cells)
    if not keys:
        assembly.refuse(
            f"{times.duplicated().to_numpy().sum():,} of its {len(times):,} rows have the time of "
            "another row, and no column of text tells them apart: these are single events; "
            "aggregate them over time first (date histogram)"
        )
    assembly.notices.append(f"The text of {all_quoted(keys)} tells its series apart.")
    values = {str(name): cells[name] for name in cells if name not in keys}
    assembly.add_entities(times, _joined(cells, keys), values, lines)
    return assembly.file()


def _keys(times: pd.Series, cells: pd.DataFrame) -> list[str]:
    """Return the columns that tell rows of one time apart, those of fewest values; else none."""
    keys = [str(name) for name in cells if re.match(r"Top .*values of|Filters", str(name))]
    text = [
        str(name)
        for name in cells
        if name not in keys and pd.to_numeric(cells[name], errors="coerce").isna().all()
    ]
    for name in ["", *sorted(text, key=lambda name: len(set(cells[name])))]:
        keys += [name] if name else []
        rows = pd.DataFrame({"time": times, "entity": _joined(cells, keys)})
        if not rows.duplicated().any():
            # Texts that are nearly another in every row, such as messages, name no entities.
            are_events = len(rows) > 20 and rows["entity"].nunique() > len(rows) / 2
            return [] if are_events else keys
    return []


def _joined(cells: pd.DataFrame, keys: Sequence[str]) -> pd.Series:
    entities = pd.Series("", index=cells.index)
    for key in keys:
        entities = entities + " " + cells[key].astype("str")
    return entities.str.strip()


def _read_json(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, ELASTICSEARCH.name)
    content: dict[str, Any] = assembly.json(text)
    if "error" in content:
        error = content["error"]
        reason = error.get("reason", error) if isinstance(error, dict) else error
        assembly.refuse(f"the server refused the query: {str(reason).rstrip('.')}")
    shards = content.get("_shards")
    failed = shards.get("failed") if isinstance(shards, dict) else 0
    if content.get("timed_out") or failed:
        assembly.notices.append(
            "The answer is not whole: the server ran out of time, or shards failed."
        )
    aggregations = content.get("aggregations") or content.get("aggs")
    if aggregations:
        try:
            points = list(_buckets(aggregations, None, (), ""))
        except (AttributeError, KeyError, TypeError):
            assembly.refuse("its aggregations are not of the form that the server writes")
        if not points:
            assembly.refuse(
                "its aggregations have no buckets of a date histogram; aggregate by time"
            )
        frame = pd.DataFrame(points, columns=["time", "name", "value"])
        groups = frame.groupby("name", sort=False).indices
        times = assembly.epochs(frame["time"], "ms")
        for name, rows in groups.items():
            part = times.iloc[rows].reset_index(drop=True)
            assembly.add(part, {str(name): frame["value"].to_numpy()[rows]})
        return assembly.file(named="keys of the buckets and metric")
    return _read_hits(assembly, content)


def _buckets(
    node: dict[str, Any], time: int | None, keys: tuple[str, ...], metric: str
) -> Iterator[tuple[int, str, Any]]:
    """Yield time, name and value of every metric below a node of an answer."""
    for name, child in node.items():
        if name == "doc_count" and time is not None:
            yield time, " ".join((*keys, "doc_count")), child
        if not isinstance(child, dict):
            continue
        label = f"{metric} {name}".strip()
        buckets = child.get("buckets")
        if isinstance(buckets, dict):  # keyed, as of filters
            buckets = [{"key": key, **bucket} for key, bucket in buckets.items()]
        if isinstance(buckets, list):
            for bucket in buckets:
                key = bucket.get("key")
                parts = list(key.values()) if isinstance(key, dict) else [key]
                may_be_time = isinstance(key, dict) or "key_as_string" in bucket
                stamp = next((part for part in parts if may_be_time and _is_stamp(part)), None)
                more = tuple(str(part) for part in parts if part is not stamp)
                inner = {k: v for k, v in bucket.items() if k != "key"}
                yield from _buckets(inner, time if stamp is None else stamp, (*keys, *more), "")
        elif time is None:
            yield from _buckets(child, time, keys, "")
        elif "value" in child:
            yield time, " ".join((*keys, label)), child["value"]
        elif "values" in child:
            values = child["values"]
            pairs = (
                values.items()
                if isinstance(values, dict)
                else ((v["key"], v["value"]) for v in values)
            )
            for key, value in pairs:
                if not str(key).endswith("_as_string"):
                    yield time, " ".join((*keys, label, str(key))), value
        elif _STATISTICS & set(child):
            for key in sorted(_STATISTICS & set(child)):
                yield time, " ".join((*keys, label, key)), child[key]
        else:
            yield from _buckets(child, time, keys, label)


def _is_stamp(key: Any) -> bool:
    return isinstance(key, (int, float)) and not isinstance(key, bool) and key >= _EARLIEST_MS


def _read_hits(assembly: Assembly, content: dict[str, Any]) -> FrameFile:
    """Make the table of documents."""
    hits = content.get("hits")
    hits = hits if isinstance(hits, dict) else {}
    found = hits.get("hits")
    if not isinstance(found, list) or not found:
        assembly.refuse("it holds neither documents nor aggregations; widen the query")
    total = hits.get("total")
    number = total.get("value") if isinstance(total, dict) else total
    if isinstance(number, int) and number > len(found):
        assembly.notices.append(
            f"The answer holds {len(found):,} of the {number:,} documents that were found."
        )
    sources: list[Any] = [
        hit.get("_source", hit.get("fields", {})) for hit in found if isinstance(hit, dict)
    ]
    if not all(isinstance(source, dict) for source in sources):
        assembly.refuse("its documents have no `_source`; ask for it, or for `fields`")
    frame = pd.json_normalize(sources)
    frame = frame.map(lambda cell: cell[0] if isinstance(cell, list) and len(cell) == 1 else cell)
    stamp = "@timestamp" if "@timestamp" in frame else "timestamp"
    if stamp not in frame:
        assembly.refuse(
            f"its documents have no field `@timestamp` but {all_quoted(map(str, frame.columns))}; "
            "aggregate by the field of time (date histogram)"
        )
    cells = frame.pop(stamp)
    if cells.map(_is_stamp).all():
        times = assembly.epochs(cells, "ms")
    else:
        times = assembly.times(cells.astype("str"), "ISO8601", None, utc=True)
    text = frame.astype("object").where(frame.notna(), "").astype("str")
    return _documents(assembly, times, text, None)


KIBANA = Form("Kibana CSV", _is_kibana, _read_kibana)
ELASTICSEARCH = Form(
    "answer of Elasticsearch (JSON)", lambda head: bool(_JSON.match(head)), _read_json
)
