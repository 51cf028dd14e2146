#!/usr/bin/env bash
# PyOD 3 MatrixProfile: one sensor that stands still for one window switches the detector off.
#
# Expected: a flat stretch has a twin in every other flat stretch, so it is either the most ordinary
# thing in the record or, at worst, a curiosity of that channel; the anomaly planted in another
# channel stays the highest score. (The docstring asks for no condition on the data.)
# Happens: windows with standard deviation below 1e-10 keep distance infinity. When channels are then
# standardised over time, infinity minus infinity makes NaN of the flat rows; the threshold, a
# percentile over all rows, is NaN too, and "score > NaN" is never true: labels_ are 0 everywhere and
# nothing is raised (numpy warns, at most). 60 of 1500 rows in ONE channel cost all 30 labels of the
# anomaly in the other. One channel alone with 16 % idle time: infinite scores, NaN threshold, no
# label. The limit is absolute, so a channel in small units (1e-11) counts as flat throughout.
# Versions: PyOD 3.6.7, numpy 2.3.5.
# Hurt: operators of machines that idle, of valves, of counters and of binary channels: the report
# says "no anomalies" for ever, and a NaN threshold compares False without complaint.
# Guard: drop or jitter channels with a flat window; check isfinite(threshold_) after fit.
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
"$box/venv/bin/pip" install -q --disable-pip-version-check pyod==3.6.7 numpy==2.3.5 scikit-learn==1.7.2
venv/bin/python - <<'PY'
import warnings, numpy as np, pyod
from pyod.models.ts_matrix_profile import MatrixProfile
warnings.simplefilter("ignore", RuntimeWarning)

print("PyOD", pyod.__version__, "numpy", np.__version__)
rng = np.random.default_rng(0)
rows = np.arange(1500)
machine = np.sin(rows / 10) + 0.05 * rng.normal(size=1500)
machine[900:930] += np.where(rows[900:930] % 2, 1.0, -1.0)  # the anomaly
other = np.cos(rows / 10) + 0.05 * rng.normal(size=1500)
still = other.copy()
still[200:260] = 0.0  # 60 of 1500 rows, window 50

def report(name, data):
    m = MatrixProfile(window_size=50, contamination=0.1).fit(data)
    print(f"{name:34s} threshold {m.threshold_:8.4g}  NaN rows {np.isnan(m.decision_scores_).mean():4.0%}"
          f"  flagged {m.labels_.sum():4d}  of the anomaly's 30 rows {m.labels_[900:930].sum()}")
    return m

good = report("two moving channels", np.c_[machine, other])
bad = report("second channel still for 60 rows", np.c_[machine, still])
idle = machine.copy()
idle[200:440] = 0.0
alone = report("one channel, idle 16 % of the time", idle)
assert good.labels_[900:930].all(), "behaviour changed"
assert np.isnan(bad.threshold_) and np.isnan(bad.decision_scores_).any() and bad.labels_.sum() == 0, "behaviour changed"
assert np.isnan(alone.threshold_) and alone.labels_.sum() == 0, "behaviour changed"
PY
