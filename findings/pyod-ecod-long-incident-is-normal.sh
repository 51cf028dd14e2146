#!/usr/bin/env bash
# PyOD ECOD and COPOD: a row is ranked among the rows that are scored with it, so that an incident
# that lasts makes itself normal.
#
# Expected: decision_function(X) scores "based on the fitted detector": the score of a row does not
# depend on the other rows of the call, and a row that is flagged alone is flagged among others.
# Happens: the rows of the call are joined to the training rows before the tails are counted. One row
# 6 sd out in every column: flagged. 500 such rows, an incident as long as the training data: ECOD
# flags 33 of them, COPOD none, and usual rows have other scores than before. No warning.
# Versions: PyOD 3.6.7, numpy 2.4.6, scikit-learn 1.9.1.
# Hurt: monitoring in batches. The longer the incident, and the larger the batch, the less is found;
# benchmarks that score a test set at once see fewer anomalies the more of them it has.
# Guard: count tails among the training rows and the row itself alone (ECOD of this package), or
# score row by row.
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
"$box/venv/bin/pip" install -q --disable-pip-version-check pyod==3.6.7 numpy==2.4.6 scikit-learn==1.9.1
venv/bin/python - <<'PY'
import numpy as np, pyod
from pyod.models.copod import COPOD
from pyod.models.ecod import ECOD

print("PyOD", pyod.__version__, "numpy", np.__version__)
random = np.random.default_rng(0)
normal = random.normal(size=(500, 4))
usual = random.normal(size=(50, 4))
for kind in (ECOD, COPOD):
    model = kind(contamination=0.05).fit(normal)
    print(f"{kind.__name__}: threshold {model.threshold_:.2f}")
    before = model.decision_function(usual)
    for length in (1, 5, 50, 500):
        incident = np.full((length, 4), 6.0) + random.normal(0, 0.1, (length, 4))
        together = np.vstack([usual, incident])
        scores, labels = model.decision_function(together), model.predict(together)
        print(f"  incident of {length:3d} rows: median score {np.median(scores[50:]):6.2f}, "
              f"flagged {labels[50:].sum():3d}")
        if length == 1:
            assert labels[50:].all(), "behaviour changed: one far row is not flagged"
    assert labels[50:].mean() < 0.1, "behaviour changed: a long incident is flagged"
    moved = np.abs(scores[:50] - before).max()
    print(f"  scores of the 50 usual rows moved by up to {moved:.2f}")
    assert moved > 0.5, "behaviour changed: usual rows keep their scores"
PY
