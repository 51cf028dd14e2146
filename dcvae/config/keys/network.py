"""Settings keys of the network: its layers, their sizes, and the loss."""

from typing import Annotated

from pydantic import (
    Field,
    ValidationInfo,
    field_validator,
)

from dcvae.config.json_file import show
from dcvae.config.keys.common import CommonKeys
from dcvae.config.keys.properties import (
    CONVOLUTIONAL,
    LONGEST_WINDOW,
    MOST_CHANNELS,
    MOST_LAYERS,
    VARIATIONAL,
    Activation,
    Fidelity,
    Key,
    LayerType,
    Loss,
)

_Channels = Annotated[int, Field(ge=1, le=MOST_CHANNELS)]


class NetworkKeys(CommonKeys):
    """Keys of the network: its layers, their sizes, and the loss.

    Examples:
        >>> from dcvae.config import NetworkKeys
        >>> keys = NetworkKeys(cnn_units=[16, 16], dil_rate=[1, 2, 4], J=2)
        >>> keys.dil_rate, keys.latent_size, keys.kernel
        ((1, 2, 4), 2, 2)
    """

    cnn_units: Annotated[tuple[_Channels, ...], Key("model", of=CONVOLUTIONAL)] = Field(
        (64, 64, 64, 64, 64, 64),
        min_length=1,
        max_length=MOST_LAYERS,
        strict=False,  # JSON has lists, not tuples; the entries are still strict
        description="Channels of the hidden layers, in the encoder's order; the decoder takes them "
        "in reverse.",
    )
    dil_rate: Annotated[
        tuple[Annotated[int, Field(ge=1, le=LONGEST_WINDOW)], ...],
        Key("model", of=CONVOLUTIONAL),
    ] = Field(
        (1, 2, 4, 8, 16, 32, 64),
        min_length=2,
        max_length=MOST_LAYERS + 1,
        strict=False,
        validate_default=True,  # its length must fit `cnn_units`, given or not
        description="Dilations of the layers, in the encoder's order, the last one for its "
        "heads. As many entries as `cnn_units`, or one more.",
    )
    kernel: Annotated[
        int,
        Key(
            "model",
            why="a kernel of 1 sees no past row",
            why_not_more="layers reach further by `dil_rate`",
            of=CONVOLUTIONAL,
        ),
    ] = Field(2, ge=2, le=10_000, description="Taps of every convolution.")
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
        tuple[_Channels, ...],
        Key("model", why="the last is the decoder's first", of=("rnn-vae",)),
    ] = Field(
        (8, 4),
        min_length=2,
        max_length=MOST_LAYERS,
        strict=False,
        description="Units of the recurrent layers. All but the last are the encoder's hidden "
        "layers; all of them, in reverse, the decoder's.",
    )
    hidden_size: Annotated[int, Key("model", of=("seq2seq",))] = Field(
        64,
        ge=1,
        le=MOST_CHANNELS,
        description="Units of the encoder's first recurrent layer, the decoder's last.",
    )
    embedding_size: Annotated[int, Key("model", of=("seq2seq",))] = Field(
        16,
        ge=1,
        le=MOST_CHANNELS,
        description="Numbers that a whole window is squeezed into: the latent vector.",
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
        4, alias="J", ge=1, le=MOST_CHANNELS, description="Latent channels at each time step."
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
    fidelity_bounds: Annotated[Fidelity, Key("model", of=VARIATIONAL)] = Field(
        "paper",
        description="Log variances: bounded to ±10 in loss and band, and in RNN-VAE also the "
        "latent's, the heads' first weights and the gradient (paper), or nothing bounded (code).",
    )
    fidelity_norm: Annotated[Fidelity, Key("model", of=VARIATIONAL)] = Field(
        "paper",
        description="Statistics of the encoder's batch normalization: updated once in a step "
        "(paper), or twice (code), which is a momentum of 0.9801 in place of 0.99.",
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
