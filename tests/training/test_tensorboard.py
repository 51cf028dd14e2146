"""The logs for TensorBoard, read back with TensorBoard's own reader."""

import contextlib
import importlib.util
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dcvae import InputError
from dcvae.training import tensorboard as training_log
from support.script_tools import call, good, write_files

pytest.importorskip("tensorflow", reason="it writes the logs")
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

NAMES = ("loss", "reconst", "kl")


def read(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def scalars(events: EventAccumulator, name: str) -> dict[int, float]:
    return {event.step: float(make_ndarray(event.tensor_proto)) for event in events.Tensors(name)}


@pytest.mark.slow
def test_logs_hold_the_history_and_the_graph_also_of_a_resumed_training(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        write_files(tmp_path, epochs=2)
        good(call("train", "train.csv", "settings.txt"))
        assert not Path("models/toy/logs").exists()
        words = ("train.csv", "settings.txt", "--tensorboard", "--epochs", "3", "--resume")
        good(call("train", *words))
        history = pd.read_csv("models/toy/history.csv", index_col="epoch")
        train, validation = (read(Path("models/toy/logs") / x) for x in ("train", "validation"))
    assert len(history) == 3
    for name in NAMES:
        assert scalars(train, name) == pytest.approx(history[name].to_dict(), rel=1e-6)
        expected = history[f"val_{name}"].to_dict()
        assert scalars(validation, name) == pytest.approx(expected, rel=1e-6)
    expected = history["learning_rate"].to_dict()
    assert scalars(train, "learning_rate") == pytest.approx(expected, rel=1e-6)
    nodes = [node.name for node in train.Graph().node]
    assert any("encoder" in name for name in nodes)
    assert any("decoder" in name for name in nodes)


def test_without_tensorboard_it_is_refused_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec

    def without(name: str, *more: Any) -> Any:
        return None if name == "tensorboard" else found(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    expected = (
        "--tensorboard needs tensorboard, not installed here. Install with: pip install "
        "tensorboard, or leave --tensorboard out."
    )
    with pytest.raises(InputError) as caught:
        training_log.check_installed()
    assert str(caught.value) == expected
    with contextlib.chdir(tmp_path):
        ended = call("train", "none.csv", "none.txt", "--tensorboard")
    assert (ended.returncode, ended.stderr) == (2, f"error: {expected}\n")
