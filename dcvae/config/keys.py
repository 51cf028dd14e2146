"""Settings keys of the data, the network and the training.

Every rule about a key (its type, its range, what it must have in common with other keys) is defined
with the key, here or in `threshold_keys`; words that a value may be, which other packages use too,
are in `key_properties`. `docs/guide/settings.md` lists all
keys; each field has its line of that table as its `description`.
"""

import difflib
import zoneinfo
from datetime import timedelta
from typing import Annotated, Any, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from dcvae.config.json_file import show
from dcvae.config.key_properties import (
    ARCHITECTURE_TRAITS,
    CONVOLUTIONAL,
    DEFAULT_ARCHITECTURE,
    VARIATIONAL,
    Activation,
    Architecture,
    Fidelity,
    Key,
    LayerType,
    Loss,
    alias_of,
)
from dcvae.config.messages import expected
from dcvae.config.values import duration_of, is_time_zone


class CommonKeys(BaseModel):
    """Keys that every group has: what is modeled, and the seed.

    Attributes have the names of the keys of a file, except for the three letters of the paper:
    `window_length` (T), `num_series` (M, None until a table is known) and `latent_size` (J).
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        protected_namespaces=(),
        defer_build=True,
    )

    architecture: Annotated[Architecture, Key("model")] = Field(
        DEFAULT_ARCHITECTURE,
        description="The network: dilated causal convolutions (dc-vae), recurrent layers in their "
        "place (rnn-vae), or a plain recurrent autoencoder from sequence to sequence (seq2seq). "
        "Where it is not given, the keys that dc-vae lacks tell.",
    )
    window_length: Annotated[int, Key("model", why="a window of one row has no past")] = Field(
        128,
        alias="T",
        ge=2,
        description="Rows in a window. The last one is scored, so the first `T` - 1 rows of a file "
        "have no score.",
    )
    num_series: Annotated[int | None, Key("model")] = Field(
        None, alias="M", ge=1, description="Number of series; null takes it from the CSV."
    )
    seed: Annotated[int, Key("training", why="a seed has 32 bits")] = Field(
        123,
        ge=0,
        lt=2**32,
        description="Seed of everything random in training, and of the draws of `fidelity_latent` "
        '"code".',
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in_architecture(cls, values: Any) -> Any:
        """Give keys that are not given the defaults of their architecture."""
        if not isinstance(values, dict):
            return values
        own = {alias_of(name) for name in cls.model_fields}
        architecture = values.get("architecture", DEFAULT_ARCHITECTURE)
        if architecture not in get_args(Architecture):
            return values  # which is reported
        defaults = ARCHITECTURE_TRAITS[architecture].defaults
        return {key: value for key, value in defaults.items() if key in own} | values


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
        "only (paper), or worked out anew on every file, the scored ones too (code).",
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


class NetworkKeys(CommonKeys):
    """Keys of the network: its layers, their sizes, and the loss.

    Examples:
        >>> from dcvae.config import NetworkKeys
        >>> keys = NetworkKeys(cnn_units=[16, 16], dil_rate=[1, 2, 4], J=2)
        >>> keys.dil_rate, keys.latent_size, keys.kernel
        ((1, 2, 4), 2, 2)
    """

    cnn_units: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...], Key("model", of=CONVOLUTIONAL)
    ] = Field(
        (64, 64, 64, 64, 64, 64),
        min_length=1,
        strict=False,  # JSON has lists, not tuples; the entries are still strict
        description="Channels of the hidden layers, in the encoder's order; the decoder takes them "
        "in reverse.",
    )
    dil_rate: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Key("model", of=CONVOLUTIONAL)] = (
        Field(
            (1, 2, 4, 8, 16, 32, 64),
            min_length=2,
            strict=False,
            validate_default=True,  # its length must fit `cnn_units`, given or not
            description="Dilations of the layers, in the encoder's order, the last one for its "
            "heads. As many entries as `cnn_units`, or one more.",
        )
    )
    kernel: Annotated[int, Key("model", why="a kernel of 1 sees no past row", of=CONVOLUTIONAL)] = (
        Field(2, ge=2, description="Taps of every convolution.")
    )
    strs: Annotated[
        int,
        Key(
            "model",
            why="a stride would shorten the sequence, and every row keeps its place",
            of=CONVOLUTIONAL,
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
    loss: Annotated[Loss, Key("model", of=("seq2seq",))] = Field(
        "mae", description="What is minimized: the mean absolute error or the mean squared one."
    )
    activation: Annotated[Activation, Key("model", of=VARIATIONAL)] = Field(
        "tanh",
        description="Activation of the hidden layers: of the encoder's, as DC-VAE's decoder always "
        "has elu; of both sides' in RNN-VAE.",
    )
    latent_size: Annotated[int, Key("model", of=VARIATIONAL)] = Field(
        4, alias="J", ge=1, description="Latent channels at each time step."
    )
    fidelity_spread: Annotated[Fidelity, Key("model", of=VARIATIONAL)] = Field(
        "paper",
        description="Spread head: log sigma² in the loss and in the band (paper), or log sigma in "
        "the loss and log sigma² in the band (code).",
    )
    fidelity_encoder: Annotated[Fidelity, Key("model", of=CONVOLUTIONAL)] = Field(
        "paper",
        description="Encoder: a layer for every entry of `dil_rate` (paper), or one hidden layer "
        "fewer than `cnn_units` and heads that repeat the last dilation used (code).",
    )
    fidelity_decoder: Annotated[Fidelity, Key("model", of=CONVOLUTIONAL)] = Field(
        "paper",
        description="Decoder: the encoder mirrored (paper), or one hidden layer fewer than "
        "`cnn_units`, taken from the ends of both lists (code).",
    )

    @field_validator("layer_type")
    @classmethod
    def _check_layer_type(cls, layer_type: str, info: ValidationInfo) -> str:
        if layer_type == "rnn" and info.data.get("architecture") == "seq2seq":
            raise ValueError(
                'expected "gru" or "lstm" while `architecture` is "seq2seq" (the last state of a '
                'simple layer holds little of a whole window), received "rnn"'
            )
        return layer_type

    @field_validator("dil_rate")
    @classmethod
    def _check_lengths(cls, dil_rate: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        """Check the length of `dil_rate` by `cnn_units`; the context holds the given keys."""
        if "cnn_units" not in info.data:
            return dil_rate  # `cnn_units` itself is wrong, which is reported
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

    @field_validator("fidelity_encoder", "fidelity_decoder")
    @classmethod
    def _check_code_has_layers(cls, fidelity: str, info: ValidationInfo) -> str:
        if fidelity == "code" and len(info.data.get("cnn_units", ())) == 1:
            raise ValueError(
                'expected "paper" while `cnn_units` has 1 entry, received "code", which builds one '
                "hidden layer fewer than `cnn_units` has entries and so needs 2"
            )
        return fidelity


class TrainingKeys(CommonKeys):
    """Keys of the training: steps, learning rate, and when it ends.

    Examples:
        >>> from dcvae.config import TrainingKeys
        >>> keys = TrainingKeys(epochs=10)
        >>> keys.epochs, keys.patience, keys.batch_size
        (10, 5, 32)
    """

    batch_size: Annotated[int, Key("training")] = Field(
        32, ge=1, description="Windows in a training step."
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
    patience: Annotated[int, Key("training", resumable=True)] = Field(
        5, ge=1, description="Epochs without improvement after which training stops."
    )
    min_delta: Annotated[float, Key("training")] = Field(
        0.01, ge=0, description="Decrease of the validation loss that counts as improvement."
    )
    steps_per_epoch: Annotated[int | None, Key("training")] = Field(
        None,
        ge=1,
        description="Training steps in an epoch, so that short and long files train equally long: "
        "windows are drawn in passes over all of them, each in another order, and an epoch goes on "
        "where the last one ended. It validates on no more windows than it trains on, evenly "
        "spread. null: one pass over the training windows, and all validation windows.",
    )
