"""Scores by a network in NumPy against those by the same network in Keras, on difficult tables."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from dcvae.data import FarCells
from dcvae.networks import build_network, network_in_numpy
from dcvae.scoring import CausalScorer, WindowAverageScorer, losses_of_file, window_starts
from dcvae.scoring import causal as scoring
from support.builders import inputs_of, random_rows, randomized, settings_with
from support.network_tools import rnn_vae_settings, seq2seq_settings

CASES = {
    "paper": settings_with(),
    "code": settings_with(fidelity="code", fidelity_bounds="paper"),
    "unbounded": settings_with(fidelity_bounds="code"),
    "spread of the code": settings_with(fidelity_spread="code"),
    **{f"rnn-vae, {kind}": rnn_vae_settings(layer_type=kind) for kind in ("rnn", "gru", "lstm")},
    "rnn-vae, latent drawn": rnn_vae_settings(fidelity_latent="code"),
    "seq2seq, gru": seq2seq_settings(),
    "seq2seq, lstm, mse": seq2seq_settings(layer_type="lstm", loss="mse"),
}
ROWS = 97


@pytest.fixture(autouse=True)
def small_passes(monkeypatch):
    monkeypatch.setattr(scoring, "PASS_WINDOWS", 16)


@pytest.fixture(scope="module", params=CASES)
def case(request):
    settings = CASES[request.param]
    network = randomized(build_network(settings))
    return settings, network, network_in_numpy(network.describe())


def difficult():
    """A table with missing cells, gaps, cells beyond the bounds, and a series never seen change."""
    values = random_rows(ROWS, 2, seed=3)
    observed = np.random.default_rng(4).random(values.shape) > 0.1
    observed[40:60, 1] = False
    gaps = np.zeros(ROWS, dtype=bool)
    gaps[[25, 70]] = True
    table = inputs_of(values, observed, gaps)
    far = FarCells(np.array([60, 161]), np.array([50.0, -1e20], dtype=np.float32))
    return replace(table, far=far, constant=np.array([False, True]))


TABLES = {"plain": lambda: inputs_of(random_rows(ROWS, 2)), "difficult": difficult}


@pytest.mark.parametrize("table", TABLES)
def test_causal_scores_are_the_same_and_flag_the_same_cells(case, table):
    settings, network, in_numpy = case
    inputs = TABLES[table]()
    expected = CausalScorer.of(network, settings).score(inputs)
    found = CausalScorer.of(in_numpy, settings).score(inputs)
    for name in ("mean", "sigma", "error", "latent"):
        mine, theirs = getattr(found, name), getattr(expected, name)
        assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype)
        np.testing.assert_array_equal(np.isnan(mine), np.isnan(theirs))
        np.testing.assert_allclose(mine, theirs, rtol=2e-5, atol=3e-6)
    for alpha in (0.5, 1.0, 2.0, 3.0):
        flagged, by_keras = (
            np.abs(scores.error) > alpha * scores.sigma for scores in (found, expected)
        )
        np.testing.assert_array_equal(flagged, by_keras)
        assert flagged.any() or alpha > 0.5


@pytest.mark.parametrize("table", TABLES)
def test_squares_of_windows_are_the_same(case, table):
    settings, network, in_numpy = case
    inputs, length = TABLES[table](), settings.window_length
    starts = window_starts(ROWS, length, inputs.gaps)
    expected = WindowAverageScorer(network, length).squares(inputs, starts)
    found = WindowAverageScorer(in_numpy, length).squares(inputs, starts)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("batch_size", [None, 7])
def test_losses_of_a_file_are_the_same_however_often_they_are_asked_for(case, batch_size):
    settings, network, in_numpy = case
    inputs = difficult()
    expected = losses_of_file(network, inputs, settings.window_length, batch_size).to_dict()
    in_numpy = network_in_numpy(network.describe())
    once = losses_of_file(in_numpy, inputs, settings.window_length, batch_size)
    assert losses_of_file(in_numpy, inputs, settings.window_length, batch_size) == once
    if network.sampling is not None and keras.backend.backend() != "tensorflow":
        return  # draws are those of TensorFlow
    for name, value in once.to_dict().items():
        np.testing.assert_allclose(value, expected[name], rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("threads", ["1", "2", "3"])
def test_blocks_and_threads_change_no_byte(case, threads, monkeypatch):
    settings, _, in_numpy = case
    inputs = difficult()
    expected = CausalScorer.of(in_numpy, settings).score(inputs)
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1, 2}, raising=False)
    for block_rows in (1, 33, 5000):
        scorer = CausalScorer.of(in_numpy, settings)
        scorer.block_rows = block_rows
        blocks = list(scorer.blocks(inputs))
        for name in ("mean", "sigma", "error", "latent"):
            whole = np.concatenate([getattr(block, name) for block in blocks])
            np.testing.assert_array_equal(whole, getattr(expected, name))


def test_a_score_does_not_depend_on_what_follows(case):
    settings, _, in_numpy = case
    inputs = inputs_of(random_rows(ROWS, 2))
    whole = CausalScorer.of(in_numpy, settings).score(inputs)
    part = CausalScorer.of(in_numpy, settings).score(inputs_of(inputs.values[:50]))
    for name in ("mean", "sigma", "error", "latent"):
        np.testing.assert_allclose(
            getattr(part, name), getattr(whole, name)[: len(part.mean)], atol=2e-6, rtol=1e-5
        )
