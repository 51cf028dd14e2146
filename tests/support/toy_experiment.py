"""An experiment of a study of contamination whose scores are known, for processes too."""

import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from dcvae.contamination.experiment import Outcome, Training, injected, seed_of_run

NORMAL, POOL, TEST = 40, 10, 30


class ToyExperiment:
    """Units 0 to 39 are normal and train, 40 to 49 contaminate, 50 to 79 are the test.

    The last five test units are anomalies. A detector "exact" scores them above all others, "half"
    loses them with contamination, "constant" scores all alike, "failing" raises, "telling" warns,
    "broken disk" raises an error of the operating system, "dying" ends its process.
    """

    unit = "windows"

    def __init__(self, seed: int = 5, data: str = "toy.csv") -> None:
        self.seed, self.data = seed, data
        self.made: list[tuple[str, int, float]] = []

    def describe(self) -> dict[str, Any]:
        return {
            "unit": self.unit,
            "data": self.data,
            "anomaly": "number 75 and later",
            "seed": self.seed,
            "notices": ["toy data"],
        }

    def largest_rho(self) -> float:
        return POOL / (NORMAL + POOL)

    def training(self, run: int, rho: float) -> Training:
        dirt = injected(NORMAL, rho)
        return Training(np.arange(NORMAL + dirt), np.arange(NORMAL + dirt) >= NORMAL)

    def outcome(self, detector: str, run: int, rho: float) -> Outcome:
        self.made.append((detector, run, rho))
        training, contaminated = self.training(run, rho)
        test = np.arange(NORMAL + POOL, NORMAL + POOL + TEST)
        labels = np.arange(TEST) >= TEST - 5
        random = np.random.default_rng([seed_of_run(self.seed, run), 9])
        noise = random.random(TEST)
        if detector == "failing" or (detector == "failing once" and run == 1):
            raise ValueError("no\nscores")
        if detector == "broken disk":
            raise OSError(28, "No space left on device", "scratch")
        if detector == "dying":
            os._exit(3)
        if detector == "telling":
            warnings.warn("collapsed", UserWarning, stacklevel=1)
        if detector == "not finite":
            noise[3] = np.nan
        scores = labels + 0.5 * noise
        if detector == "half" and rho > 0.1:
            scores = 1.0 - scores
        if detector == "constant":
            scores = np.zeros(TEST)
        training_scores = np.where(contaminated, 2.0, 1.0) + 0.01 * np.arange(len(training))
        return Outcome(training, contaminated, training_scores, test, labels, scores)

    def splits(self, runs: int, rho: Sequence[float]) -> dict[str, np.ndarray]:
        test = np.arange(NORMAL + POOL, NORMAL + POOL + TEST)
        return {"test": test, "runs": np.arange(1, runs + 1), "rho": np.array(rho)}

    def places(self, units: np.ndarray) -> dict[str, list[int]]:
        return {"first_row": [10 * int(unit) for unit in units]}
