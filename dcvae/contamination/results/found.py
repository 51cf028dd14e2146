"""Findings of a study in memory: its tables, the answer in words, figure and page."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from dcvae.contamination.results.summary import answer, summarize

if TYPE_CHECKING:  # a table must not wait for matplotlib
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class StudyResults:
    """Results of a study of contamination.

    Attributes:
        about: what they rest on, as `Experiment.describe` says it, and how they were measured.
        results: one line for each detector, share and run, as results.csv.
        suspects: training units to look at first, as suspects.csv.
    """

    about: Mapping[str, Any]
    results: pd.DataFrame
    suspects: pd.DataFrame

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One line for each detector, metric and share, as summary.csv."""
        return summarize(self.results, int(self.about["seed"]))

    @property
    def answer(self) -> str:
        """What contamination costs whom, in a sentence or two."""
        return answer(self.summary, str(self.about["unit"]))

    @property
    def failures(self) -> list[str]:
        """Detectors that failed, each once with its first reason, as sentences."""
        failed = self.results[self.results["failure"] != ""]
        return [
            f"{detector} failed in {len(lines):,} of "
            f"{int((self.results['detector'] == detector).sum()):,} experiments: "
            f"{lines['failure'].iloc[0]}"
            for detector, lines in failed.groupby("detector", sort=False)
        ]

    def table(self, metric: str) -> pd.DataFrame:
        """Return the means of a metric: a line for each detector, a column for each share."""
        own = self.summary[self.summary["metric"] == metric]
        table = own.set_index(["detector", "rho"])["mean"].unstack()  # noqa: PD010
        return table.reindex(self.summary["detector"].unique())

    def figure(self) -> "Figure":
        """Draw the metrics over the shares, neither shown nor saved."""
        from dcvae.contamination.results.figure import robustness_figure

        return robustness_figure(self.summary)

    def page(self) -> str:
        """Return all of it as one HTML document that needs nothing else."""
        from dcvae.contamination.results.page import render_study

        return render_study(self)

    def to_dict(self) -> dict[str, Any]:
        """Return answer, summary and failures as plain values; None for what is not defined."""
        summary = self.summary.astype(object).where(self.summary.notna(), None)
        return {
            "answer": self.answer,
            "about": dict(self.about),
            "summary": summary.to_dict("records"),
            "failures": self.failures,
        }
