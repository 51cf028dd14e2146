"""Networks in NumPy against plain loops in float64, and against the same networks in Keras."""

import keras
import numpy as np
import pytest

from dcvae.networks import NetworkInNumpy, build_network, network_in_numpy
from dcvae.networks.in_numpy.draws import standard_normal
from support import oracles, recurrent_oracles
from support.builders import randomized, settings_with, weights_of
from support.network_tools import rnn_vae_settings, seq2seq_settings, windows_of

PUBLISHED = {"fidelity": "code"}
UNBOUNDED = {"fidelity_bounds": "code"}
CASES = {
    "paper": settings_with(),
    "code": settings_with(**PUBLISHED),
    "unbounded": settings_with(**UNBOUNDED),
    "spread of the code": settings_with(fidelity_spread="code"),
    "kernel 3, sigmoid": settings_with(kernel=3, activation="sigmoid", T=11),
    "dilation beyond T": settings_with(dil_rate=[1, 9, 4], activation="relu"),
    "blocks": settings_with(T=5),
    **{f"rnn-vae, {kind}": rnn_vae_settings(layer_type=kind) for kind in ("rnn", "gru", "lstm")},
    "rnn-vae, code": rnn_vae_settings(layer_type="lstm", **PUBLISHED),
    "rnn-vae, unbounded": rnn_vae_settings(**UNBOUNDED),
    "rnn-vae, three layers": rnn_vae_settings(rnn_units=[3, 5, 2], activation="elu"),
    "seq2seq, gru": seq2seq_settings(loss="mse"),
    "seq2seq, lstm": seq2seq_settings(layer_type="lstm"),
}
WINDOWS = 37  # two whole blocks of convolutions and a rest
CLOSE = {"rtol": 2e-5, "atol": 2e-6}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    """Settings, the network in Keras, and the same in NumPy."""
    settings = CASES[request.param]
    network = randomized(build_network(settings))
    return settings, network, network_in_numpy(network.describe())


def as_numpy(parts):
    return [keras.ops.convert_to_numpy(part) for part in parts]


def truth(settings, network, windows, noise):
    """What plain loops make of windows: z_mean, z_log_var, mean, spread; None where there is no."""
    x = windows.astype(np.float64)
    if settings.architecture == "dc-vae":
        return oracles.forward(x, noise, settings, weights_of(network))
    weights = recurrent_oracles.weights_of(network)
    if settings.architecture == "rnn-vae":
        return recurrent_oracles.rnn_vae(x, noise, settings, weights)
    embedding, mean = recurrent_oracles.sequence_autoencoder(x, settings, weights)
    return {"mean": mean, "embedding": embedding}


def test_outputs_are_those_of_plain_loops(case):
    settings, network, in_numpy = case
    windows = windows_of(settings, WINDOWS)
    noise = in_numpy.draw(WINDOWS)
    outputs = in_numpy(windows, noise)
    expected = truth(settings, network, windows, noise)
    for name, values in outputs.items():
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, expected[name], **CLOSE)
        assert np.ptp(values) > 0.05


def test_a_reconstruction_is_that_of_plain_loops_without_noise(case):
    settings, network, in_numpy = case
    windows = windows_of(settings, WINDOWS)
    expected = truth(settings, network, windows, 0.0)
    mean, sigma, latent = in_numpy.reconstruct(windows)
    np.testing.assert_allclose(mean, expected["mean"], **CLOSE)
    if settings.architecture == "seq2seq":
        np.testing.assert_array_equal(sigma, 1.0)
        np.testing.assert_allclose(latent, expected["embedding"], **CLOSE)
        return
    bound = 10.0 if settings.fidelity_bounds == "paper" else 69.0
    widths = np.exp(np.clip(expected["spread"], -bound, bound) / 2)
    np.testing.assert_allclose(sigma, widths, rtol=5e-5)
    np.testing.assert_allclose(latent, expected["z_mean"][:, -1], **CLOSE)


@pytest.mark.parametrize("drawn", [False, True])
def test_a_reconstruction_is_that_of_keras(case, drawn):
    settings, network, in_numpy = case
    windows = windows_of(settings, WINDOWS, seed=1)
    noise = None
    if drawn:
        shape = (WINDOWS, settings.window_length, in_numpy.latent_size)
        noise = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    expected = as_numpy(network.reconstruct(windows, noise))
    for mine, theirs in zip(in_numpy.reconstruct(windows, noise), expected, strict=True):
        assert mine.dtype == theirs.dtype
        np.testing.assert_allclose(mine, theirs, **CLOSE)


def test_losses_are_those_of_plain_loops(case):
    settings, network, in_numpy = case
    windows = windows_of(settings, 3)
    noise = in_numpy.draw(3)
    reconst, kl = in_numpy.losses_of(windows, in_numpy(windows, noise))
    for number in range(3):
        one = slice(number, number + 1)
        outputs = truth(settings, network, windows[one], None if noise is None else noise[one])
        if settings.architecture == "seq2seq":
            error = np.abs(windows[one] - outputs["mean"])
            expected = np.mean(error if settings.loss == "mae" else error**2), 0.0
        else:
            expected = oracles.loss_parts(windows[one], outputs, settings.fidelity_spread)
        np.testing.assert_allclose((reconst[number], kl[number]), expected, rtol=1e-4, atol=1e-5)


def test_losses_are_those_of_keras_draw_after_draw(case):
    """Both draw the same numbers; the losses of an unbounded network may be of any size."""
    settings, network, in_numpy = case
    if network.sampling is not None and keras.backend.backend() != "tensorflow":
        pytest.skip("draws are those of TensorFlow")
    in_numpy = network_in_numpy(network.describe())  # the state as it is now
    for seed in (0, 1):
        windows = windows_of(settings, WINDOWS, seed)
        expected = as_numpy(network.losses_of(windows, network(windows)))
        for mine, theirs in zip(in_numpy.losses_of(windows), expected, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=2e-4, atol=1e-5)


def test_inputs_and_weights_are_left_as_they_are(case):
    settings, network, in_numpy = case
    windows = windows_of(settings, 5)
    before = windows.copy()
    once = in_numpy.reconstruct(windows)
    in_numpy.losses_of(windows)
    np.testing.assert_array_equal(windows, before)
    for mine, again in zip(in_numpy.reconstruct(windows), once, strict=True):
        np.testing.assert_array_equal(mine, again)
    for mine, theirs in zip(network.get_weights(), network.copy().get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_the_state_of_the_draws_moves_on_and_can_be_kept():
    settings = settings_with()
    network = network_in_numpy(build_network(settings).describe())
    shape = (2, settings.window_length, settings.latent_size)
    first, second = (standard_normal(shape, (settings.seed, number)) for number in (0, 1))
    with network.keeping_draws():
        np.testing.assert_array_equal(network.draw(2), first)
        np.testing.assert_array_equal(network.draw(2), second)
        assert network.describe().draw_state.tolist() == [settings.seed, 2]
    np.testing.assert_array_equal(network.draw(2), first)
    copied = network.copy()
    np.testing.assert_array_equal(copied.draw(2), second)
    np.testing.assert_array_equal(network.draw(2), second)


def test_what_draws_nothing_has_no_noise():
    network = network_in_numpy(build_network(seq2seq_settings()).describe())
    assert network.draw(3) is None
    assert network.describe().draw_state is None


def test_a_copy_in_keras_keeps_its_weights():
    network = build_network(settings_with())
    copied = network.copy()
    before = copied.get_weights()
    network.set_weights([weight + 1 for weight in network.get_weights()])
    for weight, earlier in zip(copied.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, earlier)
    assert not isinstance(copied, NetworkInNumpy)
