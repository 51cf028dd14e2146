"""Detectors by one class: what the network learned of normal rows, without a reconstruction."""
