"""Benchmarks: programs to run from the project folder as `python -m benchmarks.NAME`."""
