"""Settings files and what their keys mean."""
