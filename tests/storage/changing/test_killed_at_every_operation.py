"""A kill, Ctrl-C or a full disk at every operation on files: the old is found, or the new."""

import errno
import itertools
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest

from dcvae.detection import Alphas
from dcvae.report import ResultsFolder
from dcvae.storage import copy_model, open_model
from dcvae.storage.training_folder import TrainingFolder
from support.broken_files import KilledError, Operations, without_exchange
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

pytestmark = pytest.mark.slow


def full_disk():
    return OSError(errno.ENOSPC, "No space left on device")


CASES = {  # how two folders change places; what happens, and whether the operation is done before
    "killed": (nullcontext, KilledError, False),
    "killed between two renamings": (without_exchange, KilledError, False),
    "Ctrl-C before": (nullcontext, KeyboardInterrupt, False),
    "Ctrl-C after": (nullcontext, KeyboardInterrupt, True),
    "Ctrl-C between two renamings": (without_exchange, KeyboardInterrupt, False),
    "disk full": (nullcontext, full_disk, False),
    "disk full between two renamings": (without_exchange, full_disk, False),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


@pytest.fixture(autouse=True)
def quick(quick_saving):
    """Nothing here is about figures or power cuts."""


def broken_at_every_operation(base, place, change, case):
    """Yield the changes told, and whether it was stopped, of a run broken at each operation.

    Args:
        base: folder that is copied for each run.
        place: where it is copied to.
        change: takes a list of changes, and changes files.
        case: one of CASES.
    """
    system, end, after = case
    for number in itertools.count(1):
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(base, place, symlinks=True)
        told: list[str] = []
        operations = Operations(number, end, after=after)
        with system(), operations.watched():
            try:
                change(told)
                stopped = False
            except (KilledError, KeyboardInterrupt, OSError):
                stopped = True
        yield told, stopped
        if operations.count < number:
            assert number > 10
            return


def hidden(folder):
    return [
        path.name
        for path in folder.rglob(".*")
        if not path.name.endswith(".lock")  # one that was left locks nothing
    ]


# --- Thresholds --------------------------------------------------------------------------------

FILES = ("alphas.csv", "alphas_source.json", "alarms.json")


def write_thresholds(models, alpha, told=None):
    model = open_model(models, settings_with()).snapshot()
    data = labeled(models.parent)
    thresholds = thresholds_with(Alphas.default(SERIES, alpha))
    return model.write_thresholds(thresholds, data[0], data[1] if alpha > 2 else None, told)


def test_thresholds(models, tmp_path, case):
    write_thresholds(models, 2.0)
    base = tmp_path / "base"
    models.rename(base)
    expected = []
    for alpha in (2.0, 3.0):
        shutil.copytree(base, models)
        write_thresholds(models, alpha)
        expected.append({name: (models / "toy" / name).read_bytes() for name in FILES})
        shutil.rmtree(models)
    old, new = expected
    assert all(old[name] != new[name] for name in ("alphas.csv", "alphas_source.json"))

    found = []
    data = labeled(tmp_path)
    shutil.copytree(base, models)
    model = open_model(models, settings_with()).snapshot()

    def change(told):
        model.write_thresholds(thresholds_with(Alphas.default(SERIES, 3.0)), *data, told)

    for told, stopped in broken_at_every_operation(base, models, change, case):
        if case[1] is not KilledError:  # nothing is left to the next command
            here = {name: (models / "toy" / name).read_bytes() for name in FILES}
            assert here in (old, new)
            assert hidden(models) == []
            assert bool(told) == (here == new)
        snapshot = open_model(models, settings_with()).snapshot().kept
        read = {name: snapshot[name] for name in FILES}
        assert read in (old, new)
        assert {name: (models / "toy" / name).read_bytes() for name in FILES} == read
        assert hidden(models) == []
        if not stopped:
            assert read == new
            assert told == [f"the new thresholds are in {models / 'toy'}"]
        found.append(read == new)
    assert set(found) == {False, True}


# --- A model -----------------------------------------------------------------------------------


def train(models, content, told=None, *, resume=False):
    settings = settings_with().with_num_series(2, "data.csv")
    with TrainingFolder(models, "toy", told) as folder:
        if resume:
            folder.check_resumable(settings, SOURCE)
        state = folder.begin(settings, preprocessor_with(), SOURCE, resume=resume)
        if not state.history:
            folder.keep_state(state_with())
        folder.finish(fitted_with(Network(content)), SOURCE)


def whole(folder):
    """The weights of a model that opens."""
    assert open_model(folder.parent, settings_with(model_name=folder.name)).thresholds()
    return weights_in(folder)


def weights(models):
    """Those of the model and of the one before, each whole and of one training."""
    return whole(models / "toy"), weights_in(models / "toy.previous")


def test_a_training(tmp_path, case):
    models, base = tmp_path / "models", tmp_path / "base"
    for content in (b"0", b"1"):
        train(base, content)
    old, new = (b"1", b"0"), (b"2", b"1")
    found = []

    def change(told):
        train(models, b"2", told)

    for told, stopped in broken_at_every_operation(base, models, change, case):
        if case[1] is not KilledError:
            assert weights(models) in (old, new)
            is_new = weights_in(models / "toy") == b"2"
            assert (told[-1:] == [f"the new model is in {models / 'toy'}"]) == is_new
            state = models / "toy.partial" / "training_state.npz"
            assert (told[-1:] != []) == (is_new or state.exists())
        elif case[0] is nullcontext:  # the name is never without a model, for others to see
            assert weights_in(models / "toy") in (b"1", b"2")
        assert whole(models / "toy") in (b"1", b"2")  # the next command has put all right
        assert weights(models) in (old, new)
        found.append(weights(models) == new)
        assert found[-1] or stopped
        if found[-1] or len(found) % 3:  # every third, to save time
            continue
        if (models / "toy.partial").exists():  # nothing of the training is lost
            train(models, b"2", resume=True)
        else:
            train(models, b"2")
        assert weights(models) == new
        assert {path.name for path in models.iterdir()} == {"toy", "toy.previous"}
        assert hidden(models) == []
    assert set(found) == {False, True}


def test_a_new_training_beside_one_that_was_cut_off(tmp_path, case):
    """The old one can be resumed until the new one can be."""
    models, base = tmp_path / "models", tmp_path / "base"
    settings = settings_with().with_num_series(2, "data.csv")

    def begin(place, epochs, told=None):
        folder = TrainingFolder(place, "toy", told)
        folder.begin(settings, preprocessor_with(), SOURCE, resume=False)
        folder.keep_state(state_with(epochs))

    begin(base, 5)
    for told, stopped in broken_at_every_operation(
        base, models, lambda told: begin(models, 1, told), case
    ):
        folder = TrainingFolder(models, "toy")
        folder.check_resumable(settings, SOURCE)
        state = folder.begin(settings, preprocessor_with(), SOURCE, resume=True)
        assert len(state.history) == (1 if told or not stopped else 5) or case[1] is KilledError
        assert len(state.history) in (1, 5)


def test_a_copy(tmp_path, case):
    models, base = tmp_path / "models", tmp_path / "base"
    for content in (b"0", b"1"):
        train(base, content)
    train(tmp_path / "other", b"2")
    old, new = (b"1", b"0"), (b"2", b"1")

    def copy(told=None):
        copy_model(tmp_path / "other" / "toy", models, "toy")

    for _, stopped in broken_at_every_operation(base, models, copy, case):
        whole(models / "toy")
        assert weights(models) in (old, new)
        assert weights(models) == new or stopped
        copy()
        assert whole(models / "toy") == b"2"
        assert hidden(models) == []


# --- Results -----------------------------------------------------------------------------------


class Written(ResultsFolder):
    """Results of three files, with a number in each."""

    def write(self, number: int, *more: object) -> None:  # type: ignore[override]
        for name in ("anomaly_predictions.csv", "metrics.json", "report.html"):
            self._add(name, f"{name} {number}")
        (self._partial / "figures").mkdir()
        self._add("figures/loss.png", str(number))


def write_results(models, number, told=None, identity=None):
    with Written(models / "toy", Path("x.csv"), identity=identity, changes=told) as results:
        results.write(number)


def test_results(models, tmp_path, case):
    base = tmp_path / "base"
    place = models / "toy" / "results" / "x"
    write_results(models, 2)
    new = contents(place)
    write_results(models, 1)
    old = contents(place)
    (place / "mine.txt").write_text("mine")
    models.rename(base)
    found = []
    for told, stopped in broken_at_every_operation(
        base, models, lambda told: write_results(models, 2, told), case
    ):
        if case[1] is not KilledError or case[0] is nullcontext:
            here = contents(place)
            assert here.pop("mine.txt") == b"mine"
            assert here in (old, new)
        if case[1] is not KilledError:
            assert bool(told) == (here == new)
        open_model(models, settings_with())
        here = contents(place)
        assert here.pop("mine.txt") == b"mine"
        assert here in (old, new)
        found.append(here == new)
        assert stopped or found[-1]
        write_results(models, 2)
        assert contents(place) == new | {"mine.txt": b"mine"}
        assert hidden(models) == []
    assert set(found) == {False, True}
