"""The registry: a detector by its name, found in whichever module it is defined."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import dcvae.detectors
from dcvae import InputError, detector_names, make_detector
from dcvae.detectors import registry
from support.script_tools import ROOT

NAMES = detector_names()
TRAINING = np.random.default_rng(0).normal(size=(50, 2))


def test_names_are_in_alphabetical_order_and_each_is_there_once() -> None:
    assert {"always", "dc-vae", "ecod", "z-score"} <= set(NAMES)
    assert list(NAMES) == sorted(set(NAMES))


def test_parameters_are_passed_on() -> None:
    assert make_detector("k-means", window=7, seed=3).get_params() == {
        **make_detector("k-means").get_params(),
        "window": 7,
        "seed": 3,
    }


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("z_score", r" Did you mean `z-score`\?"),
        ("PCA", r" Did you mean `pca`\?"),
        ("IsolationForest", r" Did you mean `isolation-forest`\?"),
        ("transformer", ""),
    ],
)
def test_an_unknown_name_is_refused_with_a_suggestion(name: str, hint: str) -> None:
    known = ", ".join(f"`{known}`" for known in NAMES)
    said = rf"^Expected the name of a detector, one of {known}\. Received: '{name}'\.{hint}$"
    with pytest.raises(InputError, match=said):
        make_detector(name)


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'windows'"):
        make_detector("pca", windows=3)


@pytest.fixture
def new_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module of the package that was not there before."""
    monkeypatch.setattr(dcvae.detectors, "__path__", [*dcvae.detectors.__path__, str(tmp_path)])
    registry._detectors.cache_clear()
    yield tmp_path / "of_tests.py"
    sys.modules.pop("dcvae.detectors.of_tests", None)
    registry._detectors.cache_clear()


def test_a_detector_in_a_new_module_is_found_without_further_ado(new_module: Path) -> None:
    new_module.write_text(
        "from dcvae.detectors.baselines import ZScoreDetector\n\n\n"
        "class Twin(ZScoreDetector):\n    name = title = 'twin'\n\n\n"
        "class Nameless(Twin):\n    pass\n"
    )
    assert detector_names() == tuple(sorted([*NAMES, "twin"]))
    detector = make_detector("twin").fit(TRAINING)
    expected = make_detector("z-score").fit(TRAINING).decision_function(TRAINING)
    np.testing.assert_array_equal(detector.decision_function(TRAINING), expected)


def test_two_detectors_of_one_name_are_refused(new_module: Path) -> None:
    new_module.write_text(
        "from dcvae.detectors.baselines import ZScoreDetector\n\n\n"
        "class Twin(ZScoreDetector):\n    name = 'pca'\n"
    )
    with pytest.raises(ValueError, match=r"different names\. Received `pca` for .*PCADetector"):
        detector_names()


def test_names_and_simple_detectors_need_no_keras() -> None:
    code = (
        "import sys, dcvae; dcvae.detector_names(); dcvae.make_detector('z-score').fit([[1], [2]]);"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
