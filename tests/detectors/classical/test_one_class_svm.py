"""One-class SVM, against scikit-learn's decision function."""

import numpy as np
import pytest
from sklearn.svm import OneClassSVM

from dcvae import InputError
from dcvae.detectors.classical.one_class_svm import OCSVMDetector


@pytest.mark.parametrize(
    "parameters", [{}, {"nu": 0.1}, {"gamma": 0.7}, {"nu": 0.99, "gamma": 0.01}]
)
def test_scores_are_those_of_scikit_learn(parameters: dict[str, float]) -> None:
    random = np.random.default_rng(0)
    training, rows = (random.normal(size=(n, 4)) * [1, 10, 100, 0.1] + 1e3 for n in (200, 50))
    rows[7] += 5
    detector = OCSVMDetector(**parameters).fit(training)
    mean, spread = training.mean(axis=0), training.std(axis=0)
    twin = OneClassSVM(nu=parameters.get("nu", 0.5), gamma=parameters.get("gamma", "scale"))
    twin.fit((training - mean) / spread)
    expected = -twin.decision_function((rows - mean) / spread)
    np.testing.assert_allclose(detector.decision_function(rows), expected, rtol=1e-9, atol=1e-9)


def test_far_rows_have_the_offset() -> None:
    detector = OCSVMDetector().fit(np.random.default_rng(0).normal(size=(90, 2)))
    near, far, farther = detector.decision_function([[0.0, 0.0], [1e3, 0.0], [1e300, -1e300]])
    assert far == farther == detector.to_arrays()["offset"][0]
    assert near < far


def test_scores_do_not_depend_on_the_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    rows = random.normal(size=(77, 3))
    detector = OCSVMDetector().fit(random.normal(size=(60, 3)))
    whole = detector.decision_function(rows)
    monkeypatch.setattr("dcvae.detectors.classical.one_class_svm._CELLS", 400)
    np.testing.assert_allclose(detector.decision_function(rows), whole, rtol=1e-9, atol=1e-12)


def test_more_rows_are_drawn_from_with_a_warning() -> None:
    training = np.random.default_rng(3).normal(size=(300, 2))
    said = r"^OC-SVM is fitted to 100 of the 300 training rows, drawn by its seed, as its cost"
    with pytest.warns(UserWarning, match=said):
        detector = OCSVMDetector(most_rows=100).fit(training)
    assert len(detector.to_arrays()["vectors"]) <= 60  # half of the rows drawn, and a few
    assert detector.decision_scores_.shape == (300,)
    again = OCSVMDetector(most_rows=None).fit(training)
    assert len(again.to_arrays()["vectors"]) >= 150


def test_rows_all_alike_have_one_score_and_others_a_larger_one() -> None:
    detector = OCSVMDetector().fit(np.full((20, 3), 5.0))
    same, other = detector.decision_function([[5.0, 5.0, 5.0], [5.0, 5.0, 5.1]])
    assert other > same


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"nu": 0.0}, r"`nu` of OC-SVM to be a number above 0 and at most 0\.999\. Rec.*: 0\.0"),
        ({"nu": 1.0}, r"`nu` of OC-SVM to be a number above 0 and at most 0\.999\. Received: 1"),
        ({"gamma": "scale"}, r"`gamma` of OC-SVM to be a number above 0\. Received: 'scale'"),
        ({"most_rows": 0}, r"`most_rows` of OC-SVM to be a whole number of at least 2"),
    ],
)
def test_parameters_are_refused_by_name(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        OCSVMDetector(**wrong).fit(np.eye(9))  # type: ignore[arg-type]
