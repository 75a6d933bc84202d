"""`StackedRNN`: several cells over time, as layers that are put on each other by hand."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.cells import DropoutCell, GRUCell, LSTMCell, ResidualCell, SimpleRNNCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import RNN, Bidirectional, StackedRNN
from tests.catalogue import cases_of
from tests.cells.own import ReadoutCell
from tests.layers.running import every_mask

ROWS, LENGTH, FEATURES = 9, 6, 4
X = np.random.default_rng(1).normal(size=(ROWS, LENGTH, FEATURES)).astype("float32")
MASK = every_mask(ROWS, LENGTH)
# float32 results of size 1 of the same products, in another order.
CLOSE = 1e-5
# float64, likewise.
EXACT = 1e-10
BOTH = {"return_sequences": True, "return_state": True}

# Every argument, each at a value that is not its default, `residual` and `skip` apart.
ARGUMENTS = {
    "return_sequences": True,
    "return_state": True,
    "go_backwards": True,
    "stateful": True,
    "zero_output_for_mask": True,
    "recurrence": "loop",
    "dropout": 0.2,
    "seed": 7,
    "name": "chosen",
    "trainable": False,
    "dtype": "float64",
}
DEEP = [{}, {"residual": True}, {"skip": True}]
HOW = [*DEEP, {"stateful": False, "initial_state": "learned"}]
IN = ["sequential", "functional", "bidirectional"]


def same(got, wanted, close=CLOSE):
    np.testing.assert_allclose(got, wanted, rtol=0, atol=close)


def cells(dtype="float32"):
    """Three of them, with four states of three widths; an output that is not the state."""
    return [LSTMCell(4, dtype=dtype), ReadoutCell(5, dtype=dtype), GRUCell(4, dtype=dtype)]


def stacked(given=None, seed=2, dtype="float32", **arguments):
    """A layer whose weights have values of their own."""
    given = cells(dtype) if given is None else given
    layer = StackedRNN(given, dtype=dtype, **arguments)
    layer.build((ROWS, LENGTH, FEATURES))
    rng = np.random.default_rng(seed)
    for weight in layer.trainable_weights:
        weight.assign(rng.normal(0, 0.5, weight.shape))
    return layer


def as_one_cell(layer, kind=keras.layers.RNN, **arguments):
    """Keras's stack of the same cells: one step through all of them at a time."""
    names = (*BOTH, "go_backwards", "stateful", "zero_output_for_mask")
    how = {name: getattr(layer, name) for name in names} | arguments
    return kind(keras.layers.StackedRNNCells(layer.cells), dtype=layer.dtype, **how)


@pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "mask"])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("zero_output_for_mask", [False, True])
@pytest.mark.parametrize("return_sequences", [False, True])
def test_it_is_kerass_stack_of_cells(mask, go_backwards, zero_output_for_mask, return_sequences):
    layer = stacked(
        return_state=True,
        return_sequences=return_sequences,
        go_backwards=go_backwards,
        zero_output_for_mask=zero_output_for_mask,
    )
    stock = as_one_cell(layer)
    got = keras.tree.flatten(layer(X, mask=mask))
    wanted = keras.tree.flatten(stock(X, mask=mask))
    for one, other in zip(got, wanted, strict=True):
        same(one, other)
    assert len(got) == 5
    if mask is not None and return_sequences and zero_output_for_mask:
        assert not np.any(np.array(got[0])[~mask[:, ::-1] if go_backwards else ~mask])


def by_hand(layer, x, mask, training):
    """The same cells as layers of their own."""
    given, outputs, finals = x, [], []
    for k, cell in enumerate(layer.cells):
        if k and layer.skip:
            given = tf.concat([given, x], -1)
        over_time = RNN(cell, **BOTH, dtype=layer.dtype)
        output, *states = over_time(given, mask=mask, training=training)
        if layer.residual:
            output = output + given
        outputs.append(output)
        finals += states
        given = output
    return tf.concat(outputs, -1) if layer.skip else output, *finals


@pytest.mark.parametrize(
    ("how", "training", "masked"),
    cases_of(
        itertools.product(DEEP, (False, True), (False, True)), [(how, True, True) for how in DEEP]
    ),
)
def test_it_is_the_layers_put_on_each_other_by_hand(how, training, masked):
    given = [LSTMCell(4, dtype="float64"), GRUCell(4, dtype="float64")]
    layer = stacked(given, dtype="float64", **how, **BOTH)
    # By hand, a masked step of `residual` has its input: what comes before the first is left out.
    masked_residual = masked and bool(how.get("residual"))
    mask = np.arange(LENGTH) < np.arange(1, ROWS + 1)[:, None] if masked else None
    x = tf.constant(X, "float64")

    @tf.function(autograph=False)
    def results(function):
        with tf.GradientTape() as tape:
            tape.watch(x)
            output, *finals = function()
            if masked_residual:
                output = tf.where(mask[..., None], output, tf.zeros([], x.dtype))
            loss = tf.add_n([tf.reduce_sum(part * tf.cos(part)) for part in (output, *finals)])
        weights = [weight.value for weight in layer.trainable_weights]
        return output, finals, tape.gradient(loss, [x, *weights])

    got = results(lambda: layer(x, mask=mask, training=training))
    wanted = results(lambda: by_hand(layer, x, mask, training))
    for one, other in zip(tf.nest.flatten(got), tf.nest.flatten(wanted), strict=True):
        same(one, other, EXACT)
    assert all(np.abs(gradient).max() > 1e-3 for gradient in got[2])


def test_residual_repeats_the_output_of_the_last_real_step():
    layer = stacked([LSTMCell(4), GRUCell(4)], residual=True, return_sequences=True)
    outputs = np.array(layer(X, mask=MASK))
    for row, mask in zip(outputs, MASK, strict=True):
        wanted = np.zeros(4, "float32")
        for t, real in enumerate(mask):
            assert real or np.array_equal(row[t], wanted)
            wanted = row[t]
    last = stacked([LSTMCell(4), GRUCell(4)], residual=True)
    same(last(X, mask=MASK), outputs[:, -1])
    assert all(type(layer.cell) is ResidualCell for layer in last.recurrent_layers)


@pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "mask"])
@pytest.mark.parametrize("zero_output_for_mask", [False, True])
@pytest.mark.parametrize("how", [{}, {"skip": True}])
def test_the_last_output_is_the_last_of_the_outputs(mask, zero_output_for_mask, how):
    arguments = {"zero_output_for_mask": zero_output_for_mask, **how}
    outputs = stacked(**arguments, return_sequences=True)(X, mask=mask)
    layer = stacked(**arguments)
    same(layer(X, mask=mask), outputs[:, -1])
    assert outputs.shape[-1] == (4 + 4 + 4 if how else 4)


# Dropout.

WIDE = 64
# A share of N draws is off by more than five standard deviations (at most √(1/4N)) once in two
# million seeds, and the seed is fixed.
SHARE = 5 * np.sqrt(0.25 / (ROWS * LENGTH * WIDE))


def passing(count, **arguments):
    """Layers that hand on what they are given."""

    def identity(shape, dtype=None):
        return keras.ops.eye(*shape, dtype=dtype)

    how = {"activation": None, "use_bias": False, "recurrent_initializer": "zeros"}
    given = [SimpleRNNCell(WIDE, kernel_initializer=identity, **how) for _ in range(count)]
    return StackedRNN(given, return_sequences=True, seed=3, **arguments)


@pytest.mark.parametrize("graph", [False, True])
def test_between_layers_each_element_is_dropped_for_itself(graph):
    layer = passing(3, dropout=0.25)
    call = tf.function(layer) if graph else layer
    ones = tf.ones((ROWS, LENGTH, WIDE))
    kept = []
    for _ in range(2):
        outputs = np.array(call(ones, training=True))
        kept.append(outputs != 0)
        same(outputs[kept[-1]], np.full(kept[-1].sum(), 0.75**-2))
        # Dropped twice, for two draws of their own.
        assert abs(kept[-1].mean() - 0.75**2) < SHARE
    chance = 0.75**4
    for one, other in (
        (kept[0], kept[1]),
        (kept[0][:, 1:], kept[0][:, :-1]),
        (kept[0][1:], kept[0][:-1]),
        (kept[0][..., 1:], kept[0][..., :-1]),
    ):
        assert abs((one & other).mean() - chance) < 1.5 * SHARE
    np.testing.assert_array_equal(call(ones), ones)


def test_nothing_is_dropped_before_the_first_layer_and_after_the_last():
    ones = tf.ones((ROWS, LENGTH, WIDE))
    np.testing.assert_array_equal(passing(1, dropout=0.5)(ones, training=True), ones)
    # What is returned of a layer, with `skip`, is not what is dropped on the way to the next.
    outputs = np.array(passing(2, dropout=0.5, skip=True)(ones, training=True))
    np.testing.assert_array_equal(outputs[..., :WIDE], ones)
    assert set(np.unique(outputs[..., WIDE:])) == {0, 2}


def test_the_seed_decides():
    ones = tf.ones((ROWS, LENGTH, WIDE))
    first, second = (np.array(passing(2, dropout=0.5)(ones, training=True)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


# States.


@pytest.mark.parametrize("how", [{}, {"residual": True}, {"skip": True}])
@pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "mask"])
def test_the_states_handed_on_make_the_parts_a_whole(how, mask):
    given = [LSTMCell(4), GRUCell(4)]
    layer = stacked(given, **how, **BOTH)
    outputs, *states = layer(X, mask=mask)
    parts, carried = [], None
    for steps in (slice(0, 2), slice(2, 6)):
        part = None if mask is None else mask[:, steps]
        output, *carried = layer(X[:, steps], initial_state=carried, mask=part)
        parts.append(np.array(output))
    assert [state.shape for state in carried] == [(ROWS, 4)] * 3
    for got, wanted in zip(carried, states, strict=True):
        same(got, wanted)
    if mask is not None:  # a part that starts with masked steps starts with zeros
        parts[1] = np.where(np.cumsum(mask[:, 2:], 1)[..., None] > 0, parts[1], outputs[:, 2:])
    same(np.concatenate(parts, 1), outputs)


def test_states_in_another_number_are_refused():
    layer = stacked(return_state=True)
    rule = r"the 4 states of the layer .*, of the widths \[4, 4, 5, 4\]; received "
    states = layer(X)[1:]
    for given, received in ((states[:3], 3), ([*states, states[0]], 5), (states[0], 1)):
        with pytest.raises(KitError, match=f"{rule}{received}"):
            layer(X, initial_state=given)
    same(layer(X, initial_state=tuple(layer.get_initial_state(ROWS)))[0], layer(X)[0])


def test_states_may_be_a_models_inputs():
    inputs = keras.Input((None, FEATURES))
    given = [keras.Input((size,)) for size in (4, 4, 5, 4)]
    layer = stacked(return_state=True)
    model = keras.Model([inputs, *given], layer(inputs, initial_state=given))
    states = [np.full((ROWS, size), 0.1 * (k + 1)) for k, size in enumerate((4, 4, 5, 4))]
    for got, wanted in zip(
        model.predict([X, *states], verbose=0), layer(X, initial_state=states), strict=True
    ):
        same(got, wanted)


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("how", [{}, {"residual": True}, {"skip": True}])
def test_a_stateful_layer_goes_on_where_it_was(graph, how):
    given = [LSTMCell(4), GRUCell(4)]
    layer = stacked(given, stateful=True, return_sequences=True, **how)
    whole = StackedRNN(given, return_sequences=True, **how)
    wanted = whole(X)
    call = tf.function(layer) if graph else layer
    for reset in (layer.reset_state, layer.reset_states):
        parts = [call(tf.constant(part)) for part in np.split(X, 2, axis=1)]
        same(tf.concat(parts, 1), wanted)
        assert len(layer.states) == 3
        assert all(np.any(state) for state in layer.states)
        reset()
        assert not any(np.any(state) for state in layer.states)
    assert whole.states is None


@pytest.mark.parametrize("choice", ["learned", "random"])
def test_each_layer_starts_as_it_is_told(choice):
    layer = stacked([LSTMCell(4), SimpleRNNCell(5)], initial_state=choice, return_state=True)
    _, *finals = layer(X, mask=np.zeros_like(MASK), training=True)
    assert len(finals) == 3
    weights = [weight for weight in layer.weights if "initial_state" in weight.name]
    if choice == "learned":
        for final, weight in zip(finals, weights, strict=True):
            np.testing.assert_array_equal(final, np.repeat([weight], ROWS, axis=0))
        for state, weight in zip(layer.get_initial_state(2), weights, strict=True):
            np.testing.assert_array_equal(state, np.repeat([weight], 2, axis=0))
    else:
        assert not weights
        assert all(0.05 < np.std(final) < 0.2 for final in finals)
    assert layer.initial_state == choice


# In Keras's places.


@pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "mask"])
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("kind", [Bidirectional, keras.layers.Bidirectional])
def test_bidirectional_it_is_kerass_stack_of_cells(mask, return_sequences, kind):
    how = {"return_sequences": return_sequences, "return_state": True}
    ours = kind(StackedRNN(cells(), **how), merge_mode="sum")
    stock = keras.layers.Bidirectional(keras.layers.RNN(cells(), **how), merge_mode="sum")
    got = ours(X, mask=mask)
    stock(X)
    stock.set_weights(ours.get_weights())
    for one, other in zip(got, keras.tree.flatten(stock(X, mask=mask)), strict=True):
        same(one, other)
    again = ours(X, initial_state=list(got[1:]), mask=mask)
    assert np.abs(again[0] - got[0]).max() > 0.01


@pytest.mark.parametrize(
    ("place", "how"),
    cases_of(
        itertools.product(IN, HOW[1:]),
        list(zip(IN, HOW[1:], strict=False)),  # each place and each way once
    ),
)
def test_a_model_trains_and_is_saved_and_loaded(how, place, tmp_path):
    keras.utils.set_random_seed(1)
    given = [LSTMCell(4), DropoutCell(GRUCell(4), 0.1, 0.1, 0.1)]
    layer = StackedRNN(given, dropout=0.1, **how)
    if place == "bidirectional":
        layer = keras.layers.Bidirectional(layer)
    inputs = keras.Input((None, FEATURES))
    if place == "sequential":
        model = keras.Sequential([inputs, layer, keras.layers.Dense(1)])
    else:
        model = keras.Model(inputs, keras.layers.Dense(1)(layer(keras.layers.Masking()(inputs))))
    model.compile(keras.optimizers.Adam(0.02), "mse", jit_compile=False)
    before = model.evaluate(X, X.mean((1, 2)), verbose=0)
    model.fit(X, X.mean((1, 2)), epochs=15, verbose=0)
    assert model.evaluate(X, X.mean((1, 2)), verbose=0) < 0.7 * before
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(X), model(X))
    same(loaded.predict(X, verbose=0), model(X))


def test_a_mask_goes_through_and_turns_with_the_sequence():
    masking = keras.layers.Masking()
    x = X * MASK[..., None]
    for go_backwards in (False, True):
        layer = stacked(return_sequences=True, go_backwards=go_backwards)
        wanted = MASK[:, ::-1] if go_backwards else MASK
        np.testing.assert_array_equal(layer(masking(x))._keras_mask, wanted)
        layer = stacked(go_backwards=go_backwards, **BOTH)
        output, *states = layer(masking(x))
        np.testing.assert_array_equal(output._keras_mask, wanted)
        assert all(getattr(state, "_keras_mask", None) is None for state in states)
        assert stacked(go_backwards=go_backwards).compute_mask(X, MASK) is None
        # Side by side, the outputs are a tensor that no layer below has given its mask.
        layer = stacked(go_backwards=go_backwards, skip=True, **BOTH)
        np.testing.assert_array_equal(layer(masking(x))[0]._keras_mask, wanted)
    # What stands on a stack that reads backwards reads on, masked where it is.
    first, second = stacked(return_sequences=True, go_backwards=True), stacked(seed=3)
    outputs = second(first(masking(x)))
    turned = stacked(return_sequences=True)(X[:, ::-1], mask=MASK[:, ::-1])
    same(outputs, second(turned, mask=MASK[:, ::-1]))


def test_the_mask_may_be_of_numbers_and_have_an_axis_more():
    layer = stacked(zero_output_for_mask=True, **BOTH)
    wanted = layer(X, mask=MASK)
    for mask in (MASK.astype("int32"), MASK.astype("float64"), MASK[..., None]):
        for got, right in zip(layer(X, mask=mask), wanted, strict=True):
            np.testing.assert_array_equal(got, right)


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("return_state", [False, True])
@pytest.mark.parametrize("how", [{}, {"skip": True}])
def test_shapes_are_known_beforehand(return_sequences, return_state, how):
    layer = stacked(return_sequences=return_sequences, return_state=return_state, **how)
    shapes = [tuple(part.shape) for part in keras.tree.flatten(layer(X))]
    told = layer.compute_output_shape(X.shape)
    assert list(told if return_state else [told]) == shapes
    symbolic = keras.tree.flatten(layer(keras.Input((None, FEATURES))))
    told = layer.compute_output_shape((None, None, FEATURES))
    assert [part.shape for part in symbolic] == list(told if return_state else [told])


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
def test_the_type_is_the_layers(policy):
    layer = stacked(dtype=policy, dropout=0.1, **BOTH)
    for training in (False, True):
        for part in layer(X, training=training):
            assert part.dtype == layer.compute_dtype
    # Its cells may have another.
    mixed = StackedRNN([LSTMCell(4, dtype="float64"), SimpleRNNCell(4)], **BOTH)
    assert {part.dtype.name for part in mixed(X)} == {"float32"}


def test_regularizers_act_once_and_what_is_not_trainable_stays():
    given = [SimpleRNNCell(4, kernel_regularizer=keras.regularizers.L2(0.5)) for _ in "ab"]
    layer = stacked(given, residual=True)
    wanted = [0.5 * np.sum(np.square(cell.kernel)) for cell in given]
    # Sums of 16 squares in float32.
    np.testing.assert_allclose(sorted(layer.losses), sorted(wanted), rtol=1e-5)
    assert len(layer.weights) == len({weight.path for weight in layer.weights}) == 6
    layer.trainable = False
    assert layer.trainable_weights == []


@pytest.mark.parametrize("recurrence", ["loop", "compiled", "unroll"])
def test_the_loops_are_run_as_told(recurrence):
    layer = stacked(recurrence=recurrence)
    assert {one.recurrence for one in layer.recurrent_layers} == {recurrence}
    same(layer(X, mask=MASK), stacked()(X, mask=MASK))


# Arguments.


@pytest.mark.parametrize("how", HOW, ids=str)
def test_every_argument_survives_a_config(how):
    arguments = {**ARGUMENTS, **how}
    layer = StackedRNN([LSTMCell(4, activation="relu"), ReadoutCell(5)], **arguments)
    config = layer.get_config()
    again = StackedRNN.from_config(layer.get_config())
    assert again.get_config() == config == layer.get_config()
    default = StackedRNN(cells()).get_config()
    assert config.keys() == default.keys()
    named = {name: value for name, value in arguments.items() if name not in ("dtype", "name")}
    for name, value in named.items():
        assert config[name] == getattr(again, name) == value
        assert value != default[name] or name == "stateful"
    assert again.dtype == "float64"
    assert [type(cell) for cell in again.cells] == [LSTMCell, ReadoutCell]
    assert again.cells[0].activation is keras.activations.relu
    serialized = keras.saving.serialize_keras_object(layer)
    assert keras.saving.deserialize_keras_object(serialized).get_config() == config


def test_all_arguments_are_tested():
    told = set(StackedRNN(cells()).get_config()) - {"cells"}
    assert told == {*ARGUMENTS, *(name for how in HOW for name in how)}


@pytest.mark.parametrize("given", [[], None, "cells", SimpleRNNCell(4)])
def test_cells_are_a_list(given):
    with pytest.raises(KitError, match="cells must be a list of one cell or more; received"):
        StackedRNN(given)


def test_each_layer_has_a_cell_of_its_own():
    cell = SimpleRNNCell(4)
    with pytest.raises(KitError, match="received one twice among the 3 cells"):
        StackedRNN([cell, SimpleRNNCell(4), cell])


def test_residual_and_skip_exclude_each_other():
    with pytest.raises(KitError, match=r"residual=True and skip=True\. Leave one"):
        StackedRNN(cells(), residual=True, skip=True)


@pytest.mark.parametrize("units", [(5, 5), (4, 5)])
def test_residual_layers_have_the_width_of_their_inputs(units):
    layer = StackedRNN([SimpleRNNCell(units[0]), SimpleRNNCell(units[1])], residual=True)
    with pytest.raises(
        KitError, match="inputs of width 4 for SimpleRNNCell with outputs of width 5"
    ):
        layer(X)


def test_residual_needs_projected_cells():
    with pytest.raises(KitError, match=r"ResidualCell wraps a keras_rnn_kit\.cells\.Proj"):
        StackedRNN([keras.layers.LSTMCell(4)], residual=True)
    layer = StackedRNN([keras.layers.LSTMCell(4), SimpleRNNCell(4)], return_state=True)
    for got, wanted in zip(layer(X), keras.tree.flatten(as_one_cell(layer)(X)), strict=True):
        same(got, wanted)


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_dropout_is_a_share(rate):
    with pytest.raises(KitError, match=r"dropout must be a number in \[0, 1\)"):
        StackedRNN(cells(), dropout=rate)


def test_inputs_have_three_axes():
    with pytest.raises(ValueError, match="expected ndim=3, found ndim=2"):
        StackedRNN(cells())(X[0])
