"""Detectors in files: read back as they were, or refused with the reason; nothing is run."""

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from dcvae import DCVAEDetector, InputError, make_detector
from dcvae._arrays import AnyFloatArray, Float64Array
from dcvae.detectors import AnomalyDetector
from dcvae.detectors.baselines import PCADetector, RandomDetector, ZScoreDetector
from support.stored_models import contents

ROWS = np.random.default_rng(0).normal(size=(60, 3))


class OwnDetector(AnomalyDetector):
    """A detector without a name, as a program may have one."""

    state = {"highest": ("series",)}  # noqa: RUF012

    def __init__(self, sizes: Any = (1, 2), other: Any = None) -> None:
        self.sizes = sizes
        self.other = other

    def _fit(self, values: AnyFloatArray) -> None:
        self._highest = values.max(axis=0)

    def _score(self, values: AnyFloatArray) -> Float64Array:
        return np.asarray((values - self._highest).max(axis=1), dtype=np.float64)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return PCADetector().fit(ROWS).save(tmp_path / "a.npz")


def spoil(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the arrays of a file."""
    with np.load(path) as stored:
        arrays: dict[str, Any] = dict(stored)
    change(arrays)
    np.savez(path, **arrays)


def tell(path: Path, **changes: Any) -> None:
    """Change what a file says of its arrays."""

    def change(arrays: dict[str, Any]) -> None:
        about = {**json.loads(arrays["about"].tobytes()), **changes}
        arrays["about"] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)

    spoil(path, change)


# ------------------------------------------------------------ whole


def test_a_file_holds_the_detector(path: Path) -> None:
    fitted = PCADetector().fit(ROWS)
    for again in (PCADetector.load(path), AnomalyDetector.load(str(path))):
        assert type(again) is PCADetector
        np.testing.assert_array_equal(again.decision_function(ROWS), fitted.decision_function(ROWS))
        np.testing.assert_array_equal(again.predict(ROWS), fitted.predict(ROWS))
        assert again.threshold_ == fitted.threshold_
        assert not hasattr(again, "decision_scores_")
    assert list(contents(path.parent)) == ["a.npz"]


def test_it_is_read_again_what_was_saved_after_reading(path: Path) -> None:
    again = AnomalyDetector.load(path)
    assert again.save(path.with_name("b.npz")).read_bytes() == path.read_bytes()


def test_parameters_and_names_of_columns_are_kept(tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS, columns=["a", "σ", "c"])
    RandomDetector(seed=np.int64(7)).fit(frame).save(tmp_path / "random")  # no suffix is added
    again = RandomDetector.load(tmp_path / "random")
    assert again.get_params() == {"seed": 7}
    assert type(again.seed) is int
    assert again.feature_names_in_.tolist() == ["a", "σ", "c"]
    with pytest.raises(ValueError, match="feature names should match"):
        again.decision_function(frame[["c", "a", "σ"]])


def test_a_detector_that_is_not_registered_is_loaded_by_its_class(tmp_path: Path) -> None:
    OwnDetector(sizes=[3, (4.5, None, "x", True)]).fit(ROWS).save(tmp_path / "own")
    assert OwnDetector.load(tmp_path / "own").sizes == [3, [4.5, None, "x", True]]
    said = r"holds a detector of the kind 'OwnDetector', which this version does not have\. Load it"
    with pytest.raises(InputError, match=said):
        AnomalyDetector.load(tmp_path / "own")


def test_a_detector_within_a_detector(tmp_path: Path) -> None:
    OwnDetector(other=make_detector("k-means", window=9)).fit(ROWS).save(tmp_path / "own")
    inner = OwnDetector.load(tmp_path / "own").other
    assert inner.get_params() == make_detector("k-means", window=9).get_params()


def test_an_earlier_detector_is_replaced_and_nothing_else(path: Path) -> None:
    ZScoreDetector().fit(ROWS).save(path)
    assert type(AnomalyDetector.load(path)) is ZScoreDetector
    other = path.with_name("data.csv")
    other.write_text("my rows")
    with pytest.raises(InputError, match=r"data\.csv is in the way: it holds no detector\. Move"):
        ZScoreDetector().fit(ROWS).save(other)
    np.savez(path.with_name("data.npz"), X=ROWS)
    with pytest.raises(InputError, match=r"data\.npz is in the way: it holds no detector\. Move"):
        ZScoreDetector().fit(ROWS).save(path.with_name("data.npz"))
    assert other.read_text() == "my rows"


def test_a_failure_in_the_middle_leaves_the_old_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def full(stream: Any, **arrays: Any) -> None:
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(InputError, match=r"a\.npz cannot be written: no space is left"):
        ZScoreDetector().fit(ROWS).save(path)
    assert contents(path.parent) == {"a.npz": before}


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    fitted = ZScoreDetector().fit(ROWS)
    with pytest.raises(InputError, match=r"none/a\.npz does not exist\. Check the path"):
        fitted.save(tmp_path / "none" / "a.npz")
    with pytest.raises(InputError, match=r"is in the way: it holds no detector"):
        fitted.save(tmp_path)
    with pytest.raises(NotFittedError):
        ZScoreDetector().save(tmp_path / "a.npz")
    with pytest.raises(InputError, match=r"Expected `other` of OwnDetector to be a number, a word"):
        OwnDetector(other=ROWS).fit(ROWS).save(tmp_path / "a.npz")
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------ refused


class Trap:
    """What opens a file when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return open, ("trap", "w")


def test_nothing_is_unpickled(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    spoil(path, lambda arrays: arrays.update({"state/mean": np.array([Trap()], dtype=object)}))
    with pytest.raises(InputError, match=r"a\.npz is damaged, or holds no detector \(state/mean"):
        AnomalyDetector.load(path)
    assert not Path("trap").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"is damaged, or holds no detector \(File is not a zip file\)\. Fit the"),
        (b"1,2\n", r"is damaged, or holds no detector \(File is not a zip file\)\. Fit the"),
    ],
)
def test_what_is_no_archive_is_refused(path: Path, content: bytes, said: str) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        AnomalyDetector.load(path)


def test_any_byte_cut_off_or_changed_is_refused_or_changes_no_number(path: Path) -> None:
    """The checksums of the archive see what its directory does not."""
    whole = path.read_bytes()
    expected = AnomalyDetector.load(path).decision_function(ROWS)
    for place in range(0, len(whole), 97):
        for content in (
            whole[:place],
            whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :],
        ):
            path.write_bytes(content)
            try:
                scores = AnomalyDetector.load(path).decision_function(ROWS)
            except InputError:
                continue
            np.testing.assert_array_equal(scores, expected)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place, said in (
        (tmp_path, r"is a folder, not a file that `save` .* loaded by DCVAEDetector\.load\."),
        (tmp_path / "pipe", r"pipe is damaged, or holds no detector \(expected a file, received"),
        (tmp_path / "none.npz", r"none\.npz does not exist\. Check the path\."),
    ):
        with pytest.raises(InputError, match=said):
            AnomalyDetector.load(place)


def test_compressed_arrays_are_refused_before_they_take_memory(path: Path) -> None:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        zeros = io.BytesIO()
        np.save(zeros, np.zeros(10_000_000))
        archive.writestr("state/large.npy", zeros.getvalue())
    with pytest.raises(InputError, match=r"expected an archive without compression"):
        AnomalyDetector.load(path)


def test_another_kind_of_detector_is_refused(path: Path) -> None:
    said = (
        r"^Expected a file with a detector of the kind `z-score`\. Received .*a\.npz, which holds "
        r"one of the kind `pca`: load it by AnomalyDetector\.load\.$"
    )
    with pytest.raises(InputError, match=said):
        ZScoreDetector.load(path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"parameters": {"scales": True}}, "another version: PCA has no parameter `scales`"),
        ({"parameters": {"scale": "yes"}}, r"is damaged \(`scale` of PCA is 'yes'\)"),
        ({"parameters": {"scale": {"a": 1}}}, r"is damaged \(`scale` of PCA is \{'a': 1\}\)"),
        ({"parameters": {"scale": False}}, r"is damaged \(arrays \['center',"),
        ({"parameters": [1]}, r"holds no detector \(`parameters` is \[1\]\)"),
        ({"detector": "no-such"}, "the kind 'no-such', which this version does not have"),
        ({"detector": 3}, r"holds no detector \(`detector` is 3\)"),
        ({"format": 2}, r"its format is 2, this version reads 1"),
        ({"format": True}, r"`format` is True"),
        ({"more": 1}, "does not say which detector it holds"),
        ({"columns": ["a"]}, r"is damaged \(1 names of 3 columns\)"),
        ({"columns": ["a", 2, "c"]}, r"is damaged \(3 names of 3 columns\)"),
    ],
)
def test_what_a_file_says_must_fit(path: Path, changes: dict[str, Any], said: str) -> None:
    tell(path, **changes)
    with pytest.raises(InputError, match=said):
        AnomalyDetector.load(path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"about": np.zeros(3)}, "does not say which detector"),
        ({"about": np.frombuffer(b"{", dtype=np.uint8)}, r"holds no detector \(Expecting property"),
        ({"about": np.frombuffer(b"[" * 99_999, dtype=np.uint8)}, r"too many brackets within"),
        ({"about": np.frombuffer(b"\xff", dtype=np.uint8)}, "codec can't decode"),
        ({"threshold": np.array([np.nan])}, "`threshold` is not one finite number"),
        ({"threshold": np.zeros((2, 2))}, "`threshold` is not one finite number"),
        ({"state/center": np.zeros(4)}, r"is damaged \(`center` has the shape|is damaged \(`"),
        ({"state/spread": np.zeros(3)}, r"is damaged \(a spread is not above 0\)"),
        ({"state/other": np.zeros(3)}, r"is damaged \(arrays \["),
    ],
)
def test_arrays_must_be_those_of_a_fit(
    path: Path, changes: dict[str, np.ndarray], said: str
) -> None:
    spoil(path, lambda arrays: arrays.update(changes))
    with pytest.raises(InputError, match=said):
        AnomalyDetector.load(path)


# ------------------------------------------------------------ without a threshold


def test_what_is_made_of_arrays_predicts_nothing(tmp_path: Path) -> None:
    made = ZScoreDetector().from_arrays(ZScoreDetector().fit(ROWS).to_arrays())
    for detector in (made, AnomalyDetector.load(made.save(tmp_path / "a.npz"))):
        with pytest.raises(InputError, match=r"^Expected z-score to have been fitted, or loaded"):
            detector.predict(ROWS)


def test_dc_vae_is_saved_as_a_model(tmp_path: Path) -> None:
    assert DCVAEDetector.load.__func__ is not AnomalyDetector.load.__func__  # type: ignore[attr-defined]
    spoiled = ZScoreDetector().fit(ROWS).save(tmp_path / "a.npz")
    tell(spoiled, detector="dc-vae", parameters={})
    with pytest.raises(InputError, match=r"DCVAEDetector is stored as a model"):
        AnomalyDetector.load(spoiled)
