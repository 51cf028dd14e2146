"""Settings keys of the detector: the network, a simple detector, or several together."""

from typing import Annotated, get_args

from pydantic import Field, field_validator

from dcvae.config.keys.common import CommonKeys
from dcvae.config.keys.properties import NETWORK, DetectorName, Key, Member

_MEMBERS = "a list of 2 or more of " + ", ".join(f'"{name}"' for name in get_args(Member))


class DetectorKeys(CommonKeys):
    """Keys of the detector: the network, a simple detector, or several together.

    Examples:
        >>> from dcvae.config import DetectorKeys
        >>> DetectorKeys().members, DetectorKeys(detector="pca").members
        (('dc-vae',), ('pca',))
        >>> DetectorKeys(detector="ensemble", ensemble_members=["pca", "ecod"]).has_network
        False
    """

    detector: Annotated[DetectorName, Key("model")] = Field(
        NETWORK,
        description="What scores the rows: the network of `architecture` (dc-vae), a simple "
        "detector, or several of them together (ensemble). Simple detectors need no TensorFlow and "
        "are fitted in seconds.",
    )
    ensemble_members: Annotated[
        tuple[Member, ...],
        Key("model", values=_MEMBERS, why="each is one voice, and a mean of one is no ensemble"),
    ] = Field(
        (NETWORK, "persistence", "pca", "k-means"),
        min_length=2,
        max_length=10,
        strict=False,  # JSON has lists, not tuples
        description='The detectors that are averaged if `detector` is "ensemble", weighed by how '
        "well they see faults that are planted in the training rows. The first that expects a "
        "value gives the values that are shown as expected.",
    )

    @field_validator("ensemble_members")
    @classmethod
    def _check_members(cls, members: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in members if members.count(name) > 1})
        if twice:
            raise ValueError(f"expected each detector once, received {twice[0]!r} again")
        return members

    @property
    def members(self) -> tuple[Member, ...]:
        """The detectors that are fitted, in order: one, or those of the ensemble."""
        return self.ensemble_members if self.detector == "ensemble" else (self.detector,)

    @property
    def tells_series_apart(self) -> bool:
        """Whether any member scores the series of a row apart."""
        return any(name != "isolation-forest" for name in self.members)

    @property
    def has_network(self) -> bool:
        """Whether a network is trained."""
        return NETWORK in self.members
