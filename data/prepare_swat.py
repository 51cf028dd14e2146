"""Turn the files of SWaT, the Secure Water Treatment testbed, into data and label files.

SWaT (Goh et al. 2016, iTrust, Singapore University of Technology and Design) is a water treatment
plant at small scale: 51 sensors and actuators, one row a second, seven days of normal operation and
four days with attacks. The files are given out on request only; README.md beside this file says how
to ask. This program reads them as they come:

    SWaT_Dataset_Normal_v0.xlsx or .csv      as recorded
    SWaT_Dataset_Normal_v1.xlsx or .csv      without its first half hour
    SWaT_Dataset_Attack_v0.xlsx or .csv
    List_of_attacks_Final.xlsx or .csv       if it is there

with a title row above the header or without, names with spaces around or in them, times such as
28/12/2015 10:00:00 AM (day first), and a column Normal/Attack in which some rows say "A ttack".

It writes three files that the scripts read, and a fourth if the list of attacks is there::

    train.csv     the normal operation
    test.csv      the days with attacks
    labels.csv    1 where the plant was attacked, one column for the whole plant
    attacks.csv   the attacks: number, start, end, attacked series, what was done (--events)

Command::

    python data/prepare_swat.py RAW_DIR OUT_DIR [--normal v0] [--step 10s] [--drop-hours 6]
"""

import argparse
import datetime
import math
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

TIME, LABEL = "timestamp", "normal/attack"  # as headers are compared: small, without spaces
LABEL_COLUMN = "attack"  # in labels.csv: no series has that name, so it stands for all of them
HEADER_WITHIN = 5  # rows in which the header is looked for
TIME_FORMATS = ("%d/%m/%Y %I:%M:%S %p", "%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S")
NUMBER, START, END, POINT, DONE = "attack#", "starttime", "endtime", "attackpoint", "attack"
MISSPELLED = {"dit301": "dpit301"}  # in the list of attacks
CLOCK_FORMATS = ("%H:%M:%S", "%H:%M:%S.%f", "%I:%M:%S %p", "%H:%M")
SUFFIXES = (".csv", ".xlsx")  # in the order of preference: the first is read in a hundredth of time


class CannotPrepareError(Exception):
    """What is wrong with the files, and how to mend it."""


def read_csv(path: Path, **options: object) -> pd.DataFrame:
    """Read a CSV of a publisher; what is missing or no CSV is refused with its path."""
    try:
        table: pd.DataFrame = pd.read_csv(path, **options)  # type: ignore[call-overload]
    except FileNotFoundError as error:
        raise CannotPrepareError(
            f"{path} is missing. RAW must be the publisher's folder."
        ) from error
    except (ValueError, OSError, EOFError) as error:
        raise CannotPrepareError(f"{path} is no CSV as the publisher's: {error}.") from error
    return table


class Recording(NamedTuple):
    """One of the publisher's files.

    Attributes:
        series: (rows, series) numbers by time, one second a row.
        attacked: (rows,) bool, by the same times.
    """

    series: pd.DataFrame
    attacked: pd.Series


def find(folder: Path, stem: str) -> Path:
    """Find one of the publisher's files, whatever the case of its name.

    Raises:
        CannotPrepareError: there is none.
    """
    if not folder.is_dir():
        raise CannotPrepareError(f"{folder} is not a folder. Give the folder with the SWaT files.")
    files = {path.name.casefold(): path for path in sorted(folder.iterdir())}
    found = _find_if_there(folder, stem)
    if found is not None:
        return found
    seen = ", ".join(path.name for path in files.values() if path.suffix.casefold() in SUFFIXES)
    raise CannotPrepareError(
        f"Expected {stem}.xlsx or {stem}.csv in {folder}. Received: {seen or 'no such files'}."
    )


def _find_if_there(folder: Path, stem: str) -> Path | None:
    files = {path.name.casefold(): path for path in sorted(folder.iterdir())}
    for suffix in SUFFIXES:
        if f"{stem}{suffix}".casefold() in files:
            return files[f"{stem}{suffix}".casefold()]
    return None


def read(path: Path) -> Recording:
    """Read one of the publisher's files.

    Raises:
        CannotPrepareError: it has not the publisher's layout; the message names row and column.
    """
    header = _header_row(path, {TIME: "Timestamp", LABEL: "Normal/Attack"})
    frame = _read_frame(path, header=header)
    frame.columns = pd.Index(["".join(str(name).split()) for name in frame.columns])
    frame.index += header + 2  # rows as a spreadsheet counts them
    frame = frame.dropna(how="all")
    columns = {name.casefold(): name for name in frame.columns}
    times = _times(frame.pop(columns[TIME]), path)
    attacked = _attacked(frame.pop(columns[LABEL]), path)
    series = pd.DataFrame({name: _numbers(frame[name], path) for name in frame.columns}).set_axis(
        times
    )
    return Recording(series, attacked.set_axis(times))


def _header_row(path: Path, names: dict[str, str]) -> int:
    """Find the row, counted from 0, that names the columns: as compared, and as written."""
    top = _read_frame(path, header=None, nrows=HEADER_WITHIN)
    for number, cells in enumerate(top.itertuples(index=False)):
        if set(names) <= {_compared(cell) for cell in cells}:
            return number
    raise CannotPrepareError(
        f"{path}: expected a header with the columns {' and '.join(names.values())} in the first "
        f"{HEADER_WITHIN} rows. Received: {', '.join(map(str, top.iloc[0].tolist()[:6]))}, ..."
    )


def _compared(name: object) -> str:
    """Return a name small and without spaces."""
    return "".join(str(name).split()).casefold()


def _read_frame(path: Path, header: int | None, nrows: int | None = None) -> pd.DataFrame:
    """Read a table, whichever its form is."""
    if path.suffix.casefold() == ".csv":
        # A title row may have fewer cells than the others: names make room for all.
        names = range(_widest(path)) if header is None else None
        return pd.read_csv(
            path,
            header=header,
            names=names,
            nrows=nrows,
            skipinitialspace=True,
            encoding="utf-8-sig",
            skip_blank_lines=False,
            low_memory=False,
        )
    try:
        return pd.read_excel(path, header=header, nrows=nrows, engine="openpyxl")
    except ImportError as error:
        raise CannotPrepareError(
            f"{path} is a spreadsheet, which openpyxl reads. Install it with: pip install openpyxl"
        ) from error


def _widest(path: Path) -> int:
    with path.open(encoding="utf-8-sig") as stream:
        return max(
            line.count(",") + 1 for line, _ in zip(stream, range(HEADER_WITHIN), strict=False)
        )


def _times(column: pd.Series, path: Path) -> pd.DatetimeIndex:
    """Read times written day first, or kept as times by a spreadsheet; they have to go forward."""
    text = column.astype(str).str.strip().str.replace(r"\s+", " ", regex=True)
    times = pd.Series(pd.NaT, column.index, dtype="datetime64[ns]")
    for form in TIME_FORMATS:
        unread = times.isna()
        times[unread] = pd.to_datetime(text[unread], format=form, errors="coerce")
    if times.isna().any():
        place = int(np.argmax(times.isna().to_numpy()))
        raise CannotPrepareError(
            f"{path}, row {column.index[place]}: expected a time such as 28/12/2015 "
            f"10:00:00 AM. Received: {column.iloc[place]!r}."
        )
    backward = np.flatnonzero(np.diff(times.to_numpy()) <= np.timedelta64(0))
    if len(backward):
        place = int(backward[0]) + 1
        raise CannotPrepareError(
            f"{path}, row {column.index[place]}: expected times that go forward. "
            f"Received: {times.iloc[place]} after {times.iloc[place - 1]}. If the file was saved "
            "by a spreadsheet program, it may have taken days for months: use the publisher's own "
            "file."
        )
    return pd.DatetimeIndex(times, name="time")


def _attacked(column: pd.Series, path: Path) -> pd.Series:
    """Read the labels, the misspelled ones too."""
    words = column.astype(str).str.split().str.join("").str.casefold()
    unknown = ~words.isin(["normal", "attack"])
    if unknown.any():
        place = int(np.argmax(unknown.to_numpy()))
        raise CannotPrepareError(
            f"{path}, row {column.index[place]}, column Normal/Attack: expected Normal or Attack. "
            f"Received: {column.iloc[place]!r}."
        )
    return words == "attack"


def _numbers(column: pd.Series, path: Path) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
    wrong = numbers.isna() & column.notna()
    if wrong.any():
        place = int(np.argmax(wrong.to_numpy()))
        raise CannotPrepareError(
            f"{path}, row {column.index[place]}, column {column.name}: expected a number. "
            f"Received: {column.iloc[place]!r}."
        )
    return numbers


def read_attacks(path: Path, attack: Recording) -> tuple[pd.DataFrame, list[str]]:
    """Read the list of attacks: number, start, end, attack point, what was done.

    The end is a time of day alone; five entries have no end, as they had no physical impact; those
    of January are dated 2015 in place of 2016; points are written `P-101; LIT-301` or with commas.

    Args:
        path: of the list.
        attack: the days with attacks.

    Returns:
        start, end, series and description by number, and what should be known of them.

    Raises:
        CannotPrepareError: it has not the publisher's layout; the message names row and column.
    """
    columns = {NUMBER: "Attack #", START: "Start Time", END: "End Time", POINT: "Attack Point"}
    header = _header_row(path, columns)
    frame = _read_frame(path, header=header).rename(columns=_compared)
    series = {re.sub(r"[\W_]", "", name.casefold()): name for name in attack.series.columns}
    first, last = attack.series.index[0], attack.series.index[-1]
    lines, told = [], dict[str, list[str]]()
    for row, cells in enumerate(frame.to_dict("records"), start=header + 2):
        number = str(cells[NUMBER]).strip().removesuffix(".0")
        if not number.isdecimal():  # remarks below the list
            continue
        if _is_empty(cells[END]) or "nophysicalimpact" in _compared(cells[POINT]):
            told.setdefault("without an end or without physical impact, left out", []).append(
                number
            )
            continue
        start = _moment(cells[START], None, f"{path}, row {row}, column Start Time")
        end = _moment(cells[END], start, f"{path}, row {row}, column End Time")
        if not first <= start <= last and first <= start + pd.DateOffset(years=1) <= last:
            start, end = (time + pd.DateOffset(years=1) for time in (start, end))
            told.setdefault("dated a year too early, taken for the next", []).append(number)
        if not (first <= end and start <= last):
            told.setdefault("not in the times of the recording, left out", []).append(number)
            continue
        points = [point.strip() for point in re.split("[;,]", str(cells[POINT])) if point.strip()]
        named = []
        for point in points:
            plain = re.sub(r"[\W_]", "", point.casefold())
            if plain not in series and plain in MISSPELLED:
                told.setdefault(f"on {point}, taken for {series[MISSPELLED[plain]]}", []).append(
                    number
                )
                plain = MISSPELLED[plain]
            if plain not in series:
                told.setdefault(f"on {point}, which was not recorded", []).append(number)
            named.append(series.get(plain, point))
        done = "" if _is_empty(cells.get(DONE)) else " ".join(str(cells[DONE]).split())
        lines.append((number, start, end, "; ".join(named), done))
    if not lines:
        raise CannotPrepareError(
            f"{path}: expected numbered attacks between {first} and {last}. Received: none."
        )
    names = ["event", "start", "end", "series", "description"]
    notices = [f"read {path.name}"]
    notices += [f"attacks {why}: {', '.join(numbers)}" for why, numbers in told.items()]
    return pd.DataFrame(lines, columns=names).set_index("event"), notices


def _is_empty(cell: Any) -> bool:
    return bool(pd.isna(cell)) or not str(cell).strip()


def _moment(cell: Any, start: pd.Timestamp | None, place: str) -> pd.Timestamp:
    """Read a time, or after a start a time of day, of the next day if it is before the start."""
    text = " ".join(str(cell).split())
    if isinstance(cell, datetime.time) or (
        isinstance(cell, datetime.datetime) and start is not None and cell.year <= 1900
    ):
        text = cell.strftime("%H:%M:%S.%f")  # a spreadsheet's day 0 is no date
    elif isinstance(cell, datetime.datetime):
        return pd.Timestamp(cell).round("s")
    for form in (*TIME_FORMATS, "%Y/%m/%d %H:%M:%S"):
        time = pd.to_datetime(text, format=form, errors="coerce")
        if not pd.isna(time):
            return pd.Timestamp(time)
    for form in CLOCK_FORMATS if start is not None else ():
        time = pd.to_datetime(text, format=form, errors="coerce")
        if start is not None and not pd.isna(time):
            end = start.normalize() + (time - time.normalize()).round("s")
            return end if end >= start else end + pd.Timedelta(days=1)
    raise CannotPrepareError(
        f"{place}: expected {'a time' if start is None else 'a time of day'} such as "
        f"{'28/12/2015 ' if start is None else ''}10:29:14. Received: {cell!r}."
    )


def resampled(recording: Recording, step: pd.Timedelta) -> Recording:
    """Take the mean of every step; a step is attacked if any row in it is.

    The row of a time is what was measured in the step that ends then, as `resample` in the settings
    has it, so that nothing looks ahead. Steps without a row stay away.
    """
    groups = recording.series.resample(step, closed="right", label="right")
    filled = groups.size() > 0
    attacked = recording.attacked.resample(step, closed="right", label="right").max()
    return Recording(groups.mean()[filled], attacked[filled].astype(bool))


def prepare(
    raw: Path, *, version: str, step: pd.Timedelta | None, drop_hours: float
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Make the tables.

    Args:
        raw: folder of the publisher's files.
        version: of the normal operation, "v0" or "v1".
        step: step to bring the rows to; None keeps every second.
        drop_hours: hours to leave out at the start of the normal operation.

    Returns:
        Tables by file name, and what should be known of them.

    Raises:
        CannotPrepareError: files are missing or are not as expected.
    """
    paths = find(raw, f"SWaT_Dataset_Normal_{version}"), find(raw, "SWaT_Dataset_Attack_v0")
    normal, attack = map(read, paths)
    apart = normal.series.columns.symmetric_difference(attack.series.columns)
    if len(apart):
        raise CannotPrepareError(
            f"Expected the same series in {paths[0].name} and {paths[1].name}. Received: "
            f"{', '.join(apart)} in one of them only."
        )
    notices = [f"read {path.name}" for path in paths]
    start = normal.series.index[0] + pd.Timedelta(hours=drop_hours)
    kept = (normal.series.index >= start) & ~normal.attacked.to_numpy()
    if not kept.any():
        raise CannotPrepareError(
            f"Nothing is left of {paths[0].name}, which lasts "
            f"{normal.series.index[-1] - normal.series.index[0]}: expected --drop-hours to leave "
            f"some of it. Received: {drop_hours:g}."
        )
    num_attacked = int(normal.attacked.sum())
    if num_attacked:
        notices.append(f"left out {num_attacked:,} rows of {paths[0].name} labeled as attacks")
    normal = Recording(normal.series[kept], normal.attacked[kept])
    listed = _find_if_there(raw, "List_of_attacks_Final")
    attacks, told = (None, []) if listed is None else read_attacks(listed, attack)
    notices += told
    if step is not None:
        normal, attack = resampled(normal, step), resampled(attack, step)
    labels = attack.attacked.astype(int).to_frame(LABEL_COLUMN)
    tables = {
        "train.csv": normal.series,
        "test.csv": attack.series[normal.series.columns],
        "labels.csv": labels,
    }
    if attacks is not None:
        tables["attacks.csv"] = attacks
    return tables, notices


def write(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write tables whole or not at all; times as ISO 8601."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        temporary = folder / f".{name}.{os.getpid()}.tmp"
        try:
            table.to_csv(
                temporary,
                index=not isinstance(table.index, pd.RangeIndex),  # rows without a time
                lineterminator="\n",
                date_format="%Y-%m-%d %H:%M:%S",
            )
            temporary.replace(folder / name)
        finally:
            temporary.unlink(missing_ok=True)


def _step(text: str) -> pd.Timedelta:
    """Read a step such as 10s or 1min."""
    if not re.fullmatch(r"[1-9][0-9]*(s|min|h)", text):
        raise argparse.ArgumentTypeError(f"expected a step such as 10s or 1min, received {text!r}")
    return pd.Timedelta(text)


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = math.nan
    if not 0 <= hours < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number of hours from 0, received {text!r}")
    return hours


def main(words: Sequence[str] | None = None) -> int:
    """Read, prepare, write, say."""
    parser = argparse.ArgumentParser(
        description="Make train.csv, test.csv, labels.csv and, if their list is there, attacks.csv "
        "of the publisher's SWaT files."
    )
    parser.add_argument("raw", type=Path, metavar="RAW_DIR", help="folder of the SWaT files")
    parser.add_argument("out", type=Path, metavar="OUT_DIR", help="folder to write to")
    parser.add_argument(
        "--normal", choices=("v0", "v1"), default="v1", help="normal operation (default: v1)"
    )
    parser.add_argument(
        "--step", type=_step, metavar="STEP", help="mean of every such step, as 10s (default: none)"
    )
    parser.add_argument(
        "--drop-hours",
        type=_hours,
        default=0.0,
        metavar="HOURS",
        help="left out at the start of the normal operation, while the plant fills (default: 0)",
    )
    arguments = parser.parse_args(words)
    print("reading; a spreadsheet of this size takes minutes", flush=True)
    try:
        tables, notices = prepare(
            arguments.raw,
            version=arguments.normal,
            step=arguments.step,
            drop_hours=arguments.drop_hours,
        )
        write(tables, arguments.out)
    except (CannotPrepareError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for notice in notices:
        print(notice)
    for name, table in tables.items():
        print(f"{arguments.out / name}: {len(table):,} rows")
    share = float(tables["labels.csv"][LABEL_COLUMN].mean())
    num_series = tables["train.csv"].shape[1]
    print(f"{num_series} series; {share:.1%} of the rows of test.csv are labeled as attacks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
