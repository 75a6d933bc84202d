"""What most cells have in common: the three weights of Keras's cells, and their arguments."""

import inspect
from typing import Any, ClassVar

from keras import activations, constraints, initializers, ops, random, regularizers

from keras_rnn_kit.arguments import positive_integer, rate
from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.errors import KitError

_OF_WEIGHTS = ("kernel", "recurrent", "bias")


class WeightedCell(ProjectedCell):
    """Base of cells with `kernel [E, G]`, `recurrent_kernel [H, R]` and `bias [G]`.

    A subclass says how wide they are, in units: `gates` (G = gates · H) and `recurrent_gates`
    (R = recurrent_gates · H; as many as `gates` if it says nothing, 0 for no recurrent kernel). It
    then writes `update`; `project` is `x W + b`. Arguments of its own come before `**kwargs`, and
    go into its `get_config`; those of the arguments here that it has no use for it names in
    `lacks`, and then neither it nor its layer takes them.

    Args:
        units: H, the width of the state and of the output.
        activation: φ; `None` is the identity.
        use_bias: whether there is a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: of the three weights.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: likewise.
        kernel_constraint, recurrent_constraint, bias_constraint: likewise.
        dropout: the share of inputs dropped in training, the same ones at every step of a call.
        recurrent_dropout: likewise of the state where it meets the recurrent kernel.
        seed: of the dropout.

    Raises:
        KitError: `units` is not a positive integer, a rate does not lie in [0, 1), or an argument
            is one that the cell lacks.

    Example: a cell whose step is a weighted mean of the past and a new value.

    >>> import numpy as np
    >>> from keras import ops
    >>> from keras_rnn_kit.cells import WeightedCell
    >>> class MeanCell(WeightedCell):
    ...     def update(self, projected, recurrent, states):
    ...         h = 0.9 * states[0] + 0.1 * self.activation(projected + recurrent)
    ...         return h, [h]
    >>> output, states = MeanCell(4)(np.ones((2, 3)), [np.zeros((2, 4))])
    >>> output.shape
    TensorShape([2, 4])
    """

    gates: ClassVar[int] = 1
    recurrent_gates: ClassVar[int | None] = None
    lacks: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ):
        given, takes = locals(), inspect.signature(WeightedCell.__init__).parameters
        for name in self.lacks:
            if given[name] != takes[name].default:
                raise KitError(
                    f"{type(self).__name__} has no {name}; received {name}={given[name]!r}. "
                    "Leave it out."
                )
        positive_integer("units", units)
        rate("dropout", dropout)
        rate("recurrent_dropout", recurrent_dropout)
        super().__init__(**kwargs)
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.seed = seed
        self.seed_generator = random.SeedGenerator(seed)
        self.state_size: int | list[int] = units
        self.output_size = units

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs `[..., E]`."""
        of_state = self.gates if self.recurrent_gates is None else self.recurrent_gates
        self.kernel = self._weight("kernel", (input_shape[-1], self.gates * self.units))
        self.recurrent_kernel: Any = None
        if of_state:
            shape = (self.units, of_state * self.units)
            self.recurrent_kernel = self._weight("recurrent_kernel", shape)
        self.bias = self._weight("bias", (self.gates * self.units,)) if self.use_bias else None

    def _weight(self, name: str, shape: tuple[int, ...], like: str | None = None) -> Any:
        """A weight with the initializer, regularizer and constraint of `name`, or of `like`."""
        of = (like or name).removesuffix("_kernel")
        return self.add_weight(
            shape=shape,
            name=name,
            initializer=getattr(self, f"{of}_initializer"),
            regularizer=getattr(self, f"{of}_regularizer"),
            constraint=getattr(self, f"{of}_constraint"),
        )

    def project(self, inputs: Any) -> Any:
        """`x W + b`: `[..., E] -> [..., G]`."""
        projected = ops.matmul(inputs, self.kernel)
        return projected if self.bias is None else ops.add(projected, self.bias)

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them."""
        config: dict[str, Any] = {
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
        }
        for of in _OF_WEIGHTS:
            for kind in (initializers, regularizers, constraints):
                name = f"{of}_{kind.__name__.rpartition('.')[2][:-1]}"
                config[name] = kind.serialize(getattr(self, name))
        for name in self.lacks:
            del config[name]
        return {**super().get_config(), **config}
