"""What labels say of a file: metrics of the scored rows, and baselines if they can be fitted."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from dcvae._progress import shown_by
from dcvae.detectors import WindowedDetector
from dcvae.detectors.classical.ecod import ECODDetector
from dcvae.evaluation.metrics_table import ANY_FLAG, MEAN, METRIC_NOTES, SYSTEM, SYSTEM_NOTES
from support.review_content import (
    BASELINES,
    BEFORE,
    SERIES,
    Files,
    choose_alphas,
    files_in,
    mentions,
    other_file,
    review_of,
    texts,
    values_with,
    write_csv,
)

# ---------------------------------------------------------------- baselines


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


def test_detectors_asked_for_stand_behind_them_and_see_windows(files: Files) -> None:
    """By hand: the largest distance of four rows, against what is usual of it in training."""
    begun: list[str] = []
    listener = SimpleNamespace(begin=lambda words, total: begun.append(words), advance=print)
    with shown_by(listener):
        result = review_of(files, baselines=["z-score", "ecod"])
    assert result.comparison is not None
    assert result.comparison.index.tolist() == [*BASELINES, "z-score of 4 rows", "ECOD of 4 rows"]
    assert begun[-2:] == ["comparing with z-score of 4 rows", "comparing with ECOD of 4 rows"]
    values, training = (
        pd.read_csv(path)[list(SERIES)].to_numpy() for path in (files.data, files.training)
    )
    seen = np.array([training[end - 3 : end + 1].ravel() for end in range(3, len(training))])

    def scores(rows: np.ndarray) -> np.ndarray:
        windows = np.array([rows[end - 3 : end + 1].ravel() for end in range(3, len(rows))])
        return (np.abs(windows - seen.mean(axis=0)) / seen.std(axis=0)).max(axis=1)

    usual = scores(training)
    sigmas = (scores(values) - usual.mean()) / usual.std()
    flagged = np.count_nonzero(sigmas > files.model.settings.default_alpha)
    assert 5 <= flagged < 57
    assert result.comparison["flagged_rows"]["z-score of 4 rows"] == flagged


def test_no_window_of_them_crosses_a_gap(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[np.ndarray] = []
    fit = WindowedDetector.fit_windows
    monkeypatch.setattr(
        WindowedDetector,
        "fit_windows",
        lambda detector, rows, ends: (chosen.append(ends), fit(detector, rows, ends))[1],
    )
    gaps = np.zeros(len(pd.read_csv(files.training)), dtype=bool)
    gaps[20] = True
    monkeypatch.setattr(
        type(files.model), "after_gap", lambda model, table: gaps[: len(table.frame)]
    )
    review_of(files, baselines=["z-score"])
    [ends] = chosen
    assert ends.tolist() == [end for end in range(3, len(gaps)) if not 20 <= end < 23]


def test_a_detector_that_cannot_be_fitted_is_left_out_and_said(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ECODDetector, "fewest_rows", 1000)
    result = review_of(files, baselines=["ecod", "pca"])
    assert result.comparison is not None
    assert result.comparison.index.tolist() == [*BASELINES, "PCA of 4 rows"]
    [found] = mentions(result, "ECOD of 4 rows is not among the baselines, as it cannot be fitted")
    assert "ECOD needs at least 1000 windows" in found
    assert found in texts(result, "warning")


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
    # The five rows, those that the score averages them with, and those that the alarm is held for.
    assert 5 < rows["z-score"] <= 5 + 5 + 12


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


def test_what_takes_time_is_announced(files: Files) -> None:
    begun: list[tuple[str, int | None]] = []
    done: list[int] = []
    listener = SimpleNamespace(begin=lambda *what: begun.append(what), advance=done.append)
    with shown_by(listener):
        review_of(files)
    assert begun == [("metrics", 2), ("comparing with baselines", None)]
    assert sum(done) == 2 + len(BASELINES) - 2  # both lines of DC-VAE are there already


# ---------------------------------------------------------------- metrics


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
    assert result.detection.times[0] == pd.Timestamp("2021-02-01") + pd.Timedelta(minutes=unjudged)
    assert len(result.labels) == 60 - unjudged
    labeled = result.detection.times[result.labels[:, 0]]
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
