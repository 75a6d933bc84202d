"""Layers: the engine (`recurrence.py`), what runs a cell on it, and a layer named for each cell."""

from keras_rnn_kit.extras import train_extra

with train_extra("keras_rnn_kit.layers"):
    from keras_rnn_kit.layers.bidirectional import Bidirectional
    from keras_rnn_kit.layers.conditional import ConditionalRNN
    from keras_rnn_kit.layers.of_cells import (
        GRU,
        IRNN,
        LSTM,
        MGU,
        UGRNN,
        AntisymmetricRNN,
        CoRNN,
        DeepTransitionRNN,
        FastGRNN,
        FastRNN,
        IndRNN,
        LayerNormSimpleRNN,
        LinearRecurrent,
        MinimalRNN,
        MultiplicativeRNN,
        SimpleRNN,
    )
    from keras_rnn_kit.layers.output_feedback import OutputFeedbackRNN
    from keras_rnn_kit.layers.pooling import TemporalPooling
    from keras_rnn_kit.layers.recurrent import RNN
    from keras_rnn_kit.layers.recursive import RecursiveNetwork
    from keras_rnn_kit.layers.stacked import StackedRNN

__all__ = [
    "GRU",
    "IRNN",
    "LSTM",
    "MGU",
    "RNN",
    "UGRNN",
    "AntisymmetricRNN",
    "Bidirectional",
    "CoRNN",
    "ConditionalRNN",
    "DeepTransitionRNN",
    "FastGRNN",
    "FastRNN",
    "IndRNN",
    "LayerNormSimpleRNN",
    "LinearRecurrent",
    "MinimalRNN",
    "MultiplicativeRNN",
    "OutputFeedbackRNN",
    "RecursiveNetwork",
    "SimpleRNN",
    "StackedRNN",
    "TemporalPooling",
]
