"""Scoring in NumPy, where its form differs from that in Keras."""
