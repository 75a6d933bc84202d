"""`SimpleRNN` on cuDNN: equal to the engine where a GPU is; elsewhere what goes into the kernel."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import MGU, RNN, SimpleRNN, cudnn_kernel
from tests.cells.own import GainCell

ROWS, LENGTH, FEATURES = 3, 5, 2
X = np.random.default_rng(0).normal(size=(ROWS, LENGTH, FEATURES)).astype("float32")
MASK = np.arange(LENGTH) < np.array([5, 1, 3])[:, None]
GPU = bool(tf.config.list_physical_devices("GPU"))
# float32 results of size 1 of the same products, in another order.
CLOSE = 1e-5


def on_numpy(taken):
    """`CudnnRNNV3` as its documentation has it, in NumPy: zeros past a row's end."""

    def kernel(*, input, input_h, input_c, params, sequence_lengths, rnn_mode, **options):
        taken.append({"mode": rnn_mode, "input_c": input_c, **options})
        x, h, flat = np.array(input), np.array(input_h[0]), np.array(params)
        features, units = x.shape[-1], h.shape[-1]
        w, u, b, second = np.split(flat, np.cumsum([features * units, units * units, units]))
        w, u = w.reshape(units, features).T, u.reshape(units, units).T
        phi = {"rnn_tanh": np.tanh, "rnn_relu": lambda a: np.maximum(a, 0)}[rnn_mode]
        outputs = np.zeros((*x.shape[:2], units), "float32")
        for t in range(x.shape[1]):
            real = (t < np.array(sequence_lengths))[:, None]
            new = phi(x[:, t] @ w + h @ u + b + second)
            outputs[:, t], h = np.where(real, new, 0), np.where(real, new, h)
        none = tf.zeros([0])
        return tf.constant(outputs), tf.constant(h[None], "float32"), none, none, none

    return kernel


@pytest.fixture
def simulated(monkeypatch):
    """A GPU that is not there; yields what its kernel was given."""
    taken = []
    if not GPU:
        monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: ["one"])
        monkeypatch.setattr(tf.raw_ops, "CudnnRNNV3", on_numpy(taken))
    return taken


def pair(**arguments):
    keras.utils.set_random_seed(1)
    arguments = {"return_sequences": True, "return_state": True, **arguments}
    layer = SimpleRNN(4, recurrence="cudnn", bias_initializer="random_normal", **arguments)
    engine = SimpleRNN(4, **arguments)
    for made in (layer, engine):
        made.build(X.shape)
    engine.set_weights(layer.get_weights())
    return layer, engine


@pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "mask"])
@pytest.mark.parametrize(
    "arguments",
    [{}, {"activation": "relu"}, {"use_bias": False}, {"go_backwards": True}],
    ids=str,
)
def test_outputs_and_states_are_the_engines(simulated, arguments, mask):
    layer, engine = pair(**arguments)
    if mask is not None and arguments.get("go_backwards"):
        mask = mask[:, ::-1]  # read from the end, the padding is on the right
    for got, wanted in zip(layer(X, mask=mask), engine(X, mask=mask), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=0, atol=CLOSE)
    if simulated:
        assert simulated[0]["time_major"] is False
        assert simulated[0]["input_c"].shape == (0,)


@pytest.mark.skipif(not GPU, reason="gradients come from cuDNN itself, which needs a GPU")
@pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "mask"])
def test_gradients_are_the_engines(mask):
    results = []
    for layer in pair():
        with tf.GradientTape() as tape:
            outputs, _ = layer(X, mask=mask, training=True)
            loss = tf.reduce_sum(outputs**2)
        results.append(tape.gradient(loss, [w.value for w in layer.trainable_weights]))
    for got, wanted in zip(*results, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=0, atol=10 * CLOSE)


@pytest.mark.parametrize("mask", [MASK[:, ::-1], np.zeros_like(MASK)], ids=["left", "all masked"])
def test_another_mask_is_refused(simulated, mask):
    layer, _ = pair()
    with pytest.raises(tf.errors.InvalidArgumentError, match="masks that are padding on the right"):
        layer(X, mask=mask)


@pytest.mark.parametrize(
    "make",
    [
        lambda: SimpleRNN(4, activation="sigmoid", recurrence="cudnn"),
        lambda: SimpleRNN(4, recurrent_dropout=0.5, recurrence="cudnn"),
        lambda: MGU(4, recurrence="cudnn"),
        lambda: RNN(GainCell(), recurrence="cudnn"),
    ],
    ids=["sigmoid", "recurrent dropout", "another cell", "a cell of one's own"],
)
def test_what_cudnn_does_not_run_is_refused(simulated, make):
    with pytest.raises(KitError, match="runs SimpleRNN with tanh or relu"):
        make()(X, training=True)


@pytest.mark.skipif(GPU, reason="there is a GPU")
def test_without_a_gpu_it_is_refused():
    with pytest.raises(KitError, match=r"needs a GPU; TensorFlow sees none\. Leave recurrence out"):
        SimpleRNN(4, recurrence="cudnn")(X)


def test_the_parameters_are_as_long_as_cudnn_wants_them():
    layer, _ = pair()
    # W, U and two biases.
    assert cudnn_kernel.parameters(layer.cell, "float32").shape == (4 * (FEATURES + 4 + 2),)
