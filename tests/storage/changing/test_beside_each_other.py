"""Commands beside a training that ends, held at every step: nothing is of two models."""

import itertools
import json
import re
import shutil
from pathlib import Path

import pytest

from dcvae import InputError
from dcvae.detection import Alphas
from dcvae.report import ResultsFolder
from dcvae.storage import open_model
from dcvae.storage.changing import settled
from dcvae.storage.changing.locks import lock
from dcvae.storage.training_folder import TrainingFolder
from support.broken_files import Operations
from support.stored_models import (
    SERIES,
    SOURCE,
    Network,
    contents,
    fitted_with,
    labeled,
    preprocessor_with,
    settings_with,
    state_with,
    thresholds_with,
    weights_in,
)


@pytest.fixture(autouse=True)
def quick(quick_saving, monkeypatch):
    monkeypatch.setattr(settled, "WAIT", 0.0)


@pytest.fixture
def models(tmp_path):
    return tmp_path / "models"


def train(models, content):
    with TrainingFolder(models, "toy") as folder:
        settings = settings_with().with_num_series(2, "data.csv")
        folder.begin(settings, preprocessor_with(), SOURCE, resume=False)
        folder.keep_state(state_with())
        folder.finish(fitted_with(Network(content)), SOURCE)


def opened(models):
    return open_model(models, settings_with()).snapshot()


def held_at_every_operation(models, command):
    """Train another model at each operation of a command on files; yield whether it could.

    It cannot at those that change the model: there the lock is held, for a moment.
    """
    base = models.with_name("base")
    train(base, b"1")
    for number in itertools.count(1):
        shutil.rmtree(models, ignore_errors=True)
        shutil.copytree(base, models)
        trained: list[bool] = []
        refusals: list[str] = []

        def hold(trained=trained, refusals=refusals):
            try:
                train(models, b"2")
                trained.append(True)
            except InputError as refusal:
                trained.append(False)
                refusals.append(str(refusal))

        operations = Operations(number, hold)
        command(operations)
        if not trained:
            assert number > 10
            return
        assert all(re.search(r"read or changed \((an|process)", text) for text in refusals)
        yield trained[0]


def folder_of(models, content):
    [found] = [
        path
        for path in (models / "toy", models / "toy.previous")
        if path.exists() and weights_in(path) == content
    ]
    return found


def test_thresholds_are_written_to_the_model_that_was_read(models, tmp_path):
    data = labeled(tmp_path)
    written = []

    def define(operations):
        model = opened(models)
        with operations.watched():
            thresholds = thresholds_with(Alphas.default(SERIES, 2.5))
            written[:] = model.write_thresholds(thresholds, *data)

    could = []
    for trained in held_at_every_operation(models, define):
        could.append(trained)
        mine = folder_of(models, b"1")
        assert json.loads((mine / "alphas_source.json").read_text())["data"] == "labeled.csv"
        assert "2.5" in (mine / "alphas.csv").read_text()
        if trained:
            other = folder_of(models, b"2")
            assert json.loads((other / "alphas_source.json").read_text())["data"] == "train.csv"
            assert "2.5" not in (other / "alphas.csv").read_text()
    assert set(could) == {False, True}


class Written(ResultsFolder):
    """A single file of results."""

    def write(self, number, *more):
        self._add("anomaly_predictions.csv", f"of {number}")


def test_results_are_written_to_the_model_that_was_read(models):
    folders = []

    def detect(operations):
        model = opened(models)
        with (
            operations.watched(),
            Written(model.folder, Path("x.csv"), identity=model.identity) as results,
        ):
            results.write(1)
        folders.append(results.folder)

    could = []
    for trained in held_at_every_operation(models, detect):
        could.append(trained)
        mine = folder_of(models, b"1")
        assert contents(mine / "results") == {"x/anomaly_predictions.csv": b"of 1"}
        assert not list(models.glob("*/results/.*"))
        if trained:
            other = folder_of(models, b"2")
            assert not (other / "results").exists()
            assert folders[-1] in (mine / "results" / "x", other / "results" / "x")
    assert set(could) == {False, True}
    assert {folder.parts[-3] for folder in folders} == {"toy", "toy.previous"}


def test_what_is_read_is_of_one_model(models):
    """From the moment that it is opened: files, thresholds and network."""

    def read(operations):
        with operations.watched():
            model = opened(models)
        before = {name: content for name, content in model.kept.items() if content is not None}
        found = contents(folder_of(models, b"1"))
        assert {name: found[name] for name in before} == before
        train(models, b"3")
        assert model.thresholds()
        assert {name: content for name, content in model.kept.items() if content} == before

    base = models.with_name("base")
    train(base, b"1")
    shutil.copytree(base, models)
    read(Operations())


@pytest.mark.parametrize("what", ["thresholds", "results"])
def test_a_model_that_is_gone_is_told(models, tmp_path, what):
    train(models, b"1")
    model, data = opened(models), labeled(tmp_path)
    results = Written(model.folder, Path("x.csv"), identity=model.identity)
    results.__enter__()
    for content in (b"2", b"3"):
        train(models, content)
    before = contents(models)

    def end():
        if what == "results":
            results.__exit__(None)
        else:
            model.write_thresholds(thresholds_with(Alphas.default(SERIES, 2.5)), *data)

    with pytest.raises(InputError, match="is not there any more: it was trained again or removed"):
        end()
    results.__exit__(InputError)
    assert contents(models) == {name: before[name] for name in before if ".lock" not in name}


def test_a_second_training_under_a_name_is_refused_at_once(models):
    train(models, b"1")
    before = contents(models)
    with (
        TrainingFolder(models, "toy"),
        pytest.raises(
            InputError,
            match=r"^A training under the name toy is running \(process \d+ on .*, since \d{4}-.*"
            r"\)\. Wait for its end, stop it, or give another `model_name`\.$",
        ),
    ):
        train(models, b"2")
    assert contents(models) == before
    train(models, b"2")
    with TrainingFolder(models, "toy"), TrainingFolder(models, "other"):
        assert opened(models)  # and nothing else waits for it


def test_a_second_run_on_a_file_is_refused_at_once(models):
    train(models, b"1")
    folder = models / "toy"
    with (
        Written(folder, Path("x.csv")) as first,
        pytest.raises(InputError, match=r"Another run writes results to .*x \(process \d+ on"),
        Written(folder, Path("some/where/x.csv.gz")),
    ):
        raise AssertionError
    with Written(folder, Path("x.csv")) as first, Written(folder, Path("y.csv")) as second:
        first.write(1)
        second.write(2)
    assert contents(folder / "results") == {
        "x/anomaly_predictions.csv": b"of 1",
        "y/anomaly_predictions.csv": b"of 2",
    }


def test_a_training_whose_name_is_held_for_long_can_be_finished_later(models):
    train(models, b"1")
    with (
        lock(models / ".toy.lock"),
        pytest.raises(InputError, match=r"toy is being read or changed \(process .*Wait for the"),
    ):
        opened(models)
    folder = TrainingFolder(models, "toy")
    settings = settings_with().with_num_series(2, "data.csv")
    folder.begin(settings, preprocessor_with(), SOURCE, resume=False)
    folder.keep_state(state_with())
    with lock(models / ".toy.lock"), pytest.raises(InputError, match="is being read or changed"):
        folder.finish(fitted_with(Network(b"2")), SOURCE)
    assert weights_in(models / "toy") == b"1"
    with TrainingFolder(models, "toy") as again:
        again.check_resumable(settings, SOURCE)
        state = again.begin(settings, preprocessor_with(), SOURCE, resume=True)
        assert state.is_unsaved
        again.finish(fitted_with(Network(b"2")), SOURCE)
    assert weights_in(models / "toy") == b"2"
