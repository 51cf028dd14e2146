#!/usr/bin/env bash
# NumPy: arithmetic on rows of 4096 numbers takes more than twice as long as on rows of 4097.
#
# Expected: NumPy's guide to ufuncs says that the internal buffer (8192 elements, `np.setbufsize`) serves
# operands that are misaligned, byte-swapped or of another dtype. With one aligned dtype throughout,
# its size cannot matter, and a row of 4096 costs what a row of 4097 costs.
# Happens: where an operand does not run on from row to row (a column that is broadcast, a slice of wider
# rows) and two to four rows fit in the buffer, operands are copied into it and back, although nothing
# is converted. `x - column` takes less than half the time with one column more, and in place on 2048
# of 2064 columns a quarter of the time with a buffer of 512: the smaller buffer is the faster one.
# Versions: numpy 2.4.6 (1.26.4 to 2.3.5 do the same).
# Hurt: centering and scaling of windows or channels, networks written in NumPy that work on parts of a
# buffer: most of the time goes into copies that a profile shows as arithmetic.
# Guard: `with np.errstate(): np.setbufsize(512)` around such code (per thread; errstate restores it),
# but not for rows under about 100 numbers, where gathering rows is what makes it fast.
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check numpy==2.4.6
venv/bin/python - <<'PY'
import time, numpy as np

def seconds(calls, repeats=600):  # least of many, in turns: other work on the machine matters little
    least = dict.fromkeys(calls, float("inf"))
    for _ in range(repeats):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            least[name] = min(least[name], time.perf_counter() - start)
    return least

rows = 16
column = np.zeros((rows, 1), np.float32)
narrow, wide = (np.ones((rows, width), np.float32) for width in (4096, 4097))
part = np.ones((rows, 2064), np.float32)[:, :2048]
calls = {
    "x - column, 4096 wide": lambda: narrow - column,
    "x - column, 4097 wide": lambda: wide - column,
    "x -= column, 2048 of 2064 columns": lambda: np.subtract(part, column, out=part),
}
default = seconds(calls)
with np.errstate():
    np.setbufsize(512)
    small = seconds(calls)
print("numpy", np.__version__, "buffer", np.getbufsize())
for name in calls:
    print(f"{name}: {default[name] * 1e6:.1f} us, {small[name] * 1e6:.1f} us with a buffer of 512")
first, second, third = calls
assert default[first] > 1.4 * default[second], "behaviour changed: 4096 columns"
assert default[first] > 1.4 * small[first], "behaviour changed: a smaller buffer does not help"
assert default[third] > 1.8 * small[third], "behaviour changed: part of a buffer"
assert default[second] < 1.3 * small[second], "behaviour changed: 4097 columns"
PY
