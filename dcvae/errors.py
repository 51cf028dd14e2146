"""The error that a user of the package is meant to read."""


class InputError(ValueError):
    """Input that cannot be used; the message says what, where, and how to mend it.

    The commands print the message alone and exit with status 2.
    """
