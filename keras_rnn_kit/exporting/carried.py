"""The states that stateful layers carry from call to call, as inputs and outputs of a function.

A graph remembers nothing between two runs. What a layer with `stateful=True` would keep in its
variables is handed in and given back instead, under a name, and whoever runs the graph carries it.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import tree

NEXT = "next_"


def carried_states(model: keras.Model) -> dict[str, Any]:
    """By name, the variables `[B, H]` of all stateful recurrent layers: `{layer}_state_{k}`.

    Example:

    >>> import keras
    >>> from keras_rnn_kit.exporting.carried import carried_states
    >>> inputs = keras.Input(batch_shape=(4, None, 3))
    >>> lstm = keras.layers.LSTM(5, stateful=True, name="lstm")
    >>> {n: tuple(v.shape) for n, v in carried_states(keras.Model(inputs, lstm(inputs))).items()}
    {'lstm_state_0': (4, 5), 'lstm_state_1': (4, 5)}
    """
    found: dict[str, Any] = {}
    for layer in model._flatten_layers():
        if not isinstance(layer, keras.layers.RNN) or not layer.stateful:
            continue
        states = tree.flatten(layer.states)
        name, number = layer.name, 0
        while f"{name}_state_0" in found:  # inner models may call two layers the same
            number += 1
            name = f"{layer.name}_{number}"
        found |= {f"{name}_state_{k}": state for k, state in enumerate(states)}
    return found


def with_carried(
    function: Callable[..., dict[str, Any]], states: dict[str, Any], signature: list[tf.TensorSpec]
) -> Callable[..., dict[str, Any]]:
    """`function` with the states' values behind its arguments, and `next_...` among its results.

    `signature` is that of all arguments. The variables are neither read nor written.
    """
    variables = list(states.values())

    def stateless(*arguments: Any) -> dict[str, Any]:
        given, values = arguments[: -len(variables)], arguments[-len(variables) :]
        with keras.StatelessScope() as scope:
            for variable, value in zip(variables, values, strict=True):
                # As an update: as a mapping it would have to have the variable's own rows.
                scope.add_update((variable, value))
            results = function(*given)
        after = map(scope.get_current_value, variables)
        return {**results, **dict(zip((f"{NEXT}{name}" for name in states), after, strict=True))}

    # Traced with free rows: called as it is, Keras would compare them with the variable's.
    traced: Callable[..., dict[str, Any]] = tf.function(
        stateless, input_signature=signature, autograph=False
    )
    return traced
