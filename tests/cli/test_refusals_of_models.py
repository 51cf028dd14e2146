"""Models, labels and command lines that a command refuses, before it starts the framework."""

import re
import shutil

import pytest

from support.script_tools import DATA_OF, call, good, run
from support.spoilers import (
    Mistake,
    both,
    cell,
    context,
    data,
    first,
    keys,
    labels,
    model_file,
    models_is_a_file,
    named,
    no_model,
    refused_before_it_computes,
    refused_in_a_process_of_its_own,
    replaced,
    words,
)

MISTAKES = [
    # a model and another file
    Mistake("no model", "test", no_model, "There is no trained model in"),
    Mistake("no model 2", "alpha_definition", no_model, "There is no trained model in"),
    Mistake("other name", "test", keys(model_name="other"), "`model_name` 'other'"),
    Mistake("other T", "test", keys(T=16), "`T` is 16 in"),
    Mistake("other J", "test", keys(J=3), "`J` is 3 in"),
    Mistake("other M", "test", keys(M=4), "`M` is 4 in"),
    Mistake("other units", "test", keys(cnn_units=[4, 5]), "`cnn_units` is [4, 5] in"),
    Mistake("other rates", "test", keys(dil_rate=[1, 2, 3]), "`dil_rate` is [1, 2, 3] in"),
    Mistake("other kernel", "alpha_definition", keys(kernel=3), "`kernel` is 3 in"),
    Mistake("other scale", "test", keys(scale=False), "`scale` is false in"),
    Mistake("other fidelity", "test", keys(fidelity="code"), '`fidelity_spread` is "code" in'),
    *[
        Mistake(f"{script} without {name}", script, model_file(name), f"incomplete: {name} missing")
        for name in ("model.keras", "settings.txt", "preprocessing.json", "run.json")
        for script in ("test", "alpha_definition")
    ],
    Mistake("cut off", "test", model_file("model.keras", lambda c: c[:-9]), "is not the file that"),
    Mistake("no archive", "test", model_file("model.keras", b"x"), "is not the file that train.py"),
    *[
        Mistake(f"{script} edited {name}", script, model_file(name, lambda c: c + b"\n"), message)
        for name in ("model.keras", "settings.txt", "preprocessing.json")
        for script in ("test", "alpha_definition")
        for message in [f"{name} is not the file that train.py wrote"]
    ],
    Mistake(
        "other seed in the model",
        "test",
        model_file("settings.txt", lambda c: re.sub(rb'"seed": \d+', b'"seed": 5', c)),
        "settings.txt is not the file that train.py wrote",
    ),
    Mistake("model settings", "test", model_file("settings.txt", b"{"), "is not valid JSON"),
    Mistake("scales", "test", model_file("preprocessing.json", b'{"a": 1}'), "json is damaged"),
    Mistake("scales 2", "test", model_file("preprocessing.json", b"[[["), "json is damaged"),
    Mistake("run", "test", model_file("run.json", b"\xff"), "run.json is damaged"),
    Mistake("run 2", "test", model_file("run.json", b"{}"), "run.json is damaged"),
    Mistake("alphas empty", "test", model_file("alphas.csv", b""), "alphas.csv is damaged"),
    Mistake("alphas text", "test", model_file("alphas.csv", b"a\nb\n"), "must have the columns"),
    Mistake(
        "alphas negative",
        "test",
        model_file("alphas.csv", lambda c: c.replace(b"s0,3.0", b"s0,-3.0")),
        "line 2: `alpha_down` must be a finite number of sigmas >= 0. Received: -3.0",
    ),
    Mistake(
        "alphas of others",
        "test",
        model_file("alphas.csv", lambda c: c.replace(b"s0", b"s7")),
        "Missing: `s0`. Unknown: `s7`.",
    ),
    Mistake(
        "series missing",
        "test",
        data(replaced(0, "s1", "S-1")),
        "1 of the 3 series are missing: `s1` (is it `S-1`?)",
    ),
    Mistake(
        "all series missing",
        "test",
        data(lambda text: text.replace("s", "x")),
        "3 of the 3 series are missing: `s0`",
    ),
    Mistake("test short", "test", data(first(8)), "it has 7 rows but at least 8 are needed"),
    Mistake("val short", "alpha_definition", data(first(8)), "at least 8 are needed"),
    Mistake("test text", "test", data(cell(5, 1, "high")), "column `s0` holds `high`"),
    # context
    Mistake("no context", "test", words("--context", "no.csv"), "no.csv does not exist"),
    Mistake(
        "later context",
        "test",
        context(lambda text: text.replace("2021", "2022")),
        "must end before",
    ),
    Mistake("other context", "test", context(replaced(0, "s1", "x")), "series are missing: `s1`"),
    Mistake(
        "short context",
        "test",
        both(data(first(2)), context(first(3))),
        "have 3 rows together, but at least 8 are needed",
    ),
    # labels
    Mistake("no labels", "alpha_definition", lambda p: p.labels.unlink(), "does not exist"),
    Mistake("label 2", "alpha_definition", labels(cell(4, 1, "2")), "column `s0` holds `2`"),
    Mistake("label empty", "alpha_definition", labels(cell(4, 1, "")), "column `s0` is empty"),
    Mistake("label text", "alpha_definition", labels(cell(4, 1, "often")), "expected 0 or 1"),
    Mistake("labels fewer", "alpha_definition", labels(first(100)), "are not in the labels"),
    Mistake(
        "labels of another year",
        "alpha_definition",
        labels(lambda text: text.replace("2021", "2020")),
        "120 times of",
    ),
    Mistake("label names", "alpha_definition", labels(replaced(0, "s1", "x")), "missing: `s1`"),
    Mistake(
        "labels short row", "alpha_definition", labels(replaced(2, ",", " ")), "columns but row"
    ),
    # command lines
    Mistake("models a file", "train", models_is_a_file, "file is not a folder"),
    Mistake("models a file 2", "test", models_is_a_file, "There is no trained model in"),
    Mistake("no epochs", "train", words("--epochs", "0"), "at least 1, received 0", usage=True),
    Mistake("half epochs", "train", words("--epochs", "1.5"), "received 1.5", usage=True),
    Mistake("unknown option", "train", words("--epoch", "3"), "unrecognized", usage=True),
    Mistake("unknown option 2", "test", words("--resume"), "unrecognized", usage=True),
    Mistake("third file", "test", words("more.csv"), "unrecognized arguments", usage=True),
    Mistake("no value", "test", words("--context"), "expected one argument", usage=True),
    # going on
    Mistake(
        "nothing to resume",
        "train",
        both(keys(model_name="new"), words("--resume")),
        "There is no training to resume in",
    ),
    Mistake(
        "resume changed",
        "train",
        both(keys(lr=0.5), words("--resume", "--epochs", "9")),
        "settings.txt but the training was begun with 0.01.\nGive the settings it was begun with",
    ),
    Mistake(
        "resume damaged",
        "train",
        both(model_file("training_state.npz", b"x"), words("--resume", "--epochs", "9")),
        "training_state.npz is damaged and cannot be resumed from (File is not a zip file). Train",
    ),
    Mistake(
        "resume other data",
        "train",
        both(data(cell(1, 1, "1")), words("--resume", "--epochs", "9")),
        "it was begun on other data",
    ),
    Mistake(
        "resume more data",
        "train",
        both(data(first(200)), words("--resume", "--epochs", "9")),
        "it was begun on other data",
    ),
]

FEW = ("cut off", "label 2", "resume other data", "no epochs")


def test_the_names_of_the_mistakes_differ():
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES) >= 50
    assert {mistake.name for mistake in MISTAKES} >= set(FEW)


@named(MISTAKES)
def test_a_mistake_is_refused_before_it_computes(spoiled):
    refused_before_it_computes(*spoiled)


@named([mistake for mistake in MISTAKES if mistake.name in FEW])
def test_a_mistake_is_refused_in_a_process_of_its_own(spoiled, poison):
    refused_in_a_process_of_its_own(*spoiled, poison)


@pytest.mark.parametrize("script", DATA_OF)
def test_without_arguments_the_usage_is_shown(script):
    ended = call(script)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"usage: {script}.py [-h]")
    assert "the following arguments are required: DATA.csv" in ended.stderr


@pytest.mark.parametrize("script", DATA_OF)
def test_help_answers_at_once(script, tmp_path, poison):
    for name in ("numpy", "pandas", "pydantic", "sklearn", "matplotlib", "pyarrow"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} was imported')\n")
    for path in poison.glob("*.py"):
        shutil.copy(path, tmp_path)
    ended = good(run(script, "--help", cwd=tmp_path, poison=tmp_path))
    assert ended.stdout.startswith(f"usage: {script}.py [-h]")
    for word in ("DATA.csv", "SETTINGS.txt", "--models", "--quiet"):
        assert word in ended.stdout
