"""Deep detectors: small networks of rows, trained in Keras and scored in NumPy.

The mathematics of each is written once, for any array library: `keras.ops` differentiates it where
it is trained, `numpy_ops` evaluates it in float64 where rows are scored. A detector that is stored
scores without any framework.
"""
