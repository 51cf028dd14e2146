"""Truth about rows: labels, and lists of true events with the series of each."""
