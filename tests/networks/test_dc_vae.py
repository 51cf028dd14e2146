"""The network against a slow NumPy twin, against Keras' own convolution, and by nudging inputs."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops
from support import oracles
from support.builders import head_of, random_network, random_rows, settings_with, weights_of

from dcvae.config.settings import Settings, read_settings
from dcvae.networks import build_network
from dcvae.networks.base import Sampling, VariationalAutoencoder
from dcvae.networks.dc_vae import ConvHeads, DilatedCausalConv

PUBLISHED = Path(__file__).parents[2] / "settings" / "model_settings.txt"
TOLERANCE = 1e-5


def windows_of(settings: Settings, count: int, seed: int = 0) -> np.ndarray:
    rows = random_rows(count * settings.window_length, settings.num_series or 0, seed)
    return rows.reshape(count, settings.window_length, -1)


def as_numpy(outputs: dict[str, Any]) -> dict[str, np.ndarray]:
    return {name: ops.convert_to_numpy(value) for name, value in outputs.items()}


def fix_noise(network: VariationalAutoencoder, noise: np.ndarray, monkeypatch: Any) -> None:
    """Let the network draw these numbers, so that its answer can be compared."""

    def draw(z_mean: Any, z_log_var: Any) -> Any:
        return z_mean + ops.exp(0.5 * z_log_var) * ops.convert_to_tensor(noise, "float32")

    monkeypatch.setattr(network.sampling, "call", draw)


# ------------------------------------------------------------- the convolution


def test_convolution_by_hand() -> None:
    layer = DilatedCausalConv(1, kernel_size=2, dilation=2)
    layer.build((None, 5, 1))
    layer.set_weights([np.array([[[10.0]], [[1.0]]]), np.array([0.5])])
    x = np.array([1, 2, 3, 4, 5], dtype=np.float32).reshape(1, 5, 1)
    # own row once, the row two before ten times, zeros before the window, plus 0.5
    assert ops.convert_to_numpy(layer(x)).ravel().tolist() == [1.5, 2.5, 13.5, 24.5, 35.5]


def test_convolution_with_two_channels_by_hand() -> None:
    layer = DilatedCausalConv(2, kernel_size=2, dilation=1)
    layer.build((None, 2, 2))
    past, now = [[1.0, 0.0], [0.0, 100.0]], [[10.0, 0.0], [0.0, 1000.0]]
    layer.set_weights([np.array([past, now]), np.array([0.0, 0.0])])
    x = np.array([[[1, 2], [3, 4]]], dtype=np.float32)
    assert ops.convert_to_numpy(layer(x)).tolist() == [[[10, 2000], [31, 4200]]]


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4])
@pytest.mark.parametrize("dilation", [1, 3, 9, 20])
def test_convolution_equals_keras_and_the_oracle(kernel_size: int, dilation: int) -> None:
    random = np.random.default_rng(kernel_size * 100 + dilation)
    x = random.normal(size=(3, 12, 2)).astype(np.float32)
    kernel, bias = random.normal(size=(kernel_size, 2, 5)), random.normal(size=5)
    ours = DilatedCausalConv(5, kernel_size, dilation, "tanh")
    keras_own = keras.layers.Conv1D(
        5, kernel_size, dilation_rate=dilation, padding="causal", activation="tanh"
    )
    for layer in (ours, keras_own):
        layer.build(x.shape)
        layer.set_weights([kernel, bias])
    expected = np.tanh(
        oracles.dilated_causal_convolution(x.astype(np.float64), kernel, bias, dilation)
    )
    np.testing.assert_allclose(ops.convert_to_numpy(ours(x)), expected, atol=TOLERANCE)
    np.testing.assert_allclose(ops.convert_to_numpy(keras_own(x)), expected, atol=TOLERANCE)


def test_convolution_begins_as_keras_begins_a_conv1d() -> None:
    layer = DilatedCausalConv(64, 2, 1)
    layer.build((None, 8, 64))
    kernel = ops.convert_to_numpy(layer.kernel)
    limit = np.sqrt(6 / (2 * 64 + 2 * 64))  # Glorot uniform with fans of k·channels
    assert np.abs(kernel).max() <= limit
    np.testing.assert_allclose(kernel.std(), limit / np.sqrt(3), rtol=0.05)
    assert (ops.convert_to_numpy(layer.bias) == 0).all()


def test_convolution_describes_its_shape_and_its_config() -> None:
    layer = DilatedCausalConv(3, 2, 4, "elu", name="here")
    assert layer.compute_output_shape((None, 8, 2)) == (None, 8, 3)
    again = DilatedCausalConv.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.units, again.kernel_size, again.dilation, again.name) == (3, 2, 4, "here")
    assert again.activation is keras.activations.elu


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


def test_same_settings_same_weights_other_seed_others(tiny_settings: Settings) -> None:
    first, again = build_network(tiny_settings), build_network(tiny_settings)
    other = build_network(settings_with(seed=8))
    for left, right in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)
    name = "encoder_conv_1/kernel"
    assert (weights_of(first)[name] != weights_of(other)[name]).all()


def test_number_of_series_must_be_known() -> None:
    with pytest.raises(ValueError, match=r"known `num_series`\. Received: None"):
        build_network(settings_with(M=None))


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
        (network.encoder, 12, settings.encoder_plan, encoder),
        (network.decoder, 4, settings.decoder_plan, decoder),
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


# ------------------------------------------------------------------- sampling


def test_draws_have_the_mean_and_the_deviation_asked_for() -> None:
    z_mean = np.zeros((500, 40, 2), dtype=np.float32) + np.array([1.0, -2.0], dtype=np.float32)
    z_log_var = np.zeros_like(z_mean) + np.log(np.array([4.0, 0.25], dtype=np.float32))
    z = ops.convert_to_numpy(Sampling(seed=3)(z_mean, z_log_var))
    assert z.shape == z_mean.shape
    # 20,000 draws a channel: four standard errors
    np.testing.assert_allclose(z.mean(axis=(0, 1)), [1, -2], atol=4 * 2 / np.sqrt(20000))
    np.testing.assert_allclose(z.std(axis=(0, 1)), [2, 0.5], rtol=4 / np.sqrt(40000))


def test_draws_are_independent_over_windows_steps_and_channels() -> None:
    zeros = np.zeros((60, 50, 3), dtype=np.float32)
    z = ops.convert_to_numpy(Sampling(seed=3)(zeros, zeros))
    assert len(np.unique(z)) > 0.99 * z.size
    for later, earlier in (
        (z[1:], z[:-1]),
        (z[:, 1:], z[:, :-1]),
        (z[:, :, 1:], z[:, :, :-1]),
    ):
        correlation = np.corrcoef(later.ravel(), earlier.ravel())[0, 1]
        assert abs(correlation) < 4 / np.sqrt(later.size)


def test_same_seed_same_sequence_of_draws() -> None:
    zeros = np.zeros((2, 3, 1), dtype=np.float32)
    one, same, other = Sampling(seed=5), Sampling(seed=5), Sampling(seed=6)
    first, second = (ops.convert_to_numpy(one(zeros, zeros)) for _ in range(2))
    assert (first != second).all()
    np.testing.assert_array_equal(first, ops.convert_to_numpy(same(zeros, zeros)))
    np.testing.assert_array_equal(second, ops.convert_to_numpy(same(zeros, zeros)))
    assert (first != ops.convert_to_numpy(other(zeros, zeros))).all()


def test_sampling_config_and_shape() -> None:
    layer = Sampling(seed=5)
    assert Sampling.from_config(layer.get_config()).seed == 5
    assert layer.compute_output_shape((2, 3, 1), (2, 3, 1)) == (2, 3, 1)


# ------------------------------------------------------------------- the loss


@pytest.mark.parametrize("reading", ["paper", "code"])
@pytest.mark.parametrize("training", [True, False])
def test_loss_with_fixed_draws_equals_the_twin(
    reading: str, training: bool, monkeypatch: Any
) -> None:
    settings = settings_with(fidelity_spread=reading)
    network = random_network(settings, seed=2)
    x = windows_of(settings, count=5)
    noise = np.random.default_rng(9).normal(size=(5, settings.window_length, settings.latent_size))
    fix_noise(network, noise, monkeypatch)
    expected = oracles.forward(
        x.astype(np.float64), noise, settings, weights_of(network), training=training
    )
    reconst, kl = oracles.loss_parts(x.astype(np.float64), expected, reading)

    loss = network.compute_loss(x=x, y_pred=network(x, training=training))
    np.testing.assert_allclose(float(network.reconst_tracker.result()), reconst, rtol=1e-5)
    np.testing.assert_allclose(float(network.kl_tracker.result()), kl, rtol=1e-5)
    np.testing.assert_allclose(float(loss), reconst + kl, rtol=1e-5)


def test_the_two_readings_give_different_losses(monkeypatch: Any) -> None:
    losses = []
    for reading in ("paper", "code"):
        settings = settings_with(fidelity_spread=reading)
        network = random_network(settings, seed=2)
        x = windows_of(settings, count=5)
        fix_noise(network, np.zeros((5, 8, 2)), monkeypatch)
        losses.append(float(network.compute_loss(x=x, y_pred=network(x))))
    assert abs(losses[0] - losses[1]) > 0.01


def test_reported_parts_sum_to_the_loss_over_unequal_batches(tiny_settings: Settings) -> None:
    network = random_network(tiny_settings)
    network.compile()
    for count in (7, 2):
        logs = network.test_on_batch(windows_of(tiny_settings, count, seed=count), return_dict=True)
    assert set(logs) == {"loss", "reconst", "kl"}
    np.testing.assert_allclose(logs["loss"], logs["reconst"] + logs["kl"], rtol=1e-5)


def test_a_step_reaches_every_trainable_weight(tiny_settings: Settings) -> None:
    network = random_network(tiny_settings)
    network.compile(optimizer=keras.optimizers.SGD(0.1))
    before = weights_of(network)
    network.train_on_batch(windows_of(tiny_settings, 8))
    after = weights_of(network)
    unmoved = [name for name in before if np.array_equal(before[name], after[name])]
    assert unmoved == []


# ------------------------------------------------------------- saving and loading


@pytest.mark.parametrize("fidelity", ["paper", "code"])
def test_saved_and_loaded_network_is_the_same(fidelity: str, tmp_path: Path) -> None:
    settings = settings_with(fidelity=fidelity)
    network = random_network(settings)
    x = windows_of(settings, count=3)
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    assert isinstance(loaded, VariationalAutoencoder)
    assert loaded.spread_reading == fidelity
    assert loaded.name == network.name
    assert loaded.sampling.seed == settings.seed
    for left, right in zip(network.variables, loaded.variables, strict=True):
        assert left.path == right.path
        np.testing.assert_array_equal(ops.convert_to_numpy(left), ops.convert_to_numpy(right))
    left, right = as_numpy(network(x)), as_numpy(loaded(x))
    for name in left:
        np.testing.assert_array_equal(left[name], right[name])


def test_classes_are_registered_under_the_package_name() -> None:
    for class_ in (DilatedCausalConv, Sampling, VariationalAutoencoder):
        name = f"dcvae>{class_.__name__}"
        assert keras.saving.get_registered_name(class_) == name
        assert keras.saving.get_registered_object(name) is class_


def test_published_file_is_read() -> None:
    assert read_settings(PUBLISHED) == plan_settings("published file", "paper")
