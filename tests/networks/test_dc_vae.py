"""DC-VAE against a slow NumPy twin, its plans as they are built, and by nudging inputs."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from dcvae.config import Settings, read_settings
from dcvae.networks import build_network
from dcvae.networks.layers import ConvHeads, DilatedCausalConv
from dcvae.networks.plan import decoder_plan, encoder_plan
from support import oracles
from support.builders import head_of, random_network, random_rows, settings_with, weights_of
from support.network_tools import as_numpy, fix_noise, windows_of

PUBLISHED = Path(__file__).parents[2] / "settings" / "model_settings.txt"
TOLERANCE = 1e-5

# ------------------------------------------------------------- against the twin

PLANS = {
    "published file": None,
    "kernel 3": {"kernel": 3, "T": 20, "M": 3, "cnn_units": [5, 4, 6], "dil_rate": [1, 3, 9]},
    "one rate more": {"T": 12, "M": 2, "cnn_units": [4, 3], "dil_rate": [1, 2, 4], "J": 3},
    "as many rates": {"T": 9, "M": 1, "cnn_units": [4, 3, 5], "dil_rate": [2, 1, 5], "J": 1},
}


def plan_settings(plan: str, fidelity: str) -> Settings:
    keys = PLANS[plan]
    if keys is None:
        text = PUBLISHED.read_text().replace("{", f'{{"fidelity": "{fidelity}",', 1)
        return Settings.from_text(text, PUBLISHED)
    return settings_with(fidelity=fidelity, **keys)


@pytest.mark.parametrize("fidelity", ["paper", "code"])
@pytest.mark.parametrize("plan", PLANS)
def test_forward_pass_equals_the_twin(plan: str, fidelity: str, monkeypatch: Any) -> None:
    settings = plan_settings(plan, fidelity)
    network = random_network(settings, seed=3)
    x = windows_of(settings, count=2)
    noise = np.random.default_rng(1).normal(size=(*x.shape[:2], settings.latent_size))
    expected = oracles.forward(x.astype(np.float64), noise, settings, weights_of(network))
    fix_noise(network, noise, monkeypatch)
    actual = as_numpy(network(x))
    assert set(actual) == {"z_mean", "z_log_var", "mean", "spread"}
    for name, value in expected.items():
        assert actual[name].shape == value.shape
        assert value.std() > 0.01, f"{name} says nothing: it does not vary"
        np.testing.assert_allclose(actual[name], value, rtol=0, atol=TOLERANCE, err_msg=name)


def test_plans_of_the_published_file_as_the_program_builds_them() -> None:
    def layout(side: keras.Model) -> list[tuple[int, int]]:
        hidden = [layer for layer in side.layers if isinstance(layer, DilatedCausalConv)]
        heads = [head for x in side.layers if isinstance(x, ConvHeads) for head in x.heads]
        return [(layer.units, layer.dilation) for layer in [*hidden, *heads]]

    paper = build_network(plan_settings("published file", "paper"))
    assert layout(paper.encoder) == [*[(64, 2**i) for i in range(6)], (4, 64), (4, 64)]
    assert layout(paper.decoder) == [*[(64, 2 ** (6 - i)) for i in range(6)], (12, 1), (12, 1)]
    code = build_network(plan_settings("published file", "code"))
    assert layout(code.encoder) == [*[(64, 2**i) for i in range(5)], (4, 16), (4, 16)]
    assert layout(code.decoder) == [*[(64, 2 ** (6 - i)) for i in range(5)], (12, 1), (12, 1)]


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
def test_activation_is_the_encoders_and_the_decoder_stays_elu(
    activation: str, monkeypatch: Any
) -> None:
    settings = settings_with(activation=activation)
    network = random_network(settings)
    x = windows_of(settings, count=3)
    noise = np.ones((3, settings.window_length, settings.latent_size))
    fix_noise(network, noise, monkeypatch)
    actual = as_numpy(network(x))
    expected = oracles.forward(x.astype(np.float64), noise, settings, weights_of(network))
    for name, value in expected.items():
        np.testing.assert_allclose(actual[name], value, rtol=0, atol=TOLERANCE, err_msg=name)


def test_heads_are_linear() -> None:
    network = build_network(settings_with())
    for head in ("z_mean", "z_log_var"):
        assert head_of(network.encoder, head).activation is keras.activations.linear
    for head in ("x_mean", "x_spread"):
        assert head_of(network.decoder, head).activation is keras.activations.linear


# ----------------------------------------------------- receptive field, by nudging


def rows_that_matter(side: keras.Model, length: int, channels: int) -> set[int]:
    """Rows back from the last one whose nudge moves the last output.

    Every convolution is made the mean of all that it reads, so that no path is too faint to be told
    from rounding.
    """
    for layer in side.layers:
        if isinstance(layer, DilatedCausalConv):
            layer.kernel.assign(np.full(layer.kernel.shape, 1 / np.prod(layer.kernel.shape[:2])))
    base = 0.1 * random_rows(length, channels, seed=4)
    nudged = np.repeat(base[None], length + 1, axis=0)
    nudged[np.arange(length), np.arange(length)] += 1.0  # the last window stays as it was
    last = np.concatenate([ops.convert_to_numpy(head)[:, -1] for head in side(nudged)], axis=1)
    moved = (np.abs(last[:-1] - last[-1]) > 1e-4).any(axis=1)
    return {length - 1 - int(row) for row in np.flatnonzero(moved)}


RECEPTIVE = {
    "doubling": {"T": 20, "cnn_units": [6, 6, 6], "dil_rate": [1, 2, 4, 8]},
    "kernel 3": {"T": 30, "kernel": 3, "cnn_units": [6, 6, 6], "dil_rate": [1, 3, 9]},
    "with holes": {"T": 24, "cnn_units": [6, 6], "dil_rate": [2, 5, 11]},
    "longer than the window": {"T": 10, "cnn_units": [6, 6, 6], "dil_rate": [1, 2, 4, 8]},
}


@pytest.mark.parametrize("fidelity", ["paper", "code"])
@pytest.mark.parametrize("plan", RECEPTIVE)
def test_last_output_moves_iff_a_tap_reaches_the_row(plan: str, fidelity: str) -> None:
    settings = settings_with(fidelity=fidelity, **RECEPTIVE[plan])
    network = build_network(settings)
    length = settings.window_length
    for side, channels, layout in (
        (network.encoder, settings.num_series, oracles.encoder_layout(settings)),
        (network.decoder, settings.latent_size, oracles.decoder_layout(settings)),
    ):
        offsets = oracles.reachable_offsets(layout, settings.kernel)
        assert rows_that_matter(side, length, channels) == {x for x in offsets if x < length}


@pytest.mark.parametrize(
    ("fidelity", "encoder", "decoder"), [("paper", 128, 128), ("code", 48, 126)]
)
def test_receptive_field_of_the_published_file(fidelity: str, encoder: int, decoder: int) -> None:
    settings = plan_settings("published file", fidelity)
    settings = settings.model_copy(update={"window_length": 130, "cnn_units": (6,) * 6})
    network = build_network(settings)
    for side, channels, plan, expected in (
        (network.encoder, 12, encoder_plan(settings), encoder),
        (network.decoder, 4, decoder_plan(settings), decoder),
    ):
        matter = rows_that_matter(side, 130, channels)
        assert 1 + max(matter) == expected == plan.receptive_field(settings.kernel)
        if (fidelity, side.name) != ("code", "decoder"):  # 64,32,16,8,4,1: there is no 2
            assert matter == set(range(expected))


def test_no_output_depends_on_a_later_row(tiny_settings: Settings) -> None:
    network = random_network(tiny_settings)
    x = windows_of(tiny_settings, count=1)
    changed = x.copy()
    changed[:, 5:] += 3.0
    for before, after in zip(network.encoder(x), network.encoder(changed), strict=True):
        before, after = ops.convert_to_numpy(before), ops.convert_to_numpy(after)
        np.testing.assert_array_equal(before[:, :5], after[:, :5])
        assert (before[:, 5:] != after[:, 5:]).any()


def test_published_file_is_read() -> None:
    assert read_settings(PUBLISHED) == plan_settings("published file", "paper")


@pytest.mark.parametrize(("fidelity", "momentum"), [("paper", 0.99), ("code", 0.9801)])
def test_statistics_of_the_encoder_move_twice_a_step_in_the_published_program(
    fidelity: str, momentum: float
) -> None:
    network = build_network(settings_with(fidelity_norm=fidelity))
    for side, expected in ((network.encoder, momentum), (network.decoder, 0.99)):
        norms = [layer for layer in side.layers if "_norm_" in layer.name]
        assert norms
        assert [norm.momentum for norm in norms] == pytest.approx([expected] * len(norms))
