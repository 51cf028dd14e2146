"""Scorers of rows: signs that rest on no other row, and no sigma where no value is expected."""

import numpy as np
import pytest

from dcvae.config import Settings
from dcvae.data import ModelInput, table_from_array, training_data
from dcvae.pipeline import fit_scorer
from dcvae.scoring import SigmaCalibration
from support.script_tools import toy_frame

T = 8


@pytest.fixture(scope="module", params=["ecod", "isolation-forest", "k-means"])
def scored(request: pytest.FixtureRequest):
    frame = toy_frame(400)
    frame = np.exp((frame - frame.mean()) / frame.std())  # skewed: most is below the mean
    table = table_from_array(frame.to_numpy(), frame, list(frame.columns))
    keys = {"model_name": "toy", "T": T, "detector": request.param}
    settings = Settings.from_values(keys, "keys").with_num_series(3, "train.csv")
    data = training_data(table, settings)
    return fit_scorer(request.param, data, settings), data.inputs


def test_a_cell_has_its_sign_in_any_company(scored) -> None:
    scorer, inputs = scored
    # Below the mean, 0, but with fewer training values above than below.
    values = np.tile(np.median(inputs.values, axis=0) / 2, (T, 1)).astype(np.float32)
    assert (values < 0).all()
    few = ModelInput(values, *(part[:T] for part in (inputs.observed, inputs.gaps, inputs.times)))
    assert scorer.score(few).deviation.shape == (1, 3)
    is_ecod = scorer.detector.name == "ecod"
    assert (np.sign(scorer.score(few).deviation) == (1 if is_ecod else -1)).all()


def test_no_sigma_mode_makes_a_band_where_no_value_is_expected(scored) -> None:
    scorer, inputs = scored
    [block] = scorer.blocks(inputs, SigmaCalibration("constant", 0.0, np.ones(3)))
    assert np.isnan(block.mean).all()
    assert np.isnan(block.sigma).all()
