"""Settings of one model: a small file, read once into a frozen object.

A settings file is a JSON object in a `.txt`, with the key names of the published DC-VAE program
(García González et al. 2022) and a few more. It is read at the start of a command into a frozen
`Settings`; every other module relies on its values and does not check them again.

Three rules follow from that. A file is refused as a whole (see `messages`). Nothing is guessed:
a misspelled key, `true` in place of a number or `"32"` for 32 is an error. And the effective
settings are written beside the trained model, so that a model is never rebuilt from defaults that
have changed since.

Keys are grouped by the package that reads them (the modules of `keys`). `Settings` inherits
from all groups: a function takes the group that it reads, and can be given the whole.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Self, get_args

from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo

from dcvae.config.branches import problem_of_branch
from dcvae.config.json_file import parse_object, read_text, show
from dcvae.config.keys.data import DataKeys
from dcvae.config.keys.detector import DetectorKeys
from dcvae.config.keys.names import NameKeys
from dcvae.config.keys.network import NetworkKeys
from dcvae.config.keys.properties import (
    ARCHITECTURE_TRAITS,
    CODE_DEFAULTS,
    DEFAULT_ARCHITECTURE,
    DETECTOR_TITLES,
    FIDELITY_KEYS,
    Architecture,
    Fidelity,
    Key,
    alias_of,
    key_of,
)
from dcvae.config.keys.thresholds import DetectionKeys, ScoringKeys
from dcvae.config.keys.training import TrainingKeys
from dcvae.config.messages import expected, problem_line
from dcvae.config.metadata import with_metadata
from dcvae.config.size import size_problems
from dcvae.config.values import problem_of_folder_name
from dcvae.errors import InputError

# The order in which a file lists its keys, whatever their group: that of the published file, with
# the layers of other architectures beside DC-VAE's. Further keys follow, group by group.
_ORDER = (
    *("detector", "ensemble_members", "architecture", "dataset_name", "model_name", "scale"),
    *("robust_scale", "wo_outliers", "max_std", "T", "M"),
    *("cnn_units", "dil_rate", "kernel", "strs", "layer_type", "rnn_units", "hidden_size"),
    *("embedding_size", "loss", "activation", "alpha_reg", "batch_size", "J", "epochs", "lr"),
    *("lr_decay", "decay_rate", "decay_step", "val_percent", "seed", "summary", "custom_metrics"),
    *("patience", "min_delta", "train_stride", "steps_per_epoch", "trim_windows", "tf32"),
    *("max_gap", "max_fill", "resample", "time_zone", "time_column", "ignore", "missing_values"),
    *("counters", "by", "entity", "titles", "units", "metadata"),
    *("default_alpha", "alpha_method", "false_alarms_per_week"),
    *("alpha_lowest", "alpha_quantile", "alpha_search", "sigma", "threshold", "alarm_window"),
    *("alarm_longest", "alarm_system", "alarm_series"),
    *("alarm_smoothing", "alarm_enter", "alarm_leave", "alarm_min_rows", "alarm_hold"),
    *("system_false_alarms_per_week", "budget_confidence", "contamination", "tune_alarms"),
    *("fidelity", *FIDELITY_KEYS),
)


# The last base is the first group: pydantic collects fields from the end.
class Settings(
    NameKeys,
    DetectionKeys,
    ScoringKeys,
    TrainingKeys,
    NetworkKeys,
    DetectorKeys,
    DataKeys,
):
    """Settings of one model: checked, complete and immutable.

    Attributes have the names of the keys of a file, except for the three letters of the paper:
    `window_length` (T), `num_series` (M, None until a table is known) and `latent_size` (J).
    `fidelity_...` attributes always hold "paper" or "code", whether given or set by `fidelity`.
    Two settings are equal if all their values are, whatever file they were read from.

    Examples:
        Keys that are not given have their defaults, which may depend on the architecture:

        >>> from dcvae.config import Settings
        >>> settings = Settings.from_values({"model_name": "pump", "rnn_units": [8, 4]}, "keys")
        >>> settings.architecture, settings.window_length, settings.lr
        ('rnn-vae', 512, 0.001)
    """

    _source: str = PrivateAttr(default="the settings")

    dataset_name: Annotated[str, Key("label")] = Field(
        "", description="Name of the data set. Only a label: nothing is looked up by it."
    )
    model_name: Annotated[
        str,
        Key(
            "label",
            values="a folder name of letters `A`-`Z` `a`-`z`, digits, `.` `_` `-`, spaces inside",
        ),
    ] = Field(
        description="Name of the model: everything about it is kept in `models/<model_name>/`."
    )
    summary: Annotated[bool, Key("training", resumable=True)] = Field(
        True, description="Whether `train.py` prints the network."
    )
    alpha_reg: Annotated[float, Key("none")] = Field(
        1e-4, ge=0, description="No effect: the published program never reads it either."
    )
    fidelity: Annotated[Fidelity, Key("other keys")] = Field(
        "paper",
        description="Whether to do what the paper says or what the published program does; sets "
        "every `fidelity_...` key that is not given.",
    )
    fidelity_units: Annotated[Fidelity, Key("scoring")] = Field(
        "paper", description="Units of the CSV outputs: the data's (paper) or standardized (code)."
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: Any) -> Any:
        """Give keys that are not in the file their defaults by `architecture` and `fidelity`."""
        if not isinstance(values, dict):
            return values
        architecture = architecture_of(values)
        # A wrong value is reported with all the others.
        is_known = architecture in get_args(Architecture)
        known: Architecture = architecture if is_known else DEFAULT_ARCHITECTURE
        defaults: dict[str, Any] = {"architecture": architecture}
        if values.get("fidelity") == "code":
            defaults |= dict.fromkeys(fidelity_keys_of(known), "code") | CODE_DEFAULTS
        return defaults | values

    @field_validator("model_name")
    @classmethod
    def _check_model_name(cls, name: str) -> str:
        problem = problem_of_folder_name(name)
        if problem:
            words = expected(cls.model_fields["model_name"])
            raise ValueError(f"expected {words}, received {show(name)}{problem}")
        return name

    @classmethod
    def from_text(cls, text: str, source: str | Path) -> Self:
        """Read the text of a settings file.

        Args:
            text: a JSON object.
            source: names the file in messages.

        Returns:
            The settings, with defaults for keys that are not given.

        Raises:
            InputError: the text is not a JSON object, or keys have problems: all of them.

        Examples:
            >>> from dcvae.config import Settings
            >>> Settings.from_text('{"model_name": "pump", "T": 64}', "pump.txt").window_length
            64
        """
        values, problems = parse_object(text, source)
        refusal = f"{source} is not a usable settings file"
        return cls._checked(values, problems, source, refusal, Path(source).parent)

    @classmethod
    def from_values(cls, values: dict[str, Any], source: str) -> Self:
        """Check values that are given by the keys of a file.

        Args:
            values: by key; strict types, as in JSON.
            source: names the values in messages, in the plural.

        Returns:
            The settings, with defaults for keys that are not given.

        Raises:
            InputError: keys have problems: all of them.
        """
        return cls._checked(values, [], source, f"Unusable keys in {source}", Path())

    @classmethod
    def _checked(
        cls,
        values: dict[str, Any],
        problems: list[str],
        source: str | Path,
        refusal: str,
        folder: Path,
    ) -> Self:
        branch = problem_of_branch(values)
        if branch:
            raise InputError(f"{refusal}:\n  {branch}")
        foreign = _foreign_keys(values)
        problems = [*problems, *foreign.values()]
        values = {key: value for key, value in values.items() if key not in foreign}
        values, unread = with_metadata(values, folder)
        problems += unread
        try:
            settings = cls.model_validate(values, context=values)
        except ValidationError as error:
            order = {key: number for number, key in enumerate(FIELDS)}
            found = sorted(
                error.errors(), key=lambda one: order.get(str(one["loc"][0]), len(order))
            )
            problems += [problem_line(details, FIELDS) for details in found]
        else:
            if settings.has_network:
                problems += size_problems(settings, settings)
        if problems:
            lines = "".join(f"\n  {problem}" for problem in problems)
            raise InputError(f"{refusal}:{lines}")
        settings._source = str(source)
        return settings

    def __eq__(self, other: object) -> bool:
        """Compare the values of all keys, not where they were read from."""
        return isinstance(other, Settings) and dict(self) == dict(other)

    @property
    def source(self) -> str:
        """Name of the file that the settings were read from, for messages."""
        return self._source

    @property
    def name_of_architecture(self) -> str:
        """Name of the architecture in text, such as "DC-VAE"."""
        return ARCHITECTURE_TRAITS[self.architecture].title

    @property
    def name_of_detector(self) -> str:
        """Name of the detector in text, such as "PCA"; of a network, that of its architecture."""
        return DETECTOR_TITLES.get(self.detector, self.name_of_architecture)

    @property
    def described_detector(self) -> str:
        """Name of the detector in text, with the members of an ensemble."""
        names = [DETECTOR_TITLES.get(name, self.name_of_architecture) for name in self.members]
        if self.detector != "ensemble":
            return names[0]
        return f"{self.name_of_detector} of {', '.join(names)}"

    def check_labels(self, labels: Path | None) -> None:
        """Check that labels are given if `alpha_method` needs them, and not if it takes none.

        Args:
            labels: path of the label file; None without one.

        Raises:
            InputError: `alpha_method` is "labels" and there are none, or another and there are.
        """
        if labels is not None and self.alpha_method not in (None, "labels"):
            raise InputError(
                f'`alpha_method` is "{self.alpha_method}" in {self._source}, which takes data for '
                f"normal and no labels. Received: the label file {labels}. Leave it out, or set "
                '`alpha_method` to "labels" or null.'
            )
        if labels is None and self.alpha_method == "labels":
            raise InputError(
                f'`alpha_method` is "labels" in {self._source}, but there is no label file. Give '
                'one after the data, or set `alpha_method` to "budget", "quantile" or "evt".'
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the effective settings by the keys of a file: all keys of the architecture.

        Returns:
            Values as JSON has them, such as lists for tuples.
        """
        values = self.model_dump(mode="json", by_alias=True)
        return {key: values[key] for key in keys_of(self.architecture)}

    def to_json(self) -> str:
        """Return the effective settings as JSON text, from which `from_text` makes equal ones."""
        lines = [
            f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in self.to_dict().items()
        ]
        return "{\n" + ",\n".join(lines) + "\n}\n"

    def with_num_series(self, num_series: int, source: str | Path) -> Self:
        """Return these settings for a table with a known number of series.

        Args:
            num_series: number of series of the table, M.
            source: names the table in messages.

        Returns:
            Settings with this `num_series`.

        Raises:
            InputError: the settings have another number, or an alarm needs more series.
        """
        if self.alarm_system == "at least" and self.alarm_series > num_series:
            raise InputError(
                f"`alarm_series` is {self.alarm_series} in {self._source} but {source} has "
                f"{num_series} series, so that the system would never be in alarm; set it to "
                f"{num_series} or less"
            )
        if self.num_series is None:
            known = self.model_copy(update={"num_series": num_series})
            too_large = size_problems(known, known) if self.has_network else []
            if too_large:
                raise InputError(
                    f"{self._source} does not fit {source} with its {num_series:,} series: "
                    + "; ".join(too_large)
                )
            return known
        if self.num_series != num_series:
            raise InputError(
                f"`M` is {self.num_series} in {self._source} but {source} has {num_series} series; "
                f"use a file with {self.num_series} series, or set `M` to {num_series}, or to null "
                "to take it from the CSV"
            )
        return self


def keys_of(architecture: Architecture) -> tuple[str, ...]:
    """Return the keys that an architecture has, in the order of a file.

    Args:
        architecture: value of the key `architecture`.

    Returns:
        The keys that all architectures have, and those that this one has besides.

    Examples:
        Only convolutions have dilations:

        >>> from dcvae.config import keys_of
        >>> "dil_rate" in keys_of("dc-vae"), "dil_rate" in keys_of("rnn-vae")
        (True, False)
    """
    return tuple(key for key, field in FIELDS.items() if architecture in key_of(field).of)


def read_settings(path: Path) -> Settings:
    """Read a settings file.

    Args:
        path: of a JSON object in UTF-8.

    Returns:
        The settings, with defaults for keys that are not given.

    Raises:
        InputError: the file cannot be read, is not UTF-8, is not a JSON object, or keys have
            problems: all of them.
    """
    return Settings.from_text(read_text(path), path)


def architecture_of(values: dict[str, Any]) -> Any:
    """Return the `architecture` that a file gives, unchecked, or else the one its keys imply.

    Without keys that imply one it is DC-VAE.
    """
    if "architecture" in values:
        return values["architecture"]
    owners = [key_of(field).of for key, field in FIELDS.items() if key in values]
    telling = [of for of in owners if DEFAULT_ARCHITECTURE not in of]
    order = list(ARCHITECTURE_TRAITS)
    # A key of one architecture alone tells more than one that several share.
    return min(telling, key=lambda of: (len(of), order.index(of[0])), default=order[:1])[0]


def _foreign_keys(values: dict[str, Any]) -> dict[str, str]:
    """Return the keys of a file that its architecture does not have, each with a line about it."""
    architecture = architecture_of(values)
    if architecture not in get_args(Architecture):
        return {}  # an unknown architecture is reported by its own key
    reason = "" if "architecture" in values else ", as other keys tell"
    return {
        key: f"`{key}`: belongs to `architecture` {' and '.join(map(show, key_of(field).of))}, but "
        f"`architecture` is {show(architecture)} here{reason}; delete the key, or change "
        "`architecture`"
        for key, field in FIELDS.items()
        if key in values and architecture not in key_of(field).of
    }


def fidelity_keys_of(architecture: Architecture) -> list[str]:
    """Return the `fidelity_...` keys that an architecture has."""
    return [key for key in FIDELITY_KEYS if architecture in key_of(FIELDS[key]).of]


def _in_order(fields: dict[str, FieldInfo]) -> dict[str, FieldInfo]:
    """Sort fields by key in the order of a file; keys that are not in `_ORDER` come last."""
    known = [key for key in _ORDER if key in fields]
    return {key: fields[key] for key in [*known, *(key for key in fields if key not in _ORDER)]}


FIELDS: dict[str, FieldInfo] = _in_order(
    {alias_of(name): field for name, field in Settings.model_fields.items()}
)
"""Field of every key that a file may have, in the order in which a file lists them."""
