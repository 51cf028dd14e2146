"""Figures of a file: what is drawn, at which values, and what it is called."""

import io
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcvae.detection import Detection, find_events
from dcvae.report.figures import latent_figure, series_figure
from support.builders import detection_of

NAN = math.nan


# --- A series ------------------------------------------------------------------------------------

RESIDUAL = np.array([[0.5, 0], [4, 0], [NAN, 0], [-2.5, 0], [-1, 9]])


def series_detection() -> Detection:
    """Alphas (2 down, 3 up); expected 10 with sigma 0.5 in series b, 0 with sigma 1 in series a."""
    made = detection_of(RESIDUAL, down=2.0, up=3.0)
    values = np.column_stack([RESIDUAL[:, 0], 10.0 + 0.5 * RESIDUAL[:, 1]])
    frame = pd.DataFrame(values, made.frame.index, made.frame.columns)
    return replace(made, frame=frame, offset=np.array([0.0, 10.0]), scale=np.array([1.0, 0.5]))


def drawn(axes: Axes, label: str) -> tuple[np.ndarray, np.ndarray]:
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return np.asarray(line.get_xdata(orig=True)), np.asarray(line.get_ydata(orig=True))


def days(times: pd.DatetimeIndex) -> np.ndarray:
    """Days since 1970, as matplotlib counts them."""
    return (times - pd.Timestamp("1970-01-01")).total_seconds().to_numpy() / 86_400


@pytest.mark.parametrize("column", [0, 1])
def test_a_series_and_what_was_expected(column: int) -> None:
    detection = series_detection()
    axes = series_figure(detection, column, None, "pressure").axes[0]
    assert axes.get_title(loc="left") == "pressure"
    assert axes.get_ylabel() == "value"
    times, values = drawn(axes, "measured")
    np.testing.assert_array_equal(times, detection.times.to_numpy())
    np.testing.assert_array_equal(values, detection.frame.iloc[:, column])
    times, values = drawn(axes, "expected")
    np.testing.assert_array_equal(times, detection.times.to_numpy())
    np.testing.assert_array_equal(values, 10.0 * column)


def test_a_glitch_beyond_all_axes_can_be_saved() -> None:
    values = series_detection().frame.copy()
    values.iloc[[1, 2], 0] = [1.7e308, -1.7e308]
    series_figure(replace(series_detection(), frame=values), 0, None, "x").savefig(
        io.BytesIO(), format="png"
    )


@pytest.mark.parametrize(("column", "lower", "upper"), [(0, -2.0, 3.0), (1, 9.0, 11.5)])
def test_edges_of_the_band(column: int, lower: float, upper: float) -> None:
    axes = series_figure(series_detection(), column, None, "x").axes[0]
    (band,) = axes.collections
    assert band.get_label() == "band"
    corners = band.get_paths()[0].vertices
    times = days(series_detection().times)
    assert {tuple(corner) for corner in corners.tolist()} == {
        *((time, lower) for time in times),
        *((time, upper) for time in times),
    }


def test_flagged_cells_are_marked() -> None:
    detection = series_detection()
    times, values = drawn(series_figure(detection, 0, None, "x").axes[0], "flagged")
    np.testing.assert_array_equal(times, detection.times[[1, 3]].to_numpy())
    assert values.tolist() == [4.0, -2.5]
    times, values = drawn(series_figure(detection, 1, None, "x").axes[0], "flagged")
    assert values.tolist() == [14.5]


@pytest.mark.parametrize(
    ("labels", "spans"),
    [("00000", []), ("01100", [(1, 2)]), ("10111", [(0, 0), (2, 4)]), ("11111", [(0, 4)])],
)
def test_one_span_for_each_labeled_segment(labels: str, spans: list[tuple[int, int]]) -> None:
    detection = series_detection()
    mask = np.array([label == "1" for label in labels])
    axes = series_figure(detection, 0, mask, "x").axes[0]
    times = days(detection.times)
    starts, stops = (times[np.array([span[edge] for span in spans], int)] for edge in (0, 1))
    shown = [span for span in axes.patches if span.get_height() == 0.05]
    assert [span.get_x() for span in shown] == pytest.approx(starts)
    widths = [span.get_width() for span in shown]
    assert widths == pytest.approx(stops - starts, abs=1e-9)
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert sorted(texts) == sorted(
        ["alarm", "band", "expected", "measured", "flagged", *(["labeled"] if spans else [])]
    )


def test_a_series_without_known_labels_or_alarms_has_no_span() -> None:
    axes = series_figure(detection_of(np.zeros((3, 1))), 0, None, "x").axes[0]
    assert not axes.patches
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == ["band", "expected", "measured"]


def test_alarms_are_shaded_and_numbered_where_the_series_is_one_of_the_event() -> None:
    residual = np.zeros((60, 2))
    residual[[10, 11, 30], 0] = residual[[30, 50], 1] = 9.0
    detection = detection_of(residual)
    events = find_events(detection, 300.0).table
    assert [list(names) for names in events["series"]] == [["a"], ["a", "b"], ["b"]]
    times = days(detection.times)
    for column, numbers in ((0, ["1", "2"]), (1, ["2", "3"])):
        axes = series_figure(detection, column, None, "x", "V", events).axes[0]
        assert [span.get_x() for span in axes.patches] == pytest.approx(times[[10, 30, 50]])
        assert axes.patches[0].get_width() == pytest.approx(times[11] - times[10])
        assert [text.get_text() for text in axes.texts] == numbers
        assert axes.get_ylabel() == "V"
        legend = [text.get_text() for text in axes.get_legend().get_texts()]
        assert legend.count("alarm") == 1


def test_numbers_that_would_overlap_are_left_out() -> None:
    residual = np.zeros((1000, 1))
    residual[[100, 102, 500]] = 9.0
    detection = detection_of(residual)
    events = find_events(detection, 300.0).table
    axes = series_figure(detection, 0, None, "x", "", events).axes[0]
    assert [text.get_text() for text in axes.texts] == ["1", "3"]
    residual[::50] = 9.0  # too many for numbers at all
    detection = detection_of(residual)
    events = find_events(detection, 300.0).table
    assert not series_figure(detection, 0, None, "x", "", events).axes[0].texts


def test_nothing_lies_on_the_data_or_on_anything_else() -> None:
    """At the size of a column, with a title, a unit, an event, labels and a date."""
    detection, title = (
        series_detection(),
        "A title with $ signs $ and _ that is much too long to fit",
    )
    figure = series_figure(detection, 0, np.array([False, True, True, False, False]), title, "m³/h")
    assert figure.get_size_inches()[0] == 3.5
    figure.draw_without_rendering()
    axes = figure.axes[0]
    shown = axes.get_title(loc="left")
    assert (len(shown), shown[-1]) == (44, "…")
    legend = axes.get_legend().get_window_extent()
    below = [axes.xaxis.get_offset_text(), *axes.get_xticklabels()]
    assert not legend.overlaps(axes.get_window_extent())
    assert not any(legend.overlaps(text.get_window_extent()) for text in below)
    assert figure.bbox.x0 <= legend.x0
    assert legend.x1 <= figure.bbox.x1
    assert figure.bbox.y0 <= legend.y0
    sizes = {text.get_fontsize() for text in [*below, *axes.get_yticklabels()]}
    assert min(sizes) >= 7.0  # points, as in print


def test_a_series_that_is_entirely_missing_can_be_written() -> None:
    figure = series_figure(detection_of(np.full((3, 1), NAN)), 0, np.zeros(3, bool), "gone")
    assert written(figure)


# --- The latent space ----------------------------------------------------------------------------


def points(axes: Axes) -> dict[str, np.ndarray]:
    return {group.get_label(): np.asarray(group.get_offsets()) for group in axes.collections}


def latents(num_rows: int, size: int) -> np.ndarray:
    random = np.random.default_rng(size)
    spread = np.arange(1, size + 1) ** 2
    mixed = random.normal(size=(num_rows, size)) * spread @ random.normal(size=(size, size))
    return (mixed + 5).astype(np.float32)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_latents_are_shown_by_their_principal_components(size: int) -> None:
    latent = latents(50, size)
    axes = latent_figure(latent, None, "dc-vae").axes[0]
    assert axes.get_title(loc="left") == "dc-vae: latent space"
    (shown,) = points(axes).values()
    centered = latent.astype(float) - latent.astype(float).mean(axis=0)
    left, singular, _ = np.linalg.svd(centered, full_matrices=False)
    names = [axes.get_xlabel(), axes.get_ylabel()]
    for number in range(2):
        if number >= size:
            assert not shown[:, number].any()
            assert names[number] == ""
            continue
        expected = left[:, number] * singular[number]
        sign = np.sign(expected @ shown[:, number])
        np.testing.assert_allclose(shown[:, number], sign * expected, rtol=1e-4, atol=1e-4)
        share = singular[number] ** 2 / sum(singular**2)
        assert names[number] == f"component {number + 1} ({share:.0%} of the variance)"


def test_labeled_rows_have_a_color_of_their_own() -> None:
    latent = latents(30, 3)
    together = points(latent_figure(latent, None, "x").axes[0])
    assert list(together) == ["scored rows"]
    labeled = np.arange(30) % 4 == 1
    groups = points(latent_figure(latent, labeled, "x").axes[0])
    assert list(groups) == ["normal", "labeled"]
    np.testing.assert_array_equal(groups["normal"], together["scored rows"][~labeled])
    np.testing.assert_array_equal(groups["labeled"], together["scored rows"][labeled])


@pytest.mark.parametrize("labeled", [None, False, True])
@pytest.mark.parametrize("num_rows", [1, 4])
def test_latents_that_never_change_can_be_written(num_rows: int, labeled: bool | None) -> None:
    mask = None if labeled is None else np.full(num_rows, labeled)
    assert written(latent_figure(np.ones((num_rows, 2), np.float32), mask, "x"))


def written(figure: Figure) -> bool:
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue().startswith(b"\x89PNG")
