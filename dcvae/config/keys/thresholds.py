"""Settings keys of scores, thresholds and alarms."""

from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from dcvae.config.json_file import show
from dcvae.config.keys.common import CommonKeys
from dcvae.config.keys.properties import (
    ARCHITECTURE_TRAITS,
    DEFAULT_ARCHITECTURE,
    MOST_CHANNELS,
    MOST_ROWS,
    VARIATIONAL,
    AlarmSystem,
    AlphaMeasure,
    AlphaMethod,
    AlphaSearch,
    Fidelity,
    Key,
    NormalAlphaMethod,
    SigmaMode,
    Threshold,
)
from dcvae.config.messages import expected
from dcvae.config.values import duration_of

_FOLLOWING_BUDGET, _FIXED_BUDGET = 1.0, 5.0


def _span(rows: str) -> Key:
    """Return the metadata of a key that is a number of rows or a duration."""
    return Key(
        "alphas",
        values=f"{rows}, or a duration: a whole number and `ms`, `s`, `min`, `h` or `d`, such as "
        '"30min"',
    )


class ScoringKeys(CommonKeys):
    """Keys of the scores: the sigma mode, and the latent that scores come from.

    Examples:
        Seq2seq predicts no sigma, so there the default is another:

        >>> from dcvae.config import ScoringKeys
        >>> ScoringKeys().sigma, ScoringKeys(architecture="seq2seq").sigma
        ('predicted', 'constant')
    """

    sigma: Annotated[SigmaMode, Key("scoring")] = Field(
        "predicted",
        description="Sigma of the band: the network's own as published, or one fitted on the "
        "validation part so that the band means what it says: the network's times a factor for "
        "each series (calibrated), a power of it (tempered), one number for each series "
        "(constant).",
    )
    fidelity_latent: Annotated[Fidelity, Key("scoring", of=VARIATIONAL)] = Field(
        "paper",
        description="Latent used for scoring: its mean (paper), or a random draw that the "
        "`seed` of the training repeats (code).",
    )
    fidelity_losses: Annotated[Fidelity, Key("scoring", of=VARIATIONAL)] = Field(
        "paper",
        description="Losses of a file that `test.py` tells: of its scored windows, at most 1,024 "
        "of them (paper), or of all windows, means of batches, as `evaluate.py` prints (code).",
    )

    @field_validator("sigma")
    @classmethod
    def _check_sigma(cls, sigma: str, info: ValidationInfo) -> str:
        architecture = info.data.get("architecture", DEFAULT_ARCHITECTURE)
        if sigma == "predicted" and not ARCHITECTURE_TRAITS[architecture].predicts_sigma:
            raise ValueError(
                f'expected "constant" while `architecture` is "{architecture}", which predicts no '
                'sigma, received "predicted"'
            )
        return sigma


class ThresholdKeys(CommonKeys):
    """Keys of the alphas: how wide the band of each series is, in sigmas.

    Examples:
        >>> from dcvae.config import ThresholdKeys
        >>> keys = ThresholdKeys(alpha_method="evt", custom_metrics=False)
        >>> keys.alpha_measure, keys.normal_alpha_method
        ('point-wise', 'evt')
    """

    default_alpha: Annotated[
        float, Key("alphas", why="a band without width would flag nearly every value")
    ] = Field(
        3.0,
        gt=0,
        le=1e9,
        description="Both alphas, in sigmas, of a series for which labels cannot choose any, and "
        "of all series while there is no `alphas.csv`.",
    )
    alpha_method: Annotated[AlphaMethod | None, Key("alphas")] = Field(
        None,
        description="How alphas are found: by F1 on labels, or on data taken to be normal by a "
        "number of runs of flagged rows a week (budget), by a share of the cells (quantile), or "
        "by extreme value theory for that number (evt). null: by labels where `alpha_definition"
        ".py` gets some, otherwise by budget.",
    )
    false_alarms_per_week: Annotated[
        float, Key("alphas", why="a band that is never left finds nothing")
    ] = Field(
        14.0,
        gt=0,
        le=1e9,
        description="Runs of flagged rows a week that each series may have on data taken to be "
        'normal, if `alpha_method` is "budget" or "evt".',
    )
    alpha_lowest: Annotated[
        float, Key("alphas", why="a narrower band flags what any noise does")
    ] = Field(
        1.0,
        ge=0,
        le=1e9,
        description="Sigmas below which no alpha is placed on data taken to be normal; 0 for no "
        "such floor.",
    )
    alpha_quantile: Annotated[
        float, Key("alphas", why="the share of normal cells on the inner side of each alpha")
    ] = Field(
        0.999,
        gt=0.5,
        lt=1,
        description="Share of the normal cells of a series above whose distance an alpha lies, "
        'below the mean and above it, if `alpha_method` is "quantile".',
    )
    alpha_search: Annotated[AlphaSearch, Key("alphas")] = Field(
        "grid",
        description='How alphas are chosen: the whole numbers from 7 down to 2 ("grid", as '
        'published) or real numbers ("exact": the pair with the best F1 of all there are).',
    )
    custom_metrics: Annotated[bool, Key("alphas")] = Field(
        True,
        description="The F1 that chooses the alphas: range-based (true) or point-wise (false).",
    )
    fidelity_f1: Annotated[Fidelity, Key("alphas")] = Field(
        "paper",
        description="Range-based F1 that chooses the alphas: 2PR / (P + R) (paper), or with 1e-6 "
        "added to the denominator (code), which decides some ties.",
    )

    @property
    def alpha_measure(self) -> AlphaMeasure:
        """Kind of F1 that chooses alphas; `custom_metrics` is its published key."""
        return "range-based" if self.custom_metrics else "point-wise"

    @property
    def normal_alpha_method(self) -> NormalAlphaMethod:
        """Method that finds alphas on data taken to be normal; "budget" unless another is set."""
        method = self.alpha_method
        return "budget" if method is None or method == "labels" else method


class AlarmKeys(CommonKeys):
    """Keys of the alarms of a series and of the system: when one begins and when it ends.

    Examples:
        An alarm that begins when 2 of the last 3 rows are outside the band:

        >>> from dcvae.config import AlarmKeys
        >>> AlarmKeys(alarm_enter=[2, 3]).alarm_enter
        (2, 3)
    """

    threshold: Annotated[Threshold, Key("alphas")] = Field(
        "following",
        description="Whether bands and the alarm of the system follow what each series did lately "
        "(following), or stay as they were learned (fixed).",
    )
    alarm_window: Annotated[int | str, _span("a whole number of rows from 1")] = Field(
        288,
        description="The recent past that a series is judged against, if `threshold` is "
        '"following". Nothing is judged until a quarter of it has been seen.',
    )
    alarm_longest: Annotated[int | str, _span("a whole number of rows from 1")] = Field(
        360,
        description="How long an alarm keeps its rows out of that past, if `threshold` is "
        '"following": then they are the new normal. Longer for long incidents, shorter where '
        "levels often shift for good.",
    )
    alarm_system: Annotated[AlarmSystem, Key("alphas")] = Field(
        "weighted",
        description="When the system is in alarm: its score is above its threshold (weighted), any "
        "series is, or at least `alarm_series` of them are.",
    )
    alarm_series: Annotated[int, Key("alphas")] = Field(
        3,
        ge=1,
        le=MOST_CHANNELS,
        description="How many series an alarm of the system is made of: those with the largest "
        "errors are averaged (weighted), or so many must be in alarm at once (at least).",
    )
    alarm_smoothing: Annotated[int | str, _span("a whole number of rows from 1")] = Field(
        6,
        description="Rows or time, the last, over which squared errors are averaged in the score "
        "of the system.",
    )
    alarm_enter: Annotated[
        tuple[Annotated[int, Field(ge=1, le=MOST_ROWS)], ...],
        Key(
            "alphas",
            values="a list of two whole numbers k and n, each at least 1, k at most n",
            why_not_more="no file has more rows",
        ),
    ] = Field(
        (1, 1),
        min_length=2,
        max_length=2,
        strict=False,
        description="[k, n]: an alarm begins when k of the last n rows are outside the band, or "
        "above the threshold.",
    )
    alarm_leave: Annotated[
        float, Key("alphas", why="the share of the threshold below which an alarm ends")
    ] = Field(
        0.5,
        gt=0,
        le=1,
        description="Hysteresis: an alarm goes on until the value falls to this share of what it "
        "had to exceed, or to this power of it where thresholds follow; 1 for none.",
    )
    alarm_min_rows: Annotated[int, Key("alphas", why_not_more="no file has more rows")] = Field(
        1, ge=1, le=MOST_ROWS, description="Rows that an alarm must last before it is raised."
    )
    alarm_hold: Annotated[int | str, _span("a whole number of rows from 0")] = Field(
        12,
        description="Rows or time that an alarm stays on after its last cause, so that what comes "
        "back within them is the same alarm.",
    )
    system_false_alarms_per_week: Annotated[
        float | None, Key("alphas", why="a threshold that is never exceeded finds nothing")
    ] = Field(
        None,
        gt=0,
        le=1e9,
        description="Alarms of the system a week that are allowed on normal data. null: 1 if "
        '`threshold` is "following", kept in the weeks after training with `budget_confidence`; 5 '
        'on the training data if it is "fixed".',
    )
    budget_confidence: Annotated[
        float, Key("alphas", why="no threshold keeps a budget for certain")
    ] = Field(
        0.7,
        gt=0,
        lt=1,
        description="Probability with which `system_false_alarms_per_week` is kept in the weeks "
        'after training, if `threshold` is "following". Counts of alarms and how days differ tell '
        "it.",
    )
    contamination: Annotated[
        float | None,
        Key("alphas", why="the share of the rows, the strangest, that are taken to be anomalous"),
    ] = Field(
        None,
        ge=0,
        lt=0.5,
        description="Share of the rows that thresholds are learned on, without labels, that may be "
        "anomalous: so many of the strangest are left out. null: those that stand out are found, "
        "left out and named.",
    )
    tune_alarms: Annotated[bool, Key("alphas")] = Field(
        True,
        description="Whether `alpha_definition.py` with labels also chooses the `alarm_...` rules "
        "and the threshold of the system, by event-wise F0.5.",
    )

    @property
    def finds_incidents(self) -> bool:
        """Whether rows that look like an incident are left out of what is learned."""
        return self.threshold == "following" or self.contamination is not None

    @property
    def system_budget(self) -> float:
        """Alarms of the system a week; the default is another for fixed thresholds."""
        if self.system_false_alarms_per_week is not None:
            return self.system_false_alarms_per_week
        return _FOLLOWING_BUDGET if self.threshold == "following" else _FIXED_BUDGET

    # Before the types are checked: one message, not one for rows and one for durations.
    @field_validator(
        "alarm_window", "alarm_longest", "alarm_smoothing", "alarm_hold", mode="before"
    )
    @classmethod
    def _check_span(cls, span: Any, info: ValidationInfo) -> Any:
        fewest = 0 if info.field_name == "alarm_hold" else 1
        is_rows = isinstance(span, int) and not isinstance(span, bool) and span >= fewest
        if not (
            (is_rows and span <= MOST_ROWS)
            or (isinstance(span, str) and duration_of(span) is not None)
        ):
            field = cls.model_fields[str(info.field_name)]
            too_many = f", which is more than the {MOST_ROWS:,} rows of any file" if is_rows else ""
            raise ValueError(f"expected {expected(field)}, received {show(span)}{too_many}")
        return span

    @field_validator("alarm_enter")
    @classmethod
    def _check_alarm_enter(cls, enter: tuple[int, ...]) -> tuple[int, ...]:
        if enter[0] > enter[1]:
            raise ValueError(
                f"expected {expected(cls.model_fields['alarm_enter'])}, received {show(enter)}"
            )
        return enter


class DetectionKeys(AlarmKeys, ThresholdKeys):
    """Keys of detection: those of alphas and those of alarms.

    Examples:
        >>> from dcvae.config import DetectionKeys
        >>> keys = DetectionKeys(default_alpha=4.0, alarm_hold=0)
        >>> keys.default_alpha, keys.alarm_hold
        (4.0, 0)
    """
