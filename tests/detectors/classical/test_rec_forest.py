"""RecForest, against a walk through each tree from node to node."""

import numpy as np
import pytest

from dcvae import InputError
from dcvae.detectors.classical.rec_forest import RecForestDetector, _grown

TRAINING = np.random.default_rng(0).normal(size=(300, 4)) * [1, 10, 0.1, 1] + [0, 5, 0, 100]
ROWS = np.vstack([np.random.default_rng(1).normal(size=(40, 4)), TRAINING[:10]])


def boxes(detector: RecForestDetector, row: np.ndarray) -> np.ndarray:
    """The box that a scaled row lies in, (series, 2): one node after the other."""
    arrays = detector.to_arrays()
    box = arrays["range"].T.copy()
    for children, series, cuts in zip(
        arrays["children"], arrays["series_cut"], arrays["cuts"], strict=True
    ):
        node = 0
        while children[node][0] != node:
            j, cut = series[node], cuts[node]
            if row[j] <= cut:
                box[j, 1] = min(box[j, 1], cut)
                node = children[node][0]
            else:
                box[j, 0] = max(box[j, 0], cut)
                node = children[node][1]
    return box


def standardized(rows: np.ndarray) -> np.ndarray:
    return np.asarray((rows - TRAINING.mean(axis=0)) / TRAINING.std(axis=0))


@pytest.mark.parametrize("rows_a_tree", [2, 64, None])
def test_scores_are_those_of_a_walk_from_node_to_node(rows_a_tree: int | None) -> None:
    detector = RecForestDetector(trees=12, rows_a_tree=rows_a_tree).fit(TRAINING)
    scaled = standardized(ROWS)
    expected = np.array([(row - boxes(detector, row).mean(axis=1)) ** 2 for row in scaled])
    np.testing.assert_allclose(detector.score_series(ROWS), expected, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(
        detector.decision_function(ROWS), expected.sum(axis=1), rtol=1e-9, atol=1e-15
    )


def test_trees_grow_until_each_row_is_alone() -> None:
    """A leaf for each of the distinct rows, and one node less within."""
    rows = np.repeat(np.random.default_rng(2).normal(size=(50, 3)), 2, axis=0)
    arrays = RecForestDetector(trees=7, rows_a_tree=None).fit(rows).to_arrays()
    assert arrays["children"].shape == (7, 99, 2)
    is_leaf = arrays["children"][:, :, 0] == np.arange(99)
    assert (is_leaf.sum(axis=1) == 50).all()
    # Every node but the root is below exactly one other.
    for children, leaf in zip(arrays["children"], is_leaf, strict=True):
        assert sorted(children[~leaf].ravel().tolist()) == list(range(1, 99))


def test_a_row_on_a_cut_goes_the_way_that_it_went_in_the_fit() -> None:
    """Of two neighboring floats, a cut can only lie on the lower one."""
    low, high = 1.0, np.nextafter(1.0, 2.0)
    children, _, cuts = _grown(np.array([[low], [high]]), np.random.default_rng(0))
    assert children.tolist() == [[1, 2], [1, 1], [2, 2]]
    assert cuts[0] == low
    detector = RecForestDetector(trees=12, rows_a_tree=64, scale=False).fit(TRAINING)
    arrays = detector.to_arrays()
    rows = np.tile(TRAINING[:1], (12, 1))
    rows[np.arange(12), arrays["series_cut"][:, 0]] = arrays["cuts"][:, 0]  # of each tree's first
    expected = np.array([(row - boxes(detector, row).mean(axis=1)) ** 2 for row in rows])
    np.testing.assert_allclose(detector.score_series(rows), expected, rtol=1e-9, atol=1e-12)


def test_each_series_and_each_value_in_its_range_is_cut_as_often() -> None:
    """The first cuts of many trees: series by chance, values evenly between least and largest."""
    rows = np.column_stack([np.r_[0.0, 1.0, np.full(98, 0.1)], np.r_[np.full(99, 7.0), 9.0]])
    arrays = RecForestDetector(trees=2000, scale=False, rows_a_tree=None).fit(rows).to_arrays()
    first, cuts = arrays["series_cut"][:, 0], arrays["cuts"][:, 0]
    assert abs((first == 1).mean() - 0.5) < 4 * 0.5 / np.sqrt(2000)
    for series, (least, largest) in enumerate([(0.0, 1.0), (7.0, 9.0)]):
        share = (cuts[first == series] - least) / (largest - least)
        assert ((share >= 0) & (share < 1)).all()
        assert abs(share.mean() - 0.5) < 4 * np.sqrt(1 / 12 / len(share))


def test_the_series_that_is_off_has_the_largest_term() -> None:
    far = TRAINING[:1].copy()
    far[0, 2] += 3  # 30 standard deviations
    cells = RecForestDetector().fit(TRAINING).score_series(far)[0]
    assert np.argmax(cells) == 2
    # x' lies within the training range, whatever x is.
    reach = standardized(TRAINING)[:, 2].max()
    assert cells[2] >= (standardized(far)[0, 2] - reach) ** 2


def test_a_series_that_never_changed_counts_when_it_does() -> None:
    rows = np.column_stack([TRAINING, np.full(300, 4.0)])
    detector = RecForestDetector().fit(rows)
    assert (detector.score_series(rows)[:, 4] == 0).all()
    rows[:, 4] = 4.0001
    np.testing.assert_allclose(detector.score_series(rows)[:, 4], 300.0)


def test_scores_do_not_depend_on_the_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = RecForestDetector(trees=9).fit(TRAINING)
    whole = detector.score_series(ROWS)
    monkeypatch.setattr("dcvae.detectors.classical.rec_forest._CELLS", 12)
    np.testing.assert_array_equal(detector.score_series(ROWS), whole)


def test_published_parameters() -> None:
    detector = RecForestDetector.as_published("kdd", seed=5)
    assert detector.get_params()["rows_a_tree"] is None
    assert (detector.trees, detector.seed) == (100, 5)


@pytest.mark.parametrize(
    ("wrong", "said"), [({"trees": 0}, "at least 1"), ({"rows_a_tree": 1}, "at least 2")]
)
def test_parameters_are_refused_by_name(wrong: dict[str, int], said: str) -> None:
    (name,) = wrong
    with pytest.raises(InputError, match=rf"`{name}` of RecForest to be a whole number of {said}"):
        RecForestDetector(**wrong).fit(TRAINING)
