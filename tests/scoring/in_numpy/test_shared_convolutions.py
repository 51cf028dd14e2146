"""Shared convolutions in NumPy against the windowed pass in Keras, on networks of many shapes."""

import numpy as np
import pytest

from dcvae.networks import network_in_numpy
from dcvae.scoring import causal as scoring
from dcvae.scoring.causal import CausalScorer
from dcvae.scoring.in_numpy import shared_convolutions
from dcvae.scoring.shared_convolutions import SharedConvolutions
from support.builders import inputs_of, random_network, random_rows, settings_with
from support.network_tools import rnn_vae_settings
from support.scoring_tools import FIELDS, SHAPES, assert_same_scores, windowed


@pytest.fixture(autouse=True)
def small_passes(monkeypatch):
    """Few windows a pass, and fewer a block: short tables have several of both."""
    monkeypatch.setattr(scoring, "PASS_WINDOWS", 16)
    monkeypatch.setattr(shared_convolutions, "_BLOCK", 5)


@pytest.mark.parametrize("fidelity", ["paper", "code"])
@pytest.mark.parametrize("shape", SHAPES)
def test_equals_the_windowed_forward_pass(shape, fidelity):
    if fidelity == "code" and len(SHAPES[shape].get("cnn_units", "two")) < 2:
        fidelity = "paper"
    settings = settings_with(fidelity=fidelity, fidelity_bounds="paper", **SHAPES[shape])
    network = random_network(settings, seed=len(shape))
    rows = random_rows(settings.window_length + 40, settings.num_series or 0)
    scorer = CausalScorer.of(network_in_numpy(network.describe()), settings)
    assert_same_scores(scorer.score(inputs_of(rows)), windowed(network, rows, settings))


@pytest.mark.parametrize("sampled", [False, True])
def test_the_plan_gives_the_same_without_blocks(sampled):
    """The same plan by the general operations, and by those that add in place."""
    settings = settings_with(T=20, kernel=3, cnn_units=[5, 4, 6], dil_rate=[1, 3, 9])
    weights = random_network(settings).describe()
    inputs = {"rows": random_rows(16 + 19, 2), "noise": random_rows(20 * 16, 2).reshape(20, 16, 2)}
    general = SharedConvolutions(weights, 20, sampled, np)(inputs)
    in_place = shared_convolutions.SharedConvolutionsInNumpy(weights, 20, sampled)(inputs)
    for mine, theirs in zip(in_place, general, strict=True):
        assert mine.dtype == theirs.dtype == np.float32
        np.testing.assert_allclose(mine, theirs, atol=3e-6, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("fidelity", ["paper", "code"])
def test_published_network_equals_the_windowed_forward_pass(fidelity, monkeypatch):
    monkeypatch.setattr(scoring, "PASS_WINDOWS", 512)  # as it is outside the tests
    monkeypatch.setattr(shared_convolutions, "_BLOCK", 32)
    settings = settings_with(
        T=128, M=12, J=4, cnn_units=[64] * 6, dil_rate=[2**i for i in range(7)], fidelity=fidelity
    )
    network = random_network(settings)
    rows = random_rows(127 + 600, 12)
    scorer = CausalScorer.of(network_in_numpy(network.describe()), settings)
    assert_same_scores(scorer.score(inputs_of(rows)), windowed(network, rows, settings))


def test_recurrent_networks_are_refused():
    weights = random_network(rnn_vae_settings()).describe()
    with pytest.raises(TypeError, match=r"Expected convolutions\. Received: rnn-vae"):
        SharedConvolutions(weights, 6, False, np)


def test_inputs_are_left_as_they_are():
    settings = settings_with()
    scorer = CausalScorer.of(network_in_numpy(random_network(settings).describe()), settings)
    rows = random_rows(60, 2)
    before = rows.copy()
    once = scorer.score(inputs_of(rows))
    np.testing.assert_array_equal(rows, before)
    again = scorer.score(inputs_of(rows))
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(again, name), getattr(once, name))
