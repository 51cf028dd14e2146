"""Isolation forest: series that no tree can cut. Its trees are compared in test_baselines.py."""

import numpy as np

from dcvae.detectors.classical.isolation_forest import IsolationForestDetector

TRAINING = np.random.default_rng(0).normal(size=(200, 4))
TRAINING[:, 2:] = [0.1, 1e6]


def path(score: np.ndarray, usual: float) -> np.ndarray:
    """Mean cuts of a row, by its score."""
    return np.asarray(-np.log2(score) * usual)


def test_constant_series_shorten_the_path_as_cuts_of_them_would() -> None:
    """By hand: isolated at each of d levels with probability p, at the last in any case."""
    one_tree = IsolationForestDetector().fit(TRAINING)
    arrays = one_tree.to_arrays()
    for name in ("children", "series_cut", "cuts", "cuts_needed"):
        arrays[name] = arrays[name][:1]
    detector = IsolationForestDetector().from_arrays(arrays)
    usual = float(arrays["usual_cuts"][0])
    rows = np.tile([0.1, 0.2, 0.1, 1e6], (4, 1))
    rows[1, 2], rows[2, 3] = 0.1001, 5.0
    rows[3, 2:] = 0.0
    depth = path(detector.decision_function(rows), usual)
    for p, found in zip((0.25, 0.25, 0.5), depth[1:], strict=True):
        whole = int(depth[0])
        level = np.arange(1, whole + 1)
        by_levels = (level * p * (1 - p) ** (level - 1)).sum() + whole * (1 - p) ** whole
        next_level = np.arange(1, whole + 2)
        after = (next_level * p * (1 - p) ** (next_level - 1)).sum()
        after += (whole + 1) * (1 - p) ** (whole + 1)
        assert by_levels - 1e-9 <= found <= after + 1e-9


def test_what_single_precision_does_not_tell_apart_has_not_moved() -> None:
    detector = IsolationForestDetector().fit(TRAINING)
    same = detector.decision_function(TRAINING.astype(np.float32))
    np.testing.assert_allclose(same, detector.decision_scores_, rtol=0.05)
    moved = TRAINING.copy()
    moved[:, 2] += 1e-12
    np.testing.assert_array_equal(detector.decision_function(moved), detector.decision_scores_)


def test_a_series_that_only_the_thinned_rows_have_as_constant() -> None:
    """What it was in some training row is not new; beyond that is."""
    training = np.random.default_rng(1).normal(size=(40_000, 2))
    training[:, 1] = 3.0
    training[1, 1] = 4.0  # every second row or so is kept, of which it is none
    detector = IsolationForestDetector().fit(training)
    assert detector.to_arrays()["range"][:, 1].tolist() == [3.0, 4.0]
    usual, known, new = detector.decision_function([[0.0, 3.0], [0.0, 4.0], [0.0, 5.0]])
    assert usual == known < new
