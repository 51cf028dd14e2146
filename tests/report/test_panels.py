"""The overview of a scored file: panels below each other, on one axis of time."""

import io

import numpy as np

from dcvae.report import overview_figure
from support.builders import detection_of

RESIDUAL = np.zeros((12, 3))
RESIDUAL[4:7, 1] = 9.0
RESIDUAL[11, 2] = -9.0


def test_panels_of_the_score_and_of_the_series_asked_for() -> None:
    detection = detection_of(RESIDUAL)
    labels = np.zeros((12, 3), dtype=bool)
    labels[4, 1] = True
    figure = overview_figure(detection, [1, 0], labels)
    score, *series = figure.axes
    assert [axes.get_title(loc="left") for axes in series] == ["b", "a"]
    assert [len(axes.patches) for axes in series] == [1, 0]  # the labels
    assert score.get_yscale() == "log"
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    figure.savefig(io.BytesIO(), format="png")


def test_rows_in_alarm_are_shaded_in_every_panel_unless_not_wanted() -> None:
    detection = detection_of(RESIDUAL)
    day = 86_400 / 300  # rows in one
    for axes in overview_figure(detection, [1]).axes:
        shaded = next(found for found in axes.collections if found.get_label() == "alarm")
        first, last = (path.get_extents() for path in shaded.get_paths())
        assert np.isclose((first.x1 - first.x0) * day, 3)
        assert np.isclose((last.x1 - last.x0) * day, 1)
    for axes in overview_figure(detection, [1], events=False).axes:
        assert "alarm" not in [found.get_label() for found in axes.collections]
    assert len(overview_figure(detection, []).axes) == 1
