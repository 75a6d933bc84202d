"""The layers named for their cells: one line each, made by `named.layer_of`."""

import keras

from keras_rnn_kit import cells
from keras_rnn_kit.layers.named import layer_of

SimpleRNN = layer_of(
    cells.SimpleRNNCell,
    module=__name__,
    stands_in_for=keras.layers.SimpleRNN,
    note="""
    `activity_regularizer`, which Keras 3.15 takes and forgets, acts on the output. Raises
    `ValueError` where Keras does: `units` that are not positive, `stateful=True` without a fixed
    batch size, `unroll=True` without a fixed length.
    """,
)
