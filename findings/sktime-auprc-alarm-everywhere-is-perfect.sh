#!/usr/bin/env bash
# sktime TimeSeriesAUPRC: flagging every row is perfect, being five rows late is worse than chance.
#
# Expected: given event positions (the default input), a detector that flags all 1000 rows for 7
# anomalous ones gets a low area under precision-recall, near the share of anomalous rows (0.007).
# Happens: to have scores, the metric ranks the alarms by their distance to the nearest TRUE event.
# The labels thus order the predictions, every hit outranks every false alarm, and precision is 1
# until recall is complete: 1.0 for "all rows", 1.0 for "truth plus 490 false alarms", and 500 random
# alarms get 0.1 to 0.4. A detector that finds every event 5 rows late gets 0.005.
# Versions: sktime 1.2.0, pandas 2.3.3, numpy 2.3.5.
# Hurt: whoever compares or tunes detectors by it: the noisier wins, and a delay that any operator
# would accept loses to random alarms. The docstring speaks of "predicted anomaly scores".
# Guard: use with_scores=True with the detector's own scores, and always score "all rows" beside it.
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
"$box/venv/bin/pip" install -q --disable-pip-version-check sktime==1.2.0 numpy==2.3.5 pandas==2.3.3 scikit-learn==1.7.2
venv/bin/python - <<'PY'
import numpy as np, pandas as pd, sktime
from sktime.performance_metrics.detection import TimeSeriesAUPRC

print("sktime", sktime.__version__, "pandas", pd.__version__, "numpy", np.__version__)
truth = [200, 201, 202, 203, 700, 701, 702]
random = np.random.default_rng(0).choice(1000, 500, replace=False)
alarms = {
    "every row": range(1000),
    "the truth": truth,
    "truth and 490 false": sorted(set(truth) | set(random)),
    "500 at random": sorted(random),
    "all 5 rows late": [t + 5 for t in truth],
}
area = {}
for name, ilocs in alarms.items():
    frame = pd.DataFrame({"ilocs": np.asarray(ilocs)})
    area[name] = TimeSeriesAUPRC()(pd.DataFrame({"ilocs": truth}), frame)
    print(f"{name:20s} {len(frame):5d} alarms   AUPRC {area[name]:.4f}")
assert area["every row"] > 0.999 and area["truth and 490 false"] > 0.999, "behaviour changed"
assert area["all 5 rows late"] < 0.02 < 0.05 < area["500 at random"], "behaviour changed"
PY
