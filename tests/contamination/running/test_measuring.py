"""Lines of experiments: measured, failed with a reason, and in other processes the same."""

import pytest

from dcvae.contamination.metrics import METRICS
from dcvae.contamination.results.table import COLUMNS, Cell
from dcvae.contamination.running.measuring import MeasuringKeys, measured, measured_experiments
from support.toy_experiment import ToyExperiment

KEYS = MeasuringKeys(assumed=0.05, is_published=False, ranked_at=0.2)


def line_of(detector: str, rho: float = 0.2):
    return measured(ToyExperiment(), KEYS, Cell(detector, rho, 2)).line


def test_a_line_is_whole():
    line = line_of("exact")
    assert set(line) == set(COLUMNS) - {"failure", "f1_published"}
    assert (line["seed"], line["rows"], line["contaminated_rows"]) == (6, 50, 10)
    assert line["anomaly_share"] == pytest.approx(5 / 30)
    assert [line[name] for name in ("auroc", "aupr", "f1_true_rate")] == [1.0, 1.0, 1.0]
    assert line["contamination_recall"] == 1.0
    assert line["notes"] == ""
    assert line["device"].startswith("CPU")


def test_training_is_ranked_at_the_largest_share_alone():
    made = measured(ToyExperiment(), KEYS, Cell("exact", 0.2, 1))
    assert made.strangest[:3].tolist() == [49, 48, 47]
    assert measured(ToyExperiment(), KEYS, Cell("exact", 0.1, 1)).strangest is None
    assert measured(ToyExperiment(), KEYS, Cell("random", 0.2, 1)).strangest is None


@pytest.mark.parametrize(
    ("detector", "reason"),
    [
        ("failing", "ValueError: no scores"),
        ("not finite", "ValueError: 1 of 30 test scores are not finite"),
    ],
)
def test_a_failure_is_a_line_with_its_reason(detector, reason):
    line = line_of(detector)
    assert line["failure"] == reason
    assert not set(line) & set(METRICS)


def test_warnings_are_notes():
    assert line_of("telling")["notes"] == "collapsed"


def test_an_error_of_the_system_ends_the_study():
    with pytest.raises(OSError, match="No space left"):
        line_of("broken disk")


def test_processes_give_the_same_lines():
    cells = [Cell(name, rho, 1) for name in ("exact", "half", "dying") for rho in (0.0, 0.2)]
    by_process = {
        (made.line["detector"], made.line["rho"]): made.line
        for made in measured_experiments(ToyExperiment(), cells, KEYS, jobs=2)
    }
    for cell in cells[:4]:
        here = dict(measured(ToyExperiment(), KEYS, cell).line, seconds=None)
        there = dict(by_process[cell.detector, cell.rho], seconds=None)
        assert list(map(repr, there.items())) == list(map(repr, here.items()))  # NaN too
    assert by_process["dying", 0.0]["failure"] == "its process ended with status 3"
