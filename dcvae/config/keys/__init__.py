"""Settings keys: every rule about a key is defined with the key, in the module of its group."""
