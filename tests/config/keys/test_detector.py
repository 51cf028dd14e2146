"""Keys of the detector: what an ensemble may be made of."""

import pytest

from support.settings_files import problems

ALL = '"dc-vae", "persistence", "pca", "k-means", "z-score", "isolation-forest", "ecod"'


@pytest.mark.parametrize(
    ("members", "received"),
    [
        (["pca"], 'received ["pca"]'),
        ("pca", 'received "pca"'),
        (["pca", "ecod", "ensemble"], 'received "ensemble" as entry 3'),
        (["pca", "ecod", 3], "received 3 as entry 3"),
    ],
)
def test_members_that_are_no_detectors_are_refused(members: object, received: str) -> None:
    [line] = problems(detector="ensemble", ensemble_members=members)
    assert line.startswith(f"`ensemble_members`: expected a list of 2 or more of {ALL} (each is")
    assert line.endswith(received)


def test_a_detector_is_a_member_once() -> None:
    [line] = problems(detector="ensemble", ensemble_members=["pca", "ecod", "pca"])
    assert line == "`ensemble_members`: expected each detector once, received 'pca' again"
