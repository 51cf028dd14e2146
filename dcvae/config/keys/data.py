"""Settings keys of the data: how files are read, preprocessed and cut into windows."""

import difflib
import sys
import zoneinfo
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from dcvae.config.json_file import show
from dcvae.config.keys.common import CommonKeys
from dcvae.config.keys.properties import (
    MOST_ROWS,
    Fidelity,
    Key,
)
from dcvae.config.messages import expected
from dcvae.config.values import duration_of, is_time_zone

_MOST_NAMES = 10_000  # in a list


class DataKeys(CommonKeys):
    """Keys of the data: how files are read, preprocessed and cut into windows.

    Examples:
        Keys are given as a file names them; the paper's T is the attribute `window_length`:

        >>> from dcvae.config import DataKeys
        >>> keys = DataKeys(T=64, resample="5min")
        >>> keys.window_length, keys.resample_step
        (64, datetime.timedelta(seconds=300))
    """

    time_column: Annotated[
        tuple[str, ...],
        Key(
            "data", values='null, the name of a column, or a list of names such as ["date", "hour"]'
        ),
    ] = Field(
        (),
        strict=False,
        description="Column of the time, by its name, or several that are joined: a date and "
        "a clock or an hour, or year, month, day and so on. null: the first column, or the one "
        "that holds times if the first does not.",
    )
    ignore: Annotated[
        tuple[str, ...], Key("data", values='a list of names of columns, such as ["note"]')
    ] = Field((), strict=False, description="Columns that are left out, by their names: no series.")
    missing_values: Annotated[
        tuple[float | str, ...],
        Key("data", values='a list of numbers and words, such as [-999, "n.a."]'),
    ] = Field(
        (),
        strict=False,
        description="Numbers and words that mean that nothing was measured, beside empty cells "
        "and `NA`, `NaN`, `null`, `None`, `-`, `?`, `U` and the like.",
    )
    counters: Annotated[
        tuple[str, ...], Key("model", values='a list of names of series, such as ["bytes_total"]')
    ] = Field(
        (),
        strict=False,
        description="Series that only grow, as totals do: each is read as its growth per second. "
        "One that falls has overflowed at 32 or 64 bits, or started again: there it is missing.",
    )
    by: Annotated[
        tuple[str, ...],
        Key("data", values='null, the name of a column, or a list of names such as ["device"]'),
    ] = Field(
        (),
        strict=False,
        description="Columns that tell apart the rows of one time, where machines or metrics stand "
        "below each other: each becomes series of its own, side by side. Where one column of "
        "numbers is left, its series are named by these columns alone.",
    )
    entity: Annotated[
        str | None, Key("data", values="null, or a value of the first column of `by`")
    ] = Field(
        None,
        description="The one machine to read, by its name in the first column of `by`. null: all.",
    )
    scale: Annotated[bool, Key("model")] = Field(
        True,
        description="Whether each series is standardized with the mean and standard deviation of "
        "the training data.",
    )
    robust_scale: Annotated[bool, Key("model")] = Field(
        False,
        description="Whether `scale` takes the median and the quartiles, which a few anomalies in "
        "the training data do not move, in place of mean and standard deviation.",
    )
    wo_outliers: Annotated[bool, Key("model")] = Field(
        True, description="Whether values farther than `max_std` from the mean are masked out."
    )
    max_std: Annotated[float, Key("model", why="0 would mask all but the mean")] = Field(
        7.0,
        gt=0,
        le=1e9,
        description="Distance from the mean, in standard deviations, beyond which `wo_outliers` "
        "masks a value.",
    )
    val_percent: Annotated[float, Key("training", why="a share of the rows: 0.2, not 20")] = Field(
        0.2,
        ge=0,
        lt=1,
        description="Share of the rows, a fraction and not a percentage, kept at the end of the "
        "training file for validation.",
    )
    train_stride: Annotated[int, Key("training", why_not_more="no file has more rows")] = Field(
        1,
        ge=1,
        le=MOST_ROWS,
        description="Rows from the start of a training window to the start of the next.",
    )
    max_gap: Annotated[
        int | None,
        Key(
            "data",
            why="1 is the step from a row to the next",
            why_not_more="no file has more rows; null is any number",
        ),
    ] = Field(
        12,
        ge=1,
        le=MOST_ROWS,
        description="Longest step from a row to the next, in sampling steps of the training file, "
        "that a window may cross: windows with a longer one are not trained on, and their last row "
        "is not scored. null: windows cross any gap.",
    )
    max_fill: Annotated[
        int | None, Key("model", why_not_more="no file has more rows; null is any number")
    ] = Field(
        12,
        ge=0,
        le=MOST_ROWS,
        description="Rows for which a missing cell takes the value before it; after that, and at "
        "the start of a file, it takes the mean of the training data. null: values are carried "
        "forward without end, and backward at the start of a file.",
    )
    resample: Annotated[
        str | None,
        Key(
            "model",
            values="null, or a whole number and `ms`, `s`, `min`, `h` or `d`, at most 366 days, "
            'such as "5min"',
        ),
    ] = Field(
        None,
        description="Step to which data are brought before anything else: the row of a time is the "
        "mean of what was measured in the step that ends then, and a label if there was any. Steps "
        "of whole days end at midnight, counted from 1 January 1970: in UTC, or in `time_zone`, "
        "where they have 23 or 25 hours when the clocks change. null: rows are taken as they are.",
    )
    time_zone: Annotated[
        str | None, Key("data", values='null, or an IANA name such as "Europe/Madrid"')
    ] = Field(
        None,
        description="Time zone of the local times in files that do not name their UTC offset; they "
        "are converted to UTC. Steps of whole days (`resample`) end at its midnights, whatever the "
        "times of a file are. null: times are taken as they are.",
    )
    fidelity_outliers: Annotated[Fidelity, Key("model")] = Field(
        "paper",
        description="Outlier mask of `wo_outliers`: fitted and applied to the training data only, "
        "and what the network is shown bounded by what is left (paper); or worked out anew on "
        "every file, the scored ones too, with n - 1 in the standard deviation, and nothing "
        "bounded (code).",
    )
    fidelity_missing: Annotated[Fidelity, Key("model")] = Field(
        "paper",
        description="Missing cells: left out of means, standard deviations and scores (paper), or "
        "counted and scored with the values that they are filled with (code).",
    )

    @property
    def resample_step(self) -> timedelta | None:
        """Duration of a step of `resample`; None if rows are not resampled."""
        return None if self.resample is None else duration_of(self.resample)

    @field_validator("resample")
    @classmethod
    def _check_resample(cls, step: str | None) -> str | None:
        if step is not None and duration_of(step) is None:
            raise ValueError(
                f"expected {expected(cls.model_fields['resample'])}, received {show(step)}"
            )
        return step

    @field_validator("time_zone")
    @classmethod
    def _check_time_zone(cls, name: str | None) -> str | None:
        if name is None or is_time_zone(name):
            return name
        known = {zone.casefold(): zone for zone in zoneinfo.available_timezones()}
        near = difflib.get_close_matches(name.casefold(), known, n=1)
        hint = f"; did you mean {show(known[near[0]])}?" if near else ""
        raise ValueError(
            f"expected {expected(cls.model_fields['time_zone'])}, received {show(name)}{hint}"
        )

    @field_validator("time_column", "by", "ignore", "counters", "missing_values", mode="before")
    @classmethod
    def _take_one(cls, value: Any, info: ValidationInfo) -> Any:
        """Take one name or value for a list of it, and null for none."""
        values = () if value is None else value if isinstance(value, list | tuple) else (value,)
        kinds = (str, int, float) if info.field_name == "missing_values" else (str,)
        fits = all(isinstance(part, kinds) and not isinstance(part, bool) for part in values)
        # Beyond float64 are whole numbers alone: JSON has no others.
        largest = sys.float_info.max
        in_range = fits and all(isinstance(part, str) or abs(part) <= largest for part in values)
        is_once = info.field_name == "missing_values" or (
            in_range and len(set(values)) == len(values)
        )
        if in_range and is_once and len(values) <= _MOST_NAMES:
            return tuple(values)
        words = expected(cls.model_fields[str(info.field_name)])
        raise ValueError(f"expected {words}, received {show(value)}")

    @field_validator("entity", mode="before")
    @classmethod
    def _take_number(cls, value: Any) -> Any:
        """Take the number of a machine for its name."""
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return str(value) if is_number else value

    @field_validator("entity")
    @classmethod
    def _check_by(cls, entity: str | None, info: ValidationInfo) -> str | None:
        if entity is not None and not info.data.get("by"):
            raise ValueError(
                f"expected null while `by` names no column, received {show(entity)}: say in `by` "
                "which column has this value"
            )
        return entity
