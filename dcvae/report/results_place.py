"""Place of results: the name of their folder, where it is made, and what in it is kept."""

import csv
import os
import re
from collections.abc import Iterator
from pathlib import Path
from unicodedata import normalize

from dcvae.data import COMPRESSED_SUFFIXES
from dcvae.errors import InputError
from dcvae.storage import RESULTS_FOLDER, check_writable

FIGURES = "figures"
"""Folder of the figures, below that of the results."""
_MARK = "anomaly_predictions.csv"  # tells a folder of results from any other
_SOMETIMES = (  # files that not every run, and not every detector writes
    *("metrics.csv", "baselines.csv", "true_events.csv", "losses.csv", "latent_space.csv"),
    *("reconstructions.csv", "abs_error.csv", "sigma.csv"),
)
_FIGURE = re.compile(r"(series_\d{3,}|latent_space|loss)\.(png|pdf)")  # of every version
_LONGEST_NAME = 60  # characters of a series' name in that of its figure
_LARGEST_HEADER = 16_000_000  # bytes


def stem_of(data: Path) -> str:
    """Return the name of a file without its suffixes, as the name of a folder."""
    name = data.name
    for suffix in (*COMPRESSED_SUFFIXES, data.suffix, ".csv"):
        name = name.removesuffix(suffix)
    return name.strip(".") or "data"  # a dot is a folder that exists


def partial_of(model_folder: Path, results: Path, *, is_given: bool) -> tuple[Path, str]:
    """Return the folder in which results are made, and a pattern of others left by a killed run.

    It lies beside the model, which may be renamed meanwhile. Where the results are not below the
    models, it lies beside the results, and its name tells them alone: two models that write to
    one folder of results are in each other's way, and find that out by it.

    Args:
        model_folder: models/<model_name>.
        results: the folder of the results.
        is_given: whether that is not below the model.

    Raises:
        InputError: the results of the model are behind a link that leads nowhere.
    """
    if is_given:
        place, start = results.parent, ".results."
        place.mkdir(parents=True, exist_ok=True)
    else:
        place = _where_to_write(model_folder)
        start = f".{model_folder.name}.results." if place == model_folder.parent else ".results."
    return place / f"{start}{results.name}.partial", f"{start}*.partial"


def _where_to_write(model_folder: Path) -> Path:
    """Return the folder in which results of a model are made: beside it, which may be renamed.

    Where results are not below the models, as behind a link to another disk, it is there.
    """
    results, models = model_folder / RESULTS_FOLDER, model_folder.parent
    if results.is_symlink() and not results.is_dir():
        raise InputError(
            f"{results} is a link to {os.readlink(results)}, which is no folder. Make that folder, "
            "or remove the link."
        )
    is_below = results.resolve() == models.resolve() / model_folder.name / RESULTS_FOLDER
    if is_below and os.access(models, os.W_OK | os.X_OK):
        return models
    results.mkdir(exist_ok=True)
    return results.resolve()


def check_replaceable(place: Path) -> None:
    """Check that a folder of results can be written, and that what is there is one.

    Raises:
        InputError: it cannot, or is not.
    """
    above = next(folder for folder in place.absolute().parents if folder.exists())
    if not above.is_dir():
        raise InputError(
            f"{above} is a file; expected a folder, in which the folder of the results is made. "
            "Rename the file, or give --results another folder."
        )
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        kind = "link" if place.is_symlink() else "file"
        raise InputError(
            f"{place} is a {kind}; expected a folder of results, which is replaced as a whole. "
            f"Remove the {kind}; {place.parent} may be a link to another disk."
        )
    if place.is_dir() and any(place.iterdir()) and not (place / _MARK).exists():
        raise InputError(
            f"{place} is in the way: it holds no results of this program, which removes nothing of "
            "yours. Rename it, or the data file."
        )
    for folder in (place, place.parent):
        if folder.exists():
            check_writable(folder)


def figure_name(column: int, series: str) -> str:
    """Return the name of the figure of a series, which is one of a file on every system.

    Args:
        column: number of the series, from 0.
        series: its name, whose letters and digits are kept.

    Examples:
        >>> figure_name(2, "TS4"), figure_name(0, "web1/cpu Störung"), figure_name(11, "温度")
        ('series_003_TS4', 'series_001_web1-cpu-Storung', 'series_012')
    """
    plain = normalize("NFKD", series).encode("ascii", "ignore").decode()
    kept = re.sub(r"[^A-Za-z0-9._]+", "-", plain)[:_LONGEST_NAME].strip("-._")
    return f"series_{column + 1:03d}" + (f"_{kept}" if kept else "")


def _own_figures(place: Path) -> set[str]:
    """Return the names of figures that an earlier run may have written, by the series it had."""
    try:
        with (place / _MARK).open("rb") as stream:
            header = stream.readline(_LARGEST_HEADER).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return set()
    _, *series = next(csv.reader([header]), [""])
    names = [figure_name(column, name) for column, name in enumerate(series)]
    return {f"{name}.{kind}" for name in names for kind in ("png", "pdf")}


def foreign(place: Path, new: Path) -> Iterator[Path]:
    """Yield files of an earlier folder that are not of this program, by their paths in it.

    Args:
        place: the earlier folder.
        new: the folder that replaces it.
    """
    figures = _own_figures(place)
    for path in place.rglob("*"):
        name = path.relative_to(place)
        is_figure = name.parent == Path(FIGURES) and (
            name.name in figures or _FIGURE.fullmatch(name.name) is not None
        )
        is_own = is_figure or str(name) in _SOMETIMES or os.path.lexists(new / name)
        if not is_own and (path.is_symlink() or path.is_file()):
            yield name
