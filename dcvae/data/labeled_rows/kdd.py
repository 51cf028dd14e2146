"""KDD Cup 99 and NSL-KDD as published: connections of a network, recognized by their cells.

Both have 41 features, a label, and no header; NSL-KDD has a difficulty behind the label, which
tells of it and is left out. In KDD Cup 99 four of five connections are attacks, so by the
convention of Zong et al. (2018) normal traffic is the anomaly there; in NSL-KDD the attacks are.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import numpy as np

from dcvae._text import SHOWN, shortened
from dcvae.data.files.messages import MISSING
from dcvae.data.files.parsers import Rows, has_arrow, parse_with_arrow, parse_with_pandas
from dcvae.data.labeled_rows.classes import Chosen, classes_of
from dcvae.data.labeled_rows.one_hot import WordColumn, side_by_side
from dcvae.data.labeled_rows.rows import LabeledRows, assembled
from dcvae.errors import InputError

WORDS = ("protocol_type", "service", "flag")
FEATURES = (
    *("duration", *WORDS, "src_bytes", "dst_bytes", "land", "wrong_fragment", "urgent", "hot"),
    *("num_failed_logins", "logged_in", "num_compromised", "root_shell", "su_attempted"),
    *("num_root", "num_file_creations", "num_shells", "num_access_files", "num_outbound_cmds"),
    *("is_host_login", "is_guest_login", "count", "srv_count", "serror_rate", "srv_serror_rate"),
    *("rerror_rate", "srv_rerror_rate", "same_srv_rate", "diff_srv_rate", "srv_diff_host_rate"),
    *("dst_host_count", "dst_host_srv_count", "dst_host_same_srv_rate", "dst_host_diff_srv_rate"),
    *("dst_host_same_src_port_rate", "dst_host_srv_diff_host_rate", "dst_host_serror_rate"),
    *("dst_host_srv_serror_rate", "dst_host_rerror_rate", "dst_host_srv_rerror_rate"),
)
"""Names of the 41 features, in the order of the files; those of `WORDS` hold words."""
LABEL, DIFFICULTY = "label", "difficulty"
_PROTOCOLS = (b"tcp", b"udp", b"icmp")
_HEAD = 65_536
_ARFF = re.compile(rb"\s*(?:%[^\n]*\n\s*)*@relation", re.IGNORECASE)
_ARFF_DATA = re.compile(rb"^[ \t]*@data[^\n]*\n", re.IGNORECASE | re.MULTILINE)
_NUMBER = re.compile(rb"\s*[+-]?\d+(?:\.\d*)?\s*")


def start_of_rows(raw: bytes) -> int:
    """Return where the rows begin in a file of KDD Cup 99 or NSL-KDD; -1 for any other file.

    A header, or that of an ARFF file, stands before them in some copies.

    Args:
        raw: content of the file, unpacked.
    """
    start = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
    if _ARFF.match(raw[:_HEAD]):
        found = _ARFF_DATA.search(raw[:_HEAD])
        start = found.end() if found else 0
    for _ in range(2):  # the first line may be a header
        end = raw.find(b"\n", start)
        line = raw[start : end if end >= 0 else len(raw)]
        if _is_record(line):
            return start
        if end < 0:
            return -1
        start = end + 1
    return -1


def _is_record(line: bytes) -> bool:
    cells = [cell.strip(b" \r'\"") for cell in line.split(b",")]
    if not len(FEATURES) <= len(cells) <= len(FEATURES) + 2 or cells[1] not in _PROTOCOLS:
        return False
    numbers = [cell for name, cell in zip(FEATURES, cells, strict=False) if name not in WORDS]
    # One cell may be wrong: then the file is read as what it is, and the cell is refused.
    return sum(_NUMBER.fullmatch(cell) is None for cell in numbers) <= 1


def read_kdd(path: Path, raw: bytes, start: int, anomaly: Chosen, normal: Chosen) -> LabeledRows:
    """Read a file of KDD Cup 99 or NSL-KDD; words become columns of 0 and 1.

    Args:
        path: of the file.
        raw: its content, unpacked.
        start: see `start_of_rows`.
        anomaly: labels that are anomalies, with or without their period; None: the convention.
        normal: labels that are normal; None: the convention.

    Returns:
        The rows, with all columns, also those that are constant.

    Raises:
        InputError: the labels are lacking, or a row or a cell is not as expected.
    """
    first = next(csv.reader([raw[start : raw.find(b"\n", start)].decode("utf-8", "replace")]))
    names = [*FEATURES, LABEL, DIFFICULTY][: len(first)]
    if LABEL not in names:
        raise InputError(
            f"{path} holds connections of KDD Cup 99 without labels ({len(first)} cells a row). "
            "Give a file with labels: kddcup.data_10_percent, or `corrected` for the test part."
        )
    texts = [*WORDS, LABEL]
    numbers = [name for name in names if name not in texts]
    rows = Rows(memoryview(raw)[start:], names, ",", b'"' in raw or b"'" in raw)
    parse = parse_with_arrow if has_arrow() else parse_with_pandas
    try:
        words, cells = parse(rows, texts, numbers, "float64", ".")
    except ValueError as error:
        _refuse_line(path, raw, start, names, error)
    if not np.isfinite(cells.to_numpy()).all() or words[LABEL].isna().any():
        _refuse_line(path, raw, start, names, None)
    for name in texts:
        words[name] = words[name].str.strip(" '")
    is_nsl = not words[LABEL].str.endswith(".").any()
    notices = [f"It is read as {'NSL-KDD' if is_nsl else 'KDD Cup 99'}, by its cells and labels."]
    if start > 3 and not raw.startswith(b"duration,protocol_type,"):  # beyond a mark of UTF-8
        notices.append("Lines before its rows are left out; columns are named as published.")
    if DIFFICULTY in names:
        notices.append("The last column, the difficulty, is left out: it was made from the labels.")
    values, columns = side_by_side(
        len(cells),
        [
            (name, WordColumn(name, words[name]) if name in WORDS else cells[name].to_numpy())
            for name in FEATURES
        ],
    )
    labels = words[LABEL].to_numpy(dtype=str)
    is_published = anomaly is None and normal is None
    if is_published and not is_nsl and "normal." in labels:
        anomaly = "normal."
    classes = classes_of(labels, f"{path}: the label", anomaly=anomaly, normal=normal)
    if is_published:
        classes = classes._replace(anomaly=_by_convention(is_nsl, classes.anomaly))
    return assembled(values, columns, classes, notices, path)


def _by_convention(is_nsl: bool, said: str) -> str:
    if is_nsl:
        return f"attacks, {said}"
    return (
        "normal traffic (label `normal.`), as attacks are the majority here and count as what is "
        "normal (the convention of DAGMM; `--normal normal.` turns it round)"
    )


def _refuse_line(
    path: Path, raw: bytes, start: int, names: list[str], error: ValueError | None
) -> NoReturn:
    """Name the rows that have too many or too few cells, or a cell that is no number."""
    problems: list[str] = []
    count = 0
    for row, line, cells in _records(raw, start):
        found = ""
        if len(cells) != len(names):
            found = f"has {len(cells)} cells"
        else:
            for name, cell in zip(names, cells, strict=True):
                if name == LABEL and cell.strip(" '") in MISSING:
                    found = f"has no label (`{cell}`)"
                elif name not in (*WORDS, LABEL) and not _is_number(cell):
                    found = f"holds `{cell}` as `{name}`"
        if found:
            count += 1
            problems += [f"row {row:,} (line {line:,}) {found}"] if count <= SHOWN else []
    if not problems:
        raise InputError(f"{path} cannot be read as KDD Cup 99 or NSL-KDD: {error}.") from error
    raise InputError(
        f"{path}: {shortened(problems, SHOWN, count)}; expected {len(names)} cells a row, numbers "
        f"but for {', '.join(WORDS)} and the label. Was the file copied whole? Mend these rows or "
        "remove them."
    )


def _records(raw: bytes, start: int) -> Iterator[tuple[int, int, list[str]]]:
    """Yield the number of each row from 1, the number of its line, and its cells."""
    before = raw.count(b"\n", 0, start)
    row = 0
    for number, line in enumerate(raw[start:].decode("utf-8", "replace").split("\n"), before + 1):
        if line.strip():
            row += 1
            yield row, number, next(csv.reader([line.rstrip("\r")]))


def _is_number(cell: str) -> bool:
    try:
        return bool(np.isfinite(float(cell)))
    except ValueError:
        return False
