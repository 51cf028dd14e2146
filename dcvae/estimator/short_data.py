"""Short training data: settings whose windows fit into few rows."""

from typing import Any

from dcvae.config import Settings, alias_of, show
from dcvae.data import longest_window
from dcvae.networks import entry_of


def settings_for_rows(settings: Settings, num_rows: int) -> tuple[Settings, list[str]]:
    """Return settings whose windows fit a training table of so many rows, and what changed.

    `T` and the validation share become those of `longest_window`. Layers of a network that would
    reach farther back than a window are left out.

    Args:
        settings: the settings asked for.
        num_rows: rows of the training table, at least 4.

    Returns:
        The settings, and one notice of all that is not as asked for; none if all is.

    Examples:
        >>> from dcvae.config import preset
        >>> asked = Settings.from_values(preset("recommended"), "recommended.txt")  # T = 64
        >>> settings, notices = settings_for_rows(asked, num_rows=100)
        >>> settings.window_length, settings.val_percent, len(notices)
        (20, 0.2, 1)
    """
    asked = settings.window_length
    length, share = longest_window(num_rows, asked, settings.val_percent)
    changes: dict[str, Any] = {"window_length": length, "val_percent": share}
    if length < asked and settings.has_network:
        changes |= entry_of(settings).shorter(settings, length)
    told = [
        f"`{alias_of(name)}` is {show(value)}, not {show(getattr(settings, name))}"
        for name, value in changes.items()
        if value != getattr(settings, name)
    ]
    if not told:
        return settings, []
    notice = f"The training data have only {num_rows:,} rows: {', '.join(told)}."
    return settings.model_copy(update=changes), [notice]
