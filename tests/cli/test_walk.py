"""The three scripts one after the other, as people run them: what they say and leave, again.

Training has a process of its own, and the walk that must give the same. Everything else calls the
same script files in this process, which saves the seconds that TensorFlow takes to start.
"""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dcvae.data.tables import read_table
from support.script_tools import (
    DATA_OF,
    MODEL_FILES,
    RESULT_FILES,
    ROOT,
    Place,
    environment,
    good,
    read_csv,
    read_results,
    without_paths,
    write_files,
    write_settings,
)
from support.stored_models import contents


def test_the_walk_says_what_it_does_and_nothing_on_stderr(walk):
    train, alphas, test = map(good, walk[1])
    for fragment in (
        "data     train.csv: 240 rows, 3 series\n",
        "windows  185 to train on, 41 to validate\n",
        "receptive field 8 (encoder) and 8 (decoder) of T = 8 rows\n",
        "\ndevice   ",
        "\nepoch 1/2  loss",
        "\nepoch 2/2  loss",
        "\nall epochs done after 2 epochs and ",
        "\nmodel: models",
        "  python alpha_definition.py VAL.csv LABELS.csv settings.txt\n",
        "  python test.py TEST.csv settings.txt\n",
    ):
        assert fragment in train.stdout
    assert "grid point-wise" in alphas.stdout
    assert "note: No labeled anomaly in a scored row, default alphas kept: s0, s2.\n" in (
        alphas.stdout
    )
    assert alphas.stdout.endswith("next:\n  python test.py TEST.csv settings.txt\n")
    written = f"{Path('models/toy/alphas.csv')}, {Path('models/toy/alarms.json')}"
    assert f"written: {written}\n" in alphas.stdout
    assert "\nsystem alarm  when " in alphas.stdout
    assert "note: Cells are missing in 3 of 3 series" in test.stdout
    assert f"written: {Path('models/toy/results/test')} (93 scored rows, " in test.stdout
    assert "to look at: " in test.stdout
    tables = [line for line in test.stdout.splitlines() if line[:1] == "s" or line[:2] == "20"]
    assert len(tables) > 4
    assert max(map(len, tables)) <= 100
    assert not re.search("\033", test.stdout)  # color is for terminals


def test_the_walk_leaves_every_file_and_no_other(walk):
    results = {str(Path("results", "test", name)) for name in RESULT_FILES}
    assert set(contents(walk[0] / "models")) == {
        str(Path("toy", name)) for name in MODEL_FILES | results
    }


def test_reading_a_table_again_gives_what_the_scripts_wrote(walk):
    """Results are themselves tables in the accepted format."""
    folder = walk[0] / "models/toy/results/test"
    for name in ("sigma", "reconstructions", "abs_error"):
        assert read_table(folder / f"{name}.csv").frame.equals(read_csv(folder / f"{name}.csv"))


# --- The same again, by the program, in another process ------------------------------------------


PROGRAM = """
import json, sys
from dcvae.cli.main import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["dcvae", *words]
    try:
        main()
    except SystemExit as end:
        assert not end.code
"""


@pytest.fixture(scope="module")
def repeated(walk, tmp_path_factory):
    """Walk again by the commands of the program, all in one process of its own.

    Its hashes differ, and so does the time, by more than the two seconds that a zip file counts in.
    """
    models = tmp_path_factory.mktemp("repeated") / "models"
    where = ("settings.txt", "--models", str(models))
    commands = [
        ("train", "train.csv", *where),
        ("thresholds", "val.csv", "labels.csv", *where),
        ("detect", "test.csv", *where),
    ]
    written = (walk[0] / "models/toy/model.keras").stat().st_mtime
    time.sleep(max(written + 2.1 - time.time(), 0.0))
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(commands)],
        cwd=walk[0],
        env=environment(ROOT) | {"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return models, good(ended)


@pytest.mark.slow
def test_one_seed_gives_the_same_bytes(walk, repeated):
    """The network and the page too; run.json alone has a time in it."""
    first, second = contents(walk[0] / "models/toy"), contents(repeated[0] / "toy")
    assert set(first) == MODEL_FILES | {f"results/test/{name}" for name in RESULT_FILES}
    one, other = (json.loads(files.pop("run.json")) for files in (first, second))
    assert first.keys() == second.keys()
    assert [name for name in without_paths(first) if first[name] != second[name]] == []
    assert one.pop("session_seconds") > 0
    assert other.pop("session_seconds") > 0
    assert one == other


def without_times(text):
    return re.sub(r" +(\d+ h |\d+ min )?\d+(\.\d+)? (ms|s|min)\b(, at most .*)?", " (time)", text)


@pytest.mark.slow
def test_the_program_says_what_the_scripts_say(walk, repeated):
    """All but the next commands, which are its own."""
    models, ended = repeated
    said = "".join(script.stdout for script in walk[1])
    for script, name in (("alpha_definition", "thresholds"), ("test", "detect")):
        said = said.replace(f"  python {script}.py", f"  dcvae {name}")
    again = ended.stdout.replace(f" --models {models}", "").replace(str(models), "models")
    assert without_times(again) == without_times(said)
    assert "  dcvae thresholds VAL.csv LABELS.csv settings.txt\n" in again
    assert again.count("  dcvae detect TEST.csv settings.txt\n") == 2


# --- Other walks -------------------------------------------------------------------------------


def walk_in(folder):
    place = Place(folder, folder / "train.csv", [])
    ended = []
    for script, name in DATA_OF.items():
        place.data = folder / name
        ended.append(good(place.call(script)))
    return place, ended


@pytest.mark.slow
def test_any_number_of_series(tmp_path):
    """The walk above has 3, those of the architectures have 12."""
    write_files(tmp_path, 50, custom_metrics=True)
    place, ended = walk_in(tmp_path)
    results = read_results(place.model / "results/test")
    assert results["sigma"].shape == (93, 50)
    assert list(results["sigma"].columns) == [f"s{number}" for number in range(50)]
    assert "grid range-based" in ended[1].stdout


@pytest.mark.slow
def test_the_published_program_s_reading_walks_too(tmp_path):
    write_files(tmp_path, fidelity="code", alpha_search="exact")
    place, _ = walk_in(tmp_path)
    first = contents(place.model / "results")
    # Latents are drawn, with the seed of the training whatever the file given now says.
    write_settings(place.settings, fidelity="code", alpha_search="exact", seed=5)
    good(place.call("test"))
    assert contents(place.model / "results") == first
    results = read_results(place.model / "results/test")
    assert results["reconstructions"].abs().to_numpy().max() < 50  # standardized, not 100 to 300
