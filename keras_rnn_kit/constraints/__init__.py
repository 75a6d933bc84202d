"""Constraints that recurrence needs and Keras lacks."""

from keras_rnn_kit.extras import train_extra

with train_extra("keras_rnn_kit.constraints"):
    from keras_rnn_kit.constraints.max_absolute import MaxAbsolute
    from keras_rnn_kit.constraints.spectral_norm import SpectralNorm

__all__ = ["MaxAbsolute", "SpectralNorm"]
