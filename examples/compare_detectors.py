"""DC-VAE next to simple detectors, on the same table, by the same metrics.

    python examples/compare_detectors.py

Run it from the project's folder; less than a minute on two cores. A figure says little until one
knows what a simpler detector reaches: always look.
"""

import time

import pandas as pd

from dcvae import make_detector
from dcvae.metrics import average_precision, roc_auc, vus

# Simple ones that need no network. `dcvae.detector_names()` lists all that can be made.
SIMPLE = ("random", "z-score", "persistence", "pca", "isolation-forest", "k-means", "ecod")
BUFFER = 12  # rows, of VUS: an alarm within half as many rows of an event counts in part

read = {"index_col": 0, "parse_dates": True}
normal = pd.read_csv("data/sample/train.csv", **read)
test = pd.read_csv("data/sample/test.csv", **read)
truth = pd.read_csv("data/sample/labels_test.csv", **read).any(axis=1).to_numpy()

# Lesson 1: one way to call them all. Every detector has `fit` and `decision_function`, and gives
# one score for every row, larger is stranger. Some take no missing cells: there, a cell takes the
# value before it.
detectors = [make_detector(name) for name in SIMPLE]
detectors.append(make_detector("dc-vae", T=64, epochs=10, seed=1))

# Lesson 2: threshold-free metrics first. They say whether the score ranks anomalies above the rest,
# and a threshold cannot repair a ranking. Chance reaches 0.5 in ROC-AUC, and in average precision
# the share of labeled rows. Compare VUS-PR within one buffer only.
print(f"{truth.mean():.3f} of the rows are labeled: what chance reaches in average precision\n")
print(f"{'detector':<18} {'avg prec':>9} {'VUS-PR':>8} {'ROC-AUC':>8} {'seconds':>8}  looks ahead")
for detector in detectors:
    started = time.monotonic()
    takes_missing = detector.takes_missing
    fitted = detector.fit(normal if takes_missing else normal.ffill().bfill())
    score = fitted.decision_function(test if takes_missing else test.ffill().bfill())
    seconds = time.monotonic() - started
    figures = (average_precision(truth, score), vus(truth, score, BUFFER).pr, roc_auc(truth, score))
    print(
        f"{detector.title:<18} {figures[0]:9.3f} {figures[1]:8.3f} {figures[2]:8.3f} "
        f"{seconds:8.1f}  {'yes' if detector.looks_ahead else 'no'}"
    )

# Lesson 3: compare what may be compared. A detector that looks ahead has seen how an anomaly went
# on before it scores its first row: it is for files that are known to their end, not for a live
# alarm. And no score is best everywhere. DC-VAE's, averaged over windows, ranked long anomalies
# well and short ones worse (benchmarks/severity.md); the sample's are short. test.py writes its
# causal score too, and holds each kind against baselines of its own kind.
