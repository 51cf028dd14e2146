"""Page: one HTML document that shows a scored file, complete and without network access.

`render` takes plain arrays and tables and depends on no model and no file. The browser's side is
in `page_assets/`: page.html is the skeleton, page.css the style, and the program is a set of ES
modules, of which page.js imports the others. A page opened from a file may load no module, so they
are joined into one script. Text of a user (names of series, findings, settings) never becomes HTML:
it is passed as JSON and put into the page as text.

The format of the numbers is in `encoding`.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from importlib import resources
from typing import Any, Literal

import numpy as np
import pandas as pd

from dcvae._arrays import BoolArray, Float32Array, Float64Array, IntArray
from dcvae.evaluation import Finding
from dcvae.report import encoding
from dcvae.report.system_score import SystemScore

PAGE_BYTES = 14_400_000  # target; what is only estimated below stays under 15 MB with it
MAX_EVENTS = 50_000
HEAT_COLUMNS = 400

EVENT_COLUMNS = (
    "event",
    "kind",
    "start",
    "end",
    "alarm_start",
    "alarm_end",
    "ended",
    "peak_score",
    "peak_time",
    "rows",
    "duration_seconds",
    "peak_strength",
    "direction",
    "series",
)

Better = Literal["higher", "lower", "neither"]

_IMPORT = re.compile(r'^import \{([^{}]*)\} from "\./(\w+\.js)";\n', re.MULTILINE)
_DECLARATION = re.compile(
    r"^(export |)(?:const|let|class|function|async function) (\w+)", re.MULTILINE
)
# Forms that the two above do not match: other imports and exports, and declarations at the top
# whose names are not found.
_UNKNOWN = re.compile(
    r"^\s*(?:import|export)\b.*|.*\bimport\(.*|^var\b.*"
    r"|^(?:async )?(?:const|let|class|function)\b(?! \w).*",
    re.MULTILINE,
)


@dataclass(frozen=True)
class ReportContent:
    """The content of the page. Arrays hold the scored rows, in time order.

    Attributes:
        model_name: name of the model.
        data_file: name of the scored file.
        series: names of the M series.
        times: (rows,), without a time zone; may have gaps.
        values: (rows, series) float64, data units; NaN where missing.
        offset: (series,) float64, data units: the mean that was subtracted, a scaled 0.
        scale: (series,) float64, data units: the width of a scaled 1.
        mean: (rows, series) float32, what the network expects, scaled.
        sigma: (rows, series) float32, standard deviation of the band, scaled.
        alpha_down: (series,) float64, width of the band below the mean, in sigmas.
        alpha_up: (series,) float64, width of the band above the mean, in sigmas.
        flags: (rows, series) bool, cells outside their band.
        labels: (rows, series) bool, true anomalies; None without labels.
        score: the score of the system, its limit and its states.
        events: one row per event: `event` (from 1), `kind`, `start`, `end`, `alarm_start`,
            `alarm_end`, `peak_time` (timestamps of rows), `ended` (why the alarm did), `rows`,
            `duration_seconds`, `peak_score` (as `score`; may be NaN), `peak_strength` (sigmas
            from what was expected), `direction` ("up" or "down"), `series` (list of names; the one
            that began it first).
        findings: findings, the most severe first.
        summary: names and values.
        losses: rows "training", "validation", "this file"; columns loss, reconst, kl; nats.
        calibration: index k, in sigmas; "promised by a Gaussian" is a Gaussian's share outside k
            sigmas, the other columns are shares observed: one per series and "all series together".
        metrics: rows "system alarm", "any series flagged", "mean of labeled series", the series;
            one column per metric; NaN where it is not defined. None without labels.
        metric_notes: one sentence per column of metrics.
        baselines: one row per detector, the model first; columns as some of metrics.
        threshold_source: a sentence on the data that the thresholds were fitted to.
        settings: effective settings.
        provenance: versions, hashes, devices; may be nested.
        better: the better direction of a metric; "higher" for columns that are not named.
    """

    model_name: str
    data_file: str
    series: Sequence[str]
    times: pd.DatetimeIndex
    values: Float64Array
    offset: Float64Array
    scale: Float64Array
    mean: Float32Array
    sigma: Float32Array
    alpha_down: Float64Array
    alpha_up: Float64Array
    flags: BoolArray
    labels: BoolArray | None
    score: SystemScore
    events: pd.DataFrame
    findings: Sequence[Finding]
    summary: Sequence[tuple[str, str]]
    losses: pd.DataFrame
    calibration: pd.DataFrame
    metrics: pd.DataFrame | None
    metric_notes: Mapping[str, str]
    baselines: pd.DataFrame | None
    threshold_source: str
    settings: Mapping[str, object]
    provenance: Mapping[str, object]
    better: Mapping[str, Better] = field(default_factory=dict)


def render(content: ReportContent) -> str:
    """Return the page.

    Args:
        content: arrays and tables to show.

    Returns:
        An HTML document that needs nothing else: style, program, plotly.js and data are in it.
        It stays under 15 MB up to some hundred series: points stand for as many rows as that takes.

    Raises:
        ValueError: shapes of arrays differ, there is no row, or the events lack a column or name an
            unknown series.
    """
    # Here, because importing the package should not cost the time that plotly takes.
    from plotly.offline import get_plotlyjs

    _check(content)
    assets = resources.files("dcvae.report") / "page_assets"
    modules = {
        file.name: file.read_text(encoding="utf-8")
        for file in assets.iterdir()
        if file.name.endswith(".js")
    }
    parts = {
        "style": (assets / "page.css").read_text(encoding="utf-8"),
        "program": joined_modules(modules),
        "plotly": get_plotlyjs(),
    }
    skeleton = (assets / "page.html").read_text(encoding="utf-8")
    taken = len(skeleton) + sum(len(part.encode()) for part in parts.values())
    parts["data"] = encoding.as_json(_data(content, PAGE_BYTES - taken))
    # One pass over the skeleton: inserted text is never searched for marks.
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: parts[mark[1]], skeleton)


def joined_modules(modules: Mapping[str, str]) -> str:
    """Join ES modules into one script with the same behavior.

    Each module stands after those that it imports, all in one function scope, their texts kept but
    for the imports and the word `export`.

    Args:
        modules: text of each module, by the name of its file.

    Raises:
        ValueError: a module imports a name that is not exported, or exports in another form than
            `export const name`; imports make a circle; or two modules declare the same name, which
            one scope cannot hold twice.

    Examples:
        >>> modules = {
        ...     "page.js": 'import { day } from "./times.js";\\nshow(day);',
        ...     "times.js": "export const day = 86_400_000;",
        ... }
        >>> print(joined_modules(modules))
        "use strict";
        <BLANKLINE>
        (() => {
        const day = 86_400_000;
        <BLANKLINE>
        show(day);
        })();
        <BLANKLINE>
    """
    imports = {name: _IMPORT.findall(text) for name, text in sorted(modules.items())}
    declared = {name: _DECLARATION.findall(text) for name, text in modules.items()}
    for name, statements in imports.items():
        for names, source in statements:
            exported = {what for export, what in declared.get(source, []) if export}
            if missing := {what.strip() for what in names.rstrip(", \n").split(",")} - exported:
                raise ValueError(
                    f"{name} must import names that {source} exports, as they are: "
                    f"{', '.join(sorted(exported)) or 'none'}. Received: {sorted(missing)}."
                )
    needs = {name: [source for _, source in found] for name, found in imports.items()}
    try:
        order = list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise ValueError(
            "The modules of the page must import each other in one direction; move what two need "
            f"into a third. Received a circle: {' <- '.join(error.args[1])}."
        ) from error
    owners: dict[str, str] = {}
    texts = []
    for name in order:
        text = _IMPORT.sub("", modules[name])
        text = _DECLARATION.sub(lambda found: found[0].removeprefix("export "), text)
        if unknown := _UNKNOWN.search(text):
            raise ValueError(
                f'{name} must have imports of the form `import {{ a, b }} from "./c.js";`, and '
                "declare one name at a time: `const a`, `let a`, `class a` or `function a`, with "
                f"`export` before it or not. Received: {unknown[0].strip()}"
            )
        for _, what in declared[name]:
            if owners.setdefault(what, name) != name:
                raise ValueError(
                    "The modules of the page must declare different names at their top. Received: "
                    f"`{what}` in {owners[what]} and in {name}; rename one."
                )
        texts.append(text.strip())
    return '"use strict";\n\n(() => {\n' + "\n\n".join(texts) + "\n})();\n"


def _data(content: ReportContent, budget: int) -> dict[str, Any]:
    """Collect the data that data.js reads; points get what is left of the budget, in bytes."""
    times = encoding.milliseconds(content.times)
    step = float(np.median(np.diff(times))) if len(times) > 1 else 60_000.0
    data: dict[str, Any] = {
        "model": content.model_name,
        "file": content.data_file,
        "series": list(content.series),
        "rows": len(times),
        "span": [times[0], times[-1]],
        "step": step,
        "flags": encoding.runs(times, content.flags),
        "labels": None if content.labels is None else encoding.runs(times, content.labels),
        "heat": _heat(times, step, content.values, content.flags),
        "bands": [
            [encoding.number_or_none(down), encoding.number_or_none(up)]
            for down, up in zip(content.alpha_down, content.alpha_up, strict=True)
        ],
        "events": _events(content.events, content.series),
        "findings": [[finding.severity, finding.text] for finding in content.findings],
        "summary": [list(pair) for pair in content.summary],
        "losses": encoding.table(content.losses),
        "calibration": encoding.table(content.calibration),
        "metrics": None if content.metrics is None else encoding.table(content.metrics),
        "metric_notes": dict(content.metric_notes),
        "better": dict(content.better),
        "baselines": None if content.baselines is None else encoding.table(content.baselines),
        "threshold_source": content.threshold_source,
        "settings": content.settings,
        "provenance": content.provenance,
    }
    left = budget - len(encoding.as_json(data))
    data["rows_per_point"] = rows_per_point = encoding.rows_per_point(
        len(times),
        1 + len(content.series),
        left,  # the score of the system is like another series
    )
    starts = np.arange(0, len(times), rows_per_point)
    data["score"] = content.score.encoded(times, starts)
    data["points"] = {
        "times": encoding.packed_times(times[starts]),
        "break_after": encoding.break_after(times[starts], step * rows_per_point),
        "series": [_channels(content, number, starts) for number in range(len(content.series))],
    }
    return data


def _channels(content: ReportContent, number: int, starts: IntArray) -> dict[str, Any]:
    """Encode the channels of one series; only its columns are ever copied to float64.

    Args:
        content: all arrays.
        number: number of the series, from 0.
        starts: (points,) int64, first row of each point.
    """
    value = np.ascontiguousarray(content.values[:, number])
    offset, scale = content.offset[number], content.scale[number]
    mean = offset + scale * content.mean[:, number].astype(np.float64)
    sigma = scale * content.sigma[:, number].astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):  # infinite alphas or sigmas: no edge
        lower = mean - content.alpha_down[number] * sigma
        upper = mean + content.alpha_up[number] * sigma
    channels = {"low": value}
    if len(starts) < len(value):
        # fmin and fmax pass over missing values, as long as there is another.
        channels = {
            "low": np.fmin.reduceat(value, starts),
            "high": np.fmax.reduceat(value, starts),
        }
        lower = np.fmin.reduceat(lower, starts)
        upper = np.fmax.reduceat(upper, starts)
        mean = np.add.reduceat(mean, starts) / np.diff(starts, append=len(value))
    channels |= {"mean": mean, "lower": lower, "upper": upper}
    return {name: encoding.quantized(channel) for name, channel in channels.items()}


def _heat(
    times: Float64Array, step: float, values: Float64Array, flags: BoolArray
) -> dict[str, Any]:
    """Count flagged and observed cells over stretches of equal time, so that gaps stay empty."""
    steps = (times[-1] - times[0]) / step + 1
    # Whole steps in each stretch: with 3 and 4 rows in turn, the counts would show a pattern.
    width = step * max(1, math.ceil(steps / HEAT_COLUMNS))
    column = ((times - times[0]) / width).astype(np.int64)
    count = int(column[-1]) + 1
    flagged, observed = [], []
    for number in range(values.shape[1]):
        flagged.append(np.bincount(column[flags[:, number]], minlength=count).tolist())
        present = ~np.isnan(values[:, number])
        observed.append(np.bincount(column[present], minlength=count).tolist())
    return {"width": width, "count": count, "flagged": flagged, "judged": observed}


def _events(events: pd.DataFrame, series: Sequence[str]) -> dict[str, Any]:
    """Encode events by column; of too many, the strongest, in time order."""
    total = len(events)
    if total > MAX_EVENTS:
        strongest = np.argsort(-events["peak_strength"].to_numpy(), kind="stable")[:MAX_EVENTS]
        events = events.iloc[np.sort(strongest)]
    place = {name: number for number, name in enumerate(series)}
    involved = [[place.get(name, -1) for name in names] for names in events["series"]]
    if any(-1 in numbers for numbers in involved):
        unknown = {name for names in events["series"] for name in names} - set(series)
        raise ValueError(
            "`events` must name series of the report in its column 'series'. "
            f"Received: {sorted(unknown)}."
        )
    return {
        "total": total,
        "event": [int(number) for number in events["event"]],
        "kind": _named(events["kind"]),
        "ended": _named(events["ended"]),
        "rows": [int(number) for number in events["rows"]],
        "seconds": [encoding.number_or_none(seconds) for seconds in events["duration_seconds"]],
        "score": _rounded(events["peak_score"]),
        "strength": _rounded(events["peak_strength"]),
        "up": [int(direction == "up") for direction in events["direction"]],
        "series": involved,
    } | {
        column: encoding.packed_times(encoding.milliseconds(pd.DatetimeIndex(events[column])))
        for column in ("start", "end", "peak_time", "alarm_start", "alarm_end")
    }


def _rounded(numbers: pd.Series) -> list[float | None]:
    """Encode numbers with four digits, None for NaN."""
    return [encoding.number_or_none(float(f"{number:.4g}")) for number in numbers.astype(float)]


def _named(texts: pd.Series) -> dict[str, Any]:
    """Encode texts of which there are few: each once, and which of them each line has."""
    names = sorted(set(texts))
    place = {name: number for number, name in enumerate(names)}
    return {"names": names, "places": [place[text] for text in texts]}


def _check(content: ReportContent) -> None:
    rows, series = len(content.times), len(content.series)
    if not rows or not series:
        raise ValueError(
            "The report needs at least one judged row and one series. "
            f"Received: {rows} rows, {series} series."
        )
    arrays = {
        name: getattr(content, name) for name in ("values", "mean", "sigma", "flags", "labels")
    }
    for name, array in arrays.items():
        if array is not None and array.shape != (rows, series):
            raise ValueError(
                f"`{name}` must be (rows, series), here {(rows, series)}. "
                f"Received: shape {array.shape}."
            )
    if content.score.score.shape != (rows,):
        shape = content.score.score.shape
        raise ValueError(f"`score` must have {rows} rows. Received: shape {shape}.")
    for name in ("alpha_down", "alpha_up"):
        shape = getattr(content, name).shape
        if shape != (series,):
            raise ValueError(f"`{name}` must have {series} entries. Received: shape {shape}.")
    missing = [column for column in EVENT_COLUMNS if column not in content.events.columns]
    if missing:
        raise ValueError(
            f"`events` must have the columns {', '.join(EVENT_COLUMNS)}. "
            f"Received no {', '.join(missing)}."
        )
