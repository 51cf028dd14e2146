"""Settings keys that every group has: what is modeled, and the seed."""

from typing import Annotated, Any, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)

from dcvae.config.keys.properties import (
    ARCHITECTURE_TRAITS,
    DEFAULT_ARCHITECTURE,
    LONGEST_WINDOW,
    MOST_CHANNELS,
    Architecture,
    Key,
    alias_of,
)


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
    window_length: Annotated[
        int,
        Key(
            "model",
            why="a window of one row has no past",
            why_not_more="whole windows are kept in memory",
        ),
    ] = Field(
        128,
        alias="T",
        ge=2,
        le=LONGEST_WINDOW,
        description="Rows in a window. The last one is scored, so the first `T` - 1 rows of a file "
        "have no score.",
    )
    num_series: Annotated[int | None, Key("model")] = Field(
        None,
        alias="M",
        ge=1,
        le=MOST_CHANNELS,
        description="Number of series; null takes it from the CSV.",
    )
    seed: Annotated[int, Key("training", why="a seed has 32 bits")] = Field(
        123,
        ge=0,
        lt=2**32,
        description="Seed of everything random in training, and of the draws of `fidelity_latent` "
        '"code".',
    )

    def __setstate__(self, state: dict[Any, Any]) -> None:
        """Restore what was pickled; keys that its version did not have get their defaults."""
        super().__setstate__(state)
        for name, field in type(self).model_fields.items():
            vars(self).setdefault(name, field.get_default(call_default_factory=True))

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
