#!/usr/bin/env bash
# PyOD 3 SpectralResidual: how many rows are flagged depends on how many rows are in the call.
#
# Expected: fit on a normal series at contamination 0.1, then predict on more of the same: about a
# tenth of the rows is flagged, whether one asks for an hour or for a month, since threshold_ is kept
# from fit and the docstring example itself fits 500 rows and scores 200.
# Happens: the score is the modulus of an inverse FFT whose input has modulus about 1 per frequency,
# so every score shrinks like 1/sqrt(rows) while the threshold stays. With 10000 training rows:
# 100 new rows -> 91 % flagged, 500 -> 74 %, 10000 -> 10 %, 100000 -> 0.03 %.
# Versions: PyOD 3.6.7, numpy 2.3.5.
# Hurt: whoever trains on a long history and scores in short batches (nearly all is alarm) or trains
# on a day and scores a year (a bump of three noise deviations, always flagged in a file of 10000
# rows, was missed in one of 100000 in ten trials out of ten). Multichannel input hides it, because scores
# are standardised over the scored call there, which makes them depend on the call in another way.
# Guard: score blocks of exactly the training length, or multiply scores by sqrt(rows).
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
"$box/venv/bin/pip" install -q --disable-pip-version-check pyod==3.6.7 numpy==2.3.5 scikit-learn==1.7.2
venv/bin/python - <<'PY'
import numpy as np, pyod
from pyod.models.ts_spectral_residual import SpectralResidual

print("PyOD", pyod.__version__, "numpy", np.__version__)
rng = np.random.default_rng(0)
def normal(rows):
    return np.sin(np.arange(rows) / 10) + 0.1 * rng.normal(size=rows)

model = SpectralResidual(contamination=0.1).fit(normal(10_000))
share = {}
for rows in (100, 500, 2_000, 10_000, 100_000):
    share[rows] = model.predict(normal(rows)).mean()
    print(f"{rows:6d} normal rows: {share[rows]:8.3%} flagged")
assert 0.07 < share[10_000] < 0.14, "behaviour changed"
assert share[100] > 0.8 and share[500] > 0.6 and share[100_000] < 0.005, "behaviour changed"
PY
