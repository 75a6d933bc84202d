"""Recurrence from the output, with or without a hidden state beside it; teacher forcing."""

from typing import Any

import keras
from keras import activations, ops

from keras_rnn_kit.arguments import number, positive_integer
from keras_rnn_kit.cells.weighted import WeightedCell
from keras_rnn_kit.errors import KitError

FEEDBACKS = ("output", "both")


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class OutputFeedbackCell(WeightedCell):
    """`h_t = φ(x_t W + o_{t-1} U + b)`, `o_t = ψ(h_t V + c)`: the output is fed back, and with
    `feedback="both"` the hidden state, too, `h_t = φ(x_t W + h_{t-1} R + o_{t-1} U + b)`.

    The weights are `kernel [E, H]` (W), `feedback_kernel [O, H]` (U), `bias [H]`, `output_kernel
    [H, O]` (V) and `output_bias [O]` (c); with `"both"` also `recurrent_kernel [H, H]` (R). With
    `"output"` what is fed back is the one state, `[B, O]`: the network remembers nothing that its
    output does not say. With `"both"` the states are `h [B, H]` and then what is fed back. A masked
    step leaves them as they are.

    Teacher forcing: in training, the inputs may have the target behind them at every step,
    `[..., E + O]`. What is fed back is then the target of the step with the probability
    `teacher_forcing_rate`, else the cell's own output, drawn anew for every row and step; the
    output is always the cell's own. Out of training, and without targets, the cell runs free; what
    stands behind the inputs is not looked at. A cell that is to run in `keras.layers.RNN` with
    targets is built for inputs `[..., E]` beforehand; `layers.OutputFeedbackRNN` sees to all of it.

    Source: Jordan, "Serial order: a parallel distributed processing approach", 1986 (without the
    decaying trace of earlier outputs that his state units keep); Goodfellow, Bengio and Courville,
    "Deep Learning", 2016, 10.2.1. Of teacher forcing: Williams and Zipser, "A Learning Algorithm
    for Continually Running Fully Recurrent Neural Networks", 1989; of the rate: Bengio et al.,
    "Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks", 2015. They feed a
    token that is sampled from the output; here the output itself goes back, and gradients with it.

    Args:
        units: H, the width of the hidden layer.
        outputs: O, the width of the output; H if `None`.
        feedback: `"output"` or `"both"`.
        output_activation: ψ; `None` is the identity.
        teacher_forcing: what `teacher_forcing_rate`, a weight that is not trained and may be
            assigned at any time, begins with: a number in [0, 1].
        activation: φ.
        **kwargs: the other arguments of `WeightedCell`. Those of `kernel` hold for V too, those of
            `recurrent` for U too, those of `bias` for c too. `recurrent_dropout` drops of the first
            state.

    Raises:
        KitError: an argument is none of these; in a step, the inputs have another width.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import OutputFeedbackCell
    >>> cell = OutputFeedbackCell(4, 2, feedback="both")
    >>> states = [np.zeros((3, 4), "float32"), np.zeros((3, 2), "float32")]
    >>> output, (h, fed_back) = cell(np.ones((3, 5), "float32"), states)
    >>> output.shape, h.shape, bool(np.all(fed_back == output))
    (TensorShape([3, 2]), TensorShape([3, 4]), True)
    """

    def __init__(
        self,
        units: int,
        outputs: int | None = None,
        feedback: str = "output",
        output_activation: Any = None,
        teacher_forcing: float = 1.0,
        **kwargs: Any,
    ):
        if outputs is not None:
            positive_integer("outputs", outputs)
        if feedback not in FEEDBACKS:
            raise KitError(
                f"feedback must be one of {', '.join(FEEDBACKS)}; received {feedback!r}. Pass "
                "'output' to feed the output back alone, 'both' for the hidden state, too."
            )
        needs = "a number in [0, 1]"
        number("teacher_forcing", teacher_forcing, needs, lambda rate: 0 <= rate <= 1)
        super().__init__(units, **kwargs)
        self.outputs = units if outputs is None else outputs
        self.feedback = feedback
        self.output_activation = activations.get(output_activation)
        self.teacher_forcing = teacher_forcing
        self.output_size = self.outputs
        self.state_size = self.outputs if feedback == "output" else [units, self.outputs]
        # In single precision whatever the cell computes in: a schedule moves it by small steps.
        self.teacher_forcing_rate = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(teacher_forcing),
            trainable=False,
            autocast=False,
            dtype="float32",
            name="teacher_forcing_rate",
        )

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs `[..., E]`."""
        self.kernel = self._weight("kernel", (input_shape[-1], self.units))
        self.recurrent_kernel = None
        if self.feedback == "both":
            self.recurrent_kernel = self._weight("recurrent_kernel", (self.units, self.units))
        shape = (self.outputs, self.units)
        self.feedback_kernel = self._weight("feedback_kernel", shape, like="recurrent")
        self.bias = self._weight("bias", (self.units,)) if self.use_bias else None
        shape = (self.units, self.outputs)
        self.output_kernel = self._weight("output_kernel", shape, like="kernel")
        self.output_bias: Any = None
        if self.use_bias:
            self.output_bias = self._weight("output_bias", (self.outputs,), like="bias")

    def forced(self, inputs: Any) -> bool:
        """Whether `inputs` have targets behind them: `[..., E + O]` and not `[..., E]`."""
        features: int = self.kernel.shape[0]
        width: int = inputs.shape[-1]
        if width not in (features, features + self.outputs):
            raise KitError(
                f"inputs of {self.name!r} must have {features} features, or {self.outputs} more "
                f"with targets; received {width}. Build the cell for inputs without targets."
            )
        return width > features

    def project(self, inputs: Any) -> Any:
        """`x W + b`: `[..., E] -> [..., H]`; of `[..., E + O]` the targets are let be."""
        return super().project(inputs[..., : -self.outputs] if self.forced(inputs) else inputs)

    def project_in_training(self, inputs: Any) -> Any:
        """`x W + b`, y and whether y is fed back: `[..., E + O] -> [..., H + O + 1]`."""
        projected = self.project(inputs)
        if not self.forced(inputs):
            return projected
        shape = (*ops.shape(inputs)[:-1], 1)
        drawn = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        chosen = ops.cast(drawn < self.teacher_forcing_rate, projected.dtype)
        targets = ops.cast(inputs[..., -self.outputs :], projected.dtype)
        return ops.concatenate([projected, targets, chosen], axis=-1)

    def recurrent_matrix(self) -> Any:
        """U `[O, H]`, or R above U `[H + O, H]`."""
        if self.recurrent_kernel is None:
            return self.feedback_kernel
        return ops.concatenate([self.recurrent_kernel, self.feedback_kernel], axis=0)

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """The hidden layer, the output, and what is fed back of output and target."""
        forced = projected.shape[-1] > self.units
        target: Any = None
        chosen: Any = None
        if forced:
            cuts = [self.units, self.units + self.outputs]
            projected, target, chosen = ops.split(projected, cuts, axis=-1)
        h = self.activation(projected + recurrent)
        output = self.output_of(h)
        fed_back = ops.where(chosen > 0, target, output) if forced else output
        return output, [fed_back] if self.recurrent_kernel is None else [h, fed_back]

    def output_of(self, hidden: Any) -> Any:
        """`ψ(h V + c)`: `[..., H] -> [..., O]`."""
        output = self.product(hidden, self.output_kernel)
        if self.output_bias is not None:
            output = output + self.output_bias
        return self.output_activation(output)

    def get_dropout_mask(self, step_input: Any) -> Any:
        """The mask of the inputs `[B, E]`, with ones behind it where there are targets."""
        if not self.forced(step_input):
            return super().get_dropout_mask(step_input)
        mask = super().get_dropout_mask(step_input[..., : -self.outputs])
        if mask is None:
            return None
        return ops.concatenate([mask, ops.ones_like(step_input[..., -self.outputs :])], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them."""
        own = {
            "outputs": self.outputs,
            "feedback": self.feedback,
            "output_activation": activations.serialize(self.output_activation),
            "teacher_forcing": self.teacher_forcing,
        }
        return {**super().get_config(), **own}
