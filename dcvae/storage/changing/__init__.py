"""Changes of several files in one step, by one process at a time."""
