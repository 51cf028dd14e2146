"""Networks in NumPy alone: their weights, draws and arithmetic, without a framework."""
