"""Runs a cell over time: Keras's `RNN` with the engine in place of its loop."""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.layers import initial_states


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class RNN(keras.layers.RNN):
    """Runs a cell, or a list of cells, over `[B, T, E]`.

    The arguments, the masks, `return_sequences`, `return_state`, `go_backwards`, `stateful`,
    `initial_state` and saving are those of `keras.layers.RNN`. A projected cell
    (`keras_rnn_kit.cells.ProjectedCell`) runs on the engine; any other cell, `unroll=True` and
    other backends than TensorFlow run through Keras's own loop, with the same results.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import SimpleRNNCell
    >>> from keras_rnn_kit.layers import RNN
    >>> layer = RNN(SimpleRNNCell(4), return_sequences=True, return_state=True)
    >>> outputs, state = layer(np.ones((2, 3, 5), "float32"))
    >>> outputs.shape, state.shape
    (TensorShape([2, 3, 4]), TensorShape([2, 4]))
    """

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> tuple[Any, Any, Any]:
        """`(last output [B, O], outputs [B, T, O], final states)`: the hook that Keras calls."""
        on_engine = (
            isinstance(self.cell, ProjectedCell)
            and not self.unroll
            and keras.backend.backend() == "tensorflow"
        )
        if not on_engine:
            return super().inner_loop(sequences, initial_state, mask, training)
        with self.cell.own_precision():
            return self._engine_loop(sequences, list(initial_state), mask, training)

    def _engine_loop(
        self, sequences: Any, states: list[Any], mask: Any, training: bool
    ) -> tuple[Any, Any, list[Any]]:
        import tensorflow as tf

        from keras_rnn_kit.layers import marker, recurrence

        if marker.wanted() and marker.would_outlive():
            return super().inner_loop(sequences, states, mask, training)
        state_mask = output_mask = None
        if training:
            output_mask = self.cell.get_output_dropout_mask(states[0])
            input_mask = self.cell.get_dropout_mask(sequences[:, 0])
            state_mask = self.cell.get_recurrent_dropout_mask(states[0])
            if input_mask is not None:
                sequences = sequences * input_mask[:, None]
        sequences = tf.cast(sequences, self.cell.compute_dtype)
        inputs = tf.transpose(sequences, [1, 0, 2])  # [T, B, E]
        if mask is not None:
            mask = tf.cast(tf.transpose(tf.reshape(mask, tf.shape(sequences)[:2])), tf.bool)
        if self.go_backwards:
            inputs = tf.reverse(inputs, [0])
            mask = None if mask is None else tf.reverse(mask, [0])

        if marker.wanted():
            outputs, finals = marker.emit(self.cell, inputs, states, step_mask=mask)
        else:
            outputs, finals = recurrence.run(
                self.cell,
                _project(self.cell, inputs, training),
                states,
                state_mask=state_mask,
                step_mask=mask,
                compiled=bool(training) or tf.executing_eagerly(),
            )

        if mask is not None and self.zero_output_for_mask:
            outputs = tf.where(mask[:, :, None], outputs, tf.zeros([], outputs.dtype))
        if output_mask is not None:
            outputs = outputs * output_mask
        last = outputs[-1]
        if not self.return_sequences:
            return last, last[:, None], finals
        return last, tf.transpose(outputs, [1, 0, 2]), finals


def _project(cell: ProjectedCell, inputs: Any, training: bool) -> Any:
    """`cell.project` for all steps, as one plain product: `[T, B, E] -> [T, B, G]`."""
    length, batch, features = ops.shape(inputs)
    project = cell.project_in_training if training else cell.project
    projected = project(ops.reshape(inputs, (-1, features)))
    return ops.reshape(projected, (length, batch, projected.shape[-1]))
