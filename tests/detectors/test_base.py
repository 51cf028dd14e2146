"""The contract of detectors: what a subclass gets without writing it."""

import warnings

import numpy as np
import pytest

from dcvae import InputError
from dcvae._arrays import AnyFloatArray, Float64Array
from dcvae.detectors import AnomalyDetector

ROWS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 0.0]])


class InverseDetector(AnomalyDetector):
    """Scores by the inverse of a value, which 0 has none of."""

    def _fit(self, values: AnyFloatArray) -> None:
        self._inverse = 1.0 / values

    def _score(self, values: AnyFloatArray) -> Float64Array:
        return np.asarray(1.0 / values[:, 1], dtype=np.float64)


def test_what_has_no_title_is_named_by_its_class() -> None:
    assert InverseDetector.title == "InverseDetector"
    with pytest.raises(
        InputError, match=r"^InverseDetector takes no missing cells\. Received NaN in"
    ):
        InverseDetector().fit([[1.0, np.nan], [1.0, 2.0]])

    class NearDetector(InverseDetector):
        title = "near"

    class NearerDetector(NearDetector):
        pass

    class NamedDetector(NearDetector):
        name = "named"

    assert (NearDetector.title, NearerDetector.title) == ("near", "NearerDetector")
    assert NamedDetector.title == "NamedDetector"


def test_a_fit_that_fails_changes_nothing() -> None:
    class BrittleDetector(InverseDetector):
        def _fit(self, values: AnyFloatArray) -> None:
            super()._fit(values)
            if len(values) > len(ROWS):
                raise InputError("too many rows")

    detector = BrittleDetector().fit(ROWS)
    before = vars(detector).copy()
    with pytest.raises(InputError, match="too many rows"):
        detector.fit(np.ones((9, 5)))
    assert vars(detector) == before
    assert detector.decision_function(ROWS).shape == (3,)


def test_what_has_no_scores_cannot_be_made() -> None:
    class NoScores(AnomalyDetector):
        def _fit(self, values: AnyFloatArray) -> None: ...

    with pytest.raises(TypeError, match=r"^Can't instantiate abstract class NoScores .*_score"):
        NoScores()  # type: ignore[abstract]


def test_a_score_beyond_all_numbers_is_the_largest_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        detector = InverseDetector().fit(ROWS)
    assert detector.decision_scores_.tolist() == [0.5, 0.25, np.finfo(np.float64).max]
    assert np.isfinite(detector.residuals(ROWS)).all()


def test_series_are_told_apart_only_where_a_detector_says_so() -> None:
    with pytest.raises(InputError, match=r"^InverseDetector gives a row one score and does not "):
        InverseDetector().fit(ROWS).score_series(ROWS)
