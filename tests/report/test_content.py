"""What the page shows and which figures are drawn, put together from the review of a file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dcvae.config import Settings
from dcvae.report import page
from dcvae.report.content import figures, page_content
from support.review_content import Files, files_in, review_of


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return files_in(tmp_path)


@pytest.mark.parametrize("with_labels", [False, True])
def test_figures_of_every_series_the_latents_and_the_loss(files: Files, with_labels: bool) -> None:
    review = review_of(files, with_labels=with_labels)
    drawn = dict(figures(review, files.model.history()))
    assert list(drawn) == ["series_001_a", "series_002_b", "latent_space", "loss"]
    first, second = (drawn[name].axes[0] for name in list(drawn)[:2])
    assert [axes.get_title(loc="left") for axes in (first, second)] == ["a", "b"]
    labeled = [[p for p in axes.patches if p.get_height() == 0.05] for axes in (first, second)]
    assert [len(patches) for patches in labeled] == [int(with_labels), 0]
    assert drawn["loss"].get_suptitle() == "tiny"


def test_figures_and_findings_have_titles_and_units(files: Files) -> None:
    given = {"titles": {"a": "Inlet", "b": "Inlet"}, "units": {"a": "bar"}}
    settings = Settings.from_values(files.model.settings.to_dict() | given, "the settings")
    review = review_of(files._replace(model=replace(files.model, settings=settings)))
    first, second = list(figures(review, files.model.history()))[:2]
    assert [name for name, _ in (first, second)] == ["series_001_a", "series_002_b"]
    shown = [(f.axes[0].get_title(loc="left"), f.axes[0].get_ylabel()) for _, f in (first, second)]
    assert shown == [("Inlet (a)", "bar"), ("Inlet (b)", "value")]
    assert review.detection.series == ("a", "b")  # tables keep the names of the columns
    assert list(review.events.table["began_with"]) == ["a"] * len(review.events.table)


def test_the_page_shows_it(files: Files) -> None:
    review = review_of(files)
    text = page.render(page_content(review))
    for shown in ("data.csv", "tiny", "isolation forest", review.threshold_source):
        assert shown in text


def test_the_page_does_not_say_where_files_lie_or_how_long_the_training_took(
    tmp_path: Path,
) -> None:
    """It is passed on, and the pages of two trainings that agree are the same bytes."""
    kept = {"training_file": "t.csv", "versions": {"dcvae": "1"}, "labels_sha256": "ab"}
    secret = {"labels_path": "/secret/l.csv", "session_seconds": 123.456}
    review = review_of(files_in(tmp_path, **kept, **secret))
    assert review.run["training_path"] == str(tmp_path / "training.csv")
    content = page_content(review)
    assert kept.items() <= content.provenance.items()
    assert not [key for key in content.provenance if key.endswith("_path")]
    assert content.provenance.keys() == review.run.keys() - {
        *("training_path", "labels_path", "session_seconds"),
    }
    text = page.render(content)
    for told in ("/secret", str(tmp_path), "123.456", "session_seconds"):
        assert told not in text
    (tmp_path / "other").mkdir()
    other = review_of(files_in(tmp_path / "other", **kept, labels_path="/x", session_seconds=1))
    assert page.render(page_content(other)) == text


def test_the_page_has_all_of_the_review(files: Files) -> None:
    review = review_of(files)
    content = page_content(review)
    assert (content.model_name, content.data_file) == ("tiny", "data.csv")
    assert content.settings == files.model.settings.to_dict()
    assert content.threshold_source == f"Thresholds: {review.threshold_source}."
    assert dict(content.summary) == review.summary()
    for name in ("findings", "losses", "metrics", "calibration"):
        assert getattr(content, name) is getattr(review, name), name
    assert content.baselines is review.comparison
    assert content.events is review.events.table
    assert set(review.metrics.columns) <= set(content.metric_notes)
    np.testing.assert_array_equal(content.labels, review.labels)
    assert content.event_series is review.events.series
    assert content.row_times is not None
    assert len(content.row_times) == 60 == len(review.detection.times) + 3  # those before too
    assert content.resampled_seconds == 0.0
    assert content.other_limits is None  # by the published rule series decide
    np.testing.assert_array_equal(content.values, review.detection.frame)
