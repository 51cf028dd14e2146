"""Files in the format of Keras, without Keras."""
