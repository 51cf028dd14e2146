"""Programs that measure; run them from the project folder as `python -m benchmarks.NAME`."""
