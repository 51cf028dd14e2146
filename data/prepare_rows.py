"""Turn public sets of labeled rows, as their publishers give them out, into CSV files.

Used by prepare.py for the sets `kdd10`, `nsl-kdd` and `ids2018`. Rows have no time. A column
`label` says in the publisher's words what each row is: `dcvae contamination rows` reads it, and
takes one kind of attack by itself with `--normal` and `--anomaly`. Words stay words, and a port is
that of a service: no column is made of labels, and none numbers what has no order.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from prepare_swat import CannotPrepareError, read_csv

Rows = tuple[str, dict[str, pd.DataFrame], list[str]]  # folder in OUT, tables by name, what to say

KDD_FEATURES = (
    *("duration", "protocol_type", "service", "flag", "src_bytes", "dst_bytes", "land"),
    *("wrong_fragment", "urgent", "hot", "num_failed_logins", "logged_in", "num_compromised"),
    *("root_shell", "su_attempted", "num_root", "num_file_creations", "num_shells"),
    *("num_access_files", "num_outbound_cmds", "is_host_login", "is_guest_login", "count"),
    *("srv_count", "serror_rate", "srv_serror_rate", "rerror_rate", "srv_rerror_rate"),
    *("same_srv_rate", "diff_srv_rate", "srv_diff_host_rate", "dst_host_count"),
    *("dst_host_srv_count", "dst_host_same_srv_rate", "dst_host_diff_srv_rate"),
    *("dst_host_same_src_port_rate", "dst_host_srv_diff_host_rate", "dst_host_serror_rate"),
    *("dst_host_srv_serror_rate", "dst_host_rerror_rate", "dst_host_srv_rerror_rate"),
)
KDD_WORDS = ("protocol_type", "service", "flag")
LABEL = "label"
SERVICES = (
    *(20, 21, 22, 23, 25, 53, 67, 80, 110, 123, 137, 138, 139, 143, 389, 443, 445, 500),
    *(993, 995, 1433, 3306, 3389, 5353, 5355, 8080),
)
"""Ports that keep their number; of the others only the range is told."""
PROTOCOLS = {0: "hopopt", 1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}
MAY_BE_NEGATIVE = ("Init Fwd Win Byts", "Init Bwd Win Byts")  # -1: no window was told
ADDRESSES = ("Flow ID", "Src IP", "Src Port", "Dst IP")  # in one of the files only
_PACKED = r"(\.txt|\.csv)?(\.gz|\.zip)?"


def read_kdd10(raw: Path) -> Iterator[Rows]:
    """Read the 10 % of KDD Cup 99, and its labeled test part if it is there."""
    found = _files(raw, rf"kddcup\.data_10_percent(_corrected)?{_PACKED}")
    if not found:
        raise CannotPrepareError(
            f"Expected kddcup.data_10_percent.gz in {raw}. Received no such file. RAW must be the "
            "publisher's folder."
        )
    tables = {"rows.csv": _kdd(found[0], difficulty=False)}
    for path in _files(raw, rf"(kddcup\.)?corrected{_PACKED}")[:1]:
        tables["test.csv"] = _kdd(path, difficulty=False)
    yield "", tables, [f"{name}: {_counts(table)}" for name, table in tables.items()]


def read_nsl_kdd(raw: Path) -> Iterator[Rows]:
    """Read NSL-KDD: its training and its test part are put below each other."""
    whole, part = (_files(raw, rf"KDDTrain\+{name}{_PACKED}") for name in ("", "_20Percent"))
    training = whole or part
    test = _files(raw, rf"KDDTest\+{_PACKED}")
    lacking = [name for name, found in (("KDDTrain+", training), ("KDDTest+", test)) if not found]
    if lacking:
        raise CannotPrepareError(
            f"Expected KDDTrain+.txt (or KDDTrain+_20Percent.txt) and KDDTest+.txt in {raw}. "
            f"Received no {' and no '.join(lacking)}. RAW must be the publisher's folder."
        )
    parts = [_kdd(path, difficulty=True) for path in (training[0], test[0])]
    table = pd.concat(parts, ignore_index=True)
    yield (
        "",
        {"rows.csv": table},
        [
            f"rows.csv: {_counts(table)}; the first {len(parts[0]):,} are of {training[0].name}, "
            f"the others of {test[0].name}. The difficulty, made from the labels, is left out."
        ],
    )


def read_ids2018(raw: Path) -> Iterator[Rows]:
    """Read CSE-CIC-IDS2018, a folder a day; rows that are no measurements are left out and told."""
    paths = _files(raw, r".*_TrafficForML_CICFlowMeter\.csv(\.gz|\.zip)?")
    if not paths:
        raise CannotPrepareError(
            f"Expected files such as Friday-02-03-2018_TrafficForML_CICFlowMeter.csv in {raw}. "
            "Received none. RAW must be the publisher's folder."
        )
    for path in paths:
        table, notes = _flows(path)
        day = path.name.split("_")[0]
        yield day, {"rows.csv": table}, [f"{day}/rows.csv: {_counts(table)}; {notes}"]


def _kdd(path: Path, *, difficulty: bool) -> pd.DataFrame:
    """Read a file without header; cells that are no numbers are refused."""
    names = [*KDD_FEATURES, LABEL, *(["difficulty"] if difficulty else [])]
    table = _read(path, header=None, dtype=str, keep_default_na=False)
    if table.shape[1] != len(names):
        raise CannotPrepareError(
            f"Expected {len(names)} cells a row in {path}. Received {table.shape[1]}."
        )
    table.columns = pd.Index(names)
    numbers = [name for name in KDD_FEATURES if name not in KDD_WORDS]
    for name in numbers:
        _refuse_words(table, name, path)
    empty = (table[[*KDD_WORDS, LABEL]] == "").to_numpy().any(axis=1)
    if empty.any():
        raise CannotPrepareError(
            f"{path}: expected words in the columns {', '.join(KDD_WORDS)} and a label. Received "
            f"an empty cell in row {int(np.argmax(empty)) + 1:,}."
        )
    return table.drop(columns=["difficulty"], errors="ignore")


def _flows(path: Path) -> tuple[pd.DataFrame, str]:
    """Read the flows of a day, and say what was left out."""
    table = _read(path, dtype=str, keep_default_na=False)
    table.columns = table.columns.str.strip()
    lacking = [name for name in ("Dst Port", "Protocol", "Label") if name not in table]
    if lacking:
        raise CannotPrepareError(
            f"Expected the columns Dst Port, Protocol and Label in {path}. Received: "
            f"{', '.join(map(str, table.columns[:12]))}."
        )
    headers = (table["Label"] == "Label").to_numpy()
    table = table[~headers].reset_index(drop=True)
    labels = table.pop("Label").str.strip()
    unlabeled = (labels == "").to_numpy()
    if unlabeled.any():
        raise CannotPrepareError(
            f"{path}: expected a label in every row. Received none in row "
            f"{int(np.argmax(unlabeled)) + 1:,}, the first of {int(unlabeled.sum()):,} such rows."
        )
    table = table.drop(columns=[*ADDRESSES, "Timestamp"], errors="ignore")
    values = {}
    for name in table:
        _refuse_words(table, str(name), path, missing=("", "NaN", "nan", "Infinity", "inf"))
        values[str(name)] = pd.to_numeric(table[name], errors="coerce").to_numpy(np.float64)
    numbers = pd.DataFrame(values)
    finite = np.isfinite(numbers.to_numpy()).all(axis=1)
    lengths = numbers.drop(columns=list(MAY_BE_NEGATIVE), errors="ignore")
    negative = finite & (lengths.to_numpy() < 0).any(axis=1)
    kept = finite & ~negative
    made = table[kept].reset_index(drop=True)  # as written: no digit is changed
    made["Dst Port"] = [_service(port) for port in numbers.loc[kept, "Dst Port"]]
    made["Protocol"] = [_protocol(number) for number in numbers.loc[kept, "Protocol"]]
    made[LABEL] = labels[kept].to_numpy()
    return made, (
        f"left out: {int(headers.sum()):,} repeated headers, {int((~finite).sum()):,} rows with "
        f"Infinity or an empty cell, {int(negative.sum()):,} with a negative length or time; the "
        "times too, which are local, the day first, and no measurement."
    )


def _service(port: float) -> str:
    """Return a port as a word: by its number for known services, otherwise its range."""
    number = int(port)
    if number in SERVICES:
        return f"port {number}"
    return "system" if number < 1024 else "registered" if number < 49_152 else "dynamic"


def _protocol(number: float) -> str:
    return PROTOCOLS.get(int(number), f"protocol {int(number)}")


def _files(raw: Path, pattern: str) -> list[Path]:
    """Return the files of a folder whose whole name is of a pattern, in alphabetical order."""
    if not raw.is_dir():
        raise CannotPrepareError(f"{raw} is no folder. RAW must be the publisher's folder.")
    return sorted(path for path in raw.iterdir() if re.fullmatch(pattern, path.name))


def _read(path: Path, **options: object) -> pd.DataFrame:
    table = read_csv(path, **options)
    if table.empty:
        raise CannotPrepareError(f"Expected rows in {path}. Received none.")
    return table.fillna("")  # of rows that are cut off


def _refuse_words(
    table: pd.DataFrame, name: str, path: Path, missing: tuple[str, ...] = ()
) -> None:
    """Refuse a column of text (rows,) that holds something else than numbers."""
    text = table[name].str.strip()
    wrong = pd.to_numeric(text, errors="coerce").isna().to_numpy() & ~text.isin(missing).to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise CannotPrepareError(
            f"{path}, column {name}: expected numbers. Received {text.iloc[row]!r} in row "
            f"{row + 1:,}, the first of {int(wrong.sum()):,} such rows."
        )


def _counts(table: pd.DataFrame) -> str:
    """Say how many rows there are of each label."""
    counts = table[LABEL].value_counts()
    listed = ", ".join(f"{name} {count:,}" for name, count in counts.head(5).items())
    more = f" and {len(counts) - 5} more labels" if len(counts) > 5 else ""
    return f"{len(table):,} rows ({listed}{more})"
