#!/usr/bin/env bash
# river: one wild reading ruins a rolling variance for good, long after it has left the window.
#
# Expected: GaussianScorer(window_size=100) and utils.Rolling(stats.Var, 100) describe the last 100
# values, so 100 rows after a spike they are back to what the window holds.
# Happens: the value is subtracted again (revert) from running sums that it had swamped. After one
# reading of 2**32-1 (an unsigned counter that wrapped, or an error code) in data near 50 +- 2 the
# variance is about -83 for ever; the scorer takes its root, gives NaN for every later row, and NaN
# is above no threshold: the detector is dead and silent. (After a spike of 2**31-1 in unit noise
# the variance stays positive and 12 times too large, which nobody will notice.)
# Versions: river 0.26.1, numpy 2.3.5. (The moving windows of pandas 2.3.3 give the same -82; those
# of pandas 3.0.6 and polars are right, so it is not in the nature of the thing.)
# Hurt: streaming anomaly detection, where spikes are the point: the first large one blinds
# GaussianScorer, windowed z-scores and everything else built on Rolling with Var, Cov or Gaussian.
# Guard: clip before learning (protect the statistic), or rebuild it every window_size rows.
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
"$box/venv/bin/pip" install -q --disable-pip-version-check river==0.26.1 numpy==2.3.5
venv/bin/python - <<'PY'
import warnings, numpy as np, river
from river import anomaly, stats, utils
warnings.simplefilter("ignore")

print("river", river.__version__, "numpy", np.__version__)
x = 50 + 2 * np.random.default_rng(0).normal(size=3000)
x[500] = 2**32 - 1
rolling, scorer = utils.Rolling(stats.Var, window_size=100), anomaly.GaussianScorer(window_size=100)
variance, score = [], []
for row, value in enumerate(x):
    if row == 499:
        early = scorer.score_one(None, 500.0)
    score.append(scorer.score_one(None, value))
    scorer.learn_one(None, value)
    rolling.update(value)
    variance.append(rolling.get())
right = [np.var(x[max(0, i - 99) : i + 1], ddof=1) if i else 0.0 for i in range(len(x))]
for row in (499, 700, 2999):
    print(f"row {row}: variance of the last 100 rows, numpy {right[row]:.3f}, river {variance[row]:.3f}, scorer {score[row]:.3f}")
print("score of a reading of 500: before the spike", early, "at the end", scorer.score_one(None, 500.0))
assert min(right[700:]) > 1 and max(variance[700:]) < 0, "behaviour changed"
assert np.isnan(score[700:]).all() and not np.isnan(score[200:500]).any(), "behaviour changed"
PY
