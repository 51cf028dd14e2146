#!/usr/bin/env bash
# PyOD PCA: one column that is constant in training, and no row is ever flagged; HBOS and IForest
# flag rows, but a change of that column by any amount is nothing to them.
#
# Expected: a constant column carries no information about the training rows; the other columns are
# judged as without it, and a value that was never seen in it is at least as strange as any other.
# Happens: PCA divides by the variance of each component, that of the last is 0: every score is inf,
# of the training rows too, and the threshold is NaN (inf less inf), above which nothing lies. HBOS
# has one bin for all values of the column, IForest never cuts it: 1000 scores as the constant does.
# Neither warns but for a division in PCA (numpy's RuntimeWarning, off here as in most services).
# Versions: PyOD 3.6.7, numpy 2.4.6, scikit-learn 1.9.1.
# Hurt: one-hot columns, counters of errors, switches: constant in normal data, telling when not.
# Guard: leave such columns out, and hold each against its constant.
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
"$box/venv/bin/pip" install -q --disable-pip-version-check pyod==3.6.7 numpy==2.4.6 scikit-learn==1.9.1
venv/bin/python -W ignore - <<'PY'
import numpy as np, pyod
from pyod.models.hbos import HBOS
from pyod.models.iforest import IForest
from pyod.models.pca import PCA

print("PyOD", pyod.__version__, "numpy", np.__version__)
random = np.random.default_rng(0)
normal = random.normal(size=(500, 4))
far = np.full((5, 4), 20.0)
without = PCA(contamination=0.05).fit(normal)
print("PCA, no constant column: 5 rows at 20 sd, flagged", without.predict(far).sum())
normal[:, 2] = far[:, 2] = 0.7
model = PCA(contamination=0.05).fit(normal)
print("PCA, one constant column: threshold", model.threshold_, "scores", model.decision_function(far),
      "flagged", model.predict(far).sum(), "of the training rows", model.labels_.sum())
assert without.predict(far).all(), "behaviour changed: far rows are not flagged without it"
assert not model.predict(far).any() and not model.labels_.any(), "behaviour changed: PCA flags"
same = random.normal(size=(50, 4))
same[:, 2] = 0.7
moved = same.copy()
moved[:, 2] = 1000.0
for kind in (HBOS, IForest):
    model = kind(contamination=0.05).fit(normal)
    difference = np.abs(model.decision_function(moved) - model.decision_function(same)).max()
    print(f"{kind.__name__}: the column goes from 0.7 to 1000, the score by at most {difference}")
    assert difference == 0, f"behaviour changed: {kind.__name__} notices"
PY
