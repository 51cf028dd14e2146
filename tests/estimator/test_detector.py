"""The estimator: its parameters, scikit-learn's conventions, what it refuses."""

import pickle
import random
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

import dcvae
from dcvae import DCVAEDetector
from dcvae.pipeline.fitting import Training
from dcvae.training.in_keras import runner
from support.script_tools import run_one_after_the_other
from support.toy_detector import DATA, NORMAL, QUICK, TOY

# What scikit-learn asks of estimators that see rows one by one. Here a row is scored by the rows
# around it, so another order, or a part of the rows, is other data. And it takes `**keys` for a
# parameter of that name; the same check without it is below.
NOT_MEANT_FOR_IT = {
    "check_methods_sample_order_invariance": "rows are scored in their order",
    "check_methods_subset_invariance": "rows are scored by the rows around them",
    "check_do_not_raise_errors_in_init_or_set_params": "`keys` is no parameter",
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The training data have only")
@parametrize_with_checks(
    [DCVAEDetector(**QUICK, batch_size=4)], expected_failed_checks=lambda _: NOT_MEANT_FOR_IT
)
def test_scikit_learns_own_checks(estimator: Any, check: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(runner, "_BY_XLA", False)  # networks this small compile longer than learn
    check(estimator)


@pytest.mark.parametrize("value", [-1, 3.0, "a", np.array([1.0, 4.0]), [1], {}, [], None], ids=str)
def test_parameters_are_not_checked_before_a_fit(value: Any) -> None:
    detector = DCVAEDetector()
    given = dict.fromkeys(detector.get_params(), value)
    for made in (DCVAEDetector(**given), detector.set_params(**given)):
        assert all(now is value for now in made.get_params().values())
    DCVAEDetector(**given, max_fill=3)


# ------------------------------------------------------------ parameters


def test_the_package_shows_it_and_imports_it_when_asked() -> None:
    assert {"DCVAEDetector", "load_model", "make_detector"} <= set(dir(dcvae))
    assert dcvae.DCVAEDetector is DCVAEDetector
    with pytest.raises(AttributeError, match="has no attribute 'Detector'"):
        _ = dcvae.Detector


def test_parameters_come_and_go() -> None:
    detector = DCVAEDetector(T=16, cnn_units=(8, 8), dil_rate=[1, 2], max_fill=3)
    assert detector.get_params()["T"] == 16
    detector.set_params(T=32, seed=5)
    copy = clone(detector)
    assert (copy.T, copy.seed, copy.cnn_units, copy.settings) == (32, 5, (8, 8), {"max_fill": 3})
    assert repr(copy) == (
        "DCVAEDetector(T=32, cnn_units=(8, 8), dil_rate=[1, 2], seed=5,\n"
        "              settings={'max_fill': 3})"
    )


# ------------------------------------------------------------ fitting


def test_it_shows_the_epochs_only_if_asked(capsys: Any) -> None:
    DCVAEDetector(**TOY | QUICK).fit(NORMAL)
    assert capsys.readouterr() == ("", "")
    DCVAEDetector(**TOY | QUICK, verbose=True).fit(NORMAL)
    assert capsys.readouterr().out.startswith("epoch 1/1  loss")


def test_it_does_not_touch_the_callers_random_numbers(in_folder: Path) -> None:
    def draws() -> list[float]:
        """Draw from what a caller may still use."""
        own = [*np.random.random(4), *(random.random() for _ in range(4))]  # noqa: NPY002
        return [*own, float(keras.random.uniform(())), float(tensorflow.random.uniform(()))]

    def seed() -> None:
        keras.utils.set_random_seed(3)  # all of them

    seed()
    wanted = draws()
    fitted = DCVAEDetector(**TOY | QUICK)
    for work in (
        lambda: fitted.fit(NORMAL),
        lambda: fitted.decision_function(DATA),
        lambda: fitted.save("models"),
        lambda: DCVAEDetector.load("models/toy"),
        lambda: pickle.loads(pickle.dumps(fitted)),
    ):
        seed()
        work()
        assert draws() == wanted


WITHOUT_FRAMEWORKS = """
import pickle, sys, warnings
import numpy as np
from sklearn.base import clone
from dcvae import DCVAEDetector
rows = np.random.default_rng(0).normal(size=(200, 3))
detector = clone(DCVAEDetector(epochs=2, steps_per_epoch=3, T=8, J=2)).fit(rows)
detector.save("models")
pickled, loaded = pickle.loads(pickle.dumps(detector)), DCVAEDetector.load("models/detector")
for again in (detector, pickled, loaded):
    print(again.decision_function(rows).tobytes().hex()[:64], int(again.predict(rows).sum()))
    again.score_series(rows), again.detect(rows)
print(*{"keras", "tensorflow", "jax", "torch"} & {*sys.modules})
"""


def test_neither_fitting_nor_scoring_imports_a_framework(tmp_path: Path) -> None:
    [said] = run_one_after_the_other([WITHOUT_FRAMEWORKS], tmp_path)
    first, pickled, loaded, imported = said.split("\n")[:-1]
    assert first == pickled == loaded
    assert imported == ""


def test_a_simple_detector_needs_no_network(monkeypatch: Any) -> None:
    monkeypatch.setattr(Training, "fit", lambda *_: pytest.fail("a network is trained"))
    detector = DCVAEDetector(T=8, detector="pca").fit(NORMAL)
    assert detector.predict(DATA).shape == (120,)


# ------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x.drop(columns="s1"), "1 of the 3 series that the detector was fitted on are"),
        (lambda x: pd.concat([x, x[["s1"]]], axis=1), "every column of X once. Received several"),
        (lambda x: x[::-1], "Expected the times of X to increase from row to row. Received"),
        (lambda x: x.set_axis([pd.NaT, *x.index[1:]]), "a time for every row of X. Received none"),
        (lambda x: x.replace(x.iloc[3, 1], np.inf), "Input X contains infinity"),
        (lambda x: x.assign(s1="a"), "The column `s1` of X holds words such as `a`"),
        (lambda x: x.to_numpy()[:, :2], "X has 2 features, but DCVAEDetector is expecting 3"),
        (lambda x: x.to_numpy()[:, 0], "Expected 2D array, got 1D array instead"),
    ],
)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_data_that_cannot_be_judged(fitted: DCVAEDetector, change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fitted.decision_function(change(DATA))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            NORMAL.assign(s1=np.nan),
            r"value of every series in the training data\. Received none of `",
        ),
        (NORMAL[:3], r"3 sample\(s\) .* while a minimum of 4 is required"),
    ],
)
def test_data_that_cannot_be_learned_from(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DCVAEDetector(**TOY).fit(data)


def test_what_is_not_fitted_says_so() -> None:
    for ask in ("decision_function", "score_series", "residuals", "predict"):
        with pytest.raises(ValueError, match="This DCVAEDetector instance is not fitted yet"):
            getattr(DCVAEDetector(), ask)(DATA)
    with pytest.raises(ValueError, match="not fitted yet"):
        DCVAEDetector().save("models")


def test_it_is_stored_as_a_model_and_not_as_arrays(fitted: DCVAEDetector) -> None:
    with pytest.raises(dcvae.InputError, match=r"stored as a model, by `save`, and read by `load`"):
        fitted.to_arrays()
