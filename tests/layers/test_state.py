"""States in and out: handed on, kept between batches, and sequences read from their end."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.cells import SimpleRNNCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import RNN, SimpleRNN, StackedRNN
from tests.cells.own import TwoStateCell

ROWS, LENGTH, FEATURES = 3, 6, 3
X = np.random.default_rng(1).normal(size=(ROWS, LENGTH, FEATURES)).astype("float32")
MASK = np.array([[1, 1, 0, 1, 1, 0], [0, 0, 0, 1, 0, 1], [1, 1, 1, 1, 1, 1]], bool)
# float32 results of size 1 of the same products, in another order.
CLOSE = 1e-5


def same(got, wanted):
    np.testing.assert_allclose(got, wanted, rtol=0, atol=CLOSE)


@pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "mask"])
def test_the_state_handed_on_makes_the_parts_a_whole(mask):
    layer = SimpleRNN(4, return_sequences=True, return_state=True)
    outputs, state = layer(X, mask=mask)
    parts, carried = [], None
    for steps in (slice(0, 2), slice(2, 6)):
        part = None if mask is None else mask[:, steps]
        output, carried = layer(X[:, steps], initial_state=carried, mask=part)
        parts.append(np.array(output))
    same(carried, state)
    if mask is not None:  # a part that starts with masked steps starts with zeros
        parts[1] = np.where(np.cumsum(mask[:, 2:], 1)[..., None] > 0, parts[1], outputs[:, 2:])
    same(np.concatenate(parts, 1), outputs)


def test_two_states_are_handed_on():
    layer = RNN(TwoStateCell(), return_state=True)
    output, *states = layer(X)
    _, *carried = layer(X[:, :2])
    again, *finals = layer(X[:, 2:], initial_state=carried)
    same(again, output)
    for got, wanted in zip(finals, states, strict=True):
        same(got, wanted)


@pytest.mark.parametrize("graph", [False, True])
def test_a_stateful_layer_goes_on_where_it_was(graph):
    layer = SimpleRNN(4, return_sequences=True, stateful=True)
    whole = SimpleRNN(4, return_sequences=True)
    layer.build((ROWS, LENGTH // 2, FEATURES))
    whole.build(X.shape)
    whole.set_weights(layer.get_weights()[:3])
    wanted = whole(X)
    call = tf.function(layer) if graph else layer
    for _ in range(2):
        parts = [call(tf.constant(part)) for part in np.split(X, 2, axis=1)]
        same(tf.concat(parts, 1), wanted)
        same(layer.states[0], wanted[:, -1])
        layer.reset_state()
        assert not np.any(layer.states[0])
    layer.states[0].assign(wanted[:, 1])
    same(call(tf.constant(X[:, 2:5])), wanted[:, 2:5])


def test_a_stateful_model_predicts_and_trains_as_kerass():
    models = []
    for kind in (SimpleRNN, keras.layers.SimpleRNN):
        keras.backend.clear_session()
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [keras.Input(batch_shape=(2, 3, FEATURES)), kind(4, stateful=True)]
        )
        model.compile(keras.optimizers.SGD(0.2), "mse")
        model.fit(X[:2, :3], np.ones((2, 4)), epochs=2, verbose=0)
        models.append(model)
    ours, stock = models
    same(ours.predict(X[:2, 3:], verbose=0), stock.predict(X[:2, 3:], verbose=0))
    same(ours.layers[0].states[0], stock.layers[0].states[0])
    assert np.abs(ours.layers[0].states[0]).max() > 0.1
    assert [v.path for v in ours.layers[0].variables] == [v.path for v in stock.layers[0].variables]


SENTENCE = (
    r"layer {} is stateful and keeps the states of 2 rows; received a batch of{}. Pass batches of "
    r"2, without a short one at the end \(`dataset.batch\(2, drop_remainder=True\)`\), or make the "
    r"layer for another batch size"
)


def _stateful_models():
    yield "chosen", lambda: SimpleRNN(1, stateful=True, name="chosen")
    yield "chosen", lambda: RNN(keras.layers.LSTMCell(1), stateful=True, name="chosen")
    yield "forward_x", lambda: keras.layers.Bidirectional(SimpleRNN(1, stateful=True, name="x"))
    yield "layer_0", lambda: StackedRNN([SimpleRNNCell(1), SimpleRNNCell(1)], stateful=True)


STATEFUL = list(_stateful_models())


@pytest.mark.parametrize(("name", "make"), STATEFUL)
def test_another_number_of_rows_is_refused(name, make):
    layer = make()
    layer(X[:2])
    for rows in (1, 3):
        with pytest.raises(KitError, match=SENTENCE.format(name, f" {rows}")):
            layer(X[:rows])
    layer(X[1:])


# Keras's own layer stretches the one row to the two states, and says nothing.
@pytest.mark.parametrize("way", ["fit", "evaluate", "predict"])
@pytest.mark.parametrize(("name", "make"), STATEFUL)
def test_a_short_last_batch_is_refused_in_a_graph_too(name, make, way):
    model = keras.Sequential([keras.Input(batch_shape=(2, 6, FEATURES)), make()])
    model.compile("sgd", "mse")
    width = model.output_shape[-1]
    x, y = np.concatenate([X, X])[:5], np.ones((5, width), "float32")
    sentence = SENTENCE.format(name, r"\] \[1\] \[rows")
    arguments = (x,) if way == "predict" else (x, y)
    good = [argument[:4] for argument in arguments]
    getattr(model, way)(*good, batch_size=2, verbose=0)
    with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
        getattr(model, way)(*arguments, batch_size=2, verbose=0)


def test_under_xla_a_short_last_batch_is_refused_without_the_sentence():
    model = keras.Sequential(
        [keras.Input(batch_shape=(2, 6, FEATURES)), SimpleRNN(1, stateful=True)]
    )
    model.compile("sgd", "mse", jit_compile=True)
    model.fit(X[:2], np.ones((2, 1)), batch_size=2, verbose=0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="EnsureShape"):
        model.fit(X, np.ones((3, 1)), batch_size=2, verbose=0)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_the_rows_are_counted_whatever_is_in_them(value):
    layer = SimpleRNN(4, stateful=True)
    layer.build((2, None, FEATURES))
    call = tf.function(layer, input_signature=[tf.TensorSpec([None, None, FEATURES])])
    x = X[:2].copy()
    x[0, 0, 1] = value
    assert call(x).shape == (2, 4)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=SENTENCE.format(layer.name, r"\] \[1\] \[rows")
    ):
        call(x[:1])


@pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "mask"])
def test_backwards_is_forwards_over_the_reversed_sequence(mask):
    backwards = SimpleRNN(4, return_sequences=True, return_state=True, go_backwards=True)
    forwards = SimpleRNN(4, return_sequences=True, return_state=True)
    backwards.build(X.shape)
    forwards.build(X.shape)
    forwards.set_weights(backwards.get_weights())
    reversed_mask = None if mask is None else mask[:, ::-1]
    for got, wanted in zip(
        backwards(X, mask=mask), forwards(X[:, ::-1], mask=reversed_mask), strict=True
    ):
        same(got, wanted)


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("options", [{"go_backwards": True}, {"zero_output_for_mask": True}, {}])
def test_what_a_layer_returns_is_what_kerass_returns(return_sequences, options):
    for return_state in (False, True):
        layer = SimpleRNN(
            4, return_sequences=return_sequences, return_state=return_state, **options
        )
        layer.build(X.shape)
        stock = keras.layers.SimpleRNN(
            4, return_sequences=return_sequences, return_state=return_state, **options
        )
        stock.build(X.shape)
        stock.set_weights(layer.get_weights())
        got, wanted = layer(X, mask=MASK), stock(X, mask=MASK)
        assert type(got) is type(wanted)
        assert layer.compute_output_shape(X.shape) == stock.compute_output_shape(X.shape)
        assert repr(layer.compute_mask(X, MASK)) == repr(stock.compute_mask(X, MASK))
        tf.nest.map_structure(same, got, wanted)


def test_an_initial_state_may_be_a_layers_input():
    inputs, state = keras.Input((None, FEATURES)), keras.Input((4,))
    for kind in (SimpleRNN, keras.layers.SimpleRNN):
        keras.utils.set_random_seed(3)
        model = keras.Model([inputs, state], kind(4)(inputs, initial_state=state))
        outputs = model.predict([X, np.full((ROWS, 4), 0.7)], verbose=0)
        if kind is SimpleRNN:
            ours = outputs
    same(ours, outputs)
