"""Training of a loss over batches of rows: one loop for every formula, on any framework.

The loss is a function of weights and a batch, in `keras.ops`. What it draws is drawn by NumPy and
given to it, so that the same seed means the same numbers on every framework.
"""
