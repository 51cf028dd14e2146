"""Times of rows: their formats, time zones, order and sampling steps."""
