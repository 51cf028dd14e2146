#!/usr/bin/env bash
# scikit-learn in two threads: from then on NumPy multiplies matrices on one core, until the process ends.
#
# Expected: KMeans limits the BLAS to one thread while it fits, by a `with` block of threadpoolctl that
# is said to restore the original state at its end. threadpoolctl 3.8 further says that one thread
# controls OpenBLAS at a time and that calls of others do nothing. So after all fits the limit is gone.
# Happens: a fit that begins while another is running notes that fit's limit as the original state. If it
# ends last, no thread has control, its "restoring" counts, and OpenBLAS stays at one thread for good.
# No message; the fitted models are right. The same with two plain `with threadpool_limits(1)` blocks.
# Versions: scikit-learn 1.9.1, threadpoolctl 3.8.0, numpy 2.4.6, scipy 1.17.1 (their wheels' OpenBLAS).
# Hurt: services that fit or update small models in a ThreadPoolExecutor and then do linear algebra:
# after the first minutes it runs on one core of however many, and a restart "cures" it.
# Guard: one `threadpool_limits` for the whole time that the threads run, outside of them; or processes.
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
if test "$(nproc)" -lt 2; then echo "needs two cores"; exit 1; fi
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check scikit-learn==1.9.1 threadpoolctl==3.8.0 numpy==2.4.6 scipy==1.17.1
unset OPENBLAS_NUM_THREADS OMP_NUM_THREADS
venv/bin/python - <<'PY'
import threading
from concurrent.futures import ThreadPoolExecutor
import numpy as np, sklearn, threadpoolctl
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_info, threadpool_limits

def blas_threads():
    return {library["num_threads"] for library in threadpool_info() if library["internal_api"] == "openblas"}

print("scikit-learn", sklearn.__version__, "threadpoolctl", threadpoolctl.__version__, "numpy", np.__version__)
rows = np.random.default_rng(0).normal(size=(500, 4))
at_first = blas_threads()
KMeans(3, n_init=1).fit(rows)
after_one = blas_threads()
assert min(at_first) > 1 and after_one == at_first
for turn in range(1, 51):  # which fit ends last is chance: the first turn has been enough every time
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda clusters: KMeans(clusters, n_init=1).fit(rows), [2, 3, 4, 5] * 2))
    if blas_threads() != at_first:
        break
stuck = blas_threads()
print("threads of OpenBLAS at first", at_first, "after a fit", after_one, f"after {turn} x 8 fits in two threads", stuck)
assert stuck == {1}, "behaviour changed"

threadpool_limits(max(at_first))  # the same in slow motion
threadpoolctl.OpenBLASController.clear_controlling_thread(force=True)
first_in, second_in, first_out = threading.Event(), threading.Event(), threading.Event()
def first():
    with threadpool_limits(1):
        first_in.set()
        second_in.wait()
    first_out.set()
def second():
    first_in.wait()
    with threadpool_limits(1):
        second_in.set()
        first_out.wait()
        print("first block left, second still in its block:", blas_threads())
threads = [threading.Thread(target=work) for work in (first, second)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("both blocks left:", blas_threads())
assert blas_threads() == {1}, "behaviour changed: two blocks"
PY
