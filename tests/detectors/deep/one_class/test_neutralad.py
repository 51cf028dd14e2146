"""NeuTraL AD beside loops over views, and its statistics beside those of all rows at once."""

import math

import numpy as np
import pytest
from keras import ops

from dcvae import InputError
from dcvae.detectors.deep import numpy_ops
from dcvae.detectors.deep.one_class.neutralad import (
    NeuTraLADDetector,
    NeuTraLADFormula,
    statistics,
)

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(6, 4))
TRAINING = RANDOM.normal(size=(200, 3)) * [1.0, 5.0, 0.1]
FORMULAS = {
    "residual": NeuTraLADFormula((4, 5, 3), 3, 7),
    "multiplies": NeuTraLADFormula((5, 5, 5, 2), 4, 6, multiplies=True, constant=1.5),
    "code": NeuTraLADFormula((4, 5, 3), 3, 7, temperature=0.07, is_code=True),
    "normalizes": NeuTraLADFormula((5, 16, 12, 3), 3, 7, constant=1.0, normalizes=True),
}


def drawn(formula: NeuTraLADFormula) -> dict[str, np.ndarray]:
    """Weights; biases begin at 0, where they would show nothing."""
    weights = formula.initial(np.random.default_rng(1))
    return {name: value + np.float32(0.05) for name, value in weights.items()}


def views_by_hand(formula: NeuTraLADFormula, weights: dict, row: np.ndarray) -> list[np.ndarray]:
    x = np.append(row - 0.5, formula.constant) if formula.constant else row
    views = [x]
    for number in range(formula.transformations):
        inner = np.maximum(x @ weights["transformation/0/kernel"][number], 0.0)
        moved = inner @ weights["transformation/1/kernel"][number]
        share = 1 / (1 + np.exp(-moved))
        if formula.is_code:
            views.append(x + share)
        else:
            views.append(x * share if formula.multiplies else x + moved)
    return views


def codes_by_hand(formula: NeuTraLADFormula, weights: dict, views: np.ndarray) -> np.ndarray:
    """Codes of views (all views of all rows, columns), normalized by all of them."""
    x, last = np.array(views), len(formula.widths) - 2
    for layer in range(last + 1):
        x = x @ weights[f"encoder/{layer}/kernel"]
        if formula.is_code:
            x = x + weights[f"encoder/{layer}/bias"]
        if layer < last:
            if formula.normalizes:
                x = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
            x = np.maximum(x, 0.0)
    return x


def scores_by_hand(formula: NeuTraLADFormula, weights: dict, rows: np.ndarray) -> list[float]:
    count = formula.transformations + 1
    views = [view for row in rows for view in views_by_hand(formula, weights, row)]
    codes = codes_by_hand(formula, weights, np.array(views)).reshape(len(rows), count, -1)

    def h(a: np.ndarray, b: np.ndarray) -> float:
        cosine = a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
        return math.exp(cosine / formula.temperature)

    scores = []
    for of_row in codes:
        score = 0.0
        for k in range(1, count):
            others = sum(h(of_row[k], of_row[m]) for m in range(1, count) if m != k)
            own = h(of_row[k], of_row[0])
            score -= math.log(own / (own + others))
        scores.append(score)
    return scores


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_scores_and_loss_beside_loops_over_views(formula: NeuTraLADFormula) -> None:
    weights = drawn(formula)
    expected = scores_by_hand(formula, weights, ROWS)
    # A training normalizes by its batch: the score of six rows beside no others is of that kind.
    np.testing.assert_allclose(formula.score(numpy_ops, weights, ROWS, {}), expected, rtol=1e-6)
    chance = formula.transformations * math.log(1 / formula.transformations)
    loss = formula.loss(numpy_ops, weights, ROWS, {})
    np.testing.assert_allclose(loss, np.mean(expected) / abs(chance), rtol=1e-6)
    tensors = {name: ops.convert_to_tensor(value) for name, value in weights.items()}
    in_keras = formula.loss(ops, tensors, ops.convert_to_tensor(ROWS.astype(np.float32)), {})
    np.testing.assert_allclose(float(in_keras), loss, rtol=1e-3)


def test_no_view_has_the_weights_of_another_and_none_has_biases() -> None:
    weights = FORMULAS["residual"].initial(np.random.default_rng(1))
    assert sorted(weights) == [
        "encoder/0/kernel",
        "encoder/1/kernel",
        "transformation/0/kernel",
        "transformation/1/kernel",
    ]
    kernels = weights["transformation/0/kernel"]
    assert kernels.shape == (3, 4, 7)
    assert len(np.unique(kernels)) == kernels.size


def test_a_row_of_zeros_is_one_whose_views_cannot_be_told_apart() -> None:
    formula = FORMULAS["residual"]
    score = formula.score(numpy_ops, drawn(formula), np.zeros((1, 4)), {})
    np.testing.assert_allclose(score, 3 * math.log(3))


def test_without_a_constant_a_row_is_known_by_its_direction_alone() -> None:
    for constant in (0.0, 1.0):
        formula = NeuTraLADFormula((4 + bool(constant), 5, 3), 3, 7, constant=constant)
        weights = drawn(formula)
        near, far = (formula.score(numpy_ops, weights, k * ROWS, {}) for k in (1.0, 3.0))
        assert np.allclose(near, far) == (constant == 0.0)


def test_statistics_are_those_of_all_rows_at_once() -> None:
    """In parts, layer after layer, as all rows would be normalized in one batch."""
    formula = FORMULAS["normalizes"]
    weights = drawn(formula)
    rows = RANDOM.normal(size=(5000, 4)).astype(np.float32)  # more than are passed at once
    made = statistics(formula, weights, rows)
    assert {name: value.shape for name, value in made.items()} == formula.made()
    exact = rows.astype(float)
    in_one_batch = formula.score(numpy_ops, weights, exact, {})
    np.testing.assert_allclose(formula.score(numpy_ops, weights, exact, made), in_one_batch)
    alone = formula.score(numpy_ops, weights, exact[:1], made)
    np.testing.assert_allclose(alone, in_one_batch[:1])


def test_a_score_with_normalized_batches_does_not_depend_on_its_batch() -> None:
    detector = NeuTraLADDetector(epochs=2, batch_normalization=True).fit(TRAINING)
    scores = detector.decision_function(TRAINING)
    alone = [detector.decision_function(TRAINING[[row]])[0] for row in range(5)]
    np.testing.assert_allclose(alone, scores[:5], rtol=1e-9)
    again = NeuTraLADDetector(epochs=2, batch_normalization=True)
    again.from_arrays(detector.to_arrays())
    np.testing.assert_array_equal(again.decision_function(TRAINING), scores)


def test_parameters_of_the_paper_and_of_the_program() -> None:
    paper, code = NeuTraLADDetector(constant=0), NeuTraLADDetector(fidelity="code")
    assert paper._formula(6).temperature == 0.1
    assert paper._kind_of_scaling() == "standard"
    assert paper._plan(100).weight_decay == 1e-5
    formula = code._formula(6)
    assert (formula.is_code, formula.temperature, formula.constant) == (True, 0.07, 0.0)
    assert code._kind_of_scaling() == "min-max"
    kept = NeuTraLADDetector(fidelity="code", transformation="multiply")._formula(6)
    one = np.ones((1, 6))
    views = (x.views(numpy_ops, drawn(formula), one) for x in (formula, kept))
    np.testing.assert_array_equal(*views)  # always x + sigmoid(M(x))


def test_published_networks() -> None:
    formulas = {
        name: NeuTraLADDetector.as_published(name)._formula(columns)
        for name, columns in (("thyroid", 6), ("arrhythmia", 274), ("kdd", 119), ("kdd-rev", 119))
    }
    assert formulas["thyroid"] == NeuTraLADFormula((6, 24, 24, 24, 24, 24), 11, 24)
    assert formulas["arrhythmia"] == NeuTraLADFormula(
        (274, 64, 64, 64, 64, 32), 11, 200, normalizes=True
    )
    assert formulas["kdd"] == NeuTraLADFormula((119, 64, 64, 64, 64, 32), 11, 100, True)
    assert formulas["kdd-rev"] == formulas["kdd"]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"latent": 0}, r"Expected `latent` of NeuTraLAD to be a whole number of at least 1\."),
        ({"transformation_hidden": 0}, r"`transformation_hidden` of NeuTraLAD to be a whole"),
        (
            {"transformations": 1},
            r"`transformations` of NeuTraLAD to be a whole number of at least 2",
        ),
        ({"transformation": "add"}, r"to be one of `residual`, `multiply`\. Received: 'add'"),
        ({"temperature": 0.0}, r"`temperature` of NeuTraLAD to be a number above 0"),
        ({"constant": -0.5}, r"`constant` of NeuTraLAD to be a number of at least 0"),
        ({"fidelity": "seed"}, r"`fidelity` of NeuTraLAD to be one of `paper`, `code`"),
        ({"hidden": [0]}, r"`hidden` of NeuTraLAD to be a list of whole numbers of at least 1"),
    ],
)
def test_parameters_that_cannot_be_are_refused(parameters: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        NeuTraLADDetector(**parameters).fit(TRAINING)
