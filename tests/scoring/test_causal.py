"""Causal scores of a table: its length, its blocks, its gaps, and what must not matter."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from scipy import stats

from dcvae import InputError
from dcvae.data import FarCells
from dcvae.networks import Autoencoder
from dcvae.scoring import Scores
from dcvae.scoring import causal as scoring
from dcvae.scoring.causal import CausalScorer, latent_noise
from dcvae.scoring.sigma import SigmaCalibration
from support.builders import inputs_of, random_network, random_rows, settings_with
from support.scoring_tools import FIELDS, windowed


@pytest.fixture(autouse=True)
def small_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few windows a pass, so that short tables have several."""
    monkeypatch.setattr(scoring, "PASS_WINDOWS", 16)


@pytest.fixture(scope="module")
def network() -> Autoencoder:
    return random_network(settings_with())


# ------------------------------------------------------------- lengths and blocks


@pytest.mark.parametrize("sample_latent", [False, True])
def test_length_of_the_table_does_not_matter(
    network: Autoencoder, sample_latent: bool, monkeypatch: Any
) -> None:
    """Passes of 7 windows, blocks of 14 rows: on, before and after every border."""
    monkeypatch.setattr(scoring, "PASS_WINDOWS", 7)
    settings = settings_with(fidelity_latent="code" if sample_latent else "paper")
    whole = random_rows(settings.window_length + 40, 2)
    expected = windowed(network, whole, settings)
    scorer = CausalScorer(network, 8, sample_latent=sample_latent, seed=7, block_rows=14)
    for num_scored in (1, 2, 6, 7, 8, 13, 14, 15, 27, 28, 29, 41):
        rows = whole[: num_scored + 7]
        blocks = list(scorer.blocks(inputs_of(rows)))
        lengths = [len(block.mean) for block in blocks]
        assert sum(lengths) == num_scored
        assert set(lengths[:-1]) <= {14}
        scores = Scores.concatenate(blocks)
        for name in FIELDS:
            part = getattr(expected, name)[:num_scored]
            np.testing.assert_allclose(getattr(scores, name), part, rtol=0, atol=1e-5)


@pytest.mark.parametrize("num_rows", [0, 1, 7])
def test_fewer_rows_than_a_window(network: Autoencoder, num_rows: int) -> None:
    rows = random_rows(num_rows, 2)
    with pytest.raises(
        InputError, match=rf"at least `T` = 8 rows to score\. Received: {num_rows}\."
    ):
        CausalScorer(network, 8).score(inputs_of(rows))


@pytest.mark.parametrize("sample_latent", [False, True])
def test_any_block_size_gives_the_same_bytes(network: Autoencoder, sample_latent: bool) -> None:
    rows = random_rows(107, 2)
    answers = {}
    for block_rows in (1, 5, 16, 33, 99, 100, 101, 5000):
        scorer = CausalScorer(
            network, 8, sample_latent=sample_latent, seed=3, block_rows=block_rows
        )
        blocks = list(scorer.blocks(inputs_of(rows)))
        lengths = [len(block.mean) for block in blocks]
        assert lengths[:-1] == [block_rows] * (len(blocks) - 1)
        assert 1 <= lengths[-1] <= block_rows
        answers[block_rows] = Scores.concatenate(blocks)
    for answer in answers.values():
        for name in FIELDS:
            assert getattr(answer, name).tobytes() == getattr(answers[1], name).tobytes()


def test_a_block_has_rows(network: Autoencoder) -> None:
    with pytest.raises(ValueError, match=r"`block_rows` must be at least 1\. Received: 0\."):
        CausalScorer(network, 8, block_rows=0)


# ------------------------------------------------------------- far cells and constants


def test_a_far_cell_is_scored_as_measured_and_shown_within_the_bounds(
    network: Autoencoder,
) -> None:
    inputs = inputs_of(random_rows(60, 2))
    cells = np.array([2 * 30, 2 * 41 + 1])
    far = FarCells(cells, np.float32([1e9, -1e9]))
    plain, told = (CausalScorer(network, 8).score(x) for x in (inputs, replace(inputs, far=far)))
    for name in ("mean", "sigma", "latent"):
        np.testing.assert_array_equal(getattr(told, name), getattr(plain, name))
    changed = np.argwhere(told.error != plain.error)
    assert changed.tolist() == [[30 - 7, 0], [41 - 7, 1]]
    assert told.error[23, 0] == np.float32(1e9) - plain.mean[23, 0]


def test_a_constant_is_expected_as_it_was(network: Autoencoder) -> None:
    rows = random_rows(60, 2)
    rows[:, 1] = 0.0
    inputs = inputs_of(rows)
    far = FarCells(np.array([2 * 30 + 1]), np.float32([1000.0]))
    plain = CausalScorer(network, 8).score(inputs)
    constant = replace(inputs, far=far, constant=np.array([False, True]))
    told = CausalScorer(network, 8).score(constant)
    for name in ("mean", "sigma", "error"):
        np.testing.assert_array_equal(getattr(told, name)[:, 0], getattr(plain, name)[:, 0])
        assert getattr(told, name).dtype == np.float32
    assert (plain.error[:, 1] != 0).all()
    assert np.flatnonzero(told.error[:, 1]).tolist() == [30 - 7]
    assert told.error[23, 1] == 1000.0
    assert (told.mean[:, 1] == 0).all()
    assert (told.sigma[:, 1] == 1).all()


# ------------------------------------------------------------- what must not matter


@pytest.mark.parametrize("sample_latent", [False, True])
def test_same_answer_every_time(network: Autoencoder, sample_latent: bool) -> None:
    rows = random_rows(30, 2)
    scorer = CausalScorer(network, 8, sample_latent=sample_latent, seed=3)
    first, second = (scorer.score(inputs_of(rows)) for _ in range(2))
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_seed_matters_only_to_drawn_latents(network: Autoencoder) -> None:
    rows = random_rows(30, 2)

    def means(sample_latent: bool, seed: int) -> np.ndarray:
        scorer = CausalScorer(network, 8, sample_latent=sample_latent, seed=seed)
        return scorer.score(inputs_of(rows)).mean

    np.testing.assert_array_equal(means(False, 1), means(False, 2))
    assert (means(True, 1) != means(True, 2)).all()


@pytest.mark.parametrize("sample_latent", [False, True])
def test_future_rows_never_change_past_scores(network: Autoencoder, sample_latent: bool) -> None:
    rows = random_rows(60, 2)
    changed = rows.copy()
    changed[40:] += 5.0
    scorer = CausalScorer(network, 8, sample_latent=sample_latent)
    before, after = (scorer.score(inputs_of(x)) for x in (rows, changed))
    known = 40 - 7
    for name in FIELDS:
        left, right = getattr(before, name), getattr(after, name)
        np.testing.assert_array_equal(left[:known], right[:known])
        assert (left[known] != right[known]).any()


def test_rows_before_the_window_never_change_a_score(network: Autoencoder) -> None:
    rows = random_rows(40, 2)
    scorer = CausalScorer(network, 8)
    whole = scorer.score(inputs_of(rows))
    last = scorer.score(inputs_of(rows[-8:]))
    for name in FIELDS:
        np.testing.assert_allclose(getattr(last, name)[0], getattr(whole, name)[-1], atol=1e-5)


def test_error_is_nan_exactly_where_nothing_was_observed(
    network: Autoencoder,
) -> None:
    rows = random_rows(40, 2)
    observed = np.random.default_rng(1).random(rows.shape) > 0.3
    scorer = CausalScorer(network, 8)
    scores = scorer.score(inputs_of(rows, observed))
    complete = scorer.score(inputs_of(rows))
    np.testing.assert_array_equal(np.isnan(scores.error), ~observed[7:])
    there = observed[7:]
    np.testing.assert_array_equal(scores.error[there], complete.error[there])
    for name in ("mean", "sigma", "latent"):
        np.testing.assert_array_equal(getattr(scores, name), getattr(complete, name))


def test_rows_whose_window_crosses_a_gap_have_no_error(network: Autoencoder) -> None:
    rows = random_rows(40, 2)
    gaps = np.zeros(40, dtype=bool)
    gaps[[0, 20]] = True  # a window may begin after a gap: the one that begins with row 20 is whole
    scorer = CausalScorer(network, 8)
    scores, complete = scorer.score(inputs_of(rows, gaps=gaps)), scorer.score(inputs_of(rows))
    without = np.isnan(scores.error).all(axis=1)
    assert np.flatnonzero(without).tolist() == list(range(20 - 7, 27 - 7))
    np.testing.assert_array_equal(scores.error[~without], complete.error[~without])
    for name in ("mean", "sigma", "latent"):
        np.testing.assert_array_equal(getattr(scores, name), getattr(complete, name))


def test_inputs_are_not_changed(network: Autoencoder) -> None:
    rows = random_rows(20, 2)
    observed = np.random.default_rng(1).random(rows.shape) > 0.3
    kept_rows, kept_observed = rows.copy(), observed.copy()
    rows.flags.writeable = observed.flags.writeable = False
    CausalScorer(network, 8).score(inputs_of(rows, observed))
    np.testing.assert_array_equal(rows, kept_rows)
    np.testing.assert_array_equal(observed, kept_observed)


def test_sigma_is_that_of_the_mode_asked_for(network: Autoencoder) -> None:
    inputs = inputs_of(random_rows(40, 2))
    wider = SigmaCalibration("calibrated", 1.0, np.array([2.0, 0.5]))
    plain = CausalScorer(network, 8).score(inputs)
    read = CausalScorer(network, 8, sigma=wider).score(inputs)
    np.testing.assert_allclose(read.sigma, plain.sigma * [2.0, 0.5], rtol=1e-6)
    for name in ("mean", "error", "latent"):
        np.testing.assert_array_equal(getattr(read, name), getattr(plain, name))


@pytest.mark.parametrize("latent", ["paper", "code"])
def test_keys_of_a_model_say_how_it_scores(network: Autoencoder, latent: str) -> None:
    scorer = CausalScorer.of(network, settings_with(fidelity_latent=latent, seed=5))
    assert (scorer.window_length, scorer.seed, scorer.sigma) == (8, 5, None)
    assert scorer.sample_latent == (latent == "code")


def test_saved_and_loaded_network_scores_the_same(network: Autoencoder, tmp_path: Any) -> None:
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    rows = random_rows(30, 2)
    left, right = (CausalScorer(x, 8).score(inputs_of(rows)) for x in (network, loaded))
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))


# ------------------------------------------------------------- the draws of z


def test_noise_is_standard_normal() -> None:
    noise = latent_noise(1, 0, 500, 20, 4)
    assert noise.shape == (500, 20, 4)
    assert noise.dtype == np.float32
    values = noise.ravel()
    assert abs(values.mean()) < 4 / np.sqrt(values.size)
    assert abs(values.std() - 1) < 4 / np.sqrt(2 * values.size)
    assert stats.kstest(values, "norm").pvalue > 0.01
    assert len(np.unique(values)) > 0.99 * values.size


@pytest.mark.parametrize(("window_length", "latent_size"), [(5, 1), (7, 3), (8, 2), (1, 1)])
def test_noise_does_not_depend_on_how_windows_are_divided(
    window_length: int, latent_size: int
) -> None:
    whole = latent_noise(9, 0, 30, window_length, latent_size)
    for size in (1, 4, 7, 30):
        parts = [
            latent_noise(9, first, min(size, 30 - first), window_length, latent_size)
            for first in range(0, 30, size)
        ]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_noise_of_neighboring_windows_and_seeds_is_independent() -> None:
    noise = latent_noise(1, 0, 400, 25, 2)
    others = (
        (noise[1:], noise[:-1]),
        (noise[:, 1:], noise[:, :-1]),
        (noise, latent_noise(2, 0, 400, 25, 2)),
    )
    for left, right in others:
        correlation = np.corrcoef(left.ravel(), right.ravel())[0, 1]
        assert abs(correlation) < 4 / np.sqrt(left.size)


@pytest.mark.parametrize("bits", [0, 2**64 - 1])
def test_noise_is_finite_for_the_extreme_draws(bits: int, monkeypatch: Any) -> None:
    class Extreme:
        def __init__(self, key: int) -> None:
            pass

        def advance(self, delta: int) -> None:
            pass

        def random_raw(self, size: int) -> np.ndarray:
            return np.full(size, bits, dtype=np.uint64)

    monkeypatch.setattr(np.random, "Philox", Extreme)
    assert np.isfinite(latent_noise(1, 0, 2, 3, 1)).all()
