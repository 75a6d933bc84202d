"""N-gram language models, the baseline of a network."""
