"""Networks among the detectors of a study: their settings, with and without defenses, and scores.

A network is asked for by its architecture, plain or with defenses after it, as in
"dc-vae+wo_outliers" or "dc-vae+robust+trimmed". Plain it has none: what a settings file says of
them is what is studied, and taken out. With a defense:

    wo_outliers     cells far from the mean (`max_std`) are missing in training
    labels          the rows of the events that contaminate are labeled, and not trained on
    robust          series are scaled by median and quartiles (`robust_scale`)
    trimmed         the windows with the largest loss are left out of each epoch (`trim_windows`)

The score of a row is that of the system, of the window that ends in the row, as an alarm has it
before it is held against the recent past: no later row is used.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dcvae import _backend
from dcvae._arrays import Float64Array
from dcvae._engine import training_engine
from dcvae._text import all_quoted
from dcvae.config import ARCHITECTURE_TRAITS, FIELDS, NETWORK, Settings, keys_for
from dcvae.contamination.series.plans import Material
from dcvae.data import Table, TrainingData, after_gap, sampling_step, training_data
from dcvae.detection import AlarmRules, SystemAlarm
from dcvae.errors import InputError
from dcvae.pipeline import fit_scorer
from dcvae.scoring import mean_squares, reference_level

LABELS = "labels"
TRIMMED_SHARE = 0.1  # of the windows of an epoch, where the settings leave it open
_LOWEST_LEVEL = 1e-5  # squared, scaled
# The keys of defenses: without one, and with it.
_DEFENSES: Mapping[str, tuple[str, Any, Any]] = {
    "wo_outliers": ("wo_outliers", False, True),
    "robust": ("robust_scale", False, True),
    "trimmed": ("trim_windows", 0.0, TRIMMED_SHARE),
}


@dataclass(frozen=True)
class NetworkDetector:
    """A network as a detector of a study.

    Attributes:
        name: as it was asked for.
        settings: of its training, with its defenses.
        masks_labels: whether the rows of events that contaminate are not trained on.
    """

    name: str
    settings: Settings
    masks_labels: bool

    def prepared(self, material: Material, path: Path) -> TrainingData:
        """Prepare training rows, as train.py does.

        Raises:
            InputError: no window is left, or a series cannot be scaled.
        """
        unknown = material.excluded | material.known if self.masks_labels else material.excluded
        frame = material.training
        labels = None
        if unknown.any():
            marked = np.broadcast_to(unknown[:, np.newaxis], frame.shape)
            labels = Table(path, pd.DataFrame(marked, frame.index, frame.columns), [])
        settings = self.settings.with_num_series(frame.shape[1], path)
        return training_data(Table(path, frame, []), settings, labels)

    def scores(
        self, material: Material, path: Path, seed: int
    ) -> tuple[Float64Array, Float64Array]:
        """Train, and score the training windows and those of the test.

        Args:
            material: what is given to the network.
            path: of the training file, for messages.
            seed: of the network.

        Returns:
            (n,) and (m,) float64 >= 0.

        Raises:
            InputError: as `prepared`, or the loss is not a number.
        """
        data = self.prepared(material, path)
        frame = material.training
        settings = self.settings.model_copy(
            update={"seed": seed, "num_series": frame.shape[1], "detector": NETWORK}
        )
        with _backend.keeping_random_states():
            scorer = fit_scorer(NETWORK, data, settings)
        step = sampling_step(pd.DatetimeIndex(frame.index)).total_seconds()
        rules = AlarmRules.of(settings, step)
        found = []
        level = None
        for table, ends in ((frame, material.ends), (material.test, material.test_ends)):
            gaps = after_gap(pd.DatetimeIndex(table.index), step, settings.max_gap)
            strange = scorer.score(data.preprocessor.transform(table, gaps)).strangeness
            if level is None:  # by the training rows
                level = reference_level(mean_squares(strange, rules.smoothing), _LOWEST_LEVEL)
            alarm = SystemAlarm(rules, level, 0.0, "budget")
            found.append(alarm.score(strange)[ends - (settings.window_length - 1)])
        return found[0], found[1]


def rows_looked_back(settings: Settings, step_seconds: float) -> int:
    """Return how many rows a network's score of a row depends on, the row itself included.

    Args:
        settings: of the network.
        step_seconds: sampling step, in seconds.
    """
    return settings.window_length + AlarmRules.of(settings, step_seconds).smoothing - 1


def network_names() -> tuple[str, ...]:
    """Return the names of networks that can be asked for, plain and with one defense each."""
    defenses = [LABELS, *(name for name, (key, *_) in _DEFENSES.items() if key in FIELDS)]
    plain = [str(name) for name in ARCHITECTURE_TRAITS]
    return (*plain, *(f"{name}+{defense}" for name in plain for defense in defenses))


def network_detector(name: str, settings: Settings) -> NetworkDetector | None:
    """Return a network by the name of a detector; None for one that is no network.

    Args:
        name: such as "dc-vae+wo_outliers".
        settings: as a file has them, of whichever architecture.

    Raises:
        InputError: a defense is unknown or given twice, or the network cannot be trained here.
    """
    network, *defenses = name.split("+")
    if network not in ARCHITECTURE_TRAITS:
        return None
    known = [LABELS, *(each for each, (key, *_) in _DEFENSES.items() if key in FIELDS)]
    wrong = [each for each in defenses if each not in known]
    if wrong or len(set(defenses)) < len(defenses):
        raise InputError(
            f"Expected defenses of {network} after a plus sign, each once: some of "
            f"{all_quoted(known)}. Received: {name!r}."
        )
    training_engine(network)  # refused here if it is not installed
    values = keys_for(settings, network) | {"detector": NETWORK}
    for each, (key, without, with_it) in _DEFENSES.items():
        if key in values:
            asked = values.get(key, without)
            values[key] = (asked if asked else with_it) if each in defenses else without
    made = Settings.from_values(values, str(settings.source))
    return NetworkDetector(name, made, LABELS in defenses)
