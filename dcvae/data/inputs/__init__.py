"""Inputs of a network: scaled, bounded, without missing cells."""
