"""Layers of a network of dilated convolutions, derived from its keys.

Their number, widths and dilations are decided here, without Keras; `dc_vae` builds the layers of a
plan.
"""

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from dcvae.config import NetworkKeys

BATCH_NORM_MOMENTUM = 0.99  # Keras's default
DECODER_ACTIVATION = "elu"


@dataclass(frozen=True)
class SidePlan:
    """Dilated convolutions of one side of the network, the encoder or the decoder.

    Attributes:
        hidden: units and dilation of each hidden layer, the first layer first.
        head_dilation: dilation of the two linear heads of the side.

    Examples:
        With a kernel of 2, the receptive field is 1 plus the sum of the dilations:

        >>> from dcvae.networks import SidePlan
        >>> SidePlan(hidden=((64, 1), (64, 2)), head_dilation=4).receptive_field(kernel=2)
        8
    """

    hidden: tuple[tuple[int, int], ...]
    head_dilation: int

    def receptive_field(self, kernel: int) -> int:
        """Return the number of rows, its own included, that an output of this side depends on.

        Args:
            kernel: taps of every convolution.

        Returns:
            1 + (kernel - 1) · (sum of the dilations).
        """
        dilations = [dilation for _, dilation in self.hidden]
        return 1 + (kernel - 1) * (sum(dilations) + self.head_dilation)


def encoder_plan(keys: NetworkKeys) -> SidePlan:
    """Return the layers of the encoder, those of the paper or of the published program.

    Paper (García González et al. 2022): one layer per dilation, the last for the heads. Published
    program: one hidden layer fewer than `cnn_units`, heads with the last dilation used.
    """
    if keys.fidelity_encoder == "code":
        num_hidden = len(keys.cnn_units) - 1
        head_dilation = keys.dil_rate[num_hidden - 1]
    else:
        num_hidden = len(keys.dil_rate) - 1
        head_dilation = keys.dil_rate[-1]
    units = keys.cnn_units[:num_hidden]
    return SidePlan(tuple(zip(units, keys.dil_rate[:num_hidden], strict=True)), head_dilation)


def decoder_plan(keys: NetworkKeys) -> SidePlan:
    """Return the layers of the decoder, those of the paper or of the published program.

    Paper (García González et al. 2022): the encoder mirrored. Published program: one hidden layer
    fewer than `cnn_units`, taken from the ends of both lists.
    """
    units, dilations = keys.cnn_units[::-1], keys.dil_rate[::-1]
    shorter = keys.cnn_units if keys.fidelity_decoder == "code" else keys.dil_rate
    num_hidden = len(shorter) - 1
    hidden = tuple(zip(units[:num_hidden], dilations[:num_hidden], strict=True))
    return SidePlan(hidden, keys.dil_rate[0])


def encoder_momentum(keys: NetworkKeys) -> float:
    """Return the momentum of the encoder's batch normalization.

    The published program runs the encoder twice in a step of training, for the latent and for its
    loss, and each run updates the statistics by the same batch.
    """
    return BATCH_NORM_MOMENTUM**2 if keys.fidelity_norm == "code" else BATCH_NORM_MOMENTUM


def convolutional_reach(keys: NetworkKeys) -> str:
    """Write the receptive fields of both sides and the window length, for messages."""
    encoder, decoder = (
        plan.receptive_field(keys.kernel) for plan in (encoder_plan(keys), decoder_plan(keys))
    )
    return (
        f"receptive field {encoder} (encoder) and {decoder} (decoder) of "
        f"T = {keys.window_length} rows"
    )


def receptive_field_notices(keys: NetworkKeys) -> list[str]:
    """Tell where a receptive field is not the length of a window, one sentence per side."""
    sides = (
        ("encoder", encoder_plan(keys), "rows", "its last latent vector"),
        ("decoder", decoder_plan(keys), "latent vectors", "the scored row"),
    )
    sentences = []
    for side, plan, inputs, output in sides:
        field, length = plan.receptive_field(keys.kernel), keys.window_length
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


def without_far_dilations(keys: NetworkKeys, window_length: int) -> dict[str, Any]:
    """Leave out the layers whose receptive field would be longer than a shortened window.

    Args:
        keys: as given.
        window_length: rows of the window, fewer than `keys` have.

    Returns:
        The attributes of the keys that change, with their values; none if all layers fit.
    """
    fewest = 3 if "code" in (keys.fidelity_encoder, keys.fidelity_decoder) else 2
    reach = accumulate((keys.kernel - 1) * rate for rate in keys.dil_rate)
    kept = max(sum(1 + rows <= window_length for rows in reach), fewest)
    if kept >= len(keys.dil_rate):
        return {}
    return {"dil_rate": keys.dil_rate[:kept], "cnn_units": keys.cnn_units[: kept - 1]}
