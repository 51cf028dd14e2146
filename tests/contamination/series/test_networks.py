"""Networks among the detectors: their settings, what they are trained on, how they score."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.config import preset
from dcvae.contamination.series import networks
from dcvae.contamination.series.networks import network_detector, network_names
from dcvae.contamination.series.plans import Material
from dcvae.scoring import Scores
from support.builders import settings_with
from support.labeled_series import labeled_source

PATH = Path("train.csv")


def detector(name: str, **keys: object) -> networks.NetworkDetector:
    found = network_detector(name, settings_with(**keys))
    assert found is not None
    return found


class TestNames:
    def test_every_architecture_plain_and_with_each_defense(self):
        names = network_names()
        assert {"dc-vae", "rnn-vae", "seq2seq", "dc-vae+labels", "seq2seq+robust"} <= set(names)
        for name in names:
            assert detector(name).name == name

    def test_other_detectors_are_no_networks(self):
        assert network_detector("z-score", settings_with()) is None
        assert network_detector("lof+robust", settings_with()) is None

    @pytest.mark.parametrize("name", ["dc-vae+nothing", "dc-vae+robust+robust", "dc-vae+"])
    def test_unknown_defenses_are_refused(self, name):
        with pytest.raises(InputError, match=r"after a plus sign.*`labels`, `wo_outliers`.*Receiv"):
            network_detector(name, settings_with())


class TestSettings:
    @pytest.mark.parametrize("given", [True, False])
    def test_plain_has_no_defense_whatever_the_file_says(self, given):
        settings = detector("dc-vae", wo_outliers=given, robust_scale=given).settings
        assert not settings.wo_outliers
        assert not settings.robust_scale

    def test_a_defense_is_that_key_alone(self):
        plain, robust = (detector(name).settings.to_dict() for name in ("dc-vae", "dc-vae+robust"))
        assert {key for key in plain if plain[key] != robust[key]} == {"robust_scale"}
        several = detector("dc-vae+robust+wo_outliers")
        assert (several.settings.robust_scale, several.settings.wo_outliers) == (True, True)
        assert not several.masks_labels

    def test_labels_are_no_key(self):
        labeled, plain = detector("dc-vae+labels"), detector("dc-vae")
        assert labeled.settings == plain.settings
        assert labeled.masks_labels

    def test_trimming_is_a_tenth_unless_the_file_says_otherwise(self):
        assert detector("dc-vae").settings.trim_windows == 0
        assert detector("dc-vae+trimmed").settings.trim_windows == 0.1
        assert detector("dc-vae+trimmed", trim_windows=0.2).settings.trim_windows == 0.2
        assert detector("dc-vae", trim_windows=0.2).settings.trim_windows == 0

    def test_another_architecture_has_layers_of_its_own_file_and_all_else_of_this_one(self):
        settings = detector("seq2seq", max_gap=3).settings
        own = preset("seq2seq")
        assert settings.architecture == "seq2seq"
        assert settings.hidden_size == own["hidden_size"]
        assert (settings.window_length, settings.epochs, settings.max_gap) == (8, 2, 3)
        assert settings.sigma == "constant"  # it has no other

    def test_another_detector_of_the_file_is_not_what_is_trained(self):
        assert detector("dc-vae", detector="pca").settings.has_network


def material_with_known_and_excluded() -> tuple[Material, np.ndarray, np.ndarray]:
    material = labeled_source().plan(1).material(0.05)
    assert material.known.any()
    assert material.excluded.any()
    return material, material.excluded, material.known


class TestPrepared:
    @pytest.mark.parametrize(
        ("name", "masked"), [("dc-vae", "excluded"), ("dc-vae+labels", "both")]
    )
    def test_no_window_has_a_row_that_is_not_trained_on(self, name, masked):
        material, excluded, known = material_with_known_and_excluded()
        rows = excluded if masked == "excluded" else excluded | known
        data = detector(name).prepared(material, PATH)
        length = 8
        starts = [*data.split.train, *data.split.validation]
        assert not any(rows[start : start + length].any() for start in starts)
        seen = np.zeros(len(rows), dtype=bool)
        for start in starts:
            seen[start : start + length] = True
        assert seen[known].any() == (masked == "excluded")
        assert data.table.frame[rows].isna().all(axis=None)

    def test_rows_that_are_not_trained_on_enter_no_mean(self):
        material, excluded, _ = material_with_known_and_excluded()
        data = detector("dc-vae").prepared(material, PATH)
        expected = material.training[~excluded].mean().tolist()
        np.testing.assert_allclose(data.preprocessor.mean, expected, rtol=1e-12)


class StandIn:
    """A scorer whose error is the scaled value: of rows from T - 1 on."""

    def score(self, inputs):
        error = inputs.measured()[7:].copy()
        error[~inputs.observed[7:]] = np.nan
        nothing = np.full(error.shape, np.nan, dtype=np.float32)
        return Scores(nothing, nothing, error, np.empty((len(error), 0), np.float32))


class TestScores:
    def scores(self, monkeypatch, material: Material) -> tuple[np.ndarray, np.ndarray]:
        seen = []
        monkeypatch.setattr(
            networks, "fit_scorer", lambda name, data, keys: seen.append(keys.seed) or StandIn()
        )
        found = detector("dc-vae").scores(material, PATH, seed=31)
        assert seen == [31]
        return found

    def test_are_the_systems_by_numpy(self, monkeypatch):
        material, *_ = material_with_known_and_excluded()
        training, test = self.scores(monkeypatch, material)
        mean, deviation = material.training.mean(), material.training.std(ddof=0)

        def smoothed(frame: pd.DataFrame) -> np.ndarray:
            error = ((frame - mean) / deviation).to_numpy(copy=True)
            error[:7] = np.nan
            squares = pd.DataFrame(error**2).rolling(6, min_periods=1).mean().to_numpy()
            return np.where(np.isnan(error), np.nan, squares)

        known = smoothed(material.training)
        rolled = pd.DataFrame(((material.training - mean) / deviation).to_numpy()[7:] ** 2)
        level = rolled.rolling(6, min_periods=1).mean().quantile(0.99).to_numpy()
        own = (known / level)[material.ends].mean(axis=1)  # two series, both among the strangest
        np.testing.assert_allclose(training, own, rtol=1e-4)
        theirs = (smoothed(material.test) / level)[material.test_ends].mean(axis=1)
        np.testing.assert_allclose(test, theirs, rtol=1e-4)

    def test_no_later_row_changes_a_score(self, monkeypatch):
        material, *_ = material_with_known_and_excluded()
        last = int(np.sort(material.test_ends)[20])
        later = material.test.copy()
        later.iloc[last + 1 :] += 50.0
        before, after = (
            self.scores(monkeypatch, each)[1][material.test_ends <= last]
            for each in (
                material,
                Material(**{**vars(material), "test": later}),
            )
        )
        np.testing.assert_array_equal(before, after)
