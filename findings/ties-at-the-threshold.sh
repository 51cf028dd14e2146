#!/usr/bin/env bash
# Tied scores at the cut: PyOD HDBSCAN flags nobody for ever, dtaianomaly's "top 5" flags everybody.
#
# Expected: PyOD HDBSCAN fitted on one operating mode at contamination 0.1 flags about a tenth of its
# training rows, and surely a row far from everything; dtaianomaly's TopNThreshold(n=5) flags 5 rows
# ("the number of instances that should be flagged") and ContaminationRateThreshold(0.01) 1 %.
# Happens: one mode is no cluster for HDBSCAN, most rows are noise with score exactly 1.0, the 90 %
# quantile is 1.0, and "score > threshold" is never true: no training row, no new row, at any
# distance. Many detectors give 0 to most rows; dtaianomaly cuts with "threshold <= score", the 5th
# largest of three alarms is 0, and all 1000 rows are anomalous. Neither says a word.
# Versions: PyOD 3.6.7, dtaianomaly 0.5.1, numpy 2.3.5, scikit-learn 1.7.2.
# Hurt: users of HDBSCAN on a plant with one mode (the usual case) never get an alarm; F1 or alarm
# counts from dtaianomaly's thresholds over clipped or sparse scores describe a detector that is
# always on. Swapping one library's rule for the other's turns none into all.
# Guard: after fit compare the flagged share with the asked one; break ties or treat "score == max".
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
"$box/venv/bin/pip" install -q --disable-pip-version-check pyod==3.6.7 numpy==2.3.5 scikit-learn==1.7.2 pandas==2.3.3 statsmodels==0.14.6
"$box/venv/bin/pip" install -q --disable-pip-version-check --no-deps dtaianomaly==0.5.1  # its torch is not needed here
venv/bin/python - <<'PY'
import numpy as np, pyod
from importlib.metadata import version
from pyod.models.hdbscan import HDBSCAN
from dtaianomaly.thresholding import ContaminationRateThreshold, TopNThreshold

print("PyOD", pyod.__version__, "dtaianomaly", version("dtaianomaly"), "numpy", np.__version__)
rng = np.random.default_rng(0)
model = HDBSCAN(contamination=0.1).fit(rng.normal(size=(400, 4)))
far = np.full((3, 4), [[6.0], [60.0], [1000.0]])
print("HDBSCAN threshold", model.threshold_, "| training rows with that score",
      f"{(model.decision_scores_ == 1).mean():.0%}", "| flagged in training", model.labels_.sum())
print("rows at 6, 60, 1000 sd: scores", model.decision_function(far), "labels", model.predict(far))
assert model.labels_.sum() == 0 and model.predict(far).sum() == 0, "behaviour changed"

scores = np.zeros(1000)
scores[[10, 500, 900]] = [0.7, 0.9, 0.8]  # three alarms, silence otherwise
top, rate = TopNThreshold(5).threshold(scores), ContaminationRateThreshold(0.01).threshold(scores)
print("TopNThreshold(5) flags", top.sum(), "of 1000; ContaminationRateThreshold(0.01) flags", rate.sum())
assert top.sum() == 1000 and rate.sum() == 1000, "behaviour changed"
PY
