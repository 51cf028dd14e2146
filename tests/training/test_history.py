"""The history of a training: the table, and what is drawn of it at which values."""

import io
import math

import pandas as pd
import pytest
from matplotlib.axes import Axes

from dcvae.training.history import history_csv, loss_figure
from dcvae.training.state import EpochLosses


def history(with_validation: bool = True) -> list[EpochLosses]:
    nan = math.nan
    validation = [(1.5, 1.0, 0.5), (1.2, 0.8, 0.4), (1.3, 0.9, 0.4)]
    return [
        EpochLosses(
            epoch,
            2.0 / epoch,
            1.5 / epoch,
            0.5 / epoch,
            *(validation[epoch - 1] if with_validation else (nan, nan, nan)),
            1e-3,
        )
        for epoch in (1, 2, 3)
    ]


def line_named(axes: Axes, label: str) -> list[list[float]]:
    (line,) = [line for line in axes.lines if str(line.get_label()).startswith(label)]
    return [list(line.get_xdata()), list(line.get_ydata())]


# ------------------------------------------------------------------- the table


def test_table_has_a_line_for_each_epoch() -> None:
    text = history_csv(history())
    assert text.splitlines()[:2] == [
        "epoch,loss,reconst,kl,val_loss,val_reconst,val_kl,learning_rate",
        "1,2.0,1.5,0.5,1.5,1.0,0.5,0.001",
    ]
    assert "\r" not in text
    read = pd.read_csv(io.StringIO(text))
    assert [EpochLosses(*row) for row in read.itertuples(index=False)] == history()


def test_losses_without_a_validation_part_are_empty_in_the_table() -> None:
    assert history_csv(history(with_validation=False)).splitlines()[1] == "1,2.0,1.5,0.5,,,,0.001"


# ------------------------------------------------------------------- the figure


def test_one_panel_for_each_part_of_the_loss() -> None:
    figure = loss_figure(history(), 2, "dc-vae")
    assert figure.get_suptitle() == "dc-vae"
    assert [axes.get_title() for axes in figure.axes] == [
        "Loss (negative ELBO)",
        "Reconstruction (negative log-likelihood)",
        "KL divergence",
    ]
    assert [axes.get_xlabel() for axes in figure.axes] == ["epoch"] * 3
    units = [axes.get_ylabel() for axes in figure.axes]
    assert units == ["nats", "nats a cell", "nats a latent number"]


def test_a_loss_without_parts_has_one_panel_and_no_likelihood() -> None:
    losses = [one._replace(kl=0.0, val_kl=0.0) for one in history()]
    [axes] = loss_figure(losses, 2, "seq2seq").axes
    assert (axes.get_title(), axes.get_ylabel()) == ("Loss (mean error)", "error of scaled values")
    assert line_named(axes, "training") == [[1, 2, 3], [2, 1, 2 / 3]]


def test_lines_are_the_history() -> None:
    figure = loss_figure(history(), 2, "dc-vae")
    for axes, training, validation in zip(
        figure.axes,
        ([2, 1, 2 / 3], [1.5, 0.75, 0.5], [0.5, 0.25, 0.5 / 3]),
        ([1.5, 1.2, 1.3], [1.0, 0.8, 0.9], [0.5, 0.4, 0.4]),
        strict=True,
    ):
        assert line_named(axes, "training") == [[1, 2, 3], training]
        assert line_named(axes, "validation") == [[1, 2, 3], validation]


def test_best_epoch_is_marked_and_named() -> None:
    figure = loss_figure(history(), 2, "dc-vae")
    for axes in figure.axes:
        assert line_named(axes, "best epoch")[0] == [2, 2]
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "training",
        "validation",
        "best epoch (2)",
    ]


def test_without_a_validation_part_there_is_no_such_line() -> None:
    figure = loss_figure(history(with_validation=False), 3, "dc-vae")
    for axes in figure.axes:
        assert [str(line.get_label()) for line in axes.lines] == ["training", "best epoch (3)"]


@pytest.mark.parametrize("num_epochs", [1, 3])
def test_figure_can_be_written_and_ticks_are_whole_epochs(num_epochs: int) -> None:
    figure = loss_figure(history()[:num_epochs], 1, "dc-vae")
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    assert stream.getvalue().startswith(b"\x89PNG")
    ticks = [tick for axes in figure.axes for tick in axes.get_xticks()]
    assert all(float(tick).is_integer() for tick in ticks)
