"""The drop-in for `keras.layers.SimpleRNN`."""

import inspect

import keras

from keras_rnn_kit.cells.simple_rnn import SimpleRNNCell
from keras_rnn_kit.layers.named import NamedRNN


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class SimpleRNN(NamedRNN):
    """`keras.layers.SimpleRNN` on the engine: same arguments, weights, results; faster.

    Inputs `[B, T, E]`, optionally `mask [B, T]` and `initial_state [B, H]`; output `[B, H]`, or
    `[B, T, H]` with `return_sequences=True`, followed by the final state `[B, H]` with
    `return_state=True`. The equation and its source stand in `cells/simple_rnn.py`.

    `activity_regularizer`, which Keras 3.15 takes and forgets, acts on the output.

    Raises `ValueError` where Keras does: `units` that are not positive, `stateful=True` without a
    fixed batch size, `unroll=True` without a fixed length.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.layers import SimpleRNN
    >>> x = np.ones((2, 3, 5), "float32")
    >>> layer = SimpleRNN(4, return_sequences=True)
    >>> layer(x, mask=np.array([[True, True, False]] * 2)).shape
    TensorShape([2, 3, 4])
    """

    cell_class = SimpleRNNCell
    positional = tuple(inspect.signature(keras.layers.SimpleRNN.__init__).parameters)[1:-1]
