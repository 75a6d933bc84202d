"""`ConditionalRNN`: a context beside the inputs, in the initial states, or both."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.cells import DropoutCell, GRUCell, LSTMCell, SimpleRNNCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import export_onnx_file
from keras_rnn_kit.layers import RNN, ConditionalRNN
from keras_rnn_kit.layers.conditional import ContextStates
from tests.layers.running import every_mask

ROWS, LENGTH, FEATURES, WIDTH = 9, 6, 4, 3
RNG = np.random.default_rng(1)
X = RNG.normal(size=(ROWS, LENGTH, FEATURES))
C = RNG.normal(size=(ROWS, WIDTH))
MASK = every_mask(ROWS, LENGTH)
# float32 results of size 1 of the same sums, in another order.
CLOSE = 1e-5
BOTH: dict[str, Any] = {"return_sequences": True, "return_state": True}

# Every argument, each at a value that is not its default.
ARGUMENTS = {
    "context": "input",
    "return_sequences": True,
    "return_state": True,
    "go_backwards": True,
    "stateful": True,
    "zero_output_for_mask": True,
    "recurrence": "loop",
    "name": "chosen",
    "trainable": False,
    "dtype": "float64",
}


def same(got, wanted, close=CLOSE):
    np.testing.assert_allclose(got, wanted, rtol=0, atol=close)


def conditional(cell, context="both", dtype="float32", **arguments):
    """A layer whose weights have values of their own."""
    layer = ConditionalRNN(cell, context, dtype=dtype, **arguments)
    layer.build((ROWS, LENGTH, FEATURES), (ROWS, WIDTH))
    rng = np.random.default_rng(2)
    for weight in layer.trainable_weights:
        weight.assign(rng.normal(0, 0.5, weight.shape))
    return layer


def in_numpy(layer):
    """`h = tanh(x W + c R + h U + b)` from `h_0 = tanh(c W_0 + b_0)`, step by step: `[B, T, H]`."""
    kernel, recurrent, bias = (np.asarray(w, "float64") for w in layer.cell.get_weights())
    h = np.zeros((ROWS, layer.cell.units))
    if layer.context != "input":
        start, moved = (np.asarray(w, "float64") for w in layer.context_states.get_weights())
        h = np.tanh(C @ start + moved)
    of_context = C @ kernel[FEATURES:] if layer.context != "state" else 0.0
    outputs = []
    for t in range(LENGTH):
        after = np.tanh(X[:, t] @ kernel[:FEATURES] + of_context + h @ recurrent + bias)
        h = np.where(MASK[:, t, None], after, h)
        outputs.append(h)
    return np.stack(outputs, 1)


@pytest.mark.parametrize("context", ["input", "state", "both"])
def test_it_is_its_equation(context):
    layer = conditional(SimpleRNNCell(5), context, **BOTH)
    wanted = in_numpy(layer)
    outputs, state = layer(X, C, mask=MASK)
    same(state, wanted[:, -1])
    # Before the first real step there is no output but Keras's zeros.
    same(outputs, wanted * (np.cumsum(MASK, 1) > 0)[..., None])


@pytest.mark.parametrize(
    "cells", [LSTMCell, lambda units, **how: [LSTMCell(units, **how), GRUCell(3, **how)]]
)
@pytest.mark.parametrize("training", [False, True])
def test_it_is_the_layer_of_the_cell_given_the_same_by_hand(cells, training):
    layer = conditional(cells(5, dtype="float64"), dtype="float64", **BOTH)
    over_time = RNN(layer.recurrent_layer.cell, **BOTH, dtype="float64")
    x, c = tf.constant(X), tf.constant(C)

    def by_hand():
        kernels, biases = layer.context_states.kernels, layer.context_states.biases
        states = [tf.tanh(c @ w + b) for w, b in zip(kernels, biases, strict=True)]
        states = keras.tree.pack_sequence_as(over_time.state_size, states)
        beside = tf.concat([x, tf.repeat(c[:, None], LENGTH, 1)], -1)
        return over_time(beside, initial_state=states, mask=MASK, training=training)

    @tf.function(autograph=False)
    def results(function):
        with tf.GradientTape() as tape:
            tape.watch([x, c])
            parts = tf.nest.flatten(function())
            loss = tf.add_n([tf.reduce_sum(part * tf.cos(part)) for part in parts])
        weights = [weight.value for weight in layer.trainable_weights]
        return parts, tape.gradient(loss, [x, c, *weights])

    got = results(lambda: layer(x, c, mask=MASK, training=training))
    wanted = results(by_hand)
    for one, other in zip(tf.nest.flatten(got), tf.nest.flatten(wanted), strict=True):
        same(one, other, 1e-10)  # float64, likewise
    assert all(np.abs(gradient).max() > 1e-3 for gradient in got[1])


@pytest.mark.parametrize("cells", [LSTMCell(5), [LSTMCell(5), SimpleRNNCell(3)]])
def test_the_states_handed_on_make_the_parts_a_whole(cells):
    layer = conditional(cells, **BOTH)
    outputs, *states = layer(X, C)
    first, *carried = layer(X[:, :2], C)
    second, *carried = layer(X[:, 2:], C, initial_state=carried)
    same(np.concatenate([first, second], 1), outputs)
    for one, other in zip(carried, states, strict=True):
        same(one, other)
    assert [tuple(state.shape) for state in states] == [(ROWS, size) for size in layer.state_size]
    told = layer.compute_output_shape(X.shape, C.shape)
    assert list(told) == [tuple(part.shape) for part in (outputs, *states)]


def test_given_states_take_the_place_of_the_context_s():
    layer, plain = conditional(SimpleRNNCell(5), "state"), RNN(SimpleRNNCell(5))
    plain.build(X.shape)
    plain.set_weights(layer.recurrent_layer.get_weights())
    given = RNG.normal(size=(ROWS, 5)).astype("float32")
    same(layer(X, C, initial_state=given), plain(X, initial_state=given))


def test_it_reads_backwards():
    turned = conditional(SimpleRNNCell(5), return_sequences=True, go_backwards=True)
    layer = conditional(SimpleRNNCell(5), return_sequences=True)
    same(turned(X, C, mask=MASK), layer(X[:, ::-1], C, mask=MASK[:, ::-1]))


def test_masks_come_and_go_with_the_sequences():
    x = tf.constant(X * MASK[..., None])
    masked = keras.layers.Masking()(x)
    for go_backwards in (False, True):
        layer = conditional(SimpleRNNCell(5), go_backwards=go_backwards, **BOTH)
        outputs, state = layer(masked, C)
        for got, wanted in zip((outputs, state), layer(x, C, mask=MASK), strict=True):
            np.testing.assert_array_equal(got, wanted)
        kept = MASK[:, ::-1] if go_backwards else MASK
        np.testing.assert_array_equal(outputs._keras_mask, kept)
        assert getattr(state, "_keras_mask", None) is None
    assert conditional(SimpleRNNCell(5)).compute_mask(X, MASK) is None
    zeroed = conditional(SimpleRNNCell(5), return_sequences=True, zero_output_for_mask=True)
    assert not np.any(np.asarray(zeroed(x, C, mask=MASK))[~MASK])


def test_a_stateful_layer_goes_on():
    layer, plain = (
        conditional(LSTMCell(5), "input", stateful=True),
        conditional(LSTMCell(5), "input"),
    )
    for _ in range(2):
        layer(X[:, :2], C)
        same(layer(X[:, 2:], C), plain(X, C))
        assert [state.shape for state in layer.states] == [(ROWS, 5)] * 2
        layer.reset_states()
    assert not np.any(layer.states[0])


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
def test_the_type_is_the_layers(policy):
    layer = conditional(LSTMCell(5, dtype=policy), dtype=policy, **BOTH)
    for part in layer(X, C):
        assert part.dtype == layer.compute_dtype


# Saved, exported.


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_functional_model_trains_is_saved_and_exported(tmp_path):
    keras.utils.set_random_seed(1)
    sequences = keras.Input((None, FEATURES), name="sequences")
    context = keras.Input((WIDTH,), name="context")
    cells = [LSTMCell(4), DropoutCell(GRUCell(4), 0.1, 0.1, 0.1)]
    hidden = ConditionalRNN(cells)(keras.layers.Masking()(sequences), context)
    model = keras.Model([sequences, context], keras.layers.Dense(1, name="sum")(hidden))
    model.compile(keras.optimizers.Adam(0.03), "mse", jit_compile=False)
    target = X.mean((1, 2)) + C.sum(1)  # not to be learnt from the sequences alone
    before = model.evaluate([X, C], target, verbose=0)
    model.fit([X, C], target, epochs=15, verbose=0)
    assert model.evaluate([X, C], target, verbose=0) < 0.5 * before
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded([X, C]), model([X, C]))
    differences = export_onnx_file(loaded, tmp_path / "model.onnx")
    assert max(difference.value for difference in differences) < CLOSE


@pytest.mark.parametrize(
    "how", [{}, {"context": "input", "stateful": False, "initial_state": "learned"}]
)
def test_every_argument_survives_a_config(how):
    arguments = {**ARGUMENTS, **how}
    layer = ConditionalRNN([LSTMCell(4, activation="relu"), SimpleRNNCell(5)], **arguments)
    config = layer.get_config()
    default = ConditionalRNN(LSTMCell(4)).get_config()
    assert config.keys() == default.keys() == {*ARGUMENTS, "cell", "initial_state"}
    for name in arguments.keys() - {"dtype", "stateful"}:
        assert config[name] == arguments[name] != default[name]
    serialized = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(serialized)
    assert again.get_config() == config
    assert [type(cell) for cell in again.cell.cells] == [LSTMCell, SimpleRNNCell]
    states = ContextStates([2, 3])
    assert ContextStates.from_config(states.get_config()).sizes == [2, 3]


# What it refuses.


def test_the_three_contexts():
    with pytest.raises(KitError, match="context must be one of input, state, both; received 'in'"):
        ConditionalRNN(SimpleRNNCell(4), context="in")


@pytest.mark.parametrize("how", [{"stateful": True}, {"initial_state": "learned"}])
@pytest.mark.parametrize("context", ["state", "both"])
def test_the_context_is_the_only_beginning(how, context):
    with pytest.raises(KitError, match="the context makes the initial states; received stateful="):
        ConditionalRNN(SimpleRNNCell(4), context, **how)


def test_a_context_is_one_vector_a_sequence():
    with pytest.raises(KitError, match=r"context must be \[B, C\].*received the shape \(9, 6, 4\)"):
        ConditionalRNN(SimpleRNNCell(4))(X, X)


def test_as_many_states_as_the_cell_has():
    with pytest.raises(KitError, match=r"initial_state must have the 2 states of .*; received 1"):
        conditional(LSTMCell(5))(X, C, initial_state=[np.zeros((ROWS, 5))])
