"""The losses of a file against their definition in NumPy, and the rule that notices drift."""

import numpy as np
import pytest
from keras import ops

from dcvae.data.windows import WindowSplit, gather_windows
from dcvae.networks import Autoencoder
from dcvae.scoring import model_fit
from dcvae.scoring.model_fit import WindowLosses, still_fits, window_losses
from support.builders import inputs_of, random_network, random_rows, settings_with


@pytest.fixture(scope="module")
def network() -> Autoencoder:
    return random_network(settings_with())


def losses_in_numpy(network: Autoencoder, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Reconstruction with z as drawn, and KL, of each window."""
    outputs = {name: ops.convert_to_numpy(x) for name, x in network(windows).items()}
    log_variance = np.clip(outputs["spread"], -10, 10)
    nll = 0.5 * ((windows - outputs["mean"]) ** 2 / np.exp(log_variance) + log_variance)
    kl = -0.5 * (1 + outputs["z_log_var"] - outputs["z_mean"] ** 2 - np.exp(outputs["z_log_var"]))
    return nll.mean(axis=(1, 2)), kl.mean(axis=(1, 2))


def test_equals_the_definition_over_several_batches(
    network: Autoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Draws of z differ from call to call; without spread there are none.
    monkeypatch.setattr(network.sampling, "call", lambda z_mean, z_log_var: z_mean)
    rows = random_rows(157, 2)
    starts = np.arange(150, dtype=np.int32)
    losses = window_losses(network, inputs_of(rows), starts, 8)
    reconst, kl = losses_in_numpy(network, gather_windows(rows, starts, 8))
    assert losses.windows == 150
    assert losses.reconst == pytest.approx(reconst.mean(), rel=1e-5)
    assert losses.kl == pytest.approx(kl.mean(), rel=1e-5)
    assert losses.loss == losses.reconst + losses.kl
    assert losses.median == pytest.approx(np.median(reconst + kl), rel=1e-5)
    assert losses.percentile_95 == pytest.approx(np.quantile(reconst + kl, 0.95), rel=1e-5)


def test_losses_of_single_windows_by_weights_that_change(
    network: Autoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same pass, once compiled, reads the weights as they are."""
    monkeypatch.setattr(network.sampling, "call", lambda z_mean, z_log_var: z_mean)
    rows, starts = random_rows(90, 2), np.array([80, 3, 3, *range(70)], dtype=np.int32)
    passes = model_fit.LossPass(network, 8)
    kept = [ops.convert_to_numpy(weight).copy() for weight in network.trainable_variables]
    found = []
    try:
        for factor in (1.0, 0.5):
            for weight, value in zip(network.trainable_variables, kept, strict=True):
                weight.assign(factor * value)
            found.append(passes.losses(rows, starts))
            expected = losses_in_numpy(network, gather_windows(rows, starts, 8))
            np.testing.assert_allclose(found[-1], expected, rtol=1e-4, atol=1e-6)
    finally:
        for weight, value in zip(network.trainable_variables, kept, strict=True):
            weight.assign(value)
    assert not np.allclose(*found)


def test_losses_of_batches_are_those_of_the_published_program(
    network: Autoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All windows, also those with nothing to score; the smaller batch weighs as much as others."""
    monkeypatch.setattr(network.sampling, "call", lambda z_mean, z_log_var: z_mean)
    monkeypatch.setattr(model_fit, "MAX_WINDOWS", 5)
    rows = random_rows(57, 2)
    rows[50:] += 5.0
    file = model_fit.losses_of_file(network, inputs_of(rows, np.zeros((57, 2), dtype=bool)), 8, 20)
    reconst, kl = losses_in_numpy(network, gather_windows(rows, np.arange(50, dtype=np.int32), 8))
    assert file.windows == 50
    for found, part in ((file.reconst, reconst), (file.kl, kl)):
        means = [part[:20].mean(), part[20:40].mean(), part[40:].mean()]
        assert found == pytest.approx(np.mean(means), rel=1e-5)
    assert abs(np.mean(reconst) - file.reconst) > 0.01


def test_many_windows_are_thinned_evenly(
    network: Autoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_fit, "MAX_WINDOWS", 5)
    seen: list[int] = []

    def look(values: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
        seen.extend(starts.tolist())
        return gather_windows(values, starts, length)

    monkeypatch.setattr(model_fit, "gather_windows", look)
    assert (
        window_losses(
            network, inputs_of(random_rows(48, 2)), np.arange(41, dtype=np.int32), 8
        ).windows
        == 5
    )
    assert seen[:5] == [0, 10, 20, 30, 40]
    assert set(seen[5:]) <= {40}  # what the batch is filled up with


def test_draws_of_z_are_part_of_the_reconstruction(network: Autoencoder) -> None:
    rows, starts = random_rows(20, 2), np.arange(13, dtype=np.int32)
    first, second = (window_losses(network, inputs_of(rows), starts, 8) for _ in range(2))
    assert first.reconst != second.reconst
    assert first.kl == second.kl


def test_a_file_has_one_result_however_many_were_scored_before(network: Autoencoder) -> None:
    inputs = inputs_of(random_rows(20, 2))
    first = model_fit.losses_of_file(network, inputs, 8)
    assert model_fit.losses_of_file(network, inputs, 8) == first
    batches = model_fit.losses_of_file(network, inputs, 8, 4)
    assert batches.reconst == pytest.approx(first.reconst, rel=0.2)
    window_losses(network, inputs, np.arange(13, dtype=np.int32), 8)  # the draws move on
    assert model_fit.losses_of_file(network, inputs, 8) != first


def test_windows_of_a_file_are_those_with_something_to_score(
    network: Autoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network.sampling, "call", lambda z_mean, z_log_var: z_mean)
    rows = random_rows(30, 2)
    observed = np.zeros((30, 2), dtype=bool)
    observed[3] = observed[[7, 12, 29], 1] = True  # the third row has no window that ends in it
    file = model_fit.losses_of_file(network, inputs_of(rows, observed), 8)
    expected = window_losses(network, inputs_of(rows), np.array([0, 5, 22], dtype=np.int32), 8)
    assert file == expected
    assert model_fit.losses_of_file(network, inputs_of(rows), 8).windows == 23


@pytest.mark.parametrize(("validation", "expected"), [(range(20, 30), 10), (range(0), 15)])
def test_files_are_held_against_the_validation_windows_or_without_any_trainings(
    network: Autoencoder, monkeypatch: pytest.MonkeyPatch, validation: range, expected: int
) -> None:
    monkeypatch.setattr(network.sampling, "call", lambda z_mean, z_log_var: z_mean)
    inputs = inputs_of(random_rows(40, 2))
    parts = [np.array(part, dtype=np.int32) for part in (range(15), validation)]
    found = model_fit.reference_losses(network, inputs, WindowSplit(*parts), 8)
    assert found.windows == expected
    assert found == window_losses(network, inputs, parts[len(validation) > 0], 8)


def test_a_file_without_anything_to_score_says_nothing(network: Autoencoder) -> None:
    nothing = np.zeros((100, 2), dtype=bool)
    file = model_fit.losses_of_file(network, inputs_of(random_rows(100, 2), nothing), 8)
    assert (file.windows, np.isnan(file.loss), np.isnan(file.median)) == (0, True, True)
    reference = WindowLosses(100, 0.5, 0.5, 1.0, 2.0)
    assert still_fits(file, reference, num_rows=100, window_length=8) is None


@pytest.mark.parametrize(("median", "fits"), [(1.0, True), (2.0, True), (2.01, False)])
def test_rule_of_drift(median: float, fits: bool) -> None:
    reference = WindowLosses(100, 0.5, 0.5, 1.0, 2.0)
    file = WindowLosses(10, 3.0, 0.1, median, 9.0)
    assert still_fits(file, reference, num_rows=80, window_length=8) is fits
    assert still_fits(file, reference, num_rows=79, window_length=8) is None


def test_few_anomalies_are_no_drift_and_a_shift_is(network: Autoencoder) -> None:
    rows = random_rows(400, 2)
    starts = np.arange(393, dtype=np.int32)
    reference = window_losses(network, inputs_of(rows), starts, 8)
    spiked = rows.copy()
    spiked[50:60] += 40.0
    file = window_losses(network, inputs_of(spiked), starts, 8)
    assert file.loss > 2 * abs(reference.loss)
    assert still_fits(file, reference, num_rows=400, window_length=8)
    shifted = window_losses(network, inputs_of(rows + 6.0), starts, 8)
    assert not still_fits(shifted, reference, num_rows=400, window_length=8)


def test_dictionary_and_back() -> None:
    losses = WindowLosses(3, 0.1, 0.2, 0.3, 0.4)
    assert losses.to_dict() == {
        "windows": 3,
        "reconst": 0.1,
        "kl": 0.2,
        "median": 0.3,
        "percentile_95": 0.4,
        "loss": 0.1 + 0.2,
    }
    assert WindowLosses.from_dict(losses.to_dict()) == losses
