"""The three scripts with other detectors than a network: the same files, without TensorFlow."""

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae import DCVAEDetector, InputError, load_model
from dcvae.data.tables import read_table
from support.script_tools import (
    Place,
    call,
    environment,
    good,
    read_csv,
    run,
    short_epochs,
    write_files,
    write_settings,
    write_test_labels,
)

MODEL_FILES = {
    *("detector.npz", "settings.txt", "preprocessing.json", "run.json"),
    *("alphas.csv", "alphas_source.json", "calibration.json", "alarms.json"),
}
OF_EXPECTATIONS = {"reconstructions.csv", "abs_error.csv"}
SIMPLE = ("persistence", "pca", "k-means", "z-score", "isolation-forest", "ecod")
MEMBERS = ["k-means", "pca", "isolation-forest"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_files(folder)
    return folder


def place_of(data: Path, folder: Path, **keys: object) -> Place:
    for name in ("train.csv", "val.csv", "labels.csv", "test.csv"):
        shutil.copy(data / name, folder)
    write_settings(folder / "settings.txt", **keys)
    return Place(folder, folder / "test.csv", [])


def walked(place: Place) -> dict:
    """Train, define thresholds by labels, detect with labels; what the last says as JSON."""
    words = [place.settings, "--models", place.models]
    good(call("train", place.folder / "train.csv", *words))
    good(call("alpha_definition", place.folder / "val.csv", place.labels, *words))
    labels, _ = write_test_labels(place)
    said = good(call("test", place.data, *words, "--labels", labels, "--json", "--figures", "png"))
    return json.loads(said.stdout)


@pytest.mark.parametrize("name", [*SIMPLE, "ensemble"])
def test_the_three_scripts_with_every_detector(data: Path, tmp_path: Path, name: str) -> None:
    place = place_of(data, tmp_path, detector=name, ensemble_members=MEMBERS)
    said = walked(place)
    assert {path.name for path in place.model.iterdir()} == MODEL_FILES | {"results"}
    assert said["losses"] == {}
    assert said["scored_rows"] == 93
    assert list(said["baselines"]).count(said_name(name)) == 1
    told = [finding["text"] for finding in said["findings"]]
    is_told = any("gives a row one score and does not tell its series apart" in t for t in told)
    assert is_told == (name == "isolation-forest")
    results = place.model / "results" / "test"
    files = {path.name for path in results.iterdir()}
    expects = name in ("persistence", "pca", "z-score", "ensemble")
    assert files & OF_EXPECTATIONS == (OF_EXPECTATIONS if expects else set())
    assert ("sigma.csv" in files) == (expects and name != "ensemble")
    assert not files & {"latent_space.csv", "losses.csv"}
    flags = read_csv(results / "anomaly_predictions.csv")
    scores = read_csv(results / "scores.csv")["causal"].to_numpy()
    # 50 below the wave, the last of three such rows.
    assert scores[62 - 7] > 2 * np.nanmedian(scores)
    run = json.loads((place.model / "run.json").read_text())
    assert set(run["sha256"]) == {"detector.npz", "settings.txt", "preprocessing.json"}
    assert "tensorflow" not in run["versions"]
    # Read again it scores as it did, without the files' rounding.
    again = load_model(place.model).detect(read_table(place.data))
    np.testing.assert_array_equal(again.flags, flags.to_numpy())
    if expects:
        shown = read_csv(results / "reconstructions.csv")
        mean = np.column_stack([again.expected(column)[0] for column in range(3)])
        np.testing.assert_allclose(shown, mean, rtol=1e-5)


def said_name(name: str) -> str:
    return {"pca": "PCA", "isolation-forest": "isolation forest", "ecod": "ECOD"}.get(name, name)


def test_nothing_of_it_imports_tensorflow(data: Path, tmp_path: Path, poison: Path) -> None:
    place = place_of(data, tmp_path, detector="pca")
    words = [place.settings, "--models", place.models]
    ended = run("train", place.folder / "train.csv", *words, cwd=tmp_path, poison=poison)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "detector  PCA" in ended.stdout
    assert "`cnn_units`, `dil_rate`, `J`" in ended.stdout
    assert '(`detector` is "pca", which has no network)' in ended.stdout
    ended = run("test", place.data, *words, cwd=tmp_path, poison=poison)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert environment(poison)["PYTHONPATH"].startswith(str(poison))


@pytest.mark.slow
def test_a_network_may_be_a_member(data: Path, tmp_path: Path) -> None:
    """The one training of a network here: of two short epochs."""
    place = place_of(data, tmp_path, detector="ensemble", ensemble_members=["z-score", "dc-vae"])
    with short_epochs():
        said = walked(place)
    assert {path.name for path in place.model.iterdir()} == MODEL_FILES | {
        *("model.keras", "history.csv", "loss.png", "training_state.npz", "results")
    }
    assert set(said["losses"]) == {"training", "validation", "this file"}
    run = json.loads((place.model / "run.json").read_text())
    assert {"model.keras", "detector.npz"} <= set(run["sha256"])
    assert run["engine"] == "numpy"
    assert "keras" not in run["versions"]
    model = load_model(place.model)
    assert list(model.scorer.members) == ["z-score", "dc-vae"]
    table = read_table(place.data)
    alone = model.scorer.members["z-score"].score(model.inputs(table))
    scores = model.scorer.score(model.inputs(table))
    np.testing.assert_array_equal(scores.mean, alone.mean)
    assert scores.latent.shape == (93, 2)
    again = pickle.loads(pickle.dumps(model))
    assert again.network is again.scorer.members["dc-vae"].network
    np.testing.assert_array_equal(again.score(table).row, model.score(table).row)


@pytest.mark.parametrize("words", [["--resume"], ["--epochs", "3"], ["--tensorboard"]])
def test_what_is_about_epochs_is_refused(data: Path, tmp_path: Path, words: list[str]) -> None:
    place = place_of(data, tmp_path, detector="ecod")
    ended = call("train", place.folder / "train.csv", place.settings, *words)
    assert ended.returncode == 2
    assert ended.stderr == (
        f"error: {words[0]} is about the epochs of a network. Received it for `detector` "
        f'"ecod" in {place.settings}, which is fitted at once: leave it out.\n'
    )


def test_too_few_series_are_refused_by_name(data: Path, tmp_path: Path) -> None:
    place = place_of(data, tmp_path, detector="pca")
    train = tmp_path / "train.csv"
    read_csv(train)[["s0"]].to_csv(train)
    ended = call("train", train, place.settings, "--models", place.models)
    assert ended.returncode == 2
    assert "PCA needs at least 2 rows and 2 series to be fitted to. Received 240" in ended.stderr
    assert "set `detector` to another" in ended.stderr
    assert not place.model.exists()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.unlink(), "is incomplete: detector.npz missing"),
        (lambda path: path.write_bytes(b"PK"), "is not the file that train.py wrote"),
    ],
)
def test_a_spoiled_detector_is_refused(data: Path, tmp_path: Path, spoil, said: str) -> None:
    place = place_of(data, tmp_path, detector="z-score")
    good(call("train", tmp_path / "train.csv", place.settings, "--models", place.models))
    spoil(place.model / "detector.npz")
    ended = place.call("test")
    assert ended.returncode == 2
    assert said in ended.stderr


def test_another_detector_is_another_model(data: Path, tmp_path: Path) -> None:
    place = place_of(data, tmp_path, detector="z-score")
    good(call("train", tmp_path / "train.csv", place.settings, "--models", place.models))
    write_settings(place.settings, detector="pca")
    ended = place.call("test")
    assert ended.returncode == 2
    assert '`detector` is "pca"' in ended.stderr
    assert 'but the model was trained with "z-score"' in ended.stderr


def test_from_python_it_is_a_key_like_others(data: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(data / "train.csv", index_col=0, parse_dates=True)
    later = pd.read_csv(data / "test.csv", index_col=0, parse_dates=True).ffill()
    detector = DCVAEDetector(T=16, detector="z-score").fit(frame)
    scores = detector.decision_function(later)
    assert np.argmax(scores) in range(25, 76)
    folder = detector.save(tmp_path)
    again = DCVAEDetector.load(folder)
    np.testing.assert_array_equal(again.decision_function(later), scores)
    with pytest.raises(InputError, match="expected each detector once, received 'pca' again"):
        DCVAEDetector(detector="ensemble", ensemble_members=["pca", "pca"]).fit(frame)
