"""Error about unusable input, with a message for the user."""


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
