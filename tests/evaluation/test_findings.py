"""What is said of figures, of where thresholds come from, of whether the model fits a file."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae.evaluation.comparison import ALARMS, LOOKS_AHEAD
from dcvae.evaluation.findings import (
    Finding,
    comparison_findings,
    metric_title,
    new_value_findings,
    ranking_findings,
)
from dcvae.evaluation.metrics_table import HEADLINES, RANKING, SYSTEM
from support.builders import detection_of
from support.review_content import (
    REFERENCE,
    WINDOW,
    Files,
    choose_alphas,
    files_in,
    mentions,
    other_file,
    review_of,
    texts,
)

NAN = np.nan


OURS = "DC-VAE"
OFFLINE = OURS + LOOKS_AHEAD


# ---------------------------------------------------------------- who is ahead, and chance


def comparison_of(*, labeled: float = 9, **lines: list[float]) -> pd.DataFrame:
    table = pd.DataFrame(lines, index=list(HEADLINES)).T
    return table.rename(index={"ours": OURS}).assign(labeled_rows=float(labeled))


def test_who_looks_ahead_is_held_against_the_line_that_looks_ahead() -> None:
    table = comparison_of(
        ours=[0.2, 0.2, 0.2, 0.2],
        offline=[0.6, 0.1, 0.2, 0.2],
        seer=[0.5, 0.15, 0.1, 0.1],
    ).rename(index={"offline": OFFLINE, "seer": "seer (looks ahead)"})
    [finding] = comparison_findings(table)
    # Behind offline in the first figure though ahead of causal; ahead of offline in the second.
    assert finding.text.endswith(
        "file. Average precision: seer (looks ahead) 0.150, DC-VAE (looks ahead) 0.100."
    )
    table.loc["seer (looks ahead)"] = 0.1
    [finding] = comparison_findings(table)
    assert finding.text.startswith("None of the 1 baselines does better than DC-VAE in VUS-PR")


def test_a_baseline_that_is_ahead_is_named_with_both_figures() -> None:
    [finding] = comparison_findings(
        comparison_of(
            ours=[0.5, 0.25, 0.75, 0.5],
            low=[0.6, 0.1, 0.1, 0.1],
            high=[0.7, 0.2, 0.2, 0.1256],
        )
    )
    assert finding == Finding(
        "bad",
        "A simpler detector does better than DC-VAE on this file. VUS-PR: high 0.700, DC-VAE "
        "0.500.",
    )
    [finding] = comparison_findings(
        comparison_of(ours=[0.5, 0.2, 0.7, 0.5], x=[0.1, 0.3, 0.8, 0.5], y=[0, 0.1, 0.9, 0.625])
    )
    assert finding.text.removeprefix(
        "A simpler detector does better than DC-VAE on this file. "
    ) == (
        "Average precision: x 0.300, DC-VAE 0.200; "
        "Event F0.5 corrected: y 0.900, DC-VAE 0.700; "
        "Series F1: y 0.625, DC-VAE 0.500."
    )


def test_a_detector_that_can_be_set_is_told_with_what_it_would_have_raised() -> None:
    table = comparison_of(ours=[0.5, 0.2, 0.7, 0.5], x=[0.6, 0.3, 0.8, 0.5], y=[0, 0.4, 0, 0])
    table = table.rename(index={"x": "PCA", "y": "always"})
    table.attrs[ALARMS] = {"DC-VAE": (5, 2), "PCA": (1, 1), "always": (1, 1)}
    [finding] = comparison_findings(table)
    assert finding.text.endswith(
        ' PCA is ahead: set `detector` to "pca". It would have raised 1 alarm (1 true, 0 false), '
        "where DC-VAE raised 5 alarms (2 true, 3 false)."
    )
    # One that knows nothing cannot be set.
    [finding] = comparison_findings(table.drop(index="PCA"))
    assert finding.text.endswith("Average precision: always 0.400, DC-VAE 0.200.")


def test_nobody_is_ahead_by_what_nobody_sees() -> None:
    [finding] = comparison_findings(
        comparison_of(ours=[0.9996, 0.2, 0.7, 0.5], x=[1.0, 0.2004, 0.1, 0.1])
    )
    assert finding.severity == "good"


def test_nobody_is_ahead() -> None:
    [finding] = comparison_findings(
        comparison_of(ours=[0.5, 0.2, 0.7, 0.5], x=[0.1, 0.1, 0.1, 0.1], y=[0.2, 0, 0, 0])
    )
    assert finding == Finding(
        "good",
        "None of the 2 baselines does better than DC-VAE in VUS-PR, Average precision, Event F0.5 "
        "corrected, Series F1.",
    )


def test_ties_are_not_ahead_and_not_behind() -> None:
    [finding] = comparison_findings(comparison_of(ours=[0.5] * 4, x=[0.5] * 4))
    assert finding.severity == "good"
    assert "ahead" not in finding.text


def test_nothing_is_said_of_figures_that_are_not_defined() -> None:
    [finding] = comparison_findings(
        comparison_of(ours=[NAN, 0.5, 0.5, NAN], x=[0.9, NAN, 0.4, 0.9], y=[0.9, NAN, NAN, 0.1])
    )
    assert finding.severity == "good"
    assert finding.text.endswith("than DC-VAE in Event F0.5 corrected.")
    [finding] = comparison_findings(comparison_of(ours=[0.5] * 4, x=[NAN] * 4, y=[0.6] * 4))
    assert finding.severity == "bad"
    assert comparison_findings(comparison_of(ours=[NAN] * 4, x=[0.5] * 4)) == []


def test_silence_is_not_praised_where_nothing_is_labeled() -> None:
    table = comparison_of(labeled=0, ours=[NAN, NAN, 0, NAN], never=[NAN, NAN, 1, NAN])
    assert comparison_findings(table) == []


def table_of(average_precision: float, labeled_rows: float) -> pd.DataFrame:
    line = {"average_precision": average_precision, "labeled_rows": labeled_rows}
    for figure in RANKING:
        line.setdefault(figure, 0.9)
        line |= {f"{figure}_chance": 0.3, f"{figure}_constant": 0.25}
    line["average_precision_chance"] = labeled_rows / 100  # as of many rows
    return pd.DataFrame([line], index=[SYSTEM])


@pytest.mark.parametrize(
    ("average_precision", "labeled_rows", "is_told"),
    [
        (0.1, 10, True),
        (0.19, 10, True),
        (0.21, 10, False),
        (1.0, 10, False),
        (0.79, 60, True),  # chance 0.6; halfway to 1 is 0.8
        (0.81, 60, False),
        (1.0, 100, False),
    ],
)
def test_scores_that_rank_hardly_better_than_chance(
    average_precision: float, labeled_rows: float, is_told: bool
) -> None:
    findings = ranking_findings(table_of(average_precision, labeled_rows))
    assert [finding.severity for finding in findings] == ["bad"] * is_told
    if is_told:
        chance = labeled_rows / 100
        assert findings[0].text == (
            "The scores hardly tell labeled rows from normal ones: average precision "
            f"{average_precision:.3f}, where chance reaches {chance:.3f}."
        )


@pytest.mark.parametrize(
    ("value", "random", "constant", "is_told"),
    [
        (0.32, 0.3, 0.1, True),
        (0.34, 0.3, 0.1, False),  # more than a tenth above
        (0.34, 0.1, 0.32, True),  # a constant is chance, too
        (0.96, 0.95, 0.5, True),  # a tenth above is out of reach; halfway to 1 is 0.975
        (0.98, 0.95, 0.5, False),
        (NAN, 0.3, 0.1, False),
    ],
)
def test_a_figure_at_its_chance_level_is_named(
    value: float, random: float, constant: float, is_told: bool
) -> None:
    table = table_of(0.5, 10)
    table["vus_pr"], table["vus_pr_chance"], table["vus_pr_constant"] = value, random, constant
    level = f"VUS-PR {value:.3f}, where chance reaches {max(random, constant):.3f}"
    expected = Finding("warning", f"Hardly better than chance: {level}.")
    assert ranking_findings(table) == [expected] * is_told
    table["average_precision"] = 0.15
    [finding] = ranking_findings(table)
    assert finding.severity == "bad"
    ending = f"where chance reaches 0.100; {level}." if is_told else "where chance reaches 0.100."
    assert finding.text.endswith(ending)


def test_no_labeled_row_is_said() -> None:
    [finding] = ranking_findings(table_of(NAN, 0))
    assert finding.severity == "info"
    assert finding.text.startswith("No scored row is labeled")


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("f1", "F1"),
        ("event_f05_corrected", "Event F0.5 corrected"),
        ("roc_auc", "ROC-AUC"),
        ("vus_pr", "VUS-PR"),
        ("average_precision", "Average precision"),
        ("false_alarms_per_day", "False alarms per day"),
        ("series_f1", "Series F1"),
    ],
)
def test_titles(column: str, text: str) -> None:
    assert metric_title(column) == text


# ---------------------------------------------------------------- where the alphas come from


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


def test_times_that_overlap_those_of_the_labels_are_told(files: Files) -> None:
    choose_alphas(files, files.data, files.labels)
    part = files.data.with_name("part.csv")
    part.write_text("".join(files.data.read_text().splitlines(keepends=True)[:50]))
    result = review_of(files._replace(data=part), with_labels=False)
    assert mentions(result, "times of this file overlap those of data.csv")


# ---------------------------------------------------------------- whether the model fits


@pytest.mark.parametrize(
    ("median", "severity", "text"),
    [
        (
            1.5,
            "good",
            "The model fits this file: its middle window is as well reconstructed as the win",
        ),
        (
            1.6,
            "bad",
            "The model no longer fits this file: its middle window is less well reconstruc",
        ),
        (math.inf, "bad", "The model no longer fits this file"),
        (math.nan, "bad", "The model no longer fits this file"),
    ],
)
def test_a_file_that_drifted_away_is_told(
    files: Files, median: float, severity: str, text: str
) -> None:
    losses = replace(REFERENCE, median=median)
    result = review_of(files, with_labels=False, losses=losses)
    [finding] = [found for found in result.findings if found.text.startswith(text)]
    assert finding.severity == severity
    assert "the windows that it was validated on (loss" in (finding.text)


def test_models_of_earlier_versions_know_no_reference(tmp_path: Path) -> None:
    result = review_of(files_in(tmp_path, reference_losses=None), with_labels=False)
    assert result.findings[-1] == Finding(
        "info", "Trained by an earlier version: whether the model fits this file is not known."
    )


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
    assert mentions(result, "the windows that it was trained on")


def test_a_series_that_is_missing_for_long_is_named(files: Files) -> None:
    frame = pd.read_csv(files.data, index_col=0)
    frame.iloc[30:, 1] = np.nan
    frame.to_csv(files.data)
    [finding] = mentions(review_of(files, with_labels=False), "Much is missing of")
    assert finding.startswith("Much is missing of b (")
    assert "a (" not in finding


def test_a_constant_that_is_no_longer_one_is_a_warning() -> None:
    found = detection_of([[0.0, 1.0], [0.5, 2.0]])
    [finding] = new_value_findings(found, (0.0, None), ("Leak", "b"))
    assert finding == Finding(
        "warning",
        "`Leak` was 0 throughout training and is not in 1 row from 2021-01-01 00:05:00 (0.5).",
    )
    assert new_value_findings(found, (None, None), ("Leak", "b")) == []


def test_the_review_of_a_file_has_it(files: Files) -> None:
    bounded = replace(files.model.preprocessor, lower=(99.0, -9.0), upper=(99.0, 9.0))
    changed = files._replace(model=replace(files.model, preprocessor=bounded))
    [finding] = mentions(review_of(changed, with_labels=False), "throughout training")
    assert finding.startswith("`a` was 99 throughout training and is not in ")


def test_json_calls_the_severity_a_level() -> None:
    assert Finding("bad", "Told.").to_dict() == {"level": "bad", "text": "Told."}
