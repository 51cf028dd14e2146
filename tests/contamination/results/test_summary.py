"""Summaries: means by hand, the bootstrap against a loop, tolerated shares, and the answer."""

import numpy as np
import pandas as pd
import pytest

from dcvae.contamination.results.summary import RESAMPLES, answer, loss_interval, summarize
from dcvae.contamination.results.table import as_frame


def results_with(values: dict[str, dict[float, list[float | None]]]) -> pd.DataFrame:
    """Results of average precision by detector, share and run; None for a failure."""
    return as_frame(
        {"detector": detector, "rho": rho, "run": run, "seed": run, "rows": 10}
        | ({"failure": "broken"} if value is None else {"aupr": value})
        for detector, shares in values.items()
        for rho, runs in shares.items()
        for run, value in enumerate(runs, start=1)
    )


def lines_of(summary: pd.DataFrame, detector: str) -> pd.DataFrame:
    return summary[summary["detector"] == detector].set_index("rho")


def test_means_and_paired_losses_by_hand():
    values = {"lof": {0.0: [0.8, 0.6, 0.7], 0.1: [0.5, 0.5, None]}}
    found = lines_of(summarize(results_with(values), 1), "lof")
    assert found["mean"].tolist() == pytest.approx([0.7, 0.5])
    assert found["sd"].tolist() == pytest.approx([0.1, 0.0])
    assert found["runs"].tolist() == [3, 2]
    assert found.loc[0.1, "loss"] == pytest.approx(((0.8 - 0.5) + (0.6 - 0.5)) / 2)  # by run
    assert found.loc[0.0, ["loss", "loss_low", "loss_high"]].tolist() == [0.0, 0.0, 0.0]


def test_the_bootstrap_by_a_loop():
    losses = np.array([0.3, 0.1, 0.2, 0.25, 0.05])
    random = np.random.default_rng([8, 4])
    means = []
    for drawn in random.integers(0, 5, (RESAMPLES, 5)):
        means.append(sum(losses[run] for run in drawn) / 5)
    means.sort()
    low, high = loss_interval(losses, 8)
    assert low == pytest.approx(np.percentile(means, 2.5))
    assert high == pytest.approx(np.percentile(means, 97.5))
    # Close to what the central limit theorem says of many runs.
    many = np.random.default_rng(1).normal(0.2, 0.1, 200)
    low, high = loss_interval(many, 8)
    error = many.std() / np.sqrt(200)
    assert (low, high) == pytest.approx(
        (many.mean() - 1.96 * error, many.mean() + 1.96 * error), abs=0.15 * error
    )


def test_one_run_has_no_interval():
    found = lines_of(summarize(results_with({"lof": {0.0: [0.8], 0.1: [0.7]}}), 1), "lof")
    assert found["loss"].tolist() == pytest.approx([0.0, 0.1])
    assert found[["loss_low", "loss_high", "tolerated_rho", "sd"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("dirty", "tolerated"),
    [
        ({0.02: [0.5, 0.6], 0.05: [0.49, 0.59]}, 0.05),
        ({0.02: [0.5, 0.6], 0.05: [0.4, 0.5]}, 0.02),
        ({0.02: [0.4, 0.5], 0.05: [0.5, 0.6]}, 0.0),  # not beyond one that is lost
        ({0.02: [0.7, 0.8], 0.05: [0.7, 0.8]}, 0.05),  # a gain is no loss
        ({0.02: [0.5, 0.54], 0.05: [0.5, 0.6]}, 0.0),  # 0.03 on the mean, but one run lost 0.06
        ({0.02: [0.5, 0.6], 0.05: [None, None], 0.1: [0.5, 0.6]}, 0.02),  # nor one that failed
        ({}, np.nan),
    ],
)
def test_tolerated_shares(dirty, tolerated):
    summary = summarize(results_with({"lof": {0.0: [0.5, 0.6], **dirty}}), 1)
    assert summary["tolerated_rho"].tolist() == pytest.approx(
        [tolerated] * len(summary), nan_ok=True
    )


def test_nothing_is_said_of_intervals_where_nothing_is_clean():
    summary = summarize(results_with({"lof": {0.0: [None, None], 0.1: [0.5, 0.6]}}), 1)
    said = "No detector could be studied with and without contamination."
    assert answer(summary, "rows") == said


def test_a_detector_that_always_fails_has_no_line():
    summary = summarize(results_with({"lof": {0.0: [None]}, "pca": {0.0: [0.5]}}), 1)
    assert summary["detector"].tolist() == ["pca"]


# ------------------------------------------------------------ the answer


def answer_of(values, unit="rows"):
    return answer(summarize(results_with(values), 1), unit)


def test_the_answer_names_who_bears_it_and_who_loses():
    said = answer_of(
        {
            "random": {0.0: [0.1] * 3, 0.05: [0.1] * 3},
            "ecod": {0.0: [0.6] * 3, 0.05: [0.6] * 3},
            "lof": {0.0: [0.8] * 3, 0.05: [0.2] * 3},
            "poor": {0.0: [0.2] * 3, 0.05: [0.2] * 3},  # has next to nothing to lose
        }
    )
    assert said == (
        "Up to 5 % of anomalies among the training rows cost ecod less than a twentieth of the "
        "average precision. At 5 %, ecod is best with 0.600, and lof has lost most, 75 %."
    )


def test_detectors_of_other_runs_are_not_compared():
    """The second run may be an easier one."""
    values = {
        "ae": {0.0: [0.9], 0.1: [0.9]},
        "lof": {0.0: [0.7, 0.8], 0.1: [0.6, 0.6]},
        "pca": {0.0: [0.8, 0.8], 0.1: [0.1, None]},
    }
    said = answer(summarize(results_with(values), 1), "rows")
    assert "lof is best with 0.600" in said
    assert said.endswith(" Not compared, having fewer runs: ae, pca.")


def test_the_answer_where_nobody_bears_anything():
    said = answer_of({"lof": {0.0: [0.8] * 3, 0.02: [0.4] * 3}}, "windows")
    assert said == (
        "Already 2 % of anomalies among the training windows may cost each of the better detectors "
        "more than a twentieth of its average precision. At 2 %, lof is best with 0.400, and has "
        "lost 50 %."
    )


def test_the_answer_where_nobody_loses_anything():
    said = answer_of(
        {name: {0.0: [0.8, 0.8], 0.02: [0.8, 0.8], 0.12: [0.8, 0.8]} for name in ("lof", "pca")}
    )
    assert said == (
        "Up to 12 % of anomalies among the training rows cost lof and 1 more less than a twentieth "
        "of the average precision. At 12 %, lof is best with 0.800, and none has lost more than a "
        "twentieth."
    )


def test_answers_of_studies_that_say_little():
    assert answer_of({"lof": {0.0: [None]}}) == (
        "No detector could be studied: every line of results.csv has its reason."
    )
    assert answer_of({"lof": {0.0: [0.4]}, "pca": {0.0: [0.7]}}) == (
        "Nothing was contaminated: pca has the largest average precision, 0.700."
    )
    assert answer_of({"lof": {0.0: [0.8], 0.02: [0.4]}}).startswith("One run gives no interval")
