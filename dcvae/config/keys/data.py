"""Settings keys of the data: how files are read, preprocessed and cut into windows."""

import difflib
import zoneinfo
from datetime import timedelta
from typing import Annotated

from pydantic import (
    Field,
    field_validator,
)

from dcvae.config.json_file import show
from dcvae.config.keys.common import CommonKeys
from dcvae.config.keys.properties import (
    Fidelity,
    Key,
)
from dcvae.config.messages import expected
from dcvae.config.values import duration_of, is_time_zone


class DataKeys(CommonKeys):
    """Keys of the data: how files are read, preprocessed and cut into windows.

    Examples:
        Keys are given as a file names them; the paper's T is the attribute `window_length`:

        >>> from dcvae.config import DataKeys
        >>> keys = DataKeys(T=64, resample="5min")
        >>> keys.window_length, keys.resample_step
        (64, datetime.timedelta(seconds=300))
    """

    scale: Annotated[bool, Key("model")] = Field(
        True,
        description="Whether each series is standardized with the mean and standard deviation of "
        "the training data.",
    )
    wo_outliers: Annotated[bool, Key("model")] = Field(
        True, description="Whether values farther than `max_std` from the mean are masked out."
    )
    max_std: Annotated[float, Key("model", why="0 would mask all but the mean")] = Field(
        7.0,
        gt=0,
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
    train_stride: Annotated[int, Key("training")] = Field(
        1, ge=1, description="Rows from the start of a training window to the start of the next."
    )
    max_gap: Annotated[int | None, Key("data", why="1 is the step from a row to the next")] = Field(
        12,
        ge=1,
        description="Longest step from a row to the next, in sampling steps of the training file, "
        "that a window may cross: windows with a longer one are not trained on, and their last row "
        "is not scored. null: windows cross any gap.",
    )
    max_fill: Annotated[int | None, Key("model")] = Field(
        12,
        ge=0,
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
        "mean of what was measured in the step that ends then, and a label if there was any. null: "
        "rows are taken as they are.",
    )
    time_zone: Annotated[
        str | None, Key("data", values='null, or an IANA name such as "Europe/Madrid"')
    ] = Field(
        None,
        description="Time zone of the local times in files that do not name their UTC offset; they "
        "are converted to UTC. null: times are taken as they are.",
    )
    fidelity_outliers: Annotated[Fidelity, Key("model")] = Field(
        "paper",
        description="Outlier mask of `wo_outliers`: fitted and applied to the training data "
        "only (paper), or worked out anew on every file, the scored ones too, with n - 1 in the "
        "standard deviation (code).",
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
