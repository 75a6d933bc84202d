"""`OutputFeedbackRNN` fed with targets; running free it is in the catalogue."""

import functools
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.cells import OutputFeedbackCell, SimpleRNNCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting.onnx_file import export_onnx_file
from keras_rnn_kit.layers import OutputFeedbackRNN, recurrence
from keras_rnn_kit.training import TeacherForcing
from tests.layers.running import Problem, assert_same, by_reference, every_mask
from tests.references.output_feedback import OutputFeedbackReference

ROWS, LENGTH, FEATURES, UNITS, OUTPUTS = 9, 6, 3, 4, 2
# float64 sums of at most some hundred terms of size 1; what is wrong is wrong from 1e-3 on.
EXACT = 1e-10
# The largest rate at which the loop still runs; a draw above it comes once in 2²⁴.
NEARLY_ONE = float(np.nextafter(np.float32(1), np.float32(0)))
RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(ROWS, LENGTH, FEATURES)), RNG.normal(size=(ROWS, LENGTH, OUTPUTS))
D_OUTPUTS = RNG.normal(size=(ROWS, LENGTH, OUTPUTS))
MASKS: dict[str, Any] = {"no mask": None, "every mask": every_mask(ROWS, LENGTH)}
SEED = [3, 0]


@functools.cache
def made(feedback, **arguments):
    keras.utils.set_random_seed(5)
    layer = OutputFeedbackRNN(
        UNITS,
        OUTPUTS,
        feedback=feedback,
        bias_initializer="random_normal",
        return_sequences=True,
        return_state=True,
        **{"dtype": "float64", **arguments},
    )
    layer.build((None, None, FEATURES))
    return layer


def states_of(layer):
    rng = np.random.default_rng(4)
    return [rng.normal(size=(ROWS, size)) for size in layer.cell.state_sizes]


def differentiate(layer, mask, initial, inputs, targets):
    weights = {weight.name: weight._value for weight in layer.trainable_weights}
    d_finals = [tf.sin(1.0 + tf.cast(tf.range(s.shape[-1]), s.dtype)) for s in initial]
    with tf.GradientTape() as tape:
        tape.watch([inputs, targets, initial])
        outputs, *finals = layer(inputs, targets, initial_state=initial, mask=mask, training=True)
        loss = tf.reduce_sum(outputs * tf.cast(D_OUTPUTS, outputs.dtype))
        loss += sum(tf.reduce_sum(f * d) for f, d in zip(finals, d_finals, strict=True))
    d_inputs, d_targets, d_initial, d_weights = tape.gradient(
        loss, [inputs, targets, initial, weights], unconnected_gradients="zero"
    )
    d_inputs = tf.concat([d_inputs, d_targets], axis=-1)
    return {
        "outputs": outputs,
        **{f"final state {k}": final for k, final in enumerate(finals)},
        "gradient of inputs": d_inputs,
        **{f"gradient of initial state {k}": d for k, d in enumerate(d_initial)},
        **{f"gradient of {name}": d for name, d in d_weights.items()},
    }


@functools.cache
def traced(layer, masked, unsized):
    def function(mask, *given):
        inputs, targets, *initial = given
        return differentiate(layer, mask if masked else None, initial, inputs, targets)

    def spec(array):
        sizes = [None] * 2 if array.ndim == 3 else [None]
        return tf.TensorSpec([*sizes, array.shape[-1]], layer.compute_dtype)

    signature = None
    if unsized:
        given = [spec(array) for array in (X, Y, *states_of(layer))]
        signature = [tf.TensorSpec([None, None], tf.bool), *given]
    return tf.function(function, input_signature=signature, autograph=False)


def results(layer, rate, mask, way="compiled"):
    """Outputs, states and gradients; the draws are those that follow `SEED`."""
    layer.teacher_forcing_rate.assign(rate)
    layer.cell.seed_generator.state.assign(SEED)
    given = [tf.constant(array, layer.compute_dtype) for array in (X, Y, *states_of(layer))]
    if way == "eager":
        inputs, targets, *initial = given
        found = differentiate(layer, mask, initial, inputs, targets)
    else:
        some = tf.constant(np.ones((ROWS, LENGTH), bool) if mask is None else mask)
        found = traced(layer, mask is not None, way == "unknown sizes")(some, *given)
    return {name: np.asarray(tf.cast(value, "float64")) for name, value in found.items()}


def wanted(layer, rate, mask, backwards=False):
    """The same by the reference, from the draws that the layer made."""
    layer.teacher_forcing_rate.assign(rate)
    layer.cell.seed_generator.state.assign(SEED)
    order = slice(None, None, -1 if backwards else 1)
    flat = np.concatenate([X, Y], axis=-1)[:, order].reshape(ROWS * LENGTH, -1)
    chosen = np.array(layer.cell.project_in_training(tf.constant(flat)))[:, -1]
    assert 0 < chosen.mean() < 1 or rate in (0, 1, NEARLY_ONE)
    chosen = chosen.reshape(ROWS, LENGTH, 1)[:, order]
    weights: dict[str, Any] = {w.name: np.array(w.value) for w in layer.trainable_weights}
    reference = OutputFeedbackReference(**weights, forced=True)
    states = states_of(layer)
    d_finals = [np.tile(np.sin(1.0 + np.arange(s.shape[1])), (ROWS, 1)) for s in states]
    given = Problem(np.concatenate([X, Y, chosen], axis=-1), states, mask, D_OUTPUTS, d_finals)
    found = by_reference(reference, given, go_backwards=backwards)
    found["gradient of inputs"] = found["gradient of inputs"][..., :-1]  # but of the draws
    return found


@pytest.mark.parametrize(
    ("feedback", "way", "masked"),
    [
        ("output", "eager", "no mask"),
        ("output", "compiled", "every mask"),
        ("output", "unknown sizes", "no mask"),
        ("both", "eager", "every mask"),
        ("both", "compiled", "no mask"),
    ],
)
def test_results_are_those_of_the_equation(feedback, way, masked):
    layer, mask = made(feedback), MASKS[masked]
    for rate in (1.0, 0.5, 0.0):
        assert_same(results(layer, rate, mask, way), wanted(layer, rate, mask), EXACT)


@pytest.mark.parametrize("feedback", ["output", "both"])
def test_all_at_once_is_the_loop(feedback):
    # Dropped are the same ones: they are drawn before the two ways part.
    layer = made(feedback, dropout=0.4, recurrent_dropout=0.4, output_activation="softmax")
    one, other = (results(layer, rate, MASKS["every mask"]) for rate in (1.0, NEARLY_ONE))
    assert_same(one, other, EXACT)


@pytest.mark.parametrize("rate", [1.0, 0.5])
def test_backwards_targets_are_fed_in_the_order_of_the_steps(rate):
    layer, mask = made("output", go_backwards=True), MASKS["every mask"]
    got = results(layer, rate, mask, "eager")
    assert_same(got, wanted(layer, rate, mask, backwards=True), EXACT)


def test_what_need_not_wait_is_not_in_the_loop(monkeypatch):
    run, cells = recurrence.run, []

    def noted(cell, *arguments, **named):
        cells.append(type(cell))
        return run(cell, *arguments, **named)

    monkeypatch.setattr(recurrence, "run", noted)
    for feedback in ("output", "both"):
        for rate in (1.0, NEARLY_ONE):
            results(made(feedback), rate, None, "eager")
    assert cells == [OutputFeedbackCell, SimpleRNNCell, OutputFeedbackCell]


@pytest.mark.parametrize("feedback", ["output", "both"])
def test_out_of_training_and_without_targets_it_runs_free(feedback):
    layer, states = made(feedback), states_of(made(feedback))
    layer.teacher_forcing_rate.assign(1.0)
    free = layer(X, initial_state=states)
    for others in (layer(X, Y, states), layer(X, initial_state=states, training=True)):
        for got, right in zip(others, free, strict=True):
            np.testing.assert_allclose(got, right, rtol=0, atol=EXACT)
    forced = layer(X, Y, states, training=True)
    assert np.abs(forced[0] - free[0]).max() > 0.1
    np.testing.assert_array_equal(forced[-1], Y[:, -1])  # what the next step is fed with


@pytest.mark.parametrize("feedback", ["output", "both"])
def test_keras_loop_gives_the_same(feedback):
    layer, mask = made(feedback), MASKS["every mask"]
    layer.teacher_forcing_rate.assign(1.0)
    how = {"return_sequences": True, "return_state": True, "dtype": "float64"}
    stock, states = keras.layers.RNN(layer.cell, **how), states_of(layer)
    both = np.concatenate([X, Y], axis=-1)
    got = stock(both, initial_state=states, mask=mask, training=True)
    right = layer(X, Y, states, mask, training=True)
    for one, other in zip(got, right, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=EXACT)


@pytest.mark.parametrize(
    ("policy", "close"), [("mixed_bfloat16", 2**-8), ("mixed_float16", 2**-11)]
)
@pytest.mark.parametrize("feedback", ["output", "both"])
def test_mixed_precision(policy, close, feedback):
    exact = results(made(feedback, dtype="float32"), 1.0, MASKS["every mask"], "eager")
    layer = made(feedback, dtype=policy)
    for rate in (1.0, NEARLY_ONE):
        got = results(layer, rate, MASKS["every mask"], "eager")
        for name, right in exact.items():
            # Some five roundings of one operation's, relative to the largest number.
            atol = 20 * close * np.abs(right).max()
            np.testing.assert_allclose(got[name], right, rtol=0, atol=atol, err_msg=name)
    assert layer(X, Y, training=True)[0].dtype == policy.removeprefix("mixed_")
    assert layer.teacher_forcing_rate.dtype == "float32"


def test_a_stateful_layer_goes_on_from_the_last_target():
    layer = OutputFeedbackRNN(UNITS, OUTPUTS, return_sequences=True, stateful=True)
    x, y = X.astype("float32"), Y.astype("float32")
    layer(x, y, training=True)
    np.testing.assert_array_equal(layer.states[0], y[:, -1])
    first = layer(x, y, training=True)[:, 0]
    layer.reset_state()
    assert np.abs(first - layer(x, y, training=True)[:, 0]).max() > 0.01


@pytest.fixture(scope="module")
def models():
    """A model with targets, and one of the same layer without."""
    keras.utils.set_random_seed(1)
    x, y = keras.Input((None, FEATURES)), keras.Input((None, OUTPUTS))
    layer = OutputFeedbackRNN(UNITS, OUTPUTS, return_sequences=True, teacher_forcing=0.5, seed=1)
    masked = keras.layers.Masking()(x)
    model = keras.Model([x, y], layer(masked, y))
    model.compile(keras.optimizers.SGD(0.0), "mse")
    return model, keras.Model(x, layer(masked))


BATCH = (np.where(MASKS["every mask"][..., None], X, 0).astype("float32"), Y.astype("float32"))


def test_a_callback_moves_the_rate_of_a_compiled_step(models):
    model, _ = models
    x, y = BATCH
    layer = model.layers[-1]
    mask = np.any(x != 0, axis=-1)

    def loss(outputs):  # Keras's: the mean over the real steps
        return np.mean((np.array(outputs) - y)[mask] ** 2)

    logs = model.fit(
        [x, y],
        y,
        epochs=3,
        batch_size=ROWS,
        verbose=0,
        callbacks=[TeacherForcing("linear", steps=2)],
    ).history
    assert logs["teacher_forcing_rate"] == [1.0, 0.5, 0.0]
    layer.teacher_forcing_rate.assign(1.0)
    expected = [loss(layer(x, y, mask=mask, training=True)), loss(layer(x, mask=mask))]
    assert abs(expected[0] - expected[1]) > 1e-3
    # float32 means of some hundred terms of size 1.
    np.testing.assert_allclose([logs["loss"][0], logs["loss"][2]], expected, rtol=1e-5)


def test_a_file_keeps_arguments_and_rate(models, tmp_path):
    model, _ = models
    model.layers[-1].teacher_forcing_rate.assign(0.25)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[-1].teacher_forcing_rate.numpy() == 0.25
    assert loaded.layers[-1].teacher_forcing == 0.5
    assert loaded.layers[-1].get_config() == model.layers[-1].get_config()
    np.testing.assert_array_equal(loaded(list(BATCH)), model(list(BATCH)))


def test_exported_it_runs_free(models, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    for k, model in enumerate(models):
        export_onnx_file(model, tmp_path / f"{k}.onnx")  # which compares with Keras
    session = onnxruntime.InferenceSession(tmp_path / "1.onnx", providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    (outputs,) = session.run(None, {given.name: BATCH[0]})
    np.testing.assert_allclose(outputs, models[0](list(BATCH)), rtol=0, atol=1e-5)
    models[1].export(tmp_path / "saved", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "saved")
    np.testing.assert_allclose(loaded.serve(BATCH[0]), outputs, rtol=0, atol=1e-5)


def test_targets_must_fit():
    layer = made("output")
    wrong = {
        "tensor without an axis": Y[..., 0],
        "other width": Y[..., :1],
        "other length": Y[:, 1:],
        "other rows": Y[1:],
        "initial states": states_of(layer),
    }
    for name, targets in wrong.items():
        with pytest.raises(KitError, match=r"targets must be \[B, T, O\], here \(9, 6, 2\), one"):
            raise AssertionError(f"{name}: {layer(X, targets)}")
    with pytest.raises(KitError, match=r"here \(None, None, 2\), .* received \(None, None, 3\)"):
        layer(keras.Input((None, FEATURES)), keras.Input((None, 3)))
    with pytest.raises(KitError, match="received targets with return_sequences=False"):
        OutputFeedbackRNN(UNITS, OUTPUTS)(X, Y)
