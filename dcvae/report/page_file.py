"""Page in a file of its own: written whole or not at all, and never over anything else."""

from pathlib import Path

from dcvae.errors import InputError
from dcvae.storage import check_writable, write_text

_MARK = b"<title>DC-VAE"  # near the start of every page of this program
_LOOKED_AT = 1000  # bytes


def check_page(
    path: Path,
    *,
    overwrite: bool = False,
    instead: str = "overwrite=True to replace it",
    mark: bytes = _MARK,
) -> None:
    """Check that a page can be written to a path, before the work that would be lost.

    Args:
        path: of the file.
        overwrite: whether a file there may be anything; otherwise only an earlier page is replaced.
        instead: what else to do about such a file, for the message.
        mark: what an earlier page that is replaced has near its start.

    Raises:
        InputError: it cannot, or something else is there.
    """
    if not path.parent.is_dir():
        raise InputError(
            f"The folder {path.parent} does not exist. Make it first, or give another path."
        )
    if path.is_dir():
        raise InputError(
            f"{path} is a folder; expected the path of a file, such as {path / 'report.html'}."
        )
    if path.exists() and not overwrite:
        with path.open("rb") as stream:
            is_page = mark in stream.read(_LOOKED_AT)
        if not is_page:
            raise InputError(
                f"{path} is there already, and is no such page of this program. Give another "
                f"path, or {instead}."
            )
    check_writable(path.parent)


def write_page(
    page: str,
    path: Path,
    *,
    overwrite: bool = False,
    instead: str = "overwrite=True to replace it",
    mark: bytes = _MARK,
) -> None:
    """Write a page.

    Args:
        page: its text, an HTML document of this program.
        path: of the file.
        overwrite: see `check_page`.
        instead: see `check_page`.
        mark: see `check_page`.

    Raises:
        InputError: nothing can be written there, or something else is there.
    """
    check_page(path, overwrite=overwrite, instead=instead, mark=mark)
    write_text(path, page)
