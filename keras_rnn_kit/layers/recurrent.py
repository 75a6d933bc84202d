"""Runs a cell over time: Keras's `RNN` with the engine in place of its loop."""

from typing import Any

import keras
from keras import ops, tree

from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import initial_states
from keras_rnn_kit.layers.by_row import by_row

RECURRENCES = ("auto", "loop", "compiled", "unroll", "cudnn")


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class RNN(keras.layers.RNN):
    """Runs a cell, or a list of cells, over `[B, T, E]`.

    A projected cell (`keras_rnn_kit.cells.ProjectedCell`), or a list of such, runs on the engine;
    any other cell, `unroll=True` and other backends than TensorFlow run through Keras's own loop,
    with the same results. The arguments, masks, states and saving are those of `keras.layers.RNN`,
    with these differences.

    Args:
        cell: the cell, or a list of cells, each fed with the outputs of the one before.
        return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask: as in
            Keras. A `stateful` layer refuses a batch with another number of rows than it was built
            for, in a graph too, where Keras would stretch the batch to the states without a word.
        initial_state: what a call that is given no initial state starts from: `"zeros"` (what the
            cell itself starts from, in nearly all cells zeros); `"learned"`, to which a trained
            weight `[H]` is added for each state, zeros at first; `"random"`, to which in training
            alone normal noise is added (standard deviation 0.1, drawn anew for each row and call),
            so that the network learns not to depend on where it starts. A `stateful` layer starts
            from `"zeros"`.
        recurrence: how the loop is run. There is no need to choose: `"auto"` takes compiled loops
            in training and in eager calls, plain ones in other graphs, which may be saved.
            `"loop"` and `"compiled"` insist on one of them, `"unroll"` is Keras's `unroll=True`,
            and `"cudnn"` hands `SimpleRNN` (tanh or relu), `GRU` and `LSTM` to cuDNN, which needs
            a GPU, and masks that are right-padded.

    Raises:
        KitError: `initial_state` is none of these, or another than `"zeros"` with `stateful=True`;
            `recurrence` is none of these, or `"cudnn"` for what cuDNN does not run or without a
            GPU; in a call, a stateful layer is given another number of rows.

    Source of `"random"`: Zimmermann, Tietz and Grothmann, "Forecasting with Recurrent Neural
    Networks: 12 Tricks", 2012. There the noise follows the training errors; here it has one size.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import SimpleRNNCell
    >>> from keras_rnn_kit.layers import RNN
    >>> layer = RNN(SimpleRNNCell(4), return_sequences=True, return_state=True)
    >>> outputs, state = layer(np.ones((2, 3, 5), "float32"))
    >>> outputs.shape, state.shape
    (TensorShape([2, 3, 4]), TensorShape([2, 4]))
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        initial_state: str = "zeros",
        recurrence: str = "auto",
        **kwargs: Any,
    ):
        if recurrence not in RECURRENCES:
            raise KitError(
                f"recurrence must be one of {', '.join(RECURRENCES)}; received {recurrence!r}. "
                "Leave it out, and the layer chooses."
            )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll or recurrence == "unroll",
            zero_output_for_mask=zero_output_for_mask,
            **kwargs,
        )
        self.recurrence = recurrence
        self.initial_state = initial_states.checked(initial_state, stateful)
        self._initial_weights: list[Any] = []  # [H] for each state, where they are learned
        if initial_state == "random":
            self.initial_seed_generator = keras.random.SeedGenerator()

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Makes the weights for inputs `[B, T, E]`."""
        super().build(sequences_shape, initial_state_shape)
        if self.initial_state == "learned" and not self._initial_weights:
            self._initial_weights = [
                self.add_weight(shape=(size,), initializer="zeros", name=f"initial_state_{k}")
                for k, size in enumerate(tree.flatten(self.state_size))
            ]

    def get_initial_state(self, batch_size: Any) -> list[Any]:
        """What a call starts from, `[B, H]` for each state; without the noise of `"random"`."""
        states = super().get_initial_state(batch_size)
        weights = self._initial_weights
        return initial_states.learned(states, weights) if weights else states

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        """Runs the cell over `sequences [B, T, E]`."""
        if self.stateful:
            # The value's: an export hands in states of any number of rows (`exporting/carried.py`).
            rows = tree.flatten(self.states)[0].value.shape[0]
            if rows is not None:
                sequences = initial_states.of_as_many_rows(sequences, rows, self.name)
        if initial_state is None and self.initial_state == "random" and training:
            states = self.get_initial_state(ops.shape(sequences)[0])
            initial_state = initial_states.disturbed(states, self.initial_seed_generator)
        return super().call(sequences, initial_state, mask, training)

    def get_config(self) -> dict[str, Any]:
        """The arguments; ours are left out at their defaults, so that Keras can read it."""
        config = super().get_config()
        if self.initial_state != "zeros":
            config["initial_state"] = self.initial_state
        if self.recurrence != "auto":
            config["recurrence"] = self.recurrence
        return config

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> tuple[Any, Any, Any]:
        """`(last output [B, O], outputs [B, T, O], final states)`: the hook that Keras calls."""
        stacked = isinstance(self.cell, keras.layers.StackedRNNCells)
        cells = self.cell.cells if stacked else [self.cell]
        on_engine = (
            all(isinstance(cell, ProjectedCell) for cell in cells)
            and not self.unroll
            and keras.backend.backend() == "tensorflow"
        )
        if not on_engine or _would_outlive():
            if training:  # Keras's loop may draw nothing itself
                super()._maybe_config_dropout_masks(self.cell, sequences[:, 0], initial_state)
            return super().inner_loop(sequences, initial_state, mask, training)
        import tensorflow as tf

        if mask is not None:
            mask = tf.cast(tf.reshape(mask, tf.shape(sequences)[:2]), tf.bool)
        if self.go_backwards:
            sequences = tf.reverse(sequences, [1])
            mask = None if mask is None else tf.reverse(mask, [1])
        outputs, finals = sequences, []
        for cell, states in zip(cells, initial_state if stacked else [initial_state], strict=True):
            several = isinstance(states, (list, tuple))
            states = list(states) if several else [states]
            with cell.own_precision():
                outputs, after = self._run(cell, outputs, states, mask, training)
            finals.append(after if several else after[0])
        if mask is not None and self.zero_output_for_mask:
            outputs = tf.where(mask[:, :, None], outputs, tf.zeros([], outputs.dtype))
        last = outputs[:, -1]
        outputs = outputs if self.return_sequences else last[:, None]
        return last, outputs, finals if stacked else finals[0]

    def _maybe_config_dropout_masks(self, *_: Any) -> None:
        """Nothing yet: Keras draws masks here out of training too, and then nothing can export."""

    def _run(
        self, cell: ProjectedCell, inputs: Any, states: list[Any], mask: Any, training: bool
    ) -> tuple[Any, list[Any]]:
        """One cell over `inputs [B, T, E]`: `(outputs [B, T, O], final states)`."""
        import tensorflow as tf

        from keras_rnn_kit.layers import cudnn_kernel, marker, recurrence

        state_mask = output_mask = None
        if training:
            # In Keras's order, so that the same seed draws the same.
            input_mask = cell.get_dropout_mask(inputs[:, 0])
            state_mask = cell.get_recurrent_dropout_mask(states[0])
            output_mask = cell.get_output_dropout_mask(states[0])
            if input_mask is not None:
                inputs = inputs * input_mask[:, None]
        inputs = tf.cast(inputs, cell.compute_dtype)
        if marker.wanted():
            outputs, finals = marker.emit(cell, inputs, states, step_mask=mask)
        elif self.recurrence == "cudnn":
            outputs, finals = cudnn_kernel.run(cell, inputs, states, state_mask, mask, training)
        else:
            compiled = bool(training) or tf.executing_eagerly()
            if self.recurrence != "auto":
                compiled = self.recurrence == "compiled"
            outputs, finals = recurrence.run(
                cell,
                by_row(cell.project_in_training if training else cell.project, inputs),
                states,
                state_mask=state_mask,
                step_mask=mask,
                compiled=compiled,
            )
        if cell.reads_out:
            outputs = _read_out(cell, outputs, mask)
        if output_mask is not None:
            outputs = outputs * output_mask[:, None]
        return outputs, finals


def _would_outlive() -> bool:
    """Whether this is an export whose trace a function of the model's own would keep."""
    from keras_rnn_kit.layers import marker

    return marker.wanted() and marker.would_outlive()


def _read_out(cell: ProjectedCell, outputs: Any, mask: Any) -> Any:
    """`cell.readout` for all steps: `[B, T, O'] -> [B, T, O]`.

    Before a row's first real step the output stays zero, whatever is read out of zeros.
    """
    from keras_rnn_kit.layers.loops import seen

    begun = None if mask is None else seen(mask)
    if begun is not None:  # a readout may have no value at zero, and then its gradient is NaN
        outputs = ops.where(begun, outputs, ops.ones_like(outputs))
    read = by_row(cell.readout, outputs)
    return read if begun is None else ops.where(begun, read, ops.zeros_like(read))
