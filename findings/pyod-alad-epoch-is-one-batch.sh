#!/usr/bin/env bash
# PyOD ALAD: an "epoch" is one batch of 32 rows, whatever the table holds.
#
# Expected: `epochs` is documented as "Number of epochs to train the model", `batch_size` as "Number of
# samples per gradient update" (class docstring): an epoch shows the network all rows, as an epoch of
# PyOD's own AutoEncoder does, so that ten times the rows make ten times the updates.
# Happens: every epoch shuffles the table and takes its first batch, nothing else. With the defaults
# (200 epochs, batches of 32) 200 updates are made of 320 rows and of 32,000 alike; of 32,000 at least
# four fifths are never shown. No warning; `fit` succeeds and scores.
# Versions: PyOD 3.6.7, torch 2.13.0, numpy 2.3.5, scikit-learn 1.7.2.
# Hurt: whoever fits PyOD's ALAD to a table of more than a few hundred rows, and tables of comparison in
# which ALAD ranks as by chance: what they show is a network that has hardly been trained.
# Guard: epochs = passes * ceil(rows / batch_size).
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
venv/bin/pip install -q --retries 0 --disable-pip-version-check pyod==3.6.7 numpy==2.3.5 pandas==2.3.3 \
    scikit-learn==1.7.2 tqdm==4.70.1 torch==2.13.0+cpu \
    --extra-index-url https://download.pytorch.org/whl/cpu
OMP_NUM_THREADS=1 venv/bin/python - <<'PY'
import numpy as np, pyod, torch
from pyod.models.alad import ALAD
from pyod.models.auto_encoder import AutoEncoder

print("PyOD", pyod.__version__, "torch", torch.__version__, "numpy", np.__version__)
shown, updates = set(), 0


class CountedALAD(ALAD):
    def train_step(self, data):
        global updates
        updates += 1
        # Noise of sd 0.1 is added to the rows; the first column holds their numbers.
        shown.update(np.rint(data[0][:, 0] / 100).astype(int).tolist())
        super().train_step(data)


class CountedAutoEncoder(AutoEncoder):
    def training_forward(self, batch):
        global updates
        updates += 1
        return super().training_forward(batch)


made = {}
for rows in (320, 3200, 32000):
    table = np.random.default_rng(0).normal(size=(rows, 4))
    table[:, 0] = 100.0 * np.arange(rows)
    np.random.seed(0), torch.manual_seed(0)
    shown.clear()
    updates = 0
    CountedALAD().fit(table)
    made[rows] = updates
    share = len(shown) / rows
    print(f"{rows:6,} rows: ALAD, {ALAD().epochs} epochs of batches of {ALAD().batch_size}: "
          f"{updates} updates, {share:.0%} of the rows shown", end="")
    updates = 0
    CountedAutoEncoder(epoch_num=2, verbose=0).fit(table)
    print(f"; AutoEncoder, 2 epochs of 32: {updates:,} updates")
    assert updates == 2 * rows // 32
assert set(made.values()) == {200}, "behaviour changed: updates depend on the rows now"
assert share < 0.2, "behaviour changed: more of the rows are shown"
PY
