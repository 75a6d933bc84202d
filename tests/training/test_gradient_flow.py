import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit import reference
from keras_rnn_kit.cells import GRUCell, LSTMCell, ResidualCell, SimpleRNNCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import RNN, Bidirectional, SimpleRNN
from keras_rnn_kit.training import gradient_flow
from keras_rnn_kit.training.unfolded_steps import unfold

ROWS, LENGTH, FEATURES, UNITS = 3, 5, 4, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, LENGTH, FEATURES))


def model_of(*layers, length=LENGTH, features=FEATURES):
    """The layers in float64, with random biases, too."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((length, features), dtype="float64"), *layers])
    rng = np.random.default_rng(2)
    model.set_weights([w + 0.3 * rng.normal(size=w.shape) for w in model.get_weights()])
    return model


def simple(units=UNITS, **arguments):
    return SimpleRNN(units, dtype="float64", **arguments)


@pytest.fixture(scope="module")
def linear():
    """`h_t = x_t W + ρ h_{t-1} Q` with an orthogonal Q."""
    q, _ = np.linalg.qr(RNG.normal(size=(8, 8)))
    return lambda radius, activation: _of_kernel(radius * q, activation)


def _of_kernel(kernel, activation):
    layer = SimpleRNN(len(kernel), activation, dtype="float64", name="rnn")
    model = keras.Sequential([keras.Input((150, FEATURES), dtype="float64"), layer])
    layer.set_weights([layer.get_weights()[0], kernel, np.zeros(len(kernel))])
    return model


@pytest.mark.parametrize("radius", [0.5, 1.0, 1.2])
def test_a_linear_recurrence_scales_by_the_radius_at_every_step(linear, radius):
    x = RNG.normal(size=(2, 150, FEATURES))
    (flow,) = gradient_flow(linear(radius, "linear"), x, jacobian_rows=2).layers
    distances = np.array(flow.jacobian_distances)
    assert (distances[0], distances[-1], flow.steps) == (0, 149, 150)
    assert len(distances) == 128
    # Rounding of 1e-16 a step, over 150 steps.
    np.testing.assert_allclose(flow.state_jacobian_norms, radius**distances, rtol=1e-12)
    assert flow.kernels["recurrent kernel"].spectral_radius == pytest.approx(radius)
    assert flow.kernels["recurrent kernel"].largest_singular_value == pytest.approx(radius)
    assert flow.saturated == {}
    # L is the sum of the last state: its gradient, √8 long, is turned and scaled, no more.
    expected = 8**0.5 * radius ** np.arange(150.0)
    np.testing.assert_allclose(flow.gradient_norms["h"], expected, rtol=1e-12)


def test_tanh_has_less(linear):
    x = RNG.normal(size=(1, 150, FEATURES))
    (flow,) = gradient_flow(linear(1.0, "tanh"), x).layers
    assert flow.state_jacobian_norms[0] == pytest.approx(1)
    assert (np.diff(flow.state_jacobian_norms) < 0).all()


def test_what_underflows_float32_is_still_measured(linear):
    """0.1^149 is no float32, which the products are kept in."""
    layer = SimpleRNN(4, "linear", recurrent_initializer=keras.initializers.Identity(0.1))
    model = keras.Sequential([keras.Input((150, 2)), layer])
    (flow,) = gradient_flow(model, np.ones((1, 150, 2), "float32")).layers
    assert flow.state_jacobian_norms[-1] == pytest.approx(1e-149, rel=1e-4)
    layer.cell.recurrent_kernel.assign(0 * layer.cell.recurrent_kernel)
    (flow,) = gradient_flow(model, np.ones((1, 150, 2), "float32")).layers
    assert flow.state_jacobian_norms[:2] == [1.0, 0.0]


@pytest.mark.parametrize("layer", [SimpleRNN, keras.layers.SimpleRNN])
def test_the_gradients_are_those_of_the_reference(layer):
    head = keras.layers.Dense(FEATURES, dtype="float64")
    model = model_of(layer(UNITS, return_sequences=True, dtype="float64"), head)
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    ids = RNG.integers(0, FEATURES, (ROWS, LENGTH + 1))
    x = reference.one_hot(ids[:, :-1], FEATURES)
    report = gradient_flow(model, tf.data.Dataset.from_tensors((x, ids[:, 1:])))
    parameters = reference.Parameters(*model.get_weights())
    unfolded = reference.forward(parameters, x)
    found = reference.backpropagate(parameters, unfolded, ids[:, 1:])
    expected = np.linalg.norm(found.hidden, axis=-1).mean(0)[::-1]
    # Keras takes the loss itself in float32.
    np.testing.assert_allclose(report.layers[0].gradient_norms["h"], expected, rtol=1e-5)
    assert report.loss == pytest.approx(reference.loss(unfolded.logits, ids[:, 1:]), rel=1e-5)
    assert (report.loss_is, report.batch_size, report.layers[0].rows) == ("loss", 3, [3] * 5)


def test_the_steps_sum_up_to_the_gradient_of_the_weights():
    model = model_of(simple(return_sequences=True), simple())
    layers = model.layers

    def loss():
        return tf.reduce_sum(model(X, training=False) ** 2)

    _, found = unfold(model, loss, layers)
    with tf.GradientTape() as tape:
        value = loss()
    kernels = [layer.cell.recurrent_kernel for layer in layers]
    expected = tape.gradient(value, [kernel.value for kernel in kernels])
    for steps, of_kernel in zip(found, expected, strict=True):
        total = np.zeros((UNITS, UNITS))
        for t, (gradient,) in enumerate(steps.gradients):
            before, after = (steps.states[k][0].numpy() for k in (t, t + 1))
            total += before.T @ (gradient.numpy() * (1 - after**2))
        np.testing.assert_allclose(total, of_kernel, rtol=1e-10, atol=1e-12)


CELLS = {
    "LSTM": lambda: keras.layers.RNN(LSTMCell(UNITS, dtype="float64"), dtype="float64"),
    "GRU": lambda: keras.layers.GRU(UNITS, dtype="float64"),
    "stack": lambda: RNN(
        [LSTMCell(UNITS, dtype="float64"), GRUCell(2, dtype="float64")], dtype="float64"
    ),
    "residual": lambda: RNN(
        ResidualCell(SimpleRNNCell(FEATURES, dtype="float64")), dtype="float64"
    ),
    "backwards": lambda: simple(go_backwards=True),
}


@pytest.mark.parametrize("name", CELLS)
def test_jacobians_and_gradients_by_running_on_from_each_state(name):
    model = model_of(CELLS[name]())
    layer = model.layers[0]
    (flow,) = gradient_flow(model, X, jacobian_rows=ROWS).layers
    x = tf.constant(X[:, ::-1] if layer.go_backwards else X)
    cells = getattr(layer.cell, "cells", [layer.cell])
    counts = [len(keras.tree.flatten(cell.state_size)) for cell in cells]

    def step(t, states):
        output, left, new = x[:, t], list(states), []
        for cell, count in zip(cells, counts, strict=True):
            own, left = left[:count], left[count:]
            output, after = cell(output, own)
            new.extend(after)
        return output, new

    def entries_of(states):
        final = tf.concat(states, axis=1)
        return [final[:, k] for k in range(final.shape[1])]

    first = states = keras.tree.flatten(layer.get_initial_state(ROWS))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        for t in range(LENGTH):
            _, states = step(t, states)
        entries = entries_of(states)
    by_x = np.stack([tape.gradient(entry, x) for entry in entries], axis=2)  # [B, T, S, E]

    states = first
    for t in range(LENGTH):
        d = LENGTH - 1 - t
        norms = np.linalg.norm(by_x[:, t], 2, axis=(1, 2))
        assert flow.input_jacobian_norms[d] == pytest.approx(norms.mean(), rel=1e-9)
        _, states = step(t, states)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(states)
            last, final = None, states
            for later in range(t + 1, LENGTH):
                last, final = step(later, final)
            entries = entries_of(final)
        rows = [tf.concat(tape.gradient(e, states), axis=1) for e in entries]
        norms = np.linalg.norm(np.stack(rows, axis=1), 2, axis=(1, 2))
        assert flow.state_jacobian_norms[d] == pytest.approx(norms.mean(), rel=1e-9)
        if d and len(states) == 1:
            of_state = tape.gradient(last, states[0])
            expected = np.linalg.norm(of_state, axis=1).mean()
            assert flow.gradient_norms["h"][d] == pytest.approx(expected, rel=1e-9)
        elif d and name == "LSTM":
            of_h, of_c = (g.numpy() for g in tape.gradient(last, states))
            h, c = (s.numpy() for s in states)
            # c goes into the later steps, and into h of its own: h = o tanh(c).
            of_c = of_c + of_h * h / np.tanh(c) * (1 - np.tanh(c) ** 2)
            assert flow.gradient_norms["h"][d] == pytest.approx(
                np.linalg.norm(of_h, axis=1).mean(), rel=1e-9
            )
            assert flow.gradient_norms["c"][d] == pytest.approx(
                np.linalg.norm(of_c, axis=1).mean(), rel=1e-9
            )
    expected = np.sqrt(UNITS if name != "stack" else 2)
    key = "h" if name != "stack" else "cell 2: h"
    if name != "residual":
        assert flow.gradient_norms[key][0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("layer", "arguments"),
    [(simple, {}), (simple, {"go_backwards": True}), (CELLS["LSTM"], {})],
)
def test_a_masked_row_counts_as_the_row_without_its_masked_steps(layer, arguments):
    masking = keras.layers.Masking(dtype="float64")
    model = model_of(masking, layer(**arguments), length=None)
    masks = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 1, 0, 1, 1]], bool)
    (flow,) = gradient_flow(model, X * masks[:, :, None], jacobian_rows=ROWS).layers
    alone = [
        gradient_flow(model, X[r : r + 1, masks[r]]).layers[0] for r in range(ROWS)
    ]  # L, a sum over rows, is the same for each
    assert flow.rows == [3, 3, 2, 1, 1]
    for d in range(LENGTH):
        rows = [one for one in alone if one.steps > d]
        for state in flow.gradient_norms:
            expected = np.mean([one.gradient_norms[state][d] for one in rows])
            assert flow.gradient_norms[state][d] == pytest.approx(expected, rel=1e-12)
        for figure in ("state_jacobian_norms", "input_jacobian_norms"):
            expected = np.mean([getattr(one, figure)[d] for one in rows])
            assert getattr(flow, figure)[d] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("zero", [False, True])
def test_outputs_of_masked_steps(zero):
    """All outputs go into L: a masked one repeats the one before, or is zero."""
    layer = simple(return_sequences=True, zero_output_for_mask=zero)
    model = model_of(keras.layers.Masking(dtype="float64"), layer, length=None)
    x = X[:1] * np.array([1, 1, 0, 0, 1])[None, :, None]
    (flow,) = gradient_flow(model, x).layers
    short = X[:1, [0, 1, 4]]
    with tf.GradientTape() as tape:
        first = layer(short[:, :2])
        last = layer(short[:, 2:], initial_state=first[:, -1])
        value = tf.reduce_sum((1 if zero else 3) * first[:, -1]) + tf.reduce_sum(last)
    expected = np.linalg.norm(tape.gradient(value, first)[0, -1])
    assert flow.gradient_norms["h"][1] == pytest.approx(expected, rel=1e-12)


def test_what_stands_above_is_differentiated_too():
    model = model_of(
        Bidirectional(simple(return_sequences=True, name="rnn"), dtype="float64"), simple()
    )
    forward, backward, above = gradient_flow(model, X).layers
    assert [flow.name.rpartition("/")[2] for flow in (forward, backward)] == [
        "forward_rnn",
        "backward_rnn",
    ]
    with tf.GradientTape() as tape:
        hidden = model.layers[0](X)
        value = tf.reduce_sum(model.layers[1](hidden))
    by_output = tape.gradient(value, hidden).numpy()
    # The last step that a direction reads goes into nothing but its output.
    ends = by_output[:, -1, :UNITS], by_output[:, 0, UNITS:]
    for flow, end in zip((forward, backward), ends, strict=True):
        expected = np.linalg.norm(end, axis=1).mean()
        assert flow.gradient_norms["h"][0] == pytest.approx(expected, rel=1e-12)
    assert above.gradient_norms["h"][0] == pytest.approx(UNITS**0.5)


def test_nothing_is_changed():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((LENGTH, FEATURES), batch_size=ROWS)
    hidden = SimpleRNN(UNITS, stateful=True, dropout=0.5, recurrent_dropout=0.5)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(hidden))
    model.compile("sgd", "mse", metrics=["mae"])
    y = np.ones((ROWS, 1), "float32")
    model.fit(X, y, batch_size=ROWS, verbose=0)
    layer = model.layers[1]

    def everything():
        kept = [*model.variables, *model.metrics_variables, *layer.states]
        return [np.array(variable.value) for variable in kept]

    before = everything()
    assert before[-1].any(), "a state is carried"
    first = gradient_flow(model, X, y)
    for ours, theirs in zip(everything(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert "inner_loop" not in vars(layer)
    assert gradient_flow(model, X, y) == first


def test_saturation_is_told_by_activation():
    x = np.concatenate([np.zeros((1, 1, 1)), np.full((1, 2, 1), 9.0)], axis=1)

    def shares(layer):
        built = layer(4, dtype="float64", kernel_initializer="ones", recurrent_initializer="zeros")
        (flow,) = gradient_flow(model_of_one(built, 3), x, jacobian_rows=0).layers
        return flow.saturated

    def model_of_one(layer, length):
        return keras.Sequential([keras.Input((length, 1), dtype="float64"), layer])

    def activated(name):
        return lambda *args, **kwargs: SimpleRNN(*args, activation=name, **kwargs)

    assert shares(activated("tanh")) == {"|h| > 0.99": [0.0, 1.0, 1.0]}
    assert shares(activated("relu")) == {"h = 0": [1.0, 0.0, 0.0]}
    assert shares(activated("sigmoid")) == {"h < 0.01 or > 0.99": [0.0, 1.0, 1.0]}
    assert shares(activated("linear")) == {}
    # c: 0; 1 · 1; 2 · 1, of which tanh is 0.964.
    assert shares(keras.layers.LSTM) == {"|tanh(c)| > 0.99": [0.0, 0.0, 0.0]}


def test_half_precision_is_measured_in_single():
    layer = SimpleRNN(8, "linear", dtype="mixed_float16")
    model = keras.Sequential([keras.Input((40, 2)), layer])
    layer.cell.recurrent_kernel.assign(0.1 * np.eye(8))
    (flow,) = gradient_flow(model, np.ones((1, 40, 2), "float32")).layers
    assert flow.gradient_norms["h"][20] == pytest.approx(8**0.5 * 1e-20, rel=1e-4)


def test_json_and_the_page():
    model = model_of(simple(return_sequences=True, name="below"), CELLS["LSTM"]())
    report = gradient_flow(model, X)
    spelt = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert spelt["layers"][0]["gradient_norms"] == report.layers[0].gradient_norms
    kernel = spelt["layers"][1]["kernels"]["forget gate"]
    assert len(kernel["eigenvalues"]) == UNITS
    page = str(report)
    assert "below (SimpleRNNCell), 5 steps" in page
    assert "‖∂L/∂c_t‖" in page
    assert f"forget gate: spectral radius {kernel['spectral_radius']:.3f}" in page
    assert "saturated units (|tanh(c)| > 0.99): 0.0%" in page


def test_a_model_that_has_diverged_is_reported():
    model = model_of(simple())
    model.set_weights([w * np.nan for w in model.get_weights()])
    report = gradient_flow(model, X)
    assert np.isnan(report.layers[0].state_jacobian_norms[-1])
    spelt = report.to_dict()
    assert spelt["loss"] is None
    assert spelt["layers"][0]["kernels"]["recurrent kernel"]["spectral_radius"] is None


class InGraph(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = SimpleRNN(2, name="inner")
        self.traced = tf.function(self.inner)

    def build(self, shape):
        self.inner.build(shape)

    def call(self, inputs):
        return self.traced(inputs)


def test_each_call_of_a_layer_is_told_apart():
    shared = simple(return_sequences=True, name="shared")
    inputs = keras.Input((LENGTH, UNITS), dtype="float64")
    model = keras.Model(inputs, shared(shared(inputs)))
    first, second = gradient_flow(model, X[..., :UNITS]).layers
    assert second.name == f"{first.name} (call 2)"
    assert first.name.rpartition("/")[2] == "shared"


def test_what_cannot_be_measured_is_refused():
    dense = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(KitError, match="needs a model with a recurrent layer"):
        gradient_flow(dense, np.ones((1, 2)))
    with pytest.raises(KitError, match="which is not built yet"):
        gradient_flow(keras.Sequential([simple()]), X)
    model = model_of(simple())
    with pytest.raises(KitError, match="the gradient of a loss needs a loss"):
        gradient_flow(model, X, np.ones((ROWS, UNITS)))
    with pytest.raises(KitError, match=r"received \(0, 5, 4\)"):
        gradient_flow(model, X[:0])
    with pytest.raises(KitError, match="an integer of 0 or more; received -1"):
        gradient_flow(model, X, jacobian_rows=-1)
    data = tf.data.Dataset.from_tensors((X,))
    with pytest.raises(KitError, match="brings its own targets"):
        gradient_flow(model, data, np.ones((ROWS, UNITS)))
    with pytest.raises(KitError, match=r"received an empty tf.data.Dataset"):
        gradient_flow(model, data.take(0))
    nested = keras.Sequential([keras.Input((3, 1)), InGraph()])
    with pytest.raises(KitError, match="'inner', which is not called or runs inside a graph"):
        gradient_flow(nested, np.ones((1, 3, 1), "float32"))
    pictures = keras.Sequential([keras.Input((2, 4, 4, 1)), keras.layers.ConvLSTM2D(1, 2)])
    with pytest.raises(KitError, match=r"sequences \[B, T, E\]"):
        gradient_flow(pictures, np.ones((1, 2, 4, 4, 1), "float32"))
    assert "inner_loop" not in vars(pictures.layers[0]), "the hook is taken off again"
