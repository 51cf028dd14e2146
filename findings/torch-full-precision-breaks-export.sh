#!/usr/bin/env bash
# PyTorch: full float32 by the new setting makes export fail, and leaves the CPU without oneDNN.
#
# Expected: the notes on TensorFloat-32 recommend `torch.backends.cudnn.conv.fp32_precision = "ieee"` (or
# torch.backends.fp32_precision for all) in place of allow_tf32; with nothing but the new setting in a
# program, `torch.export.export` works as before, and a failed export changes nothing.
# Happens: export raises: the program is said to have mixed old and new settings and should use the new
# alone, which it did. Export itself asks for the old flag, after it has switched oneDNN off, and does not
# switch it on again: where the error is caught ("no export here, go on"), a dilated convolution
# takes 4 times as long on the CPU (one thread), an LSTM 1.6 times, without a word. What helps is mixing.
# Versions: torch 2.13.0, wheel for CPUs (no GPU is needed to be hit), Python 3.11.
# Hurt: programs that ask for full precision, to be reproducible, and export or serve the model later.
# Guard: set torch.backends.cudnn.allow_tf32 = False as well; after a failed export, call
# torch.backends.mkldnn.set_flags(True).
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
venv/bin/pip install -q --retries 0 --disable-pip-version-check torch==2.13.0+cpu numpy==2.3.5 \
    --extra-index-url https://download.pytorch.org/whl/cpu
cat > export.py <<'PY'
import sys, time
import torch

setting, exportable, extra = sys.argv[1], sys.argv[2] == "works", sys.argv[3:]
torch.set_num_threads(1)
window = torch.ones(32, 32, 256)
layers = {"dilated convolution": torch.nn.Conv1d(32, 32, 3, dilation=4), "LSTM": torch.nn.LSTM(256, 64)}

def milliseconds(layer, repeats=40):  # least of many: other work on the machine matters little
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        with torch.no_grad():
            layer(window)
        times.append(time.perf_counter() - start)
    return min(times) * 1e3

if setting == "conv":
    torch.backends.cudnn.conv.fp32_precision = "ieee"
elif setting == "all":
    torch.backends.fp32_precision = "ieee"
if extra:
    torch.backends.cudnn.allow_tf32 = False
before = {name: milliseconds(layer) for name, layer in layers.items()}
try:
    torch.export.export(layers["dilated convolution"], (window,))
    error = ""
except RuntimeError as caught:
    error = str(caught)
after = {name: milliseconds(layer) for name, layer in layers.items()}
outcome = "fails" if error else "works"
print(f"setting {' + '.join([setting, *extra])}: export {outcome}, oneDNN {torch.backends.mkldnn.enabled}")
for name in layers:
    print(f"    {name}: {before[name]:.2f} ms before, {after[name]:.2f} ms after")
assert exportable == (not error), "behaviour changed: " + (error or "export works")
assert torch.backends.mkldnn.enabled == exportable, "behaviour changed: oneDNN"
if error:
    print("   ", error[error.index("This combination") :].split(" See also")[0])
    assert "mix of the legacy and new" in error, "behaviour changed: the message"
    assert after["dilated convolution"] > 1.7 * before["dilated convolution"], "behaviour changed: speed"
PY
venv/bin/python -c 'import torch; print("torch", torch.__version__)'
run() { venv/bin/python -W ignore export.py "$@"; }
run none works
run conv fails
run all fails
run all works allow_tf32
