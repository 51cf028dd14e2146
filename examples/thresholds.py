"""Choosing a threshold with labels and without, and comparing both event by event.

    python examples/thresholds.py

Run it from the project's folder; about half a minute on two cores.
"""

import numpy as np
import pandas as pd

from dcvae import DCVAEDetector
from dcvae.metrics import event_wise

FALSE_ALARMS_PER_WEEK = 3

read = {"index_col": 0, "parse_dates": True}
normal = pd.read_csv("data/sample/train.csv", **read)
validation = pd.read_csv("data/sample/val.csv", **read)
test = pd.read_csv("data/sample/test.csv", **read)

# One label column per series lies beside the data. The question here is about the system: is
# anything wrong in this row?
validation_truth = pd.read_csv("data/sample/labels_val.csv", **read).any(axis=1).to_numpy()
test_truth = pd.read_csv("data/sample/labels_test.csv", **read).any(axis=1).to_numpy()

detector = DCVAEDetector(T=64, epochs=10, seed=1).fit(normal)
validation_score = detector.decision_function(validation)
test_score = detector.decision_function(test)

# Lesson 1: a score is not a decision. It ranks rows; how far is too far is another question, and
# the answer depends on what an alarm costs. Three answers follow.
thresholds = {"1.5 times the strangest training row": 1.5 * detector.decision_scores_.max()}

# Lesson 2: without labels, by what one is willing to be called for. Lower the threshold on normal
# data until it would raise more alarms a week than wanted. Count runs of rows, not rows: nobody is
# called twelve times for an hour. The model was fitted on these rows, so they look more normal than
# later ones will, and a few more alarms than asked for must be expected.
training_score = detector.decision_scores_
weeks = (normal.index[-1] - normal.index[0]) / pd.Timedelta(weeks=1)
nothing = np.zeros(len(normal), dtype=bool)
threshold = training_score.max()
for candidate in np.unique(training_score)[::-1]:
    alarms = event_wise(nothing, training_score > candidate).false_alarms
    if alarms > FALSE_ALARMS_PER_WEEK * weeks:
        break
    threshold = candidate
thresholds[f"{FALSE_ALARMS_PER_WEEK} alarms a week on normal data"] = threshold

# Lesson 3: with labels, by what was right. Use labels of another file than the one that is reported
# on, or the figures are better than they will be. F0.5 counts false alarms more than missed events,
# and the corrected one gives nothing for an alarm that never ends.
candidates = np.quantile(validation_score, np.linspace(0.5, 1.0, 200, endpoint=False))
thresholds["best F0.5 on the validation labels"] = max(
    candidates,
    key=lambda value: event_wise(validation_truth, validation_score > value).corrected_f05,
)

# Lesson 4: `predict` needs none of this. It raises the alarms of test.py, which hold each series
# against what it did lately, and are few: at most one a week or so on normal data.
alarms = {name: test_score > value for name, value in thresholds.items()}
alarms["predict: an alarm that follows"] = detector.predict(test) == 1

# Lesson 5: count events. How many were found, and how often was somebody called for nothing: that
# is what matters to whoever answers the alarms.
for name, alarm in alarms.items():
    found = event_wise(test_truth, alarm)
    print(
        f"{name:<38} {found.detected_events:2} of {found.num_events} events, "
        f"{found.false_alarms:2} false alarms, F0.5 {found.corrected_f05:.3f}"
    )
