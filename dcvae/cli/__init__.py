"""Command line: the commands `dcvae train`, `thresholds` and `detect`, and their three scripts.

Only this package prints, but for the epochs that `DCVAEDetector(verbose=True)` shows.
"""
