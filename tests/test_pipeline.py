"""The pipeline: each step is what its parts give one by one, and nothing is done twice."""

import itertools
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError, pipeline
from dcvae._arrays import IntArray
from dcvae._threads import processor
from dcvae.config import Settings
from dcvae.data import ModelInput, Table, TrainingData, after_gap, assess, training_data
from dcvae.data.windows import shuffled
from dcvae.detection import Thresholds, fit_thresholds, microseconds, standardized_residual
from dcvae.networks import build_network
from dcvae.pipeline import FittedModel, ModelDescription
from dcvae.scoring import (
    CausalScorer,
    LossPass,
    Scores,
    WindowAverageScorer,
    incident_rows,
    losses_of_file,
    reference_losses,
    window_starts,
)
from dcvae.training import EpochLosses, KerasEpochs, TrainingState
from support.builders import random_rows
from support.network_tools import arrays_of_network, seq2seq_settings
from support.pipeline_tools import (
    AFTER_GAP,
    NUM_ROWS,
    labels_of,
    quick_settings,
    table_of,
    training_table,
)

LENGTH = 16


class Told:
    """Notes every call that a fit makes, in order."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.states: list[TrainingState] = []

    def start(self, network: Any, device: str) -> None:
        self.calls.append(("start", (network, device)))

    def keep(self, state: TrainingState) -> None:
        self.states.append(state)
        self.calls.append(("keep", len(state.history)))

    def step(self, epoch: int, step: int, num_steps: int, loss: float) -> None:
        self.calls.append(("step", epoch))

    def epoch(self, losses: EpochLosses, is_best: bool) -> None:
        self.calls.append(("epoch", losses.epoch))


@pytest.fixture(scope="module")
def told() -> Told:
    return Told()


@pytest.fixture(scope="module")
def model(told: Told) -> FittedModel:
    settings = quick_settings()
    data = training_data(training_table(), settings)
    return pipeline.fit(data, settings, on_start=told.start, keep=told.keep, progress=told)


def fit_in_keras(told: Told, state: TrainingState | None = None) -> FittedModel:
    """Fit with Keras."""
    settings = quick_settings()
    data = training_data(training_table(), settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DCVAE_ENGINE", "keras")
        return pipeline.fit(data, settings, state=state, keep=told.keep)


@pytest.fixture(scope="module")
def told_in_keras() -> Told:
    return Told()


@pytest.fixture(scope="module")
def in_keras(told_in_keras: Told) -> FittedModel:
    """The same model, trained with Keras."""
    return fit_in_keras(told_in_keras)


@pytest.fixture(scope="module")
def later() -> Table:
    """A file to score: other rows, some of them strange."""
    table = table_of(random_rows(90, 2, seed=9) * [1.0, 0.2] + [10.0, -2.0], "later.csv")
    table.frame.iloc[60:64] += 4.0
    table.frame.iloc[30, 1] = np.nan
    return table


def scores_of(model: FittedModel, table: Table) -> Scores:
    sigma = model.calibration.sigma(model.settings.sigma)
    return CausalScorer.of(model.network, model.settings, sigma).score(model.inputs(table))


def thresholds_of(
    model: FittedModel, inputs: ModelInput, scores: Scores, **others: Any
) -> Thresholds:
    return fit_thresholds(
        scores.error,
        standardized_residual(scores.error, scores.sigma),
        ("a", "b"),
        model.settings,
        times=times_of(inputs),
        step_seconds=60.0,
        offline=WindowAverageScorer(model.network, LENGTH)
        .score(inputs, model.calibration.reference_levels)
        .cell[LENGTH - 1 :],
        **{"incidents": incident_rows(scores.error)} | others,
    )


def times_of(inputs: ModelInput) -> IntArray:
    return microseconds(inputs.times[LENGTH - 1 :])


def assert_same_weights(left: Any, right: Any) -> None:
    for one, other in zip(arrays_of_network(left), arrays_of_network(right), strict=True):
        np.testing.assert_array_equal(one, other)


def assert_similar(left: TrainingState, right: TrainingState) -> None:
    """The same losses and variables but for rounding, of the same names, dtypes and shapes."""
    np.testing.assert_allclose(left.history, right.history, rtol=1e-4)
    for one, other in ((left.last, right.last), (left.best, right.best)):
        assert [*one] == [*other]
        for name, values in one.items():
            assert (values.dtype, values.shape) == (other[name].dtype, other[name].shape), name
            np.testing.assert_allclose(values, other[name], rtol=1e-3, atol=1e-4, err_msg=name)


def assert_same_thresholds(left: Any, right: Any) -> None:
    np.testing.assert_array_equal(left.alphas.down, right.alphas.down)
    np.testing.assert_array_equal(left.alphas.up, right.alphas.up)
    assert left.alarm.to_dict(("a", "b")) == right.alarm.to_dict(("a", "b"))
    # Training windows were looked at by then, in batches of other sizes.
    offline = [found.offline.to_dict(("a", "b")) for found in (left, right)]
    for name in ("threshold", "level"):
        assert offline[0][name] == pytest.approx(offline[1][name], rel=1e-4)
    assert offline[0]["rules"] == offline[1]["rules"]
    for name, part in offline[0]["following"].items():
        other = offline[1]["following"][name]
        assert part == (other if part is None else pytest.approx(other, rel=1e-4)), name
    np.testing.assert_array_equal(left.events_per_week, right.events_per_week)


# ------------------------------------------------------------------- a model without its network


def test_inputs_are_what_the_network_is_given(model: FittedModel) -> None:
    table = training_table()
    description = ModelDescription(model.settings, model.preprocessor, 60.0)
    inputs = description.inputs(table)
    filled = table.frame.ffill().to_numpy()  # what is missing here is missing for a few rows only
    expected = (filled - model.preprocessor.mean) / model.preprocessor.scale
    np.testing.assert_allclose(inputs.values, expected, rtol=1e-5, atol=1e-6)
    assert inputs.values.dtype == np.float32
    np.testing.assert_array_equal(inputs.observed, table.frame.notna())
    assert np.flatnonzero(inputs.gaps).tolist() == [AFTER_GAP]
    assert inputs.times.equals(table.frame.index)
    np.testing.assert_array_equal(description.after_gap(table), inputs.gaps)


def test_without_a_longest_gap_windows_cross_any(model: FittedModel) -> None:
    settings = model.settings.model_copy(update={"max_gap": None})
    description = ModelDescription(settings, model.preprocessor, 60.0)
    assert not description.inputs(training_table()).gaps.any()


def test_description_knows_series_steps_and_quality(model: FittedModel, later: Table) -> None:
    assert model.series == ("a", "b")
    assert model.step_seconds == 60.0
    assert model.step_notice(later) == []
    times = pd.date_range("2021-01-01", periods=len(later.frame), freq="5min")
    (notice,) = model.step_notice(Table(later.path, later.frame.set_axis(times), []))
    assert "step is 5 min, but the model was trained on steps of 1 min" in notice
    gaps = after_gap(pd.DatetimeIndex(later.frame.index), 60.0, 3)
    expected = assess(later.frame, gaps, model.preprocessor.longest_constant, LENGTH)
    pd.testing.assert_frame_equal(model.quality(later).table, expected.table)


# ------------------------------------------------------------------- fit


def test_fit_tells_of_its_start_and_of_every_epoch(model: FittedModel, told: Told) -> None:
    (kind, (network, device)), *calls = told.calls
    assert (kind, device) == ("start", model.training.device)
    assert_same_weights(network, build_network(model.settings))
    assert [call for call in calls if call[0] != "step"] == [
        ("keep", 1),
        ("epoch", 1),
        ("keep", 2),
        ("epoch", 2),
    ]
    assert {epoch for kind, epoch in calls if kind == "step"} == {1, 2}


def test_network_holds_the_best_epoch_and_the_summary_says_how(
    model: FittedModel, told: Told
) -> None:
    summary = model.training
    assert summary.result.ending == "all epochs done"
    assert summary.result.state is told.states[-1]
    best = summary.result.state.best.items()
    # The draws went on: losses are measured with some.
    expected = [values for name, values in best if "seed" not in name]
    for left, right in zip(arrays_of_network(model.network), expected, strict=True):
        np.testing.assert_array_equal(left, right)
    data = training_data(training_table(), model.settings)
    np.testing.assert_array_equal(summary.split.train, data.split.train)
    np.testing.assert_array_equal(summary.split.validation, data.split.validation)
    reference = reference_losses(model.network, data.inputs, data.split, LENGTH)
    assert summary.losses.windows == reference.windows == len(data.split.validation)
    assert summary.losses.kl == pytest.approx(reference.kl)
    assert 0 < summary.seconds < 600


def test_thresholds_are_fitted_to_the_scores_of_the_training_table(model: FittedModel) -> None:
    table = training_table()
    inputs = model.inputs(table)
    last = int(times_of(inputs)[-1])
    expected = thresholds_of(model, inputs, scores_of(model, table), trained_until=last)
    assert_same_thresholds(model.thresholds, expected)
    assert set(model.thresholds.alphas.method) == {"quantile"}


def test_resumed_fit_is_the_uninterrupted_one(model: FittedModel, told: Told) -> None:
    data = training_data(training_table(), model.settings)
    resumed = pipeline.fit(data, model.settings, state=told.states[0])
    assert resumed.training.result.state.history == model.training.result.state.history
    assert_same_weights(resumed.network, model.network)
    assert_same_thresholds(resumed.thresholds, model.thresholds)


def test_a_training_is_resumed_by_either_engine(
    model: FittedModel, told: Told, in_keras: FittedModel, told_in_keras: Told
) -> None:
    """An epoch of each gives what two of one give, but for rounding."""
    data = training_data(training_table(), model.settings)
    in_numpy = pipeline.fit(data, model.settings, state=told_in_keras.states[0])
    for resumed, whole in ((in_numpy, model), (fit_in_keras(Told(), told.states[0]), in_keras)):
        assert resumed.training.engine == whole.training.engine
        assert_similar(resumed.training.result.state, whole.training.result.state)


def test_both_engines_train_the_same_network(model: FittedModel, in_keras: FittedModel) -> None:
    assert_similar(model.training.result.state, in_keras.training.result.state)
    assert (model.training.engine, in_keras.training.engine) == ("numpy", "keras")
    assert model.training.device == f"{processor()} (NumPy)"
    assert in_keras.training.device.endswith("(no GPU visible to tensorflow)")


STRANGE = 70  # a row


def trimmed_fit(
    make: Callable[..., Settings], states: list[TrainingState], begin: int = 0
) -> tuple[FittedModel, TrainingData]:
    """Fit to 96 windows of 8 rows, of which 8 have a strange row; 8 are left out of an epoch."""
    values = np.sin(np.arange(103)[:, None] / 5 + [0.0, 1.0]) + 0.05 * random_rows(103, 2, seed=3)
    values[STRANGE] += [9.0, -9.0]
    keys = {"T": 8, "val_percent": 0.0, "epochs": 3, "batch_size": 16, "wo_outliers": False}
    settings = make(**keys, trim_windows=0.09)
    data = training_data(table_of(values), settings)
    state = states[begin - 1] if begin else None
    return pipeline.fit(data, settings, state=state, keep=states.append), data


@pytest.mark.parametrize("make", [quick_settings, seq2seq_settings])
def test_a_resumed_training_leaves_out_the_same_windows(make: Callable[..., Settings]) -> None:
    """In NumPy and in Keras; it is the same to the last bit."""
    states: list[TrainingState] = []
    model, _ = trimmed_fit(make, states)
    assert [state.trimmed.sum(axis=1).tolist() for state in states[1:]] == [[96, 8], [192, 16]]
    again = states[:2]
    resumed, _ = trimmed_fit(make, again, begin=2)
    for name in ("last", "best"):
        for variable, value in getattr(states[-1], name).items():
            np.testing.assert_array_equal(getattr(again[-1], name)[variable], value)
    np.testing.assert_array_equal(again[-1].trimmed, states[-1].trimmed)
    assert resumed.training.suspects == model.training.suspects


def test_windows_with_what_is_strange_are_left_out_and_its_time_is_told() -> None:
    states: list[TrainingState] = []
    model, _ = trimmed_fit(seq2seq_settings, states)
    out = np.zeros(96, dtype=int)
    out[STRANGE - 7 : STRANGE + 1] = 2
    assert states[-1].trimmed[1].tolist() == out.tolist()
    time = pd.Timestamp("2021-01-01 01:10")
    assert model.training.suspects == ((time, time, 1.0),)
    assert model.training.notices() == [
        "Left out most often by `trim_windows`: 2021-01-01 01:10:00 (100% of its windows). If "
        "something was wrong then, leave these rows out of the training file, or label them."
    ]


def test_numpy_leaves_out_what_has_the_largest_losses_in_keras() -> None:
    """By the weights after the epoch before, drawn for alike."""
    states: list[TrainingState] = []
    model, data = trimmed_fit(quick_settings, states)
    assert model.training.engine == "numpy"
    network = build_network(model.settings)
    runner = KerasEpochs(network, data.inputs.values, model.settings)
    windows = data.split.train
    before = np.zeros(96, dtype=np.int64)
    for epoch, (last, state) in enumerate(itertools.pairwise(states), start=2):
        runner.restore(last.last)
        order = shuffled(windows, model.settings.seed, epoch)
        losses = LossPass(network, 8).losses(data.inputs.values, order).sum(axis=0)
        assert set(order[np.argsort(losses)[-8:]]) == set(windows[state.trimmed[1] > before])
        before = state.trimmed[1]


def test_number_of_series_is_taken_from_the_data(model: FittedModel) -> None:
    settings = quick_settings(M=None)
    fitted = pipeline.fit(training_data(training_table(), settings), settings)
    assert fitted.settings == model.settings
    with pytest.raises(
        InputError, match=r"^`M` is 3 in .* but train\.csv has 2 series; use a file"
    ):
        pipeline.fit(training_data(training_table(), settings), quick_settings(M=3))


@pytest.fixture(scope="module")
def labeled() -> FittedModel:
    settings, table = quick_settings(), training_table()
    data = training_data(table, settings, labels_of(table, slice(50, 55)))
    return pipeline.fit(data, settings, score_training=True)


def test_cells_whose_window_has_a_label_are_not_fitted_to(labeled: FittedModel) -> None:
    table = training_table()
    table.frame.iloc[50:55, 1] = np.nan
    scores = scores_of(labeled, table)
    for row in range(len(scores.error)):  # the window of row i has the rows i to i + 15
        if any(50 <= other < 55 for other in range(row, row + LENGTH)):
            scores.error[row] = np.nan
    inputs = labeled.inputs(table)
    observed = inputs.observed.copy()
    observed[50 : 55 + LENGTH - 1] = False  # rows whose window has a label
    inputs = replace(inputs, observed=observed)
    last = int(times_of(inputs)[-1])
    expected = thresholds_of(labeled, inputs, scores, trained_until=last)
    assert_same_thresholds(labeled.thresholds, expected)
    train, validation = labeled.training.split.train, labeled.training.split.validation
    assert not {*range(35, 55)} & {*train, *validation}


# ------------------------------------------------------------------- scores of the training table


def test_labeled_training_rows_are_scored_as_any_table(labeled: FittedModel) -> None:
    table = training_table()
    table.frame.iloc[50:55, 1] = np.nan
    expected = labeled.score(table).row
    assert expected.shape == (NUM_ROWS,)
    np.testing.assert_allclose(labeled.training.row_scores, expected, rtol=1e-5)


def test_no_window_of_the_training_table_is_looked_at_twice(
    model: FittedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by scoring the training rows, which calibration has looked at."""
    looked: list[int] = []
    squares = WindowAverageScorer.squares

    def look(scorer: WindowAverageScorer, inputs: Any, starts: Any) -> Any:
        looked.extend(starts.tolist())
        return squares(scorer, inputs, starts)

    monkeypatch.setattr(WindowAverageScorer, "squares", look)
    data = training_data(training_table(), model.settings)
    found = pipeline.fit(data, model.settings, score_training=True).training.row_scores
    assert len(looked) == len(set(looked))
    assert set(looked) >= set(window_starts(NUM_ROWS, LENGTH, data.inputs.gaps).tolist())
    np.testing.assert_allclose(found, model.score(training_table()).row, rtol=1e-5)
    assert model.training.row_scores.size == 0  # it was not asked for them


def test_a_model_that_was_not_fitted_here_knows_no_training(model: FittedModel) -> None:
    stored = replace(model, summary=None)
    message = r"^Expected a model that was fitted here\. Received: one from disk\.$"
    with pytest.raises(ValueError, match=message):
        _ = stored.training


# ------------------------------------------------------------------- scores and detections


def test_scores_are_those_of_the_windows_that_contain_a_row(
    model: FittedModel, later: Table
) -> None:
    scorer = WindowAverageScorer(model.network, LENGTH)
    expected = scorer.score(model.inputs(later), model.calibration.reference_levels)
    found = model.score(later)
    np.testing.assert_allclose(found.row, expected.row, rtol=1e-6)
    np.testing.assert_allclose(found.cell, expected.cell, rtol=1e-6)
    assert 55 <= int(np.argmax(found.row)) < 69


@pytest.mark.parametrize("num_rows", [1, 5, LENGTH - 1, LENGTH])
def test_a_table_shorter_than_a_window_is_one_window(
    num_rows: int, model: FittedModel, later: Table
) -> None:
    """Its first row had been there before, unobserved."""
    values = model.inputs(later).values[:num_rows]
    window = np.concatenate([np.repeat(values[:1], LENGTH - num_rows, axis=0), values])[None]
    mean, sigma, _ = model.network.reconstruct(window)
    error = (window - mean)[0, -num_rows:]
    in_sigmas = error / sigma[0, -num_rows:]
    squares = np.stack([np.square(part).mean(axis=0) for part in (in_sigmas, error)])
    expected = np.log1p(squares / model.calibration.reference_levels).mean(axis=0)
    found = model.score(Table(later.path, later.frame[:num_rows], []))
    assert found.cell.shape == (num_rows, 2)
    np.testing.assert_allclose(found.cell, np.tile(expected, (num_rows, 1)), rtol=1e-4)
    np.testing.assert_allclose(found.row, np.full(num_rows, expected.mean()), rtol=1e-4)


def test_detection_is_made_of_the_causal_scores(model: FittedModel, later: Table) -> None:
    scores, detection = scores_of(model, later), model.detect(later)
    for name in ("mean", "error", "latent"):
        np.testing.assert_array_equal(getattr(detection, name), getattr(scores, name))
    alphas, alarm = model.thresholds.alphas, model.thresholds.alarm
    judged = alarm.judge(scores.error, times_of(model.inputs(later)))
    for found, expected in zip(detection.judged, judged, strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(detection.sigma, scores.sigma * judged.widths)
    residual = standardized_residual(scores.error, scores.sigma) / judged.widths
    np.testing.assert_array_equal(detection.residual, residual)
    with np.errstate(invalid="ignore"):
        outside = (residual < -alphas.down) | (residual > alphas.up)
    np.testing.assert_array_equal(detection.flags, outside)
    np.testing.assert_array_equal(detection.score, alarm.score(scores.error))
    raised, series = alarm.alarms(judged, residual, alphas)
    np.testing.assert_array_equal(detection.alarm, raised)
    np.testing.assert_array_equal(detection.series_alarms, series)
    np.testing.assert_array_equal(detection.offline, model.score(later).row[LENGTH - 1 :])
    pd.testing.assert_frame_equal(detection.frame, later.frame[LENGTH - 1 :])
    assert detection.flags.any()


def test_blocks_of_scores_pass_through_what_shows_them(model: FittedModel, later: Table) -> None:
    shown: list[tuple[int, int]] = []

    def show(blocks: Any, num_rows: int) -> Any:
        for block in blocks:
            shown.append((len(block.mean), num_rows))
            yield block

    model.detect(later, show)
    assert sum(rows for rows, _ in shown) == 90 - LENGTH + 1
    assert {num_rows for _, num_rows in shown} == {90 - LENGTH + 1}


def test_fewer_rows_than_a_window_cannot_be_detected_in(model: FittedModel, later: Table) -> None:
    short = Table(later.path, later.frame[: LENGTH - 1], [])
    with pytest.raises(InputError, match=r"at least `T` = 16 rows to score\. Received: 15\."):
        model.detect(short)


@pytest.mark.parametrize("with_labels", [False, True])
def test_thresholds_of_another_table(with_labels: bool, model: FittedModel, later: Table) -> None:
    labels = labels_of(later, slice(60, 64)) if with_labels else None
    others = {} if labels is None else {"labels": labels.frame.to_numpy(), "incidents": None}
    expected = thresholds_of(model, model.inputs(later), scores_of(model, later), **others)
    assert_same_thresholds(model.fit_thresholds(later, labels), expected)


def test_losses_of_a_table(model: FittedModel, later: Table) -> None:
    inputs = model.inputs(later)
    assert model.losses(inputs) == losses_of_file(model.network, inputs, LENGTH)


def test_a_pickled_network_keeps_its_own_layers_whatever_the_settings_say(
    in_keras: FittedModel, later: Table
) -> None:
    """As of an earlier version, whose settings stood for other layers."""
    model = in_keras
    weights = model.scorer.__getstate__()["weights"]
    assert [type(part) for part in weights] == [np.ndarray] * len(weights)
    wider = model.settings.model_copy(update={"cnn_units": (5, 6), "dil_rate": (1, 2, 4)})
    again = pickle.loads(pickle.dumps(replace(model, settings=wider)))
    np.testing.assert_array_equal(again.score(later).row, model.score(later).row)
    earlier = {key: value for key, value in model.__getstate__().items() if key != "layers"}
    restored = object.__new__(FittedModel)
    restored.__setstate__(earlier)
    np.testing.assert_array_equal(restored.score(later).row, model.score(later).row)


def test_losses_of_a_table_as_the_published_program_prints_them(
    model: FittedModel, later: Table
) -> None:
    settings = model.settings.model_copy(update={"fidelity_losses": "code", "batch_size": 7})
    inputs = model.inputs(later)
    found = replace(model, settings=settings).losses(inputs)
    assert found == losses_of_file(model.network, inputs, LENGTH, 7)
    assert found.windows == len(inputs.values) - LENGTH + 1


def test_a_pickled_model_scores_the_same(model: FittedModel, later: Table) -> None:
    again = pickle.loads(pickle.dumps(model))
    assert again.network is not model.network
    assert_same_weights(again.network, model.network)
    np.testing.assert_array_equal(again.score(later).row, model.score(later).row)
    np.testing.assert_array_equal(again.score(later).cell, model.score(later).cell)
    assert_same_thresholds(again.thresholds, model.thresholds)
    assert again.calibration.to_dict() == model.calibration.to_dict()
    assert again.training.result.state.history == model.training.result.state.history
    assert (again.settings, again.series) == (model.settings, model.series)


# ------------------------------------------------------------------- constants


def constant_table(rows: int, seed: int) -> Table:
    """A wave, and a series that never changes."""
    random = np.random.default_rng(seed)
    wave = np.sin(np.arange(rows) / 5) * 3 + random.normal(size=rows) * 0.3
    return table_of(np.column_stack([wave, np.full(rows, 0.1)]))


@pytest.fixture(scope="module")
def of_constant() -> FittedModel:
    """A model of a series that never changes."""
    table, settings = constant_table(240, 0), quick_settings()
    return pipeline.fit(training_data(table, settings), settings)


@pytest.mark.parametrize("value", [0.1001, 100.0, 1e300, -5.0])
def test_any_value_that_a_constant_has_not_had_is_found_and_changes_nothing_else(
    of_constant: FittedModel, value: float
) -> None:
    table = constant_table(200, 1)
    normal = of_constant.detect(table)
    table.frame.iloc[100:110, 1] = value
    found = of_constant.detect(table)
    assert not normal.flags[:, 1].any()
    assert (np.flatnonzero(found.flags[:, 1]) + 15).tolist() == [*range(100, 110)]
    assert (np.abs(found.residual[85:95, 1]) == 1000).all()
    for name in ("flags", "residual", "mean", "sigma"):
        np.testing.assert_array_equal(getattr(found, name)[:, 0], getattr(normal, name)[:, 0])
    assert found.alarm[85:95].all()
    assert not normal.alarm.any()


def test_a_new_value_is_left_out_of_what_is_fitted_to_normal_data(
    of_constant: FittedModel,
) -> None:
    """One row at 7 would be the threshold of 7, and a constant would no longer be one."""
    assert of_constant.calibration.reference_levels[:, 1].tolist() == [1e-8, 1e-8]
    assert of_constant.thresholds.alarm.reference_level[1] == 1e-5
    assert of_constant.thresholds.alphas.up[1] < 10
    table = constant_table(240, 2)
    table.frame.iloc[100, 1] = 7.0
    fitted = of_constant.fit_thresholds(table)
    assert fitted.alarm.reference_level[1] == 1e-5
    labeled = of_constant.fit_thresholds(table, labels_of(table, slice(100, 101)))
    assert labeled.alphas.f1[1] == 1.0


def test_a_wild_cell_leaves_no_mark_beyond_what_training_held(of_constant: FittedModel) -> None:
    answers = []
    for value in (1e9, 1e308, np.finfo(float).max):
        table = constant_table(200, 1)
        table.frame.iloc[100, 0] = value
        answers.append(of_constant.detect(table))
        assert answers[-1].flags[85, 0]
    for answer in answers[1:]:
        for name in ("mean", "sigma", "latent"):
            np.testing.assert_array_equal(getattr(answer, name), getattr(answers[0], name))
    bounded = of_constant.inputs(table).values
    assert of_constant.preprocessor.upper is not None
    assert np.abs(bounded).max() < 5
