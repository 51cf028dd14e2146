"""Settings: one small file that says what a model is, how it is trained and how it judges.

A settings file is a JSON object in a ``.txt``, with the key names of the published DC-VAE program
(García González et al. 2022) and a few more. It is read once, at the start of a script, into a
frozen ``Settings``; from there on every other module may rely on its values and asks nothing again.
Every rule about a key (its type, its range, how it must fit the others) is in this module and
nowhere else.

Three habits follow from that. A file is refused as a whole, with everything that is wrong with it
in one message and in its own key names, so that nobody mends it one run at a time. Nothing is
guessed: a misspelled key, ``true`` where a number belongs or ``"32"`` for 32 is an error. And the
effective settings are written beside the trained model, so that a model is never rebuilt from
defaults that have changed since.

The paper and the published program disagree in places. Each of those places that can be wanted
has a ``fidelity_...`` key with the values ``"paper"`` and ``"code"``; ``fidelity`` sets all of them
at once, and a key given by name wins over it. What the published program does not have at all has
another default under ``fidelity: "code"``, which ``CODE_DEFAULTS`` names.
"""

import difflib
import json
import re
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from dcvae.config.json_file import parse_object, read_text, show
from dcvae.errors import InputError

Effect = Literal["model", "training", "data", "alphas", "scoring", "label", "other keys", "none"]
Fidelity = Literal["paper", "code"]
Architecture = Literal["dc-vae", "rnn-vae", "seq2seq"]
LayerType = Literal["rnn", "gru", "lstm"]
Activation = Literal[
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "swish",
    "sigmoid",
    "softplus",
    "softsign",
    "linear",
]

FIDELITY_KEYS = (
    "fidelity_spread",
    "fidelity_encoder",
    "fidelity_decoder",
    "fidelity_latent",
    "fidelity_outliers",
    "fidelity_units",
)
# Defaults that differ under `fidelity: "code"`, by the key of the file.
CODE_DEFAULTS: dict[str, Any] = {
    "max_gap": None,
    "max_fill": None,
    "alarm_system": "any",
    "alarm_smoothing": 1,
    "alarm_leave": 1.0,
    "alarm_hold": 0,
    "tune_alarms": False,
}

# Keys in which null stands for "no limit" while a number is the default, or recommended.
UNLIMITED = ("steps_per_epoch", "max_gap", "max_fill")
# What settings/recommended.txt says, for those who give no file; benchmarks/README.md says why.
RECOMMENDED: dict[str, Any] = {
    "T": 64,
    "cnn_units": [32, 32, 32, 32, 32],
    "dil_rate": [1, 2, 4, 8, 16, 32],
    "J": 8,
    "steps_per_epoch": 50,
    "epochs": 30,
    "patience": 30,
    "min_delta": 0.0,
    "lr": 0.001,
    "lr_decay": True,
    "decay_rate": 0.5,
    "decay_step": 500,
    "custom_metrics": False,
    "summary": False,
}

# Those that have certain keys.
_CONVOLUTIONAL: tuple[Architecture, ...] = ("dc-vae",)
_VARIATIONAL: tuple[Architecture, ...] = ("dc-vae", "rnn-vae")

# How people call each architecture.
NAMES: dict[Architecture, str] = {
    "dc-vae": "DC-VAE",
    "rnn-vae": "RNN-VAE",
    "seq2seq": "Seq2seq",
}
# Defaults that differ from those of DC-VAE, by the key of the file; RNN-VAE's are the published
# ones. What has no sigma of its own cannot be read as predicted.
ARCHITECTURE_DEFAULTS: dict[Architecture, dict[str, Any]] = {
    "dc-vae": {},
    "rnn-vae": {"T": 512, "lr": 1e-3},
    "seq2seq": {"lr": 1e-3, "sigma": "constant"},
}

_STEP = re.compile(r"([1-9][0-9]{0,10})(ms|s|min|h|d)")
_STEP_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_LONGEST_STEP = timedelta(days=366)

# What other programs call these keys, where no likeness of letters would find them. In lower case
# and without separators, so that `latentDim` and `latent-dim` are found too.
_OTHER_NAMES = {
    "batch": "batch_size",
    "dilationrate": "dil_rate",
    "dilations": "dil_rate",
    "filters": "cnn_units",
    "hidden": "cnn_units",
    "kernelsize": "kernel",
    "latent": "J",
    "latentdim": "J",
    "learningrate": "lr",
    "name": "model_name",
    "nepochs": "epochs",
    "seqlen": "T",
    "strides": "strs",
    "units": "cnn_units",
    "validationsplit": "val_percent",
    "valsplit": "val_percent",
    "window": "T",
    "windowsize": "T",
    "zdim": "J",
}

_SHORTEST_WINDOW = 2  # rows: one of a past, and the one to judge
_NAME_PATTERN = re.compile(r"[A-Za-z0-9._ -]+")
_LONGEST_NAME = 100  # leaves room for the suffixes of temporary folders under a limit of 255 bytes
_PROJECT_SUFFIXES = (".previous", ".partial")
_PROJECT_NAMES = ("readme.md",)
_WINDOWS_DEVICES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")


@dataclass(frozen=True)
class Key:
    """What this project adds to a field: when its key takes effect, and words for its messages.

    ``effect`` is "model" (another value makes another model), "training" (only how the model is
    trained), "data" (read whenever a data file is, to train or to score), "alphas" (read to choose
    the alphas, or in place of chosen ones), "scoring" (read whenever a table is scored), "label"
    (a name), "other keys" (only through the keys it sets) or "none". ``why`` is the reason for the
    allowed values; ``values`` describes them where type and range do not. ``resumable`` marks the
    keys of training that may change before a training goes on: they say when it ends or what it
    prints, and leave the epochs already done as they are. ``of`` names the architectures that have
    the key.
    """

    effect: Effect
    why: str = ""
    values: str = ""
    resumable: bool = False
    of: tuple[Architecture, ...] = get_args(Architecture)


@dataclass(frozen=True)
class SidePlan:
    """The dilated convolutions of one side of the network, first layer first.

    ``hidden`` holds (units, dilation) of each hidden layer; ``head_dilation`` is the dilation of
    the side's two linear heads.
    """

    hidden: tuple[tuple[int, int], ...]
    head_dilation: int

    def receptive_field(self, kernel: int) -> int:
        """Return how many time steps, its own included, an output of this side can depend on."""
        dilations = [dilation for _, dilation in self.hidden]
        return 1 + (kernel - 1) * (sum(dilations) + self.head_dilation)


class Settings(BaseModel):
    """The settings of one model, checked, complete and unchangeable.

    Attributes are called like the keys of the file, but for the three letters of the paper:
    ``window_length`` (T), ``num_series`` (M, None until a table is known) and ``latent_size`` (J).
    ``fidelity_...`` attributes always hold "paper" or "code", whether given or set by ``fidelity``.
    Where a file was read from does not take part in comparisons.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=()
    )
    _source: str = PrivateAttr(default="the settings")

    architecture: Annotated[Architecture, Key("model")] = Field(
        "dc-vae",
        description="The network: dilated causal convolutions (dc-vae), recurrent layers in their "
        "place (rnn-vae), or a plain recurrent autoencoder from sequence to sequence (seq2seq). "
        "Where it is not given, the keys that only one of them has tell.",
    )
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
    window_length: Annotated[int, Key("model", why="a window of one row has no past")] = Field(
        128,
        alias="T",
        ge=2,
        description="Rows in a window. The last one is judged, so the first `T` - 1 rows of a file "
        "have no score.",
    )
    num_series: Annotated[int | None, Key("model")] = Field(
        None, alias="M", ge=1, description="Number of series; null takes it from the CSV."
    )
    cnn_units: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...], Key("model", of=_CONVOLUTIONAL)
    ] = Field(
        (64, 64, 64, 64, 64, 64),
        min_length=1,
        strict=False,  # JSON has lists, not tuples; the entries stay strict
        description="Channels of the hidden layers, in the encoder's order; the decoder takes them "
        "in reverse.",
    )
    dil_rate: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...], Key("model", of=_CONVOLUTIONAL)
    ] = Field(
        (1, 2, 4, 8, 16, 32, 64),
        min_length=2,
        strict=False,
        validate_default=True,  # it has to fit `cnn_units`, given or not
        description="Dilations of the layers, in the encoder's order, the last one for its "
        "heads. As many entries as `cnn_units`, or one more.",
    )
    kernel: Annotated[
        int, Key("model", why="a kernel of 1 sees no past row", of=_CONVOLUTIONAL)
    ] = Field(2, ge=2, description="Taps of every convolution.")
    strs: Annotated[
        int,
        Key(
            "model",
            why="a stride would shorten the sequence, and every row keeps its place",
            of=_CONVOLUTIONAL,
        ),
    ] = Field(1, ge=1, le=1, description="Stride of the convolutions.")
    layer_type: Annotated[LayerType, Key("model", of=("rnn-vae", "seq2seq"))] = Field(
        "gru",
        description="The recurrent layers: simple ones (rnn; RNN-VAE only), GRU or LSTM.",
    )
    rnn_units: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...],
        Key("model", why="the last is the decoder's first", of=("rnn-vae",)),
    ] = Field(
        (8, 4),
        min_length=2,
        strict=False,
        description="Units of the recurrent layers. All but the last are the encoder's hidden "
        "layers; all but the first, in reverse, the decoder's.",
    )
    hidden_size: Annotated[int, Key("model", of=("seq2seq",))] = Field(
        64, ge=1, description="Units of the encoder's first recurrent layer, the decoder's last."
    )
    embedding_size: Annotated[int, Key("model", of=("seq2seq",))] = Field(
        16, ge=1, description="Numbers that a whole window is squeezed into: the latent vector."
    )
    loss: Annotated[Literal["mae", "mse"], Key("model", of=("seq2seq",))] = Field(
        "mae", description="What is minimized: the mean absolute error or the mean squared one."
    )
    activation: Annotated[Activation, Key("model", of=_VARIATIONAL)] = Field(
        "tanh",
        description="Activation of the hidden layers: of the encoder's, as DC-VAE's decoder always "
        "has elu; of both sides' in RNN-VAE.",
    )
    alpha_reg: Annotated[float, Key("none")] = Field(
        1e-4, ge=0, description="No effect: the published program never reads it either."
    )
    batch_size: Annotated[int, Key("training")] = Field(
        32, ge=1, description="Windows in a training step."
    )
    latent_size: Annotated[int, Key("model", of=_VARIATIONAL)] = Field(
        4, alias="J", ge=1, description="Latent channels at each time step."
    )
    epochs: Annotated[int, Key("training", resumable=True)] = Field(
        100, ge=1, description="Most passes over the training windows; see `patience`."
    )
    lr: Annotated[float, Key("training", why="0 would learn nothing")] = Field(
        1e-4, gt=0, description="Learning rate of Adam, the first one if `lr_decay`."
    )
    lr_decay: Annotated[bool, Key("training")] = Field(
        False, description="Whether the learning rate decays exponentially, in stairs."
    )
    decay_rate: Annotated[
        float, Key("training", why="a factor above 1 would raise the learning rate")
    ] = Field(
        0.96, gt=0, le=1, description="Factor on the learning rate at each stair, if `lr_decay`."
    )
    decay_step: Annotated[int, Key("training")] = Field(
        7000, ge=1, description="Training steps between two stairs, if `lr_decay`."
    )
    val_percent: Annotated[float, Key("training", why="a share of the rows: 0.2, not 20")] = Field(
        0.2,
        ge=0,
        lt=1,
        description="Share of the rows, a fraction and not a percentage, kept at the end of the "
        "training file for validation.",
    )
    seed: Annotated[int, Key("training", why="a seed has 32 bits")] = Field(
        123,
        ge=0,
        lt=2**32,
        description="Seed of everything random in training, and of the draws of `fidelity_latent` "
        '"code".',
    )
    summary: Annotated[bool, Key("training", resumable=True)] = Field(
        True, description="Whether `train.py` prints the network."
    )
    custom_metrics: Annotated[bool, Key("alphas")] = Field(
        True,
        description="The F1 that chooses the alphas: range-based (true) or point-wise (false).",
    )
    patience: Annotated[int, Key("training", resumable=True)] = Field(
        5, ge=1, description="Epochs without improvement after which training stops."
    )
    min_delta: Annotated[float, Key("training")] = Field(
        0.01, ge=0, description="Decrease of the validation loss that counts as improvement."
    )
    train_stride: Annotated[int, Key("training")] = Field(
        1, ge=1, description="Rows from the start of a training window to the start of the next."
    )
    steps_per_epoch: Annotated[int | None, Key("training")] = Field(
        None,
        ge=1,
        description="Training steps in an epoch, so that short and long files train equally long: "
        "windows are drawn in passes over all of them, each in another order, and an epoch goes on "
        "where the last one ended. It validates on no more windows than it trains on, evenly "
        "spread. null: one pass over the training windows, and all validation windows.",
    )
    max_gap: Annotated[int | None, Key("data", why="1 is the step from a row to the next")] = Field(
        12,
        ge=1,
        description="Longest step from a row to the next, in sampling steps of the training file, "
        "that a window may cross: windows with a longer one are not trained on, and their last row "
        "is not judged. null: windows cross any gap.",
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
    default_alpha: Annotated[
        float, Key("alphas", why="a band without width would flag nearly every value")
    ] = Field(
        3.0,
        gt=0,
        description="Both alphas, in sigmas, of a series for which labels cannot choose any, and "
        "of all series while there is no `alphas.csv`.",
    )
    alpha_method: Annotated[
        Literal["labels", "budget", "quantile", "evt"] | None, Key("alphas")
    ] = Field(
        None,
        description="How alphas are found: by F1 on labels, or on data taken to be normal by a "
        "number of events a week (budget), by a share of the cells (quantile), or by extreme "
        "value theory for that number of events (evt). null: by labels where `alpha_definition"
        ".py` gets some, otherwise by budget.",
    )
    false_alarms_per_week: Annotated[
        float, Key("alphas", why="a band that is never left finds nothing")
    ] = Field(
        14.0,
        gt=0,
        description="Events a week, runs of flagged rows, that each series may raise on data taken "
        'to be normal, if `alpha_method` is "budget" or "evt".',
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
    alpha_search: Annotated[Literal["grid", "exact"], Key("alphas")] = Field(
        "grid",
        description='How alphas are chosen: the whole numbers from 7 down to 2 ("grid", as '
        'published) or real numbers ("exact": the best of all for the point-wise F1, a search that '
        "is never worse than the grid for the range-based one).",
    )
    sigma: Annotated[Literal["predicted", "calibrated", "tempered", "constant"], Key("scoring")] = (
        Field(
            "predicted",
            description="Sigma of the band: the network's own as published, or one learned on the "
            "validation part so that the band means what it says: the network's times a factor for "
            "each series (calibrated), a power of it (tempered), one number for each series "
            "(constant).",
        )
    )
    alarm_system: Annotated[Literal["weighted", "any", "at least"], Key("alphas")] = Field(
        "weighted",
        description="When the system is in alarm: its score is above its threshold (weighted), any "
        "series is, or at least `alarm_series` of them are.",
    )
    alarm_series: Annotated[int, Key("alphas")] = Field(
        3,
        ge=1,
        description="How many series an alarm of the system is made of: those with the largest "
        "errors are averaged (weighted), or so many must be in alarm at once (at least).",
    )
    alarm_smoothing: Annotated[int, Key("alphas")] = Field(
        6,
        ge=1,
        description="Rows, the last ones, over which squared errors are averaged in the score of "
        "the system.",
    )
    alarm_enter: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...],
        Key(
            "alphas",
            values="a list of two whole numbers k and n, each at least 1, k at most n",
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
        "had to exceed; 1 for none.",
    )
    alarm_min_rows: Annotated[int, Key("alphas")] = Field(
        1, ge=1, description="Rows that an alarm must last before it is raised."
    )
    alarm_hold: Annotated[int, Key("alphas")] = Field(
        12,
        ge=0,
        description="Rows that an alarm stays on after its last cause, so that what comes back "
        "within them is the same alarm.",
    )
    system_false_alarms_per_week: Annotated[
        float, Key("alphas", why="a threshold that is never exceeded finds nothing")
    ] = Field(
        5.0,
        gt=0,
        description="Alarms of the system a week that the threshold of its score allows on data "
        "taken to be normal.",
    )
    tune_alarms: Annotated[bool, Key("alphas")] = Field(
        True,
        description="Whether `alpha_definition.py` with labels also chooses the `alarm_...` rules "
        "and the threshold of the system, by event-wise F0.5.",
    )
    fidelity: Annotated[Fidelity, Key("other keys")] = Field(
        "paper",
        description="Whether to do what the paper says or what the published program does; sets "
        "every `fidelity_...` key that is not given.",
    )
    fidelity_spread: Annotated[Fidelity, Key("model", of=_VARIATIONAL)] = Field(
        "paper",
        description="Spread head: log sigma² in the loss and in the band (paper), or log sigma in "
        "the loss and log sigma² in the band (code).",
    )
    fidelity_encoder: Annotated[Fidelity, Key("model", of=_CONVOLUTIONAL)] = Field(
        "paper",
        description="Encoder: a layer for every entry of `dil_rate` (paper), or one hidden layer "
        "fewer than `cnn_units` and heads that repeat the last dilation used (code).",
    )
    fidelity_decoder: Annotated[Fidelity, Key("model", of=_CONVOLUTIONAL)] = Field(
        "paper",
        description="Decoder: the encoder mirrored (paper), or one hidden layer fewer than "
        "`cnn_units`, taken from the ends of both lists (code).",
    )
    fidelity_latent: Annotated[Fidelity, Key("scoring", of=_VARIATIONAL)] = Field(
        "paper",
        description="Latent used for scoring: its mean (paper), or a random draw that the "
        "`seed` of the training repeats (code).",
    )
    fidelity_outliers: Annotated[Fidelity, Key("model")] = Field(
        "paper",
        description="Outlier mask of `wo_outliers`: learned from and applied to the training data "
        "only (paper), or worked out anew on every file, the scored ones too (code).",
    )
    fidelity_units: Annotated[Fidelity, Key("scoring")] = Field(
        "paper", description="Units of the CSV outputs: the data's (paper) or standardized (code)."
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: Any) -> Any:
        """Give keys that are not in the file what ``architecture`` and ``fidelity`` ask for."""
        if not isinstance(values, dict):
            return values
        architecture = architecture_of(values)
        # A wrong value is reported with all the others.
        known: Architecture = architecture if architecture in get_args(Architecture) else "dc-vae"
        defaults = {"architecture": architecture} | ARCHITECTURE_DEFAULTS[known]
        if values.get("fidelity") == "code":
            defaults |= dict.fromkeys(_fidelity_keys_of(known), "code") | CODE_DEFAULTS
        return defaults | values

    @field_validator("layer_type")
    @classmethod
    def _check_layer_type(cls, layer_type: str, info: ValidationInfo) -> str:
        if layer_type == "rnn" and info.data.get("architecture") == "seq2seq":
            raise ValueError(
                'expected "gru" or "lstm" while `architecture` is "seq2seq" (the last state of a '
                'simple layer holds little of a whole window), received "rnn"'
            )
        return layer_type

    @field_validator("sigma")
    @classmethod
    def _check_sigma(cls, sigma: str, info: ValidationInfo) -> str:
        if sigma == "predicted" and info.data.get("architecture") == "seq2seq":
            raise ValueError(
                'expected "constant" while `architecture` is "seq2seq", which predicts no sigma, '
                'received "predicted"'
            )
        return sigma

    @field_validator("model_name")
    @classmethod
    def _check_model_name(cls, name: str) -> str:
        problem = _problem_of_folder_name(name)
        if problem:
            raise ValueError(f"expected {_expected('model_name')}, received {show(name)}{problem}")
        return name

    @field_validator("resample")
    @classmethod
    def _check_resample(cls, step: str | None) -> str | None:
        if step is not None and _duration_of(step) is None:
            raise ValueError(f"expected {_expected('resample')}, received {show(step)}")
        return step

    @field_validator("time_zone")
    @classmethod
    def _check_time_zone(cls, name: str | None) -> str | None:
        if name is None or _is_time_zone(name):
            return name
        known = {zone.casefold(): zone for zone in zoneinfo.available_timezones()}
        near = difflib.get_close_matches(name.casefold(), known, n=1)
        hint = f"; did you mean {show(known[near[0]])}?" if near else ""
        raise ValueError(f"expected {_expected('time_zone')}, received {show(name)}{hint}")

    @field_validator("dil_rate")
    @classmethod
    def _check_lengths(cls, dil_rate: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        """Check ``dil_rate`` against ``cnn_units``; the context holds the keys that were given."""
        if "cnn_units" not in info.data:
            return dil_rate  # wrong by itself, which is reported
        cnn_units: tuple[int, ...] = info.data["cnn_units"]
        num_units, num_rates = len(cnn_units), len(dil_rate)
        if num_rates in (num_units, num_units + 1):
            return dil_rate
        expected = (
            f"expected as many entries as `cnn_units` ({num_units}) or one more ({num_units + 1})"
        )
        given = ("cnn_units", "dil_rate") if info.context is None else info.context
        if "dil_rate" not in given:
            raise ValueError(
                f"{expected}, but it was left at its default {show(dil_rate)}, which has "
                f"{num_rates}; give `dil_rate` too"
            )
        if "cnn_units" not in given:
            raise ValueError(
                f"{expected}, received {num_rates}; `cnn_units` was left at its default "
                f"{show(cnn_units)}: give `cnn_units` too, with {num_rates - 1} or {num_rates} "
                "entries"
            )
        raise ValueError(
            f"{expected}, received {num_rates}: all dilations but one belong to hidden layers, "
            "whose channels are in `cnn_units`, and the one left over belongs to the heads; a last "
            "entry of `cnn_units` beyond the hidden layers is used only as the first of the "
            "decoder's"
        )

    @field_validator("alarm_enter")
    @classmethod
    def _check_alarm_enter(cls, enter: tuple[int, ...]) -> tuple[int, ...]:
        if enter[0] > enter[1]:
            raise ValueError(f"expected {_expected('alarm_enter')}, received {show(enter)}")
        return enter

    @field_validator("fidelity_encoder", "fidelity_decoder")
    @classmethod
    def _check_code_has_layers(cls, fidelity: str, info: ValidationInfo) -> str:
        if fidelity == "code" and len(info.data.get("cnn_units", ())) == 1:
            raise ValueError(
                'expected "paper" while `cnn_units` has 1 entry, received "code", which builds one '
                "hidden layer fewer than `cnn_units` has entries and so needs 2"
            )
        return fidelity

    @classmethod
    def from_text(cls, text: str, source: str | Path) -> Self:
        """Read the text of a settings file; ``source`` names it in messages.

        Raises:
            InputError: if the text is not a JSON object, or with every problem of its keys.
        """
        values, problems = parse_object(text, source)
        return cls._checked(values, problems, source, f"{source} is not a usable settings file")

    @classmethod
    def from_values(cls, values: dict[str, Any], source: str) -> Self:
        """Check values by the keys of a file; ``source`` names them in messages, in the plural.

        Raises:
            InputError: with every problem of the keys.
        """
        return cls._checked(values, [], source, f"{source} cannot be used")

    @classmethod
    def _checked(
        cls, values: dict[str, Any], problems: list[str], source: str | Path, refusal: str
    ) -> Self:
        foreign = _foreign_keys(values)
        problems = [*problems, *foreign.values()]
        values = {key: value for key, value in values.items() if key not in foreign}
        try:
            settings = cls.model_validate(values, context=values)
        except ValidationError as error:
            problems += [_problem_line(details) for details in error.errors()]
        if problems:
            lines = "".join(f"\n  {problem}" for problem in problems)
            raise InputError(f"{refusal}:{lines}")
        settings._source = str(source)
        return settings

    def __eq__(self, other: object) -> bool:
        """Compare the values of all keys, not where they were read from."""
        return isinstance(other, Settings) and dict(self) == dict(other)

    @property
    def name_of_architecture(self) -> str:
        """What people call the network."""
        return NAMES[self.architecture]

    @property
    def latent_channels(self) -> int:
        """Numbers of a latent vector, whatever the architecture calls them."""
        return self.embedding_size if self.architecture == "seq2seq" else self.latent_size

    @property
    def reach(self) -> str:
        """How much of a window the network can see, in words."""
        if self.architecture != "dc-vae":
            return f"every row of the window (T = {self.window_length}) in reach"
        encoder, decoder = (
            plan.receptive_field(self.kernel) for plan in (self.encoder_plan, self.decoder_plan)
        )
        return (
            f"receptive field {encoder} (encoder) and {decoder} (decoder) of "
            f"T = {self.window_length} rows"
        )

    @property
    def alpha_measure(self) -> Literal["point-wise", "range-based"]:
        """The F1 that chooses alphas: `custom_metrics` is its published key."""
        return "range-based" if self.custom_metrics else "point-wise"

    @property
    def resample_step(self) -> timedelta | None:
        """The step of `resample`; None to take rows as they are."""
        return None if self.resample is None else _duration_of(self.resample)

    @property
    def normal_alpha_method(self) -> Literal["budget", "quantile", "evt"]:
        """How alphas are found on data taken to be normal."""
        method = self.alpha_method
        return "budget" if method is None or method == "labels" else method

    def check_labels(self, labels: Path | None) -> None:
        """Refuse a label file, or none, where `alpha_method` asks for the contrary."""
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

    @property
    def encoder_plan(self) -> SidePlan:
        """The encoder's layers (García González et al. 2022, or the published program's)."""
        if self.fidelity_encoder == "code":
            num_hidden = len(self.cnn_units) - 1
            head_dilation = self.dil_rate[num_hidden - 1]
        else:
            num_hidden = len(self.dil_rate) - 1
            head_dilation = self.dil_rate[-1]
        units = self.cnn_units[:num_hidden]
        return SidePlan(tuple(zip(units, self.dil_rate[:num_hidden], strict=True)), head_dilation)

    @property
    def decoder_plan(self) -> SidePlan:
        """The decoder's layers (García González et al. 2022, or the published program's)."""
        units, dilations = self.cnn_units[::-1], self.dil_rate[::-1]
        shorter = self.cnn_units if self.fidelity_decoder == "code" else self.dil_rate
        num_hidden = len(shorter) - 1
        hidden = tuple(zip(units[:num_hidden], dilations[:num_hidden], strict=True))
        return SidePlan(hidden, self.dil_rate[0])

    def to_dict(self) -> dict[str, Any]:
        """Return the effective settings by the keys of a file: all that the architecture has."""
        values = self.model_dump(mode="json", by_alias=True)
        return {key: values[key] for key in values if self.architecture in _key(_FIELDS[key]).of}

    def to_json(self) -> str:
        """Return the effective settings as a text that reads back to equal settings."""
        lines = [
            f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in self.to_dict().items()
        ]
        return "{\n" + ",\n".join(lines) + "\n}\n"

    def with_num_series(self, num_series: int, source: str | Path) -> Self:
        """Return these settings for a table of ``num_series`` series; ``source`` names the table.

        Raises:
            InputError: if the settings say another number, or an alarm needs more series.
        """
        if self.alarm_system == "at least" and self.alarm_series > num_series:
            raise InputError(
                f"`alarm_series` is {self.alarm_series} in {self._source} but {source} has "
                f"{num_series} series, so that the system would never be in alarm; set it to "
                f"{num_series} or less"
            )
        if self.num_series is None:
            return self.model_copy(update={"num_series": num_series})
        if self.num_series != num_series:
            raise InputError(
                f"`M` is {self.num_series} in {self._source} but {source} has {num_series} series; "
                f"use a file with {self.num_series} series, or set `M` to {num_series}, or to null "
                "to take it from the CSV"
            )
        return self

    def for_rows(self, num_rows: int) -> tuple[Self, list[str]]:
        """Return settings whose windows fit a training table of so many rows, and what changed.

        `T` becomes the largest, up to what was asked for, of which the validation part holds one
        window and the training part two side by side. Where a validation part could not hold a
        window of 2 rows, there is none. Dilations whose layers would reach farther back than a
        window are left out, with the hidden layers they belong to.
        """
        share = self.val_percent
        held_out = int(num_rows * share)
        if held_out < _SHORTEST_WINDOW:
            share, held_out = 0.0, 0
        longest = (num_rows - held_out) // 2
        if held_out:
            longest = min(longest, held_out)
        length = max(min(self.window_length, longest), _SHORTEST_WINDOW)
        changes: dict[str, Any] = {"window_length": length, "val_percent": share}
        if length < self.window_length and self.architecture == "dc-vae":
            fewest = 3 if "code" in (self.fidelity_encoder, self.fidelity_decoder) else 2
            reach = accumulate((self.kernel - 1) * rate for rate in self.dil_rate)
            kept = max(sum(1 + rows <= length for rows in reach), fewest)
            if kept < len(self.dil_rate):
                changes |= {
                    "dil_rate": self.dil_rate[:kept],
                    "cnn_units": self.cnn_units[: kept - 1],
                }
        told = [
            f"`{_alias(name)}` is {show(value)}, not {show(getattr(self, name))}"
            for name, value in changes.items()
            if value != getattr(self, name)
        ]
        if not told:
            return self, []
        notice = f"The training data have only {num_rows:,} rows: {', '.join(told)}."
        return self.model_copy(update=changes), [notice]

    def differences(self, other: "Settings") -> list[str]:
        """Say where ``other`` describes another model than the one trained with these settings.

        Only keys that make another model count; an ``M`` of null in ``other`` fits any number.
        """
        return [
            f"{difference} but the model was trained with {trained}."
            for key, difference, trained in self._compare(other)
            if key.effect == "model"
        ]

    def resume_differences(self, other: "Settings") -> list[str]:
        """Say where a training begun with these settings would go on otherwise with ``other``.

        Keys that make another model count, those that say how data are read, and those of training
        but for the number of epochs, the patience and what is printed; an ``M`` of null in
        ``other`` fits any number.
        """
        return [
            f"{difference} but the training was begun with {begun}."
            for key, difference, begun in self._compare(other)
            if key.effect in ("model", "training", "data") and not key.resumable
        ]

    def _compare(self, other: "Settings") -> Iterator[tuple[Key, str, str]]:
        """Yield, for every key that differs: the key, "`lr` is 1 in the file", the value here.

        A key that neither side reads does not differ, nor one that a side does not have.
        """
        idle = self._idle_keys().keys() & other._idle_keys().keys()
        for name, field in type(self).model_fields.items():
            if not {self.architecture, other.architecture} <= set(_key(field).of):
                continue
            here, there = getattr(self, name), getattr(other, name)
            taken_from_csv = name == "num_series" and there is None
            if here != there and not taken_from_csv and name not in idle:
                difference = f"`{_alias(name)}` is {show(there)} in {other._source}"
                yield _key(field), difference, show(here)

    def notices(self) -> list[str]:
        """Say what a reader of the file might not expect, one sentence each."""
        return [
            *self._keys_without_effect(),
            *self._receptive_field_notices(),
            *self._fidelity_departures(),
        ]

    def _idle_keys(self) -> dict[str, str]:
        """Return the keys that nothing reads while the others are as they are, and why."""
        reasons = {"alpha_reg": "the published program never reads it either"}
        if not self.lr_decay:
            reasons |= dict.fromkeys(("decay_rate", "decay_step"), "`lr_decay` is false")
        if not self.wo_outliers:
            reasons |= {"max_std": "`wo_outliers` is false"}
        return reasons

    def _keys_without_effect(self) -> list[str]:
        parts = [
            f"`{name}` ({why})"
            for name, why in self._idle_keys().items()
            if name in self.model_fields_set
        ]
        return [f"Keys in {self._source} without effect: {', '.join(parts)}."] if parts else []

    def _receptive_field_notices(self) -> list[str]:
        if self.architecture != "dc-vae":
            return []
        sides = (
            ("encoder", self.encoder_plan, "rows", "its last latent vector"),
            ("decoder", self.decoder_plan, "latent vectors", "the judged row"),
        )
        sentences = []
        for side, plan, inputs, output in sides:
            field, length = plan.receptive_field(self.kernel), self.window_length
            start = f"The {side}'s receptive field is {field} rows but `T` is {length}: "
            if field < length:
                sentences.append(
                    f"{start}the {inputs} of a window before the last {field} do not influence "
                    f"{output}."
                )
            elif field > length:
                sentences.append(
                    f"{start}its farthest {field - length} rows always fall on the padding before "
                    "the window."
                )
        return sentences

    def _fidelity_departures(self) -> list[str]:
        departing = [
            f"`{key}`"
            for key in _fidelity_keys_of(self.architecture)
            if getattr(self, key) != self.fidelity
        ]
        if not departing:
            return []
        other = "code" if self.fidelity == "paper" else "paper"
        verb = "is" if len(departing) == 1 else "are"
        listed = ", ".join(departing)
        return [f'`fidelity` is "{self.fidelity}" but {listed} {verb} "{other}".']


def keys() -> tuple[str, ...]:
    """Return the keys that a file may have, in their order."""
    return tuple(_FIELDS)


def read_settings(path: Path) -> Settings:
    """Read a settings file.

    Raises:
        InputError: if the file cannot be read, is not UTF-8, is not a JSON object, or with every
            problem of its keys.
    """
    return Settings.from_text(read_text(path), path)


def architecture_of(values: dict[str, Any]) -> Any:
    """Return what a file says its architecture is, or else what its keys tell."""
    if "architecture" in values:
        return values["architecture"]
    if "rnn_units" in values:  # as a published file of RNN-VAE
        return "rnn-vae"
    if any(key in values and _key(field).of == ("seq2seq",) for key, field in _FIELDS.items()):
        return "seq2seq"
    return "rnn-vae" if "layer_type" in values else "dc-vae"


def _foreign_keys(values: dict[str, Any]) -> dict[str, str]:
    """Return the keys of a file that its architecture does not have, each with a line about it."""
    architecture = architecture_of(values)
    if architecture not in get_args(Architecture):
        return {}  # which is reported
    reason = "" if "architecture" in values else ", as its other keys tell"
    return {
        key: f"`{key}`: belongs to `architecture` {' and '.join(map(show, _key(field).of))}, but "
        f"this file is of {show(architecture)}{reason}; delete the key, or change `architecture`"
        for key, field in _FIELDS.items()
        if key in values and architecture not in _key(field).of
    }


def _fidelity_keys_of(architecture: Architecture) -> list[str]:
    return [key for key in FIDELITY_KEYS if architecture in _key(_FIELDS[key]).of]


def _problem_line(details: ErrorDetails) -> str:
    """Return one line for one problem found by pydantic: key, expected, received."""
    key, *place = details["loc"]
    if details["type"] == "extra_forbidden":
        return f"`{key}`: unknown key{_suggestion(str(key))}"
    if details["type"] == "missing":
        return f"`{key}`: missing; expected {_expected(str(key))}"
    if details["type"] == "value_error":
        return f"`{key}`: {details['ctx']['error']}"
    expected = _expected(str(key))
    if details["type"] == "finite_number":
        expected = expected.replace("a number", "a finite number")
    received = show(details["input"])
    position = f" as entry {int(place[0]) + 1}" if place else ""
    return f"`{key}`: expected {expected}, received {received}{position}"


def _suggestion(unknown: str) -> str:
    """Return the end of a sentence about an unknown key: what it may have been meant to be."""
    other_name = re.sub(r"[-_ ]", "", unknown.casefold())
    if other_name in _OTHER_NAMES:
        return f"; did you mean `{_OTHER_NAMES[other_name]}`?"
    names = {key.casefold(): key for key in _FIELDS}
    names |= {name: field.alias for name, field in Settings.model_fields.items() if field.alias}
    closest = difflib.get_close_matches(unknown.casefold(), names, n=1)
    return f"; did you mean `{names[closest[0]]}`?" if closest else ""


def _expected(key: str) -> str:
    """Return the values a key may have, in words, with the reason where there is one."""
    field = _FIELDS[key]
    words = allowed_values(field)
    return f"{words} ({_key(field).why})" if _key(field).why else words


def allowed_values(field: FieldInfo) -> str:
    """Return the values a field may have, in words: its type and its range."""
    if _key(field).values:
        return _key(field).values
    kind: Any = field.annotation
    bounds = _bounds(field.metadata)
    if get_origin(kind) is tuple:
        return f"a list of {bounds['min_length']} or more whole numbers, each at least 1"
    may_be_null = get_origin(kind) in (UnionType, Union)
    if may_be_null:
        kind = get_args(kind)[0]
    if get_origin(kind) is Literal:
        *first, last = [json.dumps(value) for value in get_args(kind)] + ["null"] * may_be_null
        return f"{', '.join(first)} or {last}"
    if "ge" in bounds and bounds["ge"] == bounds.get("le"):
        return str(bounds["ge"])
    nouns = {int: "a whole number", float: "a number", bool: "true or false", str: "any text"}
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    limits = " and ".join(f"{words[name]} {bound}" for name, bound in bounds.items())
    parts = [nouns[kind], limits, "or null" if may_be_null else ""]
    return ", ".join(part for part in parts if part)


def _bounds(metadata: list[Any]) -> dict[str, Any]:
    names = ("ge", "gt", "le", "lt", "min_length")
    return {name: getattr(rule, name) for rule in metadata for name in names if hasattr(rule, name)}


def _key(field: FieldInfo) -> Key:
    return next(part for part in field.metadata if isinstance(part, Key))


def _alias(name: str) -> str:
    """Return what the file calls an attribute."""
    return Settings.model_fields[name].alias or name


def _duration_of(step: str) -> timedelta | None:
    """Return a step such as "5min" as a time span; None if it is not one."""
    parts = _STEP.fullmatch(step)
    if parts is None:
        return None
    count, unit = int(parts[1]), _STEP_UNITS[parts[2]]
    return count * unit if count <= _LONGEST_STEP / unit else None


def _is_time_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder's name
        return False
    return True


def _problem_of_folder_name(name: str) -> str:
    """Return what keeps a name from being a folder's on Linux, macOS and Windows, or ""."""
    lowered = name.casefold()
    if not name:
        return " (empty)"
    if len(name) > _LONGEST_NAME:
        return f" (longer than {_LONGEST_NAME} characters)"
    if name[0] in ". " or name[-1] in ". ":
        return " (a dot or a space at the start or the end)"
    if not _NAME_PATTERN.fullmatch(name):
        return " (another character)"
    if _WINDOWS_DEVICES.fullmatch(lowered.split(".")[0].rstrip()):
        return " (reserved by Windows)"
    if lowered.endswith(_PROJECT_SUFFIXES) or lowered in _PROJECT_NAMES:
        return " (used by this project)"
    return ""


_FIELDS = {field.alias or name: field for name, field in Settings.model_fields.items()}
