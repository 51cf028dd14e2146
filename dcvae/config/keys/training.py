"""Settings keys of the training: steps, learning rate, and when it ends."""

from typing import Annotated

from pydantic import (
    Field,
)

from dcvae.config.keys.common import CommonKeys
from dcvae.config.keys.properties import (
    MOST_ROWS,
    VARIATIONAL,
    Fidelity,
    Key,
)


class TrainingKeys(CommonKeys):
    """Keys of the training: steps, learning rate, and when it ends.

    Examples:
        >>> from dcvae.config import TrainingKeys
        >>> keys = TrainingKeys(epochs=10)
        >>> keys.epochs, keys.patience, keys.batch_size
        (10, 5, 32)
    """

    batch_size: Annotated[
        int, Key("training", why_not_more="all windows of a step are in memory at once")
    ] = Field(32, ge=1, le=1_000_000, description="Windows in a training step.")
    epochs: Annotated[int, Key("training", resumable=True)] = Field(
        100,
        ge=1,
        le=MOST_ROWS,
        description="Most passes over the training windows; see `patience`.",
    )
    lr: Annotated[
        float,
        Key("training", why="0 would learn nothing", why_not_more="it is about 0.001, as a rule"),
    ] = Field(
        1e-4, gt=0, le=1e30, description="Learning rate of Adam, the first one if `lr_decay`."
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
        7000,
        ge=1,
        le=MOST_ROWS,
        description="Training steps between two stairs, if `lr_decay`.",
    )
    patience: Annotated[int, Key("training", resumable=True)] = Field(
        5,
        ge=1,
        le=MOST_ROWS,
        description="Epochs without improvement after which training stops.",
    )
    min_delta: Annotated[float, Key("training")] = Field(
        0.01,
        ge=0,
        le=1e9,
        description="Decrease of the validation loss that counts as improvement.",
    )
    steps_per_epoch: Annotated[
        int | None, Key("training", why_not_more="the windows of an epoch are drawn at once")
    ] = Field(
        None,
        ge=1,
        le=1_000_000,
        description="Training steps in an epoch, so that short and long files train equally long: "
        "windows are drawn in passes over all of them, each in another order, and an epoch goes on "
        "where the last one ended. It validates on no more windows than it trains on, evenly "
        "spread. null: one pass over the training windows, and all validation windows.",
    )
    trim_windows: Annotated[
        float,
        Key(
            "training",
            why_not_more="an epoch would go without most of what is normal",
        ),
    ] = Field(
        0.0,
        ge=0,
        le=0.5,
        description="Share of the windows of an epoch that are left out of it: those with the "
        "largest losses by the weights before it, if training rows may hold anomalies without "
        "labels. The first epoch has all. Each epoch takes about a quarter longer.",
    )
    tf32: Annotated[bool, Key("training")] = Field(
        False,
        description="Whether a GPU that can may round the factors of products to TF32, ten bits, "
        "in training steps. Validation and scores have them in full in any case.",
    )
    fidelity_batches: Annotated[Fidelity, Key("training", of=VARIATIONAL)] = Field(
        "paper",
        description="Windows of a pass that do not fill a batch: left out of it, losses are means "
        "of windows (paper); or a last, smaller batch, losses are means of batches (code).",
    )
