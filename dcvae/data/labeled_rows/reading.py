"""Readers of rows with labels: which one a file takes, by its first bytes."""

from pathlib import Path

from dcvae.data.files.compression import LARGEST
from dcvae.data.files.opening import content_of, open_content
from dcvae.data.files.parquet import read_parquet
from dcvae.data.labeled_rows.archives import is_npz, read_mat, read_npz
from dcvae.data.labeled_rows.classes import Chosen
from dcvae.data.labeled_rows.kdd import read_kdd, start_of_rows
from dcvae.data.labeled_rows.rows import LabeledRows
from dcvae.data.labeled_rows.tables import read_with_labels
from dcvae.errors import InputError, cannot_be_read

_FORMS = "an .npz with X and y, a .mat of ODDS, a CSV or Parquet file with a column of labels, or "
_FORMS += "a file of KDD Cup 99 or NSL-KDD"
_PICKLE = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def read_labeled_rows(
    path: Path | str, *, label: str | None = None, anomaly: Chosen = None, normal: Chosen = None
) -> LabeledRows:
    """Read rows with labels: which rows are anomalies.

    Forms are told apart by what a file holds: an archive of NumPy (`X` and `y`), a file of MATLAB
    as ODDS gives them out, KDD Cup 99 or NSL-KDD as published, or a CSV or Parquet file with a
    column of labels; text may be compressed.

    Args:
        path: of the file.
        label: name of the column, or of the array, of labels; None: `y` of an archive, and of a
            table the one column that is named like labels.
        anomaly: labels that are anomalies; None: 1, or as published, or all but `normal`.
        normal: labels that are normal; None: all others. If both are given, rows with other labels
            are left out: so one kind of attack among many is judged by itself.

    Returns:
        The rows: all columns but the labels and what cannot be a measurement, words as columns of
        0 and 1.

    Raises:
        InputError: the file cannot be read, or holds no finite numbers with two classes of labels.
    """
    path = Path(path)
    head = _head_of(path)
    if head.startswith(b"MATLAB") or (path.suffix.lower() == ".mat" and is_binary(head)):
        return read_mat(path, label, anomaly, normal)
    if head.startswith(b"\x93NUMPY"):
        raise InputError(
            f"{path} holds one array (.npy), without labels. Save rows and labels together: "
            "np.savez(path, X=X, y=y)."
        )
    if head.startswith(_PICKLE):
        raise InputError(
            f"{path} is a pickle, which can run any code when it is read; none are read here. Save "
            "its arrays as numbers: np.savez(path, X=X, y=y)."
        )
    if path.suffix.lower() == ".npz" or (head.startswith(b"PK") and is_npz(path)):
        return read_npz(path, label, anomaly, normal)
    if path.suffix.lower() == ".parquet":
        return read_with_labels(read_parquet(path), label, anomaly, normal)
    if path.stat().st_size > LARGEST:
        raise InputError(f"{path} is larger than {LARGEST / 2**30:g} GiB. Give a part of it.")
    raw = content_of(path)
    start = start_of_rows(raw)
    if start >= 0:
        return read_kdd(path, raw, start, anomaly, normal)
    return read_with_labels(open_content(path, raw), label, anomaly, normal)


def is_binary(head: bytes) -> bool:
    """Tell whether the start of a file is no text."""
    return b"\0" in head


def _head_of(path: Path) -> bytes:
    """Return the first bytes of a file that is there and not empty."""
    if not path.exists():
        raise InputError(f"{path} does not exist. Give the path of {_FORMS}.")
    if path.is_dir():
        raise InputError(f"{path} is a folder. Give the path of a file in it: {_FORMS}.")
    if not path.is_file():
        raise InputError(
            f"{path} is a pipe or a device, but a file is read more than once. Save what it gives "
            "to a file, and give the path of that."
        )
    try:
        with path.open("rb") as stream:
            head = stream.read(128)
    except OSError as error:
        raise InputError(cannot_be_read(path, error)) from error
    if not head:
        raise InputError(f"{path} is empty. Expected {_FORMS}. Was it copied whole?")
    return head
