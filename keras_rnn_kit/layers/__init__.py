"""Layers: the engine (`recurrence.py`), what runs a cell on it, and a layer named for each cell."""

from keras_rnn_kit.extras import train_extra

with train_extra("keras_rnn_kit.layers"):
    from keras_rnn_kit.layers.of_cells import SimpleRNN
    from keras_rnn_kit.layers.pooling import TemporalPooling
    from keras_rnn_kit.layers.recurrent import RNN

__all__ = ["RNN", "SimpleRNN", "TemporalPooling"]
