"""Ensemble: several scorers as one, in units of normal data, weighed without labels.

Members count in units of their own: a network in scaled errors, isolation forests in standardized
depths. Each is brought to one scale by its own normal data, those of training::

    strangeness of a member (rows, series)      errors, or deviations
      -> squared, over its level                what it exceeds in 1 % of normal rows
      -> log(1 + x)                             far-out values keep their order, and count little
      -> weighted mean of the members
      -> square root                            is the deviation that the alarm is raised by

Scores of windows, which look ahead, are joined in the same way. Weights need no label: faults are
planted in the training table (`planted`), and a member weighs as much as its average precision on
their rows is above chance. One that sees none of them weighs nothing.

Mean and error are those of the first member that expects a value: they tell what was expected,
and the direction. There is no sigma, as no band would be where cells are flagged.
"""

from collections.abc import Iterator, Mapping
from typing import Self

import numpy as np

from dcvae._arrays import AnyArray, BoolArray, Float32Array, Float64Array, Int32Array
from dcvae.config import Member, Settings
from dcvae.data import ModelInput
from dcvae.metrics import average_precision
from dcvae.pipeline.planted import with_planted_faults
from dcvae.pipeline.scorers import Scorer
from dcvae.scoring import (
    Scores,
    SigmaCalibration,
    WindowLosses,
    incident_rows,
    mean_squares,
    reference_level,
    reference_levels,
    window_starts,
)

_LOWEST_LEVEL = 1e-5  # squared: a series that never changes is predicted to a thousandth or so
_HIGHEST = 1e12  # bound of a square over its level
_ROWS_OF_A_MEAN = 6  # of the score that planted faults are ranked by
_SERIES = 3  # likewise


class EnsembleScorer(Scorer):
    """A scorer by the weighted mean of what several say.

    Args:
        members: at least two, by their names, in order.
        weights: of each member, >= 0; their sum is 1.
        levels: of each member, (series,) float64 > 0: what its squared strangeness exceeds in 1 %
            of normal rows.
        window_levels: of each member, (2, series) float64 > 0, likewise of windows.

    Attributes:
        members: by their names.
        weights: likewise.
        network: that of the member that has one.
        latent_size: that of the first member that has a latent vector.
    """

    def __init__(
        self,
        members: Mapping[Member, Scorer],
        weights: Mapping[Member, float],
        levels: Mapping[Member, Float64Array],
        window_levels: Mapping[Member, Float64Array],
    ) -> None:
        self.members = dict(members)
        self.weights = dict(weights)
        self.network = next((m.network for m in members.values() if m.network is not None), None)
        self.latent_size = next((m.latent_size for m in members.values() if m.latent_size), 0)
        self._levels = dict(levels)
        self._window_levels = dict(window_levels)

    @classmethod
    def fit(
        cls, members: Mapping[Member, Scorer], normal: ModelInput, window_length: int, seed: int
    ) -> Self:
        """Fit the levels and weights of members to the training table.

        Args:
            members: fitted, by their names.
            normal: the training table as a file to score, without what is labeled.
            window_length: rows of a window, T.
            seed: seed of the planted faults.
        """
        starts = window_starts(len(normal.values), window_length, normal.gaps)
        faulty, truth = with_planted_faults(normal, window_length, seed)
        truth = truth[window_length - 1 :]
        levels, window_levels, gains = {}, {}, {}
        for name, member in members.items():
            strangeness = member.score(normal).strangeness
            strange = incident_rows(strangeness)
            strangeness = np.where(strange[:, np.newaxis], np.float32(np.nan), strangeness)
            levels[name] = reference_level(strangeness.astype(np.float64) ** 2, _LOWEST_LEVEL)
            window_levels[name] = reference_levels(member.squares(normal, starts))
            ranks = _ranking(member.score(faulty).strangeness, strangeness)
            usable = ~strange & np.isfinite(ranks)
            gains[name] = _gain(truth[usable], ranks[usable])
        total = sum(gains.values())
        weights = {
            name: gain / total if total > 0 else 1 / len(gains) for name, gain in gains.items()
        }
        return cls(members, weights, levels, window_levels)

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
        joined = np.expm1(self._mean(strange))
        return np.stack([joined, joined])

    def losses(self, inputs: ModelInput, keys: Settings) -> WindowLosses | None:
        """Compute the losses of the member that has some."""
        found = (member.losses(inputs, keys) for member in self.members.values())
        return next((losses for losses in found if losses is not None), None)

    def notices(self) -> list[str]:
        """Return the weights of the members."""
        told = ", ".join(f"{name} {weight:.2f}" for name, weight in self.weights.items())
        return [f"Weights by faults that were planted in the training rows: {told}."]

    def to_arrays(self) -> dict[str, AnyArray]:
        """Return what was fitted of the members, and their levels."""
        arrays: dict[str, AnyArray] = {}
        for name, member in self.members.items():
            arrays |= member.to_arrays()
            arrays[f"ensemble/{name}/weight"] = np.array([self.weights[name]])
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
        weights, levels, window_levels = {}, {}, {}
        for name in members:
            weights[name] = float(_checked(arrays, f"ensemble/{name}/weight", (1,), least=0.0)[0])
            levels[name] = _checked(arrays, f"ensemble/{name}/level", (num_series,))
            window_levels[name] = _checked(
                arrays, f"ensemble/{name}/window_levels", (2, num_series)
            )
        return cls(members, weights, levels, window_levels)

    def _joined(self, of_members: tuple[Scores, ...]) -> Scores:
        expecting = next((s for s in of_members if s.deviation is None), of_members[0])
        strange = []
        for name, scores in zip(self.members, of_members, strict=True):
            square = scores.strangeness.astype(np.float64) ** 2
            strange.append(np.log1p(np.minimum(square / self._levels[name], _HIGHEST)))
        joined = np.sqrt(self._mean(strange)).astype(np.float32)
        signed = expecting.error if expecting.deviation is None else expecting.deviation
        deviation: Float32Array = np.where(signed < 0, -joined, joined)
        latent = next((s.latent for s in of_members if s.latent.shape[1]), of_members[0].latent)
        nothing = np.full(joined.shape, np.nan, dtype=np.float32)
        return Scores(expecting.mean, nothing, expecting.error, latent, deviation)

    def _mean(self, strange: list[Float64Array]) -> Float64Array:
        """Return the weighted mean of what the members say, each of the same shape."""
        mean: Float64Array = np.tensordot(list(self.weights.values()), np.stack(strange), axes=1)
        return mean


def _ranking(faulty: Float32Array, normal: Float32Array) -> Float64Array:
    """Score rows with planted faults as an alarm does, (rows,): the strangest series, smoothed."""
    level = reference_level(mean_squares(normal, _ROWS_OF_A_MEAN), _LOWEST_LEVEL)
    strange = np.log1p(np.minimum(mean_squares(faulty, _ROWS_OF_A_MEAN) / level, _HIGHEST))
    strange[np.isnan(strange)] = -1.0  # below all
    count = min(_SERIES, strange.shape[1])
    ranks: Float64Array = np.partition(strange, -count, axis=1)[:, -count:].mean(axis=1)
    return ranks


def _gain(truth: BoolArray, ranks: Float64Array) -> float:
    """Return average precision above chance; 0 where it is below, or not defined."""
    if not truth.any() or truth.all():
        return 0.0
    return max(average_precision(truth, ranks) - float(truth.mean()), 0.0)


def _checked(
    arrays: Mapping[str, AnyArray], name: str, shape: tuple[int, ...], least: float | None = None
) -> Float64Array:
    """Return an array of finite numbers of a shape, above 0 or at least `least`."""
    level = arrays.get(name)
    if level is None or level.shape != shape or level.dtype.kind != "f":
        raise ValueError(f"`{name}` is missing, or has another shape than {shape}")
    enough = level > 0 if least is None else level >= least
    if not (np.isfinite(level).all() and enough.all()):
        raise ValueError(f"`{name}` has a number that is too small")
    return level.astype(np.float64)
