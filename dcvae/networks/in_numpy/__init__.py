"""Networks in NumPy: their weights, their arithmetic and their draws, without Keras."""
