"""Files of one folder that change together, such as those of thresholds.

They are written to a hidden folder, which is renamed when it is whole: from that step on they hold,
and are moved to their places one by one. Whatever stops the process, the next command that holds
the lock moves what is left before it reads or writes.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from dcvae.storage.atomic import write_text
from dcvae.storage.changing.folders import remove, sync_folder, uninterrupted

_WRITING, _WRITTEN = ".writing", ".written"


def write_together(
    folder: Path, texts: Mapping[str, str], done: Callable[[], None] = lambda: None
) -> None:
    """Write several files of a folder, all or none; under the lock of its model.

    Args:
        folder: the folder.
        texts: texts of the files, by their names.
        done: called when the files hold, even if an error is raised after that.
    """
    settle_files(folder)
    writing, written = folder / _WRITING, folder / _WRITTEN
    try:
        writing.mkdir()
        for name, text in texts.items():
            write_text(writing / name, text)
        sync_folder(writing)
        with uninterrupted():
            try:
                writing.rename(written)
            finally:
                if not writing.exists():
                    done()
            settle_files(folder)
    except BaseException:
        settle_files(folder)
        raise


def settle_files(folder: Path) -> None:
    """Move what a process that was stopped had written, and remove what it had not; as above."""
    writing, written = folder / _WRITING, folder / _WRITTEN
    if written.is_dir() and not written.is_symlink():
        for path in sorted(written.iterdir()):
            path.replace(folder / path.name)
        sync_folder(folder)
        written.rmdir()
    remove(writing)
