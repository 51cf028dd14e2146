#!/usr/bin/env bash
# aeon's range-based PR AUC (the base of VUS-PR) falls for a perfect detector as the record grows.
#
# Expected: a score that ranks every anomalous row above every normal row has PR AUC 1 (average
# precision is 1 here) and about the same range PR AUC however long the quiet stretch is, because
# no alarm it raises before full recall is false. aeon documents "uniformly sample thresholds from
# the anomaly score"; the paper (Paparrizos et al., PVLDB 15, 2022) defines the area over thresholds.
# Happens: the thresholds are 250 equally spaced RANKS. With 100000 rows the second threshold already
# lets 402 rows in, so an event of 20 rows is judged at "one row" and at "20 hits, 382 false alarms".
# The perfect score gets 0.72, 0.46, 0.39 for 2000, 20000, 100000 rows. Rounding the same score to
# 0/1, which throws the ranking away, lifts it to 0.86 at every length. Even with the buffer off
# (buffer_size=0, plain PR AUC by definition) the perfect score gets 0.55.
# Versions: aeon 1.6.0, numpy 2.3.5. (The VUS code it follows has the same 250.)
# Hurt: whoever compares detectors by VUS-PR on long telemetry with rare events: the number measures
# the length of the record and the roundness of the scores, graded scores lose to binary ones, and
# two detectors that differ only inside the first 0.4 % of rows can hardly be told apart.
# Guard: thin the quiet stretch alike for all detectors, or report average precision beside it.
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
"$box/venv/bin/pip" install -q --disable-pip-version-check aeon==1.6.0 numpy==2.3.5 scikit-learn==1.7.2
venv/bin/python - <<'PY'
import aeon, numpy as np
from sklearn.metrics import average_precision_score
from aeon.benchmarking.metrics.anomaly_detection import range_pr_auc_score, range_pr_roc_auc_support

print("aeon", aeon.__version__, "numpy", np.__version__)
rng = np.random.default_rng(0)
print("rows     average precision   range PR: graded   rounded to 0/1   graded, no buffer")
seen = {}
for rows in (2_000, 20_000, 100_000):
    truth = np.zeros(rows, int)
    truth[rows // 2 : rows // 2 + 20] = 1
    score = np.where(truth, rng.uniform(0.9, 1.0, rows), rng.uniform(0.0, 0.5, rows))
    flat = (score > 0.7).astype(float)
    seen[rows] = (average_precision_score(truth, score), range_pr_auc_score(truth, score),
                  range_pr_auc_score(truth, flat), range_pr_roc_auc_support(truth, score, buffer_size=0)[0])
    print(f"{rows:6d}" + "".join(f"{v:18.3f}" for v in seen[rows]))
long = seen[100_000]
assert long[0] == 1.0 and long[1] < 0.5 < 0.8 < long[2] and long[3] < 0.6, "behaviour changed"
assert seen[2_000][1] - long[1] > 0.2, "behaviour changed"
PY
