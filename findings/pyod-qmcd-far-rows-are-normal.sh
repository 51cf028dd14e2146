#!/usr/bin/env bash
# PyOD QMCD: the farther a new row lies outside the training range, the more normal it is called.
#
# Expected: PyOD's contract for every detector is that larger scores are more abnormal, so a row 60
# standard deviations away scores at least as high as one 3 away (base class and QMCD docstrings).
# Happens: new rows are scaled by the training minimum and maximum, and the discrepancy, a polynomial
# meant for the unit cube, runs away with the wrong sign outside it. Rows 2 to 3 sd out are flagged,
# rows at 6 and beyond are labelled 0; 60 and 1000 sd score -1.6e5 and -1.4e15. No warning.
# A single broken channel is enough: one of four channels at 60 sd, the rest at 0, is normal too.
# Versions: PyOD 3.6.7, numpy 2.3.5, scikit-learn 1.7.2.
# Hurt: whoever uses QMCD (also as member of an ensemble, where -1e15 swamps every other score) as an
# online detector: a spike, a sentinel value or a unit error is exactly what it never reports.
# Guard: clip to the training range and flag out-of-range values on their own.
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
"$box/venv/bin/pip" install -q --disable-pip-version-check pyod==3.6.7 numpy==2.3.5 scikit-learn==1.7.2
venv/bin/python - <<'PY'
import numpy as np, pyod
from pyod.models.qmcd import QMCD

print("PyOD", pyod.__version__, "numpy", np.__version__)
normal = np.random.default_rng(0).normal(size=(400, 4))
model = QMCD(contamination=0.05).fit(normal)
distances = [0, 2, 3, 6, 10, 60, 1000]
rows = np.array([[d] * 4 for d in distances], float)
scores, labels = model.decision_function(rows), model.predict(rows)
print("threshold", model.threshold_)
for d, s, l in zip(distances, scores, labels):
    print(f"{d:5d} sd from the mean in all channels: score {s:12.5g}  label {l}")
one = model.predict(np.array([[60.0, 0, 0, 0]]))[0]
print("one channel of four at 60 sd: label", one)
assert labels[2] == 1, "behaviour changed: 3 sd no longer flagged"
assert not labels[4:].any() and one == 0, "behaviour changed: far rows are flagged now"
assert scores[6] < scores[5] < scores[4] < model.threshold_, "behaviour changed: order"
PY
