"""Properties of settings keys: when each takes effect, which architectures have it.

The paper and the published program differ in places. A difference that users may want to choose has
a `fidelity_...` key with the values `"paper"` and `"code"`; `fidelity` sets all of them at once,
and a key given by name takes precedence. Features that the published program lacks have other
defaults under `fidelity: "code"`, listed in `CODE_DEFAULTS`.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from pydantic.fields import FieldInfo

Effect = Literal[
    "model", "training", "data", "alphas", "scoring", "shown", "label", "other keys", "none"
]
Fidelity = Literal["paper", "code"]
Architecture = Literal["dc-vae", "rnn-vae", "seq2seq"]
Member = Literal["dc-vae", "persistence", "pca", "k-means", "z-score", "isolation-forest", "ecod"]
DetectorName = Literal[Member, "ensemble"]
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
Loss = Literal["mae", "mse"]
SigmaMode = Literal["predicted", "calibrated", "tempered", "constant"]
NormalAlphaMethod = Literal["budget", "quantile", "evt"]  # on data that are taken to be normal
AlphaMethod = Literal["labels", NormalAlphaMethod]
AlphaMeasure = Literal["point-wise", "range-based"]
AlphaSearch = Literal["grid", "exact"]
AlarmSystem = Literal["weighted", "any", "at least"]
Threshold = Literal["following", "fixed"]

FIDELITY_KEYS = (
    "fidelity_spread",
    "fidelity_encoder",
    "fidelity_decoder",
    "fidelity_bounds",
    "fidelity_norm",
    "fidelity_batches",
    "fidelity_latent",
    "fidelity_outliers",
    "fidelity_missing",
    "fidelity_f1",
    "fidelity_losses",
    "fidelity_units",
)
# Defaults that differ under `fidelity: "code"`, by the key of the file.
CODE_DEFAULTS: dict[str, Any] = {
    "max_gap": None,
    "max_fill": None,
    "threshold": "fixed",
    "alarm_system": "any",
    "alarm_smoothing": 1,
    "alarm_leave": 1.0,
    "alarm_hold": 0,
    "tune_alarms": False,
}

# The paper's letters, by attribute.
PAPER_LETTERS = {"window_length": "T", "num_series": "M", "latent_size": "J"}

# Keys in which null means "no limit" while a number is the default, or recommended.
UNLIMITED = ("steps_per_epoch", "max_gap", "max_fill")

# Upper bounds of whole numbers: what is beyond them is a slip, or would take all memory.
MOST_ROWS = 1_000_000_000  # of a file, and of steps and epochs of a training
MOST_CHANNELS = 100_000  # of a layer, and series of a table
MOST_LAYERS = 100
LONGEST_WINDOW = 1_000_000  # in rows

# Architectures that share keys.
CONVOLUTIONAL: tuple[Architecture, ...] = ("dc-vae",)
VARIATIONAL: tuple[Architecture, ...] = ("dc-vae", "rnn-vae")


@dataclass(frozen=True)
class ArchitectureTraits:
    """What the settings need to know of an architecture.

    Attributes:
        title: its name in text.
        defaults: defaults that differ from those of DC-VAE, by the key of the file.
        predicts_sigma: whether its networks predict a sigma; without one, `sigma` cannot be
            "predicted".
    """

    title: str
    defaults: dict[str, Any] = field(default_factory=dict)
    predicts_sigma: bool = True


# A file that gives no `architecture` is of the one that alone has one of its keys; or of the first
# of those that share one which the default lacks.
ARCHITECTURE_TRAITS: dict[Architecture, ArchitectureTraits] = {
    "dc-vae": ArchitectureTraits("DC-VAE"),
    "rnn-vae": ArchitectureTraits("RNN-VAE", {"T": 512, "lr": 1e-3}),  # the published ones
    "seq2seq": ArchitectureTraits(
        "Seq2seq", {"lr": 1e-3, "sigma": "constant"}, predicts_sigma=False
    ),
}
DEFAULT_ARCHITECTURE: Architecture = "dc-vae"


NETWORK: Member = "dc-vae"
"""The value of `detector` that stands for a network, of whichever architecture."""

DETECTOR_TITLES: dict[DetectorName, str] = {
    "persistence": "persistence",
    "pca": "PCA",
    "k-means": "k-means",
    "z-score": "z-score",
    "isolation-forest": "isolation forest",
    "ecod": "ECOD",
    "ensemble": "ensemble",
}
"""Names in text of the detectors that are no network."""


@dataclass(frozen=True)
class Key:
    """Metadata of a field: when its key takes effect, and text for its messages.

    Attributes:
        effect: "model" (another value makes another model), "training" (only how the model is
            trained), "data" (read with every data file, to train or to score), "alphas" (read to
            choose the alphas, or in place of chosen ones), "scoring" (read whenever a table is
            scored), "shown" (only how results are shown), "label" (a name), "other keys" (only
            through the keys it sets) or "none".
        why: reason for the allowed values.
        why_not_more: reason for the upper bound, where it only keeps out slips; said when it is
            exceeded.
        values: the allowed values in words, where type and range do not describe them.
        resumable: whether the key may change before a training is resumed, as it only says when
            training ends or what is printed.
        of: architectures that have the key.
    """

    effect: Effect
    why: str = ""
    why_not_more: str = ""
    values: str = ""
    resumable: bool = False
    of: tuple[Architecture, ...] = get_args(Architecture)


def key_of(info: FieldInfo) -> Key:
    """Return the `Key` among the metadata of a field."""
    return next(part for part in info.metadata if isinstance(part, Key))


def alias_of(attribute: str) -> str:
    """Return the key of a file for an attribute of `Settings`.

    Args:
        attribute: name of the attribute.

    Returns:
        The letter of the paper, or the same name.

    Examples:
        >>> from dcvae.config import alias_of
        >>> alias_of("window_length"), alias_of("epochs")
        ('T', 'epochs')
    """
    return PAPER_LETTERS.get(attribute, attribute)
