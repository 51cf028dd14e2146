"""Splits of rows: paired, nested, without test rows in training; and what is out of reach."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from dcvae import InputError, make_detector
from dcvae.contamination.experiment import REFERENCES, injected
from dcvae.contamination.rows import (
    RowsExperiment,
    SplitKeys,
    check_published,
    known_detectors,
    studied_detectors,
)
from dcvae.data import rows_from_arrays
from dcvae.detectors.classical.isolation_forest import IsolationForestDetector

SHARES = (0.0, 0.05, 0.1, 0.3)


def rows_with(normal: int = 200, anomalies: int = 60, seed: int = 1):
    """Anomalies are at the start of the file, where an order that is kept would give them away."""
    random = np.random.default_rng(seed)
    values = np.concatenate([random.normal(3, 1, (anomalies, 4)), random.normal(size=(normal, 4))])
    return rows_from_arrays(values, np.repeat([1, 0], [anomalies, normal]))


def experiment_with(rows=None, **keys):
    asked = {"rho": SHARES} | keys
    return RowsExperiment(rows_with() if rows is None else rows, SplitKeys(**asked))


@pytest.fixture(scope="module")
def made():
    return experiment_with()


@pytest.mark.parametrize("run", [1, 2, 3])
def test_splits_of_a_run(made, run):
    rows = rows_with()
    outcomes = [made.outcome("squared-norm", run, rho) for rho in SHARES]
    for rho, one in zip(SHARES, outcomes, strict=True):
        assert not np.intersect1d(one.training, one.test).size
        assert len(np.unique(one.training)) == len(one.training)
        assert (rows.labels[one.training] == one.contaminated).all()
        assert (rows.labels[one.test] == one.labels).all()
        assert one.contaminated.sum() == injected(len(one.training) - one.contaminated.sum(), rho)
        # The same test, and the same normal training rows, at every share.
        assert (one.test == outcomes[0].test).all()
        normal = one.training[~one.contaminated]
        assert (normal == outcomes[0].training).all()
    for smaller, larger in pairwise(outcomes):
        assert set(smaller.training) < set(larger.training)
    pool = set(outcomes[-1].training[outcomes[-1].contaminated])
    assert not pool & set(outcomes[0].test)
    assert len(outcomes[0].test) == 100 + 30


def test_half_of_the_normal_rows_train_where_all_is_in_reach():
    one = experiment_with(rho=(0.0, 0.1))
    assert len(one.training(1, 0.0).units) == 100
    assert one.notices() == []
    assert one.largest_rho() == pytest.approx(30 / 130)


def test_runs_differ_and_repeat(made):
    first, second = (made.training(run, 0.3).units for run in (1, 2))
    assert set(first) != set(second)
    assert (made.training(1, 0.3).units == first).all()  # after another run was asked for
    assert (experiment_with().training(2, 0.3).units == second).all()
    assert set(experiment_with(seed=9).training(1, 0.3).units) != set(first)


def test_no_order_tells_of_labels(made):
    """A constant score would rank anomalies first if they stood first."""
    for order in (made.training(1, 0.3).contaminated, made.outcome("random", 1, 0.3).labels):
        places = np.flatnonzero(order) / len(order)
        assert 0.3 < places.mean() < 0.7


def test_splits_as_stored_are_those_that_are_used(made):
    splits = made.splits(3, SHARES)
    assert splits["rho"].tolist() == [*SHARES]
    for run in (1, 2, 3):
        one = made.outcome("random", run, 0.3)
        dirt = splits["pool"][run - 1][: splits["contaminated"][-1]]
        assert set(one.training) == {*splits["normal_training"][run - 1], *dirt}
        assert (one.test == splits["test"][run - 1]).all()


def test_references_by_other_means(made):
    rows = rows_with()
    one = made.outcome("squared-norm", 2, 0.1)
    scaled = StandardScaler().fit(rows.values[one.training])
    expected = (scaled.transform(rows.values[one.test]) ** 2).sum(axis=1)
    assert one.scores == pytest.approx(expected)
    clean, dirty = (made.outcome("random", 2, rho).scores for rho in (0.0, 0.3))
    assert (clean == dirty).all()


def test_a_detector_is_fresh_and_has_the_seed_of_its_run(made):
    rows = rows_with()
    one = made.outcome("isolation-forest", 3, 0.1)
    fresh = make_detector("isolation-forest", seed=123 + 2).fit(rows.values[one.training])
    assert (fresh.decision_function(rows.values[one.test]) == one.scores).all()
    assert (fresh.decision_scores_ == one.training_scores).all()


def test_detectors_of_ones_own_are_cloned():
    own = make_detector("isolation-forest", seed=1)
    one = RowsExperiment(rows_with(), SplitKeys(SHARES), made={"mine": own})
    theirs = one.outcome("isolation-forest", 1, 0.0)
    assert (one.outcome("mine", 1, 0.0).scores == theirs.scores).all()
    assert not hasattr(own, "n_features_in_")
    assert "seed=1" in one.describe()["parameters"]["mine"]


# ------------------------------------------------------------ what is in reach


def test_fewer_normal_rows_train_the_same_number_at_every_share():
    one = experiment_with(rho=(0.0, 0.4))
    counts = [len(one.training(1, rho).units) for rho in (0.0, 0.4)]
    assert counts == [45, 75]  # 30 anomalies are 40 % of 75
    assert one.notices() == [
        "45 of 100 normal training rows are used, the same number at every share: with all of them "
        "a share of 0.2308 would be the largest in reach, as 30 anomalies may contaminate."
    ]


@pytest.mark.parametrize("anomalies", [3, 8, 25, 47, 93])
@pytest.mark.parametrize("rho", [0.02, 0.12, 0.33, 0.5])
def test_as_many_normal_rows_as_the_pool_is_enough_for(anomalies, rho):
    rows = rows_with(3000, anomalies)
    pool = round(anomalies / 2)
    enough = [n for n in range(20, 1501) if injected(n, rho) <= pool]
    if not enough:
        with pytest.raises(InputError, match="out of reach"):
            experiment_with(rows, rho=(rho,))
        return
    one = experiment_with(rows, rho=(rho,))
    assert len(one.training(1, 0.0).units) == max(enough)


def test_full_training_refuses_with_what_is_in_reach():
    message = (
        "A share of contamination of 0.3 is out of reach: 30 anomalies of the arrays may "
        "contaminate, beside at least 100 normal training rows. In reach: up to 0.2307. Ask for "
        "less, or leave --full-training out."
    )
    with pytest.raises(InputError) as refused:
        experiment_with(full_training=True)
    assert str(refused.value) == message
    experiment_with(rho=(0.2307,), full_training=True)


def test_too_few_anomalies_for_any_training():
    with pytest.raises(InputError, match=r"beside at least 20 normal .* up to 0.1666. Ask for les"):
        experiment_with(rows_with(anomalies=8), rho=(0.3,))


@pytest.mark.parametrize(
    ("normal", "anomalies", "keys", "message"),
    [
        (39, 9, {}, "39 normal rows, of which half train: expected at least 40"),
        (60, 1, {}, "1 anomalies, of which 0 may contaminate and 1 are in the test"),
        (60, 9, {"pool": 0.01}, "9 anomalies, of which 0 may contaminate and 9 are in the test"),
        (60, 9, {"pool": 0.99}, "9 anomalies, of which 9 may contaminate and 0 are in the test"),
        (60, 9, {"pool": 1.5}, "between 0 and 1. Received: 1.5"),
        (60, 9, {"pool": float("nan")}, "between 0 and 1. Received: nan"),
    ],
)
def test_too_few_rows(normal, anomalies, keys, message):
    with pytest.raises(InputError, match=message):
        experiment_with(rows_with(normal, anomalies), **keys)


def test_some_rows_of_a_large_file():
    rows = rows_with(2000, 200)
    one = experiment_with(rows, rho=(0.05,), most_rows=660)
    about = one.describe()
    assert (about["rows"], about["anomalies"]) == (660, 60)
    assert "660 of 2,200 rows are used" in one.notices()[0]
    units = np.concatenate([one.training(1, 0.05).units, one.outcome("random", 1, 0.05).test])
    assert set(units) == set(one._numbers) - set(one.splits(1, (0.05,))["pool"][0][16:])
    assert one.places(np.array([0, 2199])) == {"row": [1, 2200], "labeled": [True, False]}


def test_what_results_rest_on_changes_with_the_data():
    same, other = experiment_with().describe(), experiment_with(rows_with(seed=2)).describe()
    assert same == experiment_with().describe()
    assert same["rows_sha256"] != other["rows_sha256"]


# ------------------------------------------------------------ names


def test_only_detectors_of_single_rows_are_known():
    names = known_detectors()
    assert {*REFERENCES, "pca", "z-score"} <= {*names}
    assert not {"dc-vae", "persistence", "always", "never"} & {*names}
    assert {*studied_detectors()} <= {*names}


@pytest.fixture
def published(monkeypatch):
    """A registry of which one detector has published hyperparameters, of one data set."""
    for name, value in (
        ("published", {"thyroid": {"seed": 7}}),
        ("as_published", classmethod(lambda cls, data_set, **changes: cls(seed=7))),
    ):
        monkeypatch.setattr(IsolationForestDetector, name, value, raising=False)


def test_published_hyperparameters(published):
    assert check_published(None, ["pca"]) == []
    assert check_published("thyroid", ["random", "isolation-forest"]) == []
    assert check_published("thyroid", ["isolation-forest", "ecod", "z-score"]) == [
        "Nothing was published for `thyroid` of `ecod`, `z-score`: defaults are used there."
    ]
    one = RowsExperiment(rows_with(), SplitKeys(SHARES), published="thyroid")
    found = one.outcome("isolation-forest", 1, 0.0)
    fresh = make_detector("isolation-forest", seed=7)
    fresh.fit(rows_with().values[found.training])
    assert (fresh.decision_scores_ == found.training_scores).all()
    with pytest.raises(InputError, match=r"published for 'thyroit'\. Expected one of `thyroid`"):
        check_published("thyroit", ["isolation-forest"])
