"""Training in Keras: any architecture, on any framework under Keras."""
