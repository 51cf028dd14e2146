#!/usr/bin/env bash
# PyOD ROD, CD and SOS: a row that is scored alone is never an outlier, however far away it is.
#
# Expected: a fitted detector scores a new row against the rows of its fit, as PyOD's base class says
# of `decision_function`; the same row scored alone and among others is told from normal either way.
# Happens: ROD scales every row by the median and deviations of the batch that it is given, so one
# row is the center of its own batch: it scores 0.6625 whatever it holds, below the threshold of the
# fit. CD and SOS get NaN from a batch of one, and NaN is not above the threshold: label 0. No error,
# no warning, from 0 to 1000 standard deviations. Among 200 normal rows all three flag the row from 3
# standard deviations on.
# Versions: PyOD 3.6.7, numpy 2.3.5, scikit-learn 1.7.2.
# Hurt: streaming, and every service that is asked for one measurement at a time: it never alarms.
# Guard: score new rows together with a fixed sample of training rows, and refuse NaN scores.
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
"$box/venv/bin/pip" install -q --disable-pip-version-check pyod==3.6.7 numpy==2.3.5 scikit-learn==1.7.2
venv/bin/python -W ignore - <<'PY'
import numpy as np, pyod
from pyod.models.cd import CD
from pyod.models.rod import ROD
from pyod.models.sos import SOS

print("PyOD", pyod.__version__, "numpy", np.__version__)
random = np.random.default_rng(0)
training, normal = random.normal(size=(500, 4)), random.normal(size=(200, 4))
distances = [0, 3, 10, 60, 1000]
for kind in (ROD, CD, SOS):
    model = kind(contamination=0.05).fit(training)
    print(f"{kind.__name__}, threshold {model.threshold_:.3f}")
    for distance in distances:
        row = np.full((1, 4), float(distance))
        alone, label = model.decision_function(row)[0], model.predict(row)[0]
        among = model.predict(np.vstack([normal, row]))[-1]
        print(f"  {distance:5d} sd: alone {alone:.4f} label {label}; among 200 normal rows label {among}")
        assert label == 0, "behaviour changed: a row alone is flagged"
        if kind is ROD:
            assert abs(alone - 0.6625) < 1e-4, "behaviour changed: scores of ROD"
        else:
            assert np.isnan(alone), "behaviour changed: a number in place of NaN"
        assert among == 1 or distance < 3, "behaviour changed: not told among normal rows"
PY
