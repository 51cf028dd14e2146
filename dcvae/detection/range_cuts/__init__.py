"""Cuts of one series with the best range-based F1 of all pairs of alphas."""
