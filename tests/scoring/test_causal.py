"""Fast scoring against the windowed forward pass, on networks of many shapes."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats
from support import oracles
from support.builders import head_of, random_network, random_rows, settings_with, weights_of

from dcvae import InputError
from dcvae.config.settings import Settings
from dcvae.data.windows import gather_windows, num_windows
from dcvae.networks.base import VariationalAutoencoder
from dcvae.networks.losses import sigma_from
from dcvae.scoring import causal as scoring
from dcvae.scoring.causal import Scorer, Scores, latent_noise

FIELDS = ("mean", "sigma", "error", "latent")
TOLERANCE = 1e-5  # of the spread of an output over the rows


@pytest.fixture(autouse=True)
def small_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few windows a pass, so that short tables have several."""
    monkeypatch.setattr(scoring, "PASS_WINDOWS", 16)


def everything_observed(rows: np.ndarray) -> np.ndarray:
    return np.ones(rows.shape, dtype=bool)


def windowed(network: VariationalAutoencoder, rows: np.ndarray, settings: Settings) -> Scores:
    """Run the network on every window, whole, and keep the last row."""
    length = settings.window_length
    count = num_windows(len(rows), length)
    windows = gather_windows(rows, np.arange(count, dtype=np.int32), length)
    z, z_log_var = network.encoder(windows, training=False)
    if settings.fidelity_latent == "code":
        noise = latent_noise(settings.seed, 0, count, length, settings.latent_size)
        z = z + ops.exp(0.5 * z_log_var) * noise
    mean, spread = network.decoder(z, training=False)
    mean, sigma, z = (ops.convert_to_numpy(part)[:, -1] for part in (mean, sigma_from(spread), z))
    return Scores(mean, sigma, rows[length - 1 :] - mean, z)


def assert_same_scores(actual: Scores, expected: Scores) -> None:
    for name in FIELDS:
        left, right = getattr(actual, name), getattr(expected, name)
        assert left.shape == right.shape
        assert left.dtype == np.float32
        spread = right.std()
        assert spread > 1e-3, f"{name} says nothing: it does not vary"
        assert np.abs(left - right).max() / spread < TOLERANCE, name


SHAPES = {
    "tiny": {},
    "exactly T": {"T": 16, "cnn_units": [4, 4, 4], "dil_rate": [1, 2, 4, 8]},
    "T below the field": {"T": 10, "cnn_units": [4, 5, 6], "dil_rate": [1, 2, 4, 8]},
    "T far above the field": {"T": 30, "cnn_units": [4], "dil_rate": [1, 2]},
    "one dilation beyond T": {"T": 6, "cnn_units": [4, 3], "dil_rate": [1, 9, 2]},
    "all dilations beyond T": {"T": 4, "cnn_units": [4, 3], "dil_rate": [5, 7, 9]},
    "falling dilations": {"T": 14, "cnn_units": [4, 3, 5], "dil_rate": [6, 3, 1]},
    "equal dilations": {"T": 12, "cnn_units": [3, 3], "dil_rate": [3, 3, 3]},
    "kernel 3": {"T": 20, "kernel": 3, "cnn_units": [5, 4, 6], "dil_rate": [1, 3, 9]},
    "kernel 4": {"T": 17, "kernel": 4, "cnn_units": [5, 4], "dil_rate": [2, 1, 3]},
    "one series": {"T": 9, "M": 1, "J": 1, "cnn_units": [4, 3, 2], "dil_rate": [1, 2, 3]},
    "wide": {"T": 11, "M": 5, "J": 4, "cnn_units": [7, 6], "dil_rate": [1, 4], "kernel": 3},
    "shortest": {"T": 2, "M": 3, "J": 3, "cnn_units": [4, 4], "dil_rate": [1, 1]},
    "relu": {"T": 12, "activation": "relu", "cnn_units": [8, 8], "dil_rate": [1, 2, 4]},
}


QUICK_IN_CODE = ("tiny", "T below the field", "all dilations beyond T", "kernel 3", "one series")
CASES = [
    pytest.param(
        shape,
        fidelity,
        marks=() if fidelity == "paper" or shape in QUICK_IN_CODE else pytest.mark.slow,
        id=f"{shape}-{fidelity}",
    )
    for shape, keys in SHAPES.items()
    for fidelity in ("paper", "code")
    if fidelity == "paper" or len(keys.get("cnn_units", "two")) > 1  # the program needs two units
]


@pytest.mark.parametrize(("shape", "fidelity"), CASES)
def test_equals_the_windowed_forward_pass(shape: str, fidelity: str) -> None:
    settings = settings_with(fidelity=fidelity, **SHAPES[shape])
    network = random_network(settings, seed=len(shape))
    rows = random_rows(settings.window_length + 40, settings.num_series or 0)
    expected = windowed(network, rows, settings)
    scorer = Scorer(
        network,
        settings.window_length,
        sample_latent=settings.fidelity_latent == "code",
        seed=settings.seed,
    )
    assert_same_scores(scorer.score(rows, everything_observed(rows)), expected)


@pytest.mark.parametrize(("layers", "latent"), [("paper", "code"), ("code", "paper")])
def test_latents_of_either_kind_go_with_either_layout(layers: str, latent: str) -> None:
    settings = settings_with(
        T=10, fidelity_encoder=layers, fidelity_decoder=layers, fidelity_latent=latent
    )
    network = random_network(settings)
    rows = random_rows(60, 2)
    scorer = Scorer.of(network, settings)
    assert_same_scores(
        scorer.score(rows, everything_observed(rows)), windowed(network, rows, settings)
    )


@pytest.mark.slow
@pytest.mark.parametrize("fidelity", ["paper", "code"])
def test_published_network_equals_the_windowed_forward_pass(
    fidelity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "PASS_WINDOWS", 512)  # as it is outside the tests
    settings = settings_with(
        T=128, M=12, J=4, cnn_units=[64] * 6, dil_rate=[2**i for i in range(7)], fidelity=fidelity
    )
    network = random_network(settings)
    rows = random_rows(127 + 300, 12)
    scorer = Scorer.of(network, settings)
    assert_same_scores(
        scorer.score(rows, everything_observed(rows)), windowed(network, rows, settings)
    )


def test_published_network_is_as_near_to_the_truth_as_the_windowed_pass() -> None:
    """On smooth rows float32 itself is off by nearly the tolerance; ours must be no worse."""
    settings = settings_with(
        T=128, M=12, J=4, cnn_units=[64] * 6, dil_rate=[2**i for i in range(7)]
    )
    network = random_network(settings)
    rows = random_rows(127 + 40, 12).cumsum(axis=0) / 10
    windows = gather_windows(rows, np.arange(40, dtype=np.int32), 128).astype(np.float64)
    truth = oracles.forward(windows, np.zeros((40, 128, 4)), settings, weights_of(network))
    exact = {
        "mean": truth["mean"][:, -1],
        "sigma": np.exp(truth["spread"][:, -1] / 2),
        "latent": truth["z_mean"][:, -1],
    }
    ours = Scorer.of(network, settings).score(rows, everything_observed(rows))
    plain = windowed(network, rows, settings)
    for name, values in exact.items():
        off, off_plain = (
            np.abs(getattr(scores, name) - values).max() / values.std() for scores in (ours, plain)
        )
        assert off < 2 * max(off_plain, TOLERANCE / 4), name


# ------------------------------------------------------------- lengths and blocks


@pytest.fixture(scope="module")
def network() -> VariationalAutoencoder:
    return random_network(settings_with())


@pytest.mark.parametrize("sample_latent", [False, True])
def test_length_of_the_table_does_not_matter(
    network: VariationalAutoencoder, sample_latent: bool, monkeypatch: Any
) -> None:
    """Passes of 7 windows, blocks of 14 rows: on, before and after every border."""
    monkeypatch.setattr(scoring, "PASS_WINDOWS", 7)
    settings = settings_with(fidelity_latent="code" if sample_latent else "paper")
    whole = random_rows(settings.window_length + 40, 2)
    expected = windowed(network, whole, settings)
    scorer = Scorer(network, 8, sample_latent=sample_latent, seed=7, block_rows=14)
    for num_judged in (1, 2, 6, 7, 8, 13, 14, 15, 27, 28, 29, 41):
        rows = whole[: num_judged + 7]
        blocks = list(scorer.blocks(rows, everything_observed(rows)))
        lengths = [len(block.mean) for block in blocks]
        assert sum(lengths) == num_judged
        assert set(lengths[:-1]) <= {14}
        scores = Scores.concatenate(blocks)
        for name in FIELDS:
            part = getattr(expected, name)[:num_judged]
            np.testing.assert_allclose(getattr(scores, name), part, rtol=0, atol=1e-5)


@pytest.mark.parametrize("num_rows", [0, 1, 7])
def test_fewer_rows_than_a_window(network: VariationalAutoencoder, num_rows: int) -> None:
    rows = random_rows(num_rows, 2)
    with pytest.raises(
        InputError, match=rf"at least `T` = 8 rows to score\. Received: {num_rows}\."
    ):
        Scorer(network, 8).score(rows, everything_observed(rows))


@pytest.mark.parametrize("sample_latent", [False, True])
def test_any_block_size_gives_the_same_bytes(
    network: VariationalAutoencoder, sample_latent: bool
) -> None:
    rows = random_rows(107, 2)
    answers = {}
    for block_rows in (1, 5, 16, 33, 99, 100, 101, 5000):
        scorer = Scorer(network, 8, sample_latent=sample_latent, seed=3, block_rows=block_rows)
        blocks = list(scorer.blocks(rows, everything_observed(rows)))
        lengths = [len(block.mean) for block in blocks]
        assert lengths[:-1] == [block_rows] * (len(blocks) - 1)
        assert 1 <= lengths[-1] <= block_rows
        answers[block_rows] = Scores.concatenate(blocks)
    for answer in answers.values():
        for name in FIELDS:
            assert getattr(answer, name).tobytes() == getattr(answers[1], name).tobytes()


def test_a_block_has_rows(network: VariationalAutoencoder) -> None:
    with pytest.raises(ValueError, match=r"`block_rows` must be at least 1\. Received: 0\."):
        Scorer(network, 8, block_rows=0)


# ------------------------------------------------------------- what must not matter


@pytest.mark.parametrize("sample_latent", [False, True])
def test_same_answer_every_time(network: VariationalAutoencoder, sample_latent: bool) -> None:
    rows = random_rows(30, 2)
    scorer = Scorer(network, 8, sample_latent=sample_latent, seed=3)
    first, second = (scorer.score(rows, everything_observed(rows)) for _ in range(2))
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_seed_matters_only_to_drawn_latents(network: VariationalAutoencoder) -> None:
    rows = random_rows(30, 2)

    def means(sample_latent: bool, seed: int) -> np.ndarray:
        scorer = Scorer(network, 8, sample_latent=sample_latent, seed=seed)
        return scorer.score(rows, everything_observed(rows)).mean

    np.testing.assert_array_equal(means(False, 1), means(False, 2))
    assert (means(True, 1) != means(True, 2)).all()


@pytest.mark.parametrize("sample_latent", [False, True])
def test_future_rows_never_change_past_scores(
    network: VariationalAutoencoder, sample_latent: bool
) -> None:
    rows = random_rows(60, 2)
    changed = rows.copy()
    changed[40:] += 5.0
    scorer = Scorer(network, 8, sample_latent=sample_latent)
    before, after = (scorer.score(x, everything_observed(x)) for x in (rows, changed))
    judged = 40 - 7
    for name in FIELDS:
        left, right = getattr(before, name), getattr(after, name)
        np.testing.assert_array_equal(left[:judged], right[:judged])
        assert (left[judged] != right[judged]).any()


def test_rows_before_the_window_never_change_a_score(network: VariationalAutoencoder) -> None:
    rows = random_rows(40, 2)
    scorer = Scorer(network, 8)
    whole = scorer.score(rows, everything_observed(rows))
    last = scorer.score(rows[-8:], everything_observed(rows[-8:]))
    for name in FIELDS:
        np.testing.assert_allclose(getattr(last, name)[0], getattr(whole, name)[-1], atol=1e-5)


def test_error_is_nan_exactly_where_nothing_was_observed(
    network: VariationalAutoencoder,
) -> None:
    rows = random_rows(40, 2)
    observed = np.random.default_rng(1).random(rows.shape) > 0.3
    scorer = Scorer(network, 8)
    scores = scorer.score(rows, observed)
    complete = scorer.score(rows, everything_observed(rows))
    np.testing.assert_array_equal(np.isnan(scores.error), ~observed[7:])
    judged = observed[7:]
    np.testing.assert_array_equal(scores.error[judged], complete.error[judged])
    for name in ("mean", "sigma", "latent"):
        np.testing.assert_array_equal(getattr(scores, name), getattr(complete, name))


def test_inputs_are_not_changed(network: VariationalAutoencoder) -> None:
    rows = random_rows(20, 2)
    observed = np.random.default_rng(1).random(rows.shape) > 0.3
    kept_rows, kept_observed = rows.copy(), observed.copy()
    rows.flags.writeable = observed.flags.writeable = False
    Scorer(network, 8).score(rows, observed)
    np.testing.assert_array_equal(rows, kept_rows)
    np.testing.assert_array_equal(observed, kept_observed)


def test_saved_and_loaded_network_scores_the_same(
    network: VariationalAutoencoder, tmp_path: Any
) -> None:
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    rows = random_rows(30, 2)
    left, right = (Scorer(x, 8).score(rows, everything_observed(rows)) for x in (network, loaded))
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))


def test_sigma_stays_within_its_bound(tiny_settings: Settings) -> None:
    network = random_network(tiny_settings)
    spread = head_of(network.decoder, "x_spread")
    spread.bias.assign([-100.0, 100.0])
    rows = random_rows(12, 2)
    sigma = Scorer(network, 8).score(rows, everything_observed(rows)).sigma
    np.testing.assert_allclose(sigma, np.broadcast_to(np.exp([-5, 5]), sigma.shape), rtol=1e-5)


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
