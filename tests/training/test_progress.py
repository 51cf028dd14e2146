"""Progress of a training as lines of text."""

import math

import pytest

from dcvae.training import progress
from dcvae.training.progress import EpochLines, NoProgress
from dcvae.training.state import EpochLosses


def losses_of(epoch: int, val_loss: float = 1.5) -> EpochLosses:
    return EpochLosses(epoch, 1.25, 1.0, 0.25, val_loss, 1.0, 0.5, 1e-3)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Times that are told one after the other."""
    times: list[float] = []
    monkeypatch.setattr(progress.time, "monotonic", lambda: times.pop(0))
    return times


def test_one_line_an_epoch_with_the_time_that_is_left_at_most(clock: list[float]) -> None:
    clock += [100.0, 110.0, 112.5, 115.0]
    said: list[str] = []
    lines = EpochLines(12, said.append)
    lines.step(1, 50, 53, 2.0)
    assert said == []
    lines.epoch(losses_of(1), True)
    lines.epoch(losses_of(2), False)
    lines.epoch(losses_of(12), False)
    assert said == [
        "epoch  1/12  loss   1.2500 (reconst 1.0000, kl 0.2500)  val   1.5000 *  10.0 s, "
        "at most 1 min 50 s left",
        "epoch  2/12  loss   1.2500 (reconst 1.0000, kl 0.2500)  val   1.5000     2.5 s, "
        "at most 25 s left",
        "epoch 12/12  loss   1.2500 (reconst 1.0000, kl 0.2500)  val   1.5000     2.5 s",
    ]


def test_without_a_validation_part_its_loss_is_left_out(clock: list[float]) -> None:
    clock += [0.0, 1.0]
    said: list[str] = []
    EpochLines(1, said.append).epoch(losses_of(1, math.nan), True)
    assert said == ["epoch 1/1  loss   1.2500 (reconst 1.0000, kl 0.2500) *   1.0 s"]


def test_lines_are_printed_if_nothing_else_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    EpochLines(1).epoch(losses_of(1), True)
    assert capsys.readouterr().out.startswith("epoch 1/1  loss   1.2500")


def test_progress_that_nobody_looks_at_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    NoProgress().step(1, 1, 2, 0.5)
    NoProgress().epoch(losses_of(1), True)
    assert capsys.readouterr() == ("", "")
