"""Initializers that recurrence needs and Keras lacks."""

from keras_rnn_kit.extras import train_extra

with train_extra("keras_rnn_kit.initializers"):
    from keras_rnn_kit.initializers.chrono import Chrono
    from keras_rnn_kit.initializers.log_log_decay import LogLogDecay
    from keras_rnn_kit.initializers.per_gate import PerGate
    from keras_rnn_kit.initializers.spectral_radius import SpectralRadius

__all__ = ["Chrono", "LogLogDecay", "PerGate", "SpectralRadius"]
