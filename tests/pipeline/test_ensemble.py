"""An ensemble: each member in units of its own normal data, weighed by planted faults."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dcvae import InputError
from dcvae._arrays import Float64Array, Int32Array
from dcvae.config import Settings
from dcvae.data import ModelInput, table_from_array, training_data
from dcvae.pipeline import EnsembleScorer, RowScorer, Scorer, fit, fit_scorer, restored_scorer
from dcvae.pipeline.planted import with_planted_faults
from dcvae.scoring import Scores, SigmaCalibration
from support.script_tools import toy_frame

KEYS = {"model_name": "toy", "T": 8, "detector": "ensemble", "ensemble_members": ["pca", "ecod"]}


def settings_with(**keys: Any) -> Settings:
    return Settings.from_values(KEYS | keys, "keys").with_num_series(3, "train.csv")


@pytest.fixture(scope="module")
def data():
    frame = toy_frame(400)
    return training_data(
        table_from_array(frame.to_numpy(), frame, list(frame.columns)), settings_with()
    )


class Said(Scorer):
    """A scorer that says what it is told to."""

    def __init__(self, strangeness: Any, squares: Any) -> None:
        self.strangeness, self.of_windows = np.float32(strangeness), np.asarray(squares, float)

    def blocks(self, inputs: ModelInput, sigma: SigmaCalibration | None) -> Iterator[Scores]:
        nothing = np.full_like(self.strangeness, np.nan)
        latent = np.empty((len(nothing), 0), dtype=np.float32)
        yield Scores(nothing, nothing, nothing, latent, self.strangeness)

    def squares(self, inputs: ModelInput, starts: Int32Array) -> Float64Array:
        return np.stack([self.of_windows, self.of_windows])


def test_a_cell_has_the_weighted_mean_of_logarithms(data) -> None:
    scorer = EnsembleScorer(
        {"pca": Said([[2.0, -1.0]], [[3.0, 0.0]]), "ecod": Said([[-6.0, 0.0]], [[0.0, 7.0]])},
        {"pca": 0.75, "ecod": 0.25},
        {"pca": np.array([4.0, 1.0]), "ecod": np.array([12.0, 1.0])},
        {"pca": np.ones((2, 2)), "ecod": np.ones((2, 2))},
    )
    [scores] = scorer.blocks(data.inputs, None)
    # 2² / 4 = 1 and 6² / 12 = 3; 1² / 1 = 1 and 0.
    logs = np.array([0.75 * np.log(2) + 0.25 * np.log(4), 0.75 * np.log(2)])
    assert scores.deviation is not None
    # The sign is that of the first member, as none expects a value.
    np.testing.assert_allclose(scores.deviation, [np.sqrt(logs) * [1, -1]], rtol=1e-6)
    assert np.isnan(scores.sigma).all()
    windows = scorer.squares(data.inputs, np.zeros(1, dtype=np.int32))
    wanted = [[2**1.5 * 1 - 1, 8**0.25 - 1]]
    np.testing.assert_allclose(windows, [wanted, wanted])


def test_who_sees_planted_faults_weighs_more(data) -> None:
    settings = settings_with(ensemble_members=["pca", "persistence"])
    members = {name: fit_scorer(name, data, settings) for name in settings.members}
    faulty, _ = with_planted_faults(data.inputs, 8, settings.seed)
    blind = Said(np.ones((393, 3)), np.ones((1, 3)))

    def squares(inputs: ModelInput, starts: Int32Array) -> Float64Array:
        return np.ones((2, len(starts), 3))

    blind.squares = squares  # type: ignore[method-assign]
    fitted = EnsembleScorer.fit(members | {"ecod": blind}, data.inputs, 8, settings.seed)
    assert fitted.weights["ecod"] == pytest.approx(0.0, abs=1e-3)
    assert sum(fitted.weights.values()) == pytest.approx(1.0)
    assert min(fitted.weights["pca"], fitted.weights["persistence"]) > 0.01
    [told] = fitted.notices()
    assert told.startswith("Weights by faults that were planted in the training rows: pca 0.")
    assert told.endswith(", ecod 0.00.")
    alone = EnsembleScorer.fit({"ecod": blind}, data.inputs, 8, settings.seed)
    assert alone.weights == {"ecod": pytest.approx(1.0)}
    assert len(faulty.values) == 400


def test_what_is_expected_is_that_of_the_first_member_that_expects_a_value(data) -> None:
    settings = settings_with(ensemble_members=["ecod", "k-means", "persistence", "z-score"])
    model = fit(data, settings)
    scores = model.scorer.score(data.inputs)
    persistence = model.scorer.members["persistence"].score(data.inputs)
    np.testing.assert_array_equal(scores.mean, persistence.mean)
    np.testing.assert_array_equal(scores.error, persistence.error)
    assert scores.deviation is not None
    moved = np.abs(persistence.error) > 1e-6
    assert (np.sign(scores.deviation) == np.sign(persistence.error))[moved].mean() > 0.99


def test_what_is_stored_scores_alike(data) -> None:
    settings = settings_with()
    model = fit(data, settings)
    arrays = model.scorer.to_arrays()
    again = restored_scorer(settings, None, arrays)
    for left, right in (
        (again.score(data.inputs).deviation, model.scorer.score(data.inputs).deviation),
        (
            again.squares(data.inputs, np.int32([5])),
            model.scorer.squares(data.inputs, np.int32([5])),
        ),
    ):
        np.testing.assert_array_equal(left, right)
    for name, spoiled in {
        "ensemble/pca/level": np.zeros(3),
        "ensemble/ecod/weight": np.array([-1.0]),
        "ensemble/ecod/window_levels": np.ones((2, 4)),
    }.items():
        with pytest.raises(ValueError, match=name):
            restored_scorer(settings, None, arrays | {name: spoiled})
    with pytest.raises(ValueError, match="pca of 3 series"):
        restored_scorer(settings.model_copy(update={"num_series": 4}), None, arrays)


def test_members_are_fitted_once(data) -> None:
    known = {"pca": fit_scorer("pca", data, settings_with())}
    model = fit(data, settings_with(), members=known)
    assert model.scorer.members["pca"] is known["pca"]
    assert isinstance(model.scorer.members["ecod"], RowScorer)
    assert model.training.result is None
    with pytest.raises(ValueError, match=r"Expected a model with a network\. Received: ensemble"):
        _ = model.network


def test_a_member_that_data_are_too_few_for_is_refused_before_any_training() -> None:
    frame = toy_frame(400).iloc[:, :1]
    table = table_from_array(frame.to_numpy(), frame, list(frame.columns))
    settings = Settings.from_values(KEYS | {"ensemble_members": ["dc-vae", "pca"]}, "keys")
    settings = settings.with_num_series(1, "train.csv")

    def on_start(*_: Any) -> None:
        pytest.fail("a network is trained")

    with pytest.raises(InputError, match=r'1 series: give more, or leave "pca" out of `ensemble_'):
        fit(training_data(table, settings), settings, on_start=on_start)


# ------------------------------------------------------------ planted faults


def test_faults_are_planted_here_and_there_and_the_same_for_a_seed(data) -> None:
    faulty, truth = with_planted_faults(data.inputs, 8, 1)
    changed = (faulty.values != data.inputs.values).any(axis=1)
    assert 0.05 < truth.mean() < 0.3
    assert not changed[~truth].any()
    assert changed[truth].mean() > 0.8
    assert not truth[:8].any()
    again, _ = with_planted_faults(data.inputs, 8, 1)
    np.testing.assert_array_equal(again.values, faulty.values)
    other, _ = with_planted_faults(data.inputs, 8, 2)
    assert (other.values != faulty.values).any()


def test_nothing_is_planted_where_nothing_moves(data) -> None:
    still = replace(data.inputs, values=np.zeros_like(data.inputs.values))
    faulty, truth = with_planted_faults(still, 8, 1)
    assert not truth.any()
    assert not faulty.values.any()
