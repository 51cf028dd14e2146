"""Detectors without a network: of distances, of tails, and of random trees."""
