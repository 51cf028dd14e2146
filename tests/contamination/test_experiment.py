"""What every experiment shares: names, shares, seeds, and the references that learn nothing."""

import numpy as np
import pytest

from dcvae import InputError
from dcvae.contamination.experiment import (
    REFERENCES,
    check_detectors,
    check_rho,
    injected,
    random_scores,
    seed_of_run,
    squared_norms,
)

KNOWN = (*REFERENCES, "lof", "pca")


def test_references_come_first_and_once():
    assert check_detectors(["pca", "ecod", "lof"], KNOWN) == (*REFERENCES, "pca", "lof")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ([], "some of `random`, .* Received none"),
        (["lov"], "Received: 'lov'. Did you mean `lof`?"),
        (["LOF"], "Received: 'LOF'. Did you mean `lof`?"),
        (["lof", "pca", "lof"], "studied once. Given twice: `lof`"),
        (["nothing like it"], "Received: 'nothing like it'.$"),
    ],
)
def test_names_are_refused(asked, message):
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        check_detectors(asked, KNOWN)


def test_shares_are_sorted_and_have_zero():
    assert check_rho([0.05, 0.5, 0.02]) == (0.0, 0.02, 0.05, 0.5)


@pytest.mark.parametrize(
    ("rho", "message"),
    [
        ([-0.01], "from 0 to 0.5 .* Received: -0.01.$"),
        ([float("nan")], "Received: nan"),
        ([0.02, 5], "Received: 5. For percent, divide by 100: 0.05 is 5 %"),
        ([0.02, 0.02], "Given twice: 0.02"),
    ],
)
def test_shares_are_refused(rho, message):
    with pytest.raises(InputError, match=message):
        check_rho(rho)


@pytest.mark.parametrize("rho", [0.0, 0.02, 0.12, 0.5])
def test_the_share_is_of_all_training_units(rho):
    dirt = injected(10_000, rho)
    assert dirt / (10_000 + dirt) == pytest.approx(rho, abs=1e-4)


def test_runs_have_seeds_of_their_own():
    assert [seed_of_run(7, run) for run in (1, 2)] == [7, 8]
    first, second = random_scores(50, 7, 1), random_scores(50, 7, 2)
    assert (first == random_scores(50, 7, 1)).all()
    assert (first != second).all()


def test_squared_norm_by_hand():
    training = np.array([[0.0, 5.0], [4.0, 5.0]])  # mean 2 and 5; sd 2, and a constant
    rows = np.array([[2.0, 5.0], [6.0, 8.0]])
    assert squared_norms(training, rows).tolist() == [0.0, 4.0 + 9.0]
