"""Columns: what each is of a file, by the settings or by looking at it."""
