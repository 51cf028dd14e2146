#!/usr/bin/env bash
# sktime WindowedF1Score: with its default margin a perfect detection scores 0.0.
#
# Expected: the docstring: margin is 0 by default, "only exact matches being counted", and a match
# needs a distance less than or equal to the margin. Predicting the truth itself therefore gives 1.
# Happens: predictions at or before (true - margin) are skipped before they are compared, so nothing
# can match at margin 0 and the score is 0 for every input. With margin 5 an alarm 5 rows late
# counts and one 5 rows early does not. And one alarm is not used up: a single prediction between
# two events 2 apart counts for both, so recall is 1 with precision 2 and F1 is 1.33.
# Versions: sktime 1.2.0, pandas 2.3.3, numpy 2.3.5.
# Hurt: whoever tunes a detector by this metric with defaults (every candidate scores 0, the first
# one wins), or reports it: early warnings are punished, and values above 1 look like a triumph.
# Guard: assert metric(truth, truth) == 1 before use; match one to one yourself.
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
"$box/venv/bin/pip" install -q --disable-pip-version-check sktime==1.2.0 numpy==2.3.5 pandas==2.3.3 scikit-learn==1.7.2
venv/bin/python - <<'PY'
import pandas as pd, sktime
from sktime.performance_metrics.detection import WindowedF1Score

def rows(*ilocs):
    return pd.DataFrame({"ilocs": list(ilocs)})

print("sktime", sktime.__version__, "pandas", pd.__version__)
truth = rows(100, 300, 500)
perfect = WindowedF1Score()(truth, truth)
late = WindowedF1Score(margin=5)(truth, rows(105, 305, 505))
early = WindowedF1Score(margin=5)(truth, rows(95, 295, 495))
double = WindowedF1Score(margin=2)(rows(100, 102), rows(101))
print("truth against itself, default margin:", perfect)
print("margin 5, all alarms 5 rows late    :", late)
print("margin 5, all alarms 5 rows early   :", early)
print("margin 2, one alarm for two events  :", round(double, 3))
assert perfect == 0.0, "behaviour changed"
assert late == 1.0 and early == 0.0, "behaviour changed"
assert double > 1.0, "behaviour changed"
PY
