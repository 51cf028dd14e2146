"""All detectors of this package: rows they must bear, and two groups they must tell apart."""

import numpy as np
import pytest

from dcvae import make_detector

NAMES = ("deep-svdd", "drocc", "neutralad")
RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fidelity", ["paper", "code"])
@pytest.mark.parametrize(
    ("what", "rows"),
    [
        ("zeros among rows", np.vstack([np.zeros((5, 3)), RANDOM.normal(size=(20, 3))])),
        ("nothing but zeros", np.zeros((10, 3))),
        ("fewer rows than a batch", RANDOM.normal(size=(3, 2))),
        ("one series", RANDOM.normal(size=(40, 1))),
        ("duplicates", np.repeat(RANDOM.normal(size=(2, 3)), 20, axis=0)),
    ],
)
def test_any_rows_have_finite_scores(name: str, fidelity: str, what: str, rows: np.ndarray) -> None:
    less = {"ascent_steps": 2} if name == "drocc" else {}
    detector = make_detector(name, epochs=2, fidelity=fidelity, **less).fit(rows)
    for scored in (rows, rows * 0.0, rows + 100.0):
        assert np.isfinite(detector.decision_function(scored)).all(), what


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("constant", [False, True])
def test_another_group_is_stranger(name: str, constant: bool) -> None:
    normal = RANDOM.normal(size=(600, 4)) @ np.diag([1.0, 2.0, 3.0, 4.0]) + 10.0
    if constant:
        normal[:, 0] = 7.0
    strange = normal[:100] + np.array([0.0, 10.0, 15.0, -20.0])
    if name == "drocc":
        less = {"epochs": 25, "plain_epochs": 0, "learning_rate": 0.01, "ascent_steps": 2}
    else:
        less = {"epochs": 40}
    detector = make_detector(name, **less).fit(normal[:300])
    near, far = (detector.decision_function(rows) for rows in (normal[300:], strange))
    assert np.median(far) > np.quantile(near, 0.95), name
