"""Detectors by the error of a reconstruction."""
