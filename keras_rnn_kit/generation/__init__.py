"""Sampling from logits, and the one loop that generates over a step; NumPy alone."""

from keras_rnn_kit.generation.generate import Step, generate, stream
from keras_rnn_kit.generation.sampling import Sampler, sample

__all__ = ["Sampler", "Step", "generate", "sample", "stream"]
