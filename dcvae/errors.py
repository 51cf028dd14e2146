"""Error about unusable input, with a message for the user, and errors of the operating system."""

import errno
import os


class InputError(ValueError):
    """Error about input that cannot be used; the message says what, where, and how to correct it.

    The commands print the message alone and exit with status 2.

    Examples:
        >>> from dcvae import InputError, Settings
        >>> try:
        ...     Settings.from_values({"model_name": "pump", "epoch": 3}, "the values")
        ... except InputError as error:
        ...     print(error)
        Unusable keys in the values:
          `epoch`: unknown key; did you mean `epochs`?
    """


_CAUSES: dict[int, tuple[str, str]] = {
    errno.ENOENT: ("does not exist", "Check the path."),
    errno.EACCES: (
        "may not be read or written by this user",
        "Change its permissions, or use a place of your own.",
    ),
    errno.EEXIST: ("is in the way", "Move it elsewhere, or choose another name."),
    errno.EISDIR: ("is a folder, not a file", "Give the path of a file."),
    errno.ENOTDIR: ("has a file on its way where a folder is expected", "Check the path."),
    errno.ENOSPC: ("cannot be written: no space is left on its disk", "Free some, and try again."),
    errno.EROFS: (
        "is on a file system that can only be read",
        "Use a place that can be written to.",
    ),
    errno.ENAMETOOLONG: ("has a name that is too long for its file system", "Shorten the name."),
    errno.EMFILE: (
        "cannot be opened: this process has too many files open",
        "Raise the limit (`ulimit -n`), and try again.",
    ),
    errno.ENFILE: (
        "cannot be opened: too many files are open on this computer",
        "Close some programs, and try again.",
    ),
    errno.EBUSY: ("is in use by another program", "Close that program, and try again."),
    errno.EIO: ("cannot be read or written: its disk reports an error", "Check the disk."),
    errno.ELOOP: ("is a link that leads back to itself", "Check the links on its path."),
    errno.EXDEV: ("cannot be moved to another disk", "Keep both on one disk."),
    errno.EFBIG: ("is larger than its file system allows", "Use a place on another disk."),
    errno.EINVAL: ("has a name that its file system does not allow", "Choose another name."),
}
# Others that call for the same words; not every system has all.
_ALIKE = {
    "EPERM": errno.EACCES,
    "ENOTEMPTY": errno.EEXIST,
    "EDQUOT": errno.ENOSPC,
    "ETXTBSY": errno.EBUSY,
    "ENODEV": errno.EIO,
    "ENXIO": errno.EIO,
    "ESTALE": errno.EIO,
    "ETIMEDOUT": errno.EIO,
    "EREMOTEIO": errno.EIO,
}


def describe_os_error(error: OSError) -> str:
    """Return an error of the operating system as a sentence with the path, and what to do.

    Args:
        error: the error; its path is named if it has one.

    Examples:
        >>> describe_os_error(FileNotFoundError(2, "No such file or directory", "a.csv"))
        'a.csv does not exist. Check the path.'
        >>> describe_os_error(OSError(28, "No space left on device"))
        'A file cannot be written: no space is left on its disk. Free some, and try again.'
    """
    number = error.errno
    if getattr(error, "winerror", None) == 32:  # of Windows: another program has it open
        number = errno.EBUSY
    alike = {getattr(errno, name, None): like for name, like in _ALIKE.items()}
    path = "A file" if error.filename is None else str(error.filename)
    if isinstance(error.filename, bytes):
        path = os.fsdecode(error.filename)
    if number is None:
        return f"{str(error).rstrip('.') or type(error).__name__}. Check the path and the disk."
    cause = _CAUSES.get(alike.get(number, number))
    if cause is None:
        reason = (error.strerror or "an error of the operating system").rstrip(".")
        return f"{path} cannot be used: {reason}. Check the path and the disk."
    return f"{path} {cause[0]}. {cause[1]}"


def cannot_be_read(path: object, error: Exception, form: str = "") -> str:
    """Return why a file cannot be read: by the operating system, or by what it holds.

    Args:
        path: path of the file.
        error: from opening or reading it.
        form: what it was to be read as, as in " as Parquet".
    """
    if isinstance(error, OSError) and error.errno is not None:
        error.filename = error.filename or str(path)
        return describe_os_error(error)
    return f"{path} cannot be read{form}: {error}"
