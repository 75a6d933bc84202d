"""A recurrence from its output, trained with the targets in the output's place."""

import weakref
from typing import Any

import keras
from keras import ops
from keras.src.backend import get_keras_mask

from keras_rnn_kit.cells.output_feedback import OutputFeedbackCell
from keras_rnn_kit.cells.simple_rnn import SimpleRNNCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers.named import NamedRNN


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class OutputFeedbackRNN(NamedRNN):
    """`h_t = φ(x_t W + o_{t-1} U + b)`, `o_t = ψ(h_t V + c)`: the output is fed back, and with
    `feedback="both"` the hidden state, too.

    `OutputFeedbackCell` over time. A call is `layer(sequences, targets=None, initial_state=None,
    mask=None, training=False)`, with `sequences [B, T, E]` and `targets [B, T, O]`, to the last
    output `[B, O]`, or to all outputs `[B, T, O]` with `return_sequences=True`, followed by the
    final states with `return_state=True`: what would be fed back next, and before it `h` with
    `feedback="both"`. `cells.OutputFeedbackCell` says what its arguments mean, the source of the
    equation and the errors; `layers.RNN` documents the others.

    In training with targets (`model.fit([x, y], y)`), what is fed back of a step is its target with
    the probability `teacher_forcing_rate`, else the output of the layer. The rate is a variable:
    `training.TeacherForcing` moves it by a schedule. Targets come in the order of the sequences,
    with `go_backwards`, too, and are masked with them. Without targets, and out of training, the
    layer runs free, so that a model to be served can do without that input:
    `keras.Model(x, layer(x))`. It begins from `initial_state`, which is the place for the last
    value that is known: `[y_0]`, or `[h_0, y_0]` with `feedback="both"`.

    At the rate 1 no step has to wait for the output of the one before, and all of them are computed
    at once, which is what teacher forcing was invented for; with `feedback="both"` all but the
    hidden state, whose loop is then a plain `SimpleRNN`'s.

    Raises:
        KitError: `targets` are not `[B, T, O]`, or the layer that they are passed to has
            `return_sequences=False`; and what the cell and `layers.RNN` raise.

    Source: as the cell's; of training all steps at once: Goodfellow, Bengio and Courville, "Deep
    Learning", 2016, 10.2.1, "Teacher Forcing and Networks with Output Recurrence". That a network
    trained so meets its own errors for the first time when it runs free, and what else can be done
    about it: Lamb et al., "Professor Forcing", 2016.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.layers import OutputFeedbackRNN
    >>> layer = OutputFeedbackRNN(4, 2, return_sequences=True)
    >>> x, y = np.ones((3, 6, 5), "float32"), np.ones((3, 6, 2), "float32")
    >>> layer(x, targets=y, training=True).shape, layer(x).shape
    (TensorShape([3, 6, 2]), TensorShape([3, 6, 2]))
    >>> _ = layer.teacher_forcing_rate.assign(0.5)
    """

    cell_class = OutputFeedbackCell

    @property
    def teacher_forcing_rate(self) -> keras.Variable:
        """The probability that a target is fed back in training; a variable, to be assigned."""
        rate: keras.Variable = self.cell.teacher_forcing_rate
        return rate

    def build(  # type: ignore[override]
        self, sequences_shape: Any, targets_shape: Any = None, initial_state_shape: Any = None
    ) -> None:
        """Makes the weights for inputs `[B, T, E]`."""
        super().build(sequences_shape, initial_state_shape)

    def call(  # type: ignore[override]
        self,
        sequences: Any,
        targets: Any = None,
        initial_state: Any = None,
        mask: Any = None,
        training: bool = False,
    ) -> Any:
        """Runs the cell over `sequences [B, T, E]`, in training fed with `targets [B, T, O]`."""
        if mask is None:
            mask = get_keras_mask(sequences)  # Keras hands it in where there is one input alone
        if targets is not None:
            self._check(getattr(targets, "shape", ()), sequences.shape)
            if training:
                targets = ops.cast(targets, sequences.dtype)
                sequences = ops.concatenate([sequences, targets], axis=-1)
        return super().call(sequences, initial_state, mask, training)

    def _check(self, shape: Any, sequences_shape: Any) -> None:
        wanted = (*sequences_shape[:2], self.cell.outputs)
        fits = len(shape) == len(wanted) and all(
            one is None or other is None or one == other
            for one, other in zip(shape, wanted, strict=True)
        )
        if not fits:
            raise KitError(
                f"targets must be [B, T, O], here {wanted}, one for each step; received "
                f"{tuple(shape) or 'no tensor'} in the layer {self.name!r}. Pass initial states as "
                "initial_state=..., class ids as one-hot vectors."
            )
        if not self.return_sequences:
            raise KitError(
                "targets are for every step, and so are the outputs that learn them; the layer "
                f"{self.name!r} received targets with return_sequences=False. Make it with "
                "return_sequences=True."
            )

    def compute_output_shape(
        self, sequences_shape: Any, targets_shape: Any = None, initial_state_shape: Any = None
    ) -> Any:
        """`[B, O]` or `[B, T, O]`, followed by the shapes of the states where they are returned."""
        if targets_shape is not None:
            self._check(targets_shape, sequences_shape)
        return super().compute_output_shape(sequences_shape)

    def _run(
        self, cell: Any, inputs: Any, states: list[Any], mask: Any, training: bool
    ) -> tuple[Any, list[Any]]:
        """As `RNN` runs it, or all at once where every step is fed with a target."""
        in_loop = super()._run
        if not training or not cell.forced(inputs):
            return in_loop(cell, inputs, states, mask, training)
        import tensorflow as tf

        # Drawn here, and kept by the cell: nothing is to be drawn within one of two branches.
        input_mask = cell.get_dropout_mask(inputs[:, 0])
        state_mask = cell.get_recurrent_dropout_mask(states[0])

        def at_once() -> tuple[Any, list[Any]]:
            kept = inputs if input_mask is None else inputs * input_mask[:, None]
            kept = tf.cast(kept, cell.compute_dtype)
            # Once for all: the gradient of a cut is a copy of the whole.
            x, y = ops.split(kept, [kept.shape[-1] - cell.outputs], axis=-1)
            if cell.feedback == "output":
                return _all_steps(cell, x, y, states[0], state_mask, mask)
            compiled = self.recurrence in ("auto", "compiled")
            return _all_but_hidden(cell, x, y, states, state_mask, mask, compiled)

        # The rate's own value: read through Keras it would be cast to what the cell computes in.
        always = tf.convert_to_tensor(cell.teacher_forcing_rate.value) >= 1
        return tf.cond(always, at_once, lambda: in_loop(cell, inputs, states, mask, training))


def _all_steps(
    cell: OutputFeedbackCell,
    inputs: Any,  # [B, T, E]
    targets: Any,  # [B, T, O]
    state: Any,  # [B, O]
    state_mask: Any,
    step_mask: Any,
) -> tuple[Any, list[Any]]:
    """Every step fed with the target of the one before."""
    import tensorflow as tf

    fed_back = _after_each(targets, step_mask, state)
    before = fed_back[:, :-1]
    met = before if state_mask is None else before * state_mask[:, None]
    # Keras's product, of three axes too, is one plain product; TensorFlow's would be one a row.
    recurrent = ops.matmul(met, cell.feedback_kernel)
    outputs = cell.output_of(cell.activation(cell.project(inputs) + recurrent))
    if step_mask is not None:  # before the first real step it is zero, as in Keras
        outputs = _after_each(outputs, step_mask, tf.zeros_like(outputs[:, 0]))[:, 1:]
    return outputs, [fed_back[:, -1]]


def _all_but_hidden(
    cell: OutputFeedbackCell,
    inputs: Any,  # [B, T, E]
    targets: Any,  # [B, T, O]
    states: list[Any],  # h [B, H], and what was fed back last, [B, O]
    state_mask: Any,  # of h
    step_mask: Any,
    compiled: bool,
) -> tuple[Any, list[Any]]:
    """The same where the hidden state is fed back, too: its product alone is left to the loop."""
    import tensorflow as tf

    from keras_rnn_kit.layers import recurrence
    from keras_rnn_kit.layers.loops import seen

    fed_back = _after_each(targets, step_mask, states[1])
    hidden, (last,) = recurrence.run(
        _hidden_cell(cell),
        cell.project(inputs) + ops.matmul(fed_back[:, :-1], cell.feedback_kernel),
        states[:1],
        state_mask=state_mask,
        step_mask=step_mask,
        compiled=compiled,
    )
    outputs = cell.output_of(hidden)
    if step_mask is not None:
        outputs = tf.where(seen(step_mask), outputs, tf.zeros([], outputs.dtype))
    return outputs, [last, fed_back[:, -1]]


# By the cell whose weights they have. Not an attribute of it: they would be saved twice.
_hidden_cells: "weakref.WeakKeyDictionary[OutputFeedbackCell, SimpleRNNCell]"
_hidden_cells = weakref.WeakKeyDictionary()


def _hidden_cell(cell: OutputFeedbackCell) -> SimpleRNNCell:
    """`φ(projected + h R)`, what of the cell must wait for the step before."""
    known = _hidden_cells.get(cell)
    if known is None or known.activation is not cell.activation:
        known = SimpleRNNCell(cell.units, activation=cell.activation, dtype=cell.dtype_policy)
        known.recurrent_kernel, known.built = cell.recurrent_kernel, True
        _hidden_cells[cell] = known
    return known


def _after_each(values: Any, step_mask: Any, initial: Any) -> Any:
    """`[B, T + 1, O]`: `initial [B, O]`, then after each step the value of the last real one."""
    import tensorflow as tf

    if step_mask is not None:  # the real ones to the front, as many as there were to be looked up
        masked = tf.cast(tf.logical_not(step_mask), tf.int32)
        values = tf.gather(values, tf.argsort(masked, axis=1, stable=True), batch_dims=1)
    values = tf.concat([initial[:, None], values], axis=1)
    if step_mask is None:
        return values
    real = tf.pad(tf.cast(step_mask, tf.int32), [[0, 0], [1, 0]])
    return tf.gather(values, tf.cumsum(real, axis=1), batch_dims=1)
