"""Ensemble: several scorers as one, each cell by the middle of what its members say.

Members count in units of their own: a network in scaled errors, isolation forests in standardized
depths. Each is brought to one scale by its own normal data, those of training::

    strangeness of a member (rows, series)      errors, or deviations
      -> squared, over its level                what it exceeds in 1 % of normal rows
      -> log(1 + x)                             far-out values keep their order, and count little
      -> median of the members                  one odd member neither raises an alarm nor hides one
      -> square root                            is the deviation that the alarm is raised by

so no member has to be chosen, and no label is used. Scores of windows, which look ahead, are joined
in the same way. Means of the members, of their ranks and of the squares themselves did no better on
the sets that they were compared on (benchmarks/ensemble.py).

Mean and error are those of the first member that expects a value: they tell what was expected, and
the direction. There is no sigma, as no band would be where cells are flagged.
"""

from collections.abc import Iterator, Mapping
from typing import Self

import numpy as np

from dcvae._arrays import AnyArray, Float32Array, Float64Array, Int32Array
from dcvae.config import Member
from dcvae.data import ModelInput
from dcvae.pipeline.scorers import Scorer
from dcvae.scoring import (
    Scores,
    SigmaCalibration,
    WindowLosses,
    incident_rows,
    reference_level,
    reference_levels,
    window_starts,
)

_LOWEST_LEVEL = 1e-5  # squared: a series that never changes is predicted to a thousandth or so
_HIGHEST = 1e12  # bound of a square over its level


class EnsembleScorer(Scorer):
    """A scorer by the middle of what several say.

    Args:
        members: at least two, by their names, in order.
        levels: of each member, (series,) float64 > 0: what its squared strangeness exceeds in 1 %
            of normal rows.
        window_levels: of each member, (2, series) float64 > 0, likewise of windows.

    Attributes:
        members: by their names.
        latent_size: that of the first member that has a latent vector.
    """

    def __init__(
        self,
        members: Mapping[Member, Scorer],
        levels: Mapping[Member, Float64Array],
        window_levels: Mapping[Member, Float64Array],
    ) -> None:
        self.members = dict(members)
        self.latent_size = next((m.latent_size for m in members.values() if m.latent_size), 0)
        self._levels = dict(levels)
        self._window_levels = dict(window_levels)

    @classmethod
    def fit(cls, members: Mapping[Member, Scorer], normal: ModelInput, window_length: int) -> Self:
        """Fit the levels of members to the training table.

        Args:
            members: fitted, by their names.
            normal: the training table as a file to score, without what is labeled.
            window_length: rows of a window, T.
        """
        starts = window_starts(len(normal.values), window_length, normal.gaps)
        levels, window_levels = {}, {}
        for name, member in members.items():
            strangeness = member.score(normal).strangeness.astype(np.float64)
            strangeness[incident_rows(strangeness.astype(np.float32))] = np.nan
            levels[name] = reference_level(strangeness**2, _LOWEST_LEVEL)
            window_levels[name] = reference_levels(member.squares(normal, starts))
        return cls(members, levels, window_levels)

    def blocks(self, inputs: ModelInput, sigma: SigmaCalibration | None) -> Iterator[Scores]:
        """Score rows; see `Scorer.blocks`. There is no sigma to apply a mode to."""
        blocks = [member.blocks(inputs, None) for member in self.members.values()]
        # All scorers hand on the same numbers of rows.
        for of_members in zip(*blocks, strict=True):
            yield self._joined(of_members)

    def squares(self, inputs: ModelInput, starts: Int32Array) -> Float64Array:
        """Join the scores of windows; see `Scorer.squares`. Both readings are the same."""
        strange = [
            np.log1p(member.squares(inputs, starts) / self._window_levels[name][:, None]).mean(0)
            for name, member in self.members.items()
        ]
        joined = np.expm1(np.median(strange, axis=0))
        return np.stack([joined, joined])

    def losses(self, inputs: ModelInput) -> WindowLosses | None:
        """Compute the losses of the member that has some."""
        found = (member.losses(inputs) for member in self.members.values())
        return next((losses for losses in found if losses is not None), None)

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return what was fitted of the members, and their levels."""
        arrays: dict[str, AnyArray] = {}
        for name, member in self.members.items():
            arrays |= member.to_arrays()
            arrays[f"ensemble/{name}/level"] = self._levels[name]
            arrays[f"ensemble/{name}/window_levels"] = self._window_levels[name]
        return arrays

    @classmethod
    def restored(
        cls, members: Mapping[Member, Scorer], arrays: Mapping[str, AnyArray], num_series: int
    ) -> Self:
        """Restore an ensemble of restored members.

        Args:
            members: by their names.
            arrays: from `to_arrays`.
            num_series: series of the model.

        Raises:
            ValueError: the arrays cannot be the levels of these members.
        """
        levels, window_levels = {}, {}
        for name in members:
            levels[name] = _checked(arrays, f"ensemble/{name}/level", (num_series,))
            window_levels[name] = _checked(
                arrays, f"ensemble/{name}/window_levels", (2, num_series)
            )
        return cls(members, levels, window_levels)

    def _joined(self, of_members: tuple[Scores, ...]) -> Scores:
        expecting = next((s for s in of_members if s.deviation is None), of_members[0])
        strange = []
        for name, scores in zip(self.members, of_members, strict=True):
            square = scores.strangeness.astype(np.float64) ** 2
            strange.append(np.log1p(np.minimum(square / self._levels[name], _HIGHEST)))
        middle = np.sqrt(np.median(strange, axis=0)).astype(np.float32)
        signed = expecting.error if expecting.deviation is None else expecting.deviation
        deviation: Float32Array = np.where(signed < 0, -middle, middle)
        latent = next((s.latent for s in of_members if s.latent.shape[1]), of_members[0].latent)
        nothing = np.full(middle.shape, np.nan, dtype=np.float32)
        return Scores(expecting.mean, nothing, expecting.error, latent, deviation)


def _checked(arrays: Mapping[str, AnyArray], name: str, shape: tuple[int, ...]) -> Float64Array:
    level = arrays.get(name)
    if level is None or level.shape != shape or level.dtype.kind != "f":
        raise ValueError(f"`{name}` is missing, or has another shape than {shape}")
    if not (np.isfinite(level).all() and (level > 0).all()):
        raise ValueError(f"`{name}` has a level that is not above 0")
    return level.astype(np.float64)
