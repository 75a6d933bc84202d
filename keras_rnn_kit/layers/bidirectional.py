"""Both directions of a sequence."""

from typing import Any

import keras

from keras_rnn_kit.layers.cores import side_by_side


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class Bidirectional(keras.layers.Bidirectional):
    """`keras.layers.Bidirectional`, its two directions run at the same time, each on cores its own.

    Arguments, weights, masks, states and results are Keras's. In Keras's wrapper our layers run
    too, but each then cuts its batch in two for cores that the other direction needs.

    Source: Schuster and Paliwal, "Bidirectional Recurrent Neural Networks", 1997.

    Args:
        layer: the forward layer, recurrent, with `go_backwards=False`.
        merge_mode: `"concat"`, `"sum"`, `"mul"`, `"ave"`, or `None` for both outputs apart.
        weights: as in Keras.
        backward_layer: the other direction; a copy of `layer` by default.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.layers import SimpleRNN, Bidirectional
    >>> layer = Bidirectional(SimpleRNN(4, return_sequences=True), merge_mode="sum")
    >>> layer(np.ones((2, 3, 5), "float32")).shape
    TensorShape([2, 3, 4])
    """

    def call(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: Any = None,
    ) -> Any:
        """Runs both directions over `sequences [B, T, E]`."""
        with side_by_side(2):
            return super().call(
                sequences, initial_state=initial_state, mask=mask, training=training
            )
