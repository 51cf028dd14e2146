"""What is said of a judged file: where thresholds come from, whom it is compared with, in order."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.review_content import (
    BEFORE,
    REFERENCE,
    SERIES,
    WINDOW,
    Files,
    files_in,
    review_of,
    values_with,
    write_csv,
)

from dcvae.data.tables import read_labels, read_table
from dcvae.detection.alphas import Alphas
from dcvae.detection.system_alarm import SystemAlarm
from dcvae.detection.thresholds import Definition
from dcvae.evaluation.metrics_table import (
    ANY_FLAG,
    MEAN,
    METRIC_NOTES,
    SYSTEM,
    SYSTEM_NOTES,
    Finding,
)
from dcvae.evaluation.review import Review

BASELINES = [
    *("DC-VAE", "always", "never", "random", "z-score"),
    *("persistence", "PCA", "isolation forest", "k-means (looks ahead)"),
]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return files_in(tmp_path)


@pytest.fixture
def alone(files: Files) -> Files:
    """Without the training file: quicker, for no baselines are fitted."""
    files.training.unlink()
    return files


def labeled_alphas() -> Alphas:
    return replace(
        Alphas.default(SERIES, 3.0),
        down=np.array([2.5, 2.5]),
        method=("exact range-based", "default"),
    )


def choose_alphas(files: Files, data: Path, labels: Path | None) -> None:
    """Write alphas as alpha_definition.py does."""
    table = read_table(data, series=SERIES)
    alarm = SystemAlarm.published(len(SERIES))
    defined = Definition(labeled_alphas(), alarm, np.zeros(len(SERIES)), [])
    truth = None if labels is None else read_labels(labels, table)
    files.model.write_definition(defined, table, truth)


def other_file(files: Files) -> tuple[Path, Path]:
    """Another labeled file, of January."""
    data, labels = files.data.with_name("january.csv"), files.data.with_name("january_labels.csv")
    values, truth = values_with(50, 4), np.zeros((50, 2), int)
    values[20:24, 1] -= 7
    truth[20:24, 1] = 1
    write_csv(data, values, "2021-01-10")
    write_csv(labels, truth, "2021-01-10")
    return data, labels


def texts(review: Review, level: str | None = None) -> list[str]:
    return [f.text for f in review.findings if level is None or f.level == level]


def mentions(review: Review, text: str) -> list[str]:
    return [found for found in texts(review) if text in found]


# --- Where the alphas come from ------------------------------------------------------------------


def test_default_alphas(files: Files) -> None:
    result = review_of(files, with_labels=False)
    alpha = files.model.settings.default_alpha
    assert result.threshold_source == f"the default alpha of {alpha:g} sigmas; no labels used"
    assert not mentions(result, "alphas")


def test_alphas_written_by_hand(files: Files) -> None:
    lines = ["series,alpha_down,alpha_up", "a,2,2", "b,3,3"]
    (files.model.folder / "alphas.csv").write_text("\n".join(lines))
    result = review_of(files)
    assert result.threshold_source == (
        "alphas.csv, written or edited by hand; baselines: 3 sigmas, as the data they rest on are "
        "not at hand"
    )
    assert result.summary()["thresholds"] == result.threshold_source
    result = review_of(files, with_labels=False)
    assert result.threshold_source == "alphas.csv, written or edited by hand"


def test_alphas_of_another_file(files: Files) -> None:
    choose_alphas(files, *other_file(files))
    result = review_of(files)
    assert result.threshold_source == (
        "labels of january.csv (2021-01-10 00:00:00 to 2021-01-10 00:49:00)"
        "; 1 of 2 series without labels: 3 sigmas"
    )
    assert not mentions(result, "very file")


@pytest.mark.parametrize("with_labels", [False, True])
def test_alphas_of_this_very_file_come_with_a_warning(alone: Files, with_labels: bool) -> None:
    choose_alphas(alone, alone.data, alone.labels)
    copy = alone.data.with_name("copy.csv")  # the content counts, not the name
    copy.write_bytes(alone.data.read_bytes())
    result = review_of(alone._replace(data=copy), with_labels=with_labels)
    assert result.threshold_source == "labels of this very file"
    [warning] = mentions(result, "very file")
    assert warning.startswith("The alphas were chosen on the labels of this very file: every")
    assert warning in texts(result, "warning")


def test_alphas_that_were_edited_are_by_hand(alone: Files) -> None:
    choose_alphas(alone, alone.data, alone.labels)
    path = alone.model.folder / "alphas.csv"
    path.write_text(path.read_text().replace("2.5", "2.75"))
    assert review_of(alone).threshold_source == "alphas.csv, written or edited by hand"


def test_alphas_that_were_taken_away_are_the_default(files: Files) -> None:
    choose_alphas(files, files.data, files.labels)
    (files.model.folder / "alphas.csv").unlink()
    assert "default" in review_of(files).threshold_source


# --- Baselines -----------------------------------------------------------------------------------


def test_baselines_when_the_training_file_is_there(files: Files) -> None:
    result = review_of(files)
    assert result.comparison is not None
    assert result.comparison.index.tolist() == BASELINES
    assert set(result.comparison.columns) == {*METRIC_NOTES, *SYSTEM_NOTES}
    # By hand: 57 judged rows; expected 0 with sigma 1, so flags are the values beyond the alpha.
    values = pd.read_csv(files.data)[list(SERIES)].to_numpy()[BEFORE:]
    alpha = files.model.settings.default_alpha
    flagged = np.count_nonzero((np.abs(values) > alpha).any(axis=1))
    rows = result.comparison["flagged_rows"]
    assert rows[["DC-VAE", "always", "never"]].tolist() == [flagged, 57, 0]
    training = pd.read_csv(files.training)[list(SERIES)].to_numpy()
    scores = (values - training.mean(axis=0)) / training.std(axis=0)
    assert rows["z-score"] == np.count_nonzero((np.abs(scores) > alpha).any(axis=1))
    assert set(result.comparison["labeled_rows"]) == {5}


def test_always_and_never_say_so_without_labels_too(files: Files) -> None:
    """No threshold of normal data is above nothing, or below everything."""
    choose_alphas(files, files.training, None)
    result = review_of(files)
    assert result.comparison is not None
    rows = result.comparison["flagged_rows"]
    assert rows[["always", "never"]].tolist() == [57, 0]
    assert result.comparison["series_f1"]["always"] > 0


def test_thresholds_of_baselines_are_found_on_the_same_labels(files: Files) -> None:
    """On the other file, series b falls by 7: an alpha between that and the normal rows."""
    choose_alphas(files, *other_file(files))
    result = review_of(files)
    assert result.comparison is not None
    rows = result.comparison["flagged_rows"]
    assert rows["DC-VAE"] == 5
    assert rows["z-score"] == 5  # series a has the default alpha, b one that is silent here


@pytest.mark.parametrize("change", ["move", "edit", "unknown"])
def test_no_baselines_without_the_training_file(tmp_path: Path, change: str) -> None:
    files = files_in(tmp_path, **({"training_path": None} if change == "unknown" else {}))
    if change == "move":
        files.training.rename(tmp_path / "elsewhere.csv")
    if change == "edit":
        files.training.write_text(files.training.read_text() + "\n")
    result = review_of(files)
    assert result.metrics is not None
    assert result.comparison is None
    [finding] = mentions(result, "No baselines")
    assert finding == (  # without its folder: pages are passed on
        "No baselines: training.csv, the file the model was trained on, is not there any more or "
        "has changed."
    )
    assert finding in texts(result, "info")


def test_labels_that_are_gone_are_said(files: Files) -> None:
    data, labels = other_file(files)
    data = data.rename(data.with_name("default.csv"))  # a name that is no excuse
    choose_alphas(files, data, labels)
    labels.unlink()
    result = review_of(files)
    assert result.threshold_source.startswith("labels of default.csv (2021-01-10 00:00:00 to ")
    assert result.threshold_source.endswith(
        "; baselines: 3 sigmas, as the data they rest on are not at hand"
    )


def test_without_labels_there_is_nothing_to_compare(files: Files) -> None:
    result = review_of(files, with_labels=False)
    assert (result.labels, result.metrics, result.comparison) == (None, None, None)
    assert not mentions(result, "baselines")


# --- Metrics -------------------------------------------------------------------------------------


def test_metrics_are_of_the_judged_rows(alone: Files) -> None:
    result = review_of(alone)
    assert result.metrics is not None
    assert result.metrics.index.tolist() == [
        SYSTEM,
        ANY_FLAG,
        MEAN,
        "a",
        "b",
    ]
    assert result.metrics["labeled_rows"].tolist() == [5, 5, 5, 5, 0]
    assert result.metrics["recall"]["a"] == result.metrics["precision"]["a"] == 1
    assert result.metrics["delay_seconds"][SYSTEM] == 0


@pytest.mark.parametrize("rows_of_context", [1, 2, 3, 10])
def test_labels_are_matched_by_time_where_there_is_context(
    alone: Files, rows_of_context: int
) -> None:
    """With three rows of context or more every row is judged; with fewer, the first are not."""
    context = alone.data.with_name("context.csv")
    start = pd.Timestamp("2021-02-01") - pd.Timedelta(minutes=rows_of_context)
    write_csv(context, values_with(rows_of_context, 3), str(start))
    result = review_of(alone, context=context)
    unjudged = max(0, BEFORE - rows_of_context)
    assert result.labels is not None
    assert result.verdicts.times[0] == pd.Timestamp("2021-02-01") + pd.Timedelta(minutes=unjudged)
    assert len(result.labels) == 60 - unjudged
    labeled = result.verdicts.times[result.labels[:, 0]]
    assert labeled.tolist() == pd.date_range("2021-02-01 00:30", periods=5, freq="min").tolist()
    assert result.metrics is not None
    assert result.metrics["f1"]["a"] == 1


def test_a_series_that_is_missing_in_all_judged_rows(files: Files) -> None:
    """It has a value in the rows before them, so the file is read."""
    frame = pd.read_csv(files.data)
    frame.loc[BEFORE:, "b"] = math.nan
    frame.to_csv(files.data, index=False)
    result = review_of(files)
    assert result.calibration["b"].isna().all()
    assert result.metrics is not None
    assert result.metrics["flagged_rows"]["b"] == 0
    assert result.comparison is not None
    assert result.comparison["flagged_rows"]["always"] == 57
    json.dumps(result.to_dict(), allow_nan=False)


# --- Whether the model fits ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("median", "level", "text"),
    [
        (1.5, "good", "The model fits this file: the middle window of this file has a loss of 1.5"),
        (1.6, "bad", "The model no longer fits this file: the middle window of this file has a lo"),
        (math.inf, "bad", "The model no longer fits this file"),
        (math.nan, "bad", "The model no longer fits this file"),
    ],
)
def test_a_file_that_drifted_away_is_told(
    files: Files, median: float, level: str, text: str
) -> None:
    losses = replace(REFERENCE, median=median)
    result = review_of(files, with_labels=False, losses=losses)
    [finding] = [found for found in result.findings if found.text.startswith(text)]
    assert finding.level == level
    assert "95 % of the windows that the model was validated on have less than 1.500" in (
        finding.text
    )


def test_models_of_earlier_versions_know_no_reference(tmp_path: Path) -> None:
    result = review_of(files_in(tmp_path, reference_losses=None), with_labels=False)
    assert result.findings[-1] == Finding(
        "info", "Trained by an earlier version: whether the model fits this file is not known."
    )


def test_losses_next_to_those_of_training(files: Files) -> None:
    losses = replace(REFERENCE, reconst=3.0, kl=0.125)
    table = review_of(files, with_labels=False, losses=losses).losses
    assert table.columns.tolist() == ["loss", "reconst", "kl"]
    assert table.loc["training"].tolist() == [0.8, 0.6, 0.2]
    np.testing.assert_equal(table.loc["validation"].tolist(), [0.9, math.nan, 0.3])
    assert table.loc["this file"].tolist() == [3.125, 3.0, 0.125]


@pytest.mark.parametrize(("factor", "is_told"), [(0.1, False), (3.0, True)])
def test_a_sigma_that_is_too_narrow_is_told(
    files: Files, tmp_path: Path, factor: float, is_told: bool
) -> None:
    """A Gaussian leaves 3 sigmas in 0.27 % of the cells; it is told beyond ten times that."""
    result = review_of(files, with_labels=False, residual_factor=factor)
    assert mentions(result, "where a Gaussian promises") == []  # so few rows say nothing
    (tmp_path / "longer").mkdir()
    files = files_in(tmp_path / "longer", num_rows=120)
    result = review_of(files, with_labels=False, residual_factor=factor)
    assert len(mentions(result, "where a Gaussian promises 0.27%")) == is_told


# --- All of it -----------------------------------------------------------------------------------


def test_findings_begin_with_the_bad_news(alone: Files) -> None:
    choose_alphas(alone, alone.data, alone.labels)
    losses = replace(REFERENCE, median=9.0)
    levels = [found.level for found in review_of(alone, losses=losses).findings]
    assert {"bad", "warning", "info"} == set(levels)
    order = ["bad", "warning", "good", "info"]
    assert levels == sorted(levels, key=order.index)
    levels = [found.level for found in review_of(alone).findings]
    assert {"warning", "good", "info"} == set(levels)
    assert levels == sorted(levels, key=order.index)


@pytest.mark.parametrize("with_labels", [False, True])
def test_json_holds_plain_values_without_nan(files: Files, with_labels: bool) -> None:
    losses = replace(REFERENCE, reconst=math.inf, kl=math.nan, median=math.inf)
    result = review_of(files, with_labels=with_labels, losses=losses)
    content = result.to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert (content["model"], content["data"], content["judged_rows"]) == ("tiny", "data.csv", 57)
    assert (content["first_time"], content["last_time"]) == (
        "2021-02-01 00:03:00",
        "2021-02-01 00:59:00",
    )
    assert content["flagged_cells"] == {"a": 5, "b": 0}
    assert content["events"] == 1
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


def test_summary(files: Files) -> None:
    assert review_of(files, with_labels=False).summary() == {
        "judged rows": "57 (2021-02-01 00:03:00 to 2021-02-01 00:59:00)",
        "series": "2",
        "flagged cells": "5 (4.386%)",
        "events": "1",
        "thresholds": "the default alpha of 3 sigmas; no labels used",
    }


@pytest.mark.parametrize("with_labels", [False, True])
def test_figures_of_every_series_the_latents_and_the_loss(files: Files, with_labels: bool) -> None:
    figures = dict(review_of(files, with_labels=with_labels).figures())
    assert list(figures) == ["series_001", "series_002", "latent_space", "loss"]
    first, second = (figures[f"series_00{number}"].axes[0] for number in (1, 2))
    assert (first.get_title(), second.get_title()) == ("a", "b")
    assert (len(first.patches), len(second.patches)) == (int(with_labels), 0)
    assert figures["loss"].get_suptitle() == "tiny"


def test_the_page_shows_it(files: Files) -> None:
    result = review_of(files)
    page = result.page()
    for text in ("data.csv", "tiny", "isolation forest", result.threshold_source):
        assert text in page


def test_a_file_too_short_to_tell_drift(tmp_path: Path) -> None:
    files = files_in(tmp_path, num_rows=10 * WINDOW - 1)
    losses = replace(REFERENCE, median=9.0)
    [finding] = mentions(review_of(files, with_labels=False, losses=losses), "too short")
    assert finding == (
        "The file is too short to say whether the model still fits: "
        f"{10 * WINDOW - 1} rows, where {10 * WINDOW} are needed."
    )


def test_without_a_validation_part_training_windows_are_named(tmp_path: Path) -> None:
    files = files_in(tmp_path, windows={"train": 100, "validation": 0})
    result = review_of(files, with_labels=False)
    assert mentions(result, "windows that the model was trained on have less than")


def test_times_that_overlap_those_of_the_labels_are_told(files: Files) -> None:
    choose_alphas(files, files.data, files.labels)
    part = files.data.with_name("part.csv")
    part.write_text("".join(files.data.read_text().splitlines(keepends=True)[:50]))
    result = review_of(files._replace(data=part), with_labels=False)
    assert mentions(result, "times of this file overlap those of data.csv")


def test_a_series_that_is_missing_for_long_is_named(files: Files) -> None:
    frame = pd.read_csv(files.data, index_col=0)
    frame.iloc[30:, 1] = np.nan
    frame.to_csv(files.data)
    [finding] = mentions(review_of(files, with_labels=False), "Much is missing of")
    assert finding.startswith("Much is missing of b (")
    assert "a (" not in finding
