"""Cleaning and tokenizers as TensorFlow operations, for models that take strings."""
