"""Suspects against a table of all ranks."""

import numpy as np
import pytest

from dcvae.contamination.experiment import Training
from dcvae.contamination.results import suspects as module
from dcvae.contamination.results.suspects import Ranked, strangest, suspects


class Splits:
    """Training units of three runs of 12 units, some of them contaminated."""

    def __init__(self):
        random = np.random.default_rng(4)
        self.units = {run: random.permutation(12)[:8] for run in (1, 2, 3)}

    def training(self, run, rho):
        return Training(self.units[run], self.units[run] >= 10)

    def places(self, units):
        return {"row": [int(unit) + 1 for unit in units]}


def rankings(splits, kept=8):
    random = np.random.default_rng(5)
    found = []
    for run, units in splits.units.items():
        for _ in range(3):  # detectors
            scores = random.normal(size=8) + np.where(units == 3, 2.0, 0.0)
            found.append(Ranked(run, strangest(units, scores)[:kept]))
    return found


def ranks_of(ranked, unit, splits):
    """Its rank in every ranking of a run that it is in; infinite where it is not named."""
    return [
        (list(units).index(unit) + 1) / 8 if unit in units else np.inf
        for run, units in ranked
        if unit in splits.units[run]
    ]


@pytest.mark.parametrize("kept", [8, 5])
def test_medians_over_detectors_and_runs(kept):
    splits = Splits()
    ranked = rankings(splits, kept)
    found = suspects(splits, ranked, 0.25).set_index("row")
    for unit in range(12):
        ranks = ranks_of(ranked, unit, splits)
        if not ranks or not np.isfinite(np.median(ranks)):
            assert unit + 1 not in found.index
            continue
        line = found.loc[unit + 1]
        assert line["median_rank"] == pytest.approx(np.median(ranks))
        assert line["in_top"] == pytest.approx(np.mean([rank <= 0.25 for rank in ranks]))
        assert line["runs"] == sum(unit in units for units in splits.units.values())
        assert line["contaminated"] == (unit >= 10)
    assert found["median_rank"].is_monotonic_increasing
    assert found["place"].tolist() == [*range(1, len(found) + 1)]
    assert found.index[0] == 4  # the unit that all detectors find strange


def test_the_strangest_units(monkeypatch):
    monkeypatch.setattr(module, "KEPT", 2)
    assert strangest(np.array([7, 3, 9]), np.array([0.1, 0.5, 0.5])).tolist() == [3, 9]


def test_without_rankings():
    assert suspects(Splits(), [], 0.1).empty
