"""A recurrent cell that is deep within a step: before, in and behind its transition."""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.cells.weighted import WeightedCell


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class DeepTransitionCell(WeightedCell):
    """`h_t = φ(z V + b + h_{t-1} S)` with `z = φ(p_t + h_{t-1} U)`: a transition of two layers, or
    more, past which the state also takes a short way, `S`. What leads from `x_t` to `p_t`, and from
    `h_t` to the output, may be deep as well.

    In full: `z_1 = φ(p_t + h_{t-1} U)`, `z_k = φ(z_{k-1} V_k + b_k)` for k from 2 to
    `transition_depth`, with `h_{t-1} S` in the last one's sum if `skip`; `h_t` is the last z.

    A depth counts the matrices on the way: `input_depth` from the input to the sum of the first
    transition layer, `transition_depth` from one state to the next, `output_depth` from the state
    to the logits, the last of which is the layer's behind this one. At depth 1, 1 and 1 the cell is
    `SimpleRNNCell`, with its weights `kernel [E, H]`, `recurrent_kernel [H, H]`, `bias [H]`. More
    depth adds:

    - before: `a_1 = φ(x A_1 + c_1)`, `a_k = φ(a_{k-1} A_k + c_k)` and `p = a W + b` with the last
      of them, so that `kernel` is `[H, H]`: `input_kernel_1 [E, H]`, `input_kernel_k [H, H]`;
    - in: `transition_kernel_k [H, H]`, V_k. With `skip`, the way on which `h_{t-1}` passes one
      matrix alone, `recurrent_kernel` is `[H, 2H]`: U, then S;
    - behind: `o_1 = φ(h O_1 + d_1)`, `o_k = φ(o_{k-1} O_k + d_k)`: `output_kernel_k [H, H]`.

    Each has a bias `[H]`: `input_bias_k`, `transition_bias_k`, `output_bias_k`. Input and output
    layers are computed once for all steps; only the transition is in the loop. One state, `[B, H]`;
    a masked step leaves it as it is.

    Args:
        units: H, the width of the state, of all layers and of the output.
        input_depth, transition_depth, output_depth: as above, 1 or more.
        skip: whether the last transition layer sees `h_{t-1}` too; of no effect at depth 1.
        activation: φ, of all layers.
        use_bias: whether all layers have a bias, or none.
        kernel_initializer, kernel_regularizer, kernel_constraint: of `kernel`, the input and the
            output kernels; `recurrent_...` of `recurrent_kernel` and the transition kernels;
            `bias_...` of all biases.
        **kwargs: the other arguments of `WeightedCell`.

    Raises:
        KitError: a depth is not a positive integer.

    Source: Pascanu, Gulcehre, Cho and Bengio, "How to Construct Deep Recurrent Neural Networks",
    2014, there DT(S)-RNN and DOT(S)-RNN; Goodfellow, Bengio and Courville, "Deep Learning", section
    10.5, figure 10.13. The paper lets each layer have an activation and a width of its own.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import DeepTransitionCell
    >>> cell = DeepTransitionCell(4, transition_depth=2, output_depth=2)
    >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
    >>> output.shape, len(states), [weight.name for weight in cell.weights][2:]
    (TensorShape([2, 4]), 1, ['bias', 'transition_kernel_2', 'transition_bias_2', \
'output_kernel_1', 'output_bias_1'])
    """

    def __init__(
        self,
        units: int,
        input_depth: int = 1,
        transition_depth: int = 2,
        output_depth: int = 1,
        skip: bool = True,
        **kwargs: Any,
    ):
        positive_integer("input_depth", input_depth)
        positive_integer("transition_depth", transition_depth)
        positive_integer("output_depth", output_depth)
        super().__init__(units, **kwargs)
        self.input_depth = input_depth
        self.transition_depth = transition_depth
        self.output_depth = output_depth
        self.skip = skip

    @property
    def _skips(self) -> bool:
        return self.skip and self.transition_depth > 1

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs `[..., E]`."""
        units, width = self.units, input_shape[-1]
        self.input_layers = []
        for k in range(1, self.input_depth):
            self.input_layers.append(self._layer("input", k, width))
            width = units
        self.kernel = self._weight("kernel", (width, units))
        self.recurrent_kernel = self._weight("recurrent_kernel", (units, (1 + self._skips) * units))
        self.bias = self._weight("bias", (units,)) if self.use_bias else None
        self.transition_layers = [
            self._layer("transition", k, units) for k in range(2, self.transition_depth + 1)
        ]
        self.output_layers = [self._layer("output", k, units) for k in range(1, self.output_depth)]

    def _layer(self, part: str, k: int, width: int) -> tuple[Any, Any]:
        """`(kernel [width, H], bias [H] or None)`."""
        like = "recurrent_kernel" if part == "transition" else "kernel"
        kernel = self._weight(f"{part}_kernel_{k}", (width, self.units), like=like)
        if not self.use_bias:
            return kernel, None
        return kernel, self._weight(f"{part}_bias_{k}", (self.units,), like="bias")

    def _sum(self, inputs: Any, layer: tuple[Any, Any]) -> Any:
        kernel, bias = layer
        made = self.product(inputs, kernel)
        return made if bias is None else made + bias

    def project(self, inputs: Any) -> Any:
        """`p`: `[..., E] -> [..., H]`."""
        for layer in self.input_layers:
            inputs = self.activation(self._sum(inputs, layer))
        return super().project(inputs)

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """The transition, from `p_t` and `h_{t-1} [U, S]`."""
        shortcut = None
        if self._skips:
            recurrent, shortcut = ops.split(recurrent, 2, axis=-1)
        h = self.activation(projected + recurrent)
        for layer in self.transition_layers:
            total = self._sum(h, layer)
            if shortcut is not None and layer is self.transition_layers[-1]:
                total = total + shortcut
            h = self.activation(total)
        return h, [h]

    @property
    def reads_out(self) -> bool:
        """Whether there are output layers."""
        return self.output_depth > 1

    def readout(self, outputs: Any) -> Any:
        """The output layers: `[..., H] -> [..., H]`."""
        for layer in self.output_layers:
            outputs = self.activation(self._sum(outputs, layer))
        return outputs

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them."""
        return {
            **super().get_config(),
            "input_depth": self.input_depth,
            "transition_depth": self.transition_depth,
            "output_depth": self.output_depth,
            "skip": self.skip,
        }
