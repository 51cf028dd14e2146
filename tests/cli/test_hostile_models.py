"""Folders of models from elsewhere: every damage ends in a sentence, before Keras is started."""

import json
import zipfile
from pathlib import Path

import pytest

from support import hostile
from support.script_tools import ending_before_it_computes, good
from support.stored_models import contents

NUMBERS = ("text", "negative", "huge", "nan", "infinite")
STEP = ("sampling_step_seconds",)
CASES = dict(
    [
        *[case for name in hostile.TEXT_FILES for case in hostile.whole_file(name)],
        *hostile.whole_file("model.keras"),
        *hostile.texts("run.json"),
        *hostile.texts("settings.txt"),
        *hostile.entries("run.json", *STEP),
        *hostile.entries("run.json", "best_losses", odd=("null", "list", "object")),
        *hostile.entries("run.json", "best_losses", "loss", odd=("text", "huge", "nan")),
        *hostile.entries("run.json", "reference_losses", odd=("list", "text")),
        *hostile.entries("run.json", "training_path", odd=("true", "list")),
        *hostile.entries("run.json", "last_time", odd=("text", "huge")),
        *hostile.entries("preprocessing.json", "scale", odd=("null", "list")),
        *hostile.entries("preprocessing.json", "scale", 0, odd=(*NUMBERS, "zero")),
        *hostile.entries("preprocessing.json", "max_fill", odd=("text", "negative", "huge")),
        *hostile.entries("preprocessing.json", "series", odd=("null", "lists")),
        *hostile.entries("calibration.json", "offline_threshold", odd=(*NUMBERS, "zero")),
        *hostile.entries("calibration.json", "sigma", "tempered", "exponent", odd=NUMBERS),
        *hostile.entries("calibration.json", "offline_level", odd=("null", "lists")),
        *hostile.entries("alarms.json", "threshold", odd=NUMBERS),
        *hostile.entries("alarms.json", "rules", "hold", odd=NUMBERS),
        *hostile.entries("alarms.json", "rules", "enter", odd=("null", "lists")),
        *hostile.entries("alarms.json", "following", "window", odd=(*NUMBERS, "zero")),
        *hostile.entries("alarms.json", "following", "step_seconds", odd=(*NUMBERS, "zero")),
        *hostile.entries("alarms.json", "following", "lowest", odd=("null", "lists")),
        *hostile.entries("alarms.json", "level", "s0", odd=NUMBERS),
        *hostile.entries("settings.txt", "kernel", odd=NUMBERS),
        *hostile.entries("settings.txt", "cnn_units", odd=("huge", "lists")),
        *hostile.entries(hostile.SOURCE, "first_time", odd=("text", "null")),
        *hostile.entries(hostile.SOURCE, "labels_path", odd=("list",)),
        ("alphas.csv huge", hostile.alphas(b"s0,", b"s0,1e400,1")),
        ("alphas.csv other series", hostile.alphas(b"s0,", b"s9,")),
    ]
)
# Of these nothing is read, or nothing that is not made up for.
HARMLESS = {
    *("run.json without last_time", "run.json without training_path"),
    *("run.json without reference_losses",),
    *("alphas.csv gone", "alphas_source.json gone"),
    *("alphas.csv broken link", "alphas_source.json broken link"),
    "settings.txt without kernel",
}


class BeginsToCompute(BaseException):
    """Everything was read and found good."""


@pytest.fixture
def outside(tmp_path):
    """A folder of somebody else, beside the files of the place."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "diary.txt").write_text("mine")
    return folder


def ended(place, script="test", *more):
    with ending_before_it_computes(BeginsToCompute):
        return place.call(script, *more)


def refusal(place, script="test", *more):
    """Return the message with which a command ends; nothing has changed by then."""
    before = contents(place.folder)
    end = ended(place, script, *more)
    assert contents(place.folder) == before
    assert (end.returncode, end.stdout) == (2, "")
    assert end.stderr.startswith("error: ")
    assert not {"Traceback", "Errno"} & set(end.stderr.replace("[", " ").split())
    return end.stderr


def test_there_are_as_many_as_promised():
    assert len(CASES) - len(HARMLESS) >= 137
    assert CASES.keys() >= HARMLESS


@pytest.mark.parametrize("name", CASES)
def test_a_damaged_file_is_refused_by_its_name(place, outside, name):
    CASES[name](place.model)
    if name in HARMLESS:
        with pytest.raises(BeginsToCompute):
            ended(place)
    else:
        assert name.split()[0] in refusal(place)
    assert contents(outside) == {"diary.txt": b"mine"}


def with_class(**names):
    return hostile.config(lambda content: hostile.first_layer(content).update(names))


def with_size(**sizes):
    return hostile.config(lambda content: hostile.first_layer(content)["config"].update(sizes))


def twice(model):
    with zipfile.ZipFile(model / "model.keras", "a") as archive:
        archive.writestr("more.bin", b"")
        archive.writestr("config.json", b"{}")
    hostile.reseal(model)


NETWORKS = {
    "a layer that runs code": (
        with_class(module="keras.layers", class_name="Lambda", registered_name=None),
        "it names 'Lambda' of 'keras.layers', which is no part of a network here",
    ),
    "a function of another module": (
        with_class(module="builtins", class_name="function", config="print"),
        "it names 'function' of 'builtins'",
    ),
    "a class under our name": (
        with_class(module="elsewhere.layers", registered_name="dcvae>DilatedCausalConv"),
        "of 'elsewhere.layers'",
    ),
    "a class without a name": (with_class(class_name=["DilatedCausalConv"], registered_name=7), ""),
    "units beyond memory": (with_size(units=10**12), "a layer of size 1e+12"),
    "units beyond the weights": (with_size(units=900_000), "weights in"),
    "a kernel beyond memory": (with_size(kernel_size=10**9), "a layer of size 1e+09"),
    "a negative dilation": (with_size(dilation=-1), "a layer of size -1"),
    "compressed": (
        hostile.archive("model.keras", lambda _: None, compression=zipfile.ZIP_DEFLATED),
        "expected an archive without compression",
    ),
    "configuration without end": (
        hostile.archive(
            "model.keras", lambda members: members.update({"config.json": b"[" * 10**6})
        ),
        "too many brackets",
    ),
    "configuration that is no text": (
        hostile.archive("model.keras", lambda members: members.update({"config.json": b"\xff"})),
        "model.keras is damaged (",
    ),
    "members twice": (twice, "each member once"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_that_is_none_of_ours_is_refused(place, name):
    spoil, message = NETWORKS[name]
    spoil(place.model)
    assert message in refusal(place)


def state(**members):
    added = {f"{name}.npy": content for name, content in members.items()}
    return hostile.archive("training_state.npz", lambda stored: stored.update(added))


STATES = {
    "objects": (state(history=hostile.npy([{}])), "history.npy: object of (1,)"),
    "a shape beyond memory": (
        state(history=hostile.npy_head("(10000000000, 8)")),
        "history.npy: float64 of (10000000000, 8) in",
    ),
    "a head that is code": (
        state(history=hostile.npy_head("print(1)")),
        "malformed node or string",
    ),
    "no array": (state(history=b"text"), "is damaged and cannot be resumed from ("),
    "no head": (state(history=b""), "is damaged and cannot be resumed from ("),
    "texts": (state(history=hostile.npy(["a"])), "history.npy: <U1 of (1,)"),
    "compressed": (
        hostile.archive("training_state.npz", lambda _: None, compression=zipfile.ZIP_DEFLATED),
        "expected an archive without compression",
    ),
    **{
        kind: (dict(hostile.whole_file("training_state.npz"))[f"training_state.npz {kind}"], told)
        for kind, told in {
            "folder": "expected a file, received a folder",
            "pipe": "expected a file, received a pipe or a device",
            "device": "expected a file, received a pipe or a device",
            "half": "is damaged and cannot be resumed from",
        }.items()
    },
}


@pytest.mark.parametrize("name", STATES)
def test_a_state_that_is_none_is_refused(place, name):
    spoil, message = STATES[name]
    spoil(place.model)
    place.data = place.folder / "train.csv"
    assert message in refusal(place, "train", "--resume", "--epochs", "9")


def test_line_ends_make_no_difference(place):
    for path in place.model.iterdir():
        if path.suffix in (".txt", ".json", ".csv"):
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    with pytest.raises(BeginsToCompute):
        ended(place)


def test_a_training_file_that_is_none_is_not_read_again(place):
    """A model says where its training file is; a pipe there would be waited for."""
    for name in ("run.json", "alphas_source.json"):
        path = place.model / name
        content = json.loads(path.read_text())
        content["training_path" if name == "run.json" else "data_path"] = "/dev/zero"
        path.write_text(json.dumps(content))
    labels = place.folder / "test_labels.csv"
    labels.write_text(Path(place.data).read_text().splitlines()[0] + "\n")
    rows = place.data.read_text().splitlines()[1:]
    lines = [f"{row.split(',')[0]},0,0,0" for row in rows]
    labels.write_text("\n".join(["time,s0,s1,s2", *lines]) + "\n")
    end = good(place.call("test", "--labels", labels))
    assert "train.csv, the file the model was trained on, is not there any more" in end.stdout
