#!/usr/bin/env bash
# JAX: an entry of the compilation cache that was cut short once costs every later run its compilation.
#
# Expected: jax_raise_persistent_cache_errors is off by default so that "intermittent issues" of the
# cache are not fatal. After one run on a full disk the next run warns, compiles and writes the entry
# anew; the run after that is fast again.
# Happens: entries are written in place, and one that exists is never written again, readable or not.
# The stub of the full disk is found by every later run: a warning, a full compilation, no new entry.
# Versions: jax 0.10.2, jaxlib 0.10.2. The full disk is a limit on the size of files, in the first run.
# Hurt: jobs that start often and rely on the cache (minutes of compilation on accelerators), nodes that
# share one on a volume that was full for a moment; with warnings as errors they never start again.
# Guard: remove the file that the warning belongs to (its name begins with that of the function).
set -euo pipefail
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check jax==0.10.2 jaxlib==0.10.2 numpy==2.3.5
cat > job.py <<'PY'
import resource, sys, time, warnings
from pathlib import Path
import jax, jax.monitoring, jax.numpy as jnp, numpy as np

jax.config.update("jax_compilation_cache_dir", sys.argv[1])
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
if sys.argv[2] == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))
hits = []
jax.monitoring.register_event_listener(lambda event, **_: hits.append(event) if event.endswith("/cache_hits") else None)

def model(x):
    for _ in range(60):
        x = jnp.sin(x @ x) + jnp.cumsum(x, 0)
    return x

with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    start = time.perf_counter()
    jax.jit(model)(np.ones((64, 64), np.float32)).block_until_ready()
    took = time.perf_counter() - start
[entry] = Path(sys.argv[1]).glob("jit_model-*-cache")
print(f"{sys.argv[1:]}: {took:.2f} s, found in the cache {len(hits)}, entry of {entry.stat().st_size} bytes")
for warning in said:
    print("   ", str(warning.message)[:118])
expected_hits, expected_warnings, expected_stub = (int(word) for word in sys.argv[3:])
assert len(hits) == expected_hits and len(said) == expected_warnings, "behaviour changed"
assert (entry.stat().st_size <= 8192) == bool(expected_stub), "behaviour changed: the entry"
PY
venv/bin/python -c 'import jax; print("jax", jax.__version__)'
job() { venv/bin/python job.py "$@"; }
job never-full free 0 0 0
job never-full free 1 0 0
job once-full full 0 1 1
for run in 2 3 4; do job once-full free 0 1 1; done
rm once-full/jit_model-*
job once-full free 0 0 0
job once-full free 1 0 0
