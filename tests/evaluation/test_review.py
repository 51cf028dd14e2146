"""All that is said of a file, in order, from what is at hand."""

import builtins
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae.data.tables import read_table
from dcvae.data.truth.labels import read_labels
from dcvae.detection import Alphas, find_events
from dcvae.detectors import AnomalyDetector
from dcvae.evaluation import evaluate_by_labels, make_review
from dcvae.pipeline import ModelDescription
from support.review_content import (
    BASELINES,
    REFERENCE,
    SERIES,
    Files,
    choose_alphas,
    detection_of_table,
    review_of,
)


def test_losses_next_to_those_of_training(files: Files) -> None:
    losses = replace(REFERENCE, reconst=3.0, kl=0.125)
    table = review_of(files, with_labels=False, losses=losses).losses
    assert table.columns.tolist() == ["loss", "reconst", "kl"]
    assert table.loc["training"].tolist() == [0.8, 0.6, 0.2]
    np.testing.assert_equal(table.loc["validation"].tolist(), [0.9, math.nan, 0.3])
    assert table.loc["this file"].tolist() == [3.125, 3.0, 0.125]


def test_findings_begin_with_the_bad_news(alone: Files) -> None:
    choose_alphas(alone, alone.data, alone.labels)
    losses = replace(REFERENCE, median=9.0)
    severities = [found.severity for found in review_of(alone, losses=losses).findings]
    assert {"bad", "warning", "info"} == set(severities)
    order = ["bad", "warning", "good", "info"]
    assert severities == sorted(severities, key=order.index)
    severities = [found.severity for found in review_of(alone).findings]
    assert {"warning", "good", "info"} == set(severities)
    assert severities == sorted(severities, key=order.index)


@pytest.mark.parametrize("with_labels", [False, True])
def test_json_holds_plain_values_without_nan(files: Files, with_labels: bool) -> None:
    losses = replace(REFERENCE, reconst=math.inf, kl=math.nan, median=math.inf)
    result = review_of(files, with_labels=with_labels, losses=losses)
    content = result.to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert (content["model"], content["data"], content["scored_rows"]) == ("tiny", "data.csv", 57)
    assert (content["first_time"], content["last_time"]) == (
        "2021-02-01T00:03:00",
        "2021-02-01T00:59:00",
    )
    assert content["flagged_cells"] == {"a": 5, "b": 0}
    assert (content["num_events"], content["num_level_shifts"], content["since"]) == (1, 0, None)
    assert [event["began_with"] for event in content["events"]] == ["a"]
    assert content["verdict"].startswith("1 alarm in 57 min: 1 February 00:30, ")
    assert content["losses"]["validation"] == {"loss": 0.9, "reconst": None, "kl": 0.3}
    assert content["losses"]["this file"] == {"loss": None, "reconst": None, "kl": None}
    assert set(content["calibration"]) == {"1.0", "1.5", "2.0", "2.5", "3.0", "4.0", "5.0"}
    assert [set(found) for found in content["findings"]] == [{"level", "text"}] * len(
        result.findings
    )
    if with_labels:
        assert content["metrics"]["b"]["roc_auc"] is None
        assert list(content["baselines"]) == BASELINES
    else:
        assert (content["metrics"], content["baselines"]) == (None, None)


def test_json_of_what_is_new(files: Files) -> None:
    result = review_of(files, with_labels=False)
    content = result.to_dict(pd.Timestamp("2021-02-01 00:35"))
    assert (content["num_events"], content["events"]) == (0, [])
    assert content["verdict"] == "No alarm since 1 February 00:35"
    assert content["since"] == "2021-02-01T00:35:00"
    assert content["scored_rows"] == 57  # all else is of the whole file


def test_summary(files: Files) -> None:
    assert review_of(files, with_labels=False).summary() == {
        "scored rows": "57 (2021-02-01 00:03:00 to 2021-02-01 00:59:00)",
        "series": "2",
        "flagged cells": "5 (4.386%)",
        "events": "1",
        "thresholds": "the default alpha of 3 sigmas; no labels used",
        "alarm": "when any series is outside its band; the published rule",
    }


def test_summary_has_the_three_numbers_of_the_published_program(files: Files) -> None:
    reviewed = review_of(files, with_labels=False)
    settings = files.model.settings.model_copy(update={"fidelity_losses": "code"})
    asked = replace(reviewed, model=replace(reviewed.model, settings=settings))
    loss, reconst, kl = reviewed.losses.loc["this file"]
    assert asked.summary() == {
        **reviewed.summary(),
        "losses": f"loss {loss:.4f}, reconstruction {reconst:.4f}, KL {kl:.4f}",
    }
    assert loss == pytest.approx(reconst + kl)
    assert asked.to_dict()["losses"]["this file"] == {"loss": loss, "reconst": reconst, "kl": kl}


@pytest.mark.parametrize("with_labels", [False, True])
def test_a_review_reads_no_file_and_fits_no_detector(
    files: Files, with_labels: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = read_table(files.data, series=SERIES)
    detection = detection_of_table(table, Alphas.default(SERIES, 3.0))
    source = files.model.threshold_source(table)
    evaluation = None
    if with_labels:
        evaluation = evaluate_by_labels(files.model, detection, read_labels(files.labels, table))
        assert evaluation.comparison is not None
    expected = review_of(files, with_labels=with_labels).to_dict()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was opened, or a detector fitted")

    for place, name in (
        *((Path, name) for name in ("open", "read_text", "read_bytes")),
        *((builtins, "open"), (AnomalyDetector, "fit")),
    ):
        monkeypatch.setattr(place, name, refuse)
    model = ModelDescription(files.model.settings, files.model.preprocessor, 60.0)
    run = files.model.run
    result = make_review(
        model, run, table, detection, find_events(detection, 60.0), REFERENCE, source, evaluation
    )
    content, page = result.to_dict(), result.summary()
    monkeypatch.undo()
    assert content == expected
    assert page["events"] == "1"
