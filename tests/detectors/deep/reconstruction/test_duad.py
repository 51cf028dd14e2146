"""Choice of the rows that DUAD is trained on, and what it is chosen by."""

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from dcvae import InputError
from dcvae.detectors.deep import numpy_ops
from dcvae.detectors.deep.reconstruction import duad
from dcvae.detectors.deep.reconstruction.duad import DUADDetector, DUADFormula

RANDOM = np.random.default_rng(0)
# 60 rows in a tight cluster, then 40 in a loose one.
TIGHT, LOOSE = RANDOM.normal(0, 0.1, (60, 2)), RANDOM.normal(20, 2.0, (40, 2))
ROWS = np.vstack([TIGHT, LOOSE])


def clusters_of(values: np.ndarray) -> duad._Clusters:
    return duad._Clusters(len(values), np.random.default_rng(0))


def test_rows_of_loose_clusters_are_left_out() -> None:
    two = clusters_of(ROWS[:59])  # 20 rows a cluster, so that there are two
    assert two._count == 2
    values = np.vstack([TIGHT[:30], LOOSE[:29]])
    np.testing.assert_array_equal(two.tight(values, 0.5), np.arange(59) < 30)
    assert two.tight(values, 0.0).all()


def test_variances_are_mean_squared_distances_and_empty_clusters_do_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = RANDOM.normal(size=(12, 3)) * np.repeat([1.0, 3.0, 2.0, 4.0], 3)[:, None]
    numbers = np.repeat([4, 0, 2, 1], 3)  # the cluster 3 is empty
    clusters = clusters_of(np.zeros((100, 3)))
    monkeypatch.setattr(clusters, "_cluster_of", lambda values: numbers)
    variance = {}
    for number in (0, 1, 2, 4):
        own = values[numbers == number]
        variance[number] = np.mean(np.sum((own - own.mean(axis=0)) ** 2, axis=1))
    ranked = sorted(variance, key=variance.get)
    assert clusters._count == 5
    for dropped, kept in ((0.0, 4), (0.25, 3), (0.35, 2), (0.67, 1), (1.0, 1)):
        found = clusters.tight(values, dropped)
        np.testing.assert_array_equal(found, np.isin(numbers, ranked[:kept]))


def test_components_are_few_where_rows_are() -> None:
    counts = [clusters_of(np.zeros((rows, 1)))._count for rows in (2, 39, 40, 399, 400, 90_000)]
    assert counts == [1, 1, 2, 19, 20, 20]


def test_mixtures_of_many_rows_are_fitted_to_some_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duad, "_MOST_ROWS", 50)
    monkeypatch.setattr(duad, "_CHUNK", 7)
    clusters = clusters_of(ROWS)
    monkeypatch.setattr(clusters, "_count", 2)
    assert len(clusters._fitted) == 50
    np.testing.assert_array_equal(clusters.tight(ROWS, 0.5), np.arange(100) < 60)


@pytest.mark.parametrize("size", [0.0, 1.0, 1e9])
def test_rows_that_are_all_alike_are_kept(size: float) -> None:
    alike = np.full((90, 2), size)
    assert clusters_of(alike).tight(alike, 0.35).all()


def test_rows_are_clustered_by_codes_and_cosines() -> None:
    formula = DUADFormula((2, 3, 1), "tanh", is_penalized=True)
    weights = formula.initial(np.random.default_rng(0))
    rows = np.vstack([ROWS[:9], np.zeros(2)])
    codes = formula.code(numpy_ops, weights, rows)
    again = formula.decoded(numpy_ops, weights, codes)
    cosines = [
        x @ y / (np.linalg.norm(x) * np.linalg.norm(y))
        for x, y in zip(rows[:9], again, strict=False)
    ]
    found = formula.clustered(numpy_ops, weights, rows)
    np.testing.assert_allclose(found, np.column_stack([codes[:, 0], [*cosines, 0.0]]), rtol=1e-9)
    lengths = np.maximum(np.hypot(*found.T), 1e-8)
    squares = ((rows - again) ** 2).sum(axis=1)
    loss = float(formula.loss(numpy_ops, weights, rows, {}))
    assert loss == pytest.approx(squares.mean() + 0.5 * lengths.mean(), rel=1e-9)
    plain = DUADFormula((2, 3, 1), "tanh")
    assert float(plain.loss(numpy_ops, weights, rows, {})) == pytest.approx(squares.mean())


def test_gradients_of_rows_of_zeros_are_finite() -> None:
    formula = DUADFormula((2, 3, 1), "relu", is_penalized=True)
    weights = {
        name: tf.constant(x) for name, x in formula.initial(np.random.default_rng(0)).items()
    }
    with tf.GradientTape() as tape:
        tape.watch(weights)
        loss = formula.loss(ops, weights, tf.zeros((4, 2)), {})
    gradients = tape.gradient(loss, weights, unconnected_gradients="zero")
    assert all(np.isfinite(value).all() for value in gradients.values())


def test_choices_are_kept_and_begin_with_the_rows_themselves() -> None:
    detector = DUADDetector(epochs=12, reselect_every=5, first_dropped=0.5).fit(ROWS)
    assert detector.selections_.shape[1] == 100
    assert 2 <= len(detector.selections_) <= 3
    assert len(detector.loss_history_) in (5, 10, 12)
    # The fit begins with tight clusters, of which the loose rows have few.
    first = detector.selections_[0]
    assert first[:60].mean() > first[60:].mean()
    assert DUADDetector(epochs=2, fidelity="code").fit(ROWS).selections_.tolist() == [[True] * 100]


def given_choices(monkeypatch: pytest.MonkeyPatch, *choices: np.ndarray) -> None:
    """Have the rows chosen as given, the last choice again and again."""
    left = list(choices)
    monkeypatch.setattr(
        duad._Clusters, "tight", lambda *_: left.pop(0) if len(left) > 1 else left[0]
    )


def test_training_ends_when_the_choice_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = np.arange(100) < 60, np.arange(100) < 70
    given_choices(monkeypatch, first, second)
    detector = DUADDetector(epochs=50, reselect_every=3).fit(ROWS)
    np.testing.assert_array_equal(detector.selections_, [first, second, second])
    assert len(detector.loss_history_) == 6


def test_rows_that_are_left_out_teach_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of which the scaling knows nothing may be any."""
    kept = np.ones(100, dtype=bool)
    kept[60:90] = False
    given_choices(monkeypatch, kept)
    other = ROWS.copy()
    other[60:90] = ROWS[0]
    other[99] = ROWS[60:].max(axis=0) + 1.0
    both = ROWS.copy()
    both[99] = other[99]
    weights = [DUADDetector(epochs=4, reselect_every=4).fit(x)._weights for x in (both, other)]
    for name, value in weights[0].items():
        np.testing.assert_array_equal(value, weights[1][name])
    changed = DUADDetector(epochs=4, reselect_every=4).fit(ROWS * np.array([1.0, -1.0]))._weights
    assert any((value != changed[name]).any() for name, value in weights[0].items())


def test_moments_go_on_from_choice_to_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two trainings of all rows, one after the other, are one, but for the orders of the rows."""
    seen = []
    from dcvae import training

    minimize = training.minimize

    def recorded(*arguments, **options):
        made = minimize(*arguments, **options)
        seen.append((options["before"], made))
        return made

    monkeypatch.setattr(training, "minimize", recorded)
    few, all_of_them = np.arange(100) < 60, np.ones(100, dtype=bool)
    given_choices(monkeypatch, few, all_of_them)
    DUADDetector(epochs=5, reselect_every=3, batch_size=50).fit(ROWS)
    (nothing, first), (before, second) = seen
    assert nothing is None
    assert before is first
    assert (first.steps, second.steps) == (3 * 2, 3 * 2 + 2 * 2)


def test_center_of_codes_is_learned_where_asked_for() -> None:
    assert "center" in DUADDetector(epochs=1, center_weight=0.1).fit(ROWS)._weights
    assert "center" not in DUADDetector(epochs=1).fit(ROWS)._weights


@pytest.mark.parametrize(
    "rows",
    [np.zeros((45, 2)), np.repeat(np.eye(3), 15, axis=0), np.arange(2.0)[:, None]],
    ids=["zeros", "duplicates", "two rows of one series"],
)
def test_rows_that_say_little_have_finite_scores(rows: np.ndarray) -> None:
    detector = DUADDetector(epochs=3, reselect_every=1).fit(rows)
    assert np.isfinite(detector.decision_scores_).all()
    assert np.isfinite(detector.decision_function(rows - 5.0)).all()


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        ("reselect_every", 0, "a whole number of at least 1"),
        ("first_dropped", 1.1, "a number of at least 0 and at most 1"),
        ("dropped", -0.1, "a number of at least 0 and at most 1"),
        ("center_weight", -1.0, "a number of at least 0"),
        ("fidelity", "seed", "one of `paper`, `code`"),
    ],
)
def test_parameters_that_cannot_be_are_refused(
    parameter: str, value: object, expected: str
) -> None:
    with pytest.raises(InputError, match=f"Expected `{parameter}` of DUAD to be {expected}"):
        DUADDetector(**{parameter: value}).fit(ROWS)
