"""Parameters of detectors: taken as they are, or refused by name."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytest

from dcvae import InputError
from dcvae._arrays import AnyFloatArray, Float64Array
from dcvae.detectors import AnomalyDetector
from dcvae.detectors.parameters import number, one_of, whole_number


class ToyDetector(AnomalyDetector):
    title = "toy"
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {"thyroid": {"size": 3, "share": 0.5}}

    def __init__(self, size: Any = 2, share: Any = 0.1, contamination: Any = 0.05) -> None:
        self.size = size
        self.share = share
        self.contamination = contamination

    def _fit(self, values: AnyFloatArray) -> None: ...

    def _score(self, values: AnyFloatArray) -> Float64Array:
        return np.asarray(values[:, 0], dtype=np.float64)


@pytest.mark.parametrize("value", [1, 7, np.int64(5)])
def test_whole_numbers_are_taken(value: Any) -> None:
    taken = whole_number(ToyDetector(size=value), "size", 1, 7)
    assert taken == value
    assert type(taken) is int


@pytest.mark.parametrize("value", [0, 8, 2.0, True, "2", None])
def test_other_numbers_are_refused(value: Any) -> None:
    said = rf"^Expected `size` of toy to be a whole number of at least 1 and at most 7\. .*{value}"
    with pytest.raises(InputError, match=said):
        whole_number(ToyDetector(size=value), "size", 1, 7)


@pytest.mark.parametrize("value", [0.0, 0.25, 1, np.float32(0.5)])
def test_numbers_are_taken(value: Any) -> None:
    assert number(ToyDetector(share=value), "share", 0.0, 1.0) == value


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan, np.inf, True, "0.1", None])
def test_numbers_beyond_their_bounds_are_refused(value: Any) -> None:
    said = r"^Expected `share` of toy to be a number of at least 0 and at most 1\. Received"
    with pytest.raises(InputError, match=said):
        number(ToyDetector(share=value), "share", 0.0, 1.0)


def test_a_bound_may_be_open() -> None:
    assert number(ToyDetector(share=1e-9), "share", 0.0, above=True) == 1e-9
    with pytest.raises(InputError, match=r"to be a number above 0\. Received: 0"):
        number(ToyDetector(share=0), "share", 0.0, above=True)


def test_words_are_taken_or_refused() -> None:
    assert one_of(ToyDetector(size="paper"), "size", ["paper", "code"]) == "paper"
    for value in ("Paper", None, 3):
        with pytest.raises(InputError, match=r"to be one of `paper`, `code`\. Received"):
            one_of(ToyDetector(size=value), "size", ["paper", "code"])


def test_parameters_of_a_publication() -> None:
    made = ToyDetector.as_published("Thyroid", share=0.25)
    assert made.get_params() == {"size": 3, "share": 0.25, "contamination": 0.05}
    for wrong in ("kdd", 3):
        with pytest.raises(InputError, match=r"of toy were published, one of `thyroid`\. Received"):
            ToyDetector.as_published(wrong)  # type: ignore[arg-type]


def test_a_detector_without_a_publication_says_so() -> None:
    class Plain(ToyDetector):
        published: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    with pytest.raises(InputError, match=r"of Plain were published, none, as it has none\."):
        Plain.as_published("thyroid")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.5])
def test_the_threshold_leaves_the_share_above_it(share: float) -> None:
    rows = np.random.default_rng(0).permutation(np.arange(41.0))[:, None]
    detector = ToyDetector(contamination=share).fit(rows)
    assert detector.threshold_ == 40 - 40 * share
    assert detector.predict(rows).tolist() == (rows[:, 0] > 40 - 40 * share).astype(int).tolist()


@pytest.mark.parametrize("share", [-0.1, 0.6, np.nan, "few"])
def test_a_share_that_is_none_is_refused_before_the_fit(share: Any) -> None:
    said = r"^Expected `contamination` of toy to be a number of at least 0 and at most 0\.5\."
    with pytest.raises(InputError, match=said):
        ToyDetector(contamination=share).fit(np.zeros((3, 1)))


def test_scores_that_have_no_difference_have_a_threshold() -> None:
    far = np.finfo(np.float64).max
    detector = ToyDetector(contamination=0.5).fit([[-far], [far], [far], [-far]])
    assert np.isfinite(detector.threshold_)
