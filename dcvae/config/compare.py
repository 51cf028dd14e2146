"""Differences between settings, and notices about keys that may surprise."""

from collections.abc import Iterator

from dcvae.config.json_file import show
from dcvae.config.keys.common import CommonKeys
from dcvae.config.keys.network import NetworkKeys
from dcvae.config.keys.properties import Key, alias_of, key_of
from dcvae.config.keys.training import TrainingKeys
from dcvae.config.settings import FIELDS, Settings, fidelity_keys_of


def differences(trained: Settings, given: Settings) -> list[str]:
    """Say where a file describes another model than the one that was trained.

    Only keys that make another model count; an `M` of null in the file fits any number of series.

    Args:
        trained: the settings of the training.
        given: the settings of the file.

    Returns:
        One sentence for each key that differs, in the order of a file.

    Examples:
        Another window length makes another model, another number of epochs does not:

        >>> from dcvae.config import Settings, differences
        >>> trained = Settings.from_values({"model_name": "pump"}, "the model")
        >>> given = Settings.from_values({"model_name": "pump", "T": 64, "epochs": 3}, "pump.txt")
        >>> differences(trained, given)
        ['`T` is 64 in pump.txt but the model was trained with 128.']
    """
    return [
        f"{difference} but the model was trained with {value}."
        for key, difference, value in _compare(trained, given)
        if key.effect == "model"
    ]


def resume_differences(begun: Settings, given: Settings) -> list[str]:
    """Say where a resumed training would not be the training that was begun.

    Keys that make another model count, keys of how data are read, and keys of training except the
    number of epochs, the patience and what is printed. An `M` of null in the file fits any number
    of series.

    Args:
        begun: the settings of the training to resume.
        given: the settings of the file.

    Returns:
        One sentence for each key that differs, in the order of a file.

    Examples:
        A training may get more epochs, but not another learning rate:

        >>> from dcvae.config import Settings, resume_differences
        >>> begun = Settings.from_values({"model_name": "pump"}, "the model")
        >>> given = Settings.from_values(
        ...     {"model_name": "pump", "epochs": 200, "lr": 0.001}, "pump.txt"
        ... )
        >>> resume_differences(begun, given)
        ['`lr` is 0.001 in pump.txt but the training was begun with 0.0001.']
    """
    return [
        f"{difference} but the training was begun with {value}."
        for key, difference, value in _compare(begun, given)
        if key.effect in ("model", "training", "data") and not key.resumable
    ]


def values_that_differ(first: Settings, second: Settings) -> tuple[tuple[str, str, str], ...]:
    """List the keys whose values differ, as two runs beside each other show them.

    Args:
        first: settings of one run.
        second: settings of the other.

    Returns:
        Key, value of the first and value of the second, in the order of a file; "-" where the
        architecture of a side lacks the key. Keys without effect on both sides are left out.

    Examples:
        >>> from dcvae.config import Settings
        >>> one = Settings.from_values({"model_name": "pump"}, "one.txt")
        >>> other = Settings.from_values({"model_name": "pump", "alarm_hold": 3}, "other.txt")
        >>> values_that_differ(one, other)
        (('alarm_hold', '12', '3'),)
    """
    idle = _idle_keys(first).keys() & _idle_keys(second).keys()
    attributes = {alias_of(name): name for name in Settings.model_fields}

    def value(settings: Settings, name: str) -> str:
        has_key = settings.architecture in key_of(FIELDS[name]).of
        return show(getattr(settings, attributes[name])) if has_key else "-"

    shown = ((name, value(first, name), value(second, name)) for name in FIELDS)
    return tuple(line for line in shown if line[1] != line[2] and line[0] not in idle)


def _compare(here: Settings, there: Settings) -> Iterator[tuple[Key, str, str]]:
    """Yield, for every key that differs: the key, "`lr` is 1 in the file", the value here.

    Keys come in the order of a file. A key without effect on both sides does not differ, nor does
    one that the architecture of a side lacks.
    """
    idle = _idle_keys(here).keys() & _idle_keys(there).keys()
    attributes = {alias_of(name): name for name in Settings.model_fields}
    for name, field in FIELDS.items():
        if not {here.architecture, there.architecture} <= set(key_of(field).of):
            continue
        value, other = getattr(here, attributes[name]), getattr(there, attributes[name])
        taken_from_csv = name == "M" and other is None
        if value != other and not taken_from_csv and name not in idle:
            difference = f"`{name}` is {show(other)} in {there.source}"
            yield key_of(field), difference, show(value)


def _idle_keys(settings: Settings) -> dict[str, str]:
    """Return the keys without effect, given the values of the others, and the reasons."""
    reasons = {"alpha_reg": "the published program never reads it either"}
    if not settings.lr_decay:
        why = "`lr_decay` is false"
        given = settings.model_fields_set
        if {"alpha_reg", "decay_rate"} <= given and "lr_decay" not in given:
            why += "; programs of the authors that do not have that key yet always decay"
        reasons |= dict.fromkeys(("decay_rate", "decay_step"), why)
    if not settings.wo_outliers:
        reasons |= {"max_std": "`wo_outliers` is false"}
    if not settings.scale:
        reasons |= {"robust_scale": "`scale` is false"}
    if settings.detector != "ensemble":
        reasons |= {"ensemble_members": f"`detector` is {show(settings.detector)}"}
    if not settings.has_network:
        why = f"`detector` is {show(settings.detector)}, which has no network"
        reasons |= dict.fromkeys(_OF_NETWORKS, why)
    if settings.members[0] in _WITHOUT_SIGMA or settings.detector == "ensemble":
        reasons["sigma"] = f"`detector` is {show(settings.detector)}, which has no band"
    return reasons


def _own_keys(group: type[CommonKeys]) -> list[str]:
    """Return the keys of a file that a group adds to the common ones."""
    return [alias_of(name) for name in group.model_fields if name not in CommonKeys.model_fields]


# Keys that only a network obeys.
_OF_NETWORKS = (
    "architecture",
    *_own_keys(NetworkKeys),
    *_own_keys(TrainingKeys),
    *("summary", "fidelity_latent", "fidelity_losses", "train_stride"),
)
_WITHOUT_SIGMA = ("k-means", "isolation-forest", "ecod")  # they expect no value


def without_effect(settings: Settings) -> list[str]:
    """Return one sentence about given keys that have no effect, or none if all have one.

    Args:
        settings: as read from the file.

    Examples:
        >>> from dcvae.config import Settings, without_effect
        >>> settings = Settings.from_values({"model_name": "pump", "decay_rate": 0.9}, "pump.txt")
        >>> without_effect(settings)
        ['Keys in pump.txt without effect: `decay_rate` (`lr_decay` is false).']
    """
    given = {alias_of(name) for name in settings.model_fields_set}
    names_of: dict[str, list[str]] = {}
    for name, why in _idle_keys(settings).items():
        if name in given and name != "architecture":  # set by every file
            names_of.setdefault(why, []).append(f"`{name}`")
    parts = [f"{', '.join(names)} ({why})" for why, names in names_of.items()]
    return [f"Keys in {settings.source} without effect: {', '.join(parts)}."] if parts else []


def fidelity_departures(settings: Settings) -> list[str]:
    """Return one sentence about `fidelity_...` keys that differ from `fidelity`, or none.

    Args:
        settings: as read from the file.

    Examples:
        >>> from dcvae.config import Settings, fidelity_departures
        >>> values = {"model_name": "pump", "fidelity_spread": "code"}
        >>> fidelity_departures(Settings.from_values(values, "pump.txt"))
        ['`fidelity` is "paper" but `fidelity_spread` is "code".']
    """
    departing = [
        f"`{key}`"
        for key in fidelity_keys_of(settings.architecture)
        if getattr(settings, key) != settings.fidelity
    ]
    if not departing:
        return []
    other = "code" if settings.fidelity == "paper" else "paper"
    verb = "is" if len(departing) == 1 else "are"
    listed = ", ".join(departing)
    return [f'`fidelity` is "{settings.fidelity}" but {listed} {verb} "{other}".']
