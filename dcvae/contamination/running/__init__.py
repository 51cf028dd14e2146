"""Running of experiments: one after the other, or in processes that share the threads."""
