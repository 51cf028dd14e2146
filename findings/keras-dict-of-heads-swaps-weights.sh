#!/usr/bin/env bash
# Keras: layers kept in a dict are saved by position; another key order loads them swapped, silently.
#
# Expected: with one head per sensor in self.heads = {"flow": Dense(1), "temp": Dense(1)}, each layer
# even named after its sensor, a weights file goes back to the head of the same key, or load_weights
# refuses. Attributes are stored by attribute name, so keys of a dict ought to be names too.
# Happens: the file has neither keys nor names. Values of the dict are written in insertion order
# under dense, dense_1, ...; the same sensors in another order (columns of a new export, sorted names,
# iteration over a set, which differs from process to process) get each other's weights. Shapes
# match, nothing is said, and flow is judged by the head of temp.
# Versions: keras 3.15.1, jax 0.10.2 (the saving code is the same on all backends), h5py 3.14.0.
# Hurt: multivariate detectors with a head, scaler layer or decoder per channel; transfer between
# sites whose CSV columns stand in another order; model code that sorts its channels after a refactor.
# Guard: setattr one attribute per head (self.head_flow = ...), or check an output before and after.
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
"$box/venv/bin/pip" install -q --disable-pip-version-check keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 numpy==2.3.5 h5py==3.14.0
venv/bin/python - <<'PY'
import os
os.environ["KERAS_BACKEND"] = "jax"
import h5py, jax, keras, numpy as np

class Heads(keras.layers.Layer):
    def __init__(self, sensors, **kwargs):
        super().__init__(**kwargs)
        self.heads = {s: keras.layers.Dense(1, name="head_" + s) for s in sensors}

    def call(self, x):
        return {s: head(x) for s, head in self.heads.items()}

def model(sensors):
    x = keras.Input((4,))
    return keras.Model(x, Heads(sensors, name="heads")(x))

print("keras", keras.__version__, "jax", jax.__version__)
x = np.ones((1, 4), "float32")
old = model(["flow", "temp"])
old.save_weights("old.weights.h5")
names = []
h5py.File("old.weights.h5").visit(names.append)
print("in the file:", [n for n in names if n.endswith("vars") and "heads/" in n])
before = {s: float(v[0, 0]) for s, v in old.predict(x, verbose=0).items()}
new = model(["temp", "flow"])
new.load_weights("old.weights.h5")
after = {s: float(v[0, 0]) for s, v in new.predict(x, verbose=0).items()}
print("before", before)
print("after ", after)
assert before["flow"] != before["temp"]
assert np.isclose(after["flow"], before["temp"]) and np.isclose(after["temp"], before["flow"]), "behaviour changed"
assert not any("flow" in n for n in names), "behaviour changed"
PY
