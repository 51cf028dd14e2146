#!/usr/bin/env bash
# Keras: a model that is loaded to train on draws the same dropout again; some weights never learn.
#
# Expected: the state of a layer's random draws is a variable of the model (`model.variables` lists it),
# and `Model.save` promises "the exact same state": the loaded model goes on where the saved one was.
# Happens: the file holds the weights and the optimizer with its count of steps, but not this state.
# With a seed (or after `keras.utils.set_random_seed`, at the top of most scripts) each load starts the
# draws again. One new row a day, Dropout(0.5), 8 days: the same inputs are dropped every day, and 5 of
# 8 weights are 0 to the end; in one process all 8 learn. GaussianNoise and SeedGenerators of own
# layers (latent draws of a VAE) repeat as well. The loss falls, nothing is said.
# Versions: keras 3.15.1, jax 0.10.2 (torch 2.13.0 does the same), h5py 3.14.0.
# Hurt: models brought up to date in short jobs; resumed training that is to equal an uninterrupted one.
# Guard: keep the states beside the file: those of model.non_trainable_variables whose path ends in
# "seed_generator_state", and assign them after loading.
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check keras==3.15.1 jax==0.10.2 jaxlib==0.10.2 numpy==2.3.5 h5py==3.14.0
venv/bin/python -W ignore - <<'PY'
import os
os.environ["KERAS_BACKEND"] = "jax"
import io, zipfile
import h5py, jax, keras, numpy as np

DAYS = 8

def untrained(seed):
    layers = [keras.Input((8,)), keras.layers.Dropout(0.5, seed=seed)]
    model = keras.Sequential([*layers, keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(0.05), "mse")
    return model

def states(model):
    return [v for v in model.non_trainable_variables if v.path.endswith("seed_generator_state")]

def learned(seed, scripts_seed, reload, guard=False):
    keras.utils.set_random_seed(scripts_seed)
    model = untrained(seed)
    for _ in range(DAYS):
        model.fit(np.ones((1, 8)), np.ones((1, 1)), verbose=0)
        if reload:
            kept = [np.array(state) for state in states(model)]
            model.save("m.keras")
            keras.utils.set_random_seed(scripts_seed)  # the next day's script
            model = keras.saving.load_model("m.keras")
            for state, value in zip(states(model), kept if guard else []):
                state.assign(value)
    assert int(model.optimizer.iterations) == DAYS  # this state does come back
    return np.array(model.layers[-1].kernel)[:, 0]

print("keras", keras.__version__, "jax", jax.__version__)
for name, seed in (("Dropout(seed=1)", 1), ("set_random_seed alone", None)):
    one, daily, guarded = (learned(seed, 7, *how) for how in ((False,), (True,), (True, True)))
    print(f"{name}: weights after {DAYS} days\n  one process", one.round(2), "\n  loaded daily", daily.round(2))
    assert np.count_nonzero(one) == 8
    assert np.count_nonzero(daily) < 8, "behaviour changed: the draws go on"
    assert len(np.unique(daily)) == 2, "behaviour changed: more than one mask in 8 days"
    assert np.allclose(guarded, one, atol=1e-6), "guard no longer works"
model = keras.saving.load_model("m.keras")
names = []
with zipfile.ZipFile("m.keras") as file:
    h5py.File(io.BytesIO(file.read("model.weights.h5"))).visit(names.append)
print("of the model:", [v.path for v in model.variables], "\nin the file:", names)
assert states(model) and not any("seed" in name for name in names), "behaviour changed: the file"
PY
