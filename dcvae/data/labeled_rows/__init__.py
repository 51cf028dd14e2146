"""Rows with labels: tables of numbers, without a time, that say which rows are anomalies."""
