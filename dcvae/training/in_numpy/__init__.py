"""Training of DC-VAE in NumPy: the same steps as with Keras, without a framework."""
