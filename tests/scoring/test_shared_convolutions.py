"""Fast scoring against the windowed forward pass, on networks of many shapes."""

import keras
import numpy as np
import pytest

from dcvae.data.windows import gather_windows
from dcvae.scoring import causal as scoring
from dcvae.scoring.causal import CausalScorer
from dcvae.scoring.shared_convolutions import SharedConvolutions
from support import oracles
from support.builders import (
    head_of,
    inputs_of,
    random_network,
    random_rows,
    settings_with,
    weights_of,
)
from support.network_tools import rnn_vae_settings, seq2seq_settings
from support.scoring_tools import TOLERANCE, assert_same_scores, windowed


@pytest.fixture(autouse=True)
def small_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few windows a pass, so that short tables have several."""
    monkeypatch.setattr(scoring, "PASS_WINDOWS", 16)


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
    scorer = CausalScorer(
        network,
        settings.window_length,
        sample_latent=settings.fidelity_latent == "code",
        seed=settings.seed,
    )
    assert_same_scores(scorer.score(inputs_of(rows)), expected)


@pytest.mark.parametrize(("layers", "latent"), [("paper", "code"), ("code", "paper")])
def test_latents_of_either_kind_go_with_either_layout(layers: str, latent: str) -> None:
    settings = settings_with(
        T=10, fidelity_encoder=layers, fidelity_decoder=layers, fidelity_latent=latent
    )
    network = random_network(settings)
    rows = random_rows(60, 2)
    scorer = CausalScorer.of(network, settings)
    assert_same_scores(scorer.score(inputs_of(rows)), windowed(network, rows, settings))


def test_a_sigma_without_bounds_is_that_of_the_windowed_pass() -> None:
    settings = settings_with(T=10, fidelity_bounds="code")
    network = random_network(settings)
    head_of(network.decoder, "x_spread").bias.assign([30.0, -30.0])
    scores = CausalScorer.of(network, settings).score(inputs_of(random_rows(60, 2)))
    assert scores.sigma[:, 0].min() > np.exp(6)
    assert scores.sigma[:, 1].max() < np.exp(-6)
    windows = gather_windows(random_rows(60, 2), np.arange(51, dtype=np.int32), 10)
    expected = keras.ops.convert_to_numpy(network.reconstruct(windows).sigma)[:, -1]
    np.testing.assert_allclose(scores.sigma, expected, rtol=1e-4)


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
    scorer = CausalScorer.of(network, settings)
    assert_same_scores(scorer.score(inputs_of(rows)), windowed(network, rows, settings))


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
    ours = CausalScorer.of(network, settings).score(inputs_of(rows))
    plain = windowed(network, rows, settings)
    for name, values in exact.items():
        off, off_plain = (
            np.abs(getattr(scores, name) - values).max() / values.std() for scores in (ours, plain)
        )
        assert off < 2 * max(off_plain, TOLERANCE / 4), name


def test_sigma_stays_within_its_bound() -> None:
    network = random_network(settings_with())
    spread = head_of(network.decoder, "x_spread")
    spread.bias.assign([-100.0, 100.0])
    sigma = CausalScorer(network, 8).score(inputs_of(random_rows(12, 2))).sigma
    np.testing.assert_allclose(sigma, np.broadcast_to(np.exp([-5, 5]), sigma.shape), rtol=1e-5)


def test_only_networks_of_convolutions_share_their_work() -> None:
    made = (random_network(x) for x in (settings_with(), rnn_vae_settings(), seq2seq_settings()))
    assert [SharedConvolutions.suits(network.describe()) for network in made] == [
        True,
        False,
        False,
    ]


def test_weights_are_those_of_the_time_the_scorer_was_made() -> None:
    settings = settings_with()
    network, inputs = random_network(settings), inputs_of(random_rows(40, 2))
    scorer = CausalScorer.of(network, settings)
    expected = windowed(network, inputs.values, settings)
    network.set_weights([np.zeros_like(weight) for weight in network.get_weights()])
    assert_same_scores(scorer.score(inputs), expected)
