"""Where a model comes from, as run.json keeps it."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pandas as pd

from dcvae.data.arrays import table_from_array
from dcvae.data.tables import read_table
from dcvae.pipeline.models import Suspects
from dcvae.scoring.model_fit import WindowLosses
from dcvae.storage.provenance import memory_record, run_record, source_record
from support.stored_models import REFERENCE, labeled, losses, state_with, summary_with


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_record_of_a_file(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("time,a\n" + "".join(f"2021-01-01 00:{m:02d},{m}\n" for m in range(20)))
    assert source_record(read_table(path)) == {
        "series": ["a"],
        "sampling_step_seconds": 60.0,
        "training_file": "train.csv",
        "training_path": str(path.resolve()),
        "training_file_sha256": sha256(path),
        "rows": 20,
        "first_time": "2021-01-01 00:00:00",
        "last_time": "2021-01-01 00:19:00",
    }


def test_record_of_a_file_with_labels(tmp_path):
    data, labels = labeled(tmp_path)
    record = source_record(data, labels)
    assert record.items() >= source_record(data).items()
    assert {key: record[key] for key in record.keys() - source_record(data).keys()} == {
        "labels_file": "labels.csv",
        "labels_path": str(labels.path.resolve()),
        "labels_sha256": sha256(labels.path),
    }


def in_memory(values):
    names = [f"x{column}" for column in range(values.shape[1])]
    return memory_record(table_from_array(values, values, names, pd.Timedelta(minutes=1)))


def test_record_of_data_that_are_in_no_file():
    """The hash is of the numbers: the same for a copy in another layout, another for others."""
    values = np.arange(12.0).reshape(6, 2)
    record = in_memory(values)
    assert (record["training_path"], record["rows"], record["series"]) == (None, 6, ["x0", "x1"])
    assert record["training_file_sha256"] == hashlib.sha256(values.tobytes()).hexdigest()
    assert in_memory(np.asfortranarray(values)) == record
    other = in_memory(values + 1e-12)
    assert other["training_file_sha256"] != record["training_file_sha256"]


def test_record_of_a_run():
    source = {"training_file": "train.csv", "rows": 20}
    training = summary_with()
    run = run_record(source, training)
    assert source.items() <= run.items()
    assert run["windows"] == {
        "train": 12,
        "validation": 2,
        "left_out_across_gaps": 0,
        "left_out_labeled": 0,
    }
    assert (run["ending"], run["epochs"], run["best_epoch"]) == ("early stopping", 2, 1)
    assert run["best_losses"]["val_loss"] == 0.5
    assert run["best_losses"]["val_reconst"] is None
    assert WindowLosses.from_dict(run["reference_losses"]) == REFERENCE
    assert (run["session_seconds"], run["device"]) == (1.26, "CPU")
    assert "seconds" not in run
    assert (run["engine"], run["backend"]) == ("keras", "jax")
    assert list(run["versions"]) == ["python", "dcvae", "jax", "keras", "numpy", "pandas"]
    assert (run["versions"]["jax"], run["versions"]["keras"]) == ("0.10.2", "3.15.1")
    assert run["versions"]["numpy"] == np.__version__
    assert json.loads(json.dumps(run, allow_nan=False)) == run


def test_of_numpy_the_engine_is_named_and_no_framework():
    run = run_record({}, replace(summary_with(), engine="numpy", frameworks=()))
    assert run["engine"] == "numpy"
    assert "backend" not in run
    assert list(run["versions"]) == ["python", "dcvae", "numpy", "pandas"]


def test_rows_that_were_left_out_most_often_are_named():
    assert "trimmed" not in run_record({}, summary_with())
    state = replace(state_with(), trimmed=np.array([[2, 2, 1], [2, 0, 1]]))
    first, last = pd.Timestamp("2021-01-01"), pd.Timestamp("2021-01-01 00:05")
    suspects = (Suspects(first, last, 2 / 3),)
    training = replace(summary_with(state), suspects=suspects)
    assert run_record({}, training)["trimmed"] == {
        "ranked": 5,
        "left_out": 3,
        "suspects": [
            {
                "first_time": "2021-01-01 00:00:00",
                "last_time": "2021-01-01 00:05:00",
                "share": 0.6667,
            }
        ],
    }


def test_the_best_losses_are_those_of_the_best_epoch():
    state = replace(state_with(3), best_epoch=2)
    run = run_record({}, summary_with(state))
    assert (run["best_epoch"], run["epochs"]) == (2, 3)
    assert (
        run["best_losses"]["loss"] == losses(2).loss == pd.DataFrame(state.history).loc[1, "loss"]
    )
