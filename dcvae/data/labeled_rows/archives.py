"""Archives of arrays: `.npz` of NumPy, and `.mat` of MATLAB as the collection ODDS has them."""

import warnings
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np

from dcvae._arrays import AnyArray
from dcvae._text import quoted, shortened
from dcvae.data.files.compression import LARGEST
from dcvae.data.labeled_rows.classes import Chosen
from dcvae.data.labeled_rows.rows import LabeledRows, rows_from_arrays
from dcvae.errors import InputError, cannot_be_read

MATLAB_HDF5 = b"MATLAB 7.3"
_SAVE = "np.savez(path, X=X, y=y)"
# What NumPy, SciPy and h5py raise about files that are cut off or damaged.
_DAMAGED = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, LookupError, ArithmeticError),
    *(MemoryError, RuntimeError, NotImplementedError, zlib.error, zipfile.BadZipFile),
    *(AttributeError, SyntaxError),
)


def is_npz(path: Path) -> bool:
    """Tell whether a file is a zip archive of arrays, whatever its name."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
    return bool(names) and all(name.endswith(".npy") for name in names)


def read_npz(path: Path, label: str | None, anomaly: Chosen, normal: Chosen) -> LabeledRows:
    """Read the arrays `X` and `y` of an archive of NumPy.

    Args:
        path: of the file.
        label: name of the array of labels; None: `y`.
        anomaly: see `rows_from_arrays`.
        normal: see `rows_from_arrays`.

    Raises:
        InputError: it is no such archive, is damaged, lacks one of the arrays, or one of them is
            pickled or not as expected.
    """
    key = "y" if label is None else label
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
            names = [member.removesuffix(".npy") for member in archive.namelist()]
    except zipfile.BadZipFile as error:
        raise InputError(
            f"{path} is no whole archive of NumPy (.npz): {error}. Was it copied whole? Write it "
            f"again with {_SAVE}, or give a CSV."
        ) from error
    except OSError as error:
        raise InputError(cannot_be_read(path, error)) from error
    _refuse_large(path, size)
    _refuse_keys(path, names, ["X", key])
    arrays = []
    for name in ("X", key):
        try:
            with np.load(path, allow_pickle=False) as archive:
                arrays.append(archive[name])
        except _DAMAGED as error:
            if "pickle" in str(error):
                raise InputError(
                    f"{path}: `{name}` holds pickled Python objects, which can run any code when "
                    "they are read; none are read here. Save it as numbers, as in "
                    f"{_SAVE.replace('=X', '=X.astype(float)')}."
                ) from error
            _refuse_damaged(path, name, error)
    return _from_arrays(path, arrays[0], arrays[1], key, anomaly, normal)


def read_mat(path: Path, label: str | None, anomaly: Chosen, normal: Chosen) -> LabeledRows:
    """Read the arrays `X` and `y` of a file of MATLAB, of any version from 4 to 7.3.

    Args:
        path: of the file.
        label: name of the array of labels; None: `y`.
        anomaly: see `rows_from_arrays`.
        normal: see `rows_from_arrays`.

    Raises:
        InputError: it is no such file, is damaged, lacks one of the arrays, or one of them is not
            as expected.
    """
    key = "y" if label is None else label
    try:
        with path.open("rb") as stream:
            head = stream.read(128)
    except OSError as error:
        raise InputError(cannot_be_read(path, error)) from error
    read = _read_hdf5 if head.startswith(MATLAB_HDF5) else _read_level_5
    arrays = read(path, ("X", key))
    return _from_arrays(path, arrays["X"], arrays[key], key, anomaly, normal)


def _read_level_5(path: Path, wanted: Sequence[str]) -> dict[str, AnyArray]:
    import scipy.io

    damaged = (*_DAMAGED, scipy.io.matlab.MatReadError)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about members that are not asked for
            names = [name for name, _, _ in scipy.io.whosmat(path)]
    except damaged as error:
        raise InputError(
            f"{path} is no whole file of MATLAB (.mat): {_reason(error)}. Was it copied whole? "
            f"Write it again, or save its arrays with {_SAVE}."
        ) from error
    _refuse_keys(path, names, wanted)
    try:
        found = scipy.io.loadmat(path, variable_names=list(wanted))
    except damaged as error:
        _refuse_damaged(path, "X", error)
    arrays = {name: found[name] for name in wanted}
    for name, array in arrays.items():
        if hasattr(array, "toarray"):  # a sparse matrix
            _refuse_large(path, 8 * int(np.prod(array.shape)))
            arrays[name] = array.toarray()
    return arrays


def _read_hdf5(path: Path, wanted: Sequence[str]) -> dict[str, AnyArray]:
    """Read version 7.3, which is HDF5: MATLAB stores arrays by columns, so they are turned."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            names = [name for name in file if not name.startswith("#")]
            _refuse_keys(path, names, wanted)
            arrays = {}
            for name in wanted:
                # A link may lead to another file of this computer.
                link, dataset = file.get(name, getlink=True), file[name]
                if not isinstance(link, h5py.HardLink) or not isinstance(dataset, h5py.Dataset):
                    raise InputError(
                        f"{path}: `{name}` is no array of numbers (a structure, a sparse matrix "
                        f"or a link). Save it as numbers: full(X) in MATLAB, or {_SAVE}."
                    )
                if dataset.external or dataset.is_virtual:
                    raise InputError(
                        f"{path}: the numbers of `{name}` lie in another file. Save them in one: "
                        f"{_SAVE}."
                    )
                _refuse_large(path, int(dataset.size) * dataset.dtype.itemsize)
                arrays[name] = np.asarray(dataset[()]).T
    except InputError:
        raise
    except _DAMAGED as error:
        _refuse_damaged(path, "X", error)
    return arrays


def _from_arrays(
    path: Path, values: AnyArray, labels: AnyArray, key: str, anomaly: Chosen, normal: Chosen
) -> LabeledRows:
    try:
        return rows_from_arrays(values, labels, anomaly=anomaly, normal=normal, source=path)
    except InputError as error:
        raise InputError(str(error).replace("`y`", f"`{key}`")) from error


def _refuse_keys(path: Path, names: Sequence[str], wanted: Sequence[str]) -> None:
    lacking = [name for name in wanted if name not in names]
    if lacking:
        has = f"has {shortened(quoted(names), 8)}" if names else "is empty"
        raise InputError(
            f"{path} lacks {' and '.join(quoted(lacking))}: it {has}. Expected `X`, (rows, "
            f"columns), and `{wanted[1]}`, (rows,) with 1 for an anomaly, as {_SAVE} writes them; "
            "labels of another name are given by `--label NAME`."
        )


def _refuse_large(path: Path, size: int) -> None:
    if size > LARGEST:
        raise InputError(
            f"{path} unpacks to more than {LARGEST / 2**30:g} GiB. Give a part of its rows, or "
            "save them as float32."
        )


def _refuse_damaged(path: Path, name: str, error: BaseException) -> NoReturn:
    raise InputError(
        f"{path}: the array `{name}` cannot be read: it is damaged or cut off ({_reason(error)}). "
        "Was the file copied whole? Copy it or write it again."
    ) from error


def _reason(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
