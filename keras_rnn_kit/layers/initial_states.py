"""What a recurrence starts from when nothing is passed to it, and how many rows it goes on with."""

import reprlib
from typing import Any

import keras
from keras import ops, tree

from keras_rnn_kit.errors import KitError

CHOICES = ("zeros", "random", "learned")
STDDEV = 0.1  # of "random": a twentieth of what a tanh state can span, so that inputs outweigh it


def checked(choice: Any, stateful: bool) -> str:
    """`choice`, if it is one and goes with `stateful`; `KitError` otherwise."""
    if not isinstance(choice, str) or choice not in CHOICES:
        raise KitError(
            "initial_state must be 'zeros', 'random' or 'learned' where a layer is made; received "
            f"{reprlib.repr(choice)}. Pass a tensor where the layer is called: "
            "layer(x, initial_state=...)."
        )
    if stateful and choice != "zeros":
        raise KitError(
            "a stateful layer starts from zeros and then from the states before; received "
            f"initial_state={choice!r} with stateful=True. Leave one of the two out."
        )
    return choice


def learned(states: Any, weights: list[Any]) -> Any:
    """`states` with a weight `[H]` added to each, the same for all rows."""
    flat = zip(tree.flatten(states), weights, strict=True)
    moved = [state + ops.cast(weight, state.dtype) for state, weight in flat]
    return tree.pack_sequence_as(states, moved)


def disturbed(states: Any, seed: keras.random.SeedGenerator) -> Any:
    """`states`, each with noise drawn for every element added to it."""

    def noise(state: Any) -> Any:
        return keras.random.normal(ops.shape(state), stddev=STDDEV, dtype=state.dtype, seed=seed)

    return tree.map_structure(lambda state: state + noise(state), states)


def of_as_many_rows(sequences: Any, rows: int, layer: str) -> Any:
    """`sequences [B, T, E]`, if B is `rows`, which the states of a stateful layer have.

    A batch of another size would be stretched to `rows` or fail deep in the recurrence. Where B is
    not known beforehand, it is looked at when the graph runs.
    """
    received = sequences.shape[0]
    rule = f"the layer {layer} is stateful and keeps the states of {rows} rows; received a batch"
    remedy = (
        f"Pass batches of {rows}, without a short one at the end (`dataset.batch({rows}, "
        "drop_remainder=True)`), or make the layer for another batch size."
    )
    if received is not None and received != rows:
        raise KitError(f"{rule} of {received}. {remedy}")
    if received is None and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        # Counted, not read from the shape: TensorFlow's optimizer believes what `ensure_shape`
        # says, and would strike an assertion about the shape out.
        finite = tf.math.is_finite(tf.cast(sequences[:, 0], "float32"))
        finite = tf.reduce_all(finite, axis=list(range(1, finite.shape.rank)))  # [B]
        found = tf.math.count_nonzero(finite) + tf.math.count_nonzero(~finite)
        said = tf.debugging.Assert(tf.equal(found, rows), [f"{rule} of", found, f"rows. {remedy}"])
        with tf.control_dependencies([said]):
            # XLA drops assertions; this refuses there too.
            return tf.ensure_shape(sequences, [rows, *sequences.shape[1:]])
    return sequences
