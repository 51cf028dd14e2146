"""Alarms of the system and of each series: rules, thresholds, and their search by labels."""
